"""ZIP archives: what is read of them, what is refused, and how a library keeps in step with them."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest
from damage import read_or_refused
from hashing_encoder import HashingEncoder
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.documents.cleaning import restore
from rag.documents.loaders import Failure, document_id, find_files, load, read, zipped
from rag.errors import LoadError
from rag.library.library import AddResult, Library
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

LIMIT = 1_000_000
RIVER = "The Blue River Fund was founded in 1987. It protects 312 wetlands in the valley."
LAKE = "The lake is deep. Nobody has seen its ground."
BAKERY = "Quite another matter: the bakery on Hill Street opens at six."


def packed(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def unpacked(data: bytes, suffix: str = ".zip") -> dict[str, str]:
    """Returns the contents of the archive `a.zip` by source: texts, and the reasons why members cannot be read."""
    return {
        each.source: each.text if isinstance(each, Document) else each.reason.removeprefix(f"{each.source}: ")
        for each in read(data, "a.zip", suffix, LIMIT)
    }


def refusal(data: bytes) -> str:
    with pytest.raises(LoadError) as error:
        list(read(data, "a.zip", ".zip", LIMIT))
    assert "\n" not in str(error.value)
    return str(error.value).removeprefix("a.zip: ")


# -- reading ----------------------------------------------------------------------------------------------------------


def test_each_member_of_a_known_kind_is_a_document() -> None:
    members = {
        "folder/b.txt": RIVER,
        "a.md": "# Lake",
        "page.HTML": "<h1>Lake</h1>",
        "items.jsonl": '{"text": "one"}\n{\n{"text": "two"}',
        "picture.xyz": "unknown",
        ".hidden.txt": "hidden",
        "__MACOSX/b.txt": "hidden",
        "folder/.git/c.txt": "hidden",
    }
    assert unpacked(packed(members)) == {
        "a.zip/folder/b.txt": RIVER,
        "a.zip/a.md": "# Lake",
        "a.zip/page.HTML": "# Lake",
        "a.zip/items.jsonl#1": "one",
        "a.zip/items.jsonl#2": "this line is not JSON",
        "a.zip/items.jsonl#3": "two",
    }


def test_an_archive_is_one_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(packed({"b.txt": RIVER}))
    (document,) = load(path, LIMIT)
    source = f"{path}/b.txt"
    assert document == Document(document_id(source), "b", source, RIVER)


def test_bad_members_do_not_keep_the_others_back() -> None:
    members = {"a.txt": RIVER, "empty.txt": "", "picture.txt": b"GIF89a\r\n", "large.txt": "x" * (LIMIT + 1), "z.txt": LAKE}
    found = unpacked(packed(members, zipfile.ZIP_STORED))
    assert found.pop("a.zip/picture.txt").startswith("this is a GIF picture, which cannot be read; known are ")
    assert found == {
        "a.zip/a.txt": RIVER,
        "a.zip/empty.txt": "the file is empty",
        "a.zip/large.txt": "1.0 MB is more than the limit of 1.0 MB; split the file or raise max_file_megabytes",
        "a.zip/z.txt": LAKE,
    }


@pytest.mark.parametrize("inner_name", ["inner.zip", "inner.txt"])
def test_an_archive_in_an_archive_is_read_and_none_deeper(inner_name: str) -> None:
    innermost = packed({"c.txt": "too deep"})
    inner = packed({"b.txt": LAKE, "more.zip": innermost, "more.txt": innermost})
    too_deep = "this is an archive in an archive in an archive; unpack it first"
    assert unpacked(packed({"a.txt": RIVER, inner_name: inner})) == {
        "a.zip/a.txt": RIVER,
        f"a.zip/{inner_name}/b.txt": LAKE,
        f"a.zip/{inner_name}/more.zip": too_deep,
        f"a.zip/{inner_name}/more.txt": too_deep,
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.txt", "etc/passwd.txt"),
        ("/etc/passwd.txt", "etc/passwd.txt"),
        ("..\\..\\x.txt", "x.txt"),
        ("a/./b//c.txt", "a/b/c.txt"),
        ("a\nb.txt", "a?b.txt"),
        ("湖/水.txt", "湖/水.txt"),
    ],
)
def test_names_that_lead_out_of_the_archive_are_only_names(tmp_path: Path, name: str, shown: str) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(packed({name: LAKE}))
    (document,) = load(path, LIMIT)
    assert document.source == f"{path}/{shown}"
    assert list(find_files([tmp_path])) == [path]


def test_chinese_names_from_windows_can_be_read() -> None:
    data = packed({"aaaa.txt": LAKE}).replace(b"aaaa", "湖水".encode("gb18030"))
    assert unpacked(data) == {"a.zip/湖水.txt": LAKE}
    assert unpacked(packed({"aaaaaa.txt": LAKE}).replace(b"aaaaaa", "湖水".encode())) == {"a.zip/湖水.txt": LAKE}


def test_of_members_of_one_name_the_last_counts() -> None:
    data = packed({"a.txt": RIVER, "b.txt": LAKE}).replace(b"b.txt", b"a.txt")
    assert unpacked(data) == {"a.zip/a.txt": LAKE}


def test_members_without_a_name_are_passed_over() -> None:
    assert unpacked(packed({"b.txt": LAKE, "x.txt": RIVER}).replace(b"x.txt", b"\0.txt")) == {
        "a.zip/b.txt": LAKE,
        "a.zip/?.txt": RIVER,
    }
    assert refusal(packed({"/": "x", "..": "y"})).startswith("the archive contains no file of a known kind")


def test_encrypted_members_are_named() -> None:
    data = bytearray(packed({"a.txt": RIVER, "b.txt": LAKE}))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + flags] |= 1
    assert unpacked(bytes(data)) == {"a.zip/a.txt": "this is encrypted; unpack it with its password first", "a.zip/b.txt": LAKE}


def test_archives_with_nothing_to_read_are_refused() -> None:
    for data in (packed({}), packed({"a.xyz": "x", ".b.txt": "x"})):
        assert refusal(data).startswith("the archive contains no file of a known kind; known are ")
    whole = packed({"a.txt": RIVER * 100})
    for damaged in (whole[:60], whole[:-30], b"PK\x03\x04" + bytes(100)):
        assert refusal(damaged) == "the ZIP file is damaged or cut short; get it again"


def test_a_member_that_was_altered_is_found_by_its_checksum() -> None:
    data = packed({"a.txt": RIVER, "b.txt": LAKE}, zipfile.ZIP_STORED).replace(b"1987", b"1988")
    assert unpacked(data) == {"a.zip/a.txt": "this is damaged in the archive; get it again", "a.zip/b.txt": LAKE}


# -- archives made to do harm -----------------------------------------------------------------------------------------


def test_what_is_packed_too_closely_is_not_unpacked() -> None:
    members = {"bomb.txt": bytes(4_000_000), "a.txt": RIVER}
    found = {each.source: each for each in read(packed(members), "a.zip", ".zip", 10_000_000)}
    assert found["a.zip/bomb.txt"] == Failure(
        "a.zip/bomb.txt", "a.zip/bomb.txt: this is packed closer than 200 to 1, as only harmful files are"
    )
    assert found["a.zip/a.txt"].text == RIVER


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.documents.loaders.archive.MAX_UNPACKED", 3_000)
    text = "The lake is deep. " * 60
    inner = packed({"b.txt": text})
    found = unpacked(packed({"a.txt": text, "1.zip": inner, "2.zip": inner}, zipfile.ZIP_STORED))
    assert (found["a.zip/a.txt"], found["a.zip/1.zip/b.txt"]) == (text, text)
    assert "for everything in an archive; split it" in found["a.zip/2.zip"]
    lying = bytearray(packed({"a.txt": "x"}))
    struct.pack_into("<L", lying, lying.index(b"PK\x01\x02") + 24, 4_000_000_000)
    assert refusal(bytes(lying)) == "unpacked, 4000 MB is more than the limit of 400 MB for everything in an archive; split it"


def test_a_size_that_is_declared_is_not_believed() -> None:
    data = bytearray(packed({"a.txt": "The lake is deep. " * 1000}))
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 100)
    assert unpacked(bytes(data)) == {"a.zip/a.txt": "this is damaged in the archive; get it again"}


def test_very_many_members_are_refused_before_the_archive_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(zipfile, "ZipFile", lambda *_, **__: pytest.fail("opened"))
        assert refusal(b"PK\x03\x04" + b"PK\x01\x02" * 1_000_000) == "the archive contains more than 20000 files; split it"
    monkeypatch.setattr(zipped, "_MAX_MEMBERS", 2)
    assert len(unpacked(packed({"a.txt": "x", "b.txt": "x"}))) == 2
    assert refusal(packed({"a.txt": "x", "b.txt": "x", "c.txt": "x"})) == "the archive contains more than 2 files; split it"


@settings(max_examples=300)
@example([], 0)
@example([], 8)
@given(st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=8)), max_size=4), st.sampled_from([0, 8, 12, 14]))
def test_a_damaged_archive_is_read_or_refused(changes: list[tuple[int, bytes]], method: int) -> None:
    whole = packed({"folder/a.txt": RIVER, "b.jsonl": '{"text": "x"}', "c.zip": packed({"d.txt": LAKE})}, method)
    data = bytearray(whole)
    for at, noise in changes:
        data[at : at + len(noise)] = noise
    # Members packed by other methods are refused one by one.
    is_whole = data == whole and method in (0, 8)
    found = read_or_refused(lambda: list(read(bytes(data), "a.zip", ".zip", LIMIT)), "a.zip", is_whole=is_whole) or []
    for each in found:
        assert each.source.startswith("a.zip/")
        assert isinstance(each, Document) or (each.reason.startswith("a.zip/") and "\n" not in each.reason)
    if is_whole:
        assert [each.text for each in found if isinstance(each, Document)] == [RIVER, "x", LAKE]


# -- in the library ---------------------------------------------------------------------------------------------------


@pytest.fixture
def library(quick_path: Path) -> Iterator[Library]:
    with Library(quick_path / "library", HashingEncoder(), 32) as library:
        yield library


def held(library: Library) -> dict[str, str]:
    assert library.check() == []
    return {summary.source: restore(library.document(summary.id)) for summary in library.documents()}


def statuses(results: list[AddResult], file: object) -> dict[str, str]:
    return {result.source.removeprefix(f"{file}"): result.status for result in results}


def test_a_library_keeps_in_step_with_an_archive(library: Library, quick_path: Path) -> None:
    path = quick_path / "a.zip"
    beside = quick_path / "a.zip.txt"
    beside.write_text("A note beside the archive.")
    library.add([beside])

    def add(members: Mapping[str, str | bytes]) -> dict[str, str]:
        path.write_bytes(packed(members))
        return statuses(library.add([path]), path)

    assert add({"river.txt": RIVER, "lake.txt": LAKE, "empty.txt": ""}) == {
        "/river.txt": "added",
        "/lake.txt": "added",
        "/empty.txt": "failed",
    }
    assert add({"river.txt": RIVER, "lake.txt": LAKE}) == {"/river.txt": "unchanged", "/lake.txt": "unchanged"}
    # What is there and cannot be read stays; what is gone goes.
    assert add({"river.txt": "", "bakery.txt": BAKERY}) == {
        "/river.txt": "failed",
        "/bakery.txt": "added",
        "/lake.txt": "removed",
    }
    expected = {f"{path}/river.txt": RIVER, f"{path}/bakery.txt": BAKERY, str(beside): "A note beside the archive."}
    assert held(library) == expected
    path.write_bytes(b"PK\x03\x04 damaged")
    assert statuses(library.add([path]), path) == {"": "failed"}
    assert held(library) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ABC", "BC"),
        ("ABC", "CAB"),
        ("AB", "XAB"),
        ("ABC", "C"),
        ("ABCD", "DCBA"),
        ("A", "BA"),
    ],
)
def test_lines_that_move_are_kept(library: Library, quick_path: Path, before: str, after: str) -> None:
    path = quick_path / "items.jsonl"
    for letters in (before, after, after):
        path.write_text("\n".join(f'{{"text": "Line {letter} of all."}}' for letter in letters))
        results = library.add([path])
        assert held(library) == {f"{path}#{number}": f"Line {letter} of all." for number, letter in enumerate(letters, 1)}
    assert {result.status for result in results} == {"unchanged"}


def test_files_that_change_places_are_kept(library: Library, quick_path: Path) -> None:
    one, other = quick_path / "1.txt", quick_path / "2.txt"
    one.write_text(RIVER)
    other.write_text(LAKE)
    library.add([one, other])
    one.write_text(LAKE)
    other.write_text(BAKERY)
    library.add([one, other])
    assert held(library) == {str(one): LAKE, str(other): BAKERY}


def test_an_uploaded_archive_replaces_its_other_version_only(library: Library, quick_path: Path) -> None:
    file = quick_path / "upload"

    def upload(members: Mapping[str, str | bytes]) -> list[AddResult]:
        file.write_bytes(packed(members))
        return library.add_upload(file, "C:\\docs\\a.zip")

    assert statuses(upload({"river.txt": RIVER, "lake.txt": LAKE}), "") == {"a.zip/river.txt": "added", "a.zip/lake.txt": "added"}
    assert statuses(upload({"river.txt": RIVER + " It has an office."}), "") == {
        "a.zip/river.txt": "replaced",
        "a.zip/lake.txt": "removed",
    }
    (result,) = upload({"river.txt": BAKERY})
    assert (result.source, result.status, result.reason) == ("a (2).zip/river.txt", "added", "another document is called a.zip")
    assert held(library) == {"a.zip/river.txt": RIVER + " It has an office.", "a (2).zip/river.txt": BAKERY}
    (failed,) = upload({"empty.txt": ""})
    assert (failed.status, failed.reason) == ("failed", "a.zip/empty.txt: the file is empty")
    (refused,) = library.add_upload(quick_path / "missing.zip", "b.zip")
    assert refused == AddResult("b.zip", "failed", reason="b.zip: No such file or directory")
