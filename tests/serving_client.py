"""A small pipeline for tests of the server, and the server in the background of a test."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from hashing_encoder import HashingEncoder

from rag.answering.reading import Reading, Sentence
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.serving.app import Options, create_app
from rag.text.analysis import Analyzer
from rag.text.sentences import sentences
from rag.types import Document, SearchResult

STATION = (
    "# Bird station\n\nThe station on North Hill opened in May 2025. It has three towers.\n\n"
    "## Visitors\n\nThe station received 4,200 visitors in June 2025.\n\n## Budget\n\nThe budget of the station is 380,000 yuan.\n"
)
COMMITTEE = "委员会决定\n\n2024年3月5日，委员会决定在北山设立观鸟站，预算为38万元。\n"
PAGES = ("First page of the report.\n\n", "The weir was built in 1987 by the river office.\n\n", "Last page of the report.\n")


class SharedWords:
    """A reader without a model: the support of a sentence is the share of the question's letters and words that it contains."""

    def read(self, question: str, results: Sequence[SearchResult], stop: threading.Event | None = None) -> list[Reading]:
        readings = []
        for result in results:
            chunk = result.chunk
            found = []
            for start, end in sentences(chunk.text):
                text = chunk.text[start:end]
                places = (chunk.start + start, chunk.start + end)
                found.append(Sentence(*places, text, self._support(question, text), (places[0], places[0]), 0.0))
            if found:
                readings.append(Reading(result, tuple(found), max(each.support for each in found)))
        return sorted(readings, key=lambda reading: -reading.support)

    @staticmethod
    def _support(question: str, text: str) -> float:
        asked = set(question.casefold().strip("?？").split()) if question.isascii() else set(question.strip("?？"))
        said = set(text.casefold().strip(".").split()) if question.isascii() else set(text)
        return 0.99 * len(asked & said) / len(asked)


def filled_library(folder: Path, analyzer: Analyzer) -> Library:
    """A library of a Markdown file with sections, a Chinese text, and a document of three pages."""
    library = Library(folder / "library", HashingEncoder(), analyzer=analyzer)
    (folder / "station.md").write_text(STATION, encoding="utf-8")
    (folder / "committee.txt").write_text(COMMITTEE, encoding="utf-8")
    library.add([folder / "station.md"], collection="birds")
    library.add([folder / "committee.txt"])
    starts = tuple(len("".join(PAGES[:number])) for number in range(len(PAGES)))
    library.add_documents([Document("0123456789ab", "Weir report", str(folder / "weir.pdf"), "".join(PAGES), pages=starts)])
    return library


def ids(library: Library) -> dict[str, str]:
    """The ids of the documents by their titles."""
    return {summary.title: summary.id for summary in library.documents()}


@contextlib.contextmanager
def serving(pipeline: RagPipeline, options: Options | None = None) -> Iterator[str]:
    """Serves in the background, on a free port of the loopback address, and gives the address."""
    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(pipeline, options), log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        # Connections wait in the socket's queue until the server takes them.
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(60)
            assert not thread.is_alive()
