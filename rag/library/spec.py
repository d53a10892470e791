"""The specification of a library's chunks, vectors and search terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.documents.chunking import context
from rag.documents.file_names import subject_of
from rag.errors import LibraryMismatchError

if TYPE_CHECKING:
    from embeddings.encoder import Encoder
    from rag.documents.chunking import Chunker
    from rag.library.database import Database
    from rag.text.analysis import Analyzer
    from rag.types import SearchResult


@dataclass(frozen=True, slots=True)
class LibrarySpec:
    """The encoder, analyzer and chunker of a library."""

    encoder: Encoder
    analyzer: Analyzer
    chunker: Chunker

    def terms(self, result: SearchResult) -> list[str]:
        """Returns the terms under which a chunk is found.

        They are those of its text, headings and title, the names in them, and what only the name of the file says.
        """
        text = context(result.title, result.chunk.section, result.chunk.text)
        terms = self.analyzer.terms(text)
        known = {*terms, *self.analyzer.terms(result.title)}
        of_file = self.analyzer.content_terms(subject_of(result.source, result.language))
        return terms + self.analyzer.name_terms(text) + [term for term in of_file if term not in known]

    def identity(self) -> dict[str, str]:
        """Returns the origin of vectors and chunks, as the database records it."""
        return {"encoder": self.encoder.fingerprint, "dim": str(self.encoder.dim), "chunker": self.chunker.fingerprint}

    def fingerprints(self) -> dict[str, str]:
        """Returns the origin of vectors and terms, as the stamp of the indexes records it."""
        return {"encoder": self.encoder.fingerprint, "analyzer": self.analyzer.fingerprint}

    def require_match(self, database: Database) -> None:
        """Makes sure that new vectors and chunks fit the stored ones.

        Raises:
            LibraryMismatchError: The library was built with another encoder or chunker.
        """
        for key, mine, what in (
            ("encoder", self.encoder.fingerprint, "encoder"),
            ("chunker", self.chunker.fingerprint, "chunk size or chunker"),
        ):
            stored = database.meta(key)
            if stored != mine:
                raise LibraryMismatchError(
                    f"the library {database.folder} was built with another {what} ({stored}, now {mine}); "
                    "bring it up to date with: yinju reindex, or set what it was built with"
                )
