"""Fetches one page from the network, when its address was given. Nothing else of the core does."""

from __future__ import annotations

import codecs
import email.message
import http.client
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from rag.errors import LoadError

_SECONDS_WITHOUT_DATA = 20
_SECONDS = 120
_MOST_REDIRECTS = 5
_PIECE = 65_536
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
# What servers say of any file; then the name in the address is more telling.
_VAGUE = ("text/plain", "application/octet-stream", "binary/octet-stream", "")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address led to. `suffix` is the ending of the names of such files, by their type or else by the address."""

    data: bytes
    suffix: str


def is_url(text: str) -> bool:
    """Whether it is an address of the web and not the name of a file."""
    return text.lower().startswith(("http://", "https://"))


def fetch(url: str, max_bytes: int) -> Fetched:
    """Fetches what stands at `url`, over at most five redirects, none of which leaves http and https.

    Raises:
        LoadError: It cannot be reached, is refused, takes too long or is larger than `max_bytes`.
    """
    try:
        with _opener().open(_request(url), timeout=_SECONDS_WITHOUT_DATA) as response:
            headers, final = response.headers, response.url
            if headers.get("Content-Encoding", "identity").lower() != "identity":
                raise LoadError(f"{url}: the server packs the page although it was asked not to; save the page and add the file")
            data = _received(response, url, max_bytes)
    except urllib.error.HTTPError as error:
        error.close()
        raise LoadError(f"{url}: the server answers {error.code} {' '.join(str(error.reason).split())}") from error
    except TimeoutError as error:
        raise LoadError(f"{url}: the server takes too long") from error
    except urllib.error.URLError as error:
        reason = error.reason
        said = "the server takes too long" if isinstance(reason, TimeoutError) else f"cannot be reached: {_in_one_line(reason)}"
        raise LoadError(f"{url}: {said}") from error
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
        raise ValueError("this is no address of a page")
    if parts.username or parts.password:
        raise ValueError("addresses with a password in them are not fetched")
    host = parts.hostname.encode("idna").decode("ascii") if not parts.hostname.isascii() else parts.netloc
    netloc = host if parts.hostname.isascii() else f"{host}:{parts.port}" if parts.port else host
    # Addresses are often given as browsers show them, with letters that no address has.
    path, query = quote(parts.path, "/%:@!$&'()*+,;=~-._"), quote(parts.query, "/%:@!$&'()*+,;=~-._?[]")
    address = urlunsplit((parts.scheme, netloc, path, query, ""))
    return urllib.request.Request(address, headers={"User-Agent": "yinju", "Accept-Encoding": "identity"})  # noqa: S310


def _opener() -> urllib.request.OpenerDirector:
    """What opens http and https addresses and nothing else: no files, no data, no ftp."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _FewRedirects(),
    ):
        opener.add_handler(handler)
    return opener


class _FewRedirects(urllib.request.HTTPRedirectHandler):
    max_redirections = _MOST_REDIRECTS

    def redirect_request(  # noqa: PLR0917
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: email.message.Message, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme not in _SCHEMES:
            raise urllib.error.URLError("it is redirected to what is no page")
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
    """Text in the encoding that the server says, in UTF-8; as it is where it is that already, or none is said."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            return codecs.BOM_UTF8 + data.decode("gb18030" if charset.startswith("gb") else charset).encode("utf-8")
        except (LookupError, ValueError):
            return data
    return data


def _in_one_line(error: object) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(said).split())
