"""Choices of forms."""

from __future__ import annotations

import pytest

from rag.documents.loaders.check_boxes import symbol, written
from rag.documents.removals import STRUCK_OUT, removed


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Meal: ☐ meat   ☒ vegetarian   ☐ vegan", "Meal: vegetarian (unticked: meat, vegan)"),
        ("是否需要发票：☐ 是   ☑ 否", "是否需要发票：否（未勾选：是）"),
        ("是否需要发票：□是 ■否", "是否需要发票：否（未勾选：是）"),
        ("是否需要发票：是☐ 否☑", "是否需要发票：否（未勾选：是）"),
        ("Room ☒ single ☐ double", "Room: single (unticked: double)"),
        ("Extras: ☒ towels ☒ boat", "Extras: towels, boat"),
        ("Meal: ☐ meat ☐ fish", "Meal: (unticked: meat, fish)"),
        ("Room: ☒ single ☐ double   Meal: ☐ meat ☒ fish", "Room: single (unticked: double) Meal: fish (unticked: meat)"),
        ("☒ I accept the rules.", "I accept the rules. (ticked)"),
        ("☐ I accept the rules.", "(unticked: I accept the rules.)"),
        ("■ A bullet", "■ A bullet"),
        ("☒", "☒"),
        ("Member: ☒", "Member: ☒"),
        ("☐ ☒", "☐ ☒"),
        ("No box.", "No box."),
    ],
)
def test_choices_are_written_as_answers(line: str, expected: str) -> None:
    assert written(line) == expected


def test_struck_out_text_after_the_last_box_is_kept() -> None:
    struck = removed("water", STRUCK_OUT)
    assert written(f"Drink: tea☐ juice☒{struck}") == f"Drink: juice (unticked: tea){struck}"


@pytest.mark.parametrize(
    ("font", "code", "character"),
    [("Wingdings", "F0FE", "☑"), ("Wingdings 2", "52", "☑"), ("Symbol", "F06D", "μ"), ("Arial", "00B0", "°"), ("Arial", "x", "")],
)
def test_symbols_of_fonts(font: str, code: str, character: str) -> None:
    assert symbol(font, code) == character
