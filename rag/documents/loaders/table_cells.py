"""The cells of a table as loaders find them, and the kinds of text in them."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_DIGITS = r"\d[\d,.\s:/年月日时分秒–—~～至*×-]*"
_NUMBER = re.compile(r"[-+−(（]?[A-Z]{0,3}[¥￥$€£]?\s?-?\d[\d,. \u00a0\u202f]*[%‰)）]?")
_DATE = re.compile(
    r"(?:1[5-9]|20)\d\d[-/.年]\d{1,2}(?:[-/.月]\d{0,2})?日?|\d{1,2}[./-]\d{1,2}[./-](?:\d\d){1,2}"
    r"|(?:\d{1,2}\.? )?(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?(?: \d{1,2},?)? (?:1[5-9]|20)\d\d",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\d{1,2}[:：]\d\d(?::\d\d)?(?:\s*(?:[ap]\.?m\.?|[-–—~～至]\s*\d{1,2}[:：]\d\d(?:\s*[ap]\.?m\.?)?))?", re.IGNORECASE
)
_YEAR = re.compile(r"(?:1[89]|20)\d{2}(?:年|/\d\d)?|(?:Q[1-4]|H[12])(?:[ /-](?:1[89]|20)\d\d)?|\d{1,2}月")
_MEASURE = re.compile(rf"(?:[-+−]?[¥￥$€£]?{_DIGITS})(?:%|\s?[^\W\d_]{{1,12}}[²³]?(?:[/ ][^\W\d_]{{1,10}}){{0,2}})")
_CONTACT = re.compile(r"\S[^\s@]*+@\S+|https?://\S+|www\.\S+|\+?\d[\d ()/-]{6,}")
_VALUE = re.compile(rf"[-+−(（]?[¥￥$€£]?\s?{_DIGITS}[%‰)）]?|TRUE|FALSE|not computed")
_MAX_HEADING = 60


class Merged(Enum):
    """A cell that is covered by another one: the one above it, or the one on its left."""

    ABOVE = auto()
    LEFT = auto()


class Label(str):
    """The text of a cell that its format marks as a heading, such as `<th>` or bold type."""

    __slots__ = ()


Cell = str | Merged
Kind = str
"""One of `number`, `date`, `time`, `measure`, `contact` and `words`; empty for a blank cell."""


def tidy(cell: Cell) -> Cell:
    """Returns a cell with its text in one line."""
    if isinstance(cell, Merged):
        return cell
    text = " ".join(cell.split())
    return Label(text) if isinstance(cell, Label) else text


def text_of(cell: Cell) -> str:
    """Returns the text of a cell, empty if another one covers it."""
    return "" if isinstance(cell, Merged) else cell


def kind_of(text: str) -> Kind:
    """Returns the kind of a cell's text."""
    if not text:
        return ""
    for kind, pattern in (("date", _DATE), ("time", _TIME), ("contact", _CONTACT), ("number", _NUMBER), ("measure", _MEASURE)):
        if pattern.fullmatch(text):
            return "number" if kind == "contact" and _NUMBER.fullmatch(text) and not re.search(r"\d{7}|[()/-]", text) else kind
    return "number" if _VALUE.fullmatch(text) else "words"


def is_value(text: str) -> bool:
    """Returns whether a text is a number, a date, a time or a measure, which no heading consists of."""
    return bool(text) and kind_of(text) != "words"


def is_period(text: str) -> bool:
    """Returns whether a text is a year, a quarter, a month or a time of day, which headings often consist of."""
    return bool(_YEAR.fullmatch(text) or _TIME.fullmatch(text) or _DATE.fullmatch(text))


def may_be_headings(filled: Sequence[str]) -> bool:
    """Returns whether cells may be headings: short words, with periods among them."""
    words = [cell for cell in filled if not is_period(cell)]
    return bool(words) and not any(len(cell) > _MAX_HEADING or _VALUE.fullmatch(cell) for cell in words)
