"""Office files made by the tests."""

from __future__ import annotations

import io
from typing import Any


def saved(thing: Any) -> bytes:
    """Returns the bytes of a document, workbook or presentation as it is saved."""
    file = io.BytesIO()
    thing.save(file)
    return file.getvalue()
