"""The column of documents beside the chat, which chooses the documents to search, and takes files that are dropped on the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.documents.fetching import is_url
from rag.errors import YinjuError
from ui import document_list, rendering
from ui.adding import added
from ui.parts import QUIET, html
from ui.views.arriving import offer
from ui.views.column import Wanted, column, matching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.library.ingestion import AddResult
    from ui.chat import Documents


MAX_ADDRESSES = 20


class _Wanted(Wanted):
    def __deepcopy__(self, memo: dict[int, Any]) -> _Wanted:
        """Returns the choice with which each visitor starts."""
        return _Wanted()


class DocumentsColumn:
    """The column's components. Must be created inside a `gr.Blocks`."""

    def __init__(self, library: Documents, *, may_fetch: bool = True) -> None:
        """Builds the column. `arriving`, which tells of files on their way in, and `offer` are rendered by the page.

        Args:
            library: The library to show.
            may_fetch: Lets visitors add web pages by their addresses, which this machine then requests.
        """
        self._library = library
        self._wanted: gr.State = gr.State(_Wanted())
        self._listed = html("", "beside")
        self._may_fetch = may_fetch
        self._dropped = gr.File(file_count="multiple", visible="hidden", elem_id="dropped", show_label=False)
        self.arriving = html("", "arriving", render=False)
        self.offer = html(offer(may_fetch), "offer", render=False)
        """Offers to add the addresses that were pasted."""
        self.arrived: gr.State = gr.State([])
        """The ids of the documents that came in last."""

    def connect(self, chosen: gr.State, scope: gr.HTML, tab: gr.Tab, blocks: gr.Blocks) -> Any:
        """Connects the column with the choice of documents; returns the events after which dropped files or pasted addresses are in the library.

        Args:
            chosen: The ids of the documents to search, None for all.
            scope: Tells above the question which documents are searched.
            tab: The tab of the chat.
            blocks: The window.
        """
        inputs, outputs = [chosen, self._wanted], [self._listed, chosen, scope]
        at_once: dict[str, Any] = {"queue": False, **QUIET}
        self._outputs = outputs
        self._listed.select(self._do, inputs, outputs, **at_once)
        blocks.load(self._show, inputs, self._listed, **at_once)
        tab.select(self._show, inputs, self._listed, **at_once)
        taken = [self._dropped, self.arriving, self._listed, chosen, scope, self.arrived]
        adding: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "adding", **QUIET}
        fetched = self.offer.submit(self._fetch, inputs, taken, **adding)
        return [self._dropped.upload(self._take, [self._dropped, *inputs], taken, **adding), fetched]

    def _show(self, chosen: list[str] | None, wanted: Wanted) -> str:
        try:
            return column(self._library.documents(), chosen, wanted)
        except YinjuError as error:
            return rendering.problem(str(error))

    def _do(self, chosen: list[str] | None, wanted: Wanted, event: gr.EventData) -> tuple[Any, ...]:
        """Does what was clicked: ticks a document, searches all, none or only one, finds, or turns the page."""
        values = event._data
        try:
            documents = self._library.documents()
        except YinjuError as error:
            return rendering.problem(str(error)), gr.skip(), gr.skip()
        ids = [document.id for document in documents]
        named = str(values.get("id", ""))
        match str(values.get("do", "")):
            case "tick":
                ticked = bool(values.get("checked"))
                now = [each for each in ids if (ticked if each == named else chosen is None or each in chosen)]
                chosen = None if len(now) == len(ids) else now
            case "only" if named in ids:
                chosen = [named]
            case "all":
                chosen = None
            case "none":
                chosen = []
            case "these":
                found = {document.id for document in matching(documents, wanted)}
                chosen = None if len(found) == len(ids) else [each for each in ids if each in found]
            case "find":
                wanted.find(values)
            case "page":
                wanted.page += {"-1": -1, "1": 1}.get(str(values.get("step", "")), 0)
        return column(documents, chosen, wanted), chosen, document_list.scope(len(ids), chosen)

    def _take(self, files: list[str] | None, chosen: list[str] | None, wanted: Wanted) -> Iterator[dict[Any, Any]]:
        """Adds files."""
        yield from self._added([Path(str(file)) for file in files or ()], chosen, wanted)

    def _fetch(self, chosen: list[str] | None, wanted: Wanted, event: gr.EventData) -> Iterator[dict[Any, Any]]:
        """Fetches the pages of pasted addresses and adds them, if visitors may do that."""
        given = str(event._data.get("addresses", "")).split() if self._may_fetch else []
        yield from self._added([address for address in dict.fromkeys(given) if is_url(address)][:MAX_ADDRESSES], chosen, wanted)

    def _added(self, items: Sequence[Path | str], chosen: list[str] | None, wanted: Wanted) -> Iterator[dict[Any, Any]]:
        """Adds files and addresses. New documents are marked and stand on top; if the visitor chose documents, they join the choice."""
        listed, chosen_state, scope = self._outputs
        results: list[AddResult] = []
        for report, finished in added(self._library, items):
            results = finished
            yield {self.arriving: report}
        ids = [result.document_id for result in results if result.status in ("added", "replaced") and result.document_id]
        wanted.find({})
        wanted.new = frozenset(ids)
        if chosen is not None:
            chosen = [*chosen, *(each for each in ids if each not in chosen)]
        yield {
            self._dropped: None,
            listed: self._show(chosen, wanted),
            chosen_state: chosen,
            scope: document_list.scope(len(self._library), chosen),
            self.arrived: ids,
        }
