"""Parts that several pages of the window use."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of the window's own events: they show no progress overlay and are not part of the API."""
# The page's script may come before or after its parts, and connects each of them once.
_CONNECT = "(window.yinjuParts ??= []).push([element, trigger, server, watch]);"


def script(file: Path) -> str:
    """Returns a script without its comments and indentation, which every page would load. A comment has lines of its own."""
    return re.sub(r"^\s*//.*\n|^\s+", "", file.read_text(encoding="utf-8"), flags=re.MULTILINE)


def style(file: Path) -> str:
    """Returns a style sheet without its comments and indentation."""
    return re.sub(r"/\*.*?\*/\s*|^\s+", "", file.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def html(value: str, name: str, **options: Any) -> Any:
    """Returns a `gr.HTML` whose buttons and forms trigger events; see `actions.js`."""
    import gradio as gr

    return gr.HTML(value, elem_id=name, js_on_load=_CONNECT, apply_default_css=False, **options)
