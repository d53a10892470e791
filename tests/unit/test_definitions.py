"""Sentences that say what a term means."""

from __future__ import annotations

import pytest

from rag.answering.definitions import defines


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        ("什么叫“浅滩”？", "所谓“浅滩”，按本办法的说法，是指水深不足一米的水域。", True),
        ("浅滩是什么意思？", "浅滩，是指水深不足一米的水域。", True),
        ("什么是浅滩？", "本届论坛以“浅滩，大安全”为主题。", False),
        ("浅滩有多深？", "浅滩，是指水深不足一米的水域。", False),
        ("What is a berth?", 'A "berth", as used here, means a place for one boat.', True),
        ("What does berth mean?", "A berth means a place for one boat.", True),
        ("What is a berth?", "A berth costs 40 crowns.", False),
        ("What is the fee for a berth?", "A berth means a place for one boat.", False),
    ],
)
def test_a_definition_defines_the_term_in_question(question: str, sentence: str, expected: bool) -> None:
    assert defines(question, sentence) is expected
