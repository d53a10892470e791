"""Reads pictures of pages, such as photographs and scans, by OCR."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import ocr, steps
from rag.documents.loaders.base import document_id
from rag.documents.loaders.pdf_lines import lines_of
from rag.documents.loaders.pdf_page_columns import flows
from rag.documents.loaders.pdf_pieces import Piece
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")
_MAX_PAGES = 500
_MAX_PIXELS = 150_000_000


class PictureLoader:
    """Reads PNG, JPEG and TIFF files. Each picture of a TIFF file is a page.

    Without the extra for OCR it has no endings, so that the pictures in a folder are passed over.
    """

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the file names, lower case, with the dot."""
        return SUFFIXES if ocr.is_installed() else ()

    def __call__(self, data: bytes, source: str) -> Document:
        if not ocr.is_installed():
            raise LoadError(f"{source}: this is a picture, which needs OCR ({ocr.HOW_TO_INSTALL})")
        texts = []
        for number, picture in enumerate(pictures := list(_pictures(data, source)), 1):
            texts.append(_text(picture, source))
            if len(pictures) > 1:
                steps.tell(number, len(pictures))
        if not any(map(str.strip, texts)):
            raise LoadError(f"{source}: this is a picture in which OCR finds no text")
        starts = [0]
        for text in texts[:-1]:
            starts.append(starts[-1] + len(text) + 1)
        pages = tuple(starts) if len(texts) > 1 else ()
        return Document(document_id(source), Path(source).stem, source, "\f".join(texts), pages=pages)


def _pictures(data: bytes, source: str) -> Iterator[Any]:
    """Yields the pictures of a file as arrays of grey values, no larger than OCR reads them.

    Raises:
        LoadError: The file is damaged or too large.
    """
    import cv2
    import numpy as np

    cv2.utils.logging.setLogLevel(0)  # it would print what is wrong with a damaged file
    encoded = np.frombuffer(data, np.uint8)
    try:
        whole, decoded = cv2.imdecodemulti(encoded, cv2.IMREAD_GRAYSCALE)
    except cv2.error as error:
        raise LoadError(f"{source}: the picture is damaged or too large") from error
    if not whole or not decoded:
        raise LoadError(f"{source}: the picture is damaged")
    if len(decoded) > _MAX_PAGES or sum(picture.size for picture in decoded) > _MAX_PIXELS:
        raise LoadError(f"{source}: the file contains too many or too large pictures; split it")
    for picture in decoded:
        scale = min(1.0, ocr.LONGEST_SIDE / max(picture.shape))
        yield picture if scale == 1.0 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def _text(picture: Any, source: str) -> str:
    # The origin of a page is below, that of a picture above.
    pieces = [Piece(line.left, -line.bottom, line.right, -line.top, line.text) for line in ocr.lines(picture, source)]
    return "\n\n".join("\n".join(lines_of(blocks)) for blocks in flows(pieces))
