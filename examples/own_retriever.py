"""A retriever of your own, which finds the passages to read. Run with `python examples/own_retriever.py`.

This one searches as the default does, but only in the documents that were published last.
"""

import tempfile
from collections.abc import Collection
from pathlib import Path

from rag import Document, Library, RagPipeline, SearchResult
from rag.answering.retrieval import HybridRetriever

REPORTS = [
    Document("2023", "2023年报", "2023.txt", "北山观鸟站的门票为20元。", "zh", published="2023-12-31"),
    Document("2024", "2024年报", "2024.txt", "北山观鸟站的门票为30元。", "zh", published="2024-12-31"),
]


class NewestRetriever:
    """Searches the newest of the documents."""

    def retrieve(self, query: str, library: Library, documents: Collection[str] | None = None) -> list[SearchResult]:
        chosen = [summary for summary in library.documents() if documents is None or summary.id in documents]
        latest = max((summary.published for summary in chosen), default="")
        return HybridRetriever().retrieve(query, library, {summary.id for summary in chosen if summary.published == latest})


with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
    for report in REPORTS:
        library.add_document(report)
    question = "北山观鸟站的门票多少钱？"
    for name, pipeline in (
        ("default", RagPipeline(library)),
        ("newest", RagPipeline(library, retriever=NewestRetriever())),
    ):
        print(f"{name}:", *sorted(result.title for result in pipeline.retrieve(question)))
