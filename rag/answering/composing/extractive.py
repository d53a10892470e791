"""The extractive composer: words an answer from the documents' own sentences.

The first line answers: a number, a date, a name, a verdict. The clauses of the sentence that say so follow, and the citation
contains the whole sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from rag.answering.agreement import Agreement
from rag.answering.citations import marker, quoted
from rag.answering.composing.base import Composition, GetDocument, Part, Statement
from rag.answering.composing.blocks import announced, items_around, reason_before
from rag.answering.composing.choosing import Group, choose
from rag.answering.composing.clauses import excerpt
from rag.answering.composing.lists import enumeration
from rag.answering.composing.short_answers import SUPPORTED, ShortAnswer, answered_in, short_answer
from rag.answering.composing.verdicts import verdict, worded
from rag.answering.composing.whole_parts import asks_how, whole_part
from rag.answering.composing.wording import COMMA, SEMICOLON, STOP, elided, framed, label, labels, latin_name
from rag.answering.expectations import Expectation, asks_verdict, expectation, predicate_of
from rag.answering.reading import Reading, Sentence
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.language import language_of
from rag.text.lines import ROW
from rag.text.names import NameFinder
from rag.text.questions import ASKS_WHY
from rag.text.scripts import without_accents
from rag.text.sentences import Span, after_lead
from rag.texts import MORE_VALUES, NOT_ANSWERED_PART
from rag.types import Citation, Language

_BETWEEN_ITEMS: dict[Language, str] = {"zh": "、", "en": ", "}
_MAX_INLINE: dict[Language, int] = {"zh": 40, "en": 90}
_SURE_OF_PLACE = 0.3
_ASKS_WHY = re.compile(ASKS_WHY, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A sentence of the answer: what tells it apart from the others, its fact alone, and its citations.

    The first `supporting` citations contain the whole sentence, the others only its fact. `shown` is the excerpt to show of the
    sentence, `items` what it lists and `verdict` a word before it.
    """

    label: str
    short: str
    citations: tuple[Citation, ...]
    supporting: int
    language: Language
    is_rival: bool
    shown: str = ""
    items: tuple[str, ...] = ()
    verdict: str = ""

    def fact(self, labelled: bool) -> str:
        """Returns the fact alone with its markers."""
        return (self.label if labelled else "") + self.short + _markers(self.citations)

    def sentence(self, language: Language) -> str:
        """Returns the quoted sentence with its markers, its quantities converted unless the fact stands above it."""
        markers = _markers(self.citations[: self.supporting])
        if self.items and sum(map(len, self.items)) <= _MAX_INLINE[language]:
            return self.label + _BETWEEN_ITEMS[language].join(self.items) + markers
        if self.items:
            return self.label + "\n".join(f"- {item}{markers}" for item in self.items)
        quote = framed(self.citations[0].quote, self.language, language, convert=not self.short, shown=self.shown)
        return self.verdict + self.label + quote + markers

    def inline(self, language: Language) -> str:
        """Returns the quoted sentence with its markers, as it stands within another sentence."""
        shown = self.shown or self.citations[0].quote.rstrip("。.;； ")
        return framed(self.citations[0].quote, self.language, language, convert=False, shown=shown) + _markers(self.citations[:1])


