"""Files -> documents: what is read, what is refused, and with which words."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import LoadError
from rag.loaders import LOADERS, Loader, document_id, find_files, load

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1_000_000


def refusal(path: Path, limit: int = LIMIT) -> str:
    with pytest.raises(LoadError) as error:
        load(path, limit)
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


@pytest.fixture
def closed_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that may not be read; root, who may read all, gives up its rights for the test."""
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a.txt").write_text("text")
    is_root = os.geteuid() == 0
    folder.chmod(0o700 if is_root else 0)
    if is_root:
        os.seteuid(65534)
    yield folder
    if is_root:
        os.seteuid(0)
    folder.chmod(0o700)


@pytest.mark.parametrize("name", ["报告 2021.txt", "report.TEXT", "notes.md", "Notes.Markdown"])
def test_a_file_becomes_a_document(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes("# 标题\r\n正文。 ".encode())
    document = load(path, LIMIT)
    assert document.text == "# 标题\r\n正文。 "
    assert document.source == str(path)
    assert document.title == path.stem
    assert document.id == document_id(str(path))
    assert (document.pages, document.edits, document.published, document.publisher) == ((), (), "", "")


def test_form_feeds_begin_pages_of_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\f\fthree\f", encoding="utf-8")
    document = load(path, LIMIT)
    assert document.pages == (0, 8, 9, 15)
    assert [document.page_at(offset) for offset in (0, 7, 8, 9, 13)] == [1, 1, 2, 3, 3]


def test_one_source_has_one_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "folder" / "a.txt"
    path.parent.mkdir()
    path.write_text("text")
    monkeypatch.chdir(path.parent)
    ways = [path, Path("a.txt"), Path("./a.txt"), Path("../folder/a.txt")]
    assert {load(way, LIMIT).id for way in ways} == {document_id(str(path))}
    assert len(document_id("x")) == 12
    assert document_id("x") != document_id("y")


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n ", "\ufeff\n".encode(), "\u3000\u00a0\n".encode(), " \n".encode("utf-16")])
def test_empty_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    assert refusal(path) == "the file is empty"


def test_what_is_not_there_or_not_a_file_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.txt") == "No such file or directory"
    assert refusal(tmp_path / "none.pdf") == "No such file or directory"
    folder = tmp_path / "folder.txt"
    folder.mkdir()
    assert refusal(folder) == "this is a folder, not a file"
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    assert refusal(pipe) == "this is a device or a pipe, not a file"
    loop = tmp_path / "loop.txt"
    loop.symlink_to(loop)
    assert refusal(loop)
    assert refusal(tmp_path / ("x" * 300 + ".txt")) == "File name too long"
    assert "null" in refusal(Path("a\0b.txt"))


def test_unknown_kinds_are_refused_with_the_known_ones(tmp_path: Path) -> None:
    for name, kind in (("a.docx", ".docx"), ("README", "files without an ending")):
        (tmp_path / name).write_text("text")
        assert refusal(tmp_path / name) == f"cannot read {kind}; known are .markdown .md .text .txt"


def test_files_over_the_limit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 2_000_001)
    assert refusal(path, 2_000_000) == "2.0 MB is more than the limit of 2.0 MB; split the file or raise max_file_megabytes"
    assert len(load(path, 2_000_001).text) == 2_000_001


def test_binary_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"%PDF-1.4 ...")
    message = refusal(path.resolve())
    assert message == "this is a PDF file, not text; convert it to text first"


def test_a_closed_folder_is_reported(closed_folder: Path) -> None:
    assert refusal(closed_folder / "a.txt") == "Permission denied"
    assert list(find_files([closed_folder])) == [closed_folder]
    assert refusal(closed_folder) == "Permission denied"


def test_names_that_are_not_utf8_can_be_shown_and_stored(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xb1\xa8.txt"))
    path.write_text("text")
    assert load(path, LIMIT).source == f"{tmp_path}/??.txt"
    path.write_text("")
    with pytest.raises(LoadError) as error:
        load(path, LIMIT)
    assert str(error.value) == f"{tmp_path}/??.txt: the file is empty"


def test_files_of_folders_come_in_order_without_hidden_and_unknown_ones(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/c.TXT", "sub/d.pdf", ".hidden.txt", ".git/e.txt", "sub/.x/f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    (tmp_path / "sub" / "broken.txt").symlink_to(tmp_path / "nowhere")
    missing = tmp_path / "missing.txt"
    found = [file.relative_to(tmp_path).as_posix() for file in find_files([tmp_path / "sub" / "d.pdf", missing, tmp_path])]
    assert found == ["sub/d.pdf", "missing.txt", "a.md", "b.txt", "sub/broken.txt", "sub/c.TXT"]


@given(st.binary(max_size=300), st.sampled_from(LOADERS))
def test_loaders_raise_nothing_but_load_errors(data: bytes, loader: Loader) -> None:
    with suppress(LoadError):
        document = loader(data or b"x", "folder/name.txt")
        assert document.id == document_id("folder/name.txt")
        assert all(0 <= page <= len(document.text) for page in document.pages)
