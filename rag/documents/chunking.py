"""Splits documents into chunks of whole sentences, by paragraph where they fit, each with the headings above it.

A row of a table is a chunk of its own: search finds the right one, but a reader among many rows with the same headings often
picks a wrong one.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.documents.formats import is_table
from rag.text.lines import BYLINE, HEADING, ROW, ends_sentence
from rag.text.sentences import Span, sentences, split_long
from rag.types import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.types import Document

CountTokens = Callable[[Sequence[str]], list[int]]

_VERSION = 3
_HEAD_LINES = 12
_MAX_HEADING = 60
_MAX_TOKEN = 16
_SECTION_SEPARATOR = " > "
# The most characters to tokenize at once, and the most in one text: tokens take many times the memory of their text, and those of
# a single endless word disproportionately more.
_COUNTED_AT_ONCE = 100_000
_MAX_COUNTED = 5_000
# A longer line is split into parts of about this length, so that its sentences are not all in memory at once.
_MAX_LINE = 50_000
# The level of each kind of heading. Numbered headings are below these, at a level for each number: 1, 1.1, 1.1.1.
_LEVELS = (
    (re.compile(r"第[^章节条]{1,7}(?:编|篇|卷|部)|Part"), 1),
    (re.compile(r"第.{1,7}?章|Chapter|Annex|Appendix"), 2),
    (re.compile(r"第.{1,7}?节|Section"), 3),
    (re.compile(r"第.{1,7}?条|[一二三四五六七八九十]|Article"), 4),
    (re.compile(r"[（(]"), 5),
)
_LINE = re.compile(r"[^\s](?:[^\n]*[^\s])?")
_HEADING_MARKS = re.compile(r"^#+\s*|\s*#+$")
_PLAIN_HEADING_LEVEL = 3
_NUMBER_LEVEL = 6


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank. One with a level belongs to the lines after it; `heading` is empty if it is not a heading."""

    start: int
    end: int
    level: int = 0
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading that begins at `document.text[start]`: its text without marks, and its level from 1, which may leave gaps."""

    start: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A heading or a sentence, which no chunk splits if it fits, with its tokens and those of the blanks after it."""

    start: int
    end: int
    tokens: int
    blank_tokens: int


@dataclass(slots=True)
class _Pending:
    """The units of the next chunk so far; `body` says whether they are more than headings."""

    units: list[_Unit] = field(default_factory=list)
    tokens: int = 0
    body: bool = False

    def add(self, unit: _Unit, leads: bool) -> None:
        self.units.append(unit)
        self.tokens += unit.tokens + unit.blank_tokens
        self.body = self.body or not leads

    def take(self) -> Span:
        span = self.units[0].start, self.units[-1].end
        self.units, self.tokens, self.body = [], 0, False
        return span


