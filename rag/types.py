"""The nouns. Frozen, slotted, and free of behaviour beyond reading themselves.

Every offset counts characters of the stored document text, so `document.text[c.start:c.end] == c.quote` holds for every
citation and `document.text[c.start:c.end] == c.text` for every chunk.
"""

from __future__ import annotations

import json
import re
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

    `published` is an ISO date or empty. `pages` holds the offset at which each page begins, and is empty when the source has no
    pages. `edits` turn `text` back into the source text (`rag.documents.cleaning.restore`). `copies` are the sources of other
    documents of the library that are mostly the same text.
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
    copies: tuple[str, ...] = ()

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
    question's terms that the chunk holds), "fused", "support". A stage that did not find the chunk is absent. Documents that
    are mostly the same text share a `cluster`; it is empty for all others.
    """

    chunk: Chunk
    title: str
    source: str
    language: Language
    score: float
    rank: int
    scores: Mapping[str, float] = field(default_factory=dict)
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Citation:
    """The exact place that holds a sentence of an answer. `number` is the one in the answer's `[1]` marker.

    `support` is between 0 and 1: how surely the quote answers the question. `copies` are as of `Document`.
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
    copies: tuple[str, ...] = ()


AnswerKind = Literal["answer", "refusal", "reply"]
"""Whether the documents answered, did not, or were not asked: a reply to a greeting, say."""


_LIST_ITEM = re.compile(r"((?: *- )?)(.*)", re.DOTALL)
_MARKDOWN = re.compile(r"(?P<marker>\[\d+\](?![(:]))|(?P<number>^\d+)(?=[.)](?:\s|$))|[\\`*_<>\[\]#|~!&]|^[-+=]")


def _file_name(source: str) -> str:
    """The last part of a path or address: an answer that is passed on does not say where files lie."""
    return re.split(r"[\\/]", source.rstrip("\\/"))[-1] or source


def as_markdown_text(text: str) -> str:
    """A line of text that Markdown shows as it is; the markers of citations stay bare where they cannot be links."""

    def escape(token: re.Match[str]) -> str:
        return token[0] if token["marker"] else token[0] + "\\" if token["number"] else "\\" + token[0]

    return _MARKDOWN.sub(escape, " ".join(text.split()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question.

    `query` is the question as it was searched: a follow-up is completed from the turns before. `text` carries a `[n]` marker
    after every sentence taken from a document. Of a refusal there are no citations, and `results` hold the closest passages.
    `confidence` is between 0 and 1, of the answer being in the documents, whether or not it was given. `generator` is the
    language model that wrote the text, empty when it is put together from the documents' own sentences. `notes` say, in
    the language of the question, what the reader of the answer should know of how it came about. `timings` are seconds by step.
    """

    question: str
    query: str
    text: str
    kind: AnswerKind
    citations: tuple[Citation, ...]
    results: tuple[SearchResult, ...]
    confidence: float
    language: Language
    generator: str = ""
    notes: tuple[str, ...] = ()
    timings: Mapping[str, float] = field(default_factory=dict)

    def to_markdown(self) -> str:
        """The text with numbered sources below it. What a document says stands there as text and is never Markdown."""
        sources = [
            f"{citation.number}. {as_markdown_text(citation.title)}{f', p. {citation.page}' if citation.page else ''}: "
            f"“{as_markdown_text(citation.quote)}” (characters {citation.start}–{citation.end})"
            + (
                f"; also in {', '.join(as_markdown_text(_file_name(copy)) for copy in citation.copies)}"
                if citation.copies
                else ""
            )
            for citation in self.citations
        ]
        lines = (_LIST_ITEM.match(line) for line in self.text.split("\n"))
        text = "\n".join(line[1] + as_markdown_text(line[2]) for line in lines if line)
        return "\n\n".join(filter(None, (text, *(["\n".join(sources)] if sources else []))))

    @property
    def abstained(self) -> bool:
        """Whether the documents do not hold the answer."""
        return self.kind == "refusal"

    def to_dict(self) -> dict[str, Any]:
        """The answer as plain values, ready for JSON; `from_dict` makes the same answer of them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Answer:
        """Returns the answer that `to_dict` gave, also after a round trip through JSON.

        Reads answers of version 0.2.0 and before too, which call the query `asked`.

        Raises:
            TypeError or KeyError: The values are not those of an answer.
        """
        values = {"query" if name == "asked" else name: value for name, value in values.items()}
        results = tuple(SearchResult(**{**result, "chunk": Chunk(**result["chunk"])}) for result in values["results"])
        citations = tuple(Citation(**{**cited, "copies": tuple(cited.get("copies", ()))}) for cited in values["citations"])
        return cls(**{**values, "results": results, "citations": citations, "notes": tuple(values["notes"])})

    def to_json(self) -> str:
        """The answer as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Answer:
        """The answer that `to_json` gave, nothing lost.

        Raises:
            ValueError, TypeError or KeyError: The text is not an answer.
        """
        return cls.from_dict(json.loads(text))


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The first event of an answer: the passages that the search found, best first, before they are read.

    `query` is the question that was searched; see `Answer.query`.
    """

    query: str
    results: tuple[SearchResult, ...]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer's text; all pieces put together are `Answer.text`."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation whose marker comes in the text that follows."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of an answer: the whole of it."""

    answer: Answer


Event = Retrieved | Cited | TextDelta | Done
