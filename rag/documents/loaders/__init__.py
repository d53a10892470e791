"""A file of any kind -> documents. One module a format; each says which file names it reads, the content decides."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.loaders.archive import ArchiveLoader
from rag.documents.loaders.base import Container, Failure, Loader, document_id, printable
from rag.documents.loaders.csv import CsvLoader
from rag.documents.loaders.docx import DocxLoader
from rag.documents.loaders.epub import EpubLoader
from rag.documents.loaders.html import HtmlLoader
from rag.documents.loaders.json_lines import JsonLinesLoader
from rag.documents.loaders.markdown import MarkdownLoader
from rag.documents.loaders.pdf import PdfLoader
from rag.documents.loaders.pptx import PptxLoader
from rag.documents.loaders.recognition import recognise
from rag.documents.loaders.text import TextLoader
from rag.documents.loaders.xlsx import XlsxLoader
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rag.types import Document

__all__ = [
    "LOADERS",
    "Container",
    "Failure",
    "Loader",
    "document_id",
    "find_files",
    "limited",
    "load",
    "printable",
    "read",
    "require_files",
    "source_of",
    "suffixes",
]


def suffixes() -> list[str]:
    """The endings of the file names that are read, in order."""
    return sorted(_BY_SUFFIX)


def load(path: Path, max_bytes: int, source: str = "") -> Iterator[Document | Failure]:
    """Reads the documents of the file at `path`, as they stand: cleaning comes after.

    Args:
        path: The file.
        max_bytes: The largest file that is read, and the largest in an archive.
        source: What the file goes by; its own path when empty. Errors name the path as it was given, or this.

    Yields:
        The one document that most files hold; of an archive and the like each, or why it cannot be read.

    Raises:
        LoadError: The file is missing, too large, empty, of an unknown kind, or not what its name says.
    """
    name = source or printable(str(path))
    try:
        data = _read(path, name, max_bytes)
        origin = source or source_of(path)
    except OSError as error:
        raise LoadError(f"{name}: {error.strerror or error}") from error
    except (RuntimeError, ValueError) as error:
        raise LoadError(f"{name}: {error}") from error
    yield from read(data, origin, path.suffix, max_bytes, name)


def read(data: bytes, source: str, suffix: str, max_bytes: int, name: str = "") -> Iterator[Document | Failure]:
    """Reads the documents of a file that is in memory.

    Args:
        data: The whole file.
        source: Where it is from.
        suffix: The ending of its name, which decides where the content does not.
        max_bytes: The largest file in an archive.
        name: What errors call it; `source` when empty.

    Yields:
        As `load` does.

    Raises:
        LoadError: It is empty, of an unknown kind, or damaged.
    """
    name = name or source
    suffix = suffix.lower()
    recognised, kind = recognise(data, name)
    loader = _BY_SUFFIX.get(recognised or suffix)
    if loader is None:
        known = f"known are {' '.join(suffixes())}"
        if kind:
            raise LoadError(f"{name}: this is {kind}, which cannot be read; {known}")
        raise LoadError(f"{name}: cannot read {suffix or 'files without an ending'}; {known}")
    try:
        if isinstance(loader, Container):
            yield from loader.documents(data, source, max_bytes)
            return
        document = loader(data, source)
    except MemoryError as error:
        raise LoadError(f"{name}: reading takes more memory than it may; split the file") from error
    if not document.text.strip(" \t\r\n\f\0\u00a0\u3000\ufeff"):
        raise LoadError(f"{name}: the file is empty")
    yield document


def limited(result: Document | Failure, max_characters: int) -> Document | Failure:
    """What was read, or why it is not added: because it is longer than `max_characters`."""
    if isinstance(result, Failure) or len(result.text) <= max_characters:
        return result
    return Failure(
        result.source,
        f"{result.source}: the document has {len(result.text):,} characters, more than the limit of {max_characters:,}; "
        "split it, or raise max_characters",
    )


def source_of(path: Path) -> str:
    """What a file goes by in the library: its whole path, or the path as it is where there can be no such file."""
    try:
        return printable(str(path.resolve()))
    except (OSError, RuntimeError, ValueError):
        return printable(str(path))


def _read(path: Path, name: str, max_bytes: int) -> bytes:
    size = path.stat().st_size
    if path.is_dir():
        os.listdir(path)  # says why a folder cannot be opened
        raise LoadError(f"{name}: this is a folder, not a file")
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


def require_files(paths: Iterable[Path]) -> list[Path]:
    """What `find_files` finds.

    Raises:
        LoadError: It finds nothing.
    """
    found = list(find_files(paths))
    if not found:
        raise LoadError(f"there is no file of a known kind there ({', '.join(suffixes())})")
    return found


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


LOADERS: tuple[Loader | Container, ...] = (
    TextLoader(),
    MarkdownLoader(),
    HtmlLoader(),
    EpubLoader(),
    JsonLinesLoader(),
    PdfLoader(),
    DocxLoader(),
    PptxLoader(),
    XlsxLoader(),
    CsvLoader(),
)
LOADERS += (ArchiveLoader(read, tuple(suffix for loader in LOADERS for suffix in loader.suffixes)),)
_BY_SUFFIX = {suffix: loader for loader in LOADERS for suffix in loader.suffixes}
