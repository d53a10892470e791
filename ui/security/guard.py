"""Decides what reaches the window: under which host names, from which pages, from whom, and how much.

`Guard` is ASGI middleware around Gradio's application. It serves the routes that the pages use and no others, reads a body only
when its sender may send one, and replaces every file that a request names by one that the same browser has uploaded.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection

from rag.serving.access.bodies import replayed
from rag.serving.access.hosts import is_host
from rag.serving.access.middleware import HttpMiddleware
from ui import texts
from ui.security.bodies import Refused, check_length, kept_back, pieces, too_large, too_slow, with_json
from ui.security.sign_in import SignInDelays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rag.serving.access.hosts import AllowedHosts
    from ui.security.uploads import Uploads

USER = "yinju.user"
"""The key of an ASGI scope under which `Guard` leaves the name of a user who has signed in; absent for others."""

_UPLOADS_COOKIE = "yinju-uploads"
_OWNER = re.compile(r"[\w-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on requests.

    `upload_bytes` applies to one request, which may contain many files. `seconds` applies to a whole body, and in an upload to the
    time between two pieces. `streams` is the number of requests that one visitor may keep open, such as the heartbeats of pages;
    `all_streams` is the number for all visitors together.
    """

    json_bytes: int = 2_000_000
    form_bytes: int = 16_384
    upload_bytes: int = 1_000_000_000
    seconds: float = 30.0
    bodies: int = 64
    streams: int = 256
    all_streams: int = 1024


Kind = Literal["page", "stream", "json", "upload", "sign in"]


@dataclass(frozen=True, slots=True)
class _Route:
    path: re.Pattern[str]
    methods: tuple[str, ...]
    kind: Kind
    open: bool = False
    """Also served to visitors who have not signed in."""


def _route(path: str, kind: Kind, *methods: str, before_sign_in: bool = False) -> _Route:
    return _Route(re.compile(path), methods or ("GET", "HEAD"), kind, before_sign_in)


_ROUTES = (
    _route(r"/", "page", before_sign_in=True),
    _route(r"/(?:static|assets|svelte)/.+", "page", before_sign_in=True),
    _route(r"/(?:gradio_api/)?theme\.css|/favicon\.ico|/robots\.txt", "page", before_sign_in=True),
    _route(r"/gradio_api/login_check/?", "page", before_sign_in=True),
    _route(r"/login/?", "sign in", "POST", before_sign_in=True),
    _route(r"/logout", "page", before_sign_in=True),
    _route(r"/config/?|/gradio_api/info/?", "page"),
    _route(r"/gradio_api/queue/status", "page"),
    _route(r"/gradio_api/queue/data|/gradio_api/upload_progress", "stream", "GET"),
    _route(r"/gradio_api/heartbeat/[\w-]+|/gradio_api/call/(?:v2/)?\w+/\w+", "stream", "GET"),
    _route(r"/gradio_api/queue/join|/gradio_api/run/predict/?|/gradio_api/call/(?:v2/)?\w+/?", "json", "POST"),
    _route(r"/gradio_api/component_server/?|/gradio_api/cancel|/gradio_api/reset/?", "json", "POST"),
    _route(r"/gradio_api/upload", "upload", "POST"),
    _route(r"/page/[0-9a-f]{12}/[1-9]\d{0,5}|/original/[0-9a-f]{12}", "stream", "GET"),
)


