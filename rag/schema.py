"""The tables of a library's SQLite file, and how those of an older version become those of this one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from rag import near_duplicates

_STEPS: tuple[tuple[str, Callable[[sqlite3.Connection], None] | None], ...] = (
    (
        """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, source TEXT NOT NULL UNIQUE, text TEXT NOT NULL, language TEXT NOT NULL,
    published TEXT NOT NULL, publisher TEXT NOT NULL, pages TEXT NOT NULL, content_hash TEXT NOT NULL UNIQUE,
    added TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE edits (
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE, number INTEGER NOT NULL,
    start INTEGER NOT NULL, removed TEXT NOT NULL, inserted TEXT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (document_id, number)
) WITHOUT ROWID;
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    start INTEGER NOT NULL, end INTEGER NOT NULL, page INTEGER, section TEXT NOT NULL, vector BLOB NOT NULL
);
CREATE INDEX chunks_by_document ON chunks(document_id, start);
""",
        None,
    ),
    (
        """
ALTER TABLE documents ADD COLUMN cluster TEXT NOT NULL DEFAULT '';
CREATE INDEX documents_by_cluster ON documents(cluster) WHERE cluster <> '';
CREATE TABLE bands (
    value INTEGER NOT NULL, document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    PRIMARY KEY (value, document_id)
) WITHOUT ROWID;
CREATE INDEX bands_by_document ON bands(document_id);
CREATE TABLE collections (
    name TEXT NOT NULL, document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    PRIMARY KEY (name, document_id)
) WITHOUT ROWID;
CREATE INDEX collections_by_document ON collections(document_id);
CREATE TABLE files (source TEXT PRIMARY KEY, hash TEXT NOT NULL, documents INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE file_documents (
    file TEXT NOT NULL REFERENCES files(source) ON DELETE CASCADE,
    document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
    PRIMARY KEY (file, document_id)
) WITHOUT ROWID;
CREATE INDEX file_documents_by_document ON file_documents(document_id);
""",
        near_duplicates.link_all,
    ),
)

VERSION = len(_STEPS)
"""The version of the tables that this version of the project reads and writes; versions count from 1."""


def bring_up_to_date(connection: sqlite3.Connection, version: int = 0) -> None:
    """Makes the tables of `version`, 0 for an empty file, those of `VERSION`, within the transaction that is under way.

    New tables are made by the same statements as old ones are changed by, so that both are the same.
    """
    for statements, fill in _STEPS[version:]:
        for statement in statements.split(";\n"):
            if statement.strip():
                connection.execute(statement)
        if fill:
            fill(connection)
    write_meta(connection, {"schema": str(VERSION)})


def write_meta(connection: sqlite3.Connection, values: dict[str, str]) -> None:
    """Writes what is known of the library as a whole."""
    connection.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", values.items())
