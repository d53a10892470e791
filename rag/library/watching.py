"""Keeps a library in step with folders: new and changed files are added, documents of deleted files are removed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import loaders
from rag.documents.source_id import possible_files
from rag.errors import LoadError
from rag.library.ingestion import AddResult

if TYPE_CHECKING:
    from rag.library.ingestion import OnProgress
    from rag.library.library import Library


def changes(folders: Sequence[Path], stop: threading.Event | None = None) -> Iterator[list[Path]]:
    """Yields the paths that need attention: first the folders, then changed paths below them, until `stop` is set.

    Raises:
        LoadError: One of them is not a folder, or cannot be watched.
    """
    from watchfiles import watch

    folders = [folder.expanduser().resolve() for folder in folders]
    for folder in folders:
        if not folder.is_dir():
            raise LoadError(f"{folder}: this is not a folder, and only folders are watched")
    try:
        watched = watch(
            *folders,
            watch_filter=None,
            stop_event=stop,
            rust_timeout=200,
            yield_on_timeout=True,
            ignore_permission_denied=True,
        )
        # After its first item, even an empty one, no change is missed.
        next(watched, None)
        yield folders
        for changed in watched:
            paths = sorted({Path(path) for _, path in changed})
            shown = [path for path in paths if not any(_is_hidden(path, folder) for folder in folders)]
            if shown:
                yield shown
    except OSError as error:
        raise LoadError(f"cannot watch {', '.join(map(str, folders))}: {error.strerror or error}") from error


def bring_in_step(
    library: Library,
    folders: Sequence[Path],
    changed: Sequence[Path],
    on_progress: OnProgress | None = None,
    collection: str = "",
) -> list[AddResult]:
    """Removes the documents whose files below the folders are gone, and adds the changed files.

    If a folder itself is gone, such as a disk that is not connected, nothing is removed.

    Returns:
        One result for each removed document, then those of `Library.add` that are not "unchanged".

    Raises:
        LibraryError: The library cannot be written.
    """
    existing = [folder.expanduser().resolve() for folder in folders if folder.is_dir()]
    gone = [summary for summary in library.documents() if _is_gone(summary.source, existing)]
    if gone:
        library.remove_all([summary.id for summary in gone])
    results = [AddResult(summary.source, "removed", summary.id, reason="the file is gone") for summary in gone]
    known = tuple(loaders.suffixes())
    present = [path for path in changed if path.is_dir() or (path.exists() and path.name.lower().endswith(known))]
    files = list(dict.fromkeys(loaders.find_files(present)))
    if files:
        results += [result for result in library.add(files, on_progress, collection) if result.status != "unchanged"]
    return results


def sync(
    library: Library, folders: Sequence[Path], on_progress: OnProgress | None = None, collection: str = ""
) -> list[AddResult]:
    """Adds the files below the folders, and removes the documents whose files below them are gone. Other documents stay.

    Raises:
        LoadError: One of them is not a folder, or contains no file of a known kind, like a disk that is not connected. Nothing is
            removed then.
        LibraryError: The library cannot be written.
    """
    for folder in folders:
        if not folder.expanduser().is_dir():
            raise LoadError(f"{folder}: this is not a folder, and only folders are synchronised")
        if next(iter(loaders.find_files([folder.expanduser()])), None) is None:
            raise LoadError(
                f"{folder}: the folder contains no file of a known kind, so nothing is removed; remove documents with: yinju remove"
            )
    return bring_in_step(library, folders, [folder.expanduser() for folder in folders], on_progress, collection)


def _is_gone(source: str, folders: Sequence[Path]) -> bool:
    """Tells if a document came from a file below one of the folders that no longer exists."""
    path = Path(source)
    folder = next((folder for folder in folders if path.is_absolute() and path.is_relative_to(folder)), None)
    # A member of an archive exists as long as the archive.
    files = possible_files(source)
    return folder is not None and not any(file.is_file() for file in files if file.is_relative_to(folder) and file != folder)


def _is_hidden(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) and any(part.startswith(".") for part in path.relative_to(folder).parts)
