"""The rows of headings of a table, and the unit of its amounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.documents.loaders.table_cells import Cell, Label, Merged, is_period, is_value, kind_of, may_be_headings, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_ROWS = 4
_UNIT = re.compile(
    r"(?:金额|货币|计量)?单位\s*[:：为]\s*(?:人民币)?(?P<han>[^\s)）;；,，、。:：/]{1,12})(?=[\s)）;；。]|$)"
    r"|\b(?:(?:all )?(?:amounts?|figures|values|prices|numbers)(?: are| is)?(?: given| shown| stated| expressed)?|units?\s*:)?\s*"
    r"\bin (?P<scale>(?:thousands?|millions?|billions?)(?: of)? [^\W\d_]{2,20})"
    r"|\b(?:all )?(?:amounts|figures|prices)(?: are| is)?(?: given| shown| stated| expressed)? in (?P<plain>[^\W\d_]{2,20})"
    r"|\bunits?\s*:\s*(?P<stated>(?:(?:thousands?|millions?)(?: of)? )?[^\W\d_]{1,20})",
    re.IGNORECASE,
)
_HAS_UNIT = re.compile(r"[(（\[［【][^)）\]］】]*[)）\]］】]|[%‰]")
# Numbers with these headings are not in the unit of the table, unless it is one of things.
_NO_AMOUNT = re.compile(
    r"人数|数量|台数|件数|个数|次数|序号|编号|年份|年度|排名|名次|比例|占比|比率|增长|增速|增幅|同比|率$|页码?|电话|邮编|日期"
    r"|\b(?:no|nr|number|count|quantity|qty|rank|year|share|rate|ratio|percent(?:age)?|growth|change|page|id|phone|code|units|employees|staff"
    r"|seats|pieces|people)\b",
    re.IGNORECASE,
)
_COUNT = re.compile(r"[人个台件次名户家辆套座]")
# Where a column is called like this, a unit of money is that of such columns only.
_MONEY = re.compile(
    r"金额|收入|成本|费|利润|价|额|款|产值|预算|支出|工资|资产|负债"
    r"|\b(?:prices?|costs?|fees?|rents?|amounts?|values?|totals?|revenues?|income|expen\w+|budgets?|salar\w+|profits?|sales|turnover|paid|due)\b",
    re.IGNORECASE,
)
_OF_UNIT = re.compile(r"[(（\[].{1,20}[)）\]]")


def rows_of_headings(sample: Sequence[Sequence[Cell]]) -> int:
    """Counts the rows of headings at the beginning of a table, 0 if it has none."""
    first = sample[0]
    filled = _filled(first)
    marked = (
        _is_marked(first)
        and not all(map(_is_marked, sample[1:]))
        and any(not is_value(cell) or is_period(cell) for cell in filled)
    )
    if not marked and (not may_be_headings(filled) or _looks_like_data(sample)):
        return 0
    count = 1
    while count < min(_MAX_ROWS, len(sample) - 1) and _continues(sample, count, marked=marked):
        count += 1
    return count


def joined(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Joins rows of headings: a heading that covers several columns comes before each heading below it."""
    headings: list[str] = []
    for number, row in enumerate(rows):
        spread = list(_spread(row, beside_blank=number + 1 < len(rows)))
        below = _filled_at(rows[number + 1]) if number + 1 < len(rows) else set()
        for i, cell in enumerate(spread):
            if i >= len(headings):
                headings += [""] * (i + 1 - len(headings))
            # A heading beside blank cells covers only those that another heading divides.
            covers = not isinstance(row[i], str) or bool(row[i]) or i in below
            if cell and covers and headings[i].split(" ")[-1:] != [cell] and headings[i] != cell:
                headings[i] = f"{headings[i]} {cell}".strip()
    return headings


def unit_of(text: str) -> str:
    """Returns the unit that a text states for all amounts of a table; empty if it states none or several."""
    found = {next(filter(None, match.groups())) for match in _UNIT.finditer(text)}
    return found.pop() if len(found) == 1 else ""


