"""Adding documents: files are read ahead, and documents are cleaned, chunked, encoded and stored."""

from __future__ import annotations

from rag.library.ingestion.results import AddResult, OnProgress, Progress

__all__ = ["AddResult", "OnProgress", "Progress"]
