"""A library of two short texts, and what must be true of it. Scripts that tests start in other processes import it too."""

from __future__ import annotations

from pathlib import Path

from rag.documents.cleaning import restore
from rag.documents.loaders import document_id
from rag.library.library import Library
from rag.types import Document

TEXTS = {
    "/a.txt": "The first forest.\n\nA river runs through the alphaword forest.\n\nThe court heard the case of 1999.\n",
    "/b.txt": "第一条河流。\n\n红树林保护海港，编号betaword。\n\n法院审理了案件。\n",
}
MORE = {"/c.txt": "A third text.\n\nIt speaks of a gammaword glacier.\n"}


def document_of(source: str, text: str) -> Document:
    return Document(document_id(source), Path(source).stem, source, text)


LARGE = {"/large.txt": "\n\n".join(f"The deltaword forest of {number} is a forest of {number * 7919}." for number in range(1000))}


def fill(library: Library, texts: dict[str, str] = TEXTS) -> None:
    for source, text in texts.items():
        library.add_document(document_of(source, text))


def sources_with(library: Library, term: str) -> set[str]:
    rows = [row for row, _ in library.search_terms([term], 1000)]
    return {result.source for result in library.results(rows).values()}


def assert_answers(library: Library, texts: dict[str, str] = TEXTS) -> None:
    """Asserts that the library contains exactly these texts, and every way to search finds exactly them."""
    assert {summary.source: restore(library.document(summary.id)) for summary in library.documents()} == texts
    for word in ("alphaword", "betaword", "gammaword"):
        assert sources_with(library, word) == {source for source, text in texts.items() if word in text}
    chunks = sum(summary.chunks for summary in library.documents())
    hits = library.search_vectors(library.encoder.encode_query(["forest"])[0], 100_000)
    assert len({row for row, _ in hits}) == len(hits) == chunks
    found = library.results([row for row, _ in hits])
    for row, result in list(found.items())[:: 1 + chunks // 20]:
        document = library.document(result.chunk.document_id)
        assert document.text[result.chunk.start : result.chunk.end] == result.chunk.text
        best, score = library.search_vectors(library.vectors([row])[row], 1)[0]
        assert (best, round(score, 4)) == (row, 1.0)
    assert library.check() == []
