"""Lets many visitors ask at once while one uploads and one waits for a language model's server that never answers.

    python tests/benchmarks/window_load.py

The window runs in a process of its own on the loopback address. It prints how long the answers took, how many requests failed, and
its memory before and after; it exits with 1 when a request failed or when more than a tenth of the memory is not given back.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import httpx

ROOT = Path(__file__).parents[2]
QUESTIONS = (
    "长江十年禁渔从哪天开始？",
    "《生物多样性公约》的三大目标分别是什么？",
    "By when does China aim to be carbon neutral?",
    "What share of the world's mangroves is in the ASEAN region?",
)
MOST_SECONDS = 900.0

WINDOW = """
import sys
from pathlib import Path
from rag.conversations import History
from rag.pipeline import RagPipeline
from rag.library.library import Library
from ui.serving import Address, serve

folder, port = Path(sys.argv[1]), int(sys.argv[2])
pipeline = RagPipeline(Library(folder))
pipeline.add_seeds()
serve(pipeline, History(folder), Address(port=port))
"""


class DeadServer:
    """Accepts connections and never says a word."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._connections: list[socket.socket] = []
        self.asked = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self.asked.set()

    def close(self) -> None:
        for connection in (*self._connections, self._listener):
            connection.close()


class Visitor:
    """A page of the window: what its browser would send."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=address, timeout=MOST_SECONDS, trust_env=False)
        self.session = uuid.uuid4().hex
        self.config = self.client.get("/config").raise_for_status().json()
        components = self.config["components"]
        self.ids = {c["props"].get("elem_id"): c["id"] for c in components if c["props"].get("elem_id")}

    def event(self, element: str, kind: str) -> dict[str, object]:
        target = [self.ids[element], kind]
        return next(d for d in self.config["dependencies"] if target in d["targets"] and d["backend_fn"])

    def run(self, dependency: dict[str, object], values: dict[int, object]) -> list[dict[str, object]]:
        """Sends an event through the queue; gives every message that comes."""
        inputs = dependency["inputs"]
        assert isinstance(inputs, list)
        body = {
            "data": [values.get(name) for name in inputs],
            "fn_index": dependency["id"],
            "session_hash": self.session,
            "trigger_id": None,
        }
        while (joined := self.client.post("/gradio_api/queue/join", json=body)).status_code == 503:
            time.sleep(0.2)
        joined.raise_for_status()
        messages = []
        with self.client.stream("GET", "/gradio_api/queue/data", params={"session_hash": self.session}) as stream:
            stream.raise_for_status()
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    messages.append(json.loads(line.removeprefix("data: ")))
                    if messages[-1]["msg"] in ("process_completed", "unexpected_error", "close_stream"):
                        break
        done = messages[-1]
        if done["msg"] != "process_completed" or not done["success"]:
            raise RuntimeError(f"{done['msg']}: {json.dumps(done, ensure_ascii=False)[:300]}")
        return messages

    def ask(self, question: str) -> float:
        """Asks in the chat; gives the seconds until the whole answer."""
        started = time.perf_counter()
        messages = self.run(self.event("send", "click"), {self.ids["question"]: question})
        if 'class=\\"sources\\"' not in json.dumps(messages):
            raise RuntimeError("an answer without sources")
        return time.perf_counter() - started

    def use_generator(self, url: str) -> None:
        self.run(self.event("use-generator", "click"), {self.ids["generator"]: url})

    def upload(self, name: str, text: str) -> None:
        files = {"files": (name, text.encode())}
        (path,) = self.client.post("/gradio_api/upload", files=files).raise_for_status().json()
        file = {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}
        messages = self.run(self.event("upload", "upload"), {self.ids["upload"]: [file], self.ids["into-collection"]: ""})
        if "1 added" not in json.dumps(messages):
            raise RuntimeError("an upload that was not added")

    def close(self) -> None:
        self.client.close()


def memory(process: subprocess.Popen[bytes]) -> float:
    """The resident memory of the window and its children, in megabytes."""
    pages = 0
    ids = [process.pid]
    while ids:
        number = ids.pop()
        try:
            pages += int(Path(f"/proc/{number}/statm").read_text().split()[1])
            ids += map(int, Path(f"/proc/{number}/task/{number}/children").read_text().split())
        except (OSError, IndexError):
            continue
    return pages * 4096 / 1e6


def all_at_once(address: str, visitors: int, failures: list[str], *extra: threading.Thread) -> list[float]:
    def ask(number: int) -> float | None:
        try:
            visitor = Visitor(address)
            seconds = visitor.ask(QUESTIONS[number % len(QUESTIONS)])
            visitor.close()
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
            return None
        return seconds

    for thread in extra:
        thread.start()
    with ThreadPoolExecutor(visitors) as pool:
        taken = [seconds for seconds in pool.map(ask, range(visitors)) if seconds is not None]
    for thread in extra:
        thread.join(MOST_SECONDS)
    return taken


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=50, choices=range(1, 201), metavar="1..200")
    parser.add_argument("--rounds", type=int, default=2, choices=range(1, 6), metavar="1..5")
    options = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    dead, failures = DeadServer(), list[str]()
    with tempfile.TemporaryDirectory(prefix="yinju-load-") as folder:
        process = subprocess.Popen([sys.executable, "-c", WINDOW, f"{folder}/library", str(port)], cwd=ROOT)
        try:
            wait_for(process, address)
            # Every kind of work once, so that what is loaded on first use is loaded.
            first = Visitor(address)
            first.ask(QUESTIONS[0])
            first.upload("first.txt", notes(options.rounds + 1))
            first.close()
            report(address, dead, 0, options.visitors, failures, process)
            time.sleep(5)
            before = memory(process)
            for number in range(1, options.rounds + 1):
                report(address, dead, number, options.visitors, failures, process)
            time.sleep(5)
            after = memory(process)
        finally:
            dead.close()
            process.terminate()
            process.wait(60)
    print(f"memory: {before:,.0f} MB before, {after:,.0f} MB after ({after / before - 1:+.1%})")
    print(f"failed requests: {len(failures)}")
    for failure in failures[:10]:
        print(f"  {failure}")
    return int(bool(failures) or after > 1.1 * before)


def report(  # noqa: PLR0917
    address: str, dead: DeadServer, number: int, visitors: int, failures: list[str], process: subprocess.Popen[bytes]
) -> None:
    dead.asked.clear()
    waiting = Visitor(address)
    waiting.use_generator(dead.url)
    uploading = Visitor(address)

    def attempt(work: object) -> None:
        try:
            assert callable(work)
            work()
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")

    stuck = threading.Thread(target=attempt, args=(lambda: waiting.ask(QUESTIONS[0]),))
    stuck.start()
    if not dead.asked.wait(60):
        failures.append("the dead server was not asked")
    upload = threading.Thread(target=attempt, args=(lambda: uploading.upload(f"notes-{number}.txt", notes(number)),))
    started = time.perf_counter()
    taken = all_at_once(address, visitors, failures, upload)
    wall = time.perf_counter() - started
    still = "still waiting" if stuck.is_alive() else "given up by then"
    print(
        f"round {number}: {len(taken)} of {visitors} answered and 1 upload in {wall:.1f} s; an answer took {median(taken or [0]):.1f} s in the "
        f"middle and {max(taken, default=0):.1f} s at most; memory {memory(process):,.0f} MB; the visitor of the dead server: {still}",
        flush=True,
    )
    stuck.join(MOST_SECONDS)
    waiting.close()
    uploading.close()


def notes(number: int) -> str:
    return "".join(f"第{number}-{line}号样地有{line + 3}棵树，面积为{line + 7}公顷。\n" for line in range(400))


def wait_for(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{address}/config", timeout=30, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise TimeoutError("the window did not open")


if __name__ == "__main__":
    sys.exit(main())
