"""Models behind OpenAI-compatible servers."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from rag.errors import GeneratorError, ServerDownError
from rag.language_models.generators import Message
from rag.language_models.streaming import (
    MAX_NEW_TOKENS,
    at_most,
    first_line,
    in_background,
    shortened,
    text_of,
    without_thoughts,
)
from rag.text.lines import one_line

if TYPE_CHECKING:
    import openai

_SERVER_CONTEXT_LENGTH = 4096
_TOKENS_AROUND_MESSAGE = 8
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_MAX_MODELS_NAMED = 10
_SECONDS_OF_CHECK = 2.0
_FIRST_OWN_ERROR = 500
_TOO_MANY_REQUESTS = 429
# Far more than the longest answer needs, thoughts included. A server may send anything.
_MAX_LINE = 1_000_000
_MAX_RESPONSE = 20_000_000
_MAX_ANSWER = 20_000


class OpenAIGenerator:
    """A model behind any OpenAI-compatible server: vLLM, Ollama, llama.cpp and others. Safe to use from several threads."""

    def __init__(
        self,
        base_url: str,
        model: str = "",
        api_key: str = "",
        timeout: float = 60.0,
        total_timeout: float = 600.0,
        *,
        max_retries: int = 1,
        context_length: int = _SERVER_CONTEXT_LENGTH,
        max_new_tokens: int = MAX_NEW_TOKENS,
    ) -> None:
        """Sends nothing yet.

        Args:
            base_url: The server's address, which mostly ends in `/v1`.
            model: The name of the model; the server's only one when empty.
            api_key: Empty for a server that asks for none.
            timeout: The seconds for which the server may be silent.
            total_timeout: The seconds that it may take for an answer, retries included.
            max_retries: How often to repeat a request that failed before its answer began.
            context_length: The largest number of tokens that the model reads and writes.
            max_new_tokens: The longest answer, in tokens.
        """
        self.name = model or base_url
        self._base_url = base_url
        self._model = model
        self._api_key = api_key
        self._timeout = timeout
        self._total_timeout = total_timeout
        self._max_retries = max_retries
        self._context_length = context_length
        self._max_new_tokens = max_new_tokens

    def fits(self, messages: Sequence[Message]) -> bool:
        """Overestimates the number of tokens, since the server's tokenizer is unknown."""
        tokens = sum(
            _TOKENS_AROUND_MESSAGE + len(re.findall(r"[A-Za-z]{1,3}|\n+|[^\sA-Za-z]", message.content)) for message in messages
        )
        return tokens + self._max_new_tokens <= self._context_length

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        late = GeneratorError(
            f"{self._base_url} took longer than {self._total_timeout:g} seconds; ask again, or allow it more time"
        )
        # Closes the connection at once, however the answer ends.
        with closing(in_background(partial(self._request, messages), stop, self._total_timeout, late)) as pieces:
            yield from at_most(_MAX_ANSWER, without_thoughts(text_of(pieces, self._not_a_server())))

    def is_ready(self) -> bool:
        """Returns whether the server answers a request for its models within two seconds, whatever it answers but an error of its own."""
        with self._client(threading.Event()) as client:
            import openai

            try:
                client.with_options(timeout=_SECONDS_OF_CHECK, max_retries=0).models.with_raw_response.list()
            except openai.APIStatusError as error:
                return error.status_code < _FIRST_OWN_ERROR
            except (openai.OpenAIError, _TooMuchError):
                return False
        return True

    def _client(self, over: threading.Event) -> openai.OpenAI:
        """Returns a client whose responses are limited, and end once `over` is set."""
        try:
            import openai
        except ImportError:
            raise GeneratorError(
                "answers from a server need the package openai; install it with: pip install 'yinju[openai]'"
            ) from None
        return openai.OpenAI(
            base_url=self._base_url,
            api_key=self._api_key or "none",
            timeout=self._timeout,
            max_retries=self._max_retries,
            # A proxy cannot reach a server on this machine.
            http_client=openai.DefaultHttpxClient(
                trust_env=urlsplit(self._base_url).hostname not in _LOOPBACK,
                headers={"Accept-Encoding": "identity"},
                event_hooks={"response": [partial(_limit, over)]},
            ),
        )

    def _request(self, messages: Sequence[Message], put: Callable[[str], None], over: threading.Event) -> None:
        begun = finished = False
        with self._client(over) as client:
            import openai

            try:
                chunks = client.chat.completions.create(
                    model=self._model or self._only_model(client),
                    messages=cast(Any, [asdict(message) for message in messages]),
                    temperature=0,
                    max_tokens=self._max_new_tokens,
                    stream=True,
                )
                with chunks:
                    for choice in chain.from_iterable(chunk.choices for chunk in chunks):
                        if over.is_set():
                            return
                        put(_text(choice.delta.content or ""))
                        begun = True
                        finished = finished or bool(choice.finish_reason)
            except openai.NotFoundError as error:
                raise GeneratorError(self._not_found(client)) from error
            except (openai.OpenAIError, _TooMuchError) as error:
                # The client reports any error while it reads a response as a failure of the connection.
                for refused in (error, error.__cause__):
                    if isinstance(refused, _TooMuchError):
                        raise GeneratorError(f"{self._base_url} {refused}; look after the server") from error
                raise self._explained(error, begun) from error
            except (AttributeError, TypeError, ValueError, RecursionError) as error:
                raise GeneratorError(self._not_a_server()) from error
        if not finished:
            raise ServerDownError(self._broken_off())

    def _only_model(self, client: openai.OpenAI) -> str:
        names = _names_of(client)
        if len(names) != 1:
            raise GeneratorError(f"say which model of {self._base_url} to use; {_known(names)}")
        return names[0]

    def _not_found(self, client: openai.OpenAI) -> str:
        """Explains a 404: names the models of the server, or says that there is no such server."""
        from openai import OpenAIError

        try:
            names = _names_of(client)
        except (OpenAIError, AttributeError, TypeError, ValueError, RecursionError, _TooMuchError):
            return f"{self._base_url} is not the address of an OpenAI-compatible server; check the URL, which mostly ends in /v1"
        return f"{self._base_url} has no model {self._model}; {_known(names)}"

    def _explained(self, error: Exception, begun: bool) -> GeneratorError:
        import openai

        match error:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return GeneratorError(f"{self._base_url} refuses the API key; check it")
            case openai.APITimeoutError():
                return ServerDownError(
                    f"{self._base_url} was silent for {self._timeout:g} seconds; look after the server, or allow it more time"
                )
            case openai.APIConnectionError() if not begun:
                return ServerDownError(f"cannot reach {self._base_url}; start the server, or check the URL")
            case openai.APIConnectionError():
                return ServerDownError(self._broken_off())
            case openai.APIStatusError():
                is_down = error.status_code >= _FIRST_OWN_ERROR or error.status_code == _TOO_MANY_REQUESTS
                return (ServerDownError if is_down else GeneratorError)(
                    f"{self._base_url} answers with error {error.status_code}: {first_line(error)}; look after the server"
                )
        return GeneratorError(f"{self._base_url} fails: {first_line(error)}; look after the server")

    def _not_a_server(self) -> str:
        return f"{self._base_url} does not answer as an OpenAI-compatible server; check the URL"

    def _broken_off(self) -> str:
        return f"{self._base_url} broke off before the end of the answer; ask again"


