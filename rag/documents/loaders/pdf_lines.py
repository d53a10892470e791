"""The lines of a PDF page, with tabs between cells, blank lines between paragraphs, and indents."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.documents.loaders import scripts
from rag.documents.loaders.pdf_forms import VALUE, plain
from rag.documents.loaders.pdf_pieces import height_of, middle_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.documents.loaders.pdf_pieces import Piece, Row

# In heights of a line: the gap between two words, and the one between the cells of a row.
_WORD_GAP = 0.2
_CELL_GAP = 1.6
# In the usual distance between lines: a larger one ends a paragraph.
_PARAGRAPH = 1.3
_MARKER = re.compile(r"[(（]?\w{1,3}[.)）、]?|[^\w\s]")
_MAX_INDENT = 12
# A piece that is raised, in heights of the line, and in characters.
_SMALL = 0.8
_RAISED = 0.25
_MAX_RAISED = 4


def lines_of(blocks: Sequence[list[Row]]) -> Iterator[str]:
    """Yields the lines of blocks: an empty one at the end of a paragraph, and blanks before an indented one."""
    for rows in blocks:
        steps = [middle_of(above) - middle_of(below) for above, below in pairwise(rows)]
        step = _commonest(steps)
        height = height_of([piece for row in rows for piece in row])
        margin = min(row[0].left for row in rows)
        for row, distance in zip(rows, [0.0, *steps], strict=True):
            if distance > _PARAGRAPH * step:
                yield ""
            indent = round(2 * (row[0].left - margin) / height) if height else 0
            yield " " * min(indent, _MAX_INDENT) + _text_of(row)


def _text_of(row: Row) -> str:
    """Joins the pieces of a row, with a tab between cells. The number of a list item is not a cell."""
    text = row[0].text
    base = max(row, key=lambda piece: piece.right - piece.left)
    for number, (before, piece) in enumerate(pairwise(row)):
        gap = (piece.left - before.right) / max(before.top - before.bottom, 0.1)
        is_value = piece.text.startswith(VALUE)
        marker = number == 0 and _MARKER.fullmatch(before.text)
        if gap > _CELL_GAP and not marker and not is_value:
            text += "\t"
        elif marker or is_value or gap > _WORD_GAP:
            text += " "
        text += _in_line(piece, base)
    return plain(text)


def _in_line(piece: Piece, base: Piece) -> str:
    """Returns the text of a piece, marked if it is raised above the longest piece of its row, as the mark of a note is."""
    height = base.top - base.bottom
    small = piece.top - piece.bottom < _SMALL * height
    raised = small and piece.bottom - base.bottom > _RAISED * height and len(piece.text) <= _MAX_RAISED
    return scripts.raised(piece.text) if raised else piece.text


def _commonest(steps: Sequence[float]) -> float:
    """Returns the commonest distance between lines, within a tenth; the smallest if several are as common."""
    if not steps:
        return math.inf
    unit = max(statistics.median(steps) / 10, 0.1)
    times = Counter(round(step / unit) for step in steps)
    return unit * min(times, key=lambda step: (-times[step], step))
