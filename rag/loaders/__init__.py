"""A file of any kind -> Document. One module a format; each says which file names it reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import LoadError
from rag.loaders.base import Loader, document_id
from rag.loaders.markdown import MarkdownLoader
from rag.loaders.text import TextLoader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rag.types import Document

LOADERS: tuple[Loader, ...] = (TextLoader(), MarkdownLoader())
_BY_SUFFIX = {suffix: loader for loader in LOADERS for suffix in loader.suffixes}

__all__ = ["LOADERS", "Loader", "document_id", "find_files", "load"]


def load(path: Path, max_bytes: int) -> Document:
    """Reads the file at `path`, as it stands: cleaning comes after.

    Raises:
        LoadError: The file is missing, too large, empty, of an unknown kind, or not what its name says.
    """
    try:
        source = _printable(path.resolve())
        data = _read(path, max_bytes)
    except OSError as error:
        raise LoadError(f"{_printable(path)}: {error.strerror or error}") from error
    except (RuntimeError, ValueError) as error:
        raise LoadError(f"{_printable(path)}: {error}") from error
    document = _BY_SUFFIX[path.suffix.lower()](data, source)
    if not document.text.strip(" \t\r\n\f\0\u00a0\u3000\ufeff"):
        raise LoadError(f"{_printable(path)}: the file is empty")
    return document


def _read(path: Path, max_bytes: int) -> bytes:
    name = _printable(path)
    size = path.stat().st_size
    if path.is_dir():
        os.listdir(path)  # says why a folder cannot be opened
        raise LoadError(f"{name}: this is a folder, not a file")
    if path.suffix.lower() not in _BY_SUFFIX:
        kind = path.suffix or "files without an ending"
        raise LoadError(f"{name}: cannot read {kind}; known are {' '.join(sorted(_BY_SUFFIX))}")
    if not path.is_file():
        raise LoadError(f"{name}: this is a device or a pipe, not a file")
    if size > max_bytes:
        raise LoadError(
            f"{name}: {size / 1e6:.1f} MB is more than the limit of {max_bytes / 1e6:.1f} MB; "
            "split the file or raise max_file_megabytes"
        )
    return path.read_bytes()


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files to add: each file named, and each file of a known kind below each folder named, in order of name.

    Hidden files and folders are passed over. A path that does not exist or a folder that cannot be opened comes through,
    for `load` to report.
    """
    for path in paths:
        if os.path.isdir(path):
            yield from sorted(_files_below(path))
        else:
            yield path


def _files_below(folder: Path) -> Iterator[Path]:
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            file = Path(parent, name)
            if not name.startswith(".") and file.suffix.lower() in _BY_SUFFIX:
                yield file
    for error in unreadable:
        yield Path(error.filename)


def _printable(path: Path) -> str:
    """The path as text that can be shown and stored: bytes of its name that are not UTF-8 become question marks."""
    return str(path).encode("utf-8", "replace").decode("utf-8")
