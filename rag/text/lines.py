"""The lines of a text, characters that do not show, and patterns for headings, items of lists and bylines."""

from __future__ import annotations

import re
from json import dumps as as_json
from typing import TYPE_CHECKING, NamedTuple

from rag.text.months import ABBREVIATED_MONTH, MONTH
from rag.text.numerals import HAN_ONES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Line ends of every kind; a form feed begins a page.
LINE_END = re.compile(r"\r\n|[\n\r\f\x0b\x85\u2028\u2029]")

# Control characters, and invisible ones: zero widths, soft hyphens, marks of direction, tags that can hide a message.
_CONTROLS = (
    *((0x00, 0x08), (0x0E, 0x1F), (0x7F, 0x84), (0x86, 0x9F), (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200F)),
    *((0x202A, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0xE0000, 0xE007F)),
)
_CONTROL = "".join(f"{chr(first)}-{chr(last)}" for first, last in _CONTROLS)
CONTROL = re.compile(f"[{_CONTROL}]+")
# Characters that can make a terminal or a page show something other than the text: these, surrogates, and ends of lines.
_INVISIBLE = re.compile(rf"[{_CONTROL}\ud800-\udfff]")
_NOT_IN_A_NAME = re.compile(rf"[{_CONTROL}\ud800-\udfff\t-\r\x85\u2028\u2029]")
_NOT_ON_A_TERMINAL = re.compile(rf"[{_CONTROL}\ud800-\udfff\x0b-\r\x85\u2028\u2029]")
_SPACES = " \t\u00a0\u1680\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_BLANK = _SPACES + "".join(chr(code) for first, last in _CONTROLS for code in range(first, last + 1))

_CLOSERS = "”’」』\"'）)】》]"
_SENTENCE_ENDS = tuple("。！？!?；;：:….")
_BRACKETS_CLOSE = tuple(")）】]")

_HAN_NUMBER = f"[{HAN_ONES}十百零〇]"
_UNIT = "[万亿千百个元米公吨度倍年月日天小%％名种项次位家处岁]"
_MONTH = rf"(?:{MONTH}|{ABBREVIATED_MONTH}\b)"
# A row of a table as loaders write it.
ROW = re.compile(r"(?:[^:;\n]{1,100}; )?[^:;\n]{1,100}: [^\n]{0,1000}?; [^:;\n]{1,100}: ")
HEADING = re.compile(
    r"^(?:#{1,6}\s+\S"
    rf"|第\s?(?:{_HAN_NUMBER}|\d){{1,5}}\s?(?:(?:章|节|编|部分|[篇卷部条])(?=[\s:：、]|$).{{0,60}}|[章节编]\S.{{0,40}})$"
    rf"|{_HAN_NUMBER}{{1,3}}[、．.]\s*\S.{{0,60}}$"
    rf"|[（(]{_HAN_NUMBER}{{1,3}}[）)]\s*\S.{{0,60}}$"
    r"|(?:Chapter|Section|Part|Article|Annex|Appendix)\s+(?:\d+|[IVXLC]+|[A-Z])(?:\s*[.:：—–-].{0,80}|\s+[A-Z].{0,80})?$"
    rf"|\d{{1,2}}(?:\.\d{{1,2}}){{1,3}}[.、．]?(?:\s+[A-Z“《]|\s*(?!{_UNIT})[\u3400-\u9fff]).{{0,80}}$"
    r"|\d{1,2}[.、．](?!\d)\s*\S.{0,80}$"
    rf"|\d{{1,2}}\s+(?!{_UNIT}|{_MONTH})[A-Z\u3400-\u9fff].{{0,80}}$)"
)
LIST_ITEM = re.compile(
    r"^(?:[-*+→]\s|[•·●○■□◆◇▪‣–—①-⑳]|[（(]?\d{1,3}[.)）、．](?!\d)"
    rf"|[（(][{HAN_ONES}十]{{1,3}}[）)]|[（(]?[A-Za-z][)）])"
)
_DATE = (
    r"(?:19|20)\d{2}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}"
    rf"|(?i:\b{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:19|20)\d{{2}}"
    rf"|\b\d{{1,2}}\s+{_MONTH}\.?,?\s+(?:19|20)\d{{2}})"
)
BYLINE = re.compile(
    rf"\A(?=.{{1,160}}\Z)(?=.*(?:{_DATE}))(?!.*[。！？!?.]\Z)"
    r"(?=.*(?:来源|作者|记者|时间|编辑|发布|(?i:source|published|updated|posted)|(?:^|[|｜·•,;]\s*)(?i:by)\s+[A-Z]))"
)


class Line(NamedTuple):
    """A line without the blanks at its ends; `indent` is the number of blanks before it, and `page` counts from 0."""

    start: int
    end: int
    text: str
    indent: int
    page: int


def without_invisible(text: str) -> str:
    """Removes control characters and invisible ones, such as marks that reverse the direction of writing.

    Blanks and line ends stay. The list of these characters is kept in this module only.
    """
    return _INVISIBLE.sub("", text)


def one_line(text: str) -> str:
    """Puts a text in one line with single blanks, without invisible characters: for titles, names and messages."""
    return " ".join(without_invisible(text).split())


def printable(name: str) -> str:
    """Writes the name of a file in one line, with "?" for characters that do not show, so that different names stay different."""
    return _NOT_IN_A_NAME.sub("?", name)


def for_terminal(text: str) -> str:
    """Makes a text safe to print on a terminal: it cannot move the cursor, overwrite other text or reverse it."""
    return _NOT_ON_A_TERMINAL.sub("", text)


def escaped(json: str) -> str:
    """Escapes the characters in a JSON text that `for_terminal` replaces; its value stays the same."""
    return _NOT_ON_A_TERMINAL.sub(lambda match: as_json(match[0])[1:-1], json)


def lines_of(source: str) -> Iterator[Line]:
    """Yields the lines of a source text that are not blank, in order."""
    start = page = 0
    for match in LINE_END.finditer(source):
        if line := _line(source, start, match.start(), page):
            yield line
        page += match.group() == "\f"
        start = match.end()
    if line := _line(source, start, len(source), page):
        yield line


def code_of(lines: Sequence[Line], markdown: bool) -> Iterator[bool]:
    """Yields for each line whether it is fenced code, which only Markdown has."""
    fenced = False
    for line in lines:
        fence = markdown and line.text.startswith(("```", "~~~"))
        fenced ^= fence
        yield fenced or fence


def ends_sentence(line: str) -> bool:
    """Returns whether a line ends as a sentence does, so that the next one begins a new sentence."""
    if line[-1:].isalnum():
        return False
    return line.endswith(_BRACKETS_CLOSE) or line.rstrip(_CLOSERS + _SPACES).endswith(_SENTENCE_ENDS)


def width(text: str) -> int:
    """Returns the width of a text on a screen in columns, two for each Chinese character."""
    return len(text) if text.isascii() else len(text.encode("gbk", "replace"))


def _line(source: str, start: int, end: int, page: int) -> Line | None:
    raw = source[start:end]
    text = raw.strip(_BLANK)
    if not text:
        return None
    indent = len(raw) - len(raw.lstrip(_BLANK))
    return Line(start + indent, start + indent + len(text), text, indent, page)
