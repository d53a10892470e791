"""Changes the title, the date or the author of a stored document."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from rag.errors import LibraryError
from rag.library import checksums
from rag.library.ingestion import rows
from rag.library.ingestion.encoding import encode
from rag.text.lines import one_line
from rag.types import Chunk

if TYPE_CHECKING:
    from rag.library.database import Database
    from rag.library.spec import LibrarySpec
    from rag.types import Document

_MAX_LENGTH = 500


def edited(document: Document, title: str | None, published: str | None, author: str | None) -> Document:
    """Returns a document with other metadata; None leaves a value as it is.

    Raises:
        LibraryError: The title is empty, or the date is not one.
    """
    new_title = document.title if title is None else _line(title)
    if not new_title:
        raise LibraryError("a document needs a title; write one")
    return replace(
        document,
        title=new_title,
        published=document.published if published is None else _date(published.strip()),
        author=document.author if author is None else _line(author),
    )


def store(database: Database, spec: LibrarySpec, before: Document, after: Document) -> None:
    """Stores the metadata of `after` in one transaction. The caller must have the write lock.

    Passages are encoded and indexed below the title of their document, so a new title gives them new vectors.
    """
    found = database.select(
        "SELECT id, document_id, start, end, page, section FROM chunks WHERE document_id = ? ORDER BY start, row", (before.id,)
    )
    chunks = [
        Chunk(chunk_id, document_id, before.text[start:end], start, end, page, section)
        for chunk_id, document_id, start, end, page, section in found
    ]
    is_renamed = after.title != before.title
    vectors = encode(spec.encoder, [(after.title, chunk) for chunk in chunks], lambda *_: None) if is_renamed else None
    with database.transaction() as connection:
        connection.execute(
            "UPDATE documents SET title = ?, published = ?, author = ? WHERE id = ?",
            (after.title, after.published, after.author, after.id),
        )
        if vectors is not None:
            # The indexes know passages by their rows, so that new rows are indexed and old ones forgotten.
            connection.execute("DELETE FROM chunks WHERE document_id = ?", (after.id,))
            rows.insert_chunks(connection, chunks, vectors)
        checksums.store(connection, after.id)


def _line(text: str) -> str:
    return rows.as_utf8(one_line(text))[:_MAX_LENGTH]


def _date(text: str) -> str:
    if not text:
        return ""
    try:
        if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", text, re.ASCII):
            raise ValueError
        date.fromisoformat(f"{text}-01-01"[:10])
    except ValueError:
        raise LibraryError(f'"{text[:40]}" is not a date; write 2021, 2021-10 or 2021-10-09') from None
    return text
