"""An encoder for tests. In a module of its own, so that tests and the processes they start can import it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

import numpy as np


class HashingEncoder:
    """An encoder without a model: a text's vector is made of its character trigrams, always the same.

    Another `salt` is another model. From its call number `fails_at` on, counted from 1, encoding documents fails.
    """

    max_tokens = 512

    def __init__(self, salt: str = "", dim: int = 32, fails_at: int = 1_000_000) -> None:
        self.name = f"hashing{salt}"
        self.fingerprint = f"hashing{salt}:{dim}"
        self.dim = dim
        self.fails_at = fails_at
        self.calls = 0

    def encode_query(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.dim)

    def encode_document(self, texts: Sequence[str]) -> np.ndarray:
        self.calls += 1
        if self.calls >= self.fails_at:
            raise RuntimeError("the model fails")
        return self.encode_query(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(re.findall(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+|[^\w\s]", text)) for text in texts]

    def _vector(self, text: str) -> np.ndarray:
        vector = np.zeros(self.dim)
        text = f" {text.casefold()} "
        for start in range(len(text) - 2):
            number = zlib.crc32((self.name + text[start : start + 3]).encode())
            vector[number % self.dim] += 1 if number & 0x10000 else -1
        vector[0] += 1e-3
        return vector / np.linalg.norm(vector)
