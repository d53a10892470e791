"""How far the reading of one file is that takes long, such as a scan: told by its loader, heard by whoever shows it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_listeners: list[Callable[[int, int], object]] = []


def tell(page: int, pages: int) -> None:
    """Tells all who listen, in whatever thread, that a page is read, of how many."""
    for listener in tuple(_listeners):
        listener(page, pages)


@contextmanager
def told(listener: Callable[[int, int], object]) -> Iterator[None]:
    """Calls `listener` with each page that is read meanwhile, and how many the file has."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
