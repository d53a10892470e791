"""Ten files with tables, each written by the library that most programs use for its format."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

Rows = list[list[Any]]


def write_all(folder: Path) -> list[Path]:
    """Writes the files into a folder, and returns their paths."""
    paths = []
    for name, make in _FILES.items():
        path = folder / name
        path.write_bytes(make())
        paths.append(path)
    return paths


def _saved(thing: Any) -> bytes:
    file = io.BytesIO()
    thing.save(file)
    return file.getvalue()


def _pdf(title: str, rows: Rows, *, ruled: bool, above: str = "", spans: Sequence[tuple[Any, ...]] = ()) -> bytes:
    from reportlab.lib import colors
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    style = ParagraphStyle("text", fontName="STSong-Light", fontSize=10, leading=14, wordWrap="CJK")
    table = [("FONTNAME", (0, 0), (-1, -1), "STSong-Light"), *spans]
    if ruled:
        table.append(("GRID", (0, 0), (-1, -1), 0.5, colors.black))
    file = io.BytesIO()
    document = SimpleDocTemplate(file, title=title, invariant=1)
    parts = [Paragraph(title, style), Spacer(1, 12)]
    parts += [Paragraph(above, style), Spacer(1, 12)] if above else []
    document.build([*parts, Table(rows, style=table, repeatRows=1)])
    return file.getvalue()


def _halls() -> bytes:
    rows = [["Hall", "Seats", "Floor", "Caretaker", "Price per day"]]
    rows += [["Linden", "40", "1", "Ruth Abel", "90"], ["Maple", "120", "2", "Tom Karsten", "260"]]
    rows += [["Spruce", "25", "1", "Ruth Abel", "60"], ["Poplar", "75", "3", "Ivo Brandt", "150"], ["Hazel", "18", "2", "", "45"]]
    return _pdf("Halls of the Mondorf centre", rows, ruled=False, above="Prices are in crowns and include heating.")


def _schedule() -> bytes:
    rows = [["教师", "星期一", "", "星期三", ""], ["", "上午", "下午", "上午", "下午"]]
    rows += [
        ["高明远", "代数", "几何", "代数", "自习"],
        ["宋雨桐", "化学", "实验", "化学", ""],
        ["贺兰舟", "历史", "地理", "政治", "历史"],
    ]
    spans = [("SPAN", (1, 0), (2, 0)), ("SPAN", (3, 0), (4, 0)), ("SPAN", (0, 0), (0, 1))]
    return _pdf("明德中学教师课表", rows, ruled=True, spans=spans)


def _pharmacy() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "库存"
    rows = [["同仁分店药品库存"], [], ["类别", "药品", "库存（盒）", "单价（元）", "有效期"]]
    rows += [
        ["感冒药", "连花清瘟", 320, 18.5, "2027-03"],
        [None, "板蓝根", 210, 12, "2026-11"],
        [None, "银翘片", 95, 9.8, "2027-08"],
    ]
    rows += [
        ["维生素", "维生素C", 400, 15, "2028-01"],
        [None, "维生素D", 130, 42, "2027-05"],
        ["合计", None, "=SUM(C4:C8)", None, None],
    ]
    for row in rows:
        sheet.append(row)
    sheet.merge_cells("A4:A6")
    sheet.merge_cells("A7:A8")
    return _saved(book)


def _invoice() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Order 5518"
    rows = [["Article", "Pieces", "Unit price", "Line total"], ["Chisel", 12, 8.5, "=B2*C2"], ["Mallet", 4, 21, "=B3*C3"]]
    rows += [["Hand saw", 6, 17.25, "=B4*C4"], ["Total", None, None, "=SUM(D2:D4)"]]
    for row in rows:
        sheet.append(row)
    return _saved(book)


def _ferries() -> bytes:
    body = [
        "<tr><th>Line</th><th>Ship</th><th>Passengers</th><th>Departure</th></tr>",
        "<tr><td rowspan='2'>Coast line</td><td>Petrel</td><td>240</td><td>7:30</td></tr>",
        "<tr><td>Gannet</td><td>180</td><td>13:15</td></tr>",
        "<tr><td rowspan='3'>Island line</td><td>Curlew</td><td>95</td><td>8:00</td></tr>",
        "<tr><td>Dunlin</td><td>60</td><td>11:45</td></tr>",
        "<tr><td>Plover</td><td>310</td><td>18:20</td></tr>",
    ]
    text = "<p>The ships of the company sail on two lines from April to October, and every ship has one departure a day from Tarn.</p>"
    page = f"<html><head><title>Ships of the Tarn company</title></head><body><main><h1>Ships of the Tarn company</h1>{text}"
    return f"{page}<table>{''.join(body)}</table>{text}</main></body></html>".encode()


def _bridge() -> bytes:
    rows = [
        ("Length", "412 metres"),
        ("Opened", "1931"),
        ("Architect", "Selma Hartig"),
        ("Material", "steel"),
        ("Toll", "3 crowns"),
    ]
    body = "".join(f"<tr><th>{label}</th><td>{value}</td></tr>" for label, value in rows)
    text = (
        "<p>The bridge crosses the river Tarn below the old town and has carried the road to the coast since it was opened.</p>"
    )
    page = f"<html><head><title>Harbour bridge</title></head><body><main><h1>Harbour bridge</h1>{text}<table>{body}</table>"
    return f"{page}{text}</main></body></html>".encode()


def _staff() -> bytes:
    import docx

    book = docx.Document()
    book.add_heading("青石镇图书馆人员表", 1)
    rows = [["部门", "姓名", "职务", "入职年份", "月薪（元）"], ["采编部", "韩雪", "主任", "2009", "9800"]]
    rows += [["采编部", "罗成", "馆员", "2018", "7200"], ["流通部", "唐敏", "主任", "2012", "9100"]]
    rows += [["流通部", "杜鹏", "馆员", "2020", "6800"], ["流通部", "邵琳", "馆员", "2021", "6600"]]
    table = book.add_table(rows=len(rows), cols=5)
    for i, row in enumerate(rows):
        for k, text in enumerate(row):
            table.cell(i, k).text = text
    for first, last in ((1, 2), (3, 5)):
        for i in range(first + 1, last + 1):
            table.cell(i, 0).text = ""
        table.cell(first, 0).merge(table.cell(last, 0))
    book.add_paragraph("以上信息截至2025年12月。")
    return _saved(book)


def _budget() -> bytes:
    return b"""# Budget of the rowing club

