"""The bundled reader: a question and passages in, support and the answer's place out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings import number_format
from embeddings.catalogue import BUNDLED
from embeddings.encoder import Vectors
from embeddings.errors import ModelError, Stopped

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

    `support` is the log-odds of the passage holding an answer, calibrated. `places` are, for each of its tokens, the
    probabilities that the answer begins and that it ends there, `(tokens, 2)`; `offsets` are the tokens' places in the passage,
    `(tokens, 2)`. The last token is the separator, which has no place: its probability is that of no answer at all.
    """

    support: float
    places: Vectors
    offsets: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def probability(self) -> float:
        """The probability that the passage holds an answer."""
        return float(1 / (1 + np.exp(-self.support)))

    def share(self, start: int, end: int) -> float:
        """The probability that the answer begins in `passage[start:end]`, if it is in the passage at all."""
        return float(self.places[self._inside(start, end), 0].sum())

    def answer(self, start: int, end: int) -> tuple[int, int, float]:
        """The likeliest answer in `passage[start:end]`: where it begins and ends, and how likely it is if one is there.

        It is at most 48 tokens long. Without a token in there it is empty, and its likelihood 0.
        """
        inside = np.flatnonzero(self._inside(start, end))
        if not len(inside):
            return start, start, 0.0
        among = self.places[inside] / np.maximum(self.places[inside].sum(axis=0), 1e-9)
        likelihoods = np.triu(among[:, :1] * among[:, 1]) - np.triu(among[:, :1] * among[:, 1], _LONGEST_ANSWER)
        first, last = np.unravel_index(likelihoods.argmax(), likelihoods.shape)
        places = self.offsets[inside]
        return max(start, int(places[first, 0])), min(end, int(places[last, 1])), float(likelihoods[first, last])

    def _inside(self, start: int, end: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.asarray((self.offsets[:, 0] < end) & (self.offsets[:, 1] > start))


class CrossEncoderReader:
    """Reads with the weights in a folder and the word embeddings of an encoder; loads them on first use.

    It computes on the processor, in the number format that is faster there.
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

    def read(self, question: str, passages: Sequence[str], stop: Event | None = None) -> list[PassageReading]:
        """A reading of each passage, in order; what does not fit into `MAX_TOKENS` with the question is not read.

        Raises:
            ModelError: The weights cannot be loaded, or are not for this encoder.
            Stopped: `stop` was set before all were read.
        """
        return self.read_pairs([question] * len(passages), passages, stop)

    def read_pairs(self, questions: Sequence[str], passages: Sequence[str], stop: Event | None = None) -> list[PassageReading]:
        """The same for pairs of one question and one passage each."""
        # Batches of like length waste the least on padding.
        order = sorted(range(len(passages)), key=lambda i: len(passages[i].encode()))
        read: dict[int, PassageReading] = {}
        for start in range(0, len(order), self._batch_size):
            if stop and stop.is_set():
                raise Stopped
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
        exponents = np.exp(logits - logits.max(axis=0))
        config = self._config
        return PassageReading(config.slope * support + config.intercept, exponents / exponents.sum(axis=0), offsets)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(self._encoder_folder, local_files_only=True)

    @cached_property
    def _config(self) -> ReaderConfig:
        return self._given_config or ReaderConfig.load(self._folder)

    @cached_property
    def _network(self) -> ReaderNetwork:
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
        network.body.to(number_format.fastest())
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
