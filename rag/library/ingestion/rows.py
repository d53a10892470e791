"""The SQL by which documents, their chunks, collections and files are stored, found by their file, and deleted."""

from __future__ import annotations

import json
from dataclasses import astuple
from itertools import chain
from typing import TYPE_CHECKING

from rag.documents.source_id import SourceId, belongs_to
from rag.library.checksums import DOCUMENT_COLUMNS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from embeddings.encoder import Vectors
    from rag.library.database import Database
    from rag.types import Chunk, Document


def documents_of_file(database: Database, file: str) -> dict[str, str]:
    """Returns the ids of the documents that came from a file, by their sources: the file itself, its members or its lines."""
    if not database.open():
        return {}
    rows = database.select(
        "SELECT source, id FROM documents WHERE source = ? OR source >= ? AND source < ? OR source >= ? AND source < ? "
        "ORDER BY rowid",
        (file, *chain.from_iterable(SourceId(file).ranges())),
    )
    return {source: document_id for source, document_id in rows if belongs_to(source, file)}


def documents_of_unchanged_file(database: Database, source: str, file_hash: str) -> list[tuple[str, str]]:
    """Returns the sources and ids of a file's documents, if it has this hash and all of them are stored; else an empty list."""
    if not file_hash:
        return []
    stored = database.select("SELECT documents FROM files WHERE source = ? AND hash = ?", (source, file_hash))
    rows = database.select(
        "SELECT d.source, d.id FROM file_documents JOIN documents d ON d.id = document_id WHERE file = ? ORDER BY d.rowid",
        (source,),
    )
    documents = [(place, document_id) for place, document_id in rows if belongs_to(place, source)]
    return documents if stored == [(len(documents),)] else []


def remember_file(connection: sqlite3.Connection, source: str, file_hash: str, document_ids: Sequence[str]) -> None:
    """Records which documents a file contains, so that it is not read again as long as it and they stay the same."""
    connection.execute("DELETE FROM files WHERE source = ?", (source,))
    connection.execute("INSERT INTO files VALUES (?, ?, ?)", (source, file_hash, len(document_ids)))
    connection.executemany(
        "INSERT INTO file_documents SELECT ?, id FROM documents WHERE id = ?",
        ((source, document_id) for document_id in document_ids),
    )


def insert_document(connection: sqlite3.Connection, document: Document, content_hash: str) -> None:
    """Stores a document and the record of its cleaning, without its chunks and checksums."""
    values = {name: getattr(document, name) for name in DOCUMENT_COLUMNS.split(", ")}
    values |= {"pages": json.dumps(document.pages), "content_hash": content_hash}
    marks = ",".join("?" * len(values))
    connection.execute(f"INSERT INTO documents ({', '.join(values)}) VALUES ({marks})", tuple(values.values()))
    connection.executemany(
        "INSERT INTO edits VALUES (?, ?, ?, ?, ?, ?)",
        ((document.id, number, *astuple(edit)) for number, edit in enumerate(document.edits)),
    )


def insert_chunks(connection: sqlite3.Connection, chunks: Sequence[Chunk], vectors: Vectors) -> None:
    """Stores a document's chunks with their vectors `(len(chunks), dim)`."""
    connection.executemany(
        "INSERT INTO chunks (id, document_id, start, end, page, section, vector) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (chunk.id, chunk.document_id, chunk.start, chunk.end, chunk.page, chunk.section, vector.tobytes())
            for chunk, vector in zip(chunks, vectors, strict=True)
        ),
    )


def delete(connection: sqlite3.Connection, document_ids: Iterable[str]) -> int:
    """Deletes documents with everything that belongs to them; returns how many there were."""
    rows = ((document_id,) for document_id in document_ids)
    return connection.executemany("DELETE FROM documents WHERE id = ?", rows).rowcount


def put_in_collection(connection: sqlite3.Connection, name: str, document_id: str) -> None:
    """Puts a document in a collection, unless it is in it already or does not exist."""
    connection.execute("INSERT OR IGNORE INTO collections SELECT ?, id FROM documents WHERE id = ?", (name, document_id))


def as_utf8(text: str) -> str:
    """Returns the text with a question mark for everything that UTF-8 cannot encode."""
    return text.encode("utf-8", "replace").decode("utf-8")
