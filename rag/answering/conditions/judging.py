"""Separates the sentences that meet the conditions of a question from those that do not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePath
from typing import NamedTuple

from rag.answering.agreement import Place
from rag.answering.conditions.absent import absent_words
from rag.answering.conditions.asked import HAN, QUOTED, Asked, is_place, may_replace
from rag.answering.conditions.checks import (
    amounts,
    codes,
    contrasting_words,
    counted,
    currencies,
    dates,
    measures,
    ordinal_numbers,
    roles,
    speakers,
    units,
)
from rag.answering.conditions.condition import Condition, Scope
from rag.answering.definitions import defines
from rag.answering.expectations import Expectation
from rag.answering.reading import Reading, Sentence, odds
from rag.text import quantities
from rag.text.analysis import STOP_WORDS, Analyzer
from rag.text.distinctions import document_kinds, ordinals, ranks
from rag.text.language import language_of
from rag.text.lines import ROW
from rag.text.names import NameFinder
from rag.text.scripts import without_accents
from rag.types import Document, Language, SearchResult

_FOUR_DIGITS = re.compile(r"\d{4}")
_LEAST_JUDGED = 0.1
_OUTWEIGHS = 2
_MUCH_BETTER = 100
_NAMED_SAYS_ENOUGH = 0.25
_ODDS_OF_SAME_RANK = 8
_ODDS_OF_DEFINITION = 8
_ODDS_OF_NAMED = 4
_ODDS_OF_ANOTHER = 10
_ODDS_OF_AN_AMOUNT = 10
_MUST_BE_GIVEN = ("money", "measure")
_FREE = re.compile(r"免费|无偿|不收|\bfree\b|\bno (?:charge|fee|cost)", re.IGNORECASE)
# Not "Who chairs the board?", which may be told in other words.
_WHO_IS = re.compile(r"谁|哪一?位|\bwho (?:is|are|was|were)\b", re.IGNORECASE)
_WHO = re.compile(r"谁|哪一?位|\bwho(?:m|se)?\b", re.IGNORECASE)
_SUFFIX = re.compile(r"(?<=[\u3400-\u9fff]{2})(?:省|市|县|区|州|盟|镇|乡|村|国|自治区|自治州|自治县)$")
_OF_THE_TITLE = re.compile(r"^[《“]?([\u3400-\u9fff]{2,4}?[省市县镇])", re.MULTILINE)
_MAX_KEPT = 200
_MEASURED = re.compile(
    r"(?:^|[，,。？?]|(?<=[年月日底末]))(?:请问)?(?P<subject>[\u3400-\u9fff]{2,12}?)的?"
    r"(?P<measure>面积|人口|总数|数量|规模|产量|长度|高度|海拔|深度|重量|比例|占比|覆盖率|预算|投资|造价|票价|租金|价格|人数)"
    r"(?:一共|共|大约|约)*(?:是|为|有|达到?)?多(?:少|大|高|长|深|重)"
)
# The terms, as an analyzer gives them, of words that only ask for an amount.
_ASKING_AMOUNTS = frozenset(
    "钱 费用 价格 票价 租金 金额 面积 长度 高度 多大 多长 多高 收费 花费 cost price fee pay paid charg high tall long larg big wide deep far area height length".split()
)
_NOUNS = frozenset(("n", "ns", "nr", "nt", "nz"))


class Judged(NamedTuple):
    """Readings with only the sentences that meet the conditions, best first, and the best supported one that does not, with why.

    `language` is that of the question.
    """

    readings: list[Reading]
    nearest: tuple[Place, list[Condition]] | None
    language: Language

    @property
    def confidence(self) -> float:
        """The support of the best sentence that meets the conditions.

        It is 0 without such a sentence, and where one that does not was much better and the best does not name what that lacks.
        """
        if not self.readings:
            return 0.0
        best = max(self.readings[0].sentences, key=lambda sentence: sentence.support)
        if self.nearest is None:
            return best.support
        (place, unmet), result = self.nearest, self.readings[0].result
        names_it = _names(unmet[0], f"{best.text}\n{result.title}\n{result.chunk.section}")
        # A sentence in the other language is rarely a better answer than one of the question's that nearly fits, nor the reverse.
        ratio: float = _OUTWEIGHS
        if result.language != place.language:
            ratio = _MUCH_BETTER if result.language == self.language else 1 / _OUTWEIGHS
        is_outweighed = odds(place.sentence.support) > ratio * odds(best.support) and not names_it
        return 0.0 if is_outweighed else best.support


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
        return self._unmet(Asked(question, self._names), self._scope(place, document))

    def absent_words(self, question: str, results: Sequence[SearchResult]) -> list[str]:
        """Returns the nouns of a question that no passage found in its language mentions; see `conditions.absent`."""
        return absent_words(question, results, self._analyzer, self._names)

    def _unmet(self, asked: Asked, scope: Scope) -> list[Condition]:
        found = [
            *dates(asked, scope),
            *ordinal_numbers(asked, scope),
            *codes(asked, scope),
            *self._ranks(asked, scope),
            *contrasting_words(asked, scope),
            *self._places(asked, scope),
            *self._pairs(asked, scope),
            *self._long_names(asked, scope),
            *self._absent_names(asked, scope),
            *self._subjects(asked, scope),
            *units(asked, scope),
            *counted(asked, scope),
            *currencies(asked, scope),
            *measures(asked, scope),
            *speakers(asked, scope),
            *roles(asked, scope),
            *amounts(asked, scope),
        ]
        return sorted(found, key=lambda condition: not condition.instead)

    def judge(self, question: str, readings: Sequence[Reading], document: Callable[[str], Document]) -> Judged:
        """Separates the sentences that meet the conditions of a question from those that do not.

        Args:
            question: Complete in itself.
            readings: The reader's, best first.
            document: Returns the document of an id.

        Raises:
            DocumentNotFoundError: From `document`.
        """
        asked, document = Asked(question, self._names), lru_cache(document)
        texts = [self._scope_text(document(name)) for name in {reading.result.chunk.document_id for reading in readings}]
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
                    adjusted = _adjusted(asked, sentence)
                    if judged and self._is_of_another(asked, place, texts):
                        adjusted = _more_likely(adjusted, 1 / _ODDS_OF_ANOTHER)
                    kept.append(adjusted)
            if kept:
                met.append(Reading(reading.result, tuple(kept), max(sentence.support for sentence in kept)))
        if closest:
            place, unmet = max(closest, key=lambda item: item[0].sentence.support)
            same = place.document_id if unmet[0].kind == "ordinal" else ""
            met = [_preferring(unmet[0], r) if r.result.chunk.document_id == same else r for r in met]
        met = _of_named_documents(question, self._with_quoted(question, met, document))
        met = sorted(met, key=lambda reading: -reading.support)
        closest = [
            (place, unmet)
            for place, unmet in closest
            if unmet[0].instead
            or (self._is_about(asked, place, unmet[0]) and not any(self._fold(unmet[0].text) in text for text in texts))
        ]
        nearest = max(closest, key=lambda item: item[0].sentence.support, default=None)
        return Judged(met, nearest, asked.language)

    def _is_about(self, asked: Asked, place: Place, unmet: Condition) -> bool:
        """Returns whether a sentence contains at least half of the terms of the question, without those of the unmet condition.

        If it does not, it is no near miss. A sentence in another language counts as one.
        """
        terms = set(self._analyzer.content_terms(asked.bare)) - set(self._analyzer.content_terms(unmet.text))
        known = self._analyzer.terms(f"{place.sentence.text}\n{place.headings}")
        return place.language != asked.language or 2 * len(terms & set(known)) >= len(terms)

    def _is_of_another(self, asked: Asked, place: Place, texts: Sequence[str]) -> bool:
        """Returns whether a sentence is of another kind of what the question names: the publishing industry, not the fashion industry.

        One of the folded texts must name the question's kind, so that another sentence may be of it.
        """
        if place.language != asked.language:
            return False
        text = self._analyzer.fold(place.sentence.text)
        near = f"{text}\n{self._analyzer.fold(place.headings)}"
        for kind, thing in asked.kinds_of_things:
            gap = " " if asked.language == "en" else ""
            if kind not in near and any(self._fold(kind + thing) in known for known in texts):
                others = re.findall(rf"([a-z]{{3,}}|[\u3400-\u9fff]{{2}}){gap}{re.escape(thing)}", text)
                if any(other not in STOP_WORDS for other in others):
                    return True
        return False

    def _with_quoted(self, question: str, readings: list[Reading], document: Callable[[str], Document]) -> list[Reading]:
        """Leaves out the documents of the question's language without a term that it quotes, if others contain it."""
        quoted = [self._fold(match[0][1:-1]) for match in QUOTED.finditer(question)]
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

    def _scope(self, place: Place, document: Document) -> Scope:
        chunk = place.reading.result.chunk
        before = document.text[chunk.start : place.sentence.start] if chunk.document_id == document.id else ""
        return Scope(
            place.sentence.text,
            before,
            place.headings,
            PurePath(document.source).stem,
            document.published,
            self._scope_text(document),
            place.language,
            (place.sentence.answer[0] - place.sentence.start, place.sentence.answer[1] - place.sentence.start),
        )

    def _fold(self, text: str) -> str:
        return re.sub(r"[\s\-‐–·]", "", without_accents(self._analyzer.fold(text)))

    def _ranks(self, asked: Asked, scope: Scope) -> Iterator[Condition]:
        for rank in asked.ranks:
            there = [other for text in (scope.sentence, scope.headings) for other in ranks.find(text) if other.rank == rank.rank]
            if any(other.modifiers == rank.modifiers for other in there):
                continue
            if there:
                yield Condition("rank", rank.written, there[0].written)
            elif _WHO_IS.search(asked.question) or not any(
                self._fold(name) in scope.document for name in ranks.aliases(rank.rank)
            ):
                # Who has a rank is said only where the rank is named.
                yield Condition("rank", rank.written)

    def _places(self, asked: Asked, scope: Scope) -> Iterator[Condition]:
        """Finds the places that the sentence has another place for: 德国 where it says 法国."""
        if scope.language != asked.language or asked.language != "zh":
            return
        near, own = self._analyzer.fold("\n".join(scope.near)), self._analyzer.fold(f"{scope.sentence}\n{scope.headings}")
        for name in asked.places:
            bare = _SUFFIX.sub("", name)
            # A report of one county is not about another one that it mentions.
            titled = [other for other in _OF_THE_TITLE.findall(scope.headings) if other[-1] == name[-1] != bare[-1]]
            if titled and bare not in own and self._fold(bare) in scope.document:
                yield Condition("place", name, titled[0])
                continue
            instead = [p for p in self._place_names(scope.sentence) if p not in asked.folded and may_replace(p, name)]
            if instead and name not in near and self._fold(name) in scope.document:
                yield Condition("place", name, instead[0])

    def _pairs(self, asked: Asked, scope: Scope) -> Iterator[Condition]:
        """Finds abbreviated pairs of names that the sentence has another pair for: 中缅 where it says 中老."""
        if scope.language != asked.language:
            return
        near = self._analyzer.fold("\n".join(scope.near))
        for pair in asked.pairs:
            if pair not in near:
                others = [other for other in self._names.pairs(scope.sentence) if len(set(other) & set(pair)) == 1]
                if others:
                    yield Condition("name", pair, others[0])

    def _long_names(self, asked: Asked, scope: Scope) -> Iterator[Condition]:
        """Finds the names of which the sentence has another one: South Bank where it says North Bank."""
        near = "\n".join((scope.sentence, scope.headings))
        for name in asked.long_names:
            if self._fold(name) not in scope.document:
                others = [match[0] for match in re.finditer(rf"\b[A-Z][\w'’-]+ {re.escape(name.split()[1])}\b", near)]
                if others:
                    yield Condition("name", name, others[0])

    def _absent_names(self, asked: Asked, scope: Scope) -> Iterator[Condition]:
        """Finds the names that the document does not contain anywhere."""
        if scope.language != asked.language:
            return
        for name in asked.names:
            if name.upper() in asked.bare and _has_initials(name, f"{scope.headings}\n{scope.sentence}"):
                continue
            if not any(self._fold(form) in scope.document for form in (name, _SUFFIX.sub("", name))):
                others = self._place_names(scope.sentence) if name in asked.places else []
                instead = [other for other in others if may_replace(other, name)]
                yield Condition("name", name, instead[0] if instead else "")

    def _subjects(self, asked: Asked, scope: Scope) -> Iterator[Condition]:
        """Finds the thing whose measure the question asks for, where the sentence gives that of another thing.

        自然保护地面积超过172万平方公里 does not say the 面积 of the 国家公园试点.
        """
        if scope.language != asked.language:
            return
        measured = _MEASURED.search(asked.bare)
        if not measured:
            yield from self._amount_of_another(asked, scope)
            return
        wanted = set(self._analyzer.content_terms(measured["subject"]))
        if not wanted or wanted & set(self._analyzer.terms(f"{scope.sentence}\n{scope.headings}")):
            return
        for match in re.finditer(rf"(?P<before>[\u3400-\u9fff]+){measured['measure']}", scope.sentence):
            nouns = [word for word, tag in self._names.tagged(match["before"]) if tag in _NOUNS and len(word) > 1]
            if nouns:
                yield Condition("subject", measured["subject"] + measured["measure"], nouns[-1] + measured["measure"])
                return

    def _amount_of_another(self, asked: Asked, scope: Scope) -> Iterator[Condition]:
        """Finds the thing whose price or measure is asked for, if neither the sentence nor its headings contain a word of it."""
        if asked.expected.quantity not in _MUST_BE_GIVEN:
            return
        named = [
            term for term in self._analyzer.content_terms(asked.bare) if not term[0].isdigit() and term not in _ASKING_AMOUNTS
        ]
        known = set(self._analyzer.terms("\n".join(scope.near)))
        if named and not known & set(named):
            yield Condition("subject", max(self._written(asked.bare, named), key=len))

    def _written(self, question: str, terms: Sequence[str]) -> list[str]:
        """Returns the words of a question that have some terms, as it writes them."""
        words = self._analyzer.jieba.lcut(question) if language_of(question) == "zh" else re.findall(r"[\w'-]+", question)
        return [word for word in words if set(self._analyzer.content_terms(word)) & set(terms)] or list(terms)

    def _place_names(self, text: str) -> list[str]:
        return [word for run in HAN.findall(text) for word, tag in self._names.tagged(run) if is_place(word, tag)]


