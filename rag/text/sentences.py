"""Finds the sentences of Chinese, English and mixed text, as spans."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.text.months import ABBREVIATED_MONTH
from rag.text.numerals import HAN_ONES

if TYPE_CHECKING:
    from collections.abc import Iterator

Span = tuple[int, int]

_CLOSERS = "”’」』\"'）)】》〉]"
_FOLLOWS = rf"(?=[{re.escape(_CLOSERS)}\s\u2014\u3400-\u9fff“《]|$)"
_CANDIDATE = re.compile(rf"[。！？][。！？!?…]*|…{{2,}}|(?<![!?])[!?]++{_FOLLOWS}|(?<!\.)\.++{_FOLLOWS}|\n+")
# The full stop of these abbreviations does not end a sentence.
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Gen|Col|Gov|Sen|Rep|Rev|Hon|Capt|Lt|Sgt|Messrs|Mme"
    r"|[Vv]s?|[Cc]f|[Cc]a|[Vv]iz|[Rr]esp|[Aa]pprox|[Ii]ncl|[Ee]\.g|[Ii]\.e)"
    r"|^\s*(?:[A-Z]|\d{1,3}|[IVXLC]{1,5}))$"
)
# That of these does, unless a number follows.
_BEFORE_NUMBER = re.compile(rf"\b(?:Nos?|Vols?|Figs?|Eqs?|Sec|Ch|Arts?|pp?|paras?|Eds?|{ABBREVIATED_MONTH})$", re.IGNORECASE)
# That of these, and of initials, does only if a typical first word of a sentence follows.
_MAY_END = re.compile(r"\b(?:etc|al|Inc|Ltd|Co|Corp|Bros|Dept|Univ|Jr|Sr|[ap]\.m|Ph\.D|[A-Z])$")
# The dateline of a news agency belongs to the sentence after it.
_DATELINE = re.compile(
    rf"\s*(?:\w+ )?(?:News (?:Agency|Service)|Agency), [\w ,]{{2,40}} (?:{ABBREVIATED_MONTH}|May)[a-z]*\.? \d{{1,2}}(?:st|nd|rd|th)?"
)
# Text before a sentence that does not belong to it: numbers of lists, bullets, datelines of news agencies.
_LEAD = re.compile(
    rf"(?:[-*•·▪●◆■—]+\s*|[（(][{HAN_ONES}十\d]{{1,3}}[)）]\s*|[{HAN_ONES}十]{{1,3}}、\s*|\d{{1,2}}[.、]\s+"
    r"|[\u4e00-\u9fff]{1,6}社[\u4e00-\u9fff]{2,8}\d{1,2}月\d{1,2}日电\s*(?:[（(]记者[^)）]{1,30}[)）])?\s*"
    r"|[A-Z]{4,20}, (?:[A-Z][a-z]{2,8}\.? \d{1,2} )?\([A-Z][\w ]{2,20}\) -{1,2}\s*"
    rf"|{_DATELINE.pattern} ?\([Rr]eporters? [^)]{{1,60}}\)\s*)+"
)
_BEGINNING = re.compile(
    r"(?:The|This|That|These|Those|It|Its|He|She|They|We|You|In|On|At|As|By|For|From|To|But|And|However|If|When|While|After|An?)\b"
)
_SOFT = (re.compile(r"[；;]\s*"), re.compile(r"(?:[，：、]|[,:](?!\d))\s*"), re.compile(r"\s+"))
_WINDOW = 1000


def after_lead(text: str, start: int, end: int) -> int:
    """Returns the offset at which the sentence `text[start:end]` begins after a list number, a bullet or a dateline."""
    lead = _LEAD.match(text, start, end)
    return lead.end() if lead and lead.end() < end else start


def sentences(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yields the spans of the sentences of `text[start:end]`, in order, without the blanks between them.

    A line end always ends a sentence. Closing quotes and brackets belong to the sentence that they close. Decimal points and the
    full stops of abbreviations, initials and numbered lines do not end a sentence.
    """
    end = len(text) if end is None else end
    begin = start
    for match in _CANDIDATE.finditer(text, start, end):
        stop = match.end()
        if match[0][0] != "\n":
            while stop < end and text[stop] in _CLOSERS and not _opens(text, begin, stop):
                stop += 1
            if not _ends(text, begin, match, stop, end):
                continue
        yield from _stripped(text, begin, stop)
        begin = stop
    yield from _stripped(text, begin, end)


def split_long(text: str, start: int, end: int, max_length: int) -> Iterator[Span]:
    """Cuts `text[start:end]` into pieces of at most `max_length` characters: at a semicolon, else a comma, else a blank."""
    while end - start > max_length:
        window = text[start : start + max_length]
        cut = next(
            (
                places[-1]
                for pattern in _SOFT
                if (places := [m.end() for m in pattern.finditer(window) if m.end() > max_length // 3])
            ),
            max_length,
        )
        yield from _stripped(text, start, start + cut)
        start += cut
    yield from _stripped(text, start, end)


def _opens(text: str, begin: int, position: int) -> bool:
    """Returns whether a straight quote opens a quotation, as one after an even number of quotes in the sentence does."""
    if text[position] != '"' or not text[position + 1 : position + 2].strip():
        return False
    return text.count('"', max(begin, position - _WINDOW), position) % 2 == 0


def _ends(text: str, begin: int, mark: re.Match[str], stop: int, end: int) -> bool:
    """Returns whether a punctuation mark ends the sentence that began at `begin`; `stop` is the end of its closing quotes."""
    if mark[0][0] not in ".!?":
        return text[stop : min(end, stop + 1)] not in tuple("，、,;；:：）")
    rest = text[stop : min(end, stop + 16)].lstrip(" \t\u00a0\u3000")
    if not rest or rest[0] == "\n":
        return True
    if rest[0].islower() or _DATELINE.fullmatch(text, begin, mark.start()):
        return False
    return mark[0] != "." or stop > mark.end() or _is_full_stop(text[max(begin, mark.start() - 12) : mark.start()], rest)


def _is_full_stop(before: str, rest: str) -> bool:
    """Returns whether the full stop between `before` and `rest` ends a sentence, not an abbreviation or the number of a list."""
    if _ABBREVIATION.search(before) or (rest[0].isdigit() and _BEFORE_NUMBER.search(before)):
        return False
    if before[-1:].isdigit() and "\u3400" <= rest[0] <= "\u9fff":
        return False
    return not _MAY_END.search(before) or bool(_BEGINNING.match(rest))


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield start, end
