"""Output of the commands: to the terminal, to files, and as JSON."""

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
    """Prints a text without the characters that control a terminal, to standard output unless `file` is given.

    Everything that the command line prints goes through here, as it may contain text of a document, a file's name or a server.
    """
    print(for_terminal(str(text)), end=end, file=file, flush=flush)


class PlainFormatter(logging.Formatter):
    """Formats log messages as `say` prints them."""

    def format(self, record: logging.LogRecord) -> str:
        return for_terminal(super().format(record))


def to_json(value: Any, indent: int | None = None) -> str:
    """Returns a value as JSON, with characters escaped that control a terminal or that some programs take for the end of a line."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=indent))


def json_lines(rows: Iterable[Mapping[str, Any]]) -> str:
    """Returns each row as JSON in a line of its own; see `to_json`."""
    return "".join(to_json(row) + "\n" for row in rows)


def write(file: Path, text: str, new: bool = False) -> None:
    """Writes a file. With `new`, an existing file is an error; otherwise it is replaced.

    Raises:
        YinjuError: The file cannot be written, or exists and must be new.
    """
    try:
        with file.open("x" if new else "w", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise YinjuError(f"{file} exists already and may contain someone's work; name another file") from None
    except OSError as error:
        raise YinjuError(f"cannot write {file}: {error.strerror}") from error
