"""Word, PowerPoint, Excel and CSV files -> documents: what is kept, what is left out, what is refused."""

from __future__ import annotations

import datetime
import io
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from damage import read_or_refused
from hypothesis import given, settings
from hypothesis import strategies as st
from office_files import saved

from rag.documents.chunking import Chunker
from rag.documents.cleaning import clean, removed_passages, restore
from rag.documents.loaders import load, office
from rag.documents.loaders.csv import CsvLoader
from rag.documents.loaders.docx import DocxLoader
from rag.documents.loaders.pptx import PptxLoader
from rag.documents.loaders.table_rows import Cell, Merged, rows_as_lines
from rag.documents.loaders.xlsx import XlsxLoader
from rag.documents.metadata import describe
from rag.errors import LoadError
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def sections(document: Document) -> dict[str, str]:
    """The section that each chunk of a short document stands in."""
    chunks = Chunker(lambda texts: [len(text) // 4 for text in texts], 20).chunk(describe(clean(document)))
    return {chunk.text: chunk.section for chunk in chunks}


def with_part(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """An Office file with one part changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return file.getvalue()


def word_file(*paragraphs: str) -> bytes:
    """A Word file whose body is the XML given."""
    import docx

    body = "".join(paragraphs)
    return with_part(
        saved(docx.Document()),
        "word/document.xml",
        lambda xml: re.sub(rb"<w:body>.*</w:body>", f"<w:body>{body}</w:body>".encode(), xml, flags=re.DOTALL),
    )


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def word(*paragraphs: str) -> str:
    return DocxLoader()(word_file(*paragraphs), "folder/报告.docx").text


# -- rows of tables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([["省份", "人口"], ["广东", "12601万"], ["青海", ""]], ["省份: 广东; 人口: 12601万", "省份: 青海"]),
        ([["Region", "2019", "2020"], ["North", "1", "2"]], ["Region: North; 2019: 1; 2020: 2"]),
        ([["表一 各省人口"], [], ["省份", "人口"], ["广东", "1"]], ["表一 各省人口", "省份: 广东; 人口: 1"]),
        ([["甲", "1"], ["乙", "2"]], ["甲: 1", "乙: 2"]),
        ([["地区", "人口", ""], ["", "男", "女"], ["北京", "1", "2"]], ["地区: 北京; 人口 男: 1; 人口 女: 2"]),
        ([["a", "b"], ["x\ny", " z "], [Merged.ABOVE, "w"]], ["a: x y; b: z", "a: x y; b: w"]),
        ([["only", "headings"]], ["only; headings"]),
        ([["a", "b"], ["1", "2", "3"]], ["a: 1; b: 2; 3"]),
        ([["", "x", "y"], ["Q1", "1", "2"]], ["Q1; x: 1; y: 2"]),
        ([], []),
    ],
)
def test_rows_keep_their_headings(rows: Sequence[Sequence[Cell]], lines: list[str]) -> None:
    assert list(rows_as_lines(rows)) == lines


@given(st.lists(st.lists(st.text(alphabet="甲乙ab12.;: \n", max_size=6), max_size=5), max_size=8))
def test_no_cell_of_a_table_is_lost(rows: list[list[str]]) -> None:
    rows = [row for row in rows if any(text.split() for text in row)]  # another table may begin after a blank row
    lines = list(rows_as_lines([["first", "second"], ["1"], *rows]))
    assert lines[0] == "first: 1"
    filled = [[cell for text in row if (cell := " ".join(text.split()))] for row in rows]
    for line, cells in zip(lines[1:], filter(None, filled), strict=True):
        assert all(cell in line for cell in cells)


def test_a_row_is_a_chunk_of_its_own_also_between_paragraphs() -> None:
    rows = ["甲: 1; 乙: 2", "甲: 3; 乙: 4"]
    text = "\n\n".join(["# 表", *rows, "一段话。", "又一段话。"])
    chunks = Chunker(lambda texts: [len(text) for text in texts], 100).chunk(Document("d", "", "a.docx", text))
    assert [chunk.text for chunk in chunks] == [f"# 表\n\n{rows[0]}", rows[1], "一段话。\n\n又一段话。"]
    chunks = Chunker(lambda texts: [len(text) for text in texts], 100).chunk(Document("d", "", "a.csv", "甲; 1\n乙; 2"))
    assert [chunk.text for chunk in chunks] == ["甲; 1", "乙; 2"]


def test_a_question_is_answered_from_its_row(tmp_path: Path, shared_models: None) -> None:
    rows = [("省份", "常住人口（万人）", "城镇化率")]
    rows += [
        ("广东省", "12601", "74.15%"),
        ("山东省", "10153", "63.05%"),
        ("青海省", "592", "60.08%"),
        ("河南省", "9937", "55.43%"),
    ]
    data = "\n".join(map(",".join, rows)).encode("gb18030")
    with Library(tmp_path / "library") as library:
        library.add_document(CsvLoader()(data, "人口.csv"))
        pipeline = RagPipeline(library)
        for province, share in (("广东省", "74.15%"), ("山东省", "63.05%"), ("河南省", "55.43%")):
            answer = pipeline.answer(f"{province}的城镇化率是多少？")
            assert answer.citations[0].quote.startswith(f"省份: {province}; ")
            assert share in answer.text


# -- CSV ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_and_encoding_are_found(delimiter: str, encoding: str) -> None:
    rows = [["省份", "常住人口", "备注"], ["广东省", "12601", '"2020年，第七次普查"'], ["青海省", "592", "西部省份"]]
    if delimiter != ",":
        rows[1][2] = "2020年第七次普查"
    data = "\r\n".join(delimiter.join(row) for row in rows).encode(encoding)
    document = CsvLoader()(data, "folder/人口.csv")
    note = rows[1][2].strip('"')
    assert document.text == f"省份: 广东省; 常住人口: 12601; 备注: {note}\n省份: 青海省; 常住人口: 592; 备注: 西部省份\n"
    assert document.title == "人口"


def test_a_cell_of_csv_may_hold_lines_and_quotes() -> None:
    text = 'name,note\nAnn,"first\nsecond, ""quoted"""\nBob,\n'
    assert CsvLoader()(text.encode(), "a.csv").text == 'name: Ann; note: first second, "quoted"\nname: Bob\n'


def test_a_cell_of_csv_that_never_ends_is_refused() -> None:
    with pytest.raises(LoadError, match=r"^a.csv: line 2 cannot be read as a table: field larger than field limit"):
        CsvLoader()(b'a,b\n1,"' + b"x" * 200_000, "a.csv")


def test_nothing_of_a_table_is_taken_for_furniture_or_joined() -> None:
    rows = [
        ["标签", "说明"],
        ["红", "版权所有"],
        ["绿", "分享到微信"],
        ["蓝", "长" * 60 + "，未完"],
        ["紫", "长" * 60 + "，接着"],
    ]
    document = CsvLoader()("\n".join(",".join(row) for row in rows).encode(), "a.csv")
    assert describe(clean(document)).text == document.text.rstrip("\n")
    assert describe(clean(document)).title == "a"


# -- Excel -------------------------------------------------------------------------------------------------------------


def test_each_sheet_is_a_section_of_rows_that_keep_their_headings() -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    people = workbook.active
    people.title = "人员"
    people.append(["姓名", "入职日期", "工资"])
    people.append(["张三", datetime.date(2021, 3, 5), 8500])
    people.append(["李四", datetime.datetime(2020, 1, 2, 9, 30), None])
    workbook.create_sheet("空表")
    hidden = workbook.create_sheet("hidden")
    hidden.append(["secret", "x"])
    hidden.sheet_state = "hidden"
    costs = workbook.create_sheet("Costs")
    costs["A1"], costs["B1"] = "Item", "Cost"
    costs["A1048576"], costs["XFD2"] = "far below", "far right"
    document = XlsxLoader()(saved(workbook), "folder/book.xlsx")
    assert document.text == (
        "# 人员\n\n姓名: 张三; 入职日期: 2021-03-05; 工资: 8500\n姓名: 李四; 入职日期: 2020-01-02 09:30\n\n"
        "# Costs\n\nfar right\n\nfar below\n\n"
    )
    assert describe(clean(document)).title == "book"
    assert set(sections(document).values()) == {"人员", "Costs"}


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (0.1 + 0.2, "General", "0.3"),
        (123456789012345, "General", "123456789012345"),
        (1250.0, "General", "1250"),
        (0.1534, "0.0%", "15.3%"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-1234.5, '"¥"#,##0.00', "-¥1,234.50"),
        (99.5, "[$€-407] 0.00", "€ 99.50"),
        (12, '0"万吨"', "12万吨"),
        (7, "000", "007"),
        (1.5, "0.##", "1.5"),
        (2.0, "0.##", "2"),
        (0.5, "# ?/?", "0.5"),
        (12345, "0.00E+00", "12345"),
        (1234567, "#,##0,", "1234567"),
        (True, "General", "TRUE"),
        (datetime.date(2021, 3, 5), 'yyyy"年"m"月"d"日"', "2021年3月5日"),
        (datetime.date(2021, 3, 1), 'yyyy"年"m"月"', "2021年3月"),
        (datetime.date(2021, 3, 5), "mm-dd-yy", "2021-03-05"),
        (datetime.date(2021, 3, 1), "mmm yyyy", "2021-03"),
        (datetime.time(9, 5), "h:mm", "09:05"),
        (datetime.timedelta(hours=30, minutes=15), "[h]:mm:ss", "30:15"),
    ],
)
def test_values_are_as_the_sheet_shows_them(value: object, number_format: str, shown: str) -> None:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.active["A1"], workbook.active["B1"], workbook.active["A2"], workbook.active["B2"] = "name", "value", "x", value
    workbook.active["B2"].number_format = number_format
    text = XlsxLoader()(saved(workbook), "a.xlsx").text
    assert text == f"# Sheet\n\nname: x; value: {shown}\n\n"


def test_a_formula_has_the_value_it_was_saved_with() -> None:
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as workbook:
        sheet = workbook.add_worksheet("Sum")
        sheet.write_row("A1", ["name", "total"])
        sheet.write("A2", "all")
        sheet.write_formula("B2", "=SUM(1,2)", None, 3)
    assert XlsxLoader()(file.getvalue(), "a.xlsx").text == "# Sum\n\nname: all; total: 3\n\n"


# -- Word --------------------------------------------------------------------------------------------------------------


def test_headings_make_sections() -> None:
    import docx

    document = docx.Document()
    document.add_heading("年度报告", 0)
    document.add_heading("总则", 1)
    document.add_paragraph("本报告说明全年的工作情况和下一年的主要安排。" * 3)
    document.add_heading("范围", 2)
    document.add_paragraph("本节适用于所有部门和所属单位以及派出机构。" * 3)
    loaded = DocxLoader()(saved(document), "folder/r.docx")
    assert re.findall(r"^#+ .*$", loaded.text, re.MULTILINE) == ["# 年度报告", "# 总则", "## 范围"]
    assert describe(clean(loaded)).title == "年度报告"
    assert set(sections(loaded).values()) == {"总则", "总则 > 范围"}


def test_a_centred_line_above_all_is_the_title() -> None:
    text = word(paragraph("关于开展检查的通知", '<w:jc w:val="center"/>'), paragraph("各单位", '<w:jc w:val="center"/>'))
    assert text == "# 关于开展检查的通知\n\n各单位\n\n"


def test_lists_have_their_bullets_and_numbers() -> None:
    import docx

    document = docx.Document()
    for text in ("one", "two"):
        document.add_paragraph(text, style="List Bullet")
    for text in ("first", "second"):
        document.add_paragraph(text, style="List Number")
    assert DocxLoader()(saved(document), "a.docx").text == "- one\n- two\n1. first\n2. second\n"


def test_numbers_of_articles_are_counted() -> None:
    levels = (
        '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1条"/></w:lvl>'
        '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>'
    )
    numbering = f'<w:abstractNum w:abstractNumId="90">{levels}</w:abstractNum>'
    number = '<w:num w:numId="90"><w:abstractNumId w:val="90"/></w:num></w:numbering>'

    def item(text: str, level: int) -> str:
        return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="90"/></w:numPr>')

    data = word_file(item("甲", 0), item("乙", 1), item("丙", 1), *(item("丁", 0) for _ in range(10)), item("戊", 1))
    data = with_part(
        data,
        "word/numbering.xml",
        lambda xml: re.sub(rb"(<w:num .*)", lambda m: numbering.encode() + m[1], xml, count=1, flags=re.DOTALL).replace(
            b"</w:numbering>", number.encode()
        ),
    )
    lines = DocxLoader()(data, "a.docx").text.splitlines()
    assert lines[:4] == ["第一条 甲", "一.1 乙", "一.2 丙", "第二条 丁"]
    assert lines[-2:] == ["第十一条 丁", "十一.1 戊"]


def test_changes_are_accepted_and_hidden_text_left_out() -> None:
    text = word(
        "<w:p><w:r><w:t>kept </w:t></w:r><w:del><w:r><w:delText>old</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:rPr><w:vanish/></w:rPr><w:t> secret</w:t></w:r>"
        "<w:moveFrom><w:r><w:t> moved</w:t></w:r></w:moveFrom></w:p>",
        "<w:sdt><w:sdtContent><w:p><w:hyperlink><w:r><w:t>in a control</w:t></w:r></w:hyperlink></w:p></w:sdtContent></w:sdt>",
    )
    assert text == "kept new\n\nin a control\n\n"


def test_tables_of_word_are_rows_with_headings() -> None:
    import docx

    document = docx.Document()
    table = document.add_table(rows=4, cols=3)
    rows = [["地区", "项目", "金额"], ["华东", "甲", "1"], ["", "乙", "2"], ["合计", "", "3"]]
    for cells, row in zip(table.rows, rows, strict=True):
        for cell, text in zip(cells.cells, row, strict=True):
            cell.text = text
    table.cell(1, 0).merge(table.cell(2, 0))
    table.cell(3, 0).merge(table.cell(3, 1))
    document.add_paragraph("after")
    text = DocxLoader()(saved(document), "a.docx").text
    assert text == "地区: 华东; 项目: 甲; 金额: 1\n地区: 华东; 项目: 乙; 金额: 2\n地区: 合计; 金额: 3\n\nafter\n\n"


def test_a_text_box_comes_once_and_after_its_paragraph() -> None:
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    compatibility = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    drawing = (
        f"<mc:AlternateContent {compatibility}><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    )
    assert word(f"<w:p><w:r><w:t>text</w:t>{drawing}</w:r></w:p>") == "text\n\nboxed\n\n"


# -- PowerPoint --------------------------------------------------------------------------------------------------------


def presentation() -> bytes:
    import pptx
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    slides = pptx.Presentation()
    slide = slides.slides.add_slide(slides.slide_layouts[1])
    slide.shapes.title.text = "年度计划"
    slide.placeholders[1].text = "完成三个项目\n招聘五人"
    slide.notes_slide.notes_text_frame.text = "先讲背景。"
    slides.slides.add_slide(slides.slide_layouts[6])
    slide = slides.slides.add_slide(slides.slide_layouts[5])
    slide.shapes.title.text = "Budget"
    below = slide.shapes.add_textbox(Inches(1), Inches(6), Inches(3), Inches(1))
    below.text_frame.text = "below"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(2), Inches(4), Inches(1)).table
    for row, cells in enumerate((("Item", "Cost"), ("Paper", "12"))):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(4), Inches(3), Inches(1)).text_frame.text = "grouped"
    chart = CategoryChartData()
    chart.categories = ["Q1", "Q2"]
    chart.add_series("Sales", (1.5, 2))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(5), Inches(3), Inches(1), chart)
    return saved(slides)


