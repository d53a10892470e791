"""The protocols that every loader implements."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rag.text.lines import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.types import Document

_BLANK = " \t\r\n\f\0\u00a0\u3000\ufeff"

__all__ = ["Container", "Failure", "Loader", "document_id", "is_blank", "printable"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A document within a file that cannot be read. `reason` is one line that begins with `source`."""

    source: str
    reason: str


class Loader(Protocol):
    """A format whose files contain one document each."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the file names of this format, lower case, with the dot."""

    def __call__(self, data: bytes, source: str) -> Document:
        """Reads a whole file. Cleaning comes later.

        Args:
            data: The bytes of the file.
            source: The source of the document, which also names the file in errors.

        Raises:
            LoadError: The bytes are not of this format.
        """


@runtime_checkable
class Container(Protocol):
    """A format whose files contain several documents."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the file names of this format, lower case, with the dot."""

    def documents(self, data: bytes, source: str, max_bytes: int) -> Iterator[Document | Failure]:
        """Reads the documents one after the other. One that cannot be read is a failure, and the others follow.

        Args:
            data: The bytes of the file.
            source: The source of the file. Each document has a source of its own: that of the file followed by `/` and a name,
                or by `#` and a number.
            max_bytes: The largest file that is read from an archive.

        Raises:
            LoadError: Nothing can be read. It is raised before the first document.
        """


def document_id(source: str) -> str:
    """Returns the id of the document with this source: the same source always has the same id."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def is_blank(text: str) -> bool:
    """Returns whether a text has nothing but blanks, line ends, NULs and byte order marks."""
    return not text.strip(_BLANK)
