"""The state of the server: its health, and its counters for Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from rag.serving.context import serving_of

router = APIRouter(tags=["Server"])
open_router = APIRouter(tags=["Server"])
"""Routes that need no key."""


@open_router.get("/api/health", summary="Tell whether the server works")
async def health(request: Request) -> dict[str, Any]:
    """Answers with status 200 if the library can be read, and 503 if not. It needs no key and says nothing of the documents."""
    serving = serving_of(request)
    await serving.work.run(lambda: len(serving.pipeline.library))
    return {"status": "ok"}


@router.get("/metrics", summary="Show the counters", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request) -> Response:
    """Shows the counters in the format of Prometheus."""
    serving = serving_of(request)
    content, kind = await serving.work.run(serving.metrics.text)
    return Response(content, media_type=kind)
