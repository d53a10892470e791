"""The documents, their chunks and their indexes, on disk.

SQLite is the truth (`rag.database`): a document exists from its commit on, whole or not at all. The vector index and the lexical
index are derived from it (`rag.indexes`).
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import filelock
import numpy as np

from embeddings.encoder import Encoder, SentenceTransformerEncoder, Vectors
from rag import loaders
from rag.analysis import Analyzer
from rag.chunking import Chunker, context
from rag.cleaning import clean
from rag.database import WAIT_SECONDS, Database
from rag.errors import (
    DocumentNotFoundError,
    IndexDamagedError,
    LibraryError,
    LibraryMismatchError,
    LoadError,
)
from rag.fetching import fetch
from rag.indexes import Indexes, VectorReport
from rag.metadata import describe
from rag.settings import DEFAULTS
from rag.types import Chunk, Document, Edit, SearchResult

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Sequence

_DOCUMENT_COLUMNS = "id, title, source, text, language, published, publisher, pages"
_ENCODE_AT_ONCE = 64
_CLAUSE_END = re.compile(r"[\n，。；：！？,;:!?]|\.\s")
_SHARE_OF_VERSION = 0.2

Progress = Callable[[str, int, int], None]
"""Called with a source, how many of its chunks are encoded, and how many it has."""


@dataclass(frozen=True, slots=True)
class AddResult:
    """What became of one source that was to be added. `reason` says why it failed, or what it is the same as.

    "removed" is a document that the file it came from does not hold any more.
    """

    source: str
    status: Literal["added", "replaced", "unchanged", "removed", "failed"]
    document_id: str = ""
    chunks: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text."""

    id: str
    title: str
    source: str
    language: str
    published: str
    publisher: str
    characters: int
    chunks: int
    added: str


