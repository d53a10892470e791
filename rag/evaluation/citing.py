"""Whether an answer's citations hold what it says: citation recall and precision after ALCE.

Gao, Yen, Yu and Chen (2023), "Enabling Large Language Models to Generate Text with Citations". Their judge is a language
model for entailment. Ours is another than what chose the citations, which were chosen by the bundled reader or checked with the
encoder: it knows no model, only which content words and quantities of a statement the cited sentences hold. How often it
says what people say: `tests/unit/citation_labels.jsonl`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag.answering.citations import cited_sentences
from rag.evaluation.matching import fold
from rag.language_models.checking import Evidence, contains_numbers, is_opposed
from rag.text.analysis import Analyzer
from rag.text.names import NameFinder
from rag.text.negation import NEGATION
from rag.types import Answer, Citation, Language

_ENOUGH_TERMS = 0.75
_MARKERS = re.compile(r"(?:\[\d+\])+")
_QUOTED = re.compile(r"[“\"](.+)[”\"]", re.DOTALL)

Judge = Callable[[str, Language, Sequence[Evidence]], bool | None]
"""Whether quotes hold a statement in a language; None when that cannot be told."""


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Counts over the statements of an answer and its citations; what cannot be judged is not among them.

    Citation recall is `supported / statements`, citation precision `precise / citations`.
    """

    statements: int = 0
    supported: int = 0
    citations: int = 0
    precise: int = 0
    undecided: int = 0


class ContainmentJudge:
    """Judges by what stands there.

    The quotes hold every quantity and proper name of the statement and three quarters of its content words; it denies nothing
    that they do not, and does not say more where they say less. A direct quotation is held by what it quotes. Across languages
    words do not meet: only quantities and names do, and a statement without any cannot be judged. What is said of whom it does
    not see, nor that two words mean the same.
    """

    def __init__(self, analyzer: Analyzer | None = None) -> None:
        self._analyzer = analyzer or Analyzer()
        self._names = NameFinder(self._analyzer)

    def __call__(self, statement: str, language: Language, quotes: Sequence[Evidence]) -> bool | None:
        if not quotes:
            return False
        there = " ".join(quote.text for quote in quotes)
        said = fold(statement)
        if not said or said in fold(there):
            return True
        if not contains_numbers(statement, language, quotes):
            return False
        if (quoted := _QUOTED.search(statement)) and fold(quoted[1]) in fold(there):
            return True
        if all(quote.language == language for quote in quotes):
            return self._holds_terms(statement, there)
        return self._meets(statement, there)

    def _holds_terms(self, statement: str, there: str) -> bool:
        terms = [term for term in self._analyzer.content_terms(statement) if not term[0].isdigit()]
        held = set(self._analyzer.terms(there))
        if terms and sum(term in held for term in terms) < _ENOUGH_TERMS * len(terms):
            return False
        folded = fold(self._analyzer.fold(there))
        if not all(fold(name) in folded for name in self._names.names(statement)):
            return False
        return bool(NEGATION.search(statement)) <= bool(NEGATION.search(there)) and not is_opposed(statement, there)

    def _meets(self, statement: str, there: str) -> bool | None:
        """Its numbers are held; so it is when there are any, or when a name is, and not told when there is neither."""
        if re.search(r"\d", statement):
            return True
        names = set(self._analyzer.name_terms(statement))
        return True if names & set(self._analyzer.name_terms(there)) else None


def score(answer: Answer, judge: Judge, languages: Mapping[str, Language]) -> CitationScores:
    """The scores of one answer; a statement without a citation is not supported.

    Args:
        answer: What was said.
        judge: Says what holds what.
        languages: Those of the documents, by their ids.
    """
    if not answer.citations:
        return CitationScores()
    by_number = {citation.number: citation for citation in answer.citations}
    statements = supported = citations = precise = undecided = 0
    for said, numbers in _statements(answer):
        quotes = [_evidence(by_number[number], languages) for number in numbers if number in by_number]
        text = said if answer.generator else _without_label(said, quotes)
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
    """An answer without the markers of its citations."""
    return _MARKERS.sub("", text)


def _is_needed(text: str, language: Language, quotes: Sequence[Evidence], place: int, judge: Judge) -> bool:
    """Whether a citation holds a supported statement alone, or the others cannot do without it."""
    others = [quote for number, quote in enumerate(quotes) if number != place]
    return bool(judge(text, language, [quotes[place]])) or not judge(text, language, others)


def _statements(answer: Answer) -> list[tuple[str, tuple[int, ...]]]:
    """The statements with the numbers they cite.

    What is put together from quotes ends each statement with its markers, whatever full stops the quotes hold.
    """
    if answer.generator:
        return [(sentence.text, sentence.numbers) for sentence in cited_sentences([answer.text])]
    found, start = [], 0
    for marks in _MARKERS.finditer(answer.text):
        found.append((answer.text[start : marks.start()].strip(" \n-"), tuple(map(int, re.findall(r"\d+", marks[0])))))
        start = marks.end()
    return found


def _without_label(text: str, quotes: Sequence[Evidence]) -> str:
    """A statement without the title or date that is put before a quote to tell documents apart."""
    return next((quote.text for quote in quotes if text.endswith(" ".join(quote.text.split("\n")))), text)


def _evidence(citation: Citation, languages: Mapping[str, Language]) -> Evidence:
    return Evidence(citation.quote, languages[citation.document_id], citation.title)
