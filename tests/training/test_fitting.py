"""Fitting the logistic models that ship, on small arrays."""

import json
from pathlib import Path

import numpy as np
import pytest

from embeddings.training.fitting import (
    ReaderFit,
    best_sentences,
    cross_validated,
    fit_checker,
    fit_reader,
    read_weights,
    reader_columns,
    write_weights,
)

QUESTIONS, SENTENCES = 300, 6


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


@pytest.fixture(scope="module")
def sentences() -> dict[str, np.ndarray]:
    """Sentences whose first feature tells the evidence in one language and whose second does in the other."""
    generator = np.random.default_rng(1)
    groups = np.repeat(np.arange(QUESTIONS), SENTENCES)
    same = generator.random(len(groups)) < 0.5
    rows = generator.normal(size=(len(groups), 2))
    truth = np.where(same, 3 * rows[:, 0], 2 * rows[:, 1]) - 3
    labels = generator.random(len(groups)) < sigmoid(truth)
    answerable = np.bincount(groups, labels) > 0
    return {"rows": rows, "same": same, "labels": labels, "groups": groups, "answerable": answerable}


@pytest.fixture(scope="module")
def fit(sentences: dict[str, np.ndarray]) -> ReaderFit:
    return fit_reader(**sentences)


def test_no_row_is_judged_by_a_model_that_saw_its_group() -> None:
    groups = np.repeat(np.arange(10), 3)
    columns = np.eye(10)[groups]
    # These weights count the training rows of each group.
    logits = cross_validated(columns, np.ones(30, bool), groups, lambda train, labels, _: train.sum(axis=0))
    assert logits.tolist() == [0.0] * 30


def test_every_row_is_judged_by_a_model_of_the_other_four_folds() -> None:
    groups = np.repeat(np.arange(10), 3)
    labels = groups == 0
    seen: list[int] = []

    def fit(train: np.ndarray, labels: np.ndarray, _: np.ndarray) -> np.ndarray:
        seen.append(int(labels.sum()))
        return np.array([float(len(train))])

    assert cross_validated(np.ones((30, 1)), labels, groups, fit).tolist() == [24.0] * 30
    assert sorted(seen) == [0, 3, 3, 3, 3]


def test_each_row_has_columns_in_one_model_only() -> None:
    columns = reader_columns(np.array([[0.5, 2.0], [3.0, 4.0]]), np.array([True, False]))
    assert columns.tolist() == [[1, 0.5, 2, 0, 0, 0], [0, 0, 0, 1, 3, 4]]


def test_the_best_sentence_of_each_question() -> None:
    logits, labels = np.array([1.0, 3.0, 3.0, -1.0]), np.array([True, True, False, False])
    best, right = best_sentences(logits, labels, np.array([0, 0, 0, 2]), 3)
    assert best.tolist() == [3.0, -20.0, -1.0]
    assert right.tolist() == [True, False, False]


def test_the_reader_learns_each_language_by_itself(fit: ReaderFit) -> None:
    weights = fit.weights()
    same, other = weights["same"] / weights["same"][1], weights["other"] / weights["other"][2]
    assert weights["same"][1] > 0
    assert weights["other"][2] > 0
    assert abs(same[2]) < 0.15
    assert abs(other[1]) < 0.15


def test_the_reader_does_not_depend_on_the_units_of_a_feature(sentences: dict[str, np.ndarray], fit: ReaderFit) -> None:
    scaled = fit_reader(**{**sentences, "rows": sentences["rows"] * [1000, 1]})
    assert scaled.weights()["same"] * [1, 1000, 1] == pytest.approx(fit.weights()["same"], rel=0.01, abs=0.01)
    assert scaled.threshold == pytest.approx(fit.threshold, abs=0.01)


def test_the_support_of_the_best_sentence_is_the_confidence(sentences: dict[str, np.ndarray], fit: ReaderFit) -> None:
    weights = fit.weights()
    rows, same, groups = sentences["rows"], sentences["same"], sentences["groups"]
    supports = sigmoid(
        np.where(same, weights["same"][0] + rows @ weights["same"][1:], weights["other"][0] + rows @ weights["other"][1:])
    )
    best, _ = best_sentences(reader_columns(rows, same) @ fit.model, sentences["labels"], groups, QUESTIONS)
    assert [supports[groups == question].max() for question in range(QUESTIONS)] == pytest.approx(
        [fit.confidence(b) for b in best]
    )


def test_confidence_is_calibrated_on_held_out_logits(sentences: dict[str, np.ndarray], fit: ReaderFit) -> None:
    best, _ = best_sentences(fit.held_out, sentences["labels"], sentences["groups"], QUESTIONS)
    confidences = np.array([fit.confidence(b) for b in best])
    answerable = sentences["answerable"]
    assert confidences.mean() == pytest.approx(answerable.mean(), abs=1e-3)
    assert confidences[answerable].mean() > confidences[~answerable].mean() + 0.1


@pytest.mark.parametrize("share", [0.05, 0.2])
def test_the_threshold_refuses_the_given_share_of_the_answerable(sentences: dict[str, np.ndarray], share: float) -> None:
    fit = fit_reader(**sentences, wrongly_refused=share)
    best, _ = best_sentences(fit.held_out, sentences["labels"], sentences["groups"], QUESTIONS)
    assert (best[sentences["answerable"]] < fit.threshold).mean() == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("kept", [0.8, 0.95])
def test_the_checker_keeps_the_given_share_of_faithful_claims(kept: float) -> None:
    generator = np.random.default_rng(2)
    labels = generator.random(2000) < 0.3
    rows = generator.normal(size=(2000, 2)) + 2 * labels[:, None] * [1, 0]
    weights = fit_checker(rows, labels, np.arange(2000) % 40, kept)
    supported = sigmoid(weights[0] + rows @ weights[1:]) >= 0.5
    assert supported[labels].mean() == pytest.approx(kept, abs=0.02)
    assert supported[~labels].mean() < 0.5
    assert weights[1] > 1
    assert abs(weights[2]) < 0.2


def test_weights_are_written_by_name_and_read_back(tmp_path: Path) -> None:
    file = tmp_path / "reader" / "weights.json"
    write_weights(file, ["support", "cosine"], {"same": np.array([-1.23456, 2, 0.5]), "other": np.array([0, 1.00004, 3])})
    assert json.loads(file.read_text()) == {
        "same": {"intercept": -1.2346, "support": 2.0, "cosine": 0.5},
        "other": {"intercept": 0.0, "support": 1.0, "cosine": 3.0},
    }
    assert file.read_text().endswith("}\n")
    read = read_weights(file, ["cosine", "support"])
    assert {model: row.tolist() for model, row in read.items()} == {"same": [-1.2346, 0.5, 2.0], "other": [0.0, 3.0, 1.0]}
