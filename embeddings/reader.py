"""The bundled reader: a question and passages in, support and the answer's place out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.catalogue import BUNDLED
from embeddings.encoder import Vectors, has_fast_bfloat16
from embeddings.errors import ModelError

if TYPE_CHECKING:
    from embeddings.reader_network import ReaderNetwork

MAX_TOKENS = 320
_LONGEST_ANSWER = 48
_CONFIG = "reader.json"


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """What belongs to a reader beside its weights.

    `slope` and `intercept` turn its logit into the log-odds of the passage holding an answer; `word_embeddings` identifies
    the encoder it was trained on, whose embeddings it shares.
    """

    word_embeddings: str
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def load(cls, folder: Path) -> ReaderConfig:
        """Raises: OSError, ValueError or TypeError: there is no such file, or it is not a reader's."""
        return cls(**json.loads((folder / _CONFIG).read_text(encoding="utf-8")))

    @classmethod
    def uncalibrated(cls, encoder_folder: Path) -> ReaderConfig:
        """That of a reader that was just trained on an encoder."""
        from embeddings.reader_network import embeddings_digest

        return cls(embeddings_digest(encoder_folder))

    def save(self, folder: Path) -> None:
        """Writes it beside the weights."""
        (folder / _CONFIG).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PassageReading:
    """What the reader makes of one passage.

    `support` is the log-odds of the passage holding an answer, calibrated. `start` and `end` bound the likeliest answer in the
    passage. `beginnings` is, for each of its tokens, the probability that the answer begins there, `(tokens,)`; `offsets` are
    the tokens' places in the passage, `(tokens, 2)`. The last token is the separator, which has no place: its probability is
    that of no beginning at all.
    """

    support: float
    start: int
    end: int
    beginnings: Vectors
    offsets: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def probability(self) -> float:
        """The probability that the passage holds an answer."""
        return float(1 / (1 + np.exp(-self.support)))

    def share(self, start: int, end: int) -> float:
        """The probability that the answer begins in `passage[start:end]`, if it is in the passage at all."""
        inside = (self.offsets[:, 0] < end) & (self.offsets[:, 1] > start)
        return float(self.beginnings[inside].sum())


class CrossEncoderReader:
    """Reads with the weights in a folder and the word embeddings of an encoder; loads them on first use.

    It computes in bfloat16 where the processor multiplies that faster, else in float32.
    """

    def __init__(
        self,
        folder: Path = BUNDLED / "reader",
        encoder_folder: Path = BUNDLED / "encoder",
        config: ReaderConfig | None = None,
        batch_size: int = 8,
    ) -> None:
        """Args: config: what to go by instead of the folder's own; batch_size: pairs read at once."""
        self._folder = folder
        self._encoder_folder = encoder_folder
        self._given_config = config
        self._batch_size = batch_size

    def read(self, question: str, passages: Sequence[str]) -> list[PassageReading]:
        """A reading of each passage, in order; what does not fit into `MAX_TOKENS` with the question is not read.

        Raises:
            ModelError: The weights cannot be loaded, or are not for this encoder.
        """
        return self.read_pairs([question] * len(passages), passages)

    def read_pairs(self, questions: Sequence[str], passages: Sequence[str]) -> list[PassageReading]:
        """The same for pairs of one question and one passage each."""
        # Batches of like length waste the least on padding.
        order = sorted(range(len(passages)), key=lambda i: len(passages[i].encode()))
        read: dict[int, PassageReading] = {}
        for start in range(0, len(order), self._batch_size):
            batch = order[start : start + self._batch_size]
            read |= zip(batch, self._read([questions[i] for i in batch], [passages[i] for i in batch]), strict=True)
        return [read[i] for i in range(len(passages))]

    def _read(self, questions: list[str], passages: list[str]) -> list[PassageReading]:
        import torch

        network = self._network
        encoded = tokenize(self._tokenizer, questions, passages)
        with torch.inference_mode():
            support, span = network(encoded["input_ids"], encoded["attention_mask"], encoded["token_type_ids"])
        in_passage = (encoded["token_type_ids"] * encoded["attention_mask"]).bool().numpy()
        logits = span.numpy()
        return [
            self._reading(float(support[i]), logits[i][in_passage[i]], encoded["offset_mapping"][i].numpy()[in_passage[i]])
            for i in range(len(passages))
        ]

    def _reading(self, support: float, logits: Vectors, offsets: np.ndarray[Any, np.dtype[np.int64]]) -> PassageReading:
        beginnings = np.exp(logits[:, 0] - logits[:, 0].max())
        first, last = _best_span(logits[:-1])
        start, end = (int(offsets[first, 0]), int(offsets[last, 1])) if len(logits) > 1 else (0, 0)
        config = self._config
        return PassageReading(config.slope * support + config.intercept, start, end, beginnings / beginnings.sum(), offsets)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._encoder_folder, local_files_only=True)

    @cached_property
    def _config(self) -> ReaderConfig:
        return self._given_config or ReaderConfig.load(self._folder)

    @cached_property
    def _network(self) -> ReaderNetwork:
        import torch

        from embeddings.reader_network import ReaderNetwork, embeddings_digest

        try:
            network = ReaderNetwork.load(self._folder / "reader.safetensors", self._encoder_folder)
            fits = self._config.word_embeddings == embeddings_digest(self._encoder_folder)
        except Exception as error:
            raise ModelError(f"cannot load the reader in {self._folder}: {error}; install the project again") from error
        if not fits:
            raise ModelError(
                f"the reader in {self._folder} was trained on another encoder than {self._encoder_folder}; "
                "put the two that were made together side by side"
            )
        if has_fast_bfloat16():
            network.body.to(torch.bfloat16)
        return network


def tokenize(tokenizer: Any, questions: Sequence[str], passages: Sequence[str]) -> Any:
    """Pairs as the network takes them, with the tokens' places in the passage: the one way to do it, in training and in use."""
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


def _best_span(logits: Vectors) -> tuple[int, int]:
    """The first and last token `(tokens, 2)` gives the most to; at most 48 tokens apart, 0 and 0 where there is none."""
    if not len(logits):
        return 0, 0
    scores = logits[:, 0][:, None] + logits[:, 1][None, :]
    allowed = np.triu(np.ones(scores.shape, bool)) & ~np.triu(np.ones(scores.shape, bool), _LONGEST_ANSWER)
    first, last = np.unravel_index(np.where(allowed, scores, -np.inf).argmax(), scores.shape)
    return int(first), int(last)
