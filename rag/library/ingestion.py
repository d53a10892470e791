"""Documents into a library: what is new is cleaned, chunked, encoded and stored; what is there already is left as it is.

Files are read ahead of the encoder in a thread of their own. The passages of several documents are encoded at once and stored in
one transaction, so a document is there whole or not at all, and of a run that breaks off all that was stored before stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import astuple, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from rag.documents.chunking import context
from rag.documents.cleaning import clean, restore
from rag.documents.loaders import Failure, limited, ocr
from rag.documents.metadata import describe
from rag.documents.source_id import SourceId, belongs_to
from rag.errors import LoadError
from rag.library import checksums, near_duplicates
from rag.library.checksums import DOCUMENT_COLUMNS
from rag.library.prefetch import Prefetch
from rag.settings import DEFAULTS
from rag.text.lines import one_line, printable
from rag.types import Document

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from embeddings.encoder import Encoder, Vectors
    from rag.documents.chunking import Chunker
    from rag.library.database import Database
    from rag.types import Chunk

_ENCODED_AT_ONCE = 64
_STORED_AT_ONCE = 256
_MOST_CHARACTERS_PENDING = 2_000_000
_INDEXED_AFTER = 16_384
_READ_AHEAD = 16
_LONGEST_TITLE = 500
# Part of a file's hash: changes whenever a loader reads files otherwise than it did.
_LOADERS = "1"


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one document that was to be added. `reason` says why it failed, or what it is the same as.

    "removed" is a document that the file it came from does not hold any more.
    """

    source: str
    status: Literal["added", "replaced", "unchanged", "removed", "failed"]
    document_id: str = ""
    chunks: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it has come. `done` and `total` are in bytes of files, or in characters of documents where there are no files.

    `source` is of the document that was encoded last, and `passages` how many are encoded.
    """

    source: str
    done: int
    total: int
    passages: int


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class File:
    """What documents come from: a file, a page, or a document that is no file.

    `load` gives its documents, or raises `LoadError`. With a `path`, the file is not read anew while it has not changed.
    """

    source: str
    load: Callable[[], Iterable[Document | Failure]]
    size: int = 0
    path: Path | None = None


@dataclass(slots=True)
class _Reading:
    """A file that is being read: what it held before, and what it has been found to hold."""

    file: File
    hash: str
    held: dict[str, str] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    document_ids: list[str] = field(default_factory=list)
    failed: bool = False
    broke_off: bool = False
    counted: int = 0


class _Known:
    """A file has not changed since all of its documents were stored."""


@dataclass(frozen=True, slots=True)
class _Failed:
    """Why a file cannot be read."""

    reason: str


class _End:
    """A file has been read."""


@dataclass(slots=True)
class _Store:
    """A document that is to be stored in place of others."""

    document: Document
    content_hash: str
    chunks: list[Chunk]
    replaces: list[str]
    size: int


@dataclass(frozen=True, slots=True)
class _Collect:
    """A document, stored before, that is to be in the collection too."""

    document_id: str


@dataclass(frozen=True, slots=True)
class _Finish:
    """A file all of whose documents are stored."""

    source: str
    hash: str
    document_ids: list[str]


class Adding:
    """One run of adding documents. The library must be held for writing meanwhile."""

    def __init__(
        self,
        database: Database,
        encoder: Encoder,
        chunker: Chunker,
        *,
        save_indexes: Callable[[], None],
        collection: str = "",
        on_progress: OnProgress | None = None,
        prepared: bool = False,
        max_characters: int = DEFAULTS.max_characters,
    ) -> None:
        """Takes where documents go and what they are made ready with.

        Args:
            database: Where they are stored.
            encoder: What makes the vectors.
            chunker: What cuts the documents.
            save_indexes: Carries what was stored over to the indexes.
            collection: The collection that they are put in; none when empty.
            on_progress: Called as passages are encoded.
            prepared: Whether the documents are cleaned and described already.
            max_characters: The longest document that is added.
        """
        self._database = database
        self._encoder = encoder
        self._chunker = chunker
        self._save_indexes = save_indexes
        self._collection = collection
        self._on_progress = on_progress
        self._prepared = prepared
        self._max_characters = max_characters
        self._results: list[AddResult] = []
        self._pending: list[_Store | _Collect | _Finish] = []
        self._pending_names: set[str] = set()
        self._pending_chunks = self._pending_characters = self._not_indexed = 0
        self._done = self._total = self._passages = 0
        self._told = (0, 0)
        self._to_come: set[str] = set()

    def add(self, files: Sequence[File]) -> list[AddResult]:
        """Adds the documents of files, in order; see `rag.library.library.Library.add`."""
        self._total = sum(file.size for file in files)
        self._to_come = {file.source for file in files}
        left = list(files)
        while left:
            left = self._run(left)
            self._store()
        self._save_indexes()
        return self._results

    def _run(self, files: Iterable[File]) -> list[File]:
        """Adds files, and returns those that must be read after all since what they had in common with the library is gone."""
        again: list[File] = []
        reading: _Reading | None = None
        with Prefetch(self._read(files), _READ_AHEAD) as events:
            for event in events:
                if isinstance(event, _Reading):
                    reading = event
                    continue
                assert reading is not None
                match event:
                    case _Known():
                        if not self._pass_over(reading):
                            again.append(reading.file)
                    case _Failed():
                        reading.failed = reading.broke_off = True
                        self._results.append(AddResult(reading.file.source, "failed", reason=event.reason))
                    case _End():
                        self._finish(reading)
                    case _:
                        self._take(reading, event)
        return again

    # -- reading, in a thread of its own ------------------------------------------------------------------------------

    def _read(self, files: Iterable[File]) -> Generator[_Reading | _Known | Document | Failure | _Failed | _End, None, None]:
        for file in files:
            reading = _Reading(file, _hash_of(file.path))
            yield reading
            if self._known(reading):
                yield _Known()
                continue
            try:
                yield from file.load()
            except LoadError as error:
                yield _Failed(str(error))
            yield _End()

    def _known(self, reading: _Reading) -> list[tuple[str, str]]:
        """The documents, by source, of a file that has not changed since all of them were stored; none otherwise."""
        if not reading.hash:
            return []
        source = reading.file.source
        stored = self._database.select("SELECT documents FROM files WHERE source = ? AND hash = ?", (source, reading.hash))
        documents = self._database.select(
            "SELECT d.source, d.id FROM file_documents JOIN documents d ON d.id = document_id WHERE file = ? ORDER BY d.rowid",
            (source,),
        )
        own = [(place, document_id) for place, document_id in documents if belongs_to(place, source)]
        return own if stored == [(len(own),)] else []

    # -- deciding -----------------------------------------------------------------------------------------------------

    def _pass_over(self, reading: _Reading) -> bool:
        """Leaves the documents of a file that has not changed as they are; False when one of them went elsewhere meanwhile."""
        if self._pending:
            self._store_if_pending(*(document_id for _, document_id in self._known(reading)))
        known = self._known(reading)
        for source, document_id in known:
            self._results.append(AddResult(source, "unchanged", document_id))
            self._collect(document_id)
            self._to_come.discard(source)
        if known:
            self._to_come.discard(reading.file.source)
            self._count(reading, reading.file.size)
        return bool(known)

    def _take(self, reading: _Reading, loaded: Document | Failure) -> None:
        """Decides what becomes of a document that was read."""
        loaded = limited(loaded, self._max_characters)
        if not reading.found and loaded.source != reading.file.source:
            self._store_if_pending(reading.file.source)
            reading.held = held_by(self._database, reading.file.source)
            self._to_come |= reading.held.keys()
        reading.found.add(loaded.source)
        self._to_come.discard(loaded.source)
        if isinstance(loaded, Failure):
            reading.failed = True
            self._results.append(AddResult(loaded.source, "failed", reason=loaded.reason))
            return
        try:
            result = self._decide(reading, loaded)
        except LoadError as error:
            reading.failed = True
            result = AddResult(loaded.source, "failed", reason=str(error))
        # What stood here may have moved to another place of the file.
        if result.status == "added" and loaded.source in reading.held:
            result = replace(result, status="replaced")
        self._results.append(result)
        if result.document_id:
            reading.document_ids.append(result.document_id)
        if self._pending_chunks >= _STORED_AT_ONCE or self._pending_characters >= _MOST_CHARACTERS_PENDING:
            self._store()

    def _decide(self, reading: _Reading, read: Document) -> AddResult:
        """What becomes of a document; it is stored later.

        A document that is there under a source that is yet to be read anew, and is the same, comes here, for what will stand
        there is not known yet.
        """
        source = printable(read.source)
        read = replace(read, title=as_utf8(read.title), source=source, text=as_utf8(read.text))
        content = (restore(read) if self._prepared else read.text).encode("utf-8", "replace")
        content_hash = hashlib.sha256(content).hexdigest()
        same = "SELECT id, source FROM documents WHERE content_hash = ?"
        self._store_if_pending(source, content_hash, read.id, *(row[0] for row in self._database.select(same, (content_hash,))))
        old = [row[0] for row in self._database.select("SELECT id FROM documents WHERE source = ? OR id = ?", (source, read.id))]
        moved: list[str] = []
        for known_id, known_source in self._database.select(same, (content_hash,)):
            if known_source == source:
                self._collect(known_id)
                return AddResult(source, "unchanged", known_id)
            if known_source in self._to_come:
                moved.append(known_id)
                break
            # What stood here before does not any more.
            if gone := [document_id for document_id in old if document_id != known_id]:
                self._store()
                with self._database.transaction() as connection:
                    delete(connection, gone)
            self._collect(known_id)
            return AddResult(source, "replaced" if gone else "unchanged", known_id, reason=f"the same as {known_source}")
        document = _shown(read if self._prepared else describe(clean(read)))
        if not document.text.strip():
            raise LoadError(f"{source}: the file holds no text")
        chunks = self._chunker.chunk(document)
        size = min(len(content), max(reading.file.size - reading.counted, 0))
        reading.counted += size
        self._pending.append(_Store(document, content_hash, chunks, old + moved, size))
        self._pending_names |= {source, content_hash, document.id, *old, *moved}
        self._pending_chunks += len(chunks)
        self._pending_characters += len(document.text)
        return AddResult(source, "replaced" if old else "added", document.id, len(chunks))

    def _finish(self, reading: _Reading) -> None:
        """Removes what a file held before and does not any more; remembers a file that was read whole.

        Of a file whose reading broke off it is not known what it holds, so nothing is removed.
        """
        source = reading.file.source
        self._to_come.discard(source)
        self._to_come -= reading.held.keys()
        if reading.held and not reading.broke_off:
            self._store()
            held = held_by(self._database, source)
            gone = {place: held_id for place, held_id in held.items() if place not in reading.found}
            if gone:
                with self._database.transaction() as connection:
                    delete(connection, gone.values())
            self._results += [AddResult(place, "removed", reason="the file does not hold it any more") for place in gone]
        if reading.hash and not reading.failed:
            self._pending.append(_Finish(source, reading.hash, list(dict.fromkeys(reading.document_ids))))
            self._pending_names.add(source)
        self._count(reading, reading.file.size)

    def _collect(self, document_id: str) -> None:
        if self._collection:
            self._pending.append(_Collect(document_id))

    # -- storing ------------------------------------------------------------------------------------------------------

    def _store_if_pending(self, *names: str) -> None:
        """Stores what is pending when it is of the same file, source, content or id, since what is decided depends on it."""
        if not self._pending_names.isdisjoint(names):
            self._store()

    def _store(self) -> None:
        """Encodes and stores what is pending."""
        if not self._pending:
            return
        vectors = self._encode([pending for pending in self._pending if isinstance(pending, _Store)])
        with self._database.transaction() as connection:
            for pending in self._pending:
                match pending:
                    case _Store():
                        self._put(connection, pending, next(vectors))
                    case _Collect():
                        put_in_collection(connection, self._collection, pending.document_id)
                    case _Finish():
                        _remember(connection, pending)
        self._not_indexed += self._pending_chunks
        self._pending, self._pending_names, self._pending_chunks, self._pending_characters = [], set(), 0, 0
        if self._not_indexed >= _INDEXED_AFTER:
            self._save_indexes()
            self._not_indexed = 0

    def _encode(self, stores: Sequence[_Store]) -> Iterator[Vectors]:
        """The vectors of each document's chunks."""
        passages = [(store, chunk) for store in stores for chunk in store.chunks]
        encoded: list[Vectors] = []
        for start in range(0, len(passages), _ENCODED_AT_ONCE):
            batch = passages[start : start + _ENCODED_AT_ONCE]
            texts = [context(store.document.title, chunk.section, chunk.text) for store, chunk in batch]
            encoded.append(self._encoder.encode_document(texts))
            self._passages += len(batch)
            self._done += sum(store.size // len(store.chunks) for store, _ in batch)
            self._tell(batch[-1][0].document.source)
        # The rest of what was divided among the chunks.
        self._done += sum(store.size % len(store.chunks) for store in stores)
        ends = np.cumsum([len(store.chunks) for store in stores[:-1]])
        return iter(np.split(np.concatenate(encoded), ends) if encoded else [])

    def _put(self, connection: sqlite3.Connection, store: _Store, vectors: Vectors) -> None:
        marks = ",".join("?" * len(store.replaces))
        collections = connection.execute(
            f"SELECT DISTINCT name FROM collections WHERE document_id IN ({marks})", store.replaces
        ).fetchall()
        delete(connection, store.replaces)
        _insert_document(connection, store.document, store.content_hash)
        insert_chunks(connection, store.chunks, vectors)
        checksums.store(connection, store.document.id)
        near_duplicates.link(connection, store.document.id, store.document.text)
        for name in {name for (name,) in collections} | ({self._collection} if self._collection else set()):
            put_in_collection(connection, name, store.document.id)

    def _count(self, reading: _Reading, size: int) -> None:
        """Counts what of a file is not text."""
        self._done += size - reading.counted
        reading.counted = size
        self._tell(reading.file.source)

    def _tell(self, source: str) -> None:
        told, self._told = self._told, (self._done, self._passages)
        if self._on_progress and told != self._told:
            self._on_progress(Progress(source, self._done, self._total, self._passages))


def _shown(document: Document) -> Document:
    """The document whose metadata, wherever it is from, can be shown in one line: it stands before each passage, and in lists."""
    title = one_line(document.title)[:_LONGEST_TITLE] or Path(document.source).stem
    published, publisher = (one_line(text)[:_LONGEST_TITLE] for text in (document.published, document.publisher))
    return replace(document, title=title, published=published, publisher=publisher)


def as_utf8(text: str) -> str:
    """The text as it can be stored and shown: what is no character of Unicode becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def held_by(database: Database, file: str) -> dict[str, str]:
    """The ids of the documents that came from a file, by their sources: the file itself, its members or its lines."""
    if not database.open():
        return {}
    rows = database.select(
        "SELECT source, id FROM documents WHERE source = ? OR source >= ? AND source < ? OR source >= ? AND source < ? "
        "ORDER BY rowid",
        (file, *chain.from_iterable(SourceId(file).ranges())),
    )
    return {source: held_id for source, held_id in rows if belongs_to(source, file)}


def delete(connection: sqlite3.Connection, document_ids: Iterable[str]) -> int:
    """Deletes documents with all that belongs to them; returns how many were there."""
    rows = ((document_id,) for document_id in document_ids)
    return connection.executemany("DELETE FROM documents WHERE id = ?", rows).rowcount


def insert_chunks(connection: sqlite3.Connection, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Stores a document's chunks with their vectors `(len(chunks), dim)`."""
    connection.executemany(
        "INSERT INTO chunks (id, document_id, start, end, page, section, vector) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (chunk.id, chunk.document_id, chunk.start, chunk.end, chunk.page, chunk.section, vector.tobytes())
            for chunk, vector in zip(chunks, vectors, strict=True)
        ),
    )


