"""Notes, references, and the files that conversations and notebooks are exported as."""

from __future__ import annotations

import io
import sqlite3

import pytest

from rag.answering.references import references
from rag.conversations import Feedback, History
from rag.conversations.exporting import Entry, of_answers, of_notes, written
from rag.conversations.notes import (
    MAX_LINE,
    Note,
    Notebook,
    of_answer,
    of_citation,
    of_quote_selection,
    of_selection,
)
from rag.errors import ConversationNotFoundError, DocumentNotFoundError, LibraryError
from rag.types import Answer, Citation, Document

PAPER = Document(
    "zh",
    "中国的生物多样性保护",
    "/home/ada/white.pdf",
    "甲乙丙" * 10,
    "zh",
    "2021-10-09",
    "新华社",
    "王一，李二，张三，赵四",
    (0, 10),
)
WEB = Document("web", "Forests of ASEAN.", "https://example.org/a", "abc" * 10, "en", "2020-03", "ASEAN", "Kang Fu, Ada Lim")
BARE = Document("bare", "Notes", "/n.txt", "abc" * 10, "en")
ALL = {document.id: document for document in (PAPER, WEB, BARE)}


def find(document_id):
    if document_id not in ALL:
        raise DocumentNotFoundError("removed")
    return ALL[document_id]


def cite(number, document, start=0, end=3):
    place = (document.page_at(start), start, end)
    return Citation(number, document.id, document.title, document.source, *place, document.text[start:end], 0.9)


def answer(question, text, *citations):
    return Answer(question, question, text, "answer", citations, (), 0.9, "zh")


FIRST = answer("甲？", "- 甲[1]\n- 乙[2]", cite(1, PAPER, 12, 15), cite(2, WEB))
SECOND = answer("乙？", "又是甲[1]。[9]", cite(1, PAPER, 12, 15))


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


@pytest.fixture
def conversation(history):
    made = history.start("ada", "甲？").id
    history.append("ada", made, FIRST)
    return made


@pytest.mark.parametrize(
    ("document", "gbt7714", "apa"),
    [
        (
            PAPER,
            "王一, 李二, 张三, 等. 中国的生物多样性保护[Z]. 新华社, 2021-10-09: 2.",
            "王一, 李二, 张三, & 赵四. (2021, October 9). 中国的生物多样性保护. 新华社. (p. 2)",
        ),
        (
            WEB,
            "Kang Fu, Ada Lim. Forests of ASEAN.[EB/OL]. ASEAN, (2020-03). https://example.org/a. (characters 13–15)",
            "Kang Fu, & Ada Lim. (2020, March). Forests of ASEAN. ASEAN. https://example.org/a (characters 13–15)",
        ),
        (BARE, "Notes[Z]. (characters 13–15)", "Notes. (n.d.). (characters 13–15)"),
    ],
)
def test_references(document, gbt7714, apa):
    cited = [cite(1, document, 12, 15)]
    assert references(cited, find, "gbt7714") == [gbt7714]
    assert references(cited, find, "apa") == [apa]


def test_the_reference_to_a_removed_document_has_its_title():
    gone = Citation(1, "gone", "旧文件", "/old.txt", 3, 0, 2, "旧的", 0.9)
    assert references([gone], find, "gbt7714") == ["旧文件[Z]. 3."]


def test_notes_are_kept_ordered_edited_and_removed(history, conversation):
    notebook = Notebook(history)
    whole = notebook.keep("ada", conversation, of_answer(FIRST))
    quote = notebook.keep("ada", conversation, of_citation(FIRST, 2))
    assert (quote.text, quote.citations[0].number, quote.question) == ("abc", 1, "甲？")
    assert notebook.keep("ada", conversation, of_answer(FIRST)) == whole
    assert notebook.notes("ada", conversation) == [whole, quote]
    notebook.move("ada", conversation, quote.id, -5)
    notebook.edit("ada", conversation, quote.id, "  to\ncheck " + "x" * 2000)
    first, second = notebook.notes("ada", conversation)
    assert (first.id, second.id) == (quote.id, whole.id)
    assert first.line.startswith("to check xx")
    assert len(first.line) == MAX_LINE
    assert notebook.keep("ada", conversation, of_citation(FIRST, 2)).id == quote.id
    notebook.remove("ada", conversation, quote.id)
    notebook.remove("ada", conversation, quote.id)
    assert notebook.notes("ada", conversation) == [whole]
    with pytest.raises(LibraryError, match="no such quote"):
        of_citation(FIRST, 7)


