"""The tables of a library's SQLite file, and their migration from older versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

from rag.library import checksums, near_duplicates

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
    (
        """
ALTER TABLE documents ADD COLUMN checksum TEXT NOT NULL DEFAULT '';
ALTER TABLE documents ADD COLUMN chunks_checksum TEXT NOT NULL DEFAULT '';
""",
        None,
    ),
    (
        """
ALTER TABLE documents ADD COLUMN author TEXT NOT NULL DEFAULT '';
""",
        checksums.store_missing,
    ),
)

_MAX_OBJECTS = 200
_INTERNAL = {
    "sqlite_sequence": ("CREATE TABLE sqlite_sequence(name,seq)",),
    "sqlite_stat1": ("CREATE TABLE sqlite_stat1(tbl,idx,stat)",),
    "sqlite_stat4": ("CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",),
}

VERSION = len(_STEPS)
"""The version of the tables that this version of the project reads and writes; versions count from 1."""


def bring_up_to_date(connection: sqlite3.Connection, version: int = 0) -> None:
    """Turns the tables of `version`, 0 for an empty file, into those of `VERSION`, within the caller's transaction.

    New tables are created by the same statements that change old ones, so both are the same.
    """
    for statements, fill in _STEPS[version:]:
        _execute(connection, statements)
        if fill:
            fill(connection)
    write_meta(connection, {"schema": str(VERSION)})


def version_of(connection: sqlite3.Connection) -> int:
    """Returns the version whose tables and indexes a file has, and no others; 0 if there is no such version.

    This makes sure that a file made by someone else has no views, triggers, virtual tables, computed columns or constraints of
    its own, which would run when it is read.
    """
    objects = _objects(connection)
    with closing(sqlite3.connect(":memory:")) as made:
        for version, (statements, _) in enumerate(_STEPS, 1):
            _execute(made, statements)
            if _objects(made) == objects:
                return version
    return 0


def _execute(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _objects(connection: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Returns every object in a file with its statement, but for SQLite's internal ones as SQLite itself creates them."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name LIMIT ?", (_MAX_OBJECTS,))
    return [
        (str(kind), str(name), str(table), " ".join(str(statement).split()))
        for kind, name, table, statement in rows
        if not ((kind == "index" and statement is None) or statement in _INTERNAL.get(name, ()))
    ]


def write_meta(connection: sqlite3.Connection, values: dict[str, str]) -> None:
    """Records facts about the library as a whole."""
    connection.executemany("INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", values.items())
