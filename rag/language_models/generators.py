"""The `Generator` protocol, and the language model of a name or an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Literal, Protocol

from rag.errors import SettingsError


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
        name: The URL of an OpenAI-compatible server (`http://localhost:11434/v1`), or those of several with the same model, separated
            by commas; a folder; or a hub name.
        model: The name of the server's model; its only one when empty.
        api_key: The key that the server asks for; empty for none.
        timeout: The seconds for which the server may be silent.
        total_timeout: The seconds that the server may take for an answer.

    Raises:
        SettingsError: One of several addresses is not a URL.
    """
    if is_server(name):
        from rag.language_models.server_generator import OpenAIGenerator

        addresses = list(dict.fromkeys(part.strip() for part in name.split(",") if part.strip()))
        if len(addresses) == 1:
            return OpenAIGenerator(addresses[0], model, api_key, timeout, total_timeout)
        if wrong := [address for address in addresses if not is_server(address)]:
            raise SettingsError(f'"{wrong[0]}" in generator is not an address such as http://localhost:8000/v1')
        from rag.language_models.spreading import SpreadGenerator

        # Another server is a better second try than the same one.
        servers = [OpenAIGenerator(address, model, api_key, timeout, total_timeout, max_retries=0) for address in addresses]
        return SpreadGenerator(servers, model or ", ".join(addresses))
    from rag.language_models.hub_generator import TransformersGenerator

    return TransformersGenerator(name)


def is_server(name: str) -> bool:
    """Returns whether a name is the address of a server."""
    return bool(re.match(r"https?://", name, re.IGNORECASE))
