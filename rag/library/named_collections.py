"""The named collections of a library. A document may be in several."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.errors import CollectionNotFoundError, LibraryError
from rag.library.ingestion.rows import as_utf8, put_in_collection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.library.database import Database

_MAX_NAME = 100


class NamedCollections:
    """The collections in a database. To change them, a caller must have the library's write lock."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def sizes(self) -> dict[str, int]:
        """Returns the names of the collections, sorted, with the number of documents in each."""
        if not self._database.open():
            return {}
        return dict(self._database.select("SELECT name, count(*) FROM collections GROUP BY name ORDER BY name"))

    def require(self, name: str) -> None:
        """Makes sure that there is a collection of this name.

        Raises:
            CollectionNotFoundError: There is none; the text names those that there are.
        """
        names = self.sizes()
        if name not in names:
            there = (
                f"there are: {', '.join(names)}"
                if names
                else "there are none yet; make one with: yinju add --collection NAME PATH"
            )
            raise CollectionNotFoundError(f'no collection is called "{name}"; {there}')

    def add(self, name: str, document_ids: Iterable[str]) -> None:
        """Puts documents in a collection."""
        with self._database.transaction() as connection:
            for document_id in document_ids:
                put_in_collection(connection, name, document_id)

    def remove(self, name: str, document_ids: Iterable[str] | None) -> None:
        """Takes documents out of a collection, all of them when None."""
        with self._database.transaction() as connection:
            if document_ids is None:
                connection.execute("DELETE FROM collections WHERE name = ?", (name,))
            else:
                taken = ((name, document_id) for document_id in document_ids)
                connection.executemany("DELETE FROM collections WHERE name = ? AND document_id = ?", taken)

    def rename(self, name: str, new_name: str) -> None:
        """Gives a collection another name, or merges it into the collection that has that name."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE OR IGNORE collections SET name = ? WHERE name = ?", (new_name, name))
            if name != new_name:
                connection.execute("DELETE FROM collections WHERE name = ?", (name,))


def valid_name(name: str) -> str:
    """Returns a name for a collection with its white space normalised.

    Raises:
        LibraryError: The name is empty, too long or not printable.
    """
    name = as_utf8(" ".join(name.split()))
    if not 1 <= len(name) <= _MAX_NAME or not name.isprintable():
        raise LibraryError(f"the name of a collection has 1 to {_MAX_NAME} printable characters")
    return name
