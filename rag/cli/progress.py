"""Shows on a terminal how far the adding of documents is, and prints the result of each."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rag.cli.output import say
from rag.text.lines import for_terminal

if TYPE_CHECKING:
    from rag.library.ingestion import AddResult, OnProgress, Progress

_MAX_LISTED = 100


@contextmanager
def progress(action: str) -> Iterator[OnProgress]:
    """Shows a progress bar with rate and time left, and the page number while a scan is read. Silent unless on a terminal.

    Args:
        action: The word before the bar, such as "adding".
    """
    from tqdm import tqdm

    from rag.documents.loaders import steps

    with tqdm(desc=action, unit="B", unit_scale=True, disable=None) as bar:

        def show(progress: Progress) -> None:
            bar.total = progress.total
            bar.set_description(f"{action} {for_terminal(Path(progress.source).name[-30:])}", refresh=False)
            bar.set_postfix_str(f"{progress.passages:,} passages", refresh=False)
            bar.update(progress.done - bar.n)

        with steps.told(lambda page, pages: bar.set_postfix_str(f"page {page} of {pages}")):
            yield show


def print_results(results: Sequence[AddResult]) -> None:
    """Prints the number of documents by status, every failure with its reason, and each other document if there are few."""
    for result in results:
        if result.status != "failed" and len(results) <= _MAX_LISTED:
            say(f"{result.status:10} {result.source}" + (f" ({result.reason})" if result.reason else ""))
    for result in results:
        if result.status == "failed":
            say(f"failed     {result.reason}", file=sys.stderr)
    statuses = ("added", "replaced", "unchanged", "removed", "failed")
    counts = {status: sum(result.status == status for result in results) for status in statuses}
    say(", ".join(f"{count} {status}" for status, count in counts.items() if count) or "nothing to do")
