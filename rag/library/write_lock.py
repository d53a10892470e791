"""The lock that lets one thread of one process change a library."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag import private
from rag.errors import LibraryError
from rag.library.database import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.library.database import Database
    from rag.library.spec import LibrarySpec


class WriteLock:
    """Locks a library against other threads and processes that want to write. A thread may take it more than once."""

    def __init__(self, database: Database, spec: LibrarySpec) -> None:
        self._database = database
        self._spec = spec
        self._threads = threading.RLock()

    @contextmanager
    def acquired(self, check: bool = True, wait: float | None = None) -> Iterator[None]:
        """Takes the lock for the time of the context, and creates the library if there is none.

        Args:
            check: Refuse a library that was built with another encoder or chunker.
            wait: The most seconds to wait. When None, threads of this process wait without a limit, and other processes half a
                minute.

        Raises:
            LibraryError: Another thread or process is writing, or the folder cannot be made or written.
            LibraryMismatchError: With `check`, the library was built with another encoder or chunker.
        """
        folder = self._database.folder
        if not self._threads.acquire(timeout=-1 if wait is None else wait):
            raise LibraryError(f"documents are being added to the library {folder} or indexed again; try again when that is done")
        try:
            try:
                private.make_folder(folder)
            except OSError as error:
                raise LibraryError(
                    f"cannot make the library folder {folder}: {error.strerror}; choose another with --library"
                ) from error
            with self._database.writing(WAIT_SECONDS if wait is None else wait):
                if not self._database.open():
                    self._database.create(self._spec.identity())
                if check:
                    self._spec.require_match(self._database)
                yield
        finally:
            self._threads.release()
