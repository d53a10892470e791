"""Decides what reaches the window: under which host names, from which pages, from whom, and how much.

`Guard` is ASGI middleware around Gradio's application. It serves the routes that the pages use and no others, reads a body only
when its sender may send one, and replaces every file that a request names by one that the same browser has uploaded.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import re
import secrets
import shutil
import socket
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

USER = "yinju.user"
"""The key of an ASGI scope under which `Guard` leaves the name of whoever signed in; absent for others."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_UPLOADS_COOKIE = "yinju-uploads"
_OWNER = re.compile(r"[\w-]{43}", re.ASCII)
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


# -- host names and origins -------------------------------------------------------------------------------------------


class AllowedHosts:
    """The names under which the window is served.

    A page of another site that resolves its own name to this machine (DNS rebinding) still sends that name as the host. An IP
    address cannot be rebound.
    """

    def __init__(self, listening_on: str, named: Iterable[str] = ()) -> None:
        """Collects the names.

        Args:
            listening_on: The address that the window listens on. Where that is every address of the machine, any IP address and the
                machine's own name are allowed too.
            named: Names or addresses, each with or without a port, or whole URLs, under which the window is known outside.
        """
        self._any_address = listening_on in ("", "0.0.0.0", "::")  # noqa: S104
        own = (socket.gethostname(), socket.getfqdn()) if self._any_address else (listening_on,)
        outside = [_netloc(name) for name in named if name.strip()]
        self._origins = frozenset(outside)
        self._names = frozenset({*LOOPBACK, *map(str.lower, own), *(_name_of(netloc) for netloc in outside)})

    def allows(self, host: str) -> bool:
        """Tells whether a Host header names the window."""
        if not _HOST.fullmatch(host):
            return False
        name = _name_of(host)
        return name in self._names or (self._any_address and _is_address(name))

    def is_same_origin(self, origin: str, host: str) -> bool:
        """Tells whether an Origin header is that of the window itself, as reached at `host` or under one of the given names."""
        scheme, separator, _ = origin.partition("://")
        if not separator or scheme not in _DEFAULT_PORTS:
            return False
        netloc = _without_default_port(_netloc(origin), scheme)
        return netloc == _without_default_port(host.lower(), scheme) or netloc in self._origins


def _netloc(name: str) -> str:
    """The host of a name or URL, with its port if it has one."""
    name = name.strip().lower()
    if "://" in name:
        return urlsplit(name).netloc
    return f"[{name}]" if _is_address(name) and ":" in name else name


def _name_of(netloc: str) -> str:
    found = _HOST.fullmatch(netloc)
    return found["name"].strip("[]").lower() if found else ""


def _without_default_port(netloc: str, scheme: str) -> str:
    return netloc.removesuffix(f":{_DEFAULT_PORTS[scheme]}")


