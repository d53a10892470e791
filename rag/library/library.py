"""A library: a folder of documents that can be searched.

SQLite is the truth (`rag.library.database`): from its commit on, a document is stored, whole or not at all. The indexes are derived
from it (`rag.library.search`).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from embeddings.encoder import Encoder, SentenceTransformerEncoder
from rag.documents import sandbox
from rag.documents.chunking import Chunker
from rag.errors import LoadError
from rag.library import integrity
from rag.library.database import Database
from rag.library.ingestion import AddResult, editing, sources, uploads
from rag.library.ingestion import rows as document_rows
from rag.library.ingestion.reindexing import reindex
from rag.library.ingestion.run import IngestionOptions, IngestionRun
from rag.library.named_collections import NamedCollections, valid_name
from rag.library.originals import Originals
from rag.library.search.indexes import Indexes
from rag.library.search.searching import Searching
from rag.library.spec import LibrarySpec
from rag.library.stored_documents import DocumentSummary, StoredDocuments
from rag.library.write_lock import WriteLock
from rag.settings import DEFAULTS
from rag.text.analysis import Analyzer
from rag.text.lines import printable
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rag.documents.sandbox import Parser
    from rag.library.ingestion import OnProgress
    from rag.library.ingestion.files import File

__all__ = ["DocumentSummary", "Library"]


class Library(Searching):
    """A folder of documents that can be searched.

    One process writes at a time, and others that want to write wait. Any number may read at the same time. Safe to use from
    several threads. Any method raises `LibraryError` if the library is damaged, newer, or cannot be read or written.
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
        """Opens the library in the folder `path`. A new one is created when the first document is added.

        Args:
            path: The folder.
            encoder: Makes the vectors; the bundled encoder when None.
            chunk_tokens: The size of the largest chunk, in the encoder's tokens.
            max_file_bytes: The size of the largest file that is read.
            max_characters: The length of the longest document that is added.
            analyzer: Makes the search terms.
            parser: Reads files; when None, the one shared by all libraries of this process.
        """
        self.path = Path(path).expanduser().absolute()
        self.encoder: Encoder = encoder or SentenceTransformerEncoder(DEFAULTS.encoder)
        self.analyzer = analyzer or Analyzer()
        self.chunk_tokens = chunk_tokens
        self.max_characters = max_characters
        self._sources = sources.Sources(parser or sandbox.shared(), max_file_bytes, max_characters)
        self._spec = LibrarySpec(self.encoder, self.analyzer, Chunker(self.encoder.count_tokens, chunk_tokens))
        self._database = Database(self.path)
        self._write_lock = WriteLock(self._database, self._spec)
        self._documents = StoredDocuments(self._database)
        self._collections = NamedCollections(self._database)
        self.originals = Originals(self._database, self._write_lock)
        self._indexes = Indexes(self._database, self._spec)
        self._database.open()

    def like(self, path: str | Path) -> Library:
        """Returns a library in the folder `path` with the same options as this one."""
        return Library(
            path,
            self.encoder,
            self.chunk_tokens,
            self._sources.max_file_bytes,
            max_characters=self.max_characters,
            analyzer=self.analyzer,
            parser=self._sources.parser,
        )

    @property
    def max_file_bytes(self) -> int:
        """The size of the largest file that is read."""
        return self._sources.max_file_bytes

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self._database.file

    def __len__(self) -> int:
        """Returns the number of documents."""
        return len(self._documents)

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the files. They are opened again on the next use."""
        self._database.close()
        self._indexes.forget()

    # -- adding and removing ------------------------------------------------------------------------------------------

    def add(self, paths: Iterable[str | Path], on_progress: OnProgress | None = None, collection: str = "") -> list[AddResult]:
        """Adds files, and all files of a known kind in folders.

        Each document is added whole or not at all. A document whose content is in the library already is left as it is. Other
        content from the same source replaces the old, so documents that an archive no longer contains are removed, but not those
        that it contains and that cannot be read. What cannot be read is reported, and the rest is added. To resume a run that
        broke off, add the same again.

        Args:
            paths: Files and folders.
            on_progress: Called as passages are encoded.
            collection: A collection for the documents, including those that were in the library already; none when empty.

        Returns:
            One result for each document, in order. Archives and the like give one for each document in them, then one for each
            that is removed.

        Raises:
            LoadError: No file is of a known kind.
            LibraryError: The library cannot be written, or the name of the collection is not valid. What was added stays.
        """
        return self._add(self._sources.files(paths), on_progress, collection)

    def add_page(
        self, url: str, on_progress: OnProgress | None = None, collection: str = "", allow_private: bool = False
    ) -> list[AddResult]:
        """Fetches the page or file at `url` and adds it, as `add` does. Its source is the address.

        Addresses on this computer or a private network are fetched only with `allow_private`.
        """
        url = printable(url)
        try:
            page = self._sources.page(url, allow_private)
        except LoadError as error:
            return [AddResult(url, "failed", reason=str(error))]
        return self._add([page], on_progress, collection)

    def add_upload(self, file: Path, name: str, on_progress: OnProgress | None = None, collection: str = "") -> list[AddResult]:
        """Adds a file from a temporary place, as `add` does. Its source is the last part of `name`.

        It replaces a document of that name if it is another version of it. If it is another text, as two people may each have a
        `notes.txt`, it becomes `notes (2).txt`. An archive is another version if one of its documents is.
        """
        name = uploads.base_name(name, file)
        try:
            read = self._sources.upload(file, name)
        except LoadError as error:
            return [AddResult(name, "failed", reason=str(error))]
        documents = [each for each in read if isinstance(each, Document)]
        with self._write_lock.acquired():
            source = uploads.free_source(self._database, name, documents, lambda known_id: self.document(known_id).text)
            renamed = [uploads.rename(each, name, source) for each in read]
            results = self._add([sources.loaded(source, renamed, sources.size_of(file), file)], on_progress, collection)
        taken = f"another document is called {name}" if source != name else ""
        return [replace(result, reason=taken) if result.status == "added" else result for result in results]

    def add_documents(
        self, documents: Iterable[Document], on_progress: OnProgress | None = None, collection: str = ""
    ) -> list[AddResult]:
        """Adds documents that do not come from files, as `add` does. They are cleaned and described like files."""
        return self._add(sources.from_documents(documents), on_progress, collection)

    def add_document(self, document: Document, on_progress: OnProgress | None = None) -> AddResult:
        """Adds one document, as `add_documents` does.

        Raises:
            LoadError: The document contains no text.
        """
        (result,) = self.add_documents([document], on_progress)
        if result.status == "failed":
            raise LoadError(result.reason)
        return result

    def add_prepared(
        self, files: Sequence[File], encoder: Encoder, on_progress: OnProgress | None = None, collection: str = ""
    ) -> list[AddResult]:
        """Adds preprocessed documents, encoded by another encoder with the same fingerprint as this library's."""
        return self._add(files, on_progress, collection, encoder)

    def _add(
        self, files: Sequence[File], on_progress: OnProgress | None, collection: str, prepared_for: Encoder | None = None
    ) -> list[AddResult]:
        options = IngestionOptions(
            collection=valid_name(collection) if collection else "",
            prepared=prepared_for is not None,
            max_characters=self.max_characters,
            on_progress=on_progress,
        )
        encoder = prepared_for or self.encoder
        with self._write_lock.acquired():
            run = IngestionRun(
                files, self._database, encoder, self._spec.chunker, save_indexes=self._indexes.save, options=options
            )
            results = run.add()
            self.originals.follow(files)
        return results

    def remove(self, name: str, wait: float | None = None) -> DocumentSummary:
        """Removes the document called `name` (see `find`), and returns its summary.

        Raises:
            DocumentNotFoundError: No document or several documents are called that.
            LibraryError: Another thread or process was still writing after `wait` seconds (see `WriteLock.acquired`).
        """
        self._database.require()
        with self._write_lock.acquired(wait=wait):
            summary = self.find(name)
            self.remove_all([summary.id])
        return summary

    def remove_all(self, document_ids: Collection[str]) -> int:
        """Removes documents in one transaction; returns how many there were."""
        self._database.require()
        with self._write_lock.acquired():
            with self._database.transaction() as connection:
                removed = document_rows.delete(connection, document_ids)
            self._indexes.save()
            self.originals.follow()
        return removed

    def edit(
        self, document_id: str, *, title: str | None = None, published: str | None = None, author: str | None = None
    ) -> Document:
        """Changes what is known of a document; None leaves a value as it is. Another version of its file brings its own again.

        Args:
            document_id: The document.
            title: Its title. Passages are searched with it, so they are encoded again.
            published: An ISO date, of which a year or a month is enough; empty if it is not known.
            author: Its author, or several, joined by commas; empty if not known.

        Raises:
            DocumentNotFoundError: No document has this id.
            LibraryError: The title is empty, the date is not one, or the library cannot be written.
        """
        self._database.require()
        with self._write_lock.acquired():
            before = self.document(document_id)
            after = editing.edited(before, title, published, author)
            editing.store(self._database, self._spec, before, after)
            self._indexes.save()
        return after

    def reindex(self, on_progress: OnProgress | None = None) -> int:
        """Chunks and encodes all documents again, with this encoder and chunk size, and returns their number.

        Until all is done, nothing changes.
        """
        self._database.require()
        with self._write_lock.acquired(check=False):
            count = reindex(self._database, self._documents, self._spec, on_progress)
            self._indexes.save()
        return count

    # -- collections --------------------------------------------------------------------------------------------------

    def collections(self) -> dict[str, int]:
        """Returns the names of the collections, sorted, with the number of documents in each. A document may be in several."""
        return self._collections.sizes()

    def collect(self, name: str, document_ids: Iterable[str]) -> None:
        """Puts documents in a collection, which is created if necessary.

        Raises:
            LibraryError: The name is not valid, or the library cannot be written.
        """
        name = valid_name(name)
        self._database.require()
        with self._write_lock.acquired(check=False):
            self._collections.add(name, document_ids)

    def uncollect(self, name: str, document_ids: Iterable[str] | None = None) -> None:
        """Takes documents out of a collection, all of them when None. They stay in the library.

        Raises:
            CollectionNotFoundError: No collection has that name.
        """
        self._collections.require(name)
        with self._write_lock.acquired(check=False):
            self._collections.remove(name, document_ids)

    def rename_collection(self, name: str, new_name: str) -> None:
        """Renames a collection. If there is one of the new name, the two are merged.

        Raises:
            CollectionNotFoundError: There is no collection of that name.
            LibraryError: The new name is not valid.
        """
        new_name = valid_name(new_name)
        self._collections.require(name)
        with self._write_lock.acquired(check=False):
            self._collections.rename(name, new_name)

    # -- documents ----------------------------------------------------------------------------------------------------

    def documents(self) -> list[DocumentSummary]:
        """Returns all documents, in the order in which they were added."""
        return self._documents.summaries()

    def document(self, document_id: str) -> Document:
        """Returns a document with its text and the record of its cleaning.

        Raises:
            DocumentNotFoundError: No document has this id.
            LibraryError: The document is damaged, so it cannot be cited.
        """
        return self._documents.document(document_id)

    def find(self, name: str) -> DocumentSummary:
        """Finds the one document called `name`: its id, source, file name or title, or the beginning of its id.

        Raises:
            DocumentNotFoundError: No document or several documents are called that.
        """
        return self._documents.find(name)

    def select(
        self,
        collections: Collection[str] = (),
        language: str = "",
        since: str = "",
        until: str = "",
        source: str = "",
    ) -> list[str]:
        """Returns the ids of the documents that meet all of the given conditions, in the order in which they were added.

        Args:
            collections: In any of these.
            language: In this language.
            since: Published on this ISO date or later; a year or a month is enough.
            until: Published on this ISO date or earlier; a year or a month includes its end.
            source: A part of the publisher's name, or of the path or address of the file, ignoring case.

        Raises:
            CollectionNotFoundError: One of the collections does not exist.
            LibraryError: A date is not valid.
        """
        for name in collections:
            self._collections.require(name)
        return self._documents.select(collections, language, since, until, source)

    def check(self, contents: bool = True) -> list[str]:
        """Returns the problems of the library, one line each; empty if it is sound.

        With `contents`, every document and its passages are compared with their checksums too.
        """
        return integrity.problems(self._database, self._indexes, contents) if self._database.open() else []
