"""The clauses of a sentence that answer: what is shown of a long sentence, whose citation contains the whole of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from itertools import pairwise

from rag.text.sentences import Span
from rag.types import Language

SHORT_SENTENCE: dict[Language, int] = {"zh": 44, "en": 110}
"""The length up to which a sentence is shown as a whole."""

_MAX_EXCERPT: dict[Language, int] = {"zh": 60, "en": 150}
_LEAST_CLAUSE: dict[Language, int] = {"zh": 12, "en": 28}
_BREAK = re.compile(r"(?:[，；;：]|,(?!\d{3})|: |——|(?<=[\u3400-\u9fff]),)\s*")
_OPENERS, _CLOSERS = "“‘「『《（([", "”’」』》）)]"
# A clause that ends thus says when or where the next one is true.
_SETS_TIME = re.compile(
    r"(?:年|月|日|期间|以来|之后|以后|起|底|时|前)$|^(?:in|on|since|from|by|during|after|before)\b[^,]*$", re.IGNORECASE
)


def clauses(text: str) -> list[Span]:
    """Cuts a sentence at its commas and semicolons, but not inside quotes and brackets."""
    cuts = [0]
    for match in _BREAK.finditer(text):
        before = text[: match.start()]
        if sum(before.count(c) for c in _OPENERS) <= sum(before.count(c) for c in _CLOSERS) and before.count('"') % 2 == 0:
            cuts.append(match.end())
    return [(a, b) for a, b in pairwise([*cuts, len(text)]) if text[a:b].strip()]


def excerpt(
    text: str, wanted: Collection[Span], language: Language, overlap: Callable[[str], int], start: int = 0
) -> Span | None:
    """Finds the clauses of a sentence that say the answer.

    Args:
        text: The sentence.
        wanted: The places in it that must be shown.
        language: Its language.
        overlap: Counts the terms of the question in a clause.
        start: Where the sentence proper begins, after a dateline or a list number.

    Returns:
        The excerpt's start and end, without the punctuation around it; None if the sentence is short, or nearly all of it would
        be shown.
    """
    if len(text) - start <= SHORT_SENTENCE[language] or not wanted:
        return None
    parts = [(max(a, start), b) for a, b in clauses(text) if b > start]
    first = max((i for i, (a, _) in enumerate(parts) if a <= min(a for a, _ in wanted)), default=0)
    last = min((i for i, (_, b) in enumerate(parts) if b >= max(b for _, b in wanted)), default=len(parts) - 1)
    first, last = _widened(text, parts, first, last, language, overlap)
    begin, end = parts[first][0], parts[last][1]
    end = begin + len(text[begin:end].rstrip(" \t\n，,；;：:—。.!！"))
    return (begin, end) if end - begin < 0.8 * (len(text) - start) else None


def _widened(
    text: str, parts: list[Span], first: int, last: int, language: Language, overlap: Callable[[str], int]
) -> tuple[int, int]:
    """Adds the clauses around that say when it is true, or that name what the question asks about."""

    def length(first: int, last: int) -> int:
        return parts[last][1] - parts[first][0]

    def clause(i: int) -> str:
        return text[slice(*parts[i])].strip(" ，,；;：:—。.")

    limit = _MAX_EXCERPT[language]
    if first == last and _SETS_TIME.search(clause(last)) and last + 1 < len(parts) and length(first, last + 1) <= limit:
        last += 1
    elif first and _SETS_TIME.search(clause(first - 1)) and length(first - 1, last) <= limit:
        first -= 1
    while length(first, last) <= limit:
        here = overlap(text[parts[first][0] : parts[last][1]])
        before = first and length(first - 1, last) <= limit and overlap(text[parts[first - 1][0] : parts[last][1]])
        after = last + 1 < len(parts) and length(first, last + 1) <= limit and overlap(text[parts[first][0] : parts[last + 1][1]])
        short = length(first, last) < _LEAST_CLAUSE[language]
        if before and (before > here or short) and before >= (after or 0):
            first -= 1
        elif after and (after > here or short):
            last += 1
        else:
            break
    return first, last
