"""Yinju 引据: answers questions from your own Chinese and English documents and cites the exact place of every sentence.

Example:
    answer = rag.answer("长江十年禁渔从哪天开始？")
    print(answer.text, answer.citations[0].quote)
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from embeddings.encoder import Encoder
    from rag.answering.composing import Composer, Composition, Statement
    from rag.answering.reading import Reader, Reading, Sentence
    from rag.answering.reranking import RerankerReader
    from rag.answering.retrieval import Retriever
    from rag.documents.loaders import Loader
    from rag.errors import (
        CollectionNotFoundError,
        ConversationNotFoundError,
        DimensionMismatchError,
        DocumentNotFoundError,
        GeneratorError,
        IndexDamagedError,
        LibraryError,
        LibraryMismatchError,
        LoadError,
        ModelError,
        QuestionError,
        QuestionSetError,
        SettingsError,
        YinjuError,
    )
    from rag.language_models.generators import Generator, Message
    from rag.library.library import Library
    from rag.pipeline import RagPipeline
    from rag.settings import Settings
    from rag.types import Answer, Chunk, Citation, Cited, Document, Done, Event, Retrieved, SearchResult, TextDelta

__version__: str

__all__ = [
    "Answer",
    "Chunk",
    "Citation",
    "Cited",
    "CollectionNotFoundError",
    "Composer",
    "Composition",
    "ConversationNotFoundError",
    "DimensionMismatchError",
    "Document",
    "DocumentNotFoundError",
    "Done",
    "Encoder",
    "Event",
    "Generator",
    "GeneratorError",
    "IndexDamagedError",
    "Library",
    "LibraryError",
    "LibraryMismatchError",
    "LoadError",
    "Loader",
    "Message",
    "ModelError",
    "QuestionError",
    "QuestionSetError",
    "RagPipeline",
    "Reader",
    "Reading",
    "RerankerReader",
    "Retrieved",
    "Retriever",
    "SearchResult",
    "Sentence",
    "Settings",
    "SettingsError",
    "Statement",
    "TextDelta",
    "YinjuError",
    "answer",
]

_NAMES = {
    "embeddings.encoder": "Encoder",
    "rag.answering.composing": "Composer Composition Statement",
    "rag.answering.reading": "Reader Reading Sentence",
    "rag.answering.reranking": "RerankerReader",
    "rag.answering.retrieval": "Retriever",
    "rag.documents.loaders": "Loader",
    "rag.errors": "CollectionNotFoundError ConversationNotFoundError DimensionMismatchError DocumentNotFoundError GeneratorError IndexDamagedError LibraryError LibraryMismatchError LoadError ModelError QuestionError QuestionSetError SettingsError YinjuError",
    "rag.language_models.generators": "Generator Message",
    "rag.library.library": "Library",
    "rag.pipeline": "RagPipeline",
    "rag.settings": "Settings",
    "rag.types": "Answer Chunk Citation Cited Document Done Event Retrieved SearchResult TextDelta",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}


def answer(question: str, history: Sequence[Answer] = (), documents: Collection[str] | None = None) -> Answer:
    """Answers from the default library; a library that does not exist yet is made from the seed documents.

    Args:
        question: In Chinese or English.
        history: The answers so far, oldest first; a follow-up is completed from the last few.
        documents: The ids of the documents to search; None for all.

    Raises:
        YinjuError: The question is empty or too long, or the library or a model cannot be used; the text says what to do.
    """
    return _default_pipeline().answer(question, history, documents)


@lru_cache(maxsize=1)
def _default_pipeline() -> RagPipeline:
    from rag.pipeline import RagPipeline
    from rag.settings import Settings

    pipeline = RagPipeline.from_settings(Settings.load())
    if not pipeline.library.database.exists():
        pipeline.add_seeds()
    return pipeline


def __getattr__(name: str) -> Any:
    """Imports public names on first use and looks up the version, so that `import rag` does no work."""
    if name == "__version__":
        from importlib.metadata import version

        return version("yinju")
    if name not in _HOMES:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
