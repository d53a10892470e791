"""Writes the rows of a table as lines of text that can be understood without each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_YEAR = re.compile(r"(?:19|20)\d{2}年?")
_VALUE = re.compile(r"[-+−(]?[¥￥$€£]?\s?\d[\d,.\s:/年月日-]*[%‰)]?|TRUE|FALSE")
_MAX_HEADING = 60


def rows_as_lines(rows: Iterable[Sequence[str | None]]) -> Iterator[str]:
    """Yields each row as "heading: value; heading: value", without empty cells.

    Single cells above the table come first, unchanged. The headings are the first row of several cells if it consists of words
    or years; a second row of headings below merged cells is added to it. The rows of a table without headings are "value; value".

    Args:
        rows: The cells of each row. None is a cell that was merged with the one above it, and has its value.
    """
    headings: list[str] | None = None
    may_continue, alone = False, True
    above: list[str] = []
    for cells in rows:
        row = [" ".join(cell.split()) if cell else "" for cell in cells]
        if headings is None:
            filled = [cell for cell in row if cell]
            if len(filled) > 1:
                headings = row if _are_headings(filled) else []
                may_continue = bool(headings)
            if filled and not headings:
                yield "; ".join(filled)
        elif headings and may_continue and _continues(headings, row):
            headings = _below(headings, row)
            may_continue = False
        else:
            may_continue = False
            row = [_above(above, i) if cell is None else row[i] for i, cell in enumerate(cells)]
            if line := _line(headings, row):
                yield line
                alone = False
        above = row
    if headings and alone:
        yield _line([], headings)


def _above(above: Sequence[str], i: int) -> str:
    return above[i] if i < len(above) else ""


def _are_headings(filled: Sequence[str]) -> bool:
    """Returns whether these cells are headings: words, and years among them."""
    words = [cell for cell in filled if not _YEAR.fullmatch(cell)]
    return bool(words) and not any(len(cell) > _MAX_HEADING or _VALUE.fullmatch(cell) for cell in words)


def _continues(headings: Sequence[str], row: Sequence[str]) -> bool:
    """Returns whether a row divides a heading that was merged over several columns."""
    names = [*headings, *[""] * len(row)]
    divides = any(row[i] and row[i - 1] and names[i - 1] and not names[i] for i in range(1, len(row)))
    return divides and not row[0] and _are_headings([cell for cell in row if cell])


def _below(headings: Sequence[str], row: Sequence[str]) -> list[str]:
    """Joins two rows of headings: a heading merged over several columns comes before each heading below it."""
    joined, over = [], ""
    for i in range(max(len(headings), len(row))):
        heading = headings[i] if i < len(headings) else ""
        below = row[i] if i < len(row) else ""
        over = heading or (over if below else "")
        joined.append(" ".join(filter(None, (over, below))))
    return joined


def _line(headings: Sequence[str], row: Sequence[str]) -> str:
    named = ((headings[i] if i < len(headings) else "", cell) for i, cell in enumerate(row) if cell)
    return "; ".join(f"{heading}: {cell}" if heading else cell for heading, cell in named)
