"""Limits how many requests one program may send."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_REMEMBERED = 10_000


class Rates:
    """A token bucket for each sender: so many requests a minute on average, and as many at once after a quiet minute. Thread-safe."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Limits each sender to so many requests a minute; 0 for no limit."""
        self._per_minute = per_minute
        self._clock = clock
        self._lock = Lock()
        self._buckets: dict[str, tuple[float, float]] = {}
        """By sender, the requests left and the time of the last one; the most recent sender is last."""

    def wait(self, sender: str) -> float:
        """Counts a request. Returns 0 if it may be served, else the seconds until the next one may."""
        if not self._per_minute:
            return 0.0
        with self._lock:
            now, refill = self._clock(), self._per_minute / 60
            left, last = self._buckets.pop(sender, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - last) * refill)
            allowed = left >= 1
            self._buckets[sender] = (left - 1 if allowed else left), now
            # A sender that is forgotten gets a full bucket. That of the one who was quiet longest is the fullest.
            if len(self._buckets) > _MAX_REMEMBERED:
                del self._buckets[next(iter(self._buckets))]
            return 0.0 if allowed else (1 - left) / refill
