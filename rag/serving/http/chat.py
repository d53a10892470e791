"""OpenAI's chat completions: a conversation in, an answer with its citations out."""

from __future__ import annotations

import itertools
import json
import re
import time
import uuid
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from rag.serving.context import MODEL, MODEL_WITH_SOURCES, serving_of
from rag.serving.errors import ApiError, api_error
from rag.serving.http import schemas
from rag.serving.markdown import Inert, with_sources
from rag.serving.public import is_address, public_source
from rag.serving.work import unless_gone
from rag.types import Done, TextDelta

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence

    from rag.serving.context import Serving
    from rag.serving.history import Turn
    from rag.types import Answer, Citation, Event

router = APIRouter(tags=["OpenAI"])
_MARKER = re.compile(r"\[(\d+)\]")
_NO_TEXT = "the last message must be the user's and contain text: ask a question in Chinese or English"


@router.post(
    "/v1/chat/completions",
    response_model=schemas.ChatCompletion,
    summary="Answer the last question of a conversation",
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def complete(request: Request, body: schemas.ChatRequest) -> Response | schemas.ChatCompletion:
    """Answers from the documents of the library. Every sentence taken from a document ends with a marker such as [1].

    The message's `annotations` and the extension `citations` say what the markers stand for. The model `yinju-sources` also adds the
    quotes to the text, for clients that show nothing else.
    """
    serving = serving_of(request)
    if body.model not in (MODEL, MODEL_WITH_SOURCES):
        known = f"{MODEL} and {MODEL_WITH_SOURCES}"
        raise ApiError(404, f"there is no chat model “{body.model}”; there are {known}", code="model_not_found", param="model")
    turns, question = _turns(body.messages)
    with_usage = bool(body.stream and body.stream_options and body.stream_options.include_usage)
    completion = Completion(serving, body.model, str(request.base_url), with_usage=with_usage)
    events = completion.events(question, turns, body)
    if body.stream:
        # The first event comes before the status is sent, so that most errors have theirs.
        first = await anext(events, None)
        return StreamingResponse(
            completion.chunks(first, events),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store"},
        )
    return await unless_gone(request, completion.whole(question, events))


def _turns(messages: Sequence[schemas.Message]) -> tuple[list[Turn], str]:
    """Returns the questions with their answers, and the last question.

    Raises:
        ApiError: The last message is not a question.
    """
    said = [
        (message.role, message.text) for message in messages if message.role in ("user", "assistant") and message.text.strip()
    ]
    if not said or said[-1][0] != "user":
        raise ApiError(400, _NO_TEXT, code="invalid_value", param="messages")
    pairs = itertools.pairwise(said)
    turns = [(asked, answer) for (role, asked), (other, answer) in pairs if (role, other) == ("user", "assistant")]
    return turns, said[-1][1]


class Completion:
    """The answer to one request, in OpenAI's form."""

    def __init__(self, serving: Serving, model: str, address: str, *, with_usage: bool = False) -> None:
        """Makes up an id.

        Args:
            serving: The server's pipeline.
            model: The name under which it was asked.
            address: The address of the server, which the places of quotes begin with.
            with_usage: End a stream with the number of tokens.
        """
        self._serving, self._model, self._address = serving, model, address.rstrip("/")
        self._id, self._created = f"chatcmpl-{uuid.uuid4().hex}", int(time.time())
        self._question, self._with_usage = "", with_usage

    async def events(self, question: str, turns: Sequence[Turn], selection: schemas.Selection) -> AsyncGenerator[Event, None]:
        """Yields the events of the answer."""
        serving, self._question = self._serving, question
        chosen = selection.model_dump(include=set(schemas.Selection.model_fields))

        def begin(stop: Any) -> Any:
            history = serving.turns.history(turns, serving.pipeline.library.analyzer)
            return serving.pipeline.stream(question, history, stop, serving.selected(**chosen))

        async with aclosing(serving.work.stream(begin)) as events:
            async for event in events:
                yield event

    async def whole(self, question: str, events: AsyncGenerator[Event, None]) -> schemas.ChatCompletion:
        """Returns the whole answer."""
        answer = None
        async with aclosing(events):
            async for event in events:
                answer = event.answer if isinstance(event, Done) else answer
        if answer is None:
            raise ApiError(503, "the answer broke off; ask again", code="ending")
        text = Inert().escape(answer.text)
        content = text + self._after(answer)
        self._finish(answer, content)
        message = schemas.AssistantMessage(content=content, annotations=self._annotations(answer, text))
        return schemas.ChatCompletion(
            id=self._id,
            created=self._created,
            model=self._model,
            choices=[schemas.Choice(message=message)],
            usage=await self._usage(question, content),
            citations=self._citations(answer),
            yinju=_facts(answer),
        )

    async def chunks(self, first: Event | None, rest: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
        """Yields the answer as server-sent events. An error that comes later than the first of them is one too."""
        content, inert, event = "", Inert(), first
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async with aclosing(rest):
                while event is not None:
                    if isinstance(event, TextDelta):
                        content += (piece := inert.escape(event.text))
                        yield self._chunk({"content": piece})
                    elif isinstance(event, Done):
                        for chunk in self._end(event.answer, content):
                            yield chunk
                    event = await anext(rest, None)
            if self._with_usage:
                usage = await self._usage(self._question, content)
                yield _event({**self._head(), "choices": [], "usage": usage.model_dump()})
        except Exception as error:
            yield _event(api_error(error).body)
        yield "data: [DONE]\n\n"

    def _end(self, answer: Answer, text: str) -> Iterator[str]:
        """Yields what follows the text: notes, annotations, and the end with the extensions."""
        if after := self._after(answer):
            yield self._chunk({"content": after})
        self._finish(answer, text + after)
        yield self._chunk({"annotations": [each.model_dump() for each in self._annotations(answer, text)]})
        citations = [each.model_dump() for each in self._citations(answer)]
        yield self._chunk({}, "stop", {"citations": citations, "yinju": _facts(answer).model_dump()})

    def _head(self) -> dict[str, Any]:
        head = {"id": self._id, "object": "chat.completion.chunk", "created": self._created, "model": self._model}
        return {**head, "usage": None} if self._with_usage else head

    def _chunk(self, delta: Mapping[str, Any], finish: str | None = None, more: Mapping[str, Any] | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._head(), "choices": [choice], **(more or {})})

    def _after(self, answer: Answer) -> str:
        """Returns what follows the text: the notes, and the quotes if the client asked for them."""
        notes = "".join(f"\n\n{Inert().escape(note)}" for note in answer.notes)
        return notes + (with_sources(answer) if self._model == MODEL_WITH_SOURCES else "")

    def _finish(self, answer: Answer, content: str) -> None:
        self._serving.turns.remember(answer, content)
        self._serving.metrics.answered(answer)

    def _annotations(self, answer: Answer, text: str) -> list[schemas.Annotation]:
        """Returns an annotation for each marker in the text, which begins the content."""
        known = {citation.number: citation for citation in answer.citations}
        return [
            schemas.Annotation(
                url_citation=schemas.UrlCitation(
                    start_index=marker.start(), end_index=marker.end(), title=cited.title, url=self._url(cited)
                )
            )
            for marker in _MARKER.finditer(text)
            if (cited := known.get(int(marker[1])))
        ]

    def _citations(self, answer: Answer) -> list[schemas.CitationBody]:
        return [
            schemas.CitationBody(
                number=cited.number,
                document=schemas.CitedDocument(
                    id=cited.document_id,
                    title=cited.title,
                    source=public_source(cited.source),
                    url=self._url(cited),
                    copies=[public_source(source) for source in cited.copies],
                ),
                place=schemas.CitedPlace(page=cited.page, start=cited.start, end=cited.end),
                quote=cited.quote,
                support=cited.support,
            )
            for cited in answer.citations
        ]

    def _url(self, cited: Citation) -> str:
        """Returns the address of the page that was added, or that of the quote on this server."""
        if is_address(cited.source):
            return cited.source
        return f"{self._address}/api/documents/{cited.document_id}/text?start={cited.start}&end={cited.end}"

    async def _usage(self, question: str, content: str) -> schemas.Usage:
        count = self._serving.pipeline.library.encoder.count_tokens
        asked, answered = await self._serving.work.run(lambda: count([question, content]))
        return schemas.Usage(prompt_tokens=asked, completion_tokens=answered, total_tokens=asked + answered)


def _facts(answer: Answer) -> schemas.AnswerFacts:
    return schemas.AnswerFacts(
        kind=answer.kind,
        query=answer.query,
        confidence=answer.confidence,
        language=answer.language,
        generator=answer.generator,
        notes=list(answer.notes),
    )


def _event(value: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
