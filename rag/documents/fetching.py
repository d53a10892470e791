"""Fetches a page whose address was given. No other module of `rag.documents` uses the network.

An address may come from someone else, and a page may redirect to any other. So that neither reaches anything that only this
computer or its network can, a host must have a public address, and the connection goes to the address that was checked.
"""

from __future__ import annotations

import codecs
import email.message
import http.client
import ipaddress
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from rag.errors import LoadError

_SECONDS_WITHOUT_DATA = 20
_SECONDS = 120
_MAX_REDIRECTS = 5
_PIECE = 65_536
# Names that no public server has. A proxy may know them although this computer does not.
_LOCAL_NAMES = (".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan", ".home.arpa")
# IPv6 networks whose addresses contain an IPv4 address, and the number of bits after it.
_EMBEDDING = (("::ffff:0:0/96", 0), ("::/96", 0), ("64:ff9b::/96", 0), ("2002::/16", 80))
_SCHEMES = ("http", "https")
_SUFFIXES = {
    "text/html": ".html",
    "application/xhtml+xml": ".xhtml",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/csv": ".csv",
    "application/pdf": ".pdf",
    "application/epub+zip": ".epub",
    "application/zip": ".zip",
    "application/jsonl": ".jsonl",
    "application/x-ndjson": ".ndjson",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ".pptx",
}
# Types that servers send for any file. The name in the address tells more than these.
_VAGUE = ("text/plain", "application/octet-stream", "binary/octet-stream", "")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A fetched page or file. `suffix` is the file name suffix of its type, or else that of its address."""

    data: bytes
    suffix: str


def is_url(text: str) -> bool:
    """Returns whether a text is a web address, not the name of a file."""
    return text.lower().startswith(("http://", "https://"))


def fetch(url: str, max_bytes: int, allow_private: bool = False) -> Fetched:
    """Fetches a page or file, following at most five redirects to http and https addresses.

    A proxy named by the environment is used and resolves host names itself. A name that this computer can resolve must have a
    public address in this case too.

    Args:
        url: The address.
        max_bytes: The largest size to accept.
        allow_private: Whether this computer, its network and other addresses that are not public may be reached.

    Raises:
        LoadError: The address is refused or cannot be reached, the server takes too long, or the page is larger than `max_bytes`.
    """
    try:
        with _opener(allow_private).open(_request(url), timeout=_SECONDS_WITHOUT_DATA) as response:
            headers, final = response.headers, response.url
            if headers.get("Content-Encoding", "identity").lower() != "identity":
                raise LoadError(
                    f"{url}: the server compresses the page although it was asked not to; save the page and add the file"
                )
            data = _received(response, url, max_bytes)
    except urllib.error.HTTPError as error:
        error.close()
        raise LoadError(f"{url}: the server answers {error.code} {' '.join(str(error.reason).split())}") from error
    except _PrivateAddressError as error:
        raise LoadError(f"{url}: {error}") from error
    except TimeoutError as error:
        raise LoadError(f"{url}: the server takes too long") from error
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, socket.gaierror):
            raise LoadError(
                f"{url}: cannot be reached: the name of its host is not known; check the address and the connection to the internet"
            ) from error
        message = (
            "the server takes too long" if isinstance(reason, TimeoutError) else f"cannot be reached: {_in_one_line(reason)}"
        )
        raise LoadError(f"{url}: {message}") from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise LoadError(f"{url}: cannot be reached: {_in_one_line(error)}") from error
    if not data:
        raise LoadError(f"{url}: the page is empty")
    kind = headers.get_content_type() if "Content-Type" in headers else ""
    named = PurePosixPath(unquote(urlsplit(final).path)).suffix.lower()
    suffix = (named if kind in _VAGUE else "") or _SUFFIXES.get(kind, named)
    return Fetched(_in_utf8(data, headers.get_content_charset("")) if kind.startswith("text/") else data, suffix)


def _request(url: str) -> urllib.request.Request:
    parts = urlsplit(url)
    if parts.scheme.lower() not in _SCHEMES or not parts.hostname:
        raise ValueError("this is not the address of a page")
    if parts.username or parts.password:
        raise ValueError("addresses with a password in them are not fetched")
    host = parts.hostname.encode("idna").decode("ascii") if not parts.hostname.isascii() else parts.netloc
    netloc = host if parts.hostname.isascii() else f"{host}:{parts.port}" if parts.port else host
    # Addresses are often given as browsers show them, with letters that must be escaped.
    path, query = quote(parts.path, "/%:@!$&'()*+,;=~-._"), quote(parts.query, "/%:@!$&'()*+,;=~-._?[]")
    address = urlunsplit((parts.scheme, netloc, path, query, ""))
    return urllib.request.Request(address, headers={"User-Agent": "yinju", "Accept-Encoding": "identity"})  # noqa: S310


class _PrivateAddressError(Exception):
    """A host has no public address. It is not an `OSError`, which urllib would wrap."""

    def __init__(self, host: str, found: str) -> None:
        where = host if host == found or not found else f"{host} ({found})"
        super().__init__(
            f"{where} is an address of this computer or of a private network, and is not fetched; "
            "if that is meant, repeat with --allow-private"
        )


def is_public(address: str) -> bool:
    """Returns whether an IP address is on the internet: not private, loopback, link-local, multicast, reserved or the like."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        for network, shift in _EMBEDDING:
            if ip in ipaddress.ip_network(network):
                return is_public(str(ipaddress.IPv4Address(int(ip) >> shift & 0xFFFFFFFF)))
        if ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _connect(host: str, port: int, timeout: float | None, allow_private: bool) -> socket.socket:
    """Connects to the first allowed address of a host that answers.

    The name is resolved once, so the address that was checked is the one that is connected to.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    allowed = [entry for entry in found if allow_private or is_public(str(entry[4][0]))]
    if not allowed:
        raise _PrivateAddressError(host, str(found[0][4][0]) if found else "")
    failure: OSError | None = None
    for family, kind, protocol, _, address in allowed:
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(timeout)
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure or OSError("the host has no address")


class _Connection(http.client.HTTPConnection):
    """Connects to public addresses only, unless `allow_private` is set."""

    allow_private = False

    def connect(self) -> None:
        self.sock = _connect(self.host, self.port, self.timeout, self.allow_private)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tunnel_host:  # type: ignore[attr-defined]
            self._tunnel()  # type: ignore[attr-defined]


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """Connects to the same addresses with TLS, verified for the requested name."""


class _Handler(urllib.request.AbstractHTTPHandler):
    """Opens http and https addresses over `_Connection`."""

    http_request = https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, allow_private: bool) -> None:
        super().__init__()
        self._allow_private = allow_private
        self._tls = ssl.create_default_context()

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self._open(req, _Connection)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self._open(req, partial(_SecureConnection, context=self._tls))

    def _open(self, req: urllib.request.Request, kind: Callable[..., _Connection]) -> http.client.HTTPResponse:
        # For an https address behind a proxy, urllib keeps the host in `_tunnel_host`.
        is_proxied = req.has_proxy() or bool(req._tunnel_host)  # type: ignore[attr-defined]
        if is_proxied and not self._allow_private:
            _require_not_private(urlsplit(req.full_url).hostname or "")

        def connection(host: str, **options: Any) -> _Connection:
            made = kind(host, **options)
            # The user chose the proxy, so it may have a private address.
            made.allow_private = self._allow_private or is_proxied
            return made

        return self.do_open(connection, req)


def _require_not_private(host: str) -> None:
    """Refuses a host that the proxy would fetch if it has a private address as far as this computer knows."""
    name = host.rstrip(".").lower()
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)]
    except OSError:
        found = []
    private = next((address for address in found if not is_public(address)), None)
    if private or (not found and ("." not in name or name.endswith(_LOCAL_NAMES))):
        raise _PrivateAddressError(host, private or "")


def _opener(allow_private: bool) -> urllib.request.OpenerDirector:
    """An opener for http and https addresses only: not for files, data or ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        _Handler(allow_private),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _FewRedirects(),
    ):
        opener.add_handler(handler)
    return opener


class _FewRedirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _MAX_REDIRECTS

    def redirect_request(  # noqa: PLR0917
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: email.message.Message, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in _SCHEMES:
            raise urllib.error.URLError("it redirects to an address that is not http or https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]


def _received(response: http.client.HTTPResponse, url: str, max_bytes: int) -> bytes:
    until = time.monotonic() + _SECONDS
    received = bytearray()
    while piece := response.read1(_PIECE):
        received += piece
        if len(received) > max_bytes:
            raise LoadError(f"{url}: this is more than the limit of {max_bytes / 1e6:.1f} MB; raise max_file_megabytes")
        if time.monotonic() > until:
            raise TimeoutError
    return bytes(received)


def _in_utf8(data: bytes, charset: str) -> bytes:
    """Converts text from the encoding that the server names to UTF-8; leaves it if it is UTF-8 or the encoding is unknown."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return codecs.BOM_UTF8 + data.decode("gb18030" if charset.startswith("gb") else charset).encode("utf-8")
        except (LookupError, ValueError):
            return data
    return data


def _in_one_line(error: object) -> str:
    message = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(message).split())
