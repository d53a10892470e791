"""The window on a real library with the bundled models: documents come in, are asked about, and go again."""

from __future__ import annotations

import json
import re

import pytest
from window_server import served

from rag.conversations import History
from rag.library.library import Library
from rag.pipeline import RagPipeline

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

FOUNDED = "The Blue River Fund was founded in 1987 by Ada Lim."
RIVER = f"The Blue River Fund\n\n{FOUNDED} It protects 312 wetlands in the valley.\n"
LAKE = "青湖基金\n\n青湖基金成立于2003年，由陈明发起。它保护着46处湿地。\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("window")


@pytest.fixture(scope="module")
def address(folder):
    library = Library(folder / "library")
    (folder / "lake.txt").write_text(LAKE, encoding="utf-8")
    library.add([folder / "lake.txt"])
    return served(RagPipeline(library), History(library.path))


def open_tab(page, name):
    page.get_by_role("tab", name=name).click()


def ask(page, question):
    open_tab(page, "Chat")
    page.locator("#question textarea").fill(question)
    page.locator("#send").click()
    expect(page.locator("#chat .question").last).to_have_text(question)
    expect(page.locator("#stop")).to_be_hidden()


def upload(page, *files):
    open_tab(page, "Documents")
    page.locator("#upload input[type=file]").set_input_files(files)
    expect(page.locator("#adding .results")).to_be_visible()


def test_a_document_comes_in_is_asked_about_and_goes_again(visit, folder):
    page = visit()
    river, empty = folder / "river.txt", folder / "empty.txt"
    river.write_text(RIVER, encoding="utf-8")
    empty.write_text("", encoding="utf-8")
    upload(page, river, empty)
    expect(page.locator("#adding .results li").first).to_have_text("1 added", use_inner_text=True)
    expect(page.locator("#adding .failures li")).to_have_text(["empty.txt: the file is empty"], use_inner_text=True)
    expect(page.locator("#document-count")).to_contain_text("2 documents", use_inner_text=True)
    ask(page, "Who founded the Blue River Fund?")
    expect(page.locator("#chat .text")).to_contain_text("Ada Lim")
    page.locator("#chat a.marker").first.click()
    expect(page.locator("#panel mark").first).to_have_text(FOUNDED)
    expect(page.locator("#panel mark").first).to_be_in_viewport()
    open_tab(page, "Documents")
    row = page.locator("#documents li", has_text="river.txt")
    row.locator("summary", has_text="Remove").click()
    row.locator(".sure").click()
    expect(page.locator("#documents li")).to_have_count(1)
    page.get_by_role("tab", name="Chat").click()
    page.locator("#new").click()
    ask(page, "Who founded the Blue River Fund?")
    expect(page.locator("#chat .text")).not_to_contain_text("Ada Lim")
    expect(page.locator("#panel")).not_to_contain_text("river.txt")


DROP = """([name, text]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([text], name, { type: "text/plain" }));
  for (const kind of ["dragover", "drop"]) {
    document.querySelector(".log").dispatchEvent(new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
  }
}"""


def test_a_file_dropped_on_the_chat_is_introduced_with_questions_that_it_answers(visit):
    page = visit()
    page.evaluate(DROP, ["hill.txt", "山丘基金\n\n山丘基金于1991年在昆明成立，总部在昆明。山丘基金保护着88处草地。\n"])
    expect(page.locator("#arriving .results li").first).to_have_text("1 added", use_inner_text=True)
    expect(page.locator("#beside .title").first).to_contain_text("hill.txt")
    expect(page.locator("#beside li").first.locator(".mark")).to_be_visible()
    expect(page.locator("#chat .question")).to_have_text(re.compile("^总结《.*》$"))
    expect(page.locator("#chat .text")).to_contain_text("山丘基金")
    expect(page.locator("#panel mark").first).to_be_visible()
    offered = page.locator("#suggestions button").first
    expect(offered).to_be_visible()
    question = offered.inner_text()
    offered.click()
    expect(page.locator("#chat .question").last).to_have_text(question)
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#answer-2 .text:not(.abstained)")).to_have_count(1)
    open_tab(page, "Documents")
    row = page.locator("#documents li", has_text="hill.txt")
    row.locator("summary", has_text="Remove").click()
    row.locator(".sure").click()
    expect(page.locator("#documents li", has_text="hill.txt")).to_have_count(0)
    open_tab(page, "Chat")
    expect(page.locator("#beside li", has_text="hill.txt")).to_have_count(0)


