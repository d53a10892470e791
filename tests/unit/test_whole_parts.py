"""Sections and paragraphs that answer as a whole."""

from __future__ import annotations

import pytest

from rag.answering.composing.whole_parts import asks_how, whole_part
from rag.types import Document

TEXT = """# 云溪湖保护报告

## 水质治理

关停沿湖的小造纸厂。污水全部进管网。每年清淤一次。

居民用上了节水器具。

## 渔业

湖里有三十种鱼。禁渔期为每年四个月。

通过培训促进妇女就业。开办夜校十二所。三百人结业。

街道以培训促进妇女就业。补贴每人八百元。

公园里有一座塔。塔高三十米。
"""
DOCUMENT = Document("lake", "云溪湖保护报告", "lake.md", TEXT, "zh")


def part(sentence: str, terms: str) -> list[str]:
    """The sentences of the part around a sentence, for a question with these terms."""
    start = TEXT.index(sentence)
    wanted = terms.split()
    spans = whole_part(DOCUMENT, start, start + len(sentence), lambda text: sum(term in text for term in wanted) / len(wanted))
    return [TEXT[a:b] for a, b in spans]


def test_a_section_whose_heading_names_the_question_gives_the_beginning_of_each_paragraph() -> None:
    assert part("污水全部进管网。", "水质 治理") == ["关停沿湖的小造纸厂。", "居民用上了节水器具。"]


def test_paragraphs_beside_each_other_that_begin_with_the_question_belong_together() -> None:
    assert part("开办夜校十二所。", "促进 妇女 就业") == [
        "通过培训促进妇女就业。",
        "开办夜校十二所。",
        "街道以培训促进妇女就业。",
        "补贴每人八百元。",
    ]


def test_nothing_else_is_about_the_question() -> None:
    assert part("塔高三十米。", "促进 妇女 就业") == []
    assert part("湖里有三十种鱼。", "公园 塔") == []


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("怎样促进妇女就业？", True),
        ("采取了哪些措施治理水质？", True),
        ("How does the town protect the lake?", True),
        ("What has been done for the lake?", True),
        ("这是怎么回事？", False),
        ("禁渔期有几个月？", False),
        ("How many fish are there?", False),
    ],
)
def test_questions_that_ask_how_something_is_done(question: str, expected: bool) -> None:
    assert asks_how(question) is expected
