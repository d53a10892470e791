"""Reads files in a separate process, so that a file that crashes it or never ends does no harm to this one.

The parsing process (`rag.documents.sandbox_worker`) runs the loaders with limits on time and memory. A hostile file may take
control of it, so it sends nothing but text and numbers, and all of it is checked here.
"""

from __future__ import annotations

import atexit
import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import Failure, document_id, limited, plugins, printable, source_of, steps
from rag.documents.removals import are_of_loader
from rag.documents.source_id import belongs_to
from rag.documents.viewing.messages import view_from
from rag.documents.viewing.pdf_pages import MAX_SIDE
from rag.errors import LoadError
from rag.settings import DEFAULTS
from rag.types import Document, Edit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rag.documents.viewing.pdf_pages import View
    from rag.documents.viewing.quotes import PageQuote

_log = logging.getLogger("yinju")
_WORKER = ("-m", "rag.documents.sandbox_worker")
_MAX_START_SECONDS = 60.0
# Before each document: it has at most 20,000 pages, each of which is reported if it is a scan, and few warnings.
_MAX_ASIDES = 21_000
_MAX_MESSAGE = 2_000
# A character takes at most six bytes of JSON, and ten more if a page begins there.
_BYTES_PER_CHARACTER = 16
_BYTES_BESIDE_TEXT = 1_000_000
# A picture of the largest size in Base64, and the sizes and boxes.
_MAX_VIEW = 4 * MAX_SIDE * MAX_SIDE + 10_000_000
# The variables that an interpreter may need to start. Keys and passwords do not belong in a process that reads files.
_ENVIRONMENT = "PATH SYSTEMROOT LD_LIBRARY_PATH DYLD_LIBRARY_PATH PYTHONHOME LANG LC_ALL LC_CTYPE TZ".split()


