"""An answer as the window shows it: its first line, the evidence, lists and tables, and how sure it is."""

from __future__ import annotations

import pytest
from html_page import Reader

from rag import texts as core
from rag.text.blocks import Grid, Item, Items, Paragraph, blocks
from rag.types import Answer, Citation
from ui.views import answers

CITED = Citation(1, "d", "题目", "/a.txt", None, 0, 5, "1.18万", 0.9)


def answer(text, kind="answer", confidence=0.9, language="zh", generator=""):
    return Answer("问", "问", text, kind, (CITED,), (), confidence, language, generator)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("一行。\n又一行。\n\n另一段。", [Paragraph("一行。\n又一行。"), Paragraph("另一段。")]),
        ("开头：\n- 甲\n- 乙\n结尾", [Paragraph("开头："), Items((Item("甲"), Item("乙"))), Paragraph("结尾")]),
        ("- a\n  - b\n      - c\n- d", [Items((Item("a"), Item("b", 1), Item("c", 2), Item("d")))]),
        ("- a\n  more\n\n- b", [Items((Item("a\nmore"), Item("b")))]),
        ("3. c\n4) d", [Items((Item("c", 0, 3), Item("d", 0, 4)))]),
        ("| 年 | 数 |\n|---|:-:|\n| 1 | a\\|b |\n| 2 |", [Grid(("年", "数"), (("1", "a|b"), ("2", "")))]),
        ("2021年1月。\n-5度\n1.18万个", [Paragraph("2021年1月。\n-5度\n1.18万个")]),
        ("|x| 的绝对值", [Paragraph("|x| 的绝对值")]),
    ],
)
def test_blocks(text, found):
    assert blocks(text) == found


def test_the_first_line_leads_and_the_evidence_is_below_it():
    page = Reader(answers.face(1, answer("1.18万个[1]。\n\n“总数量已达1.18万个……”[1]")))
    shown = [(attributes.get("class"), text) for attributes, text in zip(page.attributes("p"), page.inside["p"], strict=True)]
    assert shown[:2] == [
        ("lead", "1.18万个\N{WORD JOINER}[1]。"),
        ("evidence", "“总数量已达1.18万个……”\N{WORD JOINER}[1]"),
    ]


def test_what_a_language_model_writes_below_its_first_line_is_no_evidence():
    page = Reader(answers.face(1, answer("是的[1]。\n\n因为如此[1]。", generator="model")))
    assert [attributes.get("class") for attributes in page.attributes("p")][:2] == ["lead", None]
    assert "model" in page.text


def test_a_long_sentence_is_no_headline():
    page = Reader(answers.face(1, answer("长" * 49 + "[1]")))
    assert page.attributes("p")[0]["class"] == "lead long"
    assert Reader(answers.face(1, answer("长" * 48 + "[1]"))).attributes("p")[0]["class"] == "lead"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_near_miss_leads_with_the_condition_that_is_not_met(language):
    words = core.NEAR_INSTEAD.in_language(language, "2024年", "2023年")
    page = Reader(answers.face(1, answer(f"{words}“论坛在南宁举行。”[1]", "near", 0.02, language)))
    assert page.inside["p"][:2] == [words.rstrip(), "“论坛在南宁举行。”\N{WORD JOINER}[1]"]
    assert page.attributes("p")[1]["class"] == "evidence"
    assert page.attributes("div")[0]["class"] == "text abstained near"
    assert page.inside["summary"] == ["文档里很可能没有答案 Very likely not in the documents"]


def test_lists_and_tables_are_real():
    page = Reader(answers.face(1, answer("- 甲[1]\n  1. 乙\n  2. 丙\n- 丁")))
    assert page.inside["li"] == ["甲\N{WORD JOINER}[1]", "乙", "丙", "丁"]
    assert [tag for tag, _ in page.tags if tag in ("ul", "ol")][:2] == ["ul", "ol"]
    assert [item.get("value") for item in page.attributes("li")] == [None, "1", "2", None]
    table = Reader(answers.face(1, answer("合同：\n| 编号 | 金额 |\n|---|---|\n| C-05 | 51 000[1] |")))
    assert table.inside["th"] == ["编号", "金额"]
    assert table.inside["td"] == ["C-05", "51 000\N{WORD JOINER}[1]"]


def test_a_reply_says_nothing_of_confidence():
    assert "details" not in Reader(answers.face(1, answer("你好！", "reply"))).inside


@pytest.mark.parametrize(
    ("kind", "confidence", "words"),
    [
        ("answer", 0.95, "Very sure"),
        ("answer", 0.7, "Sure"),
        ("answer", 0.55, "Fairly sure"),
        ("answer", 0.41, "Not very sure: check the sources"),
        ("refusal", 0.05, "Very likely not in the documents"),
        ("refusal", 0.39, "The documents may contain it, but no passage supports an answer"),
    ],
)
def test_confidence_in_words(kind, confidence, words):
    assert answers.confidence_in_words(answer("x", kind, confidence)).english == words
