"""The files of a library's indexes, and the stamp that tells if they can be used.

The stamp records the revision of the database from which the indexes were built, the encoder and the analyzer, and a checksum of
each file. A process that changes the files removes the stamp first and writes it last.
"""

from __future__ import annotations

import json
import os
import shutil
import time
import zlib
from typing import TYPE_CHECKING, Any

from rag import private

if TYPE_CHECKING:
    from pathlib import Path

    from rag.library.database import Database
    from rag.library.spec import LibrarySpec

_SETTLED_NS = 100_000_000
_BYTES_AT_ONCE = 1 << 20


class IndexFiles:
    """The files of the indexes of one library. Its methods raise `OSError` if a file cannot be read or written."""

    def __init__(self, database: Database, spec: LibrarySpec) -> None:
        self._database = database
        self._spec = spec
        self.vectors = database.folder / "vectors.faiss"
        self.lexical = database.folder / "lexical"
        self._stamp_file = database.folder / "indexes.json"
        self._checksums: dict[Path, tuple[tuple[int, ...], int]] = {}

    def saved_stamp(self) -> Any:
        """Returns the stamp on disk.

        Raises:
            OSError: There is no stamp.
            ValueError: It is not JSON.
        """
        return json.loads(self._stamp_file.read_text(encoding="utf-8"))

    def stamp_of(self, revision: int) -> dict[str, Any]:
        """Returns the stamp that belongs to the files as they are now, if they were built from this revision."""
        lexical = (path for path in self.lexical.iterdir() if not path.name.startswith(".") and path.suffix != ".lock")
        return {
            "library": self._database.meta("id"),
            "revision": revision,
            **self._spec.fingerprints(),
            "files": {path.name: self._checksum(path) for path in (self.vectors, *sorted(lexical))},
        }

    def remove_stamp(self) -> None:
        """Marks the files as not usable."""
        self._stamp_file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Removes the stamp and all files."""
        self.remove_stamp()
        _remove(self.vectors)
        _remove(self.lexical)

    def write_stamp(self, revision: int) -> dict[str, Any]:
        """Marks the files as built from this revision, and gives them the permissions of the database; returns the stamp."""
        for file in (self.vectors, *self.lexical.iterdir()):
            private.share_as(file, self._database.file)
        stamp = self.stamp_of(revision)
        partial = self._stamp_file.with_suffix(".partial")
        partial.write_text(json.dumps(stamp), encoding="utf-8")
        private.share_as(partial, self._database.file)
        partial.replace(self._stamp_file)
        return stamp

    def _checksum(self, path: Path) -> int:
        """Returns the checksum of a file, which is read again only if it may have changed."""
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            state = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            known = self._checksums.get(path)
            if known and known[0] == state:
                return known[1]
            self._checksums.pop(path, None)
            checksum = 0
            while part := file.read(_BYTES_AT_ONCE):
                checksum = zlib.crc32(part, checksum)
        # A file system's clock ticks every few milliseconds, and a later change within the same tick leaves the same time.
        if time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS:
            self._checksums[path] = (state, checksum)
        return checksum


def _remove(path: Path) -> None:
    """Removes a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
