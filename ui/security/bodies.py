"""Reads the bodies of requests and responses, and refuses those that are too large or too slow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from ui import texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.datastructures import Headers
    from starlette.types import Message, Receive, Scope, Send

    from rag.texts import Words


class Refused(Exception):  # noqa: N818
    """Ends a request with one line in both languages; `response` is the answer."""

    def __init__(self, status: int, words: Words, *values: object, headers: Mapping[str, str] | None = None) -> None:
        detail = " ".join(words.in_language(language, *values) for language in ("zh", "en"))
        super().__init__(detail)
        # The connection is closed, so that the rest of the body is not taken for the next request.
        self.response = JSONResponse({"detail": detail}, status, {"Connection": "close", **(headers or {})})


def too_large(most: int) -> Refused:
    """Returns the refusal of a request of more than `most` bytes."""
    return Refused(413, texts.REQUEST_TOO_LARGE, f"{most:,}")


def too_slow() -> Refused:
    """Returns the refusal of a request whose body stopped arriving."""
    return Refused(408, texts.REQUEST_TOO_SLOW)


async def pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Yields the pieces of a body as they arrive.

    Raises:
        Refused: The sender broke off.
    """
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, texts.REQUEST_BROKE_OFF)
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def check_length(headers: Headers, most: int) -> None:
    """Checks the declared length of a body. A body without one must be counted while it is read.

    Raises:
        Refused: The declared length is more than `most` bytes or no number, or there is a body although `most` is 0.
    """
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 18 or int(length) > most or (most == 0 and "transfer-encoding" in headers):
        raise too_large(most)


def kept_back(send: Send, finish: Callable[[Message, bytes], None], refused: list[Refused]) -> Send:
    """Returns a `send` that sends a response once it is complete and `finish` was called, and nothing if the request is refused."""
    start: Message = {}
    answer = bytearray()

    async def keep(message: Message) -> None:
        if refused:
            return
        if message["type"] == "http.response.start":
            start.update(message)
            return
        answer.extend(message.get("body", b""))
        if not message.get("more_body"):
            finish(start, bytes(answer))
            await send(start)
            await send({"type": "http.response.body", "body": bytes(answer)})

    return keep


def with_json(scope: Scope, length: int) -> Scope:
    """Returns the scope of the same request with a JSON body of this length."""
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (b"content-length", b"content-type", b"transfer-encoding")
    ]
    return {**scope, "headers": [*kept, (b"content-type", b"application/json"), (b"content-length", b"%d" % length)]}
