"""Removals: what loaders leave out, and the record of it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rag.documents.cleaning import clean, removed_passages, restore
from rag.documents.removals import BOILERPLATE, DELETED, STRUCK_OUT, kept, record, removed, unmarked
from rag.types import Document

PIECES = st.lists(
    st.tuples(
        st.text(st.sampled_from("ab 第一页\n.#|-") | st.characters(codec="utf-8"), max_size=12),
        st.sampled_from(["", STRUCK_OUT, BOILERPLATE]),
    ),
    max_size=12,
)


def document(text: str, **facts) -> Document:
    return Document("d", "file", "/folder/file.txt", text, **facts)


def test_a_removed_passage_takes_its_gap_along() -> None:
    found = record(document(f"One {removed('three', STRUCK_OUT)} two.\n\n{removed('Gone.', DELETED)}\n\nLast."))
    assert found.text == "One two.\n\nLast."
    assert [(edit.start, edit.removed, edit.reason) for edit in found.edits] == [
        (4, "three ", STRUCK_OUT),
        (10, "Gone.\n\n", DELETED),
    ]
    assert restore(found) == "One three two.\n\nGone.\n\nLast."


def test_pages_begin_where_they_began() -> None:
    text = f"{removed('Gone.', DELETED)} One.\fTwo {removed('a b', STRUCK_OUT)}.\fThree."
    found = record(document(text, pages=(0, text.index("Two"), text.index("Three"))))
    assert [found.text[page : page + 3] for page in found.pages] == ["One", "Two", "Thr"]


@settings(max_examples=60)
@given(PIECES)
def test_what_is_left_out_and_what_is_cleaned_can_be_restored(pieces: list[tuple[str, str]]) -> None:
    whole = "".join(unmarked(text) for text, _ in pieces)
    marked = "".join(removed(unmarked(text), reason) if reason else unmarked(text) for text, reason in pieces)
    recorded = record(document(marked))
    assert restore(recorded) == whole
    assert "".join(recorded.text.split()) == "".join(kept(marked).split())
    cleaned = clean(recorded)
    assert restore(cleaned) == whole
    assert cleaned.text == clean(document(recorded.text)).text
    assert [edit.start for edit in cleaned.edits] == sorted(edit.start for edit in cleaned.edits)
    taken = "".join(edit.removed for edit in removed_passages(cleaned) if edit.reason in (STRUCK_OUT, BOILERPLATE))
    assert sorted("".join(taken.split())) == sorted("".join("".join(unmarked(text) for text, reason in pieces if reason).split()))
