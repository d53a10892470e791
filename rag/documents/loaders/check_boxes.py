"""Writes the choices of a form as an answer: "Meal: ☐ meat ☒ fish" becomes "Meal: fish (unticked: meat)"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rag.documents import removals

if TYPE_CHECKING:
    from collections.abc import Sequence

CHECKED, UNCHECKED = "☒", "☐"
_BOX = re.compile("[☐☑☒□■]")
_ALWAYS_BOXES = frozenset("☐☑☒")
_CHECKED = frozenset("☑☒■")
_WIDE_GAP = re.compile(r"\t|\u3000| {2,}")
_LABEL_ENDS = ("：", ":", "？", "?")
_HAN = re.compile("[\u3400-\u9fff]")
_MAX_OPTION = 80
# Pictures of boxes in the fonts of Word, by the last byte of their code.
_SYMBOLS = {
    "wingdings": {0xFE: "☑", 0xFD: "☒", 0xA8: "☐", 0x6F: "☐", 0x78: "☒", 0xFC: "✓", 0xFB: "✗", 0xE0: "→", 0xDF: "←"},
    "wingdings 2": {0x52: "☑", 0x53: "☒", 0x54: "☒", 0xA3: "☐", 0x2A: "☐", 0x50: "✓", 0x4F: "✗"},
    "symbol": {0xB7: "•", 0xB1: "±", 0xB4: "×", 0xB0: "°", 0xA3: "≤", 0xB3: "≥", 0xB9: "≠", 0xAE: "→", 0xA5: "∞"}
    | dict(zip(range(0x61, 0x7B), "αβχδεφγηιϕκλμνοπθρστυϖωξψζ", strict=True))
    | {0x44: "Δ", 0x46: "Φ", 0x47: "Γ", 0x4C: "Λ", 0x50: "Π", 0x51: "Θ", 0x53: "Σ", 0x57: "Ω", 0x58: "Ξ", 0x59: "Ψ"},
}


class _Option(NamedTuple):
    text: str
    chosen: bool


def symbol(font: str, code: str) -> str:
    """Returns the character for a picture of a font; empty for unknown ones.

    Args:
        font: The name of the font.
        code: The hexadecimal code, in the private area or not.
    """
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    known = _SYMBOLS.get(font.strip().lower())
    if known is not None:
        return known.get(number & 0xFF, "")
    return chr(number) if 0x20 <= number < 0xD800 else ""


def written(line: str) -> str:
    """Returns a line with its choices as an answer. Squares that may be bullets stay as they are."""
    boxes = _BOX.findall(line)
    if not boxes or not (_ALWAYS_BOXES.intersection(boxes) or boxes.count("□") > 1 or len(set(boxes)) > 1):
        return line
    texts = _BOX.split(line)
    chosen = [box in _CHECKED for box in boxes]
    if not removals.kept(texts[-1]).strip() and not texts[0].rstrip().endswith(_LABEL_ENDS) and texts[0].strip():
        return _boxes_after(texts, chosen)
    return _boxes_before(texts, chosen)


def _boxes_before(texts: Sequence[str], chosen: Sequence[bool]) -> str:
    """Writes choices whose boxes are before their options; a wide gap begins the label of the next group."""
    written, group, label = "", list[_Option](), texts[0]
    for text, is_chosen in zip(texts[1:], chosen, strict=True):
        body = text.strip(" ")
        gap = _WIDE_GAP.search(body)
        option, rest = (body[: gap.start()], body[gap.end() :].strip()) if gap else (body, "")
        group.append(_Option(option.strip(" \t,，;；、/"), is_chosen))
        if rest:
            written += _group(label, group) + " "
            group, label = [], rest
    return (written + _group(label, group) if group else written + label).strip()


def _boxes_after(texts: Sequence[str], chosen: Sequence[bool]) -> str:
    """Writes choices whose boxes are after their options."""
    first = texts[0]
    cut = max(first.rfind(end) for end in _LABEL_ENDS) + 1
    options = [first[cut:], *texts[1:-1]]
    group = [_Option(option.strip(" \t\u3000,，;；、/"), one) for option, one in zip(options, chosen, strict=True)]
    return (_group(first[:cut], group) + texts[-1]).strip()


def _group(label: str, options: Sequence[_Option]) -> str:
    """Writes a label with what was chosen, and what was not."""
    label = label.rstrip()
    named = [option for option in options if option.text]
    if not named:
        return " ".join(filter(None, (label, *(CHECKED if option.chosen else UNCHECKED for option in options))))
    is_han = bool(_HAN.search(label + "".join(option.text for option in named)))
    between, comma = ("", "、") if is_han else (" ", ", ")
    chosen = [option.text for option in named if option.chosen]
    others = [option.text for option in named if not option.chosen]
    if label and not label.endswith(_LABEL_ENDS) and chosen and len(named) > 1:
        label += "：" if is_han else ":"
    shown = comma.join(chosen)
    if not label and chosen:
        shown += "（已勾选）" if is_han else " (ticked)"
    left = comma.join(others)
    left = (f"（未勾选：{left}）" if is_han else f"(unticked: {left})") if left else ""
    return between.join(filter(None, (label, shown, left)))
