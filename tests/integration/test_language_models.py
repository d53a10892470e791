"""Language models as generators: a tiny real one of transformers, and a server that also misbehaves."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
import tiny_language_model
from openai_server import Behaviour, OpenAIServer

from rag.answering.citations import CitedSentence, cited_sentences
from rag.errors import GeneratorError
from rag.language_models.generators import Generator, Message, generator
from rag.language_models.hub_generator import TransformersGenerator
from rag.language_models.prompts import NumberedSentence, fitted, prompt
from rag.language_models.server_generator import OpenAIGenerator
from rag.language_models.spreading import SpreadGenerator

SAYS = "Mangroves cover 7 percent [1]. 红树林占全球的比例[2]。"
MESSAGES = [Message("system", "Be brief."), Message("user", "How much?")]
# Ends for what never comes; servers and models that are not stopped go on for longer.
LONGEST_WAIT = 120.0


def said(generator: Generator, messages: list[Message] = MESSAGES) -> str:
    return "".join(generator.stream(messages, threading.Event()))


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + LONGEST_WAIT
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


def ends_once_stopped(generator: Generator, after: int | Callable[[], bool]) -> bool:
    """Whether an answer ends with nothing more when it is stopped after so many pieces, or at a moment while it is waited for."""
    stop, rest = threading.Event(), []
    stream = generator.stream(MESSAGES, stop)
    listener = threading.Thread(target=lambda: rest.extend(islice(stream, 1)), daemon=True)
    if isinstance(after, int):
        for _ in range(after):
            next(stream)
        stop.set()
        listener.start()
    else:
        listener.start()
        assert wait_for(after)
        stop.set()
    listener.join(LONGEST_WAIT)
    return not listener.is_alive() and rest == []


def working() -> int:
    """The number of answers under way."""
    return sum(thread.name == "generator" for thread in threading.enumerate())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_language_model.build(tmp_path_factory.mktemp("model"), SAYS, in_parts="占")


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> TransformersGenerator:
    folder = tiny_language_model.build(tmp_path_factory.mktemp("endless"), "one two three four ", endless=True)
    return TransformersGenerator(str(folder), max_new_tokens=1_000_000)


def test_a_model_is_streamed_in_pieces_and_its_sentences_cite(folder: Path) -> None:
    model = TransformersGenerator(str(folder))
    assert model.name == str(folder)
    pieces = list(model.stream(MESSAGES, threading.Event()))
    assert "".join(pieces) == SAYS
    assert pieces[0] == "Mangroves "
    assert list(cited_sentences(pieces)) == [
        CitedSentence("Mangroves cover 7 percent.", (1,), ""),
        CitedSentence("红树林占全球的比例。", (2,), " "),
    ]
    assert said(model) == SAYS


def test_an_answer_is_no_longer_than_allowed(folder: Path) -> None:
    assert said(TransformersGenerator(str(folder), max_new_tokens=3)) == "Mangroves cover 7"


def test_a_stopped_model_says_nothing_more_and_rests(endless: TransformersGenerator) -> None:
    assert ends_once_stopped(endless, 5)
    assert wait_for(lambda: not working())


def test_a_model_rests_when_nobody_listens_any_more(endless: TransformersGenerator) -> None:
    stream = endless.stream(MESSAGES, threading.Event())
    assert next(stream) == "one "
    assert working()
    del stream
    assert wait_for(lambda: not working())


def test_the_process_ends_well_in_the_midst_of_an_answer(endless: TransformersGenerator) -> None:
    script = f"""if True:
        import threading
        from rag.language_models.generators import Message
        from rag.language_models.hub_generator import TransformersGenerator
        model = TransformersGenerator({endless.name!r}, max_new_tokens=1_000_000)
        stream = model.stream([Message("user", "How much?")], threading.Event())
        print(next(stream))"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=600)
    assert (done.returncode, done.stdout) == (0, "one \n"), done.stderr


def test_an_answer_that_waits_for_another_can_be_stopped(endless: TransformersGenerator) -> None:
    first_stop = threading.Event()
    first = endless.stream(MESSAGES, first_stop)
    next(first)
    assert ends_once_stopped(endless, lambda: working() == 2)
    assert next(first)
    first_stop.set()
    assert list(first) == []


def test_what_a_model_thinks_is_not_said(tmp_path: Path) -> None:
    model = TransformersGenerator(str(tiny_language_model.build(tmp_path, "<think>what now</think>\nIt is 7.")))
    assert said(model) == "It is 7."


