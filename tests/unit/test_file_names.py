"""The subject and the date of a document in the name of its file and folder."""

import pytest

from rag.answering.reading import Passage
from rag.documents.file_names import context_of, subject_of
from rag.library.spec import LibrarySpec
from rag.text.analysis import Analyzer
from rag.types import Chunk, Language, SearchResult


@pytest.mark.parametrize(
    ("source", "language", "words"),
    [
        ("/home/wu/会议/2026-03-12 水务会议.txt", "zh", "会议 水务会议"),
        ("minutes/harbour_board-2025-11-03.final.md", "en", "minutes harbour board"),
        ("/tmp/tmp8f3k/20250611.txt", "zh", ""),
        ("C:\\Documents\\城西泵站.docx", "zh", "城西泵站"),
        ("archive.zip/防汛/值班表.xlsx#12", "zh", "防汛 值班表"),
        ("https://example.org/news/pumping-station", "en", "pumping station"),
        # In the other script than the document's, as for a translation.
        ("white-paper.txt", "zh", ""),
    ],
)
def test_the_subject_is_in_the_folder_and_the_name(source: str, language: Language, words: str) -> None:
    assert subject_of(source, language) == words


@pytest.mark.parametrize(
    ("source", "question", "known", "read"),
    [
        ("会议/2026-03-12 水务会议.txt", "水务会议上决定了什么？", "主持人：何立群", "会议 2026年3月12日 水务会议"),
        ("會議/20260312水務會議.txt", "水务会议上决定了什么？", "主持人：何立群", "會議 2026年3月12日 水務會議"),
        ("a/2026-03-12.txt", "3月12日谁主持？", "主持人：何立群", "2026年3月12日"),
        # The title says it already; said twice, it leads the reader astray.
        ("2026-03-12 水务会议.txt", "3月12日谁主持会议？", "2026-03-12 水务会议", ""),
        ("harbour board 2025-11-03.md", "What did the harbour board decide?", "Chair: Ada Holm", "3 November 2025 harbour board"),
        # The text says it already, or the question asks of something else.
        ("会议/2026-03-12 水务会议.txt", "水务会议上决定了什么？", "3月12日水务会议纪要", ""),
        ("会议/2026-03-12 水务会议.txt", "谁是站长？", "主持人：何立群", ""),
    ],
)
def test_a_name_is_read_when_the_question_mentions_what_only_it_says(source: str, question: str, known: str, read: str) -> None:
    assert context_of(source, question, known) == read


def result(source: str, title: str, text: str) -> SearchResult:
    return SearchResult(Chunk("d-0", "d", text, 0, len(text)), title, source, "zh", 0.0, 1)


def test_the_reader_reads_the_name_before_the_text() -> None:
    passage = Passage(result("2026-03-12 水务会议.txt", "纪要", "决定：东渠停水。"), "水务会议决定了什么？")
    assert passage.context == "2026年3月12日 水务会议\n纪要\n决定：东渠停水。"
    assert passage.context[passage.offset :] == "决定：东渠停水。"
    assert Passage(passage.result, "东渠停水吗？").context == "纪要\n决定：东渠停水。"


def test_a_passage_is_found_by_the_name_of_its_file(analyzer: Analyzer) -> None:
    spec = LibrarySpec(None, analyzer, None)  # type: ignore[arg-type]
    terms = spec.terms(result("2026-03-12 水务会议.txt", "会议纪要", "决定：东渠停水。"))
    assert "水务" in terms
    # The title says this already.
    assert terms.count("会议") == 1