class Library:
    """A folder of documents that can be searched.

    One process may write at a time; others that try wait. Any number may read, also while one writes. Safe to use from
    several threads.
    """

    def __init__(
        self,
        path: str | Path,
        encoder: Encoder | None = None,
        chunk_tokens: int = DEFAULTS.chunk_tokens,
        max_file_bytes: int = DEFAULTS.max_file_megabytes * 1_000_000,
        analyzer: Analyzer | None = None,
    ) -> None:
        """Opens the library in the folder `path`; a new one is made when the first document is added.

        Args:
            path: The folder.
            encoder: What makes the vectors; the bundled encoder when None.
            chunk_tokens: The largest chunk, in the encoder's tokens.
            max_file_bytes: The largest file that `add` reads.
            analyzer: What makes the search terms.

        Raises:
            LibraryError: The folder cannot be read, or what it holds is damaged or of a newer version.
        """
        self.path = Path(path).expanduser().absolute()
        self.encoder: Encoder = encoder or SentenceTransformerEncoder(DEFAULTS.encoder)
        self.analyzer = analyzer or Analyzer()
        self._chunker = Chunker(self.encoder.count_tokens, chunk_tokens)
        self._max_file_bytes = max_file_bytes
        self._write_lock = threading.RLock()
        self._file_lock = filelock.FileLock(self.path / "lock")
        self._database = Database(self.path)
        self._indexes = Indexes(self._database, self._file_lock, self._terms_of, self._fingerprints, self._require_match)
        self._database.open()

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self._database.file

    def __len__(self) -> int:
        """The number of documents."""
        return int(self._database.select("SELECT count(*) FROM documents")[0][0]) if self._database.open() else 0

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the files; they are opened again when the library is used again."""
        self._database.close()
        self._indexes.forget()

    # -- adding and removing ------------------------------------------------------------------------------------------

    def add(self, paths: Iterable[str | Path], progress: Progress | None = None) -> list[AddResult]:
        """Adds files, and all files of a known kind in folders.

        Each document goes in whole or not at all. Content that is in already is left as it is; other content from the same
        source replaces what was there, so documents that an archive or the like does not hold any more are removed, but not
        those that it holds and that cannot be read. What cannot be read is reported and the others go in.

        Returns:
            One result for each document, in order: of most files one, of an archive and the like as many as it holds, and then
            those that are removed.

        Raises:
            LoadError: There is no file of a known kind.
            LibraryError: The library cannot be written: what was added before stays.
        """
        files = list(loaders.find_files(map(Path, paths)))
        if not files:
            raise LoadError(f"there is no file of a known kind there ({', '.join(loaders.suffixes())})")
        results: list[AddResult] = []
        with self._writing():
            to_come = {loaders.source_of(file) for file in files}
            for file in files:
                loaded = loaders.load(file, self._max_file_bytes)
                try:
                    results += self._add_all(loaders.source_of(file), loaded, progress, to_come)
                except LoadError as error:
                    results.append(AddResult(str(file), "failed", reason=str(error)))
            self._indexes.save()
        return results

    def add_page(self, url: str, progress: Progress | None = None) -> list[AddResult]:
        """Fetches the one page or file at `url` and adds it, as `add` does; the address becomes its source.

        Raises:
            LibraryError: The library cannot be written.
        """
        try:
            fetched = fetch(url, self._max_file_bytes)
            read = loaders.read(fetched.data, url, fetched.suffix, self._max_file_bytes)
            with self._writing():
                results = list(self._add_all(url, read, progress, set()))
                self._indexes.save()
            return results
        except LoadError as error:
            return [AddResult(url, "failed", reason=str(error))]

    def add_upload(self, file: Path, name: str, progress: Progress | None = None) -> list[AddResult]:
        """Adds a file that lies in a passing place; the last part of `name` becomes its source.

        It replaces the document of that name when it is another version of it. When it is another text altogether, as two
        people may have their own `notes.txt`, both are kept and this one becomes `notes (2).txt`. An archive is another version
        when one of its documents is.

        Returns:
            One result for each document, as `add` does.

        Raises:
            LibraryError: The library cannot be written.
        """
        name = _utf8(re.split(r"[\\/]", name)[-1].strip() or file.name)
        try:
            loaded = list(loaders.load(file, self._max_file_bytes, name))
            with self._writing():
                source = self._free_source(name, [document for document in loaded if isinstance(document, Document)])
                moved = [_moved(each, name, source) for each in loaded]
                results = list(self._add_all(source, moved, progress, set()))
                self._indexes.save()
        except LoadError as error:
            return [AddResult(name, "failed", reason=str(error))]
        taken = f"another document is called {name}" if source != name else ""
        return [replace(result, reason=taken) if result.status == "added" else result for result in results]

    def _free_source(self, name: str, documents: Sequence[Document]) -> str:
        """The name, with the lowest number that is free, or that is taken by another version of these documents."""
        texts = {document.source[len(name) :]: clean(document).text for document in documents}
        path = Path(name)
        for source in (name, *(f"{path.stem} ({number}){path.suffix}" for number in range(2, len(self) + 3))):
            taken = self._held_by(source)
            versions = (part for part, text in texts.items() if source + part in taken)
            if not taken or any(_is_version(self.document(taken[source + part]).text, texts[part]) for part in versions):
                break
        return source

    def add_document(self, document: Document, progress: Progress | None = None) -> AddResult:
        """Adds a document that was not read from a file; cleaning and metadata are the same as for files.

        Raises:
            LoadError: The document holds no text.
            LibraryError: The library cannot be written.
        """
        with self._writing():
            result = self._add(document, progress)
            self._indexes.save()
            return result

    def remove(self, name: str) -> DocumentSummary:
        """Removes the document that goes by `name`, from everywhere (see `find`), and returns what it was.

        Raises:
            DocumentNotFoundError: None goes by that name, or several do.
        """
        self._database.require()
        with self._writing():
            summary = self.find(name)
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM documents WHERE id = ?", (summary.id,))
            self._indexes.save()
        return summary

    def reindex(self, progress: Progress | None = None) -> int:
        """Chunks and encodes every document anew, with this encoder and chunker; the old state holds until all is done.

        Returns:
            The number of documents.
        """
        self._database.require()
        with self._writing(check=False):
            prepared = [self._encode(self.document(summary.id), progress) for summary in self.documents()]
            identity = self._identity()
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM chunks")
                for chunks, vectors in prepared:
                    self._insert_chunks(connection, chunks, vectors)
                self._database.write_meta(connection, identity)
            self._indexes.save()
        return len(prepared)

    # -- what is in it ------------------------------------------------------------------------------------------------

    def documents(self) -> list[DocumentSummary]:
        """Every document, in the order in which they were added."""
        if not self._database.open():
            return []
        rows = self._database.select(
            "SELECT d.id, title, source, language, published, publisher, length(text), "
            "(SELECT count(*) FROM chunks WHERE document_id = d.id), added FROM documents d ORDER BY d.rowid"
        )
        return [DocumentSummary(*row) for row in rows]

    def document(self, document_id: str) -> Document:
        """A document with its text and the record of its cleaning.

        Raises:
            DocumentNotFoundError: There is none with this id.
        """
        columns = f"SELECT {_DOCUMENT_COLUMNS} FROM documents WHERE id = ?"
        rows = self._database.select(columns, (document_id,)) if self._database.open() else []
        if not rows:
            raise DocumentNotFoundError(f"there is no document {document_id} in the library")
        edits = "SELECT start, removed, inserted, reason FROM edits WHERE document_id = ? ORDER BY number"
        *values, pages = rows[0]
        found = Document(*values)
        return replace(
            found,
            pages=tuple(json.loads(pages)),
            edits=tuple(Edit(*edit) for edit in self._database.select(edits, (document_id,))),
        )

    def find(self, name: str) -> DocumentSummary:
        """The one document that goes by `name`: its id, source, file name or title, or the beginning of its id.

        Raises:
            DocumentNotFoundError: None goes by that name, or several do.
        """
        documents = self.documents()
        path = str(Path(name).absolute())
        exact = [d for d in documents if name in (d.id, d.source, d.title, Path(d.source).name) or path == d.source]
        found = exact or [d for d in documents if len(name) >= 4 and d.id.startswith(name)]
        if len(found) != 1:
            problem = f'{len(found)} documents go by "{name}"; use an id' if found else f'no document goes by "{name}"'
            raise DocumentNotFoundError(f"{problem} (yinju list shows them)")
        return found[0]

    def check(self) -> list[str]:
        """What is wrong with the library, a line each; empty when it is sound."""
        if not self._database.open():
            return []
        problems = []
        try:
            problems += [str(row[0]) for row in self._database.select("PRAGMA integrity_check") if row[0] != "ok"]
            with self._indexes.searching() as (vectors, lexical):
                rows = np.array(self._database.select("SELECT row FROM chunks ORDER BY row"), np.int64).ravel()
                behind = self._indexes.are_behind()  # as they may be while another process writes
                for name, held in (("vector", vectors.rows()), ("lexical", lexical.rows())):
                    if not behind and not np.array_equal(np.sort(held), rows):
                        problems.append(f"the {name} index holds {len(np.intersect1d(held, rows))} of {len(rows)} chunks")
        except (LibraryError, IndexDamagedError) as error:
            problems.append(str(error))
        return problems

    # -- searching ----------------------------------------------------------------------------------------------------

    def languages(self) -> list[str]:
        """The languages of the documents, the one with most chunks first."""
        rows = self._indexes.rows_by_language()
        return sorted(rows, key=lambda language: -len(rows[language]))

    def search_vectors(
        self, vector: Vectors, top_k: int, language: str | None = None, documents: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """The rows of the chunks nearest to a vector `(dim,)` with their cosines, best first; empty for an empty library.

        Args:
            vector: float32 `(dim,)`, unit length.
            top_k: The most rows.
            language: Only chunks in this language; any when None.
            documents: Only chunks of the documents with these ids, of which unknown ones select nothing; any when None.
        """
        return self._indexes.nearest(vector, top_k, language, documents)

    def search_terms(
        self, terms: Sequence[str], top_k: int, language: str | None = None, documents: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """The rows of the chunks that hold any of the terms with their BM25 scores, best first.

        `language` and `documents` narrow it as in `search_vectors`.
        """
        return self._indexes.search_terms(terms, top_k, language, documents)

    def coverage(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """The share of the terms, weighed by how rare they are in the library, that each row holds: between 0 and 1."""
        return self._indexes.ask_lexical(lambda lexical: lexical.coverage(terms, rows))

    def vector_report(self) -> VectorReport:
        """What kind of vector index there is, and how it does; it takes about a second to measure."""
        return self._indexes.report()

    def results(self, rows: Sequence[int]) -> dict[int, SearchResult]:
        """The chunks of rows with title, source and language, unscored; a row that is gone is absent."""
        return self._database.results(rows)

    def vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        """The stored vectors `(dim,)` of rows; a row that is gone is absent."""
        return self._database.vectors(rows)

    # -- inside: documents --------------------------------------------------------------------------------------------

    def _add_all(
        self, file: str, loaded: Iterable[Document | loaders.Failure], progress: Progress | None, to_come: set[str]
    ) -> Iterator[AddResult]:
        """Adds what was read from the file that goes by `file`, and removes what it held before and does not any more.

        `to_come` is as in `_add`; what is dealt with goes out of it.
        """
        held: dict[str, str] = {}
        here: set[str] = set()
        for each in loaded:
            if not here and each.source != file:
                held = self._held_by(file)
                to_come |= held.keys()
            here.add(each.source)
            to_come.discard(each.source)
            if isinstance(each, loaders.Failure):
                yield AddResult(each.source, "failed", reason=each.reason)
                continue
            try:
                result = self._add(each, progress, to_come)
            except LoadError as error:
                result = AddResult(each.source, "failed", reason=str(error))
            # What stood here may have moved to another place of the file.
            yield replace(result, status="replaced") if result.status == "added" and each.source in held else result
        gone = {source: held_id for source, held_id in self._held_by(file).items() if source not in here} if held else {}
        if gone:
            with self._database.transaction() as connection:
                self._delete(connection, gone.values())
        to_come -= held.keys()
        yield from (AddResult(source, "removed", reason="the file does not hold it any more") for source in gone)

    def _held_by(self, file: str) -> dict[str, str]:
        """The ids of the documents that came from a file, by their sources: the file itself, its members or its lines."""
        if not self._database.open():
            return {}
        # Both are ranges of the index over the sources: what begins with the file and `/`, and with the file and `#`.
        rows = self._database.select(
            "SELECT source, id FROM documents WHERE source = ? OR source >= ? AND source < ? OR source >= ? AND source < ? "
            "ORDER BY rowid",
            (file, f"{file}/", f"{file}0", f"{file}#", f"{file}$"),
        )
        return {source: held_id for source, held_id in rows if re.fullmatch(r"(?:/.*|#\d+)?", source[len(file) :], re.DOTALL)}

    def _add(self, source_document: Document, progress: Progress | None, to_come: Collection[str] = ()) -> AddResult:
        """Adds a document.

        `to_come` are the sources that are yet to be read anew: a document that is there under one of them, and is the same,
        comes here, for what will stand there is not known yet.
        """
        source, text = _utf8(source_document.source), _utf8(source_document.text)
        source_document = replace(source_document, title=_utf8(source_document.title), source=source, text=text)
        content_hash = hashlib.sha256(text.encode("utf-8")).hexdigest()
        old = [
            row[0]
            for row in self._database.select("SELECT id FROM documents WHERE source = ? OR id = ?", (source, source_document.id))
        ]
        moved: list[str] = []
        for known_id, known_source in self._database.select(
            "SELECT id, source FROM documents WHERE content_hash = ?", (content_hash,)
        ):
            if known_source == source:
                return AddResult(source, "unchanged", known_id)
            if known_source in to_come:
                moved.append(known_id)
                break
            # What stood here before does not any more.
            if gone := [document_id for document_id in old if document_id != known_id]:
                with self._database.transaction() as connection:
                    self._delete(connection, gone)
            return AddResult(source, "replaced" if gone else "unchanged", known_id, reason=f"the same as {known_source}")
        document = describe(clean(source_document))
        if not document.text.strip():
            raise LoadError(f"{source}: the file holds no text")
        chunks, vectors = self._encode(document, progress)
        with self._database.transaction() as connection:
            self._delete(connection, old + moved)
            self._insert_document(connection, document, content_hash)
            self._insert_chunks(connection, chunks, vectors)
        return AddResult(source, "replaced" if old else "added", document.id, len(chunks))

    def _encode(self, document: Document, progress: Progress | None) -> tuple[list[Chunk], Vectors]:
        chunks = self._chunker.chunk(document)
        texts = [context(document.title, chunk.section, chunk.text) for chunk in chunks]
        parts = []
        for start in range(0, len(texts), _ENCODE_AT_ONCE):
            parts.append(self.encoder.encode_document(texts[start : start + _ENCODE_AT_ONCE]))
            if progress:
                progress(document.source, min(start + _ENCODE_AT_ONCE, len(texts)), len(texts))
        return chunks, np.concatenate(parts)

    @staticmethod
    def _delete(connection: sqlite3.Connection, document_ids: Iterable[str]) -> None:
        connection.executemany("DELETE FROM documents WHERE id = ?", ((document_id,) for document_id in document_ids))

    @staticmethod
    def _insert_document(connection: sqlite3.Connection, document: Document, content_hash: str) -> None:
        values = {name: getattr(document, name) for name in _DOCUMENT_COLUMNS.split(", ")}
        values |= {"pages": json.dumps(document.pages), "content_hash": content_hash}
        marks = ",".join("?" * len(values))
        connection.execute(f"INSERT INTO documents ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
        connection.executemany(
            "INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?)",
            ((document.id, number, *astuple(edit)) for number, edit in enumerate(document.edits)),
        )

    @staticmethod
    def _insert_chunks(connection: sqlite3.Connection, chunks: Sequence[Chunk], vectors: Vectors) -> None:
        connection.executemany(
            "INSERT INTO chunks (id, document_id, start, end, page, section, vector) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (chunk.id, chunk.document_id, chunk.start, chunk.end, chunk.page, chunk.section, vector.tobytes())
                for chunk, vector in zip(chunks, vectors, strict=True)
            ),
        )

    def _terms_of(self, result: SearchResult) -> list[str]:
        text = context(result.title, result.chunk.section, result.chunk.text)
        return self.analyzer.terms(text) + self.analyzer.name_terms(text)

    # -- inside: writing and what the library is made with ------------------------------------------------------------------

    def _fingerprints(self) -> dict[str, str]:
        """What makes the vectors and the terms."""
        return {"encoder": self.encoder.fingerprint, "analyzer": self.analyzer.fingerprint}

    def _identity(self) -> dict[str, str]:
        """What the vectors and chunks are made with."""
        return {"encoder": self.encoder.fingerprint, "dim": str(self.encoder.dim), "chunker": self._chunker.fingerprint}

    @contextmanager
    def _writing(self, check: bool = True) -> Iterator[None]:
        """Holds the library for writing, against other threads and processes; makes it when there is none."""
        with self._write_lock:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LibraryError(
                    f"cannot make the library folder {self.path}: {error.strerror}; choose another with --library"
                ) from error
            with self._database.reported():
                try:
                    self._file_lock.acquire(timeout=WAIT_SECONDS)
                except filelock.Timeout:
                    raise LibraryError(self._database.busy()) from None
            try:
                if not self._database.open():
                    self._database.create(self._identity())
                if check:
                    self._require_match()
                yield
            finally:
                self._file_lock.release()

    def _require_match(self) -> None:
        """Refuses to mix vectors.

        Raises:
            LibraryMismatchError: The library was built with another encoder or chunker.
        """
        for key, mine, what in (
            ("encoder", self.encoder.fingerprint, "encoder"),
            ("chunker", self._chunker.fingerprint, "chunk size or chunker"),
        ):
            stored = self._database.meta(key)
            if stored != mine:
                raise LibraryMismatchError(
                    f"the library {self.path} was built with another {what} ({stored}, now {mine}); "
                    "bring it up to date with: yinju reindex, or set what it was built with"
                )


def _moved(loaded: Document | loaders.Failure, name: str, source: str) -> Document | loaders.Failure:
    """What was read from a file that goes by `name`, as of one that goes by `source`."""
    place = source + loaded.source[len(name) :]
    if isinstance(loaded, loaders.Failure):
        return replace(loaded, source=place)
    title = Path(place).stem if loaded.title == Path(loaded.source).stem else loaded.title
    return replace(loaded, id=loaders.document_id(place), source=place, title=title)


def _is_version(one: str, other: str) -> bool:
    """Whether two texts are versions of one document: the shorter shares a fifth of its clauses with the longer."""
    clauses = [{clause.strip() for clause in _CLAUSE_END.split(text)} - {""} for text in (one, other)]
    return len(clauses[0] & clauses[1]) >= _SHARE_OF_VERSION * min(map(len, clauses))


def _utf8(text: str) -> str:
    """The text as it can be stored and shown: what is no character of Unicode becomes a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8")
