"""PDF files: the text of each page in the order in which it is read."""

from __future__ import annotations

import logging
import math
import re
import statistics
import threading
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.documents.loaders import ocr, steps
from rag.documents.loaders.base import document_id
from rag.documents.loaders.office import bounded
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_log = logging.getLogger("yinju")
# PDFium may be used by one thread at a time.
_lock = threading.Lock()
_MOST_PAGES = 20_000
_MOST_CHARACTERS_OF_PAGE = 500_000
_NOT_PRINTED = re.compile("[\0-\x08\x0b-\x1f\x7f\ufffe\uffff]")
_NAMED_PAGES = 10
# In heights of a line: a blank that is more than one between words, the cells of a row apart, an end of a paragraph.
_GAP = 1.0
_CELL_GAP = 1.6
_PARAGRAPH = 1.3
_MARGIN = 1.0
_SLANT = math.radians(8)
# What the columns of a page have at least: lines, of which so many are so full, and their width in heights.
_COLUMN_LINES = 2
_BOTH_COLUMNS_LINES = 6
_FULL = 0.7
_FULL_LINES = 0.5
_COLUMN_WIDTH = 8
_MARKER = re.compile(r"[(（]?\w{1,3}[.)）、]?|[^\w\s]")
_DEEPEST_INDENT = 12
# Pixels for each of the 72 points of an inch.
_SHARPEST = 200 / 72


class _Piece(NamedTuple):
    """Text in one line without wide gaps; the page's origin is at the left below."""

    left: float
    bottom: float
    right: float
    top: float
    text: str


_Row = list[_Piece]
_Span = tuple[float, float]


class PdfLoader:
    """Reads the text of PDF files, columns one after the other; a form feed begins each page but the first.

    Pages that are only pictures are read by OCR where that is installed, else they are empty; a warning names them. Text that is
    set aslant, as watermarks are, is left out. Hyphens at line ends stay, for cleaning to judge, as do running heads and page
    numbers.
    """

    suffixes = (".pdf",)

    def __call__(self, data: bytes, source: str) -> Document:
        with _lock:
            try:
                pages, scans = _read(data, source)
            except (LoadError, MemoryError):
                raise
            except Exception as error:  # whatever a damaged file makes the library stumble over
                raise LoadError(f"{source}: this is not a PDF file, or it is damaged") from error
        if scans:
            _tell_of(scans, source, is_empty=not any(map(str.strip, pages)))
        starts = [0]
        for page in pages[:-1]:
            starts.append(starts[-1] + len(page) + 1)
        return Document(document_id(source), Path(source).stem, source, "\f".join(pages), pages=tuple(starts))


def _tell_of(scans: Sequence[int], source: str, *, is_empty: bool) -> None:
    """Warns of the pages that are scans.

    Raises:
        LoadError: The whole file is empty.
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
    more = ["…"] if len(numbers) > _NAMED_PAGES else []
    return ", ".join([*map(str, numbers[:_NAMED_PAGES]), *more])


def _read(data: bytes, source: str) -> tuple[list[str], list[int]]:
    """The text of each page, and the numbers of those that are pictures without text."""
    import pypdfium2
    from pypdfium2 import raw

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        # PDFium says the same of a file without pages.
        if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY) and b"/Encrypt" in data:
            raise LoadError(f"{source}: the file is encrypted; save it without a password") from error
        raise
    try:
        if len(pdf) > _MOST_PAGES:
            raise LoadError(f"{source}: the file has {len(pdf)} pages; at most {_MOST_PAGES} are read")
        scans: list[int] = []
        return list(bounded((_page(pdf, number, scans, source) for number in range(len(pdf))), source)), scans
    finally:
        pdf.close()


def _page(pdf: Any, index: int, scans: list[int], source: str) -> str:
    from pypdfium2 import raw

    page = pdf[index]
    try:
        textpage = page.get_textpage()
        count = textpage.count_chars()
        if count > _MOST_CHARACTERS_OF_PAGE:
            raise LoadError(f"{source}: page {index + 1} has {count} characters, more than any page can show")
        text = _text(_upright(textpage, count))
        if not text.strip() and any(True for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE])):
            scans.append(index + 1)
            if ocr.is_installed():
                text = _text(_recognised(page, source))
                steps.tell(index + 1, len(pdf))
        return text
    finally:
        page.close()


def _recognised(page: Any, source: str) -> list[_Piece]:
    """The pieces of text in the picture that a page is, in pixels."""
    scale = min(_SHARPEST, ocr.LONGEST_SIDE / max(page.get_size()))
    picture = page.render(scale=scale, grayscale=True).to_numpy()
    # Only how they lie to each other matters, so the origin may be anywhere.
    return [_Piece(line.left, -line.bottom, line.right, -line.top, line.text) for line in ocr.lines(picture, source)]


def _text(pieces: list[_Piece]) -> str:
    return "\n\n".join("\n".join(_lines(blocks)) for blocks in _flows(pieces))


def _upright(textpage: Any, count: int) -> list[_Piece]:
    """The pieces of text of the direction that most of the page has, turned upright."""
    from pypdfium2 import raw

    by_turn: dict[int, list[tuple[int, str]]] = {}
    turn = 0
    for i in range(count):
        if not raw.FPDFText_IsGenerated(textpage, i):
            angle = raw.FPDFText_GetCharAngle(textpage, i)
            quarter = round(angle / (math.pi / 2))
            turn = quarter % 4 if abs(angle - quarter * math.pi / 2) <= _SLANT else -1
        if turn >= 0:
            character = "-" if raw.FPDFText_IsHyphen(textpage, i) == 1 else chr(raw.FPDFText_GetUnicode(textpage, i))
            by_turn.setdefault(turn, []).append((i, character))
    most = max(by_turn, key=lambda turn: len(by_turn[turn]), default=0)
    return list(_pieces(textpage, by_turn.get(most, []), most))


def _pieces(textpage: Any, characters: Iterable[tuple[int, str]], turn: int) -> Iterator[_Piece]:
    """The characters, which stand in the order in which they were printed, put together."""
    piece: _Piece | None = None
    blank = False
    for i, character in characters:
        if character.isspace() or _NOT_PRINTED.match(character):
            blank = blank or character.isspace()
            continue
        here = _Piece(*_box(textpage, i, turn), character)
        if piece and _goes_on(piece, here):
            space = " " if blank and not (_is_wide(piece.text[-1]) and _is_wide(character)) else ""
            piece = _Piece(
                min(piece.left, here.left),
                min(piece.bottom, here.bottom),
                max(piece.right, here.right),
                max(piece.top, here.top),
                piece.text + space + character,
            )
        else:
            if piece:
                yield piece
            piece = here
        blank = False
    if piece:
        yield piece


def _box(textpage: Any, index: int, turn: int) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of a character on the page turned upright."""
    left, bottom, right, top = textpage.get_charbox(index, loose=True)
    if turn == 1:
        left, bottom, right, top = -top, left, -bottom, right
    elif turn == 2:
        left, bottom, right, top = -right, -top, -left, -bottom
    elif turn == 3:
        left, bottom, right, top = bottom, -right, top, -left
    return left, bottom, right, top


