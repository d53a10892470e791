"""A composer of your own, which words the answer from what the reader found. Run with `python examples/own_composer.py`.

`cite` copies a quote from the stored text, so that `document.text[citation.start:citation.end] == citation.quote` is always true.
"""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rag import Composition, Document, Library, RagPipeline, Reading, Statement
from rag.answering.citations import cite, marker

STATION = Document("station", "北山观鸟站", "station.txt", "北山观鸟站于2024年5月开放。门票为30元。", "zh")


class BestSentences:
    """Lists the best supported sentences with their confidence."""

    def compose(
        self,
        question: str,
        readings: Sequence[Reading],
        language: str,
        document: Callable[[str], Document],
        max_sentences: int,
    ) -> Composition:
        places = [(sentence, reading.result.chunk.document_id) for reading in readings for sentence in reading.sentences]
        places.sort(key=lambda place: -place[0].support)
        statements = []
        for number, (sentence, document_id) in enumerate(places[:max_sentences], 1):
            citation = cite(document(document_id), number, sentence.start, sentence.end, sentence.support)
            line = f"{'sure' if sentence.support > 0.5 else 'unsure'}: {citation.quote}{marker(number)}"
            statements.append(Statement(line if number == 1 else f"\n{line}", (citation,)))
        return Composition(tuple(statements))


with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
    library.add_document(STATION)
    pipeline = RagPipeline(library, composer=BestSentences(), max_sentences=1)
    print(pipeline.answer("北山观鸟站什么时候开放？").text)
