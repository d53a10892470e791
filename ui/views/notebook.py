"""The notebook of a conversation, and the buttons that export it."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rag.conversations.notes import MAX_LINE
from rag.serving.public import file_name
from ui import chat_texts, texts
from ui.rendering import both, in_attributes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.conversations.notes import Note


def notebook(notes: Sequence[Note], conversation: str) -> str:
    """Shows the notes of a conversation in their order, each with the reader's own line and buttons to move and remove it."""
    close = f'<button type="button" class="fold" data-notes aria-label="{escape(str(texts.CLOSE))}">×</button>'
    head = f"{close}<h2>{both(chat_texts.NOTES)} <small>{len(notes)}</small></h2>"
    if not notes:
        return f'{head}<p class="note">{both(chat_texts.NO_NOTES)}</p>'
    items = "".join(_item(note, place, len(notes)) for place, note in enumerate(notes))
    return f'{head}<div class="exports">{exports("notes", conversation)}</div><ol>{items}</ol>'


def exports(kind: str, conversation: str) -> str:
    """Returns the choice of a style of references, and a button for each kind of file."""
    styles = "".join(f'<option value="{value}">{escape(name)}</option>' for value, name in chat_texts.STYLES.items())
    name = escape(conversation)
    buttons = "".join(
        f'<button type="button" data-export="{kind}" data-id="{name}" data-form="{form}" '
        f'aria-label="{escape(f"{chat_texts.EXPORT} {words}")}">{both(words)}</button>'
        for form, words in chat_texts.EXPORTS.items()
    )
    return f'<span class="export"><b>{both(chat_texts.EXPORT)}</b><select aria-label="{escape(str(chat_texts.STYLE))}">{styles}</select>{buttons}</span>'


def _item(note: Note, place: int, total: int) -> str:
    sources = dict.fromkeys((citation.title, citation.source, citation.page) for citation in note.citations)
    shown = "".join(
        f'<p class="place">{escape(title)} · {escape(file_name(source))}{f" · {both(texts.PAGE, page)}" if page else ""}</p>'
        for title, source, page in sources
    )
    moves = "".join(
        f'<button type="button" data-event="select" data-do="{do}" data-id="{note.id}"{"" if there else " disabled"} '
        f'aria-label="{escape(str(words))}">{sign}</button>'
        for do, words, sign, there in (
            ("up", chat_texts.MOVE_UP, "↑", place > 0),
            ("down", chat_texts.MOVE_DOWN, "↓", place + 1 < total),
        )
    )
    remove = f'<button type="button" data-event="select" data-do="remove" data-id="{note.id}">{both(texts.REMOVE)}</button>'
    return (
        f'<li><p class="asked">{escape(note.question)}</p><p class="kept-text">{escape(note.text)}</p>{shown}'
        f'<form data-event="edit" data-id="{note.id}"><input name="line" maxlength="{MAX_LINE}" value="{escape(note.line)}" '
        f'aria-label="{escape(str(chat_texts.OWN_LINE))}" {in_attributes(chat_texts.OWN_LINE)}>'
        f'<button type="submit">{both(texts.KEEP_NOTE)}</button></form><p class="actions">{moves}{remove}</p></li>'
    )
