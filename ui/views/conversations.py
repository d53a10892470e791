"""The list of conversations, with what can be done with each."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ui import chat_texts, texts
from ui.rendering import both, in_attributes
from ui.views.notebook import exports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.conversations import Conversation


def conversations(
    kept: Sequence[Conversation], current: str, first: int = 0, total: int = 0, *, deleted: str = "", searched: bool = False
) -> str:
    """Lists stored conversations with a search, and buttons to open, pin, rename, export and delete them.

    Args:
        kept: Those from number `first` on, of `total`. Buttons lead to the others.
        current: The id of the open one.
        first: The number of those before.
        total: The number of all that were found.
        deleted: The title of one that was just deleted and can be brought back; empty for none.
        searched: Whether only some were searched for.
    """
    undo = (
        f'<p class="note" role="status">{both(chat_texts.DELETED, deleted)} '
        f'<button type="button" data-event="undo">{both(chat_texts.UNDO)}</button></p>'
        if deleted
        else ""
    )
    find = (
        f'<form class="find" role="search" data-live data-event="submit"><input name="containing" type="search" maxlength="200" '
        f'aria-label="{escape(str(chat_texts.FIND_CHAT))}" {in_attributes(chat_texts.FIND_CHAT)}></form>'
        if kept or searched
        else ""
    )
    if not kept:
        return f'{undo}{find}<p class="note">{both(chat_texts.NO_CHAT_FOUND if searched else texts.NO_CONVERSATIONS)}</p>'
    items = "".join(_item(conversation, conversation.id == current) for conversation in kept)
    others = "".join(
        f'<button type="button" data-event="input" data-step="{step}">{both(words)}</button>'
        for step, words, there in ((-1, texts.NEWER, first > 0), (1, texts.OLDER, first + len(kept) < total))
        if there
    )
    where = f'<p class="note pages">{both(texts.SHOWN_OF, first + 1, first + len(kept), total)} {others}</p>' if others else ""
    return f"{undo}{find}<ul>{items}</ul>{where}"


def _item(conversation: Conversation, current: bool) -> str:
    name, title = escape(conversation.id), escape(conversation.title)
    pin = both(chat_texts.UNPIN if conversation.pinned else chat_texts.PIN)
    mark = f'<span class="pinned" title="{escape(str(chat_texts.PINNED))}">⚲</span>' if conversation.pinned else ""
    return (
        f"<li{' aria-current=true' if current else ''}>"
        f'<button type="button" class="title" data-event="select" data-id="{name}">{mark}{title}</button>'
        f'<details class="more"><summary aria-label="{escape(str(texts.MORE))}">⋯</summary>'
        f'<form data-event="edit" data-id="{name}"><input name="title" maxlength="60" '
        f'value="{title}" aria-label="{escape(str(texts.TITLE))}">'
        f'<button type="submit">{both(texts.RENAME)}</button></form>'
        f'<button type="button" data-event="like" data-id="{name}" data-pinned="{"" if conversation.pinned else "yes"}">{pin}</button>'
        f'<button type="button" data-event="delete" data-id="{name}">{both(texts.DELETE)}</button>'
        f"{exports('conversation', conversation.id)}"
        "</details></li>"
    )
