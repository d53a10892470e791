"""What every loader is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rag.types import Document


class Loader(Protocol):
    """One format."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The endings of the file names that are of this format, lower case, with the dot."""

    def __call__(self, data: bytes, source: str) -> Document:
        """Reads a whole file, as it stands.

        Raises:
            LoadError: The bytes are not of this format.
        """


def document_id(source: str) -> str:
    """The id of the document that comes from `source`: the same source always has the same id."""
    return hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()[:12]
