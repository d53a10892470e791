"""Compares sentences of documents: they say the same, agree on the value in question, or say different things.

An answer gives two citations to one sentence only when both quotes contain it. Similarity does not measure that: "80元" and
"120元", "allowed" and "not allowed", "North" and "South" differ in a few characters of many. So sentences are compared by
their words, quantities, negations and names, and by their titles and the headings above them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import PurePath
from typing import Literal

from rag.answering.reading import Reading, Sentence
from rag.text import quantities
from rag.text.analysis import Analyzer, pieces
from rag.text.names import NameFinder
from rag.text.quantities import Quantity
from rag.types import Language

Relation = Literal["same", "agrees", "adds nothing", "rival", "other"]
"""The relation of a sentence to one that is shown before it.

same: its quote contains all that the shown sentence says.
agrees: it gives the same value as the answer, and nothing in it contradicts the shown sentence.
adds nothing: the shown sentence already says all that it says, but not the reverse.
rival: the same statement with another value, or of another subject.
other: anything else.
"""

_TOKEN = re.compile(r"(?P<han>[\u3400-\u9fff〇]+)|(?P<word>\d+(?:[.,:/-]\d+)*|[^\W\d_]+(?:['’][a-z]+)?)")
# Words that a sentence can lose without saying anything else, so no negations and no prepositions.
_FUNCTION_WORDS = frozenset(
    "的 地 得 了 着 过 是 为 也 而 其 该 a an the is are was were be been has have had it its that which".split()
)
_REVERSAL = re.compile(
    r"不|没|未|无|非|否|禁|勿|莫|除|例外|仅|只"
    r"|\b(?:not?|never|neither|nor|none|without|cannot|nobody|nothing|except\w*|unless|only|but|prohibit\w*|forbid\w*|ban(?:ned|s)?)\b|n['’]t\b",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_MEASURE_WORD = re.compile("[个种处名人项家座所条只头株棵位部份次届件张户场]")
_SAME_FRAME = 0.6
_MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence, its reading, and the terms of the question in the sentence, its title and the headings above it."""

    reading: Reading
    sentence: Sentence
    covered: frozenset[str] = frozenset()

    @property
    def document_id(self) -> str:
        """The id of its document."""
        return self.reading.result.chunk.document_id

    @property
    def section(self) -> str:
        """The headings above the sentence, outermost first, joined by " > "."""
        return self.reading.result.chunk.section

    @property
    def language(self) -> Language:
        """The language of its document."""
        return self.reading.result.language

    @property
    def headings(self) -> str:
        """The title and the headings above the sentence."""
        return f"{self.reading.result.title}\n{self.section}"

    @property
    def context(self) -> str:
        """The title, the headings above the sentence and the name of the file, which the sentence need not repeat."""
        return f"{self.headings}\n{PurePath(self.reading.result.source).stem}"


@dataclass(frozen=True)
class _Contents:
    """The contents of a sentence in a form that can be compared."""

    tokens: tuple[str, ...]
    quantities: tuple[Quantity, ...]
    reversals: Counter[str]

    @cached_property
    def amounts(self) -> Counter[object]:
        """Every quantity with its bound, however it is written."""
        return Counter((quantity.value, quantity.bound) for quantity in self.quantities)