def _is_address(name: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    return False


# -- uploaded files ---------------------------------------------------------------------------------------------------


class Uploads:
    """The uploaded files that wait to be read, and whose they are. Safe to use from several threads.

    A browser is known by a random cookie that it is given with its first upload.
    """

    SECONDS_UNREAD = 3600.0
    SECONDS_IN_LINE = 24 * 3600.0

    def __init__(self, folder: Path, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        """Keeps the files of `folder`, `max_bytes` of them at most; `clock` gives seconds since the epoch."""
        self.folder, self.max_bytes = folder, max_bytes
        self._clock = clock
        self._lock = Lock()
        self._waiting: dict[tuple[str, str], float] = {}

    def add(self, owner: str, paths: Iterable[str]) -> None:
        """Notes that a browser has uploaded files."""
        with self._lock:
            self._waiting |= {(owner, path): self._clock() + self.SECONDS_UNREAD for path in paths}

    def claim(self, owner: str, path: str) -> bool:
        """Tells whether a browser has uploaded a file; one that it names is kept until its turn comes."""
        with self._lock:
            if (owner, path) not in self._waiting:
                return False
            self._waiting[owner, path] = self._clock() + self.SECONDS_IN_LINE
            return True

    def has_room(self) -> bool:
        """Tells whether the files that wait are fewer than would fill the folder."""
        return sum(size for _, size, _ in self._files()) < self.max_bytes

    def remove_old(self) -> None:
        """Removes the files that nobody read in time, and the remains of uploads that broke off."""
        now = self._clock()
        with self._lock:
            self._waiting = {key: end for key, end in self._waiting.items() if end > now and os.path.exists(key[1])}
            kept = {path for _, path in self._waiting}
        for file, _, changed in self._files():
            if str(file) not in kept and changed < now - self.SECONDS_UNREAD:
                with suppress(OSError):
                    file.unlink()
        for folder in [place for place in self.folder.iterdir() if place.is_dir()]:
            # Only an empty folder can be removed so, and a young one may be about to take its file.
            with suppress(OSError):
                if folder.stat().st_mtime < now - self.SECONDS_UNREAD:
                    folder.rmdir()

    def remove_all(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Every file with its size in bytes and when it last changed."""
        for file in self.folder.rglob("*"):
            with suppress(OSError):
                state = file.lstat()
                if not file.is_dir():
                    yield file, state.st_size, state.st_mtime


# -- signing in -------------------------------------------------------------------------------------------------------


class SignInDelays:
    """How long an attempt to sign in waits, after those that failed before it.

    The first attempts of an address wait for nothing; each later one twice as long as the one before it. An attempt counts until it
    has succeeded, so many at once gain nothing.
    """

    FREE = 5
    LONGEST_SECONDS = 60.0
    _FORGOTTEN_AFTER = 3600.0
    _MOST_REMEMBERED = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: dict[str, tuple[int, float]] = {}
        """By address, how many there were and when the last one had or has its turn; the latest address last."""

    def begin(self, address: str) -> float | None:
        """Counts an attempt; gives the seconds it has to wait, or None when they are more than `LONGEST_SECONDS`."""
        now, key = self._clock(), _network(address)
        self._forget(now)
        count, turn = self._attempts.pop(key, (0, now))
        delay = min(2.0 ** (count - self.FREE), self.LONGEST_SECONDS) if count >= self.FREE else 0.0
        if max(turn, now) + delay - now > self.LONGEST_SECONDS:
            self._attempts[key] = count, turn
            return None
        self._attempts[key] = count + 1, max(turn, now) + delay
        return self._attempts[key][1] - now

    def succeeded(self, address: str) -> None:
        """Forgets the failures of an address."""
        self._attempts.pop(_network(address), None)

    def _forget(self, now: float) -> None:
        old = [key for key, (_, turn) in self._attempts.items() if turn < now - self._FORGOTTEN_AFTER]
        old += list(self._attempts)[: max(0, len(self._attempts) - self._MOST_REMEMBERED)]
        for key in old:
            self._attempts.pop(key, None)


def _network(address: str) -> str:
    """An address; for IPv6 its /64, as one household or server has all of it."""
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        if parsed.version == 6:
            return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return address


# -- the guard --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a request may send, and how many of one kind may be open.

    `upload_bytes` is of one request, which may bring many files. The seconds are for a whole body, and for an upload between one piece and
    the next. `streams` are requests that stay open, such as the heartbeats of pages, of one visitor; `all_streams` of all together.
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
    """Whether it is served before anybody signed in."""


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
)


class Guard:
    """ASGI middleware: refuses what does not come from the window's own pages or from a program on behalf of its user.

    What it refuses is answered with one line in Chinese and English and the status 400, 401, 403, 404, 408, 413, 429 or 503.
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
            user_of: Who sent a request, None for somebody who has not signed in; None when everyone may come in.
            limits: How much may be sent.
            delays: How long attempts to sign in wait.
        """
        self._app, self._hosts, self._uploads = app, hosts, uploads
        self._user_of = user_of
        self._limits = limits or Limits()
        self._delays = delays or SignInDelays()
        self._streams: Counter[str] = Counter()
        self._bodies = 0

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
        except _Refused as refused:
            if begun:
                raise
            await refused.response(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        self._check_origin(scope, connection.headers)
        route = next((r for r in _ROUTES if scope["method"] in r.methods and r.path.fullmatch(scope["path"])), None)
        if route is None:
            raise _Refused(404, "这里没有这个地址。", "There is nothing at this address.")
        if self._user_of:
            user = self._user_of(connection)
            if user is None and not route.open:
                raise _Refused(401, "请先登录。", "Sign in first.")
            scope[USER] = user
        match route.kind:
            case "page":
                _check_length(connection.headers, 0)
                await self._app(scope, receive, send)
            case "stream":
                _check_length(connection.headers, 0)
                with self._open_stream(_visitor(scope)):
                    await self._app(scope, receive, send)
            case "json":
                body = self._checked(await self._read(scope, receive, self._limits.json_bytes), connection.cookies)
                await self._app(_with_json(scope, len(body)), _replayed(body, receive), send)
            case "sign in":
                await self._sign_in(scope, receive, send)
            case "upload":
                await self._upload(scope, connection, receive, send)

    # -- where it comes from ------------------------------------------------------------------------------------------

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._hosts.allows(host):
            shown = host[:100] if _HOST.fullmatch(host) else "?"
            raise _Refused(
                400,
                f"窗口不以“{shown}”这个名字提供；运行窗口的人可用 --allow-host 允许它。",
                f"The window is not served as “{shown}”; whoever runs it can allow that name with --allow-host.",
            )
        origins = headers.getlist("origin")
        same = all(self._hosts.is_same_origin(origin, host) for origin in origins)
        # Following a link from another site is no harm; whatever else its pages load or send is.
        followed = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate" and scope["path"] == "/"
        if not same or (headers.get("sec-fetch-site", "none") not in ("none", "same-origin") and not followed):
            raise _Refused(403, "拒绝来自其他网站的请求。", "Requests from the pages of other sites are refused.")

    def _open_stream(self, visitor: str) -> _Stream:
        if self._streams[visitor] >= self._limits.streams or self._streams.total() >= self._limits.all_streams:
            raise _Refused(503, "打开的页面太多，请关掉一些。", "Too many pages are open; close some of them.")
        return _Stream(self._streams, visitor)

    # -- bodies -------------------------------------------------------------------------------------------------------

    async def _read(self, scope: Scope, receive: Receive, most: int) -> bytes:
        """The whole body, of at most so many bytes."""
        _check_length(Headers(scope=scope), most)
        if self._bodies >= self._limits.bodies:
            raise _Refused(503, "请求太多，请稍后再试。", "Too many requests at once; try again in a moment.")
        self._bodies += 1
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds):
                async for piece in _pieces(receive):
                    body += piece
                    if len(body) > most:
                        raise _too_much(most)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self._bodies -= 1
        return bytes(body)

    def _checked(self, body: bytes, cookies: Mapping[str, str]) -> bytes:
        """JSON in which every file is one that this browser uploaded, written anew so that it can be read in one way only."""
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
            raise _Refused(400, "请求不是 JSON。", "The request is not JSON.") from None

    def _check_file(self, file: dict[str, Any], owner: str) -> None:
        path = file["path"]
        if not isinstance(path, str) or not owner or not self._uploads.claim(owner, path):
            raise _Refused(
                403, "请求里的文件不是从这个浏览器上传的。", "The request names a file that this browser has not uploaded."
            )
        name = file.get("orig_name")
        file.clear()
        file.update(path=path, orig_name=name if isinstance(name, str) else None, meta={"_type": "gradio.FileData"})

    async def _upload(self, scope: Scope, connection: HTTPConnection, receive: Receive, send: Send) -> None:
        _check_length(connection.headers, self._limits.upload_bytes)
        if not await asyncio.to_thread(self._uploads.has_room):
            raise _Refused(503, "等待处理的文件太多，请稍后再试。", "Too many files wait to be read; try again later.")
        owner = connection.cookies.get(_UPLOADS_COOKIE, "")
        new = "" if _OWNER.fullmatch(owner) else secrets.token_urlsafe(32)
        refused: list[_Refused] = []

        def finish(start: Message, answer: bytes) -> None:
            if start["status"] == 200:
                self._uploads.add(new or owner, _paths(answer))
            if new:
                MutableHeaders(scope=start).append("set-cookie", _cookie(_UPLOADS_COOKIE, new, scope["scheme"] == "https"))

        try:
            await self._app(scope, self._counted(receive, refused), _kept_back(send, finish, refused))
        except Exception:
            if not refused:
                raise
        if refused:
            raise refused[0]

    def _counted(self, receive: Receive, refused: list[_Refused]) -> Receive:
        """Receives an upload while it is not too large and does not stand still; else adds to `refused` and breaks off."""
        received = 0

        async def counted() -> Message:
            nonlocal received
            try:
                async with asyncio.timeout(self._limits.seconds):
                    message = await receive()
            except TimeoutError:
                refused.append(_too_slow())
                raise refused[0] from None
            received += len(message.get("body", b""))
            if received > self._limits.upload_bytes:
                refused.append(_too_much(self._limits.upload_bytes))
                raise refused[0]
            return message

        return counted

    # -- signing in ---------------------------------------------------------------------------------------------------

    async def _sign_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = (scope.get("client") or ("", 0))[0]
        body = await self._read(scope, receive, self._limits.form_bytes)
        wait = self._delays.begin(address)
        if wait is None:
            raise _Refused(
                429,
                "登录失败次数太多，请过几分钟再试。",
                "Too many failed attempts to sign in; try again in some minutes.",
                {"Retry-After": str(int(self._delays.LONGEST_SECONDS))},
            )
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

        await self._app(scope, _replayed(body, receive), noted)


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


class _Refused(Exception):  # noqa: N818
    """Ends a request with one line in both languages."""

    def __init__(self, status: int, chinese: str, english: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(english)
        # What was not read of the body must not be taken for the next request.
        self.response = JSONResponse({"detail": f"{chinese} {english}"}, status, {"Connection": "close", **(headers or {})})


def _too_much(most: int) -> _Refused:
    return _Refused(413, f"请求超过 {most:,} 字节。", f"The request is larger than {most:,} bytes.")


def _too_slow() -> _Refused:
    return _Refused(408, "请求没有在规定时间内发完。", "The request was not sent in time.")


def _visitor(scope: Scope) -> str:
    """Whoever signed in, else the address that a request comes from."""
    return str(scope.get(USER) or (scope.get("client") or ("", 0))[0])


async def _pieces(receive: Receive) -> Any:
    """The pieces of a body as they come; what its sender breaks off is refused."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Refused(400, "请求没有发完。", "The request broke off.")
        yield message.get("body", b"")
        if not message.get("more_body"):
            return


def _check_length(headers: Headers, most: int) -> None:
    """Refuses a body that says that it is larger; one that does not say is counted while it is read."""
    length = headers.get("content-length", "0")
    if not length.isdecimal() or len(length) > 18 or int(length) > most or (most == 0 and "transfer-encoding" in headers):
        raise _too_much(most)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives a body that was read, and from then on what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _kept_back(send: Send, finish: Callable[[Message, bytes], None], refused: list[_Refused]) -> Send:
    """Sends an answer when it is whole and `finish` has seen it, and none once the request is refused."""
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


def _with_json(scope: Scope, length: int) -> Scope:
    """The same request, with a JSON body of this length."""
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if name not in (b"content-length", b"content-type", b"transfer-encoding")
    ]
    return {**scope, "headers": [*kept, (b"content-type", b"application/json"), (b"content-length", b"%d" % length)]}


def _paths(answer: bytes | bytearray) -> list[str]:
    """The places of uploaded files, as Gradio answers an upload."""
    with suppress(ValueError):
        paths = json.loads(answer)
        return [path for path in paths if isinstance(path, str)] if isinstance(paths, list) else []
    return []


def _cookie(name: str, value: str, secure: bool) -> str:
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
