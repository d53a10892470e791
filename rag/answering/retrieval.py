"""Retrieval: the `Retriever` protocol, and the library's own hybrid search behind it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from rag.library.library import Library
from rag.library.search import hybrid
from rag.types import SearchResult


class Retriever(Protocol):
    """Finds the passages that may answer a question. An own one can be given to `RagPipeline`."""

    def retrieve(self, query: str, library: Library, documents: Collection[str] | None = None) -> list[SearchResult]:
        """Finds passages for a query.

        Args:
            query: In any language.
            library: The library to search. It contains at least one passage.
            documents: The ids of the documents to search, where unknown ids select nothing; None for all.

        Returns:
            The passages to read, best first, with ranks from 1.
        """


class HybridRetriever:
    """Searches the library by vectors and terms, fused by rank within each language (`rag.library.search.hybrid`)."""

    def __init__(self, per_language: int = 12) -> None:
        """Args: per_language: The number of candidates from each language of the library."""
        self._per_language = per_language

    def retrieve(self, query: str, library: Library, documents: Collection[str] | None = None) -> list[SearchResult]:
        return hybrid.search(library, query, self._per_language, documents)
