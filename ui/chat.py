"""One visitor's chat: the turns on the screen, how an answer grows, and what is kept of it."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from rag.conversations import Feedback
from rag.errors import ConversationNotFoundError, YinjuError
from rag.types import Done, Retrieved, TextDelta
from ui import rendering, texts
from ui.rendering import Turn

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from rag.conversations import History
    from rag.library.library import DocumentSummary
    from rag.texts import Words
    from rag.types import Answer, Document, Event

logger = logging.getLogger("yinju")

_SECONDS_BETWEEN_UPDATES = 0.05


class Documents(Protocol):
    """What the window shows of a library."""

    def documents(self) -> Sequence[DocumentSummary]: ...

    def document(self, document_id: str, /) -> Document: ...


class Pipeline(Protocol):
    """What the window asks, such as `rag.pipeline.RagPipeline`."""

    @property
    def library(self) -> Documents: ...

    def stream(
        self, question: str, history: Sequence[Answer], stop: threading.Event, documents: Collection[str] | None, /
    ) -> Iterator[Event]: ...


class Chat:
    """What one visitor sees of one conversation.

    `owner` is who it is kept for, empty when nothing is kept, and `conversation` the id that it is kept under, empty until there
    is an answer. `editing` is the number of the turn whose question is written anew, 0 when none is. `page` is which page of the
    list of conversations is shown, from 0. `stop` ends the answer
    under way; `times_changed` tells that answer that its chat is over.
    """

    def __init__(self) -> None:
        self.owner = self.conversation = ""
        self.turns: tuple[Turn, ...] = ()
        self.editing = self.times_changed = self.page = 0
        self.stop = threading.Event()

    def __deepcopy__(self, memo: dict[int, Any]) -> Chat:
        """Each visitor begins with an empty chat."""
        return Chat()

    def start_anew(self) -> None:
        """Leaves the conversation; it stays kept."""
        self._leave()
        self.turns, self.conversation = (), ""

    def open(self, conversation: str, history: History, library: Documents) -> None:
        """Shows a conversation that was kept.

        Raises:
            LibraryError: It is not there any more, or cannot be read; the chat stays as it is.
        """
        answers = history.answers(self.owner, conversation)
        feedback = history.feedback(self.owner, conversation)
        self._leave()
        self.conversation = conversation
        self.turns = tuple(
            replace(answered(number, answer, library), **_opinion(feedback.get(number)))
            for number, answer in enumerate(answers, 1)
        )

    def cut(self, number: int, history: History) -> None:
        """Forgets the turn with this number and those after it, for good."""
        if self.conversation:
            history.cut(self.owner, self.conversation, self._kept_before(number) + 1)
        self.turns = self.turns[: number - 1]

    def keep(self, answer: Answer, history: History) -> None:
        """Keeps an answer; the first one begins a conversation."""
        if not self.owner:
            return
        if not self.conversation:
            self.conversation = history.start(self.owner, answer.question).id
        try:
            history.append(self.owner, self.conversation, answer)
        except ConversationNotFoundError:
            # Deleted in another window meanwhile: what is asked here is kept as another one.
            self.conversation = history.start(self.owner, answer.question).id
            history.append(self.owner, self.conversation, answer)

    def rate(self, number: int, liked: bool | None, note: str, history: History) -> None:
        """Keeps what the reader thinks of an answer; `liked` is None when that is taken back."""
        opinion = None if liked is None else Feedback(liked, note)
        if self.conversation:
            history.rate(self.owner, self.conversation, self._kept_before(number) + 1, opinion)
        turns = list(self.turns)
        turns[number - 1] = replace(turns[number - 1], liked=liked, note=note if opinion else "")
        self.turns = tuple(turns)

    def _leave(self) -> None:
        self.stop.set()
        self.stop = threading.Event()
        self.times_changed += 1
        self.editing = 0

    def _kept_before(self, number: int) -> int:
        """How many answers before this turn are kept: an error or a stopped answer is not."""
        return sum(turn.given is not None for turn in self.turns[: number - 1])


def _opinion(feedback: Feedback | None) -> dict[str, Any]:
    return {"liked": feedback.liked, "note": feedback.note} if feedback else {}


def answered(number: int, answer: Answer, library: Documents) -> Turn:
    """The whole turn of an answer."""
    text, sources = rendering.answer_text(number, answer), rendering.sources(number, answer, library.document)
    return Turn(answer.question, text, sources, answer)


def answering(
    pipeline: Pipeline,
    question: str,
    earlier: Sequence[Turn],
    stop: threading.Event,
    documents: Collection[str] | None = None,
) -> Iterator[Turn]:
    """The turn after the earlier ones as it grows, from the bare question to the whole of it, whatever goes wrong.

    Args:
        pipeline: What is asked.
        question: The question.
        earlier: The turns before it.
        stop: Ends it when it is set.
        documents: The ids of those that are searched; None for all.
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
        yield Turn(question, rendering.problem(str(texts.UNEXPECTED)))
    else:
        yield Turn(question, rendering.stopped(growing.text))


class _Growing:
    """A turn that is not finished."""

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
        """Adds to the text, and says whether it is time to show it."""
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
