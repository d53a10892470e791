"""Kinds of documents: by which words a text names one, strictly and loosely, and their names in the other language."""

import pytest

from rag.text.distinctions.document_kinds import find, translations


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("白皮书怎么说？", "the white-paper of 2021"),
        ("会议纪要", "Meeting_Minutes_2024"),
        ("立场文件", "a position paper on climate"),
        ("员工手册", "Staff handbook"),
        ("租赁合同", "contract7.docx"),
        ("年度报告", "the annual report"),
    ],
)
def test_a_kind_is_the_same_in_both_languages(one: str, other: str) -> None:
    assert find(one) == find(other)
    assert len(find(one)) == 1


@pytest.mark.parametrize(
    "text", ["他用了30分钟做报告", "It took 30 minutes", "the report says so", "旅行计划", "the Planning Office"]
)
def test_words_that_may_mean_something_else_name_no_kind(text: str) -> None:
    assert find(text) == frozenset()


def test_they_do_where_a_text_surely_names_documents() -> None:
    assert find("the minutes", loosely=True) == find("纪要", loosely=True) == find("会议纪要")
    assert find("Two reports", loosely=True) == find("调研报告", loosely=True) != frozenset()
    assert find("the Planning Office", loosely=True) == frozenset()


def test_a_kind_is_named_in_the_language_that_the_text_does_not_name_it_in() -> None:
    assert translations("国防白皮书") == ["white paper"]
    assert translations("the lease of 2021") == ["租约"]
    assert translations("two plans and a notice") == ["计划", "通知"]
    assert translations("海洋") == []
