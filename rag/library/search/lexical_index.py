"""Finds rows by their terms with BM25: a Tantivy index, on disk or in memory."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.errors import IndexDamagedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from embeddings.vector_index import Rows

_HEAP_BYTES = 64_000_000


class LexicalIndex:
    """An index of rows of terms, which come from the caller's analyzer and are indexed as they are.

    It does not see changes by other objects in the same folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Opens the index in `folder`, or creates an empty one there; in memory when None.

        Raises:
            IndexDamagedError: The index in the folder is damaged.
        """
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", stored=False, indexed=True, fast=True)
        for name in ("document", "language"):
            builder.add_text_field(name, stored=False, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("terms", stored=False, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        with _reported():
            self._index = tantivy.Index(self._schema, path=str(folder) if folder else None)
            self._index.config_reader("manual")

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def rows(self, language: str | None = None, documents: Collection[str] | None = None) -> list[int]:
        """Returns the row numbers in the index, optionally only those of a language and of some documents, in no order.

        Raises:
            IndexDamagedError: The index cannot be read.
        """
        import tantivy

        wanted = [(tantivy.Occur.Must, query) for query in self._restrictions(language, documents)]
        return [
            row for row, _ in self._hits(tantivy.Query.boolean_query(wanted) if wanted else tantivy.Query.all_query(), len(self))
        ]

    def languages(self) -> list[str]:
        """Returns the languages of the rows.

        Raises:
            IndexDamagedError: The index cannot be read.
        """
        import tantivy

        with _reported():
            searcher: Any = self._index.searcher()
            # Without a query, the result would include languages of removed rows.
            return [name for name, _ in searcher.terms_with_prefix("language", "", tantivy.Query.all_query())]

    def update(self, add: Iterable[tuple[int, str, str, Sequence[str]]] = (), remove: Iterable[int] = ()) -> None:
        """Removes rows and then adds rows with their document, language and terms, in one commit.

        Raises:
            IndexDamagedError: The index cannot be written.
        """
        with _reported():
            writer = self._index.writer(_HEAP_BYTES, 1)
            try:
                self._write(writer, add, list(remove))
                writer.commit()
            except BaseException:
                writer.rollback()
                raise
            finally:
                writer.wait_merging_threads()
            self._index.reload()

    def search(
        self, terms: Sequence[str], top_k: int, language: str | None = None, documents: Collection[str] | None = None
    ) -> list[tuple[int, float]]:
        """Finds the rows with any of the terms, with their BM25 scores, best first.

        The scores do not depend on `language` and `documents`.

        Args:
            terms: The terms of the question; repetitions count once.
            top_k: The most rows.
            language: Only rows in this language; any when None.
            documents: Only rows of these documents; any when None.

        Raises:
            IndexDamagedError: The index cannot be read.
        """
        import tantivy

        any_term = tantivy.Query.boolean_query([(tantivy.Occur.Should, self._term_query(term)) for term in dict.fromkeys(terms)])
        # The restrictions add nothing to the score.
        restrictions = [
            (tantivy.Occur.Must, tantivy.Query.const_score_query(query, 0.0)) for query in self._restrictions(language, documents)
        ]
        return self._hits(tantivy.Query.boolean_query([(tantivy.Occur.Must, any_term), *restrictions]), top_k)

    def search_among(self, terms: Sequence[str], top_k: int, rows: Rows) -> list[tuple[int, float]]:
        """Searches some of the rows, like `search`. For more rows than a query can list efficiently.

        Args:
            terms: The terms of the question; repetitions count once.
            top_k: The most rows.
            rows: The rows to search, ascending.

        Raises:
            IndexDamagedError: The index cannot be read.
        """
        if not len(rows) or top_k < 1:
            return []
        limit = math.ceil(2 * top_k * max(1.0, len(self) / len(rows)))
        while True:
            hits = self.search(terms, limit)
            found = np.array([row for row, _ in hits], np.int64)
            places = np.minimum(np.searchsorted(rows, found), len(rows) - 1)
            chosen = np.flatnonzero(rows[places] == found)[:top_k]
            if len(chosen) == top_k or len(hits) < limit:
                return [hits[place] for place in chosen]
            limit *= 4

    def coverage(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        """Returns the share of the terms, weighed by their rarity, that each row contains: between 0 and 1.

        A term's weight is BM25's inverse document frequency, which is highest for a term that is in no row. Rows that are not in
        the index are absent.

        Raises:
            IndexDamagedError: The index cannot be read.
        """
        import tantivy

        if not terms:
            return {}
        weights = {term: self._rarity(term) for term in terms}
        weighed = [
            (tantivy.Occur.Should, tantivy.Query.const_score_query(self._term_query(term), weight))
            for term, weight in weights.items()
        ]
        wanted = tantivy.Query.const_score_query(tantivy.Query.term_set_query(self._schema, "row", list(rows)), 0.0)
        hits = self._hits(tantivy.Query.boolean_query([(tantivy.Occur.Must, wanted), *weighed]), len(rows))
        total = sum(weights.values())
        return {row: min(1.0, score / total) for row, score in hits}

    def _restrictions(self, language: str | None, documents: Collection[str] | None) -> Iterator[Any]:
        import tantivy

        if language is not None:
            yield tantivy.Query.term_query(self._schema, "language", language, "basic")
        if documents is not None:
            yield tantivy.Query.term_set_query(self._schema, "document", list(documents))

    def _rarity(self, term: str) -> float:
        # Tantivy's own document frequency includes rows that were removed.
        with _reported():
            searcher: Any = self._index.searcher()
            frequency = searcher.search(self._term_query(term), 1).count
            return math.log(1 + (searcher.num_docs - frequency + 0.5) / (frequency + 0.5))

    def _write(self, writer: Any, add: Iterable[tuple[int, str, str, Sequence[str]]], remove: list[int]) -> None:
        import tantivy

        if remove:
            # Deleting by term would treat the number as signed, and match nothing.
            writer.delete_documents_by_query(tantivy.Query.term_set_query(self._schema, "row", remove))
        for row, document, language, terms in add:
            entry = tantivy.Document()
            entry.add_unsigned("row", row)
            entry.add_text("document", document)
            entry.add_text("language", language)
            entry.add_text("terms", " ".join(terms))
            writer.add_document(entry)

    def _hits(self, query: Any, top_k: int) -> list[tuple[int, float]]:
        if top_k < 1:
            return []
        with _reported():
            searcher = self._index.searcher()
            hits = searcher.search(query, top_k, count=False).hits
            rows = searcher.fast_field_values("row", [address for _, address in hits])
        return [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True) if row is not None]

    def _term_query(self, term: str) -> Any:
        import tantivy

        return tantivy.Query.term_query(self._schema, "terms", term, "freq")


@contextmanager
def _reported() -> Iterator[None]:
    """Raises Tantivy's errors as `IndexDamagedError`: a damaged index or a full disk is a ValueError or a panic."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, ValueError) and type(error).__name__ != "PanicException":
            raise
        reason = str(error).splitlines()[0]
        raise IndexDamagedError(f"the lexical index cannot be used ({reason}); it is rebuilt from the library") from error
