"""Requests and answers in the making: from a question to statements, and from these to the events of a stream."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.answering import composing
from rag.answering.composing import Statement
from rag.answering.rewording import Wording
from rag.types import Answer, AnswerKind, Citation, Cited, Done, Event, Language, SearchResult, TextDelta

if TYPE_CHECKING:
    from rag.library.library import DocumentSummary, Library

Translate = Callable[[str, Language], str]
"""Translates a text into a language; returns "" if it fails."""


def last_answer(history: Sequence[Answer]) -> Answer | None:
    """Returns the last answer from the documents; replies to greetings and the like do not count."""
    return next((answer for answer in reversed(history) if answer.kind != "reply"), None)


@dataclass(frozen=True, slots=True)
class Request:
    """A question with what is needed to answer it without a search.

    `documents` are those that may be used, in the order in which they were added. `translate` is None without a language model,
    whose name `generator` is.
    """

    question: str
    language: Language
    history: Sequence[Answer]
    library: Library
    documents: Sequence[DocumentSummary]
    translate: Translate | None = None
    generator: str = ""

    @property
    def last_answer(self) -> Answer | None:
        """The last answer from the documents; replies to greetings and the like do not count."""
        return last_answer(self.history)


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request: its statements and what `Answer` says of them. `query` is the question when empty."""

    statements: tuple[Statement, ...]
    kind: AnswerKind = "reply"
    query: str = ""
    confidence: float = 1.0
    results: tuple[SearchResult, ...] = ()
    generator: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of_text(cls, text: str) -> Response:
        """Returns a reply without citations."""
        return cls((Statement(text, ()),))


@dataclass(slots=True)
class Draft:
    """An answer in the making. `follows` is the answer whose cited sentences are read first."""

    question: str
    language: Language
    query: str
    started: float = field(default_factory=time.perf_counter)
    timings: dict[str, float] = field(default_factory=dict)
    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    generator: str = ""
    notes: tuple[str, ...] = ()
    is_reworded: bool = False
    follows: Answer | None = None

    def reword(self, wording: Wording) -> None:
        """Takes another wording as the query, and tells of it in a note."""
        self.query, self.is_reworded = wording.query, True
        self.notes += (wording.note,) if wording.note else ()

    def say(self, statements: Iterable[Statement]) -> Iterator[Event]:
        """Adds statements and yields the events of each."""
        for statement in statements:
            self.timings.setdefault("first text", time.perf_counter() - self.started)
            yield from map(Cited, statement.citations)
            self.text += statement.text
            self.citations += statement.citations
            yield from map(TextDelta, composing.pieces(statement.text))

    def respond(self, response: Response) -> Iterator[Event]:
        """Yields the events of a response, `Done` at the end."""
        self.query = response.query or self.query
        self.generator, self.notes = response.generator, response.notes
        yield from self.say(response.statements)
        yield self.done(response.kind, response.results, response.confidence)

    def done(self, kind: AnswerKind, results: tuple[SearchResult, ...] = (), confidence: float = 1.0) -> Done:
        """Returns the last event, with the whole answer."""
        timings = self.timings | {"total": time.perf_counter() - self.started}
        citations = tuple(self.citations)
        return Done(
            Answer(
                self.question,
                self.query,
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
