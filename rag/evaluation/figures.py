"""Figures over groups of outcomes, with their confidence intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag.evaluation.measures import abstention, ranking, significance
from rag.evaluation.measures.significance import Ratio, Values
from rag.evaluation.outcome import Outcome, stage

FINAL = "reranked"
"""The last stage of the search, whose ranking the answer is made from."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Measures over a group of outcomes; None if the group has no outcomes of the kind that is measured.

    Measures of retrieval are over the answerable questions; `right`, `exact_match` and `f1` are over those with accepted answers;
    `on_evidence` and `exact` are over all citations; `citation_recall` is over all statements that cite, after ALCE. Measures that
    begin with `gold_` are of the reader, given the relevant passages alone. 95 of 100 questions are answered within `p95_seconds`.
    For the others see `rag.evaluation.measures.ranking.MEASURES` and `rag.evaluation.measures.abstention.Abstention`.
    """

    n: int
    hit_at_1: float | None
    hit_at_5: float | None
    hit_at_10: float | None
    recall_at_1: float | None
    recall_at_5: float | None
    recall_at_10: float | None
    mrr: float | None
    ndcg_at_10: float | None
    right: float | None
    exact_match: float | None
    f1: float | None
    gold_right: float | None
    gold_exact_match: float | None
    gold_f1: float | None
    on_evidence: float | None
    exact: float | None
    citation_recall: float | None
    citation_precision: float | None
    wrongly_answered: float | None
    wrongly_refused: float | None
    refusal_precision: float | None
    refusal_recall: float | None
    refusal_f1: float | None
    auroc: float | None
    aurc: float | None
    ece: float | None
    median_seconds: float
    p95_seconds: float


MAIN = (
    *("hit_at_1", "hit_at_5", "recall_at_10", "mrr", "ndcg_at_10"),
    *("right", "f1", "on_evidence", "citation_recall", "citation_precision"),
    *("wrongly_answered", "wrongly_refused"),
)
"""The figures that have intervals and by which runs are compared."""


def ratios(outcomes: Sequence[Outcome]) -> dict[str, Ratio]:
    """Returns the numerators and denominators of each figure that is a ratio of sums, one for each question."""
    answerable = np.array([outcome.answerable for outcome in outcomes], dtype=bool)
    wanted = np.array([outcome.answerable and bool(outcome.expected) for outcome in outcomes], dtype=bool)

    def each(value: Callable[[Outcome], float | None]) -> Values:
        return np.array([value(outcome) or 0.0 for outcome in outcomes], dtype=np.float64)

    def mean(value: Callable[[Outcome], float | None], among: Values | np.ndarray[Any, np.dtype[np.bool_]]) -> Ratio:
        known = np.array([value(outcome) is not None for outcome in outcomes], dtype=bool)
        below = (np.asarray(among, dtype=bool) & known).astype(np.float64)
        return each(value) * below, below

    found = retrieval(outcomes, FINAL)
    columns = {name: (values * answerable, answerable.astype(np.float64)) for name, values in found.items()}
    columns |= {
        "right": mean(lambda o: float(o.right), wanted),
        "exact_match": mean(lambda o: o.exact_match, wanted),
        "f1": mean(lambda o: o.f1, wanted),
        "gold_right": mean(lambda o: float(o.gold.right) if o.gold else None, wanted),
        "gold_exact_match": mean(lambda o: o.gold.exact_match if o.gold else None, wanted),
        "gold_f1": mean(lambda o: o.gold.f1 if o.gold else None, wanted),
        "on_evidence": (each(lambda o: o.citations_on_evidence) * answerable, each(lambda o: o.citations) * answerable),
        "exact": (each(lambda o: o.citations_exact), each(lambda o: o.citations)),
        "citation_recall": (each(lambda o: o.cited.supported), each(lambda o: o.cited.statements)),
        "citation_precision": (each(lambda o: o.cited.precise), each(lambda o: o.cited.citations)),
        "wrongly_answered": mean(lambda o: float(not o.abstained), ~answerable),
        "wrongly_refused": mean(lambda o: float(o.abstained), answerable),
    }
    return columns


def figures(outcomes: Sequence[Outcome]) -> Figures:
    """Computes the figures of a group of outcomes."""
    shares: dict[str, Any] = {name: _ratio(*ratio) for name, ratio in ratios(outcomes).items()}
    of_refusing = _abstention(outcomes)
    seconds = sorted(outcome.seconds for outcome in outcomes)
    return Figures(
        n=len(outcomes),
        **shares,
        refusal_precision=of_refusing.refusal_precision,
        refusal_recall=of_refusing.refusal_recall,
        refusal_f1=of_refusing.refusal_f1,
        auroc=of_refusing.auroc,
        aurc=of_refusing.aurc,
        ece=of_refusing.ece,
        median_seconds=float(np.median(seconds)) if seconds else 0.0,
        p95_seconds=seconds[-(-95 * len(seconds) // 100) - 1] if seconds else 0.0,
    )


def counts(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Counts the questions, citations or statements behind each ratio."""
    return {name: int(below.sum()) for name, (_, below) in ratios(outcomes).items()}


