"""A language model of your own, which words the answers. Run with `python examples/own_generator.py`.

Models of transformers and OpenAI-compatible servers need no code: see `--generator`. Whichever model writes, every sentence is
checked against the sentences that it cites, and is left out if they do not support it.
"""

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

from rag import Document, Library, Message, RagPipeline

STATION = Document("station", "北山观鸟站", "station.txt", "北山观鸟站于2024年5月开放。门票为30元。", "zh")


class Parrot:
    """Repeats the first of the numbered sentences in the prompt, and then makes something up. Call your model here."""

    name = "parrot"

    def fits(self, messages: Sequence[Message]) -> bool:
        return sum(len(message.content) for message in messages) < 8_000

    def stream(self, messages: Sequence[Message], stop: Event) -> Iterator[str]:
        number, sentence = re.findall(r"^\[(\d+)\] (.+)$", messages[-1].content, re.MULTILINE)[0]
        for piece in (*sentence, f"[{number}]", f"门票为99元。[{number}]"):
            if stop.is_set():
                return
            yield piece


with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
    library.add_document(STATION)
    answer = RagPipeline(library, generator=Parrot()).answer("北山观鸟站什么时候开放？")
    print(answer.generator, answer.text, *answer.notes, sep="\n")
