"""Times of day in Chinese and English: 9:00—20:00, 下午三点半, 5 p.m. They are names to `quantities`, which passes them over."""

from __future__ import annotations

import re

from rag.text.sentences import Span

_HAN_NUMBER = r"(?:\d{1,2}|[一二三四五六七八九十两]{1,3})"
_PART_OF_DAY = r"(?:上午|下午|中午|早上|早晨|晚上|傍晚|凌晨|夜里|当晚|晚|早)?"
_ONE = (
    rf"(?:{_PART_OF_DAY}(?<![\d:：])\d{{1,2}}[:：][0-5]\d(?![\d:：])(?: ?(?:[ap]\.m\.|[ap]m\b))?"
    rf"|{_PART_OF_DAY}{_HAN_NUMBER}[点時时](?!间|間|候|代|期|建议|要求|意见|原因|想法|看法|内容|措施)(?:钟|整|半|[一三]刻|{_HAN_NUMBER}分?)?"
    r"|\b\d{1,2}(?:\.[0-5]\d)? ?(?:[ap]\.m\.|[ap]m\b)|\b(?:noon|midnight)\b|\b\w+ o['’]clock\b)"
)
_TIME = re.compile(rf"{_ONE}(?:\s?(?:——?|[-–~～]|至|到|to|until|and)\s?{_ONE})?", re.IGNORECASE)


def find(text: str) -> list[Span]:
    """Returns the places of the times of day in a text, each with the one that it is the beginning of, in order."""
    return [match.span() for match in _TIME.finditer(text)]
