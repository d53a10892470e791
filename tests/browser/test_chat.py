from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import pytest
from window_server import Proxy, served

from rag.conversations import History
from rag.errors import DocumentNotFoundError, ModelError
from rag.library.library import AddResult
from rag.types import Answer, Chunk, Citation, Document, Done, Retrieved, SearchResult, TextDelta
from ui import texts

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

HOSTILE = (
    "<script>window.ran=1</script><img src=x onerror=window.ran=1><svg onload=window.ran=1> [x](javascript:window.ran=1)"
    " ![x](http://evil.example/x.png) <a href='javascript:window.ran=1'>x</a> **x** $E=mc^2$ $$E$$"
    " {{constructor}} ${window.ran=1}"
)
MANGROVES = "东盟有42%的红树林。"
FORESTS = "The region holds 15% of the world's tropical forest."
FILLER = "".join(f"这是第{number}段无关的文字，只为了让原文长一些。\n" for number in range(60))


@dataclass(frozen=True)
class Summary:
    id: str
    title: str
    source: str
    language: str
    publisher: str = ""
    published: str = ""
    chunks: int = 1
    added: str = "2026-01-02 03:04:05"
    cluster: str = ""
    collections: tuple[str, ...] = ()
    author: str = ""


class FakeEncoder:
    name = "bundled"


class FakeOriginals:
    kept = False

    def size(self):
        return 0, 0

    def find(self, source):
        return None


class FakeLibrary:
    max_file_bytes = 20_000_000
    originals = FakeOriginals()
    all = (
        Document("zh", "东盟的红树林", "/docs/mangroves.zh.txt", f"{FILLER}报道说，{MANGROVES}还说了别的。\n{FILLER}", "zh"),
        Document("en", "ASEAN forests", "/docs/forests.en.pdf", f"Before. {FORESTS} After.", "en", pages=(0,)),
        Document("bad", HOSTILE, f"/docs/{HOSTILE}", f"甲{HOSTILE}乙", "en"),
        Document("seed", "立场文件", f"/seeds/{texts.EXAMPLES[0].file_name}", "无", "zh"),
    )

    encoder = FakeEncoder()

    def documents(self):
        return [Summary(document.id, document.title, document.source, document.language) for document in self.all]

    def document(self, document_id):
        for document in self.all:
            if document.id == document_id:
                return document
        raise DocumentNotFoundError("there is none")

    def collections(self):
        return {}

    def __len__(self):
        return len(self.all)

    def add_page(self, url, on_progress):
        return [AddResult(url, "failed", reason=f"{url}: the server takes too long")]


def cite(number, document_id, quote):
    document = FakeLibrary().document(document_id)
    start = document.text.index(quote)
    place = (document.page_at(start), start, start + len(quote))
    return Citation(number, document.id, document.title, document.source, *place, quote, 0.9)


def found(document_id, text, rank):
    document = FakeLibrary().document(document_id)
    chunk = Chunk(f"{document_id}{rank}", document_id, text, 0, len(text))
    scores = {"dense": 0.6, "lexical": 4.0, "coverage": 0.5, "fused": 0.03, "support": 0.1}
    return SearchResult(chunk, document.title, document.source, document.language, 0.1, rank, scores)


class FakePipeline:
    """Answers by what the question contains. An answer to a question with 等 waits in the middle until it is let go."""

    library = FakeLibrary()
    generator = None
    top_k, max_sentences, threshold = 10, 4, 0.4

    def __init__(self):
        self.go_on = threading.Event()

    def warm_up(self):
        pass

    def summary(self, document_id):
        document = self.library.document(document_id)
        text = f"《{document.title}》：\n- {MANGROVES}[1]"
        return Answer("总结", "总结", text, "answer", (cite(1, "zh", MANGROVES),), (), 1.0, "zh")

    def suggestions(self, document_id, *, stop):
        return ["东盟有多少红树林？"] if document_id else []

    def next_questions(self, answer, history, *, stop):
        return ["forest next?", "红树林还有呢？"] if "forest" in answer.question else []

    def stream(self, question, history, stop, documents):
        if "坏" in question:
            raise ModelError("the model <b>cannot</b> be loaded")
        results = (found("zh", "只是相近的一段。", 1), found("bad", HOSTILE, 2))
        yield Retrieved(question, results)
        if "没有" in question:
            yield TextDelta("文档中没有这个问题的答案。")
            yield Done(Answer(question, question, "文档中没有这个问题的答案。", "refusal", (), results, 0.05, "zh"))
            return
        if "长" in question:
            points = "\n".join(f"- 第{number}条。" for number in range(30))
            citations, text = (cite(1, "en", FORESTS),), f"{FORESTS}[1]\n{points}"
        elif "恶" in question:
            citations, text = (cite(1, "bad", HOSTILE),), f"{HOSTILE} [1]"
        elif "forest" in question:
            citations, text = (cite(1, "en", FORESTS),), f"{FORESTS} [1]"
        else:
            citations, text = (cite(1, "en", FORESTS), cite(2, "zh", MANGROVES)), f"{FORESTS} [1] {MANGROVES}[2]"
        yield TextDelta(text[:20])
        if "等" in question:
            while not self.go_on.wait(0.02):
                if stop.is_set():
                    return
        yield TextDelta(text[20:])
        yield Done(Answer(question, question, text, "answer", citations, results, 0.9, "zh"))


