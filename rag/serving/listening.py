"""Opens the port of a server."""

from __future__ import annotations

import errno
import socket

from rag.errors import YinjuError


def listen(host: str, port: int) -> socket.socket:
    """Listens on an address of this machine.

    Raises:
        YinjuError: The port is in use, or the address is not of this machine.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise YinjuError(f"port {port} is already in use; choose another with --port") from None
        raise YinjuError(f"cannot listen on {host}:{port}: {error.strerror}; see --host and --port") from error
