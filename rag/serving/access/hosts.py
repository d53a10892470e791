"""The host names under which a server of this program is reached, and the pages that may send requests to it."""

from __future__ import annotations

import ipaddress
import re
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def is_host(text: str) -> bool:
    """Tells whether a text is a host name or an address, with or without a port."""
    return _HOST.fullmatch(text) is not None


class AllowedHosts:
    """The names under which a server is reached.

    This stops DNS rebinding: a site that resolves its own name to this machine still sends that name as the host. An IP address
    cannot be rebound.
    """

    def __init__(self, listening_on: str, named: Iterable[str] = ()) -> None:
        """Collects the allowed names.

        Args:
            listening_on: The address that the server listens on. Where that is every address of the machine, any IP address and the
                machine's own name are allowed too.
            named: Public names, addresses or URLs of the server, each with or without a port.
        """
        self._any_address = listening_on in ("", "0.0.0.0", "::")  # noqa: S104
        own = (socket.gethostname(), socket.getfqdn()) if self._any_address else (listening_on,)
        outside = [_netloc(name) for name in named if name.strip()]
        self._origins = frozenset(outside)
        self._names = frozenset({*LOOPBACK, *map(str.lower, own), *(_name_of(netloc) for netloc in outside)})

    def allows(self, host: str) -> bool:
        """Tells whether a Host header names the server."""
        if not _HOST.fullmatch(host):
            return False
        name = _name_of(host)
        return name in self._names or (self._any_address and _is_address(name))

    def is_same_origin(self, origin: str, host: str) -> bool:
        """Tells whether an Origin header is that of the server itself, as reached at `host` or under one of the given names."""
        scheme, separator, _ = origin.partition("://")
        if not separator or scheme not in _DEFAULT_PORTS:
            return False
        netloc = _without_default_port(_netloc(origin), scheme)
        return netloc == _without_default_port(host.lower(), scheme) or netloc in self._origins


def _netloc(name: str) -> str:
    """Returns the host of a name or URL, with its port if it has one."""
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
