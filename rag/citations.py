"""Places in documents, and the markers that stand for them."""

from __future__ import annotations

from rag.errors import LibraryError
from rag.types import Citation, Document


def marker(*numbers: int) -> str:
    """The markers of citations, as they stand in an answer: `[1]`, or `[1][2]` for several."""
    return "".join(f"[{number}]" for number in numbers)


def cite(document: Document, number: int, start: int, end: int, support: float) -> Citation:
    """A citation of `document.text[start:end]`, its quote copied from the stored text.

    Raises:
        LibraryError: The place is not in the document.
    """
    if not 0 <= start < end <= len(document.text):
        raise LibraryError(f"{document.title} has no place {start}-{end}; re-index the library with: yinju reindex")
    return Citation(
        number=number,
        document_id=document.id,
        title=document.title,
        source=document.source,
        page=document.page_at(start),
        start=start,
        end=end,
        quote=document.text[start:end],
        support=support,
    )
