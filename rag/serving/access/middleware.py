"""The frame of the middleware that decides which requests reach an application."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HttpMiddleware(ABC):
    """ASGI middleware that serves HTTP requests, or refuses them with a response of its own; WebSockets are closed."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._serve(scope, receive, noted)
        except Exception as error:
            refusal = None if begun else self._refusal(error)
            if refusal is None:
                raise
            await refusal(scope, receive, send)

    @abstractmethod
    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request, or raises the reason to refuse it."""

    @abstractmethod
    def _refusal(self, error: Exception) -> Response | None:
        """Returns the response for an error; None if the error is to be raised."""
