"""State that the routes of a server share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from rag.serving.history import Turns
from rag.serving.metrics import Metrics
from rag.serving.work import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from rag.pipeline import RagPipeline

MODEL, MODEL_WITH_SOURCES, ENCODER, RERANKER = "yinju", "yinju-sources", "yinju-encoder", "yinju-reranker"


@dataclass(frozen=True, slots=True)
class Serving:
    """A pipeline, the threads that work for its requests, the answers given last, and what is counted."""

    pipeline: RagPipeline
    work: Work
    metrics: Metrics
    turns: Turns = field(default_factory=Turns)

    def selected(
        self,
        documents: Sequence[str] | None = None,
        *,
        collections: Sequence[str] | None = None,
        language: str | None = None,
        since: str | None = None,
        until: str | None = None,
        source: str | None = None,
    ) -> list[str] | None:
        """Returns the ids of the documents that meet all conditions that are given; None for all documents.

        Raises:
            CollectionNotFoundError: There is no such collection.
        """
        if not (collections or language or since or until or source):
            return None if documents is None else list(documents)
        found = self.pipeline.library.select(collections or (), language or "", since or "", until or "", source or "")
        return found if documents is None else [each for each in found if each in set(documents)]


def serving_of(request: Request) -> Serving:
    """Returns what the routes of an application share."""
    return cast(Serving, request.app.state.serving)
