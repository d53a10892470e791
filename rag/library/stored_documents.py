"""Reads the documents of a library: lists, finds and selects them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import DocumentNotFoundError, LibraryError
from rag.library import checksums
from rag.library.checksums import DOCUMENT_COLUMNS, EDIT_COLUMNS
from rag.text.lines import one_line, printable
from rag.types import Document, Edit

if TYPE_CHECKING:
    from collections.abc import Collection

    from rag.library.database import Database

_MIN_ID_LENGTH = 4


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
    author: str = ""


class StoredDocuments:
    """The documents in a database; without a file there are none."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # The documents at a revision of the library: to list thousands takes a while, and lists are shown often.
        self._known: tuple[tuple[int, str], list[DocumentSummary]] = ((0, ""), [])

    def __len__(self) -> int:
        return int(self._database.select("SELECT count(*) FROM documents")[0][0]) if self._database.open() else 0

    def summaries(self) -> list[DocumentSummary]:
        """Returns all documents, in the order in which they were added."""
        if not self._database.open():
            return []
        revision = self._database.times_opened, self._database.meta("revision")
        if self._known[0] == revision:
            return list(self._known[1])
        rows = self._database.select(
            "SELECT d.id, title, source, language, published, publisher, length(text), "
            "(SELECT count(*) FROM chunks WHERE document_id = d.id), added, cluster, author FROM documents d ORDER BY d.rowid"
        )
        names: dict[str, list[str]] = {}
        for name, document_id in self._database.select("SELECT name, document_id FROM collections ORDER BY name"):
            names.setdefault(document_id, []).append(name)
        summaries = [
            replace(DocumentSummary(*row), collections=tuple(names.get(row[0], ())), author=author) for *row, author in rows
        ]
        self._known = revision, summaries
        return list(summaries)

    def document(self, document_id: str) -> Document:
        """Returns a document with its text and the record of its cleaning.

        Raises:
            DocumentNotFoundError: No document has this id.
            LibraryError: The document is damaged, so it cannot be cited.
        """
        columns = f"SELECT {DOCUMENT_COLUMNS}, cluster, checksum FROM documents WHERE id = ?"
        rows = self._database.select(columns, (document_id,)) if self._database.open() else []
        if not rows:
            raise DocumentNotFoundError(f"there is no document {document_id} in the library")
        edits = self._database.select(f"SELECT {EDIT_COLUMNS} FROM edits WHERE document_id = ? ORDER BY number", (document_id,))
        *values, pages, cluster, checksum = rows[0]
        if checksum != checksums.of_document([*values, pages], edits):
            raise LibraryError(damaged_message(values[1], values[2]))
        copies = "SELECT source FROM documents WHERE cluster = ? AND cluster <> '' AND id <> ? ORDER BY rowid"
        return replace(
            Document(*values),
            pages=tuple(json.loads(pages)),
            edits=tuple(Edit(*edit) for edit in edits),
            copies=tuple(source for (source,) in self._database.select(copies, (cluster, document_id))),
        )

    def find(self, name: str) -> DocumentSummary:
        """Finds the one document with this id, source, file name or title, or whose id begins so; see `Library.find`."""
        documents = self.summaries()
        path = str(Path(name).absolute())
        exact = [d for d in documents if name in (d.id, d.source, d.title, Path(d.source).name) or path == d.source]
        found = exact or [d for d in documents if len(name) >= _MIN_ID_LENGTH and d.id.startswith(name)]
        if len(found) != 1:
            problem = f'{len(found)} documents go by "{name}"; use an id' if found else f'no document goes by "{name}"'
            raise DocumentNotFoundError(f"{problem} (yinju list shows them)")
        return found[0]

    def select(self, collections: Collection[str], language: str, since: str, until: str, source: str) -> list[str]:
        """Returns the ids of the documents that meet all conditions that are not empty; see `Library.select`."""
        conditions, values = ["1"], []
        if collections:
            marks = ",".join("?" * len(collections))
            conditions.append(f"id IN (SELECT document_id FROM collections WHERE name IN ({marks}))")
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


def damaged_message(title: str, source: str) -> str:
    """Returns what a user is told about a damaged document."""
    return (
        f'the document "{one_line(title)}" ({printable(source)}) is damaged: it is not what was stored; '
        "remove it and add it again, or put back a copy of the library"
    )


def _date(text: str) -> str:
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text):
        raise LibraryError(f'"{text}" is not a date; write 2021, 2021-10 or 2021-10-09')
    return text
