"""The tools: ask, search, read_document, list_documents, add_document."""

from __future__ import annotations

import functools
import io
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field

from rag.errors import DocumentNotFoundError, YinjuError
from rag.serving import passages, uploads
from rag.serving.errors import ApiError, api_error
from rag.serving.mcp.results import (
    AddedDocument,
    AskResult,
    DocumentList,
    ListedDocument,
    Passage,
    Quote,
    ReadResult,
    SearchResults,
)
from rag.serving.public import public_source
from rag.types import Done

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rag.library.library import DocumentSummary
    from rag.pipeline import RagPipeline
    from rag.serving.work import Work
    from rag.types import Answer, Document

MAX_READ = 20_000
MAX_RESOURCE = 500_000
_MAX_SECTIONS = 200
_LISTED_BY_COMMAND = " (yinju list shows them)"

_Question = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        description="A question in Chinese or English that is complete in itself: name what “it” or “they” would stand for.",
    ),
]
_Collection = Annotated[str, Field(description="Use only the documents of this collection; all documents when empty.")]
_Documents = Annotated[
    list[str] | None, Field(description="Use only the documents with these ids (see list_documents); all documents when null.")
]


def reporting(tool: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Turns the errors of a tool into ones whose text the model reads."""

    @functools.wraps(tool)
    async def reported(*args: Any, **kwargs: Any) -> Any:
        from mcp.server.mcpserver.exceptions import ToolError

        try:
            return await tool(*args, **kwargs)
        except (YinjuError, ApiError) as error:
            text = api_error(error).message.replace(_LISTED_BY_COMMAND, "; list_documents shows them")
            raise ToolError(text) from error

    return reported


class Tools:
    """The tools of a server. Each is a method whose signature and annotations become its schema."""

    def __init__(self, pipeline: RagPipeline, work: Work) -> None:
        self._pipeline, self._work = pipeline, work

    @reporting
    async def ask(self, question: _Question, collection: _Collection = "", documents: _Documents = None) -> AskResult:
        """Answers a question from the documents, with an exact quote for every sentence, or says that they do not answer it."""

        def begin(stop: Any) -> Any:
            return self._pipeline.stream(question, stop=stop, documents=self._chosen(collection, documents))

        async with aclosing(self._work.stream(begin)) as events:
            async for event in events:
                if isinstance(event, Done):
                    return _answer(event.answer)
        raise ApiError(503, "the answer broke off; ask again")

    @reporting
    async def search(
        self,
        query: Annotated[str, Field(min_length=1, max_length=2000, description="What to look for, in Chinese or English.")],
        top_k: Annotated[int, Field(ge=1, le=50, description="The most passages.")] = 8,
        collection: _Collection = "",
        documents: _Documents = None,
    ) -> SearchResults:
        """Finds the passages of the documents that suit a query."""

        def find() -> SearchResults:
            found = self._pipeline.with_options(top_k=top_k).retrieve(query, self._chosen(collection, documents))
            return SearchResults(
                passages=[
                    Passage(
                        document_id=each.chunk.document_id,
                        title=each.title,
                        source=public_source(each.source),
                        section=each.chunk.section,
                        page=each.chunk.page,
                        start=each.chunk.start,
                        end=each.chunk.end,
                        text=each.chunk.text,
                        score=each.score,
                    )
                    for each in found
                ]
            )

        return await self._work.run(find)

    @reporting
    async def read_document(
        self,
        document: Annotated[str, Field(min_length=1, description="The id, the title or the file name of a document.")],
        page: Annotated[int | None, Field(ge=1, description="Read this page, from 1.")] = None,
        section: Annotated[
            str, Field(description="Read the section with this heading, or with words that only it contains.")
        ] = "",
        start: Annotated[int, Field(ge=0, description="Begin at this offset, such as `next_start` of the part before.")] = 0,
    ) -> ReadResult:
        """Reads a document, or one page or section of it."""

        def read() -> ReadResult:
            found = self._document(document)
            part = passages.part(found, page=page, section=section, start=start, most=MAX_READ)
            headings = [entry.text for entry in passages.outline(found) if entry.text][:_MAX_SECTIONS]
            return ReadResult(
                document_id=found.id,
                title=found.title,
                text=part.text,
                start=part.start,
                end=part.end,
                page=part.page,
                next_start=part.next_start,
                pages=len(found.pages),
                sections=headings,
            )

        return await self._work.run(read)

    @reporting
    async def list_documents(
        self,
        containing: Annotated[str, Field(description="Only documents whose title or file name contains this text.")] = "",
        collection: _Collection = "",
        limit: Annotated[int, Field(ge=1, le=200, description="The most documents.")] = 50,
        offset: Annotated[int, Field(ge=0, description="The number of documents to leave out.")] = 0,
    ) -> DocumentList:
        """Lists the documents of the library with their ids, dates and authors."""

        def find() -> DocumentList:
            chosen = self._chosen(collection, None)
            wanted = containing.casefold()
            found = [
                each
                for each in self._pipeline.library.documents()
                if (chosen is None or each.id in chosen)
                and (wanted in each.title.casefold() or wanted in public_source(each.source).casefold())
            ]
            return DocumentList(documents=[_listed(each) for each in found[offset : offset + limit]], total=len(found))

        return await self._work.run(find)

    @reporting
    async def add_document(
        self,
        name: Annotated[str, Field(min_length=1, max_length=200, description="A file name, such as minutes-2024-03.md.")],
        text: Annotated[str, Field(min_length=1, max_length=1_000_000, description="The text, as plain text or Markdown.")],
        collection: Annotated[str, Field(max_length=100, description="Put it in this collection; none when empty.")] = "",
    ) -> AddedDocument:
        """Adds a text to the library. A new version of a document replaces it; another text of the same name gets a name of its own."""

        def add() -> AddedDocument:
            named = name if name.lower().endswith((".md", ".txt")) else f"{name}.md"
            content = io.BytesIO(text.encode("utf-8", "replace"))
            (result,) = uploads.add(self._pipeline.library, content, named, collection)
            if result.status not in ("added", "replaced", "unchanged"):
                raise ApiError(400, result.reason or "the text could not be added")
            return AddedDocument(document_id=result.document_id, source=public_source(result.source), status=result.status)

        return await self._work.run(add, "write")

    # -- resources ----------------------------------------------------------------------------------------------------

    async def newest(self, most: int) -> list[DocumentSummary]:
        """Returns the documents that were added last, the newest first."""
        return await self._work.run(lambda: self._pipeline.library.documents()[::-1][:most])

    async def text(self, document_id: str) -> str:
        """Returns the text of a document, which ends with a note if it is cut.

        Raises:
            DocumentNotFoundError: No document has this id.
        """
        document = await self._work.run(lambda: self._pipeline.library.document(document_id))
        if len(document.text) <= MAX_RESOURCE:
            return document.text
        note = f"[cut after {MAX_RESOURCE:,} of {len(document.text):,} characters; read_document reads the rest]"
        return f"{document.text[:MAX_RESOURCE]}\n\n{note}"

    def _chosen(self, collection: str, documents: list[str] | None) -> list[str] | None:
        if not collection:
            return documents
        found = self._pipeline.library.select([collection])
        return found if documents is None else [each for each in found if each in documents]

    def _document(self, name: str) -> Document:
        library = self._pipeline.library
        try:
            return library.document(name)
        except DocumentNotFoundError:
            return library.document(library.find(name).id)


def _answer(answer: Answer) -> AskResult:
    quotes = [
        Quote(
            number=cited.number,
            document_id=cited.document_id,
            title=cited.title,
            source=public_source(cited.source),
            page=cited.page,
            start=cited.start,
            end=cited.end,
            quote=cited.quote,
        )
        for cited in answer.citations
    ]
    return AskResult(
        answer=answer.text, kind=answer.kind, confidence=answer.confidence, citations=quotes, notes=list(answer.notes)
    )


def _listed(summary: DocumentSummary) -> ListedDocument:
    return ListedDocument(
        document_id=summary.id,
        title=summary.title,
        source=public_source(summary.source),
        language=cast(Literal["zh", "en"], summary.language),
        published=summary.published,
        author=summary.author,
        publisher=summary.publisher,
        characters=summary.characters,
        collections=list(summary.collections),
    )
