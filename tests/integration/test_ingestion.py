"""Adding much: files that have not changed, near-duplicates, collections, older libraries, export and import, watching."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hashing_encoder import HashingEncoder

from rag.documents import loaders
from rag.documents.cleaning import restore
from rag.documents.loaders import document_id
from rag.documents.sandbox import Parser
from rag.errors import CollectionNotFoundError, LibraryError, LoadError
from rag.library import near_duplicates, schema, transfer, watching
from rag.library.library import Library
from rag.types import Document

ARTICLE = (
    "The lake council of the northern valley voted on Tuesday to close the old quarry by 2031 and to plant forty thousand "
    "alders along its shore. Farmers who graze cattle on the southern bank will be paid for the fields that are given back to "
    "the water. The council expects cranes and otters to return within ten years, and has set aside nine million crowns for "
    "paths, hides and a small museum in the former engine house. Two members voted against the plan, since the road to the "
    "mill would be closed in winter.\n"
)
OTHER = "The bakery in the harbour street has sold rye bread since 1911.\n"


@pytest.fixture
def tmp_path(quick_path) -> Path:
    return quick_path


@pytest.fixture
def open_library(tmp_path, analyzer) -> Iterator:
    libraries: list[Library] = []

    def open_library(name: str = "library", encoder: HashingEncoder | None = None) -> Library:
        libraries.append(Library(tmp_path / name, encoder or HashingEncoder(), 32, analyzer=analyzer))
        return libraries[-1]

    yield open_library
    for library in libraries:
        library.close()


@pytest.fixture
def library(open_library) -> Library:
    return open_library()


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "lake.txt").write_text(ARTICLE)
    (tmp_path / "folder" / "bakery.txt").write_text(OTHER)
    return tmp_path / "folder"


def document_of(source: str, text: str, published: str = "", publisher: str = "") -> Document:
    return Document(document_id(source), Path(source).stem, source, text, published=published, publisher=publisher)


def statuses(results) -> list[str]:
    return [result.status for result in results]


def texts(library: Library) -> dict[str, str]:
    return {summary.source: restore(library.document(summary.id)) for summary in library.documents()}


# -- files that have not changed --------------------------------------------------------------------------------------


class Reads:
    """Counts the files that are read by name."""

    def __init__(self, monkeypatch) -> None:
        self.names: list[str] = []
        load = Parser.load

        def counted(parser: Parser, path: Path, *rest, **options):
            self.names.append(path.name)
            return load(parser, path, *rest, **options)

        monkeypatch.setattr(Parser, "load", counted)

    def taken(self) -> list[str]:
        names, self.names = self.names, []
        return names


@pytest.fixture
def reads(monkeypatch) -> Reads:
    return Reads(monkeypatch)


def test_a_file_that_has_not_changed_is_not_read_again(library, folder, reads) -> None:
    assert statuses(library.add([folder])) == ["added", "added"]
    assert reads.taken() == ["bakery.txt", "lake.txt"]
    assert statuses(library.add([folder])) == ["unchanged", "unchanged"]
    assert reads.taken() == []
    (folder / "lake.txt").write_text(ARTICLE.replace("2031", "2032"))
    assert statuses(library.add([folder])) == ["unchanged", "replaced"]
    assert reads.taken() == ["lake.txt"]
    assert "2032" in texts(library)[str(folder / "lake.txt")]


def test_a_file_whose_document_was_removed_is_read_again(library, folder, reads) -> None:
    library.add([folder])
    reads.taken()
    library.remove("lake.txt")
    assert statuses(library.add([folder])) == ["unchanged", "added"]
    assert reads.taken() == ["lake.txt"]


def test_a_copy_of_a_file_comes_in_when_the_first_is_removed(library, folder) -> None:
    shutil.copy(folder / "lake.txt", folder / "zz.txt")
    assert statuses(library.add([folder])) == ["added", "added", "unchanged"]
    library.remove("lake.txt")
    (folder / "lake.txt").unlink()
    assert statuses(library.add([folder])) == ["unchanged", "added"]
    assert texts(library) == {str(folder / "bakery.txt"): OTHER, str(folder / "zz.txt"): ARTICLE}


def test_two_files_that_change_places_are_both_kept(library, folder) -> None:
    library.add([folder])
    (folder / "lake.txt").write_text(OTHER)
    (folder / "bakery.txt").write_text(ARTICLE)
    library.add([folder])
    assert texts(library) == {str(folder / "lake.txt"): OTHER, str(folder / "bakery.txt"): ARTICLE}


def test_a_file_that_failed_is_tried_again(library, folder, reads) -> None:
    (folder / "empty.txt").write_text("")
    assert statuses(library.add([folder])) == ["added", "failed", "added"]
    reads.taken()
    assert statuses(library.add([folder])) == ["unchanged", "failed", "unchanged"]
    assert reads.taken() == ["empty.txt"]


def test_a_run_that_broke_off_is_gone_on_with(open_library, folder, monkeypatch) -> None:
    monkeypatch.setattr("rag.library.ingestion.pending._MAX_CHUNKS", 1)
    library = open_library(encoder=HashingEncoder(fails_at=2))
    with pytest.raises(RuntimeError):
        library.add([folder])
    assert texts(library) == {str(folder / "bakery.txt"): OTHER}
    library.encoder.calls, library.encoder.fails_at = 0, 100
    assert statuses(library.add([folder])) == ["unchanged", "added"]
    assert library.encoder.calls == 1


def test_the_indexes_are_saved_on_the_way(library, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("rag.library.ingestion.pending._MAX_CHUNKS", 1)
    monkeypatch.setattr("rag.library.ingestion.run._INDEXED_AFTER", 4)
    saved: list[int] = []
    save = library._indexes.save
    monkeypatch.setattr(library._indexes, "save", lambda: (saved.append(len(library)), save()))
    library.add_documents([document_of(f"/{number}.txt", f"Lake {number} is deep.\n") for number in range(9)])
    assert saved == [4, 8, 9]


class BreaksOff:
    """A parser whose child dies in the middle of a file of lines."""

    def __init__(self, after: int) -> None:
        self.after = after

    def load(self, path: Path, max_bytes: int, source: str = "", max_characters: int = 0) -> Iterator:
        for number, document in enumerate(loaders.load(path, max_bytes, source)):
            if number == self.after:
                raise LoadError(f"{path}: reading took too long and was stopped")
            yield document


def test_what_a_file_held_stays_when_reading_it_anew_breaks_off(tmp_path, analyzer) -> None:
    """Without the end of a file, it is not known which documents it no longer contains."""
    lines = tmp_path / "lines.jsonl"
    lines.write_text("".join(f'{{"text": "Lake {number} is deep."}}\n' for number in range(4)))
    with Library(tmp_path / "library", HashingEncoder(), 32, analyzer=analyzer) as library:
        library.add([lines])
        before = texts(library)
    lines.write_text("".join(f'{{"text": "Lake {number} is deeper."}}\n' for number in range(4)))
    with Library(tmp_path / "library", HashingEncoder(), 32, analyzer=analyzer, parser=BreaksOff(after=2)) as library:
        assert statuses(library.add([lines])) == ["replaced", "replaced", "failed"]
        after = {f"{lines}#{number}": f"Lake {number - 1} is deeper." for number in (1, 2)}
        assert texts(library) == before | after
    with Library(tmp_path / "library", HashingEncoder(), 32, analyzer=analyzer) as library:
        assert statuses(library.add([lines])) == ["unchanged", "unchanged", "replaced", "replaced"]


# -- near-duplicates --------------------------------------------------------------------------------------------------


def test_resemblance_is_the_share_of_common_runs() -> None:
    one, other = near_duplicates.shingles("a b c d e f"), near_duplicates.shingles("A, b; c. d e g")
    assert (len(one), len(other)) == (3, 3)
    assert near_duplicates.resemblance(one, other) == pytest.approx(2 / 4)
    assert near_duplicates.resemblance(one, one) == 1
    assert len(near_duplicates.shingles("长江十年禁渔")) == 3
    assert near_duplicates.bands(one) == []


def test_texts_that_resemble_each_other_share_a_band_as_often_as_the_method_says() -> None:
    chance = np.random.default_rng(1)
    found = {0.3: 0, 0.8: 0}
    for share in found:
        for _ in range(200):
            common = int(1000 * 2 * share / (1 + share))
            drawn = chance.integers(0, 2**63, 2 * 1000 - common, dtype=np.uint64)
            one, other = np.unique(drawn[:1000]), np.unique(drawn[1000 - common :])
            found[share] += bool(set(near_duplicates.bands(one)) & set(near_duplicates.bands(other)))
    assert found[0.8] >= 185
    assert found[0.3] <= 15


def test_one_article_on_two_sites_is_linked(library) -> None:
    library.add_documents(
        [
            document_of("/site-a/lake.txt", ARTICLE),
            document_of("/bakery.txt", OTHER),
            document_of("/site-b/quarry.txt", "From our correspondent.\n\n" + ARTICLE.replace("Two members", "Three members")),
        ]
    )
    clusters = {summary.source: summary.cluster for summary in library.documents()}
    assert clusters["/site-a/lake.txt"] == clusters["/site-b/quarry.txt"] == document_id("/site-a/lake.txt")
    assert clusters["/bakery.txt"] == ""
    assert library.document(document_id("/site-a/lake.txt")).copies == ("/site-b/quarry.txt",)
    library.remove("/site-a/lake.txt")
    assert library.document(document_id("/site-b/quarry.txt")).copies == ()


# -- collections and filters ------------------------------------------------------------------------------------------


@pytest.fixture
def stocked(library) -> Library:
    library.add_documents([document_of("/north/lake.txt", ARTICLE, "2021-10-08", "Valley News")], collection="north")
    library.add_documents([document_of("/bakery.txt", OTHER, "2022-01-02")], collection="harbour")
    library.add_documents([document_of("/湖.txt", "青湖基金成立于2003年，由三个村庄出资。", "2021-12-31", "新华社")])
    return library


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        ({}, ["/north/lake.txt", "/bakery.txt", "/湖.txt"]),
        ({"collections": ["north"]}, ["/north/lake.txt"]),
        ({"collections": ["harbour", "north"]}, ["/north/lake.txt", "/bakery.txt"]),
        ({"language": "zh"}, ["/湖.txt"]),
        ({"since": "2021-12"}, ["/bakery.txt", "/湖.txt"]),
        ({"until": "2021"}, ["/north/lake.txt", "/湖.txt"]),
        ({"since": "2021-10-08", "until": "2021-10-08"}, ["/north/lake.txt"]),
        ({"source": "NORTH/"}, ["/north/lake.txt"]),
        ({"source": "新华"}, ["/湖.txt"]),
        ({"language": "en", "until": "2021", "collections": ["harbour"]}, []),
    ],
)
def test_documents_are_chosen_by_what_is_known_of_them(stocked, chosen, found) -> None:
    names = {summary.id: summary.source for summary in stocked.documents()}
    assert [names[document_id] for document_id in stocked.select(**chosen)] == found


def test_collections_hold_documents_until_they_are_dropped(stocked, folder) -> None:
    stocked.add([folder], collection="  two   words ")
    assert stocked.collections() == {"harbour": 1, "north": 1, "two words": 2}
    stocked.rename_collection("two words", "north")
    assert stocked.collections() == {"harbour": 1, "north": 2}
    stocked.uncollect("harbour")
    assert stocked.collections() == {"north": 2}
    stocked.remove("/north/lake.txt")
    assert stocked.collections() == {"north": 1}
    assert len(stocked) == 2


def test_another_version_of_a_document_stays_in_its_collections(stocked) -> None:
    stocked.add_document(document_of("/north/lake.txt", ARTICLE.replace("2031", "2040")))
    assert stocked.collections() == {"harbour": 1, "north": 1}


def test_what_is_unchanged_is_put_in_the_collection_too(library, folder) -> None:
    library.add([folder])
    library.add([folder], collection="all")
    assert library.collections() == {"all": 2}


def test_a_collection_that_is_not_there_is_named_with_those_that_are(stocked) -> None:
    with pytest.raises(CollectionNotFoundError, match=r'no collection is called "nort"; there are: harbour, north'):
        stocked.select(collections=["nort"])
    with pytest.raises(LibraryError, match="printable characters"):
        stocked.collect("\x07", [])
    with pytest.raises(LibraryError, match='"soon" is not a date'):
        stocked.select(since="soon")


# -- libraries of an older version ------------------------------------------------------------------------------------


def make_old(library: Library) -> None:
    """Takes away all that the tables of version 1 did not have."""
    library.close()
    with closing(sqlite3.connect(library.database)) as connection:
        connection.executescript(
            "DROP TABLE bands; DROP TABLE collections; DROP TABLE file_documents; DROP TABLE files;"
            "DROP INDEX documents_by_cluster; ALTER TABLE documents DROP COLUMN cluster;"
            "ALTER TABLE documents DROP COLUMN checksum; ALTER TABLE documents DROP COLUMN chunks_checksum;"
            "ALTER TABLE documents DROP COLUMN author;"
            "UPDATE meta SET value = '1' WHERE key = 'schema';"
        )


def columns(file: Path) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
        return [(table, *sorted(row[1] for row in connection.execute(f"PRAGMA table_info({table})"))) for table in tables]


def test_an_older_library_is_brought_up_to_date_with_a_copy_beside_it(library, open_library) -> None:
    library.add_documents([document_of("/a/lake.txt", ARTICLE), document_of("/b/lake.txt", ARTICLE + "And so on.\n")])
    new, before = columns(library.database), texts(library)
    make_old(library)
    old = columns(library.database)
    assert old != new
    migrated = open_library()
    assert columns(migrated.database) == new
    assert texts(migrated) == before
    assert migrated.check() == []
    assert len({summary.cluster for summary in migrated.documents()} - {""}) == 1
    assert columns(migrated.path / "library-schema-1.sqlite3") == old


def test_a_library_without_authors_is_brought_up_to_date(library, open_library) -> None:
    library.add_document(document_of("/lake.txt", ARTICLE))
    damaged = library.add_document(document_of("/bakery.txt", "A bakery.\n")).document_id
    library.close()
    with closing(sqlite3.connect(library.database)) as connection:
        connection.execute("UPDATE documents SET publisher = 'x' WHERE id = ?", (damaged,))
        connection.execute("ALTER TABLE documents DROP COLUMN author")
        connection.execute("UPDATE meta SET value = '3' WHERE key = 'schema'")
        connection.commit()
    migrated = open_library()
    assert [summary.author for summary in migrated.documents()] == ["", ""]
    assert [problem for problem in migrated.check() if "lake" in problem] == []
    with pytest.raises(LibraryError, match="is damaged"):
        migrated.document(damaged)


def test_the_author_is_stored(library) -> None:
    stored = library.add_document(Document("1", "The mill", "/mill.txt", ARTICLE, author="Edda\nKroll")).document_id
    assert library.document(stored).author == "Edda Kroll"
    assert [summary.author for summary in library.documents()] == ["Edda Kroll"]
    assert library.check() == []


def test_a_migration_that_fails_leaves_the_old_library(library, open_library, monkeypatch) -> None:
    library.add_document(document_of("/lake.txt", ARTICLE))
    make_old(library)
    old = columns(library.database)

    def fail(connection: sqlite3.Connection, document_id: str, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(near_duplicates, "link", fail)
    with pytest.raises(LibraryError, match="is full"):
        open_library()
    assert columns(library.database) == old
    monkeypatch.undo()
    assert texts(open_library()) == {"/lake.txt": ARTICLE}
    assert schema.VERSION == 4


# -- export and import ------------------------------------------------------------------------------------------------


def stored(library: Library) -> dict[str, tuple[object, ...]]:
    vectors = library._database.select("SELECT document_id, start, end, section, vector FROM chunks ORDER BY row")
    return {
        summary.source: (
            library.document(summary.id),
            summary.collections,
            [chunk for document, *chunk in vectors if document == summary.id],
        )
        for summary in library.documents()
    }


def test_what_is_exported_is_imported_without_encoding_anything(stocked, open_library, tmp_path) -> None:
    assert transfer.export(stocked, tmp_path / "one.yinju") == 3
    other = open_library("other", HashingEncoder(fails_at=1))
    assert statuses(transfer.import_from(other, tmp_path / "one.yinju")) == ["added"] * 3
    assert stored(other) == stored(stocked)
    assert other.check() == []
    assert statuses(transfer.import_from(other, tmp_path / "one.yinju", collection="again")) == ["unchanged"] * 3
    assert other.collections() == {"again": 3, "harbour": 1, "north": 1}


def test_with_another_encoder_the_vectors_are_made_anew(stocked, open_library, tmp_path) -> None:
    transfer.export(stocked, tmp_path / "one.yinju")
    other = open_library("other", HashingEncoder(salt="2"))
    transfer.import_from(other, tmp_path / "one.yinju")
    assert other.encoder.calls > 0
    assert texts(other) == texts(stocked)
    assert other.check() == []


def test_importing_replaces_nothing(stocked, open_library, tmp_path) -> None:
    transfer.export(stocked, tmp_path / "one.yinju")
    other = open_library("other")
    other.add_document(document_of("/bakery.txt", "Another bakery altogether.\n"))
    transfer.import_from(other, tmp_path / "one.yinju")
    found = texts(other)
    assert found.pop("/bakery.txt") == "Another bakery altogether.\n"
    assert sorted(found.values()) == sorted(texts(stocked).values())


@pytest.mark.parametrize("damage", ["truncated", "text", "no library", "a bad place", "a bad language", "missing"])
def test_what_is_no_exported_library_is_refused_and_changes_nothing(stocked, open_library, tmp_path, damage) -> None:
    file = tmp_path / "one.yinju"
    transfer.export(stocked, file)
    other = open_library("other")
    other.add_document(document_of("/kept.txt", OTHER + "And cakes."))
    match damage:
        case "truncated":
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        case "text":
            file.write_text("no library")
        case "missing":
            file.unlink()
        case "no library":
            file.unlink()
            with closing(sqlite3.connect(file)) as connection:
                connection.executescript("CREATE TABLE meta (key, value); INSERT INTO meta VALUES ('schema', '99')")
        case _:
            change = {"a bad place": "pages = '[9999999]'", "a bad language": "language = 'xx'"}[damage]
            with closing(sqlite3.connect(file)) as connection:
                connection.execute(f"UPDATE documents SET {change} WHERE source = '/bakery.txt'")
                connection.commit()
    if damage.startswith("a bad"):
        results = transfer.import_from(other, file)
        assert statuses(results) == ["added", "failed", "added"]
        assert results[1].reason == "/bakery.txt: the exported document is damaged"
        return
    with pytest.raises(LibraryError, match=r"one\.yinju") as caught:
        transfer.import_from(other, file)
    assert "\n" not in str(caught.value)
    assert texts(other) == {"/kept.txt": OTHER + "And cakes."}


def test_a_file_is_not_written_over(stocked, tmp_path) -> None:
    (tmp_path / "one.yinju").write_text("mine")
    with pytest.raises(LibraryError, match="is there already"):
        transfer.export(stocked, tmp_path / "one.yinju")
    assert (tmp_path / "one.yinju").read_text() == "mine"
    with pytest.raises(LibraryError, match="cannot write"):
        transfer.export(stocked, tmp_path / "absent" / "one.yinju")


ENDLESS = "WITH RECURSIVE endless(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM endless)"
FOREIGN = {
    "an endless view": (
        "ALTER TABLE documents RENAME TO other",
        (
            f"CREATE VIEW documents AS {ENDLESS} SELECT 'id' || n AS id, 'a' AS title, 'a' AS source, 'a' AS text, 'en' AS language, "
            "'' AS published, '' AS publisher, '' AS author, '[]' AS pages, n AS rowid FROM endless"
        ),
    ),
    "an endless meta": (
        "DROP TABLE meta",
        f"CREATE VIEW meta AS {ENDLESS} SELECT 'schema' AS key, n AS value FROM endless",
    ),
    "a virtual table": ("CREATE VIRTUAL TABLE words USING fts5(text)",),
    "a trigger": ("CREATE TRIGGER added AFTER INSERT ON documents BEGIN DELETE FROM documents; END",),
    "a computed column": ("ALTER TABLE documents ADD COLUMN size AS (length(text))",),
    "an index on an expression": ("CREATE INDEX by_size ON documents(length(text))",),
    "a table more": ("CREATE TABLE songs (title TEXT)",),
    "a constraint": (
        "DROP TABLE bands",
        "CREATE TABLE bands (value INTEGER NOT NULL CHECK (length(hex(zeroblob(100000000))) > 1), document_id TEXT NOT NULL)",
    ),
    "a view for SQLite's own table": (
        "PRAGMA writable_schema = ON",
        (
            f"UPDATE sqlite_schema SET type = 'view', rootpage = 0, sql = 'CREATE VIEW sqlite_sequence AS {ENDLESS} SELECT n FROM endless' "
            "WHERE name = 'sqlite_sequence'"
        ),
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_export_with_other_tables_than_a_library_is_refused_unread(stocked, open_library, tmp_path, kind) -> None:
    file = tmp_path / "one.yinju"
    transfer.export(stocked, file)
    with closing(sqlite3.connect(file)) as connection:
        for statement in FOREIGN[kind]:
            connection.execute(statement)
        connection.commit()
    # In a process of its own, since it would not end.
    code = (
        "import sys; sys.path.insert(0, sys.argv[3]); from pathlib import Path; from hashing_encoder import HashingEncoder; "
        "from rag.library import transfer; from rag.errors import LibraryError; from rag.library.library import Library\n"
        "try: transfer.import_from(Library(sys.argv[2], HashingEncoder()), Path(sys.argv[1]))\n"
        "except LibraryError as error: print(error)"
    )
    command = [sys.executable, "-c", code, str(file), str(tmp_path / "new"), str(Path(__file__).parents[1])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout == f"{file} is not an exported library, or is damaged; export it again\n"


def test_every_older_version_may_be_imported(library, open_library, tmp_path) -> None:
    library.add_document(document_of("/a.txt", ARTICLE))
    make_old(library)
    other = open_library("other")
    assert statuses(transfer.import_from(other, library.database)) == ["added"]
    assert other.check() == []


def test_what_is_no_file_is_not_imported(open_library, tmp_path) -> None:
    for place in (Path("/dev/zero"), tmp_path):
        with pytest.raises(LibraryError, match=f"^cannot read {place}: ") as caught:
            transfer.import_from(open_library("other"), place)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("what", ["a long text", "many edits", "long edits"])
def test_a_document_that_is_too_large_is_not_imported(stocked, open_library, tmp_path, what) -> None:
    file = tmp_path / "one.yinju"
    transfer.export(stocked, file)
    change = {
        "a long text": "UPDATE documents SET text = printf('%.*c', 2000000, 'x') WHERE source = '/bakery.txt'",
        "many edits": "WITH RECURSIVE n(i) AS (SELECT 9 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO edits SELECT "
        "(SELECT id FROM documents WHERE source = '/bakery.txt'), i, 0, 'x', '', 'layout' FROM n",
        "long edits": "INSERT INTO edits SELECT id, 9, 0, printf('%.*c', 900000, 'x'), '', 'layout' FROM documents "
        "WHERE source = '/bakery.txt'",
    }[what]
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(change)
        connection.commit()
    other = open_library("other")
    other.max_characters = 1000
    results = transfer.import_from(other, file)
    assert statuses(results) == ["added", "failed", "added"]
    assert "max_characters" in results[1].reason


def test_passages_that_overlap_are_encoded(stocked, open_library, tmp_path) -> None:
    """Those of a thousand rows that each say they were the whole text would take a thousand times its memory."""
    file = tmp_path / "one.yinju"
    transfer.export(stocked, file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE chunks SET start = 0, end = 300, section = ''")
        connection.commit()
    other = open_library("other")
    keys: list[str] = []
    real = transfer._key
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "_key", lambda text: (keys.append(text), real(text))[1])
        assert statuses(transfer.import_from(other, file)) == ["added"] * 3
    assert sum(len(text) == len(max(keys, key=len)) for text in keys) <= 3 + 3
    assert other.check() == []


def test_an_export_to_a_folder_that_may_not_be_written_to_is_said_in_one_line(stocked, tmp_path, monkeypatch) -> None:
    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(LibraryError, match=r"^cannot write .*one\.yinju: Read-only file system; check the folder") as caught:
        transfer.export(stocked, tmp_path / "one.yinju")
    assert "\n" not in str(caught.value)


def test_what_a_killed_export_left_is_removed_by_the_next(stocked, tmp_path) -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as ended:
        ended.wait()
    left = [tmp_path / f"other.yinju.{ended.pid}.yinju-partial{end}" for end in ("", "-journal")]
    kept = [tmp_path / f"other.yinju.{os.getppid()}.yinju-partial", tmp_path / "mine.partial", tmp_path / "a.yinju-partial"]
    for file in (*left, *kept):
        file.write_text("half")
    transfer.export(stocked, tmp_path / "one.yinju")
    assert [file.exists() for file in (*left, *kept)] == [False, False, True, True, True]
    assert sorted(tmp_path.glob("one.yinju*")) == [tmp_path / "one.yinju"]


# -- watching ---------------------------------------------------------------------------------------------------------


def test_a_library_is_brought_in_step_with_a_folder(library, folder) -> None:
    assert statuses(watching.bring_in_step(library, [folder], [folder])) == ["added", "added"]
    (folder / "lake.txt").rename(folder / "moved.txt")
    (folder / "bakery.txt").write_text(OTHER + "And cakes.")
    changed = [folder / name for name in ("lake.txt", "moved.txt", "bakery.txt", "picture.gif")]
    results = watching.bring_in_step(library, [folder], changed)
    assert sorted((Path(result.source).name, result.status) for result in results) == [
        ("bakery.txt", "replaced"),
        ("lake.txt", "removed"),
        ("moved.txt", "added"),
    ]
    assert texts(library) == {str(folder / "moved.txt"): ARTICLE, str(folder / "bakery.txt"): OTHER + "And cakes."}


def test_what_lies_elsewhere_and_a_folder_that_is_away_take_nothing_with_them(library, folder, tmp_path) -> None:
    library.add_document(document_of("/elsewhere/gone.txt", ARTICLE.upper()))
    library.add([folder])
    folder.rename(tmp_path / "away")
    assert watching.bring_in_step(library, [folder], [folder / "lake.txt"]) == []
    assert len(library) == 3


def test_a_folder_is_synchronised_once_and_an_empty_one_removes_nothing(library, folder, tmp_path) -> None:
    library.add_document(document_of("/elsewhere/gone.txt", ARTICLE.upper()))
    assert statuses(watching.sync(library, [folder])) == ["added", "added"]
    (folder / "lake.txt").unlink()
    (folder / "new.txt").write_text(OTHER.upper())
    results = watching.sync(library, [folder])
    assert [(Path(result.source).name, result.status) for result in results] == [("lake.txt", "removed"), ("new.txt", "added")]
    assert len(library) == 3
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(LoadError, match="contains no file of a known kind, so nothing is removed"):
        watching.sync(library, [folder])
    with pytest.raises(LoadError, match="not a folder"):
        watching.sync(library, [tmp_path / "away"])
    assert len(library) == 3


def test_members_of_an_archive_stay_as_long_as_it_is_there(library, folder, tmp_path) -> None:
    shutil.move(shutil.make_archive(str(tmp_path / "both"), "zip", folder), folder / "both.zip")
    (folder / "lake.txt").unlink()
    (folder / "bakery.txt").unlink()
    library.add([folder])
    assert watching.bring_in_step(library, [folder], [folder / "both.zip"]) == []
    (folder / "both.zip").unlink()
    assert statuses(watching.bring_in_step(library, [folder], [folder / "both.zip"])) == ["removed", "removed"]


def test_changes_come_as_they_happen_until_it_is_stopped(folder) -> None:
    stop = threading.Event()
    seen = watching.changes([folder], stop)
    assert next(seen) == [folder.resolve()]

    def change() -> None:
        (folder / ".hidden").write_text("not seen")
        (folder / "new.txt").write_text("seen")

    change()  # while the first round is under way
    found = set(next(seen))
    stop.set()
    assert folder.resolve() / "new.txt" in found
    assert folder.resolve() / ".hidden" not in found
    assert list(seen) == []


def test_only_folders_are_watched(folder) -> None:
    with pytest.raises(LoadError, match="not a folder"):
        next(watching.changes([folder / "lake.txt"]))
