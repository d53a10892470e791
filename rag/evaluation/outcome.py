"""The outcome of a question, and the kinds and stages of failures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from rag.errors import QuestionSetError
from rag.evaluation.measures.citing import CitationScores

Failure = Literal["wrongly answered", "wrongly refused", "not right", "off the evidence"]
"""The faults of an answer, the most serious first."""

Stage = Literal["retrieval", "reading", "refusal", "composing"]
"""The stage that failed. Retrieval: no relevant passage was found. Reading: the passage was found, but not the answer in it. Refusal:
the threshold decided wrongly. Composing: the right sentence was found, but is not in the answer."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found; `passage` is its name in a ranking."""

    passage: str
    title: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class BestSentence:
    """The sentence that the reader supports most: its confidence, correctness, and the match of its answer span."""

    confidence: float
    right: bool
    exact_match: float
    f1: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one question.

    `pair` is the language of the question and that of its evidence, such as "en->zh". `rank` is the rank of the first passage that
    contains evidence, None without such a passage. `right` is True if the answer contains an accepted string; questions without accepted
    strings are never right and do not count. `citations` and its variants are counts. `expected` contains the accepted strings.

    The other values are there only if the outcome was examined. `relevant` gives the grades of the relevant passages; `rankings`
    gives the passages that each stage of the search found, by the stage's name, and its last key is "reranked". `gold` is the
    reader's best sentence, given the relevant passages alone. `best_right` is True if the sentence that the reader supports most is
    right, even if it was withheld. `exact_match` and `f1` are those of the answer span, or of the whole answer of a language model.
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
    """Returns the most serious fault of an answer, None for a good one.

    A right answer is "off the evidence" if any of its citations is.
    """
    if outcome.answerable == outcome.abstained:
        return "wrongly refused" if outcome.answerable else "wrongly answered"
    if not outcome.answerable:
        return None
    if outcome.expected and not outcome.right:
        return "not right"
    return "off the evidence" if outcome.citations_on_evidence < outcome.citations else None


def stage(outcome: Outcome) -> Stage | None:
    """Returns the stage that failed, None if the answer is not wrong."""
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
    """Rebuilds an outcome from `dataclasses.asdict`, also after it went through JSON.

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
