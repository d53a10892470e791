"""The tables of PDF pages, with rules between their cells or with aligned columns, as rows that keep their headings.

A table that continues on the next page keeps its headings there, whether or not the page repeats them.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import pdf_rules, table_headings
from rag.documents.loaders.pdf_forms import is_field, plain
from rag.documents.loaders.pdf_page_columns import is_running_text, rows_of
from rag.documents.loaders.pdf_pieces import GAP, Piece, Row, height_of, middle_of
from rag.documents.loaders.pdf_pieces import upright as pieces_of
from rag.documents.loaders.table_cells import Cell, is_value, text_of
from rag.documents.loaders.table_facts import are_facts
from rag.documents.loaders.table_rows import rows_as_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.documents.loaders.pdf_rules import Grid

# In heights of a line: the gap between two words, the least between two columns, and the most between two rows without rules.
_WORD = 0.25
_MIN_GUTTER = 0.35
_MAX_STEP = 3.5
_MIN_ROWS = 3
_MAX_LINES_BEYOND = 3
_ALIGNED = 4.0
_MAX_MARKER = 3
# A page of more pieces is a drawing; the time to look for tables grows with their square.
_MAX_PIECES = 4000
_MAX_WORDS = 20_000

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Found:
    """A table of a page: its cells by row, the pieces that it consists of, and the left edges of its columns."""

    rows: list[list[Cell]]
    words: list[Piece]
    edges: tuple[float, ...]
    is_ruled: bool

    @property
    def top(self) -> float:
        return max(word.top for word in self.words)

    @property
    def bottom(self) -> float:
        return min(word.bottom for word in self.words)


@dataclass(frozen=True, slots=True)
class _Open:
    """A table at the end of a page, which the next one may continue: its rows of headings and the edges of its columns."""

    headings: list[list[Cell]]
    edges: tuple[float, ...]
    is_ruled: bool


class PageTables:
    """Finds the tables of one file's pages, in the order of the pages."""

    def __init__(self) -> None:
        self._open: _Open | None = None

    def written(self, page: Any, textpage: Any, count: int, pieces: list[Piece]) -> list[Piece]:
        """Returns the pieces of a page with each row of a table as one piece, such as "Room: Cedar; Seats: 8".

        Args:
            page: The page.
            textpage: The characters of the page.
            count: The number of characters.
            pieces: The pieces of the page.
        """
        before, self._open = self._open, None
        if len(pieces) > _MAX_PIECES:
            return pieces
        lines = rows_of(pieces)
        grids = pdf_rules.grids(page)
        if not grids and sum(len(line) > 1 for line in lines) < (1 if before else _MIN_ROWS):
            return pieces
        words = [*pieces_of(textpage, count, _WORD), *filter(is_field, pieces)]
        if len(words) > _MAX_WORDS:
            return pieces
        found = _ruled(words, grids)
        taken = {id(word) for table in found for word in table.words}
        rest = [word for word in words if id(word) not in taken]
        found += _unruled(rest, before)
        if not found:
            return pieces
        found.sort(key=lambda table: -table.top)
        for number, table in enumerate(found):
            pieces = self._replaced(table, pieces, before if number == 0 else None)
        return pieces

    def _replaced(self, table: _Found, pieces: list[Piece], before: _Open | None) -> list[Piece]:
        """Replaces the pieces of a table by one for each line that it is written as."""
        inside = _overlapping(table, pieces)
        others = [piece for piece in pieces if piece not in inside]
        headings: list[list[Cell]] = []
        above = rows_of([piece for piece in others if piece.bottom >= table.top])
        if before and before.edges and len(above) <= _MAX_LINES_BEYOND and _are_aligned(before, table):
            headings = before.headings
        near = plain("\n".join(" ".join(piece.text for piece in row) for row in above[-2:]))
        lines = [line for line in rows_as_lines([*headings, *table.rows], near) if line]
        if not lines:
            return pieces
        below = rows_of([piece for piece in others if piece.top <= table.bottom])
        if len(below) <= _MAX_LINES_BEYOND:
            own = headings or table.rows[: table_headings.rows_of_headings(table.rows)]
            self._open = _Open(own, table.edges, table.is_ruled) if own else None
        return [*others, *_placed(lines, table, others)]


