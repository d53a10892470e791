"""Searches beside the chat, such as that for questions to suggest. They end before the process: it aborts if a model still computes."""

from __future__ import annotations

import atexit
import contextlib
from threading import Condition, Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS_TO_END = 10.0

_going: list[Event] = []
_changed = Condition()


@contextlib.contextmanager
def going(stop: Event) -> Iterator[None]:
    """Counts a search as going on, which `stop` ends."""
    with _changed:
        _going.append(stop)
    try:
        yield
    finally:
        with _changed:
            _going.remove(stop)
            _changed.notify_all()


@atexit.register
def end() -> None:
    """Ends all searches, and waits for them, but not for long."""
    with _changed:
        for stop in _going:
            stop.set()
        _changed.wait_for(lambda: not _going, _SECONDS_TO_END)
