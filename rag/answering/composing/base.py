"""The `Composer` protocol and the types of its results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from rag.answering.reading import Reading
from rag.types import Citation, Document, Language

GetDocument = Callable[[str], Document]


@dataclass(frozen=True, slots=True)
class Statement:
    """The next piece of an answer: its text, and the citations whose markers appear in it for the first time."""

    text: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a question: complete in itself, with what the reader found for it; nothing when the documents do not say it.

    `label` stands before its answer, and is empty where the answer speaks for itself. `name` says what is missing if it has none.
    """

    text: str
    label: str
    name: str
    readings: Sequence[Reading]


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole answer, and notes for its reader."""

    statements: tuple[Statement, ...]
    notes: tuple[str, ...] = ()


class Composer(Protocol):
    """Words an answer from what the reader found. An own one can be given to `RagPipeline`."""

    def compose(
        self, question: str, readings: Sequence[Reading], language: Language, document: GetDocument, max_sentences: int
    ) -> Composition:
        """Words the answer to a question.

        Args:
            question: Complete in itself.
            readings: The reader's, best first, with at least one sentence in all.
            language: The language of the question.
            document: Returns the document of an id.
            max_sentences: The largest number of sentences to quote.

        Returns:
            The answer. Citations are numbered from 1 in the order of the statements, `rag.answering.citations.cite` makes them,
            and a marker such as `[1]` follows every sentence that a document supports.

        Raises:
            DocumentNotFoundError: From `document`, when it was removed after the search; the pipeline then starts over.
        """


@runtime_checkable
class PartsComposer(Protocol):
    """A composer that can also answer the parts of a question one by one."""

    def compose_parts(self, parts: Sequence[Part], language: Language, document: GetDocument, max_sentences: int) -> Composition:
        """Words the answers to the parts of a question, in order, of which at least one has readings; otherwise as `compose`."""