def test_a_file_of_an_unknown_kind_says_so_where_it_is_dropped(visit):
    page = visit()
    page.evaluate(DROP, ["picture.xyz", "nothing"])
    expect(page.locator("#arriving .failures li")).to_contain_text("picture.xyz")
    expect(page.locator("#chat .welcome")).to_be_visible()


def test_only_chosen_documents_are_searched(visit, folder):
    page = visit()
    river = folder / "river.txt"
    river.write_text(RIVER, encoding="utf-8")
    upload(page, river)
    page.locator("#documents li", has_text="river.txt").locator("input[type=checkbox]").check()
    page.get_by_role("button", name="Ask only these").click()
    expect(page.locator("#document-count")).to_contain_text("1 of them are searched", use_inner_text=True)
    ask(page, "青湖基金是哪一年成立的？")
    expect(page.locator("#scope")).to_contain_text("Searching 1 of 2 documents", use_inner_text=True)
    expect(page.locator("#chat .text")).not_to_contain_text("2003年")
    open_tab(page, "Documents")
    page.get_by_role("button", name="Search all").click()
    expect(page.locator("#document-count")).not_to_contain_text("of them are searched", use_inner_text=True)
    ask(page, "青湖基金是哪一年成立的？")
    expect(page.locator("#chat .text").last).to_contain_text("2003年")


def test_the_settings_change_what_is_answered(visit):
    page = visit()
    open_tab(page, "Settings")
    threshold = page.get_by_label("number input for Threshold")
    threshold.fill("1")
    threshold.press("Enter")
    threshold.blur()
    ask(page, "青湖基金由谁发起？")
    expect(page.locator("#chat .abstained")).to_be_visible()
    open_tab(page, "Settings")
    page.locator("#generator input, #generator textarea").first.fill("no such/model name")
    page.locator("#use-generator").click()
    expect(page.locator("#generator-state .problem")).to_contain_text("neither a folder nor the name of a model")
    page.locator("#generator input, #generator textarea").first.fill("http://127.0.0.1:9/v1")
    page.locator("#use-generator").click()
    expect(page.locator("#generator-state .problem")).to_contain_text("cannot reach http://127.0.0.1:9/v1; start the server")
    page.reload()
    page.wait_for_function("document.documentElement.dataset.arrived")
    open_tab(page, "Settings")
    expect(threshold).to_have_value("1")
    page.get_by_role("button", name="Restore the defaults").click()
    expect(threshold).not_to_have_value("1")


def test_a_program_asks_through_the_api(address):
    client = pytest.importorskip("gradio_client").Client(address, verbose=False)
    answer = client.predict("青湖基金由谁发起？", api_name="/answer")
    assert "陈明" in answer["text"]
    assert answer["citations"][0]["quote"] == "青湖基金成立于2003年，由陈明发起。"


def test_questions_of_ones_own_are_evaluated_and_a_failure_is_asked_in_the_chat(visit, folder):
    page = visit()
    own = folder / "own.jsonl"
    rows = [
        {
            "id": "1",
            "lang": "zh",
            "kind": "date",
            "question": "青湖基金成立于哪一年？",
            "evidence": ["青湖基金成立于2003年"],
            "answers": ["2003年"],
        },
        {
            "id": "2",
            "lang": "zh",
            "kind": "name",
            "question": "青湖基金由谁发起？",
            "evidence": ["由陈明发起"],
            "answers": ["林红"],
        },
    ]
    own.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    open_tab(page, "Evaluation")
    page.locator("#evaluation input[type=file]").set_input_files(own)
    expect(page.locator("#evaluation")).to_contain_text("own.jsonl", use_inner_text=True)
    page.get_by_role("button", name="Run").click()
    failed = page.locator('#evaluation [data-ask="青湖基金由谁发起？"]')
    expect(failed).to_have_count(1)
    page.locator("#evaluation details", has=page.locator('[data-ask="青湖基金由谁发起？"]')).locator("summary").last.click()
    assert page.locator("#evaluation svg[role=img]").count() >= 3
    failed.click()
    expect(page.locator("#chat .question")).to_have_text(["青湖基金由谁发起？"])
    expect(page.locator("#chat .text")).to_contain_text("陈明")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault(visit, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(color_scheme=scheme)
    ask(page, "青湖基金由谁发起？")
    for tab in ("Chat", "Documents", "Evaluation", "Settings"):
        open_tab(page, tab)
        page.wait_for_function(
            """document.getAnimations().every((animation) => animation.playState !== "running"
              || animation.effect.getComputedTiming().iterations === Infinity)"""
        )
        found = axe.run(page).response["violations"]
        serious = [
            (fault["id"], [node["html"][:120] for node in fault["nodes"]])
            for fault in found
            if fault["impact"] in ("serious", "critical")
        ]
        assert serious == []
