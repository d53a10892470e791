"""Reads JSON Lines, with a document in each line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from rag.documents.loaders.base import Failure, document_id
from rag.documents.loaders.decoding import decode
from rag.documents.metadata import date_in
from rag.documents.source_id import SourceId
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator


class JsonLinesLoader:
    """Reads objects with a `"text"`, and perhaps a `"title"`, `"date"`, `"source"` (who published it) and `"url"`.

    The source of a document ends with the number of its line, from 1. Without a publisher, the host of the address is taken.
    """

    suffixes = (".jsonl", ".ndjson")

    def documents(self, data: bytes, source: str, max_bytes: int) -> Iterator[Document | Failure]:
        """Reads the lines one after the other, without blank ones. `max_bytes` has no effect: a line is smaller than its file."""
        lines = [(number, line) for number, line in enumerate(decode(data, source).split("\n"), 1) if line.strip(" \t\r\0\ufeff")]
        if not lines:
            raise LoadError(f"{source}: the file is empty")
        for number, line in lines:
            place = str(SourceId(source).line(number))
            try:
                yield _document(line, place)
            except LoadError as error:
                yield Failure(place, str(error))


def _document(line: str, source: str) -> Document:
    try:
        values: Any = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise LoadError(f"{source}: this line is not JSON") from error
    if not isinstance(values, dict):
        raise LoadError(f'{source}: this line is not an object, such as {{"title": "…", "text": "…"}}')
    for name in ("title", "text", "date", "source", "url"):
        if not isinstance(values.get(name) or "", str):
            raise LoadError(f'{source}: "{name}" is not a text')
    if not (values.get("text") or "").strip():
        raise LoadError(f'{source}: there is no "text"')
    return Document(
        document_id(source),
        " ".join((values.get("title") or "").split()) or Path(source).stem,
        source,
        values["text"],
        published=date_in(values.get("date") or ""),
        publisher=" ".join((values.get("source") or "").split()) or _host(values.get("url") or ""),
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
