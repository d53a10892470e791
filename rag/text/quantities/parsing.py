"""Finds the quantities of a text."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Literal

from rag.text.months import MONTH_NUMBERS
from rag.text.numerals import NUMBER_WORDS, han_number
from rag.text.quantities.lexicon import (
    BOUNDS_AFTER,
    BOUNDS_BEFORE,
    FRACTIONS,
    PARTS,
    PERIOD_NAMES,
    SCALES,
    TENFOLD_UNITS,
    UNIT_NAMES,
    UNITS_BEFORE_NUMBER,
    kind_of,
)
from rag.text.quantities.patterns import (
    CANDIDATE,
    COUNTED,
    DATES,
    ENGLISH_DATE_ALONE,
    FOLD,
    FRACTION,
    MEASURE_WORD,
    NAME,
    QUANTITY,
    RANGE_SIGN,
    SCALE,
    WORD,
    YEAR,
)
from rag.text.quantities.quantity import Date, Quantity
from rag.text.quantities.ranges import as_range
from rag.types import Language

# Longer numbers are those of accounts and the like, and would soon have more digits than a Decimal keeps.
_MAX_DIGITS = 18


def find(text: str, language: Language) -> list[Quantity]:
    """Finds the quantities in a text, in order and without overlap.

    Args:
        text: In either language, or both.
        language: The text's language. It decides only what a text of 2018 or June alone is: in English, a date.
    """
    folded = text.translate(FOLD)
    dates = (ENGLISH_DATE_ALONE, *DATES) if language == "en" else DATES
    rules = [(NAME, None), *((pattern, _date) for pattern in dates), (FRACTION, _fraction), (QUANTITY, _amount), (WORD, None)]
    found: list[Quantity] = []
    position = 0
    while candidate := CANDIDATE.search(folded, position):
        position = candidate.end()
        for pattern, read in rules:
            if match := pattern.match(folded, candidate.start()):
                position = match.end()
                if read and (quantity := read(match)):
                    if found and (joined := as_range(found[-1], quantity, folded)):
                        found[-1] = joined
                    else:
                        found.append(quantity)
                    position = quantity.end
                break
    return [
        replace(quantity, written=text[quantity.start : quantity.end]) for quantity in found if not _may_be_year(quantity, folded)
    ]


def _date(match: re.Match[str]) -> Quantity | None:
    """Reads a date or a range of days; returns None for a day that does not exist, and for 1900s, a decade or a century."""
    part = {name: text for name, text in match.groupdict().items() if text}
    span: Literal["", "decade", "century"] = ""
    year = _integer(part.get("year", "0"))
    if "century" in part:
        span = "decade" if "decade" in part else "century"
        year = 100 * (_integer(part["century"]) - 1) + _integer(part.get("decade", "0"))
    elif "tens" in part:
        span, year = "decade", int(part["tens"])
        if year % 100 == 0:
            return None
    month = MONTH_NUMBERS[part["name"].rstrip(".").lower()] if "name" in part else _integer(part.get("month", "0"))
    period = part.get("period", "").lower()
    first = Date(year, month, _integer(part.get("day", "0")), span, PERIOD_NAMES.get(period, period))
    last = first._replace(day=int(part.get("last", first.day)), month=int(part.get("last_month", first.month)))
    dates = (first,) if last == first else (first, last)
    try:
        for day in dates:
            date(day.year or 2000, day.month or 1, day.day or 1)
    except ValueError:
        return None
    return Quantity(match.start(), match.end(), match[0], "date", dates=dates)


def _fraction(match: re.Match[str]) -> Quantity | None:
    """Reads a share in parts: one third is 1 with the unit "third"."""
    if match["half"]:
        count, name = 1, "half"
    elif match["parts"]:
        count, name = _integer(match["han"]), FRACTIONS[_integer(match["parts"]) - 2]
    else:
        count, name = NUMBER_WORDS.get(match["words"].lower(), 1), match["name"].lower()
    if count >= PARTS[name]:
        return None
    return Quantity(match.start(), match.end(), match[0], "share", (Decimal(count),), unit=name, bound=_bound(match))


def _amount(match: re.Match[str]) -> Quantity | None:
    """Reads a number, share, money, measure or duration; returns None for a numeral that counts nothing."""
    number = _number(match["number"])
    if number is None or not _counts(match):
        return None
    number = number * SCALES[match["scale"] or ""] + (Decimal("0.5") if match["half"] or match["half_unit"] else 0)
    number, unit = _with_unit(number, match["symbol"], match["unit"])
    start, bound = match.start(), _bound(match)
    # 近5年 means the last five years, not nearly five.
    if match["before"] == "近" and unit in ("year", "month", "week", "day"):
        start, bound = match.start("number"), ""
    amounts = (-number if match["sign"] else number,)
    return Quantity(start, match.end(), match.string[start : match.end()], kind_of(unit), amounts, unit=unit, bound=bound)


def _with_unit(number: Decimal, symbol: str | None, name: str | None) -> tuple[Decimal, str]:
    """The number in a unit of the lexicon: 8成 is 80%, three decades are 30 years and $8m is 8,000,000 dollars."""
    if name and name not in UNIT_NAMES and name not in TENFOLD_UNITS:
        name = name.lower()
    if symbol and name == "m":
        number *= SCALES["million"]
    elif name in TENFOLD_UNITS:
        number, name = number * 10, TENFOLD_UNITS[name]
    if symbol:
        return number, UNITS_BEFORE_NUMBER[symbol]
    return number, UNIT_NAMES[name] if name else ""


def _bound(match: re.Match[str]) -> str:
    before, more, after = (match.groupdict().get(name) or "" for name in ("before", "more", "after"))
    return BOUNDS_BEFORE.get(before.lower()) or BOUNDS_AFTER.get(after.lower()) or ("more than" if more else "")


def _counts(match: re.Match[str]) -> bool:
    """Returns whether a number counts something. Digits do; of numerals in words, 三个 does and 三江源 does not, nor do most one and 一."""
    if match["number"][0].isdigit() or match["symbol"] or match["unit"] or match["more"]:
        return True
    follows = COUNTED.match(match.string, match.end())
    if match["number"].lower() in ("一", "one", "半", "half a", "half an"):
        return bool(follows and re.match(RANGE_SIGN, follows[0]))
    return bool(follows or match["number"].isascii() or match["number"][-1] in "万亿")


def _may_be_year(quantity: Quantity, text: str) -> bool:
    """Returns whether a number has four digits that nothing marks as a date or a count: 2023中国—东盟环境合作论坛."""
    if quantity.kind != "number" or quantity.written == text.strip() or not re.search(rf"(?<!\S){YEAR}\Z", quantity.written):
        return False
    return not re.match(MEASURE_WORD, text[quantity.end : quantity.end + 2])


def _integer(text: str) -> int:
    return int(text) if text.isdecimal() else int(han_number(text))


def _number(text: str) -> Decimal | None:
    """The value of a number in digits, in Chinese or in English words; None when it has too many digits."""
    if text[0].isdigit():
        terms = re.findall(rf"([\d.,]+)[ -]?({SCALE})?", text)
        total = sum((Decimal(digits.replace(",", "")) * SCALES[scale.lower()] for digits, scale in terms), Decimal(0))
        return total if len(total.as_tuple().digits) <= _MAX_DIGITS and total < 10**_MAX_DIGITS else None
    if not text.isascii():
        return {"半": Decimal("0.5"), "百": Decimal(100)}.get(text) or Decimal(han_number(text))
    total = group = Decimal(0)
    for word in re.findall("[a-z]+", text.lower()):
        if word in NUMBER_WORDS:
            group += NUMBER_WORDS[word]
        elif word == "half":
            group += Decimal("0.5")
        elif word in ("a", "an"):
            group = group or Decimal(1)
        elif word in ("hundred", "dozen"):
            group *= 100 if word == "hundred" else 12
        elif word != "and":
            total, group = total + group * SCALES[word], Decimal(0)
    return total + group