def intervals(outcomes: Sequence[Outcome]) -> dict[str, tuple[float, float] | None]:
    """Computes the 95% bootstrap interval of each main figure."""
    columns = ratios(outcomes)
    return {name: significance.interval(*columns[name]) for name in MAIN}


def groups(outcomes: Sequence[Outcome]) -> dict[str, list[Outcome]]:
    """Groups the outcomes: all of them, then those of each language pair, then those of each kind."""
    found = {"all": list(outcomes)}
    for outcome in sorted(outcomes, key=lambda o: o.pair):
        found.setdefault(outcome.pair, []).append(outcome)
    for outcome in sorted(outcomes, key=lambda o: (not o.answerable, o.kind)):
        found.setdefault(outcome.kind, []).append(outcome)
    return found


def grouped(outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    """Computes the figures of each of `groups`."""
    return {name: figures(group) for name, group in groups(outcomes).items()}


def by_stage(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Computes the means of the ranking measures over the answerable questions, for each stage of the search, in order."""
    answerable = [outcome for outcome in outcomes if outcome.answerable and outcome.rankings]
    names = dict.fromkeys(name for outcome in answerable for name in outcome.rankings)
    return {name: {key: float(values.mean()) for key, values in retrieval(answerable, name).items()} for name in names}


def failed_at(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Counts the questions that went wrong at each stage."""
    counts = Counter(stage(outcome) for outcome in outcomes)
    return {name: counts[name] for name in ("retrieval", "reading", "refusal", "composing")}


def retrieval(outcomes: Sequence[Outcome], name: str) -> dict[str, Values]:
    """Computes the ranking measures of one stage of the search for each outcome.

    An outcome of which only the rank is known counts as having one relevant passage.
    """
    rankings, relevant = [], []
    for outcome in outcomes:
        if outcome.rankings:
            rankings.append(list(outcome.rankings.get(name, ())))
            relevant.append(dict(outcome.relevant))
        else:
            before = [f"other {number}" for number in range(1, outcome.rank or 0)]
            rankings.append([*before, "evidence"] if outcome.rank else [])
            relevant.append({"evidence": 1})
    return ranking.measure(rankings, relevant)


def _abstention(outcomes: Sequence[Outcome]) -> abstention.Abstention:
    # A set without answers to compare with says nothing of what should have been refused.
    judged = [outcome for outcome in outcomes if outcome.expected or not outcome.answerable]
    if not judged:
        return abstention.Abstention(None, None, None, None, None, None)
    return abstention.measure(
        np.array([outcome.answerable for outcome in judged]),
        np.array([outcome.abstained for outcome in judged]),
        np.array([outcome.confidence for outcome in judged]),
        np.array([outcome.right if not outcome.abstained else bool(outcome.best_right) for outcome in judged]),
    )


def _ratio(above: Values, below: Values) -> float | None:
    return float(above.sum() / below.sum()) if below.sum() else None
