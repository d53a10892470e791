"""The documents page: lists, adds and removes documents, and chooses those that the next question searches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.documents.loaders import steps, suffixes
from rag.errors import YinjuError
from rag.library.ingestion import AddResult, Progress
from ui import document_list, rendering, texts
from ui.parts import QUIET, html

if TYPE_CHECKING:
    from rag.library.library import Library
    from ui.labels import Labels

logger = logging.getLogger("yinju")

# A thread that serves pages must not wait for long while documents are added.
_SECONDS_TO_WAIT = 1.0

Report = Callable[[str], None]
"""Called with HTML that shows the progress of the work."""


class DocumentsPage:
    """The page's components. Must be created inside a `gr.Blocks`."""

    def __init__(self, library: Library, labels: Labels, chosen: gr.State, scope: gr.HTML, blocks: gr.Blocks) -> None:
        """Builds the page.

        Args:
            library: The library to show and change.
            labels: Takes the texts on components.
            chosen: Takes the ids of the documents to search, None for all.
            scope: Shows in the chat which documents are searched.
            blocks: The window.
        """
        self._library = library
        with gr.Column(elem_id="documents-page"):
            upload = labels.on(
                gr.File(file_count="multiple", file_types=suffixes(), height=132, show_label=False, elem_id="upload"),
                label=texts.UPLOAD,
            )
            with gr.Row(elem_id="about-collections"):
                into = labels.on(gr.Textbox(max_lines=1, elem_id="into-collection"), label=texts.INTO_COLLECTION)
                within = labels.on(
                    gr.Dropdown([], multiselect=True, elem_id="within-collections"), label=texts.WITHIN_COLLECTIONS
                )
            state = html("", "adding")
            with gr.Row(elem_id="above-list"):
                count = html("", "document-count")
                reindex = labels.on(gr.Button(size="sm", elem_id="reindex", scale=0), value=texts.REINDEX)
            listed = html("", "documents", server_functions=[self._text, self._cleaned])
        everything = [upload, state, count, listed, chosen, scope, within]
        at_once: dict[str, Any] = {"queue": False, **QUIET}
        upload.upload(self._add, [upload, chosen, into], everything, concurrency_limit=1, **QUIET)
        reindex.click(self._reindex, chosen, everything, concurrency_limit=1, **QUIET)
        listed.delete(self._remove, chosen, everything, **at_once)
        listed.select(self._choose, chosen, [count, chosen, scope], **at_once)
        within.input(self._choose_collections, within, everything, **at_once)
        listed.clear(self._choose_all, None, everything, **at_once)
        blocks.load(self._show, chosen, everything, **at_once)
        self._parts = everything

    def _show(self, chosen: list[str] | None, state: str = "") -> dict[Any, Any]:
        _upload, adding, count, listed, chosen_state, scope, within = self._parts
        try:
            documents, collections = self._library.documents(), list(self._library.collections())
        except YinjuError as error:
            return {adding: rendering.problem(str(error))}
        ids = {document.id for document in documents}
        chosen = [name for name in chosen if name in ids] if chosen is not None else None
        return {
            adding: state,
            count: document_list.count(documents, chosen),
            listed: document_list.table(documents, chosen),
            chosen_state: chosen,
            scope: document_list.scope(len(documents), chosen),
            within: gr.update(choices=collections) if chosen is not None else gr.update(choices=collections, value=[]),
        }

    def _add(self, files: list[str] | None, chosen: list[str] | None, collection: str | None = "") -> Iterator[dict[Any, Any]]:
        """Adds files one after the other, and names those that fail with the reason.

        If the visitor chose documents to search, new ones are added to the choice.
        """
        paths = [Path(str(file)) for file in files or ()]

        def work(report: Report) -> str:
            results: list[AddResult] = []
            for number, path in enumerate(paths, 1):
                name = path.name
                report(document_list.adding(results, name, number, len(paths), 0.0))

                def show(progress: Progress, name: str = name, number: int = number) -> None:
                    report(document_list.adding(results, name, number, len(paths), progress.done / max(1, progress.total)))

                def show_page(page: int, pages: int, name: str = name, number: int = number) -> None:
                    report(document_list.adding(results, name, number, len(paths), page / pages, page=(page, pages)))

                try:
                    with steps.told(show_page):
                        added = self._library.add_upload(path, name, show, (collection or "").strip())
                except YinjuError as error:
                    added = [AddResult(name, "failed", reason=f"{name}: {error}")]
                finally:
                    path.unlink(missing_ok=True)
                results.extend(added)
                if chosen is not None:
                    chosen.extend({result.document_id: None for result in added if result.document_id not in ("", *chosen)})
            return document_list.added(results)

        yield from self._watched(work, chosen)

    def _reindex(self, chosen: list[str] | None) -> Iterator[dict[Any, Any]]:
        def work(report: Report) -> str:
            total = len(self._library)
            seen: set[str] = set()

            def show(progress: Progress) -> None:
                seen.add(progress.source)
                name, share = rendering.file_name(progress.source), progress.done / max(1, progress.total)
                report(document_list.adding([], name, len(seen), total, share))

            return f'<p class="note">{rendering.both(texts.REINDEXED, self._library.reindex(show))}</p>'

        yield from self._watched(work, chosen)

    def _watched(self, work: Callable[[Report], str], chosen: list[str] | None) -> Iterator[dict[Any, Any]]:
        """Does work in a thread of its own, and shows its reports and then the documents."""
        upload, adding, *_ = self._parts
        reports: SimpleQueue[str | None] = SimpleQueue()
        last = ""

        def run() -> None:
            nonlocal last
            try:
                last = work(reports.put)
            except YinjuError as error:
                last = rendering.problem(str(error))
            except Exception:
                logger.exception("could not change the library")
                last = rendering.problem(str(texts.UNEXPECTED))
            finally:
                reports.put(None)

        Thread(target=run, daemon=True).start()
        while (report := reports.get()) is not None:
            yield {adding: report}
        yield self._show(chosen, last) | {upload: None}

    def _remove(self, chosen: list[str] | None, event: gr.EventData) -> dict[Any, Any]:
        try:
            removed = self._library.remove(str(event._data.get("id", "")), wait=_SECONDS_TO_WAIT)
        except YinjuError as error:
            return self._show(chosen, rendering.problem(str(error)))
        return self._show(chosen, f'<p class="note">{rendering.both(texts.REMOVED, removed.title)}</p>')

    def _choose(self, chosen: list[str] | None, event: gr.EventData) -> dict[Any, Any]:
        """Adds one document to the search or removes it. If all are chosen, later documents are searched too."""
        documents = self._library.documents()
        name, wanted = str(event._data.get("id", "")), bool(event._data.get("checked"))
        ids = [document.id for document in documents]
        now = [document_id for document_id in ids if (wanted if document_id == name else chosen is None or document_id in chosen)]
        kept = None if len(now) == len(ids) else now
        _upload, _adding, count, _listed, chosen_state, scope, _within = self._parts
        return {
            count: document_list.count(documents, kept),
            chosen_state: kept,
            scope: document_list.scope(len(ids), kept),
        }

    def _choose_collections(self, names: list[str]) -> dict[Any, Any]:
        """Searches the documents of these collections, or all if the list is empty."""
        try:
            return self._show(self._library.select(names) if names else None)
        except YinjuError as error:
            return self._show(None, rendering.problem(str(error)))

    def _choose_all(self) -> dict[Any, Any]:
        return self._show(None)

    # -- called by the page's script ----------------------------------------------------------------------------------

    @property
    def _text(self) -> Callable[[Any], str]:
        def document(request: Any) -> str:
            """Returns the text of a document: `{"id": …}`."""
            return self._of_document(request, lambda document: rendering.whole_document(document, ()))

        return document

    @property
    def _cleaned(self) -> Callable[[Any], str]:
        def cleaned(request: Any) -> str:
            """Returns the changes of cleaning to a document: `{"id": …}`."""
            return self._of_document(request, document_list.cleaned)

        return cleaned

    def _of_document(self, request: Any, shown: Callable[[Any], str]) -> str:
        try:
            return shown(self._library.document(str(request["id"])))
        except (YinjuError, KeyError, TypeError):
            return f'<p class="note">{rendering.both(texts.GONE)}</p>'
