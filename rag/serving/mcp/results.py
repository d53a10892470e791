"""The results of the tools. Language models read the descriptions of the fields."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Quote(BaseModel):
    """A citation: the exact words of a document that support a sentence of an answer."""

    number: int = Field(description="The number of the marker in the answer: 1 for [1].")
    document_id: str
    title: str
    source: str = Field(description="The name of the file, or the address of the page.")
    page: int | None = Field(description="The page of the quote, from 1; null if the document has no pages.")
    start: int = Field(description="The offset of the quote in the text of the document, in characters.")
    end: int = Field(description="The offset of its end.")
    quote: str = Field(description="The exact words, in the language of the document.")


class AskResult(BaseModel):
    """An answer from the documents."""

    answer: str = Field(description="The answer. A marker such as [1] follows every sentence that is taken from a document.")
    kind: Literal["answer", "near", "refusal", "reply"] = Field(
        description="answer: the documents answer the question. near: they say something close, but not of what was asked. "
        "refusal: they do not answer it. reply: no document was needed."
    )
    confidence: float = Field(description="The probability, from 0 to 1, that the documents contain the answer.")
    citations: list[Quote]
    notes: list[str] = Field(description="What a reader should know about the answer.")


class Passage(BaseModel):
    """A passage that suits a query."""

    document_id: str
    title: str
    source: str = Field(description="The name of the file, or the address of the page.")
    section: str = Field(description='The headings above the passage, joined by " > ".')
    page: int | None
    start: int = Field(description="The offset of the passage in the text of the document; read_document can go on from there.")
    end: int
    text: str
    score: float = Field(description="Higher is better. Scores of different searches cannot be compared.")


class SearchResults(BaseModel):
    """The passages found, best first."""

    passages: list[Passage]


class ReadResult(BaseModel):
    """A part of a document."""

    document_id: str
    title: str
    text: str = Field(description="The text as it is stored.")
    start: int = Field(description="The offset at which the text begins in the document.")
    end: int
    page: int | None = Field(description="The page on which the text begins; null if the document has no pages.")
    next_start: int | None = Field(description="If not null, there is more: read on with this as `start`.")
    pages: int = Field(description="The number of pages; 0 if the document has none.")
    sections: list[str] = Field(description="The headings of the document, in order; any of them can be read by itself.")


class ListedDocument(BaseModel):
    """A document of the library."""

    document_id: str
    title: str
    source: str = Field(description="The name of the file, or the address of the page.")
    language: Literal["zh", "en"]
    published: str = Field(description="The date of publication, as far as it is known; empty if not.")
    author: str
    publisher: str
    characters: int
    collections: list[str]


class DocumentList(BaseModel):
    """Documents of the library, in the order in which they were added."""

    documents: list[ListedDocument]
    total: int = Field(description="The number of documents that match, also those left out by `limit` and `offset`.")


class AddedDocument(BaseModel):
    """The outcome of adding a document."""

    document_id: str
    source: str = Field(description="The name under which it was added.")
    status: Literal["added", "replaced", "unchanged"]
