"""Counts the numbers that Word puts before paragraphs and headings."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from rag.documents.loaders.docx_text import W, value, whole

_HAN_DIGITS = "〇一二三四五六七八九"
_ROMAN = (
    *((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX")),
    *((5, "V"), (4, "IV"), (1, "I")),
)
_MAX_ROMAN = 4000


class Numbers:
    """Counts the numbers that Word puts before paragraphs and headings."""

    def __init__(self, numbering: Any) -> None:
        abstract = {} if numbering is None else {a.get(f"{W}abstractNumId"): a for a in numbering.iter(f"{W}abstractNum")}
        numbers = () if numbering is None else numbering.iter(f"{W}num")
        numbers = list(numbers)
        self._abstract_of = {number.get(f"{W}numId"): value(number, "abstractNumId") or "" for number in numbers}
        self._restarts = {number.get(f"{W}numId"): _restarts(number) for number in numbers}
        self._levels = {
            name: {level.get(f"{W}ilvl"): level for level in element.iter(f"{W}lvl")} for name, element in abstract.items()
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
        # A list that begins again does so at its first paragraph only.
        for restarted, start in self._restarts.pop(number, {}).items():
            for deeper in [i for i in counts if i >= restarted]:
                del counts[deeper]
            if restarted <= depth:
                counts[restarted] = start - (restarted == depth)
        for i in range(depth + 1):
            start = whole(value(levels.get(str(i)), "start"), 1)
            counts[i] = counts[i] + (i == depth) if i in counts else start
        for deeper in [i for i in counts if i > depth]:
            del counts[deeper]
        form = value(element, "numFmt") or "decimal"
        if form == "bullet":
            return "- "
        text = value(element, "lvlText") or ""
        for i, count in counts.items():
            text = text.replace(f"%{i + 1}", _counted(count, value(levels.get(str(i)), "numFmt") or "decimal"))
        return f"{text} " if text.strip() else ""


def _restarts(number: Any) -> dict[int, int]:
    """Returns the levels at which a list begins again, with their first numbers, the outermost first."""
    found = {}
    for override in number.iter(f"{W}lvlOverride"):
        level, start = override.get(f"{W}ilvl") or "", value(override, "startOverride")
        if level.isdigit() and start is not None:
            found[int(level)] = whole(start, 1)
    return dict(sorted(found.items()))


def _counted(number: int, form: str) -> str:
    """Returns a number in the form of a list."""
    if form.startswith(("chinese", "ideograph", "japanese", "taiwanese")) and 0 < number < 10_000:
        return _han(number)
    if form == "decimalEnclosedCircle" and 0 < number <= 20:
        return chr(ord("①") + number - 1)
    if form == "decimalZero":
        return f"{number:02}"
    if form.endswith("Letter") and 0 < number <= 26 * 26:
        # After z, Word doubles the letter: aa, bb.
        times, place = divmod(number - 1, 26)
        letter = chr(ord("a") + place) * (times + 1)
        return letter.upper() if form[0] == "u" else letter
    if form.endswith("Roman") and 0 < number < _MAX_ROMAN:
        roman = _roman(number)
        return roman if form[0] == "u" else roman.lower()
    return "" if form == "none" else str(number)


def _roman(number: int) -> str:
    roman = ""
    for worth, letters in _ROMAN:
        times, number = divmod(number, worth)
        roman += letters * times
    return roman


def _han(number: int) -> str:
    """Returns a number below ten thousand as a Chinese numeral: 10 is 十, 101 is 一百零一."""
    written, gap = "", False
    for worth, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, worth)
        if digit:
            written += ("零" if gap else "") + ("" if worth == 10 and digit == 1 and not written else _HAN_DIGITS[digit]) + unit
        gap = bool(written) and not digit
    return written
