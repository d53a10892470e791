"""Step 6, the reader: a cross-encoder on the encoder's body, with heads for support and for the answer's span."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional

from embeddings.reader import tokenize
from embeddings.reader_network import ReaderNetwork
from embeddings.training.loop import Figures, Schedule, Stage, device
from embeddings.training.reading_data import Example, Source, draw
from embeddings.training.switching import CodeSwitcher

BATCH_TOKENS = 8_192
RATES = {"body": 2e-4, "heads": 1e-3}
SPAN_WEIGHT = 0.5
TOKENS_BETWEEN_MEASUREMENTS = 3_000_000
_SORTED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Encoded:
    """Tokenized examples.

    Attributes:
        ids: Token ids `(examples, tokens)`.
        mask: Attention mask `(examples, tokens)`.
        types: Token types `(examples, tokens)`.
        supported: 1 or 0 `(examples,)`.
        places: The first and the last token of the answers `(examples, 2)`, -1 if no answer is marked.
    """

    ids: Tensor
    mask: Tensor
    types: Tensor
    supported: Tensor
    places: Tensor


def encode(tokenizer: Any, examples: Sequence[Example]) -> Encoded:
    """Tokenizes examples and finds the tokens of their answers."""
    encoded = tokenize(tokenizer, [example.question for example in examples], [example.passage for example in examples])
    offsets, types = encoded["offset_mapping"].numpy(), encoded["token_type_ids"].numpy() * encoded["attention_mask"].numpy()
    places = np.full((len(examples), 2), -1, np.int64)
    for row, example in enumerate(examples):
        if example.start >= 0:
            inside = np.flatnonzero((types[row] == 1) & (offsets[row, :, 0] < example.end) & (offsets[row, :, 1] > example.start))
            if len(inside):
                places[row] = inside[0], inside[-1]
    return Encoded(
        encoded["input_ids"],
        encoded["attention_mask"],
        encoded["token_type_ids"],
        torch.tensor([float(example.supported) for example in examples]),
        torch.from_numpy(places),
    )


class ReaderTraining:
    """The network with its batches and its loss."""

    def __init__(self, network: ReaderNetwork, tokenizer: Any, sources: Sequence[Source], switcher: CodeSwitcher) -> None:
        self.network = network.to(device())
        self._tokenizer, self._sources, self._switcher = tokenizer, sources, switcher

    def batches(self, seed: int) -> Iterator[Encoded]:
        """Yields endless batches of examples of similar length, drawn from every source in each pass."""
        generator = random.Random(seed)
        examples = self._examples(generator)
        while block := list(islice(examples, _SORTED_AT_ONCE)):
            block.sort(key=_length)
            groups: list[list[Example]] = [[]]
            for example in block:
                if groups[-1] and _length(example) * (len(groups[-1]) + 1) > BATCH_TOKENS:
                    groups.append([])
                groups[-1].append(example)
            generator.shuffle(groups)
            yield from (encode(self._tokenizer, group) for group in groups)

    def _examples(self, generator: random.Random) -> Iterator[Example]:
        while True:
            for source in generator.sample(self._sources, len(self._sources)):
                yield from draw(source, self._switcher, generator)

    def loss(self, batch: Encoded) -> tuple[Tensor, int, Figures]:
        """Returns the loss of support and span, the number of tokens, and both parts of the loss."""
        support, span = self._read(batch)
        support_loss = functional.binary_cross_entropy_with_logits(support, batch.supported.to(support.device))
        places = batch.places.to(span.device)
        marked = places[:, 0] >= 0
        span_loss = functional.cross_entropy(span[marked], places[marked]) if bool(marked.any()) else span.sum() * 0
        tokens = int(batch.mask.sum())
        return support_loss + SPAN_WEIGHT * span_loss, tokens, {"support": support_loss.item(), "span": span_loss.item()}

    def figures(self, name: str, examples: Sequence[Example]) -> Figures:
        """Returns AUROC of the support, and the share of answers with the right first token; empty if either is undefined."""
        logits, right = [], []
        ordered = sorted(examples, key=_length)
        for begin in range(0, len(ordered), 64):
            batch = encode(self._tokenizer, ordered[begin : begin + 64])
            with torch.inference_mode():
                support, span = self._read(batch)
            logits += support.tolist()
            first = span[:, :, 0].argmax(dim=1).cpu()
            right += [int(a) == int(b) for a, b in zip(first, batch.places[:, 0], strict=True) if b >= 0]
        labels = [example.supported for example in ordered]
        if len(set(labels)) < 2 or not right:
            return {}
        return {f"{name} auroc": float(roc_auc_score(labels, logits)), f"{name} start": float(np.mean(right))}

    def _read(self, batch: Encoded) -> tuple[Tensor, Tensor]:
        ids, mask, types = batch.ids.to(device()), batch.mask.to(device()), batch.types.to(device())
        support, span = self.network(ids, mask, types)
        return support, span.masked_fill((types * mask)[:, :, None] == 0, -1e4)


def train(training: ReaderTraining, held_out: dict[str, list[Example]], folder: Path, seed: int, tokens: int) -> None:
    """Trains the reader's network on `tokens` tokens."""
    network = training.network
    groups = {
        "body": [(f"body.{name}", p) for name, p in network.body.named_parameters() if p.requires_grad],
        "heads": [(name, p) for name, p in network.named_parameters() if not name.startswith("body.")],
    }
    stage: Stage[Encoded] = Stage(folder, groups, Schedule(tokens, RATES), network.body.encoder)

    def measure() -> Figures:
        network.eval()
        figures: Figures = {}
        for name, examples in held_out.items():
            figures |= training.figures(name, examples)
        network.train()
        return figures

    network.train()
    stage.run(lambda: training.batches(seed), training.loss, measure, TOKENS_BETWEEN_MEASUREMENTS)
    network.eval()


def held_out_examples(sources: Sequence[Source], switcher: CodeSwitcher, most: int = 400) -> dict[str, list[Example]]:
    """Returns the examples of held-out questions in each language, and those with the question translated word by word."""
    groups: dict[str, list[Example]] = {}
    for language, other in (("zh", "en"), ("en", "zh")):
        chosen = [source for source in sources if source.language == language]
        chosen = chosen[:: max(1, len(chosen) // most)]
        for name, share in ((f"{language}->{language}", 0.0), (f"{other}->{language} (switched)", 0.95)):
            generator = random.Random(1)
            drawn = [example for source in chosen for example in draw(source, None, generator)]
            if share:
                drawn = [
                    Example(
                        switcher.switch(e.question, language, share, random.Random(1)), e.passage, e.supported, e.start, e.end
                    )
                    for e in drawn
                ]
            if drawn:
                groups[name] = drawn
    return groups


def _length(example: Example) -> int:
    """Estimates the number of tokens: 0.7 for a Chinese character, one for four other characters."""
    text = example.question + example.passage
    han = (len(text.encode()) - len(text)) // 2
    return 3 + int(0.7 * han + (len(text) - han) / 4)