class Guard(HttpMiddleware):
    """ASGI middleware that refuses requests unless they come from the window's own pages or from a program of its user.

    The answer to a refused request is one line in Chinese and English with status 400, 401, 403, 404, 408, 413, 429 or 503.
    """

    def __init__(
        self,
        app: ASGIApp,
        hosts: AllowedHosts,
        uploads: Uploads,
        *,
        user_of: Callable[[HTTPConnection], str | None] | None = None,
        limits: Limits | None = None,
        delays: SignInDelays | None = None,
    ) -> None:
        """Wraps an application.

        Args:
            app: Gradio's application.
            hosts: The names under which it is served.
            uploads: The files that were uploaded.
            user_of: Returns the user who sent a request, or None before signing in. Without it, visitors need not sign in.
            limits: Limits on requests.
            delays: Slows down attempts to sign in.
        """
        super().__init__(app)
        self._hosts, self._uploads = hosts, uploads
        self._user_of = user_of
        self._limits = limits or Limits()
        self._delays = delays or SignInDelays()
        self._streams: Counter[str] = Counter()
        self._bodies = 0

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        self._check_origin(scope, connection.headers)
        route = next((r for r in _ROUTES if scope["method"] in r.methods and r.path.fullmatch(scope["path"])), None)
        if route is None:
            raise Refused(404, texts.NO_SUCH_ADDRESS)
        if self._user_of:
            user = self._user_of(connection)
            if user is None and not route.open:
                raise Refused(401, texts.SIGN_IN_FIRST)
            scope[USER] = user
        match route.kind:
            case "page":
                check_length(connection.headers, 0)
                await self._app(scope, receive, send)
            case "stream":
                check_length(connection.headers, 0)
                with self._open_stream(_visitor(scope)):
                    await self._app(scope, receive, send)
            case "json":
                body = self._checked(await self._read(scope, receive, self._limits.json_bytes), connection.cookies)
                await self._app(with_json(scope, len(body)), replayed(body, receive), send)
            case "sign in":
                await self._sign_in(scope, receive, send)
            case "upload":
                await self._upload(scope, connection, receive, send)

    def _refusal(self, error: Exception) -> Response | None:
        return error.response if isinstance(error, Refused) else None

    # -- where it comes from ------------------------------------------------------------------------------------------

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._hosts.allows(host):
            shown = host[:100] if is_host(host) else "?"
            raise Refused(400, texts.HOST_NOT_ALLOWED, shown)
        origins = headers.getlist("origin")
        same = all(self._hosts.is_same_origin(origin, host) for origin in origins)
        # A visitor may follow a link from another site. Its pages may not load or send anything else.
        followed = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate" and scope["path"] == "/"
        if not same or (headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not followed):
            raise Refused(403, texts.OTHER_SITE)

    def _open_stream(self, visitor: str) -> _Stream:
        if self._streams[visitor] >= self._limits.streams or self._streams.total() >= self._limits.all_streams:
            raise Refused(503, texts.TOO_MANY_PAGES)
        return _Stream(self._streams, visitor)

    # -- bodies -------------------------------------------------------------------------------------------------------

    async def _read(self, scope: Scope, receive: Receive, most: int) -> bytes:
        """Returns the whole body.

        Raises:
            Refused: It is larger than `most` bytes, arrives too slowly, or there are too many requests.
        """
        check_length(Headers(scope=scope), most)
        if self._bodies >= self._limits.bodies:
            raise Refused(503, texts.TOO_MANY_REQUESTS)
        self._bodies += 1
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for piece in pieces(receive):
                    body += piece
                    if len(body) > most:
                        raise too_large(most)
        except TimeoutError:
            raise too_slow() from None
        finally:
            self._bodies -= 1
        return bytes(body)

    def _checked(self, body: bytes, cookies: Mapping[str, str]) -> bytes:
        """Returns the JSON after checking that this browser uploaded every file in it.

        It is serialised again, so that duplicate keys cannot be read in a second way.

        Raises:
            Refused: It is not JSON, or names another file.
        """
        owner = cookies.get(_UPLOADS_COOKIE, "")
        try:
            values = json.loads(body or b"{}")
            waiting = [values]
            while waiting:
                value = waiting.pop()
                if isinstance(value, dict):
                    if "path" in value:
                        self._check_file(value, owner)
                    waiting += value.values()
                elif isinstance(value, list):
                    waiting += value
            return json.dumps(values).encode()
        except (ValueError, RecursionError):
            raise Refused(400, texts.NOT_JSON) from None

    def _check_file(self, file: dict[str, Any], owner: str) -> None:
        path = file["path"]
        if not isinstance(path, str) or not owner or not self._uploads.claim(owner, path):
            raise Refused(403, texts.NOT_UPLOADED)
        name = file.get("orig_name")
        file.clear()
        file.update(path=path, orig_name=name if isinstance(name, str) else None, meta={"_type": "gradio.FileData"})

    async def _upload(self, scope: Scope, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        check_length(connection.headers, self._limits.upload_bytes)
        if not await asyncio.to_thread(self._uploads.has_room):
            raise Refused(503, texts.TOO_MANY_FILES)
        owner = connection.cookies.get(_UPLOADS_COOKIE, "")
        new = "" if _OWNER.fullmatch(owner) else secrets.token_urlsafe(32)
        refused: list[Refused] = []

        def finish(start: Message, answer: bytes) -> None:
            if start["status"] == 200:
                self._uploads.add(new or owner, _paths(answer))
            if new:
                MutableHeaders(scope=start).append("set-cookie", _cookie(_UPLOADS_COOKIE, new, scope["scheme"] == "https"))

        try:
            await self._app(scope, self._counted(receive, refused), kept_back(send, finish, refused))
        except Exception:
            if not refused:
                raise
        if refused:
            raise refused[0]

    def _counted(self, receive: Receive, refused: list[Refused]) -> Receive:
        """Returns a `receive` that stops an upload that is too large or stalls, and adds the reason to `refused`."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            try:
                async with asyncio.timeout(self._limits.seconds):
                    message = await receive()
            except TimeoutError:
                refused.append(too_slow())
                raise refused[0] from None
            received += len(message.get("body", b""))
            if received > self._limits.upload_bytes:
                refused.append(too_large(self._limits.upload_bytes))
                raise refused[0]
            return message

        return counted

    # -- signing in ---------------------------------------------------------------------------------------------------

    async def _sign_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or ("", 0))[0]
        body = await self._read(scope, receive, self._limits.form_bytes)
        wait = self._delays.begin(address)
        if wait is None:
            raise Refused(429, texts.TOO_MANY_SIGN_INS, headers={"Retry-After": str(int(self._delays.LONGEST_SECONDS))})
        await asyncio.sleep(wait)

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == 200:
                    self._delays.succeeded(address)
                headers = MutableHeaders(scope=message)
                cookies = headers.getlist("set-cookie")
                del headers["set-cookie"]
                for cookie in cookies:
                    headers.append("set-cookie", re.sub(r"(?i)samesite=none", "SameSite=lax", cookie))
            await send(message)

        await self._app(scope, replayed(body, receive), noted)


class _Stream:
    """Counts a request while it is open."""

    def __init__(self, streams: Counter[str], visitor: str) -> None:
        self._streams, self._visitor = streams, visitor

    def __enter__(self) -> None:
        self._streams[self._visitor] += 1

    def __exit__(self, *_: object) -> None:
        self._streams[self._visitor] -= 1
        if not self._streams[self._visitor]:
            del self._streams[self._visitor]


def _visitor(scope: Scope) -> str:
    """Returns the signed-in user, or else the address that a request comes from."""
    return str(scope.get(USER) or (scope.get("client") or ("", 0))[0])


def _paths(answer: bytes | bytearray) -> list[str]:
    """Returns the paths of the files, from Gradio's response to an upload."""
    with suppress(ValueError):
        paths = json.loads(answer)
        return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
    return []


def _cookie(name: str, value: str, secure: bool) -> str:
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
