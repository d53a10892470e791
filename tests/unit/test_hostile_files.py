"""Every file made to do harm is read as expected or refused in one line, within bounds, and the next file is read as if nothing was."""

from __future__ import annotations

import os
import signal
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hostile_files import FILES, LAKE, MAX_BYTES, PLACES, SLOW, Refusal, Text

from rag.documents.cleaning import clean, restore
from rag.documents.metadata import describe
from rag.documents.sandbox import Parser
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rag.documents.loaders import Failure

# Ends for what would go on for ever.
SECONDS = 600
MEGABYTES = 400


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser(SECONDS, MEGABYTES) as parser:
        yield parser


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """Raises TimeoutError in what takes longer."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def outcome(results: Iterator[Document | Failure], name: str) -> dict[str, Document | str]:
    """The documents and the reasons why there is none, by what is behind the file's name; no key comes twice."""
    found: dict[str, Document | str] = {}
    try:
        for each in results:
            key = each.source.removeprefix(name)
            assert key not in found
            found[key] = each if isinstance(each, Document) else each.reason
    except LoadError as error:
        assert "" not in found
        found[""] = str(error)
    return found


def check(found: Document | str, expected: Text | Refusal, place: str) -> None:
    if isinstance(expected, Refusal):
        assert isinstance(found, str)
        assert found.startswith(place)
        assert expected.words in found
        assert len(found.splitlines()) == 1
        assert "Traceback" not in found
        return
    assert isinstance(found, Document)
    if expected.length is None:
        assert found.text == expected.text
    else:
        assert found.text.startswith(expected.text)
        assert len(found.text) == expected.length
    with within(SECONDS):
        described = describe(clean(found))
    assert restore(described) == found.text
    assert "\n" not in described.title


@pytest.mark.parametrize("kind", FILES)
def test_a_hostile_file_is_read_or_refused(parser: Parser, kind: str) -> None:
    file = FILES[kind]
    data = file.make()
    stem, dot, suffix = file.name.rpartition(".")
    found = outcome(parser.read(data, file.name, dot + suffix if stem else "", MAX_BYTES), file.name)
    expected = {"": file.outcome} if isinstance(file.outcome, Text | Refusal) else file.outcome
    assert list(found) == list(expected)
    for key, each in expected.items():
        check(found[key], each, file.name)
    assert [each.source for each in parser.read(LAKE.encode(), "next.txt", ".txt", MAX_BYTES)] == ["next.txt"]


def test_a_page_that_takes_too_long_is_stopped_in_time() -> None:
    with Parser(seconds=1.5, megabytes=MEGABYTES) as parser:
        found = outcome(parser.read(SLOW, "a.html", ".html", MAX_BYTES), "a.html")
        assert found == {"": "a.html: reading took longer than 1.5 s and was stopped; split the file"}


@pytest.mark.parametrize("kind", PLACES)
def test_what_is_no_file_is_refused(parser: Parser, kind: str, tmp_path: Path) -> None:
    if kind == "unreadable file" and os.geteuid() == 0:
        pytest.skip("root may read all files")
    make, words = PLACES[kind]
    path = tmp_path / "a.txt"
    make(path)
    check(outcome(parser.load(path, MAX_BYTES), str(path))[""], Refusal(words), f"{path}: ")
    if path.exists() and stat.S_ISFIFO(path.stat().st_mode):
        path.unlink()
