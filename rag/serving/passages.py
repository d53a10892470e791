"""Parts of documents for programs to read: a page, a section, or a range of characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.documents.viewing import structure
from rag.serving.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.documents.viewing.structure import OutlineEntry
    from rag.types import Document

MAX_CHARACTERS = 100_000
_MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a document: `document.text[start:end] == text`.

    `page` is that of its beginning; None if the document has no pages. `next_start` is where the rest of the wanted part begins,
    None if this is all of it.
    """

    text: str
    start: int
    end: int
    page: int | None
    next_start: int | None


def outline(document: Document) -> list[OutlineEntry]:
    """Returns the headings of a document in order; those of its pages when it has pages and no headings."""
    return structure.outline(document, structure.blocks(document))


def part(
    document: Document,
    *,
    page: int | None = None,
    section: str = "",
    start: int = 0,
    end: int | None = None,
    most: int = MAX_CHARACTERS,
) -> Part:
    """Returns a part of a document, cut after `most` characters.

    Args:
        document: The document.
        page: The number of a page, from 1.
        section: A heading of the outline, or words that only one heading contains. The part ends before the next heading of the same
            level or a higher one.
        start: The offset at which to begin, when it is within the page or section.
        end: The offset at which to end.
        most: The most characters.

    Raises:
        ApiError: The document has no such page or section, or `section` is in several headings.
    """
    first, last = 0, len(document.text)
    if page is not None:
        first, last = _page(document, page)
    if section:
        first, last = _section(document, section, first, last)
    first = min(max(first, start), last)
    last = last if end is None else min(max(first, end), last)
    stop = min(last, first + most)
    return Part(document.text[first:stop], first, stop, document.page_at(first), stop if stop < last else None)


def _page(document: Document, page: int) -> tuple[int, int]:
    if not document.pages:
        raise ApiError(
            404, "the document has no pages; read it by section or from an offset", code="page_not_found", param="page"
        )
    if not 1 <= page <= len(document.pages):
        raise ApiError(404, f"the document has {len(document.pages)} pages", code="page_not_found", param="page")
    ends = [*document.pages[1:], len(document.text)]
    # What precedes the first page, such as a title, belongs to it; see `Document.page_at`.
    return (0 if page == 1 else document.pages[page - 1]), ends[page - 1]


def _section(document: Document, section: str, first: int, last: int) -> tuple[int, int]:
    entries = [entry for entry in outline(document) if first <= entry.start < last]
    wanted = _folded(section)
    exact = [entry for entry in entries if _folded(entry.text) == wanted]
    found = exact or [entry for entry in entries if wanted and wanted in _folded(entry.text)]
    if not found:
        raise ApiError(
            404, f"the document has no section “{section}”{_known(entries)}", code="section_not_found", param="section"
        )
    if len(found) > 1 and not exact:
        raise ApiError(400, f"several sections contain “{section}”{_known(found)}", code="ambiguous_section", param="section")
    chosen = found[0]
    after = (entry.start for entry in entries if entry.start > chosen.start and entry.level <= chosen.level)
    end = next(after, None)
    return _line_start(document, chosen.start), last if end is None else _line_start(document, end)


def _line_start(document: Document, offset: int) -> int:
    return document.text.rfind("\n", 0, offset) + 1


def _known(entries: Sequence[OutlineEntry]) -> str:
    names = [entry.text for entry in entries if entry.text][:_MAX_NAMED]
    return f"; it has {', '.join(f'“{name}”' for name in names)}" if names else "; it has no headings"


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
