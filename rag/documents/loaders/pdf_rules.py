"""The rules that are drawn on a PDF page, and the grids of cells between them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rag.documents.loaders.pdf_pieces import Piece
from rag.documents.loaders.table_cells import Merged

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# In points: how thick a rule may be, how far rules may miss each other, and how long one is at least.
_THICK = 2.5
_NEAR = 2.5
_SHORTEST = 6.0
_MAX_PATHS = 5_000
_MAX_SEGMENTS = 20_000
_MAX_RULES = 2_000
_MAX_CELLS = 20_000
_MIN_LINES = 3

Span = tuple[float, float]
Rule = tuple[float, float, float]
"""The place of a rule, and where it begins and ends: y, left, right if it is horizontal, x, bottom, top if it is vertical."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells between rules: `xs` from left to right, `ys` from top to bottom.

    `across` has where the rules at each of `ys` begin and end, `down` where those at each of `xs` do.
    """

    xs: list[float]
    ys: list[float]
    across: list[list[Span]] = field(repr=False)
    down: list[list[Span]] = field(repr=False)

    @property
    def columns(self) -> int:
        """The number of columns."""
        return len(self.xs) - 1

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.ys) - 1

    def place_of(self, piece: Piece) -> tuple[int, int] | None:
        """Returns the row and the column of the cell that contains a piece, that which covers it; None outside of the grid."""
        x, y = (piece.left + piece.right) / 2, (piece.bottom + piece.top) / 2
        column = bisect_right(self.xs, x) - 1
        row = bisect_right(self.ys, -y, key=lambda place: -place) - 1
        if not (0 <= column < self.columns and 0 <= row < self.rows):
            return None
        while (covered := self.covered(row, column)) is not None:
            row, column = (row - 1, column) if covered is Merged.ABOVE else (row, column - 1)
        return row, column

    def covered(self, row: int, column: int) -> Merged | None:
        """Returns which cell covers this one, because no rule is between them; None if none does."""
        y, x = (self.ys[row] + self.ys[row + 1]) / 2, (self.xs[column] + self.xs[column + 1]) / 2
        if row and not _reaches(self.across[row], x):
            return Merged.ABOVE
        return Merged.LEFT if column and not _reaches(self.down[column], y) else None

    def cut(self, piece: Piece) -> Iterator[Piece]:
        """Yields the piece; one that lies across rules is one piece for each cell, by the share of its width."""
        y = (piece.bottom + piece.top) / 2
        first, last = bisect_right(self.xs, piece.left + 1), bisect_left(self.xs, piece.right - 1)
        inner = [self.xs[i] for i in range(first, last) if _reaches(self.down[i], y)]
        width, begin, left = piece.right - piece.left, 0, piece.left
        for x in [*inner, piece.right]:
            end = len(piece.text) if x == piece.right else round(len(piece.text) * (x - piece.left) / width)
            if text := piece.text[begin:end].strip():
                yield piece._replace(left=left, right=x, text=text)
            begin, left = end, x


def grids(page: Any) -> list[Grid]:
    """Finds the grids of a page: at least two rows and two columns between rules that touch."""
    across, down = _rules(page)
    if len(across) < 2 or len(down) < 2 or len(across) + len(down) < 2 * _MIN_LINES:
        return []
    found = []
    for horizontal, vertical in _touching(_merged(across), _merged(down)):
        ys, xs = _places(horizontal)[::-1], _places(vertical)
        if len(xs) >= _MIN_LINES and len(ys) >= _MIN_LINES and len(xs) * len(ys) <= _MAX_CELLS:
            found.append(Grid(xs, ys, [_spans(horizontal, y) for y in ys], [_spans(vertical, x) for x in xs]))
    return found


def _rules(page: Any) -> tuple[list[Rule], list[Rule]]:
    """Returns the horizontal and the vertical rules: straight lines, the sides of rectangles, and thin filled rectangles."""
    from pypdfium2 import raw

    across: list[Rule] = []
    down: list[Rule] = []
    segments = 0
    for number, path in enumerate(page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH])):
        count = raw.FPDFPath_CountSegments(path)
        segments += max(0, count)
        if number > _MAX_PATHS or segments > _MAX_SEGMENTS or len(across) + len(down) > _MAX_RULES:
            return [], []
        left, bottom, right, top = path.get_bounds()
        if right - left <= _THICK or top - bottom <= _THICK:
            _add(((left, bottom), (right, top)), across, down)
        else:
            for line in _lines_of(path, count):
                _add(line, across, down)
    return across, down


def _lines_of(path: Any, count: int) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Yields the straight lines of a path on the page."""
    import ctypes

    from pypdfium2 import raw

    matrix = path.get_matrix()
    x, y = ctypes.c_float(), ctypes.c_float()
    begin = before = (0.0, 0.0)
    for i in range(count):
        segment = raw.FPDFPath_GetPathSegment(path, i)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        here = matrix.on_point(x.value, y.value)
        kind = raw.FPDFPathSegment_GetType(segment)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            begin = here
        elif kind == raw.FPDF_SEGMENT_LINETO:
            yield before, here
        if raw.FPDFPathSegment_GetClose(segment):
            yield here, begin
        before = here


