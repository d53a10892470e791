"""Reads Word documents: headings in Markdown, lists with their numbers, tables as rows that keep their headings."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders.base import document_id
from rag.documents.loaders.docx_numbers import Numbers
from rag.documents.loaders.docx_text import SKIPPED, is_formula, kept_text, left_out, line_of, value, whole
from rag.documents.loaders.docx_text import W as _W
from rag.documents.loaders.office import bounded, office_file, with_properties
from rag.documents.loaders.table_rows import Cell, Label, Merged, rows_as_lines
from rag.documents.removals import STRUCK_OUT, kept, record, removed
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MAX_UNPACKED = 100_000_000
_CONTAINERS = {f"{_W}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag")}
_FORMULA = "\ufded"
_MAX_HEADING_LEVEL = 6
_MAX_STYLE_DEPTH = 20
_MAX_TITLE = 60
_FIELD = re.compile(r"(?!(?:page|第|页)\b)[^\s:：][^:：]{0,30}[:：]\s*\S.{0,80}", re.IGNORECASE)
_BESIDE = re.compile(r"\s{2,}|\t")


class DocxLoader:
    """Reads the body with all changes accepted, its notes, and the fields in headers and footers, but not the table of contents.

    A field is a label with its value, such as the number or the version of the document. All else in headers repeats on each page.
    """

    suffixes = (".docx", ".docm")

    def __call__(self, data: bytes, source: str) -> Document:
        with office_file(data, source, "a Word file (.docx)", _MAX_UNPACKED) as file:
            from docx.package import Package

            package = Package.open(file)
            text = "".join(bounded(_Body(package.main_document_part).lines(), source))
            known = Document(document_id(source), Path(source).stem, source, text)
            return record(with_properties(known, package.core_properties))


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
        self._numbers = Numbers(self._part_of("numbering"))
        self._begun = False
        self._above = ""

    def lines(self) -> Iterator[str]:
        """Yields each paragraph, heading and row with its line ends. A formula ends the sentence that introduces it."""
        before = ""
        for part in filter(None, self._blocks(self._body)):
            if part != _FORMULA:
                yield before
                before = part
            elif before.rstrip().endswith((":", "：")):
                before = f"{before.rstrip()} "
        yield before
        yield from self._fields()

    def _fields(self) -> Iterator[str]:
        """Yields the labels with values in the headers and footers, each once."""
        from docx.oxml.parser import parse_xml

        found: dict[str, None] = {}
        for relation in self._part.rels.values():
            if relation.reltype.endswith(("/header", "/footer")) and not relation.is_external:
                for paragraph in parse_xml(relation.target_part.blob).iter(f"{_W}p"):
                    texts = _BESIDE.split(kept(line_of(paragraph)).strip())
                    found |= dict.fromkeys(text for text in texts if _FIELD.fullmatch(text))
        yield "".join(f"{text}\n" for text in found)

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
        style = value(paragraph, "pPr", "pStyle") or self._default
        name = self._style_name(style)
        text = line_of(paragraph)
        if text and not kept(text).strip():
            # Word counts an item that is struck out, but not one that was deleted.
            if removed("x", STRUCK_OUT)[0] in text:
                self._numbers.label(*self._number_of(paragraph, style))
            yield f"{text}\n\n"
        elif text and not name.startswith("toc "):
            label = self._numbers.label(*self._number_of(paragraph, style))
            level = self._level(paragraph, style, name, kept(text))
            self._begun, self._above = True, kept(text)
            if level:
                text = " ".join(text.split())
            yield _FORMULA if is_formula(paragraph) else ""
            yield f"{'#' * level} {label}{text}\n\n" if level else f"{label}{text}\n{'' if label else chr(10)}"
        for box in _boxes(paragraph):
            yield from self._blocks(box)
        for name in ("footnote", "endnote"):
            for reference in paragraph.iter(f"{_W}{name}Reference"):
                if (note := self._notes.get((name, reference.get(f"{_W}id")))) is not None:
                    content = " ".join(line_of(note).split())
                    yield f"{content}\n\n" if content else ""

    def _style_name(self, style: str) -> str:
        return (value(self._styles.get(style), "name") or "").lower()

    def _inherited(self, paragraph: Any, style: str, find: Callable[[Any], str | None]) -> str | None:
        """Returns a value of the paragraph, else of its style, else of the style that this one is based on."""
        found = find(paragraph)
        for _ in range(_MAX_STYLE_DEPTH):
            element = self._styles.get(style)
            if found is not None or element is None:
                break
            found = find(element)
            style = value(element, "basedOn") or ""
        return found

    def _level(self, paragraph: Any, style: str, name: str, text: str) -> int:
        """Returns the level of a heading, from 1; 0 for a paragraph. A centred first line is the title."""
        if name == "title":
            return 1
        outline = self._inherited(paragraph, style, lambda element: value(element, "pPr", "outlineLvl"))
        number = (
            outline if outline is not None else str(int(name[8:]) - 1) if name[:8] == "heading " and name[8:].isdigit() else ""
        )
        if number.isdigit() and int(number) < _MAX_HEADING_LEVEL:
            return int(number) + 1
        centred = self._inherited(paragraph, style, lambda element: value(element, "pPr", "jc")) == "center"
        return int(not self._begun and centred and len(text) <= _MAX_TITLE and "\n" not in text)

    def _number_of(self, paragraph: Any, style: str) -> tuple[str, str]:
        """Returns the id of the list that numbers the paragraph, and its level in it."""
        number = self._inherited(paragraph, style, lambda element: value(element, "pPr", "numPr", "numId"))
        level = self._inherited(paragraph, style, lambda element: value(element, "pPr", "numPr", "ilvl"))
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
        for passage in left_out(table):
            yield f"{passage}\n"


def _boxes(paragraph: Any) -> Iterator[Any]:
    """Yields the text boxes that are anchored to a paragraph."""
    for box in paragraph.iter(f"{_W}txbxContent"):
        above = [parent.tag for parent in box.iterancestors()]
        inside = above[: above.index(f"{_W}p")] if f"{_W}p" in above else above
        if not any(tag in SKIPPED for tag in inside) and next(box.iterancestors(f"{_W}p")) is paragraph:
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
    cells += [""] * min(whole(value(row, "trPr", "gridBefore"), 0), 100)
    for cell in _children(row, "tc"):
        merged = cell.find(f"{_W}tcPr/{_W}vMerge")
        goes_on = merged is not None and merged.get(f"{_W}val") != "restart"
        text = kept_text(cell)
        cells.append(Merged.ABOVE if goes_on else Label(text) if is_heading or _is_bold(cell) else text)
        cells += [Merged.ABOVE if goes_on else Merged.LEFT] * (min(whole(value(cell, "tcPr", "gridSpan"), 1), 100) - 1)
    return cells


def _is_bold(cell: Any) -> bool:
    """Returns whether all text of a cell is marked as bold."""
    runs = [run for run in cell.iter(f"{_W}r") if run.find(f"{_W}t") is not None]
    bold = (run.find(f"{_W}rPr/{_W}b") for run in runs)
    return bool(runs) and all(mark is not None and mark.get(f"{_W}val", "1") not in ("0", "false", "off") for mark in bold)
