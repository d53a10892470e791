"""Figures as tables for the terminal, in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag import texts
from rag.evaluation.figures import MAIN, Figures, by_stage, counts, failed_at, figures, grouped, intervals
from rag.evaluation.outcome import Outcome

if TYPE_CHECKING:
    from rich.table import Table

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
    """Returns the figures by group, all figures with their intervals, those of each stage of the search, and failures by stage."""
    return [_groups(outcomes), _all(outcomes), _stages(outcomes), _failures(outcomes)]


def shown(value: float | None) -> str:
    """Formats a figure, None as a dash."""
    return "–" if value is None else f"{value:.3f}"


def shown_figure(name: str, of_group: Figures) -> str:
    """Formats one of the figures by its name, times with their unit."""
    value = getattr(of_group, name)
    return str(value) if name == "n" else f"{value:.3f} s" if name.endswith("_seconds") else shown(value)


def shown_interval(interval: tuple[float, float] | None) -> str:
    """Formats the ends of an interval, None as nothing."""
    return f"{interval[0]:.3f} – {interval[1]:.3f}" if interval else ""


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
    for name in texts.FIGURES:
        if name != "n":
            count = str(of.get(name, of_all.n))
            made.add_row(_name(name), shown_figure(name, of_all), count, shown_interval(between.get(name)))
    return made


def _stages(outcomes: Sequence[Outcome]) -> Table:
    found = by_stage(outcomes)
    measures = list(next(iter(found.values()), {}))
    made = _table("retrieval, stage by stage", ["", *(_name(name) for name in measures)])
    for stage, values in found.items():
        made.add_row(stage, *(shown(values[name]) for name in measures))
    return made


def _failures(outcomes: Sequence[Outcome]) -> Table:
    counts = failed_at(outcomes)
    made = _table("went wrong at", list(counts))
    made.add_row(*map(str, counts.values()))
    return made


def comparison(differences: Mapping[str, Mapping[str, Any]]) -> Table:
    """Returns the differences of two runs as a table; see `rag.evaluation.comparison.compare`."""
    made = _table("paired over the questions of both", ["", "n", "A", "B", "B - A", "p", "p, adjusted"])
    for name in MAIN:
        if row := differences.get(name):
            values = shown(row["a"]), shown(row["b"]), f"{row['difference']:+.3f}"
            made.add_row(_name(name), str(row["n"]), *values, *(f"{row[p]:.4f}" for p in ("p", "p_adjusted")))
    return made


def _name(figure: str) -> str:
    return texts.FIGURES[figure][0].english


def _table(title: str, columns: Sequence[str]) -> Table:
    from rich.table import Table

    made = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number or column else "left")
    return made
