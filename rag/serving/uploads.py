"""Adds files that arrive over a network to a library."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from rag.library.named_collections import valid_name

if TYPE_CHECKING:
    from rag.library.ingestion import AddResult
    from rag.library.library import Library

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,16}\Z")


def add(library: Library, content: IO[bytes], name: str, collection: str = "") -> list[AddResult]:
    """Adds a file by its content and name, as `Library.add_upload` does. Of the name, only the ending becomes part of a path.

    Raises:
        LibraryError: The library cannot be written, or the name of the collection is not valid.
    """
    kept_in = valid_name(collection) if collection.strip() else ""
    ending = _ENDING.search(name.strip())
    with tempfile.TemporaryDirectory(prefix="yinju-add-") as folder:
        file = Path(folder) / f"file{ending[0].lower() if ending else ''}"
        with file.open("wb") as copy:
            shutil.copyfileobj(content, copy)
        return library.add_upload(file, name, None, kept_in)