def _add(line: tuple[tuple[float, float], tuple[float, float]], across: list[Rule], down: list[Rule]) -> None:
    (x, y), (other_x, other_y) = line
    wide, high = abs(x - other_x), abs(y - other_y)
    if high <= _THICK and wide >= _SHORTEST:
        across.append(((y + other_y) / 2, min(x, other_x), max(x, other_x)))
    elif wide <= _THICK and high >= _SHORTEST:
        down.append(((x + other_x) / 2, min(y, other_y), max(y, other_y)))


def _merged(rules: list[Rule]) -> list[Rule]:
    """Joins rules that continue each other, as the sides of neighbouring cells do."""
    lines: list[list[Rule]] = []
    for rule in sorted(rules):
        if lines and rule[0] - lines[-1][0][0] <= _NEAR:
            lines[-1].append(rule)
        else:
            lines.append([rule])
    found: list[Rule] = []
    for line in lines:
        place = line[0][0]
        begin, end = None, 0.0
        for _, start, stop in sorted(line, key=lambda rule: rule[1:]):
            if begin is not None and start <= end + _NEAR:
                end = max(end, stop)
                continue
            if begin is not None:
                found.append((place, begin, end))
            begin, end = start, stop
        if begin is not None:
            found.append((place, begin, end))
    return found


def _touching(across: list[Rule], down: list[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """Yields the horizontal and vertical rules of each group that touch each other."""
    left = set(range(len(down)))
    unseen = set(range(len(across)))
    while unseen:
        rows, columns, queue = set(), set(), [unseen.pop()]
        while queue:
            row = queue.pop()
            rows.add(row)
            touched = {i for i in left if _touch(across[row], down[i])}
            left -= touched
            columns |= touched
            for i in touched:
                reached = {k for k in unseen if _touch(across[k], down[i])}
                unseen -= reached
                queue += reached
        yield [across[i] for i in sorted(rows)], [down[i] for i in sorted(columns)]


def _touch(across: Rule, down: Rule) -> bool:
    y, left, right = across
    x, bottom, top = down
    return left - _NEAR <= x <= right + _NEAR and bottom - _NEAR <= y <= top + _NEAR


def _places(rules: Sequence[Rule]) -> list[float]:
    """Returns the different places of rules, in order."""
    places: list[float] = []
    for place in sorted(rule[0] for rule in rules):
        if not places or place - places[-1] > _NEAR:
            places.append(place)
    return places


def _spans(rules: Sequence[Rule], place: float) -> list[Span]:
    return [(begin, end) for at, begin, end in rules if abs(at - place) <= _NEAR]


def _reaches(spans: Sequence[Span], place: float) -> bool:
    return any(begin - 1 <= place <= end + 1 for begin, end in spans)
