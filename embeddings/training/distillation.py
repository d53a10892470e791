"""Step 4, distillation: the teacher's vector of the English text is the target for the text in both languages.

After Reimers and Gurevych (2020), "Making Monolingual Sentence Embeddings Multilingual using Knowledge Distillation", with a
contrastive loss against the targets of the whole batch beside the similarity to the text's own target.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from embeddings.training.alignment import contrast, found_first
from embeddings.training.batching import Integers, ParallelRows, TokenizedTexts, batches_of_like_length
from embeddings.training.loop import Figures, Schedule, Stage, device
from embeddings.training.network import Student

BATCH_TOKENS = 16_384
RATES = {"embeddings": 1e-3, "body": 3e-4}
TOKENS_BETWEEN_MEASUREMENTS = 3_000_000
_LIKENESS_WEIGHT = 5.0

DevelopmentSets = dict[str, tuple[TokenizedTexts, TokenizedTexts]]


class Distillation:
    """The student's batches and their loss. The next step trains on them too, so that the student does not forget."""

    def __init__(self, student: Student, parallel: ParallelRows) -> None:
        self.student, self._parallel = student, parallel

    def batches(self, seed: int) -> Iterator[Integers]:
        """Yields endless batches of rows of similar length; each pass contains every row once."""
        generator = np.random.default_rng(seed)
        chinese, english = self._parallel.chinese.lengths, self._parallel.english.lengths
        both = self._parallel.in_both(np.arange(len(english)))
        alone = np.setdiff1d(np.arange(len(english)), both)
        while True:
            # Either side is padded to its longest text, so rows are sorted by the longer of the two.
            batches = [
                both[part] for part in batches_of_like_length(2 * np.maximum(chinese, english)[both], BATCH_TOKENS, generator)
            ]
            batches += [alone[part] for part in batches_of_like_length(english[alone], BATCH_TOKENS, generator)]
            yield from (batches[number] for number in generator.permutation(len(batches)))

    def loss(self, rows: Integers) -> tuple[Tensor, int, Figures]:
        """Returns the loss of both languages against the targets, the number of tokens, and no figures."""
        target = self._parallel.target(rows).to(device())
        value, tokens = self._towards(self._parallel.english, rows, target)
        both = self._parallel.in_both(rows)
        if len(both):
            of_chinese, more = self._towards(self._parallel.chinese, rows[both], target[torch.from_numpy(both).to(device())])
            value, tokens = value + of_chinese, tokens + more
        return value, tokens, {}

    def _towards(self, texts: TokenizedTexts, rows: Integers, target: Tensor) -> tuple[Tensor, int]:
        vectors = self.student(*texts.padded(rows))
        likeness = (vectors * target).sum(1)
        return contrast(vectors, target) + _LIKENESS_WEIGHT * (1 - likeness).mean(), int(texts.lengths[rows].sum())


def train(distillation: Distillation, measure: Callable[[], Figures], folder: Path, seed: int, tokens: int) -> None:
    """Trains the student on `tokens` tokens and writes it to `folder`."""
    student = distillation.student
    stage: Stage[Integers] = Stage(folder, student.groups(), Schedule(tokens, RATES), student.body.encoder)
    stage.run(lambda: distillation.batches(seed), distillation.loss, measure, TOKENS_BETWEEN_MEASUREMENTS)
    student.save(folder)


def across_languages(student: Student, development: DevelopmentSets) -> Figures:
    """Returns recall@1 of each sentence's translation among all sentences of its set, in both directions."""
    figures: Figures = {}
    for name, (chinese, english) in development.items():
        left, right = encoded(student, chinese), encoded(student, english)
        figures |= {f"{name} zh->en": found_first(left, right), f"{name} en->zh": found_first(right, left)}
    return figures


def encoded(student: Student, texts: TokenizedTexts, batch_tokens: int = BATCH_TOKENS) -> Tensor:
    """Encodes all texts without gradients, float32 `(texts, dim)`."""
    parts = batches_of_like_length(texts.lengths, batch_tokens, np.random.default_rng(0))
    with torch.inference_mode():
        vectors = torch.cat([student(*texts.padded(part)) for part in parts])
    order = torch.from_numpy(np.argsort(np.concatenate(parts))).to(vectors.device)
    return vectors[order]
