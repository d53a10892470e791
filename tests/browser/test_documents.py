"""Documents in the window: their pages and formatted texts with the quotes marked, and the list of all of them."""

from __future__ import annotations

import re

import pytest
from hashing_encoder import HashingEncoder
from pdf_files import made, page
from window_server import served

from rag.answering.reading import Reading, Sentence
from rag.conversations import History
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.types import Document

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

HOSTILE = "<img src=x onerror=window.ran=1> <script>window.ran=1</script>"
FOUNDED = "The herons of Blue River were counted by Ada"
NOTES = f"""# Field notes

The herons nest early. {HOSTILE}

## Visits

- North shore
- South shore

## Counts

| Site | Herons | Year |
|---|---|---|
| North | 312 | 2021 |
| South | 46 | 2022 |
"""
LONG = "\n\n".join(f"Paragraph {number} of a long text about mills and their wheels." for number in range(2000))


class NamedSentences:
    """A reader that takes the passages of the document that the question names first."""

    def read(self, question, results, stop=None):
        readings = []
        for result in results:
            start, text = result.chunk.start, result.chunk.text
            support = 0.9 if result.source.endswith(question.split()[0]) else 0.1
            sentence = Sentence(start, start + len(text), text, support, (start, start + len(text)), 0.0)
            readings.append(Reading(result, (sentence,), support))
        return readings


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def library(folder, analyzer):
    with Library(folder / "library", HashingEncoder(), analyzer=analyzer) as library:
        library.originals.keep()
        files = {
            "report.pdf": made(page("A report."), page(FOUNDED, "Lim in the spring of 1987.")),
            "notes.md": NOTES.encode(),
            "long.txt": LONG.encode(),
        }
        for name, data in files.items():
            (folder / name).write_bytes(data)
        library.add([folder / name for name in files])
        yield library


@pytest.fixture(scope="module")
def address(library):
    return served(RagPipeline(library, NamedSentences()), History(library.path))


def open_tab(page, name):
    page.get_by_role("tab", name=name).click()


def row(page, name):
    return page.locator("#documents li", has_text=name)


def open_document(page, name):
    open_tab(page, "Documents")
    row(page, name).locator("[data-document]").click()
    return page.locator("dialog#document")


def open_quote(page, question, quote):
    page.locator("#question textarea").fill(question)
    page.locator("#send").click()
    page.locator("#panel .card", has_text=quote).locator("[data-document]").click()
    return page.locator("dialog#document")


def test_a_quote_is_marked_on_the_page_of_its_file(visit):
    page = visit()
    dialog = open_quote(page, "report.pdf herons counted by Ada Lim?", FOUNDED)
    marks = dialog.locator('figure[data-page="2"] mark.current')
    expect(marks).to_have_count(2)
    expect(marks.first).to_be_in_viewport()
    picture = dialog.locator('figure[data-page="2"] img')
    page.wait_for_function("(img) => img.complete && img.naturalWidth === 1240", arg=picture.element_handle())
    expect(dialog.locator("h2")).to_be_in_viewport()
    frame, mark = dialog.locator('figure[data-page="2"]').bounding_box(), marks.first.bounding_box()
    assert frame["x"] < mark["x"] < mark["x"] + mark["width"] < frame["x"] + frame["width"]
    # The same quote in the text.
    dialog.locator(".mode").click()
    expect(dialog.locator(".text mark.current").first).to_have_text(FOUNDED)
    expect(dialog.locator(".page-begins")).to_have_text(["p. 1", "p. 2"], use_inner_text=True)
    with page.expect_download() as download:
        dialog.locator(".download a").click()
    assert download.value.suggested_filename == "report.pdf"
    assert download.value.path().read_bytes()[:5] == b"%PDF-"


def test_a_cited_row_is_marked_in_its_table(visit):
    page = visit()
    dialog = open_quote(page, "notes.md North 312 2021 Herons Site", "Counts")
    expect(dialog.locator("thead th")).to_have_text(["Site", "Herons", "Year"])
    cited = dialog.locator("td.cited:has(mark.current)")
    expect(cited.first).to_be_in_viewport()
    expect(cited).to_have_text(["North", "312", "2021"])


