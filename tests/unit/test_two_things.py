"""Comparisons of two things that a question names."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import readings

from rag.answering.direct.two_things import answer, parse
from rag.answering.reading import Reading
from rag.text.analysis import Analyzer
from rag.types import Document


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        (
            "Which mill has the longer sails, the East Mill or the West Mill?",
            "What is the sails of the East Mill?",
            "What is the sails of the West Mill?",
        ),
        (
            "Compare the toll of the Old Bridge and the New Bridge.",
            "What is the toll of the Old Bridge?",
            "What is the toll of the New Bridge?",
        ),
        ("Which is taller, the beacon or the mast?", "How tall is the beacon?", "How tall is the mast?"),
        ("Is the tram cheaper than the ferry?", "How much does the tram cost?", "How much does the ferry cost?"),
        (
            "Which club has more members, the Rowers or the Anglers?",
            "How many members does the Rowers have?",
            "How many members does the Anglers have?",
        ),
        (
            "Does the inn have a larger kitchen than the mill?",
            "What is the kitchen of the inn?",
            "What is the kitchen of the mill?",
        ),
        (
            "Which shed stores more crates, the East Shed or the West Shed?",
            "How many crates does the East Shed store?",
            "How many crates does the West Shed store?",
        ),
        ("Does the East Shed open earlier than the West Shed?", "When does the East Shed open?", "When does the West Shed open?"),
        ("Which course lasts longer, Weaving or Dyeing?", "How long does Weaving last?", "How long does Dyeing last?"),
        ("东塔和西塔哪座更高？", "东塔有多高？", "西塔有多高？"),
        ("比较一下东库和西库的库容", "东库的库容？", "西库的库容？"),
        ("东库的库容比西库大吗？", "东库的库容是多少？", "西库的库容是多少？"),
        ("东馆和西馆哪个便宜？", "东馆多少钱？", "西馆多少钱？"),
        ("2023年的支出比2022年多多少？", "2023年的支出是多少？", "2022年的支出是多少？"),
        ("2023年的小学比2022年多了还是少了？", "2023年的小学是多少？", "2022年的小学是多少？"),
        ("How much higher was the crop in 2024 than in 2023?", "What was the crop in 2024?", "What was the crop in 2023?"),
    ],
)
def test_each_thing_is_asked_after_by_itself(question: str, one: str, other: str) -> None:
    things = parse(question)
    assert things is not None
    assert things.questions("en" if question.isascii() else "zh") == (one, other)


@pytest.mark.parametrize(
    "question",
    [
        "Are dogs allowed in the East Mill?",
        "How many people and animals were there?",
        "红树林和湿地有多少？",
        "比较这两份文件",
        "面积比2008年多多少？",
    ],
)
def test_other_questions_compare_no_two_things(question: str) -> None:
    assert parse(question) is None


def document(name: str, title: str, text: str) -> Document:
    return Document(name, title, f"{name}.txt", text, "en" if text.isascii() else "zh")


def reading(source: Document, value: str, support: float = 0.9) -> Reading:
    """Reads a document of one sentence, whose answer is `value`."""
    return readings.reading(source, readings.sentence(source.text, source.text, support, value, 1.0))


def ask(question: str, analyzer: Analyzer, found: Mapping[str, tuple[Document, str]]) -> str | None:
    """Asks with the reading of each thing's question under a word of that question; others are not answered."""
    documents = {source.id: source for source, _ in found.values()}

    def read(query: str) -> list[Reading]:
        return [reading(*value) for word, value in found.items() if word in query]

    given = answer(question, "en" if question.isascii() else "zh", read, documents.__getitem__, analyzer)
    if given is None:
        return None
    (statement,), confidence = given
    assert confidence == 0.9
    for citation in statement.citations:
        assert documents[citation.document_id].text[citation.start : citation.end] == citation.quote
    return statement.text


EAST = document("e", "East Mill", "The lease of the East Mill runs for eighteen months.")
WEST = document("w", "West Mill", "The lease of the West Mill runs for two years.")
NORTH = document("n", "北站手册", "站房高度为12米。")
SOUTH = document("s", "南站手册", "南站高度为9米。")


