"""Proposes questions on documents, each with its evidence, for a person to correct.

Without a language model, a sentence becomes a question by putting a question word where a date, a quantity or a name stands. In
Chinese that is how questions are asked; in English the simple cases are turned round and the rest reads like a quiz. With a
language model, it words the question, and what it says counts only when its answer stands in the sentence.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from rag.documents import loaders, sandbox
from rag.documents.cleaning import clean
from rag.documents.loaders import Failure
from rag.documents.metadata import describe
from rag.errors import LoadError, QuestionSetError
from rag.evaluation.matching import holds
from rag.evaluation.question_set import json_lines, read_text, text_of, texts_of
from rag.language_models import injection
from rag.language_models.generators import Generator, Message
from rag.text import quantities
from rag.text.language import language_of
from rag.text.quantities import Quantity
from rag.text.sentences import after_lead, sentences
from rag.types import Document, Language

_SHORTEST: dict[Language, int] = {"zh": 12, "en": 40}
_LONGEST: dict[Language, int] = {"zh": 120, "en": 260}
_FEWEST_LEFT: dict[Language, int] = {"zh": 6, "en": 20}
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
_PROMPTS: dict[Language, str] = {
    "zh": "请根据下面这句话提一个问题，使这句话就是答案的依据。只写两行：第一行是问题，第二行是从这句话里原样抄出的简短答案。\n\n{}",
    "en": "Write one question that the sentence below answers. Write two lines only: the question, then the short answer, "
    "copied from the sentence word for word.\n\n{}",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A question that a person should look at before it is asked. `evidence` holds one of the answers."""

    lang: Language
    kind: str
    question: str
    evidence: str
    answers: tuple[str, ...]
    source: str

    def row(self) -> dict[str, Any]:
        """The line of a question set, marked as a draft."""
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


def from_files(
    path: Path, most: int, max_file_bytes: int, generator: Generator | None = None
) -> Iterator[dict[str, Any] | Failure]:
    """Lines of a question set on the documents of a file or folder, and what could not be read.

    Args:
        path: A file or a folder of documents.
        most: The most questions for each document, spread over it.
        max_file_bytes: The largest file that is read.
        generator: Words the questions; by template when None.

    Raises:
        LoadError: There is no file of a known kind.
        GeneratorError: The language model fails.
    """
    for file in loaders.require_files([path.absolute()]):
        for loaded in _loaded(file, max_file_bytes):
            if isinstance(loaded, Failure):
                yield loaded
                continue
            document = describe(clean(loaded))
            found = worded(document, generator) if generator else by_template(document)
            yield from (draft.row() for draft in spread(list(found), most))


def from_feedback(file: Path) -> Iterator[dict[str, Any]]:
    """Lines of a question set from what `yinju feedback export` wrote: what readers liked, and what was disliked.

    Of what was disliked, what was cited is proposed as evidence, and the quantities in it as answers.

    Raises:
        QuestionSetError: The file cannot be read, or a line is not such feedback; the text names the line.
    """
    for row, place in json_lines(read_text(file), str(file)):
        text_of(row, "question", place)
        evidence = texts_of(row, "evidence", place) or texts_of(row, "cited", place)
        answers = texts_of(row, "answers", place) or tuple(
            dict.fromkeys(found.written for quote in evidence for found in quantities.find(quote, language_of(quote)))
        )
        yield {**row, "evidence": list(evidence), "answers": list(answers), "draft": True}


def is_feedback(file: Path) -> bool:
    """Whether a file holds lines that `yinju feedback export` wrote."""
    if file.suffix != ".jsonl" or not file.is_file():
        return False
    try:
        first: Mapping[str, Any] = next((row for row, _ in json_lines(read_text(file), str(file))), {})
    except QuestionSetError:
        return False
    return first.get("kind") in ("feedback", "to_check")


def _loaded(file: Path, max_file_bytes: int) -> Iterator[Document | Failure]:
    try:
        yield from sandbox.shared().load(file, max_file_bytes)
    except LoadError as error:
        yield Failure(loaders.source_of(file), str(error))


def by_template(document: Document) -> Iterator[Draft]:
    """Drafts on each sentence that holds a date, a quantity or one by whom something was done."""
    for sentence in _sentences(document):
        language = language_of(sentence)
        for quantity in quantities.find(sentence, language):
            question = "" if _is_word(quantity) else _asked_for(sentence, quantity, language)
            if question:
                kind = "date" if quantity.kind == "date" else "number"
                yield Draft(language, kind, question, sentence, _answers(quantity), document.source)
                break
        named = (_BY_WHOM if language == "zh" else _BY_WHOM_EN).search(sentence)
        if named:
            yield Draft(language, "name", _asked_by_whom(sentence, named, language), sentence, (named["name"],), document.source)


