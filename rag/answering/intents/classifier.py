"""A small classifier of what is asked: logistic models over the encoder's vector of a question and the features of its words.

`tests/benchmarks/fit_intents.py` fits them. They fit the vectors of one encoder, the bundled one. With any other, the rules of this
package decide alone.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import get_args

import numpy as np

import embeddings
from embeddings.encoder import Encoder, Vectors
from embeddings.logistic import probability
from rag.answering.intents.features import FEATURES, Kind, features

KINDS: tuple[Kind, ...] = get_args(Kind)
WEIGHTS = Path(embeddings.__file__).parent / "bundled" / "intents" / "intents.safetensors"


def columns(vectors: Vectors, words: Vectors) -> Vectors:
    """Returns the columns of the models: float32 `(…, dim + len(FEATURES))`, from vectors and features of the same rows."""
    # The values of a unit vector are small beside features of 0 and 1.
    return np.concatenate([vectors * np.sqrt(vectors.shape[-1]) / 4, words], axis=-1)


def probabilities(question: str, encoder: Encoder) -> dict[Kind, float] | None:
    """Returns the probability of each kind; None if the classifier was not fitted to the vectors of this encoder."""
    fingerprint, weights = _weights()
    if encoder.fingerprint != fingerprint:
        return None
    row = columns(encoder.encode_query([question])[0], features(question))
    return {kind: float(probability(weights[place], row)) for place, kind in enumerate(KINDS)}


@lru_cache(maxsize=1)
def _weights() -> tuple[str, Vectors]:
    """Returns the fingerprint of the encoder, and float32 `(kinds, 1 + columns)`: for each kind the intercept, then the weights."""
    from safetensors import safe_open

    with safe_open(WEIGHTS, framework="np") as file:
        metadata = file.metadata()
        assert tuple(metadata["kinds"].split("|")) == KINDS, "the classifier of intents is older than its kinds; fit it again"
        assert tuple(metadata["features"].split("|")) == FEATURES, "it is older than its features; fit it again"
        return metadata["encoder"], file.get_tensor("weights").astype(np.float32)