@pytest.fixture(scope="module")
def pipeline():
    return FakePipeline()


@pytest.fixture(scope="module")
def history(tmp_path_factory):
    return History(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def address(pipeline, history):
    return served(pipeline, history)


@pytest.fixture(autouse=True)
def at_first_nothing_waits(pipeline):
    pipeline.go_on.clear()
    yield
    pipeline.go_on.set()


def ask(page, question):
    page.locator("#question textarea").fill(question)
    page.locator("#send").click()


def answers(page):
    return page.locator("#chat .text")


def more(page, number=1):
    """Opens the menu of an answer."""
    page.locator(f"#answer-{number} .menu summary").click()


def card(page):
    """The cards of the sources that are shown."""
    return page.locator("#panel .sources:not([hidden]) .card")


def test_an_answer_streams_in_and_is_cited(visit, pipeline):
    page = visit()
    ask(page, "等 ASEAN?")
    expect(answers(page)).to_have_text(FORESTS[:20])
    expect(page.locator("#chat a.marker")).to_have_count(0)
    expect(page.locator("#question textarea")).to_have_value("")
    pipeline.go_on.set()
    expect(answers(page)).to_contain_text(MANGROVES)
    expect(page.locator("#chat .question")).to_have_text("等 ASEAN?")
    expect(page.locator("#chat a.marker")).to_have_text(["[1]", "[2]"])
    expect(card(page).locator("mark")).to_have_text([FORESTS, MANGROVES])
    expect(card(page).locator(".place")).to_have_text(
        ["forests.en.pdf · p. 1 · English", "mangroves.zh.txt · Chinese"],
        use_inner_text=True,
    )
    expect(card(page).locator("blockquote").nth(1)).to_have_text(f"报道说，{MANGROVES}还说了别的。")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_marker_brings_its_quote_into_view(visit, width):
    page = visit(width, 420, reduced_motion="reduce")
    ask(page, "红树林？")
    quote = page.locator("#source-1-2 mark")
    expect(quote).not_to_be_in_viewport()
    page.locator("#chat a.marker").nth(1).click()
    expect(quote).to_be_in_viewport(ratio=1)
    expect(page.locator("#source-1-2")).to_be_focused()
    page.locator("#source-1-2 a.marker").click()
    expect(page.locator("#answer-1")).to_be_focused()


def test_markers_of_earlier_answers_bring_back_their_sources(visit):
    page = visit()
    ask(page, "红树林？")
    expect(card(page)).to_have_count(2)
    ask(page, "forest?")
    expect(card(page)).to_have_count(1)
    page.locator("#answer-1 a.marker").nth(1).click()
    expect(card(page)).to_have_count(2)
    expect(page.locator("#source-1-2 mark")).to_be_in_viewport()


def test_an_abstention_shows_the_nearest_passages(visit):
    page = visit()
    page.locator("#question textarea").fill("没有的事？")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_text("文档中没有这个问题的答案。")
    expect(page.locator("#panel h2")).to_have_text("Nearest passages", use_inner_text=True)
    expect(page.locator("#panel .note")).to_contain_text("These are only the nearest passages, not an answer.")
    expect(card(page).locator("blockquote")).to_have_text(["只是相近的一段。", HOSTILE])
    why = page.locator("#panel .why")
    expect(why.locator("dl").first).to_be_hidden()
    why.locator("summary").click()
    expect(why.locator("dl").first.locator("dd")).to_have_text(["0.60", "4.00", "0.50", "0.0300", "0.10"])


def test_hostile_text_is_shown_as_text_and_does_not_run(visit):
    page = visit()
    ask(page, f"恶 {HOSTILE}")
    expect(answers(page)).to_contain_text(HOSTILE)
    expect(page.locator("#chat .question")).to_have_text(f"恶 {HOSTILE}")
    expect(card(page).locator("mark")).to_have_text(HOSTILE)
    expect(card(page).locator("h3")).to_have_text(HOSTILE)
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator("#documents")).to_contain_text(HOSTILE)
    page.locator("#documents button[data-document]").nth(1).click()
    expect(page.locator("dialog#document .text")).to_have_text(f"甲{HOSTILE}乙")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Chat").click()
    page.locator("#panel .why summary").click()
    expect(page.locator("#kept .title")).to_have_text(re.compile("^恶 <script>window.ran=1</script>"))
    expect(
        page.locator(":is(#chat, #panel, #documents, #kept, #document) :is(script, img, svg, math, strong, em, .katex)")
    ).to_have_count(0)
    assert page.evaluate("window.ran") is None


