"""Libraries that are damaged, full, read-only, or not libraries."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hashing_encoder import HashingEncoder
from refusals import files_no_larger_than, refused
from small_library import LARGE, MORE, TEXTS, assert_answers, fill, sources_with

import rag.library.database
import rag.library.library
import rag.library.schema
import rag.library.transfer
from rag.library.library import Library
from rag.library.search.lexical_index import LexicalIndex


@pytest.fixture
def tmp_path(quick_path) -> Path:
    return quick_path


@pytest.fixture
def opened(analyzer) -> Iterator[Callable[..., Library]]:
    libraries = []

    def open_library(path: Path, encoder: HashingEncoder | None = None, chunk_tokens: int = 16) -> Library:
        libraries.append(Library(path, encoder or HashingEncoder(), chunk_tokens, analyzer=analyzer))
        return libraries[-1]

    yield open_library
    for library in libraries:
        library.close()


@pytest.fixture
def folder(tmp_path, opened) -> Path:
    """The folder of a library that contains `TEXTS` and is not open."""
    with opened(tmp_path / "library") as library:
        fill(library)
    return tmp_path / "library"


# -- the derived files ------------------------------------------------------------------------------------------------


def lexical(folder: Path, pattern: str) -> Path:
    return next((folder / "lexical").glob(pattern))


def overwrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    data = change(path.read_bytes())
    path.unlink()
    path.write_bytes(data)


def restamp(folder: Path, **changes: object) -> None:
    stamp = json.loads((folder / "indexes.json").read_text()) | changes
    (folder / "indexes.json").write_text(json.dumps(stamp))


def garbage(data: bytes) -> bytes:
    return bytes(byte ^ 0x5A for byte in data)


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "vectors deleted": lambda f: (f / "vectors.faiss").unlink(),
    "vectors cut short": lambda f: overwrite(f / "vectors.faiss", half),
    "vectors empty": lambda f: overwrite(f / "vectors.faiss", lambda _: b""),
    "vectors garbage": lambda f: overwrite(f / "vectors.faiss", garbage),
    "one bit of a vector": lambda f: overwrite(
        f / "vectors.faiss", lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:]
    ),
    "vectors a folder": lambda f: ((f / "vectors.faiss").unlink(), (f / "vectors.faiss" / "inside").mkdir(parents=True)),
    "terms deleted": lambda f: shutil.rmtree(f / "lexical"),
    "terms a file": lambda f: (shutil.rmtree(f / "lexical"), (f / "lexical").write_text("no folder")),
    "terms an empty folder": lambda f: (shutil.rmtree(f / "lexical"), (f / "lexical").mkdir()),
    "terms without meta": lambda f: (f / "lexical" / "meta.json").unlink(),
    "meta garbage": lambda f: overwrite(f / "lexical" / "meta.json", garbage),
    "segment deleted": lambda f: lexical(f, "*.idx").unlink(),
    "segment cut short": lambda f: overwrite(lexical(f, "*.term"), half),
    "segment garbage": lambda f: overwrite(lexical(f, "*.idx"), garbage),
    "fast field garbage": lambda f: overwrite(lexical(f, "*.fast"), garbage),
    "stamp deleted": lambda f: (f / "indexes.json").unlink(),
    "stamp empty": lambda f: (f / "indexes.json").write_text(""),
    "stamp garbage": lambda f: (f / "indexes.json").write_bytes(b"\xff\xfe{]"),
    "stamp of another kind": lambda f: (f / "indexes.json").write_text("[1, 2]"),
    "stamp null": lambda f: (f / "indexes.json").write_text("null"),
    "stamp empty object": lambda f: (f / "indexes.json").write_text("{}"),
    "stamp of the past": lambda f: restamp(f, revision=1),
    "stamp of the future": lambda f: restamp(f, revision=99),
    "stamp of another analyzer": lambda f: restamp(f, analyzer="0"),
    "stamp of another encoder": lambda f: restamp(f, encoder="other"),
    "everything deleted": lambda f: (
        [(f / name).unlink() for name in ("vectors.faiss", "indexes.json")] + [shutil.rmtree(f / "lexical")]
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_indexes_are_rebuilt_without_the_model(folder, opened, damage) -> None:
    DAMAGES[damage](folder)
    library = opened(folder, HashingEncoder(fails_at=1))
    assert_answers(library)
    # It is mended on disk: who opens it next need not do it again.
    stamp = (folder / "indexes.json").read_bytes()
    assert_answers(opened(folder, HashingEncoder(fails_at=1)))
    assert (folder / "indexes.json").read_bytes() == stamp
    library.encoder.fails_at = 1000
    fill(library, MORE)
    assert_answers(library, TEXTS | MORE)
    assert_answers(opened(folder), TEXTS | MORE)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_while_a_library_is_open_does_not_come_to_stay(folder, opened, damage) -> None:
    library = opened(folder)
    assert_answers(library)
    DAMAGES[damage](folder)
    assert_answers(library)
    fill(library, MORE)
    assert_answers(library, TEXTS | MORE)
    assert_answers(opened(folder), TEXTS | MORE)


def test_a_segment_that_is_overwritten_while_it_is_open_is_rebuilt(folder, opened) -> None:
    library = opened(folder, HashingEncoder(fails_at=1))
    assert_answers(library)
    for file in (folder / "lexical").glob("*.*"):
        data = garbage(file.read_bytes())
        with file.open("r+b") as opened_file:
            opened_file.write(data)
    assert sources_with(library, "alphaword") == {"/a.txt"}
    assert library.coverage(["alphaword"], [1, 2, 3])
    assert_answers(library)
    library.remove("/a.txt")
    assert_answers(library, {"/b.txt": TEXTS["/b.txt"]})
    assert_answers(opened(folder), {"/b.txt": TEXTS["/b.txt"]})


@pytest.mark.parametrize(
    "names",
    [
        ["vectors.faiss"],
        ["lexical"],
        ["indexes.json"],
        ["vectors.faiss", "lexical"],
        ["vectors.faiss", "lexical", "indexes.json"],
    ],
)
def test_indexes_of_another_library_are_not_taken(folder, opened, tmp_path, names) -> None:
    other = tmp_path / "other"
    with opened(other) as library:
        fill(
            library,
            {
                "/x.txt": TEXTS["/a.txt"].replace("alphaword", "omegaword"),
                "/y.txt": TEXTS["/b.txt"].replace("betaword", "omegaword"),
            },
        )
    for name in names:
        (folder / name).rename(tmp_path / "aside")
        (other / name).rename(folder / name)
        (tmp_path / "aside").rename(other / name)
    library = opened(folder, HashingEncoder(fails_at=1))
    assert_answers(library)
    assert sources_with(library, "omegaword") == set()
    assert sources_with(opened(other, HashingEncoder(fails_at=1)), "omegaword") == {"/x.txt", "/y.txt"}


def test_indexes_that_stand_behind_are_caught_up(folder, opened, tmp_path) -> None:
    shutil.copytree(folder, tmp_path / "before")
    with opened(folder) as library:
        fill(library, MORE)
        library.remove("/a.txt")
    for name in ("vectors.faiss", "lexical", "indexes.json"):
        shutil.move(folder / name, tmp_path / "gone")
        shutil.rmtree(tmp_path / "gone") if (tmp_path / "gone").is_dir() else (tmp_path / "gone").unlink()
        shutil.move(tmp_path / "before" / name, folder / name)
    assert_answers(opened(folder, HashingEncoder(fails_at=1)), {"/b.txt": TEXTS["/b.txt"]} | MORE)


def test_check_tells_what_an_index_lacks(folder, opened) -> None:
    with opened(folder) as library:
        assert library.check() == []
        terms = LexicalIndex(folder / "lexical")
        chunks = len(terms)
        terms.update(remove=terms.rows()[:1])
        (folder / "indexes.json").write_text(json.dumps(library._indexes._files.stamp_of(library._indexes._revision)))
    assert opened(folder).check() == [
        f"the {name} index contains {chunks - 1} of {chunks} chunks" for name in ("vector", "lexical")
    ]


# -- SQLite -----------------------------------------------------------------------------------------------------------


def other_database(path: Path, *statements: str) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


FOREIGN: dict[str, Callable[[Path], object]] = {
    "garbage": lambda path: path.write_bytes(os.urandom(5000)),
    "text": lambda path: path.write_text("not a database " * 500),
    "empty": lambda path: path.write_bytes(b""),
    "header only": lambda path: overwrite(path, lambda data: data[:100]),
    "first page garbage": lambda path: overwrite(path, lambda data: data[:100] + garbage(data[100:4096]) + data[4096:]),
    "another application": lambda path: other_database(path, "CREATE TABLE songs (title TEXT)", "INSERT INTO songs VALUES ('x')"),
    "another application's meta": lambda path: other_database(
        path, "CREATE TABLE meta (name TEXT)", "INSERT INTO meta VALUES ('x')"
    ),
    "an empty meta": lambda path: other_database(path, "CREATE TABLE meta (key TEXT, value TEXT)"),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_library_is_refused_and_left_alone(folder, opened, kind) -> None:
    path = folder / "library.sqlite3"
    FOREIGN[kind](path)
    before = path.read_bytes() if path.is_file() else None
    with refused(str(folder)):
        opened(folder)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert not list(folder.glob("library.sqlite3-*"))


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_a_database_that_was_cut_short_is_reported(folder, opened, keep) -> None:
    with opened(folder) as library:
        fill(library, {f"/{number}.txt": TEXTS["/a.txt"].replace("alphaword", f"word{number}") * 20 for number in range(5)})
    path = folder / "library.sqlite3"
    overwrite(path, lambda data: data[: int(len(data) * keep)])
    with refused("damaged", "copy"):
        library = opened(folder)
        assert library.check()
        library.documents()
        for summary in library.documents():
            library.document(summary.id)
        library.search_vectors(library.encoder.encode_query(["forest"])[0], 10)
        library.results(range(1000))
        fill(library, MORE)


def test_damage_inside_the_database_is_found_by_check(folder, opened) -> None:
    path = folder / "library.sqlite3"
    data = path.read_bytes()
    size = 4096
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'chunks_by_document'").fetchone()
    path.write_bytes(data[: (page - 1) * size] + garbage(data[(page - 1) * size : page * size]) + data[page * size :])
    library = opened(folder)
    assert library.check()
    assert all("\n" not in problem for problem in library.check())


def test_text_that_is_none_is_reported(folder, opened) -> None:
    with closing(sqlite3.connect(folder / "library.sqlite3")) as connection:
        connection.execute("UPDATE documents SET title = CAST(x'ff' AS TEXT)")
        connection.commit()
    with refused(str(folder), "decode"):
        opened(folder).documents()


def test_a_message_of_sqlite_that_is_not_utf_8_is_reported(folder, opened, tmp_path) -> None:
    with closing(sqlite3.connect(folder / "library.sqlite3")) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET name = CAST(x'ff' AS TEXT), sql = 'x' WHERE name = 'bands'")
        connection.commit()
    with refused(str(folder / "library.sqlite3"), "damaged", "decoded as UTF-8"):
        opened(folder).documents()
    with refused("library.sqlite3", "damaged"):
        rag.library.transfer.import_from(opened(tmp_path / "other"), folder / "library.sqlite3")
    with refused("damaged"):
        rag.library.transfer.export(opened(folder), tmp_path / "one.yinju")


@pytest.mark.parametrize("version", ["7", "1", "x'31'", "'²'", "NULL"])
def test_a_version_of_any_type_is_refused(folder, opened, version) -> None:
    other_database(folder / "library.sqlite3", "CREATE TABLE meta (key, value)", f"INSERT INTO meta VALUES ('schema', {version})")
    with refused("has schema none"):
        opened(folder)


def test_a_database_that_another_application_holds_is_reported(folder, opened, monkeypatch) -> None:
    monkeypatch.setattr(rag.library.database, "WAIT_SECONDS", 0.2)
    library = opened(folder)
    with closing(sqlite3.connect(folder / "library.sqlite3", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with refused("another process is writing"):
            fill(library, MORE)
        assert_answers(library)
    fill(library, MORE)
    assert_answers(library, TEXTS | MORE)


@pytest.mark.parametrize("version", [str(rag.library.schema.VERSION + 1), "99", ""])
def test_another_schema_is_refused_and_left_alone(folder, opened, version) -> None:
    with closing(sqlite3.connect(folder / "library.sqlite3")) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
        connection.commit()
    before = (folder / "library.sqlite3").read_bytes()
    with refused(f"schema {version or 'none'}", "this version", "new library"):
        opened(folder)
    assert (folder / "library.sqlite3").read_bytes() == before


def test_a_journal_that_was_left_behind_is_not_taken_for_a_new_librarys(tmp_path, opened) -> None:
    path = tmp_path / "library"
    library = opened(path)
    fill(library)
    journal = (path / "library.sqlite3-wal").read_bytes()
    library.close()
    shutil.rmtree(path)
    path.mkdir()
    (path / "library.sqlite3-wal").write_bytes(journal)
    assert len(opened(path)) == 0
    library = opened(path)
    fill(library, MORE)
    assert_answers(library, MORE)


def test_other_files_in_the_folder_are_left_alone(tmp_path, opened) -> None:
    path = tmp_path / "library"
    path.mkdir()
    for name in ("library.sqlite3-backup", "notes.txt"):
        (path / name).write_text("mine")
    fill(opened(path))
    assert_answers(opened(path))
    assert [(path / name).read_text() for name in ("library.sqlite3-backup", "notes.txt")] == ["mine", "mine"]


# -- a full disk ------------------------------------------------------------------------------------------------------


def test_a_full_database_loses_nothing(folder, opened) -> None:
    library = opened(folder)
    assert_answers(library)
    connection = library._database.require()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 1}")
    with refused("full", "free some space"):
        fill(library, LARGE)
    assert_answers(library)
    with refused("full"):
        fill(library, {"/a.txt": LARGE["/large.txt"]})
    assert_answers(library)
    connection.execute(f"PRAGMA max_page_count = {pages + 1000}")
    fill(library, LARGE | MORE)
    assert_answers(library, TEXTS | LARGE | MORE)


def test_a_disk_that_takes_no_more_loses_nothing(folder, opened) -> None:
    library = opened(folder)
    assert_answers(library)
    with files_no_larger_than(50_000):
        with refused("full", "free some space"):
            fill(library, LARGE)
        assert_answers(library)
        library.remove("/a.txt")
        assert_answers(library, {"/b.txt": TEXTS["/b.txt"]})
    assert_answers(opened(folder), {"/b.txt": TEXTS["/b.txt"]})
    fill(library, LARGE)
    assert_answers(library, {"/b.txt": TEXTS["/b.txt"]} | LARGE)


def test_a_library_cannot_be_made_on_a_full_disk(tmp_path, opened) -> None:
    library = opened(tmp_path / "library")
    with files_no_larger_than(10_000), refused("full"):
        fill(library)
    assert len(library) == 0
    fill(library)
    assert_answers(library)


@pytest.mark.parametrize("fails", ["vectors.faiss.partial", "indexes.partial", "lexical/.managed.json"])
def test_failing_to_save_the_indexes_loses_nothing(folder, opened, fails, caplog) -> None:
    library = opened(folder)
    assert_answers(library)
    # A folder in the place of the file that would be written.
    if (folder / fails).exists():
        shutil.copy(folder / fails, folder / "aside")
        (folder / fails).unlink()
    (folder / fails).mkdir()
    fill(library, MORE)
    assert_answers(library, TEXTS | MORE)
    library.remove("/a.txt")
    assert_answers(library, {"/b.txt": TEXTS["/b.txt"]} | MORE)
    assert "the documents are safe" in caplog.text
    assert_answers(opened(folder), {"/b.txt": TEXTS["/b.txt"]} | MORE)
    if (folder / fails).is_dir():
        (folder / fails).rmdir()
    assert_answers(opened(folder, HashingEncoder(fails_at=1)), {"/b.txt": TEXTS["/b.txt"]} | MORE)
    assert (folder / "indexes.json").exists()


def test_indexes_that_are_too_large_for_the_disk_are_kept_in_memory(folder, opened) -> None:
    with opened(folder) as library:
        fill(library, LARGE)
    for name in ("vectors.faiss", "indexes.json"):
        (folder / name).unlink()
    shutil.rmtree(folder / "lexical")
    library = opened(folder, HashingEncoder(fails_at=1))
    with files_no_larger_than(9000):
        assert_answers(library, TEXTS | LARGE)
    assert_answers(opened(folder, HashingEncoder(fails_at=1)), TEXTS | LARGE)


FULL_DISK = """
import os, sys
sys.path[:0] = {path!r}
from hashing_encoder import HashingEncoder
from rag.errors import LibraryError
from small_library import *

