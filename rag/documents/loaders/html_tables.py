"""The tables of web pages: marks the cells that others cover, so that every row has a cell for each column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.documents.loaders.table_cells import Cell, Label, Merged

if TYPE_CHECKING:
    from collections.abc import Iterator

# The text of cells that others cover, in characters that no text may contain.
_ABOVE, _LEFT = "\ufdd0", "\ufdd1"
# Begins the text of a `<th>`, which the extraction of the main text does not always tell apart.
_HEADING = "\ufdd2"
_NO_MARKS = dict.fromkeys(map(ord, (_ABOVE, _LEFT, _HEADING)))
_MAX_SPAN = 100
_MAX_ROWS_OF_SPAN = 1000
# A page may ask for far more cells than it has.
_MAX_COVERED = 20_000


def mark_cells(tree: Any) -> None:
    """Adds a cell to the tree for each place that another cell covers, and marks headings, with texts that `cell` knows."""
    left = _MAX_COVERED
    for table in list(tree.iter("table")):
        if left > 0 and any(cell.get("rowspan") or cell.get("colspan") for cell in table.iter("td", "th")):
            left = _mark_table(table, left)
    for heading in tree.iter("th"):
        heading.text = _HEADING + (heading.text or "")


def cell(text: str) -> Cell:
    """Returns the cell with this text."""
    mark = text.strip()
    if mark in (_ABOVE, _LEFT):
        return Merged.ABOVE if mark == _ABOVE else Merged.LEFT
    return Label(without_marks(text)) if mark.startswith(_HEADING) else without_marks(text)


def without_marks(text: str) -> str:
    """Returns a text without the marks of cells."""
    return text.translate(_NO_MARKS)


def _mark_table(table: Any, left: int) -> int:
    """Marks one table; returns how many more cells may be added to the page."""
    open_cells: dict[int, tuple[int, str]] = {}
    for row in _rows(table):
        column, covered = 0, {}
        for element in [child for child in row if child.tag in ("td", "th")]:
            while column in open_cells:
                left -= _insert(row, row.index(element), open_cells[column][1])
                column += 1
                if left <= 0:
                    return 0
            width, height = _span(element, "colspan", _MAX_SPAN), _span(element, "rowspan", _MAX_ROWS_OF_SPAN)
            for place in range(width):
                if height > 1:
                    covered[column + place] = (height, _ABOVE)
                if place and left > 0:
                    left -= _insert(row, row.index(element) + place, _LEFT)
            column += width
        while column in open_cells and left > 0:
            left -= _insert(row, len(row), open_cells[column][1])
            column += 1
        open_cells = {place: (rows - 1, mark) for place, (rows, mark) in (open_cells | covered).items() if rows > 1}
        if left <= 0:
            break
    return left


def _rows(table: Any) -> Iterator[Any]:
    """Yields the rows of a table, but not those of tables within it."""
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ("thead", "tbody", "tfoot"):
            yield from (row for row in child if row.tag == "tr")


def _span(element: Any, name: str, most: int) -> int:
    text = (element.attrib.pop(name, "") or "").strip()
    return max(1, min(int(text), most)) if text.isascii() and text.isdigit() and len(text) < 6 else 1


def _insert(row: Any, place: int, mark: str) -> int:
    added = row.makeelement("td", {})
    added.text = mark
    row.insert(place, added)
    return 1