def test_an_error_is_one_friendly_line(visit):
    page = visit()
    ask(page, "坏了？")
    expect(page.locator("#chat .problem")).to_have_text(
        "Could not answer: the model <b>cannot</b> be loaded", use_inner_text=True
    )
    expect(page.locator("#panel .note")).to_contain_text(texts.NO_SOURCES.english)
    ask(page, "forest?")
    expect(answers(page)).to_contain_text(FORESTS)


def test_an_empty_question_does_nothing(visit):
    page = visit()
    with page.expect_response(lambda response: "queue/join" in response.url):
        ask(page, "  \n ")
    ask(page, "forest?")
    expect(answers(page)).to_contain_text(FORESTS)
    expect(page.locator("#chat .turn")).to_have_count(1)


def test_two_visitors_do_not_see_each_other(visit, pipeline):
    one, other = visit(), visit()
    ask(one, "等 forest?")
    expect(answers(one)).to_have_text(FORESTS[:20])
    ask(other, "没有的事？")
    expect(other.locator("#chat .question")).to_have_text("没有的事？")
    pipeline.go_on.set()
    expect(answers(one)).to_contain_text(FORESTS)
    expect(answers(other)).to_have_text("文档中没有这个问题的答案。")
    for page, question in ((one, "等 forest?"), (other, "没有的事？")):
        expect(page.locator("#chat .question")).to_have_text([question])


def test_a_question_waits_for_the_answer_before_it(visit, pipeline):
    page = visit()
    ask(page, "等 forest?")
    expect(answers(page)).to_have_text(FORESTS[:20])
    page.locator("#question textarea").fill("没有的事？")
    page.keyboard.press("Enter")
    pipeline.go_on.set()
    expect(page.locator("#chat .question")).to_have_text(["等 forest?", "没有的事？"])
    expect(answers(page).nth(1)).to_have_text("文档中没有这个问题的答案。")
    expect(answers(page).first).to_contain_text(FORESTS)


def test_an_answer_can_be_stopped_and_asked_for_again(visit, pipeline):
    page = visit()
    ask(page, "等 forest?")
    expect(page.locator("#chat .steps")).to_contain_text("Writing…", use_inner_text=True)
    expect(page.locator("#send")).to_be_hidden()
    page.locator("#stop").click()
    expect(page.locator("#chat .answer .note")).to_have_text("Stopped.", use_inner_text=True)
    expect(answers(page)).to_have_text(FORESTS[:20])
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator("#question textarea")).to_be_focused()
    pipeline.go_on.set()
    page.get_by_role("button", name="Retry").click()
    expect(answers(page)).to_contain_text(FORESTS)
    expect(page.locator("#chat .question")).to_have_text(["等 forest?"])


def test_a_question_is_edited_and_what_followed_it_is_replaced(visit):
    page = visit()
    for question in ("forest?", "没有的事？"):
        ask(page, question)
        expect(page.locator("#chat .question").last).to_have_text(question)
        expect(page.locator("#send")).to_be_visible()
    more(page)
    page.get_by_role("button", name="Edit").first.click()
    expect(page.locator("#question textarea")).to_have_value("forest?")
    expect(page.locator("#question textarea")).to_be_focused()
    page.locator("#editing button").click()
    expect(page.locator("#question textarea")).to_have_value("")
    page.get_by_role("button", name="Edit").first.click()
    expect(page.locator("#question textarea")).to_have_value("forest?")
    ask(page, "红树林？")
    expect(page.locator("#chat .question")).to_have_text(["红树林？"])
    expect(answers(page)).to_contain_text(MANGROVES)
    expect(page.locator("#send")).to_be_visible()
    page.reload()
    expect(page.locator("#chat .question")).to_have_text(["红树林？"])


