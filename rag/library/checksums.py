"""Checksums of stored documents and passages: SQLite does not notice when a byte of a text changes on the disk.

They are computed from the bytes in the file, so they can be compared even if those are no longer text. They detect damage, not
intent: anyone who changes the file can change them too.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

DOCUMENT_COLUMNS = "id, title, source, text, language, published, publisher, author, pages"
EDIT_COLUMNS = "start, removed, inserted, reason"
_AUTHOR = DOCUMENT_COLUMNS.split(", ").index("author")
_CHUNK_COLUMNS = "id, start, end, page, section, vector"


def of_document(values: Sequence[Any], edits: Iterable[Sequence[Any]]) -> str:
    """Returns the checksum of a document's `DOCUMENT_COLUMNS` and of the `EDIT_COLUMNS` of its edits in order, text or bytes.

    Without an author, it is the checksum that earlier versions stored, which did not know of authors.
    """
    known = [value for place, value in enumerate(values) if place != _AUTHOR or value]
    return _digest([known, *edits])


def store(connection: sqlite3.Connection, document_id: str) -> None:
    """Computes and stores the checksums of a document and its passages, as they are stored now."""
    checksums = _computed(connection, document_id)
    connection.execute("UPDATE documents SET checksum = ?, chunks_checksum = ? WHERE id = ?", (*checksums, document_id))


def store_all(connection: sqlite3.Connection) -> None:
    """Computes and stores the checksums of all documents and their passages."""
    for (document_id,) in connection.execute("SELECT id FROM documents").fetchall():
        store(connection, document_id)


def store_missing(connection: sqlite3.Connection) -> None:
    """Computes and stores the checksums of the documents that have none, as in libraries of a version without checksums."""
    for (document_id,) in connection.execute("SELECT id FROM documents WHERE checksum = ''").fetchall():
        store(connection, document_id)


def damaged(connection: sqlite3.Connection) -> Iterator[tuple[str, str]]:
    """Yields the titles and sources of the documents that have changed since they were stored, or whose passages have."""
    rows = connection.execute("SELECT rowid, CAST(checksum AS BLOB), CAST(chunks_checksum AS BLOB) FROM documents").fetchall()
    for rowid, *stored in rows:
        values = connection.execute(
            "SELECT CAST(id AS BLOB), CAST(title AS BLOB), CAST(source AS BLOB) FROM documents WHERE rowid = ?", (rowid,)
        ).fetchone()
        if values is None:  # removed by another process
            continue
        document_id, title, source = (bytes(value or b"").decode("utf-8", "replace") for value in values)
        if list(_computed(connection, document_id)) != [bytes(value or b"").decode("utf-8", "replace") for value in stored]:
            yield title, source


def _computed(connection: sqlite3.Connection, document_id: str) -> tuple[str, str]:
    """Computes the checksums of a document and of its passages."""
    (values,) = connection.execute(
        f"SELECT {_as_bytes(DOCUMENT_COLUMNS)} FROM documents WHERE id = ?", (document_id,)
    ).fetchall() or [()]
    edits = connection.execute(
        f"SELECT {_as_bytes(EDIT_COLUMNS)} FROM edits WHERE document_id = ? ORDER BY number", (document_id,)
    )
    chunks = connection.execute(
        f"SELECT {_as_bytes(_CHUNK_COLUMNS)} FROM chunks WHERE document_id = ? ORDER BY start, row", (document_id,)
    )
    return of_document(values, edits), _digest(chunks)


def _as_bytes(columns: str) -> str:
    return ", ".join(f"CAST({column} AS BLOB)" for column in columns.split(", "))


def _digest(rows: Iterable[Sequence[Any]]) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(b"%d\n" % len(row))
        for value in row:
            data = b"" if value is None else value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
    return digest.hexdigest()
