"""Answers questions over a table: one cell, the highest and lowest, how many, sums, averages, differences, and lists of rows.

Rules turn the question into a plan (`planning`), SQLite carries it out (`calculation`), and the answer names the operation and the
number of rows, and cites the rows. A question without a certain plan is left to the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from embeddings.encoder import Encoder
from rag.answering.citations import cite, marker
from rag.answering.composing import Statement
from rag.answering.composing.wording import COLON
from rag.answering.table_answers import elsewhere, wording
from rag.answering.table_answers.calculation import Outcome, calculate
from rag.answering.table_answers.columns import ReadTable
from rag.answering.table_answers.drafts import Draft
from rag.answering.table_answers.planning import plan
from rag.answering.table_answers.plans import BY_CONCEPT, Plan
from rag.documents import tables
from rag.documents.tables import Row
from rag.text.analysis import Analyzer
from rag.types import Document, Language, SearchResult

GetDocument = Callable[[str], Document]

_MAX_CITED = 20
_MAX_TABLES = 3
_MAX_READ = 50
_MAX_CACHED_DOCUMENTS = 8
_MAX_CACHED_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """An answer calculated over one table, or over one table of each of several documents.

    Without statements, the tables surely do not say: the cell that the question asks for is empty, or no table has it.
    """

    statements: tuple[Statement, ...]
    confidence: float


def answer(
    question: str,
    results: Sequence[SearchResult],
    language: Language,
    document: GetDocument,
    *,
    analyzer: Analyzer,
    encoder: Encoder,
) -> TableAnswer | None:
    """Answers a question over a table that the search found a row of.

    Tables that fit equally well are answered one by one, each under the title of its document.

    Args:
        question: In Chinese or English.
        results: The search results.
        language: The language of the question.
        document: Returns the document with an id.
        analyzer: Makes the search terms.
        encoder: Finds headings that the question names in other words.

    Returns:
        The answer; None when no plan is certain.
    """
    with_rows = dict.fromkeys(result.chunk.document_id for result in results if tables.may_have_cells(result.chunk.text))
    plans = [
        (source, made)
        for source in map(document, with_rows)
        for table in _tables_of(source.text, analyzer)
        if (made := plan(question, table, language, source.title, analyzer=analyzer, encoder=encoder))
    ]
    if not plans:
        are_silent = any(
            _is_silent(source, results, question, language, analyzer=analyzer, encoder=encoder)
            for source in map(document, with_rows)
            if source.language == language
        )
        return TableAnswer((), BY_CONCEPT) if are_silent else None
    confidence = max(made.confidence for _, made in plans)
    best = [(source, made) for source, made in plans if made.confidence == confidence]
    answered = [(source, made, outcome) for source, made in best if (outcome := calculate(made))]
    if not answered or len(best) > _MAX_TABLES:
        return None
    if all(made.operation == "lookup" and not wording.cells_of(made, outcome) for _, made, outcome in answered):
        return TableAnswer((), confidence)
    return TableAnswer(tuple(_statements(answered, language)), confidence)


def _is_silent(
    source: Document,
    results: Sequence[SearchResult],
    question: str,
    language: Language,
    *,
    analyzer: Analyzer,
    encoder: Encoder,
) -> bool:
    """Returns whether the question is one for the tables of a document, and they surely do not say."""

    def draft(read: ReadTable) -> Draft:
        return Draft(question, read, language, source.title, analyzer=analyzer, encoder=encoder)

    everything = _tables_of(source.text, analyzer)
    if len(everything) > _MAX_READ or len(source.text) > _MAX_CACHED_CHARACTERS:
        return False
    for form in (read for read in everything if read.is_form):
        if elsewhere.lacks_label(draft(form), source.text, results):
            return True
    reads = [read for read in everything if not read.is_form]
    terms = [frozenset(term for outside, _ in read.heading_terms for term in outside) for read in reads]
    for i, read in enumerate(reads):
        # Each takes words out of the draft that it is given.
        if elsewhere.joins_tables(draft(read), [*terms[:i], *terms[i + 1 :]], results):
            return True
        if elsewhere.names_no_row(draft(read), source.text, results):
            return True
    return False


def _tables_of(text: str, analyzer: Analyzer) -> tuple[ReadTable, ...]:
    """Reads the tables of a text; the last few texts of a common length are cached, as one question often follows another."""
    return _cached_tables(text, analyzer) if len(text) <= _MAX_CACHED_CHARACTERS else _read_tables(text, analyzer)


def _read_tables(text: str, analyzer: Analyzer) -> tuple[ReadTable, ...]:
    forms = (ReadTable(form, analyzer, is_form=True) for form in tables.forms(text))
    return (*(ReadTable(table, analyzer) for table in tables.find(text)), *forms)


@lru_cache(maxsize=_MAX_CACHED_DOCUMENTS)
def _cached_tables(text: str, analyzer: Analyzer) -> tuple[ReadTable, ...]:
    return _read_tables(text, analyzer)


def _statements(answered: Sequence[tuple[Document, Plan, Outcome]], language: Language) -> Iterator[Statement]:
    """Yields a statement for each table: the answer in one line, then the rows that decide, each with its citation."""
    number = 1
    for i, (source, made, outcome) in enumerate(answered):
        rows = [made.table.rows[row] for row in outcome.rows[:_MAX_CITED]]
        places = [_place(source, made, row) for row in rows]
        citations = tuple(cite(source, number + n, *place, made.confidence) for n, place in enumerate(places))
        markers = [marker(citation.number) for citation in citations]
        label = source.title + COLON.in_language(language) if len(answered) > 1 else ""
        if made.operation == "lookup":
            shown = wording.looked_up(made, rows, markers, language)
            yield Statement(("\n\n" if i else "") + label + shown, citations)
            number += len(citations)
            continue
        line = f"{label}{wording.first_line(made, outcome, rows, language)}{''.join(markers)}"
        cells = (wording.deciding_cells(made, row, language) for row in rows)
        evidence = "".join(f"\n- {shown}{mark}" for shown, mark in zip(cells, markers, strict=True))
        yield Statement(("\n\n" if i else "") + f"{line}\n{evidence}", citations)
        number += len(citations)


def _place(source: Document, made: Plan, row: Row) -> tuple[int, int]:
    """Returns the place to cite for a row; of a form, the line with the value."""
    cell = row.cells[made.target] if made.operation == "lookup" and made.target is not None else None
    if cell is None or "\n" not in source.text[row.start : row.end]:
        return row.start, row.end
    return source.text.rfind("\n", row.start, cell.start) + 1 or row.start, cell.end