@pytest.mark.parametrize(
    ("when_told_not_to_think", "expected"),
    [("<|assistant|>", "It is 7."), ("<|assistant|><think>", "")],
    ids=["obeys", "thinks on"],
)
def test_thinking_is_turned_off_and_left_out_where_it_is_not(tmp_path: Path, when_told_not_to_think: str, expected: str) -> None:
    template = (
        "{{ messages[0].content }}{% if enable_thinking is defined and not enable_thinking %}"
        + when_told_not_to_think
        + "{% else %}<think>{% endif %}"
    )
    begins_after = "<think>" if "think" in when_told_not_to_think else "<|assistant|>"
    model = TransformersGenerator(
        str(tiny_language_model.build(tmp_path, "It is 7.", chat_template=template, begins_after=begins_after))
    )
    assert said(model) == expected


@pytest.mark.parametrize(
    "on_system",
    ["{{ raise_exception('System role not supported') }}", ""],
    ids=["refuses it", "leaves it out"],
)
def test_a_template_without_a_system_role_gets_its_text_before_the_first_question(tmp_path: Path, on_system: str) -> None:
    template = (
        "{% for message in messages %}{% if message.role == 'system' %}"
        + on_system
        + "{% else %}{{ message.content }}|{% endif %}{% endfor %}<|assistant|>"
    )
    model = TransformersGenerator(str(tiny_language_model.build(tmp_path, "It is 7.", chat_template=template)))
    assert model._rendered(MESSAGES) == "Be brief.\n\nHow much?|<|assistant|>"
    assert said(model) == "It is 7."


def test_a_template_that_refuses_everything_is_told_of(tmp_path: Path) -> None:
    folder = tiny_language_model.build(tmp_path, "It is 7.", chat_template="{{ raise_exception('no') }}")
    with pytest.raises(GeneratorError, match=r"takes no question; choose another$"):
        TransformersGenerator(str(folder)).fits([Message("user", "How much?")])


def test_a_model_without_a_template_gets_a_line_for_each_role(tmp_path: Path) -> None:
    model = TransformersGenerator(str(tiny_language_model.build(tmp_path, " It is 7.", chat_template="", begins_after=":")))
    assert model._rendered(MESSAGES) == "System: Be brief.\nUser: How much?\nAssistant:"
    assert said(model) == "It is 7."


def test_a_prompt_fits_when_there_is_room_for_the_answer_too(tmp_path: Path) -> None:
    folder = tiny_language_model.build(tmp_path, "It is 7.", context_length=100)
    model = TransformersGenerator(str(folder), max_new_tokens=90)
    # A role, a letter each and the end of the message for the question; the role of the answer.
    assert model.fits([Message("user", "a" * 7)])
    assert not model.fits([Message("user", "a" * 8)])


def test_nothing_is_loaded_before_it_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    model = generator(str(folder))
    assert isinstance(model, TransformersGenerator)
    with pytest.raises(ImportError):
        model.fits(MESSAGES)


def test_only_safetensors_are_read(folder: Path, tmp_path: Path) -> None:
    for file in folder.iterdir():
        if file.suffix != ".safetensors":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickled")
    with pytest.raises(GeneratorError, match=r"cannot load the language model .*\(check ") as caught:
        said(TransformersGenerator(str(tmp_path)))
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(GeneratorError, match=f"check {missing}"):
        TransformersGenerator(str(missing)).fits(MESSAGES)


def test_sentences_are_dropped_from_the_end_until_the_prompt_fits(tmp_path: Path) -> None:
    sentences = [NumberedSentence(number, "Mangroves cover the coast. " * 20, "Report") for number in range(1, 9)]
    folder = tiny_language_model.build(tmp_path, "Mangroves cover the coast.", context_length=1500)
    model = TransformersGenerator(str(folder), max_new_tokens=100)
    kept = fitted(model, "How much?", sentences, "en")
    assert 0 < len(kept) < 8
    assert kept == sentences[: len(kept)]
    assert model.fits(prompt("How much?", kept, "en"))
    assert not model.fits(prompt("How much?", sentences[: len(kept) + 1], "en"))
    assert fitted(TransformersGenerator(str(folder), max_new_tokens=1500), "How much?", sentences, "en") == []


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[OpenAIServer]:
    with OpenAIServer(SAYS, behaviour=getattr(request, "param", "answers")) as server:
        yield server


def misbehaving(*behaviours: Behaviour) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("server", behaviours, indirect=True)


def quick(server: OpenAIServer, model: str = "", timeout: float = LONGEST_WAIT) -> OpenAIGenerator:
    return OpenAIGenerator(server.url, model, timeout=timeout, max_retries=0)


def patient(server: OpenAIServer) -> OpenAIGenerator:
    """Waits longer for a silent server than a test waits for its end."""
    return quick(server, "tiny", timeout=10 * LONGEST_WAIT)


