"""Makes folders and files that only their user may read, whatever the umask is.

One who opens a library's folder and SQLite file to others opens the files that come later too.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def make_folder(path: Path) -> None:
    """Makes a folder, and those above it, unless it is there; one that is there keeps its permissions.

    Raises:
        OSError: It cannot be made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(FOLDER_MODE, exist_ok=True)


def make_file(path: Path) -> None:
    """Makes an empty file unless there is one; SQLite gives its journals the permissions of the file that they belong to.

    Raises:
        OSError: It cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def share_as(path: Path, other: Path) -> None:
    """Gives a file that was just written the permissions of another: whoever may read the one may read both."""
    with suppress(OSError):
        wanted = other.stat().st_mode & 0o666
        if path.is_file() and path.stat().st_mode & 0o777 != wanted:
            path.chmod(wanted)