# -- tables with rules --------------------------------------------------------------------------------------------------


def _ruled(words: Sequence[Piece], grids: Sequence[Grid]) -> list[_Found]:
    """Reads the cells between rules."""
    found = []
    for grid in grids:
        inside: dict[tuple[int, int], list[Piece]] = {}
        for word in words:
            for part in grid.cut(word):
                if place := grid.place_of(part):
                    inside.setdefault(place, []).append(part)
        filled_columns = {column for _, column in inside}
        filled_rows = {row for row, _ in inside}
        own = [word for word in words if grid.place_of(word)]
        if len(filled_columns) < 2 or len(filled_rows) < 2:
            continue
        rows: list[list[Cell]] = [
            [
                covered if (covered := grid.covered(row, column)) else _joined(inside.get((row, column), []))
                for column in range(grid.columns)
            ]
            for row in range(grid.rows)
        ]
        if not _is_layout(rows, own):
            found.append(_Found(rows, own, tuple(grid.xs[:-1]), True))
    return found


def _is_layout(rows: Sequence[Sequence[Cell]], words: Sequence[Piece]) -> bool:
    """Returns whether rules only frame parts of a page with running text in them."""
    longest = max(len(text_of(cell)) for row in rows for cell in row)
    filled = sum(bool(text_of(cell)) for row in rows for cell in row)
    return longest > 600 or 4 * filled < len(rows)


def _joined(words: list[Piece]) -> str:
    """Joins the words of a cell, line after line."""
    text = ""
    for line in rows_of(words):
        for number, word in enumerate(line):
            wide = text and ord(text[-1]) > 0x2E7F and ord(word.text[0]) > 0x2E7F
            gap = number and (word.left - line[number - 1].right) > _WORD * (word.top - word.bottom)
            text += word.text if not text or (wide and not gap) else f" {word.text}"
    return plain(text)


# -- tables with aligned columns ----------------------------------------------------------------------------------------


def _unruled(words: list[Piece], before: _Open | None) -> list[_Found]:
    """Finds runs of lines that leave the same stretches free."""
    lines = rows_of(words)
    height = height_of(words)
    found: list[_Found] = []
    start = 0
    while start < len(lines):
        end, gutters = _run(lines, start, height)
        table = _aligned(lines[start:end], gutters, height, before) if gutters else None
        if table:
            found.append(table)
        start = end if table else start + 1
    return found


def _run(lines: Sequence[Row], start: int, height: float) -> tuple[int, list[Span]]:
    """Returns the end of the run of lines that begins at `start`, and the stretches that all of them leave free."""
    free: list[Span] = []
    most, end = 0, start
    left, right = float("inf"), float("-inf")
    while end < len(lines):
        line = lines[end]
        parts = _parts(line, height)
        if parts < 2 or (end > start and middle_of(lines[end - 1]) - middle_of(line) > _MAX_STEP * height):
            break
        gaps = _gaps(line, height)
        narrowed = gaps if end == start else _common(free, gaps, height)
        outer = min(left, line[0].left), max(right, *(word.right for word in line))
        if len(_inner(narrowed, *outer)) + 1 < max(most, parts):
            break
        free, most, end = narrowed, max(most, parts), end + 1
        left, right = outer
    return max(end, start + 1), _inner(free, left, right)


