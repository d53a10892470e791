"""The library's documents as HTML. Pure functions. Texts from a document or a file name are escaped."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

from rag.documents.naming import folders_apart
from rag.serving.public import file_name
from ui import texts
from ui.rendering import both, error, size_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from rag.library.ingestion import AddResult
    from rag.library.library import DocumentSummary
    from rag.texts import Words
    from rag.types import Document

_MAX_EDITS = 400
_MAX_LINES = 100
_MAX_QUERY = 200
DOCUMENTS_A_PAGE = 50
_MAX_REMOVED_LENGTH = 300
_CONTEXT = 40


def count(documents: Sequence[DocumentSummary], chosen: Collection[str] | None) -> str:
    """Shows the number of documents and passages, and how many documents the next question searches."""
    passages = sum(document.chunks for document in documents)
    counts = both(texts.DOCUMENT_COUNT, len(documents), f"{passages:,}")
    searched = f" · {both(texts.SEARCHES, len(chosen))}" if chosen is not None else ""
    return f'<p class="note" role="status">{counts}{searched}</p>'


def scope(total: int, chosen: Collection[str] | None) -> str:
    """Tells in the chat how many documents are searched; empty if all are."""
    return f'<p class="note">{both(texts.SCOPE, len(chosen), total)}</p>' if chosen is not None else ""


@dataclass
class Shelf:
    """One visitor's view of the documents: what to look for, in which order, the page of the list, and the ticked documents."""

    query: str = ""
    order: str = "added"
    page: int = 0
    ticked: set[str] = field(default_factory=set)

    def look_for(self, query: str, order: str) -> None:
        """Looks for other documents, or in another order, and begins at the first page."""
        self.query, self.page = query[:_MAX_QUERY].strip(), 0
        self.order = order if order in ORDERS else "added"

    def matching(self, documents: Sequence[DocumentSummary]) -> list[DocumentSummary]:
        """Returns the documents whose title, file name, author, publisher, date or collections contain every word, in order."""
        words = self.query.lower().split()
        found = [document for document in documents if all(word in _words_of(document) for word in words)]
        key, reverse = ORDERS[self.order]
        return sorted(found, key=key, reverse=reverse) if key else found[::-1]


ORDERS: dict[str, tuple[Callable[[DocumentSummary], Any] | None, bool]] = {
    "added": (None, False),
    "title": (lambda document: document.title.lower(), False),
    "published": (lambda document: document.published, True),
    "length": (lambda document: document.characters, True),
}
"""The orders of the list by name: what is compared, None for the time of adding, newest first, and whether the greatest is first."""


def _words_of(document: DocumentSummary) -> str:
    facts = (document.title, file_name(document.source), document.author, document.publisher, document.published)
    return "\n".join((*facts, *document.collections)).lower()


def formats(max_bytes: int) -> str:
    """Says which files can be read, and how large they may be."""
    return f'<p class="note"><b>{both(texts.UPLOAD)}</b>{both(texts.FORMATS, size_of(max_bytes))}</p>'


def search() -> str:
    """Shows the field to look for documents, and the order of the list."""
    options = "".join(
        f'<option value="{name}" data-zh="{escape(words.chinese)}" data-en="{escape(words.english)}">{escape(words.english)}</option>'
        for name, words in texts.ORDERS.items()
    )
    return (
        '<form role="search" data-event="input" data-live>'
        f'<label><span>{both(texts.FIND_DOCUMENTS)}</span><input type="search" name="query" maxlength="{_MAX_QUERY}"></label>'
        f'<label><span>{both(texts.ORDER)}</span><select name="order">{options}</select></label></form>'
    )


def selection(shelf: Shelf, found: int, collections: Sequence[str]) -> str:
    """Shows what can be done with the ticked documents; without any, how to tick all.

    Args:
        shelf: The visitor's view.
        found: The number of documents that it finds.
        collections: The names to offer.
    """
    if not found and not shelf.ticked:
        return ""
    every = f'<button type="button" data-event="select" data-all="true">{both(texts.TICK_ALL, found)}</button>' if found else ""
    if not shelf.ticked:
        return f'<div class="selected">{every}</div>'
    names = "".join(f'<option value="{escape(name)}"></option>' for name in collections)
    return (
        f'<div class="selected"><b role="status">{both(texts.TICKED, len(shelf.ticked))}</b>{every}'
        f'<button type="button" data-event="select" data-all="false">{both(texts.TICK_NONE)}</button>'
        f'<button type="button" data-event="apply" data-action="ask">{both(texts.ASK_ONLY_THESE)}</button>'
        f'<form data-event="apply"><label><span>{both(texts.COLLECTION)}</span>'
        f'<input name="collection" maxlength="100" list="collection-names" required></label>'
        f'<datalist id="collection-names">{names}</datalist>'
        f'<button type="submit" name="action" value="collect">{both(texts.COLLECT)}</button>'
        f'<button type="submit" name="action" value="uncollect">{both(texts.UNCOLLECT)}</button></form>'
        f"<details><summary>{both(texts.REMOVE)}</summary>"
        f'<button type="button" class="sure" data-event="apply" data-action="remove">'
        f"{both(texts.REMOVE_SEVERAL, len(shelf.ticked))}</button></details></div>"
    )


