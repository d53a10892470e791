"""Reads the parts of a sheet that its saved values do not show: merged cells, bold type, and formulas without values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rag.documents.loaders.table_cells import Merged

if TYPE_CHECKING:
    from collections.abc import Mapping

_BLOCK = 1 << 16
_OVERLAP = 4096
_END_OF_CELLS = b"sheetData>"
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']")
# A cell that ends after its formula, without a value.
_NOT_COMPUTED = re.compile(
    rb"(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^>]*/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_MAX_COVERED = 200_000
_MAX_TAIL = 20_000_000


class Sheet:
    """The parts of a sheet that are read from its XML.

    `covered` has the cells that others cover, by row and by column from 1. `lacks_values` says that some formula has no saved value.
    """

    def __init__(self, workbook: Any, sheet: Any) -> None:
        self._styles = workbook._cell_styles
        self._fonts = workbook._fonts
        self._bold: dict[int, bool] = {}
        self.lacks_values, tail = _scanned(workbook, sheet)
        self.covered: Mapping[int, Mapping[int, Merged]] = _covered(tail)

    def is_bold(self, cell: Any) -> bool:
        """Returns whether a cell is in bold type."""
        style = getattr(cell, "_style_id", None)
        if style is None:
            return False
        if style not in self._bold:
            self._bold[style] = bool(self._fonts[self._styles[style].fontId].b)
        return self._bold[style]


def _scanned(workbook: Any, sheet: Any) -> tuple[bool, bytes]:
    """Reads the XML of a sheet; returns whether a formula has no value, and what follows the cells."""
    lacks_values, tail, before = False, b"", b""
    with workbook._archive.open(sheet._worksheet_path) as file:
        while block := file.read(_BLOCK):
            if tail:
                if len(tail) < _MAX_TAIL:
                    tail += block
                continue
            window = before + block
            lacks_values = lacks_values or bool(_NOT_COMPUTED.search(window))
            place = window.rfind(_END_OF_CELLS)
            if place >= 0 and b"</" in window[max(0, place - 20) : place]:
                tail = window[place:]
            before = window[-_OVERLAP:]
    return lacks_values, tail


def _covered(tail: bytes) -> dict[int, dict[int, Merged]]:
    """Returns the cells that merged ranges cover: by the cell above, or by the one on the left in their first row."""
    covered: dict[int, dict[int, Merged]] = {}
    count = 0
    for match in _MERGED.finditer(tail):
        first, last = _column(match[1]), _column(match[3])
        top, bottom = int(match[2]), int(match[4])
        size = (last - first + 1) * (bottom - top + 1)
        if size + count > _MAX_COVERED:
            continue
        count += size
        for row in range(top, bottom + 1):
            for column in range(first, last + 1):
                if row > top or column > first:
                    covered.setdefault(row, {})[column] = Merged.ABOVE if row > top else Merged.LEFT
    return covered


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
