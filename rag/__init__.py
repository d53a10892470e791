"""Yinju 引据: answers questions from your own Chinese and English documents and cites the exact place of every sentence.

Example:
    answer = rag.answer("长江十年禁渔从哪天开始？")
    print(answer.text, answer.citations[0].quote)
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.library.library import Library
    from rag.pipeline import RagPipeline
    from rag.settings import Settings
    from rag.types import Answer, Citation, Document, SearchResult

__version__: str

__all__ = ["Answer", "Citation", "Document", "Library", "RagPipeline", "SearchResult", "Settings", "answer"]

_HOMES = {
    "Library": "rag.library.library",
    "RagPipeline": "rag.pipeline",
    "Settings": "rag.settings",
    "Answer": "rag.types",
    "Citation": "rag.types",
    "Document": "rag.types",
    "SearchResult": "rag.types",
}


def answer(question: str) -> Answer:
    """Answers from the default library, which is filled from the seed documents when there is none yet.

    Raises:
        YinjuError: The question is empty or too long, or the library or a model cannot be used; the text says what to do.
    """
    return _default_pipeline().answer(question)


@lru_cache(maxsize=1)
def _default_pipeline() -> RagPipeline:
    from rag.pipeline import RagPipeline
    from rag.settings import Settings

    pipeline = RagPipeline.from_settings(Settings.load())
    if not pipeline.library.database.exists():
        pipeline.add_seeds()
    return pipeline


def __getattr__(name: str) -> Any:
    """Imports the public classes on first use and looks up the version, so that `import rag` is immediate."""
    if name == "__version__":
        from importlib.metadata import version

        return version("yinju")
    if name not in _HOMES:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
