"""Reads Markdown: tables as rows that keep their headings. Cleaning removes the markup from the prose and records it."""

from __future__ import annotations

from pathlib import Path

from rag.documents.loaders.base import document_id
from rag.documents.loaders.decoding import decode
from rag.documents.loaders.markdown_inline import with_inline
from rag.documents.loaders.markdown_tables import with_rows
from rag.documents.removals import record
from rag.types import Document


class MarkdownLoader:
    """Reads Markdown. Headings keep their `#`, by which the chunker finds them."""

    suffixes = (".md", ".markdown")

    def __call__(self, data: bytes, source: str) -> Document:
        return record(Document(document_id(source), Path(source).stem, source, with_rows(with_inline(decode(data, source)))))
