"""Reads files in another process, which can be stopped: whatever a file does to that one, this one goes on.

The other process (`rag.documents.sandbox_worker`) runs the loaders, with limits for time and memory. A hostile file may come to
control it, so nothing that it sends is more than text and numbers, and all of it is checked.
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
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders import Failure, document_id, limited, plugins, printable, source_of, steps
from rag.documents.source_id import belongs_to
from rag.errors import LoadError
from rag.settings import DEFAULTS
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger("yinju")
_WORKER = ("-m", "rag.documents.sandbox_worker")
_LONGEST_START = 60.0
# Each page of a scan may take as long as a document. A file has at most 20,000 pages, and few warnings.
_MAX_MESSAGES = 21_000
_LONGEST_MESSAGE = 2_000
# A character takes at most six bytes of JSON, and each may begin a page, whose place takes ten more.
_BYTES_PER_CHARACTER = 16
_BYTES_BESIDE_TEXT = 1_000_000
# Of the environment, what an interpreter may need to start. Keys and passwords are nothing for a process that reads files.
_ENVIRONMENT = "PATH SYSTEMROOT LD_LIBRARY_PATH DYLD_LIBRARY_PATH PYTHONHOME LANG LC_ALL LC_CTYPE TZ".split()


class Parser:
    """Does what `rag.documents.loaders` does, in another process.

    The process starts with the first file and reads many; after one that it does not survive, the next file gets a new one. It ends
    with this one, or on `close`. Safe to use from several threads: files that are read at the same time have a process each.
    """

    def __init__(self, seconds: float = 120.0, megabytes: int = 1024) -> None:
        """Starts nothing yet.

        Args:
            seconds: How long the next document of a file may be waited for, not counting what is done with the one before; of
                a scan, the next page.
            megabytes: How much memory reading a file may take, beyond what the process and OCR take by themselves. Only Linux
                keeps to it.
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
        """Ends the process; it is started again when the parser is used again."""
        if process := self._take_idle():
            process.end()

    def load(
        self, path: Path, max_bytes: int, source: str = "", max_characters: int = DEFAULTS.max_characters
    ) -> Iterator[Document | Failure]:
        """Reads the documents of the file at `path`, as `rag.documents.loaders.load` does; a longer document is a failure.

        Raises:
            LoadError: As there, or the file takes too long, too much memory, or is the end of the process that reads it. What an
                archive or the like gave before was read.
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
        """What the process makes of a request; `source` is what the file goes by and `name` what errors call it."""
        process = None
        after = ""
        try:
            process = self._take_idle() or _Process(self._seconds, self._megabytes)
            process.send(request | {"max_characters": max_characters}, data)
            for told in _results_of(process, _BYTES_PER_CHARACTER * max_characters + _BYTES_BESIDE_TEXT):
                match told:
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
                    case message:
                        # A hostile file may keep the process from keeping to the limit.
                        result = limited(_result(message, source), max_characters)
                        after = f"after {result.source}, "
                        yield result
        except _StoppedError as stopped:
            raise LoadError(f"{name}: {after}{stopped}") from stopped
        finally:
            # It is still here when it was stopped, or when nobody wants the rest of its results.
            if process:
                process.end()

    def _take_idle(self) -> _Process | None:
        """The process that waits for a request, for the caller alone; None when there is none."""
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
    """The parser that everything in this process uses."""
    parser = Parser()
    atexit.register(parser.close)
    return parser


class _StoppedError(Exception):
    """The process goes no further with a file. The text says why, but not which file."""


def _results_of(process: _Process, longest: int) -> Iterator[Any]:
    """Yields the results that the process sends, and passes on its warnings and its progress, up to a number of them."""
    passed_on = 0
    while True:
        match process.receive(longest):
            case ["warning", str(message)] if passed_on < _MAX_MESSAGES:
                _log.warning("%s", printable(message[:_LONGEST_MESSAGE]))
            case ["plugin", str(message)] if passed_on < _MAX_MESSAGES:
                plugins.report(printable(message[:_LONGEST_MESSAGE]))
            case ["step", int(page), int(pages)] if passed_on < _MAX_MESSAGES:
                steps.tell(page, pages)
            case message:
                yield message
                continue
        passed_on += 1


def _broke_off(how: str) -> str:
    return f"reading broke off ({how}); the file is damaged or made to do harm"


def _result(message: Any, origin: str) -> Document | Failure:
    """The document or the failure that a message holds, when it is one of the file that goes by `origin`."""
    match message:
        case ["document", str(source), str(title), str(text), str(published), str(publisher), [*pages]] if belongs_to(
            source, origin
        ) and _are_pages(pages, len(text)):
            return Document(
                document_id(source), title, source, text, published=published, publisher=publisher, pages=tuple(pages)
            )
        case ["failure", str(source), str(reason)] if belongs_to(source, origin):
            return Failure(source, reason)
    raise _StoppedError(_broke_off("a result that is none"))


def _are_pages(pages: list[Any], length: int) -> bool:
    return all(type(page) is int for page in pages) and all(one <= other for one, other in pairwise([0, *pages, length]))


class _Process:
    """A process that reads files, and a thread that kills it when it takes too long."""

    def __init__(self, seconds: float, megabytes: int) -> None:
        """Starts both and waits until the process is ready.

        Raises:
            _StoppedError: It does not start.
        """
        self._seconds = seconds
        self._megabytes = megabytes
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        # Modules are looked for where this process does, but not in the current folder: it may hold anything.
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
            if self._receive(_LONGEST_START, _LONGEST_MESSAGE) != ["ready"]:
                raise _StoppedError("")
        except BaseException as error:
            self.end()
            if isinstance(error, _StoppedError):
                raise _StoppedError("the process that reads files does not start; is the installation whole?") from error
            raise

    def is_alive(self) -> bool:
        """Whether it can be sent a request."""
        return self._process.poll() is None

    def send(self, request: dict[str, Any], data: bytes) -> None:
        """Sends a request, and the bytes of the file behind it."""
        pipe = self._process.stdin
        assert pipe
        with self._within(self._seconds), suppress(OSError):  # that it is gone is told by what it answers
            pipe.write(json.dumps(request, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            pipe.write(data)
            pipe.flush()

    def receive(self, longest: int) -> Any:
        """The next message, of at most `longest` bytes.

        Raises:
            _StoppedError: None came in time, or none will come.
        """
        return self._receive(self._seconds, min(longest, self._megabytes * 1_000_000))

    def end(self) -> None:
        """Kills the process."""
        self._ended.set()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe
            with suppress(OSError):  # what was not written yet is not wanted any more
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
            raise _StoppedError(_broke_off("a result that is none")) from error

    def _why(self, code: int) -> str:
        """Why the process is gone, by how it ended."""
        if self._is_late or code == -getattr(signal, "SIGXCPU", 0):
            return f"reading took longer than {self._seconds:g} s and was stopped; split the file"
        try:
            how = signal.Signals(-code).name
        except ValueError:
            return _broke_off(f"exit code {code}")
        # A library in C brings its process down in the same way whether it wants memory or stumbles.
        return (
            f"reading takes more memory than the {self._megabytes} MB that it may, or brings the reader down ({how}); "
            "the file is damaged or too large"
        )

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        """Kills the process when what is done meanwhile takes longer."""
        with self._lock:
            self._deadline = time.monotonic() + seconds
        try:
            yield
        finally:
            with self._lock:
                self._deadline = math.inf

    def _watch(self) -> None:
        # It is never longer asleep than a limit is, so nobody need wake it when one begins.
        longest = min(self._seconds, _LONGEST_START)
        left = longest
        while not self._ended.wait(min(left, longest)):
            with self._lock:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    self._is_late = True
                    self._process.kill()
                    return
