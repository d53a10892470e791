"""Scores texts of other programs with the reader of a pipeline, as it scores the passages of a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.answering.reading import ranked
from rag.documents.chunking import Chunker
from rag.library.ingestion.encoding import encode
from rag.text.analysis import query_terms
from rag.text.language import language_of
from rag.text.scripts import to_simplified
from rag.types import Document, SearchResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from embeddings.encoder import Vectors
    from rag.library.library import Library
    from rag.pipeline import RagPipeline
    from rag.types import Chunk

_CHUNKS_AT_ONCE = 16
"""Between so many, other requests get their turn."""


def scores(pipeline: RagPipeline, query: str, texts: Sequence[str]) -> list[float]:
    """Returns, for each text, the probability that it answers a query: that of its best passage, 0 without any."""
    library = pipeline.library
    chunker = Chunker(library.encoder.count_tokens, library.chunk_tokens)
    documents = [Document(str(number), "", "", text, language_of(text)) for number, text in enumerate(texts)]
    chunks = [(document, chunk) for document in documents for chunk in chunker.chunk(document)]
    best = [0.0] * len(texts)
    languages: set[str] = {document.language for document in documents}
    asked = {language: frozenset(query_terms(library.analyzer, query, language)) for language in languages}
    with pipeline.model_lock:
        vector = library.encoder.encode_query([to_simplified(query)])[0]
    for start in range(0, len(chunks), _CHUNKS_AT_ONCE):
        with pipeline.model_lock:
            results = list(_found(library, chunks[start : start + _CHUNKS_AT_ONCE], vector, asked))
            readings = pipeline.reader.read(query, results)
        for reading in readings:
            number = int(reading.result.chunk.document_id)
            best[number] = max(best[number], reading.support)
    return best


def reranked(pipeline: RagPipeline, question: str, results: Sequence[SearchResult]) -> list[SearchResult]:
    """Returns the results of a search by how well they answer; those without a sentence are left out."""
    with pipeline.model_lock:
        readings = pipeline.reader.read(question, results)
    return list(ranked(readings, len(results)))


def _found(
    library: Library, chunks: Sequence[tuple[Document, Chunk]], asked: Vectors, terms: Mapping[str, frozenset[str]]
) -> Iterator[SearchResult]:
    """Yields passages with the scores that a search would give them: their cosine, and their share of the query's terms.

    Args:
        library: Its encoder and analyzer are used.
        chunks: The passages with the texts that they are from.
        asked: The vector of the query `(dim,)`.
        terms: The terms of the query by the language of a text.
    """
    vectors = encode(library.encoder, [("", chunk) for _, chunk in chunks], lambda *_: None)
    for rank, ((document, chunk), vector) in enumerate(zip(chunks, vectors, strict=True), 1):
        wanted = terms[document.language]
        shared = wanted & set(library.analyzer.terms(chunk.text))
        found = {"dense": float(vector @ asked), "coverage": len(shared) / max(1, len(wanted))}
        yield SearchResult(chunk, "", "", document.language, found["dense"], rank, found)
