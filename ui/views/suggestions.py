"""Questions to ask with one click: of the library or a new document, and after an answer."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rag.text.language import language_of
from ui import chat_texts, texts
from ui.rendering import both, lang

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MAX_SHOWN = 4


def examples(file_names: Iterable[str]) -> list[str]:
    """Returns the questions to try on the seed documents that are in a library."""
    present = set(file_names)
    return [example.question for example in texts.EXAMPLES if example.file_name in present]


def suggestions(questions: Sequence[str], following: bool) -> str:
    """Shows questions as buttons, those in the page's language if there are any; `following` an answer or to begin with."""
    languages = {language_of(question) for question in questions}
    if len(languages) < 2:
        return _chips(questions, following, "")
    return "".join(
        _chips([question for question in questions if language_of(question) == language], following, lang(language))
        for language in ("zh", "en")
    )


def _chips(questions: Sequence[str], following: bool, only_in: str) -> str:
    """Shows buttons, on pages in one language only unless `only_in` is empty."""
    if not questions:
        return ""
    buttons = "".join(
        f'<button type="button" data-ask="{escape(question)}" lang="{lang(language_of(question))}">{escape(question)}</button>'
        for question in questions[:_MAX_SHOWN]
    )
    shown = f'class="chips words" lang="{only_in}"' if only_in else 'class="chips"'
    return f"<div {shown}><p>{both(chat_texts.ASK_NEXT if following else texts.TRY)}</p>{buttons}</div>"
