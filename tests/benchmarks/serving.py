"""Measures `yinju serve` on the loopback address, from a process of its own: searches a second, and how long answers take.

    python tests/benchmarks/serving.py --seconds 5 --questions 60

The server runs in another process, on the seed documents or, with `--library FOLDER`, on a library of your own, in which it changes
nothing; `--ask FILE` then gives questions, one a line. For 1, 4, 16 and 50 clients at once, it prints the searches a second without the
reader and the 50th and 95th percentile of their times, and the same of answers. It exits with 1 if a request failed or if more than a
tenth of the memory is not given back.
"""

from __future__ import annotations

import argparse
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
from window_load import QUESTIONS, memory

ROOT = Path(__file__).parents[2]
AT_ONCE = (1, 4, 16, 50)
MOST_SECONDS = 600.0

SERVER = """
import sys
from pathlib import Path
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.serving.app import Options
from rag.serving.server import serve

pipeline = RagPipeline(Library(Path(sys.argv[1])))
if not pipeline.library.database.exists():
    pipeline.add_seeds()
serve(pipeline, "127.0.0.1", int(sys.argv[2]), Options(seconds=600), lambda address: print(address, flush=True))
"""


class Client:
    """A connection that stays open. It does little beside waiting, since it shares the processor with the server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=MOST_SECONDS)

    def post(self, path: str, body: dict[str, object]) -> dict[str, object]:
        """Returns the answer to a request.

        Raises:
            RuntimeError: Its status is not 200.
        """
        self._connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise RuntimeError(f"{path}: {response.status} {content[:300]!r}")
        answer: dict[str, object] = json.loads(content)
        return answer

    def search(self, question: str) -> None:
        if not self.post("/api/search", {"question": question, "top_k": 10})["results"]:
            raise RuntimeError(f"nothing was found for {question}")

    def ask(self, question: str) -> None:
        answer = self.post("/api/ask", {"question": question, "stream": False})
        if not answer["text"]:
            raise RuntimeError(f"no answer to {question}")

    def close(self) -> None:
        self._connection.close()


def times(
    port: int, clients: int, request: Callable[[Client, str], None], questions: Sequence[str], go_on: Callable[[int, float], bool]
) -> tuple[list[float], float, list[str]]:
    """Sends requests from several clients at once for as long as `go_on` says, which is given the number and the seconds so far.

    Returns:
        The seconds of each request, those of all together, and what failed.
    """
    taken: list[float] = []
    failures: list[str] = []
    numbers, started = count(), time.perf_counter()

    def work() -> None:
        client = Client(port)
        while go_on(number := next(numbers), time.perf_counter() - started):
            begun = time.perf_counter()
            try:
                request(client, questions[number % len(questions)])
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}")
                client.close()
            else:
                taken.append(time.perf_counter() - begun)
        client.close()

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, time.perf_counter() - started, failures


def row(name: str, clients: int, taken: Sequence[float], seconds: float) -> str:
    middle, late = np.percentile(taken, [50, 95]) * 1000 if taken else (float("nan"), float("nan"))
    return f"| {name} | {clients} | {len(taken):,} | {len(taken) / seconds:,.1f} | {middle:,.0f} | {late:,.0f} |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=Path, help="a library of your own")
    parser.add_argument("--ask", type=Path, help="questions on it, one a line")
    parser.add_argument("--seconds", type=float, default=5.0, help="the time for searches at each number of clients")
    parser.add_argument("--questions", type=int, default=60, help="the questions at each number of clients")
    options = parser.parse_args()
    questions = options.ask.read_text(encoding="utf-8").splitlines() if options.ask else list(QUESTIONS)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    failures: list[str] = []
    with tempfile.TemporaryDirectory(prefix="yinju-serving-") as folder:
        library = options.library or Path(folder) / "library"
        command = [sys.executable, "-c", SERVER, str(library), str(port)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout
                if not process.stdout.readline():
                    raise RuntimeError("the server did not start")
                measure(port, process, questions, options, failures)
            finally:
                process.terminate()
                process.wait(60)
    print(f"failed requests: {len(failures)}")
    for failure in failures[:10]:
        print(f"  {failure}")
    return int(bool(failures))


def measure(
    port: int, process: subprocess.Popen[bytes], questions: Sequence[str], options: argparse.Namespace, failures: list[str]
) -> None:
    """Prints the table and the memory, and adds what failed to `failures`."""
    # What is loaded on first use is loaded.
    for request in (Client.search, Client.ask):
        failures += times(port, 50, request, questions, lambda number, _: number < 100)[2]
    before = memory(process)
    print("| | clients | requests | a second | p50, ms | p95, ms |\n|---|---|---|---|---|---|")
    for name, request, go_on in (
        ("search", Client.search, lambda _, seconds: seconds < options.seconds),
        ("ask", Client.ask, lambda number, _: number < options.questions),
    ):
        for clients in AT_ONCE:
            taken, seconds, failed = times(port, clients, request, questions, go_on)
            failures += failed
            print(row(name, clients, taken, seconds), flush=True)
    time.sleep(2)
    after = memory(process)
    print(f"memory: {before:,.0f} MB before, {after:,.0f} MB after ({after / before - 1:+.1%})")
    if after > 1.1 * before:
        failures.append("more than a tenth of the memory was not given back")


if __name__ == "__main__":
    sys.exit(main())
