"""Joins two quantities that a text gives as the ends of a range: 10 to 20, 3 to 4 million, 2020–21, 9月15日—16日."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

from rag.text.quantities.lexicon import SCALES, kind_of
from rag.text.quantities.patterns import MEASURE_WORD, RANGE_SIGN, SCALE, YEAR
from rag.text.quantities.quantity import Date, Quantity

_DASHES = ("-", "–", "—", "——")
_BEFORE_CHANGE = ("from ", "从", "由")


def as_range(left: Quantity, right: Quantity, text: str) -> Quantity | None:
    """Returns the range from one quantity to the next one in the text, or None if they are not its ends."""
    before, sign, after = text[max(0, left.start - 8) : left.start], text[left.end : right.start], text[right.end : right.end + 2]
    if not re.fullmatch(RANGE_SIGN, sign) or (sign == " and " and not before.endswith("between ")):
        return None
    if any(len(end.amounts + end.dates) > 1 for end in (left, right)):
        return None
    whole = Quantity(left.start, right.end, text[left.start : right.end], right.kind, bound=left.bound or right.bound)
    may_be_years = sign.strip() in _DASHES and not re.match(MEASURE_WORD, after)
    if dates := _date_range(left, right, may_be_years):
        return replace(whole, kind="date", dates=dates)
    if left.dates or right.dates:
        return None
    unit = right.unit or (left.unit if left.kind == "money" else "")
    amounts = _amount_range(left, right, unit, may_change=before.endswith(_BEFORE_CHANGE))
    return replace(whole, kind=kind_of(unit), amounts=amounts, unit=unit) if amounts else None


def _amount_range(left: Quantity, right: Quantity, unit: str, may_change: bool) -> tuple[Decimal, ...]:
    """The two amounts of a range, the first with the scale that only the second is written with; empty if they do not form one.

    `may_change` says that the words before are those of a change, as in "from 3% to 4%". It is one only if both ends are
    complete: "from 3 to 4 million years" is a range.
    """
    first, second = left.amounts[0], right.amounts[0]
    is_bare = left.written[-1].isdigit()
    is_completed = is_bare and unit != left.unit
    scale = re.search(SCALE, right.written)
    if scale and (is_bare or not left.unit) and not re.search(SCALE, left.written):
        scaled = first * SCALES[scale[0].lower()]
        if scaled < second:
            first, is_completed = scaled, is_completed or scaled != first
    if left.unit not in ("", unit) or first >= second or (may_change and not is_completed):
        return ()
    return first, second


def _date_range(left: Quantity, right: Quantity, may_be_years: bool) -> tuple[Date, ...]:
    """The two dates of a range, each with the year that only one of them names; empty if they do not form one.

    `may_be_years` says whether two bare numbers may be years.
    """
    if not (left.dates or right.dates or may_be_years):
        return ()
    first = left.dates[0] if left.dates else _year(left.written)
    second = right.dates[0] if right.dates else _year(right.written, since=first.year)
    first, second = first._replace(year=first.year or second.year), second._replace(year=second.year or first.year)
    alike = [bool(part) for part in first[:4]] == [bool(part) for part in second[:4]]
    return (first, second) if alike and first[:3] < second[:3] else ()


def _year(written: str, since: int = 0) -> Date:
    """The year that a bare number is, such as 2020 and 21 in 2020–21, but not 12, which may be a month; else an empty date."""
    if re.fullmatch(YEAR, written):
        return Date(int(written))
    return Date(since - since % 100 + int(written)) if since and re.fullmatch(r"1[3-9]|[2-9]\d", written) else Date()
