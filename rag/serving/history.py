"""The turns of a conversation, which chat clients send back as text with every question."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from rag.answering import follow_ups
from rag.answering.intents.rules import intent_by_rule
from rag.text.language import language_of
from rag.types import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.text.analysis import Analyzer

Turn = tuple[str, str]
"""A question, and its answer as the client received it."""

_MAX_REMEMBERED = 512
_MAX_TURNS = 8


class Turns:
    """Remembers the latest answers, so that a conversation that comes back as text has its citations again. Thread-safe."""

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()
        self._lock = Lock()

    def remember(self, answer: Answer, text: str) -> None:
        """Remembers an answer by its question and the text that the client received."""
        with self._lock:
            self._answers[_key(answer.question, text)] = answer
            while len(self._answers) > _MAX_REMEMBERED:
                self._answers.popitem(last=False)

    def history(self, turns: Sequence[Turn], analyzer: Analyzer) -> list[Answer]:
        """Returns the answers of the last turns, oldest first. One that is not remembered has its text and no citations."""
        history: list[Answer] = []
        for question, text in turns[-_MAX_TURNS:]:
            with self._lock:
                known = self._answers.get(_key(question, text))
            history.append(known or _unknown(question, text, history, analyzer))
        return history


def _unknown(question: str, text: str, history: Sequence[Answer], analyzer: Analyzer) -> Answer:
    intent = intent_by_rule(question)
    query = question if intent else follow_ups.complete(question, history, analyzer).query
    return Answer(question, query, text, "reply" if intent else "answer", (), (), 1.0, language_of(question))


def _key(question: str, text: str) -> bytes:
    return hashlib.sha256(f"{question.strip()}\0{text.strip()}".encode("utf-8", "surrogatepass")).digest()
