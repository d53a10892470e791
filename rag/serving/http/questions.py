"""Questions and searches in Yinju's own form, with everything that is known of an answer."""

from __future__ import annotations

import json
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from rag.serving import scoring
from rag.serving.context import serving_of
from rag.serving.errors import ApiError, api_error
from rag.serving.http import schemas
from rag.serving.public import public_answer, public_source
from rag.serving.work import unless_gone
from rag.types import Cited, Done, Retrieved, TextDelta

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from rag.serving.context import Serving
    from rag.types import Answer, Citation, Event, SearchResult

router = APIRouter(tags=["Questions"])


@router.post(
    "/api/ask", summary="Ask a question", responses={200: {"content": {"text/event-stream": {}, "application/json": {}}}}
)
async def ask(request: Request, body: schemas.AskRequest) -> Response:
    """Answers a question from the documents.

    The events of a stream are `retrieved` (the passages found), `cited` (a citation whose marker follows), `delta` (the next piece of
    the text), and at the end `done` (the whole answer) or `error`.
    """
    serving = serving_of(request)
    events = _events(serving, body)
    if not body.stream:
        return JSONResponse(await unless_gone(request, _whole(events)))
    # The first event comes before the status is sent, so that most errors have theirs.
    first = await anext(events, None)
    return StreamingResponse(_sent(first, events), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.post("/api/search", summary="Search for passages")
async def search(request: Request, body: schemas.SearchRequest) -> dict[str, Any]:
    """Finds the passages that suit a question, best first, with the score of every stage. Without `rerank`, nothing reads them."""
    serving = serving_of(request)

    def find() -> list[SearchResult]:
        pipeline = serving.pipeline.with_options(top_k=body.top_k)
        results = pipeline.retrieve(body.question, serving.selected(**_selection(body)))
        return scoring.reranked(pipeline, body.question, results) if body.rerank else results

    return {"results": [_result(result) for result in await serving.work.run(find)]}


@router.get("/api/documents/{document_id}/summary", summary="Summarise a document")
async def summarise(
    request: Request,
    document_id: Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")],
    language: Annotated[Literal["zh", "en"] | None, Query(description="That of the document when not given.")] = None,
) -> dict[str, Any]:
    """Summarises a document in its own sentences, each cited."""
    serving = serving_of(request)

    def summary() -> Answer:
        return serving.pipeline.summary(document_id, language)

    return public_answer(await unless_gone(request, serving.work.run(summary)))


def _selection(body: schemas.Selection) -> dict[str, Any]:
    return body.model_dump(include=set(schemas.Selection.model_fields))


async def _events(serving: Serving, body: schemas.AskRequest) -> AsyncGenerator[Event, None]:
    turns = [(turn.question, turn.answer) for turn in body.history]

    def begin(stop: Any) -> Any:
        history = serving.turns.history(turns, serving.pipeline.library.analyzer)
        return serving.pipeline.stream(body.question, history, stop, serving.selected(**_selection(body)))

    async with aclosing(serving.work.stream(begin)) as events:
        async for event in events:
            if isinstance(event, Done):
                serving.turns.remember(event.answer, event.answer.text)
                serving.metrics.answered(event.answer)
            yield event


async def _whole(events: AsyncGenerator[Event, None]) -> dict[str, Any]:
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Done):
                return public_answer(event.answer)
    raise ApiError(503, "the answer broke off; ask again", code="ending")


async def _sent(first: Event | None, rest: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
    event = first
    try:
        async with aclosing(rest):
            while event is not None:
                yield _message(event)
                event = await anext(rest, None)
    except Exception as error:
        yield _written("error", api_error(error).body)


def _message(event: Event) -> str:
    match event:
        case Retrieved(query, results):
            return _written("retrieved", {"query": query, "results": [_result(result) for result in results]})
        case Cited(citation):
            return _written("cited", {"citation": _citation(citation)})
        case TextDelta(text):
            return _written("delta", {"text": text})
        case Done(answer):
            return _written("done", {"answer": public_answer(answer)})


def _result(result: SearchResult) -> dict[str, Any]:
    return {**asdict(result), "source": public_source(result.source)}


def _citation(citation: Citation) -> dict[str, Any]:
    copies = [public_source(source) for source in citation.copies]
    return {**asdict(citation), "source": public_source(citation.source), "copies": copies}


def _written(name: str, value: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"
