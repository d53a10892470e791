"""Logistic models: weights from a file, probabilities from features."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from embeddings.encoder import Vectors


def load(file: Path, features: Sequence[str]) -> dict[str, Vectors]:
    """Reads the weights of the models in a JSON file.

    Args:
        file: Maps each model's name to its `intercept` and to a weight for each of the features.
        features: The features, in the order of the columns of the arrays given to `probability`.

    Returns:
        For each model float32 `(1 + len(features),)`: the intercept, then the weights.

    Raises:
        OSError: The file cannot be read.
        KeyError: A model lacks a weight.
    """
    models = json.loads(file.read_text(encoding="utf-8"))
    return {
        name: np.array([model["intercept"], *(model[feature] for feature in features)], np.float32)
        for name, model in models.items()
    }


def probability(weights: Vectors, features: Vectors) -> Vectors:
    """Returns the probability of each row of features `(…, n)`, given an intercept and weights `(1 + n,)`."""
    return np.asarray(1 / (1 + np.exp(-(weights[0] + features @ weights[1:]))), np.float32)
