"""The columns of a table as they can be computed with: numbers with their units, and dates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rag.answering.tables import words as table_words
from rag.documents import tables
from rag.documents.tables import Table
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.quantities import Date, Quantity

_AFFIXED = re.compile(r"(?P<before>[^\d+−-]{0,8}?)(?P<number>[-+−]?\d[\d,. \u00a0\u202f]*?)(?P<after>\s?[^\d\s,.].{0,12}|)")
_ISO_DATE = re.compile(
    r"(?P<year>(?:1[5-9]|20)\d\d)[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?(?:[T ]\d{1,2}:\d\d(?::\d\d)?)?"
)
_YEAR = re.compile(r"(?:1[5-9]\d\d|20\d\d)年?")
PARENTHESES = re.compile(r"[(（\[【](?P<within>[^)）\]】]*)[)）\]】]|[,，/]\s*(?P<unit>[^\s,，/]{1,12})$")
_UNIT_ABOVE = re.compile(
    r"(?:单位|units?|amounts?|figures)\s*(?:[:：为]|in)\s*(?P<unit>[^\s)）;；,，。]+(?: of \w+)?)", re.IGNORECASE
)
SCALE_IN_UNIT = re.compile(
    r"[十百千]?[万亿]|千(?![米克瓦])|百(?!分)|thousands?|millions?|billions?|'000|\bk\b|\bm(?:n|io)\b|\bbn\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it can be computed with. `values` are None where a cell is empty or says that there is no value.

    `texts` are folded as search terms are, and empty for an empty cell. `numbers` and `dates` are None when a cell is something
    else; a date is `year * 10000 + month * 100 + day`. `before` and `after` are what every number has around it. A number stands
    for `scale` times itself, which is None where it is not sure. `stated` is the unit that only the lines above the table give.
    """

    heading: str
    texts: tuple[str, ...]
    numbers: tuple[Decimal | None, ...] | None
    dates: tuple[int | None, ...] | None
    unit: str = ""
    before: str = ""
    after: str = ""
    scale: Decimal | None = Decimal(1)
    is_share: bool = False
    stated: str = ""


def columns_of(table: Table, analyzer: Analyzer) -> tuple[Column, ...]:
    """The columns of a table, read as numbers and dates where every cell is one."""
    above = _UNIT_ABOVE.search(table.caption)
    years = {
        term for name in ("year", "date", "signed", "built", "bought", "hired") for term in table_words.concepts(analyzer)[name]
    }
    columns = []
    for i, heading in enumerate(table.headings):
        cells = [row.cells[i].text if row.cells[i] else "" for row in table.rows]  # type: ignore[union-attr]
        texts = tuple(analyzer.fold(cell) for cell in cells)
        present = ["" if tables.is_missing(cell) else cell for cell in cells]
        may_be_years = bool(years.intersection(analyzer.terms(heading)))
        dates = _dates(present, may_be_years)
        read = _numbers(present) if dates is None or may_be_years else None
        if read is None:
            columns.append(Column(heading, texts, None, dates))
            continue
        own = " ".join(match["within"] or match["unit"] or "" for match in PARENTHESES.finditer(heading))
        stated = above["unit"] if above and not own and not read.after and not read.before and not read.unit else ""
        unit = f"{own} {read.after} {stated}"
        columns.append(
            replace(
                read,
                heading=heading,
                texts=texts,
                dates=dates,
                unit=read.unit or _unit_in(f"{read.before}1{read.after}") or _unit_in(f"1 {own or stated}"),
                scale=_scale(unit),
                is_share=read.is_share or "%" in unit,
                stated=stated,
            )
        )
    return tuple(columns)


def has_amounts(column: Column) -> bool:
    """Whether any cell is an amount, also where others are not."""
    return any(text and (tables.plain_number(text) is not None or _whole_quantity(text)) for text in column.texts)


def may_be_years(column: Column) -> bool:
    """Whether all numbers look like years, with nothing that says what else they are."""
    return not (column.before or column.after or column.unit) and all(
        _YEAR.fullmatch(f"{number}") for number in column.numbers or () if number is not None
    )


