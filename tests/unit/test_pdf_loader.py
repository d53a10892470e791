"""PDF files -> documents: the order of reading, pages, scans, and what is refused."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import pytest
from damage import read_or_refused
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pdf_files import blank, made, page, scan, wrapped, write

from rag.documents.cleaning import clean
from rag.documents.loaders import document_id, office, pdf
from rag.documents.loaders.pdf import PdfLoader
from rag.errors import LoadError
from rag.library.library import Library
from rag.pipeline import RagPipeline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reportlab.pdfgen.canvas import Canvas

    from rag.types import Document

ENGLISH = (
    "The expansion of wind power changed how markets for energy work. Prices fell whenever the wind blew strongly, and "
    "storage became valuable. Regulators answered with payments for capacity, which some economists thought a waste."
)
FISHING = "长江流域的重点水域从二〇二一年一月一日零时起实行为期十年的常年禁捕，其间禁止天然渔业资源的生产性捕捞。"
SCHOOL = "新建的中学位于城市东部的山谷之中，占地六十三亩，可以容纳一千八百名学生，总投资为二亿四千万元。"


def loaded(*pages: Callable[[Canvas], None]) -> Document:
    return PdfLoader()(made(*pages), "folder/file.pdf")


def test_pages_begin_at_form_feeds() -> None:
    document = loaded(page("第一页的文字。"), blank, page("Page two", "goes on."))
    assert document.text == "第一页的文字。\f\fPage two\ngoes on."
    assert document.pages == (0, 8, 9)
    assert (document.id, document.title) == (document_id("folder/file.pdf"), "file")


def test_columns_are_read_one_after_the_other_and_a_table_row_by_row() -> None:
    left, right = wrapped(f"{ENGLISH} LEFT END.", 40), wrapped(f"{ENGLISH} {ENGLISH}", 40)

    def columns(canvas: Canvas) -> None:
        write(canvas, 70, 810, ["Journal of Energy"], 9)
        write(canvas, 420, 810, ["Volume 3"], 9)
        write(canvas, 150, 770, ["A paper that spans both of the columns"], 16)
        write(canvas, 320, 737, right)
        write(canvas, 70, 740, left)
        for x, cells in ((70, ("Country", "China", "India")), (250, ("Power", "1200", "300")), (400, ("Share", "35%", "9%"))):
            write(canvas, x, 500, cells)
        write(canvas, 280, 40, ["17"], 9)

    expected = [
        *("Journal of Energy\tVolume 3", "", "A paper that spans both of the columns", "", *left, *right, ""),
        *("Country: China; Power: 1200; Share: 35%", "Country: India; Power: 300; Share: 9%", "", "17"),
    ]
    assert loaded(columns).text.split("\n") == expected


def test_three_chinese_columns_are_read_one_after_the_other() -> None:
    columns = [wrapped(text * 2, 14) for text in (FISHING, SCHOOL, FISHING)]

    def page(canvas: Canvas) -> None:
        for number, lines in reversed(list(enumerate(columns))):
            write(canvas, 60 + 165 * number, 750 - number, lines)

    assert loaded(page).text.split("\n") == [line for lines in columns for line in lines]


def test_paragraphs_are_told_by_gaps_and_indents() -> None:
    def page(canvas: Canvas) -> None:
        y = write(canvas, 70, 780, ["A heading"], 16)
        y = write(canvas, 82, y - 10, ["Indented first line of a paragraph"])
        y = write(canvas, 70, y, ["and its second line.", "The third line of it."])
        write(canvas, 70, y - 12, ["Another paragraph", "with a second line."])

    assert loaded(page).text.split("\n") == [
        *("A heading", "", "  Indented first line of a paragraph", "and its second line.", "The third line of it.", ""),
        *("Another paragraph", "with a second line."),
    ]


def test_text_is_turned_upright_and_watermarks_are_left_out() -> None:
    for degrees, (x, y) in ((90, (100, -200)), (180, (-400, -200)), (270, (-400, 200)), (0, (70, 700))):

        def page(canvas: Canvas, degrees: int = degrees, x: int = x, y: int = y) -> None:
            canvas.saveState()
            canvas.translate(300, 300)
            canvas.rotate(45)
            write(canvas, 0, 0, ["CONFIDENTIAL"], 40)
            canvas.restoreState()
            canvas.rotate(degrees)
            write(canvas, x, y, ["The first line of the page", "and the second."])

        assert loaded(page).text == "The first line of the page\nand the second."


def test_ligatures_are_read_as_letters() -> None:
    """Reads a file written by hand, in whose font one character, X, stands for two letters."""
    names = b"1 beginbfchar <58> <00660069> endbfchar"
    content = b"BT /F 12 Tf 70 700 Td (The Xle is deXned.) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 6 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(names), names),
    ]
    data, places = b"%PDF-1.7\n", b""
    for number, content in enumerate(objects, 1):
        places += b"%010d 00000 n \n" % len(data)
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"xref\n0 7\n0000000000 65535 f \n%strailer\n<</Size 7/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (places, len(data))
    assert PdfLoader()(data + table, "a.pdf").text == "The file is defined."


def test_hyphens_at_line_ends_are_left_for_cleaning() -> None:
    text = "\n".join(wrapped(f"{ENGLISH} {ENGLISH}", 60))
    text = text.replace("storage\nbecame", "storage be-\ncame")
    document = loaded(page(*text.split("\n")))
    assert document.text == text
    assert "be-\ncame" in text
    assert "storage became valuable" in clean(document).text


def test_running_heads_and_page_numbers_are_cleaned_away() -> None:
    def numbered(number: int) -> Callable[[Canvas], None]:
        def page(canvas: Canvas) -> None:
            write(canvas, 240, 815, ["渔业公报"], 9)
            text = f"{'甲乙丙丁戊己'[number - 1]}地的渔政部门{FISHING}{SCHOOL}"
            write(canvas, 70, 770, [*wrapped(text, 30), f"这是正文的第{number}个段落。"], 12)
            write(canvas, 290, 30, [str(number)], 9)

        return page

    document = clean(loaded(page("公报汇编", "编者的话", "这里是本汇编的说明。"), *map(numbered, range(2, 7))))
    assert "渔业公报" not in document.text
    assert {edit.reason for edit in document.edits} >= {"page header or footer", "page number"}
    for number in range(2, 7):
        assert document.page_at(document.text.index(f"第{number}个段落")) == number


def test_without_ocr_scans_are_named_and_the_other_pages_read(caplog: pytest.LogCaptureFixture, without_ocr: None) -> None:
    with caplog.at_level(logging.WARNING, "yinju"):
        document = loaded(page("Text."), scan, page("More."), scan)
    assert document.text == "Text.\f\fMore.\f"
    wanted = "need OCR (pip install 'yinju[ocr]')"
    assert caplog.messages == [f"folder/file.pdf: pages 2, 4 are scans and {wanted}; the other pages are read"]
    with pytest.raises(LoadError, match=r"^folder/file.pdf: page 2 is a scan and needs OCR \(pip install 'yinju\[ocr\]'\)$"):
        loaded(blank, scan)
    with pytest.raises(LoadError, match=r"pages 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, … are scans and need OCR"):
        loaded(*[scan] * 12)


def test_encrypted_damaged_and_other_files_are_refused() -> None:
    with pytest.raises(LoadError, match=r"^a.pdf: the file is encrypted; save it without a password$"):
        PdfLoader()(made(page("Text."), encrypted="password"), "a.pdf")
    for data in (b"", b"text", b"%PDF-1.4\n", made(page("Text."))[:200]):
        with pytest.raises(LoadError, match=r"^a.pdf: this is not a PDF file, or it is damaged$"):
            PdfLoader()(data, "a.pdf")


def test_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(page("Text."), page("More."))
    for module, name, message in (
        (pdf, "_MAX_PAGES", "the file has 2 pages; at most 1 are read"),
        (pdf, "_MAX_CHARACTERS_OF_PAGE", "page 1 has 5 characters, more than any page can show"),
        (office, "_MAX_CHARACTERS", "the text has more than 0 million characters; split the file"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, 1)
            with pytest.raises(LoadError, match=f"^a.pdf: {message}$"):
                PdfLoader()(data, "a.pdf")


def test_threads_take_turns() -> None:
    data = made(*[page(*wrapped(ENGLISH, 60))] * 5)
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(PdfLoader()(data, "a.pdf").text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 8
    assert len(set(texts)) == 1


_WHOLE = {"text": page(*wrapped(ENGLISH, 60), *wrapped(FISHING, 30)), "scan": scan}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data(), kind=st.sampled_from(sorted(_WHOLE)))
def test_damaged_files_raise_nothing_but_load_errors(data: st.DataObject, kind: str, without_ocr: None) -> None:
    """OCR is left out, since it looks for text in the scan of each example for a second."""
    whole = _MADE.setdefault(kind, made(_WHOLE[kind]))
    start = data.draw(st.integers(0, len(whole)))
    removed = data.draw(st.integers(0, 30))
    inserted = data.draw(
        st.one_of(st.binary(max_size=10), st.sampled_from([b"<<", b"endobj", b"9" * 12, b"-1", b"/Kids [1 0 R]"]))
    )
    damaged = whole[:start] + inserted + whole[start + removed :]
    is_whole = kind == "text" and damaged == whole
    document = read_or_refused(lambda: PdfLoader()(damaged, "a.pdf"), "a.pdf", is_whole=is_whole)
    if document:
        assert list(document.pages) == sorted(document.pages)
        assert all(0 <= page <= len(document.text) for page in document.pages)


_MADE: dict[str, bytes] = {}


def test_a_chinese_pdf_answers_with_the_page(tmp_path: Path, shared_models: None) -> None:
    title = ["山谷中学建设简报"]
    pages = (page(*title, "", *wrapped(SCHOOL, 40)), blank, page("渔业", "", *wrapped(FISHING, 40)))
    document = PdfLoader()(made(*pages), "简报.pdf")
    with Library(tmp_path / "library") as library:
        assert library.add_document(document).status == "added"
        answer = RagPipeline(library=library).answer("长江流域的重点水域从什么时候起禁捕？")
        citation = answer.citations[0]
        assert (citation.page, citation.source) == (3, "简报.pdf")
        assert "二〇二一年一月一日" in citation.quote
        assert library.document(citation.document_id).text[citation.start : citation.end] == citation.quote


def raised_and_lowered(canvas: Canvas) -> None:
    text = canvas.beginText(70, 700)
    parts = (
        *(("The farm reaped 512", 0, 10), ("1", 4, 6), (" tonnes on 10", 0, 10), ("3", 4, 6), (" plots of 25 m", 0, 10)),
        *(("2", 3, 7), (", and CO", 0, 10), ("2", -2, 7), (" fell. A ", 0, 10), ("small word", 0, 7), (" stays.", 0, 10)),
    )
    for part, rise, size in parts:
        text.setFont("Helvetica", size)
        text.setRise(rise)
        text.textOut(part)
    canvas.drawText(text)
    note = canvas.beginText(70, 100)
    for part, rise, size in (("1", 3, 5), (" Without the test field.", 0, 8)):
        note.setFont("Helvetica", size)
        note.setRise(rise)
        note.textOut(part)
    canvas.drawText(note)


def test_raised_and_lowered_characters_do_not_join_a_number() -> None:
    lines = PdfLoader()(made(raised_and_lowered), "farm.pdf").text.split("\n")
    assert lines[0] == "The farm reaped 512[^1] tonnes on 10^3 plots of 25 m², and CO₂ fell. A small word stays."
    assert lines[-1] == "[^1] Without the test field."


def form(canvas: Canvas) -> None:
    fields = canvas.acroForm
    for y, label in ((740, "Name of the boat:"), (710, "Home port:"), (680, "Berth:"), (650, "Motor on board:"), (620, "Sails:")):
        canvas.drawString(70, y, label)
    fields.textfield(name="boat", value="Silver Heron", x=220, y=734, width=200, height=20)
    fields.textfield(name="port", value="Osterby", x=220, y=704, width=200, height=20)
    fields.textfield(name="berth", value="", x=220, y=674, width=200, height=20)
    for x, name, label in ((220, "yes", "yes"), (300, "no", "no")):
        fields.radio(name="motor", value=name, selected=name == "yes", x=x, y=646, size=14)
        canvas.drawString(x + 20, 650, label)
    for x, name, checked in ((220, "main", True), (300, "jib", True), (380, "spinnaker", False)):
        fields.checkbox(name=name, checked=checked, x=x, y=616, size=14)
        canvas.drawString(x + 20, 620, name)
    canvas.drawString(70, 560, "The licence is valid for two years.")


def test_the_fields_of_a_form_come_behind_their_labels() -> None:
    lines = [line for line in PdfLoader()(made(form), "boat.pdf").text.split("\n") if line]
    assert lines == [
        "Name of the boat: Silver Heron",
        "Home port: Osterby",
        "Berth: (left blank)",
        "Motor on board: yes (unticked: no)",
        "Sails: main, jib (unticked: spinnaker)",
        "The licence is valid for two years.",
    ]


def test_the_properties_of_a_file_are_metadata() -> None:
    def written_by(canvas: Canvas) -> None:
        canvas.setAuthor("Edda Kroll")
        canvas.drawString(70, 700, "The mill burnt down in 1987.")

    assert PdfLoader()(made(written_by), "mill.pdf").author == "Edda Kroll"
    assert PdfLoader()(made(page("No author.")), "mill.pdf").author == ""
