"""Decides which requests reach the server's application: under which host names, from which pages, with which key, and how much."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.datastructures import Headers

from rag.serving.access import bodies
from rag.serving.access.hosts import is_host
from rag.serving.access.middleware import HttpMiddleware
from rag.serving.errors import ApiError, api_error

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rag.serving.access.hosts import AllowedHosts
    from rag.serving.access.keys import Access, Keys
    from rag.serving.access.rates import Rates

ACCESS, SENDER = "yinju.access", "yinju.sender"
"""The keys of an ASGI scope under which `Gate` leaves what a request may do, "read" or "write", and who sent it."""

_WRITING = re.compile(r"/api/(?:documents|collections)(?:/.*)?", re.DOTALL)
_UPLOAD = "/api/documents"
_READING_METHODS = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/api/health",)
_BYTES_BESIDE_FILE = 100_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on requests.

    `file_bytes` applies to an upload, and `json_bytes` to every other body. `body_seconds` applies to a whole body, and in an upload
    to the time between two pieces. `at_once` is the number of requests that are served at the same time.
    """

    json_bytes: int = 2_000_000
    file_bytes: int = 20_000_000
    body_seconds: float = 30.0
    at_once: int = 256


class Gate(HttpMiddleware):
    """ASGI middleware that refuses requests in the form of OpenAI's errors, with status 400, 401, 403, 408, 413, 429 or 503."""

    def __init__(
        self, app: ASGIApp, hosts: AllowedHosts, keys: Keys | None, rates: Rates, *, may_write: bool, limits: Limits
    ) -> None:
        """Wraps an application.

        Args:
            app: The application.
            hosts: The names under which it is served.
            keys: The keys of those who may use it; None if it needs none.
            rates: Counts the requests of each key.
            may_write: Without keys, allow requests that change the library.
            limits: Limits on requests.
        """
        super().__init__(app)
        self._hosts, self._keys, self._rates = hosts, keys, rates
        self._without_key: Access = "write" if may_write else "read"
        self._limits = limits
        self._open = 0

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._open += 1
        try:
            await self._serve_if_allowed(scope, receive, send)
        finally:
            self._open -= 1

    def _refusal(self, error: Exception) -> Response:
        return api_error(error).response

    async def _serve_if_allowed(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        self._check_origin(headers)
        if scope["path"] not in _OPEN:
            if self._open > self._limits.at_once:
                raise ApiError(503, "the server is busy; try again in a moment", code="busy", headers={"Retry-After": "1"})
            self._check_sender(scope, headers)
        if scope["method"] == "POST" and scope["path"] == _UPLOAD:
            await self._upload(scope, receive, send)
            return
        bodies.check_length(scope, self._limits.json_bytes)
        body = await bodies.read(receive, self._limits.json_bytes, self._limits.body_seconds)
        bodies.check_text(body)
        await self._app(scope, bodies.replayed(body, receive), send)

    def _check_origin(self, headers: Headers) -> None:
        """Refuses requests of other sites' pages, and of those that resolve their own name to this machine."""
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._hosts.allows(host):
            shown = host[:100] if is_host(host) else "?"
            raise ApiError(400, f"this server is not known as {shown}; name it with --allow-host", code="host_not_allowed")
        same = all(self._hosts.is_same_origin(origin, host) for origin in headers.getlist("origin"))
        if not same or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            raise ApiError(403, "pages of other sites may not use this server", code="origin_not_allowed")

    def _check_sender(self, scope: Scope, headers: Headers) -> None:
        access, sender = self._without_key, (scope.get("client") or ("", 0))[0]
        if self._keys is not None:
            secret = _secret(headers)
            key = self._keys.find(secret) if secret else None
            if key is None:
                wait = self._rates.wait(f"address {sender}")
                if wait:
                    raise _too_many(wait)
                problem = "this key is not valid" if secret else "a key is needed: send Authorization: Bearer KEY"
                raise ApiError(401, problem, code="invalid_api_key", headers={"WWW-Authenticate": "Bearer"})
            access, sender = key.access, f"key {key.name}"
            if wait := self._rates.wait(sender):
                raise _too_many(wait)
        scope[ACCESS], scope[SENDER] = access, sender
        if access != "write" and needs(scope["method"], scope["path"]) == "write":
            why = "this key may only read" if self._keys is not None else "writing is off; start yinju serve with --allow-write"
            raise ApiError(403, why, code="read_only")

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        most = self._limits.file_bytes + _BYTES_BESIDE_FILE
        bodies.check_length(scope, most)
        refused: list[ApiError] = []

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        # The application takes a refused body for one that cannot be parsed.
        try:
            await self._app(scope, bodies.counted(receive, most, self._limits.body_seconds, refused), unless_refused)
        except Exception:
            if not refused:
                raise
        if refused:
            raise refused[0]


def needs(method: str, path: str) -> Literal["read", "write"]:
    """Returns what a request must be allowed to do."""
    return "write" if method not in _READING_METHODS and _WRITING.fullmatch(path) else "read"


def _secret(headers: Headers) -> str:
    """Returns the key of a request; empty without one."""
    scheme, _, secret = headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _too_many(wait: float) -> ApiError:
    seconds = max(1, round(wait + 0.5))
    return ApiError(
        429, f"too many requests; try again in {seconds} s", code="rate_limit_exceeded", headers={"Retry-After": str(seconds)}
    )
