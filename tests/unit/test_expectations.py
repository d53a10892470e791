"""The form of the answer that a question expects."""

from __future__ import annotations

import pytest

from rag.answering.expectations import expectation, predicate_of
from rag.text import quantities
from rag.text.language import language_of


def accepted(question: str, text: str) -> list[str]:
    """The quantities of a text that may answer a question."""
    expected = expectation(question)
    return [found.written for found in quantities.find(text, language_of(text)) if expected.accepts(found, text)]


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        ("这个村哪一年脱贫？", "2016年以来村里种花，2019年底全村脱贫。", ["2019年底"]),
        ("从哪一年开始种花？", "2016年以来村里种花，2019年底全村脱贫。", ["2016年", "2019年底"]),
        ("When did the village leave poverty?", "It has grown flowers since 2016 and left poverty in 2019.", ["2019"]),
        ("Since when has it grown flowers?", "It has grown flowers since 2016 and left poverty in 2019.", ["2016", "2019"]),
        ("园区面积多大？", "园区有10个馆，占地20公顷。", ["20公顷"]),
        ("园区有多少名志愿者？", "志愿者须年满16岁，共有87人。", ["87"]),
        ("How many pears were picked?", "They picked 940 kilograms, or 5,100 pears.", ["5,100"]),
        ("How much does a case cost?", "The press made 4,350 bottles; a case is 36 pounds.", []),
    ],
)
def test_what_may_answer(question: str, text: str, expected: list[str]) -> None:
    assert accepted(question, text) == expected


def test_the_measure_word_tells_what_is_counted() -> None:
    text = "建立动物园240多个，饲养各类动物775种。"
    expected = expectation("动物园里有多少种动物？")
    found = quantities.find(text, "zh")
    assert [each.written for each in found if expected.counts_such_things(each, text)] == ["775"]


@pytest.mark.parametrize(
    ("question", "kind", "quantity"),
    [
        ("名录有哪几卷？", "list", None),
        ("核心区面积，管理中心编制多少人？", "quantity", "count"),
        ("管理中心编制多少人，核心区面积多大？", "quantity", "measure"),
        ("How far has China come with its seed banks?", "open", None),
        ("How far is the pier from the station?", "quantity", "measure"),
    ],
)
def test_the_clause_that_asks_decides(question: str, kind: str, quantity: str | None) -> None:
    expected = expectation(question)
    assert (expected.kind, expected.quantity) == (kind, quantity)


@pytest.mark.parametrize(
    ("question", "predicate"),
    [
        ("《纲要》什么时候更新过？", "更新"),
        ("大桥哪一年建成的？", "建成"),
        ("When was the plan updated?", "updated"),
        ("更新是什么时候？", ""),
        ("谁更新了《纲要》？", ""),
    ],
)
def test_what_a_question_says_of_its_subject(question: str, predicate: str) -> None:
    assert predicate_of(question) == predicate


@pytest.mark.parametrize(
    ("question", "text", "named"),
    [
        ("What is the theme of the fair?", "花展的主题为“水”。", True),
        ("What is the theme of the fair?", "花展的主办方是县里。", False),
        ("花展的主题是什么？", "The theme of the fair is water.", True),
        ("What is the motto?", "口号是“人人参与”。", True),
    ],
)
def test_what_is_asked_for_has_words_in_both_languages(question: str, text: str, named: bool) -> None:
    attribute = expectation(question).attribute
    assert attribute is not None
    assert bool(attribute.search(text)) == named


def test_other_questions_ask_for_no_such_thing() -> None:
    assert expectation("What happened at the fair?").attribute is None
