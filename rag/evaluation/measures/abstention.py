"""Measures of abstention: does the system refuse what it cannot answer. Uses scikit-learn where it has the measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_BINS = 10

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Values = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Abstention:
    """Measures between 0 and 1; None if there are no questions to compute them from.

    `refusal_precision`, `refusal_recall` and `refusal_f1` take the unanswerable questions as those to be refused. `auroc` is the
    probability that an answerable question gets a higher confidence than an unanswerable one. `aurc` is the area under the
    risk-coverage curve; lower is better. `ece` is the expected calibration error of the confidence as the probability that an
    answer is right, over the questions that were answered.
    """

    refusal_precision: float | None
    refusal_recall: float | None
    refusal_f1: float | None
    auroc: float | None
    aurc: float | None
    ece: float | None


def measure(answerable: Flags, abstained: Flags, confidence: Values, right: Flags) -> Abstention:
    """Computes the measures from one value for each question.

    Args:
        answerable: True if the documents answer the question.
        abstained: True if it was refused.
        confidence: Between 0 and 1, also for refused questions.
        right: True if the answer is right, or would have been right without the refusal.
    """
    from sklearn.metrics import precision_recall_fscore_support, roc_auc_score

    precision = recall = f_score = auroc = None
    if not answerable.all():
        precision, recall, f_score, _ = precision_recall_fscore_support(
            ~answerable, abstained, average="binary", pos_label=True, zero_division=0
        )
    if 0 < answerable.sum() < len(answerable):
        auroc = float(roc_auc_score(answerable, confidence))
    return Abstention(
        _plain(precision),
        _plain(recall),
        _plain(f_score),
        auroc,
        float(risk_coverage(confidence, right)[:, 1].mean()) if len(right) else None,
        calibration_error(confidence[~abstained], right[~abstained]) if not abstained.all() else None,
    )


def risk_coverage(confidence: Values, right: Flags) -> Values:
    """Computes coverage and risk `(questions, 2)`: the share answered down to each confidence, and the share of these that is wrong.

    After El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective Classification". The mean of the risks is the
    area under the curve of Geifman et al. (2019), "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers".
    """
    answered = np.arange(1, len(confidence) + 1)
    wrong = np.cumsum(~right[np.argsort(-confidence, kind="stable")])
    return np.stack([answered / len(confidence), wrong / answered], axis=1)


def calibration_error(confidence: Values, happened: Flags) -> float:
    """Computes the mean distance between confidence and observed frequency over ten bins of equal width, weighted by size.

    After Guo et al. (2017), "On Calibration of Modern Neural Networks".
    """
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [
        abs(float(confidence[bins == b].mean() - happened[bins == b].mean())) * float((bins == b).mean())
        for b in set(bins.tolist())
    ]
    return float(sum(gaps))


def _plain(value: Any) -> float | None:
    return None if value is None else float(value)
