"""Names that two documents share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.comparing import which_two
from rag.answering.direct.shared_names import answer, kind_asked_for
from rag.library.library import DocumentSummary
from rag.types import Document

ONE = Document("a", "甲", "a.txt", "青岭县履行《湿地公约》和《候鸟保护公约》。\n本县也参加了山地公约的会议。", "zh")
OTHER = Document("b", "乙", "b.txt", "云溪县遵守《湿地公约》。云溪县不是山地公约的成员，但加入了《河流公约》。", "zh")
ENGLISH = Document("c", "C", "c.txt", "The Wetland Convention was signed. The River Convention was not.", "en")
ENGLISH_TOO = Document("d", "D", "d.txt", "Under the Wetland Convention, birds are counted.", "en")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("两份文件都提到了哪些公约？", "公约"),
        ("白皮書和立場文件都提到了哪些會議？", "会议"),
        ("Which conventions do both documents mention?", "convention"),
        ("What laws are mentioned in both reports?", "law"),
        ("白皮书提到了哪些公约？", ""),
        ("Which conventions does the report mention?", ""),
    ],
)
def test_the_kind_is_what_both_are_asked_for(question: str, kind: str) -> None:
    assert kind_asked_for(question) == kind


def test_each_shared_name_is_cited_in_both() -> None:
    given = answer("公约", ONE, OTHER, "zh")
    assert given is not None
    assert "".join(statement.text for statement in given) == "- 湿地公约[1][2]\n- 山地公约[3][4]"
    assert [citation.quote for statement in given for citation in statement.citations] == [
        "青岭县履行《湿地公约》和《候鸟保护公约》。",
        "云溪县遵守《湿地公约》。",
        "本县也参加了山地公约的会议。",
        "云溪县不是山地公约的成员，但加入了《河流公约》。",
    ]


def test_english_names_and_none() -> None:
    given = answer("convention", ENGLISH, ENGLISH_TOO, "en")
    assert given is not None
    assert [statement.text for statement in given] == ["- Wetland Convention[1][2]"]
    none = answer("convention", ENGLISH, replace(ENGLISH_TOO, text="Birds are counted."), "en")
    assert none is not None
    assert [(statement.text, statement.citations) for statement in none] == [
        ("There is no convention that both documents mention.", ())
    ]
    assert answer("convention", ENGLISH, ONE, "en") is None


def test_without_any_name_of_the_kind_nothing_is_said_to_be_missing() -> None:
    assert answer("treaty", ENGLISH, ENGLISH_TOO, "en") is None
    assert answer("合作", ONE, OTHER, "zh") is None


def test_the_two_documents_are_found() -> None:
    documents = [
        DocumentSummary(name, title, f"{name}.txt", "zh", "", "", 100, 1, "2024-01-01")
        for name, title in (("w", "湿地白皮书"), ("p", "中方立场文件"), ("r", "年报"))
    ]
    assert which_two("立场文件和白皮书都提到了哪些公约？", [], documents) == ("p", "w")
    assert which_two("两份文件都提到了哪些公约？", [], documents[:2]) == ("w", "p")
    assert which_two("两份文件都提到了哪些公约？", [], documents) is None
