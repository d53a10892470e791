"""Citation checking: sentences that support a claim, sentences that do not, and the one that it should have cited."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.language_models.checking import FEATURES, Checker, Evidence, contains_numbers
from rag.types import Language

FUND = Evidence("China set up the green fund in 2020 with 88.5 billion yuan.", "en")
TREES = Evidence("The government planted forests in Guangxi.", "en")
RIVERS = Evidence("The province cleaned the rivers near Nanning.", "en")
FUND_IN_CHINESE = Evidence("2020年中国设立绿色基金，规模885亿元。", "zh")


class DictionaryEncoder:
    """An encoder without a model: every word is a direction, a word and its translation the same one; a text is their sum."""

    name = fingerprint = "dictionary"
    dim = 512
    max_tokens = 512
    _translations: ClassVar = {"中国": "china", "设立": "set", "绿色": "green", "基金": "fund", "规模": "with", "元": "yuan"}

    def encode_query(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dim)

    encode_document = encode_query

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def _vector(self, text: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        for word, translation in self._translations.items():
            text = text.replace(word, f" {translation} ")
        vector = np.zeros(self.dim)
        for word in text.casefold().replace(".", " ").replace(",", " ").split() or [""]:
            vector[zlib.crc32(word.encode(errors="replace")) % self.dim] += 1
        return vector / np.linalg.norm(vector)


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker(DictionaryEncoder())


def features(checker: Checker, claim: str, *evidence: Evidence, language: Language = "en") -> dict[str, float]:
    return dict(zip(FEATURES, checker.features(claim, language, evidence).tolist(), strict=True))


def test_a_sentence_holds_itself(checker: Checker) -> None:
    verdict = checker.check(TREES.text, "en", [1], [FUND, TREES])
    assert (verdict.status, verdict.numbers) == ("supported", (1,))
    assert verdict.support > 0.8
    assert features(checker, TREES.text, TREES) == pytest.approx(dict(zip(FEATURES, (1, 1, 1, 0, 0, 0), strict=True)))


def test_a_claim_in_the_other_language_is_held(checker: Checker) -> None:
    verdict = checker.check("中国设立绿色基金。", "zh", [0], [FUND])
    assert (verdict.status, verdict.numbers) == ("supported", (0,))


def test_a_wrong_citation_is_repaired(checker: Checker) -> None:
    verdict = checker.check(TREES.text, "en", [0], [FUND, RIVERS, TREES])
    assert (verdict.status, verdict.numbers) == ("repaired", (2,))


def test_a_claim_without_citations_gets_one(checker: Checker) -> None:
    verdict = checker.check(TREES.text, "en", [], [FUND, TREES])
    assert (verdict.status, verdict.numbers) == ("repaired", (1,))


def test_what_no_sentence_holds_is_unsupported(checker: Checker) -> None:
    verdict = checker.check("Whales sing in the ocean.", "en", [0], [FUND, TREES])
    assert (verdict.status, verdict.numbers) == ("unsupported", ())
    assert verdict.support < 0.5


def test_without_evidence_nothing_is_supported(checker: Checker) -> None:
    verdict = checker.check(TREES.text, "en", [0], [])
    assert (verdict.status, verdict.numbers, verdict.support) == ("unsupported", (), 0.0)


def test_citations_of_sentences_that_are_not_there_are_passed_over(checker: Checker) -> None:
    verdict = checker.check(TREES.text, "en", [99, 1, -1], [FUND, TREES])
    assert (verdict.status, verdict.numbers) == ("supported", (1,))


def test_two_sentences_hold_together_what_neither_does_alone(checker: Checker) -> None:
    joined = f"{TREES.text[:-1]}, and {RIVERS.text.lower().replace('nanning', 'Nanning')}"
    assert checker.check(joined, "en", [1, 2], [FUND, TREES, RIVERS]).numbers == (1, 2)
    assert checker.check(joined, "en", [1], [FUND, TREES, RIVERS]).status == "unsupported"


def test_a_citation_that_adds_nothing_is_dropped(checker: Checker) -> None:
    verdict = checker.check(TREES.text, "en", [0, 1], [FUND, TREES])
    assert (verdict.status, verdict.numbers) == ("supported", (1,))


@pytest.mark.parametrize(
    ("claim", "language", "evidence", "held"),
    [
        ("The fund has 88.5 billion yuan.", "en", FUND_IN_CHINESE, True),
        ("基金有885亿元。", "zh", FUND, True),
        ("The fund has 8.85 billion yuan.", "en", FUND_IN_CHINESE, False),
        ("The fund was set up in 2021.", "en", FUND_IN_CHINESE, False),
        ("It was held in October.", "en", Evidence("会议于2021年10月9日举行。", "zh"), True),
        ("It was held in November.", "en", Evidence("会议于2021年10月9日举行。", "zh"), False),
        ("It covers 18% of the land.", "en", Evidence("占国土面积18%以上。", "zh"), True),
        ("It covers 18 hectares.", "en", Evidence("占国土面积18%以上。", "zh"), False),
        ("It cost 5 million dollars.", "en", Evidence("It cost US$5 million.", "en"), True),
        ("It was agreed at COP15.", "en", Evidence("它是在COP15上商定的。", "zh"), True),
        ("It was agreed at COP14.", "en", Evidence("它是在COP15上商定的。", "zh"), False),
        ("The 2023 forum was in Nanning.", "en", Evidence("论坛在南宁举行。", "zh", "2023年环境论坛"), True),
    ],
)
def test_every_number_must_be_there(claim: str, language: Language, evidence: Evidence, held: bool) -> None:
    assert contains_numbers(claim, language, [evidence]) is held


def test_a_changed_number_is_never_supported(checker: Checker) -> None:
    verdict = checker.check(FUND.text.replace("88.5", "88.6"), "en", [0], [FUND])
    assert (verdict.status, verdict.support) == ("unsupported", 0.0)


@pytest.mark.parametrize(
    ("claim", "language", "evidence", "contradictions"),
    [
        ("The fund was not set up.", "en", FUND, ["denied"]),
        ("The fund wasn't set up.", "en", FUND, ["denied"]),
        ("中国没有设立基金。", "zh", FUND, ["denied"]),
        ("中国不断设立基金。", "zh", FUND_IN_CHINESE, []),
        ("中国设立基金。", "zh", Evidence("中国没有设立基金。", "zh"), ["affirmed"]),
        ("China set up a fund.", "en", Evidence("China never set up a fund.", "en"), ["affirmed"]),
        ("China never set up a fund.", "en", Evidence("中国没有设立基金。", "zh"), []),
        ("Exports increased.", "en", Evidence("出口下降。", "zh"), ["opposed"]),
        ("Exports increased.", "en", Evidence("出口增长。", "zh"), []),
        ("Exports increased.", "en", Evidence("出口增长，进口下降。", "zh"), []),
    ],
)
def test_contradictions_are_seen(
    checker: Checker, claim: str, language: Language, evidence: Evidence, contradictions: list[str]
) -> None:
    found = features(checker, claim, evidence, language=language)
    assert [name for name in ("denied", "affirmed", "opposed") if found[name]] == contradictions


def test_a_name_that_is_not_there_is_seen(checker: Checker) -> None:
    assert features(checker, "They planted forests in Guangxi.", TREES)["weakest_name"] == 1
    assert features(checker, "They planted forests in Yunnan.", TREES)["weakest_name"] < 0.5
    chinese = Evidence("论坛在南宁举行。", "zh")
    assert features(checker, "论坛在南宁举行。", chinese, language="zh")["weakest_name"] == 1
    assert features(checker, "论坛在北京举行。", chinese, language="zh")["weakest_name"] < 0.5


def test_a_chinese_name_is_known_by_its_spelling(checker: Checker) -> None:
    chinese = Evidence("东盟副秘书长康富出席论坛。", "zh")
    assert features(checker, "The forum welcomed Kang Fu.", chinese)["weakest_name"] == 1
    assert features(checker, "The forum welcomed Wang Wei.", chinese)["weakest_name"] < 0.5


def test_an_amount_that_only_a_title_names_is_not_quoted(checker: Checker) -> None:
    claim = "Guangxi planted 500 hectares of forests."
    titled = Evidence("Guangxi planted forests.", "en", context="500 hectares of forests")
    assert checker.check(claim, "en", [0], [titled]).status == "unsupported"
    assert checker.check(claim, "en", [0], [Evidence(claim, "en")]).status == "supported"


def test_what_stands_above_a_sentence_names_what_it_is_about(checker: Checker) -> None:
    below = Evidence("It planted forests.", "en", context="Guangxi in 2021")
    assert checker.check("In 2021 Guangxi planted forests.", "en", [0], [below]).status == "supported"
    alone = Evidence(below.text, "en")
    assert checker.check("In 2021 Guangxi planted forests.", "en", [0], [alone]).status == "unsupported"


@pytest.mark.parametrize(
    ("claim", "language", "evidence", "weakest"),
    [
        (FUND.text, "en", FUND, 1),
        ("China set up the green fund, and whales sing songs.", "en", FUND, 0),
        ("China set up the green fund to promote lasting public happiness.", "en", FUND, 0),
        ("中国设立绿色基金，鲸鱼每天大声唱歌。", "zh", FUND, 0),
        ("中国设立绿色基金。", "zh", FUND, 1),
        ("Reportedly, China set up the green fund.", "en", FUND, 0.8),
    ],
)
def test_the_part_that_the_evidence_meets_least(
    checker: Checker, claim: str, language: Language, evidence: Evidence, weakest: float
) -> None:
    assert checker.weakest_part(claim, language, [evidence]) == pytest.approx(weakest, abs=0.25)


def test_a_purpose_that_is_added_is_never_supported(checker: Checker) -> None:
    claim = "In 2020 China set up the green fund with 88.5 billion yuan"
    assert checker.check(f"{claim}.", "en", [0], [FUND]).status == "supported"
    added = checker.check(f"{claim} to promote lasting public happiness.", "en", [0], [FUND])
    assert (added.status, added.support) == ("unsupported", 0.0)


TEXTS = st.text(st.sampled_from("中国没有设立基金，。2020 China not fund 's.\n\ud800 ½"), max_size=30) | st.text(max_size=20)
EVIDENCE = st.builds(Evidence, TEXTS, st.sampled_from(("zh", "en")))


@settings(max_examples=60)
@given(TEXTS, st.sampled_from(("zh", "en")), st.lists(st.integers(-2, 5)), st.lists(EVIDENCE, max_size=4))
def test_any_verdict_agrees_with_itself(
    checker: Checker, claim: str, language: Language, cited: list[int], evidence: list[Evidence]
) -> None:
    verdict = checker.check(claim, language, cited, evidence)
    assert 0 <= verdict.support <= 1
    assert (verdict.status == "unsupported") == (verdict.support < 0.5) == (verdict.numbers == ())
    assert set(verdict.numbers) <= set(range(len(evidence)))
    if verdict.status == "supported":
        assert set(verdict.numbers) <= set(cited)
    else:
        assert not set(verdict.numbers) & set(cited)
