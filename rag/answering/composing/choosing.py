"""Chooses the sentences of an answer, and the places that each of them cites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag.answering.agreement import Agreement, Place, Relation, is_same_frame
from rag.answering.composing.short_answers import SUPPORTED
from rag.answering.expectations import Expectation, QuestionKind, expectation
from rag.answering.reading import Reading, odds
from rag.text import quantities
from rag.text.language import language_of

# A sentence is shown if its odds are at least this share of those of the best one.
_NEAR_BEST: dict[QuestionKind, float] = {"quantity": 0.3, "fact": 0.3, "list": 0.4, "open": 0.5}
_PREFERRED = 0.6
# Where the best sentence lacks the quantity asked for, one of its section that gives one needs only this much support.
_LEAST_WITH_QUANTITY = 0.3
_MAX_SENTENCES: dict[QuestionKind, int] = {"quantity": 2, "fact": 2, "list": 50, "open": 2}


@dataclass(slots=True)
class Group:
    """A sentence to show, and the places to cite with it.

    `same` contain all that the sentence says. `agreeing` only contain the same value, and are cited for the value alone.
    `is_rival` says that a sentence shown before it makes the same statement with another value or of another subject.
    """

    first: Place
    is_rival: bool = False
    same: list[Place] = field(default_factory=list)
    agreeing: list[Place] = field(default_factory=list)

    def add(self, place: Place, relation: Relation) -> None:
        """Adds a place to cite, unless it adds nothing or its document is cited already."""
        cited = (self.first, *self.same, *self.agreeing)
        if relation != "adds nothing" and all(place.document_id != other.document_id for other in cited):
            (self.same if relation == "same" else self.agreeing).append(place)


def choose(
    agreement: Agreement, question: str, kind: QuestionKind, readings: Sequence[Reading], max_sentences: int
) -> tuple[list[Group], int]:
    """Chooses the sentences to show, and counts the places with other answers for which there is no room.

    The best supported comes first, but those of a list are in the order of the documents.
    """
    groups: list[Group] = []
    unlisted = 0
    language = language_of(question)
    for place in _candidates(agreement, question, kind, readings):
        if groups and kind in ("list", "open") and place.language != language == groups[0].first.language:
            continue
        if groups and kind == "quantity" and not _has_number(place):
            continue
        relations = [agreement.relation(group.first, place, value_asked=kind == "quantity") for group in groups]
        known = next((i for i, relation in enumerate(relations) if relation in ("same", "agrees", "adds nothing")), None)
        if known is not None:
            groups[known].add(place, relations[known])
            continue
        is_rival = "rival" in relations
        if len(groups) < (max_sentences if is_rival else min(_MAX_SENTENCES[kind], max_sentences)):
            groups.append(Group(place, is_rival))
        elif is_rival and kind in ("quantity", "fact"):
            unlisted += 1
    if kind == "list":
        documents = list(dict.fromkeys(group.first.document_id for group in groups))
        groups.sort(key=lambda group: (documents.index(group.first.document_id), group.first.sentence.start))
    return groups, unlisted


def _candidates(agreement: Agreement, question: str, kind: QuestionKind, readings: Sequence[Reading]) -> list[Place]:
    """Finds the sentences that are nearly as well supported as the best, best first.

    A supported sentence that makes the same statement as the best one is included however well that is supported, since it may
    give another value. A sentence is left out if another one is about more of what the question names: for a question about
    2022, the sentence of the report on 2021.
    """
    ranked = sorted(((r, s) for r in readings for s in r.sentences), key=lambda place: -place[1].support)
    least = odds(ranked[0][1].support) * _NEAR_BEST[kind]
    near = [agreement.place(question, r, s) for r, s in ranked if odds(s.support) >= least]
    others = [agreement.place(question, r, s) for r, s in ranked[len(near) :] if s.support >= _LEAST_WITH_QUANTITY]
    expected = expectation(question)
    if expected.quantity and not any(_gives(expected, place) for place in near):
        section = near[0].document_id, near[0].section
        near += [p for p in others if (p.document_id, p.section) == section and _gives(expected, p)]
    others = [place for place in others if place not in near and place.sentence.support >= SUPPORTED]
    rivals = [place for place in others if place.covered >= near[0].covered and is_same_frame(place, near[0])]
    everything = agreement.terms(question)
    single = kind in ("quantity", "fact") or expected.phrase

    def is_outdone(place: Place, other: Place) -> bool:
        if not place.covered < other.covered or (expected.quantity and _gives(expected, place) and not _gives(expected, other)):
            return False
        return is_same_frame(place, other) or (
            single and other.covered == everything and (kind != "quantity" or _has_number(other) >= _has_number(place))
        )

    candidates = _preferred(question, expected, near) + rivals
    if expected.attribute:
        candidates = [place for place in candidates if expected.attribute.search(place.sentence.text)] or candidates
    return [place for place in candidates if not any(is_outdone(place, other) for other in candidates)]


def _preferred(question: str, expected: Expectation, places: list[Place]) -> list[Place]:
    """Orders sentences of much the same support: those in the language of the question first, and those that give a quantity asked for."""
    language = language_of(question)
    least = _PREFERRED * odds(places[0].sentence.support)
    return sorted(
        places,
        key=lambda place: (
            bool(expected.quantity) and not _gives(expected, place),
            not (place.language == language and odds(place.sentence.support) >= least),
        ),
    )


def _gives(expected: Expectation, place: Place) -> bool:
    return expected.is_given_in(place.sentence.text, place.language)


def _has_number(place: Place) -> bool:
    """Returns whether a sentence contains a quantity, or a time, a rank or a code in digits."""
    return bool(re.search(r"\d", place.sentence.text) or quantities.find(place.sentence.text, place.language))
