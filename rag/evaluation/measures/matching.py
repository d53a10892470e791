"""Compares texts without regard to white space, width, case and punctuation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.types import Document

_KEPT_BETWEEN_DIGITS = ".%％"


@dataclass(frozen=True, slots=True)
class Place:
    """A range of characters in a document."""

    document_id: str
    start: int
    end: int

    def overlap(self, document_id: str, start: int, end: int) -> int:
        """Counts the characters that the place shares with another range."""
        return max(0, min(self.end, end) - max(self.start, start)) if document_id == self.document_id else 0


class FoldedDocument:
    """A document's text reduced to the characters that are compared, with the original offset of each."""

    def __init__(self, document: Document) -> None:
        self.id = document.id
        self.language = document.language
        self._length = len(document.text)
        folded, self._offsets = _fold(document.text)
        self._text = folded

    def whole(self) -> Place:
        """Returns the place of the whole document."""
        return Place(self.id, 0, self._length)

    def places(self, quote: str) -> list[Place]:
        """Finds every place of a quote."""
        wanted = fold(quote)
        found = []
        at = self._text.find(wanted) if wanted else -1
        while at >= 0:
            found.append(Place(self.id, self._offsets[at], self._offsets[at + len(wanted) - 1] + 1))
            at = self._text.find(wanted, at + 1)
        return found


def fold(text: str) -> str:
    """Reduces a text to letters and digits in one width and case, with the points and percent signs of numbers."""
    return _fold(text)[0]


def holds(text: str, accepted: Iterable[str]) -> bool:
    """Tells whether a text contains one of the accepted strings. A number must not be part of a longer one."""
    folded = fold(text)
    for answer in accepted:
        wanted = fold(answer)
        if not wanted:
            continue
        before = r"(?<![\d.])" if wanted[0].isdigit() else ""
        after = r"(?!\d|\.\d)" if wanted[-1].isdigit() else ""
        if re.search(before + re.escape(wanted) + after, folded):
            return True
    return False


def places(quotes: Sequence[str], documents: Sequence[FoldedDocument]) -> list[Place]:
    """Finds every place of every quote in the documents."""
    return [place for quote in quotes for document in documents for place in document.places(quote)]


def _fold(text: str) -> tuple[str, list[int]]:
    kept: list[str] = []
    offsets: list[int] = []
    for offset, character in enumerate(text):
        for folded in unicodedata.normalize("NFKC", character).casefold():
            number_mark = (
                folded in _KEPT_BETWEEN_DIGITS
                and kept
                and kept[-1].isdigit()
                and (folded == "%" or text[offset + 1 : offset + 2].isdigit())
            )
            if unicodedata.category(folded)[0] in "LN" or number_mark:
                kept.append(folded)
                offsets.append(offset)
    return "".join(kept), offsets
