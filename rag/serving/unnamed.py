"""Hides from visitors where a language model is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.errors import GeneratorError
from rag.serving import public

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence

    from rag.language_models.generators import Generator, Message

_ADDRESS = re.compile(r"https?://[^\s,;()“”]+", re.IGNORECASE)


def public_name(name: str) -> str:
    """Returns the name of a model: the last part of a folder; empty for a server's address."""
    return "" if _ADDRESS.search(name) else public.file_name(name) if name.startswith((".", "/", "~")) else name


class UnnamedGenerator:
    """A generator whose name and errors contain neither the address of its server nor the folders above its model."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self.name = public_name(generator.name) or "language model"

    def fits(self, messages: Sequence[Message]) -> bool:
        try:
            return self._generator.fits(messages)
        except GeneratorError as error:
            raise GeneratorError(self._public(error)) from error

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        try:
            yield from self._generator.stream(messages, stop)
        except GeneratorError as error:
            raise GeneratorError(self._public(error)) from error

    def _public(self, error: GeneratorError) -> str:
        text = str(error).replace(self._generator.name, self.name)
        return public.without_folders(_ADDRESS.sub("its server", text))
