"""Measures the growth of a task's time with its size, on a machine of any speed and load."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

_TIMES = 8
# Eight times as much takes 64 times as long when the time grows with the square of the size.
_MOST = 24
_LEAST_SECONDS = 0.002


def is_about_linear(work: Callable[[int], object], size: int) -> bool:
    """Compares the processor time of `work(size)` with that of `work(size // 8)`, which other processes do not lengthen."""
    work(size // _TIMES)
    small = min(_seconds(work, size // _TIMES) for _ in range(3))
    return _seconds(work, size) <= _MOST * max(small, _LEAST_SECONDS)


def _seconds(work: Callable[[int], object], size: int) -> float:
    # The garbage collector goes through all objects of the process, which are many after some thousand tests.
    gc.disable()
    try:
        started = time.thread_time()
        work(size)
        return time.thread_time() - started
    finally:
        gc.enable()
