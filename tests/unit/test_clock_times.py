"""Clock times: times of day in both languages."""

from __future__ import annotations

import pytest

from rag.text import clock_times


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("每周二至周五9:00—20:00，周六9:00—17:30", ["9:00—20:00", "9:00—17:30"]),
        ("下午三点半开始，晚上8点结束", ["下午三点半", "晚上8点"]),
        ("10时28分发车", ["10时28分"]),
        ("It closes at 5 p.m. and opens at 9:30 am.", ["5 p.m.", "9:30 am"]),
        ("open from 9 am to noon", ["9 am to noon"]),
        ("3点建议，比分2:1，9月3日，三小时", []),
    ],
)
def test_times_of_day_are_found_and_nothing_else(text: str, times: list[str]) -> None:
    assert [text[start:end] for start, end in clock_times.find(text)] == times
