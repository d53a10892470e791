"""Rules that find the dates and numbers of a question, the words that make them bounds, and the columns that they filter."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rag.answering.table_answers import words
from rag.answering.table_answers.columns import SCALE_IN_UNIT, day_number
from rag.answering.table_answers.drafts import Draft
from rag.answering.table_answers.plans import BY_TERMS, Filter, NoPlanError
from rag.text import quantities
from rag.text.quantities import Date, Quantity

_SIGNS = {"over": ">", "more than": ">", "at least": ">", "less than": "<", "at most": "<"}
_WITHOUT_BOUND = re.compile(r"(?:[A-Z]{2,3}\$?|[¥￥$€£])?\s?\d.*")
_BOUND_AFTER = re.compile(r"[及之]?[以之][上下内]| or more")
_UNSURE_BOUNDS = ("nearly", "about")


@dataclass(frozen=True, slots=True)
class Bounds:
    """A date or number of the question at `[start:end]`, with the words that make it a bound.

    The `sign` is ">" for a lower bound, "<" for an upper one, and empty otherwise.
    """

    quantity: Quantity
    start: int
    end: int
    sign: str = ""
    is_included: bool = True

    @property
    def shown(self) -> str:
        """The condition in words, such as "≥ 500 m"."""
        written = self.quantity.written
        if not self.sign:
            return written
        bare = _WITHOUT_BOUND.search(written)
        sign = {">": "≥", "<": "≤"}[self.sign] if self.is_included else self.sign
        return f"{sign} {_BOUND_AFTER.sub('', bare[0]).strip() if bare else written}"


def take_bounds(draft: Draft) -> list[Bounds]:
    """Takes out the dates and numbers, with the words that make them bounds.

    Raises:
        NoPlanError: A number is only about right.
    """
    remainder = draft.remainder
    left = "".join(" " if folded == " " else own for folded, own in zip(remainder.text, remainder.original, strict=True))
    found = []
    for quantity in quantities.find(left, remainder.language):
        if quantity.bound in _UNSURE_BOUNDS:
            raise NoPlanError
        before, after = left[: quantity.start].lower(), left[quantity.end :].lower()
        bounds = _date_bounds(quantity, before, after) if quantity.kind == "date" else _number_bounds(quantity, before)
        remainder.take(bounds.start, bounds.end)
        _take_unit(draft, bounds)
        found.append(bounds)
    return found


def _take_unit(draft: Draft, bounds: Bounds) -> None:
    """Takes out a unit after a number that only the cells have, as in "1,000 kr", and links it to their columns."""
    for after in {column.after.strip().casefold() for column in draft.columns} - {"", "%", "‰"}:
        match = re.compile(rf"\s*{re.escape(after)}(?![^\W\d_])").match(draft.remainder.text, bounds.end)
        if match:
            columns = [i for i, column in enumerate(draft.columns) if column.after.strip().casefold() == after]
            draft.link(bounds.end, match.end(), columns, BY_TERMS)
            draft.remainder.take(*match.span())


def filter_by(draft: Draft, bounds: Bounds) -> None:
    """Adds the condition that a date or a number makes.

    Raises:
        NoPlanError: The column that it limits is not certain.
    """
    quantity = bounds.quantity
    is_date = quantity.kind == "date"
    if is_date and _names_year_columns(draft, quantity):
        return
    column, low, high = _days_of(draft, quantity) if is_date else _amounts_of(draft, quantity, is_bound=bool(bounds.sign))
    if is_date and not bounds.is_included:
        # "After 2025" means after its last day, "before 2025" before its first.
        low, high = high, low
    draft.filters.append(
        Filter(
            column,
            "date" if is_date else "number",
            low=low if bounds.sign in ("", ">") else None,
            high=high if bounds.sign in ("", "<") else None,
            is_open=not bounds.is_included,
            shown=f"{draft.table.headings[column]}: {bounds.shown}",
        )
    )


# -- finding the column -------------------------------------------------------------------------------------------------


def _date_columns(draft: Draft) -> list[int]:
    return [i for i, column in enumerate(draft.columns) if column.dates is not None]


def _names_year_columns(draft: Draft, quantity: Quantity) -> bool:
    """Returns whether a date is a year that selects columns by their headings, or the year of the whole table.

    Where a column has dates, the year selects headings only if the question names one of them: "the harvest in 2024".

    Raises:
        NoPlanError: No column has dates, and neither the headings nor the title contain the year.
    """
    year = quantity.dates[0].year
    named = frozenset(i for i, heading in enumerate(draft.table.headings) if str(year) in heading)
    if _date_columns(draft) and (quantity.dates != (Date(year),) or not any(link.columns & named for link in draft.links)):
        return False
    draft.year_columns = named
    if quantity.dates != (Date(year),) or not (draft.year_columns or str(year) in draft.about):
        raise NoPlanError
    return True


def _days_of(draft: Draft, quantity: Quantity) -> tuple[int, Decimal, Decimal]:
    """Returns the column that a date limits, and the first and last day of the date."""
    column = _nearest(draft, quantity, _date_columns(draft))
    first, last = (_with_year(draft, column, date) for date in (quantity.dates[0], quantity.dates[-1]))
    first_day, last_day = day_number(first, first=True), day_number(last, first=False)
    if first_day is None or last_day is None or not first.year:
        raise NoPlanError
    has_partial = any(day and day % 100 == 0 for day in draft.columns[column].dates or ())
    if has_partial and (first.month or last.month or first.period):
        # A cell that gives only its year or month may lie on either side of the bound.
        raise NoPlanError
    return column, Decimal(first_day), Decimal(last_day)


def _with_year(draft: Draft, column: int, date: Date) -> Date:
    """Returns a date with the year that all dates of a column share, if it has none."""
    years = {day // 10000 for day in draft.columns[column].dates or () if day}
    return date if date.year or not date.month or len(years) != 1 else date._replace(year=years.pop())


def _amounts_of(draft: Draft, quantity: Quantity, *, is_bound: bool) -> tuple[int, Decimal, Decimal]:
    """Returns the column that a number limits, and the least and greatest value that it names, in that column's unit."""
    is_share = quantity.kind == "share"
    candidates = _numeric_columns(draft, quantity)
    candidates = [i for i in candidates if i in draft.year_columns] or candidates
    named = {i for link in draft.links for i in link.columns}
    if not (quantity.unit or is_bound or len(quantity.amounts) > 1 or named & set(candidates)):
        raise NoPlanError
    number = _nearest(draft, quantity, candidates)
    column = draft.columns[number]
    units_differ = bool(quantity.unit and column.unit) and quantity.unit != column.unit and not is_share
    has_scale = bool(quantity.unit or SCALE_IN_UNIT.search(quantity.written))
    if column.scale is None or units_differ or (column.scale != 1 and not has_scale):
        raise NoPlanError
    return number, quantity.amounts[0] / column.scale, quantity.amounts[-1] / column.scale


