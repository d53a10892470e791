"""Finds the passages that are read for a question."""

from __future__ import annotations

from collections.abc import Collection

from rag.library.library import Library
from rag.library.search import hybrid
from rag.types import SearchResult


class Retriever:
    """Finds candidates for a question in a library by hybrid search (`rag.library.search.hybrid`)."""

    def __init__(self, library: Library, per_language: int = 12) -> None:
        """Args: library: the library to search; per_language: the most candidates of each of its languages."""
        self._library = library
        self._per_language = per_language

    def search(self, question: str, documents: Collection[str] | None = None) -> list[SearchResult]:
        """Returns the candidates of every language, best first by their fused score; empty if there is nothing to search.

        Args:
            question: In any language.
            documents: The ids of the documents to search; unknown ids match nothing. None for all.
        """
        return hybrid.search(self._library, question, self._per_language, documents)
