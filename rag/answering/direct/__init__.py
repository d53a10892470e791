"""Answers that rules find in the documents without the reader."""

from __future__ import annotations

from rag.answering.direct.answers import DirectAnswer, compare, find

__all__ = ["DirectAnswer", "compare", "find"]
