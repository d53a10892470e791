"""Reads PowerPoint presentations: each slide is a page under its title, with its notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders.base import document_id
from rag.documents.loaders.office import bounded, office_file, with_properties
from rag.documents.loaders.pptx_text import alternative_text, kept_text, left_out, line_of
from rag.documents.loaders.table_rows import Cell, Merged, rows_as_lines
from rag.documents.removals import record
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_UNPACKED = 100_000_000
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


class PptxLoader:
    """Reads slides from top to bottom, hidden ones too: text, tables, charts and diagrams, then the speaker's notes."""

    suffixes = (".pptx", ".pptm")

    def __call__(self, data: bytes, source: str) -> Document:
        with office_file(data, source, "a PowerPoint file (.pptx)", _MAX_UNPACKED) as file:
            import pptx

            presentation = pptx.Presentation(file)
            slides = bounded(("".join(_slide(slide)) for slide in presentation.slides), source)
            pages, parts, length = [], [], 0
            for slide in slides:
                pages.append(length)
                parts.append(slide)
                length += len(slide) + 1
            known = Document(document_id(source), Path(source).stem, source, "\f".join(parts), pages=tuple(pages))
            return record(with_properties(known, presentation.core_properties))


def _slide(slide: Any) -> Iterator[str]:
    title = slide.shapes.title
    heading = " ".join(title.text_frame.text.split()) if title is not None else ""
    yield f"# {heading}\n\n" if heading else ""
    above = heading
    for shape in _in_order(slide.shapes):
        if title is None or shape.shape_id != title.shape_id:
            lines = "\n".join(_lines(shape, above))
            yield f"{lines}\n\n" if lines else ""
            above = lines or above
    notes = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    lines = "\n".join(_paragraphs(notes)) if notes is not None else ""
    yield f"{lines}\n" if lines else ""


def _in_order(shapes: Iterable[Any]) -> list[Any]:
    """Returns the shapes from top to bottom, and at the same height from left to right."""
    return sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0))


def _lines(shape: Any, above: str = "") -> Iterator[str]:
    """Yields the lines of a shape below a text, except those that every slide repeats: its number, date, header and footer."""
    from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER

    repeated = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.HEADER)
    if shape.is_placeholder and shape.placeholder_format.type in repeated:
        return
    if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
        for member in _in_order(shape.shapes):
            yield from _lines(member)
    elif shape.has_text_frame:
        yield from _paragraphs(shape.text_frame)
    elif getattr(shape, "has_table", False):
        yield from rows_as_lines(map(_cells, shape.table.rows), above)
        yield from (passage for row in shape.table.rows for cell in row.cells for passage in left_out(cell.text_frame))
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)
    else:
        yield from _diagram(shape)
        yield from filter(None, (alternative_text(shape),))


def _paragraphs(frame: Any) -> Iterator[str]:
    for paragraph in frame.paragraphs:
        if text := line_of(paragraph._p):
            yield text


def _cells(row: Any) -> list[Cell]:
    return [
        (Merged.ABOVE if cell._tc.vMerge else Merged.LEFT) if cell.is_spanned else kept_text(cell.text_frame)
        for cell in row.cells
    ]


def _chart(chart: Any) -> Iterator[str]:
    """Yields the title of a chart, and a line with its numbers for each category."""
    if chart.has_title and chart.chart_title.has_text_frame:
        yield from _paragraphs(chart.chart_title.text_frame)
    for plot in chart.plots:
        series = [(one.name, one.values) for one in plot.series]
        for i, category in enumerate(plot.categories):
            values = [f"{name}: {values[i]:.10g}" for name, values in series if i < len(values) and values[i] is not None]
            yield "; ".join([str(category), *values])


def _diagram(shape: Any) -> Iterator[str]:
    """Yields the texts of a diagram (SmartArt), which are in a separate part of the file."""
    from pptx.oxml import parse_xml

    for relations in shape._element.iter(f"{_DIAGRAM}relIds"):
        data = parse_xml(shape.part.related_part(relations.get(f"{_RELATION}dm")).blob)
        for paragraph in data.iter(f"{_DRAWING}p"):
            if text := "".join(run.text or "" for run in paragraph.iter(f"{_DRAWING}t")).strip():
                yield text
