"""The same table in every format -> the same rows: merged cells, several headings, units, forms, several tables, formulas, pages."""

from __future__ import annotations

import io
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pdf_files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from office_files import saved

from rag.documents import tables
from rag.documents.cleaning import clean
from rag.documents.loaders import xlsx_formulas
from rag.documents.loaders.csv import CsvLoader
from rag.documents.loaders.docx import DocxLoader
from rag.documents.loaders.html import HtmlLoader
from rag.documents.loaders.markdown import MarkdownLoader
from rag.documents.loaders.pdf import PdfLoader
from rag.documents.loaders.pptx import PptxLoader
from rag.documents.loaders.table_rows import Cell, Label, Merged, rows_as_lines
from rag.documents.loaders.xlsx import XlsxLoader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reportlab.pdfgen.canvas import Canvas

ABOVE, LEFT = Merged.ABOVE, Merged.LEFT
Rows = list[list[str]]


# -- one table in every format -----------------------------------------------------------------------------------------


def csv_file(rows: Rows) -> bytes:
    import csv

    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return file.getvalue().encode()


def xlsx_file(rows: Rows) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def docx_file(rows: Rows) -> bytes:
    import docx

    book = docx.Document()
    table = book.add_table(len(rows), len(rows[0]))
    for i, row in enumerate(rows):
        for k, text in enumerate(row):
            table.cell(i, k).text = text
    return saved(book)


def pptx_file(rows: Rows) -> bytes:
    import pptx
    from pptx.util import Inches

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(len(rows), len(rows[0]), 0, 0, Inches(6), Inches(3)).table
    for i, row in enumerate(rows):
        for k, text in enumerate(row):
            table.cell(i, k).text = text
    return saved(deck)


def html_file(rows: Rows) -> bytes:
    return f"<html><body>{html_table(rows)}</body></html>".encode()


def html_in_markdown(rows: Rows) -> bytes:
    return f"Below is a table\n\n{html_table(rows)}\n".encode()


