"""Finds quotes among the characters of a page, whose order and line breaks are those of the file and not of the stored text.

Only letters and digits are compared, in one form of each: hyphens, blanks, and the marks between the cells of a row are not printed
in the file as they are stored.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.documents import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rag.documents.tables import Row
    from rag.types import Document

_SHORTEST_PIECE = 4
_MIN_SHARE = 0.6

Run = tuple[int, int]
"""The first character of a run on the page, and the one after its last."""


@dataclass(frozen=True, slots=True)
class PageQuote:
    """A quote on one page, numbered from 1: its text, or the texts of its cells if it is in a table.

    `before` counts the places on the page where the same text precedes it. `place` is the number of the place in the document.
    """

    page: int
    texts: tuple[str, ...]
    before: int
    place: int


def page_quotes(document: Document, places: Sequence[tuple[int, int]]) -> list[PageQuote]:
    """Returns what to look for on the pages of a document, for places `(start, end)` in characters of its text.

    A place that continues on another page gives a quote on each.
    """
    if not document.pages:
        return []
    text, found = document.text, []
    rows = _rows_at(text, places)
    begins = sorted({0, *document.pages})
    for number, (start, end) in enumerate(places):
        for at, until in _by_page(begins, start, min(end, len(text))):
            page = document.page_at(at) or 1
            cells = _cells(rows, at, until)
            quote = text[at:until]
            before = sum(1 for _ in _occurrences(_plain(text[document.pages[page - 1] : at]), _plain(quote)))
            if _plain(quote):
                found.append(PageQuote(page, cells or (quote,), 0 if cells else before, number))
    return found


def find(characters: Sequence[str], quote: PageQuote, height_of: Callable[[int], float]) -> list[Run]:
    """Finds a quote among the characters of its page.

    Args:
        characters: The characters in the order of the file.
        quote: The quote. If most of it is not on the page, nothing is found.
        height_of: Returns the height of a character above the foot of the page: the cells of a row are beside each other.

    Returns:
        Runs of characters, in the order of the quote.
    """
    page = _Page(characters)
    if len(quote.texts) > 1:
        spans = _cells_of_row(page, [_plain(text) for text in quote.texts], height_of)
    else:
        wanted = _plain(quote.texts[0])
        places = _occurrences(page.text, wanted)
        spans = [(places[min(quote.before, len(places) - 1)], len(wanted))] if places else page.pieces(wanted)
    return [page.run(start, length) for start, length in spans]


class _Page:
    """The letters and digits of a page, and the characters that they are from."""

    def __init__(self, characters: Iterable[str]) -> None:
        letters, self._origin = [], []
        for number, character in enumerate(characters):
            for letter in _plain(character):
                letters.append(letter)
                self._origin.append(number)
        self.text = "".join(letters)

    def run(self, start: int, length: int) -> Run:
        return self._origin[start], self._origin[start + length - 1] + 1

    def pieces(self, wanted: str) -> list[tuple[int, int]]:
        """Finds the longest pieces of a text one after the other, as where the lines of two columns alternate."""
        spans: list[tuple[int, int]] = []
        place = matched = near = 0
        while len(wanted) - place >= _SHORTEST_PIECE:
            length = self._longest(wanted, place)
            if length < _SHORTEST_PIECE:
                place += 1
                continue
            piece = wanted[place : place + length]
            start = self.text.find(piece, near)
            start = start if start >= 0 else self.text.find(piece)
            spans.append((start, length))
            near = start + length
            place += length
            matched += length
        return spans if matched >= _MIN_SHARE * len(wanted) else []

    def _longest(self, wanted: str, place: int) -> int:
        """Returns the length of the longest piece from `place` on that is on the page."""
        least, most = 0, len(wanted) - place
        while least < most:
            middle = (least + most + 1) // 2
            if wanted[place : place + middle] in self.text:
                least = middle
            else:
                most = middle - 1
        return least


def _cells_of_row(page: _Page, cells: Sequence[str], height_of: Callable[[int], float]) -> list[tuple[int, int]]:
    """Finds cells that are beside each other, from the one that is on the page least often; nothing if most are missing."""
    places = {cell: _occurrences(page.text, cell) for cell in cells if cell}
    known = [cell for cell in places if places[cell]]
    if sum(map(len, known)) < _MIN_SHARE * sum(map(len, places)):
        return []

    def height(start: int) -> float:
        return height_of(page.run(start, 1)[0])

    rarest = min(known, key=lambda cell: (len(places[cell]), -len(cell)))

    def distance(line: float) -> float:
        return sum(min(abs(height(start) - line) for start in places[cell]) for cell in known)

    line = min((height(start) for start in places[rarest]), key=distance)
    return [(min(places[cell], key=lambda start: abs(height(start) - line)), len(cell)) for cell in known]


def _occurrences(text: str, wanted: str) -> list[int]:
    places, place = [], text.find(wanted) if wanted else -1
    while place >= 0:
        places.append(place)
        place = text.find(wanted, place + len(wanted))
    return places


def _plain(text: str) -> str:
    """Returns the letters and digits of a text, in the form in which all ways to write them are equal."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _by_page(begins: Sequence[int], start: int, end: int) -> Iterable[tuple[int, int]]:
    while start < end:
        following = bisect_right(begins, start)
        until = min(end, begins[following]) if following < len(begins) else end
        yield start, until
        start = until


def _rows_at(text: str, places: Sequence[tuple[int, int]]) -> list[Row]:
    """Returns the rows of tables that the places are in."""
    if not any(tables.may_have_cells(text[text.rfind("\n", 0, start) + 1 : end]) for start, end in places):
        return []
    rows = (row for table in tables.find(text) for row in (*table.rows, *table.totals))
    return [row for row in rows if any(row.start < end and start < row.end for start, end in places)]


def _cells(rows: Sequence[Row], start: int, end: int) -> tuple[str, ...]:
    """Returns the texts of the cells within a range; empty if the range is not in one row."""
    for row in rows:
        if row.start <= start and end <= row.end + 1:
            return tuple(cell.text for cell in row.cells if cell and start < cell.end and cell.start < end)
    return ()
