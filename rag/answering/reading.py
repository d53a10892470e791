"""Reading: finds the sentences of the retrieved passages that answer the question, with their support.

A cross-encoder reads the question with each passage and scores whether the answer is there and where it begins. A logistic
model weighs that with the search's scores: the similarity of the passage and the question, and the terms that they share.
`tests/benchmarks/fit_reader.py` fits its weights.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import Any, Protocol, runtime_checkable

import numpy as np

from embeddings import logistic
from embeddings.catalogue import BUNDLED
from embeddings.encoder import Vectors
from embeddings.reader import CrossEncoderReader, PassageReading
from rag.documents.chunking import context
from rag.documents.file_names import context_of
from rag.text.language import language_of
from rag.text.scripts import to_simplified
from rag.text.sentences import Span, sentences
from rag.types import Language, SearchResult

WEIGHTS = BUNDLED / "reader" / "weights.json"
FEATURES = (
    "passage_read",
    "sentence_read",
    "passage_similarity",
    "passage_terms",
    "terms_elsewhere",
)
"""The columns of `features`: the logits of the passage and of the place, a cosine, a share of the terms, and the largest share of the
terms in a passage of the question's language if this one is in the other: where such a passage has them, the other is rarely meant."""

CONFIDENCE = BUNDLED / "reader" / "confidence.json"
"""Platt scaling (Platt, 1999) of the logit of the support; DECISIONS.md says where its values are from."""

