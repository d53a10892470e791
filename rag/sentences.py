"""Sentences of Chinese, English and mixed text, as spans."""

from __future__ import annotations

import re
from collections.abc import Iterator

Span = tuple[int, int]

_CLOSERS = "”’」』\"'）)】》〉]"
_CANDIDATE = re.compile(rf"[。！？!?]+|…{{2,}}|\.+(?=[{re.escape(_CLOSERS)}\s\u2014]|$)|\.(?=[\u3400-\u9fff“《])|\n+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Mt|Gen|Col|Gov|Sen|Rep|Rev|Hon|Capt|Lt|Sgt|Messrs|Mme|No|Nos|Vol|Fig|Figs|Eq|Sec|Ch|Art|Arts"
    r"|Ed|Eds|pp?|para|paras|vs|etc|al|cf|ca|approx|est|dept|univ|assn|bros|Inc|Ltd|Co|Corp|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
    r"|e\.g|i\.e|a\.m|p\.m|U\.S|U\.K|U\.N|E\.U|Ph\.D|viz|resp|incl|min|max)|^\s*\d{1,3}|^\s*[IVXLC]{1,5})$",
    re.IGNORECASE | re.MULTILINE,
)
# After these an abbreviation's full stop may end the sentence too, and does when a capital follows.
_MAY_END = re.compile(r"\b(?:etc|al|Inc|Ltd|Co|Corp|a\.m|p\.m|U\.S|U\.K|U\.N|E\.U|Ph\.D|Jr|Sr)$", re.IGNORECASE)
_SOFT = (re.compile(r"[；;]\s*"), re.compile(r"[，,：:、]\s*"), re.compile(r"\s+"))


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """The sentences of `text[start:end]`, in order, without the blanks between them.

    A line end always ends a sentence. Closing quotes and brackets belong to the sentence that they close. Decimal points,
    abbreviations, initials and the numbers of numbered lines end none.
    """
    end = len(text) if end is None else end
    begin = start
    for match in _CANDIDATE.finditer(text, start, end):
        stop = match.end()
        if stop <= begin:
            continue
        mark = match.group()
        if mark[0] != "\n":
            while stop < end and text[stop] in _CLOSERS and not _opens(text, begin, stop):
                stop += 1
            if mark == "." and not _full_stop(text, begin, match.start(), stop, end):
                continue
            if mark[0] not in "." and stop < end and text[stop] in "，、,；;：:）":
                continue
        yield from _stripped(text, begin, stop)
        begin = stop
    yield from _stripped(text, begin, end)


def split_long(text: str, start: int, end: int, longest: int) -> Iterator[Span]:
    """Cuts `text[start:end]` into pieces of at most `longest` characters: at a semicolon, else a comma, else a blank."""
    while end - start > longest:
        window = text[start : start + longest]
        cut = next(
            (places[-1] for pattern in _SOFT if (places := [m.end() for m in pattern.finditer(window) if m.end() > longest // 3])),
            longest,
        )
        yield from _stripped(text, start, start + cut)
        start += cut
    yield from _stripped(text, start, end)


def _opens(text: str, begin: int, position: int) -> bool:
    """Whether a straight quote opens a quotation, because an even number of them stands before it in the sentence."""
    character = text[position]
    if character not in "\"'":
        return False
    after_blank = text[position - 1].isspace()
    return after_blank or (character == '"' and text.count(character, begin, position) % 2 == 0 and text[position + 1 : position + 2].strip() != "")


def _full_stop(text: str, begin: int, dot: int, stop: int, end: int) -> bool:
    """Whether the full stop at `dot` ends a sentence."""
    before = text[max(begin, dot - 12) : dot]
    rest = text[stop : min(end, stop + 8)].lstrip(" \t\u00a0\u3000")
    if not rest or rest[0] == "\n":
        return True
    if rest[0].islower():
        return False
    if stop == dot + 1 and _ABBREVIATION.search(before):
        return bool(_MAY_END.search(before)) and (rest[0].isupper() or "\u3400" <= rest[0] <= "\u9fff")
    return True


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
