"""Collects changes, so that the passages of several documents are encoded together and stored in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.library import checksums, near_duplicates
from rag.library.ingestion import rows
from rag.library.ingestion.encoding import encode

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from embeddings.encoder import Encoder, Vectors
    from rag.library.database import Database
    from rag.library.ingestion.results import ProgressMeter
    from rag.types import Chunk, Document

_MAX_CHUNKS = 256
_MAX_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that will take the place of those with the ids `replaces`. `size` is its share of the progress."""

    document: Document
    content_hash: str
    chunks: Sequence[Chunk]
    replaces: Collection[str]
    size: int


class PendingChanges:
    """Changes to a library that are decided but not yet stored."""

    def __init__(self, database: Database, encoder: Encoder, meter: ProgressMeter, collection: str) -> None:
        """Args: meter: counts the passages as they are encoded; collection: takes every document that is stored; none when empty."""
        self._database = database
        self._encoder = encoder
        self._meter = meter
        self._collection = collection
        self._clear()

    def _clear(self) -> None:
        self._documents: list[NewDocument] = []
        self._collected: list[str] = []
        self._files: list[tuple[str, str, Sequence[str]]] = []
        self._names: set[str] = set()

    @property
    def are_many(self) -> bool:
        """True when there are enough documents to store."""
        return (
            sum(len(new.chunks) for new in self._documents) >= _MAX_CHUNKS
            or sum(len(new.document.text) for new in self._documents) >= _MAX_CHARACTERS
        )

    def concern(self, names: Iterable[str]) -> bool:
        """Tells if any of the changes is to a file, source, content hash or document id among `names`."""
        return not self._names.isdisjoint(names)

    def add_document(self, new: NewDocument) -> None:
        """Stores a document later."""
        self._documents.append(new)
        self._names |= {new.document.source, new.content_hash, new.document.id, *new.replaces}

    def add_to_collection(self, document_id: str) -> None:
        """Puts a document that is stored already in the collection later, if there is one."""
        if self._collection:
            self._collected.append(document_id)

    def add_file(self, source: str, file_hash: str, document_ids: Sequence[str]) -> None:
        """Records later that a file contains these documents."""
        self._files.append((source, file_hash, document_ids))
        self._names.add(source)

    def store(self) -> int:
        """Encodes and stores everything in one transaction; returns the number of new chunks.

        Raises:
            LibraryError: The library cannot be written. Nothing of it was stored then.
        """
        if not (self._documents or self._collected or self._files):
            return 0
        vectors = self._encode()
        with self._database.transaction() as connection:
            for new in self._documents:
                self._put(connection, new, next(vectors))
            for document_id in self._collected:
                rows.put_in_collection(connection, self._collection, document_id)
            for file in self._files:
                rows.remember_file(connection, *file)
        chunks = sum(len(new.chunks) for new in self._documents)
        self._clear()
        return chunks

    def _encode(self) -> Iterator[Vectors]:
        """Returns the vectors of each document's chunks."""
        passages = [(new, chunk) for new in self._documents for chunk in new.chunks]
        if not passages:
            return iter(())

        def count(start: int, end: int) -> None:
            self._meter.count(sum(new.size // len(new.chunks) for new, _ in passages[start:end]), end - start)
            self._meter.report(passages[end - 1][0].document.source)

        vectors = encode(self._encoder, [(new.document.title, chunk) for new, chunk in passages], count)
        # The remainders of the division among the chunks.
        self._meter.count(sum(new.size % len(new.chunks) for new in self._documents))
        ends = np.cumsum([len(new.chunks) for new in self._documents[:-1]])
        return iter(np.split(vectors, ends))

    def _put(self, connection: sqlite3.Connection, new: NewDocument, vectors: Vectors) -> None:
        """Stores a document in place of others; it goes into their collections too."""
        marks = ",".join("?" * len(new.replaces))
        collections = connection.execute(
            f"SELECT DISTINCT name FROM collections WHERE document_id IN ({marks})", tuple(new.replaces)
        ).fetchall()
        rows.delete(connection, new.replaces)
        rows.insert_document(connection, new.document, new.content_hash)
        rows.insert_chunks(connection, new.chunks, vectors)
        checksums.store(connection, new.document.id)
        near_duplicates.link(connection, new.document.id, new.document.text)
        for name in {name for (name,) in collections} | ({self._collection} if self._collection else set()):
            rows.put_in_collection(connection, name, new.document.id)
