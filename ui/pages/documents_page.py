"""The documents page: lists, adds, describes and removes documents, and chooses those that the next question searches."""

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
from rag.serving import public
from ui import document_list, rendering, texts
from ui.document_list import Shelf
from ui.parts import QUIET, html

if TYPE_CHECKING:
    from rag.library.library import Library
    from ui.labels import Labels

logger = logging.getLogger("yinju")

# A thread that serves pages must not wait for long while documents are added.
_SECONDS_TO_WAIT = 1.0

Report = Callable[[str], None]
"""Called with HTML that shows the progress of the work."""

Updates = dict[Any, Any]


class DocumentsPage:
    """The page's components. Must be created inside a `gr.Blocks`."""

    def __init__(
        self,
        library: Library,
        labels: Labels,
        chosen: gr.State,
        scope: gr.HTML,
        blocks: gr.Blocks,
        *,
        may_keep_files: bool = True,
    ) -> None:
        """Builds the page.

        Args:
            library: The library to show and change.
            labels: Takes the texts on components.
            chosen: Takes the ids of the documents to search, None for all.
            scope: Shows in the chat which documents are searched.
            blocks: The window.
            may_keep_files: Lets visitors decide whether the library keeps the files of its documents.
        """
        self._library, self._may_keep_files = library, may_keep_files
        shelf: gr.State = gr.State(Shelf())
        self._chosen, self._scope, self._shelf = chosen, scope, shelf
        with gr.Column(elem_id="documents-page"):
            self._upload = labels.on(
                gr.File(file_count="multiple", file_types=suffixes(), height=132, show_label=False, elem_id="upload"),
                label=texts.UPLOAD,
            )
            gr.HTML(document_list.formats(library.max_file_bytes), elem_id="formats", apply_default_css=False)
            with gr.Row(elem_id="about-collections"):
                into = labels.on(gr.Textbox(max_lines=1, elem_id="into-collection"), label=texts.INTO_COLLECTION)
                self._within = labels.on(
                    gr.Dropdown([], multiselect=True, elem_id="within-collections"), label=texts.WITHIN_COLLECTIONS
                )
            self._state = html("", "adding")
            with gr.Row(elem_id="above-list"):
                self._count = html("", "document-count")
                self._reindex_button = labels.on(gr.Button(size="sm", elem_id="reindex", scale=0), value=texts.REINDEX)
            find = html(document_list.search(), "find-documents")
            self._selection = html("", "selection")
            self._listed = html("", "documents")
            keep = html("", "keep-files")
            self._keep = keep
        everything = [
            *(self._upload, self._state, self._count, self._listed, self._selection, self._reindex_button, self._within),
            *(chosen, scope, shelf, keep),
        ]
        at_once: dict[str, Any] = {"queue": False, **QUIET}
        state = [chosen, shelf]
        self._upload.upload(self._add, [self._upload, *state, into], everything, concurrency_limit=1, **QUIET)
        self._reindex_button.click(self._reindex, state, everything, concurrency_limit=1, **QUIET)
        find.input(self._search, state, everything, **at_once)
        self._listed.input(self._turn_page, state, everything, **at_once)
        self._listed.select(self._tick, state, [self._selection, shelf], **at_once)
        self._listed.edit(self._edit, state, everything, **at_once)
        self._listed.delete(self._remove, state, everything, **at_once)
        self._listed.clear(self._choose_all, state, everything, **at_once)
        self._selection.select(self._tick_all, state, everything, **at_once)
        self._selection.apply(self._apply, state, everything, **at_once)
        self._within.input(self._choose_collections, [self._within, shelf], everything, **at_once)
        keep.select(self._keep_files, state, everything, **at_once)
        blocks.load(self._show, state, everything, **at_once)
        self._everything, self._at_once = everything, at_once

    def show_on(self, tab: gr.Tab) -> None:
        """Shows the documents again whenever the tab is opened, as the documents to search are also chosen beside the chat."""
        tab.select(self._show, [self._chosen, self._shelf], self._everything, **self._at_once)

    # -- what is shown ------------------------------------------------------------------------------------------------

    def _show(self, chosen: list[str] | None, shelf: Shelf, state: str = "") -> Updates:
        try:
            documents, collections = self._library.documents(), list(self._library.collections())
            originals = self._library.originals
            kept = document_list.kept_files(originals.kept, *originals.size()) if self._may_keep_files else ""
        except YinjuError as error:
            return {self._state: rendering.problem(str(error), texts.NOT_DONE)}
        ids = {document.id for document in documents}
        chosen = [name for name in chosen if name in ids] if chosen is not None else None
        shelf.ticked &= ids
        return {
            self._state: state,
            self._count: document_list.count(documents, chosen),
            self._listed: document_list.table(documents, chosen, shelf),
            self._selection: document_list.selection(shelf, len(shelf.matching(documents)), collections),
            self._chosen: chosen,
            self._shelf: shelf,
            self._scope: document_list.scope(len(documents), chosen),
            self._within: gr.update(choices=collections) if chosen is not None else gr.update(choices=collections, value=[]),
            self._keep: kept,
        }

    def _search(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        shelf.look_for(str(event._data.get("query", "")), str(event._data.get("order", "")))
        return self._show(chosen, shelf)

    def _turn_page(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        shelf.page += {"-1": -1, "1": 1}.get(str(event._data.get("step", "")), 0)
        return self._show(chosen, shelf)

    # -- adding -------------------------------------------------------------------------------------------------------

    def _add(
        self, files: list[str] | None, chosen: list[str] | None, shelf: Shelf, collection: str | None = ""
    ) -> Iterator[Updates]:
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

        yield from self._watched(work, chosen, shelf)

    def _reindex(self, chosen: list[str] | None, shelf: Shelf) -> Iterator[Updates]:
        def work(report: Report) -> str:
            total = len(self._library)
            seen: set[str] = set()
            report(f'<p class="status" role="status">{rendering.both(texts.REINDEXING)}</p>')

            def show(progress: Progress) -> None:
                seen.add(progress.source)
                name, share = public.file_name(progress.source), progress.done / max(1, progress.total)
                report(document_list.adding([], name, len(seen), total, share))

            return f'<p class="note" role="status">{rendering.both(texts.REINDEXED, self._library.reindex(show))}</p>'

        yield from self._watched(work, chosen, shelf)

    def _watched(self, work: Callable[[Report], str], chosen: list[str] | None, shelf: Shelf) -> Iterator[Updates]:
        """Does work in a thread of its own, and shows its reports and then the documents."""
        reports: SimpleQueue[str | None] = SimpleQueue()
        last = ""

        def run() -> None:
            nonlocal last
            try:
                last = work(reports.put)
            except YinjuError as error:
                last = rendering.problem(str(error), texts.NOT_DONE)
            except Exception:
                logger.exception("could not change the library")
                last = rendering.problem(texts.UNEXPECTED.english, texts.NOT_DONE)
            finally:
                reports.put(None)

        Thread(target=run, daemon=True).start()
        busy: Updates = {self._reindex_button: gr.update(interactive=False)}
        while (report := reports.get()) is not None:
            yield {self._state: report} | busy
            busy = {}
        done: Updates = {self._upload: None, self._reindex_button: gr.update(interactive=True)}
        yield self._show(chosen, shelf, last) | done

    # -- changing documents -------------------------------------------------------------------------------------------

    def _changed(self, chosen: list[str] | None, shelf: Shelf, change: Callable[[], str]) -> Updates:
        """Makes a change that returns what to say about it; if it fails, says why."""
        try:
            said = change()
        except YinjuError as error:
            return self._show(chosen, shelf, rendering.problem(str(error), texts.NOT_DONE))
        return self._show(chosen, shelf, f'<p class="note" role="status">{said}</p>' if said else "")

    def _remove(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        def remove() -> str:
            removed = self._library.remove(str(event._data.get("id", "")), wait=_SECONDS_TO_WAIT)
            return rendering.both(texts.REMOVED, removed.title)

        return self._changed(chosen, shelf, remove)

    def _edit(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        values = {name: str(event._data.get(name, "")) for name in ("title", "published", "author")}
        try:
            document = self._library.edit(str(event._data.get("id", "")), **values)
        except YinjuError as error:
            # The list is left as it is, with what the visitor wrote.
            return {self._state: rendering.problem(str(error), texts.NOT_DONE)}
        said = rendering.both(texts.EDITED, document.title)
        return self._show(chosen, shelf, f'<p class="note" role="status">{said}</p>')

    def _apply(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        """Does to the ticked documents what a button of the selection says."""
        action, name = str(event._data.get("action", "")), str(event._data.get("collection", ""))
        ticked = sorted(shelf.ticked)
        match action:
            case "ask" if ticked:
                return self._show(ticked, shelf)
            case "remove":
                return self._changed(
                    chosen, shelf, lambda: rendering.both(texts.REMOVED_SEVERAL, self._library.remove_all(ticked))
                )
            case "collect":
                return self._changed(chosen, shelf, lambda: self._collect(name, ticked))
            case "uncollect":
                return self._changed(chosen, shelf, lambda: self._uncollect(name, ticked))
        return self._show(chosen, shelf)

    def _collect(self, name: str, ticked: list[str]) -> str:
        self._library.collect(name, ticked)
        return rendering.both(texts.COLLECTED, name.strip(), len(ticked))

    def _uncollect(self, name: str, ticked: list[str]) -> str:
        self._library.uncollect(" ".join(name.split()), ticked)
        return rendering.both(texts.UNCOLLECTED, name.strip(), len(ticked))

    def _keep_files(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        def keep() -> str:
            if self._may_keep_files:
                self._library.originals.keep(bool(event._data.get("checked")))
            return ""

        return self._changed(chosen, shelf, keep)

    # -- choosing -----------------------------------------------------------------------------------------------------

    def _tick(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        """Ticks one document, or takes its tick away."""
        documents = self._library.documents()
        name = str(event._data.get("id", ""))
        if event._data.get("checked") and any(document.id == name for document in documents):
            shelf.ticked.add(name)
        else:
            shelf.ticked.discard(name)
        found = len(shelf.matching(documents))
        return {
            self._selection: document_list.selection(shelf, found, list(self._library.collections())),
            self._shelf: shelf,
        }

    def _tick_all(self, chosen: list[str] | None, shelf: Shelf, event: gr.EventData) -> Updates:
        """Ticks all documents that the search found, or takes all ticks away."""
        all_found = {document.id for document in shelf.matching(self._library.documents())}
        shelf.ticked = all_found if event._data.get("all") == "true" else set()
        return self._show(chosen, shelf)

    def _choose_collections(self, names: list[str], shelf: Shelf) -> Updates:
        """Searches the documents of these collections, or all if the list is empty."""
        try:
            return self._show(self._library.select(names) if names else None, shelf)
        except YinjuError as error:
            return self._show(None, shelf, rendering.problem(str(error), texts.NOT_DONE))

    def _choose_all(self, chosen: list[str] | None, shelf: Shelf) -> Updates:
        return self._show(None, shelf)