def _numbers(cells: Sequence[str]) -> Column | None:
    """The numbers of a column, all with the same around them or of the same unit; None when a cell is anything else."""
    matches = [_AFFIXED.fullmatch(cell) if cell else None for cell in cells]
    if not any(cells):
        return None
    affixes = {(match["before"], match["after"]) if match else None for match, cell in zip(matches, cells, strict=True) if cell}
    plain = [tables.plain_number(match["number"]) if match else None for match in matches]
    if (
        len(affixes) == 1
        and None not in affixes
        and all((number is not None) == bool(cell) for number, cell in zip(plain, cells, strict=True))
    ):
        ((before, after),) = affixes  # type: ignore[misc]
        if _is_unit(before, after):
            return Column("", (), tuple(plain), None, before=before, after=after, is_share=after.strip() in ("%", "‰"))
    found: list[Quantity | None] = []
    for cell in cells:
        found.append(_whole_quantity(cell) if cell else None)
        if cell and found[-1] is None:
            return None
    kinds = {(quantity.kind, quantity.unit) for quantity in found if quantity}
    if len(kinds) != 1:
        return None
    ((kind, unit),) = kinds
    numbers = tuple(quantity.amounts[0] if quantity else None for quantity in found)
    return Column("", (), numbers, None, unit=unit, is_share=kind == "share")


def _is_unit(before: str, after: str) -> bool:
    """Whether what stands around every number of a column is a unit, and not the rest of a name such as C-5 or 3rd."""
    if before and (after or not _whole_quantity(f"{before}1")):
        return False
    return bool(
        not after
        or after in ("%", "‰", " %")
        or re.fullmatch(r" [^\W\d_.]{2,12}|[\u3400-\u9fff]{1,4}", after)
        or _whole_quantity(f"1{after}")
    )


def _whole_quantity(text: str) -> Quantity | None:
    """The one amount that a whole text is, without a bound."""
    found = quantities.find(text, "zh")
    if len(found) != 1 or found[0].written != text.strip() or len(found[0].amounts) != 1 or found[0].bound:
        return None
    return found[0]


def _unit_in(text: str) -> str:
    found = quantities.find(text, "en")
    return found[0].unit if len(found) == 1 else ""


def _scale(unit: str) -> Decimal | None:
    """What a number of a unit is to be multiplied by: 10,000 for 万元; None when that is not sure."""
    found = [match[0].lower() for match in SCALE_IN_UNIT.finditer(unit)]
    if not found:
        return Decimal(1)
    names = {"thousands": "thousand", "millions": "million", "billions": "billion", "'000": "thousand"}
    number = quantities.find(f"1 {names.get(found[0], found[0])}", "en")
    sure = len(found) == 1 and len(number) == 1 and len(number[0].amounts) == 1
    return number[0].amounts[0] if sure else None


def _dates(cells: Sequence[str], may_be_years: bool) -> tuple[int | None, ...] | None:
    """The dates of a column; None when a cell is anything else. Years alone are dates only where the heading says so."""
    found: list[int | None] = []
    for cell in cells:
        found.append(_date_of(cell, may_be_years) if cell else None)
        if cell and found[-1] is None:
            return None
    return tuple(found) if any(cells) else None


def _date_of(text: str, may_be_year: bool) -> int | None:
    text = text.strip()
    if may_be_year and _YEAR.fullmatch(text):
        return int(text[:4]) * 10000
    if match := _ISO_DATE.fullmatch(text):
        month, day = int(match["month"]), int(match["day"] or 0)
        return int(match["year"]) * 10000 + month * 100 + day if 1 <= month <= 12 and day <= 31 else None
    found = quantities.find(text, "en")
    if len(found) != 1 or found[0].written != text or len(found[0].dates) != 1:
        return None
    date = found[0].dates[0]
    return day_number(date, first=True) if date.year and date.month and not (date.span or date.period) else None


def day_number(date: Date, *, first: bool) -> int | None:
    """The first or the last day of a date, as columns write dates; None when it names a part of a year without sure days."""
    months = {"": (0, 12), "first half": (1, 6), "second half": (7, 12)}.get(date.period)
    if date.span or months is None or (date.period and date.month):
        return None
    month = date.month or months[0 if first else 1]
    return date.year * 10000 + month * 100 + (date.day or (0 if first else 31))


def shortest(number: Decimal) -> Decimal:
    """The same number without the zeros at the end of its decimals."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
