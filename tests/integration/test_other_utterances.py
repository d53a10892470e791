"""Utterances that are no plain question to the documents: summaries, the library itself, and wishes about the answer before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from hashing_encoder import HashingEncoder

from rag.answering import routes
from rag.answering.drafts import Request, Response
from rag.answering.intents import Intent, Understanding
from rag.language_models.generators import Message
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.text.language import language_of
from rag.types import Answer

MARSH = """# Plan for the Alder marsh

## Background

The Alder marsh covers 1,840 hectares. In ten years it lost a quarter of its water, mainly to pumping upstream.

## Goals

By 2030 the water is to cover 1,600 hectares again, and 20,000 birds are to winter there.

## Measures

Pumping is limited to nine million cubic metres a year. Fields of 210 hectares are given back to the marsh.

## Money

What does it cost? The plan costs 135 million crowns, of which the province pays sixty percent.
"""
CANTEEN = """职工食堂管理办法

发布机构：云溪县总工会　2025年3月1日

食堂每天供应三餐，星期日不供应晚餐。饭菜不得带出食堂，病号除外。食堂不收现金，一律刷卡。
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RagPipeline]:
    folder = tmp_path_factory.mktemp("other")
    files = folder / "files"
    files.mkdir()
    (files / "marsh.md").write_text(MARSH, encoding="utf-8")
    (files / "食堂.txt").write_text(CANTEEN, encoding="utf-8")
    with Library(folder / "library", HashingEncoder(dim=256)) as library:
        library.add([files])
        with library._database.transaction() as connection:
            connection.execute("UPDATE documents SET added = '2026-11-28 09:30:00'")
        yield RagPipeline(library)


def cited_exactly(pipeline: RagPipeline, answer: Answer) -> bool:
    """Returns whether every citation is the text at its place and has its marker in the answer, in order."""
    numbers = [int(number) for number in re.findall(r"\[(\d+)\]", answer.text)]
    exact = all(
        pipeline.library.document(citation.document_id).text[citation.start : citation.end] == citation.quote
        for citation in answer.citations
    )
    return exact and numbers == [citation.number for citation in answer.citations] == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("question", "titles"),
    [
        ("哪些文件提到了晚餐？", ["职工食堂管理办法"]),
        ("Which documents are about birds?", ["Plan for the Alder marsh"]),
        ("Do you have anything on pumping?", ["Plan for the Alder marsh"]),
        ("有没有关于食堂的规定？", ["职工食堂管理办法"]),
        ("Which plans do you have?", ["Plan for the Alder marsh"]),
    ],
)
def test_documents_on_a_subject_are_listed(pipeline: RagPipeline, question: str, titles: list[str]) -> None:
    answer = pipeline.answer(question)
    assert answer.kind == "reply"
    assert [line.removeprefix("- ").split(" · ")[0] for line in answer.text.split("\n")[1:]] == titles


@pytest.mark.parametrize("question", ["How many birds will the library have?", "图书馆里有多少个座位？"])
def test_a_count_of_other_things_is_left_to_the_documents(pipeline: RagPipeline, question: str) -> None:
    assert text_of(respond(pipeline, "library", question)) == "documents"


@pytest.mark.parametrize("question", ["哪些文件提到了核电？", "Do you have anything on nuclear power?"])
def test_a_subject_that_no_document_has_is_refused(pipeline: RagPipeline, question: str) -> None:
    assert pipeline.answer(question).kind != "reply"


@pytest.mark.parametrize("question", ["Summarise this document.", "What is this document about?", "hi! Give me a summary"])
def test_a_document_is_summarised_in_a_point_for_each_section(pipeline: RagPipeline, question: str) -> None:
    (marsh,) = [document.id for document in pipeline.library.documents() if document.language == "en"]
    answer = pipeline.answer(question, documents=[marsh])
    assert answer.kind == "answer"
    first, *points = answer.text.split("\n")
    assert first == "“Plan for the Alder marsh” (Markdown text, about 83 words):"
    assert [point.split(":")[0] for point in points] == ["- Background", "- Goals", "- Measures", "- Money"]
    assert points[3] == "- Money: The plan costs 135 million crowns, of which the province pays sixty percent.[4]"
    assert cited_exactly(pipeline, answer)


