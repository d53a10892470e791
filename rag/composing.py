"""The answer, from the sentences that the reader found: which of them, in which order, and the words around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.citations import cite, marker
from rag.reading import Reading, Sentence
from rag.types import Citation, Document, Language

GetDocument = Callable[[str], Document]

# Questions after one fact; others may need several sentences.
_ONE_FACT = re.compile(
    r"谁|多少|几(?!乎)|哪[年天月日位个家国省市里儿一]|何[时地年]|什么时候|多[大长久高远重]|时间|日期|比例|数量|规模"
    r"|\b(?:who|whom|whose|when|where|how (?:many|much|long|large|big|old|far|high)|what (?:year|date|day|month|percentage|share|proportion|number|amount)"
    r"|which (?:year|month|day|country|province|city|company))\b",
    re.IGNORECASE,
)
# A sentence is said when the odds of it are at least this share of those of the best one.
_NEAR_BEST = 0.4
_NEAR_BEST_FACT = 0.2
_SAME_TEXT = 0.8

_REFUSAL = {
    "zh": "文档中没有找到这个问题的答案。",
    "en": "The documents do not say.",
}
_CLOSEST = {
    "zh": "最接近的内容见出处，但其中没有答案。",
    "en": "The closest passages are shown, but they do not hold the answer.",
}
_EMPTY = {
    "zh": "资料库里还没有文档。请先添加文档：yinju add 路径",
    "en": "The library holds no documents yet. Add some with: yinju add PATH",
}
_FOREIGN = {
    ("zh", "en"): "原文（英文）：“{quote}”",
    ("en", "zh"): "In the original Chinese: “{quote}”",
}


@dataclass(frozen=True, slots=True)
class Composed:
    """An answer's text in pieces, to be shown one after the other, and the citations they hold."""

    pieces: tuple[str, ...]
    citations: tuple[Citation, ...]


class ExtractiveComposer:
    """Answers in the documents' own sentences."""

    def __init__(self, max_sentences: int) -> None:
        self._max_sentences = max_sentences

    def compose(self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument) -> Composed:
        """The sentences that answer, each with its citation; the same text of two documents is said once and cites both.

        Args:
            question: What was asked.
            readings: What the reader made of each passage, best first; at least one sentence in all.
            language: That of the question, for the words around a quote.
            document: Gives the document of an id.
        """
        chosen = self._choose(question, readings)
        pieces: list[str] = []
        citations: list[Citation] = []
        for group in chosen:
            first = len(citations) + 1
            for number, (reading, sentence) in enumerate(group, first):
                source = document(reading.result.chunk.document_id)
                citations.append(cite(source, number, sentence.start, sentence.end, sentence.support))
            reading = group[0][0]
            frame = _FOREIGN.get((language, reading.result.language), "{quote}")
            text = frame.format(quote=_unbroken(citations[first - 1].quote)) + marker(*range(first, len(citations) + 1))
            pieces.append(text if not pieces else f"\n\n{text}")
        return Composed(tuple(pieces), tuple(citations))

    def _choose(self, question: str, readings: Sequence[Reading]) -> list[list[tuple[Reading, Sentence]]]:
        """Groups of sentences that say the same, the best supported first."""
        ranked = sorted(((r, s) for r in readings for s in r.sentences), key=lambda pair: -pair[1].support)
        one_fact = bool(_ONE_FACT.search(question))
        least = _odds(ranked[0][1].support) * (_NEAR_BEST_FACT if one_fact else _NEAR_BEST)
        most = min(2, self._max_sentences) if one_fact else self._max_sentences
        groups: list[list[tuple[Reading, Sentence]]] = []
        for reading, sentence in ranked:
            if _odds(sentence.support) < least:
                break
            same = next((group for group in groups if _overlap(group[0][1].text, sentence.text) >= _SAME_TEXT), None)
            if same is not None:
                if all(reading.result.chunk.document_id != other.result.chunk.document_id for other, _ in same):
                    same.append((reading, sentence))
            elif len(groups) < most:
                groups.append([(reading, sentence)])
        return groups


def refusal(language: Language, empty: bool) -> str:
    """What is said when the documents do not hold the answer, or when there are none."""
    return _EMPTY[language] if empty else f"{_REFUSAL[language]}{'' if language == 'zh' else ' '}{_CLOSEST[language]}"


def stream(pieces: Sequence[str]) -> Iterator[str]:
    """The pieces cut at words and clauses, as they are shown."""
    for piece in pieces:
        yield from re.findall(r"\s*(?:[\u3400-\u9fff]{1,4}|[^\s\u3400-\u9fff]+)", piece)


def _unbroken(quote: str) -> str:
    return re.sub(r"\s*\n\s*", " ", quote)


def _odds(support: float) -> float:
    return support / max(1e-6, 1 - support)


def _overlap(one: str, other: str) -> float:
    """The share of the shorter text's character pairs that the longer one holds too."""
    pairs = [{text[i : i + 2] for i in range(len(text) - 1)} for text in (re.sub(r"\W+", "", one), re.sub(r"\W+", "", other))]
    smaller = min(pairs, key=len)
    return len(pairs[0] & pairs[1]) / len(smaller) if smaller else 0.0
