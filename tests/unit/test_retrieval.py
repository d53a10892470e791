"""Retrieval over a library that is a table: which passages are candidates, in which order, and what each stage says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from rag.answering.retrieval import HybridRetriever
from rag.types import Chunk, SearchResult

ZH, EN = "红树林有多少？", "How many mangroves are there?"
RUN = " ".join(f"word{number}" for number in range(50))


class Words:
    """An analyzer whose terms are given: a question's own, and the names in it."""

    def content_terms(self, text: str) -> list[str]:
        return [f"term of {text}"]

    def name_terms(self, text: str) -> list[str]:
        return [f"name in {text}"]


class Encoder:
    """Turns every question into the same vector."""

    def encode_query(self, texts: Sequence[str]) -> Any:
        return np.array([[1.0, 0.0]] * len(texts), np.float32)


@dataclass
class Passage:
    """A row of the library: its cosine with the question, its BM25 score and the share of the question's terms in it.

    A passage that a search does not find has None for that score.
    """

    document: str
    dense: float | None = None
    lexical: float | None = None
    coverage: float = 0.0
    language: str = "en"
    text: str = "A text."
    cluster: str = ""


@dataclass
class Table:
    """A library of these rows, which remembers how it was searched."""

    rows: dict[int, Passage]
    analyzer: Words = field(default_factory=Words)
    encoder: Encoder = field(default_factory=Encoder)
    searched: list[tuple[str, tuple[str, ...], Collection[str] | None]] = field(default_factory=list)

    def languages(self) -> list[str]:
        return sorted({passage.language for passage in self.rows.values()})

    def search_vectors(
        self, vector: Any, top_k: int, language: str, documents: Collection[str] | None
    ) -> list[tuple[int, float]]:
        assert vector.tolist() == [1.0, 0.0]
        return self._best("dense", top_k, language, documents)

    def search_terms(
        self, terms: Sequence[str], top_k: int, language: str, documents: Collection[str] | None
    ) -> list[tuple[int, float]]:
        self.searched.append((language, tuple(terms), documents))
        return self._best("lexical", top_k, language, documents)

    def _best(self, score: str, top_k: int, language: str, documents: Collection[str] | None) -> list[tuple[int, float]]:
        found = [
            (row, getattr(passage, score))
            for row, passage in self.rows.items()
            if passage.language == language
            and getattr(passage, score) is not None
            and (documents is None or passage.document in documents)
        ]
        return sorted(found, key=lambda hit: -hit[1])[:top_k]

    def results(self, rows: Iterable[int]) -> dict[int, SearchResult]:
        return {
            row: SearchResult(
                Chunk(f"{row}", passage.document, passage.text, 0, len(passage.text)), "", "", "en", 0.0, 0, {}, passage.cluster
            )
            for row in rows
            if (passage := self.rows[row])
        }

    def coverage(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        return {row: self.rows[row].coverage for row in rows}

    def vectors(self, rows: Sequence[int]) -> dict[int, Any]:
        return {row: np.array([self.rows[row].dense or 0.125, 0.5], np.float32) for row in rows}


def search(
    table: Table, question: str = EN, documents: Collection[str] | None = None, per_language: int = 12
) -> list[SearchResult]:
    library: Any = table
    return HybridRetriever(per_language).retrieve(question, library, documents)


def ids(results: Iterable[SearchResult]) -> list[str]:
    return [result.chunk.id for result in results]


def test_ranks_are_fused_and_the_lexical_one_counts_by_coverage() -> None:
    table = Table(
        {
            1: Passage("a", dense=0.75, lexical=2.0, coverage=0.25),
            2: Passage("b", dense=0.5, lexical=9.0, coverage=1.0),
            3: Passage("c", dense=0.25),
            4: Passage("d", lexical=1.0, coverage=0.5),
        }
    )
    found = search(table)
    assert [(result.chunk.id, result.rank) for result in found] == [("2", 1), ("1", 2), ("3", 3), ("4", 4)]
    expected = [1 / 62 + 1 / 61, 1 / 61 + 0.25 / 62, 1 / 63, 0.5 / 63]
    assert [result.score for result in found] == pytest.approx(expected)
    assert [result.scores["fused"] for result in found] == [result.score for result in found]


def test_each_stage_says_its_own_score_of_what_it_found() -> None:
    table = Table({1: Passage("a", dense=0.75), 2: Passage("b", lexical=9.0, coverage=0.5)})
    only_dense, only_lexical = search(table)
    assert only_dense.scores == {"dense": 0.75, "fused": pytest.approx(1 / 61)}
    # The cosine is taken from the stored vector where the dense search did not come so far.
    assert only_lexical.scores == {"dense": 0.125, "lexical": 9.0, "coverage": 0.5, "fused": pytest.approx(0.5 / 61)}


def test_lexical_hits_without_the_questions_terms_do_not_move_the_order() -> None:
    table = Table({1: Passage("a", dense=0.5), 2: Passage("b", dense=0.25, lexical=99.0, coverage=0.0)})
    assert ids(search(table)) == ["1", "2"]
    table.rows[2].coverage = 0.1
    assert ids(search(table)) == ["2", "1"]


def test_each_language_is_fused_by_itself_so_that_neither_buries_the_other() -> None:
    own = {row: Passage("en", dense=0.9 - row / 100, lexical=30.0 - row, coverage=1.0) for row in range(1, 21)}
    other = {row: Passage("zh", dense=0.3 - row / 1000, language="zh") for row in range(21, 41)}
    found = search(Table(own | other))
    assert len(found) == 24
    assert ids(found)[:12] == [f"{row}" for row in range(1, 13)]
    assert ids(found)[12:] == [f"{row}" for row in range(21, 33)]
    assert [result.rank for result in found] == list(range(1, 25))
    assert found[12].score == pytest.approx(1 / 61)


def test_names_are_searched_across_languages_only() -> None:
    table = Table({1: Passage("a", dense=0.5), 2: Passage("b", dense=0.5, language="zh")})
    for question, own, other in ((EN, "en", "zh"), (ZH, "zh", "en")):
        table.searched.clear()
        search(table, question)
        terms = {language: terms for language, terms, _ in table.searched}
        assert terms == {own: (f"term of {question}",), other: (f"term of {question}", f"name in {question}")}


def test_only_the_chosen_documents_are_searched() -> None:
    table = Table(
        {1: Passage("a", dense=0.75), 2: Passage("b", dense=0.5, lexical=1.0, coverage=1.0), 3: Passage("c", dense=0.25)}
    )
    assert ids(search(table, documents=["c", "a", "unknown"])) == ["1", "3"]
    assert table.searched[-1][2] == {"a", "c", "unknown"}
    # Ranks are those among the chosen.
    assert [result.score for result in search(table, documents=["c"])] == pytest.approx([1 / 61])
    assert search(table, documents=[]) == search(table, documents=["unknown"]) == []
    assert len(search(table)) == 3


def test_each_language_gives_so_many_candidates() -> None:
    rows = {row: Passage("a", dense=1 - row / 100, language=("zh", "en")[row % 2]) for row in range(100)}
    # The odd ones are English; of two with the same score, that of the first language comes first.
    assert ids(search(Table(rows), per_language=3)) == ["1", "0", "3", "2", "5", "4"]


def test_an_empty_library_has_no_candidates() -> None:
    assert search(Table({})) == []


def test_a_copy_gives_its_place_to_the_next() -> None:
    table = Table(
        {
            1: Passage("a", dense=0.9, text=RUN, cluster="one"),
            2: Passage("b", dense=0.8, text=f"{RUN} end", cluster="one"),
            3: Passage("a", dense=0.7, text=RUN, cluster="one"),
            4: Passage("b", dense=0.6, text="Quite another passage of the second document that nobody has said.", cluster="one"),
            5: Passage("c", dense=0.5, text=RUN, cluster="two"),
            6: Passage("d", dense=0.4, text=RUN),
        }
    )
    # The same words in one document, in another cluster or in none are no copies.
    assert ids(search(table)) == ["1", "3", "4", "5", "6"]
    assert ids(search(table, per_language=3)) == ["1", "3", "4"]
    assert ids(search(table, documents=["b"])) == ["2", "4"]