def test_shift_and_enter_break_the_line(visit):
    page = visit()
    page.locator("#question textarea").focus()
    page.keyboard.type("forest")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("of ASEAN?")
    expect(page.locator("#question textarea")).to_have_value("forest\nof ASEAN?")
    page.keyboard.press("Enter")
    expect(page.locator("#chat .question")).to_have_text("forest of ASEAN?")


def test_an_answer_is_copied_with_its_sources(visit):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, "forest?")
    page.get_by_role("button", name="Copy").click()
    page.locator(".tools .done").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("The region holds 15% of the world's tropical forest. [1]")
    assert "1. ASEAN forests, p. 1:" in copied


def test_conversations_are_kept_opened_renamed_saved_and_deleted(visit):
    page = visit()
    for question in ("forest?", "红树林？"):
        page.locator("#new").click()
        ask(page, question)
        expect(page.locator("#chat .question")).to_have_text([question])
        expect(answers(page)).to_contain_text(FORESTS)
    kept = page.locator("#kept .title")
    expect(kept).to_have_text(["红树林？", "forest?"])
    page.reload()
    expect(page.locator("#chat .question")).to_have_text(["红树林？"])
    expect(card(page).locator("mark")).to_have_text([FORESTS, MANGROVES])
    kept.nth(1).click()
    expect(page.locator("#chat .question")).to_have_text(["forest?"])
    page.locator("#kept .more summary").nth(1).click()
    page.locator("#kept input[name=title]").nth(1).fill("Woods & trees")
    page.locator("#kept [data-event=edit] button").nth(1).click()
    expect(kept).to_have_text(["红树林？", "Woods & trees"])
    page.locator("#kept .more summary").nth(1).click()
    with page.expect_download() as download:
        page.locator("#kept [data-form=md]").nth(1).click()
    assert download.value.suggested_filename == "Woods & trees.md"
    saved = download.value.path().read_text(encoding="utf-8")
    assert "forest?" in saved
    assert "1. ASEAN forests\\[Z\\]. 1." in saved
    page.locator('#kept [data-event="delete"]').nth(1).click()
    expect(kept).to_have_text(["红树林？"])
    expect(page.locator("#chat .welcome")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(kept).to_have_text(["Woods & trees", "红树林？"])
    page.locator("#kept input[type=search]").fill("红树")
    expect(kept).to_have_text(["红树林？"])
    page.locator("#kept input[type=search]").fill("")
    expect(kept).to_have_count(2)
    page.locator("#kept .more summary").nth(1).click()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(kept).to_have_text([re.compile("红树林？$"), "Woods & trees"])
    expect(page.locator("#kept .pinned")).to_have_count(1)


def test_answers_and_quotes_are_kept_as_notes_ordered_and_exported(visit):
    page = visit()
    ask(page, "红树林？")
    expect(page.locator("#answer-1 .tools")).to_be_visible()
    expect(page.locator("#answer-1 .tools > button:visible")).to_have_text(["Copy", "Keep"], use_inner_text=True)
    page.get_by_role("button", name="Keep", exact=True).click()
    card(page).nth(1).get_by_role("button", name="Keep this quote").click()
    page.locator("#notes").click()
    kept = page.locator("#notebook .kept-text")
    expect(kept).to_have_text([f"{FORESTS} [1] {MANGROVES}[2]", MANGROVES])
    expect(page.locator("#panel")).to_be_hidden()
    page.get_by_role("button", name="Move up").nth(1).click()
    expect(kept.first).to_have_text(MANGROVES)
    page.locator("#notebook input[name=line]").first.fill("check <b>this</b>")
    page.locator("#notebook form button").first.click()
    page.reload()
    page.locator("#notes").click()
    expect(page.locator("#notebook input[name=line]").first).to_have_value("check <b>this</b>")
    page.locator("#notebook .export select").select_option("apa")
    with page.expect_download() as download:
        page.locator("#notebook [data-form=txt]").click()
    assert download.value.suggested_filename == "红树林？.txt"
    saved = download.value.path().read_text(encoding="utf-8")
    assert f"check <b>this</b>\n\n“{MANGROVES}”[1]" in saved
    assert "[2] ASEAN forests. (n.d.). (p. 1)" in saved
    with page.expect_download() as download:
        page.locator("#notebook [data-form=docx]").click()
    assert download.value.path().read_bytes()[:2] == b"PK"
    page.locator("#notebook").get_by_role("button", name="Remove").first.click()
    expect(kept).to_have_text([f"{FORESTS} [1] {MANGROVES}[2]"])
    page.keyboard.press("Escape")
    expect(page.locator("#notebook")).to_be_hidden()
    other = visit()
    other.locator("#notes").click()
    expect(other.locator("#notebook .note")).to_contain_text("No notes yet.", use_inner_text=True)
    page.locator("#new").click()
    page.locator("#notes").click()
    expect(kept).to_have_count(0)


SELECT = """(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
}"""


def test_a_selected_sentence_is_kept_as_a_note(visit):
    page = visit()
    ask(page, "长 forest?")
    expect(page.locator("#answer-1 .tools")).to_be_visible()
    keeper = page.locator("#keep-selection")
    page.locator("#answer-1 .text").evaluate(SELECT)
    expect(keeper).to_have_text("Keep the selection as a note", use_inner_text=True)
    page.locator("#answer-1 .lead").evaluate(SELECT)
    keeper.click()
    expect(keeper).to_be_hidden()
    expect(page.locator("#notes")).to_have_attribute("data-count", "1")
    card(page).locator("mark").evaluate(SELECT)
    keeper.click()
    expect(page.locator("#notes")).to_have_attribute("data-count", "2")
    page.locator("#notes").click()
    expect(page.locator("#notebook .kept-text")).to_have_text([f"{FORESTS}[1]", FORESTS])
    page.locator("#answer-1 .question").evaluate(SELECT)
    expect(keeper).to_be_hidden()


PASTE = """(text) => {
  const pasted = new DataTransfer();
  pasted.setData("text/plain", text);
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true, cancelable: true }));
}"""


def test_an_address_that_is_pasted_is_offered_to_be_added(visit):
    page = visit()
    offer = page.locator("#offer form")
    page.evaluate(PASTE, "What is at https://example.org?")
    page.locator("#question textarea").fill("https://gone.example/a")
    page.evaluate(PASTE, "https://gone.example/a")
    expect(offer.locator("li")).to_have_text(["https://gone.example/a"])
    page.keyboard.press("Escape")
    expect(offer).to_be_hidden()
    page.evaluate(PASTE, "https://gone.example/a\nhttp://gone.example/b")
    expect(offer.locator("li")).to_have_text(["https://gone.example/a", "http://gone.example/b"])
    offer.locator("[type=submit]").click()
    expect(offer).to_be_hidden()
    expect(page.locator("#arriving .failures li")).to_have_text(
        ["https://gone.example/a: the server takes too long", "http://gone.example/b: the server takes too long"],
        use_inner_text=True,
    )
    expect(page.locator("#question textarea")).to_have_value("")
    ask(page, "forest?")
    expect(page.locator("#arriving .failures")).to_have_count(0)


def test_what_is_thought_of_an_answer_is_kept(visit, history):
    page = visit()
    ask(page, "forest?")
    expect(page.locator("#answer-1 .tools > button:visible")).to_have_text(["Copy", "Keep"], use_inner_text=True)
    more(page)
    page.get_by_role("button", name="Not helpful").click()
    expect(page.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
    page.locator(".opinion input").fill("which year?")
    page.locator(".opinion button").click()
    page.reload()
    expect(page.locator(".opinion input")).to_have_value("which year?")
    answer, feedback = history.rated()[-1]
    assert (answer.question, feedback.liked, feedback.note) == ("forest?", False, "which year?")
    expect(page.locator(".rated")).to_have_text("Rated not helpful", use_inner_text=True)
    more(page)
    page.get_by_role("button", name="Not helpful").click()
    expect(page.locator(".opinion")).to_have_count(0)


def test_resting_on_a_marker_shows_its_quote(visit):
    page = visit()
    ask(page, "红树林？")
    page.locator("#chat a.marker").nth(1).hover()
    expect(page.locator("#quote-tip")).to_be_visible()
    expect(page.locator("#quote-tip span")).to_have_text(MANGROVES)
    page.keyboard.press("Escape")
    expect(page.locator("#quote-tip")).to_be_hidden()


def test_a_marker_leads_to_its_source_without_asking_the_server(visit):
    page = visit(reduced_motion="reduce")
    ask(page, "红树林？")
    expect(card(page)).to_have_count(2)
    before = len(visit.complaints)
    page.context.set_offline(True)
    page.locator("#chat a.marker").nth(1).click()
    expect(page.locator("#source-1-2")).to_be_focused()
    # Off the network, the page complains of what it asks for by itself.
    page.context.close()
    del visit.complaints[before:]


def test_a_whole_document_opens_at_its_quote(visit):
    page = visit()
    ask(page, "红树林？")
    page.get_by_role("button", name="Open document").nth(1).click()
    whole = page.locator("dialog#document")
    expect(whole.locator("mark.current")).to_have_text(MANGROVES)
    expect(whole.locator("mark.current")).to_be_in_viewport()
    expect(whole.locator(".text")).to_contain_text("这是第59段无关的文字")
    page.keyboard.press("Escape")
    expect(whole).to_be_hidden()
    expect(page.get_by_role("button", name="Open document").nth(1)).to_be_focused()


def test_the_language_follows_the_browser_and_the_reader(visit):
    page = visit(locale="zh-CN")
    expect(page.locator("#send")).to_have_text("提问")
    expect(page.get_by_role("tab").first).to_have_text("问答")
    expect(page.locator("#question textarea")).to_have_attribute("placeholder", "输入问题")
    expect(page.locator("#top h1")).to_have_text("引据", use_inner_text=True)
    page.locator("#language").click()
    expect(page.locator("#send")).to_have_text("Ask")
    expect(page.locator("#top h1")).to_have_text("Yinju", use_inner_text=True)
    page.reload()
    expect(page.locator("#send")).to_have_text("Ask")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_theme_is_the_readers_choice(visit):
    page = visit(color_scheme="light")
    ground = "getComputedStyle(document.querySelector('gradio-app')).backgroundColor"
    assert page.evaluate(ground) == "rgb(244, 245, 246)"
    page.locator("#theme").click()
    assert page.evaluate(ground) == "rgb(21, 24, 28)"
    page.reload()
    page.locator("#send").wait_for()
    assert page.evaluate(ground) == "rgb(21, 24, 28)"


def test_everything_can_be_done_from_the_keyboard(visit):
    page = visit(reduced_motion="reduce")
    expect(page.locator("#question textarea")).to_be_focused()
    page.keyboard.type("红树林？")
    page.keyboard.press("Enter")
    expect(card(page)).to_have_count(2)
    expect(page.locator("#question textarea")).to_be_focused()
    page.locator("#chat .log").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#chat a.marker").first).to_be_focused()
    expect(page.locator("#quote-tip span")).to_have_text(FORESTS)
    page.keyboard.press("Enter")
    expect(page.locator("#source-1-1")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Open document").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog#document")).to_be_visible()


def test_clearing_ends_the_answer_under_way(visit, pipeline):
    page = visit()
    ask(page, "等 forest?")
    expect(answers(page)).to_have_text(FORESTS[:20])
    page.locator("#new").click()
    expect(page.locator("#chat .welcome")).to_be_visible()
    pipeline.go_on.set()
    ask(page, "没有的事？")
    expect(page.locator("#chat .question")).to_have_text(["没有的事？"])
    expect(answers(page)).to_have_text(["文档中没有这个问题的答案。"])


def test_an_example_is_asked_with_one_click(visit):
    page = visit()
    examples = page.locator("#suggestions button")
    expect(examples).to_have_text([texts.EXAMPLES[0].question])
    examples.click()
    expect(page.locator("#chat .question")).to_have_text([texts.EXAMPLES[0].question])
    expect(answers(page)).to_contain_text(MANGROVES)
    expect(examples).to_have_count(0)
    page.locator("#new").click()
    expect(examples).to_have_text([texts.EXAMPLES[0].question])


def test_next_questions_are_in_the_language_of_the_page(visit):
    page = visit()
    ask(page, "forest?")
    following = page.locator("#suggestions button:visible")
    expect(following).to_have_text(["forest next?"])
    page.locator("#language").click()
    expect(following).to_have_text(["红树林还有呢？"])
    following.click()
    expect(page.locator("#chat .question")).to_have_text(["forest?", "红树林还有呢？"])
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator("#suggestions button")).to_have_count(0)


