"""Plan -> rows and number, calculated exactly in a SQLite database in memory that exists for one question only."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

from rag.answering.table_answers import words
from rag.answering.table_answers.columns import shortest
from rag.answering.table_answers.plans import Plan
from rag.documents import tables
from rag.documents.tables import Row

_EXTREMES = ("highest", "lowest", "latest", "earliest")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a plan: the rows that decide, in order, and the number, if there is one.

    `matching` is the number of rows that meet the conditions, `empty` how many of these have no value in the target column.
    `exact` is false if `value` had to be rounded.
    """

    rows: tuple[int, ...]
    matching: int
    empty: int = 0
    value: Decimal | None = None
    exact: bool = True


def calculate(plan: Plan) -> Outcome | None:
    """Carries out a plan exactly: every column's numbers are stored as integers, in units of its smallest decimal.

    Returns:
        The outcome; None when no row meets the conditions, when a number exceeds SQLite's integers, or when a sum over all rows
        differs from the total that the table gives.
    """
    decimals = {i: _decimals(plan, i) for i in range(len(plan.columns))}
    conditions, parameters = _conditions(plan, decimals)
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            _fill(connection, plan, decimals)
            query = _Query(connection, plan, conditions, parameters)
            return _largest_groups(query) if plan.operation in ("most", "fewest") else _outcome(query, decimals)
        except (OverflowError, sqlite3.OperationalError):  # an integer of more than 64 bits
            return None


@dataclass(frozen=True, slots=True)
class _Query:
    """Selects from the rows that meet a plan's conditions. Column names are numbered; text from cells is always a parameter."""

    connection: sqlite3.Connection
    plan: Plan
    conditions: str
    parameters: Sequence[object]

    @property
    def value(self) -> str:
        """The SQL name of the column that is compared, summed or counted."""
        kind = {"latest": "d", "earliest": "d", "count": "t"}.get(self.plan.operation, "n")
        return "NULL" if self.plan.target is None else f"{kind}{self.plan.target}"

    def rows(self, more: str = "", order: str = "row", parameters: Sequence[object] = ()) -> tuple[int, ...]:
        """Returns the numbers of the rows that also meet the conditions in `more`."""
        sql = f"SELECT row FROM cells WHERE {self.conditions}{more} ORDER BY {order}"
        return tuple(row for (row,) in self.connection.execute(sql, [*self.parameters, *parameters]))

    def number(self, sql: str) -> int:
        """Returns the integer that an aggregate gives."""
        (number,) = self.connection.execute(f"SELECT {sql} FROM cells WHERE {self.conditions}", self.parameters).fetchone()
        return int(number)

    def extreme(self, direction: Literal["ASC", "DESC"]) -> tuple[int, ...]:
        """Returns the rows with the first `plan.limit` values in a direction, and those that tie with the last of them."""
        last, compare = ("min", ">=") if direction == "DESC" else ("max", "<=")
        bound = (
            f"SELECT {last}(v) FROM (SELECT {self.value} AS v FROM cells WHERE {self.conditions} AND {self.value} IS NOT NULL"
            f" ORDER BY v {direction} LIMIT ?)"
        )
        more = f" AND {self.value} IS NOT NULL AND {self.value} {compare} ({bound})"
        return self.rows(more, f"{self.value} {direction}, row", [*self.parameters, self.plan.limit])

    def different(self) -> tuple[int, ...]:
        """Returns the first row of each different value."""
        sql = f"SELECT min(row) FROM cells WHERE {self.conditions} AND {self.value} <> '' GROUP BY {self.value} ORDER BY 1"
        return tuple(row for (row,) in self.connection.execute(sql, self.parameters))


def _outcome(query: _Query, decimals: Mapping[int, int]) -> Outcome | None:
    plan, matching = query.plan, query.number("count(*)")
    if not matching:
        return None
    if plan.target is None or plan.operation == "lookup":
        return Outcome(query.rows(), matching, value=Decimal(matching) if plan.target is None else None)
    if plan.operation == "count":
        rows = query.different()
        return Outcome(rows, matching, value=Decimal(len(rows))) if rows else None
    empty = matching - query.number(f"count({query.value})")
    if empty == matching:
        return None
    if plan.operation in _EXTREMES:
        rows = query.extreme("DESC" if plan.operation in ("highest", "latest") else "ASC")
        return Outcome(rows, matching, empty)
    return _aggregate(query, decimals[plan.target], matching, empty)


def _largest_groups(query: _Query) -> Outcome | None:
    """Counts the rows of each value of the label; returns those of the values with the most or fewest. None if all are alike."""
    plan = query.plan
    texts = plan.columns[plan.label].texts
    groups: dict[str, list[int]] = {}
    for row in query.rows():
        if texts[row] and not tables.is_missing(texts[row]):
            groups.setdefault(texts[row], []).append(row)
    sizes = {len(rows) for rows in groups.values()}
    if len(sizes) < 2:
        return None
    size = max(sizes) if plan.operation == "most" else min(sizes)
    chosen = tuple(row for rows in groups.values() if len(rows) == size for row in rows)
    matching = query.number("count(*)")
    return Outcome(chosen, matching, matching - sum(map(len, groups.values())), Decimal(size))


