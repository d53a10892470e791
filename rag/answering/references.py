"""References to what an answer cites, in the styles of GB/T 7714-2015 and of APA (7th edition)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from rag.errors import DocumentNotFoundError
from rag.text.language import language_of
from rag.types import Citation, Document

Style = Literal["gbt7714", "apa"]
Find = Callable[[str], Document]
"""Returns the document with an id, or raises `DocumentNotFoundError`."""

_MONTHS = "January February March April May June July August September October November December".split()
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def references(citations: Sequence[Citation], find: Find, style: Style) -> list[str]:
    """Returns a reference for each citation, in order, with its page or, without pages, its place in characters.

    The author, publisher and date are those of the document; of one that was removed, only the title is known.

    Args:
        citations: Those of an answer.
        find: Returns the document of an id.
        style: "gbt7714" or "apa".
    """
    return [(_gbt7714 if style == "gbt7714" else _apa)(citation, _document(citation, find)) for citation in citations]


def _document(citation: Citation, find: Find) -> Document:
    try:
        return find(citation.document_id)
    except DocumentNotFoundError:
        return Document(citation.document_id, citation.title, citation.source, "", language_of(citation.title))


def _gbt7714(citation: Citation, document: Document) -> str:
    """Writes 作者. 题名[文献类型]. 出版者, 日期: 页码, and for a web page the address."""
    names = _names(document.author)
    et_al = ", 等" if document.language == "zh" else ", et al"
    authors = ", ".join(names[:3]) + (et_al if len(names) > 3 else "")
    address = _ADDRESS.fullmatch(document.source)
    title = f"{document.title}[{'EB/OL' if address else 'Z'}]"
    date = f"({document.published})" if address and document.published else document.published
    issued = ", ".join(filter(None, (document.publisher, date)))
    place = str(citation.page) if citation.page else ""
    # Without pages, the place is given behind the reference: the standard knows only pages.
    behind = "" if place else _characters(citation, chinese=document.language == "zh")
    parts = [authors, title, (f"{issued}: {place}" if issued and place else issued or place), address[0] if address else ""]
    return ". ".join(part.rstrip(".") for part in parts if part) + "." + (f" {behind}" if behind else "")


def _apa(citation: Citation, document: Document) -> str:
    """Writes Author. (Date). Title. Publisher. Address, and the page in brackets."""
    names = _names(document.author)
    listed = ", ".join(names[:-1]) + f", & {names[-1]}" if len(names) > 1 else "".join(names)
    author = listed or document.publisher
    date = f"({_apa_date(document.published)})"
    publisher = document.publisher if author != document.publisher else ""
    address = _ADDRESS.fullmatch(document.source)
    # Without an author, the title stands first.
    head = [author, date, document.title] if author else [document.title, date]
    parts = [*head, publisher, address[0] if address else ""]
    place = f"(p. {citation.page})" if citation.page else _characters(citation, chinese=False)
    text = " ".join(part if _ADDRESS.fullmatch(part) else f"{part.rstrip('.')}." for part in parts if part)
    return f"{text} {place}"


def _characters(citation: Citation, *, chinese: bool) -> str:
    return f"（第{citation.start + 1}–{citation.end}字）" if chinese else f"(characters {citation.start + 1}–{citation.end})"


def _names(author: str) -> list[str]:
    return [name.strip() for name in re.split(r"[,，、;；]", author) if name.strip()]


def _apa_date(iso: str) -> str:
    """Writes an ISO date as 2021, October 9; what is not known of it is left out."""
    year, _, rest = iso.partition("-")
    if not year:
        return "n.d."
    month, _, day = rest.partition("-")
    if not (month.isdecimal() and 1 <= int(month) <= len(_MONTHS)):
        return year
    return f"{year}, {_MONTHS[int(month) - 1]}" + (f" {int(day)}" if day.isdecimal() else "")