def kept_files(kept: bool, count: int, size: int) -> str:
    """Shows whether the files of documents are kept, how many, and how large they are."""
    return (
        f'<label><input type="checkbox" data-event="select"{" checked" if kept else ""}><span>{both(texts.KEEP_FILES)}</span></label>'
        f'<p class="note">{both(texts.KEEP_FILES_MEANS)} {both(texts.KEPT_FILES, count, size_of(size))}</p>'
    )


def table(documents: Sequence[DocumentSummary], chosen: Collection[str] | None, shelf: Shelf) -> str:
    """Lists a page of the documents, each with its metadata and buttons."""
    if not documents:
        return f'<div class="empty"><h2>{both(texts.NO_DOCUMENTS_YET)}</h2><p class="note">{both(texts.HOW_TO_ADD)}</p></div>'
    found = shelf.matching(documents)
    if not found:
        return f'<p class="note empty">{both(texts.NO_MATCH, shelf.query)}</p>'
    shelf.page = max(0, min(shelf.page, (len(found) - 1) // DOCUMENTS_A_PAGE))
    first = shelf.page * DOCUMENTS_A_PAGE
    searched = None if chosen is None else set(chosen)
    names = [file_name(document.source) for document in documents]
    folders = folders_apart(names, [document.source for document in documents])
    shown_as = {
        document.id: f"{folder}/{name}" if folder else name
        for document, folder, name in zip(documents, folders, names, strict=True)
    }
    rows = "".join(
        _row(document, shown_as[document.id], document.id in shelf.ticked, searched is None or document.id in searched)
        for document in found[first : first + DOCUMENTS_A_PAGE]
    )
    again = f'<button type="button" data-event="clear">{both(texts.SEARCH_ALL)}</button>' if chosen is not None else ""
    above = f'<div class="above">{again}</div>' if again else ""
    return f"{above}<ul>{rows}</ul>{_pages(first, len(found))}"


def _pages(first: int, total: int) -> str:
    """Shows which documents are listed, and buttons that lead to the others."""
    last = min(first + DOCUMENTS_A_PAGE, total)
    buttons = "".join(
        f'<button type="button" data-event="input" data-step="{step}">{both(words)}</button>'
        for step, words, there in ((-1, texts.PREVIOUS_PAGE, first > 0), (1, texts.NEXT_PAGE, last < total))
        if there
    )
    return f'<p class="note pages">{both(texts.SHOWN_OF, first + 1, last, total)} {buttons}</p>' if buttons else ""


def _row(document: DocumentSummary, file: str, ticked: bool, searched: bool) -> str:
    name, request = escape(document.id), escape(json.dumps({"id": document.id, "at": 0}))
    facts = (
        escape(file),
        escape(document.author),
        escape(document.publisher),
        escape(document.published),
        both(texts.LANGUAGES[document.language]),
        both(texts.PASSAGES_COUNT, f"{document.chunks:,}"),
        both(texts.ADDED_ON, _day(document.added)),
        both(texts.MOSTLY_SAME) if document.cluster else "",
        *map(escape, document.collections),
        "" if searched else f'<b class="left-out">{both(texts.NOT_SEARCHED)}</b>',
    )
    return (
        f'<li><input type="checkbox" data-event="select" data-id="{name}"{" checked" if ticked else ""} '
        f'aria-label="{escape(document.title)}"><div><h3>{escape(document.title)}</h3>'
        f'<p class="place">{" · ".join(filter(None, facts))}</p>'
        f'<div class="actions"><button type="button" data-document="{request}">{both(texts.OPEN_DOCUMENT)}</button>'
        f'<button type="button" data-cleaned="{request}">{both(texts.CLEANED)}</button>'
        f"<details><summary>{both(texts.EDIT_DOCUMENT)}</summary>{_form(document)}</details>"
        f"<details><summary>{both(texts.REMOVE)}</summary>"
        f'<button type="button" class="sure" data-event="delete" data-id="{name}">{both(texts.REMOVE_SURELY)}</button>'
        "</details></div></div></li>"
    )


def _form(document: DocumentSummary) -> str:
    """Shows fields to change what is known of a document."""
    fields = "".join(
        f'<label><span>{both(words)}</span><input name="{name}" value="{escape(value)}" maxlength="{most}"></label>'
        for name, words, value, most in (
            ("title", texts.TITLE, document.title, 500),
            ("published", texts.DATE, document.published, 10),
            ("author", texts.AUTHOR, document.author, 500),
        )
    )
    save = f'<button type="submit">{both(texts.SAVE_CHANGES)}</button>'
    return f'<form data-event="edit" data-id="{escape(document.id)}">{fields}{save}</form>'


def _day(moment: str) -> str:
    """Returns the local date of a time in UTC."""
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone().date().isoformat()


def adding(
    results: Sequence[AddResult], name: str, number: int, total: int, share: float, *, page: tuple[int, int] | None = None
) -> str:
    """Shows the progress of adding: the current file, the page of a scan, and the files that have failed."""
    at_page = f" {both(texts.AT_PAGE, *page)}" if page else ""
    return (
        f'<div class="progress"><p>{both(texts.ADDING, number, total)} <b>{escape(name)}</b>{at_page}</p>'
        f'<progress max="1" value="{(number - 1 + share) / total:.3f}"></progress></div>{_failures(results)}'
    )


def added(results: Sequence[AddResult]) -> str:
    """Shows the results of adding files, and why some failed."""
    counts = {status: sum(result.status == status for result in results) for status in texts.STATUSES}
    statuses = "".join(f"<li>{both(words, counts[status])}</li>" for status, words in texts.STATUSES.items() if counts[status])
    same = _some(
        f'<li class="same">{escape(result.source)}: {both(words)}</li>' for result in results if (words := _remark(result))
    )
    return f'<ul class="results" role="status">{statuses}{same}</ul>{_failures(results)}'


def _remark(result: AddResult) -> Words | None:
    """Returns a remark on a result that the visitor may not expect."""
    if result.status == "added":
        return texts.NAME_TAKEN if result.reason else None
    return {"unchanged": texts.SAME, "replaced": texts.REPLACED}.get(result.status)


def _failures(results: Sequence[AddResult]) -> str:
    failed = _some(f"<li>{error(result.reason)}</li>" for result in results if result.status == "failed")
    return f'<ul class="failures" role="alert">{failed}</ul>' if failed else ""


def _some(lines: Iterable[str]) -> str:
    """Joins the first lines and the number of the others, as an archive may contain thousands of files."""
    first = list(lines)
    more = f"<li>{both(texts.MORE_RESULTS, len(first) - _MAX_LINES)}</li>" if len(first) > _MAX_LINES else ""
    return "".join(first[:_MAX_LINES]) + more


def cleaned(document: Document) -> str:
    """Shows each change that cleaning made to a document, struck through in its place, with the reason."""
    shown = ""
    edits = [edit for edit in document.edits if edit.reason != "layout"]
    for edit in edits[:_MAX_EDITS]:
        removed = " ".join(edit.removed.split())
        removed = removed if len(removed) <= _MAX_REMOVED_LENGTH else removed[:_MAX_REMOVED_LENGTH] + "…"
        end = edit.start + len(edit.inserted)
        before, after = document.text[max(0, edit.start - _CONTEXT) : edit.start], document.text[end : end + _CONTEXT]
        reason = texts.CLEANING_REASONS.get(edit.reason)
        shown += (
            f"<li><b>{both(reason) if reason else escape(edit.reason)}</b> "
            f"{_in_one_line(before)}<del>{escape(removed) or '⏎'}</del>{_in_one_line(after)}</li>"
        )
    if not shown:
        return f'<p class="note">{both(texts.NOTHING_CLEANED)}</p>'
    more = f'<p class="note">{both(texts.MORE_CLEANED, len(edits) - _MAX_EDITS)}</p>' if len(edits) > _MAX_EDITS else ""
    return f'<ol class="cleaned">{shown}</ol>{more}'


def _in_one_line(text: str) -> str:
    """Escapes the text beside a change and reduces its white space to single spaces, also at the ends."""
    return escape(re.sub(r"\s+", " ", text))
