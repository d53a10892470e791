"""Reads a question with passages: the support of each passage, and the place of the answer in it."""

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
_MAX_ANSWER_TOKENS = 48
_CONFIG = "reader.json"


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """The configuration of a reader, stored beside its weights.

    `slope` and `intercept` turn its logit into the log-odds that the passage contains an answer. `word_embeddings` identifies the
    encoder on which it was trained and whose embeddings it shares.
    """

    word_embeddings: str
    slope: float = 1.0
    intercept: float = 0.0

    @classmethod
    def load(cls, folder: Path) -> ReaderConfig:
        """Reads the configuration in a folder.

        Raises:
            OSError: There is no such file.
            ValueError: It is not JSON.
            TypeError: It is not the configuration of a reader.
        """
        return cls(**json.loads((folder / _CONFIG).read_text(encoding="utf-8")))

    @classmethod
    def uncalibrated(cls, encoder_folder: Path) -> ReaderConfig:
        """Returns the configuration of a reader that was just trained on an encoder."""
        from embeddings.reader_network import embeddings_digest

        return cls(embeddings_digest(encoder_folder))

    def save(self, folder: Path) -> None:
        """Writes the configuration to a folder."""
        (folder / _CONFIG).write_text(json.dumps(asdict(self), indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class PassageReading:
    """The reading of one passage.

    `support` is the calibrated log-odds that the passage contains an answer. `places` are the probabilities that the answer begins
    and that it ends at each token, `(tokens, 2)`, and `offsets` the start and end of each token in the passage, `(tokens, 2)`. The
    last token is the separator, which has no place: its probability is that of no answer.
    """

    support: float
    places: Vectors
    offsets: np.ndarray[Any, np.dtype[np.int64]]

    @property
    def probability(self) -> float:
        """The probability that the passage contains an answer."""
        return float(1 / (1 + np.exp(-self.support)))

    def share(self, start: int, end: int) -> float:
        """Returns the probability that the answer begins in `passage[start:end]`, given that the passage contains one."""
        return float(self.places[self._inside(start, end), 0].sum())

    def answer(self, start: int, end: int) -> tuple[int, int, float]:
        """Finds the likeliest answer in `passage[start:end]`, of at most 48 tokens.

        Returns:
            Its start and end in the passage, and its probability given that one is there. Without a token in the range, the answer
            is empty and its probability 0.
        """
        inside = np.flatnonzero(self._inside(start, end))
        if not len(inside):
            return start, start, 0.0
        among = self.places[inside] / np.maximum(self.places[inside].sum(axis=0), 1e-9)
        likelihoods = np.triu(among[:, :1] * among[:, 1]) - np.triu(among[:, :1] * among[:, 1], _MAX_ANSWER_TOKENS)
        first, last = np.unravel_index(likelihoods.argmax(), likelihoods.shape)
        places = self.offsets[inside]
        return max(start, int(places[first, 0])), min(end, int(places[last, 1])), float(likelihoods[first, last])

    def tokens(self, start: int, end: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """Returns the tokens in `passage[start:end]`: their start and end, and the probabilities that the answer begins and ends there.

        The probabilities, of shape `(tokens, 4)` with the offsets, are given that the answer is in this range.
        """
        inside = np.flatnonzero(self._inside(start, end))
        among = self.places[inside] / np.maximum(self.places[inside].sum(axis=0), 1e-9)
        return np.concatenate([self.offsets[inside], among], axis=1, dtype=np.float64)

    def _inside(self, start: int, end: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.asarray((self.offsets[:, 0] < end) & (self.offsets[:, 1] > start))


class CrossEncoderReader:
    """Reads with the weights in a folder and the word embeddings of an encoder, which are loaded on first use.

    It runs on the processor, in the number format that is faster there.
    """

    def __init__(
        self,
        folder: Path = BUNDLED / "reader",
        encoder_folder: Path = BUNDLED / "encoder",
        config: ReaderConfig | None = None,
        batch_size: int = 8,
    ) -> None:
        """Reads no files yet.

        Args:
            folder: Contains the weights.
            encoder_folder: Contains the encoder whose word embeddings are used.
            config: Takes the place of the folder's own.
            batch_size: The number of pairs read at once.
        """
        self._folder = folder
        self._encoder_folder = encoder_folder
        self._given_config = config
        self._batch_size = batch_size

    def read(self, question: str, passages: Sequence[str], stop: Event | None = None) -> list[PassageReading]:
        """Reads each passage, in order. Only the part that fits into `MAX_TOKENS` together with the question is read.

        Raises:
            ModelError: The weights cannot be loaded, or are not for this encoder.
            Stopped: `stop` was set before all were read.
        """
        return self.read_pairs([question] * len(passages), passages, stop)

    def read_pairs(self, questions: Sequence[str], passages: Sequence[str], stop: Event | None = None) -> list[PassageReading]:
        """Reads pairs of one question and one passage each, as `read` does."""
        # Batches of similar length need the least padding.
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
    """Tokenizes pairs for the network, with the offsets of the tokens. Training and use share this function."""
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
