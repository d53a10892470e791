"""Tables found again in the text that loaders write, each cell in its place."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.documents.loaders.table_rows import rows_as_lines
from rag.documents.tables import Table, find, forms, is_missing, looks_like_row, plain_number


def text_of(*rows: str) -> str:
    """Returns the lines that a loader writes for rows whose cells stand between bars."""
    return "".join(f"{line}\n" for line in rows_as_lines([row.split("|") for row in rows]))


def cells(table: Table) -> list[list[str]]:
    return [[cell.text if cell else "" for cell in row.cells] for row in table.rows]


def test_rows_become_cells_that_know_their_place() -> None:
    text = text_of("Boat|Owner|Length (m)", "Aurora|Ida Holm|12.5", "Dawn||9", "Corona|Per Lund|11")
    (table,) = find(text)
    assert table.headings == ("Boat", "Owner", "Length (m)")
    assert cells(table) == [["Aurora", "Ida Holm", "12.5"], ["Dawn", "", "9"], ["Corona", "Per Lund", "11"]]
    assert [text[row.start : row.end] for row in table.rows] == text.splitlines()
    for row in table.rows:
        assert all(cell is None or text[cell.start : cell.end] == cell.text for cell in row.cells)


def test_values_may_contain_the_marks_between_cells() -> None:
    text = text_of(
        "Item|Note|Price",
        "Lamp|brass; see list: annex 2|12",
        "Chair|oak: solid; two left|45",
        "Desk|ratio 1:2; size: large|80",
    )
    (table,) = find(text)
    assert table.headings == ("Item", "Note", "Price")
    assert cells(table) == [
        ["Lamp", "brass; see list: annex 2", "12"],
        ["Chair", "oak: solid; two left", "45"],
        ["Desk", "ratio 1:2; size: large", "80"],
    ]


def test_a_heading_that_a_value_repeats_out_of_order_is_of_the_value() -> None:
    text = text_of("Item|Price|Note", "Lamp|12|old; Item: 7", "Chair|45|none left", "Desk|80|new")
    (table,) = find(text)
    assert cells(table)[0] == ["Lamp", "12", "old; Item: 7"]


def test_a_row_that_can_be_read_in_two_ways_makes_no_table() -> None:
    # Whether the note is "a" and the price 3, or the note "a; Price: 3", nobody can tell.
    assert find(text_of("Item|Note|Price", "Lamp|a; Price: 3|12", "Chair|b|45", "Desk|c|80")) == []
    assert find(text_of("Item|Price|Price", "Lamp|10|12", "Chair|40|45")) == []


def test_a_column_that_only_one_row_fills_is_a_column() -> None:
    (table,) = find(text_of("Boat|Owner|Remarks", "Aurora|Ida Holm|", "Dawn|Per Lund|in dock"))
    assert table.headings == ("Boat", "Owner", "Remarks")
    assert cells(table) == [["Aurora", "Ida Holm", ""], ["Dawn", "Per Lund", "in dock"]]


def test_the_first_column_may_have_no_heading() -> None:
    (table,) = find(text_of("|Income 2023|Income 2024", "North|120|130", "South: coast|90|95"))
    assert table.headings == ("", "Income 2023", "Income 2024")
    assert cells(table) == [["North", "120", "130"], ["South: coast", "90", "95"]]


@pytest.mark.parametrize(
    "name", ["Total", "Grand total", "Total (crowns)", "Sum", "合计", "总计", "小计：", "Total 2024", "Average", "平均值"]
)
def test_a_row_that_is_called_a_total_is_told_apart(name: str) -> None:
    (table,) = find(text_of("Item|Place|Price", "Lamp|Hall|12", "Chair|Hall|45", f"{name}||99"))
    assert cells(table) == [["Lamp", "Hall", "12"], ["Chair", "Hall", "45"]]
    assert [cell.text for cell in table.totals[0].cells if cell] == [name, "99"]


def test_a_row_that_begins_as_a_total_is_one_when_it_sums_the_others() -> None:
    costs = ("Cost|Amount", "Rent|100", "Food|50")
    assert len(find(text_of(*costs, "Total costs|150"))[0].totals) == 1
    # TotalEnergies and 合肥 are names.
    assert find(text_of("Supplier|Amount", "Shell|100", "Orlen|50", "Total Gas|70"))[0].totals == ()
    assert find(text_of("城市|人口", "合肥|100", "上海|50"))[0].totals == ()


def test_a_last_row_without_a_name_is_a_total_when_it_sums_the_others() -> None:
    rows = ("Item|Place|Price|Weight", "Lamp|Hall|12|3", "Chair|Hall|45|9")
    assert len(find(text_of(*rows, "||57|12"))[0].totals) == 1
    assert find(text_of(*rows, "||57|11"))[0].totals == ()


def test_names_of_groups_are_no_rows() -> None:
    (table,) = find(text_of("Item|Place|Price", "Light", "Lamp|Hall|12", "Seats", "Chair|Hall|45"))
    assert cells(table) == [["Lamp", "Hall", "12"], ["Chair", "Hall", "45"]]


def test_a_second_table_below_the_headings_of_the_first_makes_none() -> None:
    # The headings of the second stand in a row of the first, which tells nothing right of what follows.
    assert find(text_of("Item|Price", "Lamp|12", "Chair|45", "City|Opens", "Larnfield|9:00")) == []


def test_several_tables_of_a_document_stand_apart_with_what_is_above_them() -> None:
    first = text_of("Boat|Length", "Aurora|12", "Dawn|9")
    second = text_of("Member|Since", "Ida Holm|2019", "Per Lund|2021")
    text = f"# Boats\n\n{first}\nA sentence: with a colon; and more.\n\n# Members\n\n单位：人\n{second}"
    boats, members = find(text)
    assert (boats.headings, members.headings) == (("Boat", "Length"), ("Member", "Since"))
    assert boats.caption == "# Boats"
    assert members.caption.endswith("# Members\n单位：人")
    assert text[members.rows[0].start : members.rows[0].end] == "Member: Ida Holm; Since: 2019"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Only: one; row: here\n",
        "Prose: it is said; thus: it is.\n\nAnother line without marks.\n",
        "Name: Ida\nName: Per\n",
        "no marks\nat all\n",
    ],
)
def test_what_is_no_table_gives_none(text: str) -> None:
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18200", "18200"),
        ("18,200.50", "18200.50"),
        ("18 200", "18200"),
        ("-3,820", "-3820"),
        ("−5", "-5"),
        ("0.25", "0.25"),
        ("007", None),
        ("1,2", None),
        ("1.2.3", None),
        ("C-5", None),
        ("12 m", None),
        ("1" * 19, None),
        ("", None),
    ],
)
def test_only_what_is_surely_a_number_is_read_as_one(text: str, number: str | None) -> None:
    assert plain_number(text) == (None if number is None else Decimal(number))


def test_signs_of_a_missing_value() -> None:
    assert all(map(is_missing, ("", "—", "-", "n/a", "N/A", "无", "…")))
    assert not any(map(is_missing, ("0", "North", "-5")))


def test_a_passage_that_is_a_row_is_known_by_its_marks() -> None:
    assert looks_like_row("Boat: Aurora; Length: 12")
    assert looks_like_row("North; Income 2023: 120")
    assert not looks_like_row("The boat is called Aurora. Note: it is 12 m long.")
    assert not looks_like_row("Note: it is 12 m long.")


NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=6).map(str.capitalize), min_size=2, max_size=5, unique=True)
VALUES = st.text("abcxyz019 ;:,.年元", max_size=12).map(lambda text: " ".join(text.split()))


@given(NAMES, st.data())
def test_what_is_found_is_what_was_written(names: list[str], data: st.DataObject) -> None:
    """Whatever the cells are, they are found as they were or the table is not: never another cell."""
    rows = data.draw(st.lists(st.lists(VALUES, min_size=len(names), max_size=len(names)), min_size=2, max_size=6))
    rows = [[row[0] or "z", *row[1:]] for row in rows]  # a blank first cell may stand below the name of its group
    text = "".join(f"{line}\n" for line in rows_as_lines([names, *rows]))
    for table in find(text):
        for row in table.rows:
            assert all(cell is None or text[cell.start : cell.end] == cell.text for cell in row.cells)
        if set(table.headings) == set(names):
            written = [dict(zip(names, row, strict=True)) for row in rows]
            for row in [*table.rows, *table.totals]:
                read = {heading: cell.text if cell else "" for heading, cell in zip(table.headings, row.cells, strict=True)}
                assert read in written


def test_lines_with_tick_boxes_are_a_form_wherever_they_stand() -> None:
    text = (
        "# Form\n\nRoom: single (unticked: double)\n\nSome words.\n\n是否需要发票：否（未勾选：是）\n\nMeal: (unticked: fish)\n"
    )
    (form,) = forms(text)
    (row,) = form.rows
    assert form.headings == ("Room", "是否需要发票")
    assert [cell.text for cell in row.cells if cell] == ["single (unticked: double)", "否（未勾选：是）"]
    assert all(text[cell.start : cell.end] == cell.text for cell in row.cells if cell)
    assert text[row.start :].startswith("Room: single")
