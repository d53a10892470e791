"""The extractive composer: what is said, in which order, with which citations."""

import re

from hypothesis import given
from hypothesis import strategies as st

from rag.composing import Composed, ExtractiveComposer, refusal, stream
from rag.reading import Reading, Sentence
from rag.types import Chunk, Document, SearchResult

CHINESE = Document("zh", "白皮书", "zh.txt", "2018年底有1.18万个。占国土面积18%以上。退化趋势得到遏制。", "zh")
ENGLISH = Document(
    "en", "White paper", "en.txt", "There were 11,800 in 2018. They cover over 18% of the land. It was curbed.", "en"
)
COPY = Document("copy", "转载", "copy.txt", "转载。2018年底有1.18万个。", "zh")
DOCUMENTS = {document.id: document for document in (CHINESE, ENGLISH, COPY)}


def reading(document: Document, *supports: tuple[str, float]) -> Reading:
    chunk = Chunk(f"{document.id}-0", document.id, document.text, 0, len(document.text))
    result = SearchResult(chunk, document.title, document.source, document.language, 0.0, 1)
    found = []
    for text, support in supports:
        start = document.text.index(text)
        found.append(Sentence(start, start + len(text), text, support))
    return Reading(result, tuple(found), max(support for _, support in supports))


def compose(question: str, *readings: Reading, language: str = "zh", most: int = 4) -> Composed:
    return ExtractiveComposer(most).compose(question, readings, language, DOCUMENTS.__getitem__)  # type: ignore[arg-type]


def test_a_fact_is_one_sentence_with_its_marker() -> None:
    composed = compose("有多少个？", reading(CHINESE, ("2018年底有1.18万个。", 0.8), ("占国土面积18%以上。", 0.4)))
    assert composed.pieces == ("2018年底有1.18万个。[1]",)
    (citation,) = composed.citations
    assert (citation.number, citation.quote, citation.support, citation.title) == (1, "2018年底有1.18万个。", 0.8, "白皮书")
    assert CHINESE.text[citation.start : citation.end] == citation.quote


def test_the_same_sentence_of_two_documents_is_said_once_and_cites_both() -> None:
    composed = compose(
        "有多少个？", reading(CHINESE, ("2018年底有1.18万个。", 0.8)), reading(COPY, ("2018年底有1.18万个。", 0.7))
    )
    assert composed.pieces == ("2018年底有1.18万个。[1][2]",)
    assert [citation.document_id for citation in composed.citations] == ["zh", "copy"]


def test_a_quote_in_the_other_language_is_framed_in_the_question_s() -> None:
    english = compose("How many were there?", reading(CHINESE, ("2018年底有1.18万个。", 0.8)), language="en")
    assert english.pieces == ("In the original Chinese: “2018年底有1.18万个。”[1]",)
    chinese = compose("有多少个？", reading(ENGLISH, ("There were 11,800 in 2018.", 0.8)))
    assert chinese.pieces == ("原文（英文）：“There were 11,800 in 2018.”[1]",)


def test_an_open_question_gets_every_sentence_that_is_nearly_as_good_the_best_first() -> None:
    sentences = (("退化趋势得到遏制。", 0.8), ("2018年底有1.18万个。", 0.7), ("占国土面积18%以上。", 0.1))
    composed = compose("生态保护取得了什么成效？", reading(CHINESE, *sentences))
    assert composed.pieces == ("退化趋势得到遏制。[1]", "\n\n2018年底有1.18万个。[2]")


def test_never_more_sentences_than_allowed() -> None:
    sentences = (("2018年底有1.18万个。", 0.9), ("占国土面积18%以上。", 0.9), ("退化趋势得到遏制。", 0.9))
    assert len(compose("取得了什么成效？", reading(CHINESE, *sentences), most=2).citations) == 2
    assert len(compose("取得了什么成效？", reading(CHINESE, *sentences), most=3).citations) == 3


def test_refusals_are_in_the_language_of_the_question() -> None:
    assert "没有找到" in refusal("zh", empty=False)
    assert "do not say" in refusal("en", empty=False)
    assert "yinju add" in refusal("zh", empty=True)
    assert "yinju add" in refusal("en", empty=True)
    assert not re.search(r"[A-Za-z]{4}", refusal("zh", empty=False))


@given(st.lists(st.from_regex(r"\A(\n\n)?[^\s]+( [^\s]+)*\Z")))
def test_streaming_loses_nothing(pieces: list[str]) -> None:
    assert "".join(stream(pieces)) == "".join(pieces)
