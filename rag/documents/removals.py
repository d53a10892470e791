"""Records what a loader leaves out of a text, such as words that are struck out.

A loader puts such words between marks (`removed`), in their place, and gives the finished text to `record`, which moves them to the
edits of the document. Marks are noncharacters of Unicode, which text never contains: `unmarked` makes sure of that.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.types import Document, Edit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

STRUCK_OUT, DELETED, BOILERPLATE = "struck out", "tracked deletion", "page boilerplate"
_REASONS = (STRUCK_OUT, DELETED, BOILERPLATE)
_BEGIN = {reason: chr(0xFDE0 + number) for number, reason in enumerate(_REASONS)}
_REASON_OF = {mark: reason for reason, mark in _BEGIN.items()}
_END = "\ufdef"
_MARKS = re.compile("[\ufde0-\ufdef]")
_BEGINS = "".join(_BEGIN.values())
_REMOVED = re.compile(f"[{_BEGINS}][^{_BEGINS}{_END}]*{_END}")
_PART = re.compile(f"([{_BEGINS}])([^{_BEGINS}{_END}]*){_END}")


def unmarked(text: str) -> str:
    """Returns a text without the characters that serve as marks."""
    return _MARKS.sub("", text)


def removed(text: str, reason: str) -> str:
    """Marks a text to be removed by `record`. What was removed from it already is a part of it; blank text stays blank."""
    text = text.replace(_END, "")
    for mark in _BEGINS:
        text = text.replace(mark, "")
    return f"{_BEGIN[reason]}{text}{_END}" if text.strip() else text


def kept(text: str) -> str:
    """Returns a text without what is marked."""
    return _REMOVED.sub("", text)


def marked_parts(text: str) -> list[str]:
    """Returns what is marked in a text, with its marks."""
    return _REMOVED.findall(text)


def record(document: Document) -> Document:
    """Moves marked passages from the text to the edits of a document, with the blanks or line ends that would be left doubled."""
    source = document.text
    if not _MARKS.search(source):
        return document
    parts: list[str] = []
    edits: list[Edit] = []
    removals: list[tuple[int, int]] = []
    position = length = 0
    before = "\n"
    for match in _PART.finditer(source):
        parts.append(source[position : match.start()])
        length += len(parts[-1])
        before = parts[-1][-1:] or before
        after = _end_of_gap(source, match.end(), before)
        edits.append(Edit(length, match[2] + source[match.end() : after], "", _REASON_OF[match[1]]))
        removals.append((match.start(), after))
        position = after
    text = "".join([*parts, source[position:]])
    end = len(text.rstrip("\n"))
    if edits[-1:] and edits[-1].start == len(text) > end:
        # Nothing follows, so the line ends before it are removed too.
        first = next(number for number, edit in enumerate(edits) if edit.start == len(text))
        edits[first] = replace(edits[first], removed=text[end:] + edits[first].removed)
        edits[first:] = [replace(edit, start=end) for edit in edits[first:]]
        text = text[:end]
    moved = (page - sum(min(stop, page) - start for start, stop in removals if start < page) for page in document.pages)
    pages = tuple(min(page, len(text)) for page in moved)
    return replace(document, text=text, edits=tuple(edits), pages=pages)


def _end_of_gap(source: str, end: int, before: str) -> int:
    """Returns where the gap behind a removed passage ends, if there is one before it too."""
    if before.endswith(("\n", "\f")):
        line = end
        while line < len(source) and source[line] in " \t":
            line += 1
        if line == len(source) or source[line] != "\n":
            return line
        while line < len(source) and source[line] == "\n":
            line += 1
        return line
    if before.endswith((" ", "\t")) and end < len(source) and source[end] == " ":
        return end + 1
    return end


def are_of_loader(edits: Iterable[Edit]) -> bool:
    """Returns whether edits were all made by a loader, so that the text is still to be cleaned."""
    return all(edit.reason in _REASONS and not edit.inserted for edit in edits)


def combined(first: Sequence[Edit], then: Sequence[Edit]) -> tuple[Edit, ...]:
    """Returns the edits that do in one step what two sequences of edits do one after the other.

    Args:
        first: Edits of a loader, which insert nothing.
        then: Edits of the text that the first ones left.
    """
    if not first:
        return tuple(then)
    return tuple(_combined(first, then))


def _combined(first: Sequence[Edit], then: Sequence[Edit]) -> Iterator[Edit]:
    waiting = list(first[::-1])
    shift = 0
    for edit in then:
        # The place of the edit in the text between the two steps.
        start = edit.start - shift
        while waiting and waiting[-1].start <= start:
            early = waiting.pop()
            yield replace(early, start=early.start + shift)
        rest, at = edit.removed, start
        while waiting and waiting[-1].start < at + len(rest):
            inner = waiting.pop()
            cut = inner.start - at
            if cut:
                yield Edit(edit.start, rest[:cut], "", edit.reason)
            yield replace(inner, start=edit.start)
            rest, at = rest[cut:], inner.start
        yield Edit(edit.start, rest, edit.inserted, edit.reason)
        shift += len(edit.inserted) - len(edit.removed)
    for late in waiting[::-1]:
        yield replace(late, start=late.start + shift)
