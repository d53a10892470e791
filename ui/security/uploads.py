"""The files that browsers have uploaded and that wait to be read."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_PREFIX = "yinju-window-"


def make_folder(base: str | None = None) -> Path:
    """Creates a folder for uploads, which only the user of this process may enter, and removes those of windows that were killed.

    Args:
        base: The folder to make it in; the system's temporary folder if empty or None.

    Raises:
        OSError: It cannot be created.
    """
    if base:
        Path(base).mkdir(parents=True, exist_ok=True)
    place = Path(base or tempfile.gettempdir())
    for left in place.glob(f"{_PREFIX}*"):
        lock = _locked(left)
        if lock is not None:
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place)).resolve()
        # Another window that starts in the same moment may take a folder without a lock for one that is left, and remove it.
        if sys.platform == "win32" or (_locked(folder) is not None and folder.exists()):
            return folder


def _locked(folder: Path) -> int | None:
    """Locks a folder until this process ends; None if another process has locked it, or if it is not the user's own folder."""
    if sys.platform == "win32":
        return None
    lock = None
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        if os.fstat(lock).st_uid == os.getuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
    except OSError:
        pass
    if lock is not None:
        os.close(lock)
    return None


class Uploads:
    """The uploaded files that wait to be read, each with the browser that sent it. Thread-safe.

    A browser is known by a random cookie that it gets with its first upload.
    """

    SECONDS_UNREAD = 3600.0
    SECONDS_IN_LINE = 24 * 3600.0

    def __init__(self, folder: Path, max_bytes: int, clock: Callable[[], float] = time.time) -> None:
        """Manages a folder.

        Args:
            folder: The folder in which Gradio stores uploads.
            max_bytes: The size at which the folder is full.
            clock: Returns seconds since the epoch.
        """
        self.folder, self.max_bytes = folder, max_bytes
        self._clock = clock
        self._lock = Lock()
        self._waiting: dict[tuple[str, str], float] = {}

    def add(self, owner: str, paths: Iterable[str]) -> None:
        """Records that a browser has uploaded files."""
        with self._lock:
            self._waiting |= {(owner, path): self._clock() + self.SECONDS_UNREAD for path in paths}

    def claim(self, owner: str, path: str) -> bool:
        """Tells whether a browser has uploaded a file, and then keeps the file long enough for its turn to come."""
        with self._lock:
            if (owner, path) not in self._waiting:
                return False
            self._waiting[owner, path] = self._clock() + self.SECONDS_IN_LINE
            return True

    def has_room(self) -> bool:
        """Tells whether the folder is not yet full."""
        return sum(size for _, size, _ in self._files()) < self.max_bytes

    def remove_old(self) -> None:
        """Removes files that were not read in time, and what is left of interrupted uploads."""
        now = self._clock()
        with self._lock:
            self._waiting = {key: end for key, end in self._waiting.items() if end > now and os.path.exists(key[1])}
            kept = {path for _, path in self._waiting}
        for file, _, changed in self._files():
            if str(file) not in kept and changed < now - self.SECONDS_UNREAD:
                with suppress(OSError):
                    file.unlink()
        for folder in [place for place in self.folder.iterdir() if place.is_dir()]:
            # This removes empty folders only. A new folder may be about to receive its file.
            with suppress(OSError):
                if folder.stat().st_mtime < now - self.SECONDS_UNREAD:
                    folder.rmdir()

    def remove_all(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _files(self) -> Iterator[tuple[Path, int, float]]:
        """Yields every file with its size in bytes and the time of its last change."""
        for file in self.folder.rglob("*"):
            with suppress(OSError):
                state = file.lstat()
                if not file.is_dir():
                    yield file, state.st_size, state.st_mtime