def test_the_one_asked_for_comes_first(analyzer: Analyzer) -> None:
    found = {"East": (EAST, "eighteen months"), "West": (WEST, "two years")}
    assert ask("Which mill has the longer lease, the East Mill or the West Mill?", analyzer, found) == (
        "The West Mill: two years[1]; the East Mill: eighteen months[2]\n\n"
        "- The lease of the West Mill runs for two years.[1]\n- The lease of the East Mill runs for eighteen months.[2]"
    )
    shorter = ask("Which mill has the shorter lease, the West Mill or the East Mill?", analyzer, found)
    assert shorter is not None
    assert shorter.startswith("The East Mill: eighteen months[1]; the West Mill: two years[2]")


def test_a_yes_or_no_question_gets_a_verdict(analyzer: Analyzer) -> None:
    found = {"East": (EAST, "eighteen months"), "West": (WEST, "two years")}
    text = ask("Does the East Mill have a longer lease than the West Mill?", analyzer, found)
    assert text is not None
    assert text.startswith("No. The East Mill: eighteen months[1]; the West Mill: two years[2]\n")
    same = {
        "East": (EAST, "eighteen months"),
        "North": (document("n", "N", "The lease of the North Mill runs for eighteen months."), "eighteen months"),
    }
    text = ask("Which mill has the longer lease, the East Mill or the North Mill?", analyzer, same)
    assert text is not None
    assert text.startswith("Both are alike. The East Mill: eighteen months[1]; the North Mill: eighteen months[2]\n")


def test_a_heading_names_the_thing_too(analyzer: Analyzer) -> None:
    found = {"北站": (NORTH, "12米"), "南站": (SOUTH, "9米")}
    assert (
        ask("北站的高度比南站高吗？", analyzer, found)
        == "是。北站：12米[1]；南站：9米[2]\n\n- 站房高度为12米。[1]\n- 南站高度为9米。[2]"
    )
    assert (
        ask("南站的高度比北站高吗？", analyzer, found)
        == "不是。南站：9米[1]；北站：12米[2]\n\n- 南站高度为9米。[1]\n- 站房高度为12米。[2]"
    )


def test_a_sentence_about_the_other_thing_is_not_taken(analyzer: Analyzer) -> None:
    found = {"East": (WEST, "two years"), "West": (WEST, "two years")}
    assert ask("Which mill has the longer lease, the East Mill or the West Mill?", analyzer, found) is None
    assert (
        ask("Which mill has the longer lease, the East Mill or the West Mill?", analyzer, {"West": (WEST, "two years")}) is None
    )


def test_values_of_different_kinds_are_shown_without_a_verdict(analyzer: Analyzer) -> None:
    other = document("o", "Old Mill", "The lease of the Old Mill runs until 2031.")
    text = ask(
        "Does the East Mill have a longer lease than the Old Mill?",
        analyzer,
        {"East": (EAST, "eighteen months"), "Old": (other, "2031")},
    )
    assert text is not None
    assert text.startswith("The East Mill: eighteen months[1]; the Old Mill: 2031[2]")


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("2023年的支出比2022年多多少？", "多3.3万元。2023年：46.8万元[1]；2022年：43.5万元[2]"),
        ("2022年的支出比2023年多多少？", "少3.3万元。"),
    ],
)
def test_a_difference_is_worked_out_from_both_values(analyzer: Analyzer, question: str, first: str) -> None:
    found = {
        "2023": (Document("later", "手册", "later.md", "2023年总支出46.8万元。", "zh"), "46.8万元"),
        "2022": (Document("earlier", "手册", "earlier.md", "2022年总支出43.5万元。", "zh"), "43.5万元"),
    }
    assert (ask(question, analyzer, found) or "").startswith(first)


def test_no_difference_is_worked_out_from_a_bound(analyzer: Analyzer) -> None:
    found = {
        "2023": (Document("later", "手册", "later.md", "2023年总支出超过46万元。", "zh"), "超过46万元"),
        "2022": (Document("earlier", "手册", "earlier.md", "2022年总支出43.5万元。", "zh"), "43.5万元"),
    }
    assert (ask("2023年的支出比2022年多多少？", analyzer, found) or "").startswith("2023年：超过46万元[1]；2022年：43.5万元[2]")
