"""Figures as a table for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.evaluation.run import Figures, Outcome, grouped

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("n", "R@1", "R@5", "R@10", "MRR", "right", "on evidence", "wrongly answered", "wrongly refused", "s")


def table(outcomes: Sequence[Outcome]) -> Table:
    """One row for all questions, for each language pair and for each kind."""
    from rich.table import Table

    made = Table(title="retrieval · answers · citations · refusals", title_justify="left")
    made.add_column("")
    for column in _COLUMNS:
        made.add_column(column, justify="right")
    groups = grouped(outcomes)
    pairs = sum("->" in name for name in groups)
    for number, (name, of_group) in enumerate(groups.items()):
        made.add_row(name, *_cells(of_group), end_section=number in (0, pairs))
    return made


def _cells(of_group: Figures) -> list[str]:
    shares = (
        of_group.recall_at_1,
        of_group.recall_at_5,
        of_group.recall_at_10,
        of_group.mrr,
        of_group.right,
        of_group.on_evidence,
        of_group.wrongly_answered,
        of_group.wrongly_refused,
    )
    return [str(of_group.n), *("–" if share is None else f"{share:.3f}" for share in shares), f"{of_group.median_seconds:.2f}"]
