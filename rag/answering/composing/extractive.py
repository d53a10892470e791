"""The extractive composer: chooses, orders and cites the documents' own sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from rag.answering.agreement import Agreement, Place, Relation, is_same_frame
from rag.answering.citations import marker, quoted
from rag.answering.composing.base import Composition, GetDocument, Statement
from rag.answering.composing.question_kinds import QuestionKind, kind_of
from rag.answering.composing.short_answers import SUPPORTED, short_answer
from rag.answering.composing.wording import framed, labels
from rag.answering.reading import Reading
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.types import Citation, Language

# A sentence is shown if its odds are at least this share of those of the best one.
_NEAR_BEST: dict[QuestionKind, float] = {"quantity": 0.3, "fact": 0.3, "list": 0.4, "open": 0.5}
_MAX_SENTENCES: dict[QuestionKind, int] = {"quantity": 2, "fact": 2, "list": 50, "open": 2}
_SEMICOLON: dict[Language, str] = {"zh": "；", "en": "; "}
_MORE_VALUES: dict[Language, str] = {
    "zh": "另有{}处给出了别的说法，没有一一列出；可以在问题里写明是哪一份、哪一年或哪一处。",
    "en": "The documents give other answers in further places ({}), which are not listed; name the document, year or place that you mean.",
}


@dataclass(slots=True)
class _Group:
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


@dataclass(frozen=True, slots=True)
class _Entry:
    """A sentence of the answer: what tells it apart from the others, its fact alone, and its citations.

    The first `supporting` citations contain the whole sentence, the others only its fact.
    """

    label: str
    short: str
    citations: tuple[Citation, ...]
    supporting: int
    language: Language
    is_rival: bool

    def fact(self, labelled: bool) -> str:
        """Returns the fact alone with its markers."""
        return (self.label if labelled else "") + self.short + _markers(self.citations)

    def sentence(self, language: Language) -> str:
        """Returns the quoted sentence with its markers, its quantities converted unless the fact stands above it."""
        quote = framed(self.citations[0].quote, self.language, language, convert=not self.short)
        return self.label + quote + _markers(self.citations[: self.supporting])


class ExtractiveComposer:
    """Answers in the documents' own sentences."""

    def __init__(self, analyzer: Analyzer | None = None) -> None:
        self._agreement = Agreement(analyzer or Analyzer())

    def compose(
        self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument, max_sentences: int
    ) -> Composition:
        """Quotes the sentences that answer, each with its citations; for a fact, the fact alone stands before them.

        Where documents, or sections of one, give different answers, each is shown with what tells it apart.
        """
        kind = kind_of(question)
        groups, unlisted = self._choose(question, kind, readings, max_sentences)
        entries = _entries(kind, groups, language, document)
        return Composition(tuple(_statements(entries, language)), (_MORE_VALUES[language].format(unlisted),) if unlisted else ())

    def _choose(
        self, question: str, kind: QuestionKind, readings: Sequence[Reading], max_sentences: int
    ) -> tuple[list[_Group], int]:
        """Chooses the sentences to show, and counts the places with other answers for which there is no room.

        For a fact the best supported comes first; else they are in the order of the documents.
        """
        groups: list[_Group] = []
        unlisted = 0
        for place in self._candidates(question, kind, readings):
            if groups and kind == "quantity" and not _has_number(place):
                continue
            relations = [self._agreement.relation(group.first, place, value_asked=kind == "quantity") for group in groups]
            known = next((i for i, relation in enumerate(relations) if relation in ("same", "agrees", "adds nothing")), None)
            if known is not None:
                groups[known].add(place, relations[known])
                continue
            is_rival = "rival" in relations
            if len(groups) < (max_sentences if is_rival else min(_MAX_SENTENCES[kind], max_sentences)):
                groups.append(_Group(place, is_rival))
            elif is_rival and kind in ("quantity", "fact"):
                unlisted += 1
        if kind in ("list", "open"):
            documents = list(dict.fromkeys(group.first.document_id for group in groups))
            groups.sort(key=lambda group: (documents.index(group.first.document_id), group.first.sentence.start))
        return groups, unlisted

    def _candidates(self, question: str, kind: QuestionKind, readings: Sequence[Reading]) -> list[Place]:
        """Finds the sentences that are nearly as well supported as the best, best first.

        A supported sentence that makes the same statement as the best one is included however well that is supported, since it
        may give another value. A sentence is left out if another one is about more of what the question names: for a question
        about 2022, the sentence of the report on 2021.
        """
        ranked = sorted(((r, s) for r in readings for s in r.sentences), key=lambda place: -place[1].support)
        least = _odds(ranked[0][1].support) * _NEAR_BEST[kind]
        near = [self._agreement.place(question, r, s) for r, s in ranked if _odds(s.support) >= least]
        others = [self._agreement.place(question, r, s) for r, s in ranked[len(near) :] if s.support >= SUPPORTED]
        rivals = [place for place in others if place.covered >= near[0].covered and is_same_frame(place, near[0])]
        everything = self._agreement.terms(question)
        single = kind in ("quantity", "fact")

        def is_outdone(place: Place, other: Place) -> bool:
            if not place.covered < other.covered:
                return False
            return is_same_frame(place, other) or (
                single and other.covered == everything and _has_number(other) >= _has_number(place)
            )

        candidates = near + rivals
        return [place for place in candidates if not any(is_outdone(place, other) for other in candidates)]


