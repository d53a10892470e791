"""The state of a question while its plan is made: the words not yet accounted for, the columns they name, and the filters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from embeddings.encoder import Encoder
from rag.answering.table_answers import words
from rag.answering.table_answers.columns import ReadTable
from rag.answering.table_answers.plans import BY_TERMS, Filter
from rag.text.analysis import Analyzer
from rag.text.numerals import HAN_NUMERALS, han_number
from rag.types import Language

# A numeral after a comparison, without a unit: 超过一千的.
_COMPARED = re.compile(
    rf"(?<=超过|大于|高于|多于|少于|低于|小于|不到|不足|至少|最多|达到)[{HAN_NUMERALS}]{{1,10}}(?=的|$|[，。？?])"
)
_COUNTING = frozenset("哪几少这那一两二三四五六七八九十")
_AFTER_COUNT = frozenset(words.MEASURES + "组")
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:[-.'’&][^\W_]+)*")


@dataclass(slots=True)
class Remainder:
    """The part of a question that no rule has used yet. Used parts are blanked out, so that offsets stay valid."""

    text: str
    original: str
    language: Language

    def take(self, start: int, end: int) -> None:
        """Blanks out `text[start:end]`."""
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Returns the first match and blanks it out."""
        match = pattern.search(self.text)
        if match:
            self.take(*match.span())
        return match


@dataclass(frozen=True, slots=True)
class Link:
    """A word of the question that names columns; with no columns it names the table itself."""

    start: int
    end: int
    columns: frozenset[int]
    confidence: float


class Draft:
    """A plan in the making, for one question over one table.

    `above` is the title of the document and the text above the table, `about` are their terms.
    `links` are the words that name columns, `value_places` the start, end and column of each cell that the question names.
    `has_verb` says that a verb was taken out which only connects the columns and cells that the question names.
    `implied` is the concept of the column that such a verb asks for, as "spent" asks for an amount of money.
    `year_columns` are the columns whose headings contain the year that the question asks for.
    """

    def __init__(
        self, question: str, read: ReadTable, language: Language, title: str, *, analyzer: Analyzer, encoder: Encoder
    ) -> None:
        self.table = read.table
        self.read = read
        self.columns = read.columns
        self.analyzer = analyzer
        self.encoder = encoder
        self.above = f"{title} {read.table.caption}"
        self.about = frozenset(analyzer.terms(self.above))
        question = _COMPARED.sub(lambda match: han_number(match[0]) or match[0], question)
        folded = analyzer.fold(question)
        original = unicodedata.normalize("NFKC", question)
        self.remainder = Remainder(folded, original if len(original) == len(folded) else folded, language)
        self.filters: list[Filter] = []
        self.links: list[Link] = []
        self.value_places: list[tuple[int, int, int]] = []
        self.year_columns: frozenset[int] = frozenset()
        self.has_verb = False
        self.implied = ""
        self.confidence = BY_TERMS

    def lower_confidence(self, *limits: float) -> None:
        """Lowers the confidence to the least of some limits."""
        self.confidence = min(self.confidence, *limits, 1.0)

    def link(self, start: int, end: int, columns: Iterable[int], confidence: float) -> None:
        """Records that the question names columns at `[start:end]`."""
        self.links.append(Link(start, end, frozenset(columns), confidence))

    def filter_text(self, column: int, values: Sequence[str]) -> None:
        """Adds the condition that the folded text of a column is one of some values."""
        different = tuple(dict.fromkeys(values))
        texts = self.columns[column].texts
        cells = [self.table.rows[texts.index(value)].cells[column] for value in different]
        heading = self.table.headings[column]
        shown = (f"{heading}: " if heading else "") + ", ".join(cell.text if cell else "" for cell in cells)
        self.filters.append(Filter(column, "text", different, shown=shown))

    def tokens(self) -> Iterator[tuple[int, int]]:
        """Yields the start and end of each word that is left of the question."""
        for match in _WORD.finditer(self.remainder.text):
            if match[0].isascii() or not re.match(r"[\u3400-\u9fff]", match[0]):
                yield match.span()
                continue
            start = match.start()
            for word in self._cut(match[0], start):
                yield start, start + len(word)
                start += len(word)

    def _cut(self, text: str, start: int) -> Iterator[str]:
        """Cuts Chinese text into words: a measure word apart from its noun (哪|本|书), and the words for headings as one (到港)."""
        known = words.han_concepts(self.analyzer)
        ends = {end for _, end, _ in self.value_places}
        left = self.analyzer.jieba.lcut(text)
        while left:
            word = left.pop(0)
            while left and word + left[0] in known:
                word += left.pop(0)
            counts = (start in ends and word[0] in "类组") or self.remainder.original[start - 1 : start] in _COUNTING
            if len(word) > 1 and counts and word[0] in _AFTER_COUNT and word not in known:
                left.insert(0, word[1:])
                word = word[0]
            start += len(word)
            yield word

    def is_light(self, word: str) -> bool:
        """Returns whether a word does not narrow down the question."""
        light = words.light_terms(self.analyzer)
        return bool(words.WHICH_ONE.fullmatch(word)) or all(term in light for term in self.analyzer.terms(word))

    def only_light(self, start: int, end: int) -> bool:
        """Returns whether only light words are left between two places of the question."""
        return not any(start <= link.start < end for link in self.links) and all(
            self.is_light(self.remainder.text[a:b]) for a, b in self.tokens() if start <= a < end
        )

    def called(self, concept: str) -> set[int]:
        """Returns the columns whose headings name a concept, such as "age"."""
        names = words.concepts(self.analyzer)[concept]
        return {i for i, (outside, _) in enumerate(self.read.heading_terms) if names & outside}
