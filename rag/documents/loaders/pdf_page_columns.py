"""The reading order of a PDF page: finds columns by the gutters between them, and leaves tables whole."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rag.documents.loaders.pdf_pieces import GAP, Piece, Row, bottom_of, height_of, top_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# In heights of a line.
_MARGIN = 1.0
_MIN_COLUMN_WIDTH = 8
# A column has at least so many lines, and this share of them fills this share of its width.
_MIN_COLUMN_LINES = 2
_MIN_LINES_OF_BOTH = 6
_FULL_LINES = 0.5
_FULL = 0.7

Span = tuple[float, float]


def flows(pieces: list[Piece]) -> Iterator[list[list[Row]]]:
    """Yields the parts of a page from top to bottom. A part is a list of blocks, such as columns, in reading order."""
    rows = rows_of(pieces)
    height = height_of(pieces)
    first, last = 0, len(rows)
    # A row far above or far below the rest, such as a running head, is not a line of a column.
    if len(rows) > 2 and bottom_of(rows[0]) - top_of(rows[1]) > _MARGIN * height:
        first = 1
    if last - first > 2 and bottom_of(rows[-2]) - top_of(rows[-1]) > _MARGIN * height:
        last -= 1
    for part in (rows[:first], rows[first:last], rows[last:]):
        yield from _parts(part, height) if part else ()


def _parts(rows: list[Row], height: float) -> Iterator[list[list[Row]]]:
    """Divides rows into columns and the rows between columns; a column may have columns of its own."""
    plain: list[Row] = []
    bands = [part for band, gutter in _bands(rows, height) for part in _without_tables(band, gutter, height)]
    for band, gutter in bands:
        sides = _columns(band, gutter, height) if gutter is not None else None
        if sides is None:
            plain += band
            continue
        if plain:
            yield [plain]
            plain = []
        yield [block for side in sides for blocks in _parts(rows_of(side), height) for block in blocks]
    if plain:
        yield [plain]


def rows_of(pieces: list[Piece]) -> list[Row]:
    """Returns the pieces in rows from top to bottom, each from left to right."""
    rows: list[Row] = []
    for piece in sorted(pieces, key=lambda piece: -(piece.bottom + piece.top)):
        if rows:
            bottom, top = max(p.bottom for p in rows[-1][:1]), min(p.top for p in rows[-1][:1])
            overlap = min(top, piece.top) - max(bottom, piece.bottom)
            if overlap > 0.5 * min(top - bottom, piece.top - piece.bottom):
                rows[-1].append(piece)
                continue
        rows.append([piece])
    return [sorted(row) for row in rows]


def _bands(rows: list[Row], height: float) -> Iterator[tuple[list[Row], float | None]]:
    """Yields runs of rows with the middle of the gutter that they all leave free; None for rows without a gutter."""
    band: list[Row] = []
    free: list[Span] = []
    gutter: float | None = None
    for row in rows:
        gaps = _gaps(row, height)
        narrowed = _common(free, gaps, height) if band else gaps
        inner = _inner(narrowed, [*band, row])
        if gutter is None and band and inner is None and _inner(gaps, [row]) is not None:
            # A gutter begins here, or in rows above that leave it free because they are short.
            begins = len(band)
            narrowed = gaps
            while begins and _inner(wider := _common(narrowed, _gaps(band[begins - 1], height), height), [row]) is not None:
                narrowed = wider
                begins -= 1
            yield band[:begins], None
            band = band[begins:]
            inner = _inner(narrowed, [*band, row])
        elif gutter is not None and inner is None:
            yield band, gutter
            band, narrowed = [], gaps
            inner = _inner(gaps, [row])
        band.append(row)
        free, gutter = narrowed, inner
    yield band, gutter


def _without_tables(band: list[Row], gutter: float | None, height: float) -> Iterator[tuple[list[Row], float | None]]:
    """Parts a band from tables between or below its columns, whose gaps are where the gutter is."""
    if gutter is None:
        yield band, None
        return
    part: list[Row] = []
    for rows in _apart(band, height):
        across = sum(row[0].left < gutter <= row[-1].left for row in rows)
        if across > 1 and 2 * across > len(rows) and _columns(rows, gutter, height) is None:
            yield part, gutter
            yield rows, None
            part = []
        else:
            part += rows
    yield part, gutter


def _apart(rows: Sequence[Row], height: float) -> Iterator[list[Row]]:
    """Yields runs of rows with a margin between one run and the next."""
    run: list[Row] = []
    for row in rows:
        if run and min(map(bottom_of, run)) - top_of(row) > _MARGIN * height:
            yield run
            run = []
        run.append(row)
    yield run


def _gaps(row: Row, height: float) -> list[Span]:
    """Returns the free stretches of a row, with those to the edges of the page."""
    gaps, right = [], -math.inf
    for piece in row:
        if piece.left - right >= GAP * height * 0.9:
            gaps.append((right, piece.left))
        right = max(right, piece.right)
    return [*gaps, (right, math.inf)]


def _common(one: Sequence[Span], other: Sequence[Span], height: float) -> list[Span]:
    """Returns the stretches that are free in both, from left to right."""
    found = []
    i = k = 0
    while i < len(one) and k < len(other):
        start, end = max(one[i][0], other[k][0]), min(one[i][1], other[k][1])
        if end - start >= 0.6 * GAP * height:
            found.append((start, end))
        if one[i][1] < other[k][1]:
            i += 1
        else:
            k += 1
    return found


def _inner(free: Sequence[Span], rows: Sequence[Row]) -> float | None:
    """Returns the middle of the first free stretch with text on both sides; None without one."""
    left = min(row[0].left for row in rows)
    right = max(piece.right for row in rows for piece in row)
    return next(((start + end) / 2 for start, end in free if left < start and end < right), None)


def _columns(band: Sequence[Row], gutter: float, height: float) -> tuple[list[Piece], list[Piece]] | None:
    """Returns the pieces left and right of the gutter; None if they are not two columns of running text, as in a table."""
    pieces = [piece for row in band for piece in row]
    left = [piece for piece in pieces if piece.left < gutter]
    right = [piece for piece in pieces if piece.left >= gutter]
    if not left or not right:
        return None
    lines = [rows_of(side) for side in (left, right)]
    # The right side may be several columns.
    is_text = all(len(side) >= _MIN_COLUMN_LINES and is_running_text(side, height) for side in lines)
    return (left, right) if is_text and sum(map(len, lines)) >= _MIN_LINES_OF_BOTH else None


def is_running_text(rows: Sequence[Row], height: float) -> bool:
    """Returns whether rows are wide, and most of them fill their width, as lines of prose do."""
    left, right = min(row[0].left for row in rows), max(row[-1].right for row in rows)
    full = sum(sum(piece.right - piece.left for piece in row) >= _FULL * (right - left) for row in rows)
    return right - left >= _MIN_COLUMN_WIDTH * height and full >= _FULL_LINES * len(rows)
