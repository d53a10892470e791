"""Everything put together once: question -> retriever -> reader -> composer or language model -> Answer."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Stop
from threading import Lock
from typing import Literal

from embeddings.encoder import SentenceTransformerEncoder
from embeddings.errors import Stopped
from rag.answering import comparing, composing, follow_ups, intents
from rag.answering.composing import ExtractiveComposer, NoAnswer, Statement
from rag.answering.reading import Reader, Reading, SentenceReader
from rag.answering.retrieval import Retriever
from rag.answering.tables import answers as table_answers
from rag.answering.tables.answers import TableAnswer
from rag.errors import DocumentNotFoundError, GeneratorError, QuestionError
from rag.language_models import generators
from rag.language_models.checking import Checker
from rag.language_models.composer import GenerativeComposer, Tally
from rag.language_models.generators import Generator
from rag.library.ingestion import AddResult, OnProgress
from rag.library.library import Library
from rag.settings import DEFAULTS, Settings
from rag.text.language import language_of
from rag.types import Answer, AnswerKind, Citation, Cited, Done, Event, Language, Retrieved, SearchResult, TextDelta

SEEDS = Path(__file__).parent.parent / "seeds"
_LONGEST_QUESTION = 2000
_WITHOUT_MODEL = {
    "zh": "语言模型没有给出有依据的回答，这里改用文档原句。",
    "en": "The language model gave no answer that the documents hold; these are the documents' own sentences.",
}
_MODEL_FAILED = {
    "zh": "语言模型出错（{}），这里改用文档原句。",
    "en": "The language model failed ({}); these are the documents' own sentences.",
}
_MODEL_BROKE_OFF = {
    "zh": "语言模型中途出错（{}），回答可能不完整。",
    "en": "The language model broke off ({}); there may be more to say.",
}


@dataclass(slots=True)
class _Draft:
    """An answer while it grows."""

    question: str
    language: Language
    asked: str
    started: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)
    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    generator: str = ""
    notes: tuple[str, ...] = ()

    def say(self, statements: Iterable[Statement]) -> Iterator[Event]:
        """Adds statements, and gives the events of each."""
        for statement in statements:
            self.timings.setdefault("first text", time.perf_counter() - self.started)
            yield from map(Cited, statement.citations)
            self.text += statement.text
            self.citations += statement.citations
            yield from map(TextDelta, composing.pieces(statement.text))

    def done(self, kind: AnswerKind, results: tuple[SearchResult, ...] = (), confidence: float = 1.0) -> Done:
        """The last event: the whole answer."""
        timings = self.timings | {"total": time.perf_counter() - self.started}
        citations = tuple(self.citations)
        return Done(
            Answer(
                self.question,
                self.asked,
                self.text,
                kind,
                citations,
                results,
                confidence,
                self.language,
                self.generator,
                self.notes,
                timings,
            )
        )


class RagPipeline:
    """Answers questions from a library. Safe to use from several threads.

    One thread at a time uses the models of this machine; a language model's server is waited for without holding up the others.
    """

    def __init__(
        self,
        library: Library,
        reader: Reader | None = None,
        generator: Generator | None = None,
        *,
        top_k: int = DEFAULTS.top_k,
        max_sentences: int = DEFAULTS.max_sentences,
        threshold: float = DEFAULTS.threshold,
    ) -> None:
        """Puts the parts together; reads no model yet.

        Args:
            library: What is searched.
            reader: Judges which sentences answer; the bundled one when None.
            generator: The language model that words the answers; when None, they are the documents' own sentences.
            top_k: How many passages an answer comes with.
            max_sentences: The most sentences an answer quotes.
            threshold: The confidence below which the answer is that the documents do not say.
        """
        self.library = library
        self._retriever = Retriever(library)
        self._reader = reader or SentenceReader()
        self._composer = ExtractiveComposer(max_sentences, library.analyzer)
        # Shared by all copies of this pipeline.
        self._models = Lock()
        self._writer = self._writer_of(generator) if generator else None
        self.top_k, self.max_sentences, self.threshold = top_k, max_sentences, threshold

    @property
    def generator(self) -> Generator | None:
        """The language model that words the answers, if there is one."""
        return self._writer.generator if self._writer else None

    @property
    def reader(self) -> Reader:
        """What judges which sentences answer."""
        return self._reader

    @classmethod
    def from_settings(cls, settings: Settings) -> RagPipeline:
        """The pipeline that the settings describe.

        Raises:
            LibraryError: The library cannot be opened.
            ModelError: The encoder is a folder that holds no model.
        """
        encoder = SentenceTransformerEncoder(settings.encoder, settings.query_prefix, settings.document_prefix)
        library = Library(
            settings.library,
            encoder,
            settings.chunk_tokens,
            settings.max_file_megabytes * 1_000_000,
            max_characters=settings.max_characters,
        )
        generator = (
            generators.generator(
                settings.generator,
                settings.generator_model,
                settings.generator_key,
                settings.generator_timeout,
                settings.generator_total_timeout,
            )
            if settings.generator
            else None
        )
        return cls(
            library,
            generator=generator,
            top_k=settings.top_k,
            max_sentences=settings.max_sentences,
            threshold=settings.threshold,
        )

    def adjusted(
        self,
        *,
        top_k: int | None = None,
        max_sentences: int | None = None,
        threshold: float | None = None,
        generator: Generator | Literal["none"] | None = None,
    ) -> RagPipeline:
        """The same pipeline with other choices, for one who asks otherwise; library and models are shared.

        Args: see `__init__`; what is None stays as it is, and the generator "none" is the documents' own sentences.
        """
        other = copy(self)
        if top_k is not None:
            other.top_k = top_k
        if max_sentences is not None:
            other.max_sentences = max_sentences
            other._composer = ExtractiveComposer(max_sentences, self.library.analyzer)
        if threshold is not None:
            other.threshold = threshold
        if generator is not None:
            other._writer = None if generator == "none" else self._writer_of(generator)
        return other

    def _writer_of(self, generator: Generator) -> GenerativeComposer:
        return GenerativeComposer(generator, Checker(self.library.encoder), self._models)

    def over(self, library: Library) -> RagPipeline:
        """The same pipeline over another library."""
        other = copy(self)
        other.library, other._retriever = library, Retriever(library)
        other._writer = other._writer_of(self._writer.generator) if self._writer else None
        return other

    def answer(self, question: str, history: Sequence[Answer] = (), documents: Collection[str] | None = None) -> Answer:
        """Answers a question, or says that the documents do not hold the answer.

        Args:
            question: In Chinese or English.
            history: The answers so far, oldest first; a follow-up is completed from the last few.
            documents: The ids of those that are searched, of which unknown ones select nothing; None for all.

        Raises:
            QuestionError: The question is empty or longer than 2,000 characters.
            LibraryError: The library cannot be read, or must be re-indexed first.
            ModelError: A model cannot be loaded.
        """
        *_, last = self.stream(question, history, documents=documents)
        assert isinstance(last, Done)
        return last.answer

    def stream(
        self,
        question: str,
        history: Sequence[Answer] = (),
        stop: Stop | None = None,
        documents: Collection[str] | None = None,
    ) -> Iterator[Event]:
        """The same as `answer` step by step: what was retrieved, text and citations as they come, the whole answer at the end.

        Once `stop` is set, from any thread, the work ends within a fifth of a second, and no `Done` comes.
        """
        question = _checked(question)
        try:
            yield from self._stream(question, history, stop or Stop(), documents)
        except Stopped:
            return

    def _stream(self, question: str, history: Sequence[Answer], stop: Stop, documents: Collection[str] | None) -> Iterator[Event]:
        language = language_of(question)
        courtesy = intents.courtesy(question)
        if courtesy == "comparison":
            yield from self._compare(_Draft(question, language, question), history, documents)
        elif courtesy:
            draft = _Draft(question, language, question)
            yield from draft.say([Statement(intents.reply(courtesy, language, self.library.documents()), ())])
            yield draft.done("reply")
        else:
            completion = follow_ups.complete(question, history, self.library.analyzer)
            cited = _cited_before(completion.query, history) if completion.kind == "continue" else []
            yield from self._answer(_Draft(question, language, completion.query), cited, stop, documents)

    def _answer(self, draft: _Draft, said: Sequence[Citation], stop: Stop, documents: Collection[str] | None) -> Iterator[Event]:
        with self._models:
            candidates = self._retriever.search(draft.asked, documents) if len(self.library) else []
        draft.timings["retrieve"] = time.perf_counter() - draft.started
        yield Retrieved(draft.asked, tuple(candidates[: self.top_k]))
        if not said and (worked_out := self._over_tables(draft, candidates)):
            yield from draft.say(worked_out.statements)
            yield draft.done("answer", tuple(candidates[: self.top_k]), worked_out.confidence)
            return
        with self._models:
            readings = _unsaid(self._reader.read(draft.asked, candidates, stop), said)
        draft.timings["read"] = time.perf_counter() - draft.started - draft.timings["retrieve"]
        confidence = readings[0].support if readings else 0.0
        results = self._ranked(readings)
        if not readings or confidence < self.threshold:
            why: NoAnswer = (
                "no more" if said else "not said" if candidates else "none chosen" if len(self.library) else "no documents"
            )
            yield from draft.say([Statement(composing.refusal(draft.language, why), ())])
            yield draft.done("refusal", results, confidence)
            return
        try:
            # Composed whole before anything is said of it: a document may be removed while it is read.
            composition = self._composer.compose(draft.asked, readings, draft.language, self.library.document)
            if self._writer:
                yield from self._written(self._writer, draft, readings, stop)
        except DocumentNotFoundError:
            yield from self._answer(draft, said, stop, documents)
            return
        if stop.is_set():
            raise Stopped
        if not draft.text:
            draft.notes += composition.notes
            yield from draft.say(composition.statements)
        yield draft.done("answer", results, confidence)

    def _over_tables(self, draft: _Draft, candidates: Sequence[SearchResult]) -> TableAnswer | None:
        """What a table answers as a whole, if the question is surely one for it."""
        library = self.library
        try:
            with self._models:
                answer = table_answers.answer(
                    draft.asked,
                    candidates,
                    draft.language,
                    library.document,
                    analyzer=library.analyzer,
                    encoder=library.encoder,
                )
        except DocumentNotFoundError:
            return None
        return answer if answer and answer.confidence >= self.threshold else None

    def _written(self, writer: GenerativeComposer, draft: _Draft, readings: Sequence[Reading], stop: Stop) -> Iterator[Event]:
        """What the language model says; nothing when it fails or says nothing that a document holds."""
        tally, language = Tally(), draft.language
        try:
            yield from draft.say(writer.compose(draft.asked, readings, language, self.library.document, stop=stop, tally=tally))
        except GeneratorError as error:
            words = _MODEL_BROKE_OFF if draft.text else _MODEL_FAILED
            draft.notes = (words[language].format(error),)
        else:
            draft.notes = () if draft.text else (_WITHOUT_MODEL[language],)
        draft.notes += tally.notes(language)
        draft.generator = writer.generator.name if draft.text else ""

    def _compare(self, draft: _Draft, history: Sequence[Answer], documents: Collection[str] | None) -> Iterator[Event]:
        """What two documents say differently, side by side."""
        summaries = [summary for summary in self.library.documents() if documents is None or summary.id in documents]
        two = comparing.which_two(draft.question, history, summaries)
        if two is None:
            yield from draft.say([Statement(intents.reply("comparison", draft.language, summaries), ())])
            yield draft.done("reply")
            return
        first, second = map(self.library.document, two)
        pairs = comparing.compare(first, second, self.library.encoder)
        yield from draft.say(composing.side_by_side(first, second, pairs, draft.language))
        yield draft.done("answer" if pairs else "reply")

    def _ranked(self, readings: Sequence[Reading]) -> tuple[SearchResult, ...]:
        """The best passages by their support, with every stage's score."""
        return tuple(
            replace(
                reading.result, rank=rank, score=reading.support, scores={**reading.result.scores, "support": reading.support}
            )
            for rank, reading in enumerate(readings[: self.top_k], 1)
        )

    def warm_up(self) -> None:
        """Loads the models, so that the first question need not wait for them."""
        if not len(self.library):
            return
        with self._models:
            self._reader.read("?", self._retriever.search("?")[:1])

    def add_seeds(self, on_progress: OnProgress | None = None) -> list[AddResult]:
        """Adds the documents that ship with the project."""
        return self.library.add([SEEDS / "documents"], on_progress)


def _cited_before(query: str, history: Sequence[Answer]) -> list[Citation]:
    """The citations of the earlier answers to a query."""
    return [citation for answer in history if answer.asked == query for citation in answer.citations]


def _unsaid(readings: Sequence[Reading], said: Sequence[Citation]) -> list[Reading]:
    """The readings without the sentences that were cited before, the best supported first."""
    if not said:
        return list(readings)
    left = []
    for reading in readings:
        cited = [(c.start, c.end) for c in said if c.document_id == reading.result.chunk.document_id]
        kept = tuple(s for s in reading.sentences if not any(s.start < end and start < s.end for start, end in cited))
        if kept:
            left.append(replace(reading, sentences=kept, support=max(sentence.support for sentence in kept)))
    return sorted(left, key=lambda reading: -reading.support)


def _checked(question: str) -> str:
    question = question.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not any(character.isalnum() for character in question):
        raise QuestionError("the question is empty: ask in words, in Chinese or English")
    if len(question) > _LONGEST_QUESTION:
        raise QuestionError(f"the question has {len(question):,} characters; ask in at most {_LONGEST_QUESTION:,}")
    return question
