"""The items that a sentence lists, and the clauses of it that are shown."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.composing.clauses import clauses, excerpt
from rag.answering.composing.lists import enumeration
from rag.answering.expectations import expectation
from rag.text import quantities


def listed(text: str, near: str) -> tuple[str, ...]:
    at = text.index(near)
    return enumeration(text, 0, (at, at + len(near)))


@pytest.mark.parametrize(
    ("text", "near", "items"),
    [
        ("村里的产业包括玫瑰、金莲花、马铃薯和菊芋等产业，路子很宽。", "玫瑰", ("玫瑰", "金莲花", "马铃薯", "菊芋")),
        ("先后编制了《树木卷》《鸟类卷》《鱼类卷》三部名录。", "《树木卷》", ("《树木卷》", "《鸟类卷》", "《鱼类卷》")),
        (
            "原则即坚持节约用水，坚持保护河流，坚持人人参与，写入章程。",
            "坚持保护",
            ("坚持节约用水", "坚持保护河流", "坚持人人参与"),
        ),
        (
            "规划包含“三个坚持”原则，即坚持节约用水，坚持保护河流，坚持人人参与。",
            "坚持保护",
            ("坚持节约用水", "坚持保护河流", "坚持人人参与"),
        ),
        (
            "禁止：（一）开垦、填埋湿地；（二）擅自采砂；（三）放生外来物种。",
            "擅自",
            ("开垦、填埋湿地", "擅自采砂", "放生外来物种"),
        ),
        ("希望加大对发展中国家在资金、技术、能力建设方面的支持。", "资金", ("资金", "技术", "能力建设方面的支持")),
        ("公园里有大熊猫、金丝猴和朱鹮。", "大熊猫", ("大熊猫", "金丝猴", "朱鹮")),
        ("It must (a) be dry, (b) be signed; and (c) come by post.", "signed", ("be dry", "be signed", "come by post")),
        ("“南湖号”“淮北号”“夷陵号”等旅游列车的开行助力发展。", "开行", ("“南湖号”", "“淮北号”", "“夷陵号”")),
        ("要念好“降碳、减污、扩绿、增长”八字真经。", "降碳", ("降碳", "减污", "扩绿", "增长")),
        ("There are three teams: Water, Birds and Reeds.", "Birds", ("Water", "Birds", "Reeds")),
        (
            "They agreed on work in coastal management, green finance, and smart towns.",
            "green",
            ("coastal management", "green finance", "smart towns"),
        ),
    ],
)
def test_the_items_of_the_list_that_contains_the_answer(text: str, near: str, items: tuple[str, ...]) -> None:
    assert listed(text, near) == items


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("与德国、英国、南非分别建立机制，就气候开展交流，与日本、韩国建立对话。", "日本、韩国"),
        ("会议在云溪举行。", "云溪"),
        ("Rain, wind and fog came.", "wind"),
    ],
)
def test_a_list_elsewhere_or_without_an_introduction_is_not_taken(text: str, near: str) -> None:
    assert listed(text, near) == ()


def shown(text: str, wanted: str, terms: str = "") -> list[str]:
    at = text.index(wanted)
    spans = excerpt(text, [(at, at + len(wanted))], "zh", lambda part: frozenset(term for term in terms.split() if term in part))
    return [text[a:b] for a, b in spans]


LONG = "2003年以来，县里对大河实行禁渔期，2020年1月1日起，332个保护区实现全面禁捕，2021年1月1日起，将在干流和重要支流等重点水域实行10年禁捕，为生态休养生息提供时间和空间。"


def test_of_a_long_sentence_the_clauses_around_the_answer_are_shown() -> None:
    assert shown(LONG, "2021年1月1日") == ["2021年1月1日起，将在干流和重要支流等重点水域实行10年禁捕"]
    assert shown(LONG, "332个") == ["2020年1月1日起，332个保护区实现全面禁捕"]


def test_a_clause_that_names_the_subject_is_shown_too() -> None:
    text = "1998年，经过三轮论证和公开征求意见，并与邻近四县的有关机构多次协商之后，专家组最终建成了荒漠化防治知识管理中心，影响深远，各方都很满意，媒体也作了报道。"
    assert "专家组最终建成了荒漠化防治知识管理中心" in "".join(shown(text, "1998年", "荒漠化 防治 管理中心"))


def test_a_short_sentence_is_shown_whole() -> None:
    assert shown("会议在云溪举行，共三天。", "云溪") == []


@given(st.text(alphabet="水土木，、；。“”《》：,; ab12", max_size=120))
def test_clauses_cover_the_sentence_in_order(text: str) -> None:
    parts = clauses(text)
    assert all(a < b for a, b in parts)
    assert all(one[1] <= other[0] for one, other in pairwise(parts))
    assert "".join(text[a:b] for a, b in parts).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("question", "kind", "quantity"),
    [
        ("花展从哪天开始？", "quantity", "date"),
        ("花展持续多久？", "quantity", "duration"),
        ("红树林占全国多少？", "quantity", "share"),
        ("门票多少钱？", "quantity", "money"),
        ("湖有多大？", "quantity", "measure"),
        ("有多少个部门？", "quantity", "count"),
        ("谁主持会议？", "fact", None),
        ("全国排第几？", "fact", None),
        ("有哪些原则？", "list", None),
        ("三大目标是什么？", "list", None),
        ("开发了哪5型船？", "list", None),
        ("为什么禁渔？", "open", None),
        ("When does it start?", "quantity", "date"),
        ("How long does the work last?", "quantity", "duration"),
        ("What share of the land is it?", "quantity", "share"),
        ("How much does a ticket cost?", "quantity", "money"),
        ("How high is the tower?", "quantity", "measure"),
        ("How many rooms are there?", "quantity", "count"),
        ("Who is the keeper?", "fact", None),
        ("Which projects are planned?", "list", None),
        ("Why is it closed?", "open", None),
    ],
)
def test_expectations(question: str, kind: str, quantity: str | None) -> None:
    expected = expectation(question)
    assert (expected.kind, expected.quantity) == (kind, quantity)


@pytest.mark.parametrize(
    ("question", "text", "accepted"),
    [
        ("有多少种动物？", "有775种动物和240人。", ["775"]),
        ("哪年建成？", "2017年建成，有30个房间。", ["2017年"]),
        ("占多少？", "共30个，占18%。", ["18%"]),
    ],
)
def test_quantities_of_the_kind_asked_for_are_accepted(question: str, text: str, accepted: list[str]) -> None:
    expected = expectation(question)
    assert [q.written for q in quantities.find(text, "zh") if expected.accepts(q, text)] == accepted
