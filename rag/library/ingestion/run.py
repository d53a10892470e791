"""Adds documents to a library: new ones are cleaned, chunked, encoded and stored, known ones stay as they are.

Files are read ahead of the encoder. The passages of several documents are encoded together and stored in one transaction, so a
document is stored whole or not at all, and everything stored before a run breaks off stays.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents.cleaning import clean, restore
from rag.documents.loaders import Failure, limited
from rag.documents.metadata import describe
from rag.errors import LoadError
from rag.library.ingestion import rows
from rag.library.ingestion.files import Ending, read_ahead
from rag.library.ingestion.pending import NewDocument, PendingChanges
from rag.library.ingestion.results import AddResult, ProgressMeter
from rag.settings import DEFAULTS
from rag.text.lines import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embeddings.encoder import Encoder
    from rag.documents.chunking import Chunker
    from rag.library.database import Database
    from rag.library.ingestion.files import File, FileReading
    from rag.library.ingestion.results import OnProgress
    from rag.types import Document

_INDEXED_AFTER = 16_384
_MAX_TITLE = 500


@dataclass(frozen=True, slots=True)
class IngestionOptions:
    """The choices for one run.

    Documents go into `collection`, unless it is empty. `prepared` documents are cleaned and described already. A document of
    more than `max_characters` fails.
    """

    collection: str = ""
    prepared: bool = False
    max_characters: int = DEFAULTS.max_characters
    on_progress: OnProgress | None = None


class IngestionRun:
    """One run of adding documents. The caller must have the library's write lock."""

    def __init__(
        self,
        files: Sequence[File],
        database: Database,
        encoder: Encoder,
        chunker: Chunker,
        *,
        save_indexes: Callable[[], None],
        options: IngestionOptions,
    ) -> None:
        """Reads nothing yet.

        Args:
            files: The sources of the documents.
            database: Stores the documents.
            encoder: Makes the vectors.
            chunker: Splits the documents.
            save_indexes: Brings the indexes up to date with the database.
            options: The choices for this run.
        """
        self._files = files
        self._database = database
        self._chunker = chunker
        self._save_indexes = save_indexes
        self._options = options
        self._meter = ProgressMeter(sum(file.size for file in files), options.on_progress)
        self._pending = PendingChanges(database, encoder, self._meter, options.collection)
        self._results: list[AddResult] = []
        self._chunks_not_indexed = 0
        # The sources whose content is not known yet: those of files, and those stored before for a file that is being read.
        self._to_come = {file.source for file in files}

    def add(self) -> list[AddResult]:
        """Adds the documents of the files, in order; see `rag.library.library.Library.add`."""
        files = list(self._files)
        while files:
            files = self._add(files)
            self._store()
        self._save_indexes()
        return self._results

    def _add(self, files: Sequence[File]) -> list[File]:
        """Adds files. Returns those that were taken for unchanged, but whose documents this run has replaced since."""
        again: list[File] = []
        with read_ahead(files, self._database) as items:
            for reading, item in items:
                if item is Ending.UNCHANGED:
                    if not self._pass_over(reading):
                        again.append(reading.file)
                elif isinstance(item, Ending):
                    self._finish(reading, item)
                else:
                    self._take(reading, item)
        return again

    def _pass_over(self, reading: FileReading) -> bool:
        """Keeps the documents of a file that has not changed; returns False if one of them is not there any more."""
        source = reading.file.source
        self._store_if_pending(*(document_id for _, document_id in self._unchanged(reading)))
        known = self._unchanged(reading)
        for place, document_id in known:
            self._results.append(AddResult(place, "unchanged", document_id))
            self._pending.add_to_collection(document_id)
            self._to_come.discard(place)
        if known:
            self._to_come.discard(source)
            self._count_rest(reading)
        return bool(known)

    def _unchanged(self, reading: FileReading) -> list[tuple[str, str]]:
        return rows.documents_of_unchanged_file(self._database, reading.file.source, reading.hash)

    def _take(self, reading: FileReading, loaded: Document | Failure) -> None:
        """Decides about a document that was read, or that could not be."""
        loaded = limited(loaded, self._options.max_characters)
        if not reading.sources and loaded.source != reading.file.source:
            self._store_if_pending(reading.file.source)
            reading.stored = rows.documents_of_file(self._database, reading.file.source)
            self._to_come |= reading.stored.keys()
        reading.sources.add(loaded.source)
        self._to_come.discard(loaded.source)
        result = self._result_of(reading, loaded)
        self._results.append(result)
        if result.status == "failed":
            reading.failed = True
        else:
            reading.document_ids.append(result.document_id)
        if self._pending.are_many:
            self._store()

    def _result_of(self, reading: FileReading, loaded: Document | Failure) -> AddResult:
        if isinstance(loaded, Failure):
            return AddResult(loaded.source, "failed", reason=loaded.reason)
        try:
            result = self._decide(reading, loaded)
        except LoadError as error:
            return AddResult(loaded.source, "failed", reason=str(error))
        # The document that was stored under this source may have moved to another place of the file.
        is_moved = result.status == "added" and loaded.source in reading.stored
        return replace(result, status="replaced") if is_moved else result

    def _decide(self, reading: FileReading, read: Document) -> AddResult:
        """Decides whether a document is stored, which happens later, or is in the library already.

        If the same text is stored under a source whose content is not known yet, the document is moved from there to here.

        Raises:
            LoadError: The document contains no text.
        """
        source = printable(read.source)
        read = replace(read, title=rows.as_utf8(read.title), source=source, text=rows.as_utf8(read.text))
        content = (restore(read) if self._options.prepared else read.text).encode("utf-8", "replace")
        content_hash = hashlib.sha256(content).hexdigest()
        self._store_if_pending(source, content_hash, read.id, *(document_id for document_id, _ in self._same(content_hash)))
        old = [row[0] for row in self._database.select("SELECT id FROM documents WHERE source = ? OR id = ?", (source, read.id))]
        moved: list[str] = []
        for known_id, known_source in self._same(content_hash):
            if known_source != source and known_source in self._to_come:
                moved.append(known_id)
            else:
                return self._keep(known_id, known_source, source, old)
        document = _with_short_metadata(read if self._options.prepared else describe(clean(read)))
        if not document.text.strip():
            raise LoadError(f"{source}: the file contains no text")
        chunks = self._chunker.chunk(document)
        size = min(len(content), max(reading.file.size - reading.counted, 0))
        reading.counted += size
        self._pending.add_document(NewDocument(document, content_hash, chunks, [*old, *moved], size))
        return AddResult(source, "replaced" if old else "added", document.id, len(chunks))

    def _same(self, content_hash: str) -> list[tuple[str, str]]:
        """Returns the id and source of the document with this content, if there is one."""
        found = self._database.select("SELECT id, source FROM documents WHERE content_hash = ?", (content_hash,))
        return [(document_id, source) for document_id, source in found]

    def _keep(self, known_id: str, known_source: str, source: str, old: Sequence[str]) -> AddResult:
        """Keeps a stored document whose text was read again, from its own source or another; removes others stored there."""
        gone = [] if known_source == source else [document_id for document_id in old if document_id != known_id]
        if gone:
            self._store()
            with self._database.transaction() as connection:
                rows.delete(connection, gone)
        self._pending.add_to_collection(known_id)
        reason = "" if known_source == source else f"the same as {known_source}"
        return AddResult(source, "replaced" if gone else "unchanged", known_id, reason=reason)

    def _finish(self, reading: FileReading, ending: Ending) -> None:
        """Removes the documents that a file no longer contains, and records a file that was read without a failure.

        The contents of a file whose reading broke off are not known, so nothing is removed.
        """
        source = reading.file.source
        self._to_come -= {source, *reading.stored}
        if reading.stored and ending is Ending.COMPLETE:
            self._remove_missing(reading)
        if reading.hash and not reading.failed:
            self._pending.add_file(source, reading.hash, list(dict.fromkeys(reading.document_ids)))
        self._count_rest(reading)

    def _remove_missing(self, reading: FileReading) -> None:
        self._store()
        stored = rows.documents_of_file(self._database, reading.file.source)
        gone = {place: document_id for place, document_id in stored.items() if place not in reading.sources}
        if gone:
            with self._database.transaction() as connection:
                rows.delete(connection, gone.values())
        self._results += [AddResult(place, "removed", reason="the file no longer contains it") for place in gone]

    def _store_if_pending(self, *names: str) -> None:
        """Stores the pending changes if they concern a file, source, content or id on which the next decision depends."""
        if self._pending.concern(names):
            self._store()

    def _store(self) -> None:
        self._chunks_not_indexed += self._pending.store()
        if self._chunks_not_indexed >= _INDEXED_AFTER:
            self._save_indexes()
            self._chunks_not_indexed = 0

    def _count_rest(self, reading: FileReading) -> None:
        """Counts the part of a file's size that is not its text."""
        self._meter.count(reading.file.size - reading.counted)
        reading.counted = reading.file.size
        self._meter.report(reading.file.source)


def _with_short_metadata(document: Document) -> Document:
    """Returns the document with metadata of one short line each: they precede each passage, and are shown in lists."""
    title = one_line(document.title)[:_MAX_TITLE] or Path(document.source).stem
    facts = (document.published, document.publisher, document.author)
    published, publisher, author = (one_line(text)[:_MAX_TITLE] for text in facts)
    return replace(document, title=title, published=published, publisher=publisher, author=author)