@dataclass(frozen=True)
class _Asked:
    """A question, the language of its answer, and its terms."""

    question: str
    language: Language
    analyzer: Analyzer

    @property
    def expected(self) -> Expectation:
        """The form of the answer."""
        return expectation(self.question)

    @property
    def years(self) -> frozenset[int]:
        """The years that it names."""
        found = quantities.find(self.question, language_of(self.question))
        named = {date.year for quantity in found for date in quantity.dates if date.year}
        return frozenset(named | {int(year) for year in quantities.BARE_YEAR.findall(self.question)})

    def worded(self, short: ShortAnswer | None, own: Language, names: NameFinder) -> str:
        """Returns a fact, in the words of the question where question and document are in Chinese; "" for none."""
        if not short:
            return ""
        # 在源深体育馆拉开帷幕 has its verb already.
        if self.expected.quantity == "time":
            return short.text
        fits = bool(self.expected.quantity) or names.ends_with_noun(short.text)
        return answered_in(self.question, short.text) if self.language == own == "zh" and fits else short.text

    def overlap(self, text: str) -> frozenset[str]:
        """Finds the terms of the question in a text, and its quantities, however they are written: 十年 and 10年."""
        terms = frozenset(self.analyzer.content_terms(self.question)) & frozenset(self.analyzer.terms(text))
        return terms | self.values(text)

    def values(self, text: str) -> frozenset[str]:
        """Finds the quantities of the question in a text, except dates."""
        return self._quantities & _values(text) if self._quantities else frozenset()

    def repeats(self, text: str) -> bool:
        """Returns whether a text only repeats words of the question, with or without accents."""
        return bool(text) and without_accents(text).casefold() in without_accents(self.question).casefold()

    def predicate(self, text: str) -> frozenset[str]:
        """Finds the terms in a text that follow the words which ask."""
        return self._predicate & frozenset(self.analyzer.terms(text)) if self._predicate else frozenset()

    @cached_property
    def _predicate(self) -> frozenset[str]:
        return frozenset(self.analyzer.content_terms(predicate_of(self.question)))

    @cached_property
    def _quantities(self) -> frozenset[str]:
        return _values(self.question)

    def coverage(self, text: str) -> float:
        """Returns the share of the question that a text names, longer terms counting more."""
        terms, there = self.analyzer.content_terms(self.question), set(self.analyzer.terms(text))
        return sum(len(term) for term in terms if term in there) / max(1, sum(map(len, terms)))

    def focus(self, text: str) -> int:
        """Weighs the terms of the question in a text; those at its end, where it asks, the most."""
        there = set(self.analyzer.terms(text))
        return sum(place**2 for place, term in enumerate(self.analyzer.content_terms(self.question), 1) if term in there)


class ExtractiveComposer:
    """Answers in the documents' own sentences."""

    def __init__(self, analyzer: Analyzer | None = None) -> None:
        self._analyzer = analyzer or Analyzer()
        self._agreement = Agreement(self._analyzer)

    def compose(
        self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument, max_sentences: int
    ) -> Composition:
        """Quotes the sentences that answer, each with its citations; for a fact, the fact alone stands before them.

        Where documents, or sections of one, give different answers, each is shown with what tells it apart.
        """
        asked = _Asked(question, language, self._analyzer)
        entries, unlisted = self._entries(asked, readings, document, max_sentences, 1)
        notes = (MORE_VALUES.in_language(language, unlisted),) if unlisted else ()
        return Composition(tuple(_statements(entries, language)), notes)

    def compose_parts(self, parts: Sequence[Part], language: Language, document: GetDocument, max_sentences: int) -> Composition:
        """Answers each part of a question on the first line, or says that it is not there; the sentences follow."""
        facts: list[str] = []
        sentences: list[_Entry] = []
        number = 1
        for part in parts:
            if not part.readings:
                facts.append(NOT_ANSWERED_PART.in_language(language, part.name))
                continue
            asked = _Asked(part.text, language, self._analyzer)
            entries, _ = self._entries(asked, part.readings, document, max_sentences, number, briefly=True)
            known = {(c.document_id, c.start): c for entry in sentences for c in entry.citations}
            first = _renumbered(entries[0], known, number)
            number = max([number - 1, *(citation.number for citation in first.citations)]) + 1
            if first.short and (first.citations[0].start, first.short) in {(e.citations[0].start, e.short) for e in sentences}:
                # One value does not answer two questions.
                facts.append(NOT_ANSWERED_PART.in_language(language, part.name))
                continue
            before = label(part.label, language)
            facts.append(before + (first.fact(labelled=False) if first.short else first.inline(language)))
            sentences.append(first)
        alike = len({entry.inline(language) for entry in sentences}) == 1 and len(sentences) == len(parts)
        if alike and not any(entry.short for entry in sentences) and not any(part.label for part in parts):
            # One clause answers the whole question.
            facts = facts[:1]
        line = (SEMICOLON if any(part.label for part in parts) else COMMA).in_language(language).join(facts)
        if not parts[0].readings:
            line = line[:1].upper() + line[1:]
        return Composition(tuple(_part_statements(line + STOP.in_language(language), sentences, language)))

    def _entries(
        self,
        asked: _Asked,
        readings: Sequence[Reading],
        document: GetDocument,
        max_sentences: int,
        number: int,
        *,
        briefly: bool = False,
    ) -> tuple[list[_Entry], int]:
        """Labels the sentences where that is needed, and numbers their citations in order from `number` on.

        With `briefly`, long sentences are cut to the clauses with the reader's answer even where it is not sure of that.
        """
        expected, language = asked.expected, asked.language
        groups, unlisted = choose(self._agreement, asked.question, expected.kind, readings, max_sentences)
        groups = _completed(asked, _without_beside(asked, groups), document)
        contenders = [group is groups[0] or group.is_rival for group in groups]
        shorts = [self._short(asked, group) if contends else None for group, contends in zip(groups, contenders, strict=True)]
        if not all(short for short, contends in zip(shorts, contenders, strict=True) if contends):
            shorts = [None] * len(groups)
        elif not any(group.is_rival for group in groups):
            # The fact is sure. Only another document may give another number; any other sentence would be beside the point.
            groups = [group for i, group in enumerate(groups) if not i or _may_differ(expected, groups[0], group)]
            shorts = shorts[: len(groups)]
        sources = [document(group.first.document_id) for group in groups]
        labelled = any(group.is_rival for group in groups) or (expected.kind == "quantity" and len(groups) > 1)
        places = [(source, group.first.section) for source, group in zip(sources, groups, strict=True)]
        names = labels(places, language) if labelled else [""] * len(groups)
        entries: list[_Entry] = []
        for group, source, name, short in zip(groups, sources, names, shorts, strict=True):
            shown, items, word = _shown(asked, group, short, briefly=briefly)
            if items and any(_are_alike(items, entry.items) for entry in entries):
                continue
            cited = [group.first, *group.same, *(group.agreeing if short else [])]
            citations = tuple(
                quoted(document(p.document_id), n, p.sentence.start, p.sentence.end, p.sentence.support)
                for n, p in enumerate(cited, number)
            )
            number += len(citations)
            entries.append(
                _Entry(
                    name,
                    asked.worded(short, source.language, self._agreement.names),
                    citations,
                    1 + len(group.same),
                    source.language,
                    group.is_rival,
                    shown,
                    items,
                    word,
                )
            )
        return entries, unlisted

    def _short(self, asked: _Asked, group: Group) -> ShortAnswer | None:
        return short_answer(
            asked.expected,
            group.first,
            asked.language,
            asked.overlap,
            name=self._latin,
            whole_words=self._agreement.names.whole_words,
            years=asked.years,
            values=asked.values,
            predicate=asked.predicate,
            repeats=asked.repeats,
            person=self._agreement.names.leading_person,
        )

    def _latin(self, han: str) -> str:
        return latin_name(han, self._agreement.names)


