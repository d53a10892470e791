"""Tells by the ending of a source's name which kind of text was read from it."""

from __future__ import annotations

from pathlib import Path

_MARKDOWN = (".md", ".markdown")
_TABLES = (".csv", ".tsv", ".xlsx", ".xlsm")
_WHOLE_PARAGRAPHS = (*_MARKDOWN, *_TABLES, ".docx", ".docm", ".pptx", ".pptm", ".html", ".htm", ".xhtml", ".epub")


_WITH_PROPERTIES = (".pdf", ".docx", ".docm", ".pptx", ".pptm", ".xlsx", ".xlsm")


def is_markdown(source: str) -> bool:
    """Returns whether the text contains Markdown markup."""
    return _suffix(source) in _MARKDOWN


def is_table(source: str) -> bool:
    """Returns whether each line of the text is a row of a table, so that nothing in it is boilerplate."""
    return _suffix(source) in _TABLES


def has_whole_paragraphs(source: str) -> bool:
    """Returns whether each line of the text is a whole paragraph, heading or row, so that nothing needs unwrapping."""
    return _suffix(source) in _WHOLE_PARAGRAPHS


def has_properties(source: str) -> bool:
    """Returns whether programs write an author and a date into such files, which may be those of a template or of a copy."""
    return _suffix(source) in _WITH_PROPERTIES


def _suffix(source: str) -> str:
    return Path(source).suffix.lower()
