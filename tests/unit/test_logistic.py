"""Logistic models: the weights belong to their features by name, and probabilities are those of the formula."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from embeddings import logistic

MODELS = {"same": {"second": 2.0, "intercept": -1.0, "first": 0.5}, "other": {"intercept": 0.0, "first": 0.0, "second": 1.0}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights.json"
    path.write_text(json.dumps(MODELS))
    return path


def test_weights_are_in_the_order_of_the_features(file: Path) -> None:
    models = logistic.load(file, ("first", "second"))
    assert {name: row.tolist() for name, row in models.items()} == {"same": [-1.0, 0.5, 2.0], "other": [0.0, 0.0, 1.0]}
    assert logistic.load(file, ("second",))["same"].tolist() == [-1.0, 2.0]


def test_a_missing_weight_is_an_error(file: Path) -> None:
    with pytest.raises(KeyError, match="third"):
        logistic.load(file, ("first", "third"))


def test_probabilities(file: Path) -> None:
    weights = logistic.load(file, ("first", "second"))["same"]
    rows = np.array([[2.0, 0.0], [0.0, 1.0], [4.0, -1.0]], np.float32)
    expected = [0.5, 1 / (1 + math.exp(-1)), 1 / (1 + math.exp(1))]
    np.testing.assert_allclose(logistic.probability(weights, rows), expected, rtol=1e-6)
    assert float(logistic.probability(weights, rows[1])) == pytest.approx(expected[1])
