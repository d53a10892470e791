"""Turns paths, addresses, uploads and documents into the files of an ingestion run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import loaders
from rag.documents.fetching import fetch
from rag.library.ingestion.files import File

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.documents.loaders import Failure
    from rag.documents.sandbox import Parser
    from rag.types import Document


@dataclass(frozen=True, slots=True)
class Sources:
    """Reads with a parser and within limits: the size of a file in bytes, and the length of a document in characters."""

    parser: Parser
    max_file_bytes: int
    max_characters: int

    def files(self, paths: Iterable[str | Path]) -> list[File]:
        """Returns the files among the paths and in the folders among them, which are read later.

        Raises:
            LoadError: No file is of a known kind.
        """
        return [
            File(
                loaders.source_of(path),
                partial(self.parser.load, path, self.max_file_bytes, max_characters=self.max_characters),
                size_of(path),
                # A larger file is not read, so it need not be recognised.
                path if size_of(path) <= self.max_file_bytes else None,
                path,
            )
            for path in loaders.require_files(map(Path, paths))
        ]

    def page(self, url: str, allow_private: bool) -> File:
        """Fetches a page or file.

        Raises:
            LoadError: It cannot be fetched, or is at a private address without `allow_private`.
        """
        fetched = fetch(url, self.max_file_bytes, allow_private)
        return File(
            url,
            partial(self.parser.read, fetched.data, url, fetched.suffix, self.max_file_bytes, max_characters=self.max_characters),
            original=fetched.data,
        )

    def upload(self, file: Path, name: str) -> list[Document | Failure]:
        """Reads a file in a temporary place as if it were called `name`.

        Raises:
            LoadError: It cannot be read.
        """
        return list(self.parser.load(file, self.max_file_bytes, name, self.max_characters))


def loaded(source: str, documents: Iterable[Document | Failure], size: int, original: Path | None = None) -> File:
    """Returns a file of `size` bytes that has been read already."""
    return File(source, partial(list, documents), size, original=original)


def from_documents(documents: Iterable[Document]) -> list[File]:
    """Returns one file for each document that does not come from a file."""
    printable = (replace(document, source=loaders.printable(document.source)) for document in documents)
    return [loaded(document.source, [document], len(document.text.encode("utf-8", "replace"))) for document in printable]


def size_of(path: Path) -> int:
    """Returns the size of a file in bytes; 0 if it cannot be read."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