def tsv_file(rows: Rows) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def html_table(rows: Rows) -> str:
    from html import escape

    head, *body = (list(map(escape, row)) for row in rows)
    lines = [f"<tr>{''.join(f'<th>{text}</th>' for text in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in body]
    return f"<table>{''.join(lines)}</table>"


def markdown_file(rows: Rows) -> bytes:
    lines = [f"| {' | '.join(text.replace('|', chr(92) + '|') for text in row)} |" for row in rows]
    lines.insert(1, "|---" * len(rows[0]) + "|")
    return "\n".join(lines).encode()


def drawn(rows: Rows, *, ruled: bool, top: float = 760) -> Callable[[Canvas], None]:
    """Draws a table with columns of equal width, and rules around its cells."""

    def draw(canvas: Canvas) -> None:
        for i, row in enumerate(rows):
            for k, text in enumerate(row):
                canvas.setFont("Helvetica" if text.isascii() else pdf_files.SONG, 10)
                canvas.drawString(64 + 110 * k, top - 18 * i, text)
        if ruled:
            bottom, right = top - 18 * len(rows) + 13, 60 + 110 * len(rows[0])
            for i in range(len(rows) + 1):
                canvas.line(60, top + 13 - 18 * i, right, top + 13 - 18 * i)
            for k in range(len(rows[0]) + 1):
                canvas.line(60 + 110 * k, top + 13, 60 + 110 * k, bottom)

    return draw


def ruled_pdf(rows: Rows) -> bytes:
    return pdf_files.made(drawn(rows, ruled=True))


def plain_pdf(rows: Rows) -> bytes:
    return pdf_files.made(drawn(rows, ruled=False))


FORMATS: dict[str, tuple[Callable[[Rows], bytes], Any]] = {
    "csv": (csv_file, CsvLoader()),
    "tsv": (tsv_file, CsvLoader()),
    "xlsx": (xlsx_file, XlsxLoader()),
    "docx": (docx_file, DocxLoader()),
    "pptx": (pptx_file, PptxLoader()),
    "html": (html_file, HtmlLoader()),
    "md": (markdown_file, MarkdownLoader()),
    "html.md": (html_in_markdown, MarkdownLoader()),
    "ruled.pdf": (ruled_pdf, PdfLoader()),
    "plain.pdf": (plain_pdf, PdfLoader()),
}
ROOMS = [["Room", "Seats", "Price per day"], ["Aspen", "12", "80 crowns"], ["Birch", "30", "140 crowns"], ["Elm", "54", ""]]
CLINIC = [["科室", "诊室", "医生"], ["内科", "201室", "赵启明"], ["眼科", "118室", "孙海波"], ["儿科", "102室", "李春燕"]]


def text_of(name: str, rows: Rows) -> str:
    make, load = FORMATS[name]
    return clean(load(make(rows), f"a.{name.rpartition('.')[2]}")).text


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_has_the_same_rows_in_every_format(name: str) -> None:
    lines = text_of(name, ROOMS).strip().splitlines()
    assert [line for line in lines if ":" in line] == [
        "Room: Aspen; Seats: 12; Price per day: 80 crowns",
        "Room: Birch; Seats: 30; Price per day: 140 crowns",
        "Room: Elm; Seats: 54",
    ]
    lines = text_of(name, CLINIC).strip().splitlines()
    assert [line for line in lines if ":" in line] == [
        "科室: 内科; 诊室: 201室; 医生: 赵启明",
        "科室: 眼科; 诊室: 118室; 医生: 孙海波",
        "科室: 儿科; 诊室: 102室; 医生: 李春燕",
    ]


WORDS = st.sampled_from(["Alder", "Birch Hall", "Cedar", "Elm Row", "Fir", "Hazel Court", "Larch", "Maple"])
NUMBERS = st.integers(1, 9999).map(str)


@st.composite
def known_tables(draw: st.DrawFn) -> Rows:
    """A table with distinct names in its first column, and columns of numbers and of words, some of them blank."""
    names = draw(st.lists(WORDS, min_size=3, max_size=6, unique=True))
    kinds = draw(st.lists(st.sampled_from([WORDS, NUMBERS]), min_size=1, max_size=3))
    columns = [draw(st.lists(kind, min_size=len(names), max_size=len(names))) for kind in [NUMBERS, *kinds]]
    blank = draw(st.integers(0, len(names) * 2))
    if blank < len(names) and len(kinds) > 1:
        columns[-1][blank] = ""
    headings = ["Name", *("Amount", "Place", "Worth", "Kind")[: len(columns)]]
    return [headings, *([name, *(column[i] for column in columns)] for i, name in enumerate(names))]


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(rows=known_tables())
def test_what_a_library_writes_is_read_back(name: str, rows: Rows) -> None:
    """The same cells under the same headings."""
    (table,) = tables.find(text_of(name, rows))
    headings, *body = rows
    read = [[cell.text if cell else "" for cell in row.cells] for row in table.rows]
    filled = [i for i in range(len(headings)) if any(row[i] for row in body)]
    assert list(table.headings) == [headings[i] for i in filled]
    assert read == [[row[i] for i in filled] for row in body]


# -- merged cells, headings, units, forms ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "above", "lines"),
    [
        # Two rows of headings, one of which covers two columns.
        (
            [["Region", "Units", LEFT], [ABOVE, "2023", "2024"], ["North", "1", "2"], [ABOVE, "3", "4"]],
            "",
            ["Region: North; Units 2023: 1; Units 2024: 2", "Region: North; Units 2023: 3; Units 2024: 4"],
        ),
        # A cell that covers two columns of a row.
        ([["Day", "Mon", "Tue"], ["9:00", "Art", LEFT]], "", ["Day: 9:00; Mon: Art; Tue: Art"]),
        # A row that its first cell covers names the rows below it, but not a total.
        (
            [["Item", "Price", "Shelf"], ["Lamps", LEFT, LEFT], ["Desk lamp", "12", "A"], ["Total", "12", ""]],
            "",
            ["Lamps", "Lamps; Item: Desk lamp; Price: 12; Shelf: A", "Item: Total; Price: 12"],
        ),
        # Two tables with a blank row between them, of values and of words.
        (
            [["Item", "Price"], ["Lamp", "12"], [""], ["City", "Opening hours"], ["Osterby", "10:00-16:00"]],
            "",
            ["Item: Lamp; Price: 12", "", "City: Osterby; Opening hours: 10:00-16:00"],
        ),
        # A blank row within one table.
        (
            [["Name", "Role"], ["Ann", "Clerk"], ["Eve", "Driver"], [""], ["Bob", "Clerk"]],
            "",
            ["Name: Ann; Role: Clerk", "Name: Eve; Role: Driver", "Name: Bob; Role: Clerk"],
        ),
        # Two tables beside each other.
        (
            [["Item", "Price", "", "Name", "Age"], ["Lamp", "12", "", "Ann", "33"], ["Desk", "44", "", "Bob", "41"]],
            "",
            ["Item: Lamp; Price: 12", "Item: Desk; Price: 44", "", "Name: Ann; Age: 33", "Name: Bob; Age: 41"],
        ),
        # One unit for all amounts of money, from a lone cell above the table and from the text above it.
        (
            [["单位：万元"], ["项目", "2024年", "人数"], ["收入", "168900", "52"], ["利润", "-3,820", "7"]],
            "",
            ["单位：万元", "项目: 收入; 2024年（万元）: 168900; 人数: 52", "项目: 利润; 2024年（万元）: -3,820; 人数: 7"],
        ),
        (
            [["Item", "Cost", "Seats"], ["Hall", "12", "80"], ["Yard", "9", "40"]],
            "Costs, in thousands of crowns",
            [
                "Item: Hall; Cost (thousands of crowns): 12; Seats: 80",
                "Item: Yard; Cost (thousands of crowns): 9; Seats: 40",
            ],
        ),
        # Two units: neither is added.
        (
            [["项目", "数额"], ["收入", "5"], ["成本", "3"]],
            "单位：万元\n单位：吨",
            ["项目: 收入; 数额: 5", "项目: 成本; 数额: 3"],
        ),
        # Forms: values of many kinds, marked labels, known labels, and pairs beside each other.
        (
            [["Project", "Alder weir"], ["Leader", "Ingrid Falk"], ["Budget", "410,000 crowns"], ["Completion", "May 2027"]],
            "",
            ["Project: Alder weir", "Leader: Ingrid Falk", "Budget: 410,000 crowns", "Completion: May 2027"],
        ),
        ([[Label("Height"), "38 metres"], [Label("Keeper"), "Ben"]], "", ["Height: 38 metres", "Keeper: Ben"]),
        (
            [["姓名", "张三", "性别", "男"], ["民族", "汉", "籍贯", ""], ["备注", "无", LEFT, LEFT]],
            "",
            ["姓名: 张三", "性别: 男", "民族: 汉", "籍贯", "备注: 无"],
        ),
        # No form: one kind of values below a heading, or a year as the heading.
        (
            [["Question", "Answer"], ["Where?", "Here."], ["When?", "At 9."]],
            "",
            ["Question: Where?; Answer: Here.", "Question: When?; Answer: At 9."],
        ),
        ([["Item", "2024"], ["Oil", "12"], ["Gas", "9"]], "", ["Item: Oil; 2024: 12", "Item: Gas; 2024: 9"]),
        # Blank cells below the name of a group.
        (
            [
                ["部门", "设备", "数量"],
                ["检测", "显微镜", "4"],
                ["", "离心机", "2"],
                ["动力", "泵", "3"],
                ["", "水泵", "6"],
                ["合计", "", "15"],
            ],
            "",
            [
                "部门: 检测; 设备: 显微镜; 数量: 4",
                "部门: 检测; 设备: 离心机; 数量: 2",
                "部门: 动力; 设备: 泵; 数量: 3",
                "部门: 动力; 设备: 水泵; 数量: 6",
                "部门: 合计; 数量: 15",
            ],
        ),
        # The headings again, as at the top of a printed page; times as headings.
        ([["Name", "Age"], ["Ann", "33"], ["Name", "Age"], ["Bob", "41"]], "", ["Name: Ann; Age: 33", "Name: Bob; Age: 41"]),
        ([["Day", "8:00", "9:00"], ["Mon", "Art", "Bio"]], "", ["Day: Mon; 8:00: Art; 9:00: Bio"]),
    ],
)
def test_rows_of_many_shapes(rows: Sequence[Sequence[Cell]], above: str, lines: list[str]) -> None:
    assert list(rows_as_lines(rows, above)) == lines


