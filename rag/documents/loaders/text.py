"""Reads plain text in any encoding."""

from __future__ import annotations

import re
from pathlib import Path

from rag.documents.loaders.base import document_id
from rag.documents.loaders.decoding import decode
from rag.types import Document


class TextLoader:
    """Reads plain text. A form feed begins a page, as in text extracted from a PDF."""

    suffixes = (".txt", ".text")

    def __call__(self, data: bytes, source: str) -> Document:
        text = decode(data, source)
        pages = (0, *(match.end() for match in re.finditer("\f", text))) if "\f" in text else ()
        return Document(document_id(source), Path(source).stem, source, text, pages=pages)
