"""Keeps a copy of the files that documents came from, if the user of the library wants that.

A copy is named after the source of its file and belongs to all documents of that file. The copies are kept in step with the
documents: a file is copied when its documents are added, and its copy is removed with the last of them.
"""

from __future__ import annotations

import io
import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rag import private
from rag.documents.loaders import document_id
from rag.documents.source_id import belongs_to
from rag.library import schema
from rag.library.ingestion.rows import documents_of_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.library.database import Database
    from rag.library.ingestion.files import File
    from rag.library.write_lock import WriteLock

_KEY = "originals"
_FOLDER = "originals"
_NAME = re.compile(r"[0-9a-f]{12}")


class Originals:
    """The copies of files in a library's folder. Every method raises `LibraryError` if the library cannot be read or written."""

    def __init__(self, database: Database, lock: WriteLock) -> None:
        self._database = database
        self._lock = lock
        self._folder = database.folder / _FOLDER

    @property
    def kept(self) -> bool:
        """Whether the files of documents that are added are kept."""
        return bool(self._database.open()) and self._database.meta(_KEY) == "kept"

    def keep(self, wanted: bool = True) -> None:
        """Keeps the files of documents that are added from now on, or keeps none and removes the copies that there are.

        To keep the files of documents that are in the library already, add them again.
        """
        with self._lock.acquired(check=False):
            with self._database.transaction() as connection:
                schema.write_meta(connection, {_KEY: "kept" if wanted else ""})
            self._remove_unused()

    def size(self) -> tuple[int, int]:
        """Returns the number of the copies and their size in bytes."""
        sizes = []
        for copy in self._copies():
            with suppress(OSError):
                sizes.append(copy.stat().st_size)
        return len(sizes), sum(sizes)

    def find(self, source: str) -> Path | None:
        """Returns the copy of the file with this source; None if it is not kept.

        The copy of an archive is not that of the documents in it.
        """
        copy = self._folder / document_id(source)
        with suppress(OSError):
            if not copy.is_symlink() and copy.is_file():
                return copy
        return None

    def follow(self, files: Iterable[File] = ()) -> None:
        """Brings the copies in step with the documents. The caller must have the write lock.

        Args:
            files: Files whose documents have just been added, which are copied if files are kept.
        """
        if self.kept:
            with self._database.reported():
                for file in files:
                    if file.original is not None and documents_of_file(self._database, file.source):
                        self._copy(file.source, file.original)
        self._remove_unused()

    def _remove_unused(self) -> None:
        copies = {copy.name: copy for copy in self._copies()}
        if copies and self.kept:
            for (source,) in self._database.select("SELECT source FROM documents"):
                for file in _possible_files(source):
                    copies.pop(document_id(file), None)
        with self._database.reported():
            for copy in copies.values():
                copy.unlink(missing_ok=True)

    def _copies(self) -> list[Path]:
        try:
            return [entry for entry in self._folder.iterdir() if _NAME.match(entry.name)]
        except OSError:
            return []

    def _copy(self, source: str, original: Path | bytes) -> None:
        copy = self._folder / document_id(source)
        if isinstance(original, Path) and _is_copy(copy, original):
            return
        private.make_folder(self._folder)
        partial = copy.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        private.make_file(partial)
        with _opened(original) as read, partial.open("wb") as written:
            shutil.copyfileobj(read, written)
        if isinstance(original, Path):
            shutil.copystat(original, partial)
            partial.chmod(private.FILE_MODE)
        private.share_as(partial, self._database.file)
        partial.replace(copy)


def _opened(original: Path | bytes) -> BinaryIO:
    return original.open("rb") if isinstance(original, Path) else io.BytesIO(original)


def _is_copy(copy: Path, original: Path) -> bool:
    """Returns whether a file has not changed since it was copied, or is gone."""
    try:
        mine = original.stat()
    except OSError:
        return True
    with suppress(OSError):
        other = copy.stat()
        return (mine.st_size, mine.st_mtime_ns) == (other.st_size, other.st_mtime_ns)
    return False


def _possible_files(source: str) -> Iterable[str]:
    """Yields the sources of all files that a document can be from: itself, and what precedes a `/` or `#` in its source."""
    yield source
    for match in re.finditer(r"[/#]", source):
        file = source[: match.start()]
        if belongs_to(source, file):
            yield file