def with_unit(headings: Sequence[str], body: Sequence[Sequence[Cell]], unit: str) -> list[str]:
    """Adds a unit to the headings of amounts that have none of their own."""
    written = "（{}）" if re.search(r"[\u3400-\u9fff]", unit) else " ({})"
    able = [
        bool(heading) and not _HAS_UNIT.search(heading) and _are_amounts([text_of(row[i]) for row in body if i < len(row)])
        for i, heading in enumerate(headings)
    ]
    if not _COUNT.fullmatch(unit):
        able = [is_able and not _NO_AMOUNT.search(heading) for is_able, heading in zip(able, headings, strict=True)]
        called = [is_able and _is_of_money(heading) for is_able, heading in zip(able, headings, strict=True)]
        able = called if any(called) else able
    return [heading + written.format(unit) if is_able else heading for heading, is_able in zip(headings, able, strict=True)]


def _is_of_money(heading: str) -> bool:
    return bool(_MONEY.search(heading)) or any(map(is_period, heading.split()))


def _are_amounts(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell]
    numbers = sum(kind_of(cell) == "number" and not cell.endswith(("%", "‰")) for cell in filled)
    serial = filled == [str(number) for number in range(1, len(filled) + 1)]
    return bool(filled) and 2 * numbers > len(filled) and not (serial and len(filled) > 1)


def _filled(row: Sequence[Cell]) -> list[str]:
    return [cell for cell in row if not isinstance(cell, Merged) and cell]


def _filled_at(row: Sequence[Cell]) -> set[int]:
    return {i for i, cell in enumerate(row) if not isinstance(cell, Merged) and cell}


def _is_marked(row: Sequence[Cell]) -> bool:
    filled = _filled(row)
    return bool(filled) and all(isinstance(cell, Label) for cell in filled)


def _looks_like_data(sample: Sequence[Sequence[Cell]]) -> bool:
    """Returns whether the first row consists of periods that the rows below have in the same columns too."""
    periods = [i for i, cell in enumerate(sample[0]) if isinstance(cell, str) and cell and is_period(cell)]
    return any(
        len(below := [row[i] for row in sample[1:] if i < len(row) and isinstance(row[i], str) and row[i]]) > 0
        and all(is_period(text_of(cell)) for cell in below)
        and kind_of(text_of(sample[0][i])) == kind_of(text_of(below[0]))
        for i in periods
    )


def _continues(sample: Sequence[Sequence[Cell]], number: int, *, marked: bool) -> bool:
    """Returns whether a row is one more row of headings."""
    row, above = sample[number], sample[number - 1]
    filled = _filled(row)
    if not filled:
        return False
    if all(_OF_UNIT.fullmatch(cell) for cell in filled) or (row[0] == "" and _divides(above, row) and may_be_headings(filled)):
        return True
    if marked and _is_marked(row) and not _is_marked(sample[-1]):
        return True
    # Only a heading that covers others can have headings below it.
    covers = any(cell is Merged.LEFT for cell in above) and _below_spans(above, row)
    return covers and (may_be_headings(filled) or all(map(is_period, filled)))


def _below_spans(above: Sequence[Cell], row: Sequence[Cell]) -> bool:
    """Returns whether a row has cells only below headings that cover several columns; those beside are covered or blank."""
    for i, cell in enumerate(row):
        spanned = i < len(above) and (above[i] is Merged.LEFT or (i + 1 < len(above) and above[i + 1] is Merged.LEFT))
        if isinstance(cell, str) and cell and not spanned:
            return False
    return True


def _divides(above: Sequence[Cell], row: Sequence[Cell]) -> bool:
    """Returns whether a row divides a heading beside which there are blank cells."""
    return any(text_of(row[i]) and text_of(row[i - 1]) and _at(above, i - 1) and not _at(above, i) for i in range(1, len(row)))


def _at(row: Sequence[Cell], i: int) -> str:
    return text_of(row[i]) if i < len(row) else ""


def _spread(row: Sequence[Cell], *, beside_blank: bool) -> Iterator[str]:
    """Yields the heading over each column: that of the cell which covers it, or is on its left if that is blank."""
    over = ""
    for cell in row:
        if cell is Merged.ABOVE:
            over = ""
        elif isinstance(cell, str):
            over = cell or (over if beside_blank else "")
        yield over
