"""The documents, their chunks and their indexes, on disk.

SQLite is the truth (`rag.library.database`): a document exists from its commit on, whole or not at all. The vector index and the
lexical index are derived from it (`rag.library.indexes`).
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embeddings.encoder import Encoder, SentenceTransformerEncoder, Vectors
from rag import private
from rag.documents import loaders, sandbox
from rag.documents.chunking import Chunker, context
from rag.documents.cleaning import clean
from rag.documents.fetching import fetch
from rag.documents.source_id import SourceId
from rag.errors import (
    CollectionNotFoundError,
    DocumentNotFoundError,
    IndexDamagedError,
    LibraryError,
    LibraryMismatchError,
    LoadError,
)
from rag.library import checksums, schema
from rag.library.checksums import DOCUMENT_COLUMNS, EDIT_COLUMNS
from rag.library.database import WAIT_SECONDS, Database
from rag.library.indexes import Indexes, VectorReport
from rag.library.ingestion import Adding, AddResult, File, Progress, as_utf8, delete, held_by, insert_chunks, put_in_collection
from rag.settings import DEFAULTS
from rag.text.analysis import Analyzer
from rag.text.lines import one_line
from rag.types import Document, Edit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rag.documents.sandbox import Parser
    from rag.library.ingestion import OnProgress
    from rag.types import Chunk, SearchResult

_ENCODED_AT_ONCE = 64
_CLAUSE_END = re.compile(r"[\n，。；：！？,;:!?]|\.\s")
_SHARE_OF_VERSION = 0.2
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """A document without its text. Documents that are mostly the same text share a `cluster`, which is empty for all others."""

    id: str
    title: str
    source: str
    language: str
    published: str
    publisher: str
    characters: int
    chunks: int
    added: str
    cluster: str = ""
    collections: tuple[str, ...] = ()


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
        *,
        max_characters: int = DEFAULTS.max_characters,
        analyzer: Analyzer | None = None,
        parser: Parser | None = None,
    ) -> None:
        """Opens the library in the folder `path`; a new one is made when the first document is added.

        Args:
            path: The folder.
            encoder: What makes the vectors; the bundled encoder when None.
            chunk_tokens: The largest chunk, in the encoder's tokens.
            max_file_bytes: The largest file that `add` reads.
            max_characters: The longest document that is added.
            analyzer: What makes the search terms.
            parser: What reads files; the one that all libraries of this process share when None.

        Raises:
            LibraryError: The folder cannot be read, or what it holds is damaged or of a newer version.
        """
        self.path = Path(path).expanduser().absolute()
        self.encoder: Encoder = encoder or SentenceTransformerEncoder(DEFAULTS.encoder)
        self.analyzer = analyzer or Analyzer()
        self._parser = parser or sandbox.shared()
        self.chunk_tokens = chunk_tokens
        self._chunker = Chunker(self.encoder.count_tokens, chunk_tokens)
        self._max_file_bytes = max_file_bytes
        self.max_characters = max_characters
        self._write_lock = threading.RLock()
        self._database = Database(self.path)
        self._indexes = Indexes(self._database, self._terms_of, self._fingerprints, self._require_match)
        self._database.open()

    def like(self, path: str | Path) -> Library:
        """Another library, in the folder `path`, that makes its passages as this one does."""
        return Library(
            path,
            self.encoder,
            self.chunk_tokens,
            self._max_file_bytes,
            max_characters=self.max_characters,
            analyzer=self.analyzer,
            parser=self._parser,
        )

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

    def add(self, paths: Iterable[str | Path], on_progress: OnProgress | None = None, collection: str = "") -> list[AddResult]:
        """Adds files, and all files of a known kind in folders.

        Each document goes in whole or not at all. Content that is in already is left as it is; other content from the same
        source replaces what was there, so documents that an archive or the like does not hold any more are removed, but not
        those that it holds and that cannot be read. What cannot be read is reported and the others go in. A run that breaks off
        is gone on with by adding the same again.

        Args:
            paths: Files and folders.
            on_progress: Called as passages are encoded.
            collection: The collection that the documents are put in, those that were in the library already too; none when
                empty.

        Returns:
            One result for each document, in order: of most files one, of an archive and the like as many as it holds, and then
            those that are removed.

        Raises:
            LoadError: There is no file of a known kind.
            LibraryError: The library cannot be written, or the collection cannot be called that: what was added before stays.
        """
        files = [
            File(loaders.source_of(path), partial(self._load, path), _size_of(path), _path_within(path, self._max_file_bytes))
            for path in loaders.require_files(map(Path, paths))
        ]
        return self._add(files, on_progress, collection)

    def add_page(
        self, url: str, on_progress: OnProgress | None = None, collection: str = "", allow_private: bool = False
    ) -> list[AddResult]:
        """Fetches the one page or file at `url` and adds it, as `add` does; the address becomes its source.

        What is not on the internet, but on this computer or a private network, is fetched with `allow_private` only.
        """
        url = loaders.printable(url)
        try:
            fetched = fetch(url, self._max_file_bytes, allow_private)
        except LoadError as error:
            return [AddResult(url, "failed", reason=str(error))]
        load = partial(
            self._parser.read, fetched.data, url, fetched.suffix, self._max_file_bytes, max_characters=self.max_characters
        )
        return self._add([File(url, load)], on_progress, collection)

    def add_upload(self, file: Path, name: str, on_progress: OnProgress | None = None, collection: str = "") -> list[AddResult]:
        """Adds a file that lies in a passing place, as `add` does; the last part of `name` becomes its source.

        It replaces the document of that name when it is another version of it. When it is another text altogether, as two
        people may have their own `notes.txt`, both are kept and this one becomes `notes (2).txt`. An archive is another version
        when one of its documents is.
        """
        name = loaders.printable(re.split(r"[\\/]", name)[-1].strip() or file.name)
        try:
            loaded = list(self._parser.load(file, self._max_file_bytes, name, self.max_characters))
        except LoadError as error:
            return [AddResult(name, "failed", reason=str(error))]
        with self._writing():
            source = self._free_source(name, [document for document in loaded if isinstance(document, Document)])
            moved = [_moved(each, name, source) for each in loaded]
            results = self._add([File(source, lambda: moved, _size_of(file))], on_progress, collection)
        taken = f"another document is called {name}" if source != name else ""
        return [replace(result, reason=taken) if result.status == "added" else result for result in results]

    def add_documents(
        self, documents: Iterable[Document], on_progress: OnProgress | None = None, collection: str = ""
    ) -> list[AddResult]:
        """Adds documents that were not read from files, as `add` does; cleaning and metadata are the same as for files."""
        files = [
            File(document.source, partial(_itself, document), len(document.text.encode("utf-8", "replace")))
            for document in (replace(document, source=loaders.printable(document.source)) for document in documents)
        ]
        return self._add(files, on_progress, collection)

    def add_document(self, document: Document, on_progress: OnProgress | None = None) -> AddResult:
        """Adds one document, as `add_documents` does.

        Raises:
            LoadError: The document holds no text.
            LibraryError: The library cannot be written.
        """
        (result,) = self.add_documents([document], on_progress)
        if result.status == "failed":
            raise LoadError(result.reason)
        return result

    def add_prepared(
        self, files: Sequence[File], encoder: Encoder, on_progress: OnProgress | None = None, collection: str = ""
    ) -> list[AddResult]:
        """Adds documents that are cleaned and described already, encoded by what gives the vectors that this encoder would."""
        return self._add(files, on_progress, collection, encoder)

    def _add(
        self, files: Sequence[File], on_progress: OnProgress | None, collection: str, prepared_for: Encoder | None = None
    ) -> list[AddResult]:
        """Adds files; with `prepared_for`, their documents are cleaned and described already, and it encodes them."""
        collection = _collection_name(collection) if collection else ""
        with self._writing():
            return Adding(
                self._database,
                prepared_for or self.encoder,
                self._chunker,
                save_indexes=self._indexes.save,
                collection=collection,
                on_progress=on_progress,
                prepared=prepared_for is not None,
                max_characters=self.max_characters,
            ).add(files)

    def _load(self, path: Path) -> Iterator[Document | loaders.Failure]:
        return self._parser.load(path, self._max_file_bytes, max_characters=self.max_characters)

    def _free_source(self, name: str, documents: Sequence[Document]) -> str:
        """The name, with the lowest number that is free, or that is taken by another version of these documents."""
        texts = {SourceId.parse(document.source, name).part: clean(document).text for document in documents}
        path = Path(name)
        for source in (name, *(f"{path.stem} ({number}){path.suffix}" for number in range(2, len(self) + 3))):
            taken = held_by(self._database, source)
            versions = (part for part, text in texts.items() if source + part in taken)
            if not taken or any(_is_version(self.document(taken[source + part]).text, texts[part]) for part in versions):
                break
        return source

    def remove(self, name: str, wait: float | None = None) -> DocumentSummary:
        """Removes the document that goes by `name`, from everywhere (see `find`), and returns what it was.

        Args:
            name: The document's.
            wait: How many seconds to wait while another thread or process writes; when None, for threads of this process without
                a limit and for other processes half a minute.

        Raises:
            DocumentNotFoundError: None goes by that name, or several do.
            LibraryError: Another thread or process writes; the text says which.
        """
        self._database.require()
        with self._writing(wait=wait):
            summary = self.find(name)
            self.remove_all([summary.id])
        return summary

    def remove_all(self, document_ids: Collection[str]) -> int:
        """Removes documents, from everywhere, all at once; returns how many were there."""
        self._database.require()
        with self._writing():
            with self._database.transaction() as connection:
                removed = delete(connection, document_ids)
            self._indexes.save()
        return removed

    def reindex(self, on_progress: OnProgress | None = None) -> int:
        """Chunks and encodes every document anew, with this encoder and chunker; the old state holds until all is done.

        Returns:
            The number of documents.
        """
        self._database.require()
        with self._writing(check=False):
            summaries = {summary.id: summary for summary in self.documents()}
            documents = [self._chunker.chunk(self.document(document_id)) for document_id in summaries]
            vectors = self._encode_anew(summaries, documents, on_progress)
            identity = self._identity()
            with self._database.transaction() as connection:
                connection.execute("DELETE FROM chunks")
                start = 0
                for chunks in documents:
                    insert_chunks(connection, chunks, vectors[start : start + len(chunks)])
                    start += len(chunks)
                checksums.store_all(connection)
                schema.write_meta(connection, identity)
            self._indexes.save()
        return len(documents)

    def _encode_anew(
        self,
        summaries: Mapping[str, DocumentSummary],
        documents: Sequence[Sequence[Chunk]],
        on_progress: OnProgress | None,
    ) -> Vectors:
        chunks = [chunk for of_document in documents for chunk in of_document]
        total, done = sum(len(chunk.text) for chunk in chunks), 0
        vectors = np.empty((len(chunks), self.encoder.dim), np.float32)
        for start in range(0, len(chunks), _ENCODED_AT_ONCE):
            batch = chunks[start : start + _ENCODED_AT_ONCE]
            texts = [context(summaries[chunk.document_id].title, chunk.section, chunk.text) for chunk in batch]
            vectors[start : start + len(batch)] = self.encoder.encode_document(texts)
            done += sum(len(chunk.text) for chunk in batch)
            if on_progress:
                on_progress(Progress(summaries[batch[-1].document_id].source, done, total, start + len(batch)))
        return vectors

    # -- collections --------------------------------------------------------------------------------------------------

    def collections(self) -> dict[str, int]:
        """The names of the collections, in order, with how many documents each holds. A document may be in several."""
        if not self._database.open():
            return {}
        return dict(self._database.select("SELECT name, count(*) FROM collections GROUP BY name ORDER BY name"))

    def collect(self, name: str, document_ids: Iterable[str]) -> None:
        """Puts documents in a collection, which is made when it is not there yet.

        Raises:
            LibraryError: A collection cannot be called that, or the library cannot be written.
        """
        name = _collection_name(name)
        self._database.require()
        with self._writing(check=False), self._database.transaction() as connection:
            for document_id in document_ids:
                put_in_collection(connection, name, document_id)

    def uncollect(self, name: str, document_ids: Iterable[str] | None = None) -> None:
        """Takes documents out of a collection, all of them when None; they stay in the library.

        Raises:
            CollectionNotFoundError: There is none of that name.
        """
        self._require_collection(name)
        with self._writing(check=False), self._database.transaction() as connection:
            if document_ids is None:
                connection.execute("DELETE FROM collections WHERE name = ?", (name,))
            else:
                taken = ((name, document_id) for document_id in document_ids)
                connection.executemany("DELETE FROM collections WHERE name = ? AND document_id = ?", taken)

    def rename_collection(self, name: str, new_name: str) -> None:
        """Gives a collection another name; one that has it already takes the documents up.

        Raises:
            CollectionNotFoundError: There is none of that name.
            LibraryError: A collection cannot be called that.
        """
        new_name = _collection_name(new_name)
        self._require_collection(name)
        with self._writing(check=False), self._database.transaction() as connection:
            connection.execute("UPDATE OR IGNORE collections SET name = ? WHERE name = ?", (new_name, name))
            if name != new_name:
                connection.execute("DELETE FROM collections WHERE name = ?", (name,))

    def select(
        self,
        collections: Collection[str] = (),
        language: str = "",
        since: str = "",
        until: str = "",
        source: str = "",
    ) -> list[str]:
        """The ids of the documents that fit all of what is given, in the order in which they were added.

        Args:
            collections: In any of these.
            language: In this language.
            since: Published on this ISO date or later; a year or a month will do.
            until: Published on this ISO date or earlier, to the end of a year or month.
            source: Of this publisher, or from a file, folder or address with this in it; case aside.

        Raises:
            CollectionNotFoundError: There is no collection of one of the names.
            LibraryError: A date is none.
        """
        for name in collections:
            self._require_collection(name)
        conditions, values = ["1"], []
        if collections:
            conditions.append(f"id IN (SELECT document_id FROM collections WHERE name IN ({','.join('?' * len(collections))}))")
            values += list(collections)
        if language:
            conditions.append("language = ?")
            values.append(language)
        if since:
            conditions.append("published <> '' AND published >= ?")
            values.append(_date(since))
        if until:
            conditions.append("published <> '' AND substr(published, 1, ?) <= ?")
            values += [str(len(_date(until))), _date(until)]
        if source:
            conditions.append("(instr(lower(source), ?) OR instr(lower(publisher), ?))")
            values += [source.lower()] * 2
        if not self._database.open():
            return []
        rows = self._database.select(f"SELECT id FROM documents WHERE {' AND '.join(conditions)} ORDER BY rowid", values)
        return [document_id for (document_id,) in rows]

    def _require_collection(self, name: str) -> None:
        names = self.collections()
        if name not in names:
            there = (
                f"there are: {', '.join(names)}"
                if names
                else "there are none yet; make one with: yinju add --collection NAME PATH"
            )
            raise CollectionNotFoundError(f'no collection is called "{name}"; {there}')

    # -- what is in it ------------------------------------------------------------------------------------------------

    def documents(self) -> list[DocumentSummary]:
        """Every document, in the order in which they were added."""
        if not self._database.open():
            return []
        rows = self._database.select(
            "SELECT d.id, title, source, language, published, publisher, length(text), "
            "(SELECT count(*) FROM chunks WHERE document_id = d.id), added, cluster FROM documents d ORDER BY d.rowid"
        )
        names: dict[str, list[str]] = {}
        for name, document_id in self._database.select("SELECT name, document_id FROM collections ORDER BY name"):
            names.setdefault(document_id, []).append(name)
        return [replace(DocumentSummary(*row), collections=tuple(names.get(row[0], ()))) for row in rows]

    def document(self, document_id: str) -> Document:
        """A document with its text and the record of its cleaning.

        Raises:
            DocumentNotFoundError: There is none with this id.
            LibraryError: It is damaged, so that nothing of it can be cited.
        """
        columns = f"SELECT {DOCUMENT_COLUMNS}, cluster, checksum FROM documents WHERE id = ?"
        rows = self._database.select(columns, (document_id,)) if self._database.open() else []
        if not rows:
            raise DocumentNotFoundError(f"there is no document {document_id} in the library")
        edits = self._database.select(f"SELECT {EDIT_COLUMNS} FROM edits WHERE document_id = ? ORDER BY number", (document_id,))
        *values, pages, cluster, checksum = rows[0]
        if checksum != checksums.of_document([*values, pages], edits):
            raise LibraryError(_damaged(values[1], values[2]))
        copies = "SELECT source FROM documents WHERE cluster = ? AND cluster <> '' AND id <> ? ORDER BY rowid"
        return replace(
            Document(*values),
            pages=tuple(json.loads(pages)),
            edits=tuple(Edit(*edit) for edit in edits),
            copies=tuple(source for (source,) in self._database.select(copies, (cluster, document_id))),
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

    def check(self, contents: bool = True) -> list[str]:
        """What is wrong with the library, a line each; empty when it is sound.

        With `contents`, every document and its passages are compared with their checksums too.
        """
        if not self._database.open():
            return []
        problems = []
        try:
            problems += [str(row[0]) for row in self._database.select("PRAGMA integrity_check") if row[0] != "ok"]
            if contents:
                with self._database.snapshot():
                    problems += [_damaged(*names) for names in checksums.damaged(self._database.require())]
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

    # -- inside -------------------------------------------------------------------------------------------------------

    def _terms_of(self, result: SearchResult) -> list[str]:
        text = context(result.title, result.chunk.section, result.chunk.text)
        return self.analyzer.terms(text) + self.analyzer.name_terms(text)

    def _fingerprints(self) -> dict[str, str]:
        """What makes the vectors and the terms."""
        return {"encoder": self.encoder.fingerprint, "analyzer": self.analyzer.fingerprint}

    def _identity(self) -> dict[str, str]:
        """What the vectors and chunks are made with."""
        return {"encoder": self.encoder.fingerprint, "dim": str(self.encoder.dim), "chunker": self._chunker.fingerprint}

    @contextmanager
    def _writing(self, check: bool = True, wait: float | None = None) -> Iterator[None]:
        """Holds the library for writing, against other threads and processes; makes it when there is none."""
        if not self._write_lock.acquire(timeout=-1 if wait is None else wait):
            raise LibraryError(
                f"documents are being added to the library {self.path} or indexed again; try again when that is done"
            )
        try:
            try:
                private.make_folder(self.path)
            except OSError as error:
                raise LibraryError(
                    f"cannot make the library folder {self.path}: {error.strerror}; choose another with --library"
                ) from error
            with self._database.writing(WAIT_SECONDS if wait is None else wait):
                if not self._database.open():
                    self._database.create(self._identity())
                if check:
                    self._require_match()
                yield
        finally:
            self._write_lock.release()

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
    place = str(replace(SourceId.parse(loaded.source, name), file=source))
    if isinstance(loaded, loaders.Failure):
        return replace(loaded, source=place)
    title = Path(place).stem if loaded.title == Path(loaded.source).stem else loaded.title
    return replace(loaded, id=loaders.document_id(place), source=place, title=title)


def _is_version(one: str, other: str) -> bool:
    """Whether two texts are versions of one document: the shorter shares a fifth of its clauses with the longer."""
    clauses = [{clause.strip() for clause in _CLAUSE_END.split(text)} - {""} for text in (one, other)]
    return len(clauses[0] & clauses[1]) >= _SHARE_OF_VERSION * min(map(len, clauses))


def _damaged(title: str, source: str) -> str:
    return (
        f'the document "{one_line(title)}" ({loaders.printable(source)}) is damaged: it is not what was stored; '
        "remove it and add it again, or put back a copy of the library"
    )


def _itself(document: Document) -> list[Document]:
    return [document]


def _size_of(path: Path) -> int:
    """How many bytes a file holds; none when that cannot be known."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0


def _path_within(path: Path, max_bytes: int) -> Path | None:
    """The path of a file that is small enough to be read, so that it is not read anew while it has not changed."""
    return path if _size_of(path) <= max_bytes else None


def _collection_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not as_utf8(name).isprintable():
        raise LibraryError(f"a collection is called by 1 to {_LONGEST_NAME} characters that can be shown")
    return as_utf8(name)


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text):
        raise LibraryError(f'"{text}" is no date; write 2021, 2021-10 or 2021-10-09')
    return text
