"""Corrects typing errors in a question by the words of the passages that it may be about.

A word is corrected only if it is unknown. An English word becomes the one that is nearest by letters inserted, left out, replaced or
exchanged; if none of the passages is near, a word of the language that differs by one letter. Chinese characters become a word that
sounds the same, as errors of pinyin input do, or one of the same characters in another order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from rag.text.analysis import STOP_WORDS, pieces, spelled
from rag.text.questions import HAN_ASKING
from rag.text.scripts import to_simplified

if TYPE_CHECKING:
    from rag.text.analysis import Analyzer

AreWords = Callable[[Sequence[str]], Sequence[bool]]
"""Tells which of some strings of letters, in lower case, are English words."""

_WORD = re.compile(r"(?<![\w@/.-])[A-Za-z]{3,}(?![\w@/]|[.-]\w)")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_QUOTED = re.compile(r"[“\"‘][^”\"’]*[”\"’]")
# Words that a question may consist of, whatever the passages say.
_QUESTION_WORDS = frozenset("what when where which who whom whose why how".split())
_ASKING = _QUESTION_WORDS | frozenset("many much long does did was were are has have had can could should would".split())
_ENDINGS = ("s", "es", "d", "ed", "ing", "ly")
_ASKING_HAN = ("什么", "多少", "哪些", "怎么", "怎样", "如何", "哪里", "哪个", "何时", "为何", "哪年", "哪天")
_MAX_HAN = 4
_MIN_FOR_TWO_ERRORS = 8
_MIN_NAME = 5
_MIN_SIMILAR_SOUND = 3
_MAX_EXCHANGED = 3
_SIMILAR_SOUNDS = ((re.compile("([zcs])h"), r"\1"), (re.compile("([aei])ng"), r"\1n"))
# 从那天开始？ is typed for 从哪天开始？
_WHICH = re.compile(r"(?:(?<=[从在于是到自由])|^)那(?=[天年月日里儿个些位家种次国省市县])")


def corrected(
    question: str, passages: Sequence[str], analyzer: Analyzer, are_words: AreWords, is_in_library: Callable[[str], bool]
) -> str:
    """Returns the question with its typing errors corrected; the question itself if there are none or their correction is unknown.

    Words in quotation marks are left as they are.

    Args:
        question: In Chinese or English.
        passages: The texts whose words correct it.
        analyzer: Cuts Chinese text into words.
        are_words: Tells which strings of letters need no correction and can be one.
        is_in_library: Tells whether another English word is in the library, so that it needs no correction.
    """
    simplified = to_simplified(question)
    quoted = [match.span() for match in _QUOTED.finditer(question)]
    changes = [
        *_english(question, passages, are_words, is_in_library),
        *_chinese(simplified, passages, analyzer),
        *_asking(simplified),
    ]
    for start, end, replacement in sorted(changes, reverse=True):
        if not any(first < end and start < last for first, last in quoted):
            question = question[:start] + replacement + question[end:]
    return question


def _english(
    question: str, passages: Iterable[str], are_words: AreWords, is_in_library: Callable[[str], bool]
) -> Iterator[tuple[int, int, str]]:
    typed = [match for match in _WORD.finditer(question) if not match[0].isupper()]
    known = are_words([match[0].lower() for match in typed]) if typed else []
    unknown = [match for match, is_word in zip(typed, known, strict=True) if not is_word and not is_in_library(match[0].lower())]
    if not unknown:
        return
    words = Counter(word.lower() for passage in passages for word in re.findall(r"[A-Za-z]{3,}", passage))
    # A question has one question word; "wheat" after "what" is no other.
    asking = _ASKING - _QUESTION_WORDS if _QUESTION_WORDS & {match[0].lower() for match in typed} else _ASKING
    for match in unknown:
        if _is_inflected(match[0].lower(), words):
            continue
        word, begins, is_capital = match[0].lower(), not question[: match.start()].strip(), match[0][0].isupper()
        is_name = is_capital and not begins
        meant = _nearest(word, words, asking, is_name=is_name) or ("" if is_name else _one_letter_off(word, are_words))
        if meant and meant not in STOP_WORDS - asking:
            yield *match.span(), meant.capitalize() if is_capital else meant


def _is_inflected(word: str, words: Collection[str]) -> bool:
    """Returns whether a word differs from one of the passages by a regular ending only."""
    return word in words or any(word + ending in words or word.removesuffix(ending) in words for ending in _ENDINGS)


def _one_letter_off(typed: str, are_words: AreWords) -> str:
    """Returns the one word of which two letters were exchanged, else one left out, else one doubled or added; "" unless there is one."""
    if len(typed) < _MIN_NAME:
        return ""
    letters = "abcdefghijklmnopqrstuvwxyz"
    splits = [(typed[:place], typed[place:]) for place in range(1, len(typed) + 1)]
    kinds = (
        [head + tail[1] + tail[0] + tail[2:] for head, tail in splits if len(tail) > 1],
        [head + letter + tail for head, tail in splits for letter in letters],
        [head + tail[1:] for head, tail in splits if tail],
    )
    for edits in kinds:
        candidates = sorted(set(edits))
        meant = [word for word, is_word in zip(candidates, are_words(candidates), strict=True) if is_word]
        if meant:
            return meant[0] if len(meant) == 1 else ""
    return ""


def _nearest(typed: str, words: Counter[str], asking: Collection[str], *, is_name: bool) -> str:
    """Returns the word that is nearest to the one typed, the more frequent of two; "" if none is near."""
    from rapidfuzz.distance import OSA

    most = 2 if len(typed) >= _MIN_FOR_TWO_ERRORS and not is_name else 1
    near = [
        (distance, word not in asking, -words[word], word)
        for word in (*asking, *words)
        if len(word) > 2 and (distance := OSA.distance(typed, word, score_cutoff=most)) <= most
        if distance == 1 or word[0] == typed[0]
        if len(typed) > 3 or word in asking
    ]
    return min(near)[-1] if near and (len(typed) >= _MIN_NAME or not is_name) else ""


def _chinese(question: str, passages: Sequence[str], analyzer: Analyzer) -> Iterator[tuple[int, int, str]]:
    texts = [to_simplified(passage) for passage in passages]
    whole = "\n".join(texts)
    odd = [window for window in _odd_windows(question, analyzer) if question[window[0] : window[1]] not in whole]
    if not odd:
        return
    words = Counter(word for text in texts for word in _words(text, analyzer))
    by_sound: dict[tuple[int, str], str] = {}
    if not re.search(HAN_ASKING, question):
        by_sound |= {(len(word), spelled(word)): word for word in _ASKING_HAN}
    for word, _ in sorted(words.items(), key=lambda item: (item[1], item[0])):
        for key in _keys(word):
            by_sound[len(word), key] = word
    taken: list[tuple[int, int]] = []
    for start, end in sorted(odd, key=lambda window: window[0] - window[1]):
        typed = question[start:end]
        meant = next((by_sound[len(typed), key] for key in _keys(typed) if (len(typed), key) in by_sound), "")
        if meant and not any(start < last and first < end for first, last in taken):
            taken.append((start, end))
            yield start, end, meant


def _keys(word: str) -> list[str]:
    """Returns what words with the same sound or the same characters share, the closest first."""
    sound = spelled(word)
    similar = sound
    for pattern, replacement in _SIMILAR_SOUNDS:
        similar = pattern.sub(replacement, similar)
    characters = ["".join(sorted(word))] if len(word) <= _MAX_EXCHANGED else []
    return [sound, *characters, *([f"~{similar}"] if len(word) >= _MIN_SIMILAR_SOUND else [])]


@lru_cache(maxsize=1)
def _asking_sounds() -> frozenset[str]:
    return frozenset(map(spelled, _ASKING_HAN))


def _odd_windows(question: str, analyzer: Analyzer) -> Iterator[tuple[int, int]]:
    """Yields the places of two to four characters that are no word of the dictionary, and not words of it side by side."""
    frequencies = analyzer.jieba.FREQ
    for start, tokens in _runs(question, analyzer):
        for first, last, end in _token_windows(tokens):
            inside = tokens[first:last]
            window = "".join(inside)
            is_odd = not frequencies.get(window) and any(len(token) == 1 or not frequencies.get(token) for token in inside)
            is_kept = len(window) >= _MIN_SIMILAR_SOUND or not any(token in STOP_WORDS for token in inside)
            if is_odd and (is_kept or spelled(window) in _asking_sounds()):
                yield start + end - len(window), start + end


@lru_cache(maxsize=500)
def _words(text: str, analyzer: Analyzer) -> tuple[str, ...]:
    """Returns the words of two to four characters of a text, and neighbouring words of so many together."""
    return tuple(_cut_words(text, analyzer))


def _cut_words(text: str, analyzer: Analyzer) -> Iterator[str]:
    for _, tokens in _runs(text, analyzer):
        for token in tokens:
            if len(token) > _MAX_HAN:
                yield from (word for word in analyzer.jieba.cut_for_search(token) if len(word) <= _MAX_HAN)
        for first, last, _ in _token_windows(tokens):
            if not any(token in STOP_WORDS for token in tokens[first:last]):
                yield "".join(tokens[first:last])


def _runs(text: str, analyzer: Analyzer) -> Iterator[tuple[int, list[str]]]:
    """Yields the words of each run of Chinese characters, with its place; what is in no dictionary as single characters."""
    for match in _HAN.finditer(text):
        yield match.start(), [word for piece in pieces(match[0]) for word in analyzer.jieba.cut(piece, HMM=False)]


def _token_windows(tokens: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yields the first and the last of neighbouring tokens with two to four characters together, and where they end."""
    start = 0
    for first, token in enumerate(tokens):
        length = 0
        for last in range(first, len(tokens)):
            length += len(tokens[last])
            if length > _MAX_HAN:
                break
            if length > 1:
                yield first, last + 1, start + length
        start += len(token)


def _asking(question: str) -> Iterator[tuple[int, int, str]]:
    """Yields the 那 that is typed for 哪 in a question without another question word."""
    if not re.search(rf"{HAN_ASKING}|呢|[吧嘛么]|\b(?:wh|how)", question):
        yield from ((*match.span(), "哪") for match in _WHICH.finditer(question))
