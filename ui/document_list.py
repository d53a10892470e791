"""The library's documents as HTML. Pure functions. Texts from a document or a file name are escaped."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING

from rag.documents.naming import folders_apart
from ui import texts
from ui.rendering import both, file_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rag.library.ingestion import AddResult
    from rag.library.library import DocumentSummary
    from rag.texts import Words
    from rag.types import Document

_MAX_EDITS = 400
_MAX_LINES = 100
_MAX_DOCUMENTS = 500
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


def table(documents: Sequence[DocumentSummary], chosen: Collection[str] | None) -> str:
    """Lists the documents, each with its metadata and buttons."""
    if not documents:
        return f'<p class="note empty">{both(texts.NO_DOCUMENTS_YET)}</p>'
    searched = None if chosen is None else set(chosen)
    names = [file_name(document.source) for document in documents]
    folders = folders_apart(names, [document.source for document in documents])
    rows = "".join(
        _row(document, f"{folder}/{name}" if folder else name, searched is None or document.id in searched)
        for document, folder, name in zip(documents[:_MAX_DOCUMENTS], folders, names, strict=False)
    )
    left = len(documents) - _MAX_DOCUMENTS
    more = f'<p class="note">{both(texts.MAX_SHOWN, _MAX_DOCUMENTS, f"{left:,}")}</p>' if left > 0 else ""
    again = f'<button type="button" data-event="clear">{both(texts.SEARCH_ALL)}</button>' if len(documents) > 1 else ""
    return f'<div class="above"><span>{both(texts.SEARCHED)}</span>{again}</div><ul>{rows}</ul>{more}'


def _row(document: DocumentSummary, file: str, searched: bool) -> str:
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
    )
    return (
        f'<li><input type="checkbox" data-event="select" data-id="{name}"{" checked" if searched else ""} '
        f'aria-label="{escape(document.title)}"><div><h3>{escape(document.title)}</h3>'
        f'<p class="place">{" · ".join(filter(None, facts))}</p>'
        f'<p class="actions"><button type="button" data-document="{request}">{both(texts.OPEN_DOCUMENT)}</button>'
        f'<button type="button" data-cleaned="{request}">{both(texts.CLEANED)}</button></p></div>'
        f"<details><summary>{both(texts.REMOVE)}</summary>"
        f'<button type="button" class="sure" data-event="delete" data-id="{name}">{both(texts.REMOVE_SURELY)}</button>'
        "</details></li>"
    )


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
    failed = _some(f"<li>{escape(result.reason)}</li>" for result in results if result.status == "failed")
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
        return f'<h2>{escape(document.title)}</h2><p class="note">{both(texts.NOTHING_CLEANED)}</p>'
    more = f'<p class="note">{both(texts.MORE_CLEANED, len(edits) - _MAX_EDITS)}</p>' if len(edits) > _MAX_EDITS else ""
    return f'<h2>{escape(document.title)}</h2><p class="place">{both(texts.CLEANED)}</p><ol class="cleaned">{shown}</ol>{more}'


def _in_one_line(text: str) -> str:
    """Escapes the text beside a change and reduces its white space to single spaces, also at the ends."""
    return escape(re.sub(r"\s+", " ", text))
