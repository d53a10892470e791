"""One visitor's chat: the turns on the screen, an answer while it is written, and the stored conversation."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from rag.conversations import Feedback
from rag.errors import ConversationNotFoundError, YinjuError
from rag.types import Done, Retrieved, TextDelta
from ui import rendering, searches, texts
from ui.rendering import Turn
from ui.views import answers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from rag.conversations import Deleted, History
    from rag.library.ingestion import AddResult, OnProgress
    from rag.library.library import DocumentSummary
    from rag.texts import Words
    from rag.types import Answer, Document, Event

logger = logging.getLogger("yinju")

_SECONDS_BETWEEN_UPDATES = 0.05


class Documents(Protocol):
    """The part of a library that the chat uses."""

    def __len__(self) -> int: ...

    def add_upload(self, file: Path, name: str, on_progress: OnProgress, /) -> list[AddResult]: ...

    def add_page(self, url: str, on_progress: OnProgress, /) -> list[AddResult]: ...

    def documents(self) -> Sequence[DocumentSummary]: ...

    def document(self, document_id: str, /) -> Document: ...


class Pipeline(Protocol):
    """Answers questions for the window, such as `rag.pipeline.RagPipeline`."""

    @property
    def library(self) -> Documents: ...

    def stream(
        self, question: str, history: Sequence[Answer], stop: threading.Event, documents: Collection[str] | None, /
    ) -> Iterator[Event]: ...

    def summary(self, document_id: str, /) -> Answer: ...

    def suggestions(self, document_id: str, /, *, stop: threading.Event) -> list[str]: ...

    def next_questions(self, answer: Answer, history: Sequence[Answer], /, *, stop: threading.Event) -> list[str]: ...


class Chat:
    """One conversation as one visitor sees it.

    `owner` is the visitor it is stored for; if empty, nothing is stored. `conversation` is its id, empty until the first answer.
    `editing` is the number of the turn whose question is being edited, or 0. `page` is the page of the list of conversations, from
    0. `stop` ends the current answer; `times_changed` tells that answer that its chat is no longer shown. `suggested` are questions
    to ask next. `containing` is the text that listed conversations contain, and `deleted` the one that was deleted last. `about` is
    the document that the conversation introduces, empty for none.
    """

    def __init__(self) -> None:
        self.owner = self.conversation = ""
        self.turns: tuple[Turn, ...] = ()
        self.editing = self.times_changed = self.page = 0
        self.stop = threading.Event()
        self.containing = ""
        self.deleted: Deleted | None = None
        self.suggested: list[str] = []
        self.about = ""
        self._stop_suggesting = threading.Event()

    def __deepcopy__(self, memo: dict[int, Any]) -> Chat:
        """Returns an empty chat, with which each visitor starts."""
        return Chat()

    def start_new(self) -> None:
        """Leaves the conversation, which stays stored."""
        self._leave()
        self.turns, self.conversation = (), ""

    def open(self, conversation: str, history: History, library: Documents) -> None:
        """Shows a stored conversation.

        Raises:
            LibraryError: It no longer exists or cannot be read. The chat does not change.
        """
        given = history.answers(self.owner, conversation)
        feedback = history.feedback(self.owner, conversation)
        self._leave()
        self.conversation = conversation
        self.turns = tuple(
            replace(answered(number, answer, library), **_opinion(feedback.get(number))) for number, answer in enumerate(given, 1)
        )

    def delete(self, conversation: str, history: History) -> None:
        """Deletes a stored conversation, which can be brought back until another one is deleted."""
        self.deleted = history.delete(self.owner, conversation)
        if conversation == self.conversation:
            self.start_new()

    def undo_delete(self, history: History) -> None:
        """Brings back the conversation that was deleted last."""
        if self.deleted:
            history.restore(self.owner, self.deleted)
            self.deleted = None

    def cut(self, number: int, history: History) -> None:
        """Deletes the turn with this number and those after it."""
        if self.conversation:
            history.cut(self.owner, self.conversation, self._kept_before(number) + 1)
        self.turns = self.turns[: number - 1]

    def keep(self, answer: Answer, history: History) -> None:
        """Stores an answer. The first one creates the conversation."""
        if not self.owner:
            return
        if not self.conversation:
            self.conversation = history.start(self.owner, answer.question).id
        try:
            history.append(self.owner, self.conversation, answer)
        except ConversationNotFoundError:
            # It was deleted in another window, so a new one is created.
            self.conversation = history.start(self.owner, answer.question).id
            history.append(self.owner, self.conversation, answer)

    def rate(self, number: int, liked: bool | None, note: str, history: History) -> None:
        """Stores the reader's opinion of an answer; None for `liked` withdraws it."""
        opinion = None if liked is None else Feedback(liked, note)
        if self.conversation:
            history.rate(self.owner, self.conversation, self._kept_before(number) + 1, opinion)
        turns = list(self.turns)
        turns[number - 1] = replace(turns[number - 1], liked=liked, note=note if opinion else "")
        self.turns = tuple(turns)

    def introduce(self, document_id: str, pipeline: Pipeline, history: History) -> None:
        """Begins a conversation with the summary of a document.

        Raises:
            YinjuError: The document was removed, or cannot be read.
        """
        summary = pipeline.summary(document_id)
        self.start_new()
        self.turns, self.about = (answered(1, summary, pipeline.library),), document_id
        self.keep(summary, history)

    def suggest(self, pipeline: Pipeline) -> None:
        """Looks for questions to ask next, until the visitor asks one; an error is logged and leaves none."""
        self.forget_suggestions()
        stop, turns = self._stop_suggesting, self.turns
        given = [turn.given for turn in turns if turn.given]
        try:
            with searches.going(stop):
                if self.about and len(turns) == 1:
                    found = pipeline.suggestions(self.about, stop=stop)
                elif given and turns[-1].given:
                    found = pipeline.next_questions(given[-1], given[:-1], stop=stop)
                else:
                    found = [] if turns else pipeline.suggestions("", stop=stop)
        except YinjuError as error:
            logger.warning("no questions to suggest: %s", error)
            found = []
        if not stop.is_set():
            self.suggested = found

    def forget_suggestions(self) -> None:
        """Ends the search for questions to ask next."""
        self._stop_suggesting.set()
        self._stop_suggesting = threading.Event()
        self.suggested = []

    def _leave(self) -> None:
        self.forget_suggestions()
        self.about = ""
        self.stop.set()
        self.stop = threading.Event()
        self.times_changed += 1
        self.editing = 0

    def _kept_before(self, number: int) -> int:
        """Counts the stored answers before this turn. Errors and stopped answers are not stored."""
        return sum(turn.given is not None for turn in self.turns[: number - 1])


