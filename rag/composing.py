"""The answer, from the sentences that the reader found: which of them, in which order, and the words around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from rag import quantities
from rag.citations import cite, marker
from rag.metadata import language_of
from rag.reading import Reading, Sentence
from rag.sentences import Span, after_lead
from rag.types import Citation, Document, Language

GetDocument = Callable[[str], Document]
Place = tuple[Reading, Sentence]
Asked = Literal["quantity", "fact", "list", "open"]
NoAnswer = Literal["not said", "none chosen", "no documents", "no more"]
"""Whether the documents that were searched do not say, none of those in the library was to be searched, or there are none."""

# Questions after a number, a date or a measure.
_QUANTITY = re.compile(
    r"多少|几(?!乎)|多[大长久高远重]|哪[年天月日]|哪一[年天月日]|何时|什么时[候间]|时间|日期|比例|占比|数量|规模|面积"
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
_SAME_TEXT = 0.8
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


@dataclass(frozen=True, slots=True)
class Statement:
    """The next piece of an answer: what is said, and the citations whose markers stand in it."""

    text: str
    citations: tuple[Citation, ...]


class ExtractiveComposer:
    """Answers in the documents' own sentences."""

    def __init__(self, max_sentences: int) -> None:
        self._max_sentences = max_sentences

    def compose(
        self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument
    ) -> Iterator[Statement]:
        """The sentences that answer, each with its citations; before that of a fact stands the fact alone.

        Args:
            question: What was asked.
            readings: What the reader made of each passage, best first; at least one sentence in all.
            language: That of the question, for the words around a quote, and for numbers and dates given anew.
            document: Gives the document of an id.
        """
        asked = kind_of(question)
        groups = self._choose(asked, readings)
        sources = [document(group[0][0].result.chunk.document_id) for group in groups]
        labels = _labels(sources, language) if asked == "quantity" else [""] * len(sources)
        short = _short_answer(asked, groups[0][0], language)
        listed = len(groups) > 2
        number = 1
        for group, label, source in zip(groups, labels, sources, strict=True):
            citations = tuple(_cited(group, number, document))
            markers = marker(*range(number, number + len(group)))
            number += len(group)
            text = label + _framed(citations[0].quote, source.language, language, anew=not short) + markers
            if group is not groups[0]:
                text = ("\n" if listed else "\n\n") + ("- " if listed else "") + text
            elif short:
                text = f"{short}{markers}\n\n{text}"
            elif listed:
                text = f"- {text}"
            yield Statement(text, citations)

    def _choose(self, asked: Asked, readings: Sequence[Reading]) -> list[list[Place]]:
        """Groups of sentences that say the same: for a fact the best supported first, else in the order of the documents."""
        ranked = sorted(((r, s) for r in readings for s in r.sentences), key=lambda place: -place[1].support)
        least = _odds(ranked[0][1].support) * _NEAR_BEST[asked]
        most = min(_MOST_SENTENCES[asked], self._max_sentences)
        groups: list[list[Place]] = []
        for place in ranked:
            if _odds(place[1].support) < least:
                break
            if groups and asked == "quantity" and not quantities.find(place[1].text, place[0].result.language):
                continue
            same = next((group for group in groups if _say_the_same(asked, group[0], place)), None)
            if same is None:
                if len(groups) < most:
                    groups.append([place])
            elif all(place[0].result.chunk.document_id != other.result.chunk.document_id for other, _ in same):
                same.append(place)
        if asked in ("list", "open"):
            documents = list(dict.fromkeys(group[0][0].result.chunk.document_id for group in groups))
            groups.sort(key=lambda group: (documents.index(group[0][0].result.chunk.document_id), group[0][1].start))
        return groups


def side_by_side(
    first: Document, second: Document, pairs: Sequence[tuple[Span, Span]], language: Language
) -> Iterator[Statement]:
    """What two documents say of the same things, a pair of quotes each; one sentence when there is nothing to tell apart."""
    if not pairs:
        yield Statement(_NO_DIFFERENCE[language].format(_shortened(first.title), _shortened(second.title)), ())
    labels = _labels([first, second], language)
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


def _cited(group: Sequence[Place], first: int, document: GetDocument) -> Iterator[Citation]:
    for number, (reading, sentence) in enumerate(group, first):
        yield quoted(document(reading.result.chunk.document_id), number, sentence.start, sentence.end, sentence.support)


def _short_answer(asked: Asked, place: Place, language: Language) -> str:
    """The fact alone, a quantity also in the words of the question's language; empty when it is not sure."""
    reading, sentence = place
    begin, end = (offset - sentence.start for offset in sentence.answer)
    own = reading.result.language
    text = sentence.text[begin:end].strip()
    if asked in ("list", "open") or sentence.support < _SUPPORTED:
        return ""
    if asked == "quantity":
        found = quantities.find(sentence.text, own)
        meant = [quantity for quantity in found if quantity.start < end and begin < quantity.end]
        rivals = len(meant) == 1 and sum(quantity.kind == meant[0].kind for quantity in found) > 1
        if len(meant) != 1 or sentence.likelihood < (_SURE_AMONG_SEVERAL if rivals else _SURE_OF_QUANTITY):
            return ""
        text = meant[0].written
        if own == "zh" and (measured := _MEASURE_WORD.match(sentence.text, meant[0].end)):
            text += measured[0]
        anew = quantities.render(meant[0], language)
        return text if language == own or text.startswith(anew) else anew + _BRACKETED[language].format(text)
    short = len(text) <= min(_LONGEST_SHORT_ANSWER[own], len(sentence.text) // 2)
    return text if short and text and sentence.likelihood >= _SURE_OF_SHORT_ANSWER and language == own else ""


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


def _labels(sources: Sequence[Document], language: Language) -> list[str]:
    """What tells the documents of an answer apart: nothing for one, their dates, or their titles where the dates do not."""
    apart = {source.id: source for source in sources}
    if len(apart) < 2:
        return [""] * len(sources)
    dates = {source.published for source in apart.values()}
    dated = "" not in dates and len(dates) == len(apart)
    return [_LABEL[language].format(source.published if dated else _shortened(source.title)) for source in sources]


def _shortened(title: str) -> str:
    return title if len(title) <= _LONGEST_TITLE else title[:_LONGEST_TITLE].rstrip() + "…"


def _say_the_same(asked: Asked, one: Place, other: Place) -> bool:
    """Whether two sentences say the same: mostly the same text, or, asked for a quantity, the same one."""
    if _overlap(one[1].text, other[1].text) >= _SAME_TEXT:
        return True
    if asked != "quantity":
        return False
    values = [_answered_value(place) for place in (one, other)]
    return values[0] is not None and values[0] == values[1]


def _answered_value(place: Place) -> object:
    reading, sentence = place
    begin, end = (offset - sentence.start for offset in sentence.answer)
    found = quantities.find(sentence.text, reading.result.language)
    meant = [quantity.value for quantity in found if quantity.start < end and begin < quantity.end]
    return meant[0] if len(meant) == 1 else None


def _odds(support: float) -> float:
    return support / max(1e-6, 1 - support)


def _overlap(one: str, other: str) -> float:
    """The share of the shorter text's character pairs that the longer one holds too."""
    pairs = [{one + other for one, other in pairwise(re.sub(r"\W+", "", text))} for text in (one, other)]
    smaller = min(pairs, key=len)
    return len(pairs[0] & pairs[1]) / len(smaller) if smaller else 0.0
