"""The vector index and the lexical index of a library: derived from its SQLite file, and never believed over it.

They are stamped with the revision they were built from and a checksum of each file. When they are behind, they are caught up
with what SQLite holds, vectors included; when the stamp does not fit, or a file is missing or damaged, they are rebuilt from
it. Rows of chunks are never changed or used again, so what an index lacks is known by the numbers of its rows alone.
"""

from __future__ import annotations

import json
import logging
import shutil
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import filelock
import numpy as np

from embeddings.vector_index import VectorIndex
from rag.errors import IndexDamagedError
from rag.lexical_index import LexicalIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from embeddings.vector_index import Rows
    from rag.database import Database
    from rag.types import SearchResult

logger = logging.getLogger("yinju")

_ROWS_AT_ONCE = 500
_NO_ROWS = np.empty(0, np.int64)

T = TypeVar("T")


class Indexes:
    """Both indexes of one library, loaded when they are first searched. Safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        file_lock: filelock.BaseFileLock,
        terms_of: Callable[[SearchResult], list[str]],
        fingerprints: Callable[[], dict[str, str]],
        require_match: Callable[[], None],
    ) -> None:
        """Reads nothing yet.

        Args:
            database: What the indexes are derived from.
            file_lock: Held by the one process that writes.
            terms_of: Gives the terms under which a chunk is indexed.
            fingerprints: Tell what makes vectors and terms; part of the stamp.
            require_match: Raises `LibraryMismatchError` when the library was built with another encoder or chunker.
        """
        self._database = database
        self._file_lock = file_lock
        self._terms_of = terms_of
        self._fingerprints = fingerprints
        self._require_match = require_match
        self._vectors: VectorIndex | None = None
        self._lexical: LexicalIndex | None = None
        self._rows: dict[str, Rows] = {}
        self._rows_of_documents: dict[str, tuple[str, Rows]] = {}
        self._revision = -1
        self._stamp: dict[str, Any] = {}
        self._built_from = 0

    @contextmanager
    def searching(self) -> Iterator[tuple[VectorIndex, LexicalIndex]]:
        """Both indexes, brought up to date; they stay as they are inside.

        Raises:
            LibraryError: There is no library, or it cannot be read, or it was built with another encoder or chunker.
        """
        with self._database.lock:
            self._refresh()
            assert self._vectors is not None
            assert self._lexical is not None
            yield self._vectors, self._lexical

    def are_behind(self) -> bool:
        """Whether SQLite holds a later revision than what is loaded."""
        return self._revision != int(self._database.meta("revision"))

    def rows_by_language(self) -> dict[str, Rows]:
        """The rows of the chunks in each language."""
        with self.searching():
            return self._rows

    def rows(self, language: str | None, documents: Collection[str] | None) -> Rows | None:
        """The rows of the chunks in this language and of these documents, any of either when None; None for all rows."""
        with self.searching():
            if documents is None:
                return self._rows.get(language, _NO_ROWS) if language else None
            chosen = [self._rows_of_documents[name] for name in set(documents) if name in self._rows_of_documents]
            return np.concatenate([_NO_ROWS, *(rows for written_in, rows in chosen if language in (None, written_in))])

    def ask_lexical(self, question: Callable[[LexicalIndex], T]) -> T:
        """What the lexical index answers; when its files turn out to be damaged, what one built in memory does."""
        with self.searching() as (_, lexical):
            try:
                return question(lexical)
            except IndexDamagedError as error:
                logger.warning("%s", error)
            self._rebuild_in_memory()
        with self.searching() as (_, lexical):
            return question(lexical)

    def _refresh(self) -> None:
        """Brings the indexes to the revision of SQLite.

        While another process or thread writes, what was saved last goes on serving: rows that are gone from SQLite are dropped
        when results are made. Where nothing can be written, the indexes are kept in memory.
        """
        revision = self._wanted_revision()
        if self._revision == revision:
            return
        self._require_match()
        try:
            with self._file_lock.acquire(timeout=0):
                self._bring_up_to_date()
        except filelock.Timeout:
            if not self._load_indexes() and self._vectors is None:
                self._rebuild_in_memory()
        except (OSError, IndexDamagedError):
            self._load_indexes()
            if self._revision != revision:
                self._rebuild_in_memory()

    def save(self) -> None:
        """Carries what was committed over to the indexes.

        Failing to is no loss: they are brought up to date when they are next needed.
        """
        try:
            self._bring_up_to_date()
        except (OSError, IndexDamagedError) as error:
            logger.warning(
                "the documents are safe, but their indexes could not be saved (%s); they are rebuilt when needed", error
            )

    def _bring_up_to_date(self) -> None:
        """Brings the indexes on disk to the revision of SQLite: caught up when they are whole, else built anew.

        Nobody else may write meanwhile. The stamp is taken away first, and written last.
        """
        self._require_match()
        revision = self._wanted_revision()
        with self._database.lock:
            whole = self._load_indexes()
            if whole and self._revision == revision:
                return
            vectors, lexical = self._vectors, self._lexical
            whole = whole and self._stamp == self._stamp_of(self._revision)
        self._stamp_file.unlink(missing_ok=True)
        if not whole or vectors is None or lexical is None:
            logger.info("building the indexes of %s", self._database.folder)
            _remove(self._vector_file)
            _remove(self._lexical_folder)
            vectors, lexical = VectorIndex(int(self._database.meta("dim"))), LexicalIndex(self._lexical_folder)
        self._catch_up(vectors, lexical, revision)
        vectors.save(self._vector_file)
        stamp = self._stamp_of(revision)
        partial = self._stamp_file.with_suffix(".partial")
        partial.write_text(json.dumps(stamp), encoding="utf-8")
        partial.replace(self._stamp_file)
        with self._database.lock:
            if self._lexical is lexical:
                self._stamp = stamp

    def _rebuild_in_memory(self) -> None:
        with self._database.snapshot():
            self._require_match()
            self._catch_up(VectorIndex(int(self._database.meta("dim"))), LexicalIndex(), int(self._database.meta("revision")))

    def _catch_up(self, vectors: VectorIndex, lexical: LexicalIndex, revision: int) -> None:
        """Brings two indexes of the same rows to those of SQLite at this revision, and holds them as not saved."""
        wanted = {row for (row,) in self._database.select("SELECT row FROM chunks")}
        held = set(vectors.rows().tolist())
        gone, new = sorted(held - wanted), sorted(wanted - held)
        if gone or new:
            lexical.update(self._stored_terms(new), gone)
        stored = [self._database.vectors(rows) for rows in _batches(new)]
        with self._database.lock:
            vectors.remove(gone)
            for batch in stored:
                vectors.add(list(batch), np.stack(list(batch.values())))
            self._hold(vectors, lexical, revision, {})

    def _stored_terms(self, rows: Sequence[int]) -> Iterator[tuple[int, str, str, list[str]]]:
        for batch in _batches(rows):
            for row, result in self._database.results(batch).items():
                yield row, result.chunk.document_id, result.language, self._terms_of(result)

    def _wanted_revision(self) -> int:
        """The revision of SQLite; what was built from another file is forgotten."""
        revision = int(self._database.meta("revision"))
        if self._built_from != self._database.times_opened:
            self.forget()
        return revision

    def _load_indexes(self) -> bool:
        """Loads what is on disk, unless it is loaded; False when it is not whole. It may be behind SQLite.

        Needs no lock against other processes: one that writes takes the stamp away first.
        """
        try:
            stamp = self._saved_stamp()
            if stamp == self._stamp:
                return bool(stamp)
            if stamp != self._stamp_of(stamp["revision"]):
                return False
            vectors, lexical = VectorIndex.load(self._vector_file), LexicalIndex(self._lexical_folder)
            if stamp != self._saved_stamp():
                return False
        except (OSError, ValueError, KeyError, TypeError, IndexDamagedError):
            return False
        self._hold(vectors, lexical, stamp["revision"], stamp)
        return True

    def _hold(self, vectors: VectorIndex, lexical: LexicalIndex, revision: int, stamp: dict[str, Any]) -> None:
        held = set(vectors.rows().tolist())
        by_language: dict[str, list[int]] = {}
        by_document: dict[tuple[str, str], list[int]] = {}
        for row, document, language in self._database.select(
            "SELECT row, document_id, language FROM chunks JOIN documents ON documents.id = document_id"
        ):
            if row in held:
                by_language.setdefault(language, []).append(row)
                by_document.setdefault((document, language), []).append(row)
        self._rows = {language: np.array(rows, np.int64) for language, rows in by_language.items()}
        self._rows_of_documents = {
            document: (language, np.array(rows, np.int64)) for (document, language), rows in by_document.items()
        }
        self._vectors, self._lexical, self._revision, self._stamp = vectors, lexical, revision, stamp

    def forget(self) -> None:
        """Lets go of what is loaded; it is loaded again when it is searched."""
        with self._database.lock:
            self._vectors = self._lexical = None
            self._rows, self._rows_of_documents, self._revision, self._stamp = {}, {}, -1, {}
            self._built_from = self._database.times_opened

    @property
    def _vector_file(self) -> Path:
        return self._database.folder / "vectors.faiss"

    @property
    def _lexical_folder(self) -> Path:
        return self._database.folder / "lexical"

    @property
    def _stamp_file(self) -> Path:
        return self._database.folder / "indexes.json"

    def _saved_stamp(self) -> Any:
        return json.loads(self._stamp_file.read_text(encoding="utf-8"))

    def _stamp_of(self, revision: int) -> dict[str, Any]:
        """What the indexes on disk are: what they were built from, by whom, and a checksum of each file."""
        lexical = (path for path in self._lexical_folder.iterdir() if not path.name.startswith(".") and path.suffix != ".lock")
        return {
            "library": self._database.meta("id"),
            "revision": revision,
            **self._fingerprints(),
            "files": {path.name: zlib.crc32(path.read_bytes()) for path in (self._vector_file, *sorted(lexical))},
        }


def _batches(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
