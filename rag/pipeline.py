"""The pipeline: question -> retriever -> reader -> composer or language model -> Answer."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from threading import Event as Stop
from threading import Lock
from typing import Literal

from embeddings.encoder import SentenceTransformerEncoder
from embeddings.errors import Stopped
from rag.answering import comparing, composing, follow_ups, intents
from rag.answering.composing import Composer, ExtractiveComposer, NoAnswer, Statement
from rag.answering.drafts import Draft
from rag.answering.reading import Reader, Reading, SentenceReader
from rag.answering.retrieval import HybridRetriever, Retriever
from rag.answering.table_answers import answers as table_answers
from rag.answering.table_answers.answers import TableAnswer
from rag.errors import DocumentNotFoundError, GeneratorError, QuestionError
from rag.language_models import generators
from rag.language_models.checking import Checker
from rag.language_models.composer import GenerativeComposer, Tally
from rag.language_models.generators import Generator
from rag.library.ingestion import AddResult, OnProgress
from rag.library.library import Library
from rag.settings import DEFAULTS, Settings
from rag.text.language import language_of
from rag.types import Answer, Citation, Done, Event, Retrieved, SearchResult

SEEDS = Path(__file__).parent.parent / "seeds"
_MAX_QUESTION = 2000
_WITHOUT_MODEL = {
    "zh": "语言模型没有给出有依据的回答，这里改用文档原句。",
    "en": "The language model gave no answer that the documents support; these are the documents' own sentences.",
}
_MODEL_FAILED = {
    "zh": "语言模型出错（{}），这里改用文档原句。",
    "en": "The language model failed ({}); these are the documents' own sentences.",
}
_MODEL_BROKE_OFF = {
    "zh": "语言模型中途出错（{}），回答可能不完整。",
    "en": "The language model broke off ({}); the answer may be incomplete.",
}


class RagPipeline:
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
            threshold: The confidence below which a question is refused.
        """
        self._library = library
        self._retriever: Retriever = retriever or HybridRetriever()
        self._reader: Reader = reader or SentenceReader()
        self._composer: Composer = composer or ExtractiveComposer(library.analyzer)
        # Shared by all copies of this pipeline.
        self._models = Lock()
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
        """The confidence below which a question is refused."""
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
        return GenerativeComposer(generator, Checker(self._library.encoder), self._models)

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
        return self._candidates(_checked(question), documents)[: self._top_k]

    def _candidates(self, query: str, documents: Collection[str] | None) -> list[SearchResult]:
        if not len(self._library):
            return []
        with self._models:
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
        question = _checked(question)
        try:
            yield from self._stream(question, history, stop or Stop(), documents)
        except Stopped:
            return

    def _stream(self, question: str, history: Sequence[Answer], stop: Stop, documents: Collection[str] | None) -> Iterator[Event]:
        language = language_of(question)
        intent = intents.intent_of(question)
        if intent == "comparison":
            yield from self._compare(Draft(question, language, question), history, documents)
        elif intent:
            draft = Draft(question, language, question)
            yield from draft.say([Statement(intents.reply(intent, language, self._library.documents()), ())])
            yield draft.done("reply")
        else:
            completion = follow_ups.complete(question, history, self._library.analyzer)
            cited = follow_ups.cited_before(completion.query, history) if completion.kind == "continue" else []
            yield from self._answer(Draft(question, language, completion.query), cited, stop, documents)

    def _answer(self, draft: Draft, cited: Sequence[Citation], stop: Stop, documents: Collection[str] | None) -> Iterator[Event]:
        """Answers from the documents; sentences that were `cited` before are left out."""
        candidates = self._candidates(draft.query, documents)
        draft.timings["retrieve"] = time.perf_counter() - draft.started
        yield Retrieved(draft.query, tuple(candidates[: self._top_k]))
        if not cited and (computed := self._over_tables(draft, candidates)):
            shown = tuple(candidates[: self._top_k])
            if computed.statements:
                yield from draft.say(computed.statements)
                yield draft.done("answer", shown, computed.confidence)
            else:
                # The cell that the question asks for is empty.
                yield from draft.say([Statement(composing.refusal(draft.language, "not said"), ())])
                yield draft.done("refusal", shown, 1 - computed.confidence)
            return
        with self._models:
            readings = follow_ups.without_cited(self._reader.read(draft.query, candidates, stop), cited)
        draft.timings["read"] = time.perf_counter() - draft.started - draft.timings["retrieve"]
        confidence = readings[0].support if readings else 0.0
        results = self._ranked(readings)
        if not readings or confidence < self._threshold:
            yield from draft.say([Statement(composing.refusal(draft.language, self._why_not(candidates, cited)), ())])
            yield draft.done("refusal", results, confidence)
            return
        try:
            # Composed before any of it is shown: a document may be removed while it is read.
            composition = self._composer.compose(
                draft.query, readings, draft.language, self._library.document, self._max_sentences
            )
            if self._writer:
                yield from self._written(self._writer, draft, readings, stop)
        except DocumentNotFoundError:
            yield from self._answer(draft, cited, stop, documents)
            return
        if stop.is_set():
            raise Stopped
        if not draft.text:
            draft.notes += composition.notes
            yield from draft.say(composition.statements)
        yield draft.done("answer", results, confidence)

    def _why_not(self, candidates: Sequence[SearchResult], cited: Sequence[Citation]) -> NoAnswer:
        """Returns the reason to give for a refusal."""
        if cited:
            return "no more"
        if candidates:
            return "not said"
        return "none chosen" if len(self._library) else "no documents"

    def _over_tables(self, draft: Draft, candidates: Sequence[SearchResult]) -> TableAnswer | None:
        """Computes an answer over a whole table; None unless the question is surely one for a table."""
        library = self._library
        try:
            with self._models:
                answer = table_answers.answer(
                    draft.query,
                    candidates,
                    draft.language,
                    library.document,
                    analyzer=library.analyzer,
                    encoder=library.encoder,
                )
        except DocumentNotFoundError:
            return None
        return answer if answer and answer.confidence >= self._threshold else None

    def _written(self, writer: GenerativeComposer, draft: Draft, readings: Sequence[Reading], stop: Stop) -> Iterator[Event]:
        """Adds the language model's answer; nothing when the model fails or no document supports what it says."""
        tally, language = Tally(), draft.language
        try:
            yield from draft.say(writer.compose(draft.query, readings, language, self._library.document, stop=stop, tally=tally))
        except GeneratorError as error:
            words = _MODEL_BROKE_OFF if draft.text else _MODEL_FAILED
            draft.notes = (words[language].format(error),)
        else:
            draft.notes = () if draft.text else (_WITHOUT_MODEL[language],)
        draft.notes += tally.notes(language)
        draft.generator = writer.generator.name if draft.text else ""

    def _compare(self, draft: Draft, history: Sequence[Answer], documents: Collection[str] | None) -> Iterator[Event]:
        """Shows two documents' differing sentences side by side."""
        summaries = [summary for summary in self._library.documents() if documents is None or summary.id in documents]
        two = comparing.which_two(draft.question, history, summaries)
        if two is None:
            yield from draft.say([Statement(intents.reply("comparison", draft.language, summaries), ())])
            yield draft.done("reply")
            return
        first, second = map(self._library.document, two)
        pairs = comparing.compare(first, second, self._library.encoder)
        yield from draft.say(comparing.side_by_side(first, second, pairs, draft.language))
        yield draft.done("answer" if pairs else "reply")

    def _ranked(self, readings: Sequence[Reading]) -> tuple[SearchResult, ...]:
        """Returns the best supported passages, with the scores of every stage."""
        return tuple(
            replace(
                reading.result, rank=rank, score=reading.support, scores={**reading.result.scores, "support": reading.support}
            )
            for rank, reading in enumerate(readings[: self._top_k], 1)
        )

    def warm_up(self) -> None:
        """Loads the models, so that the first question does not wait for them."""
        candidates = self._candidates("?", None)
        if candidates:
            with self._models:
                self._reader.read("?", candidates[:1])

    def add_seeds(self, on_progress: OnProgress | None = None) -> list[AddResult]:
        """Adds the documents that ship with the project."""
        return self._library.add([SEEDS / "documents"], on_progress)


def _checked(question: str) -> str:
    question = question.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not any(character.isalnum() for character in question):
        raise QuestionError("the question is empty: ask in words, in Chinese or English")
    if len(question) > _MAX_QUESTION:
        raise QuestionError(f"the question has {len(question):,} characters; ask in at most {_MAX_QUESTION:,}")
    return question