@pytest.mark.parametrize(
    ("question", "lines"),
    [
        ("哪篇文件最长？", ["Plan for the Alder marsh"]),
        ("最短的是哪一篇？", ["职工食堂管理办法 · 云溪县总工会 · 2025-03-01"]),
        ("哪一篇是英文的？", ["符合的有1份（共2份）：", "- Plan for the Alder marsh"]),
        ("2025年的文件有哪些？", ["符合的有1份（共2份）：", "- 职工食堂管理办法 · 云溪县总工会 · 2025-03-01"]),
    ],
)
def test_which_of_the_documents(pipeline: RagPipeline, question: str, lines: list[str]) -> None:
    assert pipeline.answer(question).text.split("\n") == lines


def test_what_is_known_of_a_document_named_by_its_publisher(pipeline: RagPipeline) -> None:
    answer = pipeline.answer("云溪县总工会那篇是哪天发布的？")
    assert answer.text == "日期：2025年3月1日[1]\n《职工食堂管理办法》"
    assert cited_exactly(pipeline, answer)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("用两点概括食堂那份规定", "《职工食堂管理办法》（纯文本，云溪县总工会，2025年3月1日，约62字）："),
        ("不收现金那一节说了什么？", "《职工食堂管理办法 · 不收现金》："),
    ],
)
def test_wishes_for_a_summary_in_other_words(pipeline: RagPipeline, question: str, first: str) -> None:
    answer = pipeline.answer(question)
    assert answer.text.split("\n")[0] == first
    assert cited_exactly(pipeline, answer)


def test_two_documents_are_compared_in_one_respect(pipeline: RagPipeline) -> None:
    response = respond(pipeline, "comparison", "两份文件对现金的规定有什么不同？")
    assert text_of(response) == (
        "甲：Plan for the Alder marsh\n乙：职工食堂管理办法\n\n- 甲里没有找到关于“现金”的内容。\n- 乙：食堂不收现金，一律刷卡。[1]"
    )


def test_a_document_is_found_by_the_subject_in_its_title(pipeline: RagPipeline) -> None:
    answer = pipeline.answer("Summarise the plan for the Alder marsh in three points")
    assert answer.text.startswith("“Plan for the Alder marsh”")
    assert len(answer.citations) == 3
    assert cited_exactly(pipeline, answer)


def respond(
    pipeline: RagPipeline, intent: Intent, question: str, history: Sequence[Answer] = (), **options: Any
) -> Response | None:
    """Answers by the route of an intent, as where the classifier has told it; its encoder is not the one of these tests."""
    request = Request(question, language_of(question), history, pipeline.library, pipeline.library.documents(), **options)
    return routes.respond(Understanding(question, intent), request)


def text_of(response: Response | None) -> str:
    """Returns the text of a response; "documents" for none, since the question then goes to them."""
    return "documents" if response is None else "".join(statement.text for statement in response.statements)


@pytest.mark.parametrize(
    ("question", "quotes"),
    [
        (
            "Summarise the section on money of the plan",
            {"The plan costs 135 million crowns, of which the province pays sixty percent."},
        ),
        (
            "Summarise part 3 of the plan for the marsh",
            {"Pumping is limited to nine million cubic metres a year.", "Fields of 210 hectares are given back to the marsh."},
        ),
    ],
)
def test_a_part_is_summarised_alone(pipeline: RagPipeline, question: str, quotes: set[str]) -> None:
    response = respond(pipeline, "summary", question)
    assert response is not None
    assert {citation.quote for statement in response.statements for citation in statement.citations} == quotes


def test_a_part_that_is_not_there_is_said_to_be_missing(pipeline: RagPipeline) -> None:
    text = text_of(respond(pipeline, "summary", "Summarise part 7 of the plan for the marsh"))
    assert text == "“Plan for the Alder marsh” has no such part; it has 4 parts."


@pytest.mark.parametrize(
    "question", ["总结长江禁渔的情况", "What was the summary of costs for 2023?", "Give me an outline of photosynthesis"]
)
def test_a_summary_of_a_subject_is_left_to_the_documents(pipeline: RagPipeline, question: str) -> None:
    assert respond(pipeline, "summary", question) is None


