"""A reranker of your own as the reader, which decides which sentences answer. Run with `python examples/own_reranker.py`.

`RerankerReader` takes any object with the `rank(query, documents)` of sentence-transformers' `CrossEncoder`, so also that class:

    model = CrossEncoder("BAAI/bge-reranker-v2-m3", activation_fn=torch.nn.Sigmoid())
    RagPipeline(library, reader=RerankerReader(model))
"""

import tempfile
from itertools import pairwise
from pathlib import Path

from rag import Document, Library, RagPipeline, RerankerReader

STATION = Document("station", "北山观鸟站", "station.txt", "北山观鸟站于2024年5月开放。门票为30元，学生半价。", "zh")


class BigramReranker:
    """Scores a document by the share of the query's pairs of neighbouring characters that it contains."""

    def rank(self, query: str, documents: list[str]) -> list[dict[str, float]]:
        pairs = {"".join(pair) for pair in pairwise(query.strip("？?"))}
        return [
            {"corpus_id": place, "score": sum(pair in document for pair in pairs) / max(1, len(pairs))}
            for place, document in enumerate(documents)
        ]


with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
    library.add_document(STATION)
    # The threshold applies to the reranker's scores, so choose it on questions of your own.
    pipeline = RagPipeline(library, reader=RerankerReader(BigramReranker()), threshold=0.4)
    for question in ("学生门票半价吗？", "谁资助了新的研究？"):
        answer = pipeline.answer(question)
        print(answer.kind, f"{answer.confidence:.2f}", answer.text.splitlines()[0])
