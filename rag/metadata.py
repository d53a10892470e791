"""Finds what a text says of itself: title, date, publisher and language."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

from rag.cleaning import BYLINE, ends_sentence, restore
from rag.types import Document, Language

_HEAD_LINES = 10
_LONGEST_TITLE = 200
_MONTHS = "January February March April May June July August September October November December".split()
_MONTH = r"(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_DATES = (
    re.compile(r"(?<!\d)(?P<year>(?:19|20)\d{2})\s*(?:[-/.]|年)\s*(?P<month>\d{1,2})\s*(?:[-/.]|月)\s*(?P<day>\d{1,2})(?!\d)"),
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>(?:19|20)\d{{2}})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(?P<year>(?:19|20)\d{{2}})\b", re.IGNORECASE),
)
_PUBLISHERS = (
    re.compile(r"(?:来源|发布(?:机构|单位)|发文机关)\s*[:：]\s*(?P<name>[^\s|｜:：【\[(（]{2,40})"),
    re.compile(r"^(?:source|published by|publisher)\s*:\s*(?P<name>.{2,60}?)\s*(?:[|;]|$)", re.IGNORECASE),
    re.compile(r"^(?P<name>(?:[A-Z][\w&.-]*\s+){0,4}(?:News\s+(?:Agency|Service)|Press|Times|Daily|Post|Reuters|Xinhua))\s*,"),
    re.compile(r"^(?:据)?(?P<name>[\u4e00-\u9fff]{1,6}(?:社|网|报))[\u4e00-\u9fff]{0,12}\d{1,2}月\d{1,2}日(?:电|讯|消息)?"),
)
_FRONT_MATTER = re.compile(r"^(?P<key>title|date|published|publisher|source|site)\s*:\s*[\"']?(?P<value>.+?)[\"']?\s*$", re.MULTILINE | re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")


def language_of(text: str) -> Language:
    """Chinese when its characters outnumber the words in Latin letters, English otherwise.

    Every text counts as one of the two, a third language too: as English, and Japanese by its share of Han characters.
    """
    return "zh" if len(_HAN.findall(text)) > len(_WORD.findall(text)) and not len(_KANA.findall(text)) > len(_HAN.findall(text)) else "en"


def describe(document: Document) -> Document:
    """The cleaned document with its title, date, publisher and language, as far as its text or its file's name gives them."""
    head = [line.strip() for line in document.text[:4000].splitlines() if line.strip()][:_HEAD_LINES]
    given = _front_matter(document)
    short = [line for line in head if len(line) <= _LONGEST_TITLE]
    return replace(
        document,
        title=given.get("title") or _title(head) or document.title,
        published=_date(given.get("date") or given.get("published") or "")
        or next((found for line in short if (found := _date(line)) and _is_dateline(line)), "")
        or _date(Path(document.source).stem),
        publisher=given.get("publisher") or given.get("source") or given.get("site") or _publisher(head),
        language=language_of(document.text),
    )


def _front_matter(document: Document) -> dict[str, str]:
    if not any(edit.reason == "front matter" for edit in document.edits):
        return {}
    block = restore(document).split("---", 2)[1]
    return {m["key"].lower(): m["value"] for m in _FRONT_MATTER.finditer(block)}


def _title(head: list[str]) -> str:
    """The first Markdown heading, else the line above the byline, else the first line when it is no sentence."""
    for line in head:
        if match := re.match(r"#{1,2}\s+(.+?)\s*#*$", line):
            return match[1]
    byline = next((i for i, line in enumerate(head) if BYLINE.search(line)), 0)
    first = max(0, byline - 1)
    if not head or len(head[first]) > _LONGEST_TITLE or (ends_sentence(head[first]) and head[first][-1] not in ")）”\"？?！!"):
        return ""
    title = head[first]
    subtitle = head[first + 1] if first + 1 < len(head) else ""
    return title + subtitle if re.match(r"[—–]{1,2}\S", subtitle) and len(subtitle) <= 60 else title


def _is_dateline(line: str) -> bool:
    """Whether a date in the line is the document's own: it stands in a byline, or the line is little more than a date."""
    return bool(BYLINE.search(line)) or len(line) <= 40 and not ends_sentence(line)


def _date(text: str) -> str:
    for pattern in _DATES:
        if match := pattern.search(text):
            parts = match.groupdict()
            name = parts.get("name")
            month = int(parts["month"]) if not name else 1 + next(i for i, m in enumerate(_MONTHS) if m.startswith(name.title()))
            try:
                return date(int(parts["year"]), month, int(parts["day"])).isoformat()
            except ValueError:
                continue
    return ""


def _publisher(head: list[str]) -> str:
    for line in head:
        for pattern in _PUBLISHERS:
            if match := pattern.search(line):
                return match["name"].strip()
    return ""