def test_several_documents_get_a_line_each(pipeline: RagPipeline) -> None:
    answer = pipeline.answer("总结一下")
    lines = answer.text.split("\n")
    assert lines[0] == "这里有2份文档，各用一句原文："
    assert lines[1].startswith("- 《Plan for the Alder marsh》：“")
    assert lines[2].startswith("- 《职工食堂管理办法》（")
    assert {citation.title for citation in answer.citations} == {"Plan for the Alder marsh", "职工食堂管理办法"}
    assert cited_exactly(pipeline, answer)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        (
            "一共有哪些文件",
            "资料库里有2份文档：\n- Plan for the Alder marsh\n- 职工食堂管理办法 · 云溪县总工会 · 2025-03-01",
        ),
        (
            "What have you got?",
            "The library contains 2 documents:\n- Plan for the Alder marsh\n- 职工食堂管理办法 · 云溪县总工会 · 2025-03-01",
        ),
    ],
)
def test_the_documents_are_listed(pipeline: RagPipeline, question: str, text: str) -> None:
    answer = pipeline.answer(question)
    assert (answer.kind, answer.text, answer.citations) == ("reply", text, ())


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("有没有中文的资料？", "符合的有1份（共2份）：\n- 职工食堂管理办法 · 云溪县总工会 · 2025-03-01"),
        ("Which of these are in English?", "1 of the 2 documents:\n- Plan for the Alder marsh"),
        ("Do you have documents from 2019?", "None of the 2 documents."),
        ("云溪县总工会发布的有哪些文件", "符合的有1份（共2份）：\n- 职工食堂管理办法 · 云溪县总工会 · 2025-03-01"),
        ("哪份文件最新？", "职工食堂管理办法 · 云溪县总工会 · 2025-03-01"),
        ("食堂管理办法这份文件是谁发布的？", "发布者：云溪县总工会[1]\n《职工食堂管理办法》"),
        ("食堂管理办法这份文件是什么时候发布的？", "日期：2025年3月1日[1]\n《职工食堂管理办法》"),
        ("What kind of file is the plan for the Alder marsh?", "Kind: Markdown text\n“Plan for the Alder marsh”"),
        ("哪些文件提到湿地？", "documents"),
        ("Who wrote the anthem?", "documents"),
        ("市场监管部门发布了什么文件？", "documents"),
    ],
)
def test_the_library_answers_for_itself(pipeline: RagPipeline, question: str, text: str) -> None:
    assert text_of(respond(pipeline, "library", question)) == text


def test_a_date_and_a_publisher_are_cited_where_the_text_gives_them(pipeline: RagPipeline) -> None:
    response = respond(pipeline, "library", "食堂管理办法这份文件是谁发布的？")
    assert response is not None
    assert response.kind == "answer"
    assert [citation.quote for citation in response.statements[0].citations] == ["云溪县总工会"]


def test_what_was_added_last_is_new(pipeline: RagPipeline) -> None:
    first, *lines = text_of(respond(pipeline, "library", "What is new?")).split("\n")
    assert first == "Added last (November 28, 2026):"
    assert lines == ["- Plan for the Alder marsh", "- 职工食堂管理办法 · 云溪县总工会 · 2025-03-01"]


@pytest.fixture(scope="module")
def summary(pipeline: RagPipeline) -> Answer:
    """An answer to act on."""
    return pipeline.answer(
        "Summarise the plan for the Alder marsh in four points", documents=[pipeline.library.documents()[0].id]
    )


def asked(pipeline: RagPipeline, question: str, before: Answer) -> Answer:
    return pipeline.answer(question, [before])


def test_a_wish_has_the_query_of_the_answer_that_it_acts_on(pipeline: RagPipeline, summary: Answer) -> None:
    answer = asked(pipeline, "shorter, please", summary)
    assert (answer.question, answer.query, answer.kind) == ("shorter, please", summary.query, "answer")


def test_a_shorter_answer_has_half_of_the_points(pipeline: RagPipeline, summary: Answer) -> None:
    answer = asked(pipeline, "shorter, please", summary)
    assert answer.text == "\n".join(summary.text.split("\n")[:3])
    assert [c.quote for c in answer.citations] == [c.quote for c in summary.citations[:2]]
    assert cited_exactly(pipeline, answer)


