"""Spans are widened to whole names, and to nothing else."""

import pytest

from rag.text.analysis import Analyzer
from rag.text.names import NameFinder

NAMES = NameFinder(Analyzer())


@pytest.mark.parametrize(
    ("text", "part", "whole"),
    [
        ("Dr Samuel Okonjo-Reyes, Director since 2023", "jo-Reyes", "Okonjo-Reyes"),
        ("the O'Neill group", "Neill", "O'Neill"),
        ("副站长黎向北负责气象和仪器。", "黎", "黎向北"),
        ("为发展中国家在资金、技术和能力建设方面提供支持。", "资金、技术", "资金、技术"),
        ("在资金、技术方面支持发展中国家。", "中国家", "中国家"),
        ("It covers 2.7 kilometres.", "2.7 kilometres", "2.7 kilometres"),
    ],
)
def test_a_span_is_widened_to_whole_names(text: str, part: str, whole: str) -> None:
    start = text.index(part)
    begin, end = NAMES.whole_words(text, start, start + len(part))
    assert text[begin:end] == whole
