"""The items that a sentence lists."""

from __future__ import annotations

import re
from itertools import groupby

from rag.answering.composing.clauses import clauses
from rag.text.sentences import Span

_LEAST_ITEMS = 3
_MAX_ITEM = 60
_BESIDE = 4
# Words such as 等旅游列车的开行 stand between quoted names and what is said of them.
_BESIDE_TITLES = 10
_MAX_NUMBERED = 160
_NUMBER = re.compile(
    r"(?P<han>[（(][一二三四五六七八九十]{1,3}[)）])|(?P<bracketed>[（(](?:\d{1,2}|[a-z]|[ivx]{1,4})[)）])|(?P<circled>[①-⑳])"
)
# A sequence of titles or quoted terms, of words between 、, or of words between commas with "and" before the last one.
_TITLES = re.compile(r"(?:《[^《》]+》[、，和与及以]*){2,}《[^《》]+》|(?:“[^“”]+”[、，和与及以]*){2,}“[^“”]+”")
_TITLE = re.compile(r"《[^《》]+》|“[^“”]+”")
_HAN_LIST = re.compile(
    r"(?:[^，,。；;：:、“”《》\n]|“[^“”]*”|《[^《》]*》|[（(][^（）()]*[)）])+(?:、(?:[^，,。；;：:、“”《》\n]|“[^“”]*”|《[^《》]*》|[（(][^（）()]*[)）])+)+"
)
_LAST_HAN = re.compile(r"(?:以及|和|及|与)")
_LEAD = re.compile(
    r"^.*(?:包括|包含|包括有|涵盖|分别[是为]|主要[有是为]|即|如下|有|为|是|[发制]布了?|[确规]定的|设立了?|建立了?|开展|发展(?!中)了?|推进|举办了?|提出了?|(?<!存)在|[了过])(?=.{2})"
)
_END = re.compile(
    r"(?<=.{2})的?[“《][^“”《》]*[”》].{0,6}$|(?<=.{2})等.{0,12}$|(?<=.{2})(?:只|仅|均|一律|不得|不能|可以|应当|必须|位于).*$|(?<=.{2})[的]?(?:[\d一二三四五六七八九十两]+[大个种类项条]|等).{0,12}$"
)
_ENGLISH_LIST = re.compile(r"(?:[^,;:.]|\.(?=\d))+(?:, (?:[^,;:.]|\.(?=\d))+)+,? (?:and|or) (?:[^,;:.]|\.(?=\d))+")
_ENGLISH_LEAD = re.compile(
    r"^.*\b(?:includ(?:es?|ing)|due to|because of|aspects:|following:|are|is|were|was|in|of|such as|namely|with|on|through|by|to|for|has|have|had|called)\s+(?=\S)",
    re.IGNORECASE,
)
_LATEST = 2
# What stands between commas may also be the parts of a sentence.
_CLAUSE = re.compile(
    r"\b(?:is|are|was|were|does|do|did|has|have|had|can|could|will|would|may|must|therefore|however)\b", re.IGNORECASE
)
_NO_ITEM = re.compile(r"(?:which|who|whose|that|but|not|it|they|he|she|been|being|others? \w+)\b", re.IGNORECASE)


def enumeration(text: str, start: int, answer: Span) -> tuple[str, ...]:
    """Returns the items of the list in a sentence that contains the answer, in order; empty if it has none that is sure.

    Args:
        text: The sentence.
        start: Where the sentence proper begins.
        answer: The place of the reader's answer.
    """
    if numbered := _numbered(text, start, answer):
        return numbered
    spans = [match.span() for match in _TITLES.finditer(text, start)]
    if spans:
        begin, end = _nearest(spans, answer[0])
        return (
            _checked([match[0] for match in _TITLE.finditer(text, begin, end)])
            if _meets((begin, end), answer, _BESIDE_TITLES)
            else ()
        )
    if repeated := _repeated(text, start, answer):
        return _checked(repeated)
    pattern = _HAN_LIST if re.search(r"[\u3400-\u9fff]", text) else _ENGLISH_LIST
    spans = [match.span() for match in pattern.finditer(text, start)]
    begin, end = _nearest(spans, answer[0]) if spans else (0, 0)
    if not spans or not _meets((begin, end), answer):
        return ()
    if pattern is _HAN_LIST:
        return _checked(_han_items(text[begin:end]))
    items = _english_items(text[begin:end], after_colon=text[:begin].rstrip().endswith(":"))
    # An answer that begins in a later item is only a part of the list, or beside it.
    late = len(items) > _LATEST and answer[0] >= text.find(items[_LATEST], begin)
    return () if late or any(_CLAUSE.search(item) for item in items) else _checked(items)


