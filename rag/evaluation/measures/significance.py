"""Confidence intervals of figures and tests for differences of runs: resampling with a fixed seed, and exact tests."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

SEED = 2026
RESAMPLES = 2000
_AT_ONCE = 200

Values = np.ndarray[Any, np.dtype[np.float64]]
Ratio = tuple[Values, Values]
"""The numerators and denominators of a figure, `(questions,)` each. The figure is the ratio of their sums."""


def interval(numerators: Values, denominators: Values, seed: int = SEED) -> tuple[float, float] | None:
    """Computes the 95% percentile bootstrap interval of a ratio of sums over questions (Efron and Tibshirani, 1993).

    Args:
        numerators: What each question adds above, `(questions,)`.
        denominators: What it adds below: 1 for a mean, 0 for a question that the figure is not about.
        seed: The seed of the resampling.

    Returns:
        None when the questions add nothing below.
    """
    counted = denominators != 0
    numerators, denominators = numerators[counted], denominators[counted]
    if not len(numerators):
        return None
    chance = np.random.default_rng(seed)
    ratios: list[Values] = []
    for _ in range(RESAMPLES // _AT_ONCE):
        drawn = chance.integers(len(numerators), size=(_AT_ONCE, len(numerators)))
        ratios.append(numerators[drawn].sum(axis=1) / denominators[drawn].sum(axis=1))
    low, high = np.quantile(np.concatenate(ratios), [0.025, 0.975])
    return float(low), float(high)


def randomisation(one: Ratio, other: Ratio, seed: int = SEED) -> float:
    """Tests whether a figure is the same for two systems over the same questions; two-sided p-value (Smucker et al., 2007).

    Fisher's randomisation test: how often the figures lie at least as far apart when it is left to chance, for each question,
    which system what it adds is from.
    """
    totals = np.array([[values.sum() for values in system] for system in (one, other)])
    gained = np.stack([other[part] - one[part] for part in (0, 1)], axis=1)
    gained = gained[gained.any(axis=1)]
    if not len(gained):
        return 1.0
    observed = _apart(totals[0], totals[1]) - 1e-12
    chance = np.random.default_rng(seed)
    extreme = 0
    for _ in range(10_000 // _AT_ONCE):
        swapped = chance.integers(2, size=(_AT_ONCE, len(gained))) @ gained
        extreme += int((_apart(totals[0] + swapped, totals[1] - swapped) >= observed).sum())
    return (extreme + 1) / (10_000 + 1)


def _apart(one: Values, other: Values) -> Values:
    """Returns the distance of two ratios. The last axis contains numerator and denominator; 0 / 0 counts as 0."""
    shares = [
        np.divide(each[..., 0], each[..., 1], out=np.zeros(each.shape[:-1]), where=each[..., 1] > 0) for each in (one, other)
    ]
    return np.asarray(abs(shares[0] - shares[1]))


def mcnemar(lost: int, won: int) -> float:
    """Computes the two-sided p-value of McNemar's exact test, where `lost` questions became wrong and `won` became right."""
    changed = lost + won
    if not changed:
        return 1.0
    tail = sum(comb(changed, count) for count in range(min(lost, won) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**changed)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusts p-values, in their order, for being tested together (Holm, 1979).

    Of figures that do not differ, one adjusted p-value below 0.05 or more comes up in at most 5 of 100 comparisons.
    """
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for done, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - done) * p_values[place]))
        adjusted[place] = highest
    return adjusted
