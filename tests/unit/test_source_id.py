"""The sources of documents: files, their members and their lines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.source_id import SourceId, belongs_to, possible_files


def test_members_and_lines_are_rendered_behind_their_file() -> None:
    archive = SourceId("/data/a.zip")
    assert str(archive) == "/data/a.zip"
    assert str(archive.member("b/c.txt")) == "/data/a.zip/b/c.txt"
    assert str(archive.member("b.jsonl").line(3)) == "/data/a.zip/b.jsonl#3"
    assert str(SourceId("b.jsonl").line(3)) == "b.jsonl#3"


@pytest.mark.parametrize(
    ("source", "part"),
    [("a.zip", ""), ("a.zip/b.txt", "/b.txt"), ("a.zip/b\nc", "/b\nc"), ("a.zip/b.jsonl#3", "/b.jsonl#3"), ("a.zip#12", "#12")],
)
def test_a_source_of_a_file_is_parsed(source: str, part: str) -> None:
    assert belongs_to(source, "a.zip")
    assert SourceId.parse(source, "a.zip") == SourceId("a.zip", part)


@pytest.mark.parametrize("source", ["", "a", "a.zip.txt", "a.zip#", "a.zip#x", "a.zip#1x", "a.zip#1\n", "b.zip/a.zip", "a.zip 2"])
def test_a_source_of_another_file_is_refused(source: str) -> None:
    assert not belongs_to(source, "a.zip")
    with pytest.raises(ValueError, match=r"does not belong to a\.zip"):
        SourceId.parse(source, "a.zip")


@given(st.text(), st.text(), st.integers(1))
def test_what_is_rendered_is_parsed_again(file: str, member: str, number: int) -> None:
    for source in (SourceId(file), SourceId(file).member(member), SourceId(file).line(number)):
        assert SourceId.parse(str(source), file) == source


@given(st.text(), st.text())
def test_the_ranges_contain_the_parts_and_nothing_else_of_a_file(file: str, rest: str) -> None:
    source = file + rest
    assert any(first <= source < last for first, last in SourceId(file).ranges()) == (rest[:1] in ("/", "#") if rest else False)


def test_the_files_that_a_source_can_be_from_are_the_longest_first() -> None:
    assert list(possible_files("/data/a.zip/b.jsonl#3")) == [
        Path("/data/a.zip/b.jsonl#3"),
        Path("/data/a.zip/b.jsonl"),
        Path("/data/a.zip"),
        Path("/data"),
        Path("/"),
    ]
    assert list(possible_files("/a.txt")) == [Path("/a.txt"), Path("/")]
