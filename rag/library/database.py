"""The SQLite file of a library, from which everything else is derived."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import threading
import uuid
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from rag import private
from rag.errors import LibraryError
from rag.library import schema
from rag.library.sqlite_errors import SqliteErrors
from rag.types import Chunk, SearchResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from embeddings.encoder import Vectors

WAIT_SECONDS = 30.0
WRITER_FILE = "writer.json"


class Database:
    """The SQLite file in a library's folder. Safe to use from several threads, which wait for each other on `lock`.

    The file is opened on first use, and again after another file has taken its place, which `times_opened` counts. Only the
    process that has `file_lock` writes. Every method raises `LibraryError` if the file cannot be read or written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "library.sqlite3"
        self.lock = threading.RLock()
        self.file_lock = filelock.FileLock(folder / "lock", mode=private.FILE_MODE)
        self._errors = _LibraryErrors(folder, self.file, self.file_lock)
        self.times_opened = 0
        self._connection: sqlite3.Connection | None = None
        self._connected_to: tuple[int, ...] = ()
        self._immutable = False

    def close(self) -> None:
        """Closes the file. It is opened again on the next use."""
        with self.lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def open(self) -> sqlite3.Connection | None:
        """Returns the connection, or None if there is no file. Connects again if another file has taken the place of the old one."""
        with self.lock:
            if self._connection and self._connection.in_transaction:
                return self._connection
            state = self._file_state()
            if state != self._connected_to or not self._connection:
                self.close()
                self._immutable = not os.access(self.folder, os.W_OK) or not os.access(self.file, os.W_OK)
                self._connected_to = self._file_state()
                self._connection = self._connect() if state else None
                self.times_opened += 1
            return self._connection

    def _file_state(self) -> tuple[int, ...]:
        """Identifies the file and, if it cannot be written, its present state; empty if there is no file."""
        with self.reported():
            try:
                status = self.file.stat()
            except (FileNotFoundError, NotADirectoryError):
                return ()
        return (status.st_dev, status.st_ino, *((status.st_size, status.st_mtime_ns) if self._immutable else ()))

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.file.as_uri()}?mode=rw"
        if self._immutable:
            # SQLite must not look for a journal that does not exist.
            journal = self.file.with_name(f"{self.file.name}-wal")
            uri = f"{self.file.as_uri()}?{'mode=ro' if journal.exists() else 'immutable=1'}"
        with self.reported():
            connection = sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, check_same_thread=False, isolation_level=None)
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA synchronous = FULL")
                if (version := _version(connection)) != schema.VERSION:
                    self._migrate(connection, version)
            except BaseException:
                connection.close()
                raise
        return connection

    def _migrate(self, connection: sqlite3.Connection, version: int) -> None:
        """Brings the tables of an older version up to date in one transaction, and keeps a copy of the file beside it."""
        wanted = f"the library {self.folder} has schema {version or 'none'}, this version of Yinju needs {schema.VERSION}"
        if not 0 < version < schema.VERSION:
            raise LibraryError(f"{wanted}; use the version that made it, or add the documents to a new library")
        if self._immutable:
            raise LibraryError(f"{wanted}, and the folder cannot be written to; open it once where it can, or copy it")
        with self.writing():
            version = _version(connection)
            if version == schema.VERSION:
                return
            backup = self.file.with_name(f"library-schema-{version}.sqlite3")
            partial = self.folder / "backup.partial"
            partial.unlink(missing_ok=True)
            private.make_file(partial)
            with closing(sqlite3.connect(partial)) as copy:
                connection.backup(copy)
            partial.replace(backup)
            connection.execute("BEGIN IMMEDIATE")
            try:
                schema.bring_up_to_date(connection, version)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise

    @contextmanager
    def writing(self, wait: float = WAIT_SECONDS) -> Iterator[None]:
        """Locks the folder against other processes that want to write, and tells them who writes.

        Raises:
            LibraryError: Another process was still writing after `wait` seconds.
        """
        writer = self.folder / WRITER_FILE
        with self.reported():
            try:
                self.file_lock.acquire(timeout=wait)
            except filelock.Timeout:
                raise LibraryError(self._errors.busy()) from None
        try:
            if self.file_lock.lock_counter == 1:
                with suppress(OSError):
                    writer.write_text(json.dumps({"process": os.getpid(), "computer": platform.node()}), encoding="utf-8")
                    private.share_as(writer, self.file)
            yield
        finally:
            if self.file_lock.lock_counter == 1:
                with suppress(OSError):
                    writer.unlink(missing_ok=True)
            self.file_lock.release()

    def create(self, identity: dict[str, str]) -> None:
        """Creates the file with empty tables and what is recorded about the library."""
        # It is created under another name first, so that a crash cannot leave a library without its tables. SQLite would take
        # a journal left by a deleted file for the new file's.
        partial = self.folder / "new.sqlite3"
        with self.reported():
            for name in (
                partial.name,
                *(f"{file.name}-{kind}" for file in (partial, self.file) for kind in ("journal", "wal", "shm")),
            ):
                (self.folder / name).unlink(missing_ok=True)
            private.make_file(partial)
            with closing(sqlite3.connect(partial, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                schema.bring_up_to_date(connection)
                schema.write_meta(connection, identity | {"id": uuid.uuid4().hex, "revision": "0"})
            partial.replace(self.file)

    def meta(self, key: str) -> str:
        """Returns what is recorded about the library under a key; empty if nothing is."""
        rows = self.select("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def select(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Returns all rows that a statement selects."""
        with self.lock, self.reported():
            return self.require().execute(statement, parameters).fetchall()

    def require(self) -> sqlite3.Connection:
        """Returns the connection.

        Raises:
            LibraryError: There is no library in the folder.
        """
        connection = self.open()
        if connection is None:
            raise LibraryError(f"there is no library in {self.folder} yet; add documents with: yinju add PATH")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commits all changes of the context as one revision, or none of them."""
        with self.lock, self.reported():
            connection = self.require()
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
    def snapshot(self) -> Iterator[None]:
        """Makes everything read in the context belong to one revision."""
        with self.lock, self.reported():
            connection = self.require()
            connection.execute("BEGIN")
            try:
                yield
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def reported(self) -> AbstractContextManager[None]:
        """Raises the errors of SQLite and the file system in the context as `LibraryError`s."""
        return self._errors.reported()

    def results(self, rows: Sequence[int]) -> dict[int, SearchResult]:
        """Returns the chunks of rows with title, source and language, without scores. Deleted rows are absent."""
        if not rows:
            return {}
        marks = ",".join("?" * len(rows))
        found = self.select(
            "SELECT c.row, c.id, document_id, substr(d.text, c.start + 1, c.end - c.start), c.start, c.end, c.page, c.section, "
            f"d.title, d.source, d.language, d.cluster FROM chunks c JOIN documents d ON d.id = document_id WHERE c.row IN ({marks})",
            tuple(rows),
        )
        return {
            row: SearchResult(Chunk(*chunk), title, source, language, score=0.0, rank=0, cluster=cluster)
            for row, *chunk, title, source, language, cluster in found
        }

    def vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        """Returns the stored vectors `(dim,)` of rows. Deleted rows are absent."""
        marks = ",".join("?" * len(rows))
        found = self.select(f"SELECT row, vector FROM chunks WHERE row IN ({marks})", tuple(rows)) if rows else []
        return {row: np.frombuffer(vector, np.float32) for row, vector in found}


class _LibraryErrors(SqliteErrors):
    def __init__(self, folder: Path, file: Path, file_lock: filelock.BaseFileLock) -> None:
        self._folder = folder
        self._file = file
        self._file_lock = file_lock

    def damaged(self, reason: str) -> str:
        return (
            f"the file {self._file} is damaged or is not a library of Yinju ({reason}); "
            "put back a copy of the folder, or choose another with --library and add the documents again"
        )

    def disk_full(self) -> str:
        return f"the disk of {self._folder} is full, or fails; what was in the library is still there: free some space and repeat"

    def unusable(self, reason: str) -> str:
        return (
            f"the library {self._folder} cannot be used ({reason}); "
            "check the folder's permissions, or choose another with --library"
        )

    def busy(self) -> str:
        who = "another process"
        with suppress(OSError, ValueError, KeyError, TypeError):
            file = self._folder / WRITER_FILE
            writer = {} if self._file_lock.is_locked else json.loads(file.read_text(encoding="utf-8"))
            who = f"process {writer['process']} on {writer['computer']}"
        return f"{who} is writing to the library {self._folder}; try again when it is done"

    def other(self, reason: str) -> str:
        return f"the library {self._folder} reports: {reason}"


def _version(connection: sqlite3.Connection) -> int:
    """Returns the version of a library's tables, or 0 if it has none."""
    (version,) = connection.execute("SELECT max(value) FROM meta WHERE key = 'schema'").fetchone()
    return int(version) if isinstance(version, str) and version.isascii() and version.isdecimal() else 0
