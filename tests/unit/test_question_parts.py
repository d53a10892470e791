"""Questions that ask several things, split into their parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.composing.question_parts import split


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("全县有多少个水库，占全省多少？", ["全县有多少个水库？", "全县水库，占全省多少？"]),
        ("动物园有多少个，饲养多少种动物？", ["动物园有多少个？", "动物园，饲养多少种动物？"]),
        ("馆里收藏了多少古籍和多少字画？", ["馆里收藏了多少古籍？", "馆里收藏了古籍，多少字画？"]),
        ("花展什么时候、在哪里举行，主办单位是谁？", ["花展什么时候举行？", "花展，在哪里举行？", "花展，主办单位是谁？"]),
        ("市级水库和省级水库各有多少座？", ["市级水库有多少座？", "省级水库有多少座？"]),
        ("市级和省级水库各有多少座？", ["市级水库有多少座？", "省级水库有多少座？"]),
        ("碳达峰和碳中和分别在哪一年？", ["碳达峰在哪一年？", "碳中和在哪一年？"]),
        ("How many members are there, and who chairs it?", ["How many members are there?", "Who chairs members?"]),
        ("When and where was the fair held?", ["When was the fair held?", "Where was the fair held?"]),
        (
            "What share of pupils and of teachers does the town have?",
            ["What share of pupils does the town have?", "What share of teachers does the town have?"],
        ),
        (
            "How many seats do the North Hall and the South Hall each have?",
            ["How many seats does the North Hall have?", "How many seats does the South Hall have?"],
        ),
        (
            "What is the share of pupils and of teachers?",
            ["What is the share of pupils?", "What is the share of teachers?"],
        ),
        ("Who spoke at the fair and when?", ["Who spoke at the fair?", "When: spoke at the fair?"]),
    ],
)
def test_each_part_is_complete_in_itself(question: str, parts: list[str]) -> None:
    assert [part.text for part in split(question)] == parts


@pytest.mark.parametrize(
    "question",
    [
        "花展从哪天开始？",
        "三大目标分别是什么？",
        "如果下雨，花展什么时候举行？",
        "2020年9月，县里宣布了什么目标？",
        "谁提出了《谁的水、谁的路》？",
        "Where does the bus stop?",
        "What does the plan say about when to plant?",
        "Which trees, shrubs and herbs grow here?",
    ],
)
def test_a_question_after_one_thing_has_no_parts(question: str) -> None:
    assert split(question) == []


def test_parts_of_an_enumeration_are_labelled_and_what_is_missing_has_a_name() -> None:
    assert [part.label for part in split("市级和省级水库各有多少座？")] == ["市级水库", "省级水库"]
    assert split("植物园有多少个，总经理是谁？")[1].name == "总经理"


@given(st.text(max_size=80))
def test_any_text_has_no_parts_or_several_that_are_not_empty(text: str) -> None:
    parts = split(text)
    assert len(parts) != 1
    assert all(part.text.strip("？? ") for part in parts)
