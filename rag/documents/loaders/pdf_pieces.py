"""The characters of a PDF page, put together to pieces of text with their boxes."""

from __future__ import annotations

import math
import re
import statistics
import unicodedata
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.documents.loaders.pdf_scripts import Character, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# In heights of a line: a wider blank than this ends a piece.
GAP = 1.0
_TOUCHING = 0.08
_NOT_PRINTED = re.compile("[\0-\x08\x0b-\x1f\x7f\ufffe\uffff]")
_SLANT = math.radians(8)


class Piece(NamedTuple):
    """Text in one line without wide gaps. The origin of the page is its lower left corner."""

    left: float
    bottom: float
    right: float
    top: float
    text: str


Row = list[Piece]


def upright(textpage: Any, count: int, gap: float = GAP) -> list[Piece]:
    """Returns the pieces of text in the direction of most of the page, turned upright.

    A blank wider than `gap` ends a piece; with a `gap` of less than `GAP` any blank does, so that the pieces are words.
    """
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
    return list(_pieces(textpage, by_turn.get(most, []), most, gap))


def _pieces(textpage: Any, characters: Iterable[tuple[int, str]], turn: int, gap: float) -> Iterator[Piece]:
    """Puts together characters that follow each other in the order in which they were printed."""
    piece: Piece | None = None
    read: list[Character] = []
    blank = False
    for i, character in characters:
        if character.isspace() or _NOT_PRINTED.match(character):
            blank = blank or character.isspace()
            continue
        here = Piece(*_box(textpage, i, turn), character)
        if piece and _goes_on(piece, here, gap) and not (blank and gap < GAP):
            touches = read[-1].bottom != here.bottom and here.left - piece.right < _TOUCHING * (here.top - here.bottom)
            # PDFium adds a blank where the baseline changes, as behind an exponent.
            space = " " if blank and not touches and not (_is_wide(piece.text[-1]) and _is_wide(character)) else ""
            piece = Piece(
                min(piece.left, here.left),
                min(piece.bottom, here.bottom),
                max(piece.right, here.right),
                max(piece.top, here.top),
                character,
            )
            read.append(Character(space + character, i, here.bottom, here.top))
        else:
            if piece:
                yield piece._replace(text=text_of(textpage, read, turn))
            piece = here
            read = [Character(character, i, here.bottom, here.top)]
        blank = False
    if piece:
        yield piece._replace(text=text_of(textpage, read, turn))


def _box(textpage: Any, index: int, turn: int) -> tuple[float, float, float, float]:
    """Returns left, bottom, right and top of a character on the page turned upright."""
    left, bottom, right, top = textpage.get_charbox(index, loose=True)
    if turn == 1:
        left, bottom, right, top = -top, left, -bottom, right
    elif turn == 2:
        left, bottom, right, top = -right, -top, -left, -bottom
    elif turn == 3:
        left, bottom, right, top = bottom, -right, top, -left
    return left, bottom, right, top


def _goes_on(piece: Piece, here: Piece, gap: float) -> bool:
    """Returns whether a character continues a piece: in the same line, after its end and without a wide gap.

    The letters of a ligature all have the same box.
    """
    height = min(piece.top - piece.bottom, here.top - here.bottom)
    overlap = min(piece.top, here.top) - max(piece.bottom, here.bottom)
    return overlap >= 0.4 * height and here.left - piece.right <= gap * height and here.right - piece.right >= -0.3 * height


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def height_of(pieces: Sequence[Piece]) -> float:
    """Returns the median height of the pieces, 0 without any."""
    return statistics.median(piece.top - piece.bottom for piece in pieces) if pieces else 0.0


def top_of(row: Row) -> float:
    """Returns the upper edge of a row."""
    return max(piece.top for piece in row)


def bottom_of(row: Row) -> float:
    """Returns the lower edge of a row."""
    return min(piece.bottom for piece in row)


def middle_of(row: Row) -> float:
    """Returns the mean of the middles of a row's pieces."""
    return statistics.mean((piece.bottom + piece.top) / 2 for piece in row)
