"""Turns the errors of SQLite and the file system into one-line messages that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag.errors import LibraryError
from rag.text.lines import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOT_UTF_8 = "it contains text that cannot be decoded as UTF-8"
_MAX_REASON = 300


class SqliteErrors(ABC):
    """The messages for one SQLite file. A `reason` is one line."""

    @abstractmethod
    def damaged(self, reason: str) -> str:
        """The file is damaged, or is not of the expected kind."""

    @abstractmethod
    def disk_full(self) -> str:
        """The disk is full, or fails."""

    @abstractmethod
    def unusable(self, reason: str) -> str:
        """The file cannot be opened, read or written."""

    @abstractmethod
    def busy(self) -> str:
        """Another process is writing."""

    @abstractmethod
    def other(self, reason: str) -> str:
        """Anything else."""

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Raises the errors of the context as `LibraryError`s."""
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryError(self._message(error)) from error
        except (UnicodeDecodeError, OverflowError) as error:
            # SQLite's own message may quote bytes of a damaged file, which Python decodes as UTF-8.
            raise LibraryError(self.damaged(_NOT_UTF_8)) from error
        except OSError as error:
            message = self.disk_full() if error.errno in _DISK_FULL else self.unusable(error.strerror or _reason(error))
            raise LibraryError(message) from error

    def _message(self, error: sqlite3.Error) -> str:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return self.disk_full()
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return self.unusable(_reason(error))
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return self.busy()
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
                return self.damaged(_reason(error))
        # Python's own message, which quotes the text.
        return self.damaged(_NOT_UTF_8) if str(error).startswith("Could not decode") else self.other(_reason(error))


def _reason(error: Exception) -> str:
    """Returns the error's message in one line: it may quote a name that someone else chose."""
    return one_line(str(error))[:_MAX_REASON]
