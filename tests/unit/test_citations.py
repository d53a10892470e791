"""Citations are places: their quotes are copied from the stored text. What a model's text cites is told as it comes."""

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.citations import CitedSentence, cite, cited_sentences, marker
from rag.errors import LibraryError
from rag.types import Document


@given(st.text(min_size=1), st.data())
def test_the_quote_is_the_text_at_the_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    citation = cite(Document("d", "t", "s", text), 3, start, end, 0.5)
    assert citation.quote == text[citation.start : citation.end]
    assert (citation.number, citation.support, citation.page) == (3, 0.5, None)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (0, 0), (3, 2), (0, 9)])
def test_a_place_outside_the_document_is_refused(start: int, end: int) -> None:
    with pytest.raises(LibraryError, match="reindex"):
        cite(Document("d", "t", "s", "text"), 1, start, end, 0.5)


def test_the_page_is_the_one_that_holds_the_beginning() -> None:
    document = Document("d", "t", "s", "aaaabbbbcccc", pages=(0, 4, 8))
    assert [cite(document, 1, start, start + 1, 0.5).page for start in (0, 3, 4, 11)] == [1, 1, 2, 3]


def test_markers() -> None:
    assert marker(1) == "[1]"
    assert marker(1, 2, 10) == "[1][2][10]"


def parsed(text: str) -> list[tuple[str, tuple[int, ...]]]:
    return [(sentence.text, sentence.numbers) for sentence in cited_sentences([text])]


@pytest.mark.parametrize(
    "markers", ["[1][3]", "[1,3]", "[1, 3]", "【1】【3】", "［1］［3］", "［１，３］", "[1] [3]", "[1][3][1]", " [1、3]"]
)
def test_every_way_to_write_markers(markers: str) -> None:
    expected = [("红树林占7%。", (1, 3)), ("It shrank.", ())]
    assert parsed(f"红树林占7%{markers}。It shrank.") == parsed(f"红树林占7%。{markers} It shrank.") == expected


def test_a_range_cites_all_that_is_in_it() -> None:
    assert parsed("It shrank [2-4].") == parsed("It shrank [2–4].") == [("It shrank.", (2, 3, 4))]
    assert parsed("It shrank [4-2].") == [("It shrank.", (4,))]


def test_a_marker_within_a_sentence_belongs_to_it() -> None:
    assert parsed("In the U.S. [2] the cover [1] grew.") == [("In the U.S. the cover grew.", (2, 1))]
    assert parsed("他说：“好。[1]”然后走了。") == [("他说：“好。”", (1,)), ("然后走了。", ())]


def test_a_marker_after_the_stop_belongs_to_the_sentence_before() -> None:
    assert parsed("One. [1]  Two.[2] Three.\n\n[3]") == [("One.", (1,)), ("Two.", (2,)), ("Three.", (3,))]
    assert parsed("一。 [1]二。[2]") == [("一。", (1,)), ("二。", (2,))]


def test_a_marker_that_begins_a_line_belongs_to_that_line_unless_nothing_else_is_in_it() -> None:
    assert parsed("[1] One.\n[2] Two.\n[3]\nThree.") == [("One.", (1,)), ("Two.", (2, 3)), ("Three.", ())]


@pytest.mark.parametrize(
    "prose",
    ["[a]", "[2021年]", "[2021]", "array[0]", "[]", "[1a]", "[1.5]", "[-1]", "[1", "[1, ", "see `x[1]` there", "```\nx[1]\n```"],
)
def test_other_brackets_and_code_are_prose(prose: str) -> None:
    sentences = list(cited_sentences([f"It is {prose}"]))
    assert "".join(sentence.before + sentence.text for sentence in sentences) == f"It is {prose}".rstrip()
    assert all(sentence.numbers == () for sentence in sentences)


def test_a_single_backtick_hides_no_marker_after_its_line() -> None:
    assert parsed("5` wide [1].\nIt grew [2].") == [("5` wide.", (1,)), ("It grew.", (2,))]


def test_what_stands_between_sentences_is_kept() -> None:
    text = "Three points:\n- One [1].\n- Two. [2] More.[3]\n\n1. 三。[4]四。"
    assert list(cited_sentences([text])) == [
        CitedSentence("Three points:", (), ""),
        CitedSentence("One.", (1,), "\n- "),
        CitedSentence("Two.", (2,), "\n- "),
        CitedSentence("More.", (3,), " "),
        CitedSentence("三。", (4,), "\n\n1. "),
        CitedSentence("四。", (), ""),
    ]


def test_nothing_comes_of_nothing() -> None:
    assert parsed("") == parsed(" \n") == parsed("[1]") == []
    assert list(cited_sentences([])) == []


@pytest.mark.parametrize(
    ("text", "first", "needed"),
    [
        ("One. [1] Two and three", "One.", "One. [1] Two a"),
        ("一。[1]二和三", "一。", "一。[1]二"),
        ("Costs 3.5 million. But", "Costs 3.5 million.", "Costs 3.5 million. But\n"),
        ("- One\n- Two", "One", "- One\n-"),
    ],
)
def test_a_sentence_comes_as_soon_as_what_follows_shows_that_it_is_over(text: str, first: str, needed: str) -> None:
    read = ""

    def pieces() -> Iterator[str]:
        nonlocal read
        for character in text:
            read += character
            yield character
        read += "\n"

    assert next(cited_sentences(pieces())).text == first
    assert read == needed


FRAGMENTS = [
    *("[", "]", "【", "［", "]", "1", "2", "0", ",", "-", " ", "\n", "`", "```", '"', "”", ")", "。", "！", "…", ".", "?", "，"),
    *("[1]", "[2, 3]", " [4]", "红", "树", "a", "The", "The ", "Theory", "U.S.", "etc.", "No.", "- ", "1. ", "x", "é"),
]
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=24).map("".join)


@given(TEXTS | st.text(), st.data())
def test_however_the_text_is_cut_the_sentences_are_the_same(text: str, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(text)), max_size=8).map(sorted))
    pieces = [text[start:end] for start, end in pairwise([0, *cuts, len(text)])]
    whole = list(cited_sentences([text]))
    assert list(cited_sentences(pieces)) == list(cited_sentences(text)) == whole


@given(TEXTS | st.text())
def test_nothing_of_the_prose_is_lost(text: str) -> None:
    sentences = list(cited_sentences([text]))
    given_back = "".join(sentence.before + sentence.text for sentence in sentences)
    if "`" in text:
        given_back, text = (re.sub(r"[\[\]0-9,\s-]", "", side) for side in (given_back, text))
    else:
        text = re.sub(r"[\[【［] *[1-9]\d{0,2}(?: *[,-] *[1-9]\d{0,2})* *[\]】］]", "", text)
    assert "".join(given_back.split()) == "".join(text.split())


@given(TEXTS.filter(lambda text: not re.search(r"[\[【［`]", text)))
def test_a_text_without_markers_comes_back_as_it_is(text: str) -> None:
    assert "".join(sentence.before + sentence.text for sentence in cited_sentences([text])) == text.rstrip()
