"""Files that are read in another process: the same results, and what happens when that process is stopped or turns hostile."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pdf_files import made, page, scan

from rag.documents import loaders, sandbox
from rag.documents.loaders import Failure, document_id, steps
from rag.documents.sandbox import Parser
from rag.errors import LoadError
from rag.library.ingestion.prefetch import Prefetch
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

LIMIT = 10_000_000
# What a hostile file would make of the process: it answers every request with one thing, whatever was asked.
HOSTILE = """
import json, os, sys, time
say = lambda *message: (sys.stdout.write(json.dumps(message) + "\\n"), sys.stdout.flush())
say("ready")
while request := sys.stdin.buffer.readline():
    sys.stdin.buffer.read(json.loads(request).get("size", 0))
    exec({answer!r})
"""


@pytest.fixture
def parser() -> Iterator[Parser]:
    with Parser() as parser:
        yield parser


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Makes a parser whose process gives this answer to every request."""
    parsers = []

    def make(answer: str, seconds: float = 600.0, megabytes: int = 100) -> Parser:
        monkeypatch.setattr(sandbox, "_WORKER", ("-c", HOSTILE.format(answer=answer)))
        parsers.append(Parser(seconds, megabytes))
        return parsers[-1]

    yield make
    for parser in parsers:
        parser.close()


def text(parser: Parser, data: bytes = b"The lake is deep.") -> str:
    (document,) = parser.read(data, "a.txt", ".txt", LIMIT)
    assert isinstance(document, Document)
    return document.text


def refusal(results: Iterator[Document | Failure]) -> str:
    with pytest.raises(LoadError) as error:
        list(results)
    assert "\n" not in str(error.value)
    return str(error.value)


def pid(parser: Parser) -> int:
    assert parser._idle
    return parser._idle._process.pid


# -- the same as in this process --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        ("湖很深。\f第二页".encode(), ".txt"),
        (
            b'{"text": "one \\ud83d", "title": "t", "date": "2021-01-02", "source": "Press"}\n{\n{"text": "\\u0000\\u2028"}',
            ".jsonl",
        ),
        (b"a,b\n1,2\n", ".csv"),
        (b"<html><body><h1>Lake</h1><p>It is deep.</p>", ".html"),
        (b"", ".txt"),
        (b"\x89PNG", ".txt"),
        (b"x", ".xyz"),
        (b"PK\x03\x04", ".zip"),
        (b"\n\n", ".jsonl"),
    ],
)
def test_results_are_those_of_the_loaders(parser: Parser, tmp_path: Path, data: bytes, suffix: str) -> None:
    def outcome(results: Iterator[Document | Failure]) -> list[Document | Failure | str]:
        found: list[Document | Failure | str] = []
        try:
            found.extend(results)
        except LoadError as error:
            found.append(str(error))
        return found

    path = tmp_path / f"湖{suffix}"
    path.write_bytes(data)
    for source in ("", "upload"):
        assert outcome(parser.load(path, LIMIT, source)) == outcome(loaders.load(path, LIMIT, source))
    for name in ("", "shown"):
        arguments = (data, "https://example.org/a", suffix, LIMIT, name)
        assert outcome(parser.read(*arguments)) == outcome(loaders.read(*arguments))
    assert refusal(parser.load(path, 0)) == refusal(loaders.load(path, 0)) if data else True


