"""Conditions: what a question names that the answer must be about, and whether a sentence meets it.

A reader finds the sentence that is most like an answer, and a sentence about 2023 is very like one about 2024. So the years,
dates, ordinals, codes, ranks, places and names of the question are compared with the sentence in its context: the headings above
it, its title and date, and the text before it. A condition is unmet when the sentence names another member of the same kind in its
place (第二期 and 首期), or when the document does not contain the name at all. What cannot be compared counts as met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import PurePath
from typing import Literal, NamedTuple

from rag.answering.agreement import Place
from rag.answering.expectations import expectation
from rag.answering.reading import Reading, Sentence
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.distinctions import contrasts, document_kinds, ordinals, ranks
from rag.text.language import language_of
from rag.text.names import NameFinder
from rag.text.quantities import Quantity
from rag.types import Document, Language

ConditionKind = Literal["date", "ordinal", "code", "rank", "contrast", "place", "name", "unit"]

_CODE = re.compile(r"(?<![A-Za-z\d])([A-Za-z]{1,6})[-‐–]?(\d{1,6})(?![A-Za-z\d])")
_QUOTED = re.compile(r"《[^《》]+》|[“\"「『][^“”\"「」『』]+[”\"」』]")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NAME = r"(?:[A-Z][\w'’]*[A-Za-z])(?:-[A-Z]\w+)*"
_CAPITALISED = re.compile(rf"\b{_NAME}(?: {_NAME})*")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_NOT_A_NAME = frozenset(
    """
    i the a an who what when where which why how is are was were do does did has have had can could will would in on at of for and or but if
    january february march april may june july august september october november december monday tuesday wednesday thursday friday
    saturday sunday mr mrs ms dr chinese english yes no tell give list name please according
    """.split()
)
# A document of one country rarely names it, and these are no places of their own.
_GENERAL_PLACES = frozenset("中国 我国 全国 本国 全球 世界 国内 国外 地球 亚洲 本地 当地 国际 本市 本省 本县 各地 地方".split())
_COUNTED = re.compile(r"(?:多少|几)[\u3400-\u9fff]{1,5}?(?=[？?，,]|$)|(?:多少|几)[\u3400-\u9fff]{1,3}")
# 沙区, 山城 and the like are no names.
_KIND_OF_PLACE = re.compile(r"[\u3400-\u9fff][区地县市村乡镇城省]")
_LEAST_JUDGED = 0.1
_SURE = 0.9
_OUTWEIGHS = 4
_NAMED_SAYS_ENOUGH = 0.25
_ODDS_OF_SAME_RANK = 4
_WHO = re.compile(r"谁|哪[一]?位|\bwho(?:m|se)?\b", re.IGNORECASE)
_SUFFIX = re.compile(r"(?<=[\u3400-\u9fff]{2})(?:省|市|县|区|州|盟|镇|乡|村|国|自治区|自治州|自治县)$")
_MAX_KEPT = 200


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that a sentence does not meet.

    `text` is as the question writes it. `instead` is as the sentence writes what it has in its place, empty when it has nothing of the
    kind.
    """

    kind: ConditionKind
    text: str
    instead: str = ""


class Judged(NamedTuple):
    """Readings with only the sentences that meet the conditions, best first, and the best supported one that does not, with why."""

    readings: list[Reading]
    nearest: tuple[Place, list[Condition]] | None

    @property
    def confidence(self) -> float:
        """The support of the best sentence that meets the conditions.

        It is 0 without such a sentence, and where one that does not was much better and the best does not name what that lacks.
        """
        if not self.readings:
            return 0.0
        best = max(self.readings[0].sentences, key=lambda sentence: sentence.support)
        if self.nearest is None or best.support >= _SURE:
            return best.support
        (place, unmet), result = self.nearest, self.readings[0].result
        context = f"{best.text}\n{result.title}\n{result.chunk.section}"
        is_outweighed = _odds(place.sentence.support) > _OUTWEIGHS * _odds(best.support) and unmet[0].text not in context
        return 0.0 if is_outweighed else best.support


