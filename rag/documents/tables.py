"""Finds the tables in a document's text from the rows that loaders write, with the offsets of each cell.

Loaders write a row as "heading: value; heading: value" and leave out empty cells (`rag.documents.loaders.table_rows`). A value may
contain the same punctuation, so a heading counts only if it is in several rows, in the same order. A table with an ambiguous row
is left out: a wrong cell is worse than a missing table.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

_HEADING = re.compile(r"(?:^|; )(?P<heading>(?:[^:;\n]|[:;](?! )){1,100}): ")
_LINE = re.compile(r"[^\n]+")
_MAX_SPARSE_HEADING = 40
_MAX_LABEL = 60
_ITEM = re.compile(r"^(?:[-*+•]|\d{1,2}[.)])\s+")
_FACT = re.compile(r"^[^\n]{1,100}?: \S", re.MULTILINE)
# In a line whose ticked options a loader wrote before the others (`rag.documents.loaders.check_boxes`).
_UNTICKED = re.compile(r"\(unticked: |（未勾选：")
_LABELLED = re.compile(r"([^:：]{1,60})(?:: |：)\s*")
_LINES_ABOVE = 3
_MISSING = re.compile(r"[-–—/\\.…]*|n/?a|nil|none|unknown|tbd|tbc|无|暂无|不详|未知|待定|空|not computed", re.IGNORECASE)
_VALUE = re.compile(r"[-+−(]?\D{0,4}\d[\d,.\s:/年月日-]*\D{0,6}")
_PLAIN_NUMBER = re.compile(r"[-+−]?(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:[ \u00a0\u202f]\d{3})+|0|[1-9]\d*)(?:\.\d+)?")
_TOTAL = re.compile(
    r"(?:grand |sub-?|overall )?totals?|sum|overall|all(?: rows)?|average|mean|median|[合总小共]计|总和|总额|总数|汇总|累计|平均(?:值|数)?|均值|[Σ∑]",
    re.IGNORECASE,
)
_AFTER_TOTAL = re.compile(r"\s*(?:[(（].*[)）]|(?:19|20)\d\d年?|[:：])?\s*")
_BEGINS_AS_TOTAL = re.compile(r"(?:grand |sub-?)?totals?\b|[合总小共]", re.IGNORECASE)
_MAX_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is not empty: `document.text[start:end] == text`."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row at `document.text[start:end]`, with a cell for each heading, or None for an empty cell."""

    cells: tuple[Cell | None, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a document.

    `headings` are distinct; that of an unnamed first column is empty. `rows` are the data, `totals` the rows that sum or
    average others. Rows that only name the group below them are in neither. `caption` is the text of the lines above, such as
    a title, a unit or the name of a sheet.
    """

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[Row, ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A possible heading in a line, and the offset where its value would begin."""

    heading: str
    start: int
    value: int


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str
    candidates: tuple[_Candidate, ...]


def find(text: str) -> list[Table]:
    """Finds the tables in a document's text, in order. A table has at least two rows of data that share two headings."""
    tables = []
    for above, lines in _blocks(text):
        headings = _headings(lines)
        if headings and (table := _table(headings, lines, "\n".join(above))):
            tables.append(table)
    return tables


def forms(text: str) -> list[Table]:
    """Finds the forms in a document's text, in order: at least two lines "label: value" below each other, as a table with one row."""
    found = []
    above: list[str] = []
    block: list[_Line] = []
    end = -2
    for match in _LINE.finditer(text):
        content = match[0].rstrip()
        line = _Line(match.start(), content, tuple(_candidates(content)[:2]))
        is_fact = len(line.candidates) == 1 and not line.candidates[0].start and len(line.candidates[0].heading) <= _MAX_LABEL
        if block and (not is_fact or line.start - end > 1):
            found += _form_of(block, above)
            above, block = [], []
        if is_fact:
            block.append(line)
        else:
            above = [*above[1 - _LINES_ABOVE :], content]
        end = match.end()
    found += _form_of(block, above)
    return found + _ticked(text, [row for form in found for row in form.rows])


def _ticked(text: str, known: Sequence[Row]) -> list[Table]:
    """Returns the lines with tick boxes that are in no other form, as a form with one line or more."""
    cells: dict[str, Cell] = {}
    starts: list[int] = []
    end = -1
    for match in _UNTICKED.finditer(text):
        if match.start() < end:
            continue
        start, end = text.rfind("\n", 0, match.start()) + 1, text.find("\n", match.start())
        end = len(text) if end < 0 else end
        label = _LABELLED.match(text, start, end)
        if label and label.end() < match.start() and not any(row.start <= start < row.end for row in known):
            value = text[label.end() : end].rstrip()
            cells.setdefault(label[1].strip(), Cell(value, label.end(), label.end() + len(value)))
            starts.append(start)
    if not cells:
        return []
    row = Row(tuple(cells.values()), starts[0], max(cell.end for cell in cells.values()))
    return [Table(tuple(cells), (row,))]


def _form_of(lines: Sequence[_Line], above: Sequence[str]) -> list[Table]:
    headings = tuple(_ITEM.sub("", line.candidates[0].heading) for line in lines)
    if len(lines) < 2 or len(set(headings)) < len(headings):
        return []
    cells = tuple(_cell(line, line.candidates[0].value, len(line.text)) for line in lines)
    row = Row(cells, lines[0].start, lines[-1].start + len(lines[-1].text))
    return [Table(headings, (row,), caption="\n".join(above))]


def may_have_cells(text: str) -> bool:
    """Returns whether a passage has a row of a table, or a line of a form."""
    return bool(_FACT.search(text) or _UNTICKED.search(text))


def looks_like_row(text: str) -> bool:
    """Returns whether a text may be a row of a table: it has two headings, or one after an unnamed cell."""
    first = text.partition("\n")[0]
    found = _candidates(first)
    return len(found) > 1 or bool(found and found[0].start)


def is_missing(text: str) -> bool:
    """Returns whether the text of a cell stands for a missing value, such as "—" or "n/a"."""
    return bool(_MISSING.fullmatch(text.strip()))


def plain_number(text: str) -> Decimal | None:
    """The value of a number in digits with or without separators of thousands; None for anything else, such as 007 or 1.2.3."""
    text = text.strip()
    if not _PLAIN_NUMBER.fullmatch(text) or sum(character.isdigit() for character in text) > _MAX_DIGITS:
        return None
    return Decimal(re.sub(r"[, \u00a0\u202f]", "", text).replace("−", "-"))


def _blocks(text: str) -> Iterator[tuple[list[str], list[_Line]]]:
    """Lines that follow each other and share headings, with the lines above them."""
    above: list[str] = []
    block: list[_Line] = []
    waiting: list[_Line] = []
    shared: set[str] = set()
    end = 0
    for match in _LINE.finditer(text):
        line = _Line(match.start(), match[0].rstrip(), tuple(_candidates(match[0].rstrip())))
        follows = line.start - end <= 1
        headings = {candidate.heading for candidate in line.candidates}
        end = match.end()
        if block and follows and not headings and not waiting:
            # The name of a group, if rows of the same table follow.
            waiting = [line]
            continue
        if block and follows and headings & shared:
            block += [*waiting, line]
            shared |= headings
        else:
            if block:
                yield above[-_LINES_ABOVE:], block
                above = []
            above += [each.text for each in waiting]
            block = [line] if headings else []
            shared = headings
            above += [] if headings else [line.text]
        waiting = []
    if block:
        yield above[-_LINES_ABOVE:], block


def _candidates(line: str) -> list[_Candidate]:
    return [_Candidate(match["heading"].strip(), match.start(), match.end()) for match in _HEADING.finditer(line)]


def _headings(lines: Sequence[_Line]) -> list[str]:
    """The headings of a block in the order of the columns; empty when there are fewer than two."""
    counts = Counter(heading for line in lines for heading in {candidate.heading for candidate in line.candidates})
    several = {heading for heading, count in counts.items() if count > 1}
    forms = {_form(heading) for heading in several}
    # A heading of one row only is part of a value, unless it is written like the others and is not the first cell.
    firsts = {candidate.heading for line in lines for candidate in line.candidates[:1] if not candidate.start}
    sparse = {h for h in counts if h not in several | firsts and _form(h) in forms and len(h) <= _MAX_SPARSE_HEADING}
    kept = several | sparse
    # Rows without a repeated heading are unambiguous; the fullest ones give the order.
    plain = [names for names in ([c.heading for c in line.candidates if c.heading in kept] for line in lines) if names]
    order: list[str] = []
    for names in sorted(plain, key=lambda names: (len(set(names)) < len(names), -len(names))):
        place = 0
        for name in names:
            if name in order:
                place = order.index(name) + 1
            else:
                order.insert(place, name)
                place += 1
    return order if len(several) > 1 else []


def _form(heading: str) -> str:
    """The kind of a heading's first character."""
    first = heading[0]
    return "upper" if first.isupper() else "lower" if first.islower() else "digit" if first.isdigit() else "other"


def _table(headings: Sequence[str], lines: Sequence[_Line], caption: str) -> Table | None:
    """The table of some lines; None if a row is ambiguous, or looks like the headings of another table."""
    columns = {heading: i for i, heading in enumerate(headings)}
    unnamed = any(line.candidates and line.candidates[0].start for line in lines)
    rows: list[Row] = []
    for line in lines:
        chosen = _in_order([candidate for candidate in line.candidates if candidate.heading in columns], columns)
        if chosen is None:
            return None
        if not chosen:
            continue
        cells: list[Cell | None] = [None] * len(headings)
        for candidate, end in zip(chosen, [*(c.start for c in chosen[1:]), len(line.text)], strict=True):
            cells[columns[candidate.heading]] = _cell(line, candidate.value, end)
        if unnamed:
            cells.insert(0, _cell(line, 0, chosen[0].start))
        if len(cells) == 2 or sum(cell is not None for cell in cells) > 1:
            rows.append(Row(tuple(cells), line.start, line.start + len(line.text)))
    names = ("", *headings) if unnamed else tuple(headings)
    parted = _data_and_totals(rows, len(names))
    return Table(names, *parted, caption) if parted and len(parted[0]) > 1 else None


def _data_and_totals(rows: Sequence[Row], columns: int) -> tuple[tuple[Row, ...], tuple[Row, ...]] | None:
    """Separates the rows that sum others; None when a row looks like the headings of another table."""
    data: list[Row] = []
    totals: list[Row] = []
    sums, kinds = [_Sum() for _ in range(columns)], [_Kind() for _ in range(columns)]
    for i, row in enumerate(rows):
        if _is_total(row, sums, is_last=i == len(rows) - 1):
            totals.append(row)
        elif _names_columns(row, kinds):
            return None
        else:
            data.append(row)
            _add(row, kinds)
        _add(row, sums)
    return tuple(data), tuple(totals)


def _cell(line: _Line, start: int, end: int) -> Cell | None:
    text = line.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    return Cell(text, line.start + start, line.start + start + len(text)) if text else None


def _in_order(candidates: Sequence[_Candidate], columns: dict[str, int]) -> list[_Candidate] | None:
    """The most candidates in the order of the columns; None if there are two ways to choose that many."""
    places = [columns[candidate.heading] for candidate in candidates]
    if all(one < other for one, other in pairwise(places)):
        return list(candidates)
    # The longest increasing subsequence that ends at each place, and in how many ways.
    lengths, ways, before = [1] * len(places), [1] * len(places), [-1] * len(places)
    for i, place in enumerate(places):
        for j in range(i):
            if places[j] >= place:
                continue
            if lengths[j] + 1 > lengths[i]:
                lengths[i], ways[i], before[i] = lengths[j] + 1, ways[j], j
            elif lengths[j] + 1 == lengths[i]:
                ways[i] += ways[j]
    longest = max(lengths)
    ends = [i for i, length in enumerate(lengths) if length == longest]
    if len(ends) > 1 or ways[ends[0]] > 1:
        return None
    chosen, i = [], ends[0]
    while i >= 0:
        chosen.append(candidates[i])
        i = before[i]
    return chosen[::-1]


class _Sum:
    """The running sum of a column, as far as its cells are numbers."""

    def __init__(self) -> None:
        self.total = Decimal(0)
        self.count = 0
        self.has_text = False

    def add(self, text: str) -> None:
        number = plain_number(text)
        self.has_text |= number is None
        self.total += number or 0
        self.count += 1


class _Kind:
    """Whether every cell of a column so far is a value, such as a number or a date."""

    def __init__(self) -> None:
        self.has_values = False
        self.has_words = False

    def add(self, text: str) -> None:
        is_value = bool(_VALUE.fullmatch(text))
        self.has_values |= is_value
        self.has_words |= not is_value


def _add(row: Row, columns: Sequence[_Sum | _Kind]) -> None:
    for cell, column in zip(row.cells, columns, strict=True):
        if cell:
            column.add(cell.text)


def _is_total(row: Row, above: Sequence[_Sum], *, is_last: bool) -> bool:
    """Returns whether a row sums or averages others: it is called so, or begins so or has no name and has the sums of those above."""
    first = next(cell.text for cell in row.cells if cell)
    name = _TOTAL.match(first)
    if name and _AFTER_TOTAL.fullmatch(first, name.end()):
        return True
    without_name = is_last and row.cells[0] is None
    return bool(without_name or _BEGINS_AS_TOTAL.match(first)) and _sums(row, above)


def _sums(row: Row, above: Sequence[_Sum]) -> bool:
    """Returns whether every number in a row is the sum of those above it in its column."""
    sums = []
    for cell, column in zip(row.cells, above, strict=True):
        number = plain_number(cell.text) if cell else None
        if number is not None:
            sums.append(column.count > 1 and not column.has_text and column.total == number)
    return bool(sums) and all(sums)


def _names_columns(row: Row, above: Sequence[_Kind]) -> bool:
    """Returns whether a row is all words where there are only values above: the headings of another table in the same sheet."""
    filled = [(i, cell.text) for i, cell in enumerate(row.cells) if cell]
    if len(filled) < 2 or any(_VALUE.fullmatch(text) or is_missing(text) for _, text in filled):
        return False
    return any(above[i].has_values and not above[i].has_words for i, _ in filled)