def _opinion(feedback: Feedback | None) -> dict[str, Any]:
    return {"liked": feedback.liked, "note": feedback.note} if feedback else {}


def answered(number: int, answer: Answer, library: Documents) -> Turn:
    """Returns the complete turn of an answer."""
    text, sources = answers.face(number, answer), rendering.sources(number, answer, library.document)
    return Turn(answer.question, text, sources, answer)


def answering(
    pipeline: Pipeline,
    question: str,
    earlier: Sequence[Turn],
    stop: threading.Event,
    documents: Collection[str] | None = None,
) -> Iterator[Turn]:
    """Yields the next turn as it grows, from the question alone to the complete answer. Errors become part of the turn.

    Args:
        pipeline: Answers the question.
        question: The question.
        earlier: The turns before it.
        stop: Ends it when it is set.
        documents: The ids of the documents to search; None for all.
    """
    growing = _Growing(question, len(earlier) + 1)
    yield growing.turn(texts.SEARCHING)
    try:
        events = pipeline.stream(question, [turn.given for turn in earlier if turn.given], stop, documents)
        for event in events:
            match event:
                case Retrieved():
                    growing.step_is_done("retrieve")
                    yield growing.turn(texts.READING)
                case TextDelta(piece):
                    if growing.add(piece):
                        yield growing.turn(texts.WRITING)
                case Done(answer):
                    yield answered(growing.number, answer, pipeline.library)
                    return
    except YinjuError as error:
        yield Turn(question, rendering.problem(str(error)))
    except Exception:
        logger.exception("could not answer")
        yield Turn(question, rendering.problem(texts.UNEXPECTED.english))
    else:
        yield Turn(question, rendering.stopped(growing.text))


class _Growing:
    """A turn whose answer is not complete."""

    def __init__(self, question: str, number: int) -> None:
        self.question, self.number = question, number
        self.text = ""
        self._steps: list[tuple[Words, float]] = []
        self._began, self._shown_at = time.monotonic(), 0.0

    def step_is_done(self, name: str) -> None:
        now = time.monotonic()
        self._steps.append((texts.STEPS[name], now - self._began))
        self._began = now

    def add(self, piece: str) -> bool:
        """Adds to the text and tells whether it is time to update the page."""
        if not self.text:
            self.step_is_done("read")
        self.text += piece
        if time.monotonic() - self._shown_at < _SECONDS_BETWEEN_UPDATES:
            return False
        self._shown_at = time.monotonic()
        return True

    def turn(self, doing: Words) -> Turn:
        shown = rendering.unfinished(self.text) if self.text else ""
        return Turn(self.question, shown + rendering.steps(self._steps, doing), finished=False)
