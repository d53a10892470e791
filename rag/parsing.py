"""Files are parsed in a process of their own, which is killed when one takes too long or too much memory.

What a hostile file may bring a parser to do stays in there: the process cannot write files, and what comes back from it is JSON, whose
values are checked.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from queue import Empty, Queue
from typing import IO, TYPE_CHECKING, Any, get_args

from rag.errors import LoadError
from rag.loaders import Failure, source_of
from rag.types import Document, Language

if TYPE_CHECKING:
    from types import TracebackType

SECONDS = 60.0
MEGABYTES = 1024
_LONGEST_LINE = 1 << 30
_HEARD_AHEAD = 4


class Parser:
    """Reads files as `rag.loaders` does, in a child process that serves one file after the other.

    The child starts with the first file and again after it was killed. Safe to use from several threads, which take turns.
    """

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        """Starts nothing yet.

        Args:
            seconds: How long the child may take for one document.
            megabytes: How much memory it may take, beside what Python itself does. Where the system knows no such limit, only
                that of time holds.
        """
        self._seconds = seconds
        self._megabytes = megabytes
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._lines: Queue[bytes] = Queue()
        self._listener: threading.Thread | None = None

    def __enter__(self) -> Parser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child; it is started again when the parser is used again."""
        with self._lock:
            self._kill()

    def load(self, path: Path, max_bytes: int, source: str = "") -> Iterator[Document | Failure]:
        """Reads the documents of the file at `path`: arguments, results and errors are those of `rag.loaders.load`.

        Raises:
            LoadError: Also when reading takes too long, or more memory than it may.
        """
        path = Path(path)
        request = {"path": os.fsencode(path).hex(), "max_bytes": max_bytes, "source": source, "size": 0}
        return self._ask(request, b"", source or str(path), source or source_of(path))

    def read(self, data: bytes, source: str, suffix: str, max_bytes: int, name: str = "") -> Iterator[Document | Failure]:
        """Reads the documents of a file that is in memory: arguments, results and errors are those of `rag.loaders.read`.

        Raises:
            LoadError: Also when reading takes too long, or more memory than it may.
        """
        request = {"source": source, "suffix": suffix, "max_bytes": max_bytes, "name": name, "size": len(data)}
        return self._ask(request, data, name or source, source)

    def _ask(self, request: dict[str, Any], data: bytes, name: str, source: str) -> Iterator[Document | Failure]:
        """What the child says to a request, one document after the other."""
        with self._lock:
            ended = False
            try:
                self._send(request, data)
                while True:
                    said = self._hear(name)
                    if "end" in said:
                        ended = True
                        return
                    if "error" in said:
                        ended = True
                        raise LoadError(" ".join(str(said["error"]).split("\n")))
                    yield _checked(said, source, name)
            finally:
                # Who does not hear it to the end, or was told nonsense, must not leave the rest to the next.
                if not ended:
                    self._kill()

    def _send(self, request: dict[str, Any], data: bytes) -> None:
        for _ in range(2):
            child = self._child or self._start()
            assert child.stdin is not None
            try:
                child.stdin.write(json.dumps(request).encode() + b"\n" + data)
                child.stdin.flush()
            except OSError:  # it died since the last file
                self._kill()
            else:
                return
        raise LoadError("the process that reads files cannot be started; check the installation with: yinju doctor")

    def _hear(self, name: str) -> dict[str, Any]:
        """The next line that the child says.

        Raises:
            LoadError: It says nothing for too long, dies, or says no JSON.
        """
        try:
            line = self._lines.get(timeout=self._seconds)
        except Empty:
            raise LoadError(
                f"{name}: reading it takes longer than {self._seconds:.0f} seconds, so it was stopped; split the file"
            ) from None
        if not line:
            raise LoadError(
                f"{name}: reading it takes more memory than the {self._megabytes} MB that it may, or brings the reader down; "
                "the file is damaged or too large"
            )
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict):
                return said
        raise LoadError(f"{name}: reading it gave what is no document; the file is damaged")

    def _start(self) -> subprocess.Popen[bytes]:
        folder = str(Path(__file__).parent.parent)
        child = subprocess.Popen(  # noqa: S603 -- our own module
            [sys.executable, "-m", "rag.parsing_child", str(self._megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (folder, os.environ.get("PYTHONPATH"))))},
            start_new_session=True,  # Ctrl-C is for the parent, which then ends the child
        )
        assert child.stdout is not None
        self._child, self._lines = child, Queue(_HEARD_AHEAD)
        self._listener = threading.Thread(target=_listen, args=(child.stdout, self._lines), name="yinju-parser", daemon=True)
        self._listener.start()
        return child

    def _kill(self) -> None:
        child, listener = self._child, self._listener
        self._child = self._listener = None
        if child is None or listener is None:
            return
        with contextlib.suppress(OSError):
            child.kill()
        child.wait()
        while listener.is_alive():  # it may wait until there is room for what it heard
            with contextlib.suppress(Empty):
                self._lines.get_nowait()
            listener.join(0.01)
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


@lru_cache(maxsize=1)
def shared() -> Parser:
    """The parser that all libraries of this process share; its child ends with the process."""
    parser = Parser()
    atexit.register(parser.close)
    return parser


def _listen(pipe: IO[bytes], lines: Queue[bytes]) -> None:
    """Puts what comes through a pipe into a queue line by line, an empty one at its end."""
    with contextlib.suppress(OSError, ValueError):
        while line := pipe.readline(_LONGEST_LINE):
            lines.put(line)
    lines.put(b"")


def _checked(said: dict[str, Any], file: str, name: str) -> Document | Failure:
    """What the child says of a document.

    Raises:
        LoadError: It is no document of the file.
    """
    with contextlib.suppress(TypeError, ValueError):
        if "reason" in said:
            failure = Failure(**said)
            if isinstance(failure.reason, str) and _is_of(failure.source, file):
                return failure
        else:
            document = Document(**{**said, "pages": tuple(said.get("pages", ()))})
            texts = (document.id, document.title, document.text, document.published, document.publisher)
            sound = all(isinstance(text, str) for text in texts) and document.language in get_args(Language)
            places = all(isinstance(page, int) and 0 <= page <= len(document.text) for page in document.pages)
            if sound and places and not document.edits and not document.copies and _is_of(document.source, file):
                return document
    raise LoadError(f"{name}: reading it gave what is no document; the file is damaged")


def _is_of(source: object, file: str) -> bool:
    """Whether a source is a file, or something in it."""
    return isinstance(source, str) and (source == file or source.startswith((f"{file}/", f"{file}#")))