def test_more_detail_gives_the_sentences_around_each_quote(pipeline: RagPipeline, summary: Answer) -> None:
    answer = asked(pipeline, "in more detail", summary)
    assert "The Alder marsh covers 1,840 hectares. In ten years it lost a quarter of its water" in answer.text
    assert cited_exactly(pipeline, answer)


def test_only_the_quotes_are_given(pipeline: RagPipeline, summary: Answer) -> None:
    answer = asked(pipeline, "only the quotes", summary)
    assert answer.text.split("\n") == [f"- “{c.quote}”[{c.number}]" for c in summary.citations]
    assert cited_exactly(pipeline, answer)


@pytest.mark.parametrize(
    ("wish", "before", "after"),
    [
        (
            "as bullets",
            "To do: dry the fields; close the pumps; count birds.[1]",
            "To do:\n- dry the fields[1]\n- close the pumps[1]\n- count birds.[1]",
        ),
        (
            "as a list",
            "There are three teams: Water and Ponds, Birds, and Reeds.[1]",
            "There are three teams:\n- Water and Ponds[1]\n- Birds[1]\n- Reeds[1]",
        ),
        ("列成要点", "沼泽里有野鸭、大雁和白鹭。[1]", "沼泽里有：\n- 野鸭[1]\n- 大雁[1]\n- 白鹭[1]"),
        ("as bullets", "It costs 3 crowns; children pay 1.[1]", "- It costs 3 crowns; children pay 1.[1]"),
        (
            "shorter, please",
            "The warden reported that the water covers 1,600 hectares.[1]",
            "… the water covers 1,600 hectares.[1]",
        ),
        ("简短一点", "管理员表示，水面有1600公顷。[1]", "水面有1600公顷。[1]"),
    ],
)
def test_a_sentence_is_cut_at_its_semicolons_or_after_its_speaker(
    pipeline: RagPipeline, summary: Answer, wish: str, before: str, after: str
) -> None:
    answer = asked(pipeline, wish, replace(summary, text=before, citations=summary.citations[:1]))
    assert (answer.text, answer.citations) == (after, summary.citations[:1])


def test_without_a_language_model_what_is_exact_is_translated(pipeline: RagPipeline, summary: Answer) -> None:
    first, *quotes = asked(pipeline, "翻译成中文", summary).text.split("\n")
    assert first.startswith("没有语言模型，译不出全文。能准确给出的是：")
    assert "sixty percent = 60%" in first
    assert quotes == [f"- “{c.quote}”[{c.number}]" for c in summary.citations]


class Translator:
    """A language model that translates everything to the same sentences."""

    name = "translator"

    def __init__(self, *translated: str) -> None:
        self._translated = translated

    def fits(self, messages: Sequence[Message]) -> bool:
        return True

    def stream(self, messages: Sequence[Message], stop: Event) -> Iterator[str]:
        assert "中文" in messages[0].content
        assert "[1]" not in messages[1].content
        yield from self._translated


def test_a_language_model_translates_and_it_is_said(pipeline: RagPipeline, summary: Answer) -> None:
    translated = (
        "《赤杨沼泽计划》约83个词：沼泽有1840公顷。到2030年要恢复1600公顷水面，2万只鸟在此",
        "越冬。210公顷田地归还沼泽。计划耗资1.35亿克朗，省里付60%。",
    )
    answer = pipeline.with_options(generator=Translator(*translated)).answer("翻译成中文", [summary])
    assert answer.text == "".join(translated) + "[1][2][3][4]"
    assert (answer.generator, answer.notes) == ("translator", ("以上由语言模型翻译，请与原文核对。",))


def test_a_translation_without_the_numbers_is_not_shown(pipeline: RagPipeline, summary: Answer) -> None:
    answer = pipeline.with_options(generator=Translator("沼泽", "计划。")).answer("翻译成中文", [summary])
    assert answer.text == "\n".join(f"- “{c.quote}”[{c.number}]" for c in summary.citations)
    assert (answer.generator, answer.notes) == ("", ("语言模型没有译成，这里给出原文。",))


def test_a_wish_without_an_answer_before_says_so(pipeline: RagPipeline) -> None:
    assert pipeline.answer("简短一点").text == "还没有可以改写的回答，请先提问。"
