"""The words of a document's file name and folder, which often carry its subject and date: 会议/2026-03-12 水务会议.txt."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from pathlib import PurePosixPath

from rag.documents.metadata import DATE_IN_NAME, date_in
from rag.text.language import language_of
from rag.text.months import MONTHS
from rag.text.questions import QUESTION_WORDS
from rag.text.scripts import to_simplified
from rag.types import Language

# Folders that say where files are, not what they are about.
_GENERAL = frozenset(
    "archive data desktop docs documents download downloads files folder home import input misc notes public shared source sources temp "
    "test tests text texts user users work 文档 文件 文件夹 资料 下载 桌面 我的文档 新建文件夹 数据".split()
)
_ADDRESS = re.compile(r"^[a-z][a-z\d+.-]*://", re.IGNORECASE)
_LINE = re.compile(r"#\d+$")
_SUFFIX = re.compile(r"(?:\.(?:[A-Za-z][A-Za-z\d]{0,8}))+$")
_WORD = re.compile(r"[\u3400-\u9fff]{2,}|[^\W\d_]{3,}")
_HAN = re.compile(r"[\u3400-\u9fff]{2,}")


def subject_of(source: str, language: Language) -> str:
    """Returns the words of a source's folder and file name that are in the script of a language; empty without any.

    Dates, numbers and codes are left out, as are the names of general folders such as "documents".
    """
    is_han = language == "zh"
    return " ".join(word for part in _parts(source) for word in _WORD.findall(part) if bool(_HAN.fullmatch(word)) == is_han)


def context_of(source: str, question: str, known: str) -> str:
    """Returns the folder and the name of a file, its date written out, if a question mentions what only they say; else "".

    Args:
        source: The source of a document.
        question: The question.
        known: What the document itself says: title, headings and text.
    """
    parts = _parts(source)
    day = date_in(PurePosixPath(_path(source)).name, compact=True)
    mentions = units(" ".join(parts)) & units(question) - units(known)
    if not mentions and not (day and _mentions_day(_folded(question), day) and not _mentions_day(_folded(known), day)):
        return ""
    written = _written(day, language_of(known)) if day else ""
    return " ".join(filter(None, (*parts[:-1], written, *parts[-1:])))


def _path(source: str) -> str:
    """Returns the path of a source with `/` between folders, without the number of a line."""
    return _LINE.sub("", source).replace("\\", "/").rstrip("/")


def _parts(source: str) -> list[str]:
    """Returns the folder, unless it is a general one, and the file name without suffixes and dates; each with blanks between words."""
    path = _path(source)
    pieces = path.split("/")
    name = _SUFFIX.sub("", pieces[-1])
    folder = pieces[-2] if len(pieces) > 1 and not _ADDRESS.match(path) else ""
    if folder.casefold() in _GENERAL or not _WORD.fullmatch(re.sub(r"[\s_-]", "", folder)):
        folder = ""
    blanked = (re.sub(r"[\s_+.,;~-]+", " ", DATE_IN_NAME.sub(" ", part)).strip() for part in (folder, name))
    return [part for part in blanked if part]


def _folded(text: str) -> str:
    return to_simplified(unicodedata.normalize("NFKC", text)).casefold()


def units(text: str) -> set[str]:
    """Returns the Latin words and the pairs of Chinese characters of a text, in simplified characters, without those that only ask."""
    folded = _folded(text)
    han = (run[i : i + 2] for run in _HAN.findall(folded) for i in range(len(run) - 1))
    words = re.findall(r"[^\W\d_\u3400-\u9fff]{3,}", folded)
    return {unit for unit in (*han, *words) if unit not in QUESTION_WORDS and unit != "the"}


def _mentions_day(text: str, day: str) -> bool:
    when = date.fromisoformat(day)
    english = rf"{MONTHS[when.month - 1].casefold()} {when.day}\b|\b{when.day}(?:st|nd|rd|th)? (?:of )?{MONTHS[when.month - 1].casefold()}"
    return bool(re.search(rf"(?<!\d)0?{when.month}月0?{when.day}[日号]|\b{english}", text)) or day in text


def _written(day: str, language: Language) -> str:
    when = date.fromisoformat(day)
    if language == "zh":
        return f"{when.year}年{when.month}月{when.day}日"
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}"
