"""Reads ZIP archives of files."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Protocol

from rag.documents.loaders import plugins
from rag.documents.loaders.base import Failure
from rag.documents.loaders.recognition import recognise
from rag.documents.loaders.zipped import MAX_UNPACKED, ZipReader
from rag.documents.source_id import SourceId
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rag.types import Document


class ReadMember(Protocol):
    """Reads a file in memory, as `rag.documents.loaders.read` does."""

    def __call__(self, data: bytes, source: str, suffix: str, max_bytes: int) -> Iterator[Document | Failure]:
        """Reads its documents."""


class ArchiveLoader:
    """Reads the files of known kinds in an archive and in the archives within it, but no deeper.

    Hidden files and other kinds are left out, as in folders. Nothing is written to disk.
    """

    suffixes = (".zip",)

    def __init__(self, read: ReadMember, known: Collection[str]) -> None:
        """Creates the loader.

        Args:
            read: Reads a member.
            known: The endings of the members that Yinju reads itself; archives and the formats of plug-ins come on top.
        """
        self._read = read
        self._known = frozenset((*known, *self.suffixes))

    def documents(self, data: bytes, source: str, max_bytes: int) -> Iterator[Document | Failure]:
        """Reads the members in the order of the archive."""
        archive = ZipReader(data, source)
        if not self._names(archive):
            raise LoadError(
                f"{source}: the archive contains no file of a known kind; known are {' '.join(sorted(self._known_with_plugins()))}"
            )
        yield from self._members(archive, source, max_bytes, MAX_UNPACKED - archive.unpacked)

    def _members(self, archive: ZipReader, source: str, max_bytes: int, left: int | None) -> Iterator[Document | Failure]:
        """Reads the members of an archive. Archives within it may unpack to `left` bytes; if None, they are refused."""
        for name in self._names(archive):
            place = str(SourceId(source).member(name))
            try:
                member = archive.read(name, max_bytes)
                suffix = PurePosixPath(name).suffix.lower()
                # A plug-in's format may be a ZIP archive inside.
                if suffix not in self._known or recognise(member, place)[0] != ".zip":
                    yield from self._read(member, place, suffix, max_bytes)
                elif left is None:
                    raise LoadError(f"{place}: this is an archive in an archive in an archive; unpack it first")
                else:
                    inner = ZipReader(member, place, left)
                    left -= inner.unpacked
                    yield from self._members(inner, place, max_bytes, None)
            except LoadError as error:
                yield Failure(place, str(error))

    def _names(self, archive: ZipReader) -> list[str]:
        known = self._known_with_plugins()
        return [
            name
            for name in archive
            if PurePosixPath(name).suffix.lower() in known
            and not any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))
        ]

    def _known_with_plugins(self) -> frozenset[str]:
        return self._known.union(*(loader.suffixes for loader in plugins.installed().loaders))
