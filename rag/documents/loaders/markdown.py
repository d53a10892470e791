"""Markdown: the text with its markup, which cleaning takes out of the prose and records."""

from __future__ import annotations

from pathlib import Path

from rag.documents.loaders.base import document_id
from rag.documents.loaders.decoding import decode
from rag.types import Document


class MarkdownLoader:
    """Reads Markdown. Headings stay marked with `#`, by which the chunker knows them."""

    suffixes = (".md", ".markdown")

    def __call__(self, data: bytes, source: str) -> Document:
        return Document(document_id(source), Path(source).stem, source, decode(data, source))
