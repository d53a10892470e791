"""Slows down those who try one password after the other."""

from __future__ import annotations

import ipaddress
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class SignInDelays:
    """Computes how long an attempt to sign in has to wait, from the failed attempts of the same address.

    The first attempts do not wait; each later one waits twice as long as the one before. An attempt counts as failed until it has
    succeeded, so sending many at once gains nothing.
    """

    FREE = 5
    LONGEST_SECONDS = 60.0
    _FORGOTTEN_AFTER = 3600.0
    _MAX_REMEMBERED = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._attempts: dict[str, tuple[int, float]] = {}
        """By address, the number of attempts and the time of the last one; the most recent address is last."""

    def begin(self, address: str) -> float | None:
        """Counts an attempt and returns the seconds that it has to wait; None if that is more than `LONGEST_SECONDS`."""
        now, key = self._clock(), _network(address)
        self._forget(now)
        count, turn = self._attempts.pop(key, (0, now))
        delay = min(2.0 ** (count - self.FREE), self.LONGEST_SECONDS) if count >= self.FREE else 0.0
        if max(turn, now) + delay - now > self.LONGEST_SECONDS:
            self._attempts[key] = count, turn
            return None
        self._attempts[key] = count + 1, max(turn, now) + delay
        return self._attempts[key][1] - now

    def succeeded(self, address: str) -> None:
        """Forgets the failures of an address."""
        self._attempts.pop(_network(address), None)

    def _forget(self, now: float) -> None:
        old = [key for key, (_, turn) in self._attempts.items() if turn < now - self._FORGOTTEN_AFTER]
        old += list(self._attempts)[: max(0, len(self._attempts) - self._MAX_REMEMBERED)]
        for key in old:
            self._attempts.pop(key, None)


def _network(address: str) -> str:
    """Returns an IPv4 address itself, and the /64 of an IPv6 address, which belongs to one household or server."""
    with suppress(ValueError):
        parsed = ipaddress.ip_address(address)
        if parsed.version == 6:
            return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return address
