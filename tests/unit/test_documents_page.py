"""The documents page: files of any name and content, and the documents that are searched."""

from __future__ import annotations

import io
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from hashing_encoder import HashingEncoder

from rag.documents.loaders import suffixes
from rag.errors import LibraryError
from rag.library.library import AddResult, Library
from rag.types import Document, Edit
from ui import document_list, texts
from ui.document_list import Shelf
from ui.labels import Labels
from ui.pages.documents_page import DocumentsPage

RIVER = "The Blue River Fund was founded in 1987 by Ada Lim. It protects 312 wetlands in the valley."
BAKERY = "Quite another matter: the bakery on Hill Street opens at six, and sells out by nine."
HOSTILE_NAMES = [
    "../../x.txt",
    "..\\..\\x.txt",
    "/etc/passwd.txt",
    "<img src=x onerror=alert(1)>.txt",
    "library.sqlite3.txt",
    "a\nb.md",
]


class Window:
    """The page on a real library; what a visitor does, and what is shown afterwards by the name of each part."""

    def __init__(self, folder: Path, analyzer, max_file_bytes: int = 2000, may_keep_files: bool = True) -> None:
        self.library = Library(folder / "library", HashingEncoder(), 32, max_file_bytes, analyzer=analyzer)
        self.uploads = folder / "gradio"
        self.chosen = None
        self.shelf = Shelf()
        with gr.Blocks() as blocks:
            chosen, scope = gr.State(None), gr.HTML()
            self.page = DocumentsPage(self.library, Labels(), chosen, scope, blocks, may_keep_files=may_keep_files)
        named = {block.elem_id: block for block in blocks.blocks.values() if block.elem_id}
        self._parts = {**named, "chosen": chosen, "scope": scope}

    def upload(self, collection: str = "", **files) -> dict:
        """Uploads each file as Gradio hands it over, in a folder of its own under its name."""
        paths = []
        for number, (name, content) in enumerate(files.items()):
            path = self.uploads / str(number) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            paths.append(path)
        *self.reports, last = self.page._add([str(path) for path in paths], self.chosen, self.shelf, collection)
        assert not any(path.exists() for path in paths)
        return self._shown(last)

    def _shown(self, updates: dict) -> dict:
        shown = {name: updates[part] for name, part in self._parts.items() if part in updates}
        self.chosen = shown.get("chosen", self.chosen)
        return shown

    def tick(self, document_id: str, checked: bool = True) -> dict:
        return self._do(self.page._tick, id=document_id, checked=checked)

    def apply(self, action: str, collection: str = "") -> dict:
        return self._do(self.page._apply, action=action, collection=collection)

    def ask_only(self, *document_ids: str) -> dict:
        self.shelf.ticked = set(document_ids)
        return self.apply("ask")

    def remove(self, document_id: str) -> dict:
        return self._do(self.page._remove, id=document_id)

    def edit(self, document_id: str, **values: str) -> dict:
        return self._do(self.page._edit, id=document_id, **values)

    def _do(self, handler, **data) -> dict:
        return self._shown(handler(self.chosen, self.shelf, SimpleNamespace(_data=data)))

    def ids(self) -> list[str]:
        return [document.id for document in self.library.documents()]


@pytest.fixture
def window(quick_path, analyzer):
    made = Window(quick_path, analyzer)
    yield made
    made.library.close()


def test_files_go_in_under_their_names_and_bad_ones_are_named(window):
    shown = window.upload(
        **{
            "river.txt": RIVER,
            "empty.txt": "",
            "picture.gif": b"GIF89a\r\n",
            "large.txt": "x" * 2001,
            "湖.md": "# 青湖\n\n青湖基金成立于2003年。",
        }
    )
    assert [document.source for document in window.library.documents()] == ["river.txt", "湖.md"]
    assert "2 added" in shown["adding"]
    for line in (
        "empty.txt: the file is empty",
        f"picture.gif: this is a GIF picture, which cannot be read; known are {' '.join(suffixes())}",
        "large.txt: 0.0 MB is more than the limit of 0.0 MB; split the file or raise max_file_megabytes",
    ):
        assert f'<span class="words" lang="en">{line}</span></li>' in shown["adding"]
    assert '<span class="words" lang="zh-Hans">empty.txt：文件是空的</span>' in shown["adding"]
    assert str(window.uploads) not in shown["adding"]
    assert "2 documents" in shown["document-count"]
    assert "river.txt" in shown["documents"]


