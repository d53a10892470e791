"""Conditions: what a question names that the answer must be about, and whether a sentence meets it.

A reader finds the sentence that is most like an answer, and a sentence about 2023 is very like one about 2024. So the years,
dates, ordinals, codes, ranks, places and names of the question are compared with the sentence in its context: the headings above
it, its title and date, and the text before it. A condition is unmet when the sentence names another member of the same kind in its
place (第二期 and 首期), or when the document does not contain the name at all. What cannot be compared counts as met.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from rag.answering.agreement import Place
from rag.answering.reading import Reading
from rag.text import contrasts, ordinals, quantities, ranks
from rag.text.analysis import Analyzer
from rag.text.language import language_of
from rag.text.names import NameFinder
from rag.text.quantities import Quantity
from rag.types import Document, Language

ConditionKind = Literal["date", "ordinal", "code", "rank", "contrast", "place", "name"]

_CODE = re.compile(r"(?<![A-Za-z\d])([A-Za-z]{1,6})[-‐–]?(\d{1,6})(?![A-Za-z\d])")
_QUOTED = re.compile(r"《[^《》]+》|[“\"「『][^“”\"「」『』]+[”\"」』]")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_CAPITALISED = re.compile(r"\b(?:[A-Z][\w'’]*[A-Za-z])(?:-[A-Z]\w+)*")
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
_LEAST_JUDGED = 0.1
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


@dataclass(frozen=True, slots=True)
class _Scope:
    """A sentence and its context, nearest first."""

    sentence: str
    before: str
    headings: str
    published: str
    document: str
    language: Language

    @property
    def near(self) -> tuple[str, ...]:
        """The sentence, the text before it in its passage, and the headings."""
        return self.sentence, self.before, self.headings


class Conditions:
    """Compares the conditions of questions with sentences. The dictionaries are read on first use."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._names = NameFinder(analyzer)
        self._folded: dict[str, str] = {}

    def unmet(self, question: str, place: Place, document: Document) -> list[Condition]:
        """Returns the conditions of a question that a sentence does not meet, those that it contradicts first.

        Args:
            question: Complete in itself.
            place: The sentence.
            document: The document that contains it.
        """
        asked = _Asked(question, self._names)
        scope = self._scope(place, document)
        found = [
            *_dates(asked, scope),
            *_ordinals(asked, scope),
            *_codes(asked, scope),
            *self._ranks(asked, scope),
            *_contrasts(asked, scope),
            *self._places(asked, scope),
            *self._absent_names(asked, scope),
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
        met: list[Reading] = []
        nearest: tuple[Place, list[Condition]] | None = None
        for reading in readings:
            kept = []
            for sentence in reading.sentences:
                place = Place(reading, sentence)
                unmet = self.unmet(question, place, document(place.document_id)) if sentence.support >= _LEAST_JUDGED else []
                if not unmet:
                    kept.append(sentence)
                elif nearest is None or sentence.support > nearest[0].sentence.support:
                    nearest = place, unmet
            if kept:
                met.append(Reading(reading.result, tuple(kept), max(sentence.support for sentence in kept)))
        return Judged(sorted(met, key=lambda reading: -reading.support), nearest)

    def _scope(self, place: Place, document: Document) -> _Scope:
        chunk = place.reading.result.chunk
        before = document.text[chunk.start : place.sentence.start] if chunk.document_id == document.id else ""
        if document.id not in self._folded:
            if len(self._folded) >= _MAX_KEPT:
                self._folded.clear()
            self._folded[document.id] = self._fold(f"{document.title}\n{document.source}\n{document.publisher}\n{document.text}")
        return _Scope(place.sentence.text, before, place.context, document.published, self._folded[document.id], place.language)

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

    def _absent_names(self, asked: _Asked, scope: _Scope) -> Iterator[Condition]:
        """Finds the names that the document does not contain anywhere."""
        if scope.language != asked.language:
            return
        for name in asked.names:
            if not any(self._fold(form) in scope.document for form in (name, _SUFFIX.sub("", name))):
                instead = self._place_names(scope.sentence) if name in asked.places else []
                yield Condition("name", name, instead[0] if instead else "")

    def _place_names(self, text: str) -> list[str]:
        return [
            word
            for run in _HAN.findall(text)
            for word, tag in self._names.tagged(run)
            if tag == "ns" and len(word) > 1 and word not in _GENERAL_PLACES
        ]


class _Asked:
    """The conditions of a question."""

    def __init__(self, question: str, names: NameFinder) -> None:
        self.question = question
        self.language = language_of(question)
        self._names = names
        # What stands in quotes is a title or a term, and its numbers are part of it.
        self.bare = _QUOTED.sub(" ", question)

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
        return [word for word, tag in self._tagged if tag == "ns" and len(word) > 1 and word not in _GENERAL_PLACES]

    @cached_property
    def names(self) -> list[str]:
        """The names that the document must contain: places and organisations, and capitalised words."""
        han = self.places + [word for word, tag in self._tagged if tag == "nt"]
        latin = [word for word in _CAPITALISED.findall(self.bare) if _lower(word) not in _NOT_A_NAME]
        if self.language == "en":
            first = _CAPITALISED.match(self.bare.strip())
            latin = latin[1:] if latin and first and first[0] == latin[0] else latin
        return list(dict.fromkeys(han + [_lower(word) for word in latin]))


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
        if nearest:
            yield Condition("date", date.written.rstrip("的"), nearest[0].written)


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
        there = [other for text in scope.near for other in ordinals.find(text)]
        same_unit = [other for other in there if not ordinal.unit or other.unit == ordinal.unit]
        if any(other.number == ordinal.number for other in same_unit):
            continue
        in_sentence = [other for other in ordinals.find(scope.sentence) if ordinal.unit and other.unit == ordinal.unit]
        in_headings = [other for other in ordinals.find(scope.headings) if ordinal.unit and other.unit == ordinal.unit]
        if instead := in_sentence or in_headings:
            yield Condition("ordinal", ordinal.written, instead[0].written)
        elif ordinal.number > 1 and scope.language == asked.language and ordinal.unit:
            everywhere = ordinals.find(scope.document)
            if not any(other.number == ordinal.number and other.unit == ordinal.unit for other in everywhere):
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
