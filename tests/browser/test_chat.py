from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from dataclasses import dataclass

import pytest

from rag.errors import DocumentNotFoundError, ModelError
from rag.types import Answer, Chunk, Citation, Document, Done, Retrieved, SearchResult, TextDelta
from ui import texts
from ui.chat import serve

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM:
    sync_api = pytest.importorskip("playwright.sync_api")
    expect = sync_api.expect

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")]

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
    title: str
    source: str
    publisher: str = ""
    published: str = ""


class FakeLibrary:
    all = (
        Document("zh", "东盟的红树林", "/docs/mangroves.zh.txt", f"{FILLER}报道说，{MANGROVES}还说了别的。\n{FILLER}", "zh"),
        Document("en", "ASEAN forests", "/docs/forests.en.pdf", f"Before. {FORESTS} After.", "en", pages=(0,)),
        Document("bad", HOSTILE, f"/docs/{HOSTILE}", f"甲{HOSTILE}乙", "en"),
        Document("seed", "立场文件", f"/seeds/{texts.EXAMPLES[0].file_name}", "无", "zh"),
    )

    def documents(self):
        return [Summary(document.title, document.source) for document in self.all]

    def document(self, document_id):
        for document in self.all:
            if document.id == document_id:
                return document
        raise DocumentNotFoundError("there is none")


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

    def __init__(self):
        self.go_on = threading.Event()

    def stream(self, question, history):
        if "坏" in question:
            raise ModelError("the model <b>cannot</b> be loaded")
        results = (found("zh", "只是相近的一段。", 1), found("bad", HOSTILE, 2))
        yield Retrieved(question, results)
        if "没有" in question:
            yield TextDelta("文档中没有这个问题的答案。")
            yield Done(Answer(question, question, "文档中没有这个问题的答案。", "refusal", (), results, 0.05, "zh"))
            return
        if "恶" in question:
            citations, text = (cite(1, "bad", HOSTILE),), f"{HOSTILE} [1]"
        elif "forest" in question:
            citations, text = (cite(1, "en", FORESTS),), f"{FORESTS} [1]"
        else:
            citations, text = (cite(1, "en", FORESTS), cite(2, "zh", MANGROVES)), f"{FORESTS} [1] {MANGROVES}[2]"
        yield TextDelta(text[:20])
        if "等" in question:
            assert self.go_on.wait(20)
        yield TextDelta(text[20:])
        yield Done(Answer(question, question, text, "answer", citations, results, 0.9, "zh"))


@pytest.fixture(scope="module")
def pipeline():
    return FakePipeline()


@pytest.fixture(scope="module")
def address(pipeline):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    threading.Thread(target=serve, args=(pipeline, "127.0.0.1", port), daemon=True).start()
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)) as connection:
            connection.settimeout(30)
            connection.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            assert connection.recv(1)
            return f"http://127.0.0.1:{port}"
        time.sleep(0.1)
    raise TimeoutError("the window did not open")


