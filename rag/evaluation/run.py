"""Asks every question and measures retrieval, answers, citations and refusals."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rag.evaluation.matching import FoldedDocument, Place, holds, places
from rag.evaluation.question_set import Question
from rag.pipeline import RagPipeline
from rag.types import Citation, SearchResult

_EVIDENCE_IN_CHUNK = 0.5
"""A chunk holds a piece of evidence when at least this share of it lies inside."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question.

    `pair` is the question's language and that of its evidence, such as "en->zh". `rank` is the rank of the first passage
    that holds evidence, None when none does. `right` is whether the answer holds an accepted string. `citations` and
    `citations_on_evidence` are counts.
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


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares over a group of outcomes; None where the group has nothing to take the share of.

    Retrieval figures and `right` are over the answerable questions, `on_evidence` and `exact` over their citations.
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


def run(pipeline: RagPipeline, questions: Sequence[Question], progress: Callable[[Outcome], None] | None = None) -> list[Outcome]:
    """Asks every question, in order.

    Args:
        pipeline: The same as the chat's.
        questions: What is asked.
        progress: Called with each outcome.
    """
    library = pipeline.library
    documents = [FoldedDocument(library.document(summary.id)) for summary in library.documents()]
    outcomes = []
    for question in questions:
        evidence = places(question.evidence, documents)
        outcome = _outcome(pipeline, question, evidence, {document.id: document.language for document in documents})
        outcomes.append(outcome)
        if progress:
            progress(outcome)
    return outcomes


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
    )


def grouped(outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    """The figures of all outcomes, of each language pair and of each kind, in this order."""
    groups = {"all": list(outcomes)}
    for outcome in sorted(outcomes, key=lambda o: o.pair):
        groups.setdefault(outcome.pair, []).append(outcome)
    for outcome in sorted(outcomes, key=lambda o: (not o.answerable, o.kind)):
        groups.setdefault(outcome.kind, []).append(outcome)
    return {name: figures(group) for name, group in groups.items()}


def to_dict(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Figures and outcomes as plain values, ready for JSON."""
    return {
        "figures": {name: asdict(of_group) for name, of_group in grouped(outcomes).items()},
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }


def _outcome(pipeline: RagPipeline, question: Question, evidence: Sequence[Place], languages: dict[str, str]) -> Outcome:
    answer = pipeline.answer(question.question)
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