_LEAST_SUPPORT = 1e-6
_SMALLEST_SHARE = 0.02
# A question, in quotation marks or as a heading too; "Who?" alone may be an answer in an interview.
_ASKS = re.compile(r"^#{1,6} |.{3}[？?][”」』\"'）)*]*$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document: `document.text[start:end] == text`.

    `support` is the probability, between 0 and 1, that it answers the question. `answer` is the place in the document of the shortest
    answer in it, empty when it is unknown, and `likelihood` the probability of that place if the sentence contains an answer.
    `tokens`, `(tokens, 4)`, are the start and end of each token in the document, and the probabilities that the answer begins and ends
    there; None if the reader does not know them.
    """

    start: int
    end: int
    text: str
    support: float
    answer: Span
    likelihood: float
    tokens: np.ndarray[Any, np.dtype[np.float64]] | None = field(default=None, compare=False, repr=False)

    def share(self, start: int, end: int) -> float:
        """Returns the probability that the answer begins and ends in `document.text[start:end]`, if the sentence contains one."""
        if self.tokens is None:
            return self.likelihood if start < self.answer[1] and self.answer[0] < end else 0.0
        inside = (self.tokens[:, 0] < end) & (self.tokens[:, 1] > start)
        return float(self.tokens[inside, 2].sum() * self.tokens[inside, 3].sum())


@dataclass(frozen=True, slots=True)
class Reading:
    """A passage as read: its sentences in order, and the support of the best of them."""

    result: SearchResult
    sentences: tuple[Sentence, ...]
    support: float


def odds(support: float) -> float:
    """Returns the odds of a probability."""
    return support / max(1e-6, 1 - support)


def ranked(readings: Sequence[Reading], top_k: int) -> tuple[SearchResult, ...]:
    """Returns the best supported passages, with ranks from 1 and the scores of every stage."""
    return tuple(
        replace(reading.result, rank=rank, score=reading.support, scores={**reading.result.scores, "support": reading.support})
        for rank, reading in enumerate(readings[:top_k], 1)
    )


class Reader(Protocol):
    """Judges which sentences answer a question. An own one can be given to `RagPipeline`."""

    def read(self, question: str, results: Sequence[SearchResult], stop: Event | None = None) -> list[Reading]:
        """Reads each passage that has a sentence.

        Args:
            question: Complete in itself.
            results: The passages.
            stop: Ends the work once it is set, from any thread.

        Returns:
            A reading of each passage, the best supported first.

        Raises:
            Stopped: `stop` was set before all were read.
        """


@runtime_checkable
class CalibratedReader(Reader, Protocol):
    """A reader that knows how often what it supports is right."""

    def confidence(self, support: float) -> float:
        """Returns the probability that the sentence shown is right, from its support; 0 for a support of 0.

        They differ: for the passage that comes nearest to a question that no passage answers, support is often high.
        """


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic model for sentences in the question's language, and one for those in the other.

    Each is an intercept and a weight for each of `FEATURES`, calibrated so that the support of the best sentence is the
    probability that the documents answer the question.
    """

    same: Vectors
    other: Vectors

    @classmethod
    def load(cls, file: Path = WEIGHTS) -> Weights:
        """Reads the weights that ship with the project."""
        models = logistic.load(file, FEATURES)
        return cls(models["same"], models["other"])


class SentenceReader:
    """Scores sentences with a cross-encoder and the search's scores. The weights are read on first use."""

    def __init__(self, cross_encoder: CrossEncoderReader | None = None, weights: Weights | None = None) -> None:
        self._cross_encoder = cross_encoder or CrossEncoderReader()
        self._given_weights = weights

    def read(self, question: str, results: Sequence[SearchResult], stop: Event | None = None) -> list[Reading]:
        passages = [Passage(result, question) for result in results]
        reads = self.read_passages(question, passages, stop)
        language = language_of(question)
        elsewhere = terms_elsewhere(results, language)
        readings = []
        for passage, read in zip(passages, reads, strict=True):
            if not passage.spans:
                continue
            weights = self._weights.same if passage.result.language == language else self._weights.other
            supports = logistic.probability(weights, features(passage, read, 0.0 if weights is self._weights.same else elsewhere))
            found = tuple(passage.sentence(i, read, float(support)) for i, support in enumerate(supports))
            readings.append(Reading(passage.result, found, float(supports.max())))
        return sorted(readings, key=lambda reading: -reading.support)

    def read_passages(self, question: str, passages: Sequence[Passage], stop: Event | None = None) -> list[PassageReading]:
        """Returns the cross-encoder's reading of each passage, in order."""
        return self._cross_encoder.read(to_simplified(question), [passage.context for passage in passages], stop)

    def confidence(self, support: float) -> float:
        if not support:
            return 0.0  # nothing was found, or all of it is about something else
        logit = np.log(odds(max(support, _LEAST_SUPPORT)))
        return float(logistic.probability(self._confidence, np.array([logit], np.float32)))

    @cached_property
    def _confidence(self) -> Vectors:
        return logistic.load(CONFIDENCE, ("support",))["answer"]

    @cached_property
    def _weights(self) -> Weights:
        return self._given_weights or Weights.load()


class Passage:
    """The sentences of a passage, without headings and questions, and their places in its text.

    The reader reads `context`, in which the text begins at `offset`, in simplified Chinese of the same length. It begins with the
    name of the file if the question mentions what only that name says.
    """

    def __init__(self, result: SearchResult, question: str = "") -> None:
        self.result = result
        headings = {part.strip() for part in result.chunk.section.split(" > ")} | {result.title}
        text = result.chunk.text
        known = context(result.title, result.chunk.section, text)
        file_name = context_of(result.source, question, known) if question else ""
        self.context = to_simplified(f"{file_name}\n{known}" if file_name else known)
        self.offset = len(self.context) - len(text)
        spans = sentences(text)
        self.spans = [(a, b) for a, b in spans if text[a:b].strip("# ") not in headings and not _ASKS.search(text[a:b])]
        self.texts = [text[a:b] for a, b in self.spans]

    def sentence(self, number: int, read: PassageReading, support: float) -> Sentence:
        """Returns the sentence with this number, from 0, and its shortest answer."""
        start, end = self.spans[number]
        first, last, likelihood = read.answer(self.offset + start, self.offset + end)
        shift = self.result.chunk.start
        answer = (first - self.offset + shift, last - self.offset + shift)
        tokens = read.tokens(self.offset + start, self.offset + end)
        tokens[:, :2] += shift - self.offset
        return Sentence(start + shift, end + shift, self.texts[number], support, answer, likelihood, tokens)


def terms_elsewhere(results: Sequence[SearchResult], language: Language) -> float:
    """Returns the largest share of the question's terms in a passage of its language; 0 without one."""
    return max((result.scores.get("coverage", 0.0) for result in results if result.language == language), default=0.0)


def features(passage: Passage, read: PassageReading, elsewhere: float) -> Vectors:
    """Computes the features of every sentence, `(sentences of the passage, len(FEATURES))`.

    `elsewhere` is that of `terms_elsewhere`, 0 for a passage in the question's language.
    """
    scores = passage.result.scores
    rows = [
        (
            read.support,
            np.log(_SMALLEST_SHARE + read.share(passage.offset + start, passage.offset + end)),
            scores.get("dense", 0.0),
            scores.get("coverage", 0.0),
            elsewhere,
        )
        for start, end in passage.spans
    ]
    return np.array(rows, np.float32).reshape(-1, len(FEATURES))
