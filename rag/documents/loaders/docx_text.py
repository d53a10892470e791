"""The text of a part of a Word document: runs, symbols, check boxes, formulas and alternative texts, without what is deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rag.documents import removals
from rag.documents.loaders import check_boxes, formulas, scripts
from rag.documents.removals import DELETED, STRUCK_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
_COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_PICTURE = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
# Elements that are moved away, repeated for older programs, a reading aid, or not part of the text.
SKIPPED = {f"{W}{name}" for name in ("del", "moveFrom", "pPr", "rt", "txbxContent")} | {f"{_COMPATIBILITY}Fallback"}
_CHARACTERS = {
    f"{W}{name}": character
    for name, character in (("tab", "\t"), ("br", "\n"), ("cr", "\n"), ("noBreakHyphen", "-"), ("ptab", "\t"))
}
_OFF = ("0", "false", "off", "none")
_FILE_NAME = re.compile(r"[\w() .-]+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg)", re.IGNORECASE)
_HAN = re.compile("[\u3400-\u9fff]")


def line_of(element: Any) -> str:
    """Returns the text of a paragraph or a note. What is struck out or deleted is marked in it for `removals.record`."""
    text = scripts.written("".join(_texts(element))).strip()
    return "\n".join(map(check_boxes.written, text.split("\n")))


def kept_text(cell: Any) -> str:
    """Returns the text of a cell, without what is struck out or deleted."""
    text = removals.kept(scripts.written("".join(_texts(cell))))
    return "\n".join(map(check_boxes.written, text.split("\n")))


def left_out(table: Any) -> list[str]:
    """Returns what is struck out or deleted in a table, with its marks."""
    rows = dict.fromkeys(row for row in table.iter(f"{W}tr") if row.find(f"{W}trPr/{W}del") is not None)
    deleted = (" ".join(text.text or "" for text in row.iter(f"{W}t", f"{W}delText")) for row in rows)
    kept = (cell for cell in table.iter(f"{W}tc") if not any(parent in rows for parent in cell.iterancestors(f"{W}tr")))
    passages = [removals.removed(text, DELETED) for text in deleted if text.strip()]
    for cell in kept:
        # The text of a table in a cell is in both.
        if cell.find(f".//{W}tbl") is None:
            passages += removals.marked_parts(scripts.written("".join(_texts(cell))))
    return passages


def is_formula(paragraph: Any) -> bool:
    """Returns whether a paragraph consists of formulas only."""
    has_text = any((text.text or "").strip() for text in paragraph.iter(f"{W}t") if text.getparent().tag == f"{W}r")
    return not has_text and paragraph.find(f".//{_M}oMath") is not None


def value(element: Any, *path: str) -> str | None:
    """Returns the `w:val` of the element at a path of names below another."""
    found = None if element is None else element.find("/".join(f"{W}{name}" for name in path))
    return None if found is None else found.get(f"{W}val")


def whole(text: str | None, default: int) -> int:
    """Returns a text of digits as a number."""
    return int(text) if text and text.isdigit() else default


def _texts(element: Any) -> Iterator[str]:
    """Yields the text of an element, without skipped and hidden elements."""
    for child in element:
        if child.tag == f"{W}t":
            yield removals.unmarked(child.text or "")
        elif child.tag in _CHARACTERS:
            yield _CHARACTERS[child.tag]
        elif child.tag == f"{W}del":
            deleted = "".join(text.text or "" for text in child.iter(f"{W}delText"))
            yield removals.removed(removals.unmarked(deleted), DELETED)
        elif child.tag in _SPECIAL:
            yield _SPECIAL[child.tag](child)
        elif child.tag not in SKIPPED and child.find(f"{W}rPr/{W}vanish") is None:
            yield _run(child) if child.tag == f"{W}r" else "".join(_texts(child))
            if child.tag == f"{W}p":
                yield " "


def _run(run: Any) -> str:
    """Returns the text of a run, marked if it is raised, lowered or struck out."""
    text = "".join(_texts(run))
    height = value(run, "rPr", "vertAlign")
    if height == "superscript":
        text = scripts.raised(text)
    elif height == "subscript":
        text = scripts.lowered(text)
    struck = any(_is_on(run.find(f"{W}rPr/{W}{name}")) for name in ("strike", "dstrike"))
    return removals.removed(removals.unmarked(text), STRUCK_OUT) if struck else text


def _is_on(mark: Any) -> bool:
    return mark is not None and mark.get(f"{W}val", "1") not in _OFF


def _content_control(control: Any) -> str:
    """Returns the text of a content control: a box if it is a check box, and nothing for a prompt that nobody has filled in."""
    box = control.find(f"{W}sdtPr/{_W14}checkbox")
    if box is not None:
        checked = box.find(f"{_W14}checked")
        is_checked = checked is not None and checked.get(f"{_W14}val", "1") not in _OFF
        return check_boxes.CHECKED if is_checked else check_boxes.UNCHECKED
    if _is_on(control.find(f"{W}sdtPr/{W}showingPlcHdr")):
        return ""
    content = control.find(f"{W}sdtContent")
    return "" if content is None else "".join(_texts(content))


def _field(field: Any) -> str:
    """Returns the box of a check box of an older form, which is in the mark that begins its field."""
    box = field.find(f"{W}ffData/{W}checkBox")
    if box is None:
        return ""
    checked, default = box.find(f"{W}checked"), box.find(f"{W}default")
    return check_boxes.CHECKED if _is_on(checked if checked is not None else default) else check_boxes.UNCHECKED


def _picture(properties: Any) -> str:
    """Returns the alternative text of a picture in square brackets."""
    text = " ".join(removals.unmarked(properties.get("descr") or "").split())
    if not text or _FILE_NAME.fullmatch(text):
        return ""
    return f"[图片：{text}]" if _HAN.search(text) else f"[Picture: {text}]"


_SPECIAL = {
    f"{W}sdt": _content_control,
    f"{W}fldChar": _field,
    f"{W}sym": lambda mark: check_boxes.symbol(mark.get(f"{W}font") or "", mark.get(f"{W}char") or ""),
    f"{_M}oMath": lambda formula: removals.unmarked(formulas.written(formula)),
    _PICTURE: _picture,
}