def _values(text: str) -> frozenset[str]:
    """Returns the quantities of a text that are no dates, each in one form."""
    return frozenset(str(q.value) for q in quantities.find(text, language_of(text)) if q.kind != "date")


def _are_alike(items: Sequence[str], others: Sequence[str]) -> bool:
    """Returns whether two lists have the same items, but for one that begins with other words."""
    return len(items) == len(others) and sum(item != other for item, other in zip(items, others, strict=True)) <= 1


def _completed(asked: _Asked, groups: list[Group], document: GetDocument) -> list[Group]:
    """Adds the other items of a list of which a sentence is one, the sentences that a sentence announces, and those that answer with it."""
    expected = asked.expected
    if expected.kind not in ("list", "open"):
        return groups
    completed: list[Group] = []
    for group in groups:
        place, source = group.first, document(group.first.document_id)
        start, end = place.sentence.start, place.sentence.end
        items = items_around(source.text, start, end) if expected.kind == "list" else []
        why = reason_before(source.text, start, end) if _ASKS_WHY.search(asked.question) else []
        spans = items or [*why, (start, end), *announced(source.text, start, end)]
        if len(spans) == 1 and group is groups[0] and asks_how(asked.question) and asked.language == source.language:
            spans = whole_part(source, start, end, asked.coverage) or spans
        known = {(other.first.document_id, other.first.sentence.start, other.first.sentence.end) for other in completed}
        for a, b in spans:
            is_own = a <= start < b or (a, b) == (start, end)
            if is_own and not items:
                completed.append(group)
            elif (place.document_id, a, b) not in known:
                sentence = replace(
                    place.sentence, start=a, end=b, text=source.text[a:b], answer=(a, a), likelihood=0.0, tokens=None
                )
                completed.append(Group(replace(place, sentence=sentence)))
    return completed