def test_a_slide_is_a_page_under_its_title_with_its_notes() -> None:
    document = PptxLoader()(presentation(), "folder/talk.pptx")
    first = "# 年度计划\n\n完成三个项目\n招聘五人\n\n先讲背景。\n"
    third = "# Budget\n\nItem: Paper; Cost: 12\n\ngrouped\n\nQ1; Sales: 1.5\nQ2; Sales: 2\n\nbelow\n\n"
    assert document.text == f"{first}\f\f{third}"
    assert document.pages == (0, len(first) + 1, len(first) + 2)
    cleaned = clean(document)
    assert restore(cleaned) == document.text
    assert [cleaned.page_at(cleaned.text.index(word)) for word in ("年度", "先讲", "Budget", "below")] == [1, 1, 3, 3]


# -- what is refused ---------------------------------------------------------------------------------------------------


def a_workbook() -> bytes:
    import openpyxl

    workbook = openpyxl.Workbook()
    workbook.active.append(["name", "date"])
    workbook.active.append(["one", datetime.date(2021, 3, 5)])
    return saved(workbook)


def a_document() -> bytes:
    import docx

    document = docx.Document()
    document.add_heading("Title", 0)
    document.add_paragraph("one", style="List Number")
    document.add_table(rows=2, cols=2).cell(0, 0).text = "cell"
    return saved(document)


