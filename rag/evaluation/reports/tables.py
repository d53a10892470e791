"""Figures as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.evaluation.figures import MAIN, by_stage, counts, failed_at, figures, grouped, intervals
from rag.evaluation.outcome import Outcome

if TYPE_CHECKING:
    from rich.table import Table

NAMES = {
    "hit_at_1": "hit@1",
    "hit_at_5": "hit@5",
    "hit_at_10": "hit@10",
    "recall_at_1": "R@1",
    "recall_at_5": "R@5",
    "recall_at_10": "R@10",
    "mrr": "MRR",
    "ndcg_at_10": "nDCG@10",
    "right": "holds an accepted answer",
    "exact_match": "exact match",
    "f1": "F1",
    "gold_right": "reading alone: holds an accepted answer",
    "gold_exact_match": "reading alone: exact match",
    "gold_f1": "reading alone: F1",
    "on_evidence": "citations on the evidence",
    "exact": "citations that are exact places",
    "citation_recall": "citation recall (ALCE)",
    "citation_precision": "citation precision (ALCE)",
    "wrongly_answered": "wrongly answered",
    "wrongly_refused": "wrongly refused",
    "refusal_precision": "refusals: precision",
    "refusal_recall": "refusals: recall",
    "refusal_f1": "refusals: F1",
    "auroc": "AUROC of the confidence",
    "aurc": "area under risk-coverage",
    "ece": "expected calibration error",
    "median_seconds": "seconds, median",
    "p95_seconds": "seconds, 95th percentile",
}
"""What each figure is called."""

_COLUMNS = {
    "hit_at_1": "hit@1",
    "hit_at_5": "hit@5",
    "recall_at_10": "R@10",
    "mrr": "MRR",
    "ndcg_at_10": "nDCG",
    "right": "right",
    "f1": "F1",
    "on_evidence": "on evid.",
    "citation_recall": "cit. R",
    "citation_precision": "cit. P",
    "wrongly_answered": "w. answ.",
    "wrongly_refused": "w. ref.",
    "median_seconds": "s",
}


def tables(outcomes: Sequence[Outcome]) -> list[Table]:
    """By language pair and kind; all figures with their intervals; the stages of the search; where it went wrong."""
    return [_groups(outcomes), _all(outcomes), _stages(outcomes), _failures(outcomes)]


def shown(value: float | None) -> str:
    """A figure as it is written; a dash when there is none."""
    return "–" if value is None else f"{value:.3f}"


def _groups(outcomes: Sequence[Outcome]) -> Table:
    made = _table("by languages and kind", ["", "n", *_COLUMNS.values()])
    groups = grouped(outcomes)
    pairs = sum("->" in name for name in groups)
    for number, (name, of_group) in enumerate(groups.items()):
        cells = (shown(getattr(of_group, column)) for column in _COLUMNS)
        made.add_row(name, str(of_group.n), *cells, end_section=number in (0, pairs))
    return made


def _all(outcomes: Sequence[Outcome]) -> Table:
    made = _table("all questions", ["", "", "n", "95% interval"])
    of_all, of, between = figures(outcomes), counts(outcomes), intervals(outcomes)
    for name, words in NAMES.items():
        made.add_row(words, shown(getattr(of_all, name)), str(of.get(name, of_all.n)), _interval(between.get(name)))
    return made


def _interval(between: tuple[float, float] | None) -> str:
    return f"{between[0]:.3f} – {between[1]:.3f}" if between else ""


def _stages(outcomes: Sequence[Outcome]) -> Table:
    found = by_stage(outcomes)
    measures = list(next(iter(found.values()), {}))
    made = _table("retrieval, stage by stage", ["", *(NAMES[name] for name in measures)])
    for stage, values in found.items():
        made.add_row(stage, *(shown(values[name]) for name in measures))
    return made


def _failures(outcomes: Sequence[Outcome]) -> Table:
    counts = failed_at(outcomes)
    made = _table("went wrong at", list(counts))
    made.add_row(*map(str, counts.values()))
    return made


def comparison(differences: Mapping[str, Mapping[str, Any]]) -> Table:
    """How two runs differ; see `rag.evaluation.comparison.compare`."""
    made = _table("paired over the questions of both", ["", "n", "A", "B", "B - A", "p", "p, adjusted"])
    for name in MAIN:
        if row := differences.get(name):
            values = shown(row["a"]), shown(row["b"]), f"{row['difference']:+.3f}"
            made.add_row(NAMES[name], str(row["n"]), *values, *(f"{row[p]:.4f}" for p in ("p", "p_adjusted")))
    return made


def _table(title: str, columns: Sequence[str]) -> Table:
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number or column else "left")
    return made
