"""Everything put together once: question -> retriever -> reader -> composer -> Answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from embeddings.encoder import SentenceTransformerEncoder
from rag import composing
from rag.composing import Composed, ExtractiveComposer
from rag.errors import DocumentNotFoundError, QuestionError
from rag.library import AddResult, Library, Progress
from rag.metadata import language_of
from rag.reading import Reader, Reading, SentenceReader
from rag.retrieval import Retriever
from rag.settings import DEFAULTS, Settings
from rag.types import Answer, Done, Event, Retrieved, SearchResult, TextDelta

SEEDS = Path(__file__).parent.parent / "seeds"
_LONGEST_QUESTION = 2000


class RagPipeline:
    """Answers questions from a library. Safe to use from several threads."""

    def __init__(
        self,
        library: Library,
        reader: Reader | None = None,
        top_k: int = DEFAULTS.top_k,
        max_sentences: int = DEFAULTS.max_sentences,
        threshold: float = DEFAULTS.threshold,
    ) -> None:
        """Puts the parts together; reads no model yet.

        Args:
            library: What is searched.
            reader: Judges which sentences answer; the bundled one when None.
            top_k: How many passages an answer comes with.
            max_sentences: The most sentences an answer quotes.
            threshold: The confidence below which the answer is that the documents do not say.
        """
        self.library = library
        self._retriever = Retriever(library)
        self._reader = reader or SentenceReader()
        self._composer = ExtractiveComposer(max_sentences)
        self._top_k = top_k
        self._threshold = threshold

    @classmethod
    def from_settings(cls, settings: Settings) -> RagPipeline:
        """The pipeline that the settings describe.

        Raises:
            LibraryError: The library cannot be opened.
            ModelError: The encoder is a folder that holds no model.
        """
        encoder = SentenceTransformerEncoder(settings.encoder, settings.query_prefix, settings.document_prefix)
        library = Library(settings.library, encoder, settings.chunk_tokens, settings.max_file_megabytes * 1_000_000)
        return cls(library, top_k=settings.top_k, max_sentences=settings.max_sentences, threshold=settings.threshold)

    def answer(self, question: str) -> Answer:
        """Answers a question, or says that the documents do not hold the answer.

        Raises:
            QuestionError: The question is empty or longer than 2,000 characters.
            LibraryError: The library cannot be read, or must be re-indexed first.
            ModelError: A model cannot be loaded.
        """
        *_, last = self.stream(question)
        assert isinstance(last, Done)
        return last.answer

    def stream(self, question: str) -> Iterator[Event]:
        """The same as `answer` step by step: what was retrieved, the text in pieces, and the whole answer at the end."""
        question = _checked(question)
        language = language_of(question)
        started = time.perf_counter()
        candidates = self._retriever.search(question) if len(self.library) else []
        retrieved = time.perf_counter()
        yield Retrieved(tuple(candidates[: self._top_k]))
        readings = self._reader.read(question, candidates)
        read = time.perf_counter()
        sure = readings[0].support if readings else 0.0
        abstained = sure < self._threshold
        try:
            if abstained:
                composed = Composed((composing.refusal(language, empty=not len(self.library)),), ())
            else:
                composed = self._composer.compose(question, readings, language, self.library.document)
        except DocumentNotFoundError:
            # It was removed while it was read: begin again without it.
            yield from self.stream(question)
            return
        for piece in composing.stream(composed.pieces):
            yield TextDelta(piece)
        timings = {"retrieve": retrieved - started, "read": read - retrieved, "total": time.perf_counter() - started}
        text = "".join(composed.pieces)
        yield Done(Answer(question, text, composed.citations, self._ranked(readings), abstained, sure, language, timings))

    def _ranked(self, readings: Sequence[Reading]) -> tuple[SearchResult, ...]:
        """The best passages by their support, with every stage's score."""
        return tuple(
            replace(
                reading.result, rank=rank, score=reading.support, scores={**reading.result.scores, "support": reading.support}
            )
            for rank, reading in enumerate(readings[: self._top_k], 1)
        )

    def add_seeds(self, progress: Progress | None = None) -> list[AddResult]:
        """Adds the documents that ship with the project."""
        return self.library.add([SEEDS / "documents"], progress)


def _checked(question: str) -> str:
    question = question.encode("utf-8", "replace").decode("utf-8").replace("\0", " ").strip()
    if not any(character.isalnum() for character in question):
        raise QuestionError("the question is empty: ask in words, in Chinese or English")
    if len(question) > _LONGEST_QUESTION:
        raise QuestionError(f"the question has {len(question):,} characters; ask in at most {_LONGEST_QUESTION:,}")
    return question
