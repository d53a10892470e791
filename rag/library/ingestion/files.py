"""Reads files ahead of the encoder, in a thread of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

from rag.documents.loaders import Failure, ocr
from rag.errors import LoadError
from rag.library.ingestion.prefetch import Prefetch
from rag.library.ingestion.rows import documents_of_unchanged_file
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from rag.library.database import Database

_MAX_READ_AHEAD = 16
# Part of a file's hash. Change it whenever a loader reads files differently than before.
_LOADERS = "2"


@dataclass(frozen=True, slots=True)
class File:
    """A source of documents: a file, a page, or a document that does not come from a file.

    `load` returns its documents, or raises `LoadError`. A file with a `path` is not read again as long as it has not changed.
    `original` is the file itself, or its bytes; None if there is no file.
    """

    source: str
    load: Callable[[], Iterable[Document | Failure]]
    size: int = 0
    path: Path | None = None
    original: Path | bytes | None = None


class Ending(Enum):
    """The way in which the reading of a file ended."""

    COMPLETE = auto()
    BROKEN_OFF = auto()
    """It could not be read to its end, so it may contain more documents than were read."""
    UNCHANGED = auto()
    """It was not read: it has not changed since all of its documents were stored."""


@dataclass(slots=True)
class FileReading:
    """A file that is being read.

    `stored` are the ids of the documents that came from it before, by source. `sources` and `document_ids` are those of the
    documents read from it now. `counted` is the part of its size that was counted as progress.
    """

    file: File
    hash: str
    stored: dict[str, str] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    document_ids: list[str] = field(default_factory=list)
    failed: bool = False
    counted: int = 0


Item = tuple[FileReading, Document | Failure | Ending]


def read_ahead(files: Iterable[File], database: Database) -> Prefetch[Item]:
    """Reads files in order: each gives its documents and failures, and then one `Ending`."""
    return Prefetch(_read(files, database), _MAX_READ_AHEAD)


def _read(files: Iterable[File], database: Database) -> Generator[Item, None, None]:
    for file in files:
        reading = FileReading(file, _hash_of(file.path))
        if documents_of_unchanged_file(database, file.source, reading.hash):
            yield reading, Ending.UNCHANGED
            continue
        ending = Ending.COMPLETE
        try:
            for loaded in file.load():
                yield reading, loaded
        except LoadError as error:
            yield reading, Failure(file.source, str(error))
            ending = Ending.BROKEN_OFF
        yield reading, ending


def _hash_of(path: Path | None) -> str:
    """Returns the hash of a file's bytes and of the version of the loaders; empty for a file that cannot be read."""
    try:
        if path is None or not path.is_file():
            return ""
        # A scan that was passed over is read once OCR is installed.
        loaders = f"{_LOADERS}+ocr" if ocr.is_installed() else _LOADERS
        with path.open("rb") as file:
            return f"{loaders}:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (OSError, RuntimeError, ValueError):
        return ""
