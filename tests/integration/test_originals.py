"""The files that documents came from: kept only if the user wants that, and gone with the last of their documents."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hashing_encoder import HashingEncoder

from rag.documents import fetching
from rag.library.library import Library
from rag.text.analysis import Analyzer

RIVER = "The Blue River Fund was founded in 1987 by Ada Lim."
LAKE = "青湖基金成立于2003年，由陈明发起。"


@pytest.fixture
def library(quick_path: Path, analyzer: Analyzer) -> Iterator[Library]:
    with Library(quick_path / "library", HashingEncoder(), analyzer=analyzer) as library:
        yield library


@pytest.fixture
def river(quick_path: Path) -> Path:
    file = quick_path / "river.txt"
    file.write_text(RIVER, encoding="utf-8")
    return file


def copies(library: Library) -> set[str]:
    folder = library.path / "originals"
    return {copy.read_text(encoding="utf-8", errors="replace") for copy in folder.iterdir()} if folder.exists() else set()


def test_no_file_is_kept_unless_the_user_wants_it(library: Library, river: Path) -> None:
    library.add([river])
    assert not library.originals.kept
    assert (library.originals.size(), copies(library)) == ((0, 0), set())
    assert library.originals.find(str(river)) is None


def test_files_are_kept_and_shared_with_nobody(library: Library, river: Path) -> None:
    river.chmod(0o644)
    library.originals.keep()
    library.add([river])
    copy = library.originals.find(str(river))
    assert copy
    assert copy.read_text(encoding="utf-8") == RIVER
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    assert library.originals.size() == (1, len(RIVER))
    river.unlink()
    assert library.originals.find(str(river)) == copy


def test_files_that_are_added_again_are_kept_then(library: Library, river: Path) -> None:
    library.add([river])
    library.originals.keep()
    assert library.add([river])[0].status == "unchanged"
    assert copies(library) == {RIVER}


def test_a_new_version_takes_the_place_of_the_old_copy(library: Library, river: Path) -> None:
    library.originals.keep()
    library.add([river])
    river.write_text(f"{RIVER} It moved.", encoding="utf-8")
    library.add([river])
    assert copies(library) == {f"{RIVER} It moved."}


def test_a_copy_goes_with_its_document(library: Library, river: Path, quick_path: Path) -> None:
    lake = quick_path / "lake.txt"
    lake.write_text(LAKE, encoding="utf-8")
    library.originals.keep()
    library.add([river, lake])
    library.remove("river.txt")
    assert copies(library) == {LAKE}
    library.originals.keep(False)
    assert copies(library) == set()
    assert library.add([lake])[0].status == "unchanged"
    assert copies(library) == set()


def test_an_archive_is_kept_until_its_last_document_goes_and_is_none_of_them(library: Library, quick_path: Path) -> None:
    archive = quick_path / "notes.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("river.txt", RIVER)
        opened.writestr("lake.txt", LAKE)
    library.originals.keep()
    library.add([archive])
    assert library.originals.find(str(archive))
    assert library.originals.find(f"{archive}/river.txt") is None
    library.remove("river.txt")
    assert library.originals.find(str(archive))
    library.remove("lake.txt")
    assert library.originals.find(str(archive)) is None


def test_uploads_and_pages_are_kept_under_their_own_names(library: Library, river: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library.originals.keep()
    library.add_upload(river, "../../up.txt")
    copy = library.originals.find("up.txt")
    assert copy
    assert copy.parent == library.path / "originals"
    url = "https://example.org/lake.txt"
    page = fetching.Fetched(LAKE.encode(), ".txt")
    monkeypatch.setattr("rag.library.ingestion.sources.fetch", lambda *_: page)
    library.add_page(url)
    copy = library.originals.find(url)
    assert copy
    assert copy.read_text(encoding="utf-8") == LAKE


def test_what_cannot_be_read_is_not_kept(library: Library, quick_path: Path) -> None:
    library.originals.keep()
    picture = quick_path / "a.gif"
    picture.write_bytes(b"GIF89a\r\n")
    empty = quick_path / "empty.txt"
    empty.write_bytes(b"")
    assert [result.status for result in library.add([picture, empty])] == ["failed", "failed"]
    assert copies(library) == set()


def test_a_link_in_the_place_of_a_copy_is_not_followed(library: Library, river: Path) -> None:
    library.originals.keep()
    library.add([river])
    copy = library.originals.find(str(river))
    assert copy
    copy.unlink()
    copy.symlink_to("/etc/passwd")
    assert library.originals.find(str(river)) is None


def test_an_interrupted_copy_leaves_nothing_behind(library: Library, river: Path) -> None:
    library.originals.keep()
    library.add([river])
    copy = library.originals.find(str(river))
    assert copy
    copy.with_suffix(".partial").write_bytes(b"half")
    os.utime(river)
    library.add([river])
    assert copies(library) == {RIVER}


def test_an_export_has_no_files(library: Library, river: Path, quick_path: Path) -> None:
    from rag.library import transfer

    library.originals.keep()
    library.add([river])
    transfer.export(library, quick_path / "out.yinju")
    with Library(quick_path / "other", HashingEncoder(), analyzer=library.analyzer) as other:
        transfer.import_from(other, quick_path / "out.yinju")
        assert len(other) == 1
        assert other.originals.size() == (0, 0)


def test_a_fetched_file_may_be_any_bytes(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        opened.writestr("river.txt", RIVER)
    library.originals.keep()
    monkeypatch.setattr("rag.library.ingestion.sources.fetch", lambda *_: fetching.Fetched(data.getvalue(), ".zip"))
    library.add_page("https://example.org/notes.zip")
    copy = library.originals.find("https://example.org/notes.zip")
    assert copy
    assert copy.read_bytes() == data.getvalue()
