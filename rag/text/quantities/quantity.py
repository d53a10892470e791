"""The types `Quantity` and `Date`."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from rag.text.quantities.lexicon import PARTS, Kind


class Date(NamedTuple):
    """A day, month, year, decade or century; parts that are not given are 0 or empty.

    A decade or century is given by its first year: 1980 for the 1980s, 1900 for the 20th century. `period` is a part of
    the year, month, decade or century, such as "early".
    """

    year: int = 0
    month: int = 0
    day: int = 0
    span: Literal["", "decade", "century"] = ""
    period: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, share, date or measure in a text: `text[start:end] == written`, without a measure word.

    A date has `dates`, every other kind `amounts`: two for a range, otherwise one. `unit` is the first English name of a unit
    in `lexicon.UNITS`, or the first Chinese one if it has no English name; it is empty for a plain number. `bound` is a key of
    `lexicon.BOUNDS`, or empty.
    """

    start: int
    end: int
    written: str
    kind: Kind
    amounts: tuple[Decimal, ...] = ()
    dates: tuple[Date, ...] = ()
    unit: str = ""
    bound: str = ""

    @property
    def value(self) -> Hashable:
        """Equal for equal quantities however they are written: a quarter equals 25%. Bounds are ignored."""
        if self.kind == "share":
            return "share", tuple(Fraction(amount) / PARTS[self.unit] for amount in self.amounts)
        return self.unit, self.amounts, self.dates

    def contains(self, other: Quantity) -> bool:
        """Returns whether another quantity equals this one or is part of it: 2021 of 9 October 2021, 10 of 10 to 20."""
        if other.dates:
            return all(
                any(all(named in ("", 0, known) for named, known in zip(date, own, strict=True)) for own in self.dates)
                for date in other.dates
            )
        # A text may say "dollars" without saying of which country.
        same_unit = self.unit == other.unit or ("dollar" in (self.unit, other.unit) and self.unit[-6:] == other.unit[-6:])
        return self.value == other.value or (same_unit and set(other.amounts) <= set(self.amounts))