def test_the_documents_beside_the_chat_are_found_and_chosen(visit):
    page = visit()
    titles = page.locator("#beside .title")
    expect(titles).to_have_count(4)
    expect(page.locator("#beside .count")).to_have_text("4 of 4 documents are searched", use_inner_text=True)
    expect(page.locator("#beside input[type=search]")).to_have_attribute("placeholder", "Find a document")
    expect(page.locator("#beside option").first).to_have_text("Newest")
    page.locator("#beside select[name=order]").select_option("title")
    expect(titles.nth(1)).to_contain_text("ASEAN forests")
    page.locator("#beside input[type=search]").fill("forests")
    expect(titles).to_have_count(1)
    row = page.locator("#beside li")
    row.hover()
    row.locator(".only").click()
    expect(page.locator("#beside .count")).to_have_text("1 of 4 documents are searched", use_inner_text=True)
    expect(page.locator("#scope")).to_contain_text("Searching 1 of 4 documents", use_inner_text=True)
    expect(page.locator("#beside input[type=search]")).to_have_value("forests")
    page.locator("#beside input[type=search]").fill("")
    expect(titles).to_have_count(4)
    assert sorted(page.locator("#beside input[type=checkbox]").evaluate_all("boxes => boxes.map(box => box.checked)")) == [
        False,
        False,
        False,
        True,
    ]
    page.get_by_role("tab", name="Documents").click()
    expect(page.locator("#document-count")).to_contain_text("1 of them are searched", use_inner_text=True)
    page.get_by_role("tab", name="Chat").click()
    page.locator("#beside").get_by_role("button", name="All", exact=True).click()
    expect(page.locator("#beside .count")).to_have_text("4 of 4 documents are searched", use_inner_text=True)
    page.locator("#beside li", has_text="mangroves").locator("input").uncheck()
    expect(page.locator("#beside .count")).to_have_text("3 of 4 documents are searched", use_inner_text=True)
    page.locator("#beside .title", has_text="ASEAN forests").click()
    expect(page.locator("dialog#document .text")).to_contain_text(FORESTS)