def _of_named_documents(question: str, readings: list[Reading]) -> list[Reading]:
    """Leaves out the other documents if a question names one by its kind, such as the white paper, and that has much to say."""
    asked = document_kinds.find(question)
    named = [reading for reading in readings if asked and asked <= document_kinds.find(_title(reading))]
    return named if max((reading.support for reading in named), default=0.0) >= _NAMED_SAYS_ENOUGH else readings


def _names(condition: Condition, text: str) -> bool:
    """Returns whether a text contains what a condition names: its year, its ordinal in any spelling, or its words."""
    ordinal = {(other.number, other.unit) for other in ordinals.find(condition.text)}
    return any(name in text for name in _FOUR_DIGITS.findall(condition.text) or [condition.text]) or bool(
        ordinal & {(other.number, other.unit) for other in ordinals.find(text)}
    )


def _preferring(condition: Condition, reading: Reading) -> Reading:
    """Raises the support of the sentences that name a condition, which the best supported sentence of all does not meet."""
    kept = tuple(_more_likely(s, _ODDS_OF_NAMED) if _names(condition, s.text) else s for s in reading.sentences)
    return Reading(reading.result, kept, max(sentence.support for sentence in kept))


def _has_initials(name: str, text: str) -> bool:
    """Returns whether a text contains the name that an abbreviation stands for: New York City for NYC."""
    initials = "".join(rf"\b{letter.upper()}\w*[ -](?:(?:of|the|and|for) )*" for letter in name)
    return name.isalpha() and bool(re.search(initials.removesuffix("[ -](?:(?:of|the|and|for) )*"), text))


