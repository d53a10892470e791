"""Exports a library as one file, and imports it: its SQLite file, from which everything else is derived.

An imported file may come from anyone. It is copied, read as plain values, and its documents are added like any others, so nothing in
the receiving library is replaced. A stored vector is used only for exactly the text from which it was made.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from rag.documents import loaders
from rag.documents.chunking import context
from rag.documents.cleaning import restore
from rag.errors import LibraryError, LoadError
from rag.library import checksums, schema
from rag.library.checksums import DOCUMENT_COLUMNS, EDIT_COLUMNS
from rag.library.database import Database
from rag.library.ingestion import AddResult
from rag.library.ingestion.files import File
from rag.types import Document, Edit, Language

if TYPE_CHECKING:
    from embeddings.encoder import Encoder, Vectors
    from rag.library.ingestion import OnProgress
    from rag.library.library import Library

_UNFINISHED = ".yinju-partial"
# Far more than real libraries contain, so that reading a forged file ends.
_MAX_DOCUMENTS = 1_000_000
_MAX_COLLECTED = 1_000_000
_MAX_SECTION = 2_000
_TEXTS_IN_EDITS = 4
_BYTES_PER_CHARACTER = 4
_BYTES_BESIDE_TEXT = 1_000_000


def export(library: Library, file: Path) -> int:
    """Writes the library to a new file, as it is at one moment; returns the number of documents.

    Raises:
        LibraryError: There is no library, the file exists, or it cannot be written.
    """
    if file.exists():
        raise LibraryError(f"{file} is there already; name another file")
    unfinished = file.with_name(f"{file.name}.{os.getpid()}{_UNFINISHED}")
    try:
        _remove_unfinished(file.parent)
        unfinished.unlink(missing_ok=True)
        with closing(Database(library.path)) as database:
            connection = database.require()
            connection.execute("VACUUM INTO ?", (str(unfinished),))
        with closing(sqlite3.connect(unfinished)) as written:
            (documents,) = written.execute("SELECT count(*) FROM documents").fetchone()
        unfinished.replace(file)
    except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise LibraryError(f"cannot write {file}: {reason}; check the folder and the space on its disk") from error
    finally:
        with suppress(OSError):  # in a folder that cannot be written to there is no such file
            unfinished.unlink(missing_ok=True)
    return int(documents)


def _remove_unfinished(folder: Path) -> None:
    """Removes the partial files of exports that were killed."""
    for left in folder.glob(f"*{_UNFINISHED}*"):
        process = re.search(rf"\.(\d+){re.escape(_UNFINISHED)}(?:-journal)?$", left.name)
        if process and not _is_running(int(process[1])):
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        # Signal 0 only tests if the process exists.
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return process != os.getpid()


def import_from(library: Library, file: Path, on_progress: OnProgress | None = None, collection: str = "") -> list[AddResult]:
    """Adds the documents of an exported library, with their collections.

    A document whose text is in the library already is left as it is. If its source is taken by another text, a mark is added to
    its name.

    Args:
        library: The library that receives them.
        file: A file that `export` of this version or an older one wrote.
        on_progress: Called as documents are stored.
        collection: A collection for all of them; none when empty.

    Returns:
        One result for each document of the file, in order.

    Raises:
        LibraryError: The file is not an exported library, or this library cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            if file.exists() and not file.is_file():
                raise LibraryError(f"cannot read {file}: it is not a file")
            shutil.copyfile(file, Path(folder) / "library.sqlite3")
        except OSError as error:
            raise LibraryError(f"cannot read {file}: {error.strerror or error}") from error
        try:
            with closing(_Exported(Path(folder), library.encoder, library.max_characters)) as exported:
                files = exported.files({summary.source for summary in library.documents()})
                results = library.add_prepared(files, exported, on_progress, collection)
                for name, members in exported.collections().items():
                    library.collect(name, [results[place].document_id for place in members])
        except LibraryError as error:
            if folder not in str(error):
                raise
            raise LibraryError(f"{file} is not an exported library, or is damaged; export it again") from error
    return results


