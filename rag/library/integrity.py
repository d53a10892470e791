"""Checks that a library is sound: its SQLite file, its documents and passages, and its indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.errors import IndexDamagedError, LibraryError
from rag.library import checksums
from rag.library.stored_documents import damaged_message

if TYPE_CHECKING:
    from rag.library.database import Database
    from rag.library.search.indexes import Indexes


def problems(database: Database, indexes: Indexes, contents: bool) -> list[str]:
    """Returns one line for each problem; empty if the library is sound.

    Args:
        database: The truth.
        indexes: Must contain the same rows.
        contents: Compare every document and its passages with their checksums too.
    """
    found: list[str] = []
    try:
        found += [str(row[0]) for row in database.select("PRAGMA integrity_check") if row[0] != "ok"]
        if contents:
            with database.snapshot():
                found += [damaged_message(*names) for names in checksums.damaged(database.require())]
        with indexes.searching() as (vectors, lexical):
            rows = np.array(database.select("SELECT row FROM chunks ORDER BY row"), np.int64).ravel()
            behind = indexes.are_behind()  # as they may be while another process writes
            for name, indexed in (("vector", vectors.rows()), ("lexical", lexical.rows())):
                if not behind and not np.array_equal(np.sort(indexed), rows):
                    found.append(f"the {name} index contains {len(np.intersect1d(indexed, rows))} of {len(rows)} chunks")
    except (LibraryError, IndexDamagedError) as error:
        found.append(str(error))
    return found