def _title(reading: Reading) -> str:
    return f"{reading.result.title}\n{PurePath(reading.result.source).stem}"


def _adjusted(asked: Asked, sentence: Sentence) -> Sentence:
    """Raises the support of a sentence with the form of the answer, which the reader does not know well, or lowers that of one without.

    The form is a definition of the term asked for, the very rank that a question asks who has, or an amount of money or a measure.
    """
    question = asked.question
    must_be_given = asked.expected.quantity in _MUST_BE_GIVEN or asked.expected.of_things
    if must_be_given and not _gives_amount(sentence.text, asked.expected):
        return _more_likely(sentence, 1 / _ODDS_OF_AN_AMOUNT)
    if _lacks_unit(sentence.text, asked.expected):
        return _more_likely(sentence, 1 / _ODDS_OF_AN_AMOUNT)
    if defines(question, sentence.text):
        return _more_likely(sentence, _ODDS_OF_DEFINITION)
    if not _WHO.search(question):
        return sentence
    wanted = {(rank.rank, rank.modifiers) for rank in ranks.find(question)}
    if not wanted or not wanted <= {(rank.rank, rank.modifiers) for rank in ranks.find(sentence.text)}:
        return sentence
    return _more_likely(sentence, _ODDS_OF_SAME_RANK)


def _gives_amount(text: str, expected: Expectation) -> bool:
    """Returns whether a sentence gives an amount of the kind asked for, or may: a row of a table has its unit in a heading."""
    return bool(ROW.match(text) or _FREE.search(text) or expected.is_given_in(text, language_of(text)))


def _lacks_unit(text: str, expected: Expectation) -> bool:
    """Returns whether a sentence has amounts, but none in the unit that the question names."""
    units = {quantity.unit for quantity in quantities.find(text, language_of(text)) if quantity.kind == "measure"}
    return bool(expected.unit and units) and expected.unit not in units


def _more_likely(sentence: Sentence, factor: float) -> Sentence:
    likely = factor * odds(sentence.support)
    return replace(sentence, support=likely / (1 + likely))
