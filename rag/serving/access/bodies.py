"""Reads and replays the bodies of requests, and refuses those that are too large or too slow."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from rag.serving.errors import ApiError

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def check_length(scope: Scope, most: int) -> None:
    """Checks the declared length of a body. A body without one must be counted while it is read.

    Raises:
        ApiError: The declared length is more than `most` bytes or not a number.
    """
    length = Headers(scope=scope).get("content-length", "0")
    if not length.isascii() or not length.isdecimal():
        raise ApiError(400, "the Content-Length of the request is not a number", headers=_CLOSED)
    if len(length) > 18 or int(length) > most:
        raise _too_large(most)


async def read(receive: Receive, most: int, seconds: float) -> bytes:
    """Returns the whole body.

    Raises:
        ApiError: It is larger than `most` bytes, takes longer than `seconds`, or breaks off.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ApiError(400, "the request broke off", headers=_CLOSED)
                body += message.get("body", b"")
                if len(body) > most:
                    raise _too_large(most)
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise _too_slow() from None


def check_text(body: bytes) -> None:
    """Checks that a JSON text contains no half characters, which cannot be written in UTF-8 again.

    Raises:
        ApiError: It contains some.
    """
    if not _SURROGATE.search(body):
        return
    try:
        json.dumps(json.loads(body), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ApiError(400, "a text contains half a character, such as \\ud800 by itself", code="invalid_value") from None
    except (ValueError, RecursionError):
        return  # not JSON, of which the application complains


def replayed(body: bytes, receive: Receive) -> Receive:
    """Returns a `receive` that gives a body that has been read, and then the messages after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def counted(receive: Receive, most: int, seconds: float, refused: list[ApiError]) -> Receive:
    """Returns a `receive` for an upload. If it is too large or stalls for `seconds`, adds the reason to `refused` and raises it."""
    received, complete = 0, False

    async def count() -> Message:
        nonlocal received, complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout(seconds):
                message = await receive()
        except TimeoutError:
            refused.append(_too_slow())
            raise refused[0] from None
        received += len(message.get("body", b""))
        complete = not message.get("more_body")
        if received > most:
            refused.append(_too_large(most))
            raise refused[0]
        return message

    return count


# The rest of a body that is not read must not be taken for the next request.
_CLOSED = {"Connection": "close"}


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"the request has more than {most:,} bytes", code="request_too_large", headers=_CLOSED)


def _too_slow() -> ApiError:
    return ApiError(408, "the request took too long to arrive", code="request_too_slow", headers=_CLOSED)