def test_paths_are_those_of_this_process(parser: Parser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(parser.load(Path("a.txt"), LIMIT)) == "a.txt: No such file or directory"
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("The lake is deep.")
    (document,) = parser.load(Path("a.txt"), LIMIT)
    assert document.source == str(tmp_path / "a.txt")
    assert refusal(parser.load(Path("a\0.txt"), LIMIT)) == "a?.txt: embedded null byte"
    odd = os.fsdecode(b"\xff\xfe.txt")
    Path(odd).write_text("Odd.")
    (document,) = parser.load(Path(odd), LIMIT)
    assert document.source == str(tmp_path / "??.txt")


def test_a_name_that_turns_the_writing_around_is_shown_plainly(parser: Parser, tmp_path: Path) -> None:
    path = tmp_path / "a\u202etxt.\nexe.txt"
    path.write_text("The lake is deep.")
    (document,) = parser.load(path, LIMIT)
    assert document.source == str(tmp_path / "a?txt.?exe.txt")


def test_warnings_come_through(parser: Parser, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "yinju"):
        (document,) = parser.read(made(page("Text."), scan), "a.pdf", ".pdf", LIMIT)
    assert caplog.messages == ["a.pdf: page 2 is a scan, read by OCR: what is cited from there may be misread"]
    assert isinstance(document, Document)
    assert document.text == "Text.\f"


def test_each_step_of_what_takes_long_is_told_and_has_the_time_of_a_document(hostile: Any) -> None:
    answer = """
for page in range(5): time.sleep(0.5); say("step", page, 5)
say("document", "a.txt", "a", "The lake is deep.", ["", "", ""], [], [])
say("end", "", True)
"""
    told: list[tuple[int, int]] = []
    with steps.told(lambda *step: told.append(step)):
        (document,) = hostile(answer, seconds=2.0).read(b"", "a.txt", ".txt", LIMIT)
    assert document.text == "The lake is deep."
    assert told == [(page, 5) for page in range(5)]


def test_what_a_hostile_process_says_cannot_write_on_the_terminal(hostile: Any, caplog: pytest.LogCaptureFixture) -> None:
    answer = r"""
say("warning", "\x1b[2Jgone\n" + 5000 * "x")
say("end", "", True)
"""
    with caplog.at_level(logging.WARNING, "yinju"):
        assert list(hostile(answer).read(b"", "a.txt", ".txt", LIMIT)) == []
    assert caplog.messages == ["?[2Jgone?" + 1991 * "x"]


@pytest.mark.parametrize("message", ['"step", 1, 1', '"warning", "x"', '"plugin", "x"'])
def test_steps_and_warnings_have_an_end(hostile: Any, monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    monkeypatch.setattr(sandbox, "_MAX_ASIDES", 50)
    with pytest.raises(LoadError, match="reading broke off"):
        list(hostile(f"while True: say({message})").read(b"", "a.txt", ".txt", LIMIT))


def test_steps_are_told_to_the_listener_of_their_own_file_only() -> None:
    first: list[tuple[int, int]] = []
    second: list[tuple[int, int]] = []
    meeting = threading.Barrier(2)

    def read(told: list[tuple[int, int]], page: int) -> None:
        with steps.told(lambda *step: told.append(step)):
            meeting.wait(600)
            steps.tell(page, 2)
            meeting.wait(600)

    threads = [threading.Thread(target=read, args=arguments) for arguments in ((first, 1), (second, 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    steps.tell(3, 3)
    assert (first, second) == ([(1, 2)], [(2, 2)])


def test_a_file_that_is_read_ahead_in_a_thread_is_told_to_the_listener() -> None:
    def pages() -> Generator[int, None, None]:
        for number in (1, 2):
            steps.tell(number, 2)
            yield number

    told: list[tuple[int, int]] = []
    with steps.told(lambda *step: told.append(step)), Prefetch(pages(), 1) as ahead:
        assert list(ahead) == [1, 2]
    assert told == [(1, 2), (2, 2)]


# -- the process ------------------------------------------------------------------------------------------------------


def test_one_process_reads_many_files_and_is_started_with_the_first(parser: Parser) -> None:
    assert parser._idle is None
    text(parser)
    first = pid(parser)
    refusal(parser.read(b"", "a.txt", ".txt", LIMIT))
    assert text(parser, b"The river is wide.") == "The river is wide."
    assert pid(parser) == first
    parser.close()
    assert text(parser) == "The lake is deep."
    assert pid(parser) != first


def test_the_process_loads_only_what_reads_files() -> None:
    script = "import sys, rag.documents.sandbox_worker; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    packages = {name.split(".")[0] for name in modules}
    assert not packages & {
        "torch",
        "numpy",
        "gradio",
        "faiss",
        "transformers",
        "sqlite3",
        "lxml",
        "pypdfium2",
        "embeddings.encoder",
    }
    assert "rag.library" not in modules


def test_the_process_ends_with_its_input(parser: Parser) -> None:
    text(parser)
    assert parser._idle
    process = parser._idle._process
    assert process.stdin
    process.stdin.close()
    assert process.wait(600) == 0


def test_the_process_ends_with_the_one_that_started_it() -> None:
    script = (
        "import os, sys; from rag.documents.sandbox import shared; list(shared().read(b'x', 'a.txt', '.txt', 9)); "
        "print(shared()._idle._process.pid, flush=True); sys.stdin.read(1); {end}"
    )
    for end in ("pass", "os._exit(1)", "os.kill(os.getpid(), 9)"):
        command = [sys.executable, "-c", script.format(end=end)]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as started:
            assert started.stdout
            assert started.stdin
            child = int(started.stdout.readline())
            os.kill(child, 0)
            output = started.communicate("x")
        assert output == ("", "")
        until = time.monotonic() + 600
        while Path(f"/proc/{child}").exists() and time.monotonic() < until:
            time.sleep(0.01)
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


@pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="the limits of another process cannot be read here")
def test_the_process_can_do_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINJU_GENERATOR_KEY", "secret")
    with Parser(megabytes=200) as parser:
        text(parser)
        folder = Path(f"/proc/{pid(parser)}")
        limits = {line[:26].strip(): line[26:].split()[0] for line in (folder / "limits").read_text().splitlines()}
        assert (limits["Max file size"], limits["Max core file size"], limits["Max open files"]) == ("0", "0", "64")
        assert 200_000_000 < int(limits["Max address space"]) < 400_000_000
        assert b"secret" not in (folder / "environ").read_bytes()


def test_modules_in_the_current_folder_are_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    with Parser() as parser:
        assert text(parser) == "The lake is deep."


def test_a_process_that_does_not_start_is_an_error_of_the_file(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", ("-c", "raise SystemExit(3)"))
    expected = "a.txt: the process that reads files does not start; is the installation whole?"
    assert refusal(parser.read(b"x", "a.txt", ".txt", LIMIT)) == expected
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert refusal(parser.read(b"x", "a.txt", ".txt", LIMIT)).startswith(
        "a.txt: the process that reads files cannot be started: "
    )
    monkeypatch.undo()
    assert text(parser) == "The lake is deep."


# -- iterators and threads --------------------------------------------------------------------------------------------


def lines(number: int) -> bytes:
    return "\n".join(json.dumps({"text": f"Line {i} of all."}) for i in range(number)).encode()


def test_an_iterator_that_is_left_does_not_hold_up_the_next(parser: Parser) -> None:
    left = parser.read(lines(5000), "a.jsonl", ".jsonl", LIMIT)
    assert [each.source for each in islice(left, 2)] == ["a.jsonl#1", "a.jsonl#2"]
    other = parser.read(lines(3), "b.jsonl", ".jsonl", LIMIT)
    assert next(other).source == "b.jsonl#1"
    assert text(parser) == "The lake is deep."
    assert next(left).source == "a.jsonl#3"
    assert [each.source for each in other] == ["b.jsonl#2", "b.jsonl#3"]
    del left
    assert text(parser) == "The lake is deep."


def test_the_wait_of_the_one_who_asks_does_not_count() -> None:
    with Parser(seconds=3.0) as parser:
        results = parser.read(lines(20_000), "a.jsonl", ".jsonl", LIMIT)
        next(results)
        time.sleep(3.5)
        assert sum(1 for _ in results) == 19_999


def test_several_threads_may_read(parser: Parser) -> None:
    found: dict[int, list[str]] = {}

    def work(number: int) -> None:
        found[number] = [text(parser, f"Text {number}, {i}".encode()) for i in range(20)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [f"Text {number}, {i}" for i in range(20)] for number in range(4)}


# -- when it is stopped, or hostile -----------------------------------------------------------------------------------


def test_a_file_that_takes_too_long_is_stopped_and_the_next_one_read(hostile: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = hostile("time.sleep(6000)", seconds=2.0)
    expected = "a.txt: reading took longer than 2 s and was stopped; split the file"
    assert refusal(parser.read(b"x", "a.txt", ".txt", LIMIT)) == expected
    monkeypatch.setattr(sandbox, "_WORKER", ("-m", "rag.documents.sandbox_worker"))
    assert text(parser) == "The lake is deep."


def test_a_process_that_does_not_take_the_file_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", ("-c", "import time; print('[\"ready\"]', flush=True); time.sleep(6000)"))
    with Parser(seconds=0.3) as parser:
        assert "took longer than 0.3 s" in refusal(parser.read(bytes(5_000_000), "a.txt", ".txt", LIMIT))


def test_what_came_before_the_end_stays(hostile: Any) -> None:
    one = ("document", "a.zip/1.txt", "1", "The lake is deep.", ("", "", ""), [], [])
    parser = hostile(f"say(*{one!r}); say('failure', 'a.zip/2.txt', 'a.zip/2.txt: no'); os.kill(os.getpid(), 11)")
    results = parser.read(b"x", "a.zip", ".zip", LIMIT)
    assert next(results) == Document(document_id("a.zip/1.txt"), "1", "a.zip/1.txt", "The lake is deep.")
    assert next(results) == Failure("a.zip/2.txt", "a.zip/2.txt: no")
    assert refusal(results) == (
        "a.zip: after a.zip/2.txt, reading takes more memory than the 100 MB allowed, or crashes the reader (SIGSEGV); "
        "the file is damaged or too large"
    )


@pytest.mark.parametrize(
    ("answer", "how"),
    [
        ("os._exit(0)", "exit code 0"),
        ("os._exit(7)", "exit code 7"),
        ("say('broken', 'RecursionError')", "RecursionError"),
        ("print('{')", None),
        ("print('[' * 100_000)", None),
        ("print('1' * 10_000)", None),
        ("sys.stdout.buffer.write(b'\\xff\\xfe\\n')", None),
        ("say()", None),
        ("say('document')", None),
        ("say('document', 'a.txt', 'a', 5, '', '', [])", None),
        ("say('document', 'a.txt', 'a', 'text', '', '', [0.0])", None),
        ("say('document', 'a.txt', 'a', 'text', '', '', [True])", None),
        ("say('document', 'a.txt', 'a', 'text', '', '', [3, 1])", None),
        ("say('document', 'a.txt', 'a', 'text', '', '', [5])", None),
        ("say('document', 'a.txt', 'a', 'text', '', '', [-1])", None),
        ("say('document', 'another.txt', 'a', 'text', '', '', [])", None),
        ("say('document', 'a.txt.txt', 'a', 'text', '', '', [])", None),
        ("say('failure', 'another.txt', 'no')", None),
        ("say('failure', 'a.txt', ['no'])", None),
        ("say('end', None, True)", None),
        ("say('end', '', 1)", None),
    ],
)
def test_only_results_are_taken_for_such(hostile: Any, answer: str, how: str | None) -> None:
    parser = hostile(f"{answer}; sys.stdout.flush()")
    expected = f"a.txt: reading broke off ({how or 'an invalid result'}); the file is damaged or made to do harm"
    assert refusal(parser.read(b"x", "a.txt", ".txt", LIMIT)) == expected
    assert parser._idle is None


def test_a_result_without_end_is_not_read_to_its_end(hostile: Any) -> None:
    parser = hostile("[sys.stdout.write('x' * 1_000_000) for _ in range(100_000_000)]", megabytes=5, seconds=600.0)
    assert "takes more memory than the 5 MB allowed" in refusal(parser.read(b"x", "a.txt", ".txt", LIMIT))


def test_a_process_that_grew_is_not_used_again(hostile: Any) -> None:
    parser = hostile("say('end', '', False)")
    assert list(parser.read(b"x", "a.txt", ".txt", LIMIT)) == []
    assert parser._idle is None


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is limited on Linux only")
def test_memory_is_limited() -> None:
    with Parser(megabytes=50) as parser:
        assert refusal(parser.read(b"x" * 30_000_000, "a.txt", ".txt", LIMIT)) in (
            "a.txt: reading takes more memory than it may; split the file",
            "a.txt: reading takes more than 50 MB of memory; split the file",
        )
        assert text(parser) == "The lake is deep."


def test_everything_in_a_process_shares_one_parser() -> None:
    assert sandbox.shared() is sandbox.shared()
