"""Reads Word documents: headings in Markdown, lists with their numbers, tables as rows that keep their headings."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders.base import document_id
from rag.documents.loaders.office import bounded, office_file
from rag.documents.loaders.table_rows import Cell, Label, Merged, rows_as_lines
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_UNPACKED = 100_000_000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# Elements that are deleted, moved away, repeated for older programs, a reading aid, or not part of the text.
_SKIPPED = {f"{_W}{name}" for name in ("del", "moveFrom", "pPr", "rt", "txbxContent")} | {f"{_COMPATIBILITY}Fallback"}
_CHARACTERS = {
    f"{_W}{name}": character
    for name, character in (("tab", "\t"), ("br", "\n"), ("cr", "\n"), ("noBreakHyphen", "-"), ("ptab", "\t"))
}
_CONTAINERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag")}
_MAX_HEADING_LEVEL = 6
_MAX_STYLE_DEPTH = 20
_MAX_TITLE = 60


class DocxLoader:
    """Reads the body with all changes accepted, and its notes, but not headers and the table of contents."""

    suffixes = (".docx", ".docm")

    def __call__(self, data: bytes, source: str) -> Document:
        with office_file(data, source, "a Word file (.docx)", _MAX_UNPACKED) as file:
            from docx.package import Package

            text = "".join(bounded(_Body(Package.open(file).main_document_part).lines(), source))
        return Document(document_id(source), Path(source).stem, source, text)


class _Body:
    """The body of a document, with its styles, numbers and notes."""

    def __init__(self, part: Any) -> None:
        from docx.oxml.parser import parse_xml

        self._part = part
        # The library does not parse the main part of templates and of documents with macros.
        self._body = (part.element if hasattr(part, "element") else parse_xml(part.blob)).body
        styles = self._part_of("styles")
        found = () if styles is None else styles.iter(f"{_W}style")
        self._styles = {style.get(f"{_W}styleId"): style for style in found}
        self._default = next(
            (name for name, style in self._styles.items() if style.get(f"{_W}type") == "paragraph" and style.get(f"{_W}default")),
            "",
        )
        self._numbers = _Numbers(self._part_of("numbering"))
        self._begun = False
        self._above = ""

    def lines(self) -> Iterator[str]:
        """Yields each paragraph, heading and row with its line ends."""
        yield from self._blocks(self._body)

    def _part_of(self, name: str) -> Any:
        """Returns the root of a part of the document, or None if it does not exist."""
        from docx.oxml.parser import parse_xml

        relation = next(
            (rel for rel in self._part.rels.values() if rel.reltype.endswith(f"/{name}") and not rel.is_external), None
        )
        return parse_xml(relation.target_part.blob) if relation else None

    @cached_property
    def _notes(self) -> dict[tuple[str, str], Any]:
        parts = {name: self._part_of(f"{name}s") for name in ("footnote", "endnote")}
        return {
            (name, note.get(f"{_W}id")): note
            for name, part in parts.items()
            if part is not None
            for note in part.iter(f"{_W}{name}")
        }

    def _blocks(self, parent: Any) -> Iterator[str]:
        for block in parent:
            if block.tag == f"{_W}p":
                yield from self._paragraph(block)
            elif block.tag == f"{_W}tbl":
                yield from self._table(block)
            elif block.tag in _CONTAINERS:
                yield from self._blocks(block)

    def _paragraph(self, paragraph: Any) -> Iterator[str]:
        style = _value(paragraph, "pPr", "pStyle") or self._default
        name = self._style_name(style)
        text = " ".join("".join(_texts(paragraph)).split(" ")).strip()
        if text and not name.startswith("toc "):
            label = self._numbers.label(*self._number_of(paragraph, style))
            level = self._level(paragraph, style, name, text)
            self._begun, self._above = True, text
            if level:
                text = " ".join(text.split())
            yield f"{'#' * level} {label}{text}\n\n" if level else f"{label}{text}\n{'' if label else chr(10)}"
        for box in _boxes(paragraph):
            yield from self._blocks(box)
        for name in ("footnote", "endnote"):
            for reference in paragraph.iter(f"{_W}{name}Reference"):
                if (note := self._notes.get((name, reference.get(f"{_W}id")))) is not None:
                    content = " ".join("".join(_texts(note)).split())
                    yield f"{content}\n\n" if content else ""

    def _style_name(self, style: str) -> str:
        return (_value(self._styles.get(style), "name") or "").lower()

    def _inherited(self, paragraph: Any, style: str, find: Callable[[Any], str | None]) -> str | None:
        """Returns a value of the paragraph, else of its style, else of the style that this one is based on."""
        found = find(paragraph)
        for _ in range(_MAX_STYLE_DEPTH):
            element = self._styles.get(style)
            if found is not None or element is None:
                break
            found = find(element)
            style = _value(element, "basedOn") or ""
        return found

    def _level(self, paragraph: Any, style: str, name: str, text: str) -> int:
        """Returns the level of a heading, from 1; 0 for a paragraph. A centred first line is the title."""
        if name == "title":
            return 1
        outline = self._inherited(paragraph, style, lambda element: _value(element, "pPr", "outlineLvl"))
        number = (
            outline if outline is not None else str(int(name[8:]) - 1) if name[:8] == "heading " and name[8:].isdigit() else ""
        )
        if number.isdigit() and int(number) < _MAX_HEADING_LEVEL:
            return int(number) + 1
        centred = self._inherited(paragraph, style, lambda element: _value(element, "pPr", "jc")) == "center"
        return int(not self._begun and centred and len(text) <= _MAX_TITLE and "\n" not in text)

    def _number_of(self, paragraph: Any, style: str) -> tuple[str, str]:
        """Returns the id of the list that numbers the paragraph, and its level in it."""
        number = self._inherited(paragraph, style, lambda element: _value(element, "pPr", "numPr", "numId"))
        level = self._inherited(paragraph, style, lambda element: _value(element, "pPr", "numPr", "ilvl"))
        return number or "0", level or "0"

    def _table(self, table: Any) -> Iterator[str]:
        rows = [row for row in _children(table, "tr") if row.find(f"{_W}trPr/{_W}del") is None]
        if all(len(list(_children(row, "tc"))) < 2 for row in rows):
            for row in rows:
                for cell in _children(row, "tc"):
                    yield from self._blocks(cell)
            return
        for line in rows_as_lines(map(_cells, rows), self._above):
            yield f"{line}\n"
        yield "\n"


class _Numbers:
    """Counts the numbers that Word puts before paragraphs and headings."""

    def __init__(self, numbering: Any) -> None:
        abstract = {} if numbering is None else {a.get(f"{_W}abstractNumId"): a for a in numbering.iter(f"{_W}abstractNum")}
        numbers = () if numbering is None else numbering.iter(f"{_W}num")
        self._abstract_of = {number.get(f"{_W}numId"): _value(number, "abstractNumId") or "" for number in numbers}
        self._levels = {
            name: {level.get(f"{_W}ilvl"): level for level in element.iter(f"{_W}lvl")} for name, element in abstract.items()
        }
        self._counts: dict[str, dict[int, int]] = defaultdict(dict)

    def label(self, number: str, level: str) -> str:
        """Returns the label of the next paragraph of this list at this level, with a blank; empty if it has none."""
        name = self._abstract_of.get(number, "")
        levels = self._levels.get(name, {})
        element = levels.get(level)
        if element is None or not level.isdigit():
            return ""
        depth, counts = int(level), self._counts[name]
        for i in range(depth + 1):
            start = _whole(_value(levels.get(str(i)), "start"), 1)
            counts[i] = counts[i] + (i == depth) if i in counts else start
        for deeper in [i for i in counts if i > depth]:
            del counts[deeper]
        form = _value(element, "numFmt") or "decimal"
        if form == "bullet":
            return "- "
        text = _value(element, "lvlText") or ""
        for i, count in counts.items():
            text = text.replace(f"%{i + 1}", _counted(count, _value(levels.get(str(i)), "numFmt") or "decimal"))
        return f"{text} " if text.strip() else ""


def _counted(number: int, form: str) -> str:
    """Returns a number in the form of a list."""
    if form.startswith(("chinese", "ideograph", "japanese", "taiwanese")) and 0 < number < 100:
        tens, ones = divmod(number, 10)
        digits = " 一二三四五六七八九"
        return (digits[tens].replace("一", "") + "十" if tens else "") + digits[ones].strip()
    if form == "decimalEnclosedCircle" and 0 < number <= 20:
        return chr(ord("①") + number - 1)
    if form.endswith("Letter") and 0 < number <= 26:
        letter = chr(ord("a") + number - 1)
        return letter.upper() if form[0] == "u" else letter
    if form.endswith("Roman") and 0 < number < 40:
        tens, ones = divmod(number, 10)
        roman = "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]
        return roman if form[0] == "u" else roman.lower()
    return "" if form == "none" else str(number)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default


def _value(element: Any, *path: str) -> str | None:
    """Returns the `w:val` of the element at a path of names below another."""
    found = None if element is None else element.find("/".join(f"{_W}{name}" for name in path))
    return None if found is None else found.get(f"{_W}val")


def _texts(element: Any) -> Iterator[str]:
    """Yields the text of an element, without skipped and hidden elements."""
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        elif child.tag not in _SKIPPED and child.find(f"{_W}rPr/{_W}vanish") is None:
            yield from _texts(child)
            if child.tag == f"{_W}p":
                yield " "


def _boxes(paragraph: Any) -> Iterator[Any]:
    """Yields the text boxes that are anchored to a paragraph."""
    for box in paragraph.iter(f"{_W}txbxContent"):
        above = [parent.tag for parent in box.iterancestors()]
        inside = above[: above.index(f"{_W}p")] if f"{_W}p" in above else above
        if not any(tag in _SKIPPED for tag in inside) and next(box.iterancestors(f"{_W}p")) is paragraph:
            yield box


def _children(parent: Any, name: str) -> Iterator[Any]:
    """Yields the children of that name, and those inside containers without a meaning for the text."""
    for child in parent:
        if child.tag == f"{_W}{name}":
            yield child
        elif child.tag in _CONTAINERS:
            yield from _children(child, name)


def _cells(row: Any) -> list[Cell]:
    """Returns a cell for each column, with those that others cover."""
    is_heading = row.find(f"{_W}trPr/{_W}tblHeader") is not None
    cells: list[Cell] = []
    cells += [""] * min(_whole(_value(row, "trPr", "gridBefore"), 0), 100)
    for cell in _children(row, "tc"):
        merged = cell.find(f"{_W}tcPr/{_W}vMerge")
        goes_on = merged is not None and merged.get(f"{_W}val") != "restart"
        text = "".join(_texts(cell))
        cells.append(Merged.ABOVE if goes_on else Label(text) if is_heading or _is_bold(cell) else text)
        cells += [Merged.ABOVE if goes_on else Merged.LEFT] * (min(_whole(_value(cell, "tcPr", "gridSpan"), 1), 100) - 1)
    return cells


def _is_bold(cell: Any) -> bool:
    """Returns whether all text of a cell is marked as bold."""
    runs = [run for run in cell.iter(f"{_W}r") if run.find(f"{_W}t") is not None]
    bold = (run.find(f"{_W}rPr/{_W}b") for run in runs)
    return bool(runs) and all(mark is not None and mark.get(f"{_W}val", "1") not in ("0", "false", "off") for mark in bold)
