"""Comparing what two documents say of one subject."""

import pytest

from rag.answering import aspects


@pytest.mark.parametrize(
    ("question", "aspect", "rest"),
    [
        ("比较一下立场文件和白皮书对就地保护的说法", "就地保护", "比较一下立场文件和白皮书"),
        ("两份报告关于停车费有什么不同？", "停车费", "两份报告"),
        ("甲报告和乙报告在用水方面有哪些差别？", "用水", "甲报告和乙报告"),
        ("手册和章程都怎么说请假的？", "请假", "手册和章程"),
        ("手册和章程都提到了哪些处罚？", "处罚", "手册和章程"),
        ("What do the handbook and the charter say about leave?", "leave", "What do the handbook and the charter say"),
        ("How do the two reports differ on parking fees?", "parking fees", "How do the two reports differ"),
        ("Compare the handbook and the charter on leave.", "leave", "Compare the handbook and the charter"),
        ("Compare the two plans in terms of cost", "cost", "Compare the two plans"),
    ],
)
def test_the_subject_and_the_words_that_name_the_documents(question: str, aspect: str, rest: str) -> None:
    compared = aspects.parse(question)
    assert compared is not None
    assert (compared.aspect, compared.rest) == (aspect, rest)


@pytest.mark.parametrize(
    "question",
    [
        # One document, although a library of two has another.
        "What does the document say about life jackets?",
        "这份报告对停车有什么规定？",
        "报告里都提到了哪些处罚？",
        "两份文件有什么不同？",
        "Compare the handbook and the charter.",
        "手册规定了什么？",
        "When does the hall open?",
        "长江禁渔从哪天开始？",
    ],
)
def test_questions_without_a_subject_to_compare(question: str) -> None:
    assert aspects.parse(question) is None
