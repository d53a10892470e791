"""Finds the files to add below the paths that a user names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.loaders.any_file import suffixes
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Finds the files to add: each file named, and each file of a known kind below each folder named, in order of name.

    Hidden files and folders are left out. A path that does not exist and a folder that cannot be opened are yielded too, for
    `load` to report.
    """
    known = frozenset(suffixes())
    for path in paths:
        if os.path.isdir(path):
            yield from sorted(_files_below(path, known))
        else:
            yield path


def require_files(paths: Iterable[Path]) -> list[Path]:
    """Returns the files that `find_files` finds.

    Raises:
        LoadError: There are none.
    """
    files = list(find_files(paths))
    if not files:
        raise LoadError(f"there is no file of a known kind there ({', '.join(suffixes())})")
    return files


def _files_below(folder: Path, known: Collection[str]) -> Iterator[Path]:
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            file = Path(parent, name)
            if not name.startswith(".") and file.suffix.lower() in known:
                yield file
    for error in unreadable:
        yield Path(error.filename)
