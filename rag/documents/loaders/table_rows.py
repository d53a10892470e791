"""Writes the rows of a table as lines of text that can be understood without each other."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from rag.documents.loaders import table_headings
from rag.documents.loaders.table_cells import Cell, Label, Merged, is_value, kind_of, may_be_headings, text_of, tidy
from rag.documents.loaders.table_facts import are_facts, fact_lines
from rag.documents.loaders.table_headings import unit_of, with_unit

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

__all__ = ["Cell", "Label", "Merged", "rows_as_lines"]

# So many rows of a table decide how it is read.
_SAMPLE = 60
_MAX_SECTION = 40
_NOTE = re.compile(r"(?:注|备注|说明|来源|资料来源|数据来源|note|notes|source|sources)\s*\d*\s*[:：.]|[*†‡]", re.IGNORECASE)
_TOTAL = re.compile(r"(?:grand |sub-?)?totals?\b|sum\b|average\b|[合总小共]计|平均", re.IGNORECASE)
_MAX_SPREAD = 200
_MAX_KNOWN = 1000

_Row = list[Cell]


def rows_as_lines(rows: Iterable[Sequence[Cell]], above: str = "") -> Iterator[str]:
    """Yields each row as "heading: value; heading: value", without empty cells.

    Several tables may follow each other after blank rows, or stand beside each other with a blank column between them. Single
    cells above a table come first, unchanged; a unit that they state is added to the headings of amounts, as in "2024年（万元）".
    Rows of headings below each other are joined. Cells that others cover have their value; a row that is covered by its first cell
    names the rows below it, and stands before their cells. A form is written as a line "label: value" for each of its values, and
    a table without headings as rows "value; value".

    Args:
        rows: The cells of each row.
        above: The text above the table, which may state its unit.
    """
    stream = _Stream(rows)
    table = _Table([above])
    while sample := stream.block():
        spans = _beside_each_other(sample)
        if len(spans) < 2:
            table = yield from _written(stream, sample, table)
            continue
        parts: list[list[_Row]] = [[] for _ in spans]
        ends = [*(first for first, _ in spans[1:]), None]
        while row := stream.take():
            for part, (first, last), end in zip(parts, spans, ends, strict=True):
                # Cells beyond the columns of the sample belong to the table on their left.
                part.append(row[first : end if _filled(row[last:end]) else last])
        for number, part in enumerate(parts):
            yield from [""] * bool(number or table.headings)
            yield from rows_as_lines(part, above)
        table = _Table([above])


class _Stream:
    """The rows of a sheet in blocks with blank rows between them, of which the next ones can be looked at."""

    def __init__(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._rows = iter(rows)
        self._ahead: deque[_Row] = deque()
        self.gap = 0

    def block(self) -> list[_Row]:
        """Skips blank rows and returns the first rows of the next block; empty at the end."""
        self.gap = 0
        while self._look(1) and not _filled(self._ahead[0]):
            self._ahead.popleft()
            self.gap += 1
        return self.sample()

    def sample(self) -> list[_Row]:
        """Returns the next rows of this block, at most `_SAMPLE`."""
        self._look(_SAMPLE)
        rows = []
        for row in self._ahead:
            if not _filled(row):
                break
            rows.append(row)
        return rows

    def take(self) -> _Row | None:
        """Returns the next row of this block; None after the last."""
        return self._ahead.popleft() if self._look(1) and _filled(self._ahead[0]) else None

    def _look(self, count: int) -> bool:
        for row in islice(self._rows, max(0, count - len(self._ahead))):
            self._ahead.append([tidy(cell) for cell in row])
        return bool(self._ahead)


@dataclass(slots=True)
class _Table:
    """The state of the table that is being written.

    `headings` is None before the first row of several cells, and empty for a table without headings. `seen` are the texts of
    each column so far, as far as they matter.
    """

    above: list[str] = field(default_factory=list)
    headings: list[str] | None = None
    raw: list[str] = field(default_factory=list)
    section: str = ""
    before: list[str] = field(default_factory=list)
    has_groups: bool = False
    values: set[int] = field(default_factory=set)
    words: set[int] = field(default_factory=set)
    known: set[str] = field(default_factory=set)

    def line(self, row: _Row) -> str:
        """Writes a row of data, with the values of the cells that cover others."""
        is_total = bool(_TOTAL.match(next(filter(None, map(text_of, row)), "")))
        # The name of a total often covers the columns beside it, which then have no value.
        cells = self._uncovered(["" if is_total and cell is Merged.LEFT else cell for cell in row])
        if self.has_groups and not cells[0] and len(cells) > 1 and cells[1] and not _TOTAL.match(cells[1]):
            cells[0] = self.before[0] if self.before else ""
        previous, self.before = [cell for cell in self.before if cell], cells
        if self.headings and [cell for cell in cells if cell] == self.raw and previous != self.raw:
            return ""  # the headings again, as at the top of a page
        headings = self.headings or []
        named = [(headings[i] if i < len(headings) else "", cell) for i, cell in enumerate(cells) if cell]
        if len(named) > 1:
            self._learn(cells)
        if len(named) == 1 and _NOTE.match(named[0][1]):
            return named[0][1]
        lead = f"{self.section}; " if self.section and named and headings and not is_total else ""
        return lead + "; ".join(f"{heading}: {cell}" if heading else cell for heading, cell in named)

    def begin_section(self, name: str) -> None:
        """Takes note of the name of the rows below, unless it is a note."""
        self.section = name if _names_rows(name) else ""

    def _uncovered(self, row: _Row) -> list[str]:
        cells: list[str] = []
        for i, cell in enumerate(row):
            if cell is Merged.ABOVE:
                cells.append(self.before[i] if i < len(self.before) else "")
            elif cell is Merged.LEFT:
                cells.append(cells[-1] if cells else "")
            else:
                cells.append(text_of(cell))
        return cells

    def _learn(self, cells: Sequence[str]) -> None:
        for i, cell in enumerate(cells):
            if cell:
                (self.values if is_value(cell) else self.words).add(i)
        if len(self.known) < _MAX_KNOWN:
            self.known.update(cell for cell in cells if cell and not is_value(cell))


def _written(stream: _Stream, sample: list[_Row], table: _Table) -> Generator[str, None, _Table]:
    """Writes one block and returns the table that it belongs to, which a later block may continue."""
    titles: list[str] = []
    while sample and _is_title(sample, table):
        if table.headings and not titles and stream.gap:
            yield ""
        titles.append(_filled(sample[0])[0])
        yield titles[-1]
        stream.take()
        sample = stream.sample()
    if not sample:
        table.above += titles
        return table
    if table.headings is None or _begins_table(sample, table, stream.gap, bool(titles)):
        yield from [""] * (table.headings is not None and not titles)
        return (yield from _new_table(stream, sample, [*([] if table.headings else table.above), *titles]))
    if titles:
        table.begin_section(titles[-1])
    yield from _body(stream, table)
    return table


def _new_table(stream: _Stream, sample: list[_Row], above: list[str]) -> Generator[str, None, _Table]:
    """Writes the first block of a table below some text, and returns the table."""
    table = _Table(above)
    if are_facts(sample):
        table.headings = []
        while row := stream.take():
            yield from fact_lines(row)
        return table
    _read_headings(stream, sample, table)
    is_empty = True
    for line in _body(stream, table):
        yield line
        is_empty = False
    if table.headings and is_empty:
        yield "; ".join(table.raw)
    return table


def _body(stream: _Stream, table: _Table) -> Iterator[str]:
    """Writes the rows of data of a block."""
    while row := stream.take():
        if _spans_all(row) and len(row) > 2 and table.headings:
            table.begin_section(_filled(row)[0])
            table.before = []
            yield _filled(row)[0]
        elif line := table.line(row):
            yield line


def _is_title(sample: Sequence[_Row], table: _Table) -> bool:
    """Returns whether the first row is a lone cell above a table: its title, its unit or a note."""
    row = sample[0]
    if _spans_all(row):
        return True
    is_last_row = bool(table.headings) and len(sample) == 1 and len(row) > 1
    return len(_filled(row)) < 2 and not is_last_row


def _read_headings(stream: _Stream, sample: list[_Row], table: _Table) -> None:
    """Takes the rows of headings out of the stream, if the table has any."""
    count = table_headings.rows_of_headings(sample)
    rows = [row for _ in range(count) if (row := stream.take()) is not None]
    body = sample[count:]
    table.headings = table_headings.joined(rows)
    table.raw = _filled(rows[0]) if rows else []
    if rows and (unit := unit_of("\n".join(table.above))):
        table.headings = with_unit(table.headings, body, unit)
    table.has_groups = bool(table.headings) and _has_groups(body)


def _begins_table(sample: list[_Row], table: _Table, gap: int, titled: bool) -> bool:
    """Returns whether the first row after blank ones is not one more row of the table above."""
    first, headings = sample[0], table.headings or []
    filled = _filled(first)
    if not headings or filled == table.raw:
        return not headings
    places = [i for i, cell in enumerate(first) if text_of(cell)]
    if places[-1] >= len(headings) or (len(filled) > 1 and all(isinstance(cell, Label) for cell in filled)):
        return True
    if not may_be_headings(filled):
        # A value where words are above: these rows have other columns.
        return any(is_value(text_of(first[i])) and i in table.words - table.values for i in places)
    if any(i in table.values - table.words for i in places if not is_value(text_of(first[i]))):
        return True
    body = sample[1:]
    if any(_are_values(body, i) for i in places) or len(filled) != sum(map(bool, headings)):
        return True
    repeats = any(text in table.known for row in sample for text in _filled(row))
    return (titled or gap > 1) and not repeats


def _are_values(rows: Sequence[_Row], i: int) -> bool:
    """Returns whether a column has values only."""
    texts = [text for row in rows if (text := text_at(row, i))]
    return bool(texts) and all(map(is_value, texts))


def text_at(row: Sequence[Cell], i: int) -> str:
    """Returns the text of a cell, empty beyond the end of the row."""
    return text_of(row[i]) if i < len(row) else ""


def _filled(row: Sequence[Cell]) -> list[str]:
    return [cell for cell in row if not isinstance(cell, Merged) and cell]


def _spans_all(row: Sequence[Cell]) -> bool:
    """Returns whether the first cell covers all others."""
    return len(row) > 1 and bool(text_of(row[0])) and all(cell is Merged.LEFT for cell in row[1:])


def _names_rows(text: str) -> bool:
    """Returns whether a text may be the name of the rows below it, not a note."""
    return len(text) <= _MAX_SECTION and not text.endswith((".", "。", "!", "！")) and not _NOTE.match(text) and not unit_of(text)


def _has_groups(body: Sequence[_Row]) -> bool:
    """Returns whether blank cells of the first column stand below the name of a group."""
    rows = [row for row in body if len(_filled(row)) > 1]
    names = [text_at(row, 0) for row in rows]
    if not names or not names[0] or any(row and row[0] is Merged.ABOVE for row in rows):
        return False
    given = [name for name in names if name and not _TOTAL.match(name)]
    blank = [row for row, name in zip(rows, names, strict=True) if not name]
    full = all(kind_of(text_at(row, 1)) == "words" for row in rows if not _TOTAL.match(text_at(row, 0)))
    many = len(blank) > 1 and 2 * len(blank) >= len(given) > 1
    return many and full and len(set(given)) == len(given) and all(kind_of(n) == "words" for n in given)


def _beside_each_other(sample: Sequence[_Row]) -> list[tuple[int, int]]:
    """Returns the first column of each table that stands in these rows, and the column after its last."""
    columns = max(map(len, sample))
    if columns < 5 or columns > _MAX_SPREAD:
        return [(0, columns)]
    used = [any(i < len(row) and row[i] != "" for row in sample) for i in range(columns)]
    spans, begin = [], 0
    for i in range(columns + 1):
        if i == columns or not used[i]:
            if i > begin:
                spans.append((begin, i))
            begin = i + 1
    separate = all(last - first > 1 and _is_table_of_its_own(sample, first, last) for first, last in spans)
    return spans if len(spans) > 1 and separate else [(0, columns)]


def _is_table_of_its_own(sample: Sequence[_Row], first: int, last: int) -> bool:
    """Returns whether columns begin with names of rows, so that they are not the rest of another table."""
    rows = [row[first:last] for row in sample if _filled(row[first:last])]
    table = [row for row in rows if len(_filled(row)) > 1]
    if len(table) < 2 or not may_be_headings(_filled(table[0])):
        return False
    names = [text_at(row, 0) for row in table[1:]]
    return all(kind_of(name) == "words" for name in names) and len(set(names)) == len(names)
