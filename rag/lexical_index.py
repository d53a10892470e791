"""Terms in, rows by BM25 out: a Tantivy index, on disk or in memory."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rag.errors import IndexDamagedError

_HEAP_BYTES = 64_000_000


class LexicalIndex:
    """Rows of terms. The terms come from the caller's analyzer and are indexed as they are."""

    def __init__(self, folder: Path | None = None) -> None:
        """Opens the index in `folder`, or makes an empty one there; in memory when None.

        Raises:
            IndexDamagedError: The folder does not hold a whole index.
        """
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", stored=False, indexed=True, fast=True)
        builder.add_text_field("terms", stored=False, tokenizer_name="whitespace", index_option="freq")
        self._schema = builder.build()
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder) if folder else None)
            self._index.reload()
        except OSError:
            raise
        except Exception as error:
            raise IndexDamagedError(f"the lexical index {folder} cannot be read; it is rebuilt from the library") from error

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def update(self, add: Iterable[tuple[int, Sequence[str]]] = (), remove: Iterable[int] = ()) -> None:
        """Removes rows and then adds rows with their terms, all or nothing."""
        import tantivy

        writer = self._index.writer(_HEAP_BYTES, 1)
        try:
            if gone := list(remove):
                # Deleting by term takes the number for a signed one, and matches nothing.
                writer.delete_documents_by_query(tantivy.Query.term_set_query(self._schema, "row", gone))
            for row, terms in add:
                document = tantivy.Document()
                document.add_unsigned("row", row)
                document.add_text("terms", " ".join(terms))
                writer.add_document(document)
            writer.commit()
        except BaseException:
            writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()
        self._index.reload()

    def search(self, terms: Sequence[str], top_k: int) -> list[tuple[int, float]]:
        """The rows that hold any of the terms with their BM25 scores, best first; empty when none does."""
        import tantivy

        if not terms or not top_k:
            return []
        queries = [(tantivy.Occur.Should, self._term_query(term)) for term in dict.fromkeys(terms)]
        try:
            searcher = self._index.searcher()
            hits = searcher.search(tantivy.Query.boolean_query(queries), top_k, count=False).hits
            rows = searcher.fast_field_values("row", [address for _, address in hits])
        except Exception as error:
            raise IndexDamagedError("the lexical index cannot be read; it is rebuilt from the library") from error
        return [(int(row), float(score)) for row, (score, _) in zip(rows, hits, strict=True) if row is not None]

    def weights(self, terms: Iterable[str]) -> dict[str, float]:
        """How rare each term is: BM25's inverse document frequency, as Tantivy computes it; highest for an unknown term."""
        searcher = self._index.searcher()
        count = searcher.num_docs
        found = {term: searcher.doc_freq("terms", term) for term in terms}
        return {term: math.log(1 + (count - n + 0.5) / (n + 0.5)) for term, n in found.items()}

    def _term_query(self, term: str) -> Any:
        import tantivy

        return tantivy.Query.term_query(self._schema, "terms", term, "freq")
