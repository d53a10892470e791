"""What `rag` says to users, in Chinese and English. The window's own texts are in `ui.texts`; a test compares both languages.

To add a text, define a `Words` here and write `texts.NAME.in_language(language)`, or `texts.NAME.in_language(language, value)` if
the text has a place for a value, in the module that needs it.
"""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """One text in both languages. As a string, the Chinese text followed by the English one."""

    chinese: str
    english: str

    def __str__(self) -> str:
        return f"{self.chinese} {self.english}"

    def in_language(self, language: str, *values: object) -> str:
        """Returns the text in one language, Chinese for "zh" and English for any other, with `values` in its braces."""
        text = self.chinese if language == "zh" else self.english
        return text.format(*values) if values else text


# -- the command line -------------------------------------------------------------------------------------------------

PAGE = Words("，第{}页", ", page {}")
ALSO_IN = Words("另见", "also in")
