"""The SQLite file of a library: what is true of its documents, and what goes wrong with it in the user's terms."""

from __future__ import annotations

import errno
import json
import os
import platform
import sqlite3
import threading
import uuid
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from rag import private
from rag.errors import LibraryError
from rag.library import schema
from rag.text.lines import one_line
from rag.types import Chunk, SearchResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from embeddings.encoder import Vectors

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_NOT_UTF_8 = "it holds text that cannot be decoded as UTF-8"
_LONGEST_REASON = 300

WAIT_SECONDS = 30.0


class Database:
    """The SQLite file in a library's folder. Safe to use from several threads, which wait for each other on `lock`.

    The file is opened when it is first needed, and again when another has taken its place; `times_opened` tells. One process
    writes at a time: the one that holds `file_lock`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "library.sqlite3"
        self.lock = threading.RLock()
        self.file_lock = filelock.FileLock(folder / "lock", mode=private.FILE_MODE)
        self.times_opened = 0
        self._connection: sqlite3.Connection | None = None
        self._connected_to: tuple[int, ...] = ()
        self._immutable = False

    def close(self) -> None:
        """Lets go of the file; it is opened again when it is used again."""
        with self.lock:
            if self._connection:
                self._connection.close()
            self._connection = None

    def open(self) -> sqlite3.Connection | None:
        """The connection, made anew when another file has taken the place of the one it was made to; None without a file."""
        with self.lock:
            if self._connection and self._connection.in_transaction:
                return self._connection
            found = self._file_state()
            if found != self._connected_to or not self._connection:
                self.close()
                self._immutable = not os.access(self.folder, os.W_OK) or not os.access(self.file, os.W_OK)
                self._connected_to = self._file_state()
                self._connection = self._connect() if found else None
                self.times_opened += 1
            return self._connection

    def _file_state(self) -> tuple[int, ...]:
        """Tells the database file from another, or, where it should not change, from a later state; empty without a file."""
        with self.reported():
            try:
                found = self.file.stat()
            except (FileNotFoundError, NotADirectoryError):
                return ()
        return (found.st_dev, found.st_ino, *((found.st_size, found.st_mtime_ns) if self._immutable else ()))

    def _connect(self) -> sqlite3.Connection:
        uri = f"{self.file.as_uri()}?mode=rw"
        if self._immutable:
            # SQLite then must not look for its journal, unless there is one.
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
        """Brings an older library's tables up to date, all or nothing; a copy of the file stays beside it."""
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
        """Holds the folder for writing, against other processes, which are told who does; waits for it so many seconds.

        Raises:
            LibraryError: Another process writes, and goes on for longer than this one waits.
        """
        writer = self.folder / "writer.json"
        with self.reported():
            try:
                self.file_lock.acquire(timeout=wait)
            except filelock.Timeout:
                raise LibraryError(self.busy()) from None
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
        # Made whole under another name first, so that a crash cannot leave a library without its tables. A journal that was
        # left behind would be taken for the new file's.
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
        rows = self.select("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else ""

    def select(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.lock, self.reported():
            return self.require().execute(statement, parameters).fetchall()

    def require(self) -> sqlite3.Connection:
        connection = self.open()
        if connection is None:
            raise LibraryError(f"there is no library in {self.folder} yet; add documents with: yinju add PATH")
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Everything inside is committed as one revision, or nothing is."""
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
        """Everything that is read inside is of one revision."""
        with self.lock, self.reported():
            connection = self.require()
            connection.execute("BEGIN")
            try:
                yield
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Turns what SQLite and the file system report into errors in the user's terms."""
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryError(self._explained(error)) from error
        except (UnicodeDecodeError, OverflowError) as error:
            # SQLite names what is wrong by what it finds in a damaged file, which Python takes for UTF-8.
            raise LibraryError(self._damaged(_NOT_UTF_8)) from error
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise LibraryError(self._disk_full()) from error
            raise LibraryError(
                f"the library {self.folder} cannot be used ({error.strerror or error}); "
                "check the folder's permissions, or choose another with --library"
            ) from error

    def _explained(self, error: sqlite3.Error) -> str:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return self._disk_full()
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return (
                    f"the library {self.folder} cannot be opened or written to; "
                    "check the folder's permissions, or choose another with --library"
                )
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return self.busy()
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
                return self._damaged(_in_one_line(error))
        # Python's own, which quotes the text.
        if str(error).startswith("Could not decode"):
            return self._damaged(_NOT_UTF_8)
        return f"the library {self.folder} reports: {_in_one_line(error)}"

    def _damaged(self, reason: object) -> str:
        return (
            f"the file {self.file} is damaged or is no library of Yinju ({reason}); "
            "put back a copy of the folder, or choose another with --library and add the documents again"
        )

    def _disk_full(self) -> str:
        return f"the disk of {self.folder} is full, or fails; what was in the library is still there: free some space and repeat"

    def busy(self) -> str:
        who = "another process"
        with suppress(OSError, ValueError, KeyError, TypeError):
            writer = {} if self.file_lock.is_locked else json.loads((self.folder / "writer.json").read_text(encoding="utf-8"))
            who = f"process {writer['process']} on {writer['computer']}"
        return f"{who} is writing to the library {self.folder}; try again when it is done"

    def results(self, rows: Sequence[int]) -> dict[int, SearchResult]:
        """The chunks of rows with title, source and language, unscored; a row that is gone is absent."""
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
        """The stored vectors `(dim,)` of rows; a row that is gone is absent."""
        marks = ",".join("?" * len(rows))
        found = self.select(f"SELECT row, vector FROM chunks WHERE row IN ({marks})", tuple(rows)) if rows else []
        return {row: np.frombuffer(vector, np.float32) for row, vector in found}


def _in_one_line(error: Exception) -> str:
    """What SQLite says of an error, which may quote a name that someone else chose."""
    return one_line(str(error))[:_LONGEST_REASON]


def _version(connection: sqlite3.Connection) -> int:
    """The version of a library's tables; 0 when it does not say one."""
    (version,) = connection.execute("SELECT max(value) FROM meta WHERE key = 'schema'").fetchone()
    return int(version) if isinstance(version, str) and version.isascii() and version.isdecimal() else 0
