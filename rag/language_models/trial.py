"""Tries a language model before it is used."""

from __future__ import annotations

import time
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING, cast

from rag.errors import GeneratorError
from rag.language_models.generators import Message

if TYPE_CHECKING:
    from collections.abc import Generator as Pieces

    from rag.language_models.generators import Generator

_QUESTION = Message("user", "Reply with the one word: ready")


def seconds_to_answer(generator: Generator) -> float:
    """Asks a language model for one word, and returns the seconds until the first piece of its answer. Loading counts too.

    Raises:
        GeneratorError: The model cannot be loaded or reached, or answers nothing.
    """
    began, stop = time.monotonic(), Event()
    with closing(cast("Pieces[str, None, None]", generator.stream([_QUESTION], stop))) as pieces:
        for piece in pieces:
            if piece.strip():
                stop.set()
                return time.monotonic() - began
    raise GeneratorError(f"{generator.name} answers nothing; choose another model")
