"""The window served in the background of a test."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

from ui.serving import Address, serve


def served(pipeline, history, **where):
    """Serves the window in the background and gives its address once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = Address("127.0.0.1", port, **where)
    threading.Thread(target=serve, args=(pipeline, history, address), daemon=True).start()
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(30)
            connection.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
            return f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    raise TimeoutError("the window did not open")
