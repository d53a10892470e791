"""Numerals and number words of Chinese and English, and the scales by which they count."""

from __future__ import annotations

MAX_DIGITS = 30
HAN_ONES = "一二三四五六七八九"
HAN_NUMERALS = f"零〇{HAN_ONES}两十百千万亿"
"""The characters that Chinese numerals are written with."""
SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8, "万亿": 10**12}
ONES = "one two three four five six seven eight nine".split()
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBER_WORDS: dict[str, int] = dict(zip([*ONES, *TEENS, *TENS], [*range(1, 20), *range(20, 100, 10)], strict=True))
"""The English words for 1 to 20, and for the tens up to 90."""
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
ORDINAL_WORDS = {word: number for number, word in enumerate(_ORDINALS.split(), 1)}
"""The English words for 1st to 15th."""
ROMAN_NUMERALS = {numeral: number for number, numeral in enumerate("i ii iii iv v vi vii viii ix x".split(), 1)}
ENGLISH_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_HAN_DIGITS = {c: i for i, c in enumerate(HAN_ONES, 1)} | {"零": 0, "〇": 0, "○": 0, "两": 2}


def han_number(text: str) -> str:
    """Writes a Chinese numeral in digits: 十 -> 10, 二〇二一 -> 2021, 三百五十 -> 350; returns "" for 万 alone and the like."""
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
            group = section + digit
            # In 一亿两千万, 万 counts only 两千; in 三万五千亿, 亿 counts all before it.
            if group and total >= SCALES[c]:
                total += group * SCALES[c]
            else:
                total = (total + group) * SCALES[c]
            section = digit = 0
    return str(total + section + digit)
