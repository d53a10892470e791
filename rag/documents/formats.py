"""What the ending of a source's name says of the text that was read from it."""

from __future__ import annotations

from pathlib import Path

_MARKDOWN = (".md", ".markdown")
_TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")
_WHOLE_PARAGRAPHS = (*_MARKDOWN, *_TABLES, ".docx", ".docm", ".pptx", ".pptm", ".html", ".htm", ".xhtml", ".epub")


def is_markdown(source: str) -> bool:
    """Whether the text holds Markdown's markup."""
    return _suffix(source) in _MARKDOWN


def is_table(source: str) -> bool:
    """Whether the text is rows of a table, a line each, all of which is matter."""
    return _suffix(source) in _TABLES


def has_whole_paragraphs(source: str) -> bool:
    """Whether a line of the text is a paragraph, a heading or a row, so that no lines are to be joined."""
    return _suffix(source) in _WHOLE_PARAGRAPHS


def _suffix(source: str) -> str:
    return Path(source).suffix.lower()
