"""The tables of a Markdown text, with bars or in HTML, as rows that keep their headings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.documents.loaders.html import parse_text, text_of
from rag.documents.loaders.table_rows import Label, rows_as_lines
from rag.documents.removals import kept, marked_parts, unmarked
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})")
_DELIMITERS = re.compile(r" {0,3}(?=[^\n]*\|)\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_BAR = re.compile(r"(?<!\\)\|")
_BEGIN, _END = re.compile(r"\s*<table\b", re.IGNORECASE), re.compile(r"</table\s*>", re.IGNORECASE)
_OPENS = re.compile(r"<table\b", re.IGNORECASE)
_MAX_HTML_LINES = 5_000


def with_rows(text: str) -> str:
    """Returns a text with each row of its tables as a line "heading: value; heading: value"; code stays as it is."""
    if "|" not in text and not _OPENS.search(text):
        return text
    return "".join(_lines(text.splitlines(keepends=True)))


def _lines(lines: Sequence[str]) -> Iterator[str]:
    fence, above, i = "", "", 0
    ends = _ends_of_html(lines)
    while i < len(lines):
        line = lines[i]
        mark = _FENCE.match(line)
        if mark and (not fence or (mark["fence"][0] == fence[0] and len(mark["fence"]) >= len(fence))):
            fence = "" if fence else mark["fence"]
        rows, end = ([], i) if fence or mark else _table_at(lines, i, above, ends)
        if end > i:
            yield from (f"{row}\n" for row in rows)
            yield "\n" if end < len(lines) and lines[end].strip() else ""
            i = end
            continue
        yield line
        above = line.strip() or above
        i += 1


def _table_at(lines: Sequence[str], i: int, above: str, ends: Mapping[int, int]) -> tuple[list[str], int]:
    """Returns the rows of the table that begins in a line, and the number of the line after it; the same number if none does."""
    if i + 1 < len(lines) and "|" in lines[i] and _DELIMITERS.fullmatch(lines[i + 1].rstrip("\r\n")):
        headings = _cells(lines[i])
        if len(headings) == len(_cells(lines[i + 1])):
            end = i + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            body = [_cells(line) for line in lines[i + 2 : end]]
            named: list[Sequence[str]] = [[Label(cell) for cell in headings]] if any(headings) else []
            # What is left out of a table comes after it.
            left_out = [part for line in lines[i:end] for part in marked_parts(line)]
            return [*rows_as_lines([*named, *body], above), *([""] if left_out else []), *left_out], end
    if _BEGIN.match(lines[i]):
        return _html_table(lines, i, ends.get(i, len(lines)))
    return [], i


def _ends_of_html(lines: Sequence[str]) -> dict[int, int]:
    """Returns the line in which each line's table ends, for the lines that begin one that ends."""
    ends: dict[int, int] = {}
    waiting: list[tuple[int, int]] = []
    depth = 0
    for number, line in enumerate(lines):
        if _BEGIN.match(line):
            waiting.append((number, depth))
        depth += len(_OPENS.findall(line)) - len(_END.findall(line))
        while waiting and depth <= waiting[-1][1]:
            ends[waiting.pop()[0]] = number
    return ends


def _html_table(lines: Sequence[str], i: int, end: int) -> tuple[list[str], int]:
    if end >= min(len(lines), i + _MAX_HTML_LINES):
        return [], i
    try:
        return text_of(parse_text("".join(lines[i : end + 1]), "")).split("\n"), end + 1
    except LoadError:
        return [], i


def _cells(line: str) -> list[str]:
    """Returns the cells of a line with bars between them."""
    text = kept(line).strip().removeprefix("|")
    if text.endswith("|") and not text.endswith("\\|"):
        text = text[:-1]
    return [unmarked(cell.replace("\\|", "|")).strip() for cell in _BAR.split(text)]
