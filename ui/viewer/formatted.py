"""A document's text as HTML: headings, lists and tables, with places marked. Pure functions. Texts of a document are escaped."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from ui.rendering import both, page_unit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rag.documents.tables import Row, Table
    from rag.documents.viewing.structure import Block
    from rag.types import Document

_INDENT = 1.6


class Mark(NamedTuple):
    """A place to mark: `document.text[start:end]`, with the number of the quote, or -1 for a hit of the search."""

    start: int
    end: int
    number: int


def part(document: Document, blocks: Sequence[Block], marks: Sequence[Mark]) -> str:
    """Shows some blocks of a document. A mark that touches several blocks is shown in each."""
    text = _Marked(document.text, marks)
    pages = _Pages(document)
    shown = ""
    for kind, group in groupby(blocks, key=_group):
        lines = list(group)
        shown += pages.before(lines[0].start) if kind != "table" else ""
        shown += _SHOW[kind](lines, text, pages)
    return shown


def _group(block: Block) -> str:
    return {"row": "table", "item": "list"}.get(block.kind, block.kind)


class _Marked:
    """The text of a document with its marks."""

    def __init__(self, text: str, marks: Sequence[Mark]) -> None:
        self._text = text
        self._marks = sorted(mark for mark in marks if 0 <= mark.start < mark.end <= len(text))

    def html(self, start: int, end: int) -> str:
        """Returns a part of the text, escaped, with the marks in it. Where marks overlap, the first is shown."""
        shown, at = "", start
        for mark in self._marks:
            begin, until = max(mark.start, at), min(mark.end, end)
            if begin < until:
                shown += f"{escape(self._text[at:begin])}<mark{_attributes(mark)}>{escape(self._text[begin:until])}</mark>"
                at = until
        return shown + escape(self._text[at:end])

    def touches(self, start: int, end: int) -> bool:
        return any(mark.start < end and start < mark.end for mark in self._marks)


def _attributes(mark: Mark) -> str:
    return ' class="hit"' if mark.number < 0 else f' data-quote="{mark.number}"'


class _Pages:
    """Shows where the pages of a document begin."""

    def __init__(self, document: Document) -> None:
        self._starts = list(enumerate(document.pages, 1))
        self._words = page_unit(document.source)

    def before(self, start: int) -> str:
        """Returns the numbers of the pages that begin at or before `start` and that were not shown yet; only the last if several."""
        begun = []
        while self._starts and self._starts[0][1] <= start:
            begun.append(self._starts.pop(0)[0])
        return f'<p class="page-begins" data-page="{begun[-1]}">{both(self._words, begun[-1])}</p>' if begun else ""


def _lines(blocks: Sequence[Block], text: _Marked, pages: _Pages) -> str:
    shown = ""
    for number, block in enumerate(blocks):
        label = pages.before(block.start) if number else ""
        apart = ' class="apart"' if block.apart else ""
        shown += f'{label}<p{apart} data-at="{block.start}">{text.html(block.start, block.end)}</p>'
    return shown


def _headings(blocks: Sequence[Block], text: _Marked, pages: _Pages) -> str:
    shown = ""
    for number, block in enumerate(blocks):
        label = pages.before(block.start) if number else ""
        # The title of the dialog is the only heading above these.
        level = min(block.level + 2, 6)
        shown += f'{label}<h{level} data-at="{block.start}">{text.html(block.start, block.end)}</h{level}>'
    return shown


def _list(blocks: Sequence[Block], text: _Marked, pages: _Pages) -> str:
    shown = ""
    for numbered, group in groupby(blocks, key=lambda block: bool(block.number)):
        tag = "ol" if numbered else "ul"
        items = ""
        for block in group:
            value = f' value="{block.number}"' if numbered else ""
            indent = f' style="margin-left:{_INDENT * block.level:g}em"' if block.level else ""
            items += f'<li{value}{indent} data-at="{block.start}">{text.html(block.start, block.end)}</li>'
        shown += f"<{tag}>{items}</{tag}>"
    return shown


def _code(blocks: Sequence[Block], text: _Marked, pages: _Pages) -> str:
    lines = "\n".join(text.html(block.start, block.end) for block in blocks)
    return f'<pre tabindex="0" data-at="{blocks[0].start}">{lines}</pre>'


def _tables(blocks: Sequence[Block], text: _Marked, pages: _Pages) -> str:
    shown = ""
    for _, group in groupby(blocks, key=lambda block: id(block.table)):
        rows = list(group)
        table = rows[0].table
        assert table
        shown += pages.before(rows[0].start)
        heads = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in table.headings)
        totals = {row.start for row in table.totals}
        lines = "".join(_row(block, table, text, block.start in totals) for block in rows)
        shown += f'<div class="scrolled" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'
    return shown


def _row(block: Block, table: Table, text: _Marked, is_total: bool) -> str:
    if block.row is None:
        cells = f'<th scope="rowgroup" colspan="{len(table.headings)}">{text.html(block.start, block.end)}</th>'
    else:
        cells = "".join(_cells(block.row, text))
    return f'<tr{" class=total" if is_total else ""} data-at="{block.start}">{cells}</tr>'


def _cells(row: Row, text: _Marked) -> Iterator[str]:
    for cell in row.cells:
        if cell is None:
            yield "<td></td>"
        else:
            cited = " class=cited" if text.touches(cell.start, cell.end) else ""
            yield f"<td{cited}>{text.html(cell.start, cell.end)}</td>"


_SHOW: dict[str, Callable[[Sequence[Block], _Marked, _Pages], str]] = {
    "heading": _headings,
    "list": _list,
    "table": _tables,
    "code": _code,
    "line": _lines,
}
