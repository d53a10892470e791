"""A fact in the words of a Chinese question."""

from __future__ import annotations

import pytest

from rag.answering.composing.short_answers import answered_in


@pytest.mark.parametrize(
    ("question", "fact", "worded"),
    [
        ("管理中心设在哪个镇？", "云溪镇", "在云溪镇"),
        ("由哪个部门负责解释？", "水务局", "由水务局负责解释"),
        ("从几月开始闭园？", "6月", "从6月开始闭园"),
        ("花展将在哪个城市举行？", "云溪市", "在云溪市举行"),
        ("画展共收到多少件作品？", "138件", "收到138件作品"),
        ("从哪天开始？", "2021年1月1日", "从2021年1月1日开始"),
        ("谁来主持？", "周远", "周远"),
    ],
)
def test_a_fact_stands_in_the_place_of_what_is_asked(question: str, fact: str, worded: str) -> None:
    assert answered_in(question, fact) == worded