def _entries(kind: QuestionKind, groups: Sequence[_Group], language: Language, document: GetDocument) -> list[_Entry]:
    """Labels the sentences where that is needed, and numbers their citations in order."""
    sources = [document(group.first.document_id) for group in groups]
    labelled = kind == "quantity" or any(group.is_rival for group in groups)
    places = [(source, group.first.section) for source, group in zip(sources, groups, strict=True)]
    names = labels(places, language) if labelled else [""] * len(groups)
    entries, number = [], 1
    for group, source, label, short in zip(groups, sources, names, _short_answers(kind, groups, language), strict=True):
        sentences = [group.first, *group.same]
        cited = [*sentences, *group.agreeing] if short else sentences
        citations = tuple(_cited(cited, number, document))
        number += len(citations)
        entries.append(_Entry(label, short, citations, len(sentences), source.language, group.is_rival))
    return entries


def _statements(entries: Sequence[_Entry], language: Language) -> Iterator[Statement]:
    """Puts the facts on the first line, and the sentences below them, as a list if there are more than two."""
    contested, many = any(entry.is_rival for entry in entries), len(entries) > 2
    facts = _SEMICOLON[language].join(entry.fact(contested) for entry in entries if entry.short)
    for place, entry in enumerate(entries):
        text = entry.sentence(language)
        if many and (place or contested or not facts):
            text = f"- {text}"
        if place:
            # The first line has the markers of a fact already.
            yield Statement(("\n" if many else "\n\n") + text, () if entry.short else entry.citations)
        else:
            cited_above = chain.from_iterable(other.citations for other in entries[1:] if other.short)
            yield Statement(f"{facts}\n\n{text}" if facts else text, (*entry.citations, *cited_above))


def _cited(places: Sequence[Place], first: int, document: GetDocument) -> Iterator[Citation]:
    for number, place in enumerate(places, first):
        sentence = place.sentence
        yield quoted(document(place.document_id), number, sentence.start, sentence.end, sentence.support)


def _short_answers(kind: QuestionKind, groups: Sequence[_Group], language: Language) -> list[str]:
    """Returns the facts of the first sentence and its rivals, "" for all others; only "" if one of these has none."""
    contenders = [group is groups[0] or group.is_rival for group in groups]
    shorts = [short_answer(kind, g.first, language) if contends else "" for g, contends in zip(groups, contenders, strict=True)]
    complete = all(short for short, contends in zip(shorts, contenders, strict=True) if contends)
    return shorts if complete else [""] * len(groups)


def _markers(citations: Iterable[Citation]) -> str:
    return marker(*(citation.number for citation in citations))


def _has_number(place: Place) -> bool:
    """Returns whether a sentence contains a quantity, or a time, a rank or a code in digits."""
    return bool(re.search(r"\d", place.sentence.text) or quantities.find(place.sentence.text, place.language))


def _odds(support: float) -> float:
    return support / max(1e-6, 1 - support)
