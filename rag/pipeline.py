"""The pipeline: question -> retriever -> reader -> composer or language model -> Answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event as Stop
from threading import Lock
from typing import Literal

from embeddings.encoder import SentenceTransformerEncoder
from embeddings.errors import Stopped
from rag import texts
from rag.answering import composing, follow_ups, intents, rewording, routes
from rag.answering.composing import Composer, ExtractiveComposer, Statement, question_parts
from rag.answering.conditions import Conditions, Judged
from rag.answering.direct import answers as direct
from rag.answering.direct.answers import DirectAnswer
from rag.answering.drafts import Draft, Request
from rag.answering.reading import CalibratedReader, Reader, Reading, SentenceReader, ranked
from rag.answering.retrieval import HybridRetriever, Retriever
from rag.answering.suggesting.offers import Suggesting
from rag.errors import DocumentNotFoundError, GeneratorError
from rag.language_models import finding, translating
from rag.language_models.checking import Checker
from rag.language_models.composer import GenerativeComposer, Tally
from rag.language_models.generators import Generator
from rag.library.ingestion import AddResult, OnProgress
from rag.library.library import Library
from rag.settings import DEFAULTS, Settings
from rag.text.language import language_of
from rag.text.questions import checked
from rag.types import Answer, Citation, Done, Event, Retrieved, SearchResult

SEEDS = Path(__file__).parent.parent / "seeds"


class RagPipeline(Suggesting):
    """Answers questions from a library. Safe to use from several threads.

    Only one thread at a time uses the models of this machine. Waiting for a language model's server does not block the others.
    Options are read-only; `with_options` returns a pipeline with other ones.
    """

    def __init__(
        self,
        library: Library,
        reader: Reader | None = None,
        generator: Generator | None = None,
        *,
        retriever: Retriever | None = None,
        composer: Composer | None = None,
        top_k: int = DEFAULTS.top_k,
        max_sentences: int = DEFAULTS.max_sentences,
        threshold: float = DEFAULTS.threshold,
    ) -> None:
        """Puts the parts together without loading a model.

        Args:
            library: The library to search.
            reader: Judges which sentences answer the question; the bundled reader when None.
            generator: The language model that words the answers; when None, the composer alone does.
            retriever: Finds the passages to read; dense and lexical search, fused, when None.
            composer: Words the answers from what the reader found, also when the language model fails; when None, answers are the
                documents' own sentences.
            top_k: The number of passages that an answer comes with.
            max_sentences: The largest number of sentences that an answer quotes.
            threshold: The support of the best sentence below which a question is refused.
        """
        self._library = library
        self._retriever: Retriever = retriever or HybridRetriever()
        self._reader: Reader = reader or SentenceReader()
        self._composer: Composer = composer or ExtractiveComposer(library.analyzer)
        self._conditions = Conditions(library.analyzer)
        # Taken for all work on the models of this machine; shared by all copies of this pipeline.
        self.model_lock = Lock()
        self._writer = self._writer_of(generator) if generator else None
        self._top_k, self._max_sentences, self._threshold = top_k, max_sentences, threshold

    @property
    def library(self) -> Library:
        """The library that is searched."""
        return self._library

    @property
    def retriever(self) -> Retriever:
        """Finds the passages to read."""
        return self._retriever

    @property
    def reader(self) -> Reader:
        """Judges which sentences answer the question."""
        return self._reader

    @property
    def composer(self) -> Composer:
        """Words the answers without a language model."""
        return self._composer

    @property
    def generator(self) -> Generator | None:
        """The language model that words the answers; None if there is none."""
        return self._writer.generator if self._writer else None

    @property
    def top_k(self) -> int:
        """The number of passages that an answer comes with."""
        return self._top_k

    @property
    def max_sentences(self) -> int:
        """The largest number of sentences that an answer quotes."""
        return self._max_sentences

    @property
    def threshold(self) -> float:
        """The support of the best sentence below which a question is refused."""
        return self._threshold

    @classmethod
    def from_settings(cls, settings: Settings) -> RagPipeline:
        """Builds the pipeline that the settings describe.

        Raises:
            LibraryError: The library cannot be opened.
            ModelError: The encoder is a folder without a model.
        """
        encoder = SentenceTransformerEncoder(settings.encoder, settings.query_prefix, settings.document_prefix)
        library = Library(
            settings.library,
            encoder,
            settings.chunk_tokens,
            settings.max_file_megabytes * 1_000_000,
            max_characters=settings.max_characters,
        )
        generator = finding.chosen(
            settings.generator,
            settings.generator_model,
            settings.generator_key,
            settings.generator_timeout,
            settings.generator_total_timeout,
        )
        return cls(
            library, generator=generator, top_k=settings.top_k, max_sentences=settings.max_sentences, threshold=settings.threshold
        )

    def with_options(
        self,
        *,
        library: Library | None = None,
        generator: Generator | Literal["none"] | None = None,
        top_k: int | None = None,
        max_sentences: int | None = None,
        threshold: float | None = None,
    ) -> RagPipeline:
        """Returns a copy with the given options replaced; it shares models and everything else with this pipeline.

        Args:
            library: Another library to search.
            generator: Another language model; "none" for none.
            top_k: See `__init__`, as for all others. None leaves an option as it is.
            max_sentences: See `__init__`.
            threshold: See `__init__`.
        """
        other = copy(self)
        if top_k is not None:
            other._top_k = top_k
        if max_sentences is not None:
            other._max_sentences = max_sentences
        if threshold is not None:
            other._threshold = threshold
        if library is not None:
            other._library = library
        if library is not None or generator is not None:
            # A language model's sentences are checked with the library's encoder.
            chosen: Generator | Literal["none"] | None = self.generator if generator is None else generator
            other._writer = None if chosen is None or chosen == "none" else other._writer_of(chosen)
        return other

    def _writer_of(self, generator: Generator) -> GenerativeComposer:
        return GenerativeComposer(generator, Checker(self._library.encoder), self.model_lock)

    def retrieve(self, question: str, documents: Collection[str] | None = None) -> list[SearchResult]:
        """Finds the passages that may answer a question, before they are read.

        Args:
            question: In Chinese or English, complete in itself.
            documents: The ids of the documents to search, where unknown ids select nothing; None for all.

        Returns:
            At most `top_k` passages, best first; empty when there is nothing to search.

        Raises:
            QuestionError: The question is empty or longer than 2,000 characters.
            LibraryError: The library cannot be read, or must be re-indexed first.
            ModelError: The encoder cannot be loaded.
        """
        return self._candidates(checked(question), documents)[: self._top_k]

    def _candidates(self, query: str, documents: Collection[str] | None) -> list[SearchResult]:
        if not len(self._library):
            return []
        with self.model_lock:
            return self._retriever.retrieve(query, self._library, documents)

    def answer(self, question: str, history: Sequence[Answer] = (), documents: Collection[str] | None = None) -> Answer:
        """Answers a question, or says that the documents do not contain the answer.

        Args:
            question: In Chinese or English.
            history: The answers so far, oldest first; a follow-up is completed from the last few.
            documents: The ids of the documents to search, where unknown ids select nothing; None for all.

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
        """Answers step by step: yields `Retrieved`, then `Cited` and `TextDelta` as they come, and `Done` at the end.

        Args:
            question: See `answer`, as for the errors.
            history: See `answer`.
            stop: Once it is set, from any thread, the work ends within 200 ms and without `Done`.
            documents: See `answer`.
        """
        question = checked(question)
        try:
            yield from self._stream(question, history, stop or Stop(), documents)
        except Stopped:
            return

    def _stream(self, question: str, history: Sequence[Answer], stop: Stop, documents: Collection[str] | None) -> Iterator[Event]:
        """Answers by the route of the question's intent (`rag.answering.routes`), or else from the documents."""
        language = language_of(question)
        draft = Draft(question, language, question)
        understanding = intents.understand(question, self._library.encoder)
        if understanding.intent:
            chosen = [summary for summary in self._library.documents() if documents is None or summary.id in documents]
            request = Request(question, language, history, self._library, chosen)
            if self.generator:
                translate = partial(translating.translate, self.generator, stop=stop)
                request = replace(request, translate=translate, generator=self.generator.name)
            if response := routes.respond(understanding, request):
                yield from draft.respond(response)
                return
        completion = follow_ups.complete(understanding.question, history, self._library.analyzer)
        cited = follow_ups.cited_before(completion.query, history) if completion.kind == "continue" else []
        draft.query = completion.query
        draft.follows = follow_ups.answer_before(understanding.question, completion, history)
        yield from self._answer(draft, cited, stop, documents)

    def _answer(self, draft: Draft, cited: Sequence[Citation], stop: Stop, documents: Collection[str] | None) -> Iterator[Event]:
        """Answers from the documents; sentences that were `cited` before are left out."""
        candidates = follow_ups.with_cited(self._candidates(draft.query, documents), draft.follows, documents)
        draft.timings["retrieve"] = time.perf_counter() - draft.started
        yield Retrieved(draft.query, tuple(candidates[: self._top_k]))
        reread = partial(self._reread, documents=documents, stop=stop)
        if not cited and (found := self._direct(draft, candidates, reread, documents)):
            yield from draft.say(found.statements)
            yield draft.done(found.kind, tuple(candidates[: self._top_k]), found.confidence)
            return
        with self.model_lock:
            readings = follow_ups.without_cited(self._reader.read(draft.query, candidates, stop), cited)
        if not draft.is_reworded and (wording := rewording.best(draft.query, candidates, readings, self._library, reread)):
            draft.reword(wording)
            yield from self._answer(draft, cited, stop, documents)
            return
        draft.timings["read"] = time.perf_counter() - draft.started - draft.timings["retrieve"]
        results = ranked(readings, self._top_k)
        readings = follow_ups.cited_first(readings, draft.follows)
        try:
            if not cited and not self._writer and (parts := self._parts(draft.query, documents, stop)):
                yield from draft.say(parts.statements)
                yield draft.done("answer", results, self._confidence(min(citation.support for citation in draft.citations)))
                return
            judged = self._conditions.judge(draft.query, readings, self._library.document)
            if not judged.readings or judged.confidence < self._threshold:
                absent = self._conditions.absent_words(draft.query, candidates)
                refusal = composing.refusal(draft.language, self._why_not(candidates, cited), absent)
                yield from self._not_answered(draft, judged, refusal, results)
                return
            if unsure := direct.not_calculated(draft.query, judged.readings, draft.language, self._library):
                yield from draft.say(unsure.statements)
                yield draft.done(unsure.kind, results, unsure.confidence)
                return
            # Composed before any of it is shown: a document may be removed while it is read.
            composition = self._composer.compose(
                draft.query, judged.readings, draft.language, self._library.document, self._max_sentences
            )
            if self._writer:
                yield from self._written(self._writer, draft, judged.readings, stop)
        except DocumentNotFoundError:
            yield from self._answer(draft, cited, stop, documents)
            return
        if stop.is_set():
            raise Stopped
        if not draft.text:
            draft.notes += composition.notes
            yield from draft.say(composition.statements)
        yield draft.done("answer", results, self._confidence(judged.confidence))

    def _confidence(self, support: float) -> float:
        """Returns the probability that an answer is right, from the support of its sentence."""
        return self._reader.confidence(support) if isinstance(self._reader, CalibratedReader) else support

    def _not_answered(self, draft: Draft, judged: Judged, refusal: str, results: tuple[SearchResult, ...]) -> Iterator[Event]:
        """Names the condition that the closest sentence does not meet, or else refuses with the given text."""
        confidence = self._confidence(judged.confidence)
        if judged.nearest and judged.nearest[0].sentence.support >= self._threshold:
            place, unmet = judged.nearest
            yield from draft.say(composing.near_miss(place, unmet, draft.language, self._library.document).statements)
            yield draft.done("near", results, confidence)
        else:
            yield from draft.say([Statement(refusal, ())])
            yield draft.done("refusal", results, confidence)

    def _parts(self, query: str, documents: Collection[str] | None, stop: Stop) -> composing.Composition | None:
        """Answers the parts of a question; None if it asks one thing, or no part can be answered."""
        questions = question_parts.split(query)
        if not questions or not isinstance(self._composer, composing.PartsComposer):
            return None
        parts = []
        for question in questions:
            candidates = self._candidates(question.text, documents)
            with self.model_lock:
                readings = self._reader.read(question.text, candidates, stop)
            judged = self._conditions.judge(question.text, readings, self._library.document)
            is_answered = judged.confidence >= max(self._threshold, composing.SUPPORTED)
            parts.append(composing.Part(question.text, question.label, question.name, judged.readings if is_answered else ()))
        if not any(part.readings for part in parts):
            return None
        return self._composer.compose_parts(parts, language_of(query), self._library.document, self._max_sentences)

    def _why_not(self, candidates: Sequence[SearchResult], cited: Sequence[Citation]) -> composing.NoAnswer:
        """Returns the reason to give for a refusal."""
        if cited:
            return "no more"
        return "not said" if candidates else "none chosen" if len(self._library) else "no documents"

    def _reread(self, query: str, documents: Collection[str] | None, stop: Stop) -> list[Reading]:
        """Returns the readings of another wording; empty if none is supported well enough for an answer."""
        candidates = self._candidates(query, documents)
        with self.model_lock:
            readings = self._reader.read(query, candidates, stop)
        return readings if readings and readings[0].support >= self._threshold else []

    def _direct(
        self,
        draft: Draft,
        candidates: Sequence[SearchResult],
        reread: Callable[[str], list[Reading]],
        documents: Collection[str] | None,
    ) -> DirectAnswer | None:
        """Returns an answer by rule; None unless a rule is sure of one."""
        try:
            with self.model_lock:
                found = direct.find(draft.query, candidates, draft.language, self._library, documents)
            found = found or direct.compare(draft.query, draft.language, self._library, reread)
        except DocumentNotFoundError:
            return None
        return None if found and found.kind == "answer" and found.confidence < self._threshold else found

    def _written(self, writer: GenerativeComposer, draft: Draft, readings: Sequence[Reading], stop: Stop) -> Iterator[Event]:
        """Adds the language model's answer; nothing when the model fails or no document supports what it says."""
        tally, language = Tally(), draft.language
        try:
            yield from draft.say(writer.compose(draft.query, readings, language, self._library.document, stop=stop, tally=tally))
        except GeneratorError as error:
            words = texts.MODEL_BROKE_OFF if draft.text else texts.MODEL_FAILED
            draft.notes += (words.in_language(language, error),)
        else:
            draft.notes += () if draft.text else (texts.WITHOUT_MODEL.in_language(language),)
        draft.notes += tally.notes(language)
        draft.generator = writer.generator.name if draft.text else ""

    def warm_up(self) -> None:
        """Loads the models, so that the first question does not wait for them."""
        if candidates := self._candidates("?", None):
            with self.model_lock:
                self._reader.read("?", candidates[:1])

    def add_seeds(self, on_progress: OnProgress | None = None) -> list[AddResult]:
        """Adds the documents that ship with the project."""
        return self._library.add([SEEDS / "documents"], on_progress)
