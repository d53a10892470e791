"""Runs a generator ahead of its consumer, in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterator
from contextvars import copy_context
from types import TracebackType
from typing import Generic, TypeVar

T = TypeVar("T")


class Prefetch(Generic[T]):
    """Iterates over a generator of which a thread makes up to `max_items` items in advance.

    An exception of the generator is raised after the items made before it. Use it as a context manager, which closes the
    generator at its end, in the thread, before the next item is made.
    """

    def __init__(self, items: Generator[T, None, None], max_items: int) -> None:
        self._items = items
        self._made: queue.Queue[tuple[T] | BaseException | None] = queue.Queue(max_items)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=copy_context().run, args=(self._make,), name="yinju-prefetch", daemon=True)

    def __enter__(self) -> Prefetch[T]:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while (made := self._made.get()) is not None:
            if isinstance(made, BaseException):
                raise made
            yield made[0]

    def _make(self) -> None:
        last: BaseException | None = None
        try:
            for item in self._items:
                if not self._put((item,)):
                    break
            self._items.close()
        except BaseException as error:
            last = error
        self._put(last)

    def _put(self, made: tuple[T] | BaseException | None) -> bool:
        """Waits until there is room for an item; returns False if the context has ended."""
        while not self._stopped.is_set():
            try:
                self._made.put(made, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False
