from __future__ import annotations

import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from types import SimpleNamespace

import gradio as gr
import pytest
from html_page import HOSTILE, Reader

from rag.conversations import Conversation, History
from rag.conversations.notes import Note
from rag.errors import DocumentNotFoundError, QuestionError, YinjuError
from rag.library.library import AddResult
from rag.serving import public
from rag.types import Answer, Chunk, Citation, Document, Done, Edit, Retrieved, SearchResult, TextDelta
from ui import document_list, rendering, texts
from ui.adding import added
from ui.chat import answering
from ui.document_list import Shelf
from ui.pages.column_page import DocumentsColumn
from ui.parts import script, style
from ui.rendering import Turn
from ui.serving import Address, serve
from ui.viewer import shown
from ui.viewer.shown import Request
from ui.views import answers, chat_log
from ui.views.arriving import offer
from ui.views.column import A_PAGE, Wanted, column, matching
from ui.views.conversations import conversations
from ui.views.notebook import notebook
from ui.views.suggestions import suggestions

TEXT = "标题\n一开始说了别的。东盟有42%的红树林。后来又说了别的。\n下一段。"
QUOTE = "东盟有42%的红树林。"
DOCUMENT = Document("d1", "东盟与中国", "/home/someone/secret/asean.zh.txt", TEXT, "zh", "2021-10-09", "新华社")


def citation(number=1, quote=QUOTE, document=DOCUMENT, page=None, support=0.93):
    start = document.text.index(quote)
    return Citation(number, document.id, document.title, document.source, page, start, start + len(quote), quote, support)


def result(rank=1, text="一段话。", score=0.4, title="标题", **scores):
    chunk = Chunk(f"c{rank}", "d1", text, 0, len(text), 7)
    return SearchResult(chunk, title, "C:\\Users\\someone\\file.pdf", "zh", score, rank, scores)


CITATION = citation()


def answer(text=f"{QUOTE}[1]", citations=(CITATION,), results=(), abstained=False, question="红树林?"):
    return Answer(question, question, text, "refusal" if abstained else "answer", citations, results, 0.875, "zh")


def find_document(document_id):
    if document_id != DOCUMENT.id:
        raise DocumentNotFoundError("there is none")
    return DOCUMENT


class FakeLibrary:
    def documents(self):
        return []

    def document(self, document_id):
        return find_document(document_id)


class FakePipeline:
    library = FakeLibrary()

    def __init__(self, *events):
        self.events = events

    def stream(self, question, history, stop, documents):
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event


# -- the answer -------------------------------------------------------------------------------------------------------


def test_a_marker_leads_to_its_card():
    page = Reader(answers.face(3, answer()))
    (link,) = page.attributes("a")
    assert link["href"] == "#source-3-1"
    assert page.inside["a"] == ["[1]"]
    panel = Reader(rendering.sources(3, answer(), find_document))
    assert "source-3-1" in [attributes.get("id") for attributes in panel.attributes("article")]


def test_a_marker_without_a_citation_stays_text():
    page = Reader(answers.face(1, answer(text="见原文注释[12]。[1]")))
    assert [link["href"] for link in page.attributes("a")] == ["#source-1-1"]
    assert "见原文注释[12]。" in page.text


def test_a_marker_stays_on_the_line_of_its_sentence():
    english = Reader(answers.face(1, answer(text="It is so. [1]"))).inside["p"][0]
    assert english == "It is so.\N{NO-BREAK SPACE}[1]"
    chinese = Reader(answers.face(1, answer(text="如此。[1]"))).inside["p"][0]
    assert chinese == "如此。\N{WORD JOINER}[1]"


def test_confidence_is_shown():
    page = Reader(answers.face(1, replace(answer(), timings={"retrieve": 0.25, "read": 0.5, "total": 1.0})))
    assert "把握 Confidence 88%" in page.text
    assert page.inside["summary"] == ["有把握 Sure"]
    assert page.inside["li"] == ["查找 Searched 0.25 s", "阅读 Read 0.50 s", "组织回答 Wrote 0.25 s"]


def test_an_abstention_is_marked_as_one():
    abstained = answers.face(1, answer("文档没有提到。", (), abstained=True))
    assert Reader(abstained).attributes("div")[0]["class"] == "text abstained refusal"


