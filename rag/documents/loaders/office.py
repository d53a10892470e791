"""Opens Office files: ZIP files of XML that may be damaged, locked, or far larger than they look."""

from __future__ import annotations

import io
import re
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rag.documents.loaders.zipped import BOUNDED_METHODS
from rag.documents.metadata import date_in
from rag.errors import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rag.types import Document

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
# The authors of files that programs make, and the date of the templates of python-docx and python-pptx.
_NOBODY = frozenset(
    (
        "python-docx",
        "openpyxl",
        "microsoft office user",
        "user",
        "admin",
        "administrator",
        "author",
        "unknown",
        "anonymous",
        "owner",
        "root",
    )
)
_PDF_DAY = re.compile(r"D:((?:19|20)\d{2})(\d{2})(\d{2})")
_TEMPLATE_DAY = "2013-12-23"
_DAY = re.compile(r"(?:19|20)\d{2}-\d{2}-\d{2}")
_MAX_CHARACTERS = 20_000_000


@contextmanager
def office_file(data: bytes, source: str, kind: str, most_unpacked: int) -> Iterator[io.BytesIO]:
    """Checks an Office file and opens it, and turns errors within the block into `LoadError`.

    Args:
        data: The file.
        source: The name of the file in errors.
        kind: The expected kind, such as "a Word file (.docx)".
        most_unpacked: The number of bytes that it may grow by when it is unpacked.

    Raises:
        LoadError: The bytes are not of that kind, or reading them fails in any way.
    """
    try:
        if data.startswith(_OLD_OFFICE):
            raise LoadError(f"{source}: this is an old Office file or one with a password; save it as {kind} without a password")
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
        growth = sum(part.file_size - part.compress_size for part in parts)
        if any(part.compress_type not in BOUNDED_METHODS for part in parts):
            raise LoadError(f"{source}: no Office program packs files like this; save it as {kind} again")
        if growth > most_unpacked:
            raise LoadError(
                f"{source}: unpacked it grows by {growth / 1e6:.0f} MB; at most {most_unpacked / 1e6:.0f} MB are read"
            )
        yield io.BytesIO(data)
    except (LoadError, MemoryError):
        raise
    except Exception as error:  # the libraries fail in many ways at damaged parts
        raise LoadError(f"{source}: this is not {kind}, or it is damaged") from error


def with_properties(document: Document, properties: Any) -> Document:
    """Returns a document with the author and the date in the core properties of an Office file.

    Args:
        document: The document.
        properties: Those of python-docx, python-pptx or openpyxl, whose values may be missing or damaged.
    """
    author = _value(properties, "author") or _value(properties, "creator")
    created = _value(properties, "created")
    return replace(
        document,
        author="" if author.strip("()[]").lower() in _NOBODY else author,
        published=created[:10] if _DAY.match(created) and created[:10] != _TEMPLATE_DAY else "",
    )


def with_sheet_properties(document: Document, properties: Any) -> Document:
    """Returns a workbook with the title, the author and the date in its properties.

    The date counts only beside the name of a person: programs that make workbooks write that of the moment.
    """
    known = with_properties(document, properties)
    title = _value(properties, "title")
    return replace(known, title=title or known.title, published=known.published if known.author else "")


def with_pdf_properties(document: Document, properties: Mapping[str, str]) -> Document:
    """Returns a document with the author and the date in the properties of a PDF file, whose dates are such as "D:20251104"."""
    author = " ".join((properties.get("Author") or "").split())
    created = _PDF_DAY.match(properties.get("CreationDate") or "")
    return replace(
        document,
        author="" if author.strip("()[]").lower() in _NOBODY else author,
        published="-".join(created.groups()) if created and date_in("-".join(created.groups())) else "",
    )


def _value(properties: Any, name: str) -> str:
    try:
        return " ".join(str(getattr(properties, name, None) or "").split())
    except Exception:  # a damaged property must not make the text unreadable
        return ""


def bounded(parts: Iterable[str], source: str) -> Iterator[str]:
    """Yields the parts of a text, up to a size that can be searched.

    Raises:
        LoadError: There are too many characters.
    """
    characters = 0
    for part in parts:
        characters += len(part)
        if characters > _MAX_CHARACTERS:
            raise LoadError(f"{source}: the text has more than {_MAX_CHARACTERS / 1e6:.0f} million characters; split the file")
        yield part
