"""Finds raised and lowered characters of a PDF page by their size and baseline."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from rag.documents.loaders import scripts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Such characters are at most this share of the size of those beside them, and so much of that size above or below their baseline.
_SMALL = 0.9
_RAISED = 0.15
_LOWERED = 0.04
_MAX_RAISED = 12


class Character(NamedTuple):
    """A character with the blank before it, its place in the page, and its box on the page turned upright."""

    text: str
    place: int
    bottom: float
    top: float


class _Place(NamedTuple):
    """The size of a character in points, and its baseline, counted upwards on the page turned upright."""

    size: float
    baseline: float


def text_of(textpage: Any, characters: Sequence[Character], turn: int) -> str:
    """Returns the text of a piece of a line, with raised and lowered characters marked for `scripts.written`.

    Args:
        textpage: The page of PDFium.
        characters: Those of the piece, in order.
        turn: By how many quarters the page is turned.
    """
    first = characters[0]
    if all(abs(one.bottom - first.bottom) < 0.01 and abs(one.top - first.top) < 0.01 for one in characters):
        return "".join(one.text for one in characters)
    places = [_place(textpage, one.place, turn) for one in characters]
    usual = _usual(places)
    return "".join(_marked(characters, places, usual))


def _marked(characters: Sequence[Character], places: Sequence[_Place], usual: _Place) -> Iterator[str]:
    run, kind = "", 0
    for character, place in zip(characters, places, strict=True):
        here = _kind(place, usual)
        if here != kind and run:
            yield _written(run, kind)
            run = ""
        run, kind = run + character.text, here
    yield _written(run, kind)


def _written(run: str, kind: int) -> str:
    # A long run is a line of small print that touches the one beside it.
    if not kind or len(run) > _MAX_RAISED:
        return run
    blank = " " if run.startswith(" ") else ""
    return blank + (scripts.raised(run.strip()) if kind > 0 else scripts.lowered(run.strip()))


def _kind(place: _Place, usual: _Place) -> int:
    """Returns 1 for a raised character, -1 for a lowered one, else 0."""
    if not usual.size or place.size > _SMALL * usual.size:
        return 0
    rise = (place.baseline - usual.baseline) / usual.size
    return 1 if rise > _RAISED else -1 if rise < -_LOWERED else 0


def _usual(places: Sequence[_Place]) -> _Place:
    """Returns the size and baseline of the largest characters that are not single, as a drop cap is."""
    times = Counter(_Place(round(place.size, 1), round(place.baseline, 1)) for place in places)
    # A piece of two characters, such as "5¹", has only single ones.
    several = [place for place in times if times[place] > 1] if len(places) > 4 else []
    return max(several or times, key=lambda place: place.size)


def _place(textpage: Any, index: int, turn: int) -> _Place:
    import ctypes

    from pypdfium2 import raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(textpage, index, x, y)
    matrix = raw.FS_MATRIX()
    scale = math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c)) if raw.FPDFText_GetMatrix(textpage, index, matrix) else 1.0
    baseline = (y.value, -x.value, -y.value, x.value)[turn]
    return _Place(raw.FPDFText_GetFontSize(textpage, index) * scale, baseline)
