"""The languages in which a report is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape

from rag.texts import Words


@dataclass(frozen=True, slots=True)
class Wording:
    """Writes texts into a page, in one language or in several of which the page shows one."""

    html: Callable[..., str]
    """Returns a text as HTML, escaped; further arguments go into the braces of the text."""
    lines: Callable[[Words], Iterable[tuple[str, str]]]
    """Returns a text once for each language, with the language's code."""
    title: Callable[[Words], str]
    """Returns a text as plain text, for titles and tooltips."""


def _html(words: Words, *values: object) -> str:
    return escape(words.in_language("en", *values))


ENGLISH = Wording(_html, lambda words: [("en", words.english)], lambda words: words.english)
