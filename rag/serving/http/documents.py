"""The documents and collections of the library: list, add, read, remove."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Path, Query, Request, UploadFile

from rag.errors import LibraryError
from rag.library.named_collections import valid_name
from rag.serving import passages, uploads
from rag.serving.context import serving_of
from rag.serving.errors import ApiError
from rag.serving.http import schemas
from rag.serving.public import public_source, without_folders

if TYPE_CHECKING:
    from rag.library.ingestion import AddResult
    from rag.library.library import DocumentSummary, Library

router = APIRouter(tags=["Documents"])
_DocumentId = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="The id of a document.")]
_Name = Annotated[str, Path(min_length=1, max_length=100, description="The name of a collection.")]
_Date = Annotated[str | None, Query(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$", description="2021, 2021-10 or 2021-10-09")]


@router.get("/api/documents", summary="List the documents")
async def list_documents(
    request: Request,
    *,
    collection: Annotated[str | None, Query(description="Only documents of this collection.")] = None,
    language: Annotated[Literal["zh", "en"] | None, Query(description="Only documents in this language.")] = None,
    since: _Date = None,
    until: _Date = None,
    source: Annotated[str | None, Query(description="A part of the publisher's name, or of the file's name or address.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="The most documents.")] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000, description="The number of documents to leave out.")] = 0,
) -> dict[str, Any]:
    """Lists documents, in the order in which they were added."""
    serving = serving_of(request)

    def find() -> list[DocumentSummary]:
        chosen = serving.selected(
            collections=[collection] if collection else None, language=language, since=since, until=until, source=source
        )
        wanted = None if chosen is None else set(chosen)
        return [each for each in serving.pipeline.library.documents() if wanted is None or each.id in wanted]

    found = await serving.work.run(find)
    return {"documents": [_summary(each) for each in found[offset : offset + limit]], "total": len(found)}


@router.post("/api/documents", summary="Add a document")
async def add_document(
    request: Request,
    file: Annotated[UploadFile, File(description="A file of a known kind, or an archive of such files.")],
    collection: Annotated[str, Form(max_length=100, description="Put the documents in this collection.")] = "",
) -> dict[str, Any]:
    """Adds a file. A new version of a document replaces it; another document of the same name gets a name of its own."""
    serving = serving_of(request)
    if not file.filename:
        raise ApiError(400, "the file has no name", code="invalid_value", param="file")
    name, kept_in = file.filename, _collection(collection, "collection") if collection.strip() else ""

    def add() -> list[AddResult]:
        return uploads.add(serving.pipeline.library, file.file, name, kept_in)

    results = await serving.work.run(add, "write")
    if all(result.status == "failed" for result in results):
        raise ApiError(400, without_folders("; ".join(result.reason for result in results)), code="unreadable_file", param="file")
    return {"results": [_added(result) for result in results]}


@router.get("/api/documents/{document_id}", summary="Show a document")
async def show_document(request: Request, document_id: _DocumentId) -> dict[str, Any]:
    """Shows what is known of a document, and its headings with their offsets."""
    serving = serving_of(request)

    def find() -> dict[str, Any]:
        library = serving.pipeline.library
        document = library.document(document_id)
        outline = [asdict(entry) for entry in passages.outline(document)]
        return {**_summary(_summary_of(library, document_id)), "pages": len(document.pages), "outline": outline}

    return await serving.work.run(find)


@router.get("/api/documents/{document_id}/text", summary="Read a document")
async def read_document(
    request: Request,
    document_id: _DocumentId,
    *,
    page: Annotated[int | None, Query(ge=1, le=1_000_000, description="A page, from 1.")] = None,
    section: Annotated[str, Query(max_length=500, description="A heading.")] = "",
    start: Annotated[int, Query(ge=0, le=1_000_000_000, description="The offset at which to begin.")] = 0,
    end: Annotated[int | None, Query(ge=0, le=1_000_000_000, description="The offset at which to end.")] = None,
) -> dict[str, Any]:
    """Returns the stored text of a document, a page or a section of it; `next_start` is where to go on if it is long."""
    serving = serving_of(request)

    def read() -> passages.Part:
        document = serving.pipeline.library.document(document_id)
        return passages.part(document, page=page, section=section, start=start, end=end)

    return asdict(await serving.work.run(read))


@router.delete("/api/documents/{document_id}", summary="Remove a document")
async def remove_document(request: Request, document_id: _DocumentId) -> dict[str, Any]:
    """Removes a document from the library and from every answer."""
    serving = serving_of(request)

    def remove() -> DocumentSummary:
        # By its id and nothing else: a title may be like the id of another document.
        library = serving.pipeline.library
        summary = _summary_of(library, document_id)
        library.remove_all([document_id])
        return summary

    return {"removed": _summary(await serving.work.run(remove, "write"))}


@router.get("/api/collections", tags=["Collections"], summary="List the collections")
async def list_collections(request: Request) -> dict[str, Any]:
    """Lists the collections with the number of documents in each."""
    serving = serving_of(request)
    sizes = await serving.work.run(serving.pipeline.library.collections)
    return {"collections": [{"name": name, "documents": count} for name, count in sizes.items()]}


@router.put("/api/collections/{name}", tags=["Collections"], summary="Put documents in a collection")
async def collect(request: Request, name: _Name, body: schemas.CollectionDocuments) -> dict[str, Any]:
    """Puts documents in a collection, which is created if necessary."""
    serving = serving_of(request)

    def put() -> dict[str, Any]:
        library = serving.pipeline.library
        known = {summary.id for summary in library.documents()}
        if unknown := [each for each in body.documents if each not in known]:
            raise ApiError(404, f"there is no document {unknown[0]} in the library", code="document_not_found", param="documents")
        kept_as = _collection(name, "name")
        library.collect(kept_as, body.documents)
        return {"name": kept_as, "documents": library.collections()[kept_as]}

    return await serving.work.run(put, "write")


@router.patch("/api/collections/{name}", tags=["Collections"], summary="Rename a collection")
async def rename_collection(request: Request, name: _Name, body: schemas.CollectionRename) -> dict[str, Any]:
    """Renames a collection. If there is one of the new name, the two are merged."""
    serving = serving_of(request)

    def rename() -> str:
        library = serving.pipeline.library
        if name not in library.collections():
            raise ApiError(404, f"there is no collection “{name}”", code="collection_not_found", param="name")
        new = _collection(body.name, "name")
        library.rename_collection(name, new)
        return new

    return {"name": await serving.work.run(rename, "write")}


@router.delete("/api/collections/{name}", tags=["Collections"], summary="Delete a collection")
async def delete_collection(request: Request, name: _Name) -> dict[str, Any]:
    """Deletes a collection. Its documents stay in the library."""
    serving = serving_of(request)
    await serving.work.run(lambda: serving.pipeline.library.uncollect(name), "write")
    return {"removed": name}


def _collection(name: str, param: str) -> str:
    """Returns the name of a collection as it is stored.

    Raises:
        ApiError: It is not valid.
    """
    try:
        return valid_name(name)
    except LibraryError as error:
        raise ApiError(400, str(error), code="invalid_value", param=param) from error


def _summary_of(library: Library, document_id: str) -> DocumentSummary:
    found = next((each for each in library.documents() if each.id == document_id), None)
    if found is None:
        raise ApiError(404, f"there is no document {document_id} in the library", code="document_not_found")
    return found


def _summary(summary: DocumentSummary) -> dict[str, Any]:
    return {**asdict(summary), "source": public_source(summary.source)}


def _added(result: AddResult) -> dict[str, Any]:
    return {**asdict(result), "source": public_source(result.source), "reason": without_folders(result.reason)}
