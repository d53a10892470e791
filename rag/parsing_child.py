"""The process that parses files for `rag.parsing`: a request is a line of JSON, and bytes; an answer is a line for each document."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from rag import loaders
from rag.errors import LoadError
from rag.types import Document


def main(megabytes: int) -> None:
    """Serves requests until there are no more."""
    requests, answers = sys.stdin.buffer, _only_for_answers()
    _limit(megabytes)
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["size"])
        for said in _answers(request, data, megabytes):
            answers.write(json.dumps(said, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
            answers.flush()
        del data


def _answers(request: dict[str, str | int], data: bytes, megabytes: int) -> Iterator[dict[str, object]]:
    source, max_bytes = str(request["source"]), int(request["max_bytes"])
    try:
        if "path" in request:
            path = Path(os.fsdecode(bytes.fromhex(str(request["path"]))))
            name = source or str(path)
            loaded = loaders.load(path, max_bytes, source)
        else:
            name = str(request["name"]) or source
            loaded = loaders.read(data, source, str(request["suffix"]), max_bytes, name)
        for each in loaded:
            yield _of_document(each) if isinstance(each, Document) else asdict(each)
    except LoadError as error:
        yield {"error": str(error)}
    except MemoryError:
        yield {"error": f"{name}: reading it takes more memory than the {megabytes} MB that it may; split the file"}
    except Exception as error:
        yield {"error": f"{name}: it cannot be read ({type(error).__name__}); the file is damaged"}
    else:
        yield {"end": True}


def _of_document(document: Document) -> dict[str, object]:
    values = {name: getattr(document, name) for name in ("id", "title", "source", "text", "language", "published", "publisher")}
    return values | {"pages": document.pages}


def _only_for_answers() -> BinaryIO:
    """The pipe to the parent, with nothing that a library prints in it."""
    answers = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return answers


def _limit(megabytes: int) -> None:
    """Bounds the memory, and keeps files from being written; where the system has no such limits there are none."""
    try:
        import resource
    except ImportError:
        return
    taken = 0
    statistics = Path("/proc/self/statm")
    if statistics.exists():
        taken = int(statistics.read_text().split()[0]) * resource.getpagesize()
    for kind, most in (
        (resource.RLIMIT_AS, taken + megabytes * 1_000_000),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):
            continue


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
