"""Reads the inline HTML of Markdown: raised, lowered and struck-out text, line breaks, and tags that only change the looks."""

from __future__ import annotations

import re

from rag.documents import removals
from rag.documents.loaders import scripts
from rag.documents.removals import STRUCK_OUT
from rag.text.lines import code_of, lines_of

_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_SCRIPT = re.compile(r"<(sup|sub)(?:\s[^<>]{0,200})?>([^<>]{0,200})</\1>", re.IGNORECASE)
_STRUCK = re.compile(
    r"<(s|del|strike)(?:\s[^<>]{0,200})?>((?:(?!</?t(?:able|body|foot|head|[dhr])\b).){0,2000}?)</\1>", re.IGNORECASE
)
_BREAK = re.compile(r"(?:(?<!\s)\s++)?<br\s*/?>\s*", re.IGNORECASE)
_LOOKS = re.compile(
    r"</?(?:b|i|u|em|strong|small|big|mark|kbd|code|span|font|center|q|cite|ins|abbr|time|label|p|div|details|summary|figure"
    r"|figcaption|section|article|nobr|wbr|a)(?:\s[^<>\n]{0,500})?/?>",
    re.IGNORECASE,
)


def with_inline(text: str) -> str:
    """Returns Markdown without inline HTML outside code. What is struck out is marked for `removals.record`."""
    text = removals.unmarked(text)
    if "<" not in text:
        return text
    lines = list(lines_of(text))
    parts, position = [], 0
    for line, is_code in zip(lines, code_of(lines, markdown=True), strict=True):
        if not is_code and "<" in line.text:
            parts += [text[position : line.start], _line(text[line.start : line.end])]
            position = line.end
    return "".join([*parts, text[position:]])


def _line(line: str) -> str:
    parts, position = [], 0
    for code in _CODE.finditer(line):
        parts += [_plain(line[position : code.start()]), code[0]]
        position = code.end()
    return "".join([*parts, _plain(line[position:])])


def _plain(text: str) -> str:
    text = _SCRIPT.sub(lambda match: (scripts.raised if match[1].lower() == "sup" else scripts.lowered)(match[2]), text)
    text = _STRUCK.sub(lambda match: removals.removed(_LOOKS.sub("", scripts.written(match[2])), STRUCK_OUT), text)
    return _LOOKS.sub("", _BREAK.sub(" ", scripts.written(text)))
