"""Texts as token ids, and batches of texts of like length, so that little is spent on padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

_BLOCK = 5000
_SPECIAL_TOKENS = 2

Integers = np.ndarray[Any, np.dtype[np.int64]]


class TokenizedTexts:
    """Many texts' token ids in one array: text `i` is `ids[starts[i]:starts[i + 1]]`, special tokens included."""

    def __init__(self, tokenizer: Any, texts: Sequence[str], max_tokens: int, name: str = "tokenizing") -> None:
        parts: list[np.ndarray[Any, np.dtype[np.int32]]] = []
        lengths: list[int] = []
        with tqdm(desc=name, total=len(texts), unit=" texts", leave=False) as bar:
            for start in range(0, len(texts), _BLOCK):
                block = list(texts[start : start + _BLOCK])
                encoded = tokenizer(block, truncation=True, max_length=max_tokens)["input_ids"]
                lengths += map(len, encoded)
                parts += [np.array(ids, np.int32) for ids in encoded]
                bar.update(len(block))
        self.ids = np.concatenate(parts) if parts else np.zeros(0, np.int32)
        self.starts: Integers = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        self.lengths: Integers = np.diff(self.starts)
        self.padding = int(tokenizer.pad_token_id)

    def __len__(self) -> int:
        return len(self.lengths)

    def of(self, row: int) -> np.ndarray[Any, np.dtype[np.int32]]:
        """The token ids of one text."""
        return self.ids[self.starts[row] : self.starts[row + 1]]

    def padded(self, rows: Sequence[int] | Integers) -> tuple[Tensor, Tensor]:
        """The token ids and the attention mask of some texts, both int64 `(rows, tokens of the longest)`."""
        longest = max(1, int(self.lengths[np.asarray(rows, np.int64)].max(initial=1)))
        ids = np.full((len(rows), longest), self.padding, np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for line, row in enumerate(rows):
            tokens = self.of(int(row))
            ids[line, : len(tokens)] = tokens
            mask[line, : len(tokens)] = 1
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def flat(self, rows: Sequence[int] | Integers) -> tuple[Tensor, Tensor]:
        """The token ids of some texts end to end, and where each begins: what an `EmbeddingBag` takes."""
        parts = [self.of(int(row)) for row in rows]
        begins = np.concatenate([[0], np.cumsum([len(part) for part in parts])[:-1]]).astype(np.int64)
        return torch.from_numpy(np.concatenate(parts).astype(np.int64)), torch.from_numpy(begins)


@dataclass(frozen=True, slots=True)
class ParallelRows:
    """The same texts in both languages, and the teacher's vectors of the English ones, `(rows, dim)`.

    The Chinese one is empty where there is English alone.
    """

    chinese: TokenizedTexts
    english: TokenizedTexts
    targets: np.ndarray[Any, np.dtype[np.float16]]

    def in_both(self, rows: Integers) -> Integers:
        """Which of some rows have a Chinese text, as places in `rows`."""
        return np.flatnonzero(self.chinese.lengths[rows] > _SPECIAL_TOKENS)

    def target(self, rows: Integers) -> Tensor:
        """The teacher's vectors of some rows, float32."""
        return torch.from_numpy(self.targets[rows].astype(np.float32))


def batches_of_like_length(lengths: Integers, tokens: int, generator: np.random.Generator, most: int = 1024) -> list[Integers]:
    """Parts rows into batches in random order.

    Args:
        lengths: The tokens of each row.
        tokens: About how many tokens, padding included, a batch takes.
        generator: Where the order comes from.
        most: The most rows of a batch.

    Returns:
        Row numbers; each row stands in one batch.
    """
    # Noise in the order keeps the same texts from meeting in every epoch.
    order = np.argsort(lengths * generator.uniform(0.9, 1.1, len(lengths)), kind="stable")
    batches: list[Integers] = []
    begin = 0
    while begin < len(order):
        end, longest = begin, 0
        while end < len(order) and end - begin < most:
            longest = max(longest, int(lengths[order[end]]))
            if end > begin and longest * (end - begin + 1) > tokens:
                break
            end += 1
        batches.append(order[begin:end])
        begin = end
    return [batches[i] for i in generator.permutation(len(batches))]