FILES = {
    "a.docx": (DocxLoader(), a_document, "word/document.xml", "a Word file (.docx)"),
    "a.pptx": (PptxLoader(), presentation, "ppt/slides/slide1.xml", "a PowerPoint file (.pptx)"),
    "a.xlsx": (XlsxLoader(), a_workbook, "xl/worksheets/sheet1.xml", "an Excel file (.xlsx)"),
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_office_file_is_refused_in_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loader, make, _, kind = FILES[name]
    for data in (b"", b"text", b"PK\x03\x04", make()[:-100], DAMAGED_ZIP):
        with pytest.raises(LoadError) as error:
            loader(data, name)
        assert str(error.value) == f"{name}: this is not {kind}, or it is damaged"
    with pytest.raises(LoadError, match="one with a password; save it as"):
        loader(b"\xd0\xcf\x11\xe0" + b"x" * 600, name)
    monkeypatch.setattr(office, "_MAX_CHARACTERS", 3)
    with pytest.raises(LoadError, match="more than 0 million characters; split the file"):
        loader(make(), name)


DAMAGED_ZIP = with_part(a_workbook(), "[Content_Types].xml", lambda _: b"<broken")


@pytest.mark.parametrize("name", FILES)
def test_files_that_unpack_to_far_more_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loader, make, part, _ = FILES[name]
    monkeypatch.setattr(f"{type(loader).__module__}._MAX_UNPACKED", 9_000_000)
    data = with_part(make(), part, lambda xml: xml + b" " * 20_000_000)
    assert len(data) < 200_000
    with pytest.raises(LoadError, match=rf"^{name}: unpacked it grows by 2\d MB; at most 9 MB are read$"):
        loader(data, name)


@pytest.mark.parametrize("name", FILES)
def test_no_entity_is_loaded_or_multiplied(name: str, tmp_path: Any) -> None:
    loader, make, part, _ = FILES[name]
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    multiplied = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10))
    for entities, used, is_read in (
        (f'<!ENTITY x SYSTEM "{secret.as_uri()}">', b"&x;", name != "a.xlsx"),
        (f'<!ENTITY e0 "billion">{multiplied}', b"&e9;", False),
    ):

        def attacked(xml: bytes, entities: str = entities, used: bytes = used) -> bytes:
            body = re.sub(rb"^<\?xml[^>]*\?>\s*", b"", xml)
            changed, times = re.subn(rb"(<(?:w:t|a:t|t|v)>)[^<]*", lambda match: match[1] + used, body)
            assert times
            return f"<!DOCTYPE a [{entities}]>".encode() + changed

        data = with_part(make(), part, attacked)
        if is_read:
            text = loader(data, name).text
            assert "secret" not in text
            assert len(text) < len(loader(make(), name).text)
        else:
            with pytest.raises(LoadError, match=rf"^{name}: this is not an? \w+ file \({name[1:]}\), or it is damaged$"):
                loader(data, name)