def test_a_phone_has_no_sideways_scroll_and_opens_the_sources_over_the_chat(visit):
    page = visit(390, 844, reduced_motion="reduce")
    for number, question in enumerate(("红树林？", "恶", "没有的事？"), 1):
        ask(page, question)
        expect(page.locator("#chat .question").last).to_have_text(question)
        expect(page.locator(f"#answer-{number} .tools")).to_be_visible()
        expect(page.locator("#panel")).to_be_hidden()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.locator("#answer-3 .to-sources").click()
    expect(page.locator("#panel")).to_contain_text("These are only the nearest passages, not an answer.")
    expect(page.locator("#panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#answer-3 .to-sources")).to_be_focused()


@pytest.mark.parametrize("width", [1024, 390])
def test_a_marker_opens_its_card_over_a_narrow_page(visit, width):
    page = visit(width, 700, reduced_motion="reduce")
    ask(page, "红树林？")
    expect(page.locator("#answer-1 .tools")).to_be_visible()
    expect(page.locator("#panel")).to_be_hidden()
    marker = page.locator("#chat a.marker").nth(1)
    marker.click()
    expect(page.locator("#source-1-2")).to_be_focused()
    expect(page.locator("#source-1-2 mark")).to_be_in_viewport(ratio=1)
    page.locator("#panel .fold").click()
    expect(page.locator("#panel")).to_be_hidden()
    expect(marker).to_be_focused()


