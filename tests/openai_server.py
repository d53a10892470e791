"""An OpenAI-compatible server for tests, on the loopback interface, that can misbehave."""

from __future__ import annotations

import gzip
import json
import re
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from types import MappingProxyType
from typing import Any, Literal

Behaviour = Literal[
    "answers",
    "answers slowly",  # 50 ms a piece
    "hangs",  # before the answer
    "hangs midway",
    "cuts the connection",
    "ends early",
    "talks rubbish",
    "serves a page",
    "answers 500",
    "never ends a line",
    "never ends an answer",
    "never ends a list of models",
    "never ends an error",
    "never ends its silence",  # a comment every 20 ms
    "says a list",
    "says a number",
    "says a control character",
    "says half a character",
    "says a character in halves",
    "packs its answer",
    "names models by numbers",
]
_MIDWAY = 2
"""The number of pieces before an answer goes wrong."""


# What is said instead of the piece midway.
_ODD: dict[str, tuple[object, ...]] = {
    "says a list": (["a", "b"],),
    "says a number": (7,),
    "says a control character": ("\0",),
    "says half a character": ("\ude00",),
    "says a character in halves": ("\ud83d", "\ude00"),
}


class _Handler(BaseHTTPRequestHandler):
    server: OpenAIServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        models: list[dict[str, object]] = [{"id": name, "object": "model"} for name in self.server.models]
        if self.server.behaviour == "names models by numbers":
            models = [{"id": number, "object": "model"} for number in (1, 2)]
        if not self._is_allowed("/models"):
            return
        if self.server.behaviour == "never ends a list of models":
            self._send_without_end(200, b'{"object": "list", "data": [')
        else:
            self._send_json(200, {"object": "list", "data": models})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._is_allowed("/chat/completions"):
            return
        self.server.requests.append(body)
        match self.server.behaviour:
            case "answers 500":
                self._send_json(500, {"error": {"message": "out of memory\nTraceback"}})
            case "hangs":
                self.server.closed.wait()
            case "never ends an error":
                self._send_without_end(400, b'{"error": {"message": "')
            case "packs its answer":
                packed = gzip.compress(b": " + b"x" * 50_000_000)
                self._send(200, "text/event-stream", packed, {"Content-Encoding": "gzip"})
            case "serves a page":
                self._send(200, "text/html", b"<html>It works!</html>")
            case _ if body["model"] not in self.server.models:
                self._send_json(404, {"error": {"message": "no such model"}})
            case _:
                self._send_stream()

    def _is_allowed(self, path: str) -> bool:
        if self.path != self.server.prefix + path:
            self._send_json(404, {"error": {"message": "no such path"}})
        elif self.server.api_key and self.headers["Authorization"] != f"Bearer {self.server.api_key}":
            self._send_json(401, {"error": {"message": "wrong key"}})
        else:
            return True
        return False

    def _send_json(self, status: int, value: object) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: int, kind: str, body: bytes, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_without_end(self, status: int, begins: bytes) -> None:
        """Sends until the client goes away, or this is closed; `sent` tells how much that was."""
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            self.wfile.write(begins)
            while not self.server.closed.is_set():
                self.wfile.write(b"x" * 65_536)
                self.server.sent += 65_536
        except OSError:
            self.server.gave_up.set()

    def _send_stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for data in self._events():
                event = data.encode() if data[0] == ":" else f"data: {data}\n\n".encode()
                self.server.sent += len(event)
                self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            if not self.close_connection:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.server.gave_up.set()

    def _events(self) -> Iterator[str]:
        yield _chunk({"role": "assistant", "content": ""})
        yield from self._endless()
        for number, piece in enumerate(self.server.pieces):
            match self.server.behaviour:
                case "answers slowly":
                    self.server.closed.wait(0.05)
                case "hangs midway" if number == _MIDWAY:
                    self.server.closed.wait()
                case "cuts the connection" if number == _MIDWAY:
                    self.close_connection = True
                    return
                case "ends early" if number == _MIDWAY:
                    return
                case "talks rubbish" if number == _MIDWAY:
                    yield '"certainly!"'
            odd = _ODD.get(self.server.behaviour, ()) if number == _MIDWAY else ()
            for content in odd or (piece,):
                yield _chunk({"content": content})
        yield _chunk({}, "stop")
        yield "[DONE]"

    def _endless(self) -> Iterator[str]:
        match self.server.behaviour:
            case "never ends a line":
                yield from repeat(": " + "x" * 65_536)
            case "never ends an answer":
                yield from repeat(_chunk({"content": "and " * 100}))
            case "never ends its silence":
                while not self.server.closed.wait(0.02):
                    yield ": still here\n"


class OpenAIServer(ThreadingHTTPServer):
    """Answers with one text, word by word. `requests` are the bodies that it was sent, in order."""

    def __init__(
        self,
        says: str = "",
        models: tuple[str, ...] = ("tiny",),
        api_key: str = "",
        behaviour: Behaviour = "answers",
        prefix: str = "/v1",
    ) -> None:
        """Args: api_key: the one that it wants, if any; prefix: the path of its API."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pieces = re.findall(r"\s*\S[^\s\[]*|\s+$", says)
        self.models = models
        self.api_key = api_key
        self.behaviour = behaviour
        self.prefix = prefix
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"
        self.requests: list[dict[str, Any]] = []
        self.sent = 0
        """The number of bytes of endless answers that were sent."""
        self.gave_up = threading.Event()
        """Set once a client went away before the end of its answer."""
        self.closed = threading.Event()

    def __enter__(self) -> OpenAIServer:
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closed.set()
        self.shutdown()
        self.server_close()


def _chunk(delta: dict[str, object], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [choice]})
