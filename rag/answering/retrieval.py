"""Which passages: dense and lexical search, fused by rank within each language.

A lexical search favours the question's own language: across languages only numbers and names match, and fused by rank
those few hits would bury what the dense search found. So each language is searched and fused by itself, and the lexical
leg counts by the share of the question that it matched. The reader, whose scores mean the same in every language, then
merges the lists.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from embeddings.encoder import Vectors
from rag.library import near_duplicates
from rag.library.library import Library
from rag.text.analysis import query_terms
from rag.types import SearchResult

_RANK_CONSTANT = 60
_SEARCHED_PER_LANGUAGE = 50


class Retriever:
    """Finds candidates for a question in a library."""

    def __init__(self, library: Library, per_language: int = 12) -> None:
        """Args: library: what is searched; per_language: how many candidates each of its languages gives."""
        self._library = library
        self._per_language = per_language

    def search(self, question: str, documents: Collection[str] | None = None) -> list[SearchResult]:
        """The candidates of every language, best first by their fused score; empty when there is nothing to search.

        Reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009) with the lexical rank weighed by coverage.

        Args:
            question: In any language.
            documents: The ids of those that are searched, of which unknown ones select nothing; None for all.
        """
        vector = self._library.encoder.encode_query([question])[0]
        analyzer = self._library.analyzer
        documents = None if documents is None else frozenset(documents)
        found = []
        for language in self._library.languages():
            found += self._in_language(vector, query_terms(analyzer, question, language), language, documents)
        found.sort(key=lambda result: -result.score)
        return [replace(result, rank=rank) for rank, result in enumerate(found, 1)]

    def _in_language(
        self, vector: Vectors, terms: Sequence[str], language: str, documents: Collection[str] | None
    ) -> list[SearchResult]:
        dense = self._library.search_vectors(vector, _SEARCHED_PER_LANGUAGE, language, documents)
        lexical = dict(self._library.search_terms(terms, _SEARCHED_PER_LANGUAGE, language, documents))
        rows = list(dict.fromkeys([row for row, _ in dense] + list(lexical)))
        dense_ranks = {row: rank for rank, (row, _) in enumerate(dense, 1)}
        lexical_ranks = {row: rank for rank, row in enumerate(lexical, 1)}
        results = self._library.results(rows)
        coverage = self._library.coverage(terms, list(lexical))
        fused = {
            row: _reciprocal(dense_ranks.get(row)) + coverage.get(row, 0.0) * _reciprocal(lexical_ranks.get(row))
            for row in results
        }
        ranked = sorted(fused, key=lambda row: -fused[row])
        best = list(islice(_without_copies(ranked, results), self._per_language))
        cosines = {row: float(stored @ vector) for row, stored in self._library.vectors(best).items()}
        return [self._scored(results[row], fused[row], cosines.get(row), lexical.get(row), coverage.get(row)) for row in best]

    @staticmethod
    def _scored(
        result: SearchResult, fused: float, dense: float | None, lexical: float | None, coverage: float | None
    ) -> SearchResult:
        scores = {"dense": dense, "lexical": lexical, "coverage": coverage, "fused": fused}
        return replace(result, score=fused, scores={name: score for name, score in scores.items() if score is not None})


def _without_copies(rows: Sequence[int], results: Mapping[int, SearchResult]) -> Iterator[int]:
    """The rows, best first, without passages that stand in better ones of a document that is mostly the same text."""
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
