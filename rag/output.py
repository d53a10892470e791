"""What commands write for others to read: files, and lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rag.errors import YinjuError


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Each row as JSON in a line, also where a text holds what ends a line for some who read it."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return "".join(lines).translate({ord(end): f"\\u{ord(end):04x}" for end in "\x85\u2028\u2029"})


def write(file: Path, text: str, new: bool = False) -> None:
    """Writes a file, over one that is there unless it must be new.

    Raises:
        YinjuError: It cannot be written, or is there already.
    """
    try:
        with file.open("x" if new else "w", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise YinjuError(f"{file} is there already, and may hold what someone filled in; name another file") from None
    except OSError as error:
        raise YinjuError(f"cannot write {file}: {error.strerror}") from error
