"""The documents, their chunks and their indexes, on disk.

SQLite is the truth: a document exists from its commit on, whole or not at all. The vector index and the lexical index are
derived from it and stamped with the revision they were built from. When they are behind, they are caught up with what
SQLite holds, vectors included; when the stamp does not fit, or a file is missing or damaged, they are rebuilt from it. Rows
of chunks are never changed or used again, so what an index lacks is known by the numbers of its rows alone.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Callable
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import filelock
import numpy as np

from embeddings.encoder import Encoder, SentenceTransformerEncoder, Vectors
from embeddings.vector_index import VectorIndex
from rag import loaders
from rag.analysis import Analyzer
from rag.chunking import Chunker, context
from rag.cleaning import clean
from rag.errors import (
    DocumentNotFoundError,
    IndexDamagedError,
    LibraryError,
    LibraryMismatchError,
    LoadError,
)
from rag.lexical_index import LexicalIndex
from rag.metadata import describe
from rag.settings import DEFAULTS
from rag.types import Chunk, Document, Edit, SearchResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from embeddings.vector_index import Rows

logger = logging.getLogger("yinju")

_SCHEMA_VERSION = "1"
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL UNIQUE, text TEXT NOT NULL, language TEXT NOT NULL,
    published TEXT NOT NULL, publisher TEXT NOT NULL, pages TEXT NOT NULL, content_hash TEXT NOT NULL UNIQUE,
    added TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE edits (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, number INTEGER NOT NULL,
    start INTEGER NOT NULL, removed TEXT NOT NULL, inserted TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (document_id, number)
) WITHOUT ROWID;
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER, section TEXT NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX chunks_by_document ON chunks(document_id, start);
"""
_DOCUMENT_COLUMNS = "id, title, source, text, language, published, publisher, pages"
_ENCODE_AT_ONCE = 64
_ROWS_AT_ONCE = 500
_WAIT_SECONDS = 30.0
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

T = TypeVar("T")

