"""PDF files: the text of each page in the order in which it is read."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import ocr, pdf_forms, steps
from rag.documents.loaders.base import document_id
from rag.documents.loaders.office import bounded, with_pdf_properties
from rag.documents.loaders.pdf_lines import lines_of
from rag.documents.loaders.pdf_page_columns import flows
from rag.documents.loaders.pdf_pieces import Piece, upright
from rag.documents.loaders.pdf_tables import PageTables
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

_log = logging.getLogger("yinju")
# PDFium is not safe to use from several threads.
_lock = threading.Lock()
_MAX_PAGES = 20_000
_MAX_CHARACTERS_OF_PAGE = 500_000
_MAX_NAMED_PAGES = 10
# In pixels for each of the 72 points of an inch.
_MAX_SCALE = 200 / 72


class PdfLoader:
    """Reads the text of PDF files, one column after the other. A form feed begins each page but the first.

    Pages that are only pictures are read by OCR if it is installed; otherwise they are empty, and a warning names them. Slanted
    text, such as a watermark, is left out. Hyphens at line ends, running heads and page numbers stay, for cleaning to judge.
    """

    suffixes = (".pdf",)

    def __call__(self, data: bytes, source: str) -> Document:
        with _lock:
            try:
                pages, scans, properties = _read(data, source)
            except (LoadError, MemoryError):
                raise
            except Exception as error:  # the library fails in many ways at damaged files
                raise LoadError(f"{source}: this is not a PDF file, or it is damaged") from error
        if scans:
            _warn_of(scans, source, is_empty=not any(map(str.strip, pages)))
        starts = [0]
        for page in pages[:-1]:
            starts.append(starts[-1] + len(page) + 1)
        known = Document(document_id(source), Path(source).stem, source, "\f".join(pages), pages=tuple(starts))
        return with_pdf_properties(known, properties)


def _warn_of(scans: Sequence[int], source: str, *, is_empty: bool) -> None:
    """Warns that pages are scans.

    Raises:
        LoadError: The whole file has no text.
    """
    many = len(scans) > 1
    scanned = f"{source}: page{'s' if many else ''} {_listed(scans)} {'are scans' if many else 'is a scan'}"
    if ocr.is_installed():
        if is_empty:
            raise LoadError(f"{scanned} in which OCR finds no text")
        _log.warning("%s, read by OCR: what is cited from there may be misread", scanned)
        return
    wanted = f"{scanned} and need{'' if many else 's'} OCR ({ocr.HOW_TO_INSTALL})"
    if is_empty:
        raise LoadError(wanted)
    _log.warning("%s; the other pages are read", wanted)


def _listed(numbers: Sequence[int]) -> str:
    more = ["…"] if len(numbers) > _MAX_NAMED_PAGES else []
    return ", ".join([*map(str, numbers[:_MAX_NAMED_PAGES]), *more])


def _read(data: bytes, source: str) -> tuple[list[str], list[int], dict[str, str]]:
    """Returns the text of each page, the numbers of the pages that are pictures without text, and the properties."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        # PDFium reports a file without pages in the same way.
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY) and b"/Encrypt" in data:
            raise LoadError(f"{source}: the file is encrypted; save it without a password") from error
        raise
    try:
        if len(pdf) > _MAX_PAGES:
            raise LoadError(f"{source}: the file has {len(pdf)} pages; at most {_MAX_PAGES} are read")
        pdf_forms.init(pdf)
        scans: list[int] = []
        tables = PageTables()
        return (
            list(bounded((_page(pdf, number, tables, scans, source) for number in range(len(pdf))), source)),
            scans,
            pdf.get_metadata_dict(),
        )
    finally:
        pdf.close()


def _page(pdf: Any, index: int, tables: PageTables, scans: list[int], source: str) -> str:
    from pypdfium2 import raw

    page = pdf[index]
    try:
        textpage = page.get_textpage()
        count = textpage.count_chars()
        if count > _MAX_CHARACTERS_OF_PAGE:
            raise LoadError(f"{source}: page {index + 1} has {count} characters, more than any page can show")
        pieces = pdf_forms.with_fields(upright(textpage, count), page, pdf.formenv)
        text = _text(tables.written(page, textpage, count, pieces))
        if not text.strip() and any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE])):
            scans.append(index + 1)
            if ocr.is_installed():
                text = _text(_recognised(page, source))
                steps.tell(index + 1, len(pdf))
        return text
    finally:
        page.close()


def _recognised(page: Any, source: str) -> list[Piece]:
    """Reads a page that is a picture by OCR. The boxes are in pixels."""
    scale = min(_MAX_SCALE, ocr.LONGEST_SIDE / max(page.get_size()))
    picture = page.render(scale=scale, grayscale=True).to_numpy()
    # Only their relative positions matter, so the origin may be anywhere.
    return [Piece(line.left, -line.bottom, line.right, -line.top, line.text) for line in ocr.lines(picture, source)]


def _text(pieces: list[Piece]) -> str:
    return "\n\n".join("\n".join(lines_of(blocks)) for blocks in flows(pieces))
