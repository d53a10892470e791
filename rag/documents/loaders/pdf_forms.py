"""Reads the fields of a PDF form as pieces of text in their places, so that they come behind their labels."""

from __future__ import annotations

import ctypes
import re
import statistics
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import check_boxes, scripts
from rag.documents.removals import unmarked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rag.documents.loaders.pdf_pieces import Piece

VALUE = "\ufdec"
"""Begins the text of a field; a label and its value are not two cells."""

_MAX_FIELDS = 5_000
_MAX_BYTES = 200_000
_MAX_HEIGHT = 1.6
_DEFAULT_HEIGHT = 10.0
_PASSWORD = 1 << 13
_HAN = re.compile("[\u3400-\u9fff]")


def init(pdf: Any) -> None:
    """Prepares the form of a file, if it has one, before its pages are opened."""
    pdf.init_forms()


def is_field(piece: Piece) -> bool:
    """Returns whether a piece is the value or the box of a field."""
    return piece.text.startswith(VALUE) or piece.text in (check_boxes.CHECKED, check_boxes.UNCHECKED)


def plain(text: str) -> str:
    """Returns the text of pieces with raised characters, choices and values as they are shown."""
    return "\n".join(check_boxes.written(line) for line in scripts.written(text.replace(VALUE, "")).split("\n"))


def with_fields(pieces: list[Piece], page: Any, form: Any) -> list[Piece]:
    """Returns the pieces of an upright page with those of its filled fields and boxes.

    Args:
        pieces: The text of the page.
        page: The page of PDFium.
        form: The form environment of the file; None without a form.
    """
    if form is None:
        return pieces
    height = statistics.median(piece.top - piece.bottom for piece in pieces) if pieces else _DEFAULT_HEIGHT
    blank = "（未填写）" if any(_HAN.search(piece.text) for piece in pieces) else "(left blank)"
    return [*pieces, *_fields(page, form, pieces, height, blank)]


def _fields(page: Any, form: Any, pieces: Sequence[Piece], height: float, blank: str) -> Iterator[Piece]:
    from pypdfium2 import raw

    for number in range(min(raw.FPDFPage_GetAnnotCount(page), _MAX_FIELDS)):
        annotation = raw.FPDFPage_GetAnnot(page, number)
        try:
            shown = not raw.FPDFAnnot_GetFlags(annotation) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW)
            if raw.FPDFAnnot_GetSubtype(annotation) != raw.FPDF_ANNOT_WIDGET or not shown:
                continue
            rectangle = raw.FS_RECTF()
            text = _text(form, annotation, blank)
            if text and raw.FPDFAnnot_GetRect(annotation, rectangle):
                yield _piece(rectangle, text, pieces, height, _label(form, annotation))
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _text(form: Any, annotation: Any, blank: str) -> str:
    """Returns what a field contains: its value, or a box; empty for a button and the like."""
    from pypdfium2 import raw

    kind = raw.FPDFAnnot_GetFormFieldType(form, annotation)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        return check_boxes.CHECKED if raw.FPDFAnnot_IsChecked(form, annotation) else check_boxes.UNCHECKED
    if kind not in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        return ""
    if kind == raw.FPDF_FORMFIELD_TEXTFIELD and raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD:
        return ""
    value = _string(raw.FPDFAnnot_GetFormFieldValue, form, annotation)
    return VALUE + (value or blank)


def _string(read: Callable[[Any, Any, Any, int], int], form: Any, annotation: Any) -> str:
    """Returns a text of a field in one line."""
    size = min(read(form, annotation, None, 0), _MAX_BYTES)
    buffer = ctypes.create_string_buffer(size)
    read(form, annotation, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return " ".join(unmarked(buffer.raw[: size // 2 * 2].decode("utf-16-le", "ignore").replace("\0", "")).split())


def _label(form: Any, annotation: Any) -> str:
    from pypdfium2 import raw

    return _string(raw.FPDFAnnot_GetFormFieldAlternateName, form, annotation)


def _piece(rectangle: Any, text: str, pieces: Sequence[Piece], height: float, label: str) -> Piece:
    """Returns the piece of a field, as high as a line; its tooltip comes before it if there is no text beside it."""
    from rag.documents.loaders.pdf_pieces import Piece

    top, bottom = rectangle.top, rectangle.bottom
    if top - bottom > _MAX_HEIGHT * height:
        # A field of one line has its text in the middle, a higher one at the top.
        middle = (top + bottom) / 2 if top - bottom < 3 * height else top - height
        top, bottom = middle + height / 2, middle - height / 2
    beside = any(piece.bottom < top and bottom < piece.top for piece in pieces)
    if label and not beside and text.startswith(VALUE):
        text = f"{label}: {text[1:]}"
    return Piece(rectangle.left, bottom, rectangle.right, top, text)
