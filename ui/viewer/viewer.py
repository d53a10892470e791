"""The dialog that shows a whole document, and its functions on the server."""

from __future__ import annotations

import logging
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.documents.sandbox import Parser
from rag.documents.viewing.quotes import page_quotes
from rag.errors import LoadError, YinjuError
from rag.serving import public
from ui import document_list, rendering, texts
from ui.parts import script
from ui.rendering import both
from ui.viewer import shown
from ui.viewer.shown import Request

if TYPE_CHECKING:
    from rag.documents.viewing.pdf_pages import Box
    from rag.documents.viewing.quotes import PageQuote
    from rag.library.originals import Originals
    from rag.texts import Words
    from rag.types import Document

    Sizes = tuple[tuple[float, float], ...]
    Boxes = tuple[Box, ...]

logger = logging.getLogger("yinju")

PAGE_WIDTH = 1240
_SECONDS = 20.0


class Library(Protocol):
    """The part of a library that the viewer reads."""

    @property
    def originals(self) -> Originals: ...

    def document(self, document_id: str, /) -> Document: ...


class Pages:
    """Reads pages of the files that a library has kept."""

    def __init__(self, library: Library) -> None:
        self._library = library
        # A page that takes long must not keep documents from being added.
        self._parser = Parser(seconds=_SECONDS)

    def original(self, document: Document) -> Path | None:
        """Returns the kept file that is this document; None if it is not kept, or only as a part of an archive."""
        return self._library.originals.find(document.source)

    def pdf(self, document: Document) -> Path | None:
        """Returns the kept PDF file of a document."""
        file = self.original(document) if document.pages else None
        if file is None:
            return None
        with file.open("rb") as opened:
            return file if b"%PDF-" in opened.read(1024) else None

    def view(self, document: Document, file: Path, request: Request) -> tuple[Sizes, list[tuple[PageQuote, Boxes]]]:
        """Returns the sizes of the pages, and the quotes with their boxes.

        Raises:
            LoadError: The file cannot be shown.
        """
        quotes = page_quotes(document, request.sought)
        view = self._parser.view(file, public.file_name(document.source), quotes)
        return view.sizes, list(zip(quotes, view.boxes, strict=True))

    def draw(self, document: Document, number: int) -> bytes | None:
        """Draws a page as a PNG file; None if the file is not kept or has no such page."""
        file = self.pdf(document)
        if file is None:
            return None
        try:
            picture = self._parser.view(file, public.file_name(document.source), draw=number, width=PAGE_WIDTH).picture
        except LoadError:
            return None
        return picture.png() if picture else None


def dialog(library: Library, pages: Pages) -> Any:
    """Returns a component with the dialog, which `window.yinju.openDocument` opens."""
    import gradio as gr

    functions: list[Callable[[Any], Any]] = [_show(library, pages), _find(library), _cleaned(library)]
    return gr.HTML(
        _frame(),
        elem_id="viewer",
        js_on_load=script(Path(__file__).parent / "viewer.js"),
        apply_default_css=False,
        server_functions=functions,
    )


def _show(library: Library, pages: Pages) -> Callable[[Any], dict[str, Any]]:
    def show(request: Any) -> dict[str, Any]:
        """Returns a part of a document as HTML; see `Request` for the keys."""
        return _answered(library, request, lambda document, wanted: _shown(document, wanted, pages))

    return show


def _find(library: Library) -> Callable[[Any], dict[str, Any]]:
    def find(request: Any) -> dict[str, Any]:
        """Returns the places that contain a text: `{"id": …, "query": …}`."""
        return _answered(library, request, lambda document, wanted: {"html": shown.hits(document, wanted.query)})

    return find


def _cleaned(library: Library) -> Callable[[Any], dict[str, Any]]:
    def cleaned(request: Any) -> dict[str, Any]:
        """Returns the changes of cleaning to a document: `{"id": …}`."""
        return _answered(
            library,
            request,
            lambda document, _: {
                "heading": shown.heading(document),
                "html": f"<h3>{both(texts.CLEANED)}</h3>{document_list.cleaned(document)}",
            },
        )

    return cleaned


def _answered(library: Library, request: Any, shows: Callable[[Document, Request], dict[str, Any]]) -> dict[str, Any]:
    try:
        wanted = Request.read(request)
        return shows(library.document(wanted.document_id), wanted)
    except YinjuError:
        return {"html": f'<p class="note">{both(texts.GONE)}</p>'}
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return {"html": rendering.problem(texts.UNEXPECTED.english)}


def _shown(document: Document, request: Request, pages: Pages) -> dict[str, Any]:
    file = pages.pdf(document)
    result: dict[str, Any] = {}
    as_pages = file is not None and not request.as_text
    if file and as_pages:
        try:
            result = shown.page_part(document, request, *pages.view(document, file, request), f"{file.stat().st_mtime_ns:x}")
        except (LoadError, OSError) as error:
            logger.warning("%s", error)
            as_pages = False
    if not as_pages:
        result = shown.text_part(document, request)
    return result | {
        "heading": shown.heading(document),
        "outline": shown.outline(document, as_pages),
        "pages": as_pages,
        "drawable": file is not None,
        "download": _download(document, pages.original(document)),
    }


def _download(document: Document, file: Path | None) -> str:
    """Returns a link to the kept file; empty without one."""
    if file is None:
        return ""
    size = rendering.size_of(file.stat().st_size)
    return f'<a href="original/{escape(document.id)}" download>{both(texts.DOWNLOAD_ORIGINAL, size)}</a>'


def _frame() -> str:
    def button(name: str, words: Words, sign: str) -> str:
        label = escape(str(words))
        return f'<button type="button" class="{name}" title="{label}" aria-label="{label}">{sign}</button>'

    return (
        '<dialog id="document" aria-labelledby="document-heading"><header><div id="document-heading"></div>'
        f"{button('close', texts.CLOSE, '×')}</header>"
        f'<nav aria-label="{escape(str(texts.IN_DOCUMENT))}">'
        f'<button type="button" class="contents" aria-expanded="false">{both(texts.CONTENTS)}</button>'
        f'<span class="quotes">{button("previous", texts.PREVIOUS_QUOTE, "‹")}<span class="at"></span>'
        f"{button('next', texts.NEXT_QUOTE, '›')}</span>"
        f'<form role="search"><input type="search" maxlength="200" aria-label="{escape(str(texts.FIND_IN_DOCUMENT))}">'
        f'<button type="submit">{both(texts.FIND)}</button></form>'
        f'<button type="button" class="mode"><span class="to-text">{both(texts.AS_TEXT)}</span>'
        f'<span class="to-pages">{both(texts.AS_PAGES)}</span></button><span class="download"></span></nav>'
        f'<div class="reading"><aside tabindex="0" aria-label="{escape(str(texts.CONTENTS))}"></aside>'
        f'<div class="whole" tabindex="0"><button type="button" class="earlier">{both(texts.EARLIER_PART)}</button>'
        f'<div class="body"></div><button type="button" class="later">{both(texts.LATER_PART)}</button></div></div></dialog>'
    )