# -- the sources ------------------------------------------------------------------------------------------------------


def test_the_highlight_is_the_quote_in_its_paragraph():
    card = Reader(rendering.sources(1, answer(), find_document))
    assert card.inside["mark"] == [QUOTE]
    assert card.inside["blockquote"] == ["一开始说了别的。东盟有42%的红树林。后来又说了别的。"]


def test_a_card_names_title_file_page_and_support():
    card = Reader(rendering.sources(1, answer(citations=(citation(page=4),)), find_document))
    assert card.inside["h3"] == ["东盟与中国"]
    assert "asean.zh.txt · 第 4 页 p. 4" in card.text
    assert "支持度 Support  93%" in card.text
    assert {"style": "width:93%"} in card.attributes("span")


def test_a_card_without_a_page_names_none():
    assert "页" not in Reader(rendering.sources(1, answer(), find_document)).text


def test_the_folders_of_a_file_are_not_shown():
    assert "secret" not in rendering.sources(1, answer(), find_document)
    assert public.file_name("C:\\a\\b.pdf") == "b.pdf"
    assert public.file_name("https://example.org/a/") == "a"
    assert public.file_name("/") == "/"


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("甲" * 300 + QUOTE + "乙" * 300, "…" + "甲" * 140, "乙" * 140 + "…"),
        ("甲" * 140 + QUOTE, "甲" * 140, ""),
        (QUOTE, "", ""),
    ],
)
def test_a_long_paragraph_is_cut(text, before, after):
    document = replace(DOCUMENT, text=text)
    shown = rendering.quote_in_context(document, citation(document=document))
    assert shown == f"{before}<mark>{QUOTE}</mark>{after}"


def test_a_long_english_paragraph_is_cut_between_words():
    document = replace(DOCUMENT, text="word " * 100 + "The quote." + " word" * 100, language="en")
    before, after = rendering.quote_in_context(document, citation(quote="The quote.", document=document)).split(
        "<mark>The quote.</mark>"
    )
    assert set(before.split()) == {"…word", "word"}
    assert set(after.split()) == {"word", "word…"}


def test_a_quote_the_document_no_longer_holds_stands_alone():
    changed = replace(DOCUMENT, text="全都改了")
    assert rendering.quote_in_context(changed, citation()) == f"<mark>{QUOTE}</mark>"


def test_a_quote_of_a_deleted_document_stands_alone_and_says_so():
    gone = answer(citations=(replace(citation(), document_id="gone"),))
    card = Reader(rendering.sources(1, gone, find_document))
    assert card.inside["mark"] == [QUOTE]
    assert texts.GONE.english in card.text


def test_an_abstention_shows_the_nearest_passages_as_no_answer():
    near = (result(1, "甲段。", 0.41, "甲"), result(2, "乙段。", 0.12, "乙"))
    panel = Reader(rendering.sources(1, answer("没有。", (), near, abstained=True), find_document))
    assert panel.inside["h2"] == ["最接近的段落 Nearest passages"]
    assert texts.ONLY_NEAREST.chinese in panel.text
    assert texts.ONLY_NEAREST.english in panel.text
    assert panel.inside["blockquote"] == ["甲段。", "乙段。"]
    assert panel.inside["h3"] == ["甲", "乙"]
    assert "file.pdf · 第 7 页 p. 7" in panel.text
    assert "得分 Score 0.41" in panel.text
    assert "mark" not in panel.inside


def test_a_near_miss_shows_the_sentence_that_it_quotes():
    near = replace(answer(), kind="near")
    shown = rendering.sources(1, near, find_document)
    assert 'id="source-1-1"' in shown
    assert QUOTE in shown
    assert near.abstained


def test_an_abstention_without_passages_says_so():
    panel = Reader(rendering.sources(1, answer("没有。", (), (), abstained=True), find_document))
    assert texts.NOTHING_NEAR.english in panel.text
    assert "details" not in panel.inside


