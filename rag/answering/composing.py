"""The answer, from the sentences that the reader found: which of them, in which order, and the words around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rag.answering.agreement import Agreement, Place, answered_quantity, is_same_frame
from rag.answering.citations import cite, marker
from rag.answering.reading import Reading
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.language import language_of
from rag.text.questions import HAN_AMOUNT_ASKED
from rag.text.sentences import Span, after_lead
from rag.types import Citation, Document, Language

GetDocument = Callable[[str], Document]
Asked = Literal["quantity", "fact", "list", "open"]
NoAnswer = Literal["not said", "none chosen", "no documents", "no more"]
"""Whether the documents that were searched do not say, none of those in the library was to be searched, or there are none."""

# Questions after a number, a date or a measure.
_QUANTITY = re.compile(
    rf"{HAN_AMOUNT_ASKED}|哪[年天月日]|哪一[年天月日]|何时|什么时[候间]|时间|日期|比例|占比|数量|规模|面积"
    r"|\b(?:when|how (?:many|much|long|large|big|old|far|high)|(?:what|which) (?:year|date|day|month|percentage|share|proportion|number|amount))\b",
    re.IGNORECASE,
)
# Questions after another single fact; all others may need several sentences.
_FACT = re.compile(
    r"谁|哪[位个家国省市里儿一]|何地|\b(?:who|whom|whose|where|which (?:country|province|city|company|organi[sz]ation))\b",
    re.IGNORECASE,
)
# Questions after several things; whatever else is asked takes two sentences at most.
_LIST = re.compile(
    r"哪些|哪几|分别|什么(?:原则|措施|方面|领域)|几[大个项]"
    r"|\b(?:(?:what|which) (?:are|were|kinds?|types?|\w+s)|list|in (?:what|which) (?:fields|areas))\b",
    re.IGNORECASE,
)
_MEASURE_WORD = re.compile("[个种处名人项家座所条只头株棵位部份次届天]")
# A sentence is said when the odds of it are at least this share of those of the best one.
_NEAR_BEST: dict[Asked, float] = {"quantity": 0.3, "fact": 0.3, "list": 0.4, "open": 0.5}
_MOST_SENTENCES: dict[Asked, int] = {"quantity": 2, "fact": 2, "list": 50, "open": 2}
_SUPPORTED = 0.5
_SURE_OF_SHORT_ANSWER = 0.5
_SURE_OF_QUANTITY = 0.3
_SURE_AMONG_SEVERAL = 0.6
_LARGE_NUMBER = 10_000
_LONGEST_SHORT_ANSWER: dict[Language, int] = {"zh": 24, "en": 60}
_MOST_GIVEN_ANEW = 3
_LONGEST_TITLE = 40
_WORDS = re.compile(r"[\u3400-\u9fff]|[A-Za-z]{2,}")
_TELLING = 4

_REFUSAL = {
    "zh": "文档中没有找到这个问题的答案。",
    "en": "The documents do not say.",
}
_CLOSEST = {
    "zh": "最接近的内容见出处，但其中没有答案。",
    "en": "The closest passages are shown, but they do not hold the answer.",
}
_NONE_CHOSEN = {
    "zh": "没有选中资料库里的任何文档，请先选择要查找的文档。",
    "en": "None of the documents in the library is chosen. Choose the ones to search first.",
}
_NO_MORE = {
    "zh": "关于这个问题，文档里没有更多内容了。",
    "en": "The documents say no more of this.",
}
_EMPTY = {
    "zh": "资料库里还没有文档。请先添加文档：yinju add 路径",
    "en": "The library holds no documents yet. Add some with: yinju add PATH",
}
_NO_DIFFERENCE = {
    "zh": "《{}》和《{}》没有在同一件事上说法不同的句子。",
    "en": "“{}” and “{}” have no sentences that say different things of the same matter.",
}
_FOREIGN = {
    ("zh", "en"): "原文（英文）：“{quote}”",
    ("en", "zh"): "In the original Chinese: “{quote}”",
}
_BRACKETED: dict[Language, str] = {"zh": "（{}）", "en": " ({})"}
_LABEL: dict[Language, str] = {"zh": "{}：", "en": "{}: "}
_COMMA: dict[Language, str] = {"zh": "，", "en": ", "}
_SEMICOLON: dict[Language, str] = {"zh": "；", "en": "; "}
_MORE_VALUES: dict[Language, str] = {
    "zh": "另有{}处给出了别的说法，没有一一列出；可以在问题里写明是哪一份、哪一年或哪一处。",
    "en": "The documents give other answers in further places ({}), which are not listed; name the document, year or place that you mean.",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """The next piece of an answer: its text, and the citations whose markers stand in it for the first time."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole answer, and what its reader should know besides."""

    statements: tuple[Statement, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Group:
    """A sentence that is shown, and the places that are cited with it.

    `same` contain all that the sentence says. `agreeing` only contain the same value, and are cited for the value alone.
    `is_rival` says that a sentence shown before it makes the same statement with another value or of another subject.
    """

    first: Place
    is_rival: bool = False
    same: list[Place] = field(default_factory=list)
    agreeing: list[Place] = field(default_factory=list)

    @property
    def places(self) -> list[Place]:
        """All of them; the one that is shown comes first."""
        return [self.first, *self.same, *self.agreeing]


class ExtractiveComposer:
    """Answers in the documents' own sentences."""

    def __init__(self, max_sentences: int, analyzer: Analyzer | None = None) -> None:
        self._max_sentences = max_sentences
        self._agreement = Agreement(analyzer or Analyzer())

    def compose(self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument) -> Composition:
        """Puts the sentences that answer together, each with its citations; before that of a fact stands the fact alone.

        Where documents, or sections of one, give different answers, each stands with what tells it apart.

        Args:
            question: What was asked.
            readings: What the reader made of each passage, best first; at least one sentence in all.
            language: That of the question, for the words around a quote, and for numbers and dates in its words.
            document: Gives the document of an id.
        """
        asked = kind_of(question)
        groups, unlisted = self._choose(question, asked, readings)
        sources = [document(group.first.document_id) for group in groups]
        rivals = any(group.is_rival for group in groups)
        labels = _labels(groups, sources, language) if rivals or asked == "quantity" else [""] * len(groups)
        shorts = [_short_answer(asked, group.first, language) if group is groups[0] or group.is_rival else "" for group in groups]
        if rivals and not all(short for short, group in zip(shorts, groups, strict=True) if group is groups[0] or group.is_rival):
            shorts = [""] * len(groups)
        cited, number = [], 1
        for group, short in zip(groups, shorts, strict=True):
            group.agreeing = group.agreeing if short else []
            cited.append(tuple(_cited(group.places, number, document)))
            number += len(group.places)
        facts = [
            (label if rivals else "") + short + marker(*(citation.number for citation in citations))
            for label, short, citations in zip(labels, shorts, cited, strict=True)
            if short
        ]
        statements = []
        for place, (group, label, source, citations) in enumerate(zip(groups, labels, sources, cited, strict=True)):
            shown = citations[: 1 + len(group.same)]
            framed = _framed(citations[0].quote, source.language, language, anew=not shorts[place])
            text = label + framed + marker(*(citation.number for citation in shown))
            listed = len(groups) > 2 and (rivals or not facts or place > 0)
            text = f"- {text}" if listed else text
            if place:
                text = ("\n" if len(groups) > 2 else "\n\n") + text
                new = () if shorts[place] else citations
            else:
                text = f"{_SEMICOLON[language].join(facts)}\n\n{text}" if facts else text
                new = citations + tuple(c for other, short in zip(cited[1:], shorts[1:], strict=True) if short for c in other)
            statements.append(Statement(text, new))
        return Composition(tuple(statements), (_MORE_VALUES[language].format(unlisted),) if unlisted else ())

    def _choose(self, question: str, asked: Asked, readings: Sequence[Reading]) -> tuple[list[_Group], int]:
        """The sentences that are shown, and the number of places with other answers for which there is no room.

        For a fact the best supported comes first; else they are in the order of the documents.
        """
        places = self._candidates(question, asked, readings)
        groups: list[_Group] = []
        unlisted = 0
        for place in places:
            if groups and asked == "quantity" and not _has_number(place):
                continue
            relations = [self._agreement.relation(group.first, place, value_asked=asked == "quantity") for group in groups]
            known = next((i for i, relation in enumerate(relations) if relation in ("same", "agrees", "adds nothing")), None)
            if known is not None:
                group, relation = groups[known], relations[known]
                if relation != "adds nothing" and all(place.document_id != other.document_id for other in group.places):
                    (group.same if relation == "same" else group.agreeing).append(place)
                continue
            rival = "rival" in relations
            most = self._max_sentences if rival else min(_MOST_SENTENCES[asked], self._max_sentences)
            if len(groups) < most:
                groups.append(_Group(place, rival))
            elif rival and asked in ("quantity", "fact"):
                unlisted += 1
        if asked in ("list", "open"):
            documents = list(dict.fromkeys(group.first.document_id for group in groups))
            groups.sort(key=lambda group: (documents.index(group.first.document_id), group.first.sentence.start))
        return groups, unlisted

    def _candidates(self, question: str, asked: Asked, readings: Sequence[Reading]) -> list[Place]:
        """The sentences that are nearly as well supported as the best, best first.

        A supported sentence that makes the same statement as the best one is among them however well that is supported: it may
        give another value. One is left out when another is of what the question names and it is not: asked for 2022, the
        sentence of the report on 2021.
        """
        ranked = sorted(((r, s) for r in readings for s in r.sentences), key=lambda place: -place[1].support)
        least = _odds(ranked[0][1].support) * _NEAR_BEST[asked]
        near = [self._agreement.place(question, r, s) for r, s in ranked if _odds(s.support) >= least]
        others = [self._agreement.place(question, r, s) for r, s in ranked[len(near) :] if s.support >= _SUPPORTED]
        rivals = [place for place in others if place.covered >= near[0].covered and is_same_frame(place, near[0])]
        everything = self._agreement.terms(question)
        single = asked in ("quantity", "fact")

        def is_outdone(place: Place, other: Place) -> bool:
            if not place.covered < other.covered:
                return False
            return is_same_frame(place, other) or (
                single and other.covered == everything and _has_number(other) >= _has_number(place)
            )

        candidates = near + rivals
        return [place for place in candidates if not any(is_outdone(place, other) for other in candidates)]


def side_by_side(
    first: Document, second: Document, pairs: Sequence[tuple[Span, Span]], language: Language
) -> Iterator[Statement]:
    """What two documents say of the same things, a pair of quotes each; one sentence when there is nothing to tell apart."""
    if not pairs:
        yield Statement(_NO_DIFFERENCE[language].format(_shortened(first.title), _shortened(second.title)), ())
    labels = [_LABEL[language].format(name) for name in _names_apart([first, second])]
    for number, spans in enumerate(pairs):
        citations = [
            quoted(document, 2 * number + place, start, end, 1.0)
            for place, (document, (start, end)) in enumerate(zip((first, second), spans, strict=True), 1)
        ]
        lines = [
            label + _framed(citation.quote, document.language, language, anew=True) + marker(citation.number)
            for label, document, citation in zip(labels, (first, second), citations, strict=True)
        ]
        yield Statement(("\n" if number else "") + "- " + "\n  ".join(lines), tuple(citations))


def kind_of(question: str) -> Asked:
    """Whether a question is after a number or date, after another single fact, after several things, or open."""
    kinds: tuple[tuple[Asked, re.Pattern[str]], ...] = (("quantity", _QUANTITY), ("fact", _FACT), ("list", _LIST))
    return next((asked for asked, pattern in kinds if pattern.search(question)), "open")


def refusal(language: Language, why: NoAnswer) -> str:
    """What is said when there is no answer."""
    if why == "not said":
        return f"{_REFUSAL[language]}{'' if language == 'zh' else ' '}{_CLOSEST[language]}"
    return {"none chosen": _NONE_CHOSEN, "no documents": _EMPTY, "no more": _NO_MORE}[why][language]


def pieces(text: str) -> Iterator[str]:
    """A text cut at words and clauses, as it is shown."""
    yield from re.findall(r"\s*(?:[\u3400-\u9fff]{1,4}|[^\s\u3400-\u9fff]+)|\s+$", text)


def quoted(document: Document, number: int, start: int, end: int, support: float) -> Citation:
    """A citation of a sentence without the number of a list or the dateline before it."""
    return cite(document, number, after_lead(document.text, start, end), end, support)


def _cited(places: Sequence[Place], first: int, document: GetDocument) -> Iterator[Citation]:
    for number, place in enumerate(places, first):
        sentence = place.sentence
        yield quoted(document(place.document_id), number, sentence.start, sentence.end, sentence.support)


def _short_answer(asked: Asked, place: Place, language: Language) -> str:
    """The fact alone, a quantity also in the words of the question's language; empty when it is not sure."""
    sentence, own = place.sentence, place.language
    begin, end = (offset - sentence.start for offset in sentence.answer)
    text = sentence.text[begin:end].strip()
    # A quote begins after the dateline, so that nothing before that is given.
    quoted_from = after_lead(sentence.text, 0, len(sentence.text))
    if asked in ("list", "open") or sentence.support < _SUPPORTED or begin < quoted_from:
        return ""
    if asked == "quantity" and quantities.find(text, own):
        return _short_quantity(place, language, quoted_from)
    if asked == "quantity" and not re.search(r"\d", text):
        return ""
    short = len(text) <= min(_LONGEST_SHORT_ANSWER[own], len(sentence.text) // 2)
    return text if short and text and sentence.likelihood >= _SURE_OF_SHORT_ANSWER and language == own else ""


def _short_quantity(place: Place, language: Language, quoted_from: int) -> str:
    sentence, own = place.sentence, place.language
    meant = answered_quantity(place)
    if meant is None or meant.start < quoted_from:
        return ""
    rivals = sum(quantity.kind == meant.kind for quantity in quantities.find(sentence.text, own)) > 1
    if sentence.likelihood < (_SURE_AMONG_SEVERAL if rivals else _SURE_OF_QUANTITY):
        return ""
    text = meant.written
    spoken = sentence.text[sentence.answer[0] - sentence.start : sentence.answer[1] - sentence.start].strip()
    if language == own == "en" and spoken.startswith(text) and len(spoken) <= _LONGEST_SHORT_ANSWER[own]:
        return spoken
    if own == "zh" and (measured := _MEASURE_WORD.match(sentence.text, meant.end)):
        text += measured[0]
    rendered = quantities.render(meant, language)
    return text if language == own or text.startswith(rendered) else rendered + _BRACKETED[language].format(text)


def _has_number(place: Place) -> bool:
    """Whether a sentence names a quantity, or a time, a rank or a code in digits."""
    return bool(re.search(r"\d", place.sentence.text) or quantities.find(place.sentence.text, place.language))


def _framed(quote: str, own: Language, language: Language, anew: bool) -> str:
    """A quote as it is shown: one of the other language is said to be so, its quantities given anew if wanted.

    What is in another language than its document, whose language is `own`, is told by its words where it has some.
    """
    quote = re.sub(r"\s*\n\s*", " ", quote)
    own = language_of(quote) if len(_WORDS.findall(quote)) >= _TELLING else own
    if own == language:
        return quote
    framed = _FOREIGN[language, own].format(quote=quote)
    given = [
        (quantity.written, quantities.render(quantity, language))
        for quantity in quantities.find(quote, own)
        if quantity.kind != "number" or max(quantity.amounts) >= _LARGE_NUMBER
    ]
    equations = [f"{before} = {after}" for before, after in dict(given).items() if not _same_to_read(before, after)]
    equations = equations[:_MOST_GIVEN_ANEW]
    return framed + _BRACKETED[language].format(_COMMA[language].join(equations)) if anew and equations else framed


def _same_to_read(before: str, after: str) -> bool:
    """Whether a quantity is as plain as it stands as given anew: 2020年 needs no 2020."""
    return re.sub(r"[年—–~-]", "", before) == re.sub(r"[年—–~-]", "", after)


def _labels(groups: Sequence[_Group], sources: Sequence[Document], language: Language) -> list[str]:
    """What tells the sentences of an answer apart: their documents, and within a document their sections."""
    documents = dict(zip(_apart(sources), _names_apart(_apart(sources).values()), strict=True))
    labels = []
    for group in groups:
        sections = [other.first.section for other in groups if other.first.document_id == group.first.document_id]
        names = [documents[group.first.document_id], _section_apart(group.first.section, sections)]
        labels.append(_LABEL[language].format(" · ".join(filter(None, names))) if any(names) else "")
    return labels


def _apart(sources: Sequence[Document]) -> dict[str, Document]:
    return {source.id: source for source in sources}


def _names_apart(sources: Iterable[Document]) -> list[str]:
    """What tells documents apart: nothing for one; titles that differ in a number, as a year; else dates; else titles."""
    documents = list(sources)
    if len(documents) < 2:
        return [""] * len(documents)
    titles = [_shortened(document.title) for document in documents]
    dates = [document.published for document in documents]
    numbers = {tuple(re.findall(r"\d+", document.title)) for document in documents}
    dated = all(dates) and len(set(dates)) == len(dates)
    return dates if dated and len(numbers) < len(documents) else titles


def _section_apart(section: str, sections: Sequence[str]) -> str:
    """The headings above a sentence that are not above all the others of its document; empty when there are none."""
    paths = [other.split(" > ") for other in sections]
    shared = next((depth for depth, parts in enumerate(zip(*paths, strict=False)) if len(set(parts)) > 1), min(map(len, paths)))
    return _shortened(" > ".join(section.split(" > ")[shared:]))


def _shortened(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else title[:_LONGEST_TITLE].rstrip() + "…"


def _odds(support: float) -> float:
    return support / max(1e-6, 1 - support)
