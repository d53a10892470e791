"""The owners of conversations and notes."""

from __future__ import annotations

from typing import Any

from ui.security.guard import USER


def owner_of(visitor: str, request: Any) -> str:
    """Returns the owner of conversations: the signed-in user, else the id that the browser remembers, else empty."""
    # Gradio wraps the request of an event, but not that of a server function.
    request = getattr(request, "request", request)
    name = request.scope.get(USER)
    return f"user:{name}" if name else f"visitor:{visitor}" if visitor else ""
