"""How sure figures are, and whether two runs differ: resampling with a fixed seed, and exact tests."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import Any

import numpy as np

SEED = 2026
RESAMPLES = 2000
_AT_ONCE = 200

Values = np.ndarray[Any, np.dtype[np.float64]]


def interval(numerators: Values, denominators: Values, seed: int = SEED) -> tuple[float, float] | None:
    """The 95% percentile bootstrap interval of a ratio of sums over questions (Efron and Tibshirani, 1993).

    Args:
        numerators: What each question adds above, `(questions,)`.
        denominators: What it adds below: 1 for a mean, 0 for a question that the figure is not about.
        seed: Of the resampling.

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


def randomisation(one: Values, other: Values, seed: int = SEED) -> float:
    """The two-sided p-value that two systems have the same mean over the same questions (Smucker et al., 2007).

    Fisher's randomisation test: how often the means lie at least as far apart when it is left to chance, for each question,
    which system a value is from.
    """
    differences = other - one
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    observed = abs(differences.sum()) - 1e-12
    chance = np.random.default_rng(seed)
    extreme = 0
    for _ in range(10_000 // _AT_ONCE):
        signs = chance.choice((-1.0, 1.0), size=(_AT_ONCE, len(differences)))
        extreme += int((abs(signs @ differences) >= observed).sum())
    return (extreme + 1) / (10_000 + 1)


def mcnemar(lost: int, won: int) -> float:
    """The two-sided p-value of McNemar's exact test: of the questions that changed, `lost` became wrong and `won` right."""
    changed = lost + won
    if not changed:
        return 1.0
    tail = sum(comb(changed, count) for count in range(min(lost, won) + 1))
    return min(1.0, float(Fraction(2 * tail, 2**changed)))