@pytest.fixture(scope="module")
def browser():
    arguments = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
    ]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address, pipeline):
    """Opens the window as a new visitor; afterwards, nothing was asked of another host and nothing was complained of."""
    contexts, requests, complaints = [], [], []

    def open_window(width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
        page.goto(address)
        expect(page.locator("#library summary")).to_contain_text("4")
        return page

    pipeline.go_on.clear()
    yield open_window
    pipeline.go_on.set()
    for context in contexts:
        context.close()
    assert requests
    assert [url for url in requests if not url.startswith((f"{address}/", "data:", "blob:"))] == []
    assert complaints == []


def ask(page, question):
    page.locator("#composer textarea").fill(question)
    page.locator("#send").click()


def answers(page):
    return page.locator("#chat .text")


def card(page):
    """The cards of the sources that are shown."""
    return page.locator("#panel .sources:not([hidden]) .card")


def test_an_answer_streams_in_and_is_cited(visit, pipeline):
    page = visit()
    ask(page, "等 ASEAN?")
    expect(answers(page)).to_have_text(FORESTS[:20])
    expect(page.locator("#chat a.marker")).to_have_count(0)
    expect(page.locator("#composer textarea")).to_have_value("")
    pipeline.go_on.set()
    expect(answers(page)).to_contain_text(MANGROVES)
    expect(page.locator("#chat .question")).to_have_text("等 ASEAN?")
    expect(page.locator("#chat a.marker")).to_have_text(["[1]", "[2]"])
    expect(card(page).locator("mark")).to_have_text([FORESTS, MANGROVES])
    expect(card(page).locator(".place")).to_have_text(["forests.en.pdf · 第 1 页 p. 1", "mangroves.zh.txt"])
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
    page.locator("#composer textarea").fill("没有的事？")
    page.keyboard.press("Enter")
    expect(answers(page)).to_have_text("文档中没有这个问题的答案。")
    expect(page.locator("#panel h2")).to_have_text("最接近的段落 Nearest passages")
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
    expect(page.locator("#library")).to_contain_text(HOSTILE)
    page.locator("#panel .why summary").click()
    page.locator("#library summary").click()
    expect(page.locator(":is(#chat, #panel, #library) :is(script, img, svg, math, strong, em, .katex)")).to_have_count(0)
    assert page.evaluate("window.ran") is None


def test_an_error_is_one_friendly_line(visit):
    page = visit()
    ask(page, "坏了？")
    expect(page.locator("#chat .problem")).to_have_text("没能回答 Could not answer: the model <b>cannot</b> be loaded")
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
    ask(page, "没有的事？")
    pipeline.go_on.set()
    expect(page.locator("#chat .question")).to_have_text(["等 forest?", "没有的事？"])
    expect(answers(page).nth(1)).to_have_text("文档中没有这个问题的答案。")
    expect(answers(page).first).to_contain_text(FORESTS)


def test_clearing_ends_the_answer_under_way(visit, pipeline):
    page = visit()
    ask(page, "等 forest?")
    expect(answers(page)).to_have_text(FORESTS[:20])
    page.locator("#clear").click()
    expect(page.locator("#chat .welcome")).to_be_visible()
    pipeline.go_on.set()
    ask(page, "没有的事？")
    expect(page.locator("#chat .question")).to_have_text(["没有的事？"])
    expect(answers(page)).to_have_text(["文档中没有这个问题的答案。"])


def test_an_example_is_asked_with_one_click(visit):
    page = visit()
    examples = page.locator("#examples button")
    expect(examples).to_have_text([texts.EXAMPLES[0].question])
    examples.click()
    expect(page.locator("#chat .question")).to_have_text([texts.EXAMPLES[0].question])
    expect(answers(page)).to_contain_text(MANGROVES)
    expect(examples).to_be_hidden()
    page.locator("#clear").click()
    expect(examples).to_be_visible()


def test_a_phone_has_the_sources_below_and_no_sideways_scroll(visit):
    page = visit(390, 844)
    for question in ("红树林？", "恶", "没有的事？"):
        ask(page, question)
        expect(page.locator("#chat .question").last).to_have_text(question)
        expect(card(page)).not_to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("#panel").bounding_box()["y"] >= page.locator("#composer").bounding_box()["y"]


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
                  ".card mark", ".card .place", ".asked", "#name h1", "#send"].map((selector) => {
            const element = document.querySelector(selector);
            const pair = [light(parse(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
            return [selector, (pair[0] + 0.05) / (pair[1] + 0.05)];
          });
        }"""
    )
    assert [pair for pair in contrast if pair[1] < 4.5] == []
    ground = page.evaluate("getComputedStyle(document.querySelector('gradio-app')).backgroundColor")
    assert ground == {"light": "rgb(244, 245, 246)", "dark": "rgb(21, 24, 28)"}[scheme]
