"""A run as one HTML page."""

from __future__ import annotations

from typing import Any


def page(outcomes: Any, about: Any) -> str:
    """To come."""
    return ""