def put_in_collection(connection: sqlite3.Connection, name: str, document_id: str) -> None:
    """Puts a document in a collection; one that is in it stays."""
    connection.execute("INSERT OR IGNORE INTO collections SELECT ?, id FROM documents WHERE id = ?", (name, document_id))


def _insert_document(connection: sqlite3.Connection, document: Document, content_hash: str) -> None:
    values = {name: getattr(document, name) for name in DOCUMENT_COLUMNS.split(", ")}
    values |= {"pages": json.dumps(document.pages), "content_hash": content_hash}
    marks = ",".join("?" * len(values))
    connection.execute(f"INSERT INTO documents ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
    connection.executemany(
        "INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?)",
        ((document.id, number, *astuple(edit)) for number, edit in enumerate(document.edits)),
    )


def _remember(connection: sqlite3.Connection, finished: _Finish) -> None:
    """Remembers which documents a file holds, so that it is not read again while it and they are there."""
    connection.execute("DELETE FROM files WHERE source = ?", (finished.source,))
    connection.execute("INSERT INTO files VALUES (?, ?, ?)", (finished.source, finished.hash, len(finished.document_ids)))
    connection.executemany(
        "INSERT INTO file_documents SELECT ?, id FROM documents WHERE id = ?",
        ((finished.source, document_id) for document_id in finished.document_ids),
    )


def _hash_of(path: Path | None) -> str:
    """The hash of a file's bytes and of what reads them; empty for what cannot be read."""
    try:
        if path is None or not path.is_file():
            return ""
        # A scan that was passed over is read when OCR has come.
        loaders = f"{_LOADERS}+ocr" if ocr.is_installed() else _LOADERS
        with path.open("rb") as file:
            return f"{loaders}:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (OSError, RuntimeError, ValueError):
        return ""
