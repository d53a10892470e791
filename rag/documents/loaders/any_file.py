"""Reads a file of any kind: finds the loader that its content or its name asks for, and reads the documents."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.loaders import pictures, plugins
from rag.documents.loaders.archive import ArchiveLoader
from rag.documents.loaders.base import Container, Failure, Loader, is_blank, printable
from rag.documents.loaders.csv import CsvLoader
from rag.documents.loaders.docx import DocxLoader
from rag.documents.loaders.epub import EpubLoader
from rag.documents.loaders.html import HtmlLoader
from rag.documents.loaders.json_lines import JsonLinesLoader
from rag.documents.loaders.markdown import MarkdownLoader
from rag.documents.loaders.pdf import PdfLoader
from rag.documents.loaders.pictures import PictureLoader
from rag.documents.loaders.pptx import PptxLoader
from rag.documents.loaders.recognition import recognise
from rag.documents.loaders.text import TextLoader
from rag.documents.loaders.xlsx import XlsxLoader
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.types import Document


def suffixes() -> list[str]:
    """Returns the endings of the file names that can be read, in order, with those of plug-ins."""
    return sorted({suffix for loader in (*LOADERS, *plugins.installed().loaders) for suffix in loader.suffixes})


def load(path: Path, max_bytes: int, source: str = "") -> Iterator[Document | Failure]:
    """Reads the documents of the file at `path`, before any cleaning.

    Args:
        path: The file.
        max_bytes: The largest file that is read, and the largest in an archive.
        source: The source of the document; the whole path when empty. Errors name the source, or the path as it was given.

    Yields:
        The document of the file. Archives and the like yield several, or a failure for each that cannot be read.

    Raises:
        LoadError: The file is missing, too large, empty, of an unknown kind, or not what its name says.
    """
    name = source or printable(str(path))
    try:
        data = _bytes_of(path, name, max_bytes)
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
        source: The path or the address that it is from.
        suffix: The ending of its name, which decides where the content does not.
        max_bytes: The largest file in an archive.
        name: The name of the file in errors; `source` when empty.

    Yields:
        The same as `load`.

    Raises:
        LoadError: The file is empty, of an unknown kind, or damaged.
    """
    name = name or source
    loader = _loader_for(data, suffix.lower(), name)
    try:
        if isinstance(loader, Container):
            yield from loader.documents(data, source, max_bytes)
            return
        document = loader(data, source)
    except MemoryError as error:
        raise LoadError(f"{name}: reading takes more memory than it may; split the file") from error
    if is_blank(document.text):
        raise LoadError(f"{name}: the file is empty")
    yield document


def limited(result: Document | Failure, max_characters: int) -> Document | Failure:
    """Returns the result, or a failure instead of a document that is longer than `max_characters`."""
    if isinstance(result, Failure) or len(result.text) <= max_characters:
        return result
    return Failure(
        result.source,
        f"{result.source}: the document has {len(result.text):,} characters, more than the limit of {max_characters:,}; "
        "split it, or raise max_characters",
    )


def source_of(path: Path) -> str:
    """Returns the source of a file in the library: its whole path, or the path as given if no such file can exist."""
    try:
        return printable(str(path.resolve()))
    except (OSError, RuntimeError, ValueError):
        return printable(str(path))


def _loader_for(data: bytes, suffix: str, name: str) -> Loader | Container:
    """Finds the loader of a file: first by its content, then by its name; Yinju's own formats come before plug-ins.

    Raises:
        LoadError: No loader reads this kind of file.
    """
    recognised, kind = recognise(data, name)
    own = _BY_SUFFIX.get(recognised or suffix)
    # Many formats are ZIP archives inside: their endings belong to plug-ins if any reads them.
    may_be_packed = recognised == ".zip" and suffix not in _BY_SUFFIX
    if own and not may_be_packed:
        return own
    if loader := plugins.installed().find(suffix) if may_be_packed else plugins.installed().find(recognised, suffix):
        return loader
    if own:
        return own
    known = f"known are {' '.join(suffixes())}"
    if kind:
        raise LoadError(f"{name}: this is {kind}, which cannot be read; {known}")
    raise LoadError(f"{name}: cannot read {suffix or 'files without an ending'}; {known}")


def _bytes_of(path: Path, name: str, max_bytes: int) -> bytes:
    size = path.stat().st_size
    if path.is_dir():
        os.listdir(path)  # raises the reason why a folder cannot be opened
        raise LoadError(f"{name}: this is a folder, not a file")
    if not path.is_file():
        raise LoadError(f"{name}: this is a device or a pipe, not a file")
    if size > max_bytes:
        raise LoadError(
            f"{name}: {size / 1e6:.1f} MB is more than the limit of {max_bytes / 1e6:.1f} MB; "
            "split the file or raise max_file_megabytes"
        )
    return path.read_bytes()


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
_PICTURES = PictureLoader()
LOADERS += (_PICTURES,)
LOADERS += (ArchiveLoader(read, tuple(suffix for loader in LOADERS for suffix in loader.suffixes)),)
_BY_SUFFIX: dict[str, Loader | Container] = {suffix: loader for loader in LOADERS for suffix in loader.suffixes}
_BY_SUFFIX |= dict.fromkeys(pictures.SUFFIXES, _PICTURES)