def _odds(support: float) -> float:
    return support / max(1e-6, 1 - support)


@dataclass(frozen=True, slots=True)
class _Scope:
    """A sentence and its context, nearest first."""

    sentence: str
    before: str
    headings: str
    published: str
    document: str
    language: Language

    def has_ordinal(self, ordinal: ordinals.Ordinal) -> bool:
        """Returns whether the document contains an ordinal anywhere, in whatever way it is written."""
        written = {ordinal.written.casefold()} | {other.written.casefold() for other in ordinals.find(self.before)}
        return any(re.sub(r"[\s-]", "", form) in self.document for form in written)

    @property
    def near(self) -> tuple[str, ...]:
        """The sentence, the text before it in its passage, and the headings."""
        return self.sentence, self.before, self.headings


class Conditions:
    """Compares the conditions of questions with sentences. The dictionaries are read on first use."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._names = NameFinder(analyzer)
        self._folded: dict[str, tuple[str, str]] = {}

    def unmet(self, question: str, place: Place, document: Document) -> list[Condition]:
        """Returns the conditions of a question that a sentence does not meet, those that it contradicts first.

        Args:
            question: Complete in itself.
            place: The sentence.
            document: The document that contains it.
        """
        return self._unmet(_Asked(question, self._names), self._scope(place, document))

    def _unmet(self, asked: _Asked, scope: _Scope) -> list[Condition]:
        found = [
            *_dates(asked, scope),
            *_ordinals(asked, scope),
            *_codes(asked, scope),
            *self._ranks(asked, scope),
            *_contrasts(asked, scope),
            *self._places(asked, scope),
            *self._pairs(asked, scope),
            *self._absent_names(asked, scope),
            *_units(asked, scope),
        ]
        return sorted(found, key=lambda condition: not condition.instead)

    def judge(self, question: str, readings: Sequence[Reading], document: Callable[[str], Document]) -> Judged:
        """Parts the sentences that meet the conditions of a question from those that do not.

        Args:
            question: Complete in itself.
            readings: The reader's, best first.
            document: Returns the document of an id.

        Raises:
            DocumentNotFoundError: From `document`.
        """
        asked, document = _Asked(question, self._names), lru_cache(document)
        met: list[Reading] = []
        closest: list[tuple[Place, list[Condition]]] = []
        for reading in readings:
            kept = []
            for sentence in reading.sentences:
                place = Place(reading, sentence)
                judged = sentence.support >= _LEAST_JUDGED
                unmet = self._unmet(asked, self._scope(place, document(place.document_id))) if judged else []
                if unmet:
                    closest.append((place, unmet))
                else:
                    kept.append(_raised(question, sentence))
            if kept:
                met.append(Reading(reading.result, tuple(kept), max(sentence.support for sentence in kept)))
        met = _of_named_documents(question, self._with_quoted(question, met, document))
        met = sorted(met, key=lambda reading: -reading.support)
        texts = [self._scope_text(document(name)) for name in {reading.result.chunk.document_id for reading in readings}]
        closest = [
            (place, unmet)
            for place, unmet in closest
            if unmet[0].instead or not any(self._fold(unmet[0].text) in text for text in texts)
        ]
        nearest = max(closest, key=lambda item: item[0].sentence.support, default=None)
        return Judged(met, nearest)

    def _with_quoted(self, question: str, readings: list[Reading], document: Callable[[str], Document]) -> list[Reading]:
        """Leaves out the documents of the question's language without a term that it quotes, if others contain it."""
        quoted = [self._fold(match[0][1:-1]) for match in _QUOTED.finditer(question)]
        language = language_of(question)
        counts = {
            reading.result.chunk.document_id: sum(
                term in self._scope_text(document(reading.result.chunk.document_id)) for term in quoted
            )
            for reading in readings
            if reading.result.language == language
        }
        most = max(counts.values(), default=0)
        return [reading for reading in readings if counts.get(reading.result.chunk.document_id, most) == most]

    def _scope_text(self, document: Document) -> str:
        """Returns all that is known of a document, folded."""
        kept = self._folded.get(document.id)
        if kept and kept[0] == document.text:
            return kept[1]
        if len(self._folded) >= _MAX_KEPT:
            self._folded.clear()
        folded = self._fold(f"{document.title}\n{document.source}\n{document.publisher}\n{document.text}")
        self._folded[document.id] = document.text, folded
        return folded

    def _scope(self, place: Place, document: Document) -> _Scope:
        chunk = place.reading.result.chunk
        before = document.text[chunk.start : place.sentence.start] if chunk.document_id == document.id else ""
        return _Scope(place.sentence.text, before, place.context, document.published, self._scope_text(document), place.language)

    def _fold(self, text: str) -> str:
        return re.sub(r"[\s\-‐–·]", "", self._analyzer.fold(text))

    def _ranks(self, asked: _Asked, scope: _Scope) -> Iterator[Condition]:
        for rank in asked.ranks:
            there = [other for text in (scope.sentence, scope.headings) for other in ranks.find(text) if other.rank == rank.rank]
            if any(other.modifiers == rank.modifiers for other in there):
                continue
            if there:
                yield Condition("rank", rank.written, there[0].written)
            elif not any(self._fold(name) in scope.document for name in ranks.aliases(rank.rank)):
                yield Condition("rank", rank.written)

    def _places(self, asked: _Asked, scope: _Scope) -> Iterator[Condition]:
        """Finds the places that the sentence has another place for: 德国 where it says 法国."""
        if scope.language != asked.language or asked.language != "zh":
            return
        near = self._analyzer.fold("\n".join(scope.near))
        for name in asked.places:
            if name in near or self._fold(name) not in scope.document:
                continue
            instead = [other for other in self._place_names(scope.sentence) if other not in asked.folded]
            if instead:
                yield Condition("place", name, instead[0])

    def _pairs(self, asked: _Asked, scope: _Scope) -> Iterator[Condition]:
        """Finds abbreviated pairs of names that the sentence has another pair for: 中缅 where it says 中老."""
        if scope.language != asked.language:
            return
        near = self._analyzer.fold("\n".join(scope.near))
        for pair in asked.pairs:
            if pair not in near:
                others = [other for other in self._names.pairs(scope.sentence) if len(set(other) & set(pair)) == 1]
                if others:
                    yield Condition("name", pair, others[0])

    def _absent_names(self, asked: _Asked, scope: _Scope) -> Iterator[Condition]:
        """Finds the names that the document does not contain anywhere."""
        if scope.language != asked.language:
            return
        for name in asked.names:
            if not any(self._fold(form) in scope.document for form in (name, _SUFFIX.sub("", name))):
                instead = self._place_names(scope.sentence) if name in asked.places else []
                yield Condition("name", name, instead[0] if instead else "")

    def _place_names(self, text: str) -> list[str]:
        return [word for run in _HAN.findall(text) for word, tag in self._names.tagged(run) if _is_place(word, tag)]


