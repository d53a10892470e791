"""What every loader is."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rag.text.lines import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.types import Document

__all__ = ["Container", "Failure", "Loader", "document_id", "printable"]


@dataclass(frozen=True, slots=True)
class Failure:
    """One of the documents that a file holds cannot be read. `reason` is one line that begins with `source`."""

    source: str
    reason: str


class Loader(Protocol):
    """A format whose files hold one document each."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the file names that are of this format, lower case, with the dot."""

    def __call__(self, data: bytes, source: str) -> Document:
        """Reads a whole file, as it stands.

        Raises:
            LoadError: The bytes are not of this format.
        """


@runtime_checkable
class Container(Protocol):
    """A format whose files hold several documents."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the file names that are of this format, lower case, with the dot."""

    def documents(self, data: bytes, source: str, max_bytes: int) -> Iterator[Document | Failure]:
        """Reads what a file holds, one after the other; what cannot be read does not keep the others back.

        The source of each is that of the file with `/` and a name, or `#` and a number, behind it; no two are the same.

        Raises:
            LoadError: Nothing of it can be read; it is raised before the first document comes.
        """


def document_id(source: str) -> str:
    """The id of the document that comes from `source`: the same source always has the same id."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]