def test_a_server_is_asked_and_its_answer_streamed(server: OpenAIServer) -> None:
    model = generator(server.url, "tiny")
    assert (type(model), model.name) == (OpenAIGenerator, "tiny")
    pieces = list(model.stream(MESSAGES, threading.Event()))
    assert pieces[:2] == ["Mangroves", " cover"]
    assert "".join(pieces) == SAYS
    (request,) = server.requests
    assert request["messages"] == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How much?"}]
    assert (request["model"], request["stream"], request["temperature"]) == ("tiny", True, 0)


def test_the_only_model_of_a_server_need_not_be_named(server: OpenAIServer) -> None:
    model = generator(server.url)
    assert model.name == server.url
    assert said(model) == SAYS
    assert server.requests[0]["model"] == "tiny"


def test_one_of_several_models_must_be_named() -> None:
    with (
        OpenAIServer(models=("small", "large")) as server,
        pytest.raises(GeneratorError, match=r"say which .* it has small, large"),
    ):
        said(quick(server))
    with OpenAIServer(models=()) as server, pytest.raises(GeneratorError, match="it has none"):
        said(quick(server))


def test_an_unknown_model_is_answered_with_the_known_ones(server: OpenAIServer) -> None:
    with pytest.raises(GeneratorError, match="has no model huge; it has tiny"):
        said(quick(server, "huge"))


def test_a_key_is_sent_and_a_wrong_one_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    with OpenAIServer(SAYS, api_key="secret") as server:
        assert said(generator(server.url, "tiny", "secret")) == SAYS
        for key in ("wrong", ""):
            with pytest.raises(GeneratorError, match=r"refuses the API key; check it$"):
                said(generator(server.url, "tiny", key))


def test_a_server_that_is_down_is_said_to_be_so(server: OpenAIServer) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(GeneratorError, match=r"cannot reach http://127\.0\.0\.1.*; start the server"):
        said(quick(server))


@pytest.mark.parametrize("down", ["closed", "answers 500", "hangs"])
def test_a_question_goes_on_to_the_next_server(down: str, server: OpenAIServer) -> None:
    with OpenAIServer(SAYS, behaviour="hangs" if down == "hangs" else "answers 500") as other:
        if down == "closed":
            other.shutdown()
            other.server_close()
        model = SpreadGenerator([quick(other, "tiny", timeout=0.3), quick(server, "tiny")], "tiny")
        assert [said(model) for _ in range(3)] == [SAYS] * 3
    assert len(other.requests) == (down != "closed")
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("path", "api_key", "ready"), [("/v1", "", True), ("/v1", "secret", True), ("/api/v1", "", True), ("closed", "", False)]
)
def test_a_server_is_ready_if_it_answers_at_all(path: str, api_key: str, *, ready: bool) -> None:
    with OpenAIServer(api_key=api_key, prefix=path) as server:
        if path == "closed":
            server.shutdown()
            server.server_close()
        assert quick(server).is_ready() is ready


@misbehaving("never ends a list of models")
def test_a_server_whose_list_never_ends_is_not_ready(server: OpenAIServer) -> None:
    assert not quick(server).is_ready()


def test_a_wrong_path_is_told_from_a_wrong_model() -> None:
    with OpenAIServer(prefix="/api/v1") as server, pytest.raises(GeneratorError, match="check the URL, which mostly ends in /v1"):
        said(quick(server, "tiny"))


@misbehaving("hangs", "hangs midway")
def test_a_silent_server_is_waited_for_only_so_long(server: OpenAIServer) -> None:
    with pytest.raises(GeneratorError, match=r"was silent for 0\.3 seconds"):
        said(quick(server, "tiny", timeout=0.3))


@misbehaving("hangs")
def test_a_stop_does_not_wait_for_a_silent_server(server: OpenAIServer) -> None:
    assert ends_once_stopped(patient(server), lambda: bool(server.requests))


@misbehaving("hangs midway")
def test_a_stop_does_not_wait_for_a_server_that_fell_silent(server: OpenAIServer) -> None:
    assert ends_once_stopped(patient(server), 2)


@misbehaving("answers slowly")
def test_a_stopped_server_is_left_alone(server: OpenAIServer) -> None:
    server.pieces = ["on "] * 1000
    assert ends_once_stopped(patient(server), 2)
    assert server.gave_up.wait(LONGEST_WAIT)


@misbehaving("cuts the connection", "ends early", "talks rubbish")
def test_what_came_before_a_server_broke_off_is_kept(server: OpenAIServer) -> None:
    pieces: list[str] = []
    with pytest.raises(GeneratorError, match=server.url) as caught:
        pieces.extend(quick(server, "tiny").stream(MESSAGES, threading.Event()))
    assert pieces == ["Mangroves", " cover"]
    expected = "check the URL" if server.behaviour == "talks rubbish" else "broke off before the end of the answer; ask again"
    assert str(caught.value).endswith(expected)


