"""The number format that models compute in: bfloat16 or float32, whichever multiplies faster on this machine.

The processor's flags do not tell: with the same flag, some multiply bfloat16 three times as fast as float32, and some half as
fast.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# The first product of a feed-forward layer of the bundled models, for a small batch of passages.
_TOKENS = 64
_HIDDEN = 384
_INTERMEDIATE = 1536
_MIN_ROUNDS = 3
_SECONDS = 0.03
# A smaller speedup may be chance, and is not worth the rounding to bfloat16.
_MIN_SPEEDUP = 1.2
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Speeds:
    """The speed at which one core multiplies matrices in each format, in GFLOP/s."""

    float32: float
    bfloat16: float

    @property
    def favour_bfloat16(self) -> bool:
        """True if bfloat16 is clearly faster."""
        return self.bfloat16 >= _MIN_SPEEDUP * self.float32


def speeds() -> Speeds:
    """Measures this processor on the first call, in about 30 ms, and returns the same figures from then on.

    Safe to call from several threads.
    """
    with _LOCK:
        return _measure()


def fastest(on_gpu: bool = False) -> torch.dtype:
    """Returns the format to compute in: bfloat16 on a GPU, on the processor the faster one by `speeds`."""
    import torch

    return torch.bfloat16 if on_gpu or speeds().favour_bfloat16 else torch.float32


@cache
def _measure() -> Speeds:
    """Times the same product in both formats in turn, so that other work slows both, and takes the best time of each.

    It uses one core. On a busy machine, waiting for the slowest of several threads would hide the difference.
    """
    import torch

    formats = (torch.float32, torch.bfloat16)
    operands = {
        dtype: (torch.ones(_TOKENS, _HIDDEN, dtype=dtype), torch.ones(_INTERMEDIATE, _HIDDEN, dtype=dtype)) for dtype in formats
    }
    best = dict.fromkeys(formats, float("inf"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        began, rounds = time.perf_counter(), 0
        # The first round also warms up.
        while rounds < _MIN_ROUNDS or time.perf_counter() - began < _SECONDS:
            for dtype in formats:
                started = time.perf_counter()
                torch.nn.functional.linear(*operands[dtype])
                best[dtype] = min(best[dtype], time.perf_counter() - started)
            rounds += 1
    finally:
        torch.set_num_threads(threads)
    operations = 2e-9 * _TOKENS * _HIDDEN * _INTERMEDIATE
    return Speeds(float32=operations / best[torch.float32], bfloat16=operations / best[torch.bfloat16])
