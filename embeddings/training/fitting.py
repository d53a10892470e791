"""Fits the logistic models that turn features into probabilities: the sentence reader's and the claim checker's.

Both ship as JSON beside the bundled reader. `tests/benchmarks/fit_reader.py` and `fit_checker.py` gather the features with `rag` and
measure the result; this module only sees arrays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

Numbers = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
Integers = np.ndarray[Any, np.dtype[np.int64]]

SAME, OTHER = "same", "other"
"""The names of the two models: for text in the language of the question or claim, and for text in the other language."""

_FOLDS = 5
_NO_CANDIDATE = -20.0
_DECIMALS = 4
_PENALTY = 0.01


@dataclass(frozen=True, slots=True)
class ReaderFit:
    """A fitted sentence reader.

    Attributes:
        model: Weights `(2 * (1 + features),)` of the columns of `reader_columns`, before calibration.
        held_out: The logit of each row from a model that was fitted without the row's question.
        slope: Factor from the logit of a question's best sentence to the logit of the probability that the question is answerable.
        intercept: Summand of the same.
        threshold: The logit below which the requested share of the answerable questions would be refused.
    """

    model: Numbers
    held_out: Numbers
    slope: float
    intercept: float
    threshold: float

    def confidence(self, logit: float) -> float:
        """Returns the probability that a question is answerable, from the logit of its best sentence."""
        return float(1 / (1 + np.exp(-(self.slope * logit + self.intercept))))

    def weights(self) -> dict[str, Numbers]:
        """Returns intercept and weights `(1 + features,)` of both models.

        The calibration is included: the support of a question's best sentence is the confidence.
        """
        same, other = self.slope * self.model.reshape(2, -1)
        same[0] += self.intercept
        other[0] += self.intercept
        return {SAME: same, OTHER: other}


def fit_reader(
    rows: Numbers, same: Flags, labels: Flags, groups: Integers, *, answerable: Flags, wrongly_refused: float = 0.05
) -> ReaderFit:
    """Fits the weights of sentences, and calibrates them on logits from five-fold cross-validation over the questions.

    The weights make the sentences that answer a question likely among all sentences of its question: a conditional logit model (McFadden,
    1974, "Conditional logit analysis of qualitative choice behavior"). Only the calibration learns from unanswerable questions.

    Args:
        rows: Features `(sentences, features)`.
        same: Whether a sentence is in the language of its question.
        labels: Whether a sentence contains the evidence.
        groups: The number of each sentence's question.
        answerable: Whether the documents answer a question, by its number.
        wrongly_refused: The share of answerable questions that the threshold may refuse.
    """
    # The penalty treats all features alike.
    center, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    columns = reader_columns((rows - center) / spread, same)
    held_out = cross_validated(columns, labels, groups, _fit_reader)
    model = _fit_reader(columns, labels, groups).reshape(2, -1)
    model[:, 1:] /= spread
    model[:, 0] -= model[:, 1:] @ center
    best, _ = best_sentences(held_out, labels, groups, len(answerable))
    confidence = LogisticRegression(C=100.0).fit(best[:, None], answerable)
    return ReaderFit(
        model.ravel(),
        held_out,
        float(confidence.coef_[0, 0]),
        float(confidence.intercept_[0]),
        float(np.quantile(best[answerable], wrongly_refused)),
    )


def reader_columns(rows: Numbers, same: Flags) -> Numbers:
    """Returns an intercept and the features, once for each model, `(sentences, 2 * (1 + features))`.

    The columns of the model that does not apply are zero, so one fit gives both models.
    """
    with_one = _with_intercept(rows)
    return np.hstack([with_one * same[:, None], with_one * ~same[:, None]])


def best_sentences(logits: Numbers, labels: Flags, groups: Integers, questions: int) -> tuple[Numbers, Flags]:
    """Finds the sentence with the highest logit for each question; the first of several.

    Returns:
        Its logit, -20 for a question without sentences, and whether it contains the evidence, both `(questions,)`.
    """
    best, right = np.full(questions, _NO_CANDIDATE), np.zeros(questions, bool)
    for logit, label, group in zip(logits, labels, groups, strict=True):
        if logit > best[group]:
            best[group], right[group] = logit, label
    return best, right


def fit_checker(rows: Numbers, labels: Flags, groups: Integers, kept: float = 0.95) -> Numbers:
    """Fits the weights of claims so that faithful ones reach a support of 0.5.

    Faithful and unfaithful claims weigh the same in the fit. The intercept is then set by five-fold cross-validation over the groups.

    Args:
        rows: Features `(claims, features)`.
        labels: Whether a claim is faithful to its evidence.
        groups: The number of the document that a claim was made from.
        kept: The share of faithful claims whose support is to be at least 0.5.

    Returns:
        Intercept and weights `(1 + features,)`.
    """
    columns = _with_intercept(rows)
    held_out = cross_validated(columns, labels, groups, _fit_checker)
    weights = _fit_checker(columns, labels, groups)
    weights[0] -= np.quantile(held_out[labels], 1 - kept)
    return weights


def cross_validated(
    columns: Numbers, labels: Flags, groups: Integers, fit: Callable[[Numbers, Flags, Integers], Numbers]
) -> Numbers:
    """Returns the logit of each row from weights that `fit` found without any row of the same group, in five folds."""
    logits = np.zeros(len(columns))
    for train, test in GroupKFold(_FOLDS).split(columns, groups=groups):
        logits[test] = columns[test] @ fit(columns[train], labels[train], groups[train])
    return logits


def read_weights(file: Path, features: Sequence[str]) -> dict[str, Numbers]:
    """Reads what `write_weights` wrote: for each model, intercept and weights in the order of `features`."""
    values = json.loads(file.read_text(encoding="utf-8"))
    return {model: np.array([named[name] for name in ("intercept", *features)]) for model, named in values.items()}


def write_weights(file: Path, features: Sequence[str], weights: Mapping[str, Numbers]) -> None:
    """Writes the weights as JSON, by model and by the name of the feature, with four decimals."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(described(features, weights) + "\n", encoding="utf-8")


