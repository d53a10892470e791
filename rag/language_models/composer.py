"""The generative composer: answers in a language model's words, each sentence checked against its citations before it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event, Lock

from rag.answering.citations import CitedSentence, cited_sentences, marker, quoted
from rag.answering.composing import GetDocument, Statement
from rag.answering.reading import Reading, Sentence
from rag.language_models.checking import Checker, Evidence
from rag.language_models.generators import Generator
from rag.language_models.injection import addressed_to_model
from rag.language_models.prompts import NO_ANSWER, NumberedSentence, fitted, prompt
from rag.texts import CITATIONS_REPAIRED, LEFT_OUT, MARKERS_DROPPED
from rag.types import Citation, Document, Language

_MAX_SHOWN = 24
# A longer sentence is not an answer, and would take long to check.
_MAX_SENTENCE = 1_000
_CODE = re.compile(r"```.*?(?:```|$)|`[^`]*`", re.DOTALL)
_WORDS = re.compile(r"[^\W_]")


@dataclass(slots=True)
class Tally:
    """Counts of a language model's sentences and markers by what became of them."""

    shown: int = 0
    left_out: int = 0
    repaired: int = 0
    unknown_markers: int = 0

    def notes(self, language: Language) -> tuple[str, ...]:
        """Returns notes for the reader of the answer."""
        counts = ((LEFT_OUT, self.left_out), (CITATIONS_REPAIRED, self.repaired), (MARKERS_DROPPED, self.unknown_markers))
        return tuple(words.in_language(language, count) for words, count in counts if count)


@dataclass(frozen=True, slots=True)
class _Shown:
    """A sentence that the model is shown, and its place."""

    document: Document
    section: str
    sentence: Sentence


class GenerativeComposer:
    """Answers in a language model's sentences, and shows only those that a document supports."""

    def __init__(self, generator: Generator, checker: Checker, models: Lock | None = None) -> None:
        """Loads nothing yet.

        Args:
            generator: The language model.
            checker: Checks its sentences.
            models: A lock on the models of this machine, taken while the checker works.
        """
        self.generator = generator
        self._checker = checker
        self._models = models or Lock()

    def compose(
        self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument, *, stop: Event, tally: Tally
    ) -> Iterator[Statement]:
        """Yields the model's sentences as they come, each with its supporting citations; leaves out unsupported ones.

        Args:
            question: Complete in itself.
            readings: The reader's, best first.
            language: The language of the question, in which the model answers.
            document: Returns the document of an id.
            stop: Once it is set, the model is stopped and no more sentences come.
            tally: Counts the sentences and markers.

        Raises:
            GeneratorError: The model fails. The sentences before that remain valid.
        """
        places = sorted(((r, s) for r in readings for s in r.sentences), key=lambda place: -place[1].support)
        shown = [
            _Shown(document(reading.result.chunk.document_id), reading.result.chunk.section, sentence)
            for reading, sentence in places
            if not addressed_to_model(sentence.text)
        ][:_MAX_SHOWN]
        numbered = [NumberedSentence(n, place.sentence.text, place.document.title) for n, place in enumerate(shown, 1)]
        numbered = fitted(self.generator, question, numbered, language)
        if not numbered:
            return
        messages = prompt(question, numbered, language)
        evidence = [
            Evidence(place.sentence.text, place.document.language, f"{place.document.title}\n{place.section}")
            for place in shown[: len(numbered)]
        ]
        given: dict[int, int] = {}
        for sentence in cited_sentences(self.generator.stream(messages, stop)):
            supporting = self._supporting(sentence, language, evidence, tally)
            if not supporting:
                continue
            new = [place for place in supporting if place not in given]
            given |= {place: number for number, place in enumerate(new, len(given) + 1)}
            before = sentence.before if tally.shown else sentence.before.lstrip()
            tally.shown += 1
            yield Statement(
                f"{before}{sentence.text}{marker(*(given[place] for place in supporting))}",
                tuple(_cited(shown[place], given[place]) for place in new),
            )

    def _supporting(self, sentence: CitedSentence, language: Language, evidence: Sequence[Evidence], tally: Tally) -> list[int]:
        """Returns the places in `evidence` that support a sentence of the model; empty when it must not be shown."""
        if sentence.text.strip() in NO_ANSWER.values() or not _WORDS.search(_CODE.sub("", sentence.text)):
            return []
        if len(sentence.text) > _MAX_SENTENCE:
            tally.left_out += 1
            return []
        cited = [number - 1 for number in sentence.numbers if 1 <= number <= len(evidence)]
        tally.unknown_markers += len(sentence.numbers) - len(cited)
        with self._models:
            verdict = self._checker.check(sentence.text, language, cited, evidence)
        tally.left_out += verdict.status == "unsupported"
        tally.repaired += verdict.status == "repaired"
        return list(verdict.numbers)


def _cited(shown: _Shown, number: int) -> Citation:
    sentence = shown.sentence
    return quoted(shown.document, number, sentence.start, sentence.end, sentence.support)
