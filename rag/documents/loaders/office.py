"""What the Office formats have in common: a ZIP of XML that may be damaged, locked, or far larger than it looks."""

from __future__ import annotations

import io
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rag.documents.loaders.zipped import BOUNDED_METHODS
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_MOST_CHARACTERS = 20_000_000


@contextmanager
def office_file(data: bytes, source: str, kind: str, most_unpacked: int) -> Iterator[io.BytesIO]:
    """The bytes as a file to read, for as long as it is read.

    Args:
        data: The file.
        source: What the file is called in errors.
        kind: What the file should be, such as "a Word file (.docx)".
        most_unpacked: How many bytes it may grow by when it is unpacked.

    Raises:
        LoadError: The bytes are not of that kind, or anything at all goes wrong while they are read.
    """
    try:
        if data.startswith(_OLD_OFFICE):
            raise LoadError(f"{source}: this is an old Office file or one with a password; save it as {kind} without a password")
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
        growth = sum(part.file_size - part.compress_size for part in parts)
        if any(part.compress_type not in BOUNDED_METHODS for part in parts):
            raise LoadError(f"{source}: this is packed as no Office program does; save it as {kind} anew")
        if growth > most_unpacked:
            raise LoadError(
                f"{source}: unpacked it grows by {growth / 1e6:.0f} MB; at most {most_unpacked / 1e6:.0f} MB are read"
            )
        yield io.BytesIO(data)
    except (LoadError, MemoryError):
        raise
    except Exception as error:  # the libraries raise whatever a damaged part makes them stumble over
        raise LoadError(f"{source}: this is not {kind}, or it is damaged") from error


def bounded(parts: Iterable[str], source: str) -> Iterator[str]:
    """The parts of a text, as long as they come to a size that can be searched.

    Raises:
        LoadError: There are too many characters.
    """
    characters = 0
    for part in parts:
        characters += len(part)
        if characters > _MOST_CHARACTERS:
            raise LoadError(f"{source}: the text has more than {_MOST_CHARACTERS / 1e6:.0f} million characters; split the file")
        yield part
