"""Writes raised and lowered characters, which would otherwise join the number or the word before them.

A loader puts them between marks (`raised`, `lowered`), and `written` resolves the marks once the text around them is known: the
footnote mark of "512¹" becomes "512[^1]", as in Markdown, and "10³" becomes "10^3"; "m²" and "H₂O" stay as they are.
"""

from __future__ import annotations

import re

from rag.documents import removals

_RAISED, _LOWERED, _NOTE, _END = "\ufde8", "\ufde9", "\ufdea", "\ufdee"
_MARKED = re.compile(f"([{_RAISED}{_LOWERED}{_NOTE}])([^{_RAISED}{_LOWERED}{_NOTE}{_END}]*){_END}")
_MARKS = re.compile(f"[{_RAISED}{_LOWERED}{_NOTE}{_END}]")
_ADJACENT = re.compile(
    f"([{_RAISED}{_LOWERED}])([^{_RAISED}{_LOWERED}{_NOTE}{_END}]*(?:{_END}\\1[^{_RAISED}{_LOWERED}{_NOTE}{_END}]*)+){_END}"
)
_MAX_BEFORE = 60
_SUPERSCRIPTS = str.maketrans("0123456789+-−–=()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789+-−–=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎")
_MINUS = str.maketrans("−–", "--")
_ORDINALS = {"st", "nd", "rd", "th", "tm", "sm"}
_EXPONENT = re.compile(r"[-+−–]?\d{1,3}|n")
_SIGNED = re.compile(r"[-+−–]\d{1,3}")
_CHARGE = re.compile(r"\d?[-+−–]")
_UNIT = re.compile(r"(?:(?<![A-Za-z])[kcdmµμn]?m|(?<![A-Za-z])(?:ft|yd|px)|[\d/·(]\s?(?:in|mi|s|min|h|kg|g|K|Å)|米|厘米|公里)$")
_VARIABLE = re.compile(r"(?<![A-Za-z])[A-Za-zα-ωΑ-Ω]{1,2}$")
_POWER_OF_TEN = re.compile(r"(?<![\d.,])10$")
_PRODUCT = re.compile(r"[×·*^=]\s?\d+(?:\.\d+)?$")
_FORMULA_IN_BRACKETS = re.compile(r"\([^()]*[-+−*/=×][^()]*\)$")
_PRICE = re.compile(r"[$€£¥]\s?\d+$")
_NOTE_MARKS = re.compile(r"[\[(（〔【]?\s*(?:注\s*)?((?:\d{1,3}|[a-z])(?:\s?[,，、;]\s?(?:\d{1,3}|[a-z]))*)\s*[\])）〕】]?")
_CIRCLED = re.compile(r"[①-⑳]+")
_FORMULA = re.compile(r"[A-Za-z)\]⁺⁻][\d₀-₉]*$")


def raised(text: str) -> str:
    """Marks raised characters."""
    return _marked(_RAISED, text)


def lowered(text: str) -> str:
    """Marks lowered characters."""
    return _marked(_LOWERED, text)


def note(text: str) -> str:
    """Marks raised characters that are known to point to a note."""
    return _marked(_NOTE, text)


def _marked(mark: str, text: str) -> str:
    text = _MARKS.sub("", text)
    return f"{mark}{text}{_END}" if text.strip() else text


def written(text: str) -> str:
    """Resolves the marks in a text."""
    if _END not in text:
        return text
    text = _ADJACENT.sub(lambda match: match[1] + match[2].replace(_END + match[1], "") + _END, text)
    parts: list[str] = []
    before, position = "", 0
    for match in _MARKED.finditer(text):
        parts.append(text[position : match.start()])
        before = (before + removals.kept(parts[-1]))[-_MAX_BEFORE:]
        content = removals.kept(match[2])
        parts.append(_resolved(match[1], content, before) + "".join(removals.marked_parts(match[2])))
        before = (before + parts[-1])[-_MAX_BEFORE:]
        position = match.end()
    return _MARKS.sub("", "".join([*parts, text[position:]]))


def _resolved(kind: str, content: str, before: str) -> str:
    text = content.strip()
    if not text:
        return content
    if kind == _LOWERED:
        return _below(text, before)
    blank = " " if content[-1:].isspace() else ""
    return (_noted(text) or f" {text}" if kind == _NOTE else _above(text, before)) + blank


def _above(text: str, before: str) -> str:
    """Returns raised characters as an exponent, a charge, an ordinal or a mark of a note, by what is before them."""
    if before[-1:].isdigit() and text.isdigit() and len(text) == 2 and _PRICE.search(before):
        return f".{text}"
    if text.lower() in _ORDINALS:
        return text
    if found := _power(text, before) or _noted(text):
        return found
    joins = before[-1:].isalnum() or before.endswith((")", "]"))
    if not joins or not text[0].isalnum():
        return text
    return f"^{text}" if text.isalnum() else f"^({text})"


def _power(text: str, before: str) -> str:
    """Returns an exponent or a charge; empty if the raised text is neither."""
    if _CHARGE.fullmatch(text) and before[-1:].isalnum():
        return text.translate(_SUPERSCRIPTS)
    if not _EXPONENT.fullmatch(text):
        return ""
    signed = _SIGNED.fullmatch(text)
    if before[-1:].isdigit():
        is_power = signed or text == "n" or _POWER_OF_TEN.search(before) or _PRODUCT.search(before)
        return f"^{text.translate(_MINUS)}" if is_power else ""
    small = signed or text in ("2", "3", "n")
    base = _UNIT.search(before) or _VARIABLE.search(before) if small else None
    return text.translate(_SUPERSCRIPTS) if base or _FORMULA_IN_BRACKETS.search(before) else ""


def _noted(text: str) -> str:
    """Returns the marks of notes as in Markdown; empty if the text is not one."""
    match = _NOTE_MARKS.fullmatch(text)
    if match:
        return "".join(f"[^{mark}]" for mark in re.findall(r"\d+|[a-z]", match[1]))
    return "".join(f"[^{ord(mark) - ord('①') + 1}]" for mark in text) if _CIRCLED.fullmatch(text) else ""


def _below(text: str, before: str) -> str:
    if (
        _FORMULA.search(before)
        and (small := text.translate(_SUBSCRIPTS)) != text
        and not any(map(str.isalnum, text.strip("0123456789")))
    ):
        return small
    if not before[-1:].isalnum():
        return text
    return f"_{text}" if text.isalnum() else f"_({text})"
