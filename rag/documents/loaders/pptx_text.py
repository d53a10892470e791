"""The text of the paragraphs of a slide: runs, with those that are raised, lowered or struck out, and alternative texts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rag.documents import removals
from rag.documents.loaders import check_boxes, formulas, scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FILE_NAME = re.compile(r"[\w() .-]+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg)", re.IGNORECASE)
_HAN = re.compile("[\u3400-\u9fff]")


def line_of(paragraph: Any) -> str:
    """Returns the text of a paragraph in one line. What is struck out is marked in it for `removals.record`."""
    # Before blanks are put together, as a wide gap ends an option.
    text = check_boxes.written(scripts.written("".join(_runs(paragraph))))
    return " ".join(text.split())


def kept_text(frame: Any) -> str:
    """Returns the text of a cell, without what is struck out."""
    return removals.kept("\n".join(line_of(paragraph._p) for paragraph in frame.paragraphs))


def left_out(frame: Any) -> list[str]:
    """Returns what is struck out in a cell, with its marks."""
    return [passage for paragraph in frame.paragraphs for passage in removals.marked_parts(line_of(paragraph._p))]


def alternative_text(shape: Any) -> str:
    """Returns the alternative text of a picture in square brackets; empty without one."""
    properties = next((one for one in shape._element.iter() if isinstance(one.tag, str) and one.tag.endswith("}cNvPr")), None)
    text = " ".join(removals.unmarked((properties is not None and properties.get("descr")) or "").split())
    if not text or _FILE_NAME.fullmatch(text):
        return ""
    return f"[图片：{text}]" if _HAN.search(text) else f"[Picture: {text}]"


def _runs(paragraph: Any) -> Iterator[str]:
    for child in paragraph:
        if child.tag in (f"{_A}r", f"{_A}fld"):
            yield _run(child)
        elif child.tag == f"{_A}br":
            yield "\v"
        elif (formula := next(child.iter(f"{_M}oMath"), None)) is not None:
            yield removals.unmarked(formulas.written(formula))


def _run(run: Any) -> str:
    text = removals.unmarked("".join(part.text or "" for part in run.iter(f"{_A}t")))
    properties = run.find(f"{_A}rPr")
    if properties is None:
        return text
    baseline = properties.get("baseline", "0").rstrip("%")
    if baseline.lstrip("-").isdigit() and int(baseline):
        text = scripts.lowered(text) if baseline[0] == "-" else scripts.raised(text)
    struck = properties.get("strike", "noStrike") != "noStrike"
    return removals.removed(removals.unmarked(text), removals.STRUCK_OUT) if struck else text