def described(features: Sequence[str], weights: Mapping[str, Numbers]) -> str:
    """Returns the weights as the JSON text that `write_weights` writes."""
    names = ("intercept", *features)
    values = {
        model: {name: round(float(weight), _DECIMALS) for name, weight in zip(names, row, strict=True)}
        for model, row in weights.items()
    }
    return json.dumps(values, indent=1)


def _with_intercept(rows: Numbers) -> Numbers:
    return np.hstack([np.ones((len(rows), 1)), rows])


def _fit_reader(columns: Numbers, labels: Flags, groups: Integers) -> Numbers:
    questions = [np.flatnonzero(groups == group) for group in np.unique(groups[labels])]

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        """Returns the mean negative log likelihood of the sentences that answer, with the penalty, and the gradient."""
        logits = columns @ weights
        total, gradient = 0.0, np.zeros_like(weights)
        for rows in questions:
            right = rows[labels[rows]]
            total += logsumexp(logits[rows]) - logsumexp(logits[right])
            gradient += softmax(logits[rows]) @ columns[rows] - softmax(logits[right]) @ columns[right]
        penalty = _PENALTY * weights
        return float(total / len(questions) + weights @ penalty), gradient / len(questions) + 2 * penalty

    found = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B")
    return np.asarray(found.x)


def _fit_checker(columns: Numbers, labels: Flags, _groups: Integers) -> Numbers:
    rows = columns[:, 1:]  # scikit-learn adds the intercept and leaves it out of the penalty
    scale = _scale(rows)
    model = LogisticRegression(class_weight="balanced", max_iter=5000).fit(rows / scale, labels)
    return np.concatenate([model.intercept_, model.coef_[0] / scale])


def _scale(columns: Numbers) -> Numbers:
    """Returns each column's spread, so that the penalty treats all columns alike."""
    return np.asarray(columns.std(axis=0) + 1e-9)