class Chunker:
    """Splits documents into chunks of at most `chunk_tokens` tokens.

    `count_tokens` counts the tokens of each text. It must not count more for a text than for its parts together.
    """

    def __init__(self, count_tokens: CountTokens, chunk_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._chunk_tokens = chunk_tokens
        self.fingerprint = f"{_VERSION}:{chunk_tokens}"

    def chunk(self, document: Document) -> list[Chunk]:
        """Splits a document into chunks, in order and without overlap. Together they contain every character that is not blank."""
        chunks = []
        for number, (start, end, section) in enumerate(self._spans(document)):
            text = document.text[start:end]
            page = document.page_at(start)
            chunks.append(Chunk(f"{document.id}-{number}", document.id, text, start, end, page, section))
        return chunks

    def _spans(self, document: Document) -> Iterator[tuple[int, int, str]]:
        """Yields the start, the end and the headings of each chunk."""
        headings: list[_Line] = []
        pending = _Pending()
        lines = _lines(document)
        in_table = is_table(document.source)
        is_row = after_row = False
        for line, units in zip(lines, self._units(document.text, lines), strict=True):
            tokens = sum(unit.tokens for unit in units)
            leads = line.level > 0 and 2 * tokens <= self._chunk_tokens
            section = _SECTION_SEPARATOR.join(above.heading for above in headings)
            after_row, is_row = is_row, not line.level and (in_table or bool(ROW.match(document.text, line.start, line.end)))
            apart = pending.body and (is_row or after_row)
            if apart or self._is_full(pending, tokens, leads, line is lines[-1]):
                yield *pending.take(), section
            if line.heading:
                headings = [above for above in headings if above.level < line.level] + [line]
                section = _SECTION_SEPARATOR.join(above.heading for above in headings)
            for start, end in self._pack(document.text, units, pending, leads):
                yield start, end, section
        if pending.units:
            yield *pending.take(), section

    def _is_full(self, pending: _Pending, tokens: int, leads: bool, is_last: bool) -> bool:
        """Returns whether the pending chunk ends before a paragraph of so many `tokens`, which `leads` to the next one if it is a heading."""
        if not pending.body:
            return leads and bool(pending.units) and pending.tokens + tokens > 0.75 * self._chunk_tokens
        full = pending.tokens + tokens > self._chunk_tokens
        return leads or full or (2 * pending.tokens > self._chunk_tokens and not is_last)

    def _pack(self, text: str, units: Sequence[_Unit], pending: _Pending, leads: bool) -> Iterator[Span]:
        """Puts the units of a paragraph into chunks of similar size and yields them, but the last, which stays pending."""
        left = sum(unit.tokens for unit in units)
        size = (pending.tokens + left) / math.ceil((pending.tokens + left) / self._chunk_tokens)
        queue = deque(units)
        while queue:
            unit = queue.popleft()
            room = self._chunk_tokens - pending.tokens
            if 0 < room < unit.tokens and pending.units and not pending.body:
                # A heading is not left alone: the beginning of a long sentence goes with it.
                unit, *rest = self._cut(text, unit, room)
                queue.extendleft(reversed(rest))
            is_even = pending.body and pending.tokens + unit.tokens / 2 > size and left > size / 2
            if pending.units and (unit.tokens > room or is_even):
                yield pending.take()
            pending.add(unit, leads)
            left -= unit.tokens

    def _units(self, text: str, lines: Sequence[_Line]) -> Iterator[list[_Unit]]:
        """Yields the units of each line."""
        for first, last in _batches([line.end - line.start for line in lines], _COUNTED_AT_ONCE):
            batch = lines[first:last]
            spans = [[(line.start, line.end)] if line.level else list(sentences(text, line.start, line.end)) for line in batch]
            until = lines[last].start if last < len(lines) else len(text)
            counted = iter(self._counted(text, [span for line in spans for span in line], until))
            for line in spans:
                units = [next(counted) for _ in line]
                yield [piece for unit in units for piece in self._cut(text, unit, self._chunk_tokens)]

    def _cut(self, text: str, unit: _Unit, most: int) -> list[_Unit]:
        """Cuts a unit into pieces of at most `most` tokens."""
        length = unit.end - unit.start
        if unit.tokens <= most or length == 1:
            return [unit]
        longest = max(1, int(0.9 * length * most / unit.tokens))
        pieces = self._counted(text, list(split_long(text, unit.start, unit.end, longest)), unit.end)
        pieces[-1] = replace(pieces[-1], blank_tokens=unit.blank_tokens)
        return [smaller for piece in pieces for smaller in self._cut(text, piece, most)]

    def _counted(self, text: str, spans: Sequence[Span], until: int) -> list[_Unit]:
        """Makes units of the spans, where the blanks after the last one reach to `until`."""
        following = [*(start for start, _ in spans[1:]), until]
        blanks = [text[end:start] for (_, end), start in zip(spans, following, strict=False)]
        texts = [text[start:end] for start, end in spans]
        tokens_of = self._tokens_of([*blanks, *texts])
        # A tokenizer counts an endless word as one unknown token.
        return [
            _Unit(start, end, max(tokens_of[content], math.ceil((end - start) / _MAX_TOKEN)), tokens_of[blank])
            for (start, end), content, blank in zip(spans, texts, blanks, strict=True)
        ]

    def _tokens_of(self, texts: Sequence[str]) -> dict[str, int]:
        """Counts the tokens of each text, of a long one piece by piece."""
        counts = dict.fromkeys(texts, 0)
        pieces = [(text, place) for text in counts for place in range(0, max(1, len(text)), _MAX_COUNTED)]
        lengths = [min(len(text) - place, _MAX_COUNTED) for text, place in pieces]
        for first, last in _batches(lengths, _COUNTED_AT_ONCE):
            batch = pieces[first:last]
            counted = self._count_tokens([text[place : place + _MAX_COUNTED] for text, place in batch])
            for (text, _), count in zip(batch, counted, strict=True):
                counts[text] += count
        return counts


def _batches(lengths: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Yields the start and end of each run of items with a total length of at most `most`; a longer item is a run of its own."""
    first = total = 0
    for place, length in enumerate(lengths):
        # Even a short text takes some memory.
        cost = length + _MAX_TOKEN
        if place > first and total + cost > most:
            yield first, place
            first, total = place, 0
        total += cost
    if first < len(lengths):
        yield first, len(lengths)


def headings(document: Document) -> list[Heading]:
    """Returns the headings of a document in order, with the title if it stands in the text."""
    found = []
    for line in _lines(document):
        content = document.text[line.start : line.end]
        if line.heading or content.startswith("#"):
            found.append(Heading(line.start, line.level or 1, line.heading or _HEADING_MARKS.sub("", content)))
    return [heading for heading in found if heading.text]


def context(title: str, section: str, text: str) -> str:
    """Returns the text of a chunk after its title and headings, as it is encoded and indexed."""
    beginning = text[: len(title) + len(section) + _MAX_HEADING]
    headings = _SECTION_SEPARATOR.join(heading for heading in section.split(_SECTION_SEPARATOR) if heading not in beginning)
    return "\n".join(part for part in ("" if text.startswith(title) else title, headings, text) if part)


def _lines(document: Document) -> list[_Line]:
    """The lines of a document that are not blank, long ones in parts, and headings with their levels."""
    text = document.text
    spans = [match.span() for match in _LINE.finditer(text)]
    lines: list[_Line] = []
    for number, ((start, end), level) in enumerate(zip(spans, _levels(text, spans), strict=True)):
        content = text[start:end]
        heading = _HEADING_MARKS.sub("", content) if level else ""
        # The title and the byline belong to the lines after them, but are not headings of a section.
        is_title = number < _HEAD_LINES and ((heading or content) in document.title or BYLINE.match(content))
        lines += _parts(text, _Line(start, end, level or 1) if is_title else _Line(start, end, level, heading))
    return lines


def _levels(text: str, spans: Sequence[Span]) -> list[int]:
    """The level of the heading that each line is; 0 for other lines."""
    contents = [text[start:end] for start, end in spans]
    # The number of line ends before each line and after the last.
    gaps = [2, *(text.count("\n", end, start) for (_, end), (start, _) in pairwise(spans)), 2]
    by_form = [_level(content) for content in contents]
    levels = [0 if _is_of_list(i, by_form, contents, gaps) else level for i, level in enumerate(by_form)]
    if sum(level > 0 for level in levels) > 1:
        return levels
    spaced = "\n\n" in text
    for i, (content, following) in enumerate(pairwise(contents)):
        if not levels[i] and (gaps[i] > 1 or not spaced) and _is_plain_heading(content, following):
            levels[i] = _PLAIN_HEADING_LEVEL
    return levels


def _parts(text: str, line: _Line) -> Iterator[_Line]:
    """Yields a line in parts of whole sentences. Only a longer sentence makes a part longer than `_MAX_LINE`."""
    begin = before = line.start
    if not line.level and line.end - line.start > _MAX_LINE:
        for start, end in sentences(text, line.start, line.end):
            if end - begin > _MAX_LINE and start > begin:
                yield _Line(begin, before)
                begin = start
            before = end
    yield _Line(begin, line.end, line.level, line.heading)


def _level(content: str) -> int:
    """The level of the heading that a line is by its form, from 1; 0 for other lines."""
    if len(content) > _MAX_HEADING or ends_sentence(content) or not HEADING.match(content):
        return 0
    if match := re.match(r"#+|\d+(?:\.\d+)*", content):
        return len(match[0]) if content[0] == "#" else _NUMBER_LEVEL + match[0].count(".")
    return next(level for pattern, level in _LEVELS if pattern.match(content))


def _is_of_list(i: int, levels: Sequence[int], contents: Sequence[str], gaps: Sequence[int]) -> bool:
    """Returns whether a numbered line is an item of a list, not a heading: it is next to another line of its level."""
    if not levels[i] or contents[i][0] == "#":
        return False
    spread = contents[i][0].isdigit()
    above = i > 0 and levels[i - 1] == levels[i] and (spread or gaps[i] == 1)
    below = i + 1 < len(levels) and levels[i + 1] == levels[i] and (spread or gaps[i + 1] == 1)
    return above or below


def _is_plain_heading(content: str, following: str) -> bool:
    """Returns whether a line is short, without punctuation, and above a paragraph."""
    return (
        len(content) <= (30 if re.search(r"[\u4e00-\u9fff]", content) else _MAX_HEADING)
        and not ends_sentence(content)
        and not re.search(r"[，。、；：:,;.!?！？（(]|^[-*+•\d]", content)
        and ends_sentence(following)
    )