def _is_place(word: str, tag: str) -> bool:
    return tag == "ns" and len(word) > 1 and word not in _GENERAL_PLACES and not _KIND_OF_PLACE.fullmatch(word)


class _Asked:
    """The conditions of a question."""

    def __init__(self, question: str, names: NameFinder) -> None:
        self.question = question
        self.language = language_of(question)
        self._names = names
        # What stands in quotes is a title or a term, and its numbers are part of it.
        self.bare = _QUOTED.sub(" ", question)
        self.expected = expectation(question)

    @cached_property
    def dates(self) -> list[Quantity]:
        found = [quantity for quantity in quantities.find(self.bare, self.language) if quantity.kind == "date"]
        known = {str(date.year) for quantity in found for date in quantity.dates}
        # 2023中国—东盟环境合作论坛: a year that nothing marks as one.
        found += [q for year in _YEAR.findall(self.bare) if year not in known for q in quantities.find(f"{year}年", "zh")]
        return [quantity for quantity in found if any(date.year or date.month for date in quantity.dates)]

    @cached_property
    def ordinals(self) -> list[ordinals.Ordinal]:
        return ordinals.find(self.bare)

    @cached_property
    def codes(self) -> list[tuple[str, str, str]]:
        return [(match[0], match[1].casefold(), match[2]) for match in _CODE.finditer(self.question)]

    @cached_property
    def ranks(self) -> list[ranks.Rank]:
        return ranks.find(self.bare)

    @cached_property
    def contrasts(self) -> list[contrasts.Member]:
        return contrasts.find(self.bare)

    @cached_property
    def folded(self) -> str:
        return "".join(word for run in _HAN.findall(self.question) for word, _ in self._names.tagged(run))

    @cached_property
    def _tagged(self) -> list[tuple[str, str]]:
        return [pair for run in _HAN.findall(self.bare) for pair in self._names.tagged(run)]

    @cached_property
    def places(self) -> list[str]:
        return [word for word, tag in self._tagged if _is_place(word, tag)]

    @cached_property
    def pairs(self) -> list[str]:
        return self._names.pairs(self.bare)

    @cached_property
    def names(self) -> list[str]:
        """The names that the document must contain: places and organisations, and capitalised words."""
        han = self.places + [word for word, tag in self._tagged if tag == "nt"]
        runs = [words[0].split() for words in _CAPITALISED.finditer(self.bare) if self.language == "zh" or words.start()]
        # Of "Southeast Asia's ASEAN countries", the document must contain the last name.
        latin = [word for run in runs if (word := _lower(run[-1])) not in _NOT_A_NAME]
        return list(dict.fromkeys(han + latin))


