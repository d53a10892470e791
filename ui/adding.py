"""Adds uploaded files to a library while the page shows the progress."""

from __future__ import annotations

import logging
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from rag.documents.loaders import steps
from rag.errors import YinjuError
from rag.library.ingestion import AddResult, Progress
from ui import document_list, rendering, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ui.chat import Documents

logger = logging.getLogger("yinju")


def added(library: Documents, files: Sequence[str]) -> Iterator[tuple[str, list[AddResult]]]:
    """Adds files one after the other, and removes them.

    Yields:
        The progress as HTML with the results so far; at the end, what came of all.
    """
    reports: SimpleQueue[str | None] = SimpleQueue()
    results: list[AddResult] = []
    problem = ""

    def run() -> None:
        nonlocal problem
        try:
            for number, file in enumerate(files, 1):
                results.extend(_added(library, Path(file), results, (number, len(files)), reports))
        except Exception:
            logger.exception("could not add files")
            problem = rendering.problem(texts.UNEXPECTED.english)
        finally:
            reports.put(None)

    Thread(target=run, daemon=True).start()
    while (report := reports.get()) is not None:
        yield report, []
    yield problem or document_list.added(results), results


def _added(
    library: Documents, path: Path, before: Sequence[AddResult], place: tuple[int, int], reports: SimpleQueue[str | None]
) -> list[AddResult]:
    def show(progress: Progress) -> None:
        reports.put(document_list.adding(before, path.name, *place, progress.done / max(1, progress.total)))

    def show_page(page: int, pages: int) -> None:
        reports.put(document_list.adding(before, path.name, *place, page / pages, page=(page, pages)))

    reports.put(document_list.adding(before, path.name, *place, 0.0))
    try:
        with steps.told(show_page):
            return library.add_upload(path, path.name, show)
    except YinjuError as error:
        return [AddResult(path.name, "failed", reason=f"{path.name}: {error}")]
    finally:
        path.unlink(missing_ok=True)
