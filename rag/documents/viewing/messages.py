"""The messages in which the parsing process sends pages, and their check: a hostile file may have taken control of that process."""

from __future__ import annotations

import base64
import binascii
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.viewing.pdf_pages import MAX_BOXES, MAX_PAGES, MAX_SIDE, Box, Picture, View
from rag.documents.viewing.quotes import PageQuote
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Sequence


def view(path: str, quotes: Sequence[tuple[int, list[str], int]], draw: int, width: int) -> tuple[Any, ...]:
    """Reads pages of the PDF file at `path`, and returns them as a message; see `rag.documents.viewing.pdf_pages.view`.

    Raises:
        LoadError: The file cannot be read, or has no such page.
    """
    import pypdfium2

    from rag.documents.viewing import pdf_pages

    sought = [PageQuote(page, tuple(texts), before, 0) for page, texts, before in quotes]
    try:
        seen = pdf_pages.view(Path(path).read_bytes(), sought, draw, width)
    except (OSError, ValueError, pypdfium2.PdfiumError) as error:
        raise LoadError(f"{Path(path).name}: the page cannot be shown: the file is damaged or is not there") from error
    picture = seen.picture
    drawn = [picture.width, picture.height, base64.b64encode(picture.pixels).decode()] if picture else None
    return "view", seen.sizes, seen.boxes, drawn


def view_from(message: Any, quotes: int, has_picture: bool) -> View | None:
    """Returns the pages of a message about so many quotes; None if it is not such a message."""
    match message:
        case ["view", [*sizes], [*boxes], drawn] if len(sizes) <= MAX_PAGES and len(boxes) == quotes:
            picture = _picture(drawn)
            fits = all(map(_is_size, sizes)) and all(map(_are_boxes, boxes)) and (picture is not None) == has_picture
            if fits:
                return View(tuple(map(tuple, sizes)), tuple(tuple(map(tuple, own)) for own in boxes), picture)
    return None


def _picture(drawn: Any) -> Picture | None:
    match drawn:
        case [int(width), int(height), str(pixels)] if 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE:
            try:
                data = base64.b64decode(pixels, validate=True)
            except (binascii.Error, ValueError):
                return None
            return Picture(width, height, data) if len(data) == 3 * width * height else None
    return None


def _is_size(size: Any) -> bool:
    return _are_numbers(size, 2) and all(0 < side < math.inf for side in size)


def _are_boxes(boxes: Any) -> bool:
    return isinstance(boxes, list) and len(boxes) <= MAX_BOXES and all(map(_is_box, boxes))


def _is_box(box: Box | Any) -> bool:
    return _are_numbers(box, 4) and all(0 <= share <= 1 for share in box)


def _are_numbers(values: Any, count: int) -> bool:
    return isinstance(values, list) and len(values) == count and all(type(value) in (int, float) for value in values)