def _lower(word: str) -> str:
    return re.sub(r"['’]s?$", "", word).casefold()


def _dates(asked: _Asked, scope: _Scope) -> Iterator[Condition]:
    for date in asked.dates:
        own = _dated(scope.sentence, scope.language)
        if any(_overlap(date, other) for other in own):
            continue
        in_context = [*_dated(scope.headings, scope.language), *_dated(scope.published, "en")]
        if not _with_year(own):
            before = _dated(scope.before, scope.language)
            if any(_overlap(date, other) for other in [*before, *in_context]):
                continue
            nearest = _with_year([*reversed(before), *in_context])
        else:
            # The year of a report is in its title, and its sentences may speak of other years besides.
            if len(asked.dates) > 1 and any(_overlap(date, other) for other in in_context):
                continue
            nearest = _with_year(own)
        year = _span(date)[0]
        if nearest:
            yield Condition("date", date.written, nearest[0].written)
        elif year and str(year) not in scope.document and _YEAR.search(scope.document):
            # The document is of another year, and does not say of which the sentence is.
            yield Condition("date", date.written)


def _dated(text: str, language: Language) -> list[Quantity]:
    """Returns the dates of a text, also years that nothing marks as such."""
    found = [quantity for quantity in quantities.find(text, language) if quantity.kind == "date"]
    known = {str(date.year) for quantity in found for date in quantity.dates}
    return found + [q for year in _YEAR.findall(text) if year not in known for q in quantities.find(f"{year}年", "zh")]


def _with_year(dates: list[Quantity]) -> list[Quantity]:
    return [quantity for quantity in dates if any(date.year for date in quantity.dates)]


def _overlap(one: Quantity, other: Quantity) -> bool:
    """Returns whether two dates or periods may be the same time."""
    spans = [_span(quantity) for quantity in (one, other)]
    if all(spans[i][0] for i in (0, 1)):
        first, last = max(span[0] for span in spans), min(span[1] for span in spans)
        if first > last:
            return False
    months = [{date.month for date in quantity.dates if date.month} for quantity in (one, other)]
    if len(one.dates) == len(other.dates) == 1 and all(months):
        days = [quantity.dates[0].day for quantity in (one, other)]
        return months[0] == months[1] and (not all(days) or days[0] == days[1])
    return all(span[0] for span in spans) or all(months)


