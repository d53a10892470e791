"""Negations in Chinese and English."""

from __future__ import annotations

import re

NEGATORS = frozenset(
    """
    不 没 没有 未 无 非 不是 不能 不会 不可 不得 不再 不曾 不必 并不 并非 并未 尚未 从未 未曾 未能 无法 没能 毫无 绝不 从不 不要
    not no never neither nor without none cannot nobody nothing
    """.split()
)
"""The words that negate the word after them, as an analyzer cuts Chinese."""

NEGATION = re.compile(
    r"不(?![断仅但同少过久论管只光])|没|未(?!来)|无(?!论)|非(?![常洲])|否|禁止|难以|避免|停止|缺乏|拒绝"
    r"|\b(?:not?|never|neither|nor|none|without|cannot|nobody|nothing|few|hardly|rarely|barely|instead|rather|except|unable|unlikely"
    r"|exclud\w+|fail\w*|lack\w*|refus\w+|den(?:y|ied|ies)|absen\w+|banned|prohibit\w*)\b|n['’]t\b",
    re.IGNORECASE,
)
"""Finds a negation, or a word that may translate one, such as 难以 and "lack". It passes over 不断, 未来 and the like."""
