"""Tokenized texts, and batches of texts of similar length, which need little padding."""

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
    """The token ids of many texts in one array: text `i` is `ids[starts[i]:starts[i + 1]]`, special tokens included."""

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
        """Returns the token ids of one text."""
        return self.ids[self.starts[row] : self.starts[row + 1]]

    def padded(self, rows: Sequence[int] | Integers) -> tuple[Tensor, Tensor]:
        """Returns the token ids and the attention mask of some texts, both int64 `(rows, tokens of the longest)`."""
        longest = max(1, int(self.lengths[np.asarray(rows, np.int64)].max(initial=1)))
        ids = np.full((len(rows), longest), self.padding, np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for line, row in enumerate(rows):
            tokens = self.of(int(row))
            ids[line, : len(tokens)] = tokens
            mask[line, : len(tokens)] = 1
        return torch.from_numpy(ids), torch.from_numpy(mask)

    def flat(self, rows: Sequence[int] | Integers) -> tuple[Tensor, Tensor]:
        """Returns the concatenated token ids of some texts and the offset of each, as `EmbeddingBag` takes them."""
        parts = [self.of(int(row)) for row in rows]
        begins = np.concatenate([[0], np.cumsum([len(part) for part in parts])[:-1]]).astype(np.int64)
        return torch.from_numpy(np.concatenate(parts).astype(np.int64)), torch.from_numpy(begins)


@dataclass(frozen=True, slots=True)
class ParallelRows:
    """Translations, and the teacher's vectors of the English texts.

    Attributes:
        chinese: The Chinese texts, empty in rows of English alone.
        english: The English texts.
        targets: The teacher's vectors `(rows, dim)`.
    """

    chinese: TokenizedTexts
    english: TokenizedTexts
    targets: np.ndarray[Any, np.dtype[np.float16]]

    def in_both(self, rows: Integers) -> Integers:
        """Returns the positions in `rows` of those rows that have a Chinese text."""
        return np.flatnonzero(self.chinese.lengths[rows] > _SPECIAL_TOKENS)

    def target(self, rows: Integers) -> Tensor:
        """Returns the teacher's vectors of some rows, float32 `(rows, dim)`."""
        return torch.from_numpy(self.targets[rows].astype(np.float32))


def batches_of_like_length(
    lengths: Integers, tokens: int, generator: np.random.Generator, max_rows: int = 1024
) -> list[Integers]:
    """Splits rows into batches of similar length, in random order.

    Args:
        lengths: The number of tokens of each row.
        tokens: The maximum number of tokens of a batch, padding included; a longer row is a batch by itself.
        generator: Determines the order.
        max_rows: The maximum number of rows of a batch.

    Returns:
        Row numbers; each row is in exactly one batch.
    """
    # Noise in the order keeps the same texts from meeting in every epoch.
    order = np.argsort(lengths * generator.uniform(0.9, 1.1, len(lengths)), kind="stable")
    batches: list[Integers] = []
    begin = 0
    while begin < len(order):
        end, longest = begin, 0
        while end < len(order) and end - begin < max_rows:
            longest = max(longest, int(lengths[order[end]]))
            if end > begin and longest * (end - begin + 1) > tokens:
                break
            end += 1
        batches.append(order[begin:end])
        begin = end
    return [batches[i] for i in generator.permutation(len(batches))]
