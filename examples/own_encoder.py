"""An encoder of your own: anything that turns texts into unit vectors. Run with `python examples/own_encoder.py`.

Give the encoder to the library, which encodes the documents when they are added and every question when it is asked.
"""

import tempfile
import zlib
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from rag import Document, Library, RagPipeline

STATION = Document("station", "北山观鸟站", "station.txt", "北山观鸟站于2024年5月开放。门票为30元。", "zh")


class BigramEncoder:
    """Counts pairs of neighbouring characters: simple enough to read at a glance, but not a good encoder."""

    name = "bigrams"
    # Change it whenever the vectors change: a library does not mix vectors of different fingerprints.
    fingerprint = "bigrams:1"
    dim = 512
    max_tokens = 100_000

    def encode_document(self, texts: Sequence[str]) -> np.ndarray:
        vectors = np.full((len(texts), self.dim), 1e-6, np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            for pair in pairwise(text.casefold()):
                vector[zlib.crc32("".join(pair).encode()) % self.dim] += 1
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    encode_query = encode_document

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]


with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library", BigramEncoder()) as library:
    library.add_document(STATION)
    (result,) = RagPipeline(library).retrieve("观鸟站什么时候开放？")
    print(f"{result.title}: cosine {result.scores['dense']:.2f}")
