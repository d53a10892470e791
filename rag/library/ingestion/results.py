"""The result of adding each document, and the progress of adding all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class AddResult:
    """The outcome of adding one document.

    `reason` says why it failed, or which document has the same text. "removed" is a document that its file no longer contains.
    """

    source: str
    status: Literal["added", "replaced", "unchanged", "removed", "failed"]
    document_id: str = ""
    chunks: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of adding or re-indexing. `done` and `total` count bytes of files, or characters of documents without files.

    `source` is that of the document encoded last, and `passages` the number of passages encoded so far.
    """

    source: str
    done: int
    total: int
    passages: int


OnProgress = Callable[[Progress], None]


class ProgressMeter:
    """Counts the work that is done and reports it. Nothing is reported twice."""

    def __init__(self, total: int, on_progress: OnProgress | None) -> None:
        """Args: total: all of the work, in the units of `Progress`; on_progress: called by `report`."""
        self._total = total
        self._on_progress = on_progress
        self._done = self._passages = 0
        self._reported = (0, 0)

    def count(self, done: int, passages: int = 0) -> None:
        """Counts work, without reporting it."""
        self._done += done
        self._passages += passages

    def report(self, source: str) -> None:
        """Reports the counts, if they have changed since the last report."""
        counts = (self._done, self._passages)
        if self._on_progress and counts != self._reported:
            self._on_progress(Progress(source, self._done, self._total, self._passages))
        self._reported = counts