def _without_beside(asked: _Asked, groups: list[Group]) -> list[Group]:
    """Returns only the best sentence, and the other lists of its section, if it lists what is asked for."""
    best = max(groups, key=lambda group: group.first.sentence.support).first
    if asked.expected.kind != "list" or best.language != asked.language or not _listed(best.sentence):
        return groups
    place = best.document_id, best.section
    return [
        g for g in groups if g.first is best or ((g.first.document_id, g.first.section) == place and _listed(g.first.sentence))
    ]


def _listed(sentence: Sentence) -> tuple[str, ...]:
    """Returns the items that a sentence lists around the reader's answer."""
    start = after_lead(sentence.text, 0, len(sentence.text))
    return enumeration(sentence.text, start, (sentence.answer[0] - sentence.start, sentence.answer[1] - sentence.start))


def _may_differ(expected: Expectation, shown: Group, other: Group) -> bool:
    """Returns whether the sentence of another document gives a number of the kind asked for."""
    if expected.kind != "quantity" or other.first.document_id == shown.first.document_id:
        return False
    if other.first.language != shown.first.language:
        return False  # often of something only like it; the same value in another language is cited with the first
    return expected.is_given_in(other.first.sentence.text, other.first.language)


def _shown(asked: _Asked, group: Group, short: ShortAnswer | None, *, briefly: bool) -> tuple[str, tuple[str, ...], str]:
    """Returns the excerpt to show of a sentence, the items that it lists, and the verdict that it gives.

    The excerpt has the clauses of the reader's answer where that is a fact and sure, and with `briefly` in any sentence but a row.
    """
    sentence, own, question = group.first.sentence, group.first.language, asked.question
    text, start = sentence.text, after_lead(sentence.text, 0, len(sentence.text))

    def cut(wanted: list[Span]) -> str:
        return elided(text, excerpt(text, wanted, own, asked.overlap, start), own)

    answer = (sentence.answer[0] - sentence.start, sentence.answer[1] - sentence.start)
    if short:
        return cut([(short.start, short.end)]), (), ""
    if own != asked.language:
        return "", (), ""
    if asks_verdict(question) and sentence.support >= SUPPORTED and (said := verdict(question, text, asked.overlap, asked.focus)):
        return cut([said[1]]), (), worded(said[0], question, own)
    if asked.expected.kind == "list" and (items := _listed(sentence)) and not all(map(asked.repeats, items)):
        return "", items, ""
    is_sure = asked.expected.kind == "fact" and sentence.likelihood >= _SURE_OF_PLACE
    if answer[0] < answer[1] and (is_sure or (briefly and not ROW.match(text))):
        return cut([answer]), (), ""
    return "", (), ""


def _renumbered(entry: _Entry, known: dict[tuple[str, int], Citation], number: int) -> _Entry:
    """Gives the citations of an entry the numbers of those to the same places, and new ones from `number` on."""
    citations = []
    for citation in entry.citations:
        same = known.get((citation.document_id, citation.start))
        citations.append(same or replace(citation, number=number))
        number += same is None
    return replace(entry, citations=tuple(citations))


def _part_statements(line: str, entries: Sequence[_Entry], language: Language) -> Iterator[Statement]:
    """Yields the first line, which answers every part, then each sentence once."""
    shown: set[tuple[int, str]] = set()
    cited: dict[int, Citation] = {c.number: c for entry in entries for c in entry.citations}
    yield Statement(line, tuple(cited.values()))
    for entry in entries:
        text = entry.sentence(language)
        if entry.short and (entry.citations[0].number, entry.shown) not in shown:
            shown.add((entry.citations[0].number, entry.shown))
            yield Statement(f"\n\n{text}", ())


def _statements(entries: Sequence[_Entry], language: Language) -> Iterator[Statement]:
    """Puts the facts on the first line, and the sentences below them, as a list if there are more than two."""
    contested, many = any(entry.is_rival for entry in entries), len(entries) > 2
    facts = SEMICOLON.in_language(language).join(entry.fact(contested) for entry in entries if entry.short)
    for place, entry in enumerate(entries):
        text = entry.sentence(language)
        if many and not entry.items and (place or contested or not facts):
            text = f"- {text}"
        if place:
            # The first line has the markers of a fact already.
            yield Statement(("\n" if many else "\n\n") + text, () if entry.short else entry.citations)
        else:
            cited_above = chain.from_iterable(other.citations for other in entries[1:] if other.short)
            yield Statement(f"{facts}\n\n{text}" if facts else text, (*entry.citations, *cited_above))


def _markers(citations: Iterable[Citation]) -> str:
    return marker(*(citation.number for citation in citations))
