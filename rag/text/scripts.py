"""Scripts that are read as one: traditional and simplified Chinese without moving a character, letters with and without accents."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ebef]+")
_ACCENT = re.compile("[\u0300-\u036f]")
# A text with this share of traditional characters is written in traditional Chinese, so words of Taiwan are read as those of the
# mainland: 軟體 as 软件. In a simplified text, the same words may mean something else: 土豆 is a potato, in Taiwan a peanut.
_TRADITIONAL = 0.1


def to_simplified(text: str) -> str:
    """Returns the text in simplified Chinese, of the same length, so that every offset stays valid.

    Words are replaced where the words of the mainland have as many characters, and characters everywhere else. A text without
    traditional characters is returned as it is.
    """
    if text.isascii():
        return text
    by_character = _HAN.sub(lambda run: _same_length(run[0], "t2s"), text)
    if by_character == text:
        return text
    changed = sum(one != other for one, other in zip(text, by_character, strict=True))
    if changed < _TRADITIONAL * sum(len(run) for run in _HAN.findall(text)):
        return by_character
    return _HAN.sub(lambda run: _same_length(run[0], "tw2sp"), text)


def without_accents(text: str) -> str:
    """Returns the text without the accents of its letters: Aksobhya for Akṣobhya. Its length may change."""
    return _ACCENT.sub("", unicodedata.normalize("NFD", text))


def _same_length(run: str, conversion: str) -> str:
    """Converts Han characters, one by one if converting whole words would change their number."""
    converted = str(_converter(conversion).convert(run))
    if len(converted) == len(run):
        return converted
    characters = (str(_converter("t2s").convert(character)) for character in run)
    return "".join(new if len(new) == 1 else old for old, new in zip(run, characters, strict=True))


@lru_cache(maxsize=2)
def _converter(conversion: str) -> Any:
    import opencc

    return opencc.OpenCC(conversion)
