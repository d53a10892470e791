"""Follow-up questions on the seed documents: completed, they find what they are after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.answering.follow_ups import complete
from rag.answering.retrieval import HybridRetriever
from rag.evaluation.matching import FoldedDocument, places
from rag.pipeline import RagPipeline
from rag.text.analysis import Analyzer
from rag.types import Answer

FILE = Path(__file__).parents[1] / "follow_ups.jsonl"
PAIRS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
EVIDENCE_IN_CHUNK = 0.5
NOT_FOUND = 1000


def completed(pair: dict[str, Any], analyzer: Analyzer) -> str:
    history: list[Answer] = []
    for question in pair["history"]:
        history.append(Answer(question, complete(question, history, analyzer).query, "", "answer", (), (), 1.0, pair["lang"]))
    return complete(pair["question"], history, analyzer).query


@pytest.fixture(scope="module")
def documents(seed_pipeline: RagPipeline) -> list[FoldedDocument]:
    library = seed_pipeline.library
    return [FoldedDocument(library.document(summary.id)) for summary in library.documents()]


def recall(k: int, ranks: list[int]) -> float:
    return sum(rank <= k for rank in ranks) / len(ranks)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_every_piece_of_evidence_stands_in_a_document(pair: dict[str, Any], documents: list[FoldedDocument]) -> None:
    assert all(places([quote], documents) for quote in pair["evidence"])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_new_topics_and_only_they_are_left_alone(pair: dict[str, Any], analyzer: Analyzer) -> None:
    assert (completed(pair, analyzer) == pair["question"]) == (pair["note"] == "new topic")


def test_the_evidence_is_among_the_first_candidates(
    seed_pipeline: RagPipeline, documents: list[FoldedDocument], analyzer: Analyzer
) -> None:
    retriever = HybridRetriever()

    def rank(question: str, evidence: list[str]) -> int:
        found = places(evidence, documents)
        for result in retriever.retrieve(question, seed_pipeline.library):
            chunk = result.chunk
            for place in found:
                shared = place.overlap(chunk.document_id, chunk.start, chunk.end)
                if shared >= EVIDENCE_IN_CHUNK * (place.end - place.start):
                    return result.rank
        return NOT_FOUND

    with_it = [rank(completed(pair, analyzer), pair["evidence"]) for pair in PAIRS]
    without = [rank(pair["question"], pair["evidence"]) for pair in PAIRS]
    for k in (5, 10):
        print(f"recall@{k}: completed {recall(k, with_it):.2f}, as typed {recall(k, without):.2f}")
    assert recall(10, with_it) >= 0.95
    assert recall(10, [found for found, pair in zip(with_it, PAIRS, strict=True) if pair["held_out"]]) >= 0.9
    assert recall(10, with_it) >= recall(10, without) + 0.2
    assert recall(5, with_it) >= 0.75
