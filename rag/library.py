"""The documents, their chunks and their indexes, on disk.

SQLite is the truth: a document exists from its commit on, whole or not at all. The vector index and the lexical index are
derived from it and stamped with the revision they were built from; when the stamp does not fit, or a file is missing or
damaged, they are rebuilt from what SQLite holds, vectors included, without a model.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import filelock
import numpy as np

from embeddings.encoder import Encoder, SentenceTransformerEncoder, Vectors
from embeddings.vector_index import Rows, VectorIndex
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
_ENCODE_AT_ONCE = 128
_RESULTS_AT_ONCE = 500
_MOST_PENDING = 4096
_WAIT_SECONDS = 30.0

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


@dataclass(slots=True)
class _Pending:
    """What is committed but not yet in the indexes."""

    rows: list[int] = field(default_factory=list)
    vectors: list[Vectors] = field(default_factory=list)
    terms: list[tuple[int, str, list[str]]] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    def add(self, rows: list[int], vectors: Vectors, language: str, terms: list[list[str]], removed: list[int]) -> None:
        self.rows += rows
        self.vectors.append(vectors)
        self.terms += [(row, language, of_row) for row, of_row in zip(rows, terms, strict=True)]
        self.removed += removed


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
        self._pending = _Pending()
        self._connection: sqlite3.Connection | None = None
        self._vectors: VectorIndex | None = None
        self._lexical: LexicalIndex | None = None
        self._rows: dict[str, Rows] = {}
        self._loaded_revision = -1
        self._matches = False
        if self.database.exists():
            self._connect()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "library.sqlite3"

    def __len__(self) -> int:
        """The number of documents."""
        return int(self._select("SELECT count(*) FROM documents")[0][0]) if self._connection else 0

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the files. Using the library afterwards is an error."""
        with self._lock:
            if self._connection:
                self._connection.close()
            self._connection = self._vectors = self._lexical = None

    # -- adding and removing ------------------------------------------------------------------------------------------

    def add(self, paths: Iterable[str | Path], progress: Progress | None = None) -> list[AddResult]:
        """Adds files, and all files of a known kind in folders.

        Each document goes in whole or not at all. Content that is in already is left as it is; other content from the same
        source replaces what was there. A file that cannot be read is reported and the others go in.

        Returns:
            One result for each file, in order.

        Raises:
            LibraryError: The library cannot be written: what was added before stays.
        """
        results = []
        with self._writing():
            for file in loaders.find_files(map(Path, paths)):
                try:
                    results.append(self._add(loaders.load(file, self._max_file_bytes), progress))
                except LoadError as error:
                    results.append(AddResult(str(file), "failed", reason=str(error)))
            self._save_indexes()
        if not results:
            raise LoadError("there is no file of a known kind there (.txt, .md)")
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
        summary = self.find(name)
        with self._writing():
            rows = self._rows_of(summary.id)
            with self._transaction() as connection:
                connection.execute("DELETE FROM documents WHERE id = ?", (summary.id,))
            self._pending.removed += rows
            self._save_indexes()
        return summary

    def reindex(self, progress: Progress | None = None) -> int:
        """Chunks and encodes every document anew, with this encoder and chunker; the old state holds until all is done.

        Returns:
            The number of documents.
        """
        self._require()
        with self._writing(check=False):
            documents = [self.document(summary.id) for summary in self.documents()]
            prepared = [(document, *self._encode(document, progress)) for document in documents]
            with self._transaction() as connection:
                connection.execute("DELETE FROM chunks")
                for document, chunks, vectors in prepared:
                    self._insert_chunks(connection, chunks, vectors)
                self._write_identity(connection)
            with self._lock:
                self._matches = False
                self._rebuild_indexes(self._lexical_folder)
            self._save_indexes()
        return len(prepared)

    # -- what is in it ------------------------------------------------------------------------------------------------

    def documents(self) -> list[DocumentSummary]:
        """Every document, in the order in which they were added."""
        if not self._connection:
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
        rows = self._select(f"SELECT {_DOCUMENT_COLUMNS} FROM documents WHERE id = ?", (document_id,)) if self._connection else []
        if not rows:
            raise DocumentNotFoundError(f"there is no document {document_id} in the library")
        edits = self._select(
            "SELECT start, removed, inserted, reason FROM edits WHERE document_id = ? ORDER BY number", (document_id,)
        )
        *values, pages = rows[0]
        return Document(*values, pages=tuple(json.loads(pages)), edits=tuple(Edit(*edit) for edit in edits))

    def find(self, name: str) -> DocumentSummary:
        """The one document that goes by `name`: its id, source, file name or title, or the beginning of its id.

        Raises:
            DocumentNotFoundError: None goes by that name, or several do.
        """
        documents = self.documents()
        exact = [
            d
            for d in documents
            if name in (d.id, d.source, d.title, Path(d.source).name) or str(Path(name).absolute()) == d.source
        ]
        found = exact or [d for d in documents if len(name) >= 4 and d.id.startswith(name)]
        if len(found) != 1:
            problem = f'{len(found)} documents go by "{name}"; use an id' if found else f'no document goes by "{name}"'
            raise DocumentNotFoundError(f"{problem} (yinju list shows them)")
        return found[0]

    def check(self) -> list[str]:
        """What is wrong with the library, a line each; empty when it is sound."""
        if not self._connection:
            return []
        problems = [str(row[0]) for row in self._select("PRAGMA integrity_check") if row[0] != "ok"]
        try:
            self._require_match()
        except LibraryMismatchError as error:
            return [*problems, str(error)]
        with self._lock:
            self._refresh()
            count = self._select("SELECT count(*) FROM chunks")[0][0]
            if self._vectors is not None and len(self._vectors) != count:
                problems.append(f"the vector index holds {len(self._vectors)} of {count} chunks")
            if self._lexical is not None and len(self._lexical) != count:
                problems.append(f"the lexical index holds {len(self._lexical)} of {count} chunks")
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
            scores, rows = vectors.search(vector[None, :], top_k, self._rows.get(language) if language else None)
        return [(int(row), float(score)) for row, score in zip(rows[0], scores[0], strict=True)]

    def search_terms(self, terms: Sequence[str], top_k: int, language: str | None = None) -> list[tuple[int, float]]:
        """The rows of the chunks that hold any of the terms with their BM25 scores, best first; in one language or any."""
        try:
            with self._searching() as (_, lexical):
                return lexical.search(terms, top_k, language)
        except IndexDamagedError:
            with self._lock:
                self._rebuild_indexes(None)
                return self._lexical.search(terms, top_k, language) if self._lexical else []

    def coverage(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """The share of the terms, weighed by how rare they are in the library, that each row holds: between 0 and 1."""
        with self._searching() as (_, lexical):
            return lexical.coverage(terms, rows)

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
        return {row[0]: SearchResult(Chunk(*row[1:8]), *row[8:], score=0.0, rank=0) for row in found}

    def vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        """The stored vectors `(dim,)` of rows; a row that is gone is absent."""
        marks = ",".join("?" * len(rows))
        found = self._select(f"SELECT row, vector FROM chunks WHERE row IN ({marks})", tuple(rows)) if rows else []
        return {row: np.frombuffer(vector, np.float32) for row, vector in found}

    # -- inside: documents --------------------------------------------------------------------------------------------

    def _add(self, source_document: Document, progress: Progress | None) -> AddResult:
        content_hash = hashlib.sha256(source_document.text.encode("utf-8", "surrogatepass")).hexdigest()
        source = source_document.source
        same = self._select("SELECT id, source FROM documents WHERE content_hash = ?", (content_hash,))
        if same:
            known_id, known_source = same[0]
            return AddResult(
                source, "unchanged", known_id, reason="" if known_source == source else f"the same as {known_source}"
            )
        document = describe(clean(source_document))
        if not document.text:
            raise LoadError(f"{source}: the file holds no text")
        document = replace(document, text=document.text.encode("utf-8", "replace").decode("utf-8"))
        chunks, vectors = self._encode(document, progress)
        old = self._select("SELECT id FROM documents WHERE source = ? OR id = ?", (source, document.id))
        removed = [row for (old_id,) in old for row in self._rows_of(old_id)]
        with self._transaction() as connection:
            connection.executemany("DELETE FROM documents WHERE id = ?", old)
            columns = f"{_DOCUMENT_COLUMNS}, content_hash"
            values = [getattr(document, name) for name in _DOCUMENT_COLUMNS.split(", ")[:-1]]
            connection.execute(
                f"INSERT INTO documents ({columns}) VALUES ({','.join('?' * (len(values) + 2))})",
                (*values, json.dumps(document.pages), content_hash),
            )
            connection.executemany(
                "INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?)",
                ((document.id, number, *astuple(edit)) for number, edit in enumerate(document.edits)),
            )
            rows = self._insert_chunks(connection, chunks, vectors)
        terms = [self._terms(document.title, chunk) for chunk in chunks]
        with self._lock:
            self._pending.add(rows, vectors, document.language, terms, removed)
            if len(self._pending.rows) >= _MOST_PENDING:
                self._apply_pending()
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

    def _insert_chunks(self, connection: sqlite3.Connection, chunks: Sequence[Chunk], vectors: Vectors) -> list[int]:
        rows = []
        for chunk, vector in zip(chunks, vectors, strict=True):
            cursor = connection.execute(
                "INSERT INTO chunks (id, document_id, start, end, page, section, vector) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (chunk.id, chunk.document_id, chunk.start, chunk.end, chunk.page, chunk.section, vector.tobytes()),
            )
            rows.append(int(cursor.lastrowid or 0))
        return rows

    def _rows_of(self, document_id: str) -> list[int]:
        return [row for (row,) in self._select("SELECT row FROM chunks WHERE document_id = ?", (document_id,))]

    def _terms(self, title: str, chunk: Chunk) -> list[str]:
        text = context(title, chunk.section, chunk.text)
        return self.analyzer.terms(text) + self.analyzer.name_terms(text)

    # -- inside: SQLite -----------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        with self._reported():
            self._connection = self._open_database()
            version = self._meta("schema")
        if version != _SCHEMA_VERSION:
            self.close()
            raise LibraryError(
                f"the library {self.path} has schema {version or 'none'}, this version needs {_SCHEMA_VERSION}; add the documents to a new library"
            )

    def _open_database(self) -> sqlite3.Connection:
        uri = self.database.as_uri()
        # A folder that cannot be written to can still be read: SQLite then must not look for its journal there.
        writable = os.access(self.path, os.W_OK) and os.access(self.database, os.W_OK)
        connection = sqlite3.connect(
            uri if writable else f"{uri}?immutable=1",
            uri=True,
            timeout=_WAIT_SECONDS,
            check_same_thread=False,
            isolation_level=None,
        )
        connection.execute("PRAGMA foreign_keys = ON")
        if writable:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _create(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LibraryError(
                f"cannot make the library folder {self.path}: {error.strerror}; choose another with --library"
            ) from error
        with self._reported():
            # Made whole under another name first, so that a crash cannot leave a library without its tables.
            partial = self.path / f"new-{uuid.uuid4().hex}.sqlite3"
            try:
                with sqlite3.connect(partial) as connection:
                    connection.executescript(_SCHEMA)
                    self._write_identity(connection)
                    connection.executemany(
                        "INSERT INTO meta VALUES (?, ?)",
                        (("schema", _SCHEMA_VERSION), ("id", uuid.uuid4().hex), ("revision", "0")),
                    )
                connection.close()
                partial.replace(self.database)
            finally:
                partial.unlink(missing_ok=True)

    def _write_identity(self, connection: sqlite3.Connection) -> None:
        identity = {"encoder": self.encoder.fingerprint, "dim": str(self.encoder.dim), "chunker": self._chunker.fingerprint}
        connection.executemany(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", identity.items()
        )

    def _meta(self, key: str) -> str:
        rows = self._select("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def _select(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock, self._reported():
            return self._require().execute(statement, parameters).fetchall()

    def _require(self) -> sqlite3.Connection:
        if self._connection is None:
            raise LibraryError(f"there is no library in {self.path} yet; add documents with: yinju add PATH")
        return self._connection

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
    def _reported(self) -> Iterator[None]:
        """Turns what SQLite and the file system report into errors in the user's terms."""
        try:
            yield
        except sqlite3.Error as error:
            message = str(error)
            if "full" in message:
                raise LibraryError(
                    f"the disk of {self.path} is full; what was in the library is still there: free some space and repeat"
                ) from error
            if "readonly" in message or "unable to open" in message:
                raise LibraryError(
                    f"the library {self.path} cannot be written to; check the folder's permissions, or choose another with --library"
                ) from error
            if "locked" in message or "busy" in message:
                raise LibraryError(f"another process is writing to the library {self.path}; try again when it is done") from error
            if isinstance(error, sqlite3.DatabaseError) and (
                "malformed" in message or "not a database" in message or "no such" in message
            ):
                raise LibraryError(
                    f"the library file {self.database} is damaged ({message}); put back a copy, or remove the folder and add the documents again"
                ) from error
            raise LibraryError(f"the library {self.path} reports: {message}") from error
        except OSError as error:
            raise LibraryError(f"the library {self.path} cannot be used: {error.strerror or error}") from error

    @contextmanager
    def _writing(self, check: bool = True) -> Iterator[None]:
        """Holds the library for writing, against other threads and processes; makes it when there is none."""
        with self._write_lock:
            if self._connection is None:
                if not self.database.exists():
                    self._create()
                self._connect()
            try:
                self._file_lock().acquire(timeout=_WAIT_SECONDS)
            except filelock.Timeout:
                raise LibraryError(f"another process is writing to the library {self.path}; try again when it is done") from None
            except OSError as error:
                raise LibraryError(
                    f"the library {self.path} cannot be written to ({error.strerror}); check the folder's permissions, or choose another with --library"
                ) from error
            try:
                if check:
                    with self._searching():
                        pass
                yield
            finally:
                self._file_lock().release()

    def _file_lock(self) -> filelock.BaseFileLock:
        return filelock.FileLock(self.path / "lock", is_singleton=True)

    def _require_match(self) -> None:
        """Refuses to mix vectors.

        Raises:
            LibraryMismatchError: The library was built with another encoder or chunker.
        """
        if self._matches:
            return
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
        self._matches = True

    # -- inside: the derived indexes ----------------------------------------------------------------------------------

    @contextmanager
    def _searching(self) -> Iterator[tuple[VectorIndex, LexicalIndex]]:
        with self._lock:
            self._require()
            self._require_match()
            self._refresh()
            assert self._vectors is not None and self._lexical is not None
            yield self._vectors, self._lexical

    def _refresh(self) -> None:
        """Brings the indexes to the revision of SQLite: loaded when the stamp fits, else rebuilt.

        While another process or thread writes, what was loaded before goes on serving: rows that are gone from SQLite are
        dropped when results are made.
        """
        if self._loaded_revision == int(self._meta("revision")):
            return
        try:
            with self._file_lock().acquire(timeout=0 if self._vectors is not None else _WAIT_SECONDS):
                if not self._load_indexes():
                    self._rebuild_indexes(self._lexical_folder)
                    self._save_indexes()
        except filelock.Timeout:
            if self._vectors is None:
                self._rebuild_indexes(None)
        except (OSError, ValueError, IndexDamagedError):
            # The folder cannot be written to: the indexes are kept in memory.
            self._rebuild_indexes(None)

    def _load_indexes(self) -> bool:
        try:
            stamp = json.loads(self._stamp_file.read_text())
            if stamp["revision"] != int(self._meta("revision")) or stamp != self._stamp(stamp["revision"]):
                return False
            self._vectors = VectorIndex.load(self._vector_file)
            self._lexical = LexicalIndex(self._lexical_folder)
        except (OSError, ValueError, KeyError, TypeError, IndexDamagedError):
            return False
        self._loaded(stamp["revision"])
        return True

    def _rebuild_indexes(self, lexical_folder: Path | None) -> None:
        """Both indexes from SQLite, the lexical one in the folder or in memory: the encoder is not needed."""
        logger.info("building the indexes of %s", self.path)
        revision = int(self._meta("revision"))
        rows = self._select("SELECT row, vector FROM chunks")
        vectors = VectorIndex(int(self._meta("dim")))
        vectors.add(
            [row for row, _ in rows], np.frombuffer(b"".join(v for _, v in rows), np.float32).reshape(len(rows), vectors.dim)
        )
        if lexical_folder:
            self._stamp_file.unlink(missing_ok=True)
            shutil.rmtree(lexical_folder, ignore_errors=True)
        lexical = LexicalIndex(lexical_folder)
        lexical.update(self._stored_terms([row for row, _ in rows]))
        self._vectors, self._lexical = vectors, lexical
        self._loaded(revision)

    def _stored_terms(self, rows: Sequence[int]) -> Iterator[tuple[int, str, list[str]]]:
        for start in range(0, len(rows), _RESULTS_AT_ONCE):
            for row, result in self.results(rows[start : start + _RESULTS_AT_ONCE]).items():
                yield row, result.language, self._terms(result.title, result.chunk)

    def _loaded(self, revision: int) -> None:
        """Notes that the indexes hold what SQLite holds at a revision."""
        by_language: dict[str, list[int]] = {}
        for row, language in self._select("SELECT row, language FROM chunks JOIN documents ON documents.id = document_id"):
            by_language.setdefault(language, []).append(row)
        self._rows = {language: np.array(rows, np.int64) for language, rows in by_language.items()}
        self._loaded_revision = revision

    def _save_indexes(self) -> None:
        """Carries the committed changes over to the indexes and writes them, the stamp last.

        Failing to is no loss: the indexes are rebuilt when they are next needed.
        """
        with self._lock:
            try:
                self._apply_pending()
                if self._vectors is None or self._stamp_file.exists():
                    return
                self._vectors.save(self._vector_file)
                partial = self._stamp_file.with_suffix(".partial")
                partial.write_text(json.dumps(self._stamp(self._loaded_revision)))
                partial.replace(self._stamp_file)
            except (OSError, ValueError, IndexDamagedError) as error:
                self._vectors = self._lexical = None
                self._loaded_revision = -1
                logger.warning(
                    "the documents are safe, but their indexes could not be saved (%s); they are rebuilt when needed", error
                )

    def _apply_pending(self) -> None:
        pending, self._pending = self._pending, _Pending()
        if (not pending.rows and not pending.removed) or self._vectors is None or self._lexical is None:
            return
        self._stamp_file.unlink(missing_ok=True)
        self._vectors.remove(pending.removed)
        if pending.rows:
            self._vectors.add(pending.rows, np.concatenate(pending.vectors))
        self._lexical.update(pending.terms, pending.removed)
        self._loaded(int(self._meta("revision")))

    @property
    def _vector_file(self) -> Path:
        return self.path / "vectors.faiss"

    @property
    def _lexical_folder(self) -> Path:
        return self.path / "lexical"

    @property
    def _stamp_file(self) -> Path:
        return self.path / "indexes.json"

    def _stamp(self, revision: int) -> dict[str, Any]:
        """What the indexes on disk are: what they were built from, by whom, and a checksum of each file."""
        files = [
            self._vector_file,
            *sorted(p for p in self._lexical_folder.iterdir() if not p.name.startswith(".") and p.suffix != ".lock"),
        ]
        return {
            "library": self._meta("id"),
            "revision": revision,
            "encoder": self._meta("encoder"),
            "analyzer": self.analyzer.fingerprint,
            "files": {file.name: zlib.crc32(file.read_bytes()) for file in files},
        }