@pytest.mark.parametrize(
    ("name", "plain", "other"),
    [
        ("a.docx", "wordprocessingml.document.main", "vnd.ms-word.document.macroEnabled.main"),
        ("a.docx", "wordprocessingml.document.main", "vnd.openxmlformats-officedocument.wordprocessingml.template.main"),
        ("a.pptx", "presentationml.presentation.main", "vnd.ms-powerpoint.presentation.macroEnabled.main"),
        ("a.xlsx", "spreadsheetml.sheet.main", "vnd.ms-excel.sheet.macroEnabled.main"),
    ],
)
def test_files_with_macros_and_templates_are_read_alike(name: str, plain: str, other: str) -> None:
    loader, make, _, _ = FILES[name]
    known = f"vnd.openxmlformats-officedocument.{plain}".encode()
    data = make()
    changed = with_part(data, "[Content_Types].xml", lambda xml: xml.replace(known, other.encode()))
    assert loader(changed, name).text == loader(data, name).text


@pytest.mark.parametrize("name", FILES)
def test_office_files_are_known_by_their_content(name: str, tmp_path: Path) -> None:
    loader, make, _, _ = FILES[name]
    path = tmp_path / "renamed.txt"
    path.write_bytes(make())
    (document,) = load(path, 10**7)
    assert isinstance(document, Document)
    assert document.text == loader(make(), name).text


