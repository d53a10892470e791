"""The column of documents beside the chat: count, search, order, and which documents the next question searches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from rag.serving.public import file_name
from ui import chat_texts, texts
from ui.rendering import both, in_attributes, lang

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rag.library.library import DocumentSummary

A_PAGE = 50
_MAX_QUERY = 200
_DIGITS = 4
_LEAST_YEARS = 2


@dataclass(slots=True)
class Wanted:
    """A visitor's choice of documents to list. `page` counts from 0; `new` are the ids of those that just came in."""

    query: str = ""
    order: str = "newest"
    language: str = ""
    collection: str = ""
    since: str = ""
    until: str = ""
    page: int = 0
    new: frozenset[str] = frozenset()

    def find(self, values: dict[str, Any]) -> None:
        """Takes the search, the order and the language that a visitor chose; unknown values are ignored."""
        self.query = str(values.get("query", ""))[:_MAX_QUERY].strip()
        order, language = str(values.get("order", "")), str(values.get("language", ""))
        self.order = order if order in chat_texts.ORDERS else "newest"
        self.language = language if language in texts.LANGUAGES else ""
        self.collection = str(values.get("collection", ""))[:_MAX_QUERY]
        self.since, self.until = (_year(values.get(name)) for name in ("since", "until"))
        self.page = 0

    @property
    def narrows(self) -> bool:
        """Whether some documents may not be listed."""
        return any((self.query, self.language, self.collection, self.since, self.until))


def _year(value: object) -> str:
    year = str(value)
    return year if len(year) == _DIGITS and year.isascii() and year.isdecimal() else ""


def matching(documents: Sequence[DocumentSummary], wanted: Wanted) -> list[DocumentSummary]:
    """Returns the documents that a search is for, in the order that is wanted. Each word must be in the title, file or author.

    A document without a date is not of any year.
    """
    words = wanted.query.casefold().split()
    found = [
        document
        for document in documents
        if wanted.language in ("", document.language)
        and (not wanted.collection or wanted.collection in document.collections)
        and (not wanted.since or wanted.since <= document.published[:_DIGITS])
        and (not wanted.until or "" < document.published[:_DIGITS] <= wanted.until)
        and all(
            word in f"{document.title}\n{file_name(document.source)}\n{document.author}\n{document.publisher}".casefold()
            for word in words
        )
    ]
    if wanted.order == "title":
        return sorted(found, key=lambda document: document.title.casefold())
    if wanted.order == "date":
        return sorted(found, key=lambda document: document.published, reverse=True)
    return found[::-1]


