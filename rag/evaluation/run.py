"""Asks every question and measures retrieval, answers, citations, refusals and time."""

from __future__ import annotations

import math
import statistics
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rag.errors import QuestionError, QuestionSetError
from rag.evaluation.matching import FoldedDocument, Place, holds, places
from rag.evaluation.question_set import Question
from rag.library import Library
from rag.pipeline import RagPipeline
from rag.types import Answer, Citation, SearchResult

Failure = Literal["wrongly answered", "wrongly refused", "not right", "off the evidence"]
"""What is wrong with an answer, the gravest first."""

_EVIDENCE_IN_CHUNK = 0.5
"""A chunk holds a piece of evidence when at least this share of it lies inside."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question.

    `pair` is the question's language and that of its evidence, such as "en->zh". `rank` is the rank of the first passage
    that holds evidence, None when none does. `right` is whether the answer holds an accepted string. `citations` and
    `citations_on_evidence` are counts. `expected` are the accepted strings.
    """

    id: str
    pair: str
    kind: str
    question: str
    answerable: bool
    rank: int | None
    right: bool
    abstained: bool
    citations: int
    citations_on_evidence: int
    citations_exact: int
    confidence: float
    seconds: float
    answer: str
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares over a group of outcomes; None where the group has nothing to take the share of.

    Retrieval figures and `right` are over the answerable questions, `on_evidence` and `exact` over their citations.
    `p95_seconds` is the time within which 95 of 100 questions are answered.
    """

    n: int
    recall_at_1: float | None
    recall_at_5: float | None
    recall_at_10: float | None
    mrr: float | None
    right: float | None
    on_evidence: float | None
    exact: float | None
    wrongly_answered: float | None
    wrongly_refused: float | None
    median_seconds: float
    p95_seconds: float


def run(pipeline: RagPipeline, questions: Sequence[Question], progress: Callable[[Outcome], None] | None = None) -> list[Outcome]:
    """Asks every question, in order.

    Args:
        pipeline: The same as the chat's.
        questions: What is asked.
        progress: Called with each outcome.
    """
    asked = []
    for outcome in outcomes(pipeline, questions):
        asked.append(outcome)
        if progress:
            progress(outcome)
    return asked


def outcomes(
    pipeline: RagPipeline, questions: Sequence[Question], ask: Callable[[str], Answer] | None = None
) -> Iterator[Outcome]:
    """The outcome of each question, in order, each asked when its turn comes.

    Args:
        pipeline: The same as the chat's.
        questions: What is asked.
        ask: Asks the pipeline a question; `pipeline.answer` when None.

    Raises:
        QuestionSetError: A question is one that cannot be asked.
    """
    library = pipeline.library
    documents = [FoldedDocument(library.document(summary.id)) for summary in library.documents()]
    languages = {document.id: document.language for document in documents}
    for question in questions:
        try:
            answer = (ask or pipeline.answer)(question.question)
        except QuestionError as error:
            raise QuestionSetError(f'question "{question.id}": {error}') from error
        yield _outcome(pipeline, question, answer, places(question.evidence, documents), languages)


@contextmanager
def fresh(pipeline: RagPipeline) -> Iterator[RagPipeline]:
    """The same pipeline over an empty library of its own, which is gone afterwards."""
    library = pipeline.library
    with (
        tempfile.TemporaryDirectory() as folder,
        Library(Path(folder) / "library", library.encoder, analyzer=library.analyzer) as empty,
    ):
        yield RagPipeline(
            empty,
            pipeline._reader,
            pipeline.generator,
            top_k=pipeline.top_k,
            max_sentences=pipeline.max_sentences,
            threshold=pipeline.threshold,
        )


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """The figures of a group of outcomes."""
    answerable = [o for o in outcomes if o.answerable]
    unanswerable = [o for o in outcomes if not o.answerable]
    citations = sum(o.citations for o in answerable)
    return Figures(
        n=len(outcomes),
        recall_at_1=_share((o.rank or 99) <= 1 for o in answerable),
        recall_at_5=_share((o.rank or 99) <= 5 for o in answerable),
        recall_at_10=_share((o.rank or 99) <= 10 for o in answerable),
        mrr=statistics.fmean(1 / o.rank if o.rank else 0.0 for o in answerable) if answerable else None,
        right=_share(o.right for o in answerable),
        on_evidence=sum(o.citations_on_evidence for o in answerable) / citations if citations else None,
        exact=(sum(o.citations_exact for o in outcomes) / total) if (total := sum(o.citations for o in outcomes)) else None,
        wrongly_answered=_share(not o.abstained for o in unanswerable),
        wrongly_refused=_share(o.abstained for o in answerable),
        median_seconds=statistics.median(o.seconds for o in outcomes) if outcomes else 0.0,
        p95_seconds=sorted(o.seconds for o in outcomes)[math.ceil(0.95 * len(outcomes)) - 1] if outcomes else 0.0,
    )


def grouped(outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    """The figures of all outcomes, of each language pair and of each kind, in this order."""
    groups = {"all": list(outcomes)}
    for outcome in sorted(outcomes, key=lambda o: o.pair):
        groups.setdefault(outcome.pair, []).append(outcome)
    for outcome in sorted(outcomes, key=lambda o: (not o.answerable, o.kind)):
        groups.setdefault(outcome.kind, []).append(outcome)
    return {name: figures(group) for name, group in groups.items()}


def failure(outcome: Outcome) -> Failure | None:
    """The gravest that is wrong with an answer, None when all is well.

    An answer that is right is "off the evidence" when any of its citations is.
    """
    if outcome.answerable == outcome.abstained:
        return "wrongly refused" if outcome.answerable else "wrongly answered"
    if not outcome.answerable:
        return None
    if not outcome.right:
        return "not right"
    return "off the evidence" if outcome.citations_on_evidence < outcome.citations else None


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Coverage and risk `(questions, 2)`: the share answered down to each confidence, and the share of those that is wrong.

    After El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective Classification".
    """
    answered = np.arange(1, len(confidence) + 1)
    wrong = np.cumsum(~right[np.argsort(-confidence)])
    return np.stack([answered / len(confidence), wrong / answered], axis=1)


