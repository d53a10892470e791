"""Documents as they are shown: the structure of stored texts, and the boxes of quotes on the pages of PDF files."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pdf_files import SONG, made, page, write

from rag.documents.cleaning import clean
from rag.documents.loaders.pdf import PdfLoader
from rag.documents.sandbox import Parser
from rag.documents.viewing import messages, pdf_pages, structure
from rag.documents.viewing.pdf_pages import Picture, View
from rag.documents.viewing.quotes import PageQuote, find, page_quotes
from rag.errors import LoadError
from rag.types import Document

NOTES = """# Field notes

Herons nest on the north shore.

## Visits

- North shore
  - two herons
- South shore

1. Count birds
2. Write it down

Site: North; Birds: 312; Year: 2021
Site: South; Birds: 46; Year: 2022

```
# count
```

The end."""


def shown(document: Document) -> list[tuple[str, int, int, str]]:
    return [
        (block.kind, block.level, block.number, document.text[block.start : block.end]) for block in structure.blocks(document)
    ]


def test_a_text_has_headings_lists_tables_and_code() -> None:
    assert shown(Document("d", "Field notes", "notes.md", NOTES)) == [
        ("heading", 1, 0, "Field notes"),
        ("line", 0, 0, "Herons nest on the north shore."),
        ("heading", 2, 0, "Visits"),
        ("item", 0, 0, "North shore"),
        ("item", 1, 0, "two herons"),
        ("item", 0, 0, "South shore"),
        ("item", 0, 1, "Count birds"),
        ("item", 0, 2, "Write it down"),
        ("row", 0, 0, "Site: North; Birds: 312; Year: 2021"),
        ("row", 0, 0, "Site: South; Birds: 46; Year: 2022"),
        ("code", 0, 0, "# count"),
        ("line", 0, 0, "The end."),
    ]


def test_plain_text_keeps_its_dashes() -> None:
    assert shown(Document("d", "T", "notes.txt", "- North shore\n- South shore"))[0] == ("line", 0, 0, "- North shore")


def test_a_row_that_looks_like_a_heading_stays_in_its_table() -> None:
    document = Document("d", "T", "a.csv", "1 Apples; Price: 3; Year: 2020\n2 Pears; Price: 4; Year: 2021")
    assert {kind for kind, *_ in shown(document)} == {"row"}


@given(st.text(alphabet="#-1.ab一第章条：: ;\n|", max_size=200), st.sampled_from(["a.md", "a.txt", "a.csv", "a.pptx"]))
def test_nothing_of_a_text_is_lost_but_marks(text: str, source: str) -> None:
    document = Document("d", "T", source, text)
    found = structure.blocks(document)
    assert all(one.end <= other.start for one, other in pairwise(found))
    rest = "".join(text[one.end : other.start] for one, other in pairwise(found))
    rest += text[: found[0].start] + text[found[-1].end :] if found else text
    assert set(rest) <= set("#-1. \n")


def test_an_outline_has_the_headings_with_their_pages() -> None:
    document = Document("d", "T", "plan.pptx", "# Our plan\n\nPlant trees.\n\n# Costs\n\nMuch.", pages=(0, 26))
    outline = structure.outline(document, structure.blocks(document))
    assert [(entry.text, entry.level, entry.start, entry.page) for entry in outline] == [
        ("Our plan", 1, 2, 1),
        ("Costs", 1, 28, 2),
    ]
    plain = Document("d", "T", "a.pdf", "One page.\n\nAnother page.", pages=(0, 11))
    outline = structure.outline(plain, structure.blocks(plain))
    assert [(entry.text, entry.start, entry.page) for entry in outline] == [("", 0, 1), ("", 11, 2)]


def test_a_long_text_is_shown_in_parts() -> None:
    document = Document("d", "T", "a.txt", "\n".join(f"line {number:04}" for number in range(100)))
    blocks = structure.blocks(document)
    parts = structure.parts(document, blocks, 200)
    assert parts[0] == (0, 20)
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]
    assert parts[-1][1] == len(blocks)
    assert structure.parts(document, []) == [(0, 0)]


# -- quotes on pages --------------------------------------------------------------------------------------------------


def pdf(*pages: Any) -> tuple[bytes, Document]:
    data = made(*pages)
    return data, clean(PdfLoader()(data, "a.pdf"))


def place_of(document: Document, quote: str, nth: int = 0) -> tuple[int, int]:
    start = -1
    for _ in range(nth + 1):
        start = document.text.index(quote, start + 1)
    return start, start + len(quote)


def read_back(data: bytes, number: int, boxes: Any) -> str:
    """The text that PDFium finds within boxes of a page."""
    import pypdfium2

    file = pypdfium2.PdfDocument(data)
    textpage, (wide, high) = file[number - 1].get_textpage(), file[number - 1].get_size()
    return "|".join(
        textpage.get_text_bounded(left * wide, (1 - top - height) * high, (left + width) * wide, (1 - top) * high).strip()
        for left, top, width, height in boxes
    )


def test_a_quote_over_two_lines_has_a_box_in_each() -> None:
    data, document = pdf(
        page("The fund was founded in 1987 by Ada", "Lim. It protects 312 wetlands."), page("青湖基金成立于2003年，由陈明发起。")
    )
    start, _ = place_of(document, "founded in")
    _, end = place_of(document, "312")
    quotes = page_quotes(document, [(start, end), place_of(document, "由陈明发起")])
    seen = pdf_pages.view(data, quotes)
    assert [quote.page for quote in quotes] == [1, 2]
    assert read_back(data, 1, seen.boxes[0]) == "founded in 1987 by Ada|Lim. It protects 312"
    assert read_back(data, 2, seen.boxes[1]) == "由陈明发起"
    assert seen.sizes == ((595.0, 842.0), (595.0, 842.0))


def test_of_equal_quotes_the_one_that_was_meant_is_found() -> None:
    data, document = pdf(page("The toll is 5 yuan on the bridge.", "Of old it was less.", "The toll is 5 yuan on the ferry."))
    quotes = page_quotes(document, [place_of(document, "The toll is 5 yuan", nth) for nth in (0, 1)])
    one, other = pdf_pages.view(data, quotes).boxes
    assert one[0][1] < other[0][1]
    assert read_back(data, 1, other) == "The toll is 5 yuan"


def test_a_quote_that_continues_on_the_next_page_is_marked_on_both() -> None:
    _, document = pdf(page("The last line of the first page goes on"), page("here, on the second page."))
    start, _ = place_of(document, "first page")
    _, end = place_of(document, "second")
    quotes = page_quotes(document, [(start, end)])
    assert [(quote.page, quote.place) for quote in quotes] == [(1, 0), (2, 0)]


def test_cells_are_marked_in_their_own_row() -> None:
    def table(canvas: Any) -> None:
        for y, row in zip(
            (700, 680, 660), (("Site", "Birds", "Year"), ("North", "46", "2021"), ("South", "46", "2022")), strict=True
        ):
            for x, text in zip((70, 200, 330), row, strict=True):
                write(canvas, x, y, [text])

    data = made(table)
    text = "Site: North; Birds: 46; Year: 2021\nSite: South; Birds: 46; Year: 2022"
    document = Document("d", "T", "a.pdf", text, pages=(0,))
    (quote,) = page_quotes(document, [place_of(document, "Site: South; Birds: 46; Year: 2022")])
    assert quote.texts == ("South", "46", "2022")
    (boxes,) = pdf_pages.view(data, [quote]).boxes
    assert read_back(data, 1, boxes) == "South|46|2022"
    assert max(box[1] for box in boxes) - min(box[1] for box in boxes) < 0.01


def test_a_quote_in_lines_that_alternate_with_another_column_is_found() -> None:
    characters = "The herons nest / Prices rose by / on the north shore / nine per cent"
    runs = find(list(characters), PageQuote(1, ("The herons nest on the north shore",), 0, 0), lambda _: 0.0)
    assert [characters[start:end] for start, end in runs] == ["The herons nest", "on the north shore"]


def test_what_is_not_on_the_page_has_no_box() -> None:
    data, document = pdf(page("The fund was founded in 1987."))
    assert pdf_pages.view(data, [PageQuote(1, ("Quite another matter, nowhere here",), 0, 0)]).boxes == ((),)
    assert pdf_pages.view(data, [PageQuote(9, ("The fund",), 0, 0)]).boxes == ((),)
    assert page_quotes(Document("d", "T", "a.txt", "text"), [(0, 4)]) == []
    assert page_quotes(document, [(0, 0)]) == []


def test_the_boxes_of_a_turned_page_are_where_it_shows_them() -> None:
    import pypdfium2

    data, document = pdf(page("The fund was founded in 1987."))
    file = pypdfium2.PdfDocument(data)
    file[0].set_rotation(90)
    turned = io.BytesIO()
    file.save(turned)
    quotes = page_quotes(document, [place_of(document, "founded")])
    ((left, top, width, height),) = pdf_pages.view(data, quotes).boxes[0]
    ((turned_left, turned_top, turned_width, turned_height),) = pdf_pages.view(turned.getvalue(), quotes).boxes[0]
    assert turned_left == pytest.approx(1 - top - height, abs=0.002)
    assert turned_top == pytest.approx(left, abs=0.002)
    assert (turned_width, turned_height) == pytest.approx((height, width), abs=0.002)


def test_a_page_is_drawn_in_its_colours() -> None:
    def square(canvas: Any) -> None:
        canvas.setFillColorRGB(1, 0, 0)
        canvas.rect(0, 421, 595, 421, fill=1, stroke=0)
        canvas.setFont(SONG, 10)

    picture = pdf_pages.view(made(square), draw=1, width=119).picture
    assert picture
    assert (picture.width, picture.height) == (119, 169)
    assert picture.pixels[:3] == b"\xff\0\0"
    assert picture.pixels[-3:] == b"\xff\xff\xff"


def test_a_picture_is_a_png_file() -> None:
    from PIL import Image

    pixels = bytes(range(18))
    opened = Image.open(io.BytesIO(Picture(3, 2, pixels).png()))
    assert (opened.format, opened.size, opened.mode, opened.tobytes()) == ("PNG", (3, 2), "RGB", pixels)


# -- in the parsing process -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parser() -> Any:
    with Parser() as parser:
        yield parser


def test_pages_come_from_the_parsing_process_unchanged(parser: Parser, tmp_path: Path) -> None:
    data, document = pdf(page("The fund was founded in 1987."))
    file = tmp_path / "a.pdf"
    file.write_bytes(data)
    quotes = page_quotes(document, [place_of(document, "1987")])
    assert parser.view(file, "a.pdf", quotes, 1, 200) == pdf_pages.view(data, quotes, 1, 200)
    for number in (2, -1):
        with pytest.raises(LoadError, match=r"^a\.pdf: the page cannot be shown"):
            parser.view(file, "a.pdf", draw=number, width=200)
    file.write_bytes(b"%PDF-1.4 and nothing else")
    with pytest.raises(LoadError, match=r"^a\.pdf: the page cannot be shown"):
        parser.view(file, "a.pdf")


PIXEL = [1, 1, "AAAA"]


@pytest.mark.parametrize(
    ("message", "good"),
    [
        (["view", [[595, 842]], [[[0, 0.5, 1, 0.1]]], PIXEL], True),
        (["view", [[595, 842]], [[]], PIXEL], True),
        (["view", [[595, 842]], [[]], None], False),
        (["view", [[595, 842]], [], PIXEL], False),
        (["view", [[595, -1]], [[]], PIXEL], False),
        (["view", [[595, True]], [[]], PIXEL], False),
        (["view", [[595, "1"]], [[]], PIXEL], False),
        (["view", [[595, 842]], [[[0, 0.5, 1, 1.1]]], PIXEL], False),
        (["view", [[595, 842]], [[[0, 0.5, 1]]], PIXEL], False),
        (["view", [[595, 842]], [[[0, 0.5, 1, "0;x"]]], PIXEL], False),
        (["view", [[595, 842]], [[]], [2, 1, "AAAA"]], False),
        (["view", [[595, 842]], [[]], [99_999, 1, "AAAA"]], False),
        (["view", [[595, 842]], [[]], [1, 1, "<svg>"]], False),
        (["view", [[595, 842]], [[]], [1, 1, "é"]], False),
        (["document", "a.pdf"], False),
        (None, False),
    ],
)
def test_only_a_view_is_taken_from_a_hostile_process(message: Any, good: bool) -> None:
    found = messages.view_from(message, 1, has_picture=True)
    assert isinstance(found, View) is good
    if found:
        assert found.picture == Picture(1, 1, b"\0\0\0")
