"""Two runs over the same questions: which figures differ more than chance would, and which questions changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import QuestionSetError
from rag.evaluation import significance
from rag.evaluation.figures import MAIN, Ratio, ratios
from rag.evaluation.outcome import Outcome, failure, from_dict
from rag.evaluation.question_set import read_text

_YES_OR_NO = ("hit_at_1", "hit_at_5", "right", "wrongly_answered", "wrongly_refused")


@dataclass(frozen=True, slots=True)
class Change:
    """A question of which something else came; `before` and `after` say what was wrong, and are empty when nothing was."""

    id: str
    question: str
    before: str
    after: str


def load(file: Path) -> list[Outcome]:
    """The outcomes that `yinju eval --json` wrote.

    Raises:
        QuestionSetError: The file cannot be read, or is something else.
    """
    try:
        data = json.loads(read_text(file))
        return [from_dict(values) for values in data["outcomes"]]
    except (ValueError, RecursionError, TypeError, KeyError, QuestionSetError) as error:
        if isinstance(error, QuestionSetError) and str(file) in str(error):
            raise
        raise QuestionSetError(f"{file} is not what yinju eval --json writes ({error})") from error


def paired(a: Sequence[Outcome], b: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """The outcomes of the questions that both have, in the order of `a`.

    Raises:
        QuestionSetError: They have none in common.
    """
    there = {outcome.id: outcome for outcome in b}
    both = [(outcome, there[outcome.id]) for outcome in a if outcome.id in there]
    if not both:
        raise QuestionSetError("the two runs have no question in common")
    return [one for one, _ in both], [other for _, other in both]


def compare(a: Sequence[Outcome], b: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """How the main figures differ over paired outcomes.

    The p-value is of McNemar's exact test for what is yes or no, else of Fisher's randomisation test on the questions' own
    values. Many figures are tested at once: one p of 0.05 among a dozen is to be expected by chance.

    Returns:
        For each figure that both have "n", "a", "b", "difference", "p" and "test".
    """
    found = {}
    before, after = ratios(a), ratios(b)
    for name in MAIN:
        one, other, counted = _values(before[name], after[name])
        if not counted:
            continue
        yes_or_no = name in _YES_OR_NO
        if yes_or_no:
            p = significance.mcnemar(int((one > other).sum()), int((one < other).sum()))
        else:
            p = significance.randomisation(one, other)
        means = float(one.mean()), float(other.mean())
        found[name] = {
            "n": counted,
            "a": means[0],
            "b": means[1],
            "difference": means[1] - means[0],
            "p": p,
            "test": "McNemar" if yes_or_no else "randomisation",
        }
    return found


def changes(a: Sequence[Outcome], b: Sequence[Outcome]) -> list[Change]:
    """The questions of paired outcomes of which something else came, those that became worse first."""
    found = [
        Change(one.id, one.question, failure(one) or "", failure(other) or "")
        for one, other in zip(a, b, strict=True)
        if failure(one) != failure(other)
    ]
    return sorted(found, key=lambda change: (bool(change.before), not change.after))


def _values(before: Ratio, after: Ratio) -> tuple[Any, Any, int]:
    """Each question's own share in both runs, of the questions that the figure is about in both."""
    counted = (before[1] > 0) & (after[1] > 0)
    one, other = (np.asarray(above[counted] / below[counted]) for above, below in (before, after))
    return one, other, int(counted.sum())