def test_markdown_is_shown_as_formatted_text_and_never_runs(visit):
    page = visit()
    dialog = open_document(page, "notes.md")
    expect(dialog.locator(".text :is(h3, h4)")).to_have_text(["Field notes", "Visits", "Counts"])
    expect(dialog.locator(".text ul li")).to_have_text(["North shore", "South shore"])
    expect(dialog.locator(".text p").first).to_contain_text(HOSTILE)
    expect(dialog.locator(".body :is(img, script)")).to_have_count(0)
    assert page.evaluate("window.ran") is None
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(row(page, "notes.md").locator("[data-document]")).to_be_focused()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_outline_leads_to_a_heading(visit, width):
    page = visit(width, 420)
    dialog = open_document(page, "notes.md")
    if width < 700:
        dialog.locator(".contents").click()
    entry = dialog.locator("aside button", has_text="Counts")
    entry.click()
    expect(dialog.locator("h4", has_text="Counts")).to_be_in_viewport()
    expect(dialog.locator("h2")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_text_is_searched_to_its_end_although_a_part_is_shown(visit):
    page = visit()
    dialog = open_document(page, "long.txt")
    expect(dialog.locator(".text")).to_contain_text("Paragraph 0 of")
    expect(dialog.locator(".text")).not_to_contain_text("Paragraph 1999 of")
    dialog.locator("input[type=search]").fill("paragraph 1999")
    page.keyboard.press("Enter")
    expect(dialog.locator("mark.hit")).to_have_text("Paragraph 1999")
    expect(dialog.locator("mark.hit")).to_be_in_viewport()
    dialog.locator(".earlier").click()
    expect(dialog.locator(".text")).not_to_contain_text("Paragraph 1999 of")
    dialog.locator("input[type=search]").fill("nothing of the kind")
    page.keyboard.press("Enter")
    expect(dialog.locator("aside .note")).to_have_text("Nothing found.", use_inner_text=True)


def test_the_viewer_speaks_the_language_of_the_page(visit):
    page = visit(locale="zh-CN")
    open_tab(page, "文档")
    row(page, "report.pdf").locator("[data-document]").click()
    dialog = page.locator("dialog#document")
    expect(dialog.locator("figcaption").first).to_have_text("第 1 页", use_inner_text=True)
    expect(dialog.locator(".mode")).to_have_text("看文字", use_inner_text=True)
    expect(dialog.locator(".download")).to_contain_text("下载原文件", use_inner_text=True)


# -- the list ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def many(library):
    """Sixty more documents, which go again."""
    documents = [
        Document(f"many-{number:02}", f"Ledger {number:02}", f"/ledger-{number:02}.txt", f"Entry of {number} and {number + 7}.")
        for number in range(60)
    ]
    library.add_documents(documents)
    yield documents
    library.remove_all([document.id for document in documents])


def test_a_list_comes_in_pages_and_is_searched_and_sorted(visit, many):
    page = visit()
    open_tab(page, "Documents")
    expect(page.locator("#documents li")).to_have_count(50)
    expect(page.locator("#documents .pages")).to_contain_text("1–50 of 63", use_inner_text=True)
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#documents li")).to_have_count(13)
    page.locator("#find-documents select").select_option("title")
    expect(page.locator("#documents h3").first).to_have_text(re.compile("^A report|^Annual|^Field|^Ledger 00|^long"))
    search = page.locator("#find-documents input")
    search.fill("ledger 5")
    expect(page.locator("#documents li")).to_have_count(15)
    expect(search).to_be_focused()
    search.fill("no such thing")
    expect(page.locator("#documents .empty")).to_contain_text("No document matches “no such thing”.", use_inner_text=True)


def test_many_are_collected_asked_alone_and_removed_at_once(visit, library, many):
    page = visit()
    open_tab(page, "Documents")
    page.locator("#find-documents input").fill("ledger 1")
    expect(page.locator("#documents li")).to_have_count(15)
    page.get_by_role("button", name="Tick all 15").click()
    expect(page.locator("#selection b")).to_have_text("15 ticked", use_inner_text=True)
    page.locator("#documents input").first.uncheck()
    expect(page.locator("#selection b")).to_have_text("14 ticked", use_inner_text=True)
    page.locator("#selection form input").fill("north")
    page.get_by_role("button", name="Add to collection").click()
    expect(page.locator("#adding")).to_contain_text("Added to the collection “north”: 14 documents.", use_inner_text=True)
    assert library.collections() == {"north": 14}
    page.locator("#selection form input").fill("north")
    page.get_by_role("button", name="Take out of collection").click()
    expect(page.locator("#adding")).to_contain_text("Taken out of the collection “north”: 14 documents.", use_inner_text=True)
    assert library.collections() == {}
    page.get_by_role("button", name="Ask only these").click()
    expect(page.locator("#document-count")).to_contain_text("14 of them are searched", use_inner_text=True)
    page.locator("#selection summary").click()
    page.locator("#selection .sure").click()
    expect(page.locator("#adding")).to_contain_text("Removed 14 documents.", use_inner_text=True)
    assert len(library) == 63 - 14


def test_the_details_of_a_document_are_changed(visit, library, many):
    page = visit(1024)
    open_tab(page, "Documents")
    page.locator("#find-documents input").fill("ledger 33")
    expect(page.locator("#documents li")).to_have_count(1)
    page.locator("#documents summary", has_text="Edit details").click()
    form = page.locator("#documents form")
    assert form.locator("[name=title]").bounding_box()["width"] > 150
    form.locator("[name=title]").fill(f"Accounts {HOSTILE}")
    form.locator("[name=published]").fill("May 2020")
    form.get_by_role("button").click()
    expect(page.locator("#adding .problem")).to_contain_text("is not a date")
    expect(form.locator("[name=title]")).to_have_value(f"Accounts {HOSTILE}")
    form.locator("[name=published]").fill("2020-05")
    form.locator("[name=author]").fill("Ada Lim")
    page.keyboard.press("Enter")
    expect(page.locator("#adding")).to_contain_text("Saved the details", use_inner_text=True)
    page.locator("#find-documents input").fill("accounts")
    expect(page.locator("#documents h3")).to_have_text(f"Accounts {HOSTILE}")
    expect(page.locator("#documents .place")).to_contain_text("Ada Lim · 2020-05", use_inner_text=True)
    assert page.evaluate("window.ran") is None
    edited = library.document("many-33")
    assert (edited.published, edited.author) == ("2020-05", "Ada Lim")


def test_files_are_kept_if_the_visitor_wants_it(visit, library):
    page = visit()
    open_tab(page, "Documents")
    box = page.locator("#keep-files input")
    expect(box).to_be_checked()
    expect(page.locator("#keep-files")).to_contain_text("Kept now: 3 files", use_inner_text=True)


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_the_drop_zone_says_what_can_be_dropped_in_the_language_of_the_page(visit, locale):
    page = visit(390, 844, locale="en-US" if locale == "zh-CN" else "zh-CN")
    # The page's language is not the browser's.
    page.locator("#language").click()
    page.get_by_role("tab").nth(1).click()
    words = "Drop files here" if locale == "en-US" else "把文件拖到这里"
    expect(page.locator("#formats")).to_contain_text(words, use_inner_text=True)
    expect(page.locator("#formats")).to_contain_text("20 MB", use_inner_text=True)
    expect(page.locator("#upload [data-testid=upload-text]")).to_be_hidden()
    zone, words_box = page.locator("#upload").bounding_box(), page.locator("#formats p").bounding_box()
    assert zone["y"] <= words_box["y"]
    assert words_box["y"] + words_box["height"] <= zone["y"] + zone["height"]
    assert words_box["x"] + words_box["width"] <= zone["x"] + zone["width"]
    expect(page.locator("#find-documents option").first).to_have_text("Last added" if locale == "en-US" else "最近添加")


@pytest.mark.parametrize(("language", "words"), [("en", "Error"), ("zh", "出错")])
def test_a_message_of_gradio_is_in_the_language_of_the_page(browser, address, language, words):
    # The browser's language is the other one.
    context = browser.new_context(locale="zh-CN" if language == "en" else "en-US")
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("document.documentElement.dataset.arrived")
    page.locator("#language").click()
    open_tab(page, "Documents" if language == "en" else "文档")
    context.set_offline(True)
    page.locator("#reindex").click()
    toast = page.get_by_test_id("toast-body").first
    expect(toast).to_contain_text(words)
    shown = toast.inner_text()
    assert bool(re.search("[\u3400-\u9fff]", shown)) is (language == "zh"), shown
    assert bool(re.search("[A-Za-z]", shown)) is (language == "en"), shown
    context.close()
