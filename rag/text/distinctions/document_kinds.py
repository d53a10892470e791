"""Kinds of documents in Chinese and English, by which a question may name one: 白皮书, "the position paper"."""

from __future__ import annotations

import re

_KINDS = tuple(
    line.split("|")
    for line in """
白皮书|white paper
立场文件|position paper
年报|年度报告|annual report
会议纪要|纪要|会议记录|meeting minutes|minutes of
公报|bulletin|communique
新闻稿|通稿|press release
问答|常见问题|faq|frequently asked questions
采访|访谈|interview
合同|contract
协议|agreement
规划|规划纲要|master plan
行动计划|action plan
条例|regulations
手册|manual|handbook
指南|guide|guidelines
倡议书|倡议|initiative
论文|thesis
""".strip().splitlines()
)
_PATTERNS = tuple(
    re.compile("|".join(rf"\b{name.replace(' ', '[ -]')}\b" if name.isascii() else name for name in names), re.IGNORECASE)
    for names in _KINDS
)


def find(text: str) -> frozenset[int]:
    """Returns the kinds of documents that a text names, as numbers that are the same in both languages."""
    return frozenset(number for number, pattern in enumerate(_PATTERNS) if pattern.search(text))