def to_dict(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Figures and outcomes as plain values, ready for JSON."""
    return {
        "figures": {name: asdict(of_group) for name, of_group in grouped(outcomes).items()},
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }


def _outcome(
    pipeline: RagPipeline, question: Question, answer: Answer, evidence: Sequence[Place], languages: Mapping[str, str]
) -> Outcome:
    evidence_languages = sorted({languages[place.document_id] for place in evidence})
    language = question.lang if question.lang in evidence_languages else next(iter(evidence_languages), "none")
    return Outcome(
        id=question.id,
        pair=f"{question.lang}->{language}",
        kind=question.kind,
        question=question.question,
        answerable=question.answerable,
        rank=next((result.rank for result in answer.results if _holds_evidence(result, evidence)), None),
        right=question.answerable and not answer.abstained and holds(answer.text, question.answers),
        abstained=answer.abstained,
        citations=len(answer.citations),
        citations_on_evidence=sum(_on_evidence(citation, evidence) for citation in answer.citations),
        citations_exact=sum(_exact(pipeline, citation) for citation in answer.citations),
        confidence=answer.confidence,
        seconds=answer.timings["total"],
        answer=answer.text,
        expected=question.answers,
    )


def _holds_evidence(result: SearchResult, evidence: Iterable[Place]) -> bool:
    chunk = result.chunk
    return any(
        place.overlap(chunk.document_id, chunk.start, chunk.end) >= _EVIDENCE_IN_CHUNK * (place.end - place.start)
        for place in evidence
    )


def _on_evidence(citation: Citation, evidence: Iterable[Place]) -> bool:
    """Whether a citation and a piece of evidence share at least half of the shorter one."""
    return any(
        place.overlap(citation.document_id, citation.start, citation.end)
        >= 0.5 * min(place.end - place.start, citation.end - citation.start)
        for place in evidence
    )


def _exact(pipeline: RagPipeline, citation: Citation) -> bool:
    return pipeline.library.document(citation.document_id).text[citation.start : citation.end] == citation.quote


def _share(values: Iterable[bool]) -> float | None:
    counted = [float(value) for value in values]
    return statistics.fmean(counted) if counted else None
