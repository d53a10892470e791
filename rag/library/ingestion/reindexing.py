"""Chunks and encodes all documents of a library again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.library import checksums, schema
from rag.library.ingestion import rows
from rag.library.ingestion.encoding import encode
from rag.library.ingestion.results import ProgressMeter

if TYPE_CHECKING:
    from rag.library.database import Database
    from rag.library.ingestion.results import OnProgress
    from rag.library.spec import LibrarySpec
    from rag.library.stored_documents import StoredDocuments


def reindex(database: Database, stored: StoredDocuments, spec: LibrarySpec, on_progress: OnProgress | None) -> int:
    """Replaces all chunks and vectors in one transaction. The caller must have the library's write lock.

    Returns:
        The number of documents.
    """
    summaries = stored.summaries()
    chunks = [spec.chunker.chunk(stored.document(summary.id)) for summary in summaries]
    passages = [(summary, chunk) for summary, own in zip(summaries, chunks, strict=True) for chunk in own]
    meter = ProgressMeter(sum(len(chunk.text) for _, chunk in passages), on_progress)

    def count(start: int, end: int) -> None:
        meter.count(sum(len(chunk.text) for _, chunk in passages[start:end]), end - start)
        meter.report(passages[end - 1][0].source)

    vectors = encode(spec.encoder, [(summary.title, chunk) for summary, chunk in passages], count)
    identity = spec.identity()
    with database.transaction() as connection:
        connection.execute("DELETE FROM chunks")
        start = 0
        for own in chunks:
            rows.insert_chunks(connection, own, vectors[start : start + len(own)])
            start += len(own)
        checksums.store_all(connection)
        schema.write_meta(connection, identity)
    return len(summaries)
