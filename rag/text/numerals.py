"""Chinese numerals in digits."""

from __future__ import annotations

MAX_DIGITS = 30
SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8, "万亿": 10**12}
_HAN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}


def han_number(text: str) -> str:
    """The value of a Chinese numeral in digits: 十 -> 10, 二〇二一 -> 2021, 三百五十 -> 350; empty for 万 alone and the like."""
    if len(text) > MAX_DIGITS or not any(c in _HAN_DIGITS or c == "十" for c in text):
        return ""
    if len(text) > 1 and all(c in _HAN_DIGITS for c in text):
        return str(int("".join(str(_HAN_DIGITS[c]) for c in text)))
    total = section = digit = 0
    for c in text:
        if c in _HAN_DIGITS:
            digit = _HAN_DIGITS[c]
        elif SCALES[c] < 10**4:
            section += (digit or 1) * SCALES[c]
            digit = 0
        else:
            total = (total + section + digit) * SCALES[c]
            section = digit = 0
    return str(total + section + digit)
