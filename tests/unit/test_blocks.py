"""Lists that stand in lines, and sentences that announce others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.composing.blocks import announced, items_around, reason_before

RULES = "第六条 禁止下列行为：\n（一）开垦湿地；\n（二）擅自采砂；\n\n（三）放生外来物种。\n第七条 每年禁渔。"
STEPS = "Closing the sluice:\n1. Turn the wheel.\n2. Fit the padlock.\n- another list\nThe end."


def around(text: str, sentence: str) -> list[str]:
    start = text.index(sentence)
    return [text[a:b] for a, b in items_around(text, start, start + len(sentence))]


@pytest.mark.parametrize("sentence", ["第六条 禁止下列行为：", "（一）开垦湿地；", "（三）放生外来物种。", "擅自采砂；"])
def test_every_item_of_the_list_is_found_from_any_of_them_and_from_its_introduction(sentence: str) -> None:
    assert around(RULES, sentence) == ["开垦湿地；", "擅自采砂；", "放生外来物种。"]


def test_a_list_ends_where_the_marks_change_and_prose_has_no_items() -> None:
    assert around(STEPS, "Fit the padlock.") == ["Turn the wheel.", "Fit the padlock."]
    assert around(STEPS, "- another list") == []
    assert around(STEPS, "The end.") == []
    assert around(RULES, "第七条 每年禁渔。") == []


def test_the_sentences_after_one_that_announces_them() -> None:
    text = "Reeds died for several reasons. The water stood high. Carp dug up the roots. It rained.\n\nBirds came."
    first = "Reeds died for several reasons."
    found = [text[a:b] for a, b in announced(text, 0, len(first))]
    assert found == ["The water stood high.", "Carp dug up the roots."]
    assert announced(text, text.index("It rained."), text.index("\n\n")) == []
    assert announced(text, text.index("Birds"), len(text)) == []


def test_the_sentence_that_another_follows_from() -> None:
    text = "每年清明道路管制，人们只能步行。因此委员会决定修路。\n因此有人反对。"
    start = text.index("因此")
    assert [text[a:b] for a, b in reason_before(text, start, text.index("\n"))] == ["每年清明道路管制，人们只能步行。"]
    assert reason_before(text, text.rindex("因此"), len(text)) == []  # in another paragraph
    assert reason_before(text, 0, start) == []


@given(st.text(alphabet="-*1.、（一）\n ab水", max_size=80), st.integers(0, 80), st.integers(0, 20))
def test_items_are_places_of_the_text_in_order(text: str, start: int, length: int) -> None:
    start = min(start, len(text))
    items = items_around(text, start, min(start + length, len(text)))
    assert all(0 <= a <= b <= len(text) for a, b in items)
    assert items == sorted(items)
    assert len(items) != 1