def test_tables_beside_each_other_keep_cells_beyond_the_columns_of_their_first_rows() -> None:
    rows = [["Town", "Boats", "", "Lake", "Depth"], *([f"Town {i}", str(i), "", f"Lake {i}", str(i)] for i in range(80))]
    rows[70][2], rows[75:] = "gap", [[*row, "beyond"] for row in rows[75:]]
    lines = list(rows_as_lines(rows))
    assert "Town: Town 69; Boats: 69; gap" in lines
    assert "Lake: Lake 74; Depth: 74; beyond" in lines
    assert "Town: Town 69; Boats: 69" not in lines


def test_spans_of_web_tables_cover_their_cells() -> None:
    page = """<table><tr><th rowspan=2>Region</th><th colspan=2>Units</th></tr><tr><th>2023</th><th>2024</th></tr>
    <tr><td rowspan=2>North</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"""
    assert HtmlLoader()(page.encode(), "a.html").text.splitlines() == [
        "Region: North; Units 2023: 1; Units 2024: 2",
        "Region: North; Units 2023: 3; Units 2024: 4",
    ]
    endless = "<table><tr><td rowspan=99999 colspan=99999>a<td>b" + "<tr><td>c" * 300 + "</table>"
    assert len(HtmlLoader()(endless.encode(), "a.html").text) < 500_000


