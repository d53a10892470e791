"""Retrieval: the `Retriever` protocol, and dense and lexical search fused by rank within each language.

Lexical search favours the question's own language: across languages only numbers and names match, and fused by rank those
few hits would bury the dense search's results. So each language is searched and fused by itself, and the lexical rank
counts by the share of the question's terms that matched. The reader, whose scores mean the same in every language, then merges
the lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Protocol

import numpy as np

from embeddings.encoder import Vectors
from rag.library import near_duplicates
from rag.library.library import Library
from rag.text.language import language_of
from rag.types import SearchResult

_RANK_CONSTANT = 60
_SEARCHED_PER_LANGUAGE = 50


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
    """Dense and lexical search, fused by rank within each language of the library.

    Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009) with the lexical rank weighted by coverage.
    """

    def __init__(self, per_language: int = 12) -> None:
        """Args: per_language: How many candidates each language of the library gives."""
        self._per_language = per_language

    def retrieve(self, query: str, library: Library, documents: Collection[str] | None = None) -> list[SearchResult]:
        vector = library.encoder.encode_query([query])[0]
        analyzer = library.analyzer
        terms, names = analyzer.content_terms(query), analyzer.name_terms(query)
        own = language_of(query)
        chosen = None if documents is None else frozenset(documents)
        results: list[SearchResult] = []
        for language in library.languages():
            results += self._in_language(library, vector, terms if language == own else terms + names, language, chosen)
        results.sort(key=lambda result: -result.score)
        return [replace(result, rank=rank) for rank, result in enumerate(results, 1)]

    def _in_language(
        self, library: Library, vector: Vectors, terms: Sequence[str], language: str, documents: Collection[str] | None
    ) -> list[SearchResult]:
        """Searches one language; returns at most `per_language` passages, best first by their fused score."""
        dense = library.search_vectors(vector, _SEARCHED_PER_LANGUAGE, language, documents)
        lexical = dict(library.search_terms(terms, _SEARCHED_PER_LANGUAGE, language, documents))
        rows = list(dict.fromkeys([row for row, _ in dense] + list(lexical)))
        dense_ranks = {row: rank for rank, (row, _) in enumerate(dense, 1)}
        lexical_ranks = {row: rank for rank, row in enumerate(lexical, 1)}
        results = library.results(rows)
        coverage = library.coverage(terms, list(lexical))
        fused = {
            row: _reciprocal(dense_ranks.get(row)) + coverage.get(row, 0.0) * _reciprocal(lexical_ranks.get(row))
            for row in results
        }
        ranked = sorted(fused, key=lambda row: -fused[row])
        best = list(islice(_without_copies(ranked, results), self._per_language))
        cosines = {row: float(stored @ vector) for row, stored in library.vectors(best).items()}
        return [self._scored(results[row], fused[row], cosines.get(row), lexical.get(row), coverage.get(row)) for row in best]

    @staticmethod
    def _scored(
        result: SearchResult, fused: float, dense: float | None, lexical: float | None, coverage: float | None
    ) -> SearchResult:
        scores = {"dense": dense, "lexical": lexical, "coverage": coverage, "fused": fused}
        return replace(result, score=fused, scores={name: score for name, score in scores.items() if score is not None})


def _without_copies(rows: Sequence[int], results: Mapping[int, SearchResult]) -> Iterator[int]:
    """Yields the rows, without passages that better ones of a near-duplicate document already contain."""
    seen: dict[str, list[tuple[str, near_duplicates.Shingles]]] = {}
    for row in rows:
        chunk, cluster = results[row].chunk, results[row].cluster
        if cluster:
            own = near_duplicates.shingles(chunk.text)
            others = [of_chunk for document, of_chunk in seen.get(cluster, ()) if document != chunk.document_id]
            if others and len(own) and np.isin(own, np.concatenate(others)).mean() >= near_duplicates.SAME:
                continue
            seen.setdefault(cluster, []).append((chunk.document_id, own))
        yield row


def _reciprocal(rank: int | None) -> float:
    return 1 / (_RANK_CONSTANT + rank) if rank else 0.0
