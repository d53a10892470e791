"""Draws pages of PDF files, and finds the boxes of quotes on them.

A hostile file may take control of the process that reads it, so this runs in the parsing process (`rag.documents.sandbox`), which
sends nothing but numbers and pixels.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import pdf_forms
from rag.documents.viewing.quotes import PageQuote, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_PAGES = 20_000
MAX_BOXES = 2_000
MAX_SIDE = 4_000
_MAX_CHARACTERS = 500_000
_UNITS = 1_000_000

Box = tuple[float, float, float, float]
"""Left, top, width and height, as shares of the width and the height of the page."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn page: three bytes, red, green and blue, for each pixel, row by row from the top."""

    width: int
    height: int
    pixels: bytes

    def png(self) -> bytes:
        """Returns the picture as a PNG file."""
        row = 3 * self.width
        lines = b"".join(b"\0" + self.pixels[start : start + row] for start in range(0, len(self.pixels), row))
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 3)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in pieces)


@dataclass(frozen=True, slots=True)
class View:
    """Pages of a file.

    `sizes` are the width and height of every page in points. `boxes` are those of each quote that was looked for, and empty if it
    is not on its page. `picture` is None if no page was to be drawn.
    """

    sizes: tuple[tuple[float, float], ...]
    boxes: tuple[tuple[Box, ...], ...] = ()
    picture: Picture | None = None


def view(data: bytes, quotes: Iterable[PageQuote] = (), draw: int = 0, width: int = 0) -> View:
    """Reads the sizes of pages, looks for quotes, and draws a page.

    Args:
        data: A PDF file.
        quotes: The quotes to find.
        draw: The number of the page to draw, from 1; 0 for none.
        width: The width of the picture in pixels; very long pages are drawn smaller.

    Raises:
        ValueError: The file has no page of this number, or too many pages.
        pypdfium2.PdfiumError: The file cannot be read.
    """
    import pypdfium2

    pdf = pypdfium2.PdfDocument(data)
    try:
        if not 0 <= draw <= len(pdf) <= MAX_PAGES:
            raise ValueError(f"there is no page {draw}")
        pdf_forms.init(pdf)
        sizes = tuple((float(wide), float(high)) for wide, high in map(pdf.get_page_size, range(len(pdf))))
        boxes = tuple(tuple(_boxes(pdf, quote)) if quote.page <= len(pdf) else () for quote in quotes)
        return View(sizes, boxes, _drawn(pdf, draw, width) if draw else None)
    finally:
        pdf.close()


def _drawn(pdf: Any, number: int, width: int) -> Picture:
    page = pdf[number - 1]
    try:
        wide, high = page.get_size()
        scale = min(width / max(wide, 1), MAX_SIDE / max(high, 1))
        bitmap = page.render(scale=scale, rev_byteorder=True, force_bitmap_format=_rgb())
        pixels = bitmap.to_numpy()
        return Picture(bitmap.width, bitmap.height, pixels.tobytes())
    finally:
        page.close()


def _rgb() -> int:
    from pypdfium2 import raw

    return int(raw.FPDFBitmap_BGR)


def _boxes(pdf: Any, quote: PageQuote) -> Iterator[Box]:
    from pypdfium2 import raw

    page = pdf[quote.page - 1]
    try:
        textpage = page.get_textpage()
        count = min(textpage.count_chars(), _MAX_CHARACTERS)
        characters = [chr(raw.FPDFText_GetUnicode(textpage, number) or 32) for number in range(count)]

        def height_of(number: int) -> float:
            _, bottom, _, top = textpage.get_charbox(number)
            return float(bottom + top) / 2

        for start, end in find(characters, quote, height_of):
            rectangles = textpage.count_rects(start, end - start)
            yield from (_share(page, textpage.get_rect(number)) for number in range(min(rectangles, MAX_BOXES)))
    finally:
        page.close()


def _share(page: Any, rectangle: Sequence[float]) -> Box:
    """Returns the place of a rectangle on the page as it is shown, which may be turned or cut."""
    left, bottom, right, top = rectangle
    (x, y), (other_x, other_y) = _on_page(page, left, top), _on_page(page, right, bottom)
    corner = min(x, other_x), min(y, other_y)
    return (*corner, max(x, other_x) - corner[0], max(y, other_y) - corner[1])


def _on_page(page: Any, x: float, y: float) -> tuple[float, float]:
    from ctypes import byref, c_int

    from pypdfium2 import raw

    across, down = c_int(), c_int()
    raw.FPDF_PageToDevice(page, 0, 0, _UNITS, _UNITS, 0, x, y, byref(across), byref(down))
    return tuple(min(1.0, max(0.0, value.value / _UNITS)) for value in (across, down))  # type: ignore[return-value]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
