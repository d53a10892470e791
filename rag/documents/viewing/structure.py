"""Finds the structure of a stored text, so that it can be shown as headings, lists and tables, with the offsets of every part."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rag.documents import tables
from rag.documents.chunking import headings
from rag.documents.formats import has_whole_paragraphs, is_markdown, is_table
from rag.text.lines import code_of, lines_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.documents.tables import Row, Table
    from rag.text.lines import Line
    from rag.types import Document

BlockKind = Literal["heading", "item", "row", "code", "line"]

_ITEM = re.compile(r"(?P<bullet>[-*+•·])\s+|(?P<number>\d{1,3})[.)]\s+")
_HASHES = re.compile(r"\A#+\s*|\s*#+\Z")
_FENCES = ("```", "~~~")
_BLANKS_A_LEVEL = 2
_MAX_LEVEL = 6
PART_CHARACTERS = 40_000


@dataclass(frozen=True, slots=True)
class Block:
    """A line of a document: `document.text[start:end]` is what is shown of it, without the mark of a heading or an item.

    `level` is that of a heading, from 1, or the depth of an item, from 0. `number` is that of an item in a numbered list, 0 in
    others. A row belongs to a `table`; without a `row`, it is a line between the rows, such as the name of the group below it.
    `apart` says that a blank line precedes the block.
    """

    kind: BlockKind
    start: int
    end: int
    level: int = 0
    number: int = 0
    table: Table | None = None
    row: Row | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A heading, or a page of a document without headings: its text, level from 1, offset, and page if there are pages."""

    text: str
    level: int
    start: int
    page: int | None


def blocks(document: Document) -> list[Block]:
    """Returns the lines of a document that are not blank, in order, each with its part in the structure of the text."""
    text, found = document.text, []
    lines = list(lines_of(text))
    levels = {heading.start: heading.level for heading in headings(document)}
    in_tables = _rows(text, lines)
    listed = has_whole_paragraphs(document.source) and not is_table(document.source)
    end = 0
    for line, is_code in zip(lines, code_of(lines, is_markdown(document.source)), strict=True):
        apart = text.count("\n", end, line.start) > 1
        end = line.end
        if is_code and line.text.startswith(_FENCES):
            end = line.end
        elif is_code:
            found.append(Block("code", line.start - line.indent, line.end, apart=apart))
        elif (place := in_tables.get(line.start)) and (place[1] or not line.text.startswith("#")):
            found.append(Block("row", line.start, line.end, table=place[0], row=place[1], apart=apart))
        elif line.start in levels:
            found.append(_heading(line, levels[line.start], apart))
        elif listed and (mark := _ITEM.match(line.text)):
            number = int(mark["number"] or 0)
            level = line.indent // _BLANKS_A_LEVEL
            found.append(Block("item", line.start + mark.end(), line.end, min(level, _MAX_LEVEL), number, apart=apart))
        else:
            found.append(Block("line", line.start, line.end, apart=apart))
    return found


def outline(document: Document, of_blocks: Sequence[Block]) -> list[OutlineEntry]:
    """Returns the headings of a document in order; those of the pages, when it has pages and no headings."""
    entries = [
        OutlineEntry(document.text[block.start : block.end], block.level, block.start, document.page_at(block.start))
        for block in of_blocks
        if block.kind == "heading" and block.end > block.start
    ]
    if entries or len(document.pages) < 2:
        return _with_even_levels(entries)
    return [OutlineEntry("", 1, start, number) for number, start in enumerate(document.pages, 1)]


def parts(document: Document, of_blocks: Sequence[Block], characters: int = PART_CHARACTERS) -> list[tuple[int, int]]:
    """Divides the blocks into parts of about so many characters.

    Returns:
        The first block of each part and the one after its last; one empty part without blocks.
    """
    cuts, begin = [0], 0
    for number, block in enumerate(of_blocks):
        if block.end - begin > characters and number > cuts[-1]:
            cuts.append(number)
            begin = block.start
    return list(zip(cuts, [*cuts[1:], len(of_blocks)], strict=True))


def _heading(line: Line, level: int, apart: bool) -> Block:
    start, end = line.start, line.end
    for mark in _HASHES.finditer(line.text):
        start, end = (start + mark.end(), end) if mark.start() == 0 else (start, line.start + mark.start())
    return Block("heading", start, max(start, end), min(level, _MAX_LEVEL), apart=apart)


def _rows(text: str, lines: Sequence[Line]) -> dict[int, tuple[Table, Row | None]]:
    """Returns the table and the row of each line within a table, by the start of the line."""
    found: dict[int, tuple[Table, Row | None]] = {}
    starts = [line.start for line in lines]
    place = 0
    for table in tables.find(text):
        rows = {row.start: row for row in (*table.rows, *table.totals)}
        first, last = min(rows), max(rows)
        while place < len(starts) and starts[place] < first:
            place += 1
        while place < len(starts) and starts[place] <= last:
            found[starts[place]] = table, rows.get(starts[place])
            place += 1
    return found


def _with_even_levels(entries: Sequence[OutlineEntry]) -> list[OutlineEntry]:
    """Numbers the levels that occur from 1, without gaps."""
    levels = {level: number for number, level in enumerate(sorted({entry.level for entry in entries}), 1)}
    return [OutlineEntry(entry.text, levels[entry.level], entry.start, entry.page) for entry in entries]