class Agreement:
    """Compares sentences. The dictionaries are read on first use."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self.names = NameFinder(analyzer)
        """Finds the names of sentences."""
        self._kept: dict[tuple[str, Language], _Contents] = {}

    def place(self, question: str, reading: Reading, sentence: Sentence) -> Place:
        """Returns a sentence with the terms of the question that it covers."""
        bare = Place(reading, sentence)
        there = set(self._analyzer.terms(f"{bare.context}\n{sentence.text}"))
        return Place(reading, sentence, self.terms(question) & there)

    def terms(self, question: str) -> frozenset[str]:
        """Returns the terms of a question that carry meaning."""
        return frozenset(self._analyzer.content_terms(question))

    def relation(self, shown: Place, other: Place, *, value_asked: bool) -> Relation:
        """Tells how `other` relates to a sentence that is shown.

        Args:
            shown: The sentence that is shown.
            other: One that may be cited with it.
            value_asked: Whether the question asks for a number or a date, so that the same value is the same answer.
        """
        one, two = self._contents(shown), self._contents(other)
        apart = self._of_other_subjects(shown, other)
        if one.tokens == two.tokens and one.amounts == two.amounts:
            return "rival" if apart else "same"
        if value_asked and not apart and self._agree(shown, other):
            return "agrees"
        if not apart and one.reversals == two.reversals and two.amounts <= one.amounts and _in_order(two.tokens, one.tokens):
            return "adds nothing"
        return "rival" if is_same_frame(shown, other) else "other"

    def _agree(self, shown: Place, other: Place) -> bool:
        """Returns whether two sentences give the same value and nothing that both name differs."""
        values = answered_quantity(shown), answered_quantity(other)
        if not values[0] or not values[1] or (values[0].value, values[0].bound) != (values[1].value, values[1].bound):
            return False
        one, two = self._contents(shown), self._contents(other)
        if _lacks(one.quantities, two.quantities) and _lacks(two.quantities, one.quantities):
            return False
        if shown.language != other.language:
            return True
        words = [
            _MEASURE_WORD.match(place.sentence.text, value.end)
            for place, value in zip((shown, other), values, strict=True)
            if value
        ]
        counted = [word[0] for word in words if word]
        return (
            len(set(counted)) < 2
            and one.reversals == two.reversals
            and shown.covered <= other.covered
            and not _differ(self.names.names(shown.sentence.text), self.names.names(other.sentence.text))
        )

    def _of_other_subjects(self, one: Place, other: Place) -> bool:
        """Returns whether the headings and titles of two sentences show that they are about different things.

        Within one document other headings show it; in two documents, other numbers, years or versions in titles and headings.
        """
        if one.document_id == other.document_id:
            return one.section != other.section
        return _differ(_DIGITS.findall(one.headings), _DIGITS.findall(other.headings))

    def _contents(self, place: Place) -> _Contents:
        key = place.sentence.text, place.language
        contents = self._kept.get(key)
        if contents is None:
            text = self._analyzer.fold(key[0])
            tokens = tuple(token for token in self._tokens(text) if token not in _FUNCTION_WORDS)
            found = tuple(quantities.find(*key))
            contents = _Contents(tokens, found, Counter(match[0] for match in _REVERSAL.finditer(text)))
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            self._kept[key] = contents
        return contents

    def _tokens(self, text: str) -> Iterable[str]:
        for match in _TOKEN.finditer(text):
            if match["han"]:
                for piece in pieces(match[0]):
                    yield from self._analyzer.jieba.lcut(piece)
            else:
                yield match[0].replace(",", "")


def answered_quantity(place: Place) -> Quantity | None:
    """Returns the quantity that the reader takes for the answer; None when there is not exactly one."""
    begin, end = (offset - place.sentence.start for offset in place.sentence.answer)
    found = quantities.find(place.sentence.text, place.language)
    meant = [quantity for quantity in found if quantity.start < end and begin < quantity.end]
    return meant[0] if len(meant) == 1 else None


def is_same_frame(one: Place, other: Place) -> bool:
    """Returns whether two sentences of much the same length say the same but for their quantities and the reader's answer in them."""
    frames = _frame(one), _frame(other)
    smaller, larger = sorted(map(len, frames))
    return smaller >= _SAME_FRAME * larger > 0 and len(frames[0] & frames[1]) >= _SAME_FRAME * larger


def _frame(place: Place) -> set[str]:
    """The Latin words and the pairs of Han characters of a sentence, without its quantities and the answer in it."""
    text = place.sentence.text
    begin, end = (offset - place.sentence.start for offset in place.sentence.answer)
    cut = [(quantity.start, quantity.end) for quantity in quantities.find(text, place.language)] + [(begin, end)]
    left = "".join(" " if any(a <= i < b for a, b in cut) else character for i, character in enumerate(text)).casefold()
    han = "".join(match["han"] for match in _TOKEN.finditer(left) if match["han"])
    words = {match["word"] for match in _TOKEN.finditer(left) if match["word"] and not match["word"][0].isdigit()}
    return (words - _FUNCTION_WORDS) | {first + second for first, second in pairwise(han)}


def _differ(one: Iterable[object], other: Iterable[object]) -> bool:
    """Returns whether each names something that the other does not; one that only names less does not contradict the other."""
    mine, theirs = set(one), set(other)
    return bool(mine - theirs and theirs - mine)


def _lacks(one: Sequence[Quantity], other: Sequence[Quantity]) -> bool:
    """Returns whether `other` has a quantity that no quantity of `one` equals or contains."""
    return not all(any(own.contains(quantity) for own in one) for quantity in other)


def _in_order(few: tuple[str, ...], many: tuple[str, ...]) -> bool:
    """Returns whether all of the few tokens are among the many, in the same order."""
    left = iter(many)
    return all(token in left for token in few)
