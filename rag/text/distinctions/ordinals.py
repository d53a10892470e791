"""Ordinals in Chinese and English: 第三期, 首期, "the second phase", "Phase 2" and the like, with what they count."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from rag.text.numerals import HAN_NUMERALS, NUMBER_WORDS, ONES, ORDINAL_WORDS, ROMAN_NUMERALS, TEENS, han_number

# Units that name the same in both languages, separated by "|". The first word is the unit's name.
_UNITS = tuple(
    unit.split("|")
    for unit in (
        "期|phase|stage|阶段|步|step",
        "次|time|回",
        "届|session|edition",
        "轮|round",
        "条|article|款|clause",
        "章|chapter",
        "节|section",
        "部分|part",
        "批|batch|group|tranche",
        "季度|quarter",
        "季|season",
        "集|episode",
        "卷|volume",
        "版|version",
        "级|grade|level|class",
        "年级|form",
        "名|place|prize",
        "号|no|number|line",
        "类|category|type",
        "代|generation",
        "学期|term|semester",
        "世界大战|world war",
        "周|week",
        "天|day",
        "年|year",
        "队|team",
        "楼|floor",
        "课|lesson|unit",
    )
)
_UNIT_OF = {name: unit[0] for unit in _UNITS for name in unit}
_HAN_UNITS = "|".join(sorted((name for name in _UNIT_OF if not name.isascii()), key=len, reverse=True))
_LATIN_UNITS = "|".join(sorted((name for name in _UNIT_OF if name.isascii()), key=len, reverse=True))
_MOST = 100
_WORD_NUMBERS = ORDINAL_WORDS | {"opening": 1, "initial": 1}
# Of these, a number in words tells one from the others: phase three.
_LABELLED = (
    "phases?|stages?|parts?|chapters?|sections?|rounds?|volumes?|batch(?:es)?|steps?|articles?|tranches?|seasons?|episodes?"
)
_ORDINAL = re.compile(
    rf"第\s?(?P<han>[{HAN_NUMERALS}]+|\d+)\s?(?P<han_unit>{_HAN_UNITS})?"
    rf"|(?P<initial>首)(?P<initial_unit>{_HAN_UNITS})"
    rf"|前(?P<up_to>[两二三四五六七八九十]|\d)(?P<up_to_unit>{_HAN_UNITS})"
    rf"|\bfirst (?P<up_to_en>{'|'.join(ONES[1:])}) (?P<up_to_label>{_LATIN_UNITS})s\b"
    rf"|\b(?P<word>{'|'.join(_WORD_NUMBERS)}|\d+(?:st|nd|rd|th))[ -](?:\w+[ -]){{0,2}}?(?P<word_unit>{_LATIN_UNITS})s?\b"
    rf"|\b(?P<plain>{'|'.join([*ORDINAL_WORDS][2:])}|(?:[3-9]|\d\d)(?:st|nd|rd|th))(?= [a-z])(?! of\b)"
    rf"|\b(?P<label>{_LATIN_UNITS})s? (?P<number>\d+|[ivx]+)\b(?!%|[.,]\d)"
    rf"|\b(?P<labelled>{_LABELLED}) (?P<in_words>{'|'.join([*ONES, *TEENS])})\b(?!-)",
    re.IGNORECASE,
)
# The other numbers of "seasons two and three" and "weeks 3 to 5".
_FURTHER = re.compile(
    rf"(?P<joint>,? and |,? or |, | to |[-–—]| through )(?P<number>\d{{1,3}}|{'|'.join([*ONES, *TEENS])})\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Ordinal:
    """An ordinal in a text: `text[start:end] == written`. `unit` is the Chinese name of what it counts, and empty when it may be anything."""

    start: int
    end: int
    written: str
    number: int
    unit: str


def find(text: str) -> list[Ordinal]:
    """Finds the ordinals of a text, in order."""
    found = []
    for match in _ORDINAL.finditer(text):
        part = match.groupdict()
        if last := _last(part):
            unit = _UNIT_OF[(part["up_to_unit"] or part["up_to_label"] or "").lower()]
            found += [Ordinal(match.start(), match.end(), match[0], number, unit) for number in range(1, last + 1)]
            continue
        unit = part["han_unit"] or part["initial_unit"] or part["word_unit"] or part["label"] or part["labelled"] or ""
        if number := _number(part):
            name = _UNIT_OF.get(unit.lower()) or _UNIT_OF.get(unit.lower().removesuffix("s"), "")
            found.append(Ordinal(match.start(), match.end(), match[0], number, name))
            if part["label"] or part["labelled"]:
                found += [replace(found[-1], number=further) for further in _further(number, text, match.end())]
    return found


def _further(number: int, text: str, at: int) -> list[int]:
    """Returns the numbers that follow the first one of several, those of a range included; at most a hundred."""
    numbers: list[int] = []
    while match := _FURTHER.match(text, at):
        word = match["number"].lower()
        last = int(word) if word.isdecimal() else NUMBER_WORDS[word]
        is_range = match["joint"].strip() in ("to", "through", "-", "–", "—")
        numbers += range(number + 1, min(last, number + _MOST) + 1) if is_range else [last]
        number, at = last, match.end()
    return numbers


def _last(part: dict[str, str | None]) -> int:
    """Returns the number of the last of the first few: 2 for 前两届; 0 for none."""
    if word := part["up_to_en"]:
        return NUMBER_WORDS[word.lower()]
    number = part["up_to"] or ""
    return int(number) if number.isdecimal() else int(han_number(number.replace("两", "二")) or 0)


def _number(part: dict[str, str | None]) -> int:
    """Returns the number of an ordinal; 0 for none."""
    if part["initial"]:
        return 1
    if part["han"]:
        digits = part["han"] if part["han"].isdecimal() else han_number(part["han"])
        return int(digits or 0)
    if word := (part["word"] or part["plain"] or "").lower():
        return _WORD_NUMBERS.get(word) or int(re.sub(r"\D", "", word))
    if word := (part["in_words"] or "").lower():
        return NUMBER_WORDS[word]
    number = (part["number"] or "").lower()
    return int(number) if number.isdecimal() else ROMAN_NUMERALS.get(number, 0)
