"""What the pages of the window are put together from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""For the events of the window's own parts: no veil over what changes, and no door for programs."""


def html(value: str, name: str, **options: Any) -> Any:
    """A part of a page, a `gr.HTML`, whose buttons and forms are events; see `actions.js`."""
    import gradio as gr

    actions = (Path(__file__).parent / "actions.js").read_text(encoding="utf-8")
    return gr.HTML(value, elem_id=name, js_on_load=actions, apply_default_css=False, **options)