def test_nobody_else_sees_or_changes_notes(history, conversation):
    notebook = Notebook(history)
    mine = notebook.keep("ada", conversation, of_answer(FIRST))
    theirs = history.start("bob", "乙？").id
    for attempt in (
        lambda: notebook.notes("bob", conversation),
        lambda: notebook.keep("bob", conversation, of_answer(SECOND)),
        lambda: notebook.edit("bob", conversation, mine.id, "x"),
        lambda: notebook.move("bob", conversation, mine.id, 1),
        lambda: notebook.remove("bob", conversation, mine.id),
    ):
        with pytest.raises(ConversationNotFoundError):
            attempt()
    # A note of another conversation is not reached through one's own.
    notebook.edit("bob", theirs, mine.id, "x")
    notebook.remove("bob", theirs, mine.id)
    assert notebook.notes("ada", conversation) == [mine]


def test_notes_go_with_their_conversation_and_come_back_with_it(history, conversation):
    notebook = Notebook(history)
    notebook.keep("ada", conversation, of_citation(FIRST, 2))
    history.rate("ada", conversation, 1, Feedback(True, "good"))
    history.pin("ada", conversation, pinned=True)
    deleted = history.delete("ada", conversation)
    with pytest.raises(ConversationNotFoundError):
        notebook.notes("ada", conversation)
    again = history.restore("ada", deleted)
    assert [kept.title for kept in history.conversations("ada")] == ["甲？"]
    assert history.conversations("ada")[0].pinned
    assert history.answers("ada", again.id) == [FIRST]
    assert history.feedback("ada", again.id) == {1: Feedback(True, "good")}
    assert [note.text for note in notebook.notes("ada", again.id)] == ["abc"]


def test_conversations_are_found_and_pinned(history, conversation):
    other = history.start("ada", "Forests & trees").id
    history.append("ada", other, answer("Forests & trees", 'The "River" protects 312 WETLANDS.'))
    history.start("bob", "甲？")

    def found(text=""):
        return [kept.id for kept in history.conversations("ada", containing=text)]

    assert found() == [other, conversation]
    history.pin("ada", conversation, pinned=True)
    assert found() == [conversation, other]
    assert found("wetlands") == found('"river"') == found("forests") == [other]
    assert found("乙") == [conversation]
    assert found("citations") == found("%") == []
    assert history.count("ada", "wetlands") == 1
    assert history.count("ada") == 2
    history.pin("ada", conversation, pinned=False)
    assert found() == [other, conversation]
    with pytest.raises(ConversationNotFoundError):
        history.pin("bob", conversation, pinned=True)


def test_a_file_of_the_first_version_is_read_and_gets_notes(history, conversation):
    with sqlite3.connect(history.file) as connection:
        connection.execute("DROP TABLE notes")
        connection.execute("DROP TABLE pins")
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    notebook = Notebook(history)
    before = history.file.read_bytes()
    assert notebook.notes("ada", conversation) == []
    assert [kept.pinned for kept in history.conversations("ada")] == [False]
    assert history.file.read_bytes() == before
    notebook.keep("ada", conversation, of_answer(FIRST))
    assert [note.text for note in notebook.notes("ada", conversation)] == [FIRST.text]


def test_markdown_and_plain_text_share_the_numbers_of_places():
    entries = [*of_answers([FIRST, SECOND]), *of_notes([Note("乙？", "abc", (cite(1, WEB),), "看*这里*")])]
    markdown = written("题", entries, find, "md").decode()
    assert markdown.startswith(
        "# 题\n\n## 甲？\n\n- 甲[1]\n- 乙[2]\n\n## 乙？\n\n又是甲[1]。[9]\n\n## 乙？\n\n*看\\*这里\\**\n\n“abc”[2]\n\n## 参考文献\n\n1. "
    )
    assert markdown.count("中国的生物多样性保护") == 1
    plain = written("题", entries, find, "txt", style="apa", language="en").decode()
    assert "乙？\n看*这里*\n\n“abc”[2]\n\nReferences\n[1] 王一" in plain
    assert plain.endswith("(characters 1–3)\n")