library = Library({folder!r}, HashingEncoder(), 16)
fill(library)
added = 0
try:
    for added in range(1000):
        fill(library, {{f"/{{added}}.txt": f"word{{added}} " + LARGE["/large.txt"]}})
except LibraryError as error:
    message = str(error)
assert "full" in message and "\\n" not in message, message
assert len(library) == 2 + added, (len(library), added)
expected = TEXTS | {{f"/{{i}}.txt": f"word{{i}} " + LARGE["/large.txt"] for i in range(added)}}
assert_answers(library, expected)
library.close()
library = Library({folder!r}, HashingEncoder(fails_at=1), 16)
assert_answers(library, expected)
os.unlink({filler!r})
library.encoder.fails_at = 1000
fill(library, MORE)
assert_answers(library, expected | MORE)
library.remove("/c.txt")
library.close()
assert_answers(Library({folder!r}, HashingEncoder(fails_at=1), 16), expected)
print("added", added)
"""


def in_a_namespace(commands: str) -> subprocess.CompletedProcess[str]:
    """Runs shell commands that may mount file systems, which nobody else sees; skips where that is not allowed."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system takes root and unshare")
    return subprocess.run(["unshare", "-m", "sh", "-ec", commands], capture_output=True, text=True, timeout=600, check=False)