@settings(max_examples=60)
@given(data=st.data(), name=st.sampled_from(sorted(FILES)))
def test_damaged_office_files_raise_nothing_but_load_errors(data: st.DataObject, name: str) -> None:
    loader, make, _, _ = FILES[name]
    whole = MADE.setdefault(name, make())

    def damaged(content: bytes) -> bytes:
        start = data.draw(st.integers(0, len(content)))
        removed = data.draw(st.integers(0, 20))
        inserted = data.draw(st.one_of(st.binary(max_size=8), st.sampled_from([b"</w:p>", b'"', b"<", b"9" * 30, b"-1"])))
        return content[:start] + inserted + content[start + removed :]

    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        part = data.draw(st.sampled_from(["", *package.namelist()]))
    content = with_part(whole, part, damaged) if part else damaged(whole)
    document = read_or_refused(lambda: loader(content, name), name, is_whole=content == whole)
    assert document is None or all(0 <= page <= len(document.text) for page in document.pages)
    # With no damage but another packing, it is read.
    part = part or package.namelist()[0]
    assert loader(with_part(whole, part, lambda same: same), name).text == loader(whole, name).text


MADE: dict[str, bytes] = {}


@given(st.one_of(st.binary(max_size=200), st.text(alphabet='a1,;\t|"\n\r', max_size=200).map(str.encode)))
def test_any_bytes_are_csv_or_refused(data: bytes) -> None:
    holds_words = re.search(rb"[a1]", data) is not None and re.fullmatch(rb"[a1,;\t|\n\r]*", data) is not None
    found = read_or_refused(lambda: CsvLoader()(data, "a.csv"), "a.csv", is_whole=holds_words)
    if found and holds_words:
        words, kept = (set(re.findall(r"[a1]+", text)) for text in (data.decode(), found.text))
        lines = [line for line in re.split(r"[\r\n]+", data.decode()) if re.search(r"[a1]", line)]
        # The heading of a column without values is not part of any row; headings may have two lines.
        assert kept <= words <= kept | set(re.findall(r"[a1]+", " ".join(lines[:2])))


