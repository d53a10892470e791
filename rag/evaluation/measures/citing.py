"""Measures how far citations support an answer: citation recall and precision after ALCE.

Gao, Yen, Yu and Chen (2023), "Enabling Large Language Models to Generate Text with Citations". Their judge is a language model
for entailment. Ours uses no model, so that it is independent of the reader and the encoder that chose the citations: it looks for
the content words and quantities of a statement in the cited sentences. `tests/unit/citation_labels.jsonl` compares it with human
judgements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.answering.citations import cited_sentences
from rag.evaluation.measures.matching import fold
from rag.language_models.checking import Evidence, contains_numbers, is_opposed
from rag.text.analysis import Analyzer
from rag.text.names import NameFinder
from rag.text.negation import NEGATION
from rag.types import Answer, Citation, Language

_ENOUGH_TERMS = 0.75
_MARKERS = re.compile(r"(?:\[\d+\])+")
_QUOTED = re.compile(r"[“\"](.+)[”\"]", re.DOTALL)

Judge = Callable[[str, Language, Sequence[Evidence]], bool | None]
"""Tells whether quotes support a statement in a language; None if that cannot be judged."""


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Counts over the statements of an answer and its citations, without those that cannot be judged.

    Citation recall is `supported / statements`, citation precision `precise / citations`.
    """

    statements: int = 0
    supported: int = 0
    citations: int = 0
    precise: int = 0
    undecided: int = 0


class ContainmentJudge:
    """Judges support by the words that statement and quotes share.

    A statement is supported if the quotes contain all its quantities and proper names and three quarters of its content words, if it
    has no negation that they lack, and if it does not claim an increase where they state a decrease. A direct quotation is supported
    by its source. Across languages only quantities and names are compared; a statement without any cannot be judged. The judge does
    not see which property belongs to which subject, nor that two words mean the same.
    """

    def __init__(self, analyzer: Analyzer | None = None) -> None:
        self._analyzer = analyzer or Analyzer()
        self._names = NameFinder(self._analyzer)

    def __call__(self, statement: str, language: Language, quotes: Sequence[Evidence]) -> bool | None:
        if not quotes:
            return False
        there = " ".join(quote.text for quote in quotes)
        folded = fold(statement)
        if not folded or folded in fold(there):
            return True
        if not contains_numbers(statement, language, quotes):
            return False
        if (quoted := _QUOTED.search(statement)) and fold(quoted[1]) in fold(there):
            return True
        if all(quote.language == language for quote in quotes):
            return self._contains_terms(statement, there)
        return self._meets(statement, there)

    def _contains_terms(self, statement: str, there: str) -> bool:
        terms = [term for term in self._analyzer.content_terms(statement) if not term[0].isdigit()]
        present = set(self._analyzer.terms(there))
        if terms and sum(term in present for term in terms) < _ENOUGH_TERMS * len(terms):
            return False
        folded = fold(self._analyzer.fold(there))
        if not all(fold(name) in folded for name in self._names.names(statement)):
            return False
        return bool(NEGATION.search(statement)) <= bool(NEGATION.search(there)) and not is_opposed(statement, there)

    def _meets(self, statement: str, there: str) -> bool | None:
        """Judges across languages, once the numbers agree: True if there are numbers or a shared name, else None."""
        if re.search(r"\d", statement):
            return True
        names = set(self._analyzer.name_terms(statement))
        return True if names & set(self._analyzer.name_terms(there)) else None


def score(answer: Answer, judge: Judge, languages: Mapping[str, Language]) -> CitationScores:
    """Scores one answer. A statement without a citation counts as not supported.

    Args:
        answer: The answer.
        judge: Tells whether quotes support a statement.
        languages: The language of each document, by its id.
    """
    if not answer.citations:
        return CitationScores()
    by_number = {citation.number: citation for citation in answer.citations}
    statements = supported = citations = precise = undecided = 0
    for statement, numbers in _statements(answer):
        quotes = [_evidence(by_number[number], languages) for number in numbers if number in by_number]
        text = statement if answer.generator else _without_label(statement, quotes)
        verdict = judge(text, answer.language, quotes)
        if verdict is None:
            undecided += 1
            continue
        statements += 1
        supported += verdict
        citations += len(quotes)
        if verdict:
            precise += sum(_is_needed(text, answer.language, quotes, place, judge) for place in range(len(quotes)))
    return CitationScores(statements, supported, citations, precise, undecided)


def without_markers(text: str) -> str:
    """Removes the markers of the citations from an answer."""
    return _MARKERS.sub("", text)


def _is_needed(text: str, language: Language, quotes: Sequence[Evidence], place: int, judge: Judge) -> bool:
    """Tells whether a citation supports a statement by itself, or the other citations do not support it without this one."""
    others = [quote for number, quote in enumerate(quotes) if number != place]
    return bool(judge(text, language, [quotes[place]])) or not judge(text, language, others)


def _statements(answer: Answer) -> list[tuple[str, tuple[int, ...]]]:
    """Splits an answer into statements with the numbers they cite.

    In an answer that is composed of quotes, each statement ends with its markers, whatever full stops the quotes contain.
    """
    if answer.generator:
        return [(sentence.text, sentence.numbers) for sentence in cited_sentences([answer.text])]
    found, start = [], 0
    for marks in _MARKERS.finditer(answer.text):
        found.append((answer.text[start : marks.start()].strip(" \n-"), tuple(map(int, re.findall(r"\d+", marks[0])))))
        start = marks.end()
    return found


def _without_label(text: str, quotes: Sequence[Evidence]) -> str:
    """Removes the title or date that precedes a quote to tell documents apart."""
    return next((quote.text for quote in quotes if text.endswith(" ".join(quote.text.split("\n")))), text)


def _evidence(citation: Citation, languages: Mapping[str, Language]) -> Evidence:
    return Evidence(citation.quote, languages[citation.document_id], citation.title)
