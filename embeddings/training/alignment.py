"""Step 2, alignment: one static vector per token, such that translations have similar mean vectors.

A static model has no attention, so it learns in minutes which words of the two languages mean the same. Step 3 uses this to
initialise the Chinese half of the vocabulary from the English half.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from embeddings.training.batching import Integers, ParallelRows, TokenizedTexts
from embeddings.training.loop import Figures, Schedule, Stage, device

BATCH = 3072
TEMPERATURE = 0.05
RATE = 5e-3
PASSES = 4
_HELD_OUT_ROWS = 1000


def align(vocabulary: int, parallel: ParallelRows, folder: Path, seed: int) -> None:
    """Trains the static vectors and writes `vectors.safetensors`: `vectors`, float32 `(vocabulary, dim)`.

    Args:
        vocabulary: The number of tokens.
        parallel: The rows. Those in English alone are ignored.
        folder: The folder for the vectors and the log.
        seed: Seed for the initial vectors and the order of the rows.
    """
    torch.manual_seed(seed)
    vectors = nn.EmbeddingBag(vocabulary, parallel.targets.shape[1], mode="mean").to(device())
    nn.init.normal_(vectors.weight, std=0.1)
    chinese, english = parallel.chinese, parallel.english
    rows = np.random.default_rng(seed).permutation(parallel.in_both(np.arange(len(english))))
    apart = min(_HELD_OUT_ROWS, len(rows) // 5)
    held_out, training = rows[:apart], rows[apart:]
    tokens = PASSES * int(chinese.lengths[training].sum() + english.lengths[training].sum())
    stage: Stage[Integers] = Stage(folder, {"vectors": [("vectors", vectors.weight)]}, Schedule(tokens, {"vectors": RATE}, 0.0))

    def batches() -> Iterator[Integers]:
        generator = np.random.default_rng(seed)
        while True:
            order = generator.permutation(training)
            yield from (order[begin : begin + BATCH] for begin in range(0, len(order), BATCH))

    def encoded(texts: TokenizedTexts, chosen: Integers) -> Tensor:
        ids, begins = texts.flat(chosen)
        return functional.normalize(vectors(ids.to(device()), begins.to(device())), dim=1)

    def loss(chosen: Integers) -> tuple[Tensor, int, Figures]:
        of_chinese, of_english = encoded(chinese, chosen), encoded(english, chosen)
        target = parallel.target(chosen).to(device())
        value = contrast(of_chinese, of_english) + contrast(of_chinese, target) + contrast(of_english, target)
        return value, int(chinese.lengths[chosen].sum() + english.lengths[chosen].sum()), {}

    def measure() -> Figures:
        with torch.inference_mode():
            return {"zh->en": found_first(encoded(chinese, held_out), encoded(english, held_out))}

    stage.run(batches, loss, measure, tokens // PASSES)
    save_file({"vectors": vectors.weight.detach().cpu()}, folder / "vectors.safetensors")


def contrast(left: Tensor, right: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Returns the symmetric in-batch contrastive loss of unit vectors `(rows, dim)`.

    Each row's match is the same row of the other side.
    """
    scores = left @ right.T / temperature
    labels = torch.arange(len(left), device=left.device)
    return (functional.cross_entropy(scores, labels) + functional.cross_entropy(scores.T, labels)) / 2


def found_first(queries: Tensor, documents: Tensor) -> float:
    """Returns recall@1, where each query's match is the document in the same row."""
    nearest = (queries @ documents.T).argmax(dim=1)
    return float((nearest == torch.arange(len(queries), device=nearest.device)).float().mean())


def load(folder: Path) -> Tensor:
    """Loads the static vectors, float32 `(tokens, dim)`."""
    return load_file(folder / "vectors.safetensors")["vectors"]
