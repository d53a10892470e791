"""Finds the title, date, author, publisher and language of a document in its text."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.formats import has_properties, is_table
from rag.text.language import language_of
from rag.text.lines import BYLINE, ends_sentence
from rag.text.months import ABBREVIATED_MONTH, MONTH, MONTH_NUMBERS
from rag.text.numerals import HAN_ONES, han_number
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


_HEAD_LINES = 10
_HEAD_CHARACTERS = 4000
_MAX_TITLE = 200
_MAX_BYLINE = 160
_MONTH = rf"(?P<name>{MONTH}|{ABBREVIATED_MONTH})\b\.?"
_YEAR = r"(?P<year>(?:19|20)\d{2})"
_WHEN = rf"(?:(?:{MONTH}|{ABBREVIATED_MONTH})\b|\d{{1,2}}[ ./-]|(?:19|20)\d{{2}})"
_HAN_DATE = re.compile(
    rf"([一二][〇○零{HAN_ONES}]{{3}})年([{HAN_ONES}十]{{1,2}})月((?:[一二三]?十[{HAN_ONES}]?|[{HAN_ONES}]{{1,2}}))日"
)
_DATES = (
    re.compile(rf"(?<!\d){_YEAR}\s*(?:[-/.]|年)\s*(?P<month>\d{{1,2}})\s*(?:[-/.]|月)\s*(?P<day>\d{{1,2}})(?!\d)"),
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+{_YEAR}(?!\d)", re.IGNORECASE),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}(?!\d)", re.IGNORECASE),
)
_COMPACT_DATE = re.compile(rf"(?<!\d){_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})(?!\d)")
DATE_IN_NAME = re.compile("|".join(re.sub(r"\(\?P<\w+>", "(?:", pattern.pattern) for pattern in (_DATES[0], _COMPACT_DATE)))
"""A pattern for a date in the name of a file."""

_PUBLISHERS = (
    re.compile(
        r"(?:(?:^|[\s|｜，,；;】)）:：])来源|(?:文章|信息|稿件|新闻)来源|发布(?:机构|单位)|发文机关)\s*[:：]\s*"
        r"(?P<name>[A-Za-z][\w.&'’-]*(?: [A-Z&][\w.&'’-]*)*|[^\s|｜:：【\[(（]{2,40})"
    ),
    re.compile(r"^(?:source|published by|publisher)\s*:\s*(?P<name>.{2,60}?)\s*(?:[|;]|$)", re.IGNORECASE),
    re.compile(r"^(?P<name>(?:[A-Z][\w&.-]*\s+){0,4}(?:News\s+(?:Agency|Service)|Press|Times|Daily|Post|Reuters|Xinhua))\s*,"),
    re.compile(r"^[A-Z][A-Za-z., ]{2,40}\d{1,2} \((?P<name>[A-Z][\w&. ]{1,30})\)"),
    re.compile(r"^[（(]?(?:据)?(?P<name>[\u4e00-\u9fff]{1,6}(?:社|网|报))[\u4e00-\u9fff]{0,12}\d{1,2}月\d{1,2}日(?:电|讯|消息)?"),
)
_NAME_PART = r"(?:[A-Z][\w.’'-]*|(?:de|von|van|der|den|da|di|la|le|bin|al)(?= ))"
_NAMES = rf"(?!(?:{MONTH}|{ABBREVIATED_MONTH})\b)[A-Z][\w.’'-]*(?: {_NAME_PART}){{0,4}}(?:(?:, | and | & )[A-Z][\w.’'-]*(?: {_NAME_PART}){{1,4}}){{0,5}}"
_HAN_NAMES = r"[\u4e00-\u9fff·]{2,12}(?:[、，,\s]{1,2}[\u4e00-\u9fff·]{2,12}){0,5}"
_AUTHORS = (
    re.compile(
        rf"(?:^|[\s|｜·,，;；】)）])(?:作者|撰文|撰稿人?|执笔人?)\s*[:：]\s*(?P<name>{_HAN_NAMES}|{_NAMES})(?=\s*(?:$|[|｜·;；【（(]|\s\S+[:：]|\d))"
    ),
    re.compile(
        rf"^(?:(?i:authors?)\s*:|(?i:(?:written )?by)\b:?)\s+(?P<name>{_NAMES})(?=\s*(?:$|[|·;(—–]|,?\s*(?:on\s)?{_WHEN}))"
    ),
    re.compile(rf"{_WHEN}[^|·]{{0,20}}\s*[|·,]\s*(?i:by)\s+(?P<name>{_NAMES})\s*$"),
)
_CREDIT = re.compile(r"^(?:作者|记者|责任编辑|编辑|来源|发布时间|时间|供稿)\s*[:：]|^By [A-Z]")
# The lines of a letterhead or of a form, which are not the title.
_CONTACT = re.compile(
    r"(?i:(?:tele?phone|phone|tel|fax|mobile|e-?mail|web(?:site)?|www|address|p\.?\s?o\.? box|date|ref(?:erence)?|our ref|page|to|from|cc)\b(?:\s*[:：]|\.\s*[:：]?\s*[\d+(])|www\.|https?://)"
    r"|(?:电话|传真|手机|邮箱|电子邮件|网址|地址|邮编|编号|文号|日期|联系人|联系电话|收件人|发件人)\s*[:：]"
    r"|[+(（]?\d[\d\s()（）/+.-]{5,}$|\S+@\S+\.\w+$|\d{1,5}[a-z]? [A-Z][\w .'-]{2,40}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Square|Drive)\b.{0,60}$"
)
# 主持人：何立群 above 决定：停水检修 is the first of several fields.
_FIELD = re.compile(r"[^\s：:，,。]{1,12}[：:]\s*\S")
_SUBTITLE = re.compile(r"[—–]{1,2}\s*\S")
_FRONT_MATTER = re.compile(
    r"^(?P<key>title|date|created|published|publisher|source|site|authors?|by|creator|标题|题目|日期|作者|来源)[ \t]*[:：]"
    r"(?P<value>[^\n]*(?:\n[ \t]*-[ \t]+[^\n]+)*)$",
    re.MULTILINE | re.IGNORECASE,
)
_SAME_KEY = {"authors": "author", "by": "author", "creator": "author", "作者": "author", "标题": "title", "题目": "title"} | {
    "日期": "date",
    "来源": "source",
    "created": "date",
}
_LIST_MARK = re.compile(r"\n[ \t]*-[ \t]+")
_NAME_KEY = re.compile(r"^\{?\s*name\s*:\s*", re.IGNORECASE)
_QUOTES = "\"' \t[]{}"


def describe(document: Document) -> Document:
    """Returns a cleaned document with the title, date, author, publisher and language that its text or its file's name gives.

    Metadata that the loader found in the file takes precedence, except for a title that only repeats the file's name, and for
    the properties of PDF and Office files, which come after what the text says.
    """
    own_title = document.title if document.title != Path(document.source).stem else ""
    head = [line.strip() for line in document.text[:_HEAD_CHARACTERS].splitlines() if line.strip()][:_HEAD_LINES]
    if is_table(document.source):
        head = []  # the first rows do not describe the whole table
    given = _front_matter(document)
    stated, properties = (
        (document, Document("", "", "", "")) if not has_properties(document.source) else (Document("", "", "", ""), document)
    )
    dates = (
        stated.published,
        date_in(given.get("date") or given.get("published") or ""),
        *(date_in(line) for line in head if _is_dateline(line)),
        date_in(Path(document.source).stem, compact=True),
        properties.published,
    )
    return replace(
        document,
        title=own_title or given.get("title") or _title(head) or document.title,
        published=next(filter(None, dates), ""),
        publisher=document.publisher or given.get("publisher") or given.get("source") or given.get("site") or _publisher(head),
        author=stated.author or given.get("author") or _author(head) or properties.author,
        language=language_of(document.text),
    )


def _front_matter(document: Document) -> dict[str, str]:
    block = "\n".join(edit.removed for edit in document.edits if edit.reason == "front matter")
    given: dict[str, str] = {}
    for match in _FRONT_MATTER.finditer(block):
        key = match["key"].lower()
        if value := _plain_value(match["value"], is_list=_SAME_KEY.get(key) == "author" or key == "author"):
            given.setdefault(_SAME_KEY.get(key, key), value)
    return given


def _plain_value(value: str, *, is_list: bool) -> str:
    """Returns a value of front matter without quotes; the items of a list are joined by commas."""
    items = _LIST_MARK.split(value) if "\n" in value else value.strip().strip("[]").split(",") if is_list else [value]
    return ", ".join(filter(None, (_NAME_KEY.sub("", item.strip(_QUOTES)).strip(_QUOTES) for item in items)))


def _title(head: list[str]) -> str:
    """The first Markdown heading, else the line above the byline, else the first line unless it is a sentence or a field among others."""
    for line in head:
        if match := re.match(r"#{1,2}\s+(.+?)\s*#*$", line):
            return match[1]
    byline = next((i for i, line in enumerate(head) if BYLINE.match(line)), -1)
    lines = [line for line in head[:byline] if not _CREDIT.match(line)] if byline > 0 else _without_letterhead(head[byline + 1 :])
    first = len(lines) - 1 if byline > 0 else 0
    if first > 0 and _SUBTITLE.match(lines[first]):
        first -= 1
    if (
        not lines
        or not _may_be_title(lines[first])
        or (len(lines) > first + 1 and all(map(_FIELD.match, lines[first : first + 2])))
    ):
        return ""
    subtitle = lines[first + 1] if first + 1 < len(lines) else ""
    return lines[first] + subtitle if _SUBTITLE.match(subtitle) and len(subtitle) <= 60 else lines[first]


def _without_letterhead(lines: list[str]) -> list[str]:
    """Returns the lines after a letterhead: the telephone, the address and the like before a title."""
    first = next((place for place, line in enumerate(lines) if not _CONTACT.match(line)), 0)
    return lines[first:]


def _may_be_title(line: str) -> bool:
    return len(line) <= _MAX_TITLE and (not ends_sentence(line) or line[-1] in ')）”"？?！!')


def _is_dateline(line: str) -> bool:
    """Returns whether a date in the line is the document's own: the line is a byline, or little more than a date."""
    return bool(BYLINE.match(line)) or (len(line) <= 40 and not ends_sentence(line))


def date_in(text: str, compact: bool = False) -> str:
    """Returns the first valid date in a text in ISO format, or "".

    Args:
        text: In Chinese or English.
        compact: Also reads dates without separators, such as 20211008.
    """
    return next(_dates(text, (*_DATES, _COMPACT_DATE) if compact else _DATES), "")


def _dates(text: str, patterns: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    text = unicodedata.normalize("NFKC", text)
    text = _HAN_DATE.sub(lambda match: "-".join(map(han_number, match.groups())), text)
    for pattern in patterns:
        for match in pattern.finditer(text):
            parts = match.groupdict()
            month = MONTH_NUMBERS[parts["name"].lower()] if "name" in parts else int(parts["month"])
            try:
                yield date(int(parts["year"]), month, int(parts["day"])).isoformat()
            except ValueError:
                continue


def _author(head: list[str]) -> str:
    """Returns the name in a byline; empty without one."""
    found = (pattern.search(line) for line in head if len(line) <= _MAX_BYLINE for pattern in _AUTHORS)
    return next((" ".join(match["name"].split()) for match in found if match), "")


def _publisher(head: list[str]) -> str:
    for line in head:
        for pattern in _PUBLISHERS:
            if match := pattern.search(line):
                return match["name"].strip()
    return ""
