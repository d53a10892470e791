"""The title, the date and the author of a stored document are changed, and it is found by its new title."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hashing_encoder import HashingEncoder
from small_library import TEXTS, document_of, fill

from rag.errors import DocumentNotFoundError, LibraryError
from rag.library.library import Library
from rag.text.analysis import Analyzer


@pytest.fixture
def library(quick_path: Path, analyzer: Analyzer) -> Iterator[Library]:
    with Library(quick_path / "library", HashingEncoder(), analyzer=analyzer) as library:
        fill(library)
        yield library


def test_a_document_is_found_by_its_new_title_and_no_longer_by_the_old(library: Library) -> None:
    document_id = document_of("/a.txt", "").id
    library.collect("north", [document_id])
    before = library.document(document_id)
    chunks = next(summary.chunks for summary in library.documents() if summary.id == document_id)
    assert library.search_terms(["zebraword"], 5) == []
    after = library.edit(document_id, title=" Zebraword\n report ", published="2021-10", author="Ada Lim, 陈明")
    assert (after.title, after.published, after.author, after.text) == (
        "Zebraword report",
        "2021-10",
        "Ada Lim, 陈明",
        before.text,
    )
    assert library.document(document_id) == after
    found = library.results([row for row, _ in library.search_terms(["zebraword"], 100)])
    assert {result.chunk.document_id for result in found.values()} == {document_id}
    assert len(found) == chunks
    row = next(iter(found))
    expected = library.encoder.encode_document([f"Zebraword report\n{found[row].chunk.text}"])[0]
    assert float(library.vectors([row])[row] @ expected) == pytest.approx(1, abs=1e-5)
    assert library.collections() == {"north": 1}
    assert library.select(since="2021-10", until="2021-10") == [document_id]
    assert library.check() == []
    assert [summary.title for summary in library.documents()] == ["Zebraword report", "b"]


def test_what_is_not_given_stays(library: Library) -> None:
    document_id = document_of("/b.txt", "").id
    rows = {row for row, _ in library.search_terms(["betaword"], 100)}
    assert library.edit(document_id, author="Lin").title == "b"
    assert library.edit(document_id, published="2020-02-29").author == "Lin"
    assert library.edit(document_id, author="").published == "2020-02-29"
    # Without a new title, passages keep their vectors.
    assert {row for row, _ in library.search_terms(["betaword"], 100)} == rows
    assert library.check() == []


@pytest.mark.parametrize(
    "values",
    [
        {"title": " \n"},
        {"published": "2021-13"},
        {"published": "2021-02-30"},
        {"published": "in May"},
        {"published": "２０２１"},
    ],
)
def test_what_is_not_valid_changes_nothing(library: Library, values: dict[str, str]) -> None:
    document_id = document_of("/a.txt", "").id
    before = library.document(document_id)
    with pytest.raises(LibraryError) as caught:
        library.edit(document_id, **values)
    assert "\n" not in str(caught.value)
    assert library.document(document_id) == before


def test_there_must_be_such_a_document(library: Library) -> None:
    with pytest.raises(DocumentNotFoundError):
        library.edit("nothing", title="T")


def test_a_list_of_documents_is_always_the_latest(library: Library, quick_path: Path) -> None:
    first = library.documents()
    assert library.documents() == first
    first.clear()
    assert len(library.documents()) == len(TEXTS)
    with Library(quick_path / "library", library.encoder, analyzer=library.analyzer) as other:
        other.edit(document_of("/a.txt", "").id, title="Elsewhere")
        other.collect("north", [document_of("/a.txt", "").id])
    assert (library.documents()[0].title, library.documents()[0].collections) == ("Elsewhere", ("north",))
    library.remove("Elsewhere")
    assert [summary.title for summary in library.documents()] == ["b"]