def _goes_on(piece: _Piece, here: _Piece) -> bool:
    """Whether a character is the next of a piece: in the same line, no wide gap after it and not before its end.

    The letters of a ligature all have its place.
    """
    height = min(piece.top - piece.bottom, here.top - here.bottom)
    overlap = min(piece.top, here.top) - max(piece.bottom, here.bottom)
    return overlap >= 0.4 * height and here.left - piece.right <= _GAP * height and here.right - piece.right >= -0.3 * height


def _flows(pieces: list[_Piece]) -> Iterator[list[list[_Row]]]:
    """The text of a page: parts that stand below each other, each of blocks of rows that are read on from one to the next."""
    rows = _rows(pieces)
    height = _height(pieces)
    first, last = 0, len(rows)
    # What stands apart above and below all else is no line of a column.
    if len(rows) > 2 and _bottom(rows[0]) - _top(rows[1]) > _MARGIN * height:
        first = 1
    if last - first > 2 and _bottom(rows[-2]) - _top(rows[-1]) > _MARGIN * height:
        last -= 1
    for part in (rows[:first], rows[first:last], rows[last:]):
        yield from _parts(part, height) if part else ()


def _parts(rows: list[_Row], height: float) -> Iterator[list[list[_Row]]]:
    plain: list[_Row] = []
    bands = [part for band, gutter in _bands(rows, height) for part in _without_tables(band, gutter, height)]
    for band, gutter in bands:
        sides = _columns(band, gutter, height) if gutter is not None else None
        if sides is None:
            plain += band
            continue
        if plain:
            yield [plain]
            plain = []
        yield [block for side in sides for blocks in _parts(_rows(side), height) for block in blocks]
    if plain:
        yield [plain]


def _rows(pieces: list[_Piece]) -> list[_Row]:
    """The pieces in rows from top to bottom, each from left to right."""
    rows: list[_Row] = []
    for piece in sorted(pieces, key=lambda piece: -(piece.bottom + piece.top)):
        if rows:
            bottom, top = max(p.bottom for p in rows[-1][:1]), min(p.top for p in rows[-1][:1])
            overlap = min(top, piece.top) - max(bottom, piece.bottom)
            if overlap > 0.5 * min(top - bottom, piece.top - piece.bottom):
                rows[-1].append(piece)
                continue
        rows.append([piece])
    return [sorted(row) for row in rows]


def _bands(rows: list[_Row], height: float) -> Iterator[tuple[list[_Row], float | None]]:
    """Runs of rows that leave a gutter between them free, with its place, and the rows between those."""
    band: list[_Row] = []
    free: list[_Span] = []
    gutter: float | None = None
    for row in rows:
        gaps = _gaps(row, height)
        narrowed = _common(free, gaps, height) if band else gaps
        inner = _inner(narrowed, [*band, row])
        if gutter is None and band and inner is None and _inner(gaps, [row]) is not None:
            # A gutter begins here, or above, where it was free before there was anything beyond it.
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


