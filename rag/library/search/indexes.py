"""The vector index and the lexical index of a library, both derived from its SQLite file, which is the truth.

A stamp (`rag.library.search.index_files`) says from which revision the saved indexes were built. Indexes that are behind are
caught up with the rows of SQLite, vectors included; indexes that are missing, damaged or do not match their stamp are rebuilt
from it. Rows of chunks are never changed or used again, so row numbers alone tell what an index lacks.

The vector index can only be written whole. To keep the cost of saving in proportion to what is new, it is written only once a
tenth of it is new; until then, the difference is made up from SQLite whenever it is loaded. The rows of the lexical index tell
what the difference is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import filelock
import numpy as np

from embeddings.vector_index import EXACT_NUMBERS, VectorIndex, with_spares
from rag.errors import IndexDamagedError
from rag.library.search.index_files import IndexFiles
from rag.library.search.lexical_index import LexicalIndex

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from embeddings.encoder import Vectors
    from embeddings.vector_index import Rows
    from rag.library.database import Database
    from rag.library.spec import LibrarySpec

logger = logging.getLogger("yinju")

_ROWS_AT_ONCE = 500
_MAX_ROWS_PREPARED = 10_000
_MAX_DOCUMENTS_IN_QUERY = 1000
_MAX_SHARE_UNSAVED = 0.1
_MAX_WAIT_SECONDS = 10.0
_SEARCHES_TIMED = 20
_NO_ROWS = np.empty(0, np.int64)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class VectorReport:
    """The size and measured performance of the vector index.

    Up to `limit` vectors, a query is compared with all of them, and `lists` and `probes` are 0. `milliseconds` is the median
    time of a search, and `recall` the share of the 10 nearest vectors that a search finds, for queries made of its vectors.
    """

    vectors: int
    dim: int
    limit: int
    lists: int
    probes: int
    milliseconds: float
    recall: float


class Indexes:
    """The indexes of one library, loaded on the first search. Safe to use from several threads."""

    def __init__(self, database: Database, spec: LibrarySpec) -> None:
        """Reads nothing yet.

        Args:
            database: The truth from which the indexes are derived.
            spec: Determines the vectors and the terms.
        """
        self._database = database
        self._spec = spec
        self._files = IndexFiles(database, spec)
        self.exact_numbers = EXACT_NUMBERS
        self._vectors: VectorIndex | None = None
        self._lexical: LexicalIndex | None = None
        self._rows: dict[str, Rows] = {}
        self._chosen: tuple[frozenset[str], dict[str | None, Rows]] = (frozenset(), {})
        self._unsaved = 0
        self._revision = -1
        self._stamp: dict[str, Any] = {}
        self._built_from = 0

    @contextmanager
    def searching(self) -> Iterator[tuple[VectorIndex, LexicalIndex]]:
        """Brings both indexes up to date and yields them. They do not change during the context.

        Raises:
            LibraryError: There is no library, it cannot be read, or it was built with another encoder or chunker.
        """
        with self._database.lock:
            self._refresh()
            assert self._vectors is not None
            assert self._lexical is not None
            yield self._vectors, self._lexical

    def are_behind(self) -> bool:
        """Tells if SQLite has a later revision than the loaded indexes."""
        return self._revision != int(self._database.meta("revision"))

    def rows_by_language(self) -> dict[str, Rows]:
        """Returns the rows of the chunks in each language."""
        with self.searching():
            return self._rows

    def nearest(
        self, vector: Vectors, top_k: int, language: str | None, documents: Collection[str] | None
    ) -> list[tuple[int, float]]:
        """Finds the rows nearest to a vector `(dim,)` with their inner products, best first, by the exact stored vectors."""
        with self.searching():
            among = self._selected(language, documents)
            # Selecting the rows may reveal that the lexical index is damaged, and rebuild both.
            with self.searching() as (vectors, _):
                _, candidates = vectors.search(vector[None, :], with_spares(top_k), among)
            rows, stored = self._stored(candidates[0][candidates[0] >= 0])
        scores = stored @ vector
        return [(int(rows[place]), float(scores[place])) for place in np.argsort(-scores, kind="stable")[:top_k]]

    def search_terms(
        self, terms: Sequence[str], top_k: int, language: str | None, documents: Collection[str] | None
    ) -> list[tuple[int, float]]:
        """Finds the rows with any of the terms, with their BM25 scores, best first."""
        with self.searching():
            language = None if self._is_only(language) else language
            if documents is None or len(documents) <= _MAX_DOCUMENTS_IN_QUERY:
                return self.ask_lexical(lambda lexical: lexical.search(terms, top_k, language, documents))
            rows = self._selected(language, documents)
            return self.ask_lexical(lambda lexical: lexical.search_among(terms, top_k, _NO_ROWS if rows is None else rows))

    def _is_only(self, language: str | None) -> bool:
        return list(self._rows) == [language]

    def _selected(self, language: str | None, documents: Collection[str] | None) -> Rows | None:
        """Returns the rows in a language and of some documents, ascending; each may be None for any. None means all rows."""
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
        """Measures the vector index with queries made of its vectors."""
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

    def ask_lexical(self, query: Callable[[LexicalIndex], T]) -> T:
        """Runs a query on the lexical index; if its files turn out to be damaged, again on one that is rebuilt in memory."""
        with self.searching() as (_, lexical):
            try:
                return query(lexical)
            except IndexDamagedError as error:
                logger.warning("%s", error)
            self._rebuild_in_memory()
        with self.searching() as (_, lexical):
            return query(lexical)

    def _refresh(self) -> None:
        """Brings the indexes to the revision of SQLite.

        While another process or thread writes, the indexes saved last are used: rows that SQLite no longer has are dropped
        from the results. Where nothing can be written, the indexes are kept in memory.
        """
        revision = self._wanted_revision()
        if self._revision == revision:
            return
        self._spec.require_match(self._database)
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
        """Brings the indexes on disk up to date with the database.

        If that fails, nothing is lost: they are brought up to date when they are next needed.
        """
        try:
            self._bring_up_to_date()
        except (OSError, IndexDamagedError) as error:
            logger.warning(
                "the documents are safe, but their indexes could not be saved (%s); they are rebuilt when needed", error
            )

    def _bring_up_to_date(self) -> None:
        """Brings the indexes on disk to the revision of SQLite: intact ones are caught up, others are rebuilt.

        The caller must have the database's `file_lock`.
        """
        self._spec.require_match(self._database)
        revision = self._wanted_revision()
        with self._database.lock:
            intact = self._load_indexes()
            if intact and self._revision == revision:
                return
            vectors, lexical = self._vectors, self._lexical
            intact = intact and self._stamp == self._files.stamp_of(self._revision)
        if not intact or vectors is None or lexical is None:
            logger.info("building the indexes of %s", self._database.folder)
            self._files.remove()
            vectors, lexical = VectorIndex(int(self._database.meta("dim"))), LexicalIndex(self._files.lexical)
        vectors = self._catch_up(vectors, lexical, revision, self._files.remove_stamp)
        if not self._files.vectors.exists() or self._unsaved > _MAX_SHARE_UNSAVED * len(vectors):
            vectors.save(self._files.vectors)
            self._unsaved = 0
        stamp = self._files.write_stamp(revision)
        with self._database.lock:
            if self._lexical is lexical:
                self._stamp = stamp

    def _rebuild_in_memory(self) -> None:
        with self._database.snapshot():
            self._spec.require_match(self._database)
            self._catch_up(VectorIndex(int(self._database.meta("dim"))), LexicalIndex(), int(self._database.meta("revision")))

    def _catch_up(
        self, vectors: VectorIndex, lexical: LexicalIndex, revision: int, begin: Callable[[], object] = lambda: None
    ) -> VectorIndex:
        """Brings two indexes to the rows of SQLite at this revision, and uses them from now on, without saving them.

        `begin` is called before the first change to them, and most of the work is done before that.

        Returns:
            The vector index: another one if its kind no longer fits the number of vectors.
        """
        wanted = _ascending(row for (row,) in self._database.select("SELECT row FROM chunks"))
        gone, new = _differences(_ascending(lexical.rows()), wanted)
        terms: Iterable[tuple[int, str, str, list[str]]] = self._stored_terms(new)
        if len(new) <= _MAX_ROWS_PREPARED:
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
            self._use(vectors, lexical, revision, {})
            self._unsaved = unsaved
        return vectors

    def _built(self, dim: int, rows: Rows) -> VectorIndex:
        return VectorIndex.build(dim, rows, self._stored, self.exact_numbers)

    def _stored(self, rows: Rows) -> tuple[Rows, Vectors]:
        """Returns those of the rows that SQLite has, with their vectors `(rows, dim)`."""
        found: list[int] = []
        parts = [np.empty((0, int(self._database.meta("dim"))), np.float32)]
        for batch in _batches(rows.tolist()):
            stored = self._database.vectors(batch)
            found += stored
            parts += stored.values()
        return np.array(found, np.int64), np.vstack(parts)

    def _stored_terms(self, rows: Rows) -> Iterator[tuple[int, str, str, list[str]]]:
        for batch in _batches(rows.tolist()):
            for row, result in self._database.results(batch).items():
                yield row, result.chunk.document_id, result.language, self._spec.terms(result)

    def _wanted_revision(self) -> int:
        """Returns the revision of SQLite. Forgets indexes that were built from another file."""
        revision = int(self._database.meta("revision"))
        if self._built_from != self._database.times_opened:
            self.forget()
        return revision

    def _load_after_waiting(self) -> bool:
        """Waits for indexes that another process may be about to save, for at most about the time that rebuilding them takes."""
        ((chunks,),) = self._database.select("SELECT count(*) FROM chunks")
        end = time.monotonic() + min(chunks / 1000, _MAX_WAIT_SECONDS)
        while not (loaded := self._load_indexes()) and time.monotonic() < end:
            time.sleep(0.02)
        return loaded

    def _load_indexes(self) -> bool:
        """Loads the indexes on disk, unless they are loaded; returns False if they are not intact. They may be behind SQLite.

        This needs no lock, because a process that writes them removes the stamp first.
        """
        try:
            stamp = self._files.saved_stamp()
            if stamp == self._stamp:
                return bool(stamp)
            if stamp != self._files.stamp_of(stamp["revision"]):
                return False
            vectors, lexical = VectorIndex.load(self._files.vectors), LexicalIndex(self._files.lexical)
            if stamp != self._files.saved_stamp():
                return False
            too_many, missing = _differences(_ascending(vectors.rows()), _ascending(lexical.rows()))
            vectors.remove(too_many)
            vectors.add(*self._stored(missing))
            self._use(vectors, lexical, stamp["revision"], stamp)
        except (OSError, ValueError, KeyError, TypeError, IndexDamagedError):
            return False
        self._unsaved = len(too_many) + len(missing)
        return True

    def _use(self, vectors: VectorIndex, lexical: LexicalIndex, revision: int, stamp: dict[str, Any]) -> None:
        self._rows = {language: _ascending(lexical.rows(language)) for language in lexical.languages()}
        self._chosen = (frozenset(), {})
        self._vectors, self._lexical, self._revision, self._stamp = vectors, lexical, revision, stamp

    def forget(self) -> None:
        """Unloads the indexes. They are loaded again on the next search."""
        with self._database.lock:
            self._vectors = self._lexical = None
            self._rows, self._chosen, self._revision, self._stamp, self._unsaved = {}, (frozenset(), {}), -1, {}, 0
            self._built_from = self._database.times_opened


def _ascending(rows: Iterable[int]) -> Rows:
    return np.sort(np.fromiter(rows, np.int64))


def _differences(present: Rows, wanted: Rows) -> tuple[Rows, Rows]:
    """Returns the rows that are only in the first, and those that are only in the second, ascending."""
    return np.setdiff1d(present, wanted, assume_unique=True), np.setdiff1d(wanted, present, assume_unique=True)


def _batches(rows: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]
