"""Exact match and F1, against straightforward readings of the official scripts and values by hand."""

from __future__ import annotations

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.measures.spans import exact_match, f1

# -- the official scripts, written down once more ------------------------------------------------------------------------


def squad_tokens(text: str) -> list[str]:
    lowered = text.lower()
    without_punctuation = "".join(c for c in lowered if c not in set(string.punctuation))
    return [token for token in re.split(r"\s+", re.sub(r"\b(a|an|the)\b", " ", without_punctuation)) if token]


def squad_f1(prediction: str, answer: str) -> float:
    own, wanted = squad_tokens(prediction), squad_tokens(answer)
    if not own or not wanted:
        return float(own == wanted)
    left = list(wanted)
    same = 0
    for token in own:
        if token in left:
            left.remove(token)
            same += 1
    if same == 0:
        return 0.0
    precision, recall = same / len(own), same / len(wanted)
    return 2 * precision * recall / (precision + recall)


CMRC_SIGNS = [
    *("-", ":", "_", "*", "^", "/", "\\", "~", "`", "+", "=", "，", "。", "：", "？", "！", "“", "”", "；", "’", "《", "》"),
    *("……", "·", "、", "「", "」", "（", "）", "－", "～", "『", "』"),
]


def cmrc_segments(text: str) -> list[str]:
    found, word = [], ""
    for character in text.lower().strip():
        if character in CMRC_SIGNS:
            continue
        if re.search(r"[\u4e00-\u9fa5]", character):
            found += word.split()
            word = ""
            found.append(character)
        else:
            word += character
    return found + word.split()


def cmrc_f1(prediction: str, answer: str) -> float:
    one, other = cmrc_segments(answer), cmrc_segments(prediction)
    lengths = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    longest = 0
    for i, left in enumerate(one):
        for j, right in enumerate(other):
            if left == right:
                lengths[i + 1][j + 1] = lengths[i][j] + 1
                longest = max(longest, lengths[i + 1][j + 1])
    if longest == 0:
        return 0.0
    precision, recall = longest / len(other), longest / len(one)
    return 2 * precision * recall / (precision + recall)


def cmrc_em(prediction: str, answer: str) -> float:
    def kept(text: str) -> str:
        return "".join(c for c in text.lower().strip() if c not in CMRC_SIGNS)

    return float(kept(prediction) == kept(answer))


# -- cases ------------------------------------------------------------------------------------------------------------

ENGLISH = "The an a Beijing Panthers 24 10 $5.2 U.S. “quoted” Saint-Denis isn't river, River. (the) 1,000".split()
CHINESE = "青 湖 基 金 成 立 于 2003 年 ， 。 陈 明 《 北 山 》 abc 38 万 元 、 ABC".split()


def cases(words: list[str], joined: str, seed: int) -> list[tuple[str, str]]:
    chance = random.Random(seed)
    made = []
    for _ in range(120):
        answer = chance.choices(words, k=chance.randint(1, 8))
        prediction = chance.choices(words, k=chance.randint(1, 8)) if chance.random() < 0.4 else list(answer)
        if chance.random() < 0.7:
            prediction.insert(chance.randint(0, len(prediction)), chance.choice(words))
        if len(prediction) > 1 and chance.random() < 0.4:
            prediction.pop(chance.randrange(len(prediction)))
        made.append((joined.join(prediction), joined.join(answer)))
    return made


@pytest.mark.parametrize(("prediction", "answer"), cases(ENGLISH, " ", 1))
def test_english_is_scored_as_squad_does(prediction: str, answer: str) -> None:
    assert f1(prediction, [answer], "en") == pytest.approx(squad_f1(prediction, answer))
    assert exact_match(prediction, [answer], "en") == float(squad_tokens(prediction) == squad_tokens(answer))


@pytest.mark.parametrize(("prediction", "answer"), cases(CHINESE, "", 2))
def test_chinese_is_scored_as_cmrc_does(prediction: str, answer: str) -> None:
    assert f1(prediction, [answer], "zh") == pytest.approx(cmrc_f1(prediction, answer))
    assert exact_match(prediction, [answer], "zh") == cmrc_em(prediction, answer)


@pytest.mark.parametrize(
    ("prediction", "answers", "language", "exact", "overlap"),
    [
        ("The Denver Broncos", ["Denver Broncos"], "en", 1, 1),
        ("Broncos", ["Denver Broncos", "The Broncos."], "en", 1, 1),
        ("in Santa Clara, California", ["Santa Clara"], "en", 0, 2 * (2 / 4) / (2 / 4 + 1)),
        ("Levi's", ["levis"], "en", 1, 1),
        ("one one two", ["one two two"], "en", 0, 2 / 3),
        ("", ["x"], "en", 0, 0),
        ("the", ["a"], "en", 1, 1),
        ("光荣和ω-force", ["光荣和ω-force"], "zh", 1, 1),
        ("由陈明发起", ["陈明"], "zh", 0, 2 * 2 / (5 + 2)),
        ("2003年", ["2003年。", "二〇〇三年"], "zh", 1, 1),
        ("成立于2003年，由陈明", ["2003年陈明"], "zh", 0, 2 * 2 / (8 + 4)),
        ("陈明", ["林红"], "zh", 0, 0),
        ("", [], "zh", 1, 1),
        ("陈明", [], "zh", 0, 0),
    ],
)
def test_values_by_hand(prediction: str, answers: list[str], language: str, exact: float, overlap: float) -> None:
    assert exact_match(prediction, answers, language) == exact  # type: ignore[arg-type]
    assert f1(prediction, answers, language) == pytest.approx(overlap)  # type: ignore[arg-type]


@given(st.text(max_size=30), st.text(max_size=30), st.sampled_from(["zh", "en"]))
def test_scores_are_shares_and_the_same_text_is_right(one: str, other: str, language: str) -> None:
    assert 0 <= exact_match(one, [other], language) <= 1  # type: ignore[arg-type]
    assert 0 <= f1(one, [other], language) <= 1  # type: ignore[arg-type]
    assert f1(one, [other], language) == pytest.approx(f1(other, [one], language))  # type: ignore[arg-type]
    assert exact_match(one, [one], language) == 1  # type: ignore[arg-type]
