"""The window served in the background of a test."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from ui.serving import Address, serve


def served(pipeline, history, **where):
    """Serves the window in the background and gives its address once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = Address("127.0.0.1", port, **where)
    threading.Thread(target=serve, args=(pipeline, history, address), daemon=True).start()
    for _ in range(6000):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(600)
            connection.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
            return f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    raise TimeoutError("the window did not open")


class Proxy:
    """Passes what is asked below a path on to a server, without the path; `with` gives the address to ask at."""

    def __init__(self, inside: str, path: str) -> None:
        inside_host = urlsplit(inside).netloc

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self):
                if not self.path.startswith(path):
                    self.send_error(404)
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                connection = http.client.HTTPConnection(inside_host, timeout=600)
                connection.request(self.command, self.path[len(path) :] or "/", body, dict(self.headers))
                answer = connection.getresponse()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Connection", "close")
                self.end_headers()
                while piece := answer.read1(65536):
                    self.wfile.write(piece)
                    self.wfile.flush()
                connection.close()

            do_GET = do_POST = do_HEAD = handle_any

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._path = path

    def __enter__(self) -> str:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}{self._path}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
