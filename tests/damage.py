"""Files that are damaged on purpose: they may be refused, but only they, and in one line that names the file."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rag.errors import LoadError

T = TypeVar("T")


def read_or_refused(read: Callable[[], T], name: str, *, is_whole: bool) -> T | None:
    """Returns the result of `read`, or None if it refuses a file that is not whole; every refusal is checked."""
    try:
        return read()
    except LoadError as error:
        said = str(error)
    assert not is_whole, f"a whole file is refused: {said}"
    assert said.startswith(name)
    assert "\n" not in said
    return None
