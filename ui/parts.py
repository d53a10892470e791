"""Parts that several pages of the window use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of the window's own events: they show no progress overlay and are not part of the API."""


def html(value: str, name: str, **options: Any) -> Any:
    """Returns a `gr.HTML` whose buttons and forms trigger events; see `actions.js`."""
    import gradio as gr

    actions = (Path(__file__).parent / "actions.js").read_text(encoding="utf-8")
    return gr.HTML(value, elem_id=name, js_on_load=actions, apply_default_css=False, **options)
