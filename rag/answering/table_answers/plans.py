"""The plan of a question over a table: an operation, the column it works on, and conditions on the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from rag.answering.table_answers.columns import Column
from rag.documents.tables import Table

Operation = Literal[
    "highest", "lowest", "latest", "earliest", "most", "fewest", "count", "sum", "average", "difference", "list", "lookup"
]
Field = Literal["text", "number", "date"]

BY_TERMS = 0.95
"""The confidence of an answer whose columns the question names in the words of the headings, or where only one column fits."""
BY_CONCEPT = 0.85
"""The confidence where the question names a column by a synonym, perhaps in the other language."""
BY_COSINE = 0.7
"""The confidence where the encoder matched a word of the question to a heading."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column: its text is one of `values`, or its number or date lies between `low` and `high`.

    A bound of None leaves that side open. Both bounds are included unless `is_open`. `shown` is the condition in words.
    """

    column: int
    field: Field
    values: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    is_open: bool = False
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A calculation over a table.

    `target` is the column that is compared, summed or averaged. For a count it is the column whose different values are
    counted, or None to count rows. The most and the fewest are the values of `label` that most or fewest rows have. `label` is the column that names the rows in the answer. `limit` is the number of rows that
    an extreme returns, apart from ties. A lookup shows the cells of `target` in the rows that meet the conditions. `columns` are those of `table`.
    """

    operation: Operation
    table: Table
    label: int
    target: int | None = None
    filters: tuple[Filter, ...] = ()
    limit: int = 1
    confidence: float = BY_TERMS
    columns: tuple[Column, ...] = field(default=(), repr=False)


class NoPlanError(Exception):
    """The question cannot be answered with certainty over this table."""
