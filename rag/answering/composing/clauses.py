"""The clauses of a sentence that answer: what is shown of a long sentence, whose citation contains the whole of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.text.sentences import Span
from rag.types import Language

Terms = Callable[[str], frozenset[str]]
"""Finds the terms of the question in a text."""

SHORT_SENTENCE: dict[Language, int] = {"zh": 40, "en": 90}
"""The length up to which a sentence is shown as a whole."""

_MAX_EXCERPT: dict[Language, int] = {"zh": 50, "en": 110}
_LEAST_CLAUSE: dict[Language, int] = {"zh": 10, "en": 24}
_MOST = 0.8
_WORTH_SHOWING = 2
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


def excerpt(text: str, wanted: Collection[Span], language: Language, overlap: Terms, start: int = 0) -> list[Span]:
    """Finds the clauses of a sentence that say the answer.

    Args:
        text: The sentence.
        wanted: The places in it that must be shown.
        language: Its language.
        overlap: Finds the terms of the question in a text.
        start: Where the sentence proper begins, after a dateline or a list number.

    Returns:
        The clauses that contain the wanted places, with those beside them that say when it is true, and another one that names what the
        question is about; in order, without the punctuation around them. Empty if the sentence is short, or nearly all of it
        would be shown.
    """
    if len(text) - start <= SHORT_SENTENCE[language] or not wanted:
        return []
    parts = [(max(a, start), b) for a, b in clauses(text) if b > start]
    first = max((i for i, (a, _) in enumerate(parts) if a <= min(a for a, _ in wanted)), default=0)
    last = min((i for i, (_, b) in enumerate(parts) if b >= max(b for _, b in wanted)), default=len(parts) - 1)
    window = _Window(text, parts, _MAX_EXCERPT[language], overlap)
    first, last = window.with_time(first, last)
    first, last = window.widened(first, last, _LEAST_CLAUSE[language])
    spans = [window.span(first, last)]
    if (topic := window.topic(first, last)) is not None:
        spans.append(window.span(topic, topic))
    shown = sum(b - a for a, b in spans)
    return sorted(spans) if shown < _MOST * (len(text) - start) else []


@dataclass(frozen=True, slots=True)
class _Window:
    """The clauses of a sentence, from which a window of a limited length is chosen."""

    text: str
    parts: Sequence[Span]
    limit: int
    overlap: Terms

    def span(self, first: int, last: int) -> Span:
        """Returns the place of the clauses from the first to the last, without the punctuation after them."""
        begin, end = self.parts[first][0], self.parts[last][1]
        return begin, begin + len(self.text[begin:end].rstrip(" \t\n，,；;：:—。.!！"))

    def with_time(self, first: int, last: int) -> Span:
        """Adds the clause before that says when it is true, or the one after that says what is true then."""
        if first == last and self._sets_time(last) and self._fits(first, last + 1):
            return first, last + 1
        if first and self._sets_time(first - 1) and self._fits(first - 1, last):
            return first - 1, last
        return first, last

    def widened(self, first: int, last: int, least: int) -> Span:
        """Adds clauses beside the window while they name more of what the question asks, or the window is very short."""
        while True:
            here, length = self._terms(first, last), self._length(first, last)
            wider = [(first - 1, last), (first, last + 1)]
            gains = [self._terms(*span) - here if self._fits(*span) else -1 for span in wider]
            side = int(gains[1] > gains[0])
            if gains[side] < (0 if length < least else 1):
                return first, last
            first, last = wider[side]

    def topic(self, first: int, last: int) -> int | None:
        """Returns the clause outside the window that names at least two terms of the question which the window does not."""
        here = self._terms(first, last)
        inside = self.text[slice(*self.span(first, last))]
        gains = {
            i: len(self.overlap(f"{inside} {self.text[slice(*self.parts[i])]}")) - here
            for i in range(len(self.parts))
            if not first <= i <= last and self._length(i, i) <= self.limit
        }
        best = max(gains, key=lambda i: gains[i], default=None)
        return best if best is not None and gains[best] >= _WORTH_SHOWING else None

    def _sets_time(self, i: int) -> bool:
        return bool(_SETS_TIME.search(self.text[slice(*self.span(i, i))].strip()))

    def _length(self, first: int, last: int) -> int:
        return self.parts[last][1] - self.parts[first][0]

    def _fits(self, first: int, last: int) -> bool:
        return first >= 0 and last < len(self.parts) and self._length(first, last) <= self.limit

    def _terms(self, first: int, last: int) -> int:
        return len(self.overlap(self.text[self.parts[first][0] : self.parts[last][1]]))
