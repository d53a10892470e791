"""The searches of a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.library.search import hybrid

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from embeddings.encoder import Encoder, Vectors
    from rag.library.database import Database
    from rag.library.search.indexes import Indexes, VectorReport
    from rag.text.analysis import Analyzer
    from rag.types import SearchResult


class Searching:
    """The part of `rag.library.library.Library` that searches."""

    encoder: Encoder
    analyzer: Analyzer
    _database: Database
    _indexes: Indexes

    def __len__(self) -> int:
        """Returns the number of documents."""
        raise NotImplementedError

    def search(self, question: str, top_k: int = 10, documents: Collection[str] | None = None) -> list[SearchResult]:
        """Finds the passages that suit a question by dense and lexical search, as the retriever of a pipeline does.

        Args:
            question: In any language.
            top_k: The most passages, at least 1.
            documents: The ids of the documents to search; unknown ids match nothing. None for all.

        Returns:
            The passages, best first by their fused score, with the score of each stage; empty for an empty library.
        """
        return hybrid.search(self, question, top_k, documents)[:top_k] if len(self) else []

    def languages(self) -> list[str]:
        """Returns the languages of the documents, the one with most chunks first."""
        rows = self._indexes.rows_by_language()
        return sorted(rows, key=lambda each: -len(rows[each]))

    def search_vectors(
        self, vector: Vectors, top_k: int, language: str | None = None, documents: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """Finds the chunks nearest to a vector.

        Args:
            vector: float32 `(dim,)`, unit length.
            top_k: The most rows.
            language: Search chunks in this language only; in any when None.
            documents: Search the documents with these ids only; unknown ids match nothing. None for all.

        Returns:
            Rows with their cosines, best first; empty for an empty library.
        """
        return self._indexes.nearest(vector, top_k, language, documents)

    def search_terms(
        self, terms: Sequence[str], top_k: int, language: str | None = None, documents: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """Finds the rows of chunks with any of the terms, with their BM25 scores, best first; narrowed as in `search_vectors`."""
        return self._indexes.search_terms(terms, top_k, language, documents)

    def coverage(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Returns the share of the terms, weighed by their rarity in the library, that each row contains: between 0 and 1."""
        return self._indexes.ask_lexical(lambda lexical: lexical.coverage(terms, rows))

    def vector_report(self) -> VectorReport:
        """Measures the vector index, which takes about a second."""
        return self._indexes.report()

    def results(self, rows: Sequence[int]) -> dict[int, SearchResult]:
        """Returns the chunks of rows with title, source and language, without scores. Deleted rows are absent."""
        return self._database.results(rows)

    def vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        """Returns the stored vectors `(dim,)` of rows. Deleted rows are absent."""
        return self._database.vectors(rows)