def worded(document: Document, generator: Generator) -> Iterator[Draft]:
    """Drafts in the words of a language model, of which only those are kept whose answer stands in the sentence.

    Raises:
        GeneratorError: The language model fails.
    """
    for sentence in _sentences(document):
        if injection.addressed_to_model(sentence):
            continue
        language = language_of(sentence)
        said = "".join(generator.stream([Message("user", _PROMPTS[language].format(sentence))], Event()))
        question, _, answer = said.strip().partition("\n")
        question, answer = question.strip(), answer.strip()
        if question.endswith(("?", "？")) and answer and holds(sentence, [answer]):
            yield Draft(language, "what", question, sentence, (answer,), document.source)


def spread(drafts: Sequence[Draft], most: int) -> list[Draft]:
    """At most so many drafts, evenly chosen, no two of them the same question."""
    distinct = list({draft.question: draft for draft in drafts}.values())
    if len(distinct) <= most:
        return distinct
    return [distinct[number * len(distinct) // most] for number in range(most)]


def _sentences(document: Document) -> Iterable[str]:
    """The sentences of a document that are neither headings nor too long to ask about."""
    for start, end in sentences(document.text):
        sentence = document.text[after_lead(document.text, start, end) : end].lstrip("#-*• ").strip()
        language = language_of(sentence)
        if _SHORTEST[language] <= len(sentence) <= _LONGEST[language] and sentence[-1] in '。.！!”"':
            yield sentence


def _answers(quantity: Quantity) -> tuple[str, ...]:
    """The quantity as it stands there and as either language writes it."""
    return tuple(dict.fromkeys([quantity.written, quantities.render(quantity, "zh"), quantities.render(quantity, "en")]))


def _asked_for(sentence: str, quantity: Quantity, language: Language) -> str:
    """The question after a quantity; empty when too little would be left to ask with."""
    if _is_of_a_title(sentence, quantity.start):
        return ""
    start, end = _clause(sentence, quantity.start, quantity.end, language)
    before, after = sentence[start : quantity.start], sentence[quantity.end : end]
    if len((before + after).strip()) < _FEWEST_LEFT[language]:
        return ""
    return _chinese(before, after, quantity) if language == "zh" else _english(before, after, quantity)


def _is_word(quantity: Quantity) -> bool:
    """Whether a number is one that nobody would ask for, such as the two of "the two parties"."""
    return quantity.kind == "number" and quantity.written.lower() in ("one", "two", "一", "两", "二")


def _is_of_a_title(sentence: str, place: int) -> bool:
    """Whether a place is inside brackets or quotation marks, where a year is part of a name."""
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
        said = (_PREPOSITION.sub("", before).rstrip(" ,") + (" " if before.strip() else "") + after.strip(" ,")).strip()
        turned = _AUXILIARY.match(said)
        if turned:
            return f"When {turned['verb']} {_lower(turned['subject'])} {turned['rest']}?"
        return f"When was it that {_lower(said)}?"
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


def _asked_by_whom(sentence: str, named: re.Match[str], language: Language) -> str:
    start, end = _clause(sentence, *named.span(), language)
    before, after = sentence[start : named.start("name")], sentence[named.end("name") : end]
    return f"{before}谁{after}？" if language == "zh" else f"{before}whom{after}?"


def _clause(sentence: str, start: int, end: int, language: Language) -> tuple[int, int]:
    """The clause around a place, with the one before it when it is short, as a clause without a subject of its own is."""
    cuts = [0, *(match.end() for match in _CLAUSE_END.finditer(sentence)), len(sentence)]
    first = max((cut for cut in cuts if cut <= start), default=0)
    last = min((cut for cut in cuts if cut >= end), default=len(sentence))
    short = _FEWEST_LEFT[language]
    if start - first < short and cuts.index(first) > 0:
        first = cuts[cuts.index(first) - 1]
    if last - first - (end - start) < 2 * short and last < len(sentence):
        last = cuts[cuts.index(last) + 1]
    while last > first and sentence[last - 1] in '，。；！？,;!?. ”"':
        last -= 1
    return first, max(last, end)


def _lower(text: str) -> str:
    """A text as it goes on in a sentence, where its first word is a common one."""
    return (
        text[:1].lower() + text[1:]
        if re.match(r"(?:The|A|An|It|This|These|In|On|More|Some|Its|Their|There|They|He|She)\b", text)
        else text
    )
