"""Questions spread over several servers of one language model: which one is asked, and what happens when one is down."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from rag.errors import GeneratorError, ServerDownError, SettingsError
from rag.language_models.generators import Message, generator
from rag.language_models.server_generator import OpenAIGenerator
from rag.language_models.spreading import SpreadGenerator

MESSAGES = [Message("user", "How many?")]


class FakeServer:
    """A server that says its name, or fails as told to. `asked` and `checked` count its questions and its checks."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ready = True
        self.error: GeneratorError | None = None
        self.breaks_off = False
        self.asked = self.checked = 0

    def fits(self, messages: Sequence[Message]) -> bool:
        return len(messages) <= len(self.name)

    def is_ready(self) -> bool:
        self.checked += 1
        return self.ready

    def stream(self, messages: Sequence[Message], stop: threading.Event) -> Iterator[str]:
        self.asked += 1
        if self.error and not self.breaks_off:
            raise self.error
        yield self.name
        if self.error:
            raise self.error
        yield "."


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def servers() -> list[FakeServer]:
    return [FakeServer("one"), FakeServer("two"), FakeServer("three")]


@pytest.fixture
def spread(servers: list[FakeServer], clock: Clock) -> SpreadGenerator:
    return SpreadGenerator(servers, "tiny", clock)


def said(spread: SpreadGenerator) -> str:
    return "".join(spread.stream(MESSAGES, threading.Event()))


def test_each_question_goes_to_the_server_with_the_fewest(spread: SpreadGenerator) -> None:
    answers = [spread.stream(MESSAGES, threading.Event()) for _ in range(6)]
    first = [next(answer) for answer in answers]
    assert first == ["one", "two", "three"] * 2
    # Two are done, and the next two take their places.
    assert ["".join(answers[place]) for place in (1, 4)] == [".", "."]
    more = [spread.stream(MESSAGES, threading.Event()) for _ in range(2)]
    assert [next(answer) for answer in more] == ["two", "two"]


def test_an_answer_that_nobody_reads_to_its_end_counts_no_more(spread: SpreadGenerator) -> None:
    for _ in range(5):
        answer = spread.stream(MESSAGES, threading.Event())
        next(answer)
        answer.close()  # type: ignore[attr-defined]
    answers = [spread.stream(MESSAGES, threading.Event()) for _ in range(3)]
    assert {next(answer) for answer in answers} == {"one", "two", "three"}


def test_servers_that_do_nothing_take_turns(spread: SpreadGenerator, clock: Clock) -> None:
    names = []
    for _ in range(9):
        names.append(said(spread).rstrip("."))
        clock.now += 1
    assert Counter(names) == {"one": 3, "two": 3, "three": 3}


@pytest.mark.parametrize("how", ["not ready", "fails"])
def test_a_server_that_is_down_rests_and_the_question_goes_to_another(
    spread: SpreadGenerator, servers: list[FakeServer], clock: Clock, how: str
) -> None:
    servers[0].ready = how == "fails"
    servers[0].error = ServerDownError("cannot reach one")
    assert said(spread) == "two."
    assert (servers[0].asked, servers[0].checked) == (int(how == "fails"), 1)
    for _ in range(6):
        clock.now += 1
        said(spread)
    assert (servers[0].asked, servers[0].checked) == (int(how == "fails"), 1)
    # After its rest it is checked again, and asked only if it is well.
    clock.now += 5
    servers[0].ready, servers[0].error = False, None
    assert said(spread) != "one."
    assert servers[0].checked == 2
    clock.now += 11
    servers[0].ready = True
    assert {said(spread) for _ in range(3)} == {"one.", "two.", "three."}


def test_a_server_that_answers_is_not_checked_each_time(spread: SpreadGenerator, servers: list[FakeServer], clock: Clock) -> None:
    for _ in range(30):
        said(spread)
        clock.now += 1
    assert [server.checked for server in servers] == [1, 1, 1]
    clock.now += 60
    said(spread)
    assert [server.checked for server in servers] == [2, 1, 1]


def test_an_answer_that_has_begun_is_not_begun_again(spread: SpreadGenerator, servers: list[FakeServer]) -> None:
    servers[0].error, servers[0].breaks_off = ServerDownError("one broke off"), True
    answer = spread.stream(MESSAGES, threading.Event())
    assert next(answer) == "one"
    with pytest.raises(ServerDownError, match="one broke off"):
        next(answer)
    assert [server.asked for server in servers] == [1, 0, 0]
    assert {said(spread) for _ in range(4)} == {"two.", "three."}


def test_what_every_server_would_refuse_is_asked_once(spread: SpreadGenerator, servers: list[FakeServer]) -> None:
    servers[0].error = GeneratorError("refuses the API key")
    with pytest.raises(GeneratorError, match="refuses the API key"):
        said(spread)
    assert [server.asked for server in servers] == [1, 0, 0]


def test_if_all_are_down_the_error_of_one_is_told(spread: SpreadGenerator, servers: list[FakeServer]) -> None:
    for server in servers:
        server.ready, server.error = False, ServerDownError(f"cannot reach {server.name}")
    with pytest.raises(ServerDownError, match="cannot reach"):
        said(spread)
    assert [server.asked for server in servers] == [1, 1, 1]
    # One that is back without having been checked is found too.
    servers[2].error = None
    assert said(spread) == "three."


def test_a_stop_ends_a_check(servers: list[FakeServer], clock: Clock) -> None:
    checking, go_on, stop = threading.Event(), threading.Event(), threading.Event()

    class Silent(FakeServer):
        def is_ready(self) -> bool:
            checking.set()
            return go_on.wait(60)

    silent = Silent("silent")
    pieces: list[str] = []
    thread = threading.Thread(target=lambda: pieces.extend(SpreadGenerator([silent], "tiny", clock).stream(MESSAGES, stop)))
    thread.start()
    assert checking.wait(60)
    stop.set()
    thread.join(60)
    go_on.set()
    assert not thread.is_alive()
    assert (pieces, silent.asked) == ([], 0)


def test_messages_must_fit_every_server(spread: SpreadGenerator) -> None:
    assert spread.fits(MESSAGES * 3)
    assert not spread.fits(MESSAGES * 4)


def test_addresses_are_separated_by_commas() -> None:
    spread = generator("http://a:8000/v1 , http://b:8000/v1, http://a:8000/v1,", "tiny")
    assert isinstance(spread, SpreadGenerator)
    assert spread.name == "tiny"
    assert generator("http://a/v1,http://b/v1").name == "http://a/v1, http://b/v1"
    assert isinstance(generator("http://a:8000/v1,"), OpenAIGenerator)
    with pytest.raises(SettingsError, match='"b:8000" in generator is not an address'):
        generator("http://a:8000/v1, b:8000")
