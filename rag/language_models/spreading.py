"""Spreads questions over several servers of one language model."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from rag.errors import GeneratorError, ServerDownError
from rag.language_models.generators import Generator, Message
from rag.language_models.streaming import in_background

_SECONDS_TRUSTED = 10.0
_SECONDS_OF_REST = 10.0
_READY = "ready"


class Server(Generator, Protocol):
    """A generator behind a server whose health can be checked."""

    def is_ready(self) -> bool:
        """Returns whether the server answers within two seconds."""


@dataclass(slots=True, eq=False)
class _State:
    """A server, its open questions, the number of its last question, and on the clock, its last answer and the end of its rest."""

    server: Server
    questions: int = 0
    last_question: int = 0
    answered: float = -math.inf
    rests_until: float = -math.inf


class SpreadGenerator:
    """Several servers of the same model, as one. A question goes to the one with the fewest open questions. Safe to use from several threads.

    A server that was quiet for ten seconds is checked before it gets a question. One that is down gets none for ten seconds, and what
    it was asked goes to another server, unless the answer has begun. If all are down, each is asked all the same, so that the
    error says what is wrong.
    """

    def __init__(self, servers: Sequence[Server], name: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Sends nothing yet.

        Args:
            servers: At least one.
            name: The name that the user gave the model.
            clock: Tells the seconds.
        """
        self.name = name
        self._states = [_State(server) for server in servers]
        self._clock = clock
        self._numbers = count(1)
        self._lock = threading.Lock()

    def fits(self, messages: Sequence[Message]) -> bool:
        return all(state.server.fits(messages) for state in self._states)

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        failure: GeneratorError | None = None
        asked: set[_State] = set()
        for only_healthy in (True, False):
            while not stop.is_set() and (state := self._begin(asked, only_healthy)):
                begun = False
                try:
                    if only_healthy and not self._is_healthy(state, stop):
                        continue
                    asked.add(state)
                    for piece in state.server.stream(messages, stop):
                        begun, state.answered = True, self._clock()
                        yield piece
                    return
                except ServerDownError as error:
                    self._let_rest(state)
                    if begun:
                        raise
                    failure = error
                finally:
                    self._end(state)
        if failure and not stop.is_set():
            raise failure

    def _begin(self, asked: set[_State], only_healthy: bool) -> _State | None:
        """Counts a question for the server with the fewest, of several the one that was asked longest ago; None if none is left."""
        with self._lock:
            now = self._clock()
            left = (state for state in self._states if state not in asked and not (only_healthy and state.rests_until > now))
            state = min(left, key=lambda state: (state.questions, state.last_question), default=None)
            if state:
                state.questions += 1
                state.last_question = next(self._numbers)
            return state

    def _end(self, state: _State) -> None:
        with self._lock:
            state.questions -= 1

    def _is_healthy(self, state: _State, stop: threading.Event) -> bool:
        """Checks a server that has not answered for a while. Until the check is done, other questions go to other servers."""
        if self._clock() - state.answered <= _SECONDS_TRUSTED:
            return True
        self._let_rest(state)

        def check(put: Callable[[str], None], _: threading.Event) -> None:
            if state.server.is_ready():
                put(_READY)

        if _READY not in in_background(check, stop):
            return False
        with self._lock:
            state.answered, state.rests_until = self._clock(), -math.inf
        return True

    def _let_rest(self, state: _State) -> None:
        with self._lock:
            state.answered, state.rests_until = -math.inf, self._clock() + _SECONDS_OF_REST
