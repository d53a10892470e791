"""Names uploaded files, so that a new version replaces the old one and another document of the same name does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from rag.documents import loaders
from rag.documents.cleaning import clean
from rag.documents.source_id import SourceId
from rag.library.ingestion.rows import documents_of_file
from rag.types import Document

if TYPE_CHECKING:
    from rag.library.database import Database

_CLAUSE_END = re.compile(r"[\n，。；：！？,;:!?]|\.\s")
_MIN_SHARED_CLAUSES = 0.2


def base_name(name: str, file: Path) -> str:
    """Returns the last part of a name that a browser gave, in printable characters; the name of `file` if that is empty."""
    return loaders.printable(re.split(r"[\\/]", name)[-1].strip() or file.name)


def free_source(database: Database, name: str, documents: Sequence[Document], text_of: Callable[[str], str]) -> str:
    """Returns the source under which an uploaded file is added.

    Args:
        database: Contains the sources that are taken.
        name: The name of the file.
        documents: The documents that were read from it.
        text_of: Returns the text of a stored document by its id.

    Returns:
        The name, with the lowest number that is free, or that another version of one of these documents has.
    """
    texts = {SourceId.parse(document.source, name).part: clean(document).text for document in documents}
    path = Path(name)

    def is_free(source: str) -> bool:
        taken = documents_of_file(database, source)
        versions = (part for part in texts if source + part in taken)
        return not taken or any(_is_version(text_of(taken[source + part]), texts[part]) for part in versions)

    numbered = (f"{path.stem} ({number}){path.suffix}" for number in count(2))
    return name if is_free(name) else next(filter(is_free, numbered))


def rename(loaded: Document | loaders.Failure, name: str, source: str) -> Document | loaders.Failure:
    """Returns what was read from the file `name` as if the file were called `source`."""
    place = str(replace(SourceId.parse(loaded.source, name), file=source))
    if isinstance(loaded, loaders.Failure):
        return replace(loaded, source=place)
    title = Path(place).stem if loaded.title == Path(loaded.source).stem else loaded.title
    return replace(loaded, id=loaders.document_id(place), source=place, title=title)


def _is_version(one: str, other: str) -> bool:
    """Tells if two texts are versions of one document: the shorter shares a fifth of its clauses with the longer."""
    clauses = [{clause.strip() for clause in _CLAUSE_END.split(text)} - {""} for text in (one, other)]
    return len(clauses[0] & clauses[1]) >= _MIN_SHARED_CLAUSES * min(map(len, clauses))