def test_uploads_go_into_a_collection_which_can_be_searched_alone(window):
    window.upload(**{"river.txt": RIVER})
    shown = window.upload(" north ", **{"bakery.txt": BAKERY})
    assert window.library.collections() == {"north": 1}
    assert shown["within-collections"]["choices"] == ["north"]
    assert "<span" in shown["documents"]
    assert "north" in shown["documents"]
    shown = window._shown(window.page._choose_collections(["north"], window.shelf))
    (bakery,) = (document.id for document in window.library.documents() if document.source == "bakery.txt")
    assert window.chosen == [bakery]
    assert "Searching 1 of 2 documents" in shown["scope"]
    shown = window._shown(window.page._choose_collections([], window.shelf))
    assert window.chosen is None
    assert shown["within-collections"]["value"] == []
    shown = window._shown(window.page._choose_collections(["gone"], window.shelf))
    assert "no collection is called" in shown["adding"]
    assert window.chosen is None


def test_progress_names_the_file_in_hand(window):
    window.upload(**{"river.txt": RIVER, "bakery.txt": BAKERY})
    reports = [window._shown(update)["adding"] for update in window.reports]
    assert [report.split('value="')[1].split('"')[0] for report in reports] == ["0.000", "0.500", "0.500", "1.000"]
    assert ["river.txt" in report for report in reports] == [True, True, False, False]