def _numeric_columns(draft: Draft, quantity: Quantity) -> list[int]:
    """Returns the columns that a number can limit: the only one of the same unit, or else all amounts."""
    numeric = [
        i
        for i, column in enumerate(draft.columns)
        if column.numbers is not None and column.is_share == (quantity.kind == "share") and not column.is_number_of_row
    ]
    same_unit = [i for i in numeric if quantity.unit and draft.columns[i].unit == quantity.unit]
    if len(same_unit) == 1:
        return same_unit
    return [i for i in numeric if i in draft.called("age")] if quantity.unit == "year old" else numeric


def _nearest(draft: Draft, quantity: Quantity, columns: Sequence[int]) -> int:
    """Returns the only one of some columns, or the one that the question names nearest to a quantity."""
    if len(columns) == 1:
        return columns[0]
    named = [
        (min(abs(link.start - quantity.end), abs(quantity.start - link.end)), *both)
        for link in draft.links
        if len(both := link.columns & set(columns)) == 1
    ]
    if not named:
        raise NoPlanError
    return min(named)[1]


# -- words that make a bound --------------------------------------------------------------------------------------------


def _date_bounds(quantity: Quantity, before: str, after: str) -> Bounds:
    """Reads the words around a date that make it a bound."""
    for pattern, sign, is_included in (
        (words.BEFORE_DATE, "<", False),
        (words.AFTER_DATE, ">", False),
        (words.SINCE_DATE, "" if len(quantity.dates) > 1 else ">", True),
    ):
        if match := pattern.search(before):
            return Bounds(quantity, match.start(), quantity.end, sign, is_included)
    if follows := words.DATE_FOLLOWS.match(after):
        sign, is_included = ("<" if follows["before"] else ">"), bool(follows["since"])
        return Bounds(quantity, quantity.start, quantity.end + follows.end(), sign, is_included)
    return Bounds(quantity, quantity.start, quantity.end)


def _number_bounds(quantity: Quantity, before: str) -> Bounds:
    """Reads the words before a number that make it a bound, besides those that are part of the quantity."""
    for pattern, sign, is_included in (
        (words.GREATER, ">", False),
        (words.LESS, "<", False),
        (words.AT_MOST, "<", True),
        (words.AT_LEAST, ">", True),
    ):
        if match := pattern.search(before):
            return Bounds(quantity, match.start(), quantity.end, sign, is_included)
    written = quantity.written
    # 10000以上 includes 10000, "over 10,000" does not.
    is_included = quantity.bound in ("", "at least", "at most") or "以上" in written or "以下" in written
    return Bounds(quantity, quantity.start, quantity.end, _SIGNS.get(quantity.bound, ""), is_included)