def _span(quantity: Quantity) -> tuple[int, int]:
    """Returns the first and last year of a date or period; 0 for a date without a year."""
    years = [date.year for date in quantity.dates if date.year]
    if not years:
        return 0, 0
    longest = {"decade": 9, "century": 99}.get(quantity.dates[-1].span, 0)
    return min(years), max(years) + longest


def _ordinals(asked: _Asked, scope: _Scope) -> Iterator[Condition]:
    for ordinal in asked.ordinals:

        def alike(text: str, unit: str = ordinal.unit) -> list[ordinals.Ordinal]:
            return [other for other in ordinals.find(text) if not unit or not other.unit or other.unit == unit]

        if any(other.number == ordinal.number for text in scope.near for other in alike(text)):
            continue
        if instead := alike(scope.sentence) or alike(scope.headings):
            yield Condition("ordinal", ordinal.written, instead[0].written)
        elif ordinal.number > 1 and scope.language == asked.language and ordinal.unit and not scope.has_ordinal(ordinal):
            yield Condition("ordinal", ordinal.written)


def _codes(asked: _Asked, scope: _Scope) -> Iterator[Condition]:
    for written, letters, digits in asked.codes:
        there = [(match[0], match[1].casefold(), match[2].lstrip("0")) for text in scope.near for match in _CODE.finditer(text)]
        if (letters, digits.lstrip("0")) in {(other[1], other[2]) for other in there}:
            continue
        instead = [other[0] for other in there if other[1] == letters]
        if instead or f"{letters}{digits}" not in scope.document:
            yield Condition("code", written, instead[0] if instead else "")


def _contrasts(asked: _Asked, scope: _Scope) -> Iterator[Condition]:
    for word in asked.contrasts:
        own = [other for text in (scope.sentence, scope.headings) for other in contrasts.find(text) if other.group == word.group]
        if own and all(other.member != word.member for other in own):
            named = {other.member for other in asked.contrasts if other.group == word.group}
            instead = [other.written for other in own if other.member not in named]
            if instead:
                yield Condition("contrast", word.written, instead[0])


def _units(asked: _Asked, scope: _Scope) -> Iterator[Condition]:
    """Finds a count of other things than the question's: of species (种) where it asks after animals (只)."""
    if scope.language != asked.language or not asked.expected.measure_words:
        return
    found = [quantity for quantity in quantities.find(scope.sentence, scope.language) if quantity.kind == "number"]
    others = [quantity for quantity in found if asked.expected.counts_other_things(quantity, scope.sentence)]
    if found and len(others) == len(found) and (counted := _COUNTED.search(asked.bare)):
        yield Condition("unit", counted[0], scope.sentence[others[0].start : others[0].end + 1])


def _of_named_documents(question: str, readings: list[Reading]) -> list[Reading]:
    """Leaves out the other documents if a question names one by its kind, such as the white paper, and that has much to say."""
    asked = document_kinds.find(question)
    named = [reading for reading in readings if asked and asked <= document_kinds.find(_title(reading))]
    return named if max((reading.support for reading in named), default=0.0) >= _NAMED_SAYS_ENOUGH else readings


def _title(reading: Reading) -> str:
    return f"{reading.result.title}\n{PurePath(reading.result.source).stem}"


def _raised(question: str, sentence: Sentence) -> Sentence:
    """Raises the support of a sentence that names the very rank that a question asks who has: the reader knows few of them."""
    if not _WHO.search(question):
        return sentence
    asked = {(rank.rank, rank.modifiers) for rank in ranks.find(question)}
    if not asked or not asked <= {(rank.rank, rank.modifiers) for rank in ranks.find(sentence.text)}:
        return sentence
    odds = _ODDS_OF_SAME_RANK * _odds(sentence.support)
    return replace(sentence, support=max(sentence.support, odds / (1 + odds)))