def test_a_disk_that_fills_up(tmp_path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = FULL_DISK.format(path=[p for p in sys.path if p], folder=str(disk / "library"), filler=str(disk / "filler"))
    (tmp_path / "script.py").write_text(script)
    result = in_a_namespace(
        f"mount -t tmpfs -o size=8m tmpfs '{disk}'\nhead -c 6000000 /dev/zero > '{disk}/filler'\n"
        f"'{sys.executable}' '{tmp_path}/script.py'"
    )
    assert result.returncode == 0, result.stderr
    assert int(result.stdout.split()[-1]) >= 1


# -- folders that cannot be read or written ---------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["/proc/yinju/library", "/proc/library", "{file}", "{file}/library", "/dev/null/library"])
def test_a_folder_that_cannot_be_made(tmp_path, opened, place) -> None:
    (tmp_path / "file").write_text("a file")
    library = opened(Path(place.format(file=tmp_path / "file")))
    assert (len(library), library.documents(), library.check()) == (0, [], [])
    with refused("library folder", str(library.path), "--library"):
        fill(library)
    assert (tmp_path / "file").read_text() == "a file"


def test_a_name_that_is_too_long(tmp_path, opened) -> None:
    with refused("too long"):
        opened(tmp_path / ("x" * 300))


def read_as_nobody(path: Path, line) -> None:
    """Answers from a library as one who may only read it, for every set of texts that comes through the line."""
    try:
        with tempfile.TemporaryDirectory() as elsewhere, Library(Path(elsewhere), HashingEncoder(), 16) as library:
            fill(library)
            assert_answers(library)  # imports what is imported on first use
            analyzer = library.analyzer
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        line.send("ready")
        library = Library(path, HashingEncoder(fails_at=1), 16, analyzer=analyzer)
        while expected := line.recv():
            assert_answers(library, expected)
            for change in (lambda: fill(library, MORE), lambda: library.remove(next(iter(expected)))):
                library.encoder.fails_at = 1000
                with refused("--library"):
                    change()
                library.encoder.fails_at = 1
            assert_answers(library, expected)
            line.send("as expected")
    except BaseException as error:
        line.send(f"{type(error).__name__}: {error}")


@pytest.fixture
def reader(processes):
    """Starts a process that may only read a library, and returns what to ask it with."""
    started = []

    def start(path: Path) -> Callable[[dict[str, str]], str]:
        line, other = processes.Pipe()
        started.append((processes.Process(target=read_as_nobody, args=(path, other)), line))
        started[-1][0].start()
        assert line.recv() == "ready"

        def ask(expected: dict[str, str]) -> str:
            line.send(expected)
            return str(line.recv())

        return ask

    yield start
    for process, line in started:
        line.send({})
        process.join()


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that others may enter, other than pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder) / "library"


