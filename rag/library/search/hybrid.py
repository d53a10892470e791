"""Hybrid search: dense and lexical search, fused by rank within each language.

Across languages only numbers and names match lexically. Fused by rank with the dense results, those few hits would displace
better ones. So each language is searched and fused by itself, and a lexical rank counts by the share of the question's terms
that the passage contains. A reader, whose scores mean the same in every language, can then compare the results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from rag.library import near_duplicates
from rag.text.analysis import query_terms
from rag.text.scripts import to_simplified

if TYPE_CHECKING:
    from collections.abc import Collection

    from embeddings.encoder import Vectors
    from rag.library.search.searching import Searching
    from rag.types import SearchResult

_RANK_CONSTANT = 60
_SEARCHED_PER_LANGUAGE = 50


def search(library: Searching, question: str, per_language: int, documents: Collection[str] | None = None) -> list[SearchResult]:
    """Finds passages by reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009), with the lexical rank weighed by coverage.

    Args:
        library: The library to search.
        question: In any language.
        per_language: The most passages of each language, at least 1.
        documents: The ids of the documents to search; unknown ids match nothing. None for all.

    Returns:
        The passages of all languages, best fused score first; empty if there is nothing to search.
    """
    vector = library.encoder.encode_query([to_simplified(question)])[0]
    documents = None if documents is None else frozenset(documents)
    results: list[SearchResult] = []
    for language in library.languages():
        terms = query_terms(library.analyzer, question, language)
        results += _in_language(library, vector, terms, language=language, top_k=per_language, documents=documents)
    results.sort(key=lambda result: -result.score)
    return [replace(result, rank=rank) for rank, result in enumerate(results, 1)]


def _in_language(
    library: Searching,
    vector: Vectors,
    terms: Sequence[str],
    *,
    language: str,
    top_k: int,
    documents: Collection[str] | None,
) -> list[SearchResult]:
    depth = max(top_k, _SEARCHED_PER_LANGUAGE)
    dense = library.search_vectors(vector, depth, language, documents)
    lexical = dict(library.search_terms(terms, depth, language, documents))
    dense_ranks = {row: rank for rank, (row, _) in enumerate(dense, 1)}
    lexical_ranks = {row: rank for rank, row in enumerate(lexical, 1)}
    results = library.results(list(dense_ranks | lexical_ranks))
    coverage = library.coverage(terms, list(lexical))
    fused = {
        row: _reciprocal(dense_ranks.get(row)) + coverage.get(row, 0.0) * _reciprocal(lexical_ranks.get(row)) for row in results
    }
    ranked = sorted(fused, key=lambda row: -fused[row])
    best = list(islice(_without_copies(ranked, results), top_k))
    cosines = {row: float(stored @ vector) for row, stored in library.vectors(best).items()}
    return [_scored(results[row], fused[row], cosines.get(row), lexical.get(row), coverage.get(row)) for row in best]


def _scored(
    result: SearchResult, fused: float, dense: float | None, lexical: float | None, coverage: float | None
) -> SearchResult:
    scores = {"dense": dense, "lexical": lexical, "coverage": coverage, "fused": fused}
    return replace(result, score=fused, scores={name: score for name, score in scores.items() if score is not None})


def _without_copies(rows: Sequence[int], results: Mapping[int, SearchResult]) -> Iterator[int]:
    """Leaves out passages that are also in a better one, of another document that is mostly the same text."""
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
