"""What came of a question, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from rag.errors import QuestionSetError
from rag.evaluation.measures.citing import CitationScores

Failure = Literal["wrongly answered", "wrongly refused", "not right", "off the evidence"]
"""What is wrong with an answer, the gravest first."""

Stage = Literal["retrieval", "reading", "refusal", "composing"]
"""Where it went wrong: the passage was not found; it was found and not understood; it was understood, or there was nothing to
understand, and the threshold decided wrongly; the right sentence was found and not said."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, the best first; `passage` is what it is called in a ranking."""

    passage: str
    title: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class BestSentence:
    """The sentence that the reader supports most: how surely, whether it is right, and how well the span in it fits."""

    confidence: float
    right: bool
    exact_match: float
    f1: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one question.

    `pair` is the question's language and that of its evidence, such as "en->zh". `rank` is the rank of the first passage
    that holds evidence, None when none does. `right` is whether the answer holds an accepted string; a question without any
    is never right and does not count. `citations` and the like are counts. `expected` are the accepted strings.

    `relevant` are the grades of the relevant passages, and `rankings` what each stage of the search found, by its name; the last
    is "reranked"; without them, `rank` is all that is known. `gold` is what the reader makes of the relevant passages alone.
    `best_right` is whether the sentence that the reader supports most is right, also where it was held back. `exact_match` and
    `f1` are of the span in it; of what a language model says they are of the whole.
    """

    id: str
    pair: str
    kind: str
    question: str
    answerable: bool
    rank: int | None
    right: bool
    abstained: bool
    citations: int
    citations_on_evidence: int
    citations_exact: int
    confidence: float
    seconds: float
    answer: str
    expected: tuple[str, ...] = ()
    best_right: bool | None = None
    exact_match: float | None = None
    f1: float | None = None
    cited: CitationScores = field(default_factory=CitationScores)
    relevant: Mapping[str, int] = field(default_factory=dict)
    rankings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hits: tuple[Hit, ...] = ()
    gold: BestSentence | None = None


def failure(outcome: Outcome) -> Failure | None:
    """The gravest that is wrong with an answer, None when all is well.

    An answer that is right is "off the evidence" when any of its citations is.
    """
    if outcome.answerable == outcome.abstained:
        return "wrongly refused" if outcome.answerable else "wrongly answered"
    if not outcome.answerable:
        return None
    if outcome.expected and not outcome.right:
        return "not right"
    return "off the evidence" if outcome.citations_on_evidence < outcome.citations else None


def stage(outcome: Outcome) -> Stage | None:
    """The stage at which it went wrong; None when all is well."""
    wrong = failure(outcome)
    if wrong is None:
        return None
    if wrong == "wrongly answered":
        return "refusal"
    if outcome.rank is None:
        return "retrieval"
    if wrong == "wrongly refused":
        understood = outcome.best_right or (outcome.gold is not None and outcome.gold.right)
        return "refusal" if understood else "reading"
    if wrong == "not right":
        return "composing" if outcome.best_right else "reading"
    return "composing" if outcome.citations_on_evidence else "reading"


def from_dict(values: Mapping[str, Any]) -> Outcome:
    """The outcome that `dataclasses.asdict` gave, also when it went through JSON.

    Raises:
        QuestionSetError: The values are not those of an outcome.
    """
    known = {each.name for each in fields(Outcome)}
    try:
        plain = {name: value for name, value in values.items() if name in known}
        plain["expected"] = tuple(plain.get("expected", ()))
        plain["rankings"] = {name: tuple(ranking) for name, ranking in plain.get("rankings", {}).items()}
        plain["hits"] = tuple(Hit(**hit) for hit in plain.get("hits", ()))
        plain["cited"] = CitationScores(**plain.get("cited", {}))
        plain["gold"] = BestSentence(**plain["gold"]) if plain.get("gold") else None
        return Outcome(**plain)
    except (TypeError, AttributeError) as error:
        raise QuestionSetError(f"not an outcome of yinju eval ({error})") from error
