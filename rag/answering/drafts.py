"""Answers in the making: from statements to the events of a stream."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rag.answering import composing
from rag.answering.composing import Statement
from rag.answering.rewording import Wording
from rag.types import Answer, AnswerKind, Citation, Cited, Done, Event, Language, SearchResult, TextDelta


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