@misbehaving("serves a page")
def test_a_server_of_another_kind_gives_no_answer(server: OpenAIServer) -> None:
    with pytest.raises(GeneratorError, match=server.url):
        said(quick(server, "tiny"))


@misbehaving("answers 500")
def test_the_error_of_a_server_is_passed_on_in_one_line(server: OpenAIServer) -> None:
    with pytest.raises(GeneratorError, match=r"answers with error 500: .*out of memory") as caught:
        said(quick(server, "tiny"))
    assert "\n" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


@misbehaving(
    "never ends a line", "never ends an answer", "never ends an error", "never ends a list of models", "packs its answer"
)
def test_of_what_never_ends_little_is_read(server: OpenAIServer) -> None:
    model = "" if server.behaviour == "never ends a list of models" else "tiny"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GeneratorError, match=f"^{server.url} |^the answer has more than 20,000 characters") as caught:
        said(quick(server, model, timeout=60.0))
    assert "\n" not in str(caught.value)
    assert {
        "never ends a line": "sends a line of more than 1,000,000 bytes",
        "never ends an answer": "more than",
        "never ends an error": "sends a line of more than 1,000,000 bytes",
        "never ends a list of models": "sends a line of more than 1,000,000 bytes",
        "packs its answer": "packs its answer although it was asked not to",
    }[server.behaviour] in str(caught.value)
    if server.behaviour != "packs its answer":
        assert server.gave_up.wait(60)
        # What is on its way when the client goes is sent, but not read.
        assert server.sent < 50_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@misbehaving("never ends its silence", "answers slowly")
def test_an_answer_takes_only_so_long(server: OpenAIServer) -> None:
    server.pieces = ["on "] * 10_000
    model = OpenAIGenerator(server.url, "tiny", timeout=60.0, total_timeout=0.5, max_retries=0)
    with pytest.raises(GeneratorError, match=r"took longer than 0\.5 seconds; ask again"):
        said(model)
    assert server.gave_up.wait(60)


@misbehaving("says a list", "says a number", "says a control character", "says half a character")
def test_what_is_no_text_ends_an_answer(server: OpenAIServer) -> None:
    pieces: list[str] = []
    with pytest.raises(GeneratorError, match=r"does not answer as an OpenAI-compatible server; check the URL$"):
        pieces.extend(quick(server, "tiny").stream(MESSAGES, threading.Event()))
    assert pieces == ["Mangroves", " cover"]


@misbehaving("says a character in halves")
def test_a_character_may_come_in_halves(server: OpenAIServer) -> None:
    text = said(quick(server, "tiny"))
    assert text.startswith("Mangroves cover\U0001f600")
    assert text.encode("utf-8").decode("utf-8") == text


def test_what_nobody_sees_is_left_out_of_an_answer() -> None:
    with OpenAIServer("It \u202egrew\u200b [1].") as server:
        assert said(quick(server)) == "It grew [1]."


@misbehaving("names models by numbers")
def test_models_without_names_are_no_models(server: OpenAIServer) -> None:
    with pytest.raises(GeneratorError, match="does not answer as an OpenAI-compatible server"):
        said(quick(server))


def test_the_names_of_models_are_shown_short_and_in_one_line() -> None:
    names = ("a\x1b[31m\nb", "x" * 100_000)
    with OpenAIServer(models=names) as server, pytest.raises(GeneratorError) as caught:
        said(quick(server))
    assert str(caught.value).endswith(f"it has a[31m b, {'x' * 300}…")


def test_a_request_that_fails_is_sent_again(server: OpenAIServer) -> None:
    server.behaviour = "answers 500"
    with pytest.raises(GeneratorError):
        said(OpenAIGenerator(server.url, "tiny", max_retries=1))
    assert len(server.requests) == 2


def test_no_proxy_stands_before_a_server_of_this_machine(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert said(quick(server)) == SAYS


def test_a_server_may_cite_what_it_was_not_shown() -> None:
    with OpenAIServer("It grew [99].") as server:
        stream = quick(server).stream(MESSAGES, threading.Event())
        assert list(cited_sentences(stream)) == [CitedSentence("It grew.", (99,), "")]


def test_a_server_that_thinks_aloud_is_not_quoted_on_it() -> None:
    with OpenAIServer("<think>\nHm [2].\n</think>\n\nIt grew [1].") as server:
        assert said(quick(server)) == "It grew [1]."


def test_the_missing_package_is_named_with_its_extra(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(GeneratorError, match=r"pip install 'yinju\[openai\]'$"):
        said(quick(server))