def test_of_a_scan_the_page_in_hand_is_named(tmp_path, analyzer):
    window = Window(tmp_path, analyzer, max_file_bytes=100_000)
    scanned = Path(__file__).parents[1] / "scanned.pdf"
    window.upload(**{"scan.pdf": scanned.read_bytes()})
    shown = [str(report) for report in window.reports]
    assert any("第 1 / 2 页" in report and "page 1 of 2, by OCR" in report and "scan.pdf" in report for report in shown)
    assert [summary.source for summary in window.library.documents()] == ["scan.pdf"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_file_name_is_only_a_name(window, quick_path, name):
    file = quick_path / "upload.txt"
    file.write_text(RIVER)
    before = {path for path in quick_path.rglob("*") if window.library.path not in path.parents}
    (result,) = window.library.add_upload(file, name)
    assert result.status == "added"
    assert "/" not in result.source
    assert "\\" not in result.source
    assert {path for path in quick_path.rglob("*") if window.library.path not in path.parents} - before <= {window.library.path}
    shown = document_list.table(window.library.documents(), None, Shelf()) + document_list.added([result, result])
    assert "<img" not in shown
    assert window.library.check() == []


def test_the_same_file_again_is_unchanged_and_a_new_version_replaces(window):
    window.upload(**{"river.txt": RIVER})
    assert "1 unchanged" in window.upload(**{"river.txt": RIVER})["adding"]
    shown = window.upload(**{"river.txt": RIVER + " It has a new office."})
    assert "river.txt: <span" in shown["adding"]
    assert texts.REPLACED.english in shown["adding"]
    (document,) = window.library.documents()
    assert window.library.document(document.id).text.endswith("It has a new office.")


def archive(**members: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        for name, content in members.items():
            opened.writestr(name, content)
    return data.getvalue()


def test_of_an_archive_each_document_is_told_of_and_chosen(window):
    window.upload(**{"bakery.txt": BAKERY})
    window.ask_only("nothing yet")
    shown = window.upload(
        **{"notes.zip": archive(**{"river.txt": RIVER, "empty.txt": "", "湖.md": "# 青湖\n\n青湖基金成立于2003年。"})}
    )
    assert [document.source for document in window.library.documents()] == [
        "bakery.txt",
        "notes.zip/river.txt",
        "notes.zip/湖.md",
    ]
    assert "2 added" in shown["adding"]
    assert "notes.zip/empty.txt: the file is empty</span></li>" in shown["adding"]
    assert window.chosen == window.ids()[1:]
    shown = window.upload(**{"notes.zip": archive(**{"river.txt": RIVER})})
    assert texts.STATUSES["removed"].english.format(1) in shown["adding"]
    assert [document.source for document in window.library.documents()] == ["bakery.txt", "notes.zip/river.txt"]
    assert window.chosen == [window.ids()[1]]


def test_of_very_many_files_the_first_are_listed():
    results = [AddResult(f"{n}.txt", "failed", reason=f"{n}.txt: the file is empty") for n in range(130)]
    shown = document_list.added(results)
    assert shown.count("the file is empty") == 100
    assert texts.MORE_RESULTS.english.format(30) in shown
    assert texts.STATUSES["failed"].english.format(130) in shown


def test_another_text_of_the_same_name_takes_none_away(window):
    window.upload(**{"notes.txt": RIVER})
    shown = window.upload(**{"notes.txt": BAKERY})
    assert "notes (2).txt: " in shown["adding"]
    assert texts.NAME_TAKEN.english in shown["adding"]
    assert [document.source for document in window.library.documents()] == ["notes.txt", "notes (2).txt"]
    assert "1 unchanged" in window.upload(**{"notes.txt": BAKERY})["adding"]
    window.upload(**{"notes.txt": BAKERY + " On Mondays it is closed."})
    window.upload(**{"notes.txt": "A third matter altogether; nothing that the others say."})
    texts_by_source = {document.source: window.library.document(document.id).text for document in window.library.documents()}
    assert texts_by_source.keys() == {"notes.txt", "notes (2).txt", "notes (3).txt"}
    assert texts_by_source["notes.txt"] == RIVER
    assert texts_by_source["notes (2).txt"].endswith("On Mondays it is closed.")


def test_a_file_that_the_library_refuses_does_not_hide_what_became_of_the_others(window, monkeypatch):
    add = window.library.add_upload

    def full(file, name, *rest):
        if name == "b.txt":
            raise LibraryError("the disk is full")
        return add(file, name, *rest)

    monkeypatch.setattr(window.library, "add_upload", full)
    shown = window.upload(**{"a.txt": RIVER, "b.txt": BAKERY})
    assert "1 added" in shown["adding"]
    assert "b.txt: the disk is full</span></li>" in shown["adding"]


def test_all_are_searched_until_some_are_chosen(window):
    window.upload(**{"river.txt": RIVER, "bakery.txt": BAKERY})
    river, bakery = window.ids()
    assert window.chosen is None
    window.tick(bakery)
    assert window.chosen is None
    shown = window.apply("ask")
    assert window.chosen == [bakery]
    assert "Searching 1 of 2 documents" in shown["scope"]
    shown = window._shown(window.page._choose_all(window.chosen, window.shelf))
    assert window.chosen is None
    assert shown["scope"] == ""
    window.tick(bakery, False)
    window.apply("ask")
    assert window.chosen is None
    assert river in window.ids()


def test_what_comes_in_and_goes_out_moves_the_choice_along(window):
    window.upload(**{"river.txt": RIVER, "bakery.txt": BAKERY})
    river, bakery = window.ids()
    window.ask_only(bakery)
    window.upload(**{"lake.txt": "The lake is deep. Nobody has seen its ground."})
    lake = window.ids()[-1]
    assert window.chosen == [bakery, lake]
    shown = window.remove(bakery)
    assert window.chosen == [lake]
    assert window.shelf.ticked == set()
    assert window.ids() == [river, lake]
    assert "bakery" not in shown["documents"]
    assert 'role="alert"' in window.remove(bakery)["adding"]


def test_ticked_documents_are_collected_and_removed_together(window):
    window.upload(**{"river.txt": RIVER, "bakery.txt": BAKERY, "lake.txt": "The lake is deep. Nobody has seen its ground."})
    river, bakery, lake = window.ids()
    window.tick(river)
    window.tick(lake)
    window.tick("no such document")
    assert "Added to the collection “far north”: 2 documents." in window.apply("collect", " far north ")["adding"]
    assert window.library.collections() == {"far north": 2}
    window.tick(lake, False)
    window.apply("uncollect", "far north")
    assert window.library.collections() == {"far north": 1}
    assert 'role="alert"' in window.apply("uncollect", "nowhere")["adding"]
    assert 'role="alert"' in window.apply("collect", "")["adding"]
    assert "Removed 1 document." in window.apply("remove")["adding"]
    assert window.ids() == [bakery, lake]
    assert window.shelf.ticked == set()


def test_all_that_a_search_finds_are_ticked(window):
    window.upload(**{"river.txt": RIVER, "bakery.txt": BAKERY})
    river, _ = window.ids()
    window._do(window.page._search, query="RIVER.txt", order="title")
    shown = window._do(window.page._tick_all, all="true")
    assert window.shelf.ticked == {river}
    assert "1 ticked" in shown["selection"]
    window._do(window.page._tick_all, all="false")
    assert window.shelf.ticked == set()


def test_the_details_of_a_document_are_changed(window):
    window.upload(**{"river.txt": RIVER})
    (river,) = window.ids()
    shown = window.edit(river, title=" The  fund ", published="1987-05", author="Ada Lim")
    assert "Saved the details of “The fund”." in shown["adding"]
    document = window.library.document(river)
    assert (document.title, document.published, document.author) == ("The fund", "1987-05", "Ada Lim")
    for wrong in ({"title": " "}, {"title": "T", "published": "1987-13"}, {"title": "T", "published": "May"}):
        assert 'role="alert"' in window.edit(river, **wrong)["adding"]
    assert window.library.document(river) == document
    assert 'role="alert"' in window.edit("gone", title="T")["adding"]


def test_only_who_may_decides_whether_files_are_kept(quick_path, analyzer):
    for may in (True, False):
        window = Window(quick_path / str(may), analyzer, may_keep_files=may)
        window.upload(**{"river.txt": RIVER})
        shown = window._do(window.page._keep_files, checked=True)
        assert window.library.originals.kept is may
        assert bool(shown["keep-files"]) is may
        window.upload(**{"bakery.txt": BAKERY})
        assert window.library.originals.size()[0] == may
        window.library.close()


def test_the_list_is_busy_while_everything_is_indexed_again(window):
    window.upload(**{"river.txt": RIVER})
    first, *_, last = (window._shown(update) for update in window.page._reindex(None, window.shelf))
    assert first["reindex"]["interactive"] is False
    assert texts.REINDEXING.english in first["adding"]
    assert last["reindex"]["interactive"] is True
    assert "1 document re-indexed." in last["adding"]


def test_a_day_is_that_of_this_place(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert document_list._day("2026-01-01 18:30:00") == "2026-01-02"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_cleaning_removed_stands_struck_through_where_it_stood():
    document = Document(
        "d",
        "T",
        "t.txt",
        "First line.\nSecond line.",
        edits=(Edit(11, "\nShare to WeChat", "", "share bar"), Edit(12, "x", "", "odd")),
    )
    shown = document_list.cleaned(document)
    assert "First line.<del>Share to WeChat</del> Second line.</li>" in shown
    assert texts.CLEANING_REASONS["share bar"].english in shown
    assert "<b>odd</b>" in shown


def test_of_very_many_places_the_first_are_shown():
    document = Document(
        "d", "T", "t.md", "word " * 500, edits=tuple(Edit(5 * n, "**", "", "Markdown emphasis") for n in range(450))
    )
    shown = document_list.cleaned(document)
    assert shown.count("<del>") == 400
    assert texts.MORE_CLEANED.english.format(50) in shown


def test_an_added_file_without_remark_has_none():
    assert 'class="same"' not in document_list.added([AddResult("report (2).txt", "added", "d", 3)])