def _aligned(lines: Sequence[Row], gutters: Sequence[Span], height: float, before: _Open | None) -> _Found | None:
    """Reads lines with these gutters as a table; None if they are not surely one."""
    middles = [(left + right) / 2 for left, right in gutters]
    cells = [[[word for word in line if _column_of(word, middles) == i] for i in range(len(gutters) + 1)] for line in lines]
    columns = [[row[i] for row in cells if row[i]] for i in range(len(gutters) + 1)]
    if any(not column for column in columns) or all(is_running_text(column, height) for column in columns):
        return None
    if len(columns) == 2 and all(len(text) <= _MAX_MARKER for row in columns[0] for text in [_joined(row)]):
        return None  # the numbers or bullets of a list
    rows: list[list[Cell]] = [[_joined(cell) for cell in row] for row in cells]
    edges = tuple(min(row[0].left for row in column) for column in columns)
    table = _Found(rows, [word for line in lines for word in line], edges, False)
    if before and _are_aligned(before, table):
        return table
    has_headings = bool(table_headings.rows_of_headings(rows)) and any(is_value(text_of(c)) for row in rows[1:] for c in row)
    is_sure = (
        has_headings or (len(columns) == 2 and are_facts(rows)) or (len(columns) > 2 and table_headings.rows_of_headings(rows))
    )
    return table if len(lines) >= _MIN_ROWS and is_sure else None


def _parts(line: Row, height: float) -> int:
    """Counts the pieces of a line with wide gaps between them."""
    return 1 + sum(right.left - left.right > GAP * height for left, right in pairwise(line))


def _gaps(line: Row, height: float) -> list[Span]:
    gaps, right = [], float("-inf")
    for word in line:
        if word.left - right >= _MIN_GUTTER * height:
            gaps.append((right, word.left))
        right = max(right, word.right)
    return [*gaps, (right, float("inf"))]


def _common(one: Sequence[Span], other: Sequence[Span], height: float) -> list[Span]:
    """Returns the stretches that are free in both, from left to right."""
    found = []
    i = k = 0
    while i < len(one) and k < len(other):
        start, end = max(one[i][0], other[k][0]), min(one[i][1], other[k][1])
        if end - start >= _MIN_GUTTER * height:
            found.append((start, end))
        if one[i][1] < other[k][1]:
            i += 1
        else:
            k += 1
    return found


def _inner(free: Sequence[Span], left: float, right: float) -> list[Span]:
    """Returns the stretches within the edges of the text."""
    return [(start, end) for start, end in free if start >= left and end <= right]


def _column_of(word: Piece, middles: Sequence[float]) -> int:
    return sum(word.left >= middle for middle in middles)


# -- both ---------------------------------------------------------------------------------------------------------------


def _are_aligned(before: _Open, table: _Found) -> bool:
    """Returns whether a table has the columns of the one on the page before."""
    return (
        before.is_ruled == table.is_ruled
        and len(before.edges) == len(table.edges)
        and all(abs(a - b) <= _ALIGNED for a, b in zip(before.edges, table.edges, strict=True))
    )


def _overlapping(table: _Found, pieces: Sequence[Piece]) -> set[Piece]:
    """Returns the pieces that consist of the words of a table."""
    boxes = [(word.left, word.bottom, word.right, word.top) for word in table.words]
    left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
    return {
        piece
        for piece in pieces
        if table.bottom - 1 <= (piece.bottom + piece.top) / 2 <= table.top + 1
        and left - 1 <= (piece.left + piece.right) / 2 <= right + 1
    }


def _placed(lines: Sequence[str], table: _Found, others: list[Piece]) -> list[Piece]:
    """Places lines below each other where the table was, as far apart as other lines are, so that none seem to be paragraphs."""
    left, right = min(word.left for word in table.words), max(word.right for word in table.words)
    space = (table.top - table.bottom) / len(lines)
    rows = rows_of(others)
    steps = [step for a, b in pairwise(rows) if 0 < (step := middle_of(a) - middle_of(b)) < 3 * height_of(others)]
    step = min(space, statistics.median(steps) if steps else 1.3 * height_of(table.words))
    height = min(step * 0.9, height_of(table.words))
    return [Piece(left, table.top - i * step - height, right, table.top - i * step, line) for i, line in enumerate(lines)]
