"""The words that several modules share: months, Chinese numerals, negations and question words."""

from __future__ import annotations

import re

import pytest

from rag.text.months import ABBREVIATED_MONTH, MONTH, MONTH_NUMBERS, MONTHS
from rag.text.negation import NEGATION
from rag.text.numerals import HAN_NUMERALS, SCALES, han_number
from rag.text.questions import ENGLISH_ASKING, HAN_ASKING, QUESTION_WORDS


def test_months_have_their_numbers_in_full_and_abbreviated() -> None:
    assert [MONTH_NUMBERS[name.lower()] for name in MONTHS] == list(range(1, 13))
    assert [MONTH_NUMBERS[name] for name in "jan feb mar apr may jun jul aug sep sept oct nov dec".split()] == [
        *range(1, 10),
        *range(9, 13),
    ]
    assert all(re.fullmatch(f"{MONTH}|{ABBREVIATED_MONTH}", name.title()) for name in MONTH_NUMBERS)
    assert not re.fullmatch(ABBREVIATED_MONTH, "May")


@pytest.mark.parametrize(
    ("numeral", "digits"),
    [
        ("十", "10"),
        ("十九", "19"),
        ("三十一", "31"),
        ("两千零五", "2005"),
        ("二〇二一", "2021"),
        ("二○二一", "2021"),
        ("三百五十", "350"),
        ("一亿两千万", "120000000"),
        ("三百五十亿零六万", "35000060000"),
        ("三万五千亿", "3500000000000"),
        ("两万亿五千万", "2000050000000"),
        ("十二万万", "1200000000"),
        ("万", ""),
        ("百", ""),
    ],
)
def test_chinese_numerals_in_digits(numeral: str, digits: str) -> None:
    assert han_number(numeral) == digits


def test_every_scale_is_written_with_the_characters_of_numerals() -> None:
    assert set("".join(SCALES)) <= set(HAN_NUMERALS)
    assert all(han_number(f"三{character}") for character in HAN_NUMERALS)


@pytest.mark.parametrize(
    "text", ["不是", "并非如此", "没有", "难以", "It isn’t", "it cannot", "Nobody came", "they failed", "a lack of"]
)
def test_negations_and_their_translations_are_found(text: str) -> None:
    assert NEGATION.search(text)


@pytest.mark.parametrize("text", ["不断增加", "不仅", "未来", "无论", "非常", "非洲", "notable", "a knot", "another"])
def test_words_that_only_contain_a_negation_are_passed_over(text: str) -> None:
    assert not NEGATION.search(text)


def test_questions_are_recognised_by_their_words() -> None:
    assert [re.search(HAN_ASKING, text) is not None for text in ("有几个", "几乎没有", "多大", "为何", "从哪里来")] == [
        True,
        False,
        True,
        True,
        True,
    ]
    assert [re.match(ENGLISH_ASKING, text) is not None for text in ("how many parks", "whose", "whatever")] == [True, True, False]
    assert {"什么", "谁", "多少", "who", "how"} <= QUESTION_WORDS
    assert not {"公园", "the", "的"} & QUESTION_WORDS