class Parser:
    """Reads files as `rag.documents.loaders` does, but in another process.

    The process starts with the first file and reads many. If it does not survive a file, the next file gets a new process. It ends
    with this process, or on `close`. Safe to use from several threads: each file that is read at the same time has its own process.
    """

    def __init__(self, seconds: float = 120.0, megabytes: int = 1024) -> None:
        """Creates the parser without starting a process.

        Args:
            seconds: The time limit for each document of a file, and for each page of a scan.
            megabytes: The memory limit for reading a file, on top of the memory of the process itself and of OCR. Only Linux
                enforces it.
        """
        self._seconds = seconds
        self._megabytes = megabytes
        self._lock = threading.Lock()
        self._idle: _Process | None = None

    def __enter__(self) -> Parser:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the process. The parser can be used again and then starts another."""
        if process := self._take_idle():
            process.end()

    def load(
        self, path: Path, max_bytes: int, source: str = "", max_characters: int = DEFAULTS.max_characters
    ) -> Iterator[Document | Failure]:
        """Reads the documents of the file at `path`, as `rag.documents.loaders.load` does; a longer document is a failure.

        Raises:
            LoadError: As there, or the file takes too long or too much memory, or crashes the process. The documents of an archive
                that were yielded before are complete.
        """
        folder = ""
        with suppress(OSError):
            folder = os.getcwd()
        request = {"path": str(path), "folder": folder, "max_bytes": max_bytes, "source": source}
        yield from self._results(request, b"", source or source_of(path), source or printable(str(path)), max_characters)

    def read(
        self,
        data: bytes,
        source: str,
        suffix: str,
        max_bytes: int,
        name: str = "",
        *,
        max_characters: int = DEFAULTS.max_characters,
    ) -> Iterator[Document | Failure]:
        """Reads the documents of a file that is in memory, as `rag.documents.loaders.read` does; a longer document is a failure.

        Raises:
            LoadError: As `load` does.
        """
        request = {"size": len(data), "source": source, "suffix": suffix, "max_bytes": max_bytes, "name": name}
        yield from self._results(request, data, source, name or source, max_characters)

    def _results(
        self, request: dict[str, Any], data: bytes, source: str, name: str, max_characters: int
    ) -> Iterator[Document | Failure]:
        """Yields the results of a request. `source` is the source of the file, and `name` its name in errors."""
        after = ""
        longest = _BYTES_PER_CHARACTER * max_characters + _BYTES_BESIDE_TEXT
        try:
            for message in self._messages(request | {"max_characters": max_characters}, data, longest):
                # A hostile file may keep the process from applying the limit.
                result = limited(_result(message, source), max_characters)
                after = f"after {result.source}, "
                yield result
        except _StoppedError as stopped:
            raise LoadError(f"{name}: {after}{stopped}") from stopped

    def view(self, path: Path, name: str, quotes: Sequence[PageQuote] = (), draw: int = 0, width: int = 0) -> View:
        """Reads pages of a PDF file, as `rag.documents.viewing.pdf_pages.view` does.

        Args:
            path: The file.
            name: Its name in errors.
            quotes: The quotes to find.
            draw: The number of the page to draw, from 1; 0 for none.
            width: The width of the picture in pixels, at most `MAX_SIDE`.

        Raises:
            LoadError: The file cannot be read, has no such page, or takes too long or too much memory.
        """
        sought = [(quote.page, quote.texts, quote.before) for quote in quotes]
        request = {"view": {"path": str(path.absolute()), "quotes": sought, "draw": draw, "width": width}}
        try:
            messages = list(self._messages(request, b"", _MAX_VIEW))
            if len(messages) == 1 and (view := view_from(messages[0], len(quotes), has_picture=draw > 0)):
                return view
            raise _StoppedError(_broke_off("an invalid result"))
        except _StoppedError as stopped:
            raise LoadError(f"{name}: {stopped}") from stopped

    def _messages(self, request: dict[str, Any], data: bytes, longest: int) -> Iterator[Any]:
        """Yields what a process says to a request, each message of at most `longest` bytes.

        Raises:
            LoadError: The file is refused.
            _StoppedError: The process cannot continue.
        """
        process = None
        try:
            process = self._take_idle() or _Process(self._seconds, self._megabytes)
            process.send(request, data)
            for message in _results_of(process, longest):
                match message:
                    case ["end", str(refusal), bool(is_fit)]:
                        if is_fit:
                            self._give_back(process)
                            process = None
                        if refusal:
                            raise LoadError(refusal)
                        return
                    case ["too large"]:
                        raise _StoppedError(f"reading takes more than {self._megabytes} MB of memory; split the file")
                    case ["broken", str(error)]:
                        raise _StoppedError(_broke_off(error))
                    case _:
                        yield message
        finally:
            # The process was stopped, or the caller does not want the rest of its results.
            if process:
                process.end()

    def _take_idle(self) -> _Process | None:
        """Returns the idle process, which then belongs to the caller; None without one."""
        with self._lock:
            process, self._idle = self._idle, None
        if process and not process.is_alive():
            process.end()
            return None
        return process

    def _give_back(self, process: _Process) -> None:
        with self._lock:
            other, self._idle = self._idle, process
        if other:
            other.end()


@lru_cache(maxsize=1)
def shared() -> Parser:
    """Returns the parser that everything in this process shares."""
    parser = Parser()
    atexit.register(parser.close)
    return parser


class _StoppedError(Exception):
    """The process cannot continue with a file. The text says why, but does not name the file."""


def _results_of(process: _Process, longest: int) -> Iterator[Any]:
    """Yields the results that the process sends, and passes on a limited number of warnings and steps before each."""
    passed_on = 0
    while True:
        match process.receive(longest):
            case ["warning", str(message)] if passed_on < _MAX_ASIDES:
                _log.warning("%s", printable(message[:_MAX_MESSAGE]))
            case ["plugin", str(message)] if passed_on < _MAX_ASIDES:
                plugins.report(printable(message[:_MAX_MESSAGE]))
            case ["step", int(page), int(pages)] if passed_on < _MAX_ASIDES:
                steps.tell(page, pages)
            case message:
                yield message
                passed_on = 0
                continue
        passed_on += 1


def _broke_off(how: str) -> str:
    return f"reading broke off ({how}); the file is damaged or made to do harm"


def _result(message: Any, origin: str) -> Document | Failure:
    """Returns the document or the failure in a message, if it belongs to the file with the source `origin`."""
    match message:
        case [
            "document",
            str(source),
            str(title),
            str(text),
            [str(published), str(publisher), str(author)],
            [*pages],
            [*removals],
        ] if belongs_to(source, origin) and _are_pages(pages, len(text)):
            edits = _edits(removals, len(text))
            known = Document(document_id(source), title, source, text, pages=tuple(pages), edits=edits)
            return replace(known, published=published, publisher=publisher, author=author)
        case ["failure", str(source), str(reason)] if belongs_to(source, origin):
            return Failure(source, reason)
    raise _StoppedError(_broke_off("an invalid result"))


def _edits(removals: list[Any], length: int) -> tuple[Edit, ...]:
    """Returns what a loader left out of a text of this length."""
    edits = []
    for removal in removals:
        match removal:
            case [int(start), str(removed), str(reason)]:
                edits.append(Edit(start, removed, "", reason))
    starts = [0, *(edit.start for edit in edits), length]
    if len(edits) < len(removals) or starts != sorted(starts) or not are_of_loader(edits):
        raise _StoppedError(_broke_off("an invalid result"))
    return tuple(edits)


def _are_pages(pages: list[Any], length: int) -> bool:
    return all(type(page) is int for page in pages) and all(one <= other for one, other in pairwise([0, *pages, length]))


class _Process:
    """A process that reads files, and a thread that kills it if it takes too long."""

    def __init__(self, seconds: float, megabytes: int) -> None:
        """Starts both and waits until the process is ready.

        Raises:
            _StoppedError: The process does not start.
        """
        self._seconds = seconds
        self._megabytes = megabytes
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # Modules are imported from the same folders as here, except the current folder, which may contain anything.
        root = str(Path(__file__).parents[2])
        environment["PYTHONPATH"] = os.pathsep.join([root, *(folder for folder in sys.path if folder)])
        command = [sys.executable, "-P", *_WORKER, str(seconds), str(megabytes)]
        try:
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
            )
        except OSError as error:
            raise _StoppedError(f"the process that reads files cannot be started: {error.strerror or error}") from error
        self._lock = threading.Lock()
        self._deadline = math.inf
        self._is_late = False
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="yinju-parsing", daemon=True).start()
        try:
            if self._receive(_MAX_START_SECONDS, _MAX_MESSAGE) != ["ready"]:
                raise _StoppedError("")
        except BaseException as error:
            self.end()
            if isinstance(error, _StoppedError):
                raise _StoppedError("the process that reads files does not start; is the installation whole?") from error
            raise

    def is_alive(self) -> bool:
        """Returns whether the process runs."""
        return self._process.poll() is None

    def send(self, request: dict[str, Any], data: bytes) -> None:
        """Sends a request, followed by the bytes of the file."""
        pipe = self._process.stdin
        assert pipe
        with self._within(self._seconds), suppress(OSError):  # if the process is gone, `receive` reports it
            pipe.write(json.dumps(request, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            pipe.write(data)
            pipe.flush()

    def receive(self, longest: int) -> Any:
        """Waits for the next message, of at most `longest` bytes.

        Raises:
            _StoppedError: No message came in time, or the process has ended.
        """
        return self._receive(self._seconds, min(longest, self._megabytes * 1_000_000))

    def end(self) -> None:
        """Kills the process."""
        self._ended.set()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            with suppress(OSError):  # unsent data is not needed any more
                pipe.close()

    def _receive(self, seconds: float, longest: int) -> Any:
        pipe = self._process.stdout
        assert pipe
        with self._within(seconds):
            line = pipe.readline(longest)
        if not line.endswith(b"\n"):
            self._process.kill()
            raise _StoppedError(self._why(self._process.wait()))
        try:
            return json.loads(line.decode("utf-8", "surrogatepass"))
        except (ValueError, RecursionError) as error:
            raise _StoppedError(_broke_off("an invalid result")) from error

    def _why(self, code: int) -> str:
        """Explains the end of the process by its exit code."""
        if self._is_late or code == -getattr(signal, "SIGXCPU", 0):
            return f"reading took longer than {self._seconds:g} s and was stopped; split the file"
        try:
            how = signal.Signals(-code).name
        except ValueError:
            return _broke_off(f"exit code {code}")
        # A library in C crashes in the same way for lack of memory and for other faults.
        return (
            f"reading takes more memory than the {self._megabytes} MB allowed, or crashes the reader ({how}); "
            "the file is damaged or too large"
        )

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Kills the process if the block takes longer."""
        with self._lock:
            self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                self._deadline = math.inf

    def _watch(self) -> None:
        # It never sleeps longer than a limit lasts, so it need not be woken when one begins.
        longest = min(self._seconds, _MAX_START_SECONDS)
        left = longest
        while not self._ended.wait(min(left, longest)):
            with self._lock:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    self._is_late = True
                    self._process.kill()
                    return
