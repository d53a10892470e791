"""Streams of text: from a thread of their own, bounded, and without the model's thoughts."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Iterator
from collections.abc import Generator as PythonGenerator
from queue import Empty, SimpleQueue

from rag.errors import GeneratorError
from rag.text.lines import one_line, without_invisible

MAX_NEW_TOKENS = 512
THOUGHT_BEGINS, THOUGHT_ENDS = "<think>", "</think>"
_SECONDS_BETWEEN_LOOKS = 0.05
_MAX_MESSAGE = 300
_MAX_READ_OF_MESSAGE = 1_000_000
# Control characters except blanks and line ends.
_NOT_TEXT = re.compile(r"[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")


def in_background(
    work: Callable[[Callable[[str], None], threading.Event], None],
    stop: threading.Event,
    seconds: float = math.inf,
    late: GeneratorError | None = None,
) -> PythonGenerator[str, None, None]:
    """Yields the texts that `work` puts, until it ends or `stop` is set; raises the errors that it raises.

    Args:
        work: Runs in a thread of its own, so that a model that is loading or a silent server delays nothing. It is given a function
            that puts a text, and an event that is set when nothing waits for its texts any more.
        stop: Ends the texts, from any thread.
        seconds: The longest time until the end.
        late: The error to raise after that.
    """
    until = time.monotonic() + seconds
    queue: SimpleQueue[str | Exception | None] = SimpleQueue()
    over = threading.Event()

    def run() -> None:
        try:
            work(queue.put, over)
        except Exception as error:
            queue.put(error)
        finally:
            queue.put(None)

    threading.Thread(target=run, name="generator", daemon=True).start()
    try:
        while not stop.is_set():
            if late and time.monotonic() > until:
                raise late
            try:
                item = queue.get(timeout=_SECONDS_BETWEEN_LOOKS)
            except Empty:
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item
    finally:
        over.set()


def text_of(pieces: Iterator[str], not_text: str) -> Iterator[str]:
    """Yields the pieces of an answer as text that can be stored and shown.

    The two halves of a surrogate pair are joined, even if they come in different pieces.

    Raises:
        GeneratorError: A piece is not text; its message is `not_text`.
    """
    half = ""
    for piece in pieces:
        text = half + piece
        half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        try:
            text = text[: len(text) - len(half)].encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            raise GeneratorError(not_text) from None
        if _NOT_TEXT.search(text):
            raise GeneratorError(not_text)
        if text := without_invisible(text):
            yield text
    if half:
        raise GeneratorError(not_text)


def at_most(characters: int, pieces: Iterator[str]) -> Iterator[str]:
    """Yields the pieces of an answer.

    Raises:
        GeneratorError: Together they have more characters than allowed.
    """
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > characters:
            raise GeneratorError(f"the answer has more than {characters:,} characters; ask again, or choose another model")
        yield piece


def without_thoughts(pieces: Iterator[str]) -> Iterator[str]:
    """Leaves out the text between the marks of a thought, and blanks before the first word."""
    pending, thinking, begun = "", False, False
    for piece in pieces:
        pending += piece
        while True:
            mark = THOUGHT_ENDS if thinking else THOUGHT_BEGINS
            text, found, rest = pending.partition(mark)
            if not found:
                half = next(length for length in range(len(mark) - 1, -1, -1) if text.endswith(mark[:length]))
                text, rest = text[: len(text) - half], text[len(text) - half :]
            text = "" if thinking else text if begun else text.lstrip()
            if text:
                begun = True
                yield text
            pending = rest
            if not found:
                break
            thinking = not thinking
    if pending and not thinking:
        yield pending


def first_line(error: Exception) -> str:
    """Returns the first line of an error's message, shortened, without the punctuation at its end."""
    return shortened(one_line((str(error)[:_MAX_READ_OF_MESSAGE].strip() or type(error).__name__).splitlines()[0])).rstrip(".:;")


def shortened(text: str) -> str:
    """Returns at most the first 300 characters of a text."""
    return text if len(text) <= _MAX_MESSAGE else f"{text[:_MAX_MESSAGE]}…"