def _aggregate(query: _Query, places: int, matching: int, empty: int) -> Outcome | None:
    """Returns a sum, average or difference of numbers with so many decimals; None when it is uncertain."""
    plan = query.plan
    rows = query.rows(f" AND {query.value} IS NOT NULL")
    aggregate = f"max({query.value}) - min({query.value})" if plan.operation == "difference" else f"sum({query.value})"
    value, exact = Decimal(query.number(aggregate)).scaleb(-places), True
    if plan.operation in ("sum", "difference"):
        value = value.quantize(Decimal(1).scaleb(-_decimals_of(plan, rows)))
    if plan.operation == "average":
        value, exact = _mean(value, len(rows), places)
    is_unsure = (plan.operation == "difference" and len(rows) != 2) or (
        plan.operation == "sum" and not plan.filters and not _agrees(plan, value)
    )
    return None if is_unsure else Outcome(rows, matching, empty, value, exact)


def _decimals(plan: Plan, column: int) -> int:
    """Counts the decimals that a column's numbers, and the bounds on them, have at most."""
    numbers = [number for number in plan.columns[column].numbers or () if number is not None]
    bounds = [bound for each in plan.filters if each.column == column for bound in (each.low, each.high) if bound is not None]
    return max((max(0, -int(number.as_tuple().exponent)) for number in [*numbers, *bounds]), default=0)


def _decimals_of(plan: Plan, rows: Sequence[int]) -> int:
    """Counts the decimals that the target's numbers in some rows have at most."""
    assert plan.target is not None
    numbers = plan.columns[plan.target].numbers or ()
    found = [number for row in rows if (number := numbers[row]) is not None]
    return max((max(0, -int(number.as_tuple().exponent)) for number in found), default=0)


def _fill(connection: sqlite3.Connection, plan: Plan, decimals: Mapping[int, int]) -> None:
    """Copies the columns that the plan uses: the text, number and date of each cell."""
    used = sorted({i for i in (plan.target, *(each.column for each in plan.filters)) if i is not None})
    names = ["row INTEGER PRIMARY KEY", *(f"{kind}{i}" for i in used for kind in "tnd")]
    connection.execute(f"CREATE TABLE cells ({', '.join(names)})")
    values: list[Sequence[object]] = [range(len(plan.table.rows))]
    for i in used:
        column, empty = plan.columns[i], [None] * len(plan.table.rows)
        numbers = [None if number is None else int(number.scaleb(decimals[i])) for number in column.numbers or ()]
        values += [column.texts, numbers or empty, column.dates or empty]
    connection.executemany(f"INSERT INTO cells VALUES ({', '.join('?' * len(names))})", zip(*values, strict=True))


def _conditions(plan: Plan, decimals: Mapping[int, int]) -> tuple[str, list[object]]:
    """Returns the conditions in SQL, and their parameters."""
    parts = ["1"]
    parameters: list[object] = []
    for each in plan.filters:
        name = f"{each.field[0]}{each.column}"
        if each.field == "text":
            parts.append(f"{name} IN ({', '.join('?' * len(each.values))})")
            parameters += each.values
        for bound, sign in ((each.low, ">"), (each.high, "<")):
            if bound is not None:
                parts.append(f"{name} {sign}{'' if each.is_open else '='} ?")
                parameters.append(int(bound.scaleb(decimals[each.column] if each.field == "number" else 0)))
    return " AND ".join(parts), parameters


def _mean(total: Decimal, count: int, places: int) -> tuple[Decimal, bool]:
    """Divides a sum by a count, rounding to two decimals more than the numbers have; also returns whether that is exact."""
    with localcontext(prec=60):
        mean = (total / count).quantize(Decimal(1).scaleb(-max(2, places + 2)), ROUND_HALF_EVEN)
        exact = mean * count == total
    return (shortest(mean) if exact else mean), exact


def _agrees(plan: Plan, total: Decimal) -> bool:
    """Returns whether a sum over all rows equals the table's own total, if it has one."""
    totals = plan.table.totals
    given = _given_total(plan, totals[0]) if len(totals) == 1 else None
    return given is None or given == total


def _given_total(plan: Plan, row: Row) -> Decimal | None:
    """Reads the total that a row gives for the target column; None when there is no number, or the row does not sum."""
    assert plan.target is not None
    first = next(cell.text for cell in row.cells if cell)
    cell, column = row.cells[plan.target], plan.columns[plan.target]
    if cell is None or not words.SUM.search(first.lower()):
        return None
    return tables.plain_number(cell.text.removeprefix(column.before).removesuffix(column.after))
