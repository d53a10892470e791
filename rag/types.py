"""Core data types: frozen, slotted dataclasses.

Every offset counts characters of the stored document text, so `document.text[c.start:c.end] == c.quote` for every
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
    """A change made by cleaning: `inserted` in the text replaces `removed` in the source.

    `start` is an offset of the cleaned text. The edits of a document are in order and do not overlap.
    """

    start: int
    removed: str
    inserted: str
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document's text and metadata.

    `published` is an ISO date or empty; `author` is as the document gives it, several names joined by commas. `pages` are the offsets at which the pages begin, and empty when the source has no
    pages. `edits` turn `text` back into the source text (`rag.documents.cleaning.restore`). `copies` are the sources of other
    documents of the library with mostly the same text.
    """

    id: str
    title: str
    source: str
    text: str
    language: Language = "en"
    published: str = ""
    publisher: str = ""
    author: str = ""
    pages: tuple[int, ...] = ()
    edits: tuple[Edit, ...] = ()
    copies: tuple[str, ...] = ()

    def page_at(self, offset: int) -> int | None:
        """Returns the number of the page, from 1, that contains `offset`; None when the source has no pages."""
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
    """A chunk found by a search. Ranks count from 1; higher scores are better.

    `scores` keeps each stage's own score under its name: "dense" (cosine), "lexical" (BM25), "coverage" (share of the
    question's terms that the chunk contains), "fused", "support". A stage that did not find the chunk is absent. Documents with
    mostly the same text share a `cluster`; it is empty for all others.
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
    """The exact place that supports a sentence of an answer. `number` is that of its marker, such as `[1]`.

    `support`, between 0 and 1, is the probability that the quote answers the question. `copies` are those of the `Document`.
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


AnswerKind = Literal["answer", "near", "refusal", "reply"]
"""The kinds of answers.

answer: the documents answer the question.
near: they say something close, but not of what the question names; the answer names that condition and quotes what is close.
refusal: they do not answer it.
reply: they were not searched, as for a greeting.
"""


_LIST_ITEM = re.compile(r"((?: *- )?)(.*)", re.DOTALL)
_MARKDOWN = re.compile(r"(?P<marker>\[\d+\](?![(:]))|(?P<number>^\d+)(?=[.)](?:\s|$))|[\\`*_<>\[\]#|~!&]|^[-+=]")


def _file_name(source: str) -> str:
    """Returns the last part of a path or address, so that an answer that is passed on does not reveal where files are."""
    return re.split(r"[\\/]", source.rstrip("\\/"))[-1] or source


def as_markdown_text(text: str) -> str:
    """Escapes a line of text for Markdown; the markers of citations stay bare where they cannot be links."""

    def escape(token: re.Match[str]) -> str:
        return token[0] if token["marker"] else token[0] + "\\" if token["number"] else "\\" + token[0]

    return _MARKDOWN.sub(escape, " ".join(text.split()))


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question.

    `query` is the question that was searched: a follow-up is completed from the turns before. In `text`, a `[n]` marker follows
    every sentence taken from a document. A refusal has no citations, and its `results` are the closest passages. `confidence`,
    between 0 and 1, is the probability that the documents contain the answer, whether or not it was given. `generator` is the
    language model that wrote the text, and empty when it consists of the documents' own sentences. `notes`, in the language of the
    question, are for the reader of the answer. `timings` are in seconds by step.
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
        """Returns the text with numbered sources below it. Text of a document is escaped and never becomes Markdown."""
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
        """Returns whether the documents do not contain the answer."""
        return self.kind in ("near", "refusal")

    def to_dict(self) -> dict[str, Any]:
        """Returns the answer as plain values, ready for JSON; `from_dict` reads them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Answer:
        """Returns the answer that `to_dict` gave, also after a round trip through JSON.

        Reads answers of version 0.2.0 and before too, which call the query `asked`.

        Raises:
            TypeError or KeyError: The values are not those of an answer.
        """
        values = {"query" if name == "asked" else name: values[name] for name in values}
        results = tuple(SearchResult(**{**result, "chunk": Chunk(**result["chunk"])}) for result in values["results"])
        citations = tuple(Citation(**{**cited, "copies": tuple(cited.get("copies", ()))}) for cited in values["citations"])
        return cls(**{**values, "results": results, "citations": citations, "notes": tuple(values["notes"])})

    def to_json(self) -> str:
        """Returns the answer as one line of JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Answer:
        """Returns the answer that `to_json` gave.

        Raises:
            ValueError, TypeError or KeyError: The text is not an answer.
        """
        return cls.from_dict(json.loads(text))


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The first event of an answer: the passages found by the search, best first, before they are read.

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
    """A citation whose marker is in the text that follows."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of an answer: the whole answer."""

    answer: Answer


Event = Retrieved | Cited | TextDelta | Done