# -- raised, struck out, chosen ----------------------------------------------------------------------------------------

RAISED = '<w:rPr><w:vertAlign w:val="superscript"/></w:rPr>'
STRUCK = "<w:rPr><w:strike/></w:rPr>"
MATH = 'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
W14 = 'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'


def run(text: str, properties: str = "") -> str:
    return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


def test_raised_characters_of_word_do_not_join_a_number() -> None:
    lowered = RAISED.replace("super", "sub")
    runs = run("512") + run("1", RAISED) + run(" t, 10") + run("3", RAISED) + run(" g of CO") + run("2", lowered)
    cell = f"<w:tc><w:p>{run('64') + run('5', RAISED)}</w:p></w:tc>"
    table = f"<w:tbl><w:tr><w:tc>{paragraph('Yield')}</w:tc>{cell}</w:tr></w:tbl>"
    assert "512[^1] t, 10^3 g of CO₂" in word(f"<w:p>{runs}</w:p>")
    assert "64[^5]" in word(table)


def test_struck_out_and_deleted_text_is_in_the_record_only() -> None:
    partly = f"<w:p>{run('It costs ') + run('3,000 ', STRUCK) + run('2,500 crowns.')}</w:p>"
    switched_off = STRUCK.replace("strike", 'strike w:val="0"')
    cells = f"<w:tc>{paragraph('Item')}</w:tc><w:tc>{paragraph('Price')}</w:tc>"
    struck_cell = f"<w:tr><w:tc>{paragraph('Oar')}</w:tc><w:tc><w:p>{run('12', STRUCK) + run('15')}</w:p></w:tc></w:tr>"
    deleted_row = f"<w:tr><w:trPr><w:del/></w:trPr><w:tc>{paragraph('Sail')}</w:tc><w:tc>{paragraph('90')}</w:tc></w:tr>"
    data = word_file(
        partly,
        f"<w:p>{run('The tenant may sublet.', STRUCK)}</w:p>",
        f"<w:p>{run('In force', switched_off)}<w:del><w:r><w:delText> until May</w:delText></w:r></w:del></w:p>",
        f"<w:tbl><w:tr>{cells}</w:tr>{struck_cell}{deleted_row}</w:tbl>",
    )
    document = clean(DocxLoader()(data, "lease.docx"))
    assert document.text.split("\n\n") == ["It costs 2,500 crowns.", "In force", "Item: Oar; Price: 15"]
    kept = [(edit.removed.strip(), edit.reason) for edit in removed_passages(document)]
    assert kept == [
        ("3,000", "struck out"),
        ("The tenant may sublet.", "struck out"),
        ("until May", "tracked deletion"),
        ("Sail 90", "tracked deletion"),
        ("12", "struck out"),
    ]