def _without_tables(band: list[_Row], gutter: float | None, height: float) -> Iterator[tuple[list[_Row], float | None]]:
    """The band in parts, where a table stands between or below columns and has its gaps where they have their gutter."""
    if gutter is None:
        yield band, None
        return
    part: list[_Row] = []
    for rows in _apart(band, height):
        across = sum(row[0].left < gutter <= row[-1].left for row in rows)
        if across > 1 and 2 * across > len(rows) and _columns(rows, gutter, height) is None:
            yield part, gutter
            yield rows, None
            part = []
        else:
            part += rows
    yield part, gutter


def _apart(rows: Sequence[_Row], height: float) -> Iterator[list[_Row]]:
    """Runs of rows between which a margin is free."""
    run: list[_Row] = []
    for row in rows:
        if run and min(map(_bottom, run)) - _top(row) > _MARGIN * height:
            yield run
            run = []
        run.append(row)
    yield run


def _gaps(row: _Row, height: float) -> list[_Span]:
    """The stretches of a row where nothing stands, those to the edges too."""
    gaps, right = [], -math.inf
    for piece in row:
        if piece.left - right >= _GAP * height * 0.9:
            gaps.append((right, piece.left))
        right = max(right, piece.right)
    return [*gaps, (right, math.inf)]


def _common(one: Sequence[_Span], other: Sequence[_Span], height: float) -> list[_Span]:
    """What is free in both, from left to right."""
    found = []
    i = k = 0
    while i < len(one) and k < len(other):
        start, end = max(one[i][0], other[k][0]), min(one[i][1], other[k][1])
        if end - start >= 0.6 * _GAP * height:
            found.append((start, end))
        if one[i][1] < other[k][1]:
            i += 1
        else:
            k += 1
    return found


def _inner(free: Sequence[_Span], rows: Sequence[_Row]) -> float | None:
    """The middle of the first free stretch that has text on both sides; None when there is none."""
    left = min(row[0].left for row in rows)
    right = max(piece.right for row in rows for piece in row)
    return next(((start + end) / 2 for start, end in free if left < start and end < right), None)


def _columns(band: Sequence[_Row], gutter: float, height: float) -> tuple[list[_Piece], list[_Piece]] | None:
    """What stands left and right of the gutter, when both are running text and no cells of a table."""
    pieces = [piece for row in band for piece in row]
    left = [piece for piece in pieces if piece.left < gutter]
    right = [piece for piece in pieces if piece.left >= gutter]
    if not left or not right:
        return None
    lines = [_rows(side) for side in (left, right)]
    # A column on the right may have columns of its own.
    is_text = all(len(side) >= _COLUMN_LINES and _is_running_text(side, height) for side in lines)
    return (left, right) if is_text and sum(map(len, lines)) >= _BOTH_COLUMNS_LINES else None


def _is_running_text(rows: Sequence[_Row], height: float) -> bool:
    left, right = min(row[0].left for row in rows), max(row[-1].right for row in rows)
    full = sum(sum(piece.right - piece.left for piece in row) >= _FULL * (right - left) for row in rows)
    return right - left >= _COLUMN_WIDTH * height and full >= _FULL_LINES * len(rows)


def _lines(blocks: Sequence[list[_Row]]) -> Iterator[str]:
    """The lines of blocks; a blank one where a paragraph ends, and blanks before a line that is indented."""
    for rows in blocks:
        steps = [_middle(above) - _middle(below) for above, below in pairwise(rows)]
        step = _commonest(steps)
        height = _height([piece for row in rows for piece in row])
        margin = min(row[0].left for row in rows)
        for row, distance in zip(rows, [0.0, *steps], strict=True):
            if distance > _PARAGRAPH * step:
                yield ""
            indent = round(2 * (row[0].left - margin) / height) if height else 0
            yield " " * min(indent, _DEEPEST_INDENT) + _joined(row)


def _joined(row: _Row) -> str:
    text = row[0].text
    for number, (before, piece) in enumerate(pairwise(row)):
        gap = (piece.left - before.right) / max(before.top - before.bottom, 0.1)
        marker = number == 0 and _MARKER.fullmatch(before.text)
        if gap > _CELL_GAP and not marker:
            text += "\t"
        elif marker or gap > 0.2:
            text += " "
        text += piece.text
    return text


def _commonest(steps: Sequence[float]) -> float:
    """The distance from line to line that most have, within a tenth; the smallest of those that are as common."""
    if not steps:
        return math.inf
    unit = max(statistics.median(steps) / 10, 0.1)
    times = Counter(round(step / unit) for step in steps)
    return unit * min(times, key=lambda step: (-times[step], step))


def _height(pieces: Sequence[_Piece]) -> float:
    return statistics.median(piece.top - piece.bottom for piece in pieces) if pieces else 0.0


def _top(row: _Row) -> float:
    return max(piece.top for piece in row)


def _bottom(row: _Row) -> float:
    return min(piece.bottom for piece in row)


def _middle(row: _Row) -> float:
    return statistics.mean((piece.bottom + piece.top) / 2 for piece in row)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
