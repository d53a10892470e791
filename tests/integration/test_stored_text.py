"""Titles, names and texts as a library stores them, and the checksums that notice a changed byte."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hashing_encoder import HashingEncoder

import rag.cli.doctor
from rag.cli import app
from rag.documents.loaders import document_id
from rag.errors import LibraryError
from rag.library import checksums, transfer
from rag.library.library import Library
from rag.text.lines import for_terminal
from rag.types import Document

HOSTILE = "Red\x1b[31m \u202eeli\0F\u2067 \x9b2J\r\nand\u200b more"
PLAIN = "Red[31m eliF 2J and more"
TEXT = "The station on North Hill was opened in May 2025.\n\n红树林保护海港，编号为七百。\n\nIt has three towers and a café.\n"


@pytest.fixture
def opened(quick_path: Path, analyzer) -> Iterator[Callable[..., Library]]:
    libraries = []

    def open_library(name: str = "library", **options: object) -> Library:
        libraries.append(Library(quick_path / name, HashingEncoder(), 16, analyzer=analyzer, **options))
        return libraries[-1]

    yield open_library
    for library in libraries:
        library.close()


def shown(library: Library) -> list[tuple[str, str, str]]:
    return [(each.title, each.source, each.publisher) for each in library.documents()]


# -- on the way in ----------------------------------------------------------------------------------------------------


def as_html() -> str:
    title = HOSTILE.replace("\0", "").replace("\r\n", " ")
    return f"<html><head><title>{title}</title><meta property='og:site_name' content='{title}'></head><body><p>{TEXT}</p></body></html>"


def as_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a\x1b[31m\u202eb.txt", TEXT)
    return file.getvalue()


FILES = {
    "a.jsonl": json.dumps({"title": HOSTILE, "text": TEXT, "source": HOSTILE}),
    "a.html": as_html(),
    "a.md": f"---\ntitle: {PLAIN[:3]}\x1b[31m \u202eback\nsource: a\x9b2Jb\n---\n\n{TEXT}",
    "a.txt": f"A title\x1b[31m \u202eback\n\n2025-05-01 来源：北山\x1b[1m日报\n\n{TEXT}",
    "a\x1b[31m\u202eb.txt": TEXT,
    "a.zip": as_zip(),
}


@pytest.mark.parametrize("name", FILES)
def test_whatever_a_file_says_of_itself_can_be_shown(quick_path: Path, opened, name: str) -> None:
    file = quick_path / name
    content = FILES[name]
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    library = opened()
    assert [result.status for result in library.add([file])] == ["added"]
    ((title, source, publisher),) = shown(library)
    for text in (title, source, publisher, library.document(library.documents()[0].id).text):
        assert for_terminal(text) == text
    assert "\n" not in title + source + publisher
    if name == "a.jsonl":
        assert (title, publisher) == (PLAIN, PLAIN)
    assert title
    assert [result.status for result in library.add([file])] == ["unchanged"]


def test_documents_that_were_not_files_can_be_shown_too(opened) -> None:
    library = opened()
    document = Document("1", HOSTILE, f"/a{HOSTILE}.txt", TEXT, publisher=HOSTILE, published=HOSTILE)
    (result,) = library.add_documents([document])
    assert shown(library) == [(PLAIN, "/aRed?[31m ?eli?F? ?2J??and? more.txt", PLAIN)]
    assert library.find(result.source).published == PLAIN
    assert [each.status for each in library.add_documents([document])] == ["unchanged"]


def test_a_title_is_no_longer_than_one_can_be(opened) -> None:
    """It stands before each passage, so one of a million characters would make a million passages of them."""
    library = opened()
    library.add_documents([Document("1", "long " * 100_000, "/a.txt", TEXT, publisher="b" * 100_000)])
    assert [(len(title), len(publisher)) for title, _, publisher in shown(library)] == [(500, 500)]


def test_what_is_imported_can_be_shown(quick_path: Path, opened) -> None:
    library = opened()
    library.add_documents([Document("1", "A title", "/a.txt", TEXT)])
    with library._database.transaction() as connection:
        connection.execute("UPDATE documents SET title = ?, publisher = ?", (HOSTILE, HOSTILE))
        checksums.store_all(connection)
    transfer.export(library, quick_path / "one.yinju")
    other = opened("other")
    assert [result.status for result in transfer.import_from(other, quick_path / "one.yinju")] == ["added"]
    assert shown(other) == [(PLAIN, "/a.txt", PLAIN)]


def test_a_longer_document_than_may_be_is_named_and_the_others_go_in(quick_path: Path, opened) -> None:
    library = opened(max_characters=1000)
    (quick_path / "long.txt").write_text("word " * 1000)
    (quick_path / "short.txt").write_text(TEXT)
    lines = (json.dumps({"title": "a", "text": text}) for text in ("word " * 1000, TEXT + "More."))
    (quick_path / "lines.jsonl").write_text("\n".join(lines))
    results = library.add([quick_path / name for name in ("long.txt", "short.txt", "lines.jsonl")])
    assert [result.status for result in results] == ["failed", "added", "failed", "added"]
    expected = "the document has {} characters, more than the limit of 1,000; split it, or raise max_characters"
    assert results[0].reason == f"{quick_path}/long.txt: " + expected.format("5,000")
    assert results[2].reason.startswith(f"{quick_path}/lines.jsonl#1: the document has ")
    (failed,) = library.add_documents([Document("1", "a", "/made.txt", "word " * 300)])
    assert failed.reason == "/made.txt: " + expected.format("1,500")
    assert library.add_upload(quick_path / "long.txt", "long.txt")[0].status == "failed"
    assert len(library) == 2


# -- on the way to a terminal -----------------------------------------------------------------------------------------


def test_a_library_of_an_older_version_cannot_steer_the_terminal(
    quick_path: Path, opened, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    library = opened()
    library.add_documents([Document("1", "A title", "/a.txt", TEXT)])
    with library._database.transaction() as connection:
        connection.execute("UPDATE documents SET title = ?, source = ?, text = ? || text", (HOSTILE, f"/{HOSTILE}", HOSTILE))
        connection.execute("INSERT INTO collections SELECT ?, id FROM documents", (HOSTILE,))
        checksums.store_all(connection)
    library.close()
    for command in (["list"], ["list", "--json"], ["show", "1"], ["collections"]):
        monkeypatch.setattr("sys.argv", ["yinju", *command, "--library", str(library.path)])
        with pytest.raises(SystemExit) as ended:
            app.main()
        assert not ended.value.code
        printed = capsys.readouterr()
        assert for_terminal(printed.out) == printed.out
        assert for_terminal(printed.err) == printed.err
        assert "31m" in printed.out
        if "--json" in command:
            assert json.loads(printed.out)[0]["title"] == HOSTILE


# -- bytes that change ------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(opened) -> Library:
    library = opened()
    library.add_documents(
        [
            Document(document_id(f"/{n}.txt"), f"Report {n}", f"/{n}.txt", f"当前位置：首页 > {n}\n\n{n}. {TEXT * 3}")
            for n in range(3)
        ]
    )
    library.close()
    return library


DAMAGED = 'the document "Report 1" (/1.txt) is damaged: it is not what was stored; remove it and add it again'


def test_any_byte_that_changes_in_a_text_is_found_and_its_document_named(stored: Library) -> None:
    chance = random.Random(15)
    data = stored.database.read_bytes()
    with closing(sqlite3.connect(stored.database)) as connection:
        ((text,),) = connection.execute("SELECT CAST(text AS BLOB) FROM documents WHERE source = '/1.txt'").fetchall()
    assert data.count(text) == 1
    begin = data.index(text)
    for _ in range(40):
        place = begin + chance.randrange(len(text))
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        stored.database.write_bytes(changed)
        found = stored.check()
        stored.close()
        assert [problem for problem in found if problem.startswith(DAMAGED)], found
        with pytest.raises(LibraryError, match=r"damaged") as caught:
            stored.document(document_id("/1.txt"))
        assert "\n" not in str(caught.value)
        stored.close()
    stored.database.write_bytes(data)
    assert stored.check() == []
    assert stored.document(document_id("/1.txt")).title == "Report 1"


@pytest.mark.parametrize(
    ("change", "opens"),
    [
        ("UPDATE documents SET title = 'Report 1', publisher = 'x' WHERE source = '/1.txt'", False),
        ("UPDATE documents SET pages = '[1' WHERE source = '/1.txt'", False),
        ("UPDATE documents SET language = 'zh' WHERE source = '/1.txt'", False),
        ("UPDATE edits SET start = start + 1 WHERE document_id = :id AND number = 0", False),
        ("UPDATE edits SET removed = removed || 'x' WHERE document_id = :id AND number = 0", False),
        ("DELETE FROM edits WHERE document_id = :id AND number = 0", False),
        ("UPDATE chunks SET start = start + 1 WHERE id = :id || '-1'", True),
        ("UPDATE chunks SET end = end - 1 WHERE id = :id || '-1'", True),
        ("UPDATE chunks SET section = 'x' WHERE id = :id || '-1'", True),
        ("UPDATE chunks SET vector = zeroblob(128) WHERE id = :id || '-1'", True),
        ("DELETE FROM chunks WHERE id = :id || '-1'", True),
    ],
)
def test_what_else_is_stored_of_a_document_is_checked_too(stored: Library, change: str, opens: bool) -> None:
    with closing(sqlite3.connect(stored.database)) as connection:
        assert connection.execute(change, {"id": document_id("/1.txt")} if ":id" in change else {}).rowcount == 1
        connection.commit()
    assert any(problem.startswith(DAMAGED) for problem in stored.check())
    assert not any(DAMAGED in problem for problem in stored.check(contents=False))
    if opens:
        stored.document(document_id("/1.txt"))
    else:
        with pytest.raises(LibraryError, match=r"Report 1.* is damaged"):
            stored.document(document_id("/1.txt"))


def test_whatever_is_done_to_a_library_its_checksums_fit(stored: Library, opened, quick_path: Path) -> None:
    stored.add_documents([Document(document_id("/1.txt"), "Report 1", "/1.txt", "Another text. " + TEXT)])
    assert stored.check() == []
    stored.collect("some", [document_id("/1.txt")])
    stored.remove("/2.txt")
    assert stored.check() == []
    transfer.export(stored, quick_path / "one.yinju")
    transfer.import_from(opened("other"), quick_path / "one.yinju")
    assert opened("other").check() == []
    stored.close()
    other = Library(stored.path, HashingEncoder(salt="2"), 24)
    other.reindex()
    assert other.check() == []
    other.close()


def test_a_damaged_document_is_removed_and_added_again(stored: Library) -> None:
    document = stored.document(document_id("/1.txt"))
    with closing(sqlite3.connect(stored.database)) as connection:
        connection.execute("UPDATE documents SET text = replace(text, 'May', 'Mai') WHERE source = '/1.txt'")
        connection.commit()
    assert any(problem.startswith(DAMAGED) for problem in stored.check())
    stored.remove("/1.txt")
    stored.add_documents([replace(document, edits=())])
    assert stored.check() == []


def test_what_was_damaged_before_it_was_exported_is_not_imported(stored: Library, opened, quick_path: Path) -> None:
    with closing(sqlite3.connect(stored.database)) as connection:
        connection.execute("UPDATE documents SET text = replace(text, 'May', 'Mai') WHERE source = '/1.txt'")
        connection.commit()
    transfer.export(stored, quick_path / "one.yinju")
    results = transfer.import_from(opened("other"), quick_path / "one.yinju")
    assert [result.status for result in results] == ["added", "failed", "added"]
    assert results[1].reason == "/1.txt: the exported document is damaged"


def test_doctor_compares_the_documents_when_it_is_asked_to(
    quick_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rag.cli.doctor, "_models", lambda settings: iter(()))
    monkeypatch.setattr(rag.cli.doctor, "SentenceTransformerEncoder", lambda *names: HashingEncoder())
    with Library(quick_path / "library", HashingEncoder()) as library:
        library.add_documents([Document("1", "Report 1", "/1.txt", TEXT)])

    def doctor(*options: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["yinju", "doctor", "--library", str(quick_path / "library"), *options])
        with pytest.raises(SystemExit) as ended:
            app.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    assert "with their checksums" not in doctor()[1]
    assert "ok    documents: agree with their checksums\n" in doctor("--check")[1]
    with closing(sqlite3.connect(library.database)) as connection:
        connection.execute("UPDATE documents SET text = replace(text, 'May', 'Mai')")
        connection.commit()
    assert doctor()[0] == 0
    code, out = doctor("--check")
    assert code == 1
    assert f"FAIL  library: {DAMAGED}" in out
