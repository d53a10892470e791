"""Writes quantities in Chinese and English."""

from __future__ import annotations

import re
from decimal import Decimal

from rag.text.months import MONTHS
from rag.text.numerals import HAN_ONES, ONES
from rag.text.quantities.lexicon import BOUNDS, FRACTIONS, PARTS, PERIODS, SCALES, UNITS_BY_NAME
from rag.text.quantities.patterns import YEAR
from rag.text.quantities.quantity import Date, Quantity
from rag.types import Language

_WRITTEN_SCALES: dict[Language, tuple[str, ...]] = {"zh": ("万亿", "亿", "万"), "en": ("trillion", "billion", "million")}
# 7130.7万 and 71.307 million are easily read; a number that needs more decimals is written out.
_MAX_DECIMALS = 3
_HAN_NAMES = f"零{HAN_ONES}十"


def render(quantity: Quantity, language: Language) -> str:
    """Writes a quantity in a language without rounding, or as its text does if the unit has no counterpart in the language."""
    if quantity.dates:
        return _written_dates(quantity.dates, language)
    bound = getattr(BOUNDS[quantity.bound], language) if quantity.bound else "{}"
    if quantity.unit in FRACTIONS:
        return bound.format(_written_fraction(int(quantity.amounts[0]), PARTS[quantity.unit], language))
    text = _written_numbers(quantity.amounts, language)
    if quantity.unit:
        name, *names = getattr(UNITS_BY_NAME[quantity.unit], language).split("|")
        # 2000年 would be a year; in digits, 2,000 years cannot be written otherwise.
        if not name or (name == "年" and re.search(rf"(?<!\d){YEAR}\Z", text)):
            return quantity.written
        if language == "en" and quantity.amounts[-1] != 1:
            name = names[0]
        if name == "%":
            text = text.replace("至", "%至")
        text += name if language == "zh" or name == "%" else f" {name}"
    return bound.format(text)


def _written_dates(dates: tuple[Date, ...], language: Language) -> str:
    """One date, or the range of two, which gives what they share once."""
    if len(dates) == 1:
        return _written_date(dates[0], language)
    first, second = dates
    if language == "en":
        if not first.month:
            return f"{_written_date(first, language)}–{_written_date(second, language)}"
        first = first._replace(year=0) if first.year == second.year else first
        return f"{_written_date(first, language)} to {_written_date(second, language)}"
    if first == Date(first.year):
        return f"{first.year}—{_written_date(second, language)}"
    second = second._replace(year=0) if first.year == second.year and second.month else second
    return f"{_written_date(first, language)}—{_written_date(second, language)}"


def _written_date(day: Date, language: Language) -> str:
    if day.span:
        decade = day.span == "decade"
        if language == "zh":
            text = f"{day.year // 100 + 1}世纪" + (f"{day.year % 100}年代" if decade else "")
        else:
            text = f"{day.year}s" if decade else f"{_ordinal(day.year // 100 + 1)} century"
            text = text if decade or day.period else f"the {text}"
        return PERIODS[day.period][language][1].format(text)
    if language == "zh":
        text = (
            (f"{day.year}年" if day.year else "") + (f"{day.month}月" if day.month else "") + (f"{day.day}日" if day.day else "")
        )
    else:
        month = MONTHS[day.month - 1] if day.month else ""
        month_and_day = f"{month} {day.day}" if day.day else month
        text = (", " if day.day else " ").join(filter(None, (month_and_day, str(day.year or ""))))
    return PERIODS[day.period][language][0].format(text)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _written_fraction(count: int, parts: int, language: Language) -> str:
    if language == "zh":
        return "一半" if parts == 2 else f"{_HAN_NAMES[parts]}分之{_HAN_NAMES[count]}"
    return f"{ONES[count - 1]} {FRACTIONS[parts - 2]}{'s' if count > 1 else ''}"


def _written_numbers(numbers: tuple[Decimal, ...], language: Language) -> str:
    """The numbers with the largest scale that gives all of them few decimals, as a range if there are two.

    Chinese counts by 万 from 10,000 on, so 11,800 is 1.18万, as Chinese newspapers write it.
    """
    for name in _WRITTEN_SCALES[language]:
        scaled = [number / SCALES[name] for number in numbers]
        if all(abs(number) >= 1 and number == round(number, _MAX_DECIMALS) for number in scaled):
            break
    else:
        name, scaled = "", list(numbers)
    digits = [f"{number:,f}" if language == "en" else f"{number:f}" for number in map(_shortest, scaled)]
    # A dash in Chinese would turn 1800 and 1900 into years.
    return "–".join(digits) + (f" {name}" if name else "") if language == "en" else "至".join(digits) + name


def _shortest(number: Decimal) -> Decimal:
    """The same number without trailing zeros in its decimals."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