Progress = Callable[[str, int, int], None]
"""Called with a source, how many of its chunks are encoded, and how many it has."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one source that was to be added. `reason` says why it failed, or what it is the same as."""

    source: str
    status: Literal["added", "replaced", "unchanged", "failed"]
    document_id: str = ""
    chunks: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text."""

    id: str
    title: str
    source: str
    language: str
    published: str
    publisher: str
    characters: int
    chunks: int
    added: str


class Library:
    """A folder of documents that can be searched.

    One process may write at a time; others that try wait. Any number may read, also while one writes. Safe to use from
    several threads.
    """

    def __init__(
        self,
        path: str | Path,
        encoder: Encoder | None = None,
        chunk_tokens: int = DEFAULTS.chunk_tokens,
        max_file_bytes: int = DEFAULTS.max_file_megabytes * 1_000_000,
        analyzer: Analyzer | None = None,
    ) -> None:
        """Opens the library in the folder `path`; a new one is made when the first document is added.

        Args:
            path: The folder.
            encoder: What makes the vectors; the bundled encoder when None.
            chunk_tokens: The largest chunk, in the encoder's tokens.
            max_file_bytes: The largest file that `add` reads.
            analyzer: What makes the search terms.

        Raises:
            LibraryError: The folder cannot be read, or what it holds is damaged or of a newer version.
        """
        self.path = Path(path).expanduser().absolute()
        self.encoder: Encoder = encoder or SentenceTransformerEncoder(DEFAULTS.encoder)
        self.analyzer = analyzer or Analyzer()
        self._chunker = Chunker(self.encoder.count_tokens, chunk_tokens)
        self._max_file_bytes = max_file_bytes
        self._lock = threading.RLock()
        self._write_lock = threading.RLock()
        self._file_lock = filelock.FileLock(self.path / "lock")
        self._connection: sqlite3.Connection | None = None
        self._connected_to: tuple[int, ...] = ()
        self._immutable = False
        self._vectors: VectorIndex | None = None
        self._lexical: LexicalIndex | None = None
        self._rows: dict[str, Rows] = {}
        self._revision = -1
        self._stamp: dict[str, Any] = {}
        self._open()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "library.sqlite3"

    def __len__(self) -> int:
        """The number of documents."""
        return int(self._select("SELECT count(*) FROM documents")[0][0]) if self._open() else 0

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the files; they are opened again when the library is used again."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = None
            self._forget_indexes()

    # -- adding and removing ------------------------------------------------------------------------------------------

    def add(self, paths: Iterable[str | Path], progress: Progress | None = None) -> list[AddResult]:
        """Adds files, and all files of a known kind in folders.

        Each document goes in whole or not at all. Content that is in already is left as it is; other content from the same
        source replaces what was there. A file that cannot be read is reported and the others go in.

        Returns:
            One result for each file, in order.

        Raises:
            LoadError: There is no file of a known kind.
            LibraryError: The library cannot be written: what was added before stays.
        """
        files = list(loaders.find_files(map(Path, paths)))
        if not files:
            raise LoadError("there is no file of a known kind there (.txt, .md)")
        results = []
        with self._writing():
            for file in files:
                try:
                    results.append(self._add(loaders.load(file, self._max_file_bytes), progress))
                except LoadError as error:
                    results.append(AddResult(str(file), "failed", reason=str(error)))
            self._save_indexes()
        return results

    def add_document(self, document: Document, progress: Progress | None = None) -> AddResult:
        """Adds a document that was not read from a file; cleaning and metadata are the same as for files.

        Raises:
            LoadError: The document holds no text.
            LibraryError: The library cannot be written.
        """
        with self._writing():
            result = self._add(document, progress)
            self._save_indexes()
            return result

    def remove(self, name: str) -> DocumentSummary:
        """Removes the document that goes by `name`, from everywhere (see `find`), and returns what it was.

        Raises:
            DocumentNotFoundError: None goes by that name, or several do.
        """
        self._require()
        with self._writing():
            summary = self.find(name)
            with self._transaction() as connection:
                connection.execute("DELETE FROM documents WHERE id = ?", (summary.id,))
            self._save_indexes()
        return summary

    def reindex(self, progress: Progress | None = None) -> int:
        """Chunks and encodes every document anew, with this encoder and chunker; the old state holds until all is done.

        Returns:
            The number of documents.
        """
        self._require()
        with self._writing(check=False):
            prepared = [self._encode(self.document(summary.id), progress) for summary in self.documents()]
            identity = self._identity()
            with self._transaction() as connection:
                connection.execute("DELETE FROM chunks")
                for chunks, vectors in prepared:
                    self._insert_chunks(connection, chunks, vectors)
                self._write_meta(connection, identity)
            self._save_indexes()
        return len(prepared)

    # -- what is in it ------------------------------------------------------------------------------------------------

    def documents(self) -> list[DocumentSummary]:
        """Every document, in the order in which they were added."""
        if not self._open():
            return []
        rows = self._select(
            "SELECT d.id, title, source, language, published, publisher, length(text), "
            "(SELECT count(*) FROM chunks WHERE document_id = d.id), added FROM documents d ORDER BY d.rowid"
        )
        return [DocumentSummary(*row) for row in rows]

    def document(self, document_id: str) -> Document:
        """A document with its text and the record of its cleaning.

        Raises:
            DocumentNotFoundError: There is none with this id.
        """
        columns = f"SELECT {_DOCUMENT_COLUMNS} FROM documents WHERE id = ?"
        rows = self._select(columns, (document_id,)) if self._open() else []
        if not rows:
            raise DocumentNotFoundError(f"there is no document {document_id} in the library")
        edits = "SELECT start, removed, inserted, reason FROM edits WHERE document_id = ? ORDER BY number"
        *values, pages = rows[0]
        found = Document(*values)
        return replace(
            found, pages=tuple(json.loads(pages)), edits=tuple(Edit(*edit) for edit in self._select(edits, (document_id,)))
        )

    def find(self, name: str) -> DocumentSummary:
        """The one document that goes by `name`: its id, source, file name or title, or the beginning of its id.

        Raises:
            DocumentNotFoundError: None goes by that name, or several do.
        """
        documents = self.documents()
        path = str(Path(name).absolute())
        exact = [d for d in documents if name in (d.id, d.source, d.title, Path(d.source).name) or path == d.source]
        found = exact or [d for d in documents if len(name) >= 4 and d.id.startswith(name)]
        if len(found) != 1:
            problem = f'{len(found)} documents go by "{name}"; use an id' if found else f'no document goes by "{name}"'
            raise DocumentNotFoundError(f"{problem} (yinju list shows them)")
        return found[0]

    def check(self) -> list[str]:
        """What is wrong with the library, a line each; empty when it is sound."""
        if not self._open():
            return []
        problems = []
        try:
            problems += [str(row[0]) for row in self._select("PRAGMA integrity_check") if row[0] != "ok"]
            with self._searching() as (vectors, lexical):
                rows = {row for (row,) in self._select("SELECT row FROM chunks")}
                behind = self._revision != int(self._meta("revision"))  # as they may be while another process writes
                for name, held in (("vector", vectors.rows()), ("lexical", lexical.rows())):
                    if not behind and sorted(held) != sorted(rows):
                        problems.append(f"the {name} index holds {len(rows & set(held))} of {len(rows)} chunks")
        except (LibraryError, IndexDamagedError) as error:
            problems.append(str(error))
        return problems

    # -- searching ----------------------------------------------------------------------------------------------------

    def languages(self) -> list[str]:
        """The languages of the documents, the one with most chunks first."""
        with self._searching():
            return sorted(self._rows, key=lambda language: -len(self._rows[language]))

    def search_vectors(self, vector: Vectors, top_k: int, language: str | None = None) -> list[tuple[int, float]]:
        """The rows of the chunks nearest to a vector `(dim,)` with their cosines, best first; empty for an empty library.

        Args:
            vector: float32 `(dim,)`, unit length.
            top_k: The most rows.
            language: Only chunks in this language; any when None.
        """
        with self._searching() as (vectors, _):
            among = self._rows.get(language, np.empty(0, np.int64)) if language else None
            scores, rows = vectors.search(vector[None, :], top_k, among)
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True)]

    def search_terms(self, terms: Sequence[str], top_k: int, language: str | None = None) -> list[tuple[int, float]]:
        """The rows of the chunks that hold any of the terms with their BM25 scores, best first; in one language or any."""
        return self._ask_lexical(lambda lexical: lexical.search(terms, top_k, language))

    def coverage(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """The share of the terms, weighed by how rare they are in the library, that each row holds: between 0 and 1."""
        return self._ask_lexical(lambda lexical: lexical.coverage(terms, rows))

    def results(self, rows: Sequence[int]) -> dict[int, SearchResult]:
        """The chunks of rows with title, source and language, unscored; a row that is gone is absent."""
        if not rows:
            return {}
        marks = ",".join("?" * len(rows))
        found = self._select(
            "SELECT c.row, c.id, document_id, substr(d.text, c.start + 1, c.end - c.start), c.start, c.end, c.page, c.section, "
            f"d.title, d.source, d.language FROM chunks c JOIN documents d ON d.id = document_id WHERE c.row IN ({marks})",
            tuple(rows),
        )
        return {
            row: SearchResult(Chunk(*chunk), title, source, language, score=0.0, rank=0)
            for row, *chunk, title, source, language in found
        }

    def vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        """The stored vectors `(dim,)` of rows; a row that is gone is absent."""
        marks = ",".join("?" * len(rows))
        found = self._select(f"SELECT row, vector FROM chunks WHERE row IN ({marks})", tuple(rows)) if rows else []
        return {row: np.frombuffer(vector, np.float32) for row, vector in found}

    # -- inside: documents --------------------------------------------------------------------------------------------

    def _add(self, source_document: Document, progress: Progress | None) -> AddResult:
        source, text = _utf8(source_document.source), _utf8(source_document.text)
        source_document = replace(source_document, title=_utf8(source_document.title), source=source, text=text)
        content_hash = hashlib.sha256(text.encode("utf-8")).hexdigest()
        old = [
            row[0] for row in self._select("SELECT id FROM documents WHERE source = ? OR id = ?", (source, source_document.id))
        ]
        for known_id, known_source in self._select("SELECT id, source FROM documents WHERE content_hash = ?", (content_hash,)):
            if known_source == source:
                return AddResult(source, "unchanged", known_id)
            # What stood here before does not any more.
            if gone := [document_id for document_id in old if document_id != known_id]:
                with self._transaction() as connection:
                    self._delete(connection, gone)
            return AddResult(source, "replaced" if gone else "unchanged", known_id, reason=f"the same as {known_source}")
        document = describe(clean(source_document))
        if not document.text.strip():
            raise LoadError(f"{source}: the file holds no text")
        chunks, vectors = self._encode(document, progress)
        with self._transaction() as connection:
            self._delete(connection, old)
            self._insert_document(connection, document, content_hash)
            self._insert_chunks(connection, chunks, vectors)
        return AddResult(source, "replaced" if old else "added", document.id, len(chunks))

    def _encode(self, document: Document, progress: Progress | None) -> tuple[list[Chunk], Vectors]:
        chunks = self._chunker.chunk(document)
        texts = [context(document.title, chunk.section, chunk.text) for chunk in chunks]
        parts = []
        for start in range(0, len(texts), _ENCODE_AT_ONCE):
            parts.append(self.encoder.encode_document(texts[start : start + _ENCODE_AT_ONCE]))
            if progress:
                progress(document.source, min(start + _ENCODE_AT_ONCE, len(texts)), len(texts))
        return chunks, np.concatenate(parts)

    @staticmethod
    def _delete(connection: sqlite3.Connection, document_ids: Iterable[str]) -> None:
        connection.executemany("DELETE FROM documents WHERE id = ?", ((document_id,) for document_id in document_ids))

    @staticmethod
    def _insert_document(connection: sqlite3.Connection, document: Document, content_hash: str) -> None:
        values = {name: getattr(document, name) for name in _DOCUMENT_COLUMNS.split(", ")}
        values |= {"pages": json.dumps(document.pages), "content_hash": content_hash}
        marks = ",".join("?" * len(values))
        connection.execute(f"INSERT INTO documents ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
        connection.executemany(
            "INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?)",
            ((document.id, number, *astuple(edit)) for number, edit in enumerate(document.edits)),
        )

    @staticmethod
    def _insert_chunks(connection: sqlite3.Connection, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        connection.executemany(
            "INSERT INTO chunks (id, document_id, start, end, page, section, vector) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (chunk.id, chunk.document_id, chunk.start, chunk.end, chunk.page, chunk.section, vector.tobytes())
                for chunk, vector in zip(chunks, vectors, strict=True)
            ),
        )

    def _terms(self, title: str, chunk: Chunk) -> list[str]:
        text = context(title, chunk.section, chunk.text)
        return self.analyzer.terms(text) + self.analyzer.name_terms(text)

    # -- inside: SQLite -----------------------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection | None:
        """The connection, made anew when another file has taken the place of the one it was made to; None without a file."""
        with self._lock:
            if self._connection and self._connection.in_transaction:
                return self._connection
            found = self._file_state()
            if found != self._connected_to or not self._connection:
                self.close()
                self._immutable = not os.access(self.path, os.W_OK) or not os.access(self.database, os.W_OK)
                self._connected_to = self._file_state()
                self._connection = self._connect() if found else None
            return self._connection

    def _file_state(self) -> tuple[int, ...]:
        """Tells the database file from another, or, where it should not change, from a later state; empty without a file."""
        with self._reported():
            try:
                found = self.database.stat()
            except (FileNotFoundError, NotADirectoryError):
                return ()
        return (found.st_dev, found.st_ino, *((found.st_size, found.st_mtime_ns) if self._immutable else ()))

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.database.as_uri()}?mode=rw"
        if self._immutable:
            # SQLite then must not look for its journal, unless there is one.
            journal = self.database.with_name(f"{self.database.name}-wal")
            uri = f"{self.database.as_uri()}?{'mode=ro' if journal.exists() else 'immutable=1'}"
        with self._reported():
            connection = sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, check_same_thread=False, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA synchronous = FULL")
                (version,) = connection.execute("SELECT max(value) FROM meta WHERE key = 'schema'").fetchone()
                if version != _SCHEMA_VERSION:
                    raise LibraryError(
                        f"the library {self.path} has schema {version or 'none'}, this version of Yinju needs {_SCHEMA_VERSION}; "
                        "use the version that made it, or add the documents to a new library"
                    )
            except BaseException:
                connection.close()
                raise
        return connection

    def _create(self) -> None:
        identity = self._identity() | {"schema": _SCHEMA_VERSION, "id": uuid.uuid4().hex, "revision": "0"}
        # Made whole under another name first, so that a crash cannot leave a library without its tables. A journal that was
        # left behind would be taken for the new file's.
        partial = self.path / "new.sqlite3"
        with self._reported():
            for name in (
                partial.name,
                *(f"{file.name}-{kind}" for file in (partial, self.database) for kind in ("journal", "wal", "shm")),
            ):
                (self.path / name).unlink(missing_ok=True)
            with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_SCHEMA)
                self._write_meta(connection, identity)
            partial.replace(self.database)

    def _identity(self) -> dict[str, str]:
        """What the vectors and chunks are made with."""
        return {"encoder": self.encoder.fingerprint, "dim": str(self.encoder.dim), "chunker": self._chunker.fingerprint}

    @staticmethod
    def _write_meta(connection: sqlite3.Connection, values: dict[str, str]) -> None:
        connection.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", values.items())

    def _meta(self, key: str) -> str:
        rows = self._select("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def _select(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._reported():
            return self._require().execute(statement, parameters).fetchall()

    def _require(self) -> sqlite3.Connection:
        connection = self._open()
        if connection is None:
            raise LibraryError(f"there is no library in {self.path} yet; add documents with: yinju add PATH")
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside is committed as one revision, or nothing is."""
        with self._lock, self._reported():
            connection = self._require()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'revision'")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Everything that is read inside is of one revision."""
        with self._lock, self._reported():
            connection = self._require()
            connection.execute("BEGIN")
            try:
                yield
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turns what SQLite and the file system report into errors in the user's terms."""
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryError(self._explained(error)) from error
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise LibraryError(self._disk_full()) from error
            raise LibraryError(
                f"the library {self.path} cannot be used ({error.strerror or error}); "
                "check the folder's permissions, or choose another with --library"
            ) from error

    def _explained(self, error: sqlite3.Error) -> str:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return self._disk_full()
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return (
                    f"the library {self.path} cannot be opened or written to; "
                    "check the folder's permissions, or choose another with --library"
                )
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return self._busy()
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
                return (
                    f"the file {self.database} is damaged or is no library of Yinju ({error}); "
                    "put back a copy of the folder, or choose another with --library and add the documents again"
                )
        return f"the library {self.path} reports: {error}"

    def _disk_full(self) -> str:
        return f"the disk of {self.path} is full, or fails; what was in the library is still there: free some space and repeat"

    def _busy(self) -> str:
        return f"another process is writing to the library {self.path}; try again when it is done"

    @contextmanager
    def _writing(self, check: bool = True) -> Iterator[None]:
        """Holds the library for writing, against other threads and processes; makes it when there is none."""
        with self._write_lock:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LibraryError(
                    f"cannot make the library folder {self.path}: {error.strerror}; choose another with --library"
                ) from error
            with self._reported():
                try:
                    self._file_lock.acquire(timeout=_WAIT_SECONDS)
                except filelock.Timeout:
                    raise LibraryError(self._busy()) from None
            try:
                if not self._open():
                    self._create()
                if check:
                    self._require_match()
                yield
            finally:
                self._file_lock.release()

    def _require_match(self) -> None:
        """Refuses to mix vectors.

        Raises:
            LibraryMismatchError: The library was built with another encoder or chunker.
        """
        for key, mine, what in (
            ("encoder", self.encoder.fingerprint, "encoder"),
            ("chunker", self._chunker.fingerprint, "chunk size or chunker"),
        ):
            stored = self._meta(key)
            if stored != mine:
                raise LibraryMismatchError(
                    f"the library {self.path} was built with another {what} ({stored}, now {mine}); "
                    "bring it up to date with: yinju reindex, or set what it was built with"
                )

    # -- inside: the derived indexes ----------------------------------------------------------------------------------

    @contextmanager
    def _searching(self) -> Iterator[tuple[VectorIndex, LexicalIndex]]:
        with self._lock:
            self._refresh()
            assert self._vectors is not None
            assert self._lexical is not None
            yield self._vectors, self._lexical

    def _ask_lexical(self, question: Callable[[LexicalIndex], T]) -> T:
        """What the lexical index answers; when its files turn out to be damaged, what one built in memory does."""
        with self._searching() as (_, lexical):
            try:
                return question(lexical)
            except IndexDamagedError as error:
                logger.warning("%s", error)
            self._rebuild_in_memory()
        with self._searching() as (_, lexical):
            return question(lexical)

    def _refresh(self) -> None:
        """Brings the indexes to the revision of SQLite.

        While another process or thread writes, what was saved last goes on serving: rows that are gone from SQLite are dropped
        when results are made. Where nothing can be written, the indexes are kept in memory.
        """
        revision = int(self._meta("revision"))
        if self._revision == revision:
            return
        self._require_match()
        try:
            with self._file_lock.acquire(timeout=0):
                self._bring_up_to_date()
        except filelock.Timeout:
            if not self._load_indexes() and self._vectors is None:
                self._rebuild_in_memory()
        except (OSError, IndexDamagedError):
            self._load_indexes()
            if self._revision != revision:
                self._rebuild_in_memory()

    def _save_indexes(self) -> None:
        """Carries what was committed over to the indexes.

        Failing to is no loss: they are brought up to date when they are next needed.
        """
        try:
            self._bring_up_to_date()
        except (OSError, IndexDamagedError) as error:
            logger.warning(
                "the documents are safe, but their indexes could not be saved (%s); they are rebuilt when needed", error
            )

    def _bring_up_to_date(self) -> None:
        """Brings the indexes on disk to the revision of SQLite: caught up when they are whole, else built anew.

        Nobody else may write meanwhile. The stamp is taken away first, and written last.
        """
        self._require_match()
        revision = int(self._meta("revision"))
        with self._lock:
            whole = self._load_indexes()
            if whole and self._revision == revision:
                return
            vectors, lexical = self._vectors, self._lexical
            whole = whole and self._stamp == self._stamp_of(self._revision)
        self._stamp_file.unlink(missing_ok=True)
        if not whole or vectors is None or lexical is None:
            logger.info("building the indexes of %s", self.path)
            _remove(self._vector_file)
            _remove(self._lexical_folder)
            vectors, lexical = VectorIndex(int(self._meta("dim"))), LexicalIndex(self._lexical_folder)
        self._catch_up(vectors, lexical, revision)
        vectors.save(self._vector_file)
        stamp = self._stamp_of(revision)
        partial = self._stamp_file.with_suffix(".partial")
        partial.write_text(json.dumps(stamp), encoding="utf-8")
        partial.replace(self._stamp_file)
        with self._lock:
            if self._lexical is lexical:
                self._stamp = stamp

    def _rebuild_in_memory(self) -> None:
        with self._snapshot():
            self._require_match()
            self._catch_up(VectorIndex(int(self._meta("dim"))), LexicalIndex(), int(self._meta("revision")))

    def _catch_up(self, vectors: VectorIndex, lexical: LexicalIndex, revision: int) -> None:
        """Brings two indexes of the same rows to those of SQLite at this revision, and holds them as not saved."""
        wanted = {row for (row,) in self._select("SELECT row FROM chunks")}
        held = set(vectors.rows().tolist())
        gone, new = sorted(held - wanted), sorted(wanted - held)
        if gone or new:
            lexical.update(self._stored_terms(new), gone)
        stored = [self.vectors(rows) for rows in _batches(new)]
        with self._lock:
            vectors.remove(gone)
            for batch in stored:
                vectors.add(list(batch), np.stack(list(batch.values())))
            self._hold(vectors, lexical, revision, {})

    def _stored_terms(self, rows: Sequence[int]) -> Iterator[tuple[int, str, list[str]]]:
        for batch in _batches(rows):
            for row, result in self.results(batch).items():
                yield row, result.language, self._terms(result.title, result.chunk)

    def _load_indexes(self) -> bool:
        """Loads what is on disk, unless it is loaded; False when it is not whole. It may be behind SQLite.

        Needs no lock against other processes: one that writes takes the stamp away first.
        """
        try:
            stamp = self._saved_stamp()
            if stamp == self._stamp:
                return bool(stamp)
            if stamp != self._stamp_of(stamp["revision"]):
                return False
            vectors, lexical = VectorIndex.load(self._vector_file), LexicalIndex(self._lexical_folder)
            if stamp != self._saved_stamp():
                return False
        except (OSError, ValueError, KeyError, TypeError, IndexDamagedError):
            return False
        self._hold(vectors, lexical, stamp["revision"], stamp)
        return True

    def _hold(self, vectors: VectorIndex, lexical: LexicalIndex, revision: int, stamp: dict[str, Any]) -> None:
        by_language: dict[str, list[int]] = {}
        for row, language in self._select("SELECT row, language FROM chunks JOIN documents ON documents.id = document_id"):
            by_language.setdefault(language, []).append(row)
        self._rows = {
            language: np.intersect1d(np.array(rows, np.int64), vectors.rows()) for language, rows in by_language.items()
        }
        self._vectors, self._lexical, self._revision, self._stamp = vectors, lexical, revision, stamp

    def _forget_indexes(self) -> None:
        self._vectors = self._lexical = None
        self._rows, self._revision, self._stamp = {}, -1, {}

    @property
    def _vector_file(self) -> Path:
        return self.path / "vectors.faiss"

    @property
    def _lexical_folder(self) -> Path:
        return self.path / "lexical"

    @property
    def _stamp_file(self) -> Path:
        return self.path / "indexes.json"

    def _saved_stamp(self) -> Any:
        return json.loads(self._stamp_file.read_text(encoding="utf-8"))

    def _stamp_of(self, revision: int) -> dict[str, Any]:
        """What the indexes on disk are: what they were built from, by whom, and a checksum of each file."""
        lexical = (path for path in self._lexical_folder.iterdir() if not path.name.startswith(".") and path.suffix != ".lock")
        return {
            "library": self._meta("id"),
            "revision": revision,
            "encoder": self.encoder.fingerprint,
            "analyzer": self.analyzer.fingerprint,
            "files": {path.name: zlib.crc32(path.read_bytes()) for path in (self._vector_file, *sorted(lexical))},
        }


def _batches(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _utf8(text: str) -> str:
    """The text as it can be stored and shown: what is no character of Unicode becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
