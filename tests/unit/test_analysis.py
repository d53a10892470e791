"""Text -> search terms: what is written differently and means the same has the same terms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.text.analysis import STOP_WORDS, Analyzer, query_terms

ANALYZER = Analyzer()
FULL_WIDTH = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)} | {" ": "\u3000"})
TEXTS = st.text(
    st.sampled_from("中国生物多樣性十百千万亿〇二两0129.,-_ 月年'’abcXYZ％Ａ９") | st.characters(codec="utf-8"), max_size=60
)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [
        ("生物多樣性保護", "生物多样性保护"),
        ("雲南昆明舉辦締約方大會", "云南昆明举办缔约方大会"),
        ("濕地與紅樹林", "湿地与红树林"),
        ("後來發現頭髮", "后来发现头发"),
    ],
)
def test_traditional_and_simplified_are_one(traditional: str, simplified: str) -> None:
    assert ANALYZER.terms(traditional) == ANALYZER.terms(simplified)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_full_and_half_width_are_one(text: str) -> None:
    assert ANALYZER.terms(text.translate(FULL_WIDTH)) == ANALYZER.terms(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("生物多样性", ["生物", "多样", "多样性"]),
        ("conserve conserved conserving Conservation", ["conserv"] * 4),
        ("China's parks", ["china", "park"]),
        ("COP15", ["cop15", "cop", "15"]),
        ("Cop 15", ["cop", "15"]),
        ("PPR-9087", ["ppr9087", "ppr", "9087"]),
        ("9th", ["9"]),
        ("2,000", ["2000"]),
        ("1.50", ["1.5"]),
        ("007", ["7"]),
        ("", []),
        ("——，。! ?", []),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert ANALYZER.terms(text) == expected


@pytest.mark.parametrize(
    ("one", "other", "number"),
    [
        ("1.18万个", "11,800", "11800"),
        ("71.307 million hectares", "7130.7万公顷", "71307000"),
        ("172.8万平方公里", "1.728 million square kilometres", "1728000"),
        ("2,000", "2000人", "2000"),
        ("2 thousand", "两千", "2000"),
        ("十年", "10 years", "10"),
        ("三百五十个", "350", "350"),
        ("十九", "19th", "19"),
        ("12亿", "1.2 billion", "1200000000"),
        ("１５", "15", "15"),
    ],
)
def test_a_number_is_found_however_it_is_written(one: str, other: str, number: str) -> None:
    assert number in ANALYZER.terms(one)
    assert number in ANALYZER.terms(other)


@pytest.mark.parametrize(("chinese", "english"), [("10月9日", "October 9"), ("2月", "Feb"), ("12月", "Dec.")])
def test_months_meet(chinese: str, english: str) -> None:
    months = {term for term in ANALYZER.terms(chinese) if term.endswith("月") and len(term) > 1}
    assert months
    assert months <= set(ANALYZER.terms(english))


def test_content_terms_leave_grammar_out() -> None:
    assert ANALYZER.content_terms("中国的国家公园有多少个？") == ["中国", "国家", "公园"]
    assert ANALYZER.content_terms("What is the number of national parks in China?") == ["number", "nation", "park", "china"]
    assert ANALYZER.content_terms("公园公园 parks park") == ["公园", "park"]
    assert ANALYZER.content_terms("什么是？ What is it?") == []


def test_names_meet_across_scripts() -> None:
    assert {"~kangfu", "~yunnan", "~dali", "~wudongde"} <= set(ANALYZER.name_terms("东盟副秘书长康富在云南大理。乌东德水电站"))
    assert {"~kangfu", "~yunnan", "~dali", "~wudongde"} <= set(
        ANALYZER.name_terms("Kang Fu was in Dali, Yunnan Province. Wudongde")
    )
    assert ANALYZER.name_terms("The park was opened.") == []
    assert ANALYZER.name_terms("什么时候？") == []


def test_another_language_is_searched_by_names_too() -> None:
    assert query_terms(ANALYZER, "康富是谁？", "zh") == ["康富"]
    assert query_terms(ANALYZER, "康富是谁？", "en")[:2] == ["康富", "~kangfu"]
    assert query_terms(ANALYZER, "Who is Kang Fu?", "en") == ["kang", "fu"]
    assert query_terms(ANALYZER, "Who is Kang Fu?", "zh") == ["kang", "fu", "~kangfu"]


@pytest.mark.parametrize(
    ("question", "passage"),
    [
        ("COP15的主題是什麼？", "COP15的主题为“生态文明：共建地球生命共同体”。"),
        ("Where are the nature reserves?", "There are 474 national nature reserves."),
        ("自然保護區有多少個", "国家级自然保护区474个"),
        ("ＡＳＥＡＮ ｐｅａｔｌａｎｄｓ", "ASEAN holds at least 60% of tropical peatlands."),
    ],
)
def test_question_and_passage_meet_in_every_content_term(question: str, passage: str) -> None:
    assert set(ANALYZER.content_terms(question)) <= set(ANALYZER.terms(passage))


@given(TEXTS)
def test_any_text_has_terms_without_blanks(text: str) -> None:
    terms = ANALYZER.terms(text)
    assert all(term and not any(map(str.isspace, term)) for term in terms)
    content = ANALYZER.content_terms(text)
    assert set(content) <= set(terms) - STOP_WORDS
    assert len(content) == len(set(content))
    assert terms == Analyzer.terms(ANALYZER, text)


def test_stop_words_are_no_content() -> None:
    assert [word for word in sorted(STOP_WORDS) if ANALYZER.content_terms(word)] == []


def test_half_of_a_character_does_no_harm() -> None:
    assert ANALYZER.terms("公园\ud800") == ["公园"]


@pytest.mark.parametrize("text", ["9" * 5000 + "月", "9" * 1_100_000])
def test_endless_numbers_do_no_harm(text: str) -> None:
    assert ANALYZER.terms(text)


def test_years_in_chinese_digits_are_numbers() -> None:
    assert "2021" in ANALYZER.terms("二〇二一年")


@pytest.mark.parametrize("name", ["四川", "三江源", "十分重要"])
def test_names_are_no_numbers(name: str) -> None:
    assert not [term for term in ANALYZER.terms(name) if term.isdigit()]


class _Recording:
    """A tokenizer of words that remembers the longest run that it was given."""

    def __init__(self, jieba: Any) -> None:
        self._jieba = jieba
        self.longest = 0

    def cut(self, run: str) -> Iterator[str]:
        self.longest = max(self.longest, len(run))
        return self._jieba.cut(run)

    def cut_for_search(self, run: str) -> Iterator[str]:
        self.longest = max(self.longest, len(run))
        return self._jieba.cut_for_search(run)


@pytest.mark.parametrize("run", ["三" * 50_000, "海" * 50_000, "生态文明建设" * 8_000])
def test_what_has_no_punctuation_is_cut_into_words_piece_by_piece(analyzer: Analyzer, run: str) -> None:
    recording = _Recording(analyzer.jieba)
    other = Analyzer()
    other.jieba = recording
    terms = other.terms(run)
    assert "".join(analyzer.terms(run[:400])) == "".join(terms)[: len("".join(analyzer.terms(run[:400])))]
    other.name_terms(run)
    assert 0 < recording.longest <= 500
    assert terms.count("生态") == (8_000 if "生" in run else 0)