def test_the_columns_fold_away(visit):
    page = visit(1024, 700)
    side, column = page.locator("#side"), page.locator("#conversations")
    expect(column).to_be_hidden()
    side.click()
    expect(column).to_be_visible()
    page.keyboard.press("Escape")
    expect(column).to_be_hidden()
    wide = visit(1440, 900)
    expect(wide.locator("#conversations")).to_be_visible()
    expect(wide.locator("#panel")).to_be_hidden()
    ask(wide, "forest?")
    expect(wide.locator("#panel")).to_be_visible()
    wide.locator("#side").click()
    expect(wide.locator("#conversations")).to_be_hidden()
    wide.reload()
    expect(wide.locator("#panel mark")).to_have_text(FORESTS)
    expect(wide.locator("#conversations")).to_be_hidden()


def test_an_answer_is_shown_from_its_beginning(visit, pipeline):
    page = visit(1280, 420)
    ask(page, "红树林？")
    expect(page.locator("#answer-1 .tools")).to_be_visible()
    ask(page, "长 forest?")
    expect(page.locator("#answer-2 .tools")).to_have_count(1)
    top = page.locator("#chat .log").bounding_box()["y"]
    assert 0 <= page.locator("#answer-2 .question").bounding_box()["y"] - top < 40
    expect(page.locator("#answer-2 .lead")).to_be_in_viewport()
    expect(page.locator("#answer-2 .tools")).not_to_be_in_viewport()
    expect(page.locator("#answer-2 li")).to_have_text([f"第{number}条。" for number in range(30)])


