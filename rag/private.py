"""Creates folders and files that only their user may read, whatever the umask.

If the user opens a library's folder and SQLite file to others, later files get the same permissions.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def make_folder(path: Path) -> None:
    """Creates a folder and its parents. An existing folder keeps its permissions.

    Raises:
        OSError: It cannot be created.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(FOLDER_MODE, exist_ok=True)


def make_file(path: Path) -> None:
    """Creates an empty file, unless it exists. SQLite gives its journals the permissions of their file.

    Raises:
        OSError: It cannot be created.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def share_as(path: Path, other: Path) -> None:
    """Gives a file that was just written the read and write permissions of another."""
    with suppress(OSError):
        wanted = other.stat().st_mode & 0o666
        if path.is_file() and path.stat().st_mode & 0o777 != wanted:
            path.chmod(wanted)
