"""Questions about an article, a section or another numbered part of a document."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.answering.direct.numbered_parts import PartAnswer, answer
from rag.text.analysis import Analyzer
from rag.types import Chunk, Document, Language, SearchResult

FOREST = Document(
    "f",
    "松岭山林管理办法",
    "松岭.txt",
    "松岭山林管理办法\n\n第一章 总则\n第一条 为了保护山林，制定本办法。\n第二条 山林内不得生火。\n"
    "下列情形除外：\n（一）护林站内；\n（二）经批准的祭祀。\n\n第二章 罚则\n第三条 采集药材应当登记。\n"
    "第四条 违反本办法第二条规定的，罚款三百元。\n第五条 违反本办法第三条至第四条规定的，没收药材。",
    "zh",
)
PARK = Document("p", "公园管理条例", "公园.txt", "公园管理条例\n第一条 公园免费开放。\n第二条 公园内不得垂钓。", "zh")
LEASE = Document(
    "l",
    "Boathouse Lease",
    "lease.md",
    "# Boathouse Lease\n\n## 1. Rent\nThe rent is 40 crowns.\n\n## 2. Use\n\n### 2.1 Boats\nOnly rowing boats may be kept.\n\n"
    "### 2.2 Guests\nGuests stay for two nights at most.\n\n## 3. Ending\nThe lease ends in May.",
    "en",
)
CHARTER = Document(
    "c",
    "Charter of the Guild",
    "charter.txt",
    "Charter of the Guild\nArticle 4. Members pay two crowns a year.\nArticle 5. The guild meets in March.\nIt elects a warden.\n"
    "Article 6. Whoever breaches Article 4 or 5 is fined ten crowns.",
    "en",
)
SLUICE = Document(
    "s",
    "The old sluice",
    "sluice.md",
    "# The old sluice\n\n## Opening\n\n1. Check the level.\n2. Unlock the wheel.\n\n"
    "## Closing\n\n1. Turn the wheel.\n2. Fit the padlock.\n\n## Notes\n\nCall the warden.",
    "en",
)
BOILER = Document(
    "b",
    "锅炉操作",
    "锅炉.md",
    "# 锅炉操作\n\n## 启动\n\n1. 检查水位。\n2. 点火。\n\n## 停炉\n\n1. 关闭燃料阀。\n2. 放水降压。",
    "zh",
)
DOCUMENTS = {document.id: document for document in (FOREST, PARK, LEASE, CHARTER, SLUICE, BOILER)}


def found(*documents: Document) -> Sequence[SearchResult]:
    return [
        SearchResult(
            Chunk(f"{each.id}-0", each.id, each.text, 0, len(each.text)), each.title, each.source, each.language, 1.0, rank
        )
        for rank, each in enumerate(documents, 1)
    ]


def ask(question: str, analyzer: Analyzer, *documents: Document) -> PartAnswer | None:
    language: Language = "en" if question.isascii() else "zh"
    return answer(question, found(*documents), language, DOCUMENTS.__getitem__, analyzer)


def text_of(given: PartAnswer | None) -> str:
    return "".join(statement.text for statement in given.statements) if given else ""


@pytest.mark.parametrize(
    ("question", "document", "text"),
    [
        ("第一条的内容是什么？", FOREST, "第一条 为了保护山林，制定本办法。[1]"),
        ("第四条规定了什么", FOREST, "第四条 违反本办法第二条规定的，罚款三百元。[1]"),
        ("管理办法第二条", FOREST, "第二条 山林内不得生火。[1]\n下列情形除外：[2]\n（一）护林站内；[3]\n（二）经批准的祭祀。[4]"),
        ("請問第二條規定了什麼？", PARK, "第二条 公园内不得垂钓。[1]"),
        ("违反第二条怎么处罚？", FOREST, "第四条 违反本办法第二条规定的，罚款三百元。[1]"),
        ("违反第四条会有什么后果？", FOREST, "第五条 违反本办法第三条至第四条规定的，没收药材。[1]"),
        ("What does Article 5 say?", CHARTER, "Article 5. The guild meets in March.[1]\nIt elects a warden.[2]"),
        ("article 4 of the charter", CHARTER, "Article 4. Members pay two crowns a year.[1]"),
        (
            "What is the penalty for breaching Article 5?",
            CHARTER,
            "Article 6. Whoever breaches Article 4 or 5 is fined ten crowns.[1]",
        ),
        ("What is in section 2.1?", LEASE, "2.1 Boats[1]\nOnly rowing boats may be kept.[2]"),
        (
            "Show me section 2",
            LEASE,
            "2. Use[1]\n2.1 Boats[2]\nOnly rowing boats may be kept.[3]\n2.2 Guests[4]\nGuests stay for two nights at most.[5]",
        ),
        ("What does Article 2 say?", PARK, "In the original Chinese: “第二条 公园内不得垂钓。”[1]"),
    ],
)
def test_the_part_is_given_as_it_stands(question: str, document: Document, text: str, analyzer: Analyzer) -> None:
    given = ask(question, analyzer, document)
    assert given is not None
    assert given.is_answer
    assert text_of(given) == text
    for citation in (citation for statement in given.statements for citation in statement.citations):
        assert document.text[citation.start : citation.end] == citation.quote


def test_a_chapter_contains_its_articles(analyzer: Analyzer) -> None:
    assert text_of(ask("第二章讲了什么？", analyzer, FOREST)).startswith("第二章 罚则[1]\n第三条 采集药材应当登记。[2]")


def test_the_named_document_alone_is_quoted(analyzer: Analyzer) -> None:
    assert text_of(ask("公园条例第一条是什么？", analyzer, FOREST, PARK)) == "第一条 公园免费开放。[1]"
    both = text_of(ask("第一条是什么？", analyzer, FOREST, PARK))
    assert both == "松岭山林管理办法\n第一条 为了保护山林，制定本办法。[1]\n\n公园管理条例\n第一条 公园免费开放。[2]"
    assert ask("渔业法第一条是什么？", analyzer, FOREST, PARK) is None


def test_a_part_that_the_document_does_not_have_is_no_answer(analyzer: Analyzer) -> None:
    given = ask("第九条规定了什么？", analyzer, FOREST)
    assert given is not None
    assert not given.is_answer
    assert text_of(given) == "《松岭山林管理办法》里没有第九条：它从第一条编到第五条。"


@pytest.mark.parametrize(
    "question",
    [
        "第二条规定的罚款是多少？",
        "谁通过了第二条？",
        "山林内可以生火吗？",
        "How many members voted for Article 5?",
        "违反第一条怎么处罚？",
    ],
)
def test_other_questions_are_left_to_the_reader(question: str, analyzer: Analyzer) -> None:
    assert ask(question, analyzer, FOREST, CHARTER) is None


def test_an_article_within_a_line_is_not_said_to_be_missing() -> None:
    crowded = Document("r", "Rules", "rules.txt", "Article 1 One.\nArticle 2 Two. Article 3 Three.\nArticle 4 Four.", "en")
    assert answer("What does Article 3 say?", found(crowded), "en", lambda _: crowded, Analyzer()) is None


def test_the_breach_of_a_rule_is_not_answered_with_that_of_an_article() -> None:
    rules = Document(
        "r",
        "Rules",
        "rules.txt",
        "Rule 2. No fires.\nRule 3. No dogs.\nRule 4. Who is in breach of Article 3 of the Act is fined 50 crowns.",
        "en",
    )
    given = answer("What is the penalty for a breach of Rule 3?", found(rules), "en", lambda _: rules, Analyzer())
    assert given is None


@pytest.mark.parametrize(
    ("question", "document", "step"),
    [
        ("What is step 2 of opening the sluice?", SLUICE, "2. Unlock the wheel.[1]"),
        ("What is step 2 of closing the sluice?", SLUICE, "2. Fit the padlock.[1]"),
        ("停炉的第二步是什么？", BOILER, "2. 放水降压。[1]"),
        ("启动第1步的内容是什么？", BOILER, "1. 检查水位。[1]"),
    ],
)
def test_a_step_is_that_of_the_list_below_the_heading_that_the_question_names(
    analyzer: Analyzer, question: str, document: Document, step: str
) -> None:
    assert text_of(ask(question, analyzer, document)) == step


@pytest.mark.parametrize("question", ["What is step 2 of the application for a visa?", "What is step 9 of closing the sluice?"])
def test_a_step_of_something_else_is_left_to_the_reader(analyzer: Analyzer, question: str) -> None:
    assert ask(question, analyzer, SLUICE) is None
