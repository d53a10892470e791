"""Turns what a page marks only by elements into text: raised and struck-out characters, formulas, boxes, alternative texts.

Elements that are left out are replaced by their text, marked for `rag.documents.removals.record`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rag.documents import removals
from rag.documents.loaders import check_boxes, formulas, scripts
from rag.documents.loaders.html_tables import without_marks
from rag.documents.removals import BOILERPLATE, STRUCK_OUT

if TYPE_CHECKING:
    from collections.abc import Callable

NOT_SHOWN = frozenset("head script style template noscript svg iframe object embed audio video canvas map".split())
"""Elements whose content a browser does not show as text."""

_CONTROLS = frozenset("button select textarea rt rp".split())
_STRUCK = frozenset(("s", "strike", "del"))
_BLOCKS = frozenset(
    "address article blockquote div dl fieldset figure form h1 h2 h3 h4 h5 h6 hr ol p pre section table ul".split()
)
_APART = _BLOCKS | {"li", "br", "tr", "td", "th", "dt", "dd", "option"}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_HAN = re.compile("[\u3400-\u9fff]")
_FILE_NAME = re.compile(r"[\w() .-]+\.(?:png|jpe?g|gif|bmp|tiff?|webp|svg)", re.IGNORECASE)
_MIN_ALTERNATIVE = 3
_NUMBERS = re.compile(r"\d{1,3}|[a-z]")
_BEFORE = 60
_SENTENCE_END = (":", "：", "?", "？", "!", "！", ".", "。")


def prepare(tree: Any) -> None:
    """Replaces such elements of a page by text, in place."""
    _name_notes(tree)
    left = 0
    for element in [element for element in tree.iter("*") if element is not tree]:
        if left:  # it is in an element that was replaced
            left -= 1
        elif write := _write_for(element):
            left = sum(1 for _ in element.iter("*")) - 1
            _replace(element, write(element))
    for term in list(tree.iter("dt")):
        _join_definition(term)


def set_aside(element: Any, reason: str = BOILERPLATE) -> None:
    """Replaces an element by its text, marked as removed."""
    _replace(element, removals.removed(_shown_text(element), reason))


def has_hidden_style(element: Any) -> bool:
    """Returns whether a page hides an element."""
    return "hidden" in element.attrib or bool(_HIDDEN.search(element.get("style", "")))


def _write_for(element: Any) -> Callable[[Any], str] | None:
    """Returns what writes an element as text; None for one that stays."""
    tag = element.tag
    if has_hidden_style(element) or tag in _CONTROLS:
        return lambda one: removals.removed(_shown_text(one), BOILERPLATE)
    if tag in _STRUCK:
        return lambda one: removals.removed(_shown_text(one), STRUCK_OUT)
    return _WRITERS.get(tag)


def _shown_text(element: Any) -> str:
    """Returns the text in an element in one line, without what no browser shows."""
    from lxml import etree

    parts = [] if element.tag in NOT_SHOWN else [element.text or ""]
    walk = etree.iterwalk(element, events=("start", "end"))
    for event, inner in walk:
        if inner is element:
            continue
        is_shown = isinstance(inner.tag, str) and inner.tag not in NOT_SHOWN
        parts.append(" " if inner.tag in _APART else "")
        if event == "start" and is_shown:
            parts.append(inner.text or "")
        elif event == "start":
            walk.skip_subtree()
        else:
            parts.append(inner.tail or "")
    return " ".join(without_marks("".join(parts)).split())


def _replace(element: Any, text: str) -> None:
    """Puts a text in the place of an element."""
    parent, before = element.getparent(), element.getprevious()
    text += element.tail or ""
    element.tail = None
    parent.remove(element)
    if before is None:
        parent.text = (parent.text or "") + text
    else:
        before.tail = (before.tail or "") + text


def _text_before(element: Any) -> str:
    """Returns the end of the text before an element in its block."""
    text = ""
    while len(text) < _BEFORE and element is not None and element.tag not in _BLOCKS:
        previous = element.getprevious()
        while previous is not None and len(text) < _BEFORE:
            if not isinstance(previous.tag, str) or previous.tag in _BLOCKS or previous.tag == "br":
                return (previous.tail or "") + text
            text = "".join(previous.itertext()) + (previous.tail or "") + text
            previous = previous.getprevious()
        element = element.getparent()
        text = ((element.text or "") if element is not None else "") + text
    return text[-_BEFORE:]


def _written(mark: Callable[[str], str]) -> Callable[[Any], str]:
    def write(element: Any) -> str:
        before = removals.kept(_text_before(element))
        return scripts.written(before + mark(removals.unmarked(_shown_text(element))))[len(before) :]

    return write


def _raised(element: Any) -> str:
    # A link within a page from a raised number leads to a note.
    is_note = any((link.get("href") or "").startswith("#") for link in element.iter("a"))
    return _written(scripts.note if is_note else scripts.raised)(element)


def _name_notes(tree: Any) -> None:
    """Writes the number of a note before its text, wherever a raised number has a link to it."""
    places = {element.get("id"): element for element in tree.iter() if isinstance(element.tag, str) and element.get("id")}
    named = set()
    for raised in tree.iter("sup"):
        for link in raised.iter("a"):
            target = (link.get("href") or "").removeprefix("#")
            number = _NUMBERS.search("".join(link.itertext()))
            place = places.get(target)
            if number and place is not None and target not in named and place.tag in ("li", "p", "div", "dd", "aside"):
                named.add(target)
                first = next((inner for inner in place.iter("p")), place)
                first.text = f"[^{number[0]}] {(first.text or '').lstrip()}"


def _formula(element: Any) -> str:
    written = removals.unmarked(formulas.written(element))
    return f" {written}" if written[:1] in "=<>≤≥≈" else written


def _box(element: Any) -> str:
    if element.get("type", "").lower() in ("checkbox", "radio"):
        return check_boxes.CHECKED if "checked" in element.attrib else check_boxes.UNCHECKED
    value = " ".join((element.get("value") or "").split())
    return value if element.get("type", "text").lower() in ("text", "email", "tel", "date", "number", "url") else ""


def _alternative(element: Any) -> str:
    text = " ".join(removals.unmarked(element.get("alt") or "").split())
    if len(text) < _MIN_ALTERNATIVE or _FILE_NAME.fullmatch(text):
        return ""
    # The alternative text of a picture that is a link, such as a logo, names the link.
    if any(parent.tag == "a" for parent in element.iterancestors()):
        return removals.removed(text, BOILERPLATE)
    return f" [图片：{text}] " if _HAN.search(text) else f" [Picture: {text}] "


def _join_definition(term: Any) -> None:
    """Puts a term and its one definition in one line, if both are plain."""
    definition = term.getnext()
    if definition is None or definition.tag != "dd" or any(inner.tag in _BLOCKS for part in (term, definition) for inner in part):
        return
    following = definition.getnext()
    if (term.tail or "").strip() or (following is not None and following.tag == "dd"):
        return
    label = _shown_text(term)
    colon = "" if label.endswith(_SENTENCE_END) else "：" if _HAN.search(label) else ":"
    space = "" if colon == "：" else " "
    last = term[-1] if len(term) else None
    joint = colon + space + (definition.text or "").lstrip()
    if last is None:
        term.text = (term.text or "").rstrip() + joint
    else:
        last.tail = (last.tail or "").rstrip() + joint
    for child in list(definition):
        term.append(child)
    term.tail = definition.tail
    definition.tail = None
    definition.getparent().remove(definition)


_WRITERS: dict[str, Callable[[Any], str]] = {
    "sup": _raised,
    "sub": _written(scripts.lowered),
    "math": _formula,
    "input": _box,
    "img": _alternative,
}
