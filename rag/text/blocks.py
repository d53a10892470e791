"""The paragraphs, lists and tables of an answer's text, which marks them as Markdown does. Nothing else of Markdown is read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_ITEM = re.compile(r"(?P<indent>[ \t]*)(?:(?P<bullet>[-*•])|(?P<number>\d{1,3})[.)])[ \t]+(?P<text>\S.*)")
_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*")
_RULE = re.compile(r"[ \t]*\|(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*")
_CELL_END = re.compile(r"(?<!\\)\|")
_SPACES_A_LEVEL = 2
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One or more lines of text, without a blank line between them."""

    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list. `depth` counts from 0; `number` is that of a numbered item, and None for a bullet."""

    text: str
    depth: int = 0
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """A list, in order."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: its headings, and rows of as many cells."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Paragraph | Items | Grid


def blocks(text: str) -> list[Block]:
    """Returns the blocks of a text, in order. No character of the text is lost but the marks of lists and tables, and blank lines."""
    return list(_blocks(text.split("\n")))


def _blocks(lines: Sequence[str]) -> Iterator[Block]:
    place = 0
    while place < len(lines):
        if not lines[place].strip():
            place += 1
        elif _begins_table(lines, place):
            stop = place + 2
            while stop < len(lines) and _ROW.fullmatch(lines[stop]):
                stop += 1
            yield _grid(lines[place], lines[place + 2 : stop])
            place = stop
        elif _ITEM.fullmatch(lines[place]):
            items, place = _items(lines, place)
            yield Items(tuple(items))
        else:
            stop = place + 1
            while (
                stop < len(lines) and lines[stop].strip() and not _ITEM.fullmatch(lines[stop]) and not _begins_table(lines, stop)
            ):
                stop += 1
            yield Paragraph("\n".join(lines[place:stop]).strip())
            place = stop


def _begins_table(lines: Sequence[str], place: int) -> bool:
    return place + 1 < len(lines) and bool(_ROW.fullmatch(lines[place])) and bool(_RULE.fullmatch(lines[place + 1]))


def _items(lines: Sequence[str], place: int) -> tuple[list[Item], int]:
    """Returns the items of the list that begins at a line, and the number of the line after it."""
    items: list[Item] = []
    while place < len(lines):
        match = _ITEM.fullmatch(lines[place])
        if match:
            deepest = items[-1].depth + 1 if items else 0
            indent = len(match["indent"].expandtabs(_SPACES_A_LEVEL)) // _SPACES_A_LEVEL
            number = int(match["number"]) if match["number"] else None
            items.append(Item(match["text"].strip(), min(indent, deepest, _MAX_DEPTH), number))
        elif lines[place].strip() and lines[place][:1] in " \t":
            # The next line of an item is indented below its mark.
            last = items[-1]
            items[-1] = Item(f"{last.text}\n{lines[place].strip()}", last.depth, last.number)
        elif lines[place].strip() or not (place + 1 < len(lines) and _ITEM.fullmatch(lines[place + 1])):
            break
        place += 1
    return items, place


def _grid(headings: str, rows: Sequence[str]) -> Grid:
    head = _cells(headings)
    return Grid(head, tuple(tuple((_cells(row) + ("",) * len(head))[: max(len(head), 1)]) for row in rows))


def _cells(row: str) -> tuple[str, ...]:
    """Returns the cells of a row, without the bars around them."""
    return tuple(cell.replace("\\|", "|").strip() for cell in _CELL_END.split(row.strip())[1:-1])
