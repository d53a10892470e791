"""Blocks of a document: the items of a list that stands in lines, the sentences that a sentence announces, and the one that it follows from."""

from __future__ import annotations

import re

from rag.text.sentences import Span, sentences

_MAX_ITEMS = 20
_MAX_ITEM = 240
_FOLLOWING = 2
# The bullet or number at the beginning of a line, in a form that the lines of one list share.
_MARK = re.compile(
    r"[ \t\u3000]*(?:(?P<bullet>[-*+•·▪●◆■])[ \t]+|(?P<bracketed>[（(](?:[一二三四五六七八九十]{1,3}|\d{1,2}|[a-z])[)）])"
    r"|(?P<han>[一二三四五六七八九十]{1,3}、)|(?P<number>\d{1,2}[.)、])(?!\d)|(?P<letter>[a-z][.)])[ \t])"
)
_LINE = re.compile(r"[^\n]+")
_ANNOUNCES = re.compile(
    r"[:：]\s*$|如下|以下|下列|(?:几|多|数)[个点方项条]{1,2}(?:原因|方面|理由|因素|措施|情况)"
    r"|\b(?:as follows|the following|several|various|for (?:\w+ )?reasons|in (?:\w+ )?ways|(?:two|three|four|five|six) (?:reasons|steps|things|points|ways))\b",
    re.IGNORECASE,
)

_FOLLOWS_FROM = re.compile(
    r"(?:因此|因而|所以|为此|故此|于是|由此|正因如此|有鉴于此)"
    r"|(?:Therefore|Thus|Hence|Consequently|Accordingly|As a (?:result|consequence)|For (?:this|that|these) reasons?|(?:That|This) is why|So)\b"
)


def items_around(text: str, start: int, end: int) -> list[Span]:
    """Returns the places of all items of the list that contains a sentence, or that the sentence introduces; in order, without their marks.

    It is empty without such a list of at least two items.

    Args:
        text: The document's.
        start: The start of the sentence.
        end: Its end.
    """
    first = text.rfind("\n", 0, start) + 1
    own = _MARK.match(text, first)
    if own is None:
        if not _ANNOUNCES.search(text[start:end]):
            return []
        following = _next_line(text, end)
        own = _MARK.match(text, following) if following is not None else None
        if own is None or following is None:
            return []
        first = following
    form = own.lastgroup
    begin = first
    while (above := _line_above(text, begin)) is not None and _is_item(text, above, form):
        begin = above
    items: list[Span] = []
    line: int | None = begin
    while line is not None and _is_item(text, line, form) and len(items) < _MAX_ITEMS:
        mark, stop = _MARK.match(text, line), _line_end(text, line)
        assert mark
        items.append((stop - len(text[mark.end() : stop].lstrip()), line + len(text[line:stop].rstrip())))
        line = _next_line(text, stop)
    return items if len(items) > 1 else []


def announced(text: str, start: int, end: int) -> list[Span]:
    """Returns the next sentences of the paragraph if a sentence announces them, as "for several reasons" does; else nothing."""
    if end - start > _MAX_ITEM or not _ANNOUNCES.search(text[start:end]):
        return []
    stop = text.find("\n\n", end)
    found = []
    for span in sentences(text, end, len(text) if stop < 0 else stop):
        found.append(span)
        if len(found) == _FOLLOWING:
            break
    return found


def reason_before(text: str, start: int, end: int) -> list[Span]:
    """Returns the sentence before one that begins with "therefore" or the like, if the paragraph has one; else nothing."""
    if not _FOLLOWS_FROM.match(text[start:end]):
        return []
    before = list(sentences(text, text.rfind("\n", 0, start) + 1, start))
    return before[-1:]


def _is_item(text: str, line: int, form: str | None) -> bool:
    mark = _MARK.match(text, line)
    return mark is not None and mark.lastgroup == form and _line_end(text, line) - line <= _MAX_ITEM


def _line_end(text: str, line: int) -> int:
    end = text.find("\n", line)
    return len(text) if end < 0 else end


def _next_line(text: str, after: int) -> int | None:
    """Returns the start of the next line with text, at most one blank line away; None if there is none."""
    end = _line_end(text, after)
    match = _LINE.search(text, end)
    return match.start() if match and match.start() - end <= 2 else None


def _line_above(text: str, line: int) -> int | None:
    """Returns the start of the line with text above, at most one blank line away; None if there is none."""
    before = text[:line].rstrip("\n")
    if not before or line - len(before) > 2:
        return None
    return before.rfind("\n") + 1
