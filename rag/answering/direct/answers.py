"""Asks each kind of rule in turn: numbered parts, names that two documents share, abbreviations, tables, comparisons. To add one, return its answer as a `DirectAnswer` here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from rag.answering import aspects, comparing
from rag.answering.composing import Statement, refusal
from rag.answering.direct import abbreviations, numbered_parts, shared_names, two_things
from rag.answering.reading import Reading
from rag.answering.table_answers import answers as table_answers
from rag.answering.table_answers import unplanned
from rag.answering.table_answers.plans import BY_TERMS
from rag.library.library import DocumentSummary, Library
from rag.types import AnswerKind, Language, SearchResult


@dataclass(frozen=True, slots=True)
class DirectAnswer:
    """An answer that needs no reader, with its confidence and kind."""

    statements: tuple[Statement, ...]
    confidence: float
    kind: AnswerKind = "answer"


def find(
    question: str,
    results: Sequence[SearchResult],
    language: Language,
    library: Library,
    documents: Collection[str] | None = None,
) -> DirectAnswer | None:
    """Returns the answer of the first rule that is sure of the question; None if none is.

    Args:
        question: Complete in itself.
        results: The search results, whose documents are looked through.
        language: The language of the question.
        library: Contains the documents.
        documents: The ids of the documents that may be compared; None for all.

    Raises:
        DocumentNotFoundError: A document was removed after the search.
    """
    if part := numbered_parts.answer(question, results, language, library.document, library.analyzer):
        return DirectAnswer(part.statements, part.confidence, "answer" if part.is_answer else "refusal")
    if kind := shared_names.kind_asked_for(question):
        two = comparing.which_two(question, (), _chosen(library, documents))
        names = shared_names.answer(kind, library.document(two[0]), library.document(two[1]), language) if two else None
        if names:
            return DirectAnswer(names, 1.0, "answer" if names[0].citations else "refusal")
    if aspects.parse(question) and (compared := aspects.find(question, (), _chosen(library, documents), language, library)):
        return DirectAnswer(compared, 1.0)
    if named := abbreviations.answer(question, results, language, library.document):
        return DirectAnswer(*named)
    computed = table_answers.answer(
        question, results, language, library.document, analyzer=library.analyzer, encoder=library.encoder
    )
    if computed and not computed.statements:
        # The cell that the question asks for is empty.
        return DirectAnswer((Statement(refusal(language, "not said"), ()),), 1 - computed.confidence, "refusal")
    return DirectAnswer(computed.statements, computed.confidence) if computed else None


def not_calculated(question: str, readings: Sequence[Reading], language: Language, library: Library) -> DirectAnswer | None:
    """Returns a refusal if a question asks for more of a table than the row that the reader found; None if it does not.

    Args:
        question: Complete in itself; no rule is sure of it.
        readings: The reader's, best first.
        language: The language of the question.
        library: Contains the documents.
    """
    if not unplanned.asks_for_more_than(question, readings, library.analyzer):
        return None
    return DirectAnswer((Statement(refusal(language, "not calculated"), ()),), 1 - BY_TERMS, "refusal")


def compare(question: str, language: Language, library: Library, read: Callable[[str], Sequence[Reading]]) -> DirectAnswer | None:
    """Returns a comparison of the two things that a question names; None if it names none, or the documents lack one of them.

    Args:
        question: Complete in itself.
        language: The language of the question.
        library: Contains the documents.
        read: Searches and reads for another question.

    Raises:
        DocumentNotFoundError: A document was removed after the search.
    """
    compared = two_things.answer(question, language, read, library.document, library.analyzer)
    return DirectAnswer(*compared) if compared else None


def _chosen(library: Library, documents: Collection[str] | None) -> list[DocumentSummary]:
    return [summary for summary in library.documents() if documents is None or summary.id in documents]
