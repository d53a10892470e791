"""Compares two runs over the same questions: significant differences of figures, and the questions that changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import QuestionSetError
from rag.evaluation.figures import MAIN, ratios
from rag.evaluation.measures import significance
from rag.evaluation.measures.significance import Ratio
from rag.evaluation.outcome import Outcome, failure, from_dict
from rag.evaluation.questions.question_set import read_text

_YES_OR_NO = ("hit_at_1", "hit_at_5", "right", "wrongly_answered", "wrongly_refused")


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose outcome changed. `before` and `after` name what was wrong, and are empty if nothing was."""

    id: str
    question: str
    before: str
    after: str


def load(file: Path) -> list[Outcome]:
    """Loads the outcomes that `yinju eval --json` wrote.

    Raises:
        QuestionSetError: The file cannot be read, or has another content.
    """
    try:
        data = json.loads(read_text(file))
        return [from_dict(values) for values in data["outcomes"]]
    except (ValueError, RecursionError, TypeError, KeyError, QuestionSetError) as error:
        if isinstance(error, QuestionSetError) and str(file) in str(error):
            raise
        raise QuestionSetError(f"{file} is not what yinju eval --json writes ({error})") from error


def paired(a: Sequence[Outcome], b: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Returns the outcomes of the questions that both runs contain, in the order of `a`.

    Raises:
        QuestionSetError: They have no question in common.
    """
    there = {outcome.id: outcome for outcome in b}
    both = [(outcome, there[outcome.id]) for outcome in a if outcome.id in there]
    if not both:
        raise QuestionSetError("the two runs have no question in common")
    return [one for one, _ in both], [other for _, other in both]


def compare(a: Sequence[Outcome], b: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Compares the main figures over paired outcomes.

    Yes-or-no figures are tested with McNemar's exact test, the others with Fisher's randomisation test. As many figures are tested at
    once, one p-value in twenty is below 0.05 by chance; `p_adjusted` corrects for this after Holm.

    Returns:
        For each figure that both runs have: "n" (the number of questions), "a", "b", "difference", "p", "p_adjusted" and "test".
    """
    found: dict[str, dict[str, Any]] = {}
    before, after = ratios(a), ratios(b)
    for name in MAIN:
        one, other = before[name], after[name]
        if not (one[1].any() and other[1].any()):
            continue
        means = [float(above.sum() / below.sum()) for above, below in (one, other)]
        yes_or_no = name in _YES_OR_NO
        found[name] = {
            "n": int(((one[1] > 0) | (other[1] > 0)).sum()),
            "a": means[0],
            "b": means[1],
            "difference": means[1] - means[0],
            "p": _mcnemar(one, other) if yes_or_no else significance.randomisation(one, other),
            "test": "McNemar" if yes_or_no else "randomisation",
        }
    for row, adjusted in zip(found.values(), significance.holm([row["p"] for row in found.values()]), strict=True):
        row["p_adjusted"] = adjusted
    return found


def changes(a: Sequence[Outcome], b: Sequence[Outcome]) -> list[Change]:
    """Lists the questions of paired outcomes that changed, those that became worse first."""
    found = [
        Change(one.id, one.question, failure(one) or "", failure(other) or "")
        for one, other in zip(a, b, strict=True)
        if failure(one) != failure(other)
    ]
    return sorted(found, key=lambda change: (bool(change.before), not change.after))


def _mcnemar(one: Ratio, other: Ratio) -> float:
    both = (one[1] > 0) & (other[1] > 0)
    lost, won = (one[0] > other[0]) & both, (one[0] < other[0]) & both
    return significance.mcnemar(int(lost.sum()), int(won.sum()))
