"""The language of a text: Chinese or English."""

from __future__ import annotations

import re

from rag.types import Language

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_KANA = re.compile(r"[\u3040-\u30ff]+")
_WORD = re.compile(r"[A-Za-z\u00c0-\u024f]+")


def language_of(text: str) -> Language:
    """Returns "zh" if Chinese characters outnumber the words in Latin letters, else "en".

    A third language counts as English, except for Japanese with more Han characters than kana.
    """
    han = sum(len(match[0]) for match in _HAN.finditer(text))
    kana = sum(len(match[0]) for match in _KANA.finditer(text))
    return "zh" if han > sum(1 for _ in _WORD.finditer(text)) and kana <= han else "en"