def test_focus_stays_where_the_reader_is(visit, pipeline):
    page = visit(reduced_motion="reduce")
    ask(page, "红树林？")
    expect(card(page)).to_have_count(2)
    ask(page, "等 forest?")
    expect(answers(page).last).to_have_text(FORESTS[:20])
    page.locator("#answer-1 a.marker").nth(1).focus()
    pipeline.go_on.set()
    expect(page.locator("#answer-2 .tools")).to_be_visible()
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator("#answer-1 a.marker").nth(1)).to_be_focused()


def test_how_sure_an_answer_is_opens_and_stays_open(visit):
    page = visit()
    ask(page, "forest?")
    facts = page.locator("#answer-1 .facts")
    expect(facts.locator("summary")).to_have_text("Very sure", use_inner_text=True)
    expect(facts.locator(".confidence")).to_be_hidden()
    facts.locator("summary").click()
    expect(facts.locator(".confidence")).to_contain_text("Confidence 90%", use_inner_text=True)
    ask(page, "没有的事？")
    expect(page.locator("#answer-2 .facts summary")).to_have_text("Very likely not in the documents", use_inner_text=True)
    expect(facts.locator(".confidence")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit, scheme):
    page = visit(color_scheme=scheme)
    ask(page, "红树林？")
    expect(card(page)).to_have_count(2)
    contrast = page.evaluate(
        """() => {
          const parse = (color) => color.match(/[\\d.]+/g).map(Number);
          const light = (rgb) => {
            const [r, g, b] = rgb.slice(0, 3).map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const ground = (element) => {
            for (; element; element = element.parentElement) {
              const color = parse(getComputedStyle(element).backgroundColor);
              if ((color[3] ?? 1) === 1) return color;
            }
            return [255, 255, 255];
          };
          return [".log .text", ".log .question", ".log .confidence", ".log .marker", ".card h3", ".card blockquote",
                  ".card mark", ".card .place", ".asked", "#top h1", "#send", ".tools button", "#kept .title"].map((selector) => {
            const element = document.querySelector(selector);
            const pair = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
            return [selector, (pair[0] + 0.05) / (pair[1] + 0.05)];
          });
        }"""
    )
    assert [pair for pair in contrast if pair[1] < 4.5] == []
    ground = page.evaluate("getComputedStyle(document.querySelector('gradio-app')).backgroundColor")
    assert ground == {"light": "rgb(244, 245, 246)", "dark": "rgb(21, 24, 28)"}[scheme]


def sign_in(page, password):
    page.get_by_label("username").fill("ada")
    page.get_by_label("password").fill(password)
    page.get_by_role("button", name="Login").click()


def test_a_window_behind_a_password_keeps_others_out(browser, pipeline, tmp_path):
    history = History(tmp_path)
    address = served(pipeline, history, users=[("ada", "river, lake")])
    page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US").new_page()
    page.goto(address)
    sign_in(page, "wrong")
    expect(page.get_by_text("Incorrect Credentials")).to_be_visible()
    assert page.request.get(f"{address}/config").status == 401
    sign_in(page, "river, lake")
    page.wait_for_function("document.documentElement.dataset.arrived")
    ask(page, "forest?")
    expect(answers(page)).to_contain_text(FORESTS)
    assert [kept.title for kept in history.conversations("user:ada")] == ["forest?"]
    page.context.close()


def test_a_proxy_may_put_a_path_before_every_address(browser, pipeline, tmp_path):
    address = served(pipeline, History(tmp_path), root_path="/yinju")
    with Proxy(address, "/yinju") as outside:
        page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US").new_page()
        strays = []
        page.on("request", lambda request: strays.append(request.url) if not request.url.startswith(outside) else None)
        page.goto(f"{outside}/")
        page.wait_for_function("document.documentElement.dataset.arrived")
        ask(page, "forest?")
        expect(answers(page)).to_contain_text(FORESTS)
        assert [url for url in strays if not url.startswith(("data:", "blob:"))] == []
        page.context.close()
