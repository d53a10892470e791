"""Rerankers as readers: anything with the `rank` method of sentence-transformers' `CrossEncoder`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Any, Protocol

from embeddings.errors import Stopped
from rag.answering.reading import Passage, Reading, Sentence
from rag.documents.chunking import context
from rag.errors import ModelError
from rag.types import SearchResult


class Reranker(Protocol):
    """Scores documents for a query, as `sentence_transformers.CrossEncoder` does."""

    def rank(self, query: str, documents: list[str]) -> Sequence[Mapping[Any, Any]]:
        """Returns a mapping with `corpus_id`, the place in `documents` from 0, and `score` for each document, in any order."""


class RerankerReader:
    """Reads with a reranker: the support of a sentence is its score for the question.

    A sentence is ranked together with the title and the headings above it. Its score must not depend on the sentences that it is
    ranked with, since they come in batches. A reranker does not say where in a sentence the answer is, so answers are whole sentences.

    Example:
        model = CrossEncoder("BAAI/bge-reranker-v2-m3", activation_fn=torch.nn.Sigmoid())
        pipeline = RagPipeline(library, reader=RerankerReader(model), threshold=0.5)
    """

    def __init__(self, reranker: Reranker, probability: Callable[[float], float] | None = None, batch_size: int = 32) -> None:
        """Takes a reranker; calls it only when it reads.

        Args:
            reranker: A `CrossEncoder`, or any object with its `rank(query, documents)`.
            probability: Turns a score into the probability that the sentence answers the question; None if scores are
                probabilities already. `RagPipeline`'s threshold applies to it.
            batch_size: The number of sentences to rank at once. An answer can be stopped between two batches.
        """
        self._reranker = reranker
        self._probability = probability
        self._batch_size = batch_size

    def read(self, question: str, results: Sequence[SearchResult], stop: Event | None = None) -> list[Reading]:
        """Ranks every sentence of the passages.

        Raises:
            ModelError: A score is not a probability, or a `corpus_id` is not the place of a document.
            Stopped: `stop` was set before all were read.
        """
        passages = [passage for passage in map(Passage, results) if passage.spans]
        texts = [
            context(passage.result.title, passage.result.chunk.section, text) for passage in passages for text in passage.texts
        ]
        supports: list[float] = []
        for start in range(0, len(texts), self._batch_size):
            if stop and stop.is_set():
                raise Stopped
            supports += self._supports(question, texts[start : start + self._batch_size])
        remaining = iter(supports)
        readings = [_reading(passage, [next(remaining) for _ in passage.texts]) for passage in passages]
        return sorted(readings, key=lambda reading: -reading.support)

    def _supports(self, question: str, texts: list[str]) -> list[float]:
        """Returns the support of each text, 0 for those that the reranker leaves out."""
        supports = [0.0] * len(texts)
        for row in self._reranker.rank(question, texts):
            place, score = int(row["corpus_id"]), float(row["score"])
            support = self._probability(score) if self._probability else score
            if not 0 <= place < len(texts):
                raise ModelError(f"the reranker gives the corpus_id {place} for {len(texts)} documents; it must count from 0")
            if not 0 <= support <= 1:
                raise ModelError(f"the reranker gives the score {support:g}; pass `probability` to turn scores into 0 to 1")
            supports[place] = support
        return supports


def _reading(passage: Passage, supports: Sequence[float]) -> Reading:
    shift = passage.result.chunk.start
    sentences = tuple(
        Sentence(start + shift, end + shift, text, support, (start + shift, start + shift), 0.0)
        for (start, end), text, support in zip(passage.spans, passage.texts, supports, strict=True)
    )
    return Reading(passage.result, sentences, max(supports))