class _Exported:
    """An exported library that is being read. It acts as an encoder that knows the vectors of its documents' passages."""

    def __init__(self, folder: Path, encoder: Encoder, max_characters: int) -> None:
        self._database = Database(folder)
        self._max_characters = max_characters
        with self._database.reported():
            _require_tables(self._database.file, folder)
            connection = self._database.require()
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA query_only = ON")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _BYTES_PER_CHARACTER * max_characters + _BYTES_BESIDE_TEXT)
        if [row[0] for row in self._database.select("PRAGMA quick_check")] != ["ok"]:
            raise LibraryError(f"the library {folder} is damaged")
        self._encoder = encoder
        self._same_encoder = self._database.meta("encoder") == encoder.fingerprint
        self._lock = threading.Lock()
        self._known: dict[bytes, int] = {}
        ids = self._database.select("SELECT id FROM documents ORDER BY rowid LIMIT ?", (_MAX_DOCUMENTS + 1,))
        if len(ids) > _MAX_DOCUMENTS:
            raise LibraryError(f"the library {folder} contains more than {_MAX_DOCUMENTS:,} documents")
        self._ids = [document_id for (document_id,) in ids]
        self.name, self.fingerprint, self.max_tokens = encoder.name, encoder.fingerprint, encoder.max_tokens

    def close(self) -> None:
        self._database.close()

    @property
    def dim(self) -> int:
        return self._encoder.dim

    def files(self, taken: set[str]) -> list[File]:
        """Returns the documents, which are read later; `taken` are the sources in the receiving library."""
        return [
            File(f"document {number}", partial(self._load, document_id, taken)) for number, document_id in enumerate(self._ids, 1)
        ]

    def collections(self) -> dict[str, list[int]]:
        """Returns the collections, with the positions of their documents in `files`."""
        places = {document_id: place for place, document_id in enumerate(self._ids)}
        collections: dict[str, list[int]] = {}
        for name, document_id in self._database.select("SELECT name, document_id FROM collections LIMIT ?", (_MAX_COLLECTED,)):
            if document_id in places:
                collections.setdefault(str(name), []).append(places[document_id])
        return collections

    def encode_document(self, texts: Sequence[str]) -> Vectors:
        with self._lock:
            rows = [self._known.pop(_key(text), None) for text in texts]
        stored = self._vectors([row for row in rows if row is not None])
        known = [None if row is None else stored.get(row) for row in rows]
        missing = [text for text, vector in zip(texts, known, strict=True) if vector is None]
        made = iter(self._encoder.encode_document(missing) if missing else ())
        return np.stack([next(made) if vector is None else vector for vector in known])

    def encode_query(self, texts: Sequence[str]) -> Vectors:
        return self._encoder.encode_query(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._encoder.count_tokens(texts)

    def _load(self, document_id: str, taken: Collection[str]) -> Iterator[Document]:
        try:
            columns = f"SELECT {DOCUMENT_COLUMNS}, checksum FROM documents WHERE id = ?"
            ((*values, checksum),) = self._database.select(columns, (document_id,))
            edits = self._edits(document_id)
        except LibraryError as error:
            raise LoadError(f"{document_id}: the exported document is damaged, or larger than max_characters allows") from error
        document = _checked(values, edits)
        if checksum != checksums.of_document(values, edits):
            raise LoadError(f"{document.source}: the exported document is damaged")
        if self._same_encoder:
            self._remember(document)
        yield _elsewhere(document, taken)

    def _edits(self, document_id: str) -> list[tuple[Any, ...]]:
        """Returns the edits of a document.

        Raises:
            LibraryError: They are longer than those of any document that can be added.
        """
        size = "SELECT count(*), total(length(removed) + length(inserted) + length(reason)) FROM edits WHERE document_id = ?"
        ((count, characters),) = self._database.select(size, (document_id,))
        if count > self._max_characters or characters > _TEXTS_IN_EDITS * self._max_characters:
            raise LibraryError(f"the edits of the document {document_id} are too many")
        edits = f"SELECT {EDIT_COLUMNS} FROM edits WHERE document_id = ? ORDER BY number"
        return self._database.select(edits, (document_id,))

    def _remember(self, document: Document) -> None:
        """Records the rows of a document's vectors by the texts from which they were made."""
        rows = self._database.select(
            "SELECT row, start, end, section FROM chunks WHERE document_id = ? AND length(section) <= ? ORDER BY start LIMIT ?",
            (document.id, _MAX_SECTION, len(document.text)),
        )
        last_end = 0
        for row, start, end, section in rows:
            if not (isinstance(start, int) and isinstance(end, int) and isinstance(section, str)):
                continue
            # Passages do not overlap, so their texts are no longer than the document's.
            if last_end <= start < end <= len(document.text):
                last_end = end
                with self._lock:
                    self._known[_key(context(document.title, section, document.text[start:end]))] = row

    def _vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        """Returns the stored vectors of rows, but for those that are not unit vectors of the right size."""
        marks = ",".join("?" * len(rows))
        found = self._database.select(f"SELECT row, vector FROM chunks WHERE row IN ({marks})", rows) if rows else []
        whole = {
            row: np.frombuffer(stored, np.float32)
            for row, stored in found
            if isinstance(stored, bytes) and len(stored) == 4 * self.dim
        }
        return {row: vector for row, vector in whole.items() if abs(float(np.linalg.norm(vector)) - 1) < 1e-3}


def _require_tables(file: Path, folder: Path) -> None:
    """Refuses a file with other tables than a library's, before any statement stored in it could run.

    Raises:
        LibraryError: The tables differ.
        sqlite3.Error: The file cannot be read.
    """
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _BYTES_BESIDE_TEXT)
        if not schema.version_of(connection):
            raise LibraryError(f"the library {folder} has other tables than those of a library")


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _checked(values: Sequence[Any], edits: Sequence[Sequence[Any]]) -> Document:
    """Returns a document made of the values in an exported library.

    Raises:
        LoadError: They are not those of a document.
    """
    *texts, pages = values
    source = str(values[2])
    try:
        document = replace(Document(*texts), pages=tuple(json.loads(pages)), edits=tuple(Edit(*edit) for edit in edits))
    except (TypeError, ValueError, RecursionError) as error:
        raise LoadError(f"{source}: the exported document is damaged") from error
    size = len(document.text) if isinstance(document.text, str) else 0
    places = [*document.pages, *(edit.start for edit in document.edits)]
    ends = [edit.start + len(edit.inserted) for edit in document.edits if isinstance(edit.inserted, str)]
    sound = (
        all(isinstance(text, str) for text in texts)
        and document.language in get_args(Language)
        and all(isinstance(place, int) and 0 <= place <= size for place in (*places, *ends))
        and len(ends) == len(document.edits)
        and all(isinstance(text, str) for edit in document.edits for text in (edit.removed, edit.reason))
        and list(document.pages) == sorted(document.pages)
    )
    if not sound:
        raise LoadError(f"{source}: the exported document is damaged")
    return document


def _elsewhere(document: Document, taken: Collection[str]) -> Document:
    """Returns the document under a source that is not taken, with the id of that source. The same text always gets the same."""
    source = document.source
    if source in taken:
        path = Path(source)
        mark = hashlib.sha256(restore(document).encode("utf-8", "surrogatepass")).hexdigest()[:6]
        source = str(path.with_name(f"{path.stem} ({mark}){path.suffix}")) if path.name else f"{source} ({mark})"
    return replace(document, id=loaders.document_id(source), source=source)
