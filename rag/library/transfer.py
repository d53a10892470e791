"""A library as one file: its SQLite file, from which everything else of it is derived.

What is imported may come from anyone. It is opened as a copy, read as values, and added like any documents, so nothing of the library
that takes it up is replaced; a vector is taken over only for the very text that it was made of.
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

from rag.documents.chunking import context
from rag.documents.cleaning import restore
from rag.documents.loaders import document_id
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
# Far more than libraries hold, so that reading a file that someone made up ends.
_MOST_DOCUMENTS = 1_000_000
_MOST_COLLECTED = 1_000_000
_LONGEST_SECTION = 2_000
_TEXTS_IN_EDITS = 4
_BYTES_PER_CHARACTER = 4
_BYTES_BESIDE_TEXT = 1_000_000


def export(library: Library, file: Path) -> int:
    """Writes the library to a new file, as it is at one moment; returns the number of documents.

    Raises:
        LibraryError: There is no library, the file is there already, or it cannot be written.
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
        with suppress(OSError):  # as in a folder that cannot be written to, where there is none
            unfinished.unlink(missing_ok=True)
    return int(documents)


def _remove_unfinished(folder: Path) -> None:
    """Removes what exports that were killed have left in a folder."""
    for left in folder.glob(f"*{_UNFINISHED}*"):
        process = re.search(rf"\.(\d+){re.escape(_UNFINISHED)}(?:-journal)?$", left.name)
        if process and not _is_running(int(process[1])):
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        # Signal 0 is sent to nobody.
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return process != os.getpid()


def import_from(library: Library, file: Path, on_progress: OnProgress | None = None, collection: str = "") -> list[AddResult]:
    """Adds the documents of an exported library, with their collections.

    A text that is there already is left as it is. A document whose source another text has here gets a number behind its name.

    Args:
        library: What takes them up.
        file: What `export` wrote, with this version or an older one.
        on_progress: Called as documents are stored.
        collection: A collection for all of them; none when empty.

    Returns:
        One result for each document of the file, in order.

    Raises:
        LibraryError: The file is no exported library, or this library cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            if file.exists() and not file.is_file():
                raise LibraryError(f"cannot read {file}: this is no file")
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
            raise LibraryError(f"{file} is no exported library, or is damaged; export it again") from error
    return results


class _Exported:
    """An exported library that is being read; an encoder as long, which knows the vectors of its documents' passages."""

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
        ids = self._database.select("SELECT id FROM documents ORDER BY rowid LIMIT ?", (_MOST_DOCUMENTS + 1,))
        if len(ids) > _MOST_DOCUMENTS:
            raise LibraryError(f"the library {folder} holds more than {_MOST_DOCUMENTS:,} documents")
        self._ids = [document_id for (document_id,) in ids]
        self.name, self.fingerprint, self.max_tokens = encoder.name, encoder.fingerprint, encoder.max_tokens

    def close(self) -> None:
        self._database.close()

    @property
    def dim(self) -> int:
        return self._encoder.dim

    def files(self, taken: set[str]) -> list[File]:
        """The documents, each to be read when its turn comes; `taken` are the sources that the other library has."""
        return [File(f"document {number}", partial(self._load, held_id, taken)) for number, held_id in enumerate(self._ids, 1)]

    def collections(self) -> dict[str, list[int]]:
        """The collections, and the places of their documents in the order of `files`."""
        places = {held_id: place for place, held_id in enumerate(self._ids)}
        found: dict[str, list[int]] = {}
        for name, held_id in self._database.select("SELECT name, document_id FROM collections LIMIT ?", (_MOST_COLLECTED,)):
            if held_id in places:
                found.setdefault(str(name), []).append(places[held_id])
        return found

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

    def _load(self, held_id: str, taken: Collection[str]) -> Iterator[Document]:
        try:
            columns = f"SELECT {DOCUMENT_COLUMNS}, checksum FROM documents WHERE id = ?"
            ((*values, checksum),) = self._database.select(columns, (held_id,))
            edits = self._edits(held_id)
        except LibraryError as error:
            raise LoadError(f"{held_id}: the exported document is damaged, or larger than max_characters allows") from error
        document = _checked(values, edits)
        if checksum != checksums.of_document(values, edits):
            raise LoadError(f"{document.source}: the exported document is damaged")
        if self._same_encoder:
            self._remember(document)
        yield _elsewhere(document, taken)

    def _edits(self, held_id: str) -> list[tuple[Any, ...]]:
        """The edits of a document, which together are no longer than a document may be.

        Raises:
            LibraryError: They are.
        """
        size = "SELECT count(*), total(length(removed) + length(inserted) + length(reason)) FROM edits WHERE document_id = ?"
        ((count, characters),) = self._database.select(size, (held_id,))
        if count > self._max_characters or characters > _TEXTS_IN_EDITS * self._max_characters:
            raise LibraryError(f"the edits of the document {held_id} are too many")
        edits = f"SELECT {EDIT_COLUMNS} FROM edits WHERE document_id = ? ORDER BY number"
        return self._database.select(edits, (held_id,))

    def _remember(self, document: Document) -> None:
        """Keeps where the vectors of a document's passages are by the texts that they were made of."""
        rows = self._database.select(
            "SELECT row, start, end, section FROM chunks WHERE document_id = ? AND length(section) <= ? ORDER BY start LIMIT ?",
            (document.id, _LONGEST_SECTION, len(document.text)),
        )
        behind = 0
        for row, start, end, section in rows:
            if not (isinstance(start, int) and isinstance(end, int) and isinstance(section, str)):
                continue
            # Passages do not overlap, so their texts are no longer than the document's.
            if behind <= start < end <= len(document.text):
                behind = end
                with self._lock:
                    self._known[_key(context(document.title, section, document.text[start:end]))] = row

    def _vectors(self, rows: Sequence[int]) -> dict[int, Vectors]:
        """The stored vectors of rows that are ones."""
        marks = ",".join("?" * len(rows))
        found = self._database.select(f"SELECT row, vector FROM chunks WHERE row IN ({marks})", rows) if rows else []
        whole = {
            row: np.frombuffer(stored, np.float32)
            for row, stored in found
            if isinstance(stored, bytes) and len(stored) == 4 * self.dim
        }
        return {row: vector for row, vector in whole.items() if abs(float(np.linalg.norm(vector)) - 1) < 1e-3}


def _require_tables(file: Path, folder: Path) -> None:
    """Refuses a file that has other tables than a library, before anything that it says how to do is done.

    Raises:
        LibraryError: It has.
        sqlite3.Error: It cannot be read.
    """
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _BYTES_BESIDE_TEXT)
        if not schema.version_of(connection):
            raise LibraryError(f"the library {folder} has other tables than those of a library")


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _checked(values: Sequence[Any], edits: Sequence[Sequence[Any]]) -> Document:
    """A document of an exported library.

    Raises:
        LoadError: The values are not those of a document.
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
    """The document under a source that is not taken, and the id that goes with it; the same text always under the same."""
    source = document.source
    if source in taken:
        path = Path(source)
        mark = hashlib.sha256(restore(document).encode("utf-8", "surrogatepass")).hexdigest()[:6]
        source = str(path.with_name(f"{path.stem} ({mark}){path.suffix}")) if path.name else f"{source} ({mark})"
    return replace(document, id=document_id(source), source=source)
