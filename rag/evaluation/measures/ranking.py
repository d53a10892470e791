"""Measures of rankings, by ir_measures, which gives the values of trec_eval."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

MEASURES = {
    "hit_at_1": "Success@1",
    "hit_at_5": "Success@5",
    "hit_at_10": "Success@10",
    "recall_at_1": "R@1",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "mrr": "RR",
    "ndcg_at_10": "nDCG@10",
}
"""The name of each measure in ir_measures. A question is a hit if its first k passages contain a relevant one. Recall is the share of
its relevant passages among the first k. Both are the same for a question with one relevant passage."""

_NOWHERE = "nowhere"
"""A relevant passage that no ranking contains, so that a question without relevant passages in the library counts as 0."""


def measure(
    rankings: Sequence[Sequence[str]], relevant: Sequence[Mapping[str, int]]
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Computes each of `MEASURES` for each question, `(questions,)`; 0 if nothing was found.

    Args:
        rankings: The passages found for each question, the best first, each once.
        relevant: Their grades, of those that are relevant, for each question.
    """
    import ir_measures

    run = [
        ir_measures.ScoredDoc(str(number), passage, 1 / rank)
        for number, ranking in enumerate(rankings)
        for rank, passage in enumerate(ranking, 1)
    ]
    qrels = [
        ir_measures.Qrel(str(number), passage, grade)
        for number, grades in enumerate(relevant)
        for passage, grade in (grades or {_NOWHERE: 1}).items()
    ]
    names = {ir_measures.parse_measure(theirs): ours for ours, theirs in MEASURES.items()}
    values = {name: np.zeros(len(rankings)) for name in MEASURES}
    if qrels:
        for value in ir_measures.iter_calc(list(names), qrels, run):
            values[names[value.measure]][int(value.query_id)] = value.value
    return values


def run_lines(ids: Sequence[str], rankings: Sequence[Sequence[str]]) -> str:
    """Formats rankings as TREC does: query, Q0, passage, rank, score, name of the run."""
    return "".join(
        f"{_word(query)} Q0 {_word(passage)} {rank} {1 / rank:.6f} yinju\n"
        for query, ranking in zip(ids, rankings, strict=True)
        for rank, passage in enumerate(ranking, 1)
    )


def qrels_lines(ids: Sequence[str], relevant: Sequence[Mapping[str, int]]) -> str:
    """Formats the relevant passages as TREC does: query, 0, passage, grade."""
    return "".join(
        f"{_word(query)} 0 {_word(passage)} {grade}\n"
        for query, grades in zip(ids, relevant, strict=True)
        for passage, grade in (grades or {_NOWHERE: 1}).items()
    )


def _word(name: str) -> str:
    """Replaces white space, which separates the columns."""
    return re.sub(r"\s+", "_", name)