def test_a_word_file_has_lists_tables_and_references():
    import docx

    table = Entry("表？", "见下：\x07\n| 编号 | 金额 |\n|---|---|\n| C-05 | 51 000[1] |", (cite(1, PAPER),), "自己的一行")
    document = docx.Document(io.BytesIO(written("题", [*of_answers([FIRST]), table], find, "docx")))
    lines = [(paragraph.style.name, paragraph.text) for paragraph in document.paragraphs]
    assert lines[:5] == [
        ("Title", "题"),
        ("Heading 2", "甲？"),
        ("List Bullet", "甲[1]"),
        ("List Bullet", "乙[2]"),
        ("Heading 2", "表？"),
    ]
    assert ("Normal", "自己的一行") in lines
    assert ("Normal", "见下：") in lines
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [["编号", "金额"], ["C-05", "51 000[3]"]]
    assert lines[-4] == ("Heading 2", "参考文献")
    assert [text[:4] for _, text in lines[-3:]] == ["[1] ", "[2] ", "[3] "]


def test_an_export_without_citations_has_no_references():
    assert written("题", [Entry("问", "答", ())], find, "txt").decode() == "题\n\n问\n\n答\n"


MANY = "报道说，“保护区有42个。”另外，红树林占15%。还有湖泊。"
LAKES = Document("lakes", "湖泊", "/lakes.pdf", f"第一页。\n{MANY}", "zh", pages=(0, 5))
TABLE = answer(
    "多少？",
    "保护区有42个。[1] 红树林占15%。[2]\n- 还有湖泊\n- 还有河流[2]",
    cite(1, LAKES, 10, 18),
    cite(2, LAKES, 22, 30),
)


@pytest.mark.parametrize(
    ("selected", "text", "numbers"),
    [
        ("红树林占15%", "红树林占15%。[2]", [2]),
        ("有42个。\u2060[1]", "有42个。[1]", [1]),
        ("42个。[1] 红树林", "42个。[1] 红树林[2]", [1, 2]),
        ("还有湖泊", "还有湖泊[2]", [2]),
        ("还有湖泊\n还有河流[2]", "还有湖泊\n- 还有河流[2]", [2]),
    ],
)
def test_what_is_selected_in_an_answer_is_a_note_with_its_sources(selected, text, numbers):
    note = of_selection(TABLE, selected)
    assert (note.question, [citation.number for citation in note.citations]) == ("多少？", numbers)
    assert note.text == text


@pytest.mark.parametrize("selected", ["", "[1]", "别的", "还有海洋"])
def test_a_selection_of_something_else_is_no_note(selected):
    with pytest.raises(LibraryError, match="not part of this answer"):
        of_selection(TABLE, selected)
    with pytest.raises(LibraryError, match="not part of this answer"):
        of_quote_selection(TABLE, 1, selected.strip("[1]"), LAKES)


def test_an_unsupported_part_of_an_answer_is_no_note():
    partly = answer("？", "有的。[1] 没有出处。", cite(1, LAKES, 10, 18))
    assert of_selection(partly, "有的。没有出处").text == "有的。[1] 没有出处。"
    with pytest.raises(LibraryError, match="no source supports"):
        of_selection(answer("？", "有的。[1] 没有出处。", cite(1, LAKES, 10, 18)), "没有出处")


def test_what_is_selected_beside_a_quote_is_cited_at_its_own_place():
    note = of_quote_selection(TABLE, 1, "另外，\n红树林占15%", LAKES)
    (cited,) = note.citations
    assert note.text == cited.quote == LAKES.text[cited.start : cited.end] == "另外，红树林占15%。"
    assert (cited.number, cited.page) == (1, 2)
    first = of_quote_selection(TABLE, 1, "第一页", LAKES).citations[0]
    assert (first.quote, first.start, first.page) == ("第一页。", 0, 1)


def test_in_a_quote_of_a_removed_document_a_part_can_be_selected():
    (cited,) = of_quote_selection(TABLE, 2, "占15", None).citations
    assert cited.quote == LAKES.text[cited.start : cited.end] == "占15%。"
    with pytest.raises(LibraryError, match="not part of this answer"):
        of_quote_selection(TABLE, 2, "报道说", None)
