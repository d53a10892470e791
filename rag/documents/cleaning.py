"""Removes boilerplate from a text, unwraps its lines, and records every change.

Lines are judged in the source text, so that all decisions share its offsets. The edits turn the source text into the cleaned
text, and back (`restore`). Characters that are kept are never altered: a quote of the cleaned text is a quote of the source.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.documents.boilerplate import PICTURE, judge
from rag.documents.formats import has_whole_paragraphs, is_markdown, is_table
from rag.documents.removals import STRUCK_OUT, are_of_loader, combined
from rag.documents.unwrapping import joints
from rag.text.lines import CONTROL, code_of, ends_sentence, lines_of
from rag.types import Document, Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.text.lines import Line

__all__ = ["clean", "ends_sentence", "removed_passages", "restore"]

_COMMENT = r"<!--.{0,500}?-->"
# The groups of each match are removed, or all of it if it has none. Blanks stay on one side only.
_MARKDOWN = (
    (re.compile(rf"(?<![ \t])[ \t]++{_COMMENT}(?!\S)|{_COMMENT}"), "Markdown comment"),
    (re.compile(rf"(?<![ \t])[ \t]++{PICTURE}(?!\S)|{PICTURE}"), "Markdown picture"),
    (
        re.compile(
            r"(?<![ \t~])[ \t]++~~(?=[^\s~])[^~\n]{1,1000}(?<=\S)~~(?![\S~])|(?<!~)~~(?=[^\s~])[^~\n]{1,1000}(?<=\S)~~(?!~)"
        ),
        STRUCK_OUT,
    ),
    (re.compile(r"(?<=\])\((?:https?:|mailto:|/|\.|#)(?:[^()\n]|\([^()\n]{0,100}\)){0,500}\)"), "Markdown link address"),
    (re.compile(r"(?<![A-Za-z0-9*])(\*\*)(?=[^\s*])[^\n]{1,300}?(?<=[^\s*])(\*\*)(?![A-Za-z0-9*])"), "Markdown emphasis"),
    (re.compile(r"(?<!\w)(__)(?=[^\s_])[^\n]{1,300}?(?<=[^\s_])(__)(?!\w)"), "Markdown emphasis"),
)


def clean(document: Document) -> Document:
    """Removes boilerplate and unwraps lines.

    Args:
        document: A document whose `text` is the source text, except for what its loader left out. One with other edits is
            clean already and returned as it is.

    Returns:
        The document with the cleaned text, the `edits` that were made, and its pages where they begin in that text.
    """
    if not are_of_loader(document.edits):
        return document
    source = document.text
    markdown = is_markdown(document.source)
    lines = list(lines_of(source))
    reasons = [""] * len(lines) if is_table(document.source) else judge(lines, markdown)
    between = joints(lines, reasons, source, prose=not has_whole_paragraphs(document.source))
    joint = next(between)
    edits = _Edits(source)
    position = 0
    for line, reason, is_code in zip(lines, reasons, code_of(lines, markdown), strict=True):
        if reason:
            edits.replace(position, line.start, "", "layout")
            edits.replace(line.start, line.end, "", reason)
            position = line.end
            continue
        edits.replace(position, line.start, joint.separator, joint.reason)
        for start, end, markup in _within(source, line, markdown and not is_code):
            edits.replace(start, end, "", markup)
        joint = next(between)
        position = line.end - joint.dropped
    edits.replace(position, len(source), "", "layout")
    pages = tuple(edits.moved(page) for page in document.pages)
    return replace(document, text=edits.text(), edits=combined(document.edits, edits.made), pages=pages)


def restore(document: Document) -> str:
    """Returns the source text of a document that `clean` returned."""
    parts, position = [], 0
    for edit in document.edits:
        parts += [document.text[position : edit.start], edit.removed]
        position = edit.start + len(edit.inserted)
    return "".join([*parts, document.text[position:]])


def removed_passages(document: Document) -> list[Edit]:
    """The passages that cleaning removed, without the blanks and line ends that only changed the layout."""
    return [edit for edit in document.edits if edit.reason not in ("layout", "broken line")]


class _Edits:
    """Collects replacements in the order of the source text."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._starts: list[int] = []
        self._shift = 0
        self.made: list[Edit] = []

    def replace(self, start: int, end: int, inserted: str, reason: str) -> None:
        removed = self._source[start:end]
        if removed == inserted:
            return
        self.made.append(Edit(start + self._shift, removed, inserted, reason))
        self._starts.append(start)
        self._shift += len(inserted) - len(removed)

    def text(self) -> str:
        parts, position = [], 0
        for start, edit in zip(self._starts, self.made, strict=True):
            parts += [self._source[position:start], edit.inserted]
            position = start + len(edit.removed)
        return "".join([*parts, self._source[position:]])

    def moved(self, offset: int) -> int:
        """The offset in the cleaned text of a character of the source text, or of the next one if that was removed."""
        last = bisect_right(self._starts, offset) - 1
        if last < 0:
            return offset
        edit = self.made[last]
        behind = offset - self._starts[last] - len(edit.removed)
        return edit.start + len(edit.inserted) + max(0, behind)


def _within(source: str, line: Line, markdown: bool) -> Iterator[tuple[int, int, str]]:
    """The parts of a kept line to remove: control and invisible characters, and Markdown's markup."""
    found = [(match.start(), match.end(), "control character") for match in CONTROL.finditer(source, line.start, line.end)]
    for pattern, reason in _MARKDOWN if markdown else ():
        for match in pattern.finditer(source, line.start, line.end):
            found += [(*match.span(group), reason) for group in range(1, pattern.groups + 1) or (0,)]
    kept_from = end = line.start
    for start, removed_to, reason in sorted(found):
        stop = removed_to
        if start == kept_from:
            while stop < line.end and source[stop] in " \t":
                stop += 1
            kept_from = stop
        if start >= end:
            yield start, stop, reason
            end = stop