def test_the_scores_of_every_stage_are_shown():
    found = (
        result(1, dense=0.5, lexical=8.0, coverage=0.25, fused=0.04, support=0.9),
        result(2, dense=-0.1, lexical=2.0, fused=0.01),
    )
    why = Reader(rendering.sources(1, answer(results=found), find_document))
    assert why.inside["dt"][:5] == ["语义 Dense", "词面 Lexical", "覆盖 Coverage", "融合 Fused", "支持 Support"]
    assert why.inside["dd"] == ["0.50", "8.00", "0.25", "0.0400", "0.90", "-0.10", "2.00", "—", "0.0100", "—"]
    bars = [attributes["style"] for attributes in why.attributes("span") if "style" in attributes]
    widths = ["50%", "100%", "25%", "100%", "90%", "0%", "25%", "0%", "25%", "0%"]
    assert bars == ["width:93%", *(f"width:{width}" for width in widths)]
    assert [item["value"] for item in why.attributes("li")] == ["1", "2"]


def test_only_the_last_answer_shows_its_sources():
    panel = Reader(rendering.panel([Turn("一", "", "<h2>甲</h2>"), Turn("二", "", "<h2>乙</h2>")]))
    assert ["hidden" in section for section in panel.attributes("section")] == [True, False]


def test_sources_wait_for_an_answer():
    for turns in ([], [Turn("一", "", "<h2>甲</h2>"), Turn("二", "")]):
        panel = Reader(rendering.panel(turns))
        shown = [section for section in panel.attributes("section") if "hidden" not in section]
        assert len(shown) == 1
        assert texts.NO_SOURCES.english in panel.text


# -- everything is data -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Summary:
    title: str = HOSTILE
    source: str = HOSTILE
    publisher: str = HOSTILE
    published: str = HOSTILE
    id: str = HOSTILE
    language: str = "zh"
    chunks: int = 3
    added: str = "2026-01-02 03:04:05"
    cluster: str = HOSTILE
    collections: tuple[str, ...] = (HOSTILE,)
    author: str = HOSTILE
    characters: int = 1


HOSTILE_DOCUMENT = Document("d1", HOSTILE, HOSTILE, f"前{HOSTILE}后", "en")
HOSTILE_TABLE = Document("d1", "T", "a.csv", "\n".join(f"Name: {HOSTILE}; Year: {year}" for year in (2020, 2021)))
HOSTILE_ANSWER = Answer(
    HOSTILE,
    HOSTILE,
    f"{HOSTILE}[1]",
    "answer",
    (citation(quote=HOSTILE, document=HOSTILE_DOCUMENT),),
    (replace(result(text=HOSTILE, title=HOSTILE, dense=0.1), source=HOSTILE),),
    0.5,
    "en",
)


@pytest.mark.parametrize(
    "page",
    [
        chat_log.chat([Turn(HOSTILE, answers.face(1, HOSTILE_ANSWER))]),
        chat_log.chat([Turn(HOSTILE, rendering.unfinished(HOSTILE))]),
        rendering.problem(HOSTILE),
        rendering.sources(1, HOSTILE_ANSWER, lambda _: HOSTILE_DOCUMENT),
        rendering.sources(1, replace(HOSTILE_ANSWER, citations=(), kind="refusal"), find_document),
        shown.text_part(HOSTILE_DOCUMENT, Request("d1", ((1, 1 + len(HOSTILE)),)))["html"],
        shown.heading(HOSTILE_DOCUMENT),
        shown.hits(HOSTILE_DOCUMENT, HOSTILE),
        shown.text_part(HOSTILE_TABLE, Request("d1"))["html"],
        conversations([Conversation("1", HOSTILE, "")], ""),
        document_list.table([Summary()], None, Shelf()),
        document_list.table([Summary()], None, Shelf(f"x{HOSTILE}")),
        column([Summary()], None, Wanted()),
        notebook([Note(HOSTILE, HOSTILE, HOSTILE_ANSWER.citations, HOSTILE, 1)], HOSTILE),
        suggestions([HOSTILE], following=True),
        document_list.added([AddResult("a.txt", "failed", reason=HOSTILE)]),
        document_list.adding([], HOSTILE, 1, 2, 0.5),
        document_list.cleaned(replace(HOSTILE_DOCUMENT, edits=(Edit(0, HOSTILE, "", HOSTILE),))),
    ],
    ids=[
        "answer",
        "unfinished answer",
        "problem",
        "sources",
        "nearest passages",
        "whole document",
        "heading of a document",
        "hits",
        "table of a document",
        "conversations",
        "documents",
        "no documents",
        "documents beside the chat",
        "notebook",
        "suggestions",
        "failed file",
        "file in hand",
        "cleaned",
    ],
)
def test_hostile_text_is_only_text(page):
    read = Reader(page)
    assert HOSTILE in read.text
    assert not {"script", "img"} & set(read.inside)
    for _, attributes in read.tags:
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")


