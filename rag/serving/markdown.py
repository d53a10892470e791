"""Answers for programs that show them as Markdown: what a document says must not become a picture, a link or markup there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag import texts
from rag.types import as_markdown_text

if TYPE_CHECKING:
    from rag.types import Answer

# `](` and `]:` make links, pictures and definitions of them, and `<` makes markup unless a blank or a digit follows.
_ACTIVE = re.compile(r"(?<=\])[(:]|<(?![\s\d=])")


class Inert:
    """Escapes a text that comes in pieces. All other characters stay as they are, so that quotes can be compared."""

    def __init__(self) -> None:
        self._last = ""

    def escape(self, piece: str) -> str:
        """Returns the next piece with a backslash before what would begin a link, a picture or markup."""
        escaped = _ACTIVE.sub(r"\\\g<0>", self._last + piece)[len(self._last) :]
        self._last = piece[-1:] if piece[-1:] == "]" else ""
        return escaped


def with_sources(answer: Answer) -> str:
    """Returns the quotes of an answer as a list to follow its text; empty without citations."""
    lines = [
        f"[{cited.number}] {as_markdown_text(cited.title)}{texts.PAGE.in_language(answer.language, cited.page) if cited.page else ''}: "
        f"“{as_markdown_text(cited.quote)}”"
        for cited in answer.citations
    ]
    return "\n\n" + "\n\n".join(lines) if lines else ""
