"""Adds uploaded files and web pages to a library while the page shows the progress."""

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


def added(library: Documents, items: Sequence[Path | str]) -> Iterator[tuple[str, list[AddResult]]]:
    """Adds files, which are then removed from their place, and web addresses one after the other.

    Yields:
        The progress as HTML with the results so far; at the end, what came of all.
    """
    reports: SimpleQueue[str | None] = SimpleQueue()
    results: list[AddResult] = []
    problem = ""

    def run() -> None:
        nonlocal problem
        try:
            for number, item in enumerate(items, 1):
                results.extend(_added(library, item, results, (number, len(items)), reports))
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
    library: Documents, item: Path | str, before: Sequence[AddResult], place: tuple[int, int], reports: SimpleQueue[str | None]
) -> list[AddResult]:
    name = item.name if isinstance(item, Path) else item

    def show(progress: Progress) -> None:
        reports.put(document_list.adding(before, name, *place, progress.done / max(1, progress.total)))

    def show_page(page: int, pages: int) -> None:
        reports.put(document_list.adding(before, name, *place, page / pages, page=(page, pages)))

    reports.put(document_list.adding(before, name, *place, 0.0))
    try:
        with steps.told(show_page):
            return library.add_upload(item, name, show) if isinstance(item, Path) else library.add_page(name, show)
    except YinjuError as error:
        return [AddResult(name, "failed", reason=f"{name}: {error}")]
    finally:
        if isinstance(item, Path):
            item.unlink(missing_ok=True)