def test_hostile_headings_and_collections_are_only_text():
    text = "# One <script>alert(1)</script>\n\nOne.\n\n## Two\n\nTwo."
    outline = Reader(shown.outline(Document("d1", "T", "a.md", text), False))
    assert outline.inside["button"] == ["One <script>alert(1)</script>", "Two"]
    options = Reader(document_list.selection(Shelf(ticked={"1"}), 1, [HOSTILE])).attributes("option")
    assert options == [{"value": HOSTILE}]


def test_a_hostile_quote_is_highlighted_whole():
    assert Reader(rendering.sources(1, HOSTILE_ANSWER, lambda _: HOSTILE_DOCUMENT)).inside["mark"] == [HOSTILE]


# -- the chat ---------------------------------------------------------------------------------------------------------


def turns_of(*events):
    return list(answering(FakePipeline(*events), "红树林?", (), threading.Event()))


def test_a_turn_grows_until_it_is_whole():
    turns = turns_of(Retrieved("红树林?", (result(),)), TextDelta(QUOTE), TextDelta("[1]"), Done(answer()))
    assert {turn.question for turn in turns} == {"红树林?"}
    assert [texts.SEARCHING.english in turns[0].answer, texts.READING.english in turns[1].answer] == [True, True]
    assert Reader(turns[2].answer).inside["p"] == [QUOTE]
    assert turns[-1] == Turn("红树林?", answers.face(1, answer()), rendering.sources(1, answer(), find_document), answer())
    assert [turn.sources for turn in turns[:-1]] == [""] * (len(turns) - 1)


def test_an_error_for_the_user_is_one_line():
    last = turns_of(QuestionError("the question is too long"))[-1]
    assert Reader(last.answer).text == "没能回答：the question is too long Could not answer: the question is too long"
    assert last.sources == ""


def test_an_unexpected_error_is_logged_and_not_shown(caplog):
    last = turns_of(Retrieved("红树林?", ()), RuntimeError("the secret"))[-1]
    assert texts.UNEXPECTED.chinese in last.answer
    assert "secret" not in last.answer
    assert "the secret" in caplog.text


def test_a_turn_that_was_stopped_says_so_and_keeps_its_text():
    *_, last = turns_of(Retrieved("红树林?", ()), TextDelta(QUOTE))
    assert Reader(last.answer).inside["p"] == [QUOTE, "已停止。 Stopped."]
    assert last.given is None
    assert last.finished


# -- the documents ----------------------------------------------------------------------------------------------------

TWO = [
    Summary("甲", "/a/甲.txt", "新华社", "", "1", "zh", 1200, cluster="", collections=(), author="", characters=9),
    Summary("乙", "/a/乙.txt", "", "2020-01-01", "2", "en", 34, cluster="", collections=(), author="何立群"),
]


def test_the_documents_are_counted_and_listed():
    assert Reader(document_list.count(TWO, None)).text == "2 份文档，1,234 个段落 2 documents, 1,234 passages"
    page = Reader(document_list.table(TWO, None, Shelf()))
    assert page.inside["h3"] == ["乙", "甲"]
    assert "甲.txt · 新华社 · 中文 Chinese · 1,200 个段落 1,200 passages · 2026-01-02 添加 added 2026-01-02" in page.text
    boxes = [box for box in page.attributes("input") if box.get("type") == "checkbox"]
    assert ["checked" in box for box in boxes] == [False, False]


