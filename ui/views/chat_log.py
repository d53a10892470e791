"""The questions and answers of a chat, each with what can be done with it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ui import chat_texts, texts
from ui.rendering import both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.texts import Words
    from ui.rendering import Turn


def chat(turns: Sequence[Turn], conversation: str = "") -> str:
    """Shows the whole chat, or a welcome if it is empty. `conversation` is its id."""
    shown = "".join(_turn(number, turn) for number, turn in enumerate(turns, start=1)) or (
        f'<div class="welcome"><h2>{both(texts.WELCOME)}</h2><p>{both(texts.PROMISE)}</p></div>'
    )
    return f'<div class="log" role="log" tabindex="0" data-conversation="{escape(conversation)}">{shown}</div>'


def _turn(number: int, turn: Turn) -> str:
    return (
        f'<article class="turn" id="answer-{number}" tabindex="-1">'
        f'<p class="question">{escape(turn.question)}</p><div class="answer">{turn.answer}</div>'
        f"{_tools(number, turn)}</article>"
    )


def _tools(number: int, turn: Turn) -> str:
    """Shows the buttons of an answer: three in sight, the others in a menu."""
    if not turn.finished:
        return ""
    again = [_tool("edit", texts.EDIT, number), _tool("retry", texts.RETRY, number)]
    if not turn.given:
        return f'<div class="tools">{"".join(again)}</div>'
    sources = (
        f'<button type="button" class="to-sources" data-sources="{number}">{both(texts.SOURCES)}</button>' if turn.sources else ""
    )
    copied = f'<button type="button" data-copy="{escape(turn.given.to_markdown())}">{both(texts.COPY)}</button>'
    keep = (
        f'<button type="button" data-event="select" data-do="keep" data-turn="{number}">{both(chat_texts.KEEP)}</button>'
        if turn.given.citations
        else ""
    )
    rest = "".join((*again, *(_rating(number, turn, liked) for liked in (True, False))))
    menu = (
        f'<details class="menu" data-keep="menu-{number}"><summary aria-label="{escape(str(texts.MORE))}" title="{escape(str(texts.MORE))}">⋯</summary>'
        f'<div class="choices">{rest}</div></details>'
    )
    return f'<div class="tools">{sources}{copied}{keep}{menu}{_opinion(turn)}</div>{_note_form(number, turn)}'


def _opinion(turn: Turn) -> str:
    """Shows the reader's rating beside the menu that it is given in."""
    if turn.liked is None:
        return ""
    return f'<span class="rated">{both(chat_texts.RATED_GOOD if turn.liked else chat_texts.RATED_BAD)}</span>'


def _note_form(number: int, turn: Turn) -> str:
    if turn.liked is None:
        return ""
    return (
        f'<form class="opinion" data-event="like" data-turn="{number}" data-liked="{turn.liked}">'
        f'<input name="note" maxlength="500" value="{escape(turn.note)}" aria-label="{escape(str(texts.NOTE))}">'
        f'<button type="submit">{both(texts.KEEP_NOTE)}</button></form>'
    )


def _tool(event: str, words: Words, number: int) -> str:
    return f'<button type="button" data-event="{event}" data-turn="{number}">{both(words)}</button>'


def _rating(number: int, turn: Turn, liked: bool) -> str:
    pressed = "true" if turn.liked is liked else "false"
    # A second click withdraws the rating.
    opinion = "" if turn.liked is liked else liked
    return (
        f'<button type="button" data-event="like" data-turn="{number}" data-liked="{opinion}" aria-pressed="{pressed}">'
        f"{both(texts.GOOD if liked else texts.BAD)}</button>"
    )
