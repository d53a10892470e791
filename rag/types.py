"""The nouns. Frozen, slotted, and free of behaviour beyond reading themselves.

Every offset counts characters of the stored document text, so `document.text[c.start:c.end] == c.quote` holds for every
citation and `document.text[c.start:c.end] == c.text` for every chunk.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing that cleaning changed: `removed` stood in the source where `inserted` now stands in the text.

    `start` is an offset of the cleaned text. The edits of a document are in order and do not overlap.
    """

    start: int
    removed: str
    inserted: str
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """A text with what is known of it.

    `published` is an ISO date or empty. `pages` holds the offset at which each page begins, and is empty when the source
    has no pages. `edits` turn `text` back into the source text (`rag.cleaning.restore`).
    """

    id: str
    title: str
    source: str
    text: str
    language: Language = "en"
    published: str = ""
    publisher: str = ""
    pages: tuple[int, ...] = ()
    edits: tuple[Edit, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """The number of the page, from 1, that holds `offset`; None when the source has no pages."""
        return max(1, bisect_right(self.pages, offset)) if self.pages else None


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document: `document.text[start:end] == text`.

    `section` is the path of headings above it, outermost first, joined by " > "; empty when there is none.
    """

    id: str
    document_id: str
    text: str
    start: int
    end: int
    page: int | None = None
    section: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A chunk that was found. Ranks count from 1; higher scores are better.

    `scores` keeps each stage's own score under its name: "dense" (cosine), "lexical" (BM25), "coverage" (share of the
    question's terms that the chunk holds), "fused", "support". A stage that did not find the chunk is absent.
    """

    chunk: Chunk
    title: str
    source: str
    language: Language
    score: float
    rank: int
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact place that holds a sentence of an answer. `number` is the one in the answer's `[1]` marker.

    `support` is between 0 and 1: how surely the quote answers the question.
    """

    number: int
    document_id: str
    title: str
    source: str
    page: int | None
    start: int
    end: int
    quote: str
    support: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question.

    `text` carries a `[n]` marker after every sentence taken from a document. When `abstained`, there are no citations and
    `results` hold the closest passages. `confidence` is between 0 and 1, of the answer being in the documents, whether
    or not it was given. `timings` are seconds by step.
    """

    question: str
    text: str
    citations: tuple[Citation, ...]
    results: tuple[SearchResult, ...]
    abstained: bool
    confidence: float
    language: Language
    timings: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values, ready for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The first event of an answer: the passages that the search found, best first, before they are read."""

    results: tuple[SearchResult, ...]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer's text; all pieces put together are `Answer.text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of an answer: the whole of it."""

    answer: Answer


Event = Retrieved | TextDelta | Done