def test_the_documents_that_are_not_searched_are_told():
    shelf = Shelf(ticked={"2"})
    page = Reader(document_list.table(TWO, ["2"], shelf))
    boxes = [box for box in page.attributes("input") if box.get("type") == "checkbox"]
    assert [(box["data-id"], "checked" in box) for box in boxes] == [("2", True), ("1", False)]
    assert [words for words in page.inside["b"] if "not searched" in words] == ["提问时不查找 not searched"]
    assert page.text.index("not searched") > page.text.index("甲")
    assert "1 of them are searched" in document_list.count(TWO, ["2"])
    assert "Searching 1 of 2 documents" in document_list.scope(2, ["2"])
    assert document_list.scope(2, None) == ""


def test_documents_are_found_by_any_fact_and_sorted():
    def found(query="", order="added"):
        shelf = Shelf()
        shelf.look_for(query, order)
        return [document.id for document in shelf.matching(TWO)]

    assert (found(), found(order="title"), found(order="length"), found(order="x")) == (
        ["2", "1"],
        ["2", "1"],
        ["1", "2"],
        ["2", "1"],
    )
    assert (found("新华社"), found("乙.txt 何立群"), found("2020"), found("乙 新华社")) == (["1"], ["2"], ["2"], [])


@pytest.mark.parametrize(
    ("words", "values", "shown_as"),
    [
        (texts.DOCUMENT_COUNT, (1, "1"), "1 document, 1 passage"),
        (texts.DOCUMENT_COUNT, (21, "1,001"), "21 documents, 1,001 passages"),
        (texts.REMOVED, ("Top 1 documents",), "Removed “Top 1 documents”."),
        (texts.COLLECTED, ("1", 1), "Added to the collection “1”: 1 document."),
    ],
)
def test_one_document_is_no_plural(words, values, shown_as):
    assert f'lang="en">{shown_as}</span>' in rendering.both(words, *values)


def test_a_thousand_documents_make_a_small_page():
    many = [
        Summary(f"Title {n}", f"/a/{n}.txt", "", "", str(n), "en", 5, cluster="", collections=(), author="") for n in range(1000)
    ]
    shelf = Shelf()
    page = document_list.table(many, None, shelf)
    assert Reader(page).inside["h3"] == [f"Title {n}" for n in range(999, 949, -1)]
    assert len(page) < 200_000
    shelf.page = 99
    last = Reader(document_list.table(many, None, shelf))
    assert (shelf.page, last.inside["h3"][-1]) == (19, "Title 0")
    assert "951–1000 of 1000" in last.text


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 KB"), (1, "1 KB"), (75_576, "76 KB"), (1_234_567, "1.23 MB"), (20_000_000, "20 MB"), (3_210_000_000, "3.2 GB")],
)
def test_a_size_is_in_the_unit_that_suits_it(size, words):
    assert rendering.size_of(size) == words


def test_each_file_is_told_what_became_of_it():
    results = [
        AddResult("a.txt", "added"),
        AddResult("b.txt", "failed", reason="b.txt: the file is empty"),
        AddResult("c.txt", "unchanged"),
    ]
    page = Reader(document_list.added(results))
    assert page.inside["li"] == [
        "添加了 1 份 1 added",
        "1 份没有变化 1 unchanged",
        "1 份没能添加 1 could not be added",
        "c.txt: 内容已在文档库中 its text is already in the library",
        "b.txt：文件是空的 b.txt: the file is empty",
    ]


def test_what_cleaning_removed_is_listed_with_its_reason():
    document = replace(DOCUMENT, edits=(Edit(0, "首页 > 新闻", "", "navigation"), Edit(3, "\n", "", "layout")))
    page = Reader(document_list.cleaned(document))
    assert page.inside["li"] == [f"导航 navigation 首页 > 新闻{TEXT[:40].replace(chr(10), ' ')}"]
    assert page.inside["del"] == ["首页 > 新闻"]
    assert "Cleaning removed nothing." in document_list.cleaned(DOCUMENT)


def test_a_whole_document_is_shown_with_its_quotes_marked():
    text = DOCUMENT.text
    part = shown.text_part(DOCUMENT, Request("d1", ((5, 9), (0, 2), (1, 2), (7, 10_000_000))))
    page = Reader(part["html"])
    assert page.inside["mark"] == [text[0:2], text[5:9]]
    assert [*page.inside["h5"], *page.inside["p"]] == text.split("\n")
    assert (part["part"], part["parts"], part["quotes"]) == (0, 1, [0, 0, 0, 0])