def test_an_item_that_is_struck_out_is_counted() -> None:
    assert word_list(paragraph_of(run("one")), paragraph_of(run("two", STRUCK)), paragraph_of(run("three")))[-1] == "3. three"


def paragraph_of(runs: str, number: int = 90) -> str:
    return f'<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="{number}"/></w:numPr></w:pPr>{runs}</w:p>'


def word_list(*paragraphs: str, form: str = "decimal", text: str = "%1.") -> list[str]:
    """The lines of a Word file with two lists of one form, of which the second begins again."""
    level = f'<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
    first = '<w:num w:numId="90"><w:abstractNumId w:val="90"/></w:num>'
    again = '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/></w:lvlOverride>'
    second = f'<w:num w:numId="91"><w:abstractNumId w:val="90"/>{again}</w:num></w:numbering>'
    data = with_part(
        word_file(*paragraphs),
        "word/numbering.xml",
        lambda xml: re.sub(
            rb"(<w:num .*)",
            lambda m: f'<w:abstractNum w:abstractNumId="90">{level}</w:abstractNum>'.encode() + m[1],
            xml,
            count=1,
            flags=re.DOTALL,
        ).replace(b"</w:numbering>", (first + second).encode()),
    )
    return clean(DocxLoader()(data, "a.docx")).text.splitlines()


def test_a_list_may_begin_again() -> None:
    items = [paragraph_of(run(text), number) for text, number in (("a", 90), ("b", 90), ("c", 91), ("d", 91), ("e", 90))]
    assert word_list(*items) == ["1. a", "2. b", "1. c", "2. d", "3. e"]


@pytest.mark.parametrize(
    ("form", "text", "last"),
    [
        ("chineseCountingThousand", "第%1条", "第一百一十一条 甲"),
        ("upperRoman", "%1.", "CXI. 甲"),
        ("lowerLetter", "%1)", "ggggg) 甲"),
    ],
)
def test_long_lists_are_counted(form: str, text: str, last: str) -> None:
    assert word_list(*[paragraph_of(run("甲"))] * 111, form=form, text=text)[-1] == last


def test_a_typed_number_stays() -> None:
    assert word(paragraph("第一百零一条 本条例自公布之日起施行。")) == "第一百零一条 本条例自公布之日起施行。\n\n"


def test_check_boxes_of_word_are_answers_in_all_three_ways() -> None:
    def control(checked: int) -> str:
        return (
            f'<w:sdt><w:sdtPr><w14:checkbox {W14}><w14:checked w14:val="{checked}"/></w14:checkbox></w:sdtPr>'
            f"<w:sdtContent>{run('?')}</w:sdtContent></w:sdt>"
        )

    def field(checked: str) -> str:
        box = f'<w:ffData><w:checkBox><w:default w:val="0"/>{checked}</w:checkBox></w:ffData>'
        return f'<w:r><w:fldChar w:fldCharType="begin">{box}</w:fldChar></w:r><w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r>'

    def symbol(code: str) -> str:
        return f'<w:r><w:sym w:font="Wingdings" w:char="{code}"/></w:r>'

    lines = word(
        f"<w:p>{run('Meal: ')}{control(0)}{run(' meat ')}{control(1)}{run(' fish')}</w:p>",
        f"<w:p>{run('By: ')}{field('')}{run(' car ')}{field('<w:checked/>')}{run(' ferry')}</w:p>",
        f"<w:p>{run('发票：')}{symbol('F0A8')}{run(' 是 ')}{symbol('F0FE')}{run(' 否')}</w:p>",
    ).split("\n\n")
    assert lines[:3] == ["Meal: fish (unticked: meat)", "By: ferry (unticked: car)", "发票：否（未勾选：是）"]


