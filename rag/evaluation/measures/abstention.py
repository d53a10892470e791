"""How well a system knows what it cannot answer, by scikit-learn where it has the measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

_BINS = 10

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Values = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Abstention:
    """Measures between 0 and 1; None where there is nothing to reckon them from.

    `refusal_…` are of refusing, where the questions that the documents do not answer are those to be refused. `auroc` is how
    often a question that they answer gets a higher confidence than one that they do not. `aurc` is the area under the
    risk-coverage curve, lower being better; `ece` the expected calibration error of the confidence as the probability that they
    answer.
    """

    refusal_precision: float | None
    refusal_recall: float | None
    refusal_f1: float | None
    auroc: float | None
    aurc: float | None
    ece: float | None


def measure(answerable: Flags, abstained: Flags, confidence: Values, right: Flags) -> Abstention:
    """Reckons them, from one value a question.

    Args:
        answerable: Whether the documents answer it.
        abstained: Whether it was refused.
        confidence: Between 0 and 1, also of what was refused.
        right: Whether the answer is right, or would be right had it not been held back.
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
        calibration_error(confidence, answerable) if len(right) else None,
    )


def risk_coverage(confidence: Values, right: Flags) -> Values:
    """Coverage and risk `(questions, 2)`: the share answered down to each confidence, and the share of those that is wrong.

    After El-Yaniv and Wiener (2010), "On the Foundations of Noise-free Selective Classification". The mean of the risks is the
    area under the curve of Geifman et al. (2019), "Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers".
    """
    answered = np.arange(1, len(confidence) + 1)
    wrong = np.cumsum(~right[np.argsort(-confidence, kind="stable")])
    return np.stack([answered / len(confidence), wrong / answered], axis=1)


def calibration_error(confidence: Values, happened: Flags) -> float:
    """How far confidence and share of what happened lie apart in ten bins of equal width, weighed by their size.

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
