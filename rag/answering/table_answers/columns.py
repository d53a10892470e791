"""The columns of a table, read as numbers with their units, as dates, or as text."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from rag.answering.table_answers import words
from rag.documents import tables
from rag.documents.tables import Table
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.quantities import Date, Quantity

_AFFIXED = re.compile(r"(?P<before>[^\d+−-]{0,8}?)(?P<number>[-+−]?\d[\d,. \u00a0\u202f]*?)(?P<after>\s?[^\d\s,.].{0,12}|)")
_ISO_DATE = re.compile(
    r"(?P<year>(?:1[5-9]|20)\d\d)[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?(?:[T ]\d{1,2}:\d\d(?::\d\d)?)?"
)
_HAN = re.compile(r"[\u3400-\u9fff]+")
_WHOLE = re.compile(r"\d{1,9}")
# What the first column is called if its numbers only name the rows, such as bus lines and rooms.
_IDENTIFIER = re.compile(
    r"\b(?:no|nr|number|id|code|line|route|room|order|invoice|ticket|platform|bus|tram|train|flight|gate|case|lot|plot|house)\b\.?"
    r"|[编序房学工单货订]号|号$|线路|路线|房间|班次|车次|航班",
    re.IGNORECASE,
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
    """A column whose cells can be compared and calculated with.

    `texts` are folded as search terms are, and empty for an empty cell. `numbers` and `dates` are None when a cell is something
    else; within them, an empty cell, or one that says there is no value, is None. A date is `year * 10000 + month * 100 + day`.
    Every number has `before` and `after` around it and counts `scale` times; a `scale` of None means that it is uncertain.
    `stated` is a unit that only the lines above the table give.
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

    @property
    def is_text(self) -> bool:
        """Returns whether the column has neither numbers nor dates."""
        return self.numbers is None and self.dates is None

    @property
    def is_key(self) -> bool:
        """Returns whether the column identifies every row by a text of its own."""
        return all(self.texts) and len(set(self.texts)) == len(self.texts)

    @property
    def is_number_of_row(self) -> bool:
        """Returns whether the column counts the rows or gives years: its numbers are not amounts."""
        numbers = [number for number in self.numbers or () if number is not None]
        return self.dates is not None or numbers == list(range(1, len(numbers) + 1))


class ReadTable:
    """A table with its columns read, and what its cells and headings say as search terms.

    Everything here is independent of the question; the parts that only some questions need are worked out at the first of them.
    `is_form` says that the table has one value for each heading.
    """

    def __init__(self, table: Table, analyzer: Analyzer, *, is_form: bool = False) -> None:
        self.table = table
        self.is_form = is_form
        self.columns = columns_of(table, analyzer)
        self._analyzer = analyzer

    @cached_property
    def values(self) -> dict[str, frozenset[int]]:
        """The columns that contain each folded text, for columns of text."""
        values: dict[str, set[int]] = {}
        for i, column in enumerate(self.columns):
            for text in filter(None, column.texts if column.is_text else ()):
                values.setdefault(text, set()).add(i)
        return {value: frozenset(columns) for value, columns in values.items()}

    @cached_property
    def naming_column(self) -> int:
        """The first column of text that names every row and has no amounts, or 0."""
        keys = (i for i, column in enumerate(self.columns) if column.is_text and column.is_key and not _has_amounts(column))
        return next(keys, 0)

    @cached_property
    def heading_terms(self) -> tuple[tuple[frozenset[str], frozenset[str]], ...]:
        """The terms of each heading outside its brackets, and those of the unit within."""
        light = words.light_terms(self._analyzer)
        found = []
        for heading in self.table.headings:
            outside = frozenset(self._analyzer.terms(PARENTHESES.sub(" ", heading)))
            within = frozenset(self._analyzer.terms(_in_brackets(heading)))
            found.append((outside - light or outside, within - light))
        return tuple(found)

    def cells_with(self, terms: Collection[str]) -> set[tuple[int, str]]:
        """Returns the column and folded text of every cell of a text column that has all the terms."""
        # A Chinese term is a part of its text, which takes far less time to check than to find the terms.
        parts = [term for term in terms if _HAN.fullmatch(term)]
        return {
            (column, value)
            for value, columns in self.values.items()
            if all(part in value for part in parts) and words.terms_of(self._analyzer, value).issuperset(terms)
            for column in columns
        }


