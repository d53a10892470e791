"""A file of any kind -> Document. One module a format; each says which file names it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from rag.errors import LoadError
from rag.loaders.base import Loader, document_id
from rag.loaders.markdown import MarkdownLoader
from rag.loaders.text import TextLoader
from rag.types import Document

LOADERS: tuple[Loader, ...] = (TextLoader(), MarkdownLoader())
_BY_SUFFIX = {suffix: loader for loader in LOADERS for suffix in loader.suffixes}

__all__ = ["LOADERS", "Loader", "document_id", "find_files", "load"]


def load(path: Path, max_bytes: int) -> Document:
    """Reads the file at `path`, as it stands: cleaning comes after.

    Raises:
        LoadError: The file is missing, too large, empty, of an unknown kind, or not what its name says.
    """
    loader = _BY_SUFFIX.get(path.suffix.lower())
    try:
        size = path.stat().st_size
        if loader is None:
            kind = path.suffix or "files without an ending"
            raise LoadError(f"{path}: cannot read {kind}; known are {' '.join(sorted(_BY_SUFFIX))}")
        if size > max_bytes:
            raise LoadError(
                f"{path}: {size / 1e6:.0f} MB is more than the limit of {max_bytes / 1e6:.0f} MB; "
                "split the file or raise max_file_megabytes"
            )
        data = path.read_bytes()
    except OSError as error:
        raise LoadError(f"{path}: {error.strerror or error}") from error
    if not data.strip():
        raise LoadError(f"{path}: the file is empty")
    return loader(data, str(path.absolute()))


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files to add: each file named, and each file of a known kind below each folder named, in order of name.

    Hidden files and folders are passed over. A path that does not exist comes through, for `load` to report.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in sorted(path.rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if not hidden and file.suffix.lower() in _BY_SUFFIX and file.is_file():
                yield file
