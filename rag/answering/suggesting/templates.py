"""Questions made from a document's own sentences by rule, each with its evidence.

A question word replaces a date, a quantity or a name in a sentence. Chinese questions have this form; in English, simple sentences are
inverted and the others read like a quiz.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.text import quantities
from rag.text.language import language_of
from rag.text.quantities import Quantity
from rag.text.sentences import after_lead, sentences
from rag.types import Document, Language

_MIN_LENGTH: dict[Language, int] = {"zh": 12, "en": 40}
_MAX_LENGTH: dict[Language, int] = {"zh": 120, "en": 260}
_MIN_LEFT: dict[Language, int] = {"zh": 6, "en": 20}
_CLAUSE_END = re.compile(r"[，。；！？,;!?]|\.(?=\s|$)")
_DATE_COMMA = re.compile(r"\s*[，,]\s*")
_BY_WHOM = re.compile(
    r"由(?P<name>[\u3400-\u9fff·]{2,14}?)(?=(?:共同|联合|负责)?(?:发起|主办|承办|组织|负责|制定|发布|牵头|设立|建立|提出|管理|开创|创办|创建|领导|编写|设计|建造))"
)
_BY_WHOM_EN = re.compile(
    r"\b(?P<verb>\w+(?:ed|en|wn|ung|ade|uilt|ed up)) by (?P<name>(?:the )?[A-Z][\w'’-]*\w(?: (?:of|the|and|[A-Z][\w'’-]*\w))*)"
)
_PREPOSITION = re.compile(r"\b(?:[Oo]n|[Ii]n|[Ss]ince|[Bb]y|[Ff]rom|[Uu]ntil|[Aa]t)\s+$")
_AUXILIARY = re.compile(
    r"^(?P<subject>(?:(?!\bthat\b|\bwhich\b|\bwho\b|,).){3,60}?) (?P<verb>was|were|is|are|will|has|have|can) (?P<rest>.+)$"
)
_COMES_AFTER = ("起", "开始", "以来", "至今")


@dataclass(frozen=True, slots=True)
class Draft:
    """A question for a person to correct. `evidence` contains one of the answers."""

    lang: Language
    kind: str
    question: str
    evidence: str
    answers: tuple[str, ...]
    source: str

    def row(self) -> dict[str, Any]:
        """Returns the line of a question set, marked as a draft."""
        digest = hashlib.sha256(f"{self.source}\n{self.question}".encode()).hexdigest()[:12]
        return {
            "id": f"draft-{digest}",
            "lang": self.lang,
            "kind": self.kind,
            "question": self.question,
            "evidence": [self.evidence],
            "answers": list(self.answers),
            "answerable": True,
            "draft": True,
            "source": Path(self.source).name,
        }


def by_template(document: Document) -> Iterator[Draft]:
    """Drafts questions on each sentence that contains a date, a quantity or the name of an agent."""
    for sentence in statements(document):
        language = language_of(sentence)
        for quantity in quantities.find(sentence, language):
            question = "" if _is_word(quantity) else _question_about(sentence, quantity, language)
            if question:
                kind = "date" if quantity.kind == "date" else "number"
                yield Draft(language, kind, question, sentence, _answers(quantity), document.source)
                break
        named = (_BY_WHOM if language == "zh" else _BY_WHOM_EN).search(sentence)
        if named:
            yield Draft(
                language, "name", _question_by_whom(sentence, named, language), sentence, (named["name"],), document.source
            )


def spread(drafts: Sequence[Draft], most: int) -> list[Draft]:
    """Returns at most `most` drafts, evenly chosen, without duplicate questions."""
    distinct = list({draft.question: draft for draft in drafts}.values())
    if len(distinct) <= most:
        return distinct
    return [distinct[number * len(distinct) // most] for number in range(most)]


def statements(document: Document) -> Iterator[str]:
    """Yields the sentences of a document that are neither headings nor too short or long."""
    for start, end in sentences(document.text):
        sentence = document.text[after_lead(document.text, start, end) : end].lstrip("#-*• ").strip()
        language = language_of(sentence)
        if _MIN_LENGTH[language] <= len(sentence) <= _MAX_LENGTH[language] and sentence[-1] in '。.！!”"':
            yield sentence


def _answers(quantity: Quantity) -> tuple[str, ...]:
    """Returns the quantity as written in the sentence and as each language writes it."""
    return tuple(dict.fromkeys([quantity.written, quantities.render(quantity, "zh"), quantities.render(quantity, "en")]))


def _question_about(sentence: str, quantity: Quantity, language: Language) -> str:
    """Words the question about a quantity; empty if too little of the clause would be left."""
    if _is_of_a_title(sentence, quantity.start):
        return ""
    start, end = _clause(sentence, quantity.start, quantity.end, language)
    before, after = sentence[start : quantity.start], sentence[quantity.end : end]
    if len((before + after).strip()) < _MIN_LEFT[language]:
        return ""
    return _chinese(before, after, quantity) if language == "zh" else _english(before, after, quantity)


def _is_word(quantity: Quantity) -> bool:
    """Tells whether a number is not worth a question, such as the two in "the two parties"."""
    return quantity.kind == "number" and quantity.written.lower() in ("one", "two", "一", "两", "二")


def _is_of_a_title(sentence: str, place: int) -> bool:
    """Tells whether a place is inside brackets or quotation marks, where a year is part of a name."""
    before = sentence[:place]
    return any(before.count(opened) > before.count(closed) for opened, closed in ("《》", "“”", "（）", "()"))


def _chinese(before: str, after: str, quantity: Quantity) -> str:
    if quantity.kind == "date":
        day, year = quantity.dates[0].day, quantity.dates[0].year
        word = "哪一天" if day else "哪个月" if quantity.dates[0].month else "哪一年" if year else "什么时候"
        if after.startswith(_COMES_AFTER) and not before.endswith(("从", "自", "于")):
            word = f"从{word}"
        return f"{before}{word}{_DATE_COMMA.sub('', after, count=1) if not before else after}？"
    return f"{before}{'多长时间' if quantity.kind == 'duration' else '多少'}{after}？"


def _english(before: str, after: str, quantity: Quantity) -> str:
    if quantity.kind == "date":
        rest = (_PREPOSITION.sub("", before).rstrip(" ,") + (" " if before.strip() else "") + after.strip(" ,")).strip()
        turned = _AUXILIARY.match(rest)
        if turned:
            return f"When {turned['verb']} {_lower(turned['subject'])} {turned['rest']}?"
        return f"When was it that {_lower(rest)}?"
    word = (
        "how much"
        if quantity.kind in ("money", "share", "measure")
        else "how long"
        if quantity.kind == "duration"
        else "how many"
    )
    if not before.strip():
        return f"{word.capitalize()}{after}?"
    return f"{before}{word}{after}?"


def _question_by_whom(sentence: str, named: re.Match[str], language: Language) -> str:
    start, end = _clause(sentence, *named.span(), language)
    before, after = sentence[start : named.start("name")], sentence[named.end("name") : end]
    return f"{before}谁{after}？" if language == "zh" else f"{before}whom{after}?"


def _clause(sentence: str, start: int, end: int, language: Language) -> tuple[int, int]:
    """Finds the clause around a place, and adds the one before if it is short and so may lack a subject."""
    cuts = [0, *(match.end() for match in _CLAUSE_END.finditer(sentence)), len(sentence)]
    first = max((cut for cut in cuts if cut <= start), default=0)
    last = min((cut for cut in cuts if cut >= end), default=len(sentence))
    short = _MIN_LEFT[language]
    if start - first < short and cuts.index(first) > 0:
        first = cuts[cuts.index(first) - 1]
    if last - first - (end - start) < 2 * short and last < len(sentence):
        last = cuts[cuts.index(last) + 1]
    while last > first and sentence[last - 1] in '，。；！？,;!?. ”"':
        last -= 1
    return first, max(last, end)


def _lower(text: str) -> str:
    """Puts the first word in lower case if it is a common word."""
    return (
        text[:1].lower() + text[1:]
        if re.match(r"(?:The|A|An|It|This|These|In|On|More|Some|Its|Their|There|They|He|She)\b", text)
        else text
    )