def test_merged_cells_of_a_sheet_cover_their_cells() -> None:
    import openpyxl

    book = openpyxl.Workbook()
    for row in [["车间", "班次", "组长"], ["一车间", "早班", "赵启明"], [None, "晚班", "钱文静"], ["二车间", "早班", None]]:
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.active.merge_cells("B4:C4")
    assert XlsxLoader()(saved(book), "a.xlsx").text.strip().splitlines()[2:] == [
        "车间: 一车间; 班次: 早班; 组长: 赵启明",
        "车间: 一车间; 班次: 晚班; 组长: 钱文静",
        "车间: 二车间; 班次: 早班; 组长: 早班",
    ]


def test_tables_in_markdown_are_rows_except_in_code() -> None:
    text = "# T\n\n| a | b |\n|---|---|\n| 1 \\| 2 | 3 |\nEnd.\n\n```\n| x | y |\n|---|---|\n| 1 | 2 |\n```\n"
    read = MarkdownLoader()(text.encode(), "a.md").text
    assert read == "# T\n\na: 1 | 2; b: 3\n\nEnd.\n\n```\n| x | y |\n|---|---|\n| 1 | 2 |\n```\n"
    page = "Above.\n\n<table><tr><th>年</th><th>鱼</th></tr>\n<tr><td>2001</td><td>5</td></tr></table>\n\nBelow.\n"
    assert MarkdownLoader()(page.encode(), "a.md").text == "Above.\n\n年: 2001; 鱼: 5\n\nBelow.\n"
    for same in ("a | b\n", "| a | b |\n\n| c |", "no | table\n--- \n"):
        assert MarkdownLoader()(same.encode(), "a.md").text == same


# -- formulas without saved values -------------------------------------------------------------------------------------


def test_simple_formulas_without_values_are_computed_and_others_are_named(caplog: pytest.LogCaptureFixture) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    rows = [["Item", "Pieces", "Price", "Amount"], ["Toner", 4, 55, "=B2*C2"], ["Paper", 10, 6.5, "=B3*C3"]]
    rows += [
        ["Total", None, None, "=SUM(D2:D3)"],
        ["Share", None, None, "=-D2/D4*100%"],
        ["Rest", None, None, "=ROUND(D4-(D2+1)*1.05,1)"],
    ]
    rows += [["Odd", None, None, '=IF(D2>1,"a","b")'], ["Ring", None, None, "=D8"], ["After", None, None, "=D7+1"]]
    for row in rows:
        book.active.append(row)
    read = XlsxLoader()(saved(book), "a.xlsx").text
    amounts = dict(line.removeprefix("Item: ").split("; ", 1) for line in read.strip().splitlines()[2:])
    assert amounts == {
        "Toner": "Pieces: 4; Price: 55; Amount: 220",
        "Paper": "Pieces: 10; Price: 6.5; Amount: 65",
        "Total": "Amount: 285",
        "Share": "Amount: -0.7719298246",
        "Rest": "Amount: 53",
        "Odd": "Amount: not computed",
        "Ring": "Amount: not computed",
        "After": "Amount: not computed",
    }
    assert "Sheet!D7" in caplog.text


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("=-2^2", "4"),
        ("=1-2^2", "-3"),
        ("=MAX(B2:B3)", "not computed"),
        ("=COUNT(B2:B3)", "not computed"),
        ("=SUM(B4:B5)", "not computed"),
        ("=MAX(B6:B6)", "not computed"),
        ("=SUM(B7:B8)", "3"),
    ],
)
def test_formulas_over_other_values_than_numbers_and_texts_are_not_computed(formula: str, value: str) -> None:
    import openpyxl
    from openpyxl.worksheet.formula import ArrayFormula

    book = openpyxl.Workbook()
    days = [datetime(2024, 3, 5), datetime(2024, 3, 6)]
    values = [*days, "#N/A", 1, ArrayFormula("B6", "=B5*{1;2}"), 3, "a text"]
    for row in [["Item", "Amount"], *([f"Item {i}", one] for i, one in enumerate(values)), ["Result", formula]]:
        book.active.append(row)
    assert f"Item: Result; Amount: {value}\n" in XlsxLoader()(saved(book), "a.xlsx").text