def column(documents: Sequence[DocumentSummary], chosen: Collection[str] | None, wanted: Wanted) -> str:
    """Shows a page of the documents. `chosen` are the ids of those that the next question searches, None for all."""
    if not documents:
        return f'<p class="note">{both(chat_texts.DROP_HERE)}</p>'
    found = matching(documents, wanted)
    wanted.page = max(0, min(wanted.page, (len(found) - 1) // A_PAGE))
    first = wanted.page * A_PAGE
    shown = found[first : first + A_PAGE]
    searched = None if chosen is None else set(chosen)
    items = "".join(_item(document, searched is None or document.id in searched, document.id in wanted.new) for document in shown)
    listed = f"<ul>{items}</ul>" if items else f'<p class="note">{both(chat_texts.NO_MATCH)}</p>'
    steps = "".join(
        f'<button type="button" data-event="select" data-do="page" data-step="{step}">{both(words)}</button>'
        for step, words, there in ((-1, chat_texts.BEFORE, first > 0), (1, chat_texts.AFTER, first + len(shown) < len(found)))
        if there
    )
    where = (
        f'<p class="note pages">{both(texts.SHOWN_OF, first + 1, first + len(shown), len(found))} {steps}</p>' if steps else ""
    )
    only = (
        f'<p class="all"><button type="button" data-event="select" data-do="these">{both(chat_texts.ONLY_FOUND, len(found))}</button></p>'
        if found and wanted.narrows
        else ""
    )
    return f"{_count(len(documents), chosen)}{_search(wanted, documents)}{only}{listed}{where}"


def _count(total: int, chosen: Collection[str] | None) -> str:
    searched = total if chosen is None else len(chosen)
    buttons = "".join(
        f'<button type="button" data-event="select" data-do="{do}">{both(words)}</button>'
        for do, words in (("all", chat_texts.ALL), ("none", chat_texts.NONE))
    )
    return f'<p class="count" role="status">{both(chat_texts.SEARCHED_OF, searched, total)}</p><p class="all">{buttons}</p>'


def _search(wanted: Wanted, documents: Sequence[DocumentSummary]) -> str:
    # The search has no value here: what the visitor types goes on while an answer to it is on its way.
    orders = _options(chat_texts.ORDERS, wanted.order)
    languages = _options({"": chat_texts.ANY_LANGUAGE, **texts.LANGUAGES}, wanted.language)
    return (
        f'<form class="find" role="search" data-live data-event="select" data-do="find">'
        f'<input name="query" type="search" maxlength="{_MAX_QUERY}" aria-label="{escape(str(chat_texts.FIND))}" {in_attributes(chat_texts.FIND)}>'
        f'<select name="order" aria-label="{escape(str(chat_texts.ORDER))}">{orders}</select>'
        f'<select name="language" aria-label="{escape(str(texts.LANGUAGE))}">{languages}</select>{_collections(wanted, documents)}'
        f"{_years(wanted, documents)}</form>"
    )


def _collections(wanted: Wanted, documents: Sequence[DocumentSummary]) -> str:
    """Offers the collections, where there are any."""
    names = sorted({name for document in documents for name in document.collections})
    if not names:
        return ""
    options = _options({"": chat_texts.ANY_COLLECTION}, wanted.collection) + "".join(
        f'<option value="{escape(name)}"{" selected" if name == wanted.collection else ""}>{escape(name)}</option>'
        for name in names
    )
    return f'<select name="collection" class="whole-line" aria-label="{escape(str(chat_texts.COLLECTION))}">{options}</select>'


def _years(wanted: Wanted, documents: Sequence[DocumentSummary]) -> str:
    """Offers the years of the documents as bounds, where they are of more than one."""
    years = sorted({year for document in documents if (year := _year(document.published[:_DIGITS]))}, reverse=True)
    if len(years) < _LEAST_YEARS:
        return ""
    return "".join(
        f'<select name="{name}" aria-label="{escape(str(label))}">{_options({"": anything}, current)}'
        + "".join(f'<option value="{year}"{" selected" if year == current else ""}>{year}</option>' for year in years)
        + "</select>"
        for name, label, anything, current in (
            ("since", chat_texts.SINCE, chat_texts.ANY_SINCE, wanted.since),
            ("until", chat_texts.UNTIL, chat_texts.ANY_UNTIL, wanted.until),
        )
    )


def _options(words: dict[str, Any], current: str) -> str:
    return "".join(
        f'<option value="{escape(value)}" {in_attributes(each)}{" selected" if value == current else ""}>{escape(str(each))}</option>'
        for value, each in words.items()
    )


def _item(document: DocumentSummary, searched: bool, new: bool) -> str:
    name, request = escape(document.id), escape(json.dumps({"id": document.id, "places": [], "at": 0}))
    facts = " · ".join(filter(None, (escape(file_name(document.source)), escape(document.published))))
    mark = f'<b class="mark">{both(chat_texts.NEW_DOCUMENT)}</b>' if new else ""
    return (
        f'<li><input type="checkbox" data-event="select" data-do="tick" data-id="{name}"{" checked" if searched else ""} '
        f'aria-label="{escape(document.title)}">'
        f'<button type="button" class="title" data-document="{request}" lang="{lang(document.language)}">{escape(document.title)}'
        f"<small>{facts}{mark}</small></button>"
        f'<button type="button" class="only" data-event="select" data-do="only" data-id="{name}" '
        f'aria-label="{escape(str(chat_texts.ONLY_THIS))}: {escape(document.title)}">{both(chat_texts.ONLY)}</button></li>'
    )
