"""Files -> documents: what is read, what is refused, and with which words."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from damage import read_or_refused
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rag.documents.loaders import LOADERS, Container, Failure, Loader, document_id, find_files, load, printable, read, suffixes
from rag.documents.loaders.csv import CsvLoader
from rag.documents.loaders.html import HtmlLoader
from rag.documents.loaders.markdown import MarkdownLoader
from rag.documents.loaders.recognition import recognise
from rag.documents.loaders.text import TextLoader
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT = 1_000_000


def refusal(path: Path, limit: int = LIMIT) -> str:
    with pytest.raises(LoadError) as error:
        list(load(path, limit))
    message = str(error.value)
    assert "\n" not in message
    name = printable(str(path))
    assert message.startswith(f"{name}: ")
    return message.removeprefix(f"{name}: ")


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
    (document,) = load(path, LIMIT)
    assert document.text == "# 标题\r\n正文。 "
    assert document.source == str(path)
    assert document.title == path.stem
    assert document.id == document_id(str(path))
    assert (document.pages, document.edits, document.published, document.publisher) == ((), (), "", "")


def test_form_feeds_begin_pages_of_plain_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\f\fthree\f", encoding="utf-8")
    (document,) = load(path, LIMIT)
    assert document.pages == (0, 8, 9, 15)
    assert [document.page_at(offset) for offset in (0, 7, 8, 9, 13)] == [1, 1, 2, 3, 3]


def test_one_source_has_one_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "folder" / "a.txt"
    path.parent.mkdir()
    path.write_text("text")
    monkeypatch.chdir(path.parent)
    ways = [path, Path("a.txt"), Path("./a.txt"), Path("../folder/a.txt")]
    assert {document.id for way in ways for document in load(way, LIMIT)} == {document_id(str(path))}
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
    for name, kind in (("a.xyz", ".xyz"), ("README", "files without an ending")):
        (tmp_path / name).write_text("text")
        assert refusal(tmp_path / name) == f"cannot read {kind}; known are {' '.join(suffixes())}"
    assert {".txt", ".text", ".md", ".markdown", ".html", ".epub", ".jsonl", ".zip"} <= set(suffixes())


def test_files_over_the_limit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 2_000_001)
    assert refusal(path, 2_000_000) == "2.0 MB is more than the limit of 2.0 MB; split the file or raise max_file_megabytes"
    (document,) = load(path, 2_000_001)
    assert len(document.text) == 2_000_001


SURE = {
    "a PNG picture": b"\x89PNG\r\n\x1a\n",
    "a JPEG picture": b"\xff\xd8\xff\xe0",
    "a TIFF picture": b"II*\0",
    "a film or a sound": b"\0\0\0\x20ftypisom",
    "a gzip archive": b"\x1f\x8b\x08",
    "a 7z archive": b"7z\xbc\xaf\x27\x1c",
    "a RAR archive": b"Rar!\x1a\x07\x01\0",
    "a program": b"\x7fELF\x02",
    "an old or encrypted Office file": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "a database": b"SQLite format 3\0",
    "an RTF file": b"{\\rtf1 text}",
}


@pytest.mark.parametrize("kind", SURE)
@pytest.mark.parametrize("name", ["a.txt", "a.html", "a.xyz"])
def test_binary_files_are_refused_by_what_they_are(tmp_path: Path, kind: str, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(SURE[kind])
    read_by_ocr = kind.endswith("picture")
    unknown = f"this is {kind}, which cannot be read; known are {' '.join(suffixes())}"
    assert refusal(path) == ("the picture is damaged" if read_by_ocr else unknown)


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.xyz", "a"])
@pytest.mark.parametrize("start", ["<!DOCTYPE html>", "\n<!-- saved --> <HTML>", '<?xml version="1.0"?>\n<html lang="en">'])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_web_page_is_one_whatever_its_name(tmp_path: Path, name: str, start: str, encoding: str) -> None:
    path = tmp_path / name
    path.write_text(f"{start}<body><h2>Lakes</h2><p>The lake is deep.</p></body></html>", encoding=encoding)
    (document,) = load(path, LIMIT)
    assert (document.text, document.source) == ("## Lakes\n\nThe lake is deep.", str(path))


def zipped(**members: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def office(content_type: str) -> bytes:
    part = f'<Override PartName="/main.xml" ContentType="application/vnd.{content_type}+xml"/>'
    return zipped(**{"[Content_Types].xml": f"<Types>{part}</Types>", "a.txt": "text"})


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (office("openxmlformats-officedocument.wordprocessingml.document.main"), ".docx"),
        (office("ms-word.document.macroEnabled.main"), ".docx"),
        (office("openxmlformats-officedocument.spreadsheetml.sheet.main"), ".xlsx"),
        (office("ms-excel.sheet.macroEnabled.main"), ".xlsx"),
        (office("openxmlformats-officedocument.presentationml.slideshow.main"), ".pptx"),
        (office("ms-excel.sheet.binary.macroEnabled.main"), ".vsdx"),
        (office("openxmlformats-officedocument.spreadsheetml.sheet"), ".vsdx"),
        (zipped(mimetype="application/epub+zip"), ".epub"),
        (zipped(**{"META-INF/container.xml": ""}), ".epub"),
        (zipped(mimetype="application/vnd.oasis.opendocument.text"), ".odt"),
        (zipped(**{"word/document.xml": ""}), ".zip"),
        (zipped(), ".zip"),
        (b"\n%PDF-1.7", ".pdf"),
        (b"plain", ""),
        (b"PK is not a ZIP", ""),
        (b"a < b <html>", ""),
    ],
)
def test_kinds_are_told_by_content(data: bytes, suffix: str) -> None:
    assert recognise(data, "a")[0] == suffix


def test_an_endless_beginning_is_judged_at_once() -> None:
    assert recognise(b"<!---->" * 100_000, "a") == ("", "")
    assert recognise(b" " * 1_000_000, "a") == ("", "")


@example(b"", 0)
@given(st.binary(max_size=200), st.integers(0, 400))
def test_any_zip_is_of_some_kind_or_damaged(noise: bytes, at: int) -> None:
    whole = office("openxmlformats-officedocument.wordprocessingml.document.main")
    data = whole[:at] + noise + whole[at + len(noise) :]
    found = read_or_refused(lambda: recognise(data, "a"), "a", is_whole=data == whole)
    if found and data.startswith(b"PK\x03\x04"):
        assert found[0] in (".zip", ".docx", ".vsdx", ".epub")
    assert data != whole or found == (".docx", found[1])


def test_a_closed_folder_is_reported(closed_folder: Path) -> None:
    assert refusal(closed_folder / "a.txt") == "Permission denied"
    assert list(find_files([closed_folder])) == [closed_folder]
    assert refusal(closed_folder) == "Permission denied"


def test_names_that_are_not_utf8_can_be_shown_and_stored(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xb1\xa8.txt"))
    path.write_text("text")
    (document,) = load(path, LIMIT)
    assert document.source == f"{tmp_path}/??.txt"
    path.write_text("")
    with pytest.raises(LoadError) as error:
        list(load(path, LIMIT))
    assert str(error.value) == f"{tmp_path}/??.txt: the file is empty"


def test_files_of_folders_come_in_order_without_hidden_and_unknown_ones(tmp_path: Path) -> None:
    for name in ("b.txt", "a.md", "sub/c.TXT", "sub/d.xyz", ".hidden.txt", ".git/e.txt", "sub/.x/f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("text")
    (tmp_path / "sub" / "broken.txt").symlink_to(tmp_path / "nowhere")
    missing = tmp_path / "missing.txt"
    found = [file.relative_to(tmp_path).as_posix() for file in find_files([tmp_path / "sub" / "d.xyz", missing, tmp_path])]
    assert found == ["sub/d.xyz", "missing.txt", "a.md", "b.txt", "sub/broken.txt", "sub/c.TXT"]


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: type(loader).__name__)
@settings(max_examples=30)
@example(b"word")
@given(st.binary(min_size=1, max_size=300))
def test_loaders_raise_nothing_but_load_errors(loader: Loader | Container, data: bytes) -> None:
    source = "folder/name.txt"

    def read() -> list[Document | Failure]:
        return list(loader.documents(data, source, LIMIT)) if isinstance(loader, Container) else [loader(data, source)]

    # A word is a text, a table and a page; a file of another kind has a form that it must keep to.
    is_whole = data.isalnum() and isinstance(loader, TextLoader | MarkdownLoader | CsvLoader | HtmlLoader)
    for document in read_or_refused(read, source, is_whole=is_whole) or []:
        assert document.source.startswith(source)
        if isinstance(document, Document):
            assert document.id == document_id(document.source)
            assert all(0 <= page <= len(document.text) for page in document.pages)
            assert not is_whole or document.text.strip() == data.decode()


@pytest.mark.parametrize(
    ("text", "expected", "removed"),
    [
        ("512<sup>1</sup> t, 10<sup>3</sup> g, CO<sub>2</sub>", "512[^1] t, 10^3 g, CO₂", []),
        ("It costs <s>3,000</s> <b>2,500</b> crowns.<br>Now.", "It costs 2,500 crowns. Now.", ["3,000 "]),
        (
            "A.\n\n<table><tr><th>Price</th><th>Kind</th></tr>\n<tr><td><s>5 <i>x</i></s> 7</td><td>tea</td></tr></table>\nEnd.",
            "A.\n\nPrice: 7; Kind: tea\n\nEnd.",
            ["5 x\n\n"],
        ),
        (
            "A.\n\n| <s>Cost</s> Price | Kind |\n|---|---|\n| <s>5</s> 7 | tea |\n| 8 | cake |\n\nEnd.",
            "A.\n\nPrice: 7; Kind: tea\nPrice: 8; Kind: cake\n\nEnd.",
            ["Cost\n", "5\n\n"],
        ),
        ("`a<sup>1</sup>` and a < b > c", "`a<sup>1</sup>` and a < b > c", []),
        ("```html\n<b>x</b>\n```\n<span class='a'>y</span> List<T>", "```html\n<b>x</b>\n```\ny List<T>", []),
    ],
)
def test_inline_html_of_markdown(text: str, expected: str, removed: list[str]) -> None:
    (document,) = read(text.encode(), "/a.md", ".md", 10**6)
    assert isinstance(document, Document)
    assert document.text == expected
    assert [edit.removed for edit in document.edits] == removed