def make_read_only(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.mark.parametrize("indexes", ["whole", "deleted"])
def test_a_read_only_library_answers(opened, shared, reader, indexes) -> None:
    with opened(shared) as library:
        fill(library)
    if indexes == "deleted":
        (shared / "indexes.json").unlink()
    before = {path: path.read_bytes() for path in shared.rglob("*") if path.is_file()}
    make_read_only(shared)
    assert reader(shared)(TEXTS) == "as expected"
    assert {path: path.read_bytes() for path in shared.rglob("*") if path.is_file()} == before


def test_a_read_only_library_answers_from_its_journal_too(opened, tmp_path, shared, reader) -> None:
    library = opened(tmp_path / "library")
    fill(library)
    shutil.copytree(tmp_path / "library", shared)
    assert (shared / "library.sqlite3-wal").stat().st_size
    make_read_only(shared)
    assert reader(shared)(TEXTS) == "as expected"


def test_what_the_owner_changes_is_seen_by_who_may_only_read(opened, shared, reader) -> None:
    if os.getuid():
        pytest.skip("takes root, to be two users")
    with opened(shared) as library:
        fill(library)
    make_read_only(shared)
    ask = reader(shared)
    assert ask(TEXTS) == "as expected"
    library = opened(shared)
    fill(library, MORE)
    library.remove("/a.txt")
    library.close()
    make_read_only(shared)
    assert ask({"/b.txt": TEXTS["/b.txt"]} | MORE) == "as expected"


READ_ONLY_DISK = """
import sys
sys.path[:0] = {path!r}
from hashing_encoder import HashingEncoder
from refusals import refused
from small_library import *

with Library({folder!r}, HashingEncoder(fails_at=1), 16) as library:
    assert_answers(library)
    library.encoder.fails_at = 1000
    with refused("Read-only file system", "--library"):
        fill(library, MORE)
    with refused("Read-only file system", "--library"):
        library.reindex()
    assert_answers(library)
with refused("Read-only file system", "--library"):
    fill(Library({folder!r} + "/another", HashingEncoder(), 16))
"""


def test_a_library_on_a_read_only_disk_answers(folder, tmp_path) -> None:
    (tmp_path / "script.py").write_text(READ_ONLY_DISK.format(path=[p for p in sys.path if p], folder=str(folder)))
    result = in_a_namespace(
        f"mount --bind '{folder}' '{folder}'\nmount -o remount,ro,bind '{folder}'\n'{sys.executable}' '{tmp_path}/script.py'"
    )
    assert result.returncode == 0, result.stderr


def test_a_folder_that_may_not_be_entered(opened, shared, processes) -> None:
    with opened(shared) as library:
        fill(library)
    shared.chmod(0o000)
    line, other = processes.Pipe()
    process = processes.Process(target=read_as_nobody, args=(shared, other))
    process.start()
    process.join()
    shared.chmod(0o755)
    assert line.recv() == "ready"
    message = line.recv()
    assert message.startswith("LibraryError: ")
    assert "Permission denied" in message
    assert "--library" in message
