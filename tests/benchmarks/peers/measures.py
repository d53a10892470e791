"""Measures of rankings of passages of any size, by their text alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rag.evaluation.measures import significance
from rag.evaluation.measures.matching import fold, holds

RANKS = (1, 5, 10)
BUDGETS = (1000, 4000)
"""Characters: what stands in the first so many of the ranked passages, one after the other. Large passages gain nothing by it."""


def rank_of(passages: Sequence[str], evidence: Iterable[str]) -> int | None:
    """Returns the rank, from 1, of the first passage that contains at least half of a piece of evidence; None if no passage does.

    Half, since a passage may end inside a sentence; it is the first half or the second.
    """
    wanted = [half for quote in evidence for half in _halves(fold(quote))]
    for rank, passage in enumerate(passages, 1):
        text = fold(passage)
        if any(half in text for half in wanted):
            return rank
    return None


def is_within(passages: Sequence[str], evidence: Iterable[str], characters: int) -> bool:
    """Tells whether evidence is within the first characters of the passages, judging each passage by itself."""
    cut, left = [], characters
    for passage in passages:
        cut.append(passage[:left])
        left -= len(passage)
        if left <= 0:
            break
    return rank_of(cut, evidence) is not None


def of_question(passages: Sequence[str], handed_over: str, evidence: Sequence[str], answers: Sequence[str]) -> dict[str, float]:
    """Computes the measures of one question.

    Args:
        passages: What was found, best first.
        handed_over: What a language model would be given by default.
        evidence: Quotes, each of which contains the answer.
        answers: Accepted strings.
    """
    rank = rank_of(passages, evidence)
    measured = {f"hit@{k}": float(rank is not None and rank <= k) for k in RANKS}
    measured["MRR"] = 1 / rank if rank else 0.0
    measured |= {f"in {budget:,} ch.": float(is_within(passages, evidence, budget)) for budget in BUDGETS}
    return measured | {"handed over": float(holds(handed_over, answers)), "characters": float(len(handed_over))}


def mean_and_interval(values: Sequence[float]) -> str:
    """Formats a mean with its 95% bootstrap interval in brackets."""
    numbers = np.asarray(values, dtype=np.float64)
    interval = significance.interval(numbers, np.ones(len(numbers)))
    assert interval
    return f"{numbers.mean():.3f} ({interval[0]:.2f}–{interval[1]:.2f})"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Formats a table in Markdown, with the first column aligned left and the others right."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def by_pair(rows: Sequence[Mapping[str, Any]], measure: str) -> dict[str, tuple[float, int]]:
    """Computes the mean of a measure and the number of questions for each pair of languages, such as "en->zh"."""
    pairs = sorted({row["pair"] for row in rows})
    values = {pair: [row[measure] for row in rows if row["pair"] == pair] for pair in pairs}
    return {pair: (float(np.mean(each)), len(each)) for pair, each in values.items()}


def paired(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]], measure: str) -> tuple[int, int, float]:
    """Counts the questions where only one or only the other system is right by a measure; also returns McNemar's p-value."""
    theirs = {row["id"]: row[measure] for row in other}
    won = sum(row[measure] > theirs[row["id"]] for row in one)
    lost = sum(row[measure] < theirs[row["id"]] for row in one)
    return won, lost, significance.mcnemar(lost, won)


def _halves(folded: str) -> tuple[str, ...]:
    middle = (len(folded) + 1) // 2
    return tuple(half for half in (folded[:middle], folded[len(folded) - middle :]) if half)