def _numbered(text: str, start: int, answer: Span) -> tuple[str, ...]:
    """Returns the items that are numbered within a sentence: （一）…；（二）…；（三）…."""
    marks = list(_NUMBER.finditer(text, start))
    if (
        len(marks) < _LEAST_ITEMS
        or len({mark.lastgroup for mark in marks}) > 1
        or not _meets((marks[0].start(), len(text)), answer)
    ):
        return ()
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    items = [text[mark.end() : end].strip(" ，,；;。.、\n") for mark, end in zip(marks, ends, strict=True)]
    items[-2:] = [re.sub(r"[;；,，]? (?:and|or)$", "", items[-2]), items[-1]]
    return tuple(items) if all(1 < len(item) <= _MAX_NUMBERED for item in items) else ()


def _nearest(spans: list[tuple[int, int]], answer: int) -> tuple[int, int]:
    return min(spans, key=lambda span: max(span[0] - answer, answer - span[1], 0))


def _meets(span: Span, answer: Span, beside: int = _BESIDE) -> bool:
    """Returns whether a list contains some of the answer, or is at most some characters from it."""
    return span[0] - beside <= answer[1] and answer[0] <= span[1] + beside


def _repeated(text: str, start: int, answer: Span) -> list[str]:
    """Returns the clauses in a row that begin with the same two characters: 坚持人与自然…，坚持绿水青山…."""
    parts = [(max(a, start), b) for a, b in clauses(text) if b > start]
    runs = [list(run) for _, run in groupby(parts, key=lambda part: text[slice(*part)].removeprefix("即")[:2])]
    longest = max(runs, key=len, default=[])
    if len(longest) < _LEAST_ITEMS - 1:
        return []
    # The first one may follow an introduction, but not where a word such as 即 begins it.
    begin, before = text[longest[-1][0] :][:2], parts.index(longest[0]) - 1
    if before >= 0 and text.startswith(begin, longest[0][0]) and (at := text.rfind(begin, *parts[before])) >= 0:
        longest = [(at, parts[before][1]), *longest]
    if len(longest) < _LEAST_ITEMS or not _meets((longest[0][0], longest[-1][1]), answer):
        return []
    return [text[a:b].strip(" ，,；;。.").removeprefix("即") for a, b in longest]


def _han_items(listed: str) -> list[str]:
    items = re.split(r"、(?![^“]*”)(?![^《]*》)(?![^（(]*[)）])", listed)
    items[0] = _without_lead(items)
    last = _END.sub("", re.sub("^(?:以及|和|及|与)", "", items[-1]))
    pieces = _LAST_HAN.split(last)
    items[-1:] = pieces if len(pieces) == 2 and all(len(piece) > 1 for piece in pieces) and len(items) < 12 else [last]
    return items


def _without_lead(items: list[str]) -> str:
    """Removes the words before a list from its first item: 包括, or what does not begin as the other items do."""
    first, begin = _LEAD.sub("", items[0]), items[1][0]
    if all(item.startswith(begin) for item in items[1:]) and begin in first:
        return first[first.rindex(begin) :]
    lengths = sorted(len(item) for item in items[1:])
    if len(first) > 2 * lengths[len(lengths) // 2] and "的" in first[:-1]:
        return first[first.rindex("的", 0, -1) + 1 :]
    return first


def _english_items(listed: str, *, after_colon: bool) -> list[str]:
    """Returns the items from the first one on that is introduced, as by "such as" or a colon; empty if none is."""
    items = re.split(r",? (?:and|or) (?=[^,]*$)|, ", listed)
    if after_colon:
        return items
    introduced = next((i for i, item in enumerate(items) if _ENGLISH_LEAD.match(item)), None)
    if introduced is None:
        return []
    return [_ENGLISH_LEAD.sub("", items[introduced]), *items[introduced + 1 :]]


def _checked(items: list[str]) -> tuple[str, ...]:
    items = [item.strip(" ，,、；;。.") for item in items]
    sure = len(items) >= _LEAST_ITEMS and all(1 < len(item) <= _MAX_ITEM for item in items) and len(set(items)) == len(items)
    return tuple(items) if sure and not any(_NO_ITEM.match(item) for item in items) else ()