def test_a_mark_over_several_lines_is_in_each():
    page = Reader(shown.text_part(DOCUMENT, Request("d1", ((1, 6),)))["html"])
    assert page.inside["mark"] == ["题", TEXT[3:6]]
    assert [mark["data-quote"] for mark in page.attributes("mark")] == ["0", "0"]


def test_a_long_document_is_shown_at_its_quote():
    text = "\n".join(f"Line {number} of a long text." for number in range(10_000))
    document = Document("d1", "T", "a.txt", text)
    at = text.index("Line 9000 ")
    part = shown.text_part(document, Request("d1", ((at, at + 9), (0, 4))))
    assert Reader(part["html"]).inside["mark"] == ["Line 9000"]
    assert part["quotes"] == [part["part"], 0]
    assert len(part["html"]) < 200_000
    first = shown.text_part(document, Request("d1", ((at, at + 9),), part=0))
    assert Reader(first["html"]).inside["p"][0] == "Line 0 of a long text."


def test_hits_are_counted_and_lead_to_their_place():
    document = Document("d1", "T", "plan.pptx", "# Plan\n\nİstanbul plans\n\n# Costs\n\nNo plan.", pages=(0, 24))
    page = Reader(shown.hits(document, "PLAN"))
    places = [button["data-hit"].split(",") for button in page.attributes("button")]
    assert [document.text[int(start) : int(end)] for start, end in places] == ["Plan", "plan", "plan"]
    assert "找到 3 处 3 found" in page.text
    assert "slide 2" in page.text
    assert "Nothing found." in shown.hits(document, "")


# -- the server -------------------------------------------------------------------------------------------------------


def test_a_port_in_use_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(YinjuError) as raised:
            serve(FakePipeline(), History(tmp_path), Address(port=port))
    assert str(raised.value) == f"port {port} is already in use; choose another with --port"


def test_an_address_that_is_not_ours_is_one_line(tmp_path):
    with pytest.raises(YinjuError, match=r"^cannot listen on 192\.0\.2\.1:7860: .+; see --host and --port$"):
        serve(FakePipeline(), History(tmp_path), Address("192.0.2.1"))


def test_a_window_is_shared_only_with_those_who_have_a_password(tmp_path):
    with pytest.raises(YinjuError, match="needs --auth NAME:PASSWORD"):
        serve(FakePipeline(), History(tmp_path), Address(share=True))


def test_importing_does_no_work():
    code = "import sys, ui.chat, ui.serving; print([m for m in ('gradio', 'uvicorn', 'fastapi', 'torch', 'numpy') if m in sys.modules])"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "[]\n"


# -- the documents beside the chat ------------------------------------------------------------------------------------

MANY = [
    replace(TWO[0], id=str(number), title=f"题{number:04}", source=f"/a/{number}.txt", published=f"20{number % 24:02}-01-01")
    for number in range(1000)
]


def test_a_thousand_documents_are_listed_a_page_at_a_time():
    wanted = Wanted(page=3)
    shown = column(MANY, ["7"], wanted)
    page = Reader(shown)
    assert len(page.attributes("li")) == A_PAGE
    assert "提问时查找 1 / 1000 份文档" in page.text
    assert "第 151–200 个，共 1000 个" in page.text
    assert len(shown.encode()) < 60_000
    wanted.page = 10_000
    assert len(Reader(column(MANY, None, wanted)).attributes("li")) == A_PAGE
    assert wanted.page == 19


def test_documents_are_found_by_all_words_and_ordered():
    assert [each.id for each in matching(TWO, Wanted())] == ["2", "1"]
    assert [each.id for each in matching(TWO, Wanted(order="date"))] == ["2", "1"]
    assert [each.id for each in matching(TWO, Wanted(query="新华 甲"))] == ["1"]
    assert [each.id for each in matching(TWO, Wanted(query="何立群"))] == ["2"]
    assert matching(TWO, Wanted(query="甲 乙")) == []
    assert [each.id for each in matching(TWO, Wanted(language="en"))] == ["2"]


