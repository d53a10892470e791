"""What commands write for others to read: files, and lines of JSON."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import YinjuError
from rag.text.lines import escaped, for_terminal

if TYPE_CHECKING:
    from typing import TextIO


def say(text: object = "", end: str = "\n", file: TextIO | None = None, flush: bool = False) -> None:
    """Prints a text, to standard output unless another file is named, of which nothing can steer a terminal.

    All that the command line prints goes through here, since it may hold what a document, a file's name or a server says.
    """
    print(for_terminal(str(text)), end=end, file=file, flush=flush)


class PlainFormatter(logging.Formatter):
    """Writes what is logged as `say` prints it."""

    def format(self, record: logging.LogRecord) -> str:
        return for_terminal(super().format(record))


def to_json(value: Any, indent: int | None = None) -> str:
    """A value as JSON, in which no character steers a terminal or ends a line for some who read it."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=indent))


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Each row as JSON in a line, also where a text holds what ends a line for some who read it."""
    return "".join(to_json(row) + "\n" for row in rows)


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