def test_formulas_and_alternative_texts_of_word_are_read() -> None:
    formula = f"<m:oMath {MATH}><m:r><m:t>k=1.35</m:t></m:r></m:oMath>"
    drawing = 'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    picture = (
        f'<w:r><w:drawing><wp:inline {drawing}><wp:docPr id="1" name="P" descr="The weir in May"/></wp:inline></w:drawing></w:r>'
    )
    unnamed = picture.replace("The weir in May", "IMG_01.jpg")
    assert word(f"<w:p>{run('The factor is ')}{formula}{run('.')}</w:p>", f"<w:p>{picture}{unnamed}</w:p>") == (
        "The factor is k = 1.35.\n\n[Picture: The weir in May]\n\n"
    )


def test_a_formula_ends_the_sentence_that_introduces_it() -> None:
    formula = f"<w:p><m:oMathPara {MATH}><m:oMath><m:r><m:t>H=z</m:t></m:r></m:oMath></m:oMathPara></w:p>"
    text = word(paragraph("The head is computed as follows:"), formula, paragraph("Done."), formula)
    assert text == "The head is computed as follows: H = z\n\nDone.\n\nH = z\n\n"


def test_a_prompt_that_nobody_has_filled_in_is_not_an_answer() -> None:
    prompt = f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Enter a name.')}</w:sdtContent></w:sdt>"
    assert word(f"<w:p>{run('Name: ')}{prompt}</w:p>") == "Name:\n\n"


def test_raised_and_struck_out_text_of_slides_and_their_properties() -> None:
    import pptx
    from pptx.util import Inches

    slides = pptx.Presentation()
    slides.core_properties.author = "Edda Kroll"
    slides.core_properties.created = datetime.datetime(2025, 11, 4, 8, 30)
    slide = slides.slides.add_slide(slides.slide_layouts[6])
    paragraph = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(3), Inches(1)).text_frame.paragraphs[0]
    for text, name, value in (("512", "", ""), ("1", "baseline", "30000"), (" t, not ", "", ""), ("480", "strike", "sngStrike")):
        added = paragraph.add_run()
        added.text = text
        if name:
            added._r.get_or_add_rPr().set(name, value)
    slides.slides.add_slide(slides.slide_layouts[6]).shapes.add_textbox(0, 0, Inches(3), Inches(1)).text_frame.text = "last"
    document = PptxLoader()(saved(slides), "talk.pptx")
    assert document.text == "512[^1] t, not \n\n\flast\n\n"
    assert [edit.removed for edit in document.edits] == ["480"]
    assert document.text[document.pages[1] :] == "last\n\n"
    assert (document.author, document.published) == ("Edda Kroll", "2025-11-04")


def test_the_properties_of_a_workbook_are_metadata_unless_a_program_wrote_them() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in [["Room", "Seats"], ["Aspen", 12], ["Birch", 30]]:
        book.active.append(row)
    by_program = describe(clean(XlsxLoader()(saved(book), "rooms.xlsx")))
    assert (by_program.title, by_program.author, by_program.published) == ("rooms", "", "")
    book.properties.title, book.properties.creator = "Rooms of the centre", "Edda Kroll"
    book.properties.created = datetime.datetime(2025, 11, 4, 8, 30)
    by_person = describe(clean(XlsxLoader()(saved(book), "rooms.xlsx")))
    assert (by_person.title, by_person.author, by_person.published) == ("Rooms of the centre", "Edda Kroll", "2025-11-04")


def test_the_fields_in_headers_are_read_once_and_all_else_in_them_is_left_out() -> None:
    import docx

    book = docx.Document()
    book.add_paragraph("The pumps are checked every spring.")
    header = book.sections[0].header
    header.paragraphs[0].text = "文件编号：YX-SB-017  版本：B2"
    header.add_paragraph("Osterby waterworks")
    book.sections[0].footer.paragraphs[0].text = "版本：B2\tPage: 1"
    read = clean(DocxLoader()(saved(book), "a.docx")).text
    assert read == "The pumps are checked every spring.\n\n文件编号：YX-SB-017\n版本：B2"