def test_a_search_with_values_of_no_kind_is_harmless():
    wanted = Wanted(page=4)
    wanted.find({"query": "x" * 1000, "order": ["title"], "language": "<b>", "since": "20x1", "until": ["2020"]})
    assert (len(wanted.query), wanted.order, wanted.language, wanted.page) == (200, "newest", "", 0)
    assert (wanted.since, wanted.until) == ("", "")


def test_documents_are_narrowed_to_a_collection_and_to_years():
    dated = [
        replace(TWO[0], id="a", published="2019-05-01", collections=("河流",)),
        replace(TWO[0], id="b", published="2021", collections=("河流", "湖泊")),
        replace(TWO[0], id="c", published="", collections=()),
    ]

    def found(**values):
        wanted = Wanted()
        wanted.find(values)
        return [each.id for each in matching(dated, wanted)]

    assert found(collection="河流") == ["b", "a"]
    assert found(since="2020") == ["b"]
    assert found(until="2019") == ["a"]
    assert found(since="2019", until="2021") == ["b", "a"]
    page = Reader(column(dated, None, Wanted(since="2020")))
    assert [each.get("name") for each in page.attributes("select")] == ["order", "language", "collection", "since", "until"]
    assert "只查找这 1 份" in page.text
    plain = Reader(column(dated[2:], None, Wanted()))
    assert [each.get("name") for each in plain.attributes("select")] == ["order", "language"]
    assert "只查找这" not in plain.text


class Web(FakeLibrary):
    """Fetches what is not gone, and takes files."""

    def __len__(self):
        return 0

    def add_page(self, url, on_progress):
        if "gone" in url:
            return [AddResult(url, "failed", reason=f"{url}: the server takes too long")]
        return [AddResult(url, "added", "web")]

    def add_upload(self, file, name, on_progress):
        return [AddResult(name, "added", "file")]


def test_files_and_addresses_are_added_one_after_the_other(tmp_path):
    file = tmp_path / "a.txt"
    file.write_text("x", encoding="utf-8")
    *progress, (said, results) = added(Web(), [file, "https://example.org/a", "https://gone.example/"])
    assert [result.status for result in results] == ["added", "added", "failed"]
    assert not file.exists()
    assert "https://example.org/a" in progress[1][0]
    assert "https://gone.example/：服务器太久没有回应" in Reader(said).text


@pytest.mark.parametrize("may_fetch", [True, False])
def test_only_a_window_of_ones_own_fetches_what_is_pasted(may_fetch):
    with gr.Blocks():
        shown = DocumentsColumn(Web(), may_fetch=may_fetch)
        shown._outputs = [gr.HTML(), gr.State(), gr.HTML()]
    event = SimpleNamespace(_data={"addresses": "https://example.org/a file:///etc/passwd https://example.org/a"})
    *_, last = shown._fetch(None, Wanted(), event)
    assert last[shown.arrived] == (["web"] if may_fetch else [])
    assert ("data-event" in offer(may_fetch)) is may_fetch


def test_scripts_and_styles_are_sent_without_comments(tmp_path):
    file = tmp_path / "a.js"
    file.write_text('  // Says so.\n  const a = "http://x"; \n\n  // End\n    b();\n', encoding="utf-8")
    assert script(file) == 'const a = "http://x"; \nb();\n'
    file.write_text("/* One\n two */\na { b: c; }\n  d { e: f; }\n", encoding="utf-8")
    assert style(file) == "a { b: c; }\nd { e: f; }\n"


def test_new_documents_are_marked():
    page = Reader(column(TWO, None, Wanted(new=frozenset({"2"}))))
    assert page.inside["b"] == ["新 new"]


def test_suggestions_in_two_languages_are_shown_in_that_of_the_page():
    page = Reader(suggestions(["红树林有多少？", "How many mangroves?"], following=True))
    shown = [attributes["lang"] for attributes in page.attributes("div")]
    assert shown == ["zh-Hans", "en"]
    assert [attributes["data-ask"] for attributes in page.attributes("button")] == ["红树林有多少？", "How many mangroves?"]
    assert "lang" not in Reader(suggestions(["红树林有多少？"], following=False)).attributes("div")[0]
    assert suggestions([], following=True) == ""