def test_running_totals_end_when_they_have_read_too_many_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_formulas, "_MAX_STEPS", 100)
    cells: dict[tuple[int, int], object] = {(row, 1): 1 for row in range(1, 41)}
    cells |= {(row, 2): f"=SUM(A1:A{row})" for row in range(1, 41)}
    formulas = xlsx_formulas.Formulas(cells)
    assert [formulas.value(row, 2) for row in range(1, 11)] == list(range(1, 11))
    with pytest.raises(xlsx_formulas.NotComputedError):
        list(map(formulas.value, range(11, 41), [2] * 30))


# -- tables of PDF pages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ruled", [True, False])
@pytest.mark.parametrize("repeated", [True, False])
def test_a_table_keeps_its_headings_on_the_next_page(ruled: bool, repeated: bool) -> None:
    head, rows = ["Name", "Age", "Town"], [[f"Person {i}", str(20 + i), f"Town {i % 3}"] for i in range(60)]
    pages = [rows[:25], rows[25:50], rows[50:]]
    drawings = [drawn([head, *part] if repeated or part is pages[0] else part, ruled=ruled) for part in pages]
    read = clean(PdfLoader()(pdf_files.made(*drawings), "a.pdf")).text
    (table,) = tables.find(read)
    assert [[cell.text if cell else "" for cell in row.cells] for row in table.rows] == rows


def test_lines_of_a_cell_are_joined_and_prose_stays_as_it_was() -> None:
    prose = [
        "The rooms can be booked by clubs and by firms of the town, all year.",
        "Ask at the desk for the keys of the room that you want.",
    ]

    def page(canvas: Canvas) -> None:
        pdf_files.write(canvas, 60, 820, prose)
        drawn([["Room", "Note"], ["Aspen", "open all"], ["", "day"], ["Elm", "closed"]], ruled=False)(canvas)
        for y in (773, 755, 719, 701):
            canvas.line(60, y, 280, y)
        for x in (60, 170, 280):
            canvas.line(x, 773, x, 701)
        pdf_files.write(canvas, 60, 660, prose)

    read = clean(PdfLoader()(pdf_files.made(page), "a.pdf")).text
    assert "Room: Aspen; Note: open all day\nRoom: Elm; Note: closed" in read
    assert read.count(prose[0]) == read.count(prose[1]) == 2


def test_columns_of_text_and_lists_are_no_tables() -> None:
    left = pdf_files.wrapped("The herring came late that year and the boats lay in the harbour for weeks. " * 6, 40)
    right = pdf_files.wrapped("In spring the ice broke and the first ships left the bay for the islands. " * 6, 40)

    def columns(canvas: Canvas) -> None:
        pdf_files.write(canvas, 60, 780, left)
        pdf_files.write(canvas, 320, 780, right)

    def items(canvas: Canvas) -> None:
        for i, text in enumerate(["first point of all", "second point", "third point"]):
            canvas.drawString(60, 700 - 14 * i, f"{i + 1}.")
            canvas.drawString(90, 700 - 14 * i, text)

    read = PdfLoader()(pdf_files.made(columns, items), "a.pdf").text
    assert "; " not in read
    assert "1. first point of all" in read
