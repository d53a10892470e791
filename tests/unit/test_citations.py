"""Citations are places: their quotes are copied from the stored text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.citations import cite, marker
from rag.errors import LibraryError
from rag.types import Document


@given(st.text(min_size=1), st.data())
def test_the_quote_is_the_text_at_the_place(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    citation = cite(Document("d", "t", "s", text), 3, start, end, 0.5)
    assert citation.quote == text[citation.start : citation.end]
    assert (citation.number, citation.support, citation.page) == (3, 0.5, None)


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (0, 0), (3, 2), (0, 9)])
def test_a_place_outside_the_document_is_refused(start: int, end: int) -> None:
    with pytest.raises(LibraryError, match="reindex"):
        cite(Document("d", "t", "s", "text"), 1, start, end, 0.5)


def test_the_page_is_the_one_that_holds_the_beginning() -> None:
    document = Document("d", "t", "s", "aaaabbbbcccc", pages=(0, 4, 8))
    assert [cite(document, 1, start, start + 1, 0.5).page for start in (0, 3, 4, 11)] == [1, 1, 2, 3]


def test_markers() -> None:
    assert marker(1) == "[1]"
    assert marker(1, 2, 10) == "[1][2][10]"