def columns_of(table: Table, analyzer: Analyzer) -> tuple[Column, ...]:
    """Reads the columns of a table, as numbers or dates where every cell is one."""
    unit_above = _UNIT_ABOVE.search(table.caption)
    is_identified = _has_identifiers(table)
    concepts = words.concepts(analyzer)
    dated = {term for name in ("year", "date", "signed", "built", "bought", "hired") for term in concepts[name]}
    columns = []
    for i, heading in enumerate(table.headings):
        cells = [cell.text if (cell := row.cells[i]) else "" for row in table.rows]
        texts = tuple(map(analyzer.fold, cells))
        present = ["" if tables.is_missing(cell) else cell for cell in cells]
        may_be_years = bool(dated.intersection(analyzer.terms(heading)))
        dates = _dates(present, may_be_years)
        read = _numbers(present) if dates is None or may_be_years else None
        if read is None or (is_identified and i == 0):
            columns.append(Column(heading, texts, None, dates))
        else:
            above = unit_above["unit"] if unit_above else ""
            # Where a heading has that unit, the loader has added it to all amounts.
            above = "" if any(above in _in_brackets(name) for name in table.headings) else above
            columns.append(replace(_with_unit(read, _in_brackets(heading), above), heading=heading, texts=texts, dates=dates))
    return tuple(columns)


def _has_identifiers(table: Table) -> bool:
    """Returns whether the numbers of the first column only name the rows, each another one, and so are no amounts."""
    texts = [cell.text if (cell := row.cells[0]) else "" for row in table.rows]
    is_called = bool(_IDENTIFIER.search(PARENTHESES.sub(" ", table.headings[0])))
    return len(table.headings) > 1 and is_called and len(set(texts)) == len(texts) and all(map(_WHOLE.fullmatch, texts))


def may_be_years(column: Column) -> bool:
    """Returns whether all numbers look like years and nothing says that they are anything else."""
    return not (column.before or column.after or column.unit) and all(
        _YEAR.fullmatch(f"{number}") for number in column.numbers or () if number is not None
    )


def _has_amounts(column: Column) -> bool:
    """Returns whether any cell is an amount, even if others are not."""
    return any(text and (tables.plain_number(text) is not None or _whole_quantity(text)) for text in column.texts)


def _in_brackets(heading: str) -> str:
    return " ".join(match["within"] or match["unit"] or "" for match in PARENTHESES.finditer(heading))


def _with_unit(column: Column, in_heading: str, above: str) -> Column:
    """Completes a column of numbers by the unit in its heading, or else by the one above the table."""
    stated = above if not (in_heading or column.after or column.before or column.unit) else ""
    written = f"{in_heading} {column.after} {stated}"
    return replace(
        column,
        unit=column.unit or _unit_in(f"{column.before}1{column.after}") or _unit_in(f"1 {in_heading or stated}"),
        scale=_scale(written),
        is_share=column.is_share or "%" in written,
        stated=stated,
    )


def _numbers(cells: Sequence[str]) -> Column | None:
    """Reads numbers that all have the same text around them or the same unit; None when a cell is anything else."""
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
    """Returns whether the text around every number of a column is a unit, not the rest of a name such as C-5 or 3rd."""
    if before and (after or not _whole_quantity(f"{before}1")):
        return False
    return bool(
        not after
        or after in ("%", "‰", " %")
        or re.fullmatch(r" [^\W\d_.]{2,12}|[\u3400-\u9fff]{1,4}", after)
        or _whole_quantity(f"1{after}")
    )


def _whole_quantity(text: str) -> Quantity | None:
    """Reads a text that is one amount and nothing else, without a bound."""
    found = quantities.find(text, "zh")
    if len(found) != 1 or found[0].written != text.strip() or len(found[0].amounts) != 1 or found[0].bound:
        return None
    return found[0]


def _unit_in(text: str) -> str:
    found = quantities.find(text, "en")
    return found[0].unit if len(found) == 1 else ""


def _scale(unit: str) -> Decimal | None:
    """Returns the factor of a unit, such as 10,000 for 万元; None when it is uncertain."""
    found = [match[0].lower() for match in SCALE_IN_UNIT.finditer(unit)]
    if not found:
        return Decimal(1)
    names = {"thousands": "thousand", "millions": "million", "billions": "billion", "'000": "thousand"}
    number = quantities.find(f"1 {names.get(found[0], found[0])}", "en")
    sure = len(found) == 1 and len(number) == 1 and len(number[0].amounts) == 1
    return number[0].amounts[0] if sure else None


def _dates(cells: Sequence[str], may_be_years: bool) -> tuple[int | None, ...] | None:
    """Reads dates; None when a cell is anything else. Years alone are dates only where the heading says so."""
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
    """Returns the first or last day of a date as a column's number; None for a part of a year without definite days."""
    months = {"": (0, 12), "first half": (1, 6), "second half": (7, 12)}.get(date.period)
    if date.span or months is None or (date.period and date.month):
        return None
    month = date.month or months[0 if first else 1]
    return date.year * 10000 + month * 100 + (date.day or (0 if first else 31))


def shortest(number: Decimal) -> Decimal:
    """Removes the zeros at the end of a number's decimals."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
