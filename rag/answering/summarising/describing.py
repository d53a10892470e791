"""Describes a document in words: its kind, author, publisher, date and length."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from rag import texts
from rag.answering.composing.wording import COMMA
from rag.text import quantities
from rag.types import Document, Language


def known(document: Document, language: Language) -> str:
    """Returns what is known of a document: its kind, author, publisher, date and length."""
    kind = texts.FILE_KINDS.get(PurePosixPath(document.source.split("!")[-1]).suffix.casefold().lstrip("."))
    parts = (
        kind.in_language(language) if kind else "",
        document.author,
        document.publisher,
        written_date(document.published, language),
        written_length(document, language),
    )
    return COMMA.in_language(language).join(filter(None, parts))


def written_date(iso: str, language: Language) -> str:
    """Writes an ISO date in a language; empty for none."""
    found = next(iter(quantities.find(iso, "en")), None) if iso else None
    return quantities.render(found, language) if found and found.dates else iso


def written_length(document: Document, language: Language) -> str:
    """Writes the length of a document: its pages if it has any, and its characters or words."""
    pages = len(document.pages)
    units = re.findall(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:[.,'’-][^\W_\u3400-\u9fff]+)*", document.text)
    if document.language == "zh":
        length = texts.HAN_CHARACTERS.in_language(language, _rounded(len(units)))
    else:
        length = texts.ENGLISH_WORDS.in_language(language, _rounded(len(units)))
    if not pages:
        return length
    written_pages = (texts.PAGES if pages > 1 else texts.ONE_PAGE).in_language(language, pages)
    return COMMA.in_language(language).join((written_pages, length))


def _rounded(number: int) -> str:
    """Writes a number with two digits that count, as it is said "about"."""
    step = 10 ** max(0, len(str(number)) - 2)
    return f"{round(number / step) * step:,}"
