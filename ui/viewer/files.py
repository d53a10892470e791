"""The files of the viewer: pictures of pages, and the documents' original files, if they are kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import FileResponse, Response

from rag.errors import YinjuError
from rag.serving.public import file_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import FastAPI

    from rag.types import Document
    from ui.viewer.viewer import Library, Pages

_AT_ONCE = 2
# A browser must neither run what a file contains nor keep it.
_HEADERS = {"Cache-Control": "private, no-store", "Content-Security-Policy": "sandbox; default-src 'none'"}


def serve(application: FastAPI, library: Library, pages: Pages) -> None:
    """Adds the routes `page/ID/NUMBER` and `original/ID`. Both name a document of the library, never a path."""
    drawing = asyncio.Semaphore(_AT_ONCE)

    async def document_with(document_id: str) -> Document | None:
        try:
            return await asyncio.to_thread(library.document, document_id)
        except YinjuError:
            return None

    async def page(document_id: str, number: int) -> Response:
        document = await document_with(document_id)
        async with drawing:
            picture = await asyncio.to_thread(pages.draw, document, number) if document and number > 0 else None
        return Response(picture, media_type="image/png", headers=_HEADERS) if picture else Response(status_code=404)

    async def original(document_id: str) -> Response:
        document = await document_with(document_id)
        file = await asyncio.to_thread(pages.original, document) if document else None
        if document is None or file is None:
            return Response(status_code=404)
        name = quote(file_name(document.source), safe="")
        headers = {**_HEADERS, "Content-Disposition": f"attachment; filename*=utf-8''{name}"}
        return FileResponse(file, media_type="application/octet-stream", headers=headers)

    routes: tuple[tuple[str, Callable[..., object]], ...] = (
        ("/page/{document_id}/{number}", page),
        ("/original/{document_id}", original),
    )
    for path, endpoint in routes:
        application.add_api_route(path, endpoint, methods=["GET"], response_class=Response)