| Purpose | Owner | 2024 | 2025 |
|---|---|---:|---:|
| Boats | Lea Winter | 14,200 | 9,750 |
| Coaching | Otto Reiss | 6,100 | 7,400 |
| Boathouse | Lea Winter | 3,850 | 12,600 |
| Travel | Mina Falk | 2,480 | |

The amounts are in crowns.
"""


def _fair() -> bytes:
    lines = ["Stand,Firm,Area (m2),Hall", "A1,Kestrel Tools,24,East", "A2,Brandt Glass,60,East", "B7,Olm Paper,18,West", ""]
    lines += ["Day,Speaker,Begins", "Friday,Agnes Mohr,10:30", "Saturday,Paul Ende,9:00", "Sunday,Vera Lind,14:15"]
    return ("\n".join(lines) + "\n").encode()


def _results() -> bytes:
    import pptx
    from pptx.util import Inches

    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "云帆公司各事业部业绩"
    slide.shapes.add_textbox(Inches(1), Inches(1.5), Inches(4), Inches(0.4)).text_frame.text = "单位：万元"
    rows = [["事业部", "营业收入", "净利润", "员工人数"], ["航运", "52,300", "4,180", "860"], ["仓储", "18,750", "-620", "240"]]
    rows += [["冷链", "9,400", "1,030", "115"]]
    table = slide.shapes.add_table(len(rows), 4, Inches(1), Inches(2), Inches(8), Inches(2)).table
    for i, row in enumerate(rows):
        for k, text in enumerate(row):
            table.cell(i, k).text = text
    return _saved(deck)


_FILES: dict[str, Callable[[], bytes]] = {
    "halls.pdf": _halls,
    "课表.pdf": _schedule,
    "药房库存.xlsx": _pharmacy,
    "order.xlsx": _invoice,
    "ships.html": _ferries,
    "bridge.html": _bridge,
    "人员表.docx": _staff,
    "budget.md": _budget,
    "fair.csv": _fair,
    "业绩.pptx": _results,
}
