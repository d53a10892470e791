"""The offer to add web pages whose addresses were pasted."""

from __future__ import annotations

from ui import chat_texts
from ui.rendering import both


def offer(may_fetch: bool) -> str:
    """Returns what the page's script shows when addresses are pasted: the offer to add them, or why that cannot be."""
    dismiss = f'<button type="button" data-dismiss>{both(chat_texts.NOT_NOW)}</button>'
    if not may_fetch:
        return f'<form hidden><p role="status">{both(chat_texts.NO_ADDRESSES)}</p>{dismiss}</form>'
    return (
        f'<form data-event="submit" hidden><p role="status">{both(chat_texts.ADDRESSES)}</p><ul></ul>'
        f'<input type="hidden" name="addresses"><button type="submit">{both(chat_texts.ADD_ADDRESSES)}</button>{dismiss}</form>'
    )