class _TooMuchError(Exception):
    """A server sends more than an answer can be. The text continues the sentence that begins with the server's address."""


def _limit(over: threading.Event, response: Any) -> None:
    """Limits the length of a response and of its lines; ends it once nothing waits for it any more."""
    import httpx2

    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A few compressed bytes may become any number of others.
        raise _TooMuchError("packs its answer although it was asked not to")
    stream = response.stream

    class Limited(httpx2.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            total = line = 0
            for piece in stream:
                total += len(piece)
                first, *others = re.split(rb"[\r\n]", piece)
                longest = max(line + len(first), *map(len, others), 0)
                line = len(others[-1]) if others else line + len(first)
                if longest > _MAX_LINE:
                    raise _TooMuchError(f"sends a line of more than {_MAX_LINE:,} bytes")
                if total > _MAX_RESPONSE:
                    raise _TooMuchError(f"sends more than {_MAX_RESPONSE:,} bytes")
                if over.is_set():
                    return
                yield piece

        def close(self) -> None:
            stream.close()

    response.stream = Limited()


def _text(value: Any) -> str:
    """Returns the value.

    Raises:
        TypeError: It is not a text.
    """
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _names_of(client: openai.OpenAI) -> list[str]:
    """Returns the names of a server's models.

    Raises:
        TypeError: One is not a text.
    """
    return [_text(model.id) for model in client.models.list().data]


def _known(names: Sequence[str]) -> str:
    more = "" if len(names) <= _MAX_MODELS_NAMED else f" and {len(names) - _MAX_MODELS_NAMED} more"
    shown = [shortened(one_line(name)) for name in names[:_MAX_MODELS_NAMED]]
    return f"it has {', '.join(shown) or 'none'}{more}"
