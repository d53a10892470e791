"""The progress within one file that takes long to read, such as a scan.

The listener is a context variable: it hears only of files that are read in the context in which it was set, so two files that
are read at the same time do not report to each other's listeners. A thread that reads files for another one runs in a copy of
its context (`contextvars.copy_context`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

OnPage = Callable[[int, int], object]
"""Receives the number of the page that was read, from 1, and the number of pages of the file."""

_listener: ContextVar[OnPage | None] = ContextVar("listener", default=None)


def tell(page: int, pages: int) -> None:
    """Reports a page that was read to the listener of this context, if there is one."""
    if listener := _listener.get():
        listener(page, pages)


@contextmanager
def told(listener: OnPage) -> Iterator[None]:
    """Calls `listener` with each page that is read within the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
