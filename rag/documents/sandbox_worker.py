"""The process that reads files for `rag.documents.sandbox`: requests on standard input, results on standard output.

A request is a line of JSON, followed by the bytes of the file if it states their number. Each result is a line of JSON: a list that
begins with the kind of the result. `rag.documents.sandbox` checks the rest. The process ends when its input ends.
"""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from rag.documents import loaders
from rag.documents.loaders import ocr, plugins, steps
from rag.documents.removals import are_of_loader
from rag.documents.viewing import messages
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.types import Document

_MAX_OPEN_FILES = 64
_GRACE = 5
# A process that still has this share of its memory taken after a file does not read another.
_WORN = 0.25


def main(seconds: float, megabytes: int) -> None:
    """Reads files until there are no more requests."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all its processes
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # so that the output of a library is not taken for a result
    logger = logging.getLogger("yinju")
    logger.addHandler(_Forwarding(results))
    logger.propagate = False
    worn = _restrict(megabytes)

    def step(page: int, pages: int) -> None:
        _send(results, "step", page, pages)
        _limit_work(seconds)

    _send(results, "ready")
    while line := sys.stdin.buffer.readline():
        request = json.loads(line.decode("utf-8", "surrogatepass"))
        data = sys.stdin.buffer.read(request.pop("size", 0))
        refusal = ""
        try:
            _limit_work(seconds)
            if view := request.get("view"):
                _send(results, *messages.view(**view))
                continue
            with steps.told(step):
                for each in _read(request, data):
                    _send(results, *_message(each))
                    _limit_work(seconds)
        except LoadError as error:
            refusal = str(error)
        except MemoryError:
            _send(results, "too large")
        except Exception as error:  # a fault in a loader, not a refused file
            _send(results, "broken", type(error).__name__)
        finally:
            del data
            _send(results, "end", refusal, _address_space() <= worn)


def _read(request: dict[str, Any], data: bytes) -> Iterator[Document | loaders.Failure]:
    path, folder, most = request.pop("path", None), request.pop("folder", ""), request.pop("max_characters")
    if path is None:
        results = loaders.read(data, **request)
    else:
        with suppress(OSError):
            os.chdir(folder)
        results = loaders.load(Path(path), **request)
    return (loaders.limited(result, most) for result in results)


def _message(result: Document | loaders.Failure) -> tuple[Any, ...]:
    if isinstance(result, loaders.Failure):
        return "failure", result.source, result.reason
    facts = (result.published, result.publisher, result.author)
    edits = [(edit.start, edit.removed, edit.reason) for edit in result.edits] if are_of_loader(result.edits) else []
    return "document", result.source, result.title, result.text, facts, result.pages, edits


def _send(results: BinaryIO, *message: Any) -> None:
    results.write(json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    results.flush()


class _Forwarding(logging.Handler):
    """Passes on warnings, such as the pages of a file that are only pictures."""

    def __init__(self, results: BinaryIO) -> None:
        super().__init__(logging.WARNING)
        self._results = results

    def emit(self, record: logging.LogRecord) -> None:
        _send(self._results, "plugin" if record.name == plugins.LOGGER else "warning", record.getMessage())


def _restrict(megabytes: int) -> float:
    """Limits the memory of this process, and denies it what no loader needs: writing files and opening many.

    Returns:
        The bytes of address space above which the process must not read another file; infinite, and the memory unlimited, if the
        system does not report the address space.
    """
    sys.dont_write_bytecode = True
    allowed = megabytes * 1_000_000
    taken = _address_space()
    with suppress(ImportError):
        import resource

        _set_limit(resource.RLIMIT_CORE, 0)
        _set_limit(resource.RLIMIT_FSIZE, 0)
        _set_limit(resource.RLIMIT_NOFILE, _MAX_OPEN_FILES)
        if taken:
            _set_limit(resource.RLIMIT_AS, taken + allowed, room=ocr.MEMORY_BYTES if ocr.is_installed() else 0)
    return taken + _WORN * allowed if taken else math.inf


def _set_limit(which: int, value: int, room: int = 0) -> None:
    """Sets a limit that the process may raise by `room` later."""
    import resource

    with suppress(OSError, ValueError):  # the system may have a lower limit already
        resource.setrlimit(which, (value, value + room))


def _limit_work(seconds: float) -> None:
    """Limits the processor time for the next document, in case the process that started this one is gone."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds) + _GRACE, most))


def _address_space() -> int:
    """Returns the bytes of address space that this process takes; 0 if the system does not report them."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGESIZE")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
