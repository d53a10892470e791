"""The bundled reader: a question and passages in, support and the answer's place out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.catalogue import BUNDLED
from embeddings.encoder import Vectors
from embeddings.errors import ModelError

if TYPE_CHECKING:
    from embeddings.reader_network import ReaderNetwork

MAX_TOKENS = 224


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What the reader makes of one passage.

    `support` is the logit of the passage holding an answer. `beginnings` is, for each of its tokens, the probability that
    the answer begins there, `(tokens,)`; `offsets` are the tokens' places in the passage, `(tokens, 2)`. The last token is the
    separator, which has no place: its probability is that of no beginning at all.
    """

    support: float
    beginnings: Vectors
    offsets: np.ndarray[Any, np.dtype[np.int64]]

    def share(self, start: int, end: int) -> float:
        """The probability that the answer begins in `passage[start:end]`, if it is in the passage at all."""
        inside = (self.offsets[:, 0] < end) & (self.offsets[:, 1] > start)
        return float(self.beginnings[inside].sum())


class CrossEncoderReader:
    """Reads with the weights in a folder and the word embeddings of the bundled encoder; loads them on first use."""

    def __init__(
        self, folder: Path = BUNDLED / "reader", encoder_folder: Path = BUNDLED / "encoder", batch_size: int = 8
    ) -> None:
        self._folder = folder
        self._encoder_folder = encoder_folder
        self._batch_size = batch_size

    def read(self, question: str, passages: Sequence[str]) -> list[PassageReading]:
        """A reading of each passage, in order; what does not fit into `MAX_TOKENS` with the question is not read."""
        order = sorted(range(len(passages)), key=lambda i: len(passages[i].encode()))
        read: dict[int, PassageReading] = {}
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            read |= zip(batch, self._read(question, [passages[i] for i in batch]), strict=True)
        return [read[i] for i in range(len(passages))]

    def _read(self, question: str, passages: list[str]) -> list[PassageReading]:
        import torch

        encoded = tokenize(self._tokenizer, [question] * len(passages), passages)
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=_has_fast_bfloat16()):
            support, span = self._network(encoded["input_ids"], encoded["attention_mask"], encoded["token_type_ids"])
        in_passage = (encoded["token_type_ids"] * encoded["attention_mask"]).bool()
        beginnings = span[:, :, 0].masked_fill(~in_passage, -1e4).softmax(dim=1)
        return [
            PassageReading(
                float(support[i]), beginnings[i][in_passage[i]].numpy(), encoded["offset_mapping"][i][in_passage[i]].numpy()
            )
            for i in range(len(passages))
        ]

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._encoder_folder, local_files_only=True)

    @cached_property
    def _network(self) -> ReaderNetwork:
        from embeddings.reader_network import ReaderNetwork

        try:
            return ReaderNetwork.load(self._folder / "reader.safetensors", self._encoder_folder)
        except Exception as error:
            raise ModelError(f"cannot load the reader in {self._folder}: {error}; install the project again") from error


def tokenize(tokenizer: Any, questions: Sequence[str], passages: Sequence[str]) -> Any:
    """Pairs as the network reads them: ids, mask, types (1 in the passage) and the tokens' offsets, as tensors of one batch."""
    return tokenizer(
        list(questions),
        list(passages),
        truncation="longest_first",
        max_length=MAX_TOKENS,
        padding=True,
        return_offsets_mapping=True,
        return_token_type_ids=True,
        return_tensors="pt",
    )


def _has_fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 faster than float32."""
    import torch

    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
