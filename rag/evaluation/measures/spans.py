"""Exact match and F1 of an answer, as the official scripts of SQuAD and CMRC 2018 define them.

English: Rajpurkar et al. (2016), "SQuAD: 100,000+ Questions for Machine Comprehension of Text": bags of words, without case,
punctuation and articles. Chinese: Cui et al. (2019), "A Span-Extraction Dataset for Chinese Machine Reading Comprehension":
the longest common run of characters, Latin words counting as one.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher

from rag.types import Language

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
# What CMRC's script leaves out; it has …… as one string, which no single character is, so that dots stay.
_CMRC_LEFT_OUT = frozenset("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
# A Chinese character; or, in place of the script's tokenizer of English, a word or number, or any other sign.
_SEGMENT = re.compile(r"[\u4e00-\u9fa5]|(?:(?![\u4e00-\u9fa5])\w)+(?:[.,'’](?:(?![\u4e00-\u9fa5])\w)+)*|[^\w\s]")


def exact_match(prediction: str, answers: Sequence[str], language: Language) -> float:
    """Returns 1 if the prediction is one of the answers, or if it is empty and there are no answers; else 0."""
    return _best(prediction, answers, _same_english if language == "en" else _same_chinese)


def f1(prediction: str, answers: Sequence[str], language: Language) -> float:
    """Computes the F1 with the most similar answer, between 0 and 1. Without answers, it is 1 for an empty prediction."""
    return _best(prediction, answers, _f1_english if language == "en" else _f1_chinese)


def _best(prediction: str, answers: Sequence[str], score: Callable[[str, str], float]) -> float:
    if not answers:
        return float(not prediction.strip())
    return max(score(prediction, answer) for answer in answers)


def _normalised(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _same_english(prediction: str, answer: str) -> float:
    return float(_normalised(prediction) == _normalised(answer))


def _f1_english(prediction: str, answer: str) -> float:
    own, wanted = _normalised(prediction), _normalised(answer)
    if not own or not wanted:
        return float(own == wanted)
    return _f1(sum((Counter(own) & Counter(wanted)).values()), len(own), len(wanted))


def _kept(text: str) -> str:
    return "".join(character for character in text.lower().strip() if character not in _CMRC_LEFT_OUT)


def _same_chinese(prediction: str, answer: str) -> float:
    return float(_kept(prediction) == _kept(answer))


def _f1_chinese(prediction: str, answer: str) -> float:
    own, wanted = _SEGMENT.findall(_kept(prediction)), _SEGMENT.findall(_kept(answer))
    common = SequenceMatcher(None, own, wanted, autojunk=False).find_longest_match().size
    return _f1(common, len(own), len(wanted))


def _f1(common: int, own: int, wanted: int) -> float:
    return 2 * common / (own + wanted) if common else 0.0
