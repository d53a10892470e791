"""The `Generator` protocol, and the language model of a name or an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


class Generator(Protocol):
    """A language model. An own one can be given to `RagPipeline`."""

    @property
    def name(self) -> str:
        """The name that the user gave the model."""

    def fits(self, messages: Sequence[Message]) -> bool:
        """Returns whether the model can read the messages whole and still has room for its answer.

        Raises:
            GeneratorError: The model's tokenizer cannot be loaded.
        """

    def stream(self, messages: Sequence[Message], stop: Event) -> Iterator[str]:
        """Yields the answer in pieces as they come, without the model's thoughts before it.

        Once `stop` is set, from any thread, it yields no more and ends within 200 ms.

        Raises:
            GeneratorError: The model cannot be loaded or reached, or breaks off.
        """


def generator(name: str, model: str = "", api_key: str = "", timeout: float = 60.0, total_timeout: float = 600.0) -> Generator:
    """Returns the language model of a name or an address; loads nothing and sends nothing yet.

    Args:
        name: The URL of an OpenAI-compatible server (`http://localhost:11434/v1`), a folder, or a hub name.
        model: The name of the server's model; its only one when empty.
        api_key: The key that the server asks for; empty for none.
        timeout: The seconds for which the server may be silent.
        total_timeout: The seconds that the server may take for an answer.
    """
    if is_server(name):
        from rag.language_models.server_generator import OpenAIGenerator

        return OpenAIGenerator(name, model, api_key, timeout, total_timeout)
    from rag.language_models.hub_generator import TransformersGenerator

    return TransformersGenerator(name)


def is_server(name: str) -> bool:
    """Returns whether a name is the address of a server."""
    return bool(re.match(r"https?://", name, re.IGNORECASE))
