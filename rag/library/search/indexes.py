"""The vector index and the lexical index of a library: derived from its SQLite file, and never believed over it.

They are stamped with the revision they were built from and a checksum of each file. When they are behind, they are caught up
with what SQLite holds, vectors included; when the stamp does not fit, or a file is missing or damaged, they are rebuilt from
it. Rows of chunks are never changed or used again, so what an index lacks is known by the numbers of its rows alone.

To save costs in proportion to what is new. So the file of the vector index, which can only be written whole, is written when a
tenth of it is new; what it lacks until then, or has too much, is made good from SQLite whenever it is loaded. The lexical
index says which rows that are.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
import zlib
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import filelock
import numpy as np

from embeddings.vector_index import EXACT_NUMBERS, VectorIndex, with_spares
from rag import private
from rag.errors import IndexDamagedError
from rag.library.search.lexical_index import LexicalIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from embeddings.encoder import Vectors
    from embeddings.vector_index import Rows
    from rag.library.database import Database
    from rag.types import SearchResult

logger = logging.getLogger("yinju")

_ROWS_AT_ONCE = 500
_ROWS_PREPARED = 10_000
_DOCUMENTS_IN_A_QUERY = 1000
_SHARE_UNSAVED = 0.1
_LONGEST_WAIT = 10.0
_SETTLED_NS = 100_000_000
_SEARCHES_TIMED = 20
_NO_ROWS = np.empty(0, np.int64)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VectorReport:
    """What the vector index is, measured: `lists` is 0 where a query is compared with all `vectors`, as it is up to `limit`.

    `recall` is the share of the 10 nearest vectors that are found, by a sample of queries made of its vectors.
    """

    vectors: int
    dim: int
    limit: int
    lists: int
    probes: int
    milliseconds: float
    recall: float


class Indexes:
    """Both indexes of one library, loaded when they are first searched. Safe to use from several threads."""

    def __init__(
        self,
        database: Database,
        terms_of: Callable[[SearchResult], list[str]],
        fingerprints: Callable[[], dict[str, str]],
        require_match: Callable[[], None],
    ) -> None:
        """Reads nothing yet.

        Args:
            database: What the indexes are derived from.
            terms_of: Gives the terms under which a chunk is indexed.
            fingerprints: Tell what makes vectors and terms; part of the stamp.
            require_match: Raises `LibraryMismatchError` when the library was built with another encoder or chunker.
        """
        self._database = database
        self._terms_of = terms_of
        self._fingerprints = fingerprints
        self._require_match = require_match
        self.exact_numbers = EXACT_NUMBERS
        self._vectors: VectorIndex | None = None
        self._lexical: LexicalIndex | None = None
        self._rows: dict[str, Rows] = {}
        self._chosen: tuple[frozenset[str], dict[str | None, Rows]] = (frozenset(), {})
        self._unsaved = 0
        self._checksums: dict[Path, tuple[tuple[int, ...], int]] = {}
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

    def nearest(
        self, vector: Vectors, top_k: int, language: str | None, documents: Collection[str] | None
    ) -> list[tuple[int, float]]:
        """The rows nearest to a vector `(dim,)` with their inner products, best first; by the stored vectors, not rounded ones."""
        with self.searching():
            among = self._narrowed(language, documents)
            # To narrow a search may be what shows that the indexes are damaged, and makes others.
            with self.searching() as (vectors, _):
                _, candidates = vectors.search(vector[None, :], with_spares(top_k), among)
            rows, stored = self._stored(candidates[0][candidates[0] >= 0])
        scores = stored @ vector
        return [(int(rows[place]), float(scores[place])) for place in np.argsort(-scores, kind="stable")[:top_k]]

    def search_terms(
        self, terms: Sequence[str], top_k: int, language: str | None, documents: Collection[str] | None
    ) -> list[tuple[int, float]]:
        """The rows that hold any of the terms with their BM25 scores, best first."""
        with self.searching():
            language = None if self._is_only(language) else language
            if documents is None or len(documents) <= _DOCUMENTS_IN_A_QUERY:
                return self.ask_lexical(lambda lexical: lexical.search(terms, top_k, language, documents))
            rows = self._narrowed(language, documents)
            return self.ask_lexical(lambda lexical: lexical.search_among(terms, top_k, _NO_ROWS if rows is None else rows))

    def _is_only(self, language: str | None) -> bool:
        return list(self._rows) == [language]

    def _narrowed(self, language: str | None, documents: Collection[str] | None) -> Rows | None:
        """The rows in this language and of these documents, any of either when None, in ascending order; None for all rows."""
        if self._is_only(language):
            language = None
        if documents is None:
            return self._rows.get(language, _NO_ROWS) if language is not None else None
        wanted = frozenset(documents)
        last, known = self._chosen
        if wanted is not last:
            known = known if wanted == last else {}
            self._chosen = (wanted, known)
        if language not in known:
            known[language] = _ascending(self.ask_lexical(lambda lexical: lexical.rows(language, wanted)))
        return known[language]

    def report(self) -> VectorReport:
        """What kind of vector index there is and how it does, measured with vectors of its own."""
        with self.searching() as (vectors, _):
            rows = _ascending(vectors.rows())
            _, queries = self._stored(rows[:: max(1, len(rows) // _SEARCHES_TIMED)])
            seconds = [0.0]
            for query in queries:
                started = time.perf_counter()
                vectors.search(query[None, :], with_spares(50))
                seconds.append(time.perf_counter() - started)
            return VectorReport(
                vectors=len(vectors),
                dim=vectors.dim,
                limit=self.exact_numbers // vectors.dim,
                lists=vectors.lists,
                probes=vectors.probes,
                milliseconds=1000 * float(np.median(seconds[1:] or seconds)),
                recall=vectors.recall(self._stored) if vectors.lists else 1.0,
            )

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
            with self._database.file_lock.acquire(timeout=0):
                self._bring_up_to_date()
        except filelock.Timeout:
            if not self._load_indexes() and self._vectors is None and not self._load_after_waiting():
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
        if not whole or vectors is None or lexical is None:
            logger.info("building the indexes of %s", self._database.folder)
            self._stamp_file.unlink(missing_ok=True)
            _remove(self._vector_file)
            _remove(self._lexical_folder)
            vectors, lexical = VectorIndex(int(self._database.meta("dim"))), LexicalIndex(self._lexical_folder)
        vectors = self._catch_up(vectors, lexical, revision, lambda: self._stamp_file.unlink(missing_ok=True))
        if not self._vector_file.exists() or self._unsaved > _SHARE_UNSAVED * len(vectors):
            vectors.save(self._vector_file)
            self._unsaved = 0
        for file in (self._vector_file, *self._lexical_folder.iterdir()):
            private.share_as(file, self._database.file)
        stamp = self._stamp_of(revision)
        partial = self._stamp_file.with_suffix(".partial")
        partial.write_text(json.dumps(stamp), encoding="utf-8")
        private.share_as(partial, self._database.file)
        partial.replace(self._stamp_file)
        with self._database.lock:
            if self._lexical is lexical:
                self._stamp = stamp

    def _rebuild_in_memory(self) -> None:
        with self._database.snapshot():
            self._require_match()
            self._catch_up(VectorIndex(int(self._database.meta("dim"))), LexicalIndex(), int(self._database.meta("revision")))

    def _catch_up(
        self, vectors: VectorIndex, lexical: LexicalIndex, revision: int, begin: Callable[[], object] = lambda: None
    ) -> VectorIndex:
        """Brings two indexes to the rows of SQLite at this revision, and holds them as not saved.

        What takes long is done before the first change, which `begin` is called before.

        Returns:
            The vector index, which is another one when its kind does not fit the size any more.
        """
        wanted = _ascending(row for (row,) in self._database.select("SELECT row FROM chunks"))
        gone, new = _differences(_ascending(lexical.rows()), wanted)
        terms: Iterable[tuple[int, str, str, list[str]]] = self._stored_terms(new)
        if len(new) <= _ROWS_PREPARED:
            terms = list(terms)
        too_many, missing = _differences(_ascending(vectors.rows()), wanted)
        rows, stored = _NO_ROWS, np.empty((0, vectors.dim), np.float32)
        unsaved = self._unsaved + len(too_many) + len(missing)
        if len(vectors) and vectors.suits(len(wanted), self.exact_numbers):
            rows, stored = self._stored(missing)
        else:
            vectors, too_many, unsaved = self._built(vectors.dim, wanted), _NO_ROWS, len(wanted)
        begin()
        if len(gone) or len(new):
            lexical.update(terms, gone.tolist())
        with self._database.lock:
            vectors.remove(too_many)
            vectors.add(rows, stored)
            self._hold(vectors, lexical, revision, {})
            self._unsaved = unsaved
        return vectors

    def _built(self, dim: int, rows: Rows) -> VectorIndex:
        return VectorIndex.build(dim, rows, self._stored, self.exact_numbers)

    def _stored(self, rows: Rows) -> tuple[Rows, Vectors]:
        """Those of the rows that SQLite holds, with their vectors, `(rows, dim)`."""
        found: list[int] = []
        parts = [np.empty((0, int(self._database.meta("dim"))), np.float32)]
        for batch in _batches(rows.tolist()):
            held = self._database.vectors(batch)
            found += held
            parts += held.values()
        return np.array(found, np.int64), np.vstack(parts)

    def _stored_terms(self, rows: Rows) -> Iterator[tuple[int, str, str, list[str]]]:
        for batch in _batches(rows.tolist()):
            for row, result in self._database.results(batch).items():
                yield row, result.chunk.document_id, result.language, self._terms_of(result)

    def _wanted_revision(self) -> int:
        """The revision of SQLite; what was built from another file is forgotten."""
        revision = int(self._database.meta("revision"))
        if self._built_from != self._database.times_opened:
            self.forget()
        return revision

    def _load_after_waiting(self) -> bool:
        """Loads what another process is about to save, if it does so in less time than it would take to do its work again."""
        ((chunks,),) = self._database.select("SELECT count(*) FROM chunks")
        end = time.monotonic() + min(chunks / 1000, _LONGEST_WAIT)
        while not (loaded := self._load_indexes()) and time.monotonic() < end:
            time.sleep(0.02)
        return loaded

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
            too_many, missing = _differences(_ascending(vectors.rows()), _ascending(lexical.rows()))
            vectors.remove(too_many)
            vectors.add(*self._stored(missing))
            self._hold(vectors, lexical, stamp["revision"], stamp)
        except (OSError, ValueError, KeyError, TypeError, IndexDamagedError):
            return False
        self._unsaved = len(too_many) + len(missing)
        return True

    def _hold(self, vectors: VectorIndex, lexical: LexicalIndex, revision: int, stamp: dict[str, Any]) -> None:
        self._rows = {language: _ascending(lexical.rows(language)) for language in lexical.languages()}
        self._chosen = (frozenset(), {})
        self._vectors, self._lexical, self._revision, self._stamp = vectors, lexical, revision, stamp

    def forget(self) -> None:
        """Lets go of what is loaded; it is loaded again when it is searched."""
        with self._database.lock:
            self._vectors = self._lexical = None
            self._rows, self._chosen, self._revision, self._stamp, self._unsaved = {}, (frozenset(), {}), -1, {}, 0
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
            "files": {path.name: self._checksum(path) for path in (self._vector_file, *sorted(lexical))},
        }

    def _checksum(self, path: Path) -> int:
        """The checksum of a file, which is read again only when it may have changed."""
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            known = self._checksums.get(path)
            if known and known[0] == state:
                return known[1]
            self._checksums.pop(path, None)
            checksum = 0
            while part := file.read(1 << 20):
                checksum = zlib.crc32(part, checksum)
        # The clock of a file stands still for some milliseconds, in which it may change once more.
        if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLED_NS:
            self._checksums[path] = (state, checksum)
        return checksum


def _ascending(rows: Iterable[int]) -> Rows:
    return np.sort(np.fromiter(rows, np.int64))


def _differences(held: Rows, wanted: Rows) -> tuple[Rows, Rows]:
    """What is in the first alone and what is in the second alone, in ascending order."""
    return np.setdiff1d(held, wanted, assume_unique=True), np.setdiff1d(wanted, held, assume_unique=True)


def _batches(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]


def _remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
