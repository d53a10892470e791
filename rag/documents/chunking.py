"""Document -> chunks: whole sentences, within a paragraph where they fit, under the headings they stand under.

A row of a table is a chunk of its own. Among many rows of the same headings a reader takes the wrong one; search finds the
right one.
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
from rag.text.lines import BYLINE, HEADING, ends_sentence
from rag.text.sentences import Span, sentences, split_long
from rag.types import Chunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.types import Document

CountTokens = Callable[[Sequence[str]], list[int]]

_VERSION = 3
_HEAD_LINES = 12
_LONGEST_HEADING = 60
_LONGEST_TOKEN = 16
_SECTION_SEPARATOR = " > "
# What is handed to a tokenizer at once, and of one text, in characters: what it makes of them takes many times their memory, and
# of a single endless word more than in proportion.
_COUNTED_AT_ONCE = 100_000
_LONGEST_COUNTED = 5_000
# A longer line is taken sentence by sentence in parts of this length, so that its sentences are not all in memory.
_LONGEST_LINE = 50_000
# How deep a heading of each kind stands; deeper than these stand numbers, the more so the more of them there are.
_LEVELS = (
    (re.compile(r"第[^章节条]{1,7}(?:编|篇|卷|部)|Part"), 1),
    (re.compile(r"第.{1,7}?章|Chapter|Annex|Appendix"), 2),
    (re.compile(r"第.{1,7}?节|Section"), 3),
    (re.compile(r"第.{1,7}?条|[一二三四五六七八九十]|Article"), 4),
    (re.compile(r"[（(]"), 5),
)
# The row of a table as loaders write it; what stands in one is not said of the others.
_ROW = re.compile(r"(?:[^:;]{1,100}; )?[^:;]{1,100}: .{0,1000}?; [^:;]{1,100}: ")
_PLAIN_HEADING_LEVEL = 3
_NUMBER_LEVEL = 6


@dataclass(frozen=True, slots=True)
class _Line:
    """A line that is not blank. One with a level belongs to what follows; it is a heading when it has the text of one."""

    start: int
    end: int
    level: int = 0
    heading: str = ""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A heading or a sentence, the least that a chunk is made of, and the tokens of the blanks after it."""

    start: int
    end: int
    tokens: int
    blank_tokens: int


@dataclass(slots=True)
class _Pending:
    """What the next chunk is made of so far, and whether there is a body to it, not only headings."""

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
    """Cuts documents into chunks of at most `chunk_tokens` tokens, as `count_tokens` counts them.

    A text must not count more tokens than its parts together.
    """

    def __init__(self, count_tokens: CountTokens, chunk_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._chunk_tokens = chunk_tokens
        self.fingerprint = f"{_VERSION}:{chunk_tokens}"

    def chunk(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in order, without overlap; every character that is not blank is in one of them."""
        chunks = []
        for number, (start, end, section) in enumerate(self._spans(document)):
            text = document.text[start:end]
            page = document.page_at(start)
            chunks.append(Chunk(f"{document.id}-{number}", document.id, text, start, end, page, section))
        return chunks

    def _spans(self, document: Document) -> Iterator[tuple[int, int, str]]:
        """Where each chunk begins and ends, and the headings above it."""
        headings: list[_Line] = []
        pending = _Pending()
        lines = _lines(document)
        in_table = is_table(document.source)
        is_row = after_row = False
        for line, units in zip(lines, self._units(document.text, lines), strict=True):
            tokens = sum(unit.tokens for unit in units)
            leads = line.level > 0 and 2 * tokens <= self._chunk_tokens
            section = _SECTION_SEPARATOR.join(above.heading for above in headings)
            after_row, is_row = is_row, not line.level and (in_table or bool(_ROW.match(document.text, line.start, line.end)))
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
        """Whether a chunk ends before the paragraph that holds so many `tokens`, or `leads` to the next."""
        if not pending.body:
            return leads and bool(pending.units) and pending.tokens + tokens > 0.75 * self._chunk_tokens
        full = pending.tokens + tokens > self._chunk_tokens
        return leads or full or (2 * pending.tokens > self._chunk_tokens and not is_last)

    def _pack(self, text: str, units: Sequence[_Unit], pending: _Pending, leads: bool) -> Iterator[Span]:
        """Puts the units of a paragraph into chunks of much the same size; the last one stays pending."""
        left = sum(unit.tokens for unit in units)
        size = (pending.tokens + left) / math.ceil((pending.tokens + left) / self._chunk_tokens)
        queue = deque(units)
        while queue:
            unit = queue.popleft()
            room = self._chunk_tokens - pending.tokens
            if 0 < room < unit.tokens and pending.units and not pending.body:
                # A heading takes along what it can of a long sentence.
                unit, *rest = self._cut(text, unit, room)
                queue.extendleft(reversed(rest))
            is_even = pending.body and pending.tokens + unit.tokens / 2 > size and left > size / 2
            if pending.units and (unit.tokens > room or is_even):
                yield pending.take()
            pending.add(unit, leads)
            left -= unit.tokens

    def _units(self, text: str, lines: Sequence[_Line]) -> Iterator[list[_Unit]]:
        """The units of each line."""
        for first, last in _batches([line.end - line.start for line in lines], _COUNTED_AT_ONCE):
            batch = lines[first:last]
            spans = [[(line.start, line.end)] if line.level else list(sentences(text, line.start, line.end)) for line in batch]
            until = lines[last].start if last < len(lines) else len(text)
            counted = iter(self._counted(text, [span for line in spans for span in line], until))
            for line in spans:
                units = [next(counted) for _ in line]
                yield [piece for unit in units for piece in self._cut(text, unit, self._chunk_tokens)]

    def _cut(self, text: str, unit: _Unit, most: int) -> list[_Unit]:
        """The unit in pieces of at most so many tokens."""
        length = unit.end - unit.start
        if unit.tokens <= most or length == 1:
            return [unit]
        longest = max(1, int(0.9 * length * most / unit.tokens))
        pieces = self._counted(text, list(split_long(text, unit.start, unit.end, longest)), unit.end)
        pieces[-1] = replace(pieces[-1], blank_tokens=unit.blank_tokens)
        return [smaller for piece in pieces for smaller in self._cut(text, piece, most)]

    def _counted(self, text: str, spans: Sequence[Span], until: int) -> list[_Unit]:
        """The units that stand at the spans, where blanks reach from the last one `until` there."""
        following = [*(start for start, _ in spans[1:]), until]
        blanks = [text[end:start] for (_, end), start in zip(spans, following, strict=False)]
        texts = [text[start:end] for start, end in spans]
        tokens_of = self._tokens_of([*blanks, *texts])
        # Tokenizers take an endless word for one unknown token.
        return [
            _Unit(start, end, max(tokens_of[content], math.ceil((end - start) / _LONGEST_TOKEN)), tokens_of[blank])
            for (start, end), content, blank in zip(spans, texts, blanks, strict=True)
        ]

    def _tokens_of(self, texts: Sequence[str]) -> dict[str, int]:
        """The tokens of each text; of a long one, those of its pieces together."""
        counts = dict.fromkeys(texts, 0)
        pieces = [(text, place) for text in counts for place in range(0, max(1, len(text)), _LONGEST_COUNTED)]
        lengths = [min(len(text) - place, _LONGEST_COUNTED) for text, place in pieces]
        for first, last in _batches(lengths, _COUNTED_AT_ONCE):
            batch = pieces[first:last]
            counted = self._count_tokens([text[place : place + _LONGEST_COUNTED] for text, place in batch])
            for (text, _), count in zip(batch, counted, strict=True):
                counts[text] += count
        return counts


def _batches(lengths: Sequence[int], most: int) -> Iterator[tuple[int, int]]:
    """Where each run of things begins and ends that together are as long as `most`; a longer one is by itself."""
    first = total = 0
    for place, length in enumerate(lengths):
        # Each takes memory of its own, however short.
        cost = length + _LONGEST_TOKEN
        if place > first and total + cost > most:
            yield first, place
            first, total = place, 0
        total += cost
    if first < len(lengths):
        yield first, len(lengths)


def context(title: str, section: str, text: str) -> str:
    """The text of a chunk with its title and headings before it, which is what is encoded and indexed."""
    beginning = text[: len(title) + len(section) + _LONGEST_HEADING]
    headings = _SECTION_SEPARATOR.join(heading for heading in section.split(_SECTION_SEPARATOR) if heading not in beginning)
    return "\n".join(part for part in ("" if text.startswith(title) else title, headings, text) if part)


def _lines(document: Document) -> list[_Line]:
    """The lines that are not blank, with those marked that are headings."""
    text = document.text
    spans = [match.span() for match in re.finditer(r"[^\s](?:[^\n]*[^\s])?", text)]
    contents = [text[start:end] for start, end in spans]
    # How many line ends stand before each line, and after the last.
    gaps = [2, *(text.count("\n", a, b) for (_, a), (b, _) in pairwise(spans)), 2]
    levels = [_level(content) for content in contents]
    levels = [0 if _is_of_list(i, levels, contents, gaps) else level for i, level in enumerate(levels)]
    if sum(level > 0 for level in levels) < 2:
        spaced = "\n\n" in text
        for i, (content, following) in enumerate(pairwise(contents)):
            if not levels[i] and (gaps[i] > 1 or not spaced) and _is_plain_heading(content, following):
                levels[i] = _PLAIN_HEADING_LEVEL
    lines = []
    for i, ((start, end), content, level) in enumerate(zip(spans, contents, levels, strict=True)):
        heading = re.sub(r"^#+\s*|\s*#+$", "", content) if level else content
        if i < _HEAD_LINES and (heading in document.title or BYLINE.match(content)):
            lines.append(_Line(start, end, level or 1))
        else:
            lines.append(_Line(start, end, level, heading if level else ""))
    return [part for line in lines for part in _parts(text, line)]


def _parts(text: str, line: _Line) -> Iterator[_Line]:
    """A line in parts of whole sentences, which are longer than `_LONGEST_LINE` only where one sentence is."""
    begin = before = line.start
    if not line.level and line.end - line.start > _LONGEST_LINE:
        for start, end in sentences(text, line.start, line.end):
            if end - begin > _LONGEST_LINE and start > begin:
                yield _Line(begin, before)
                begin = start
            before = end
    yield _Line(begin, line.end, line.level, line.heading)


def _level(content: str) -> int:
    """How deep the heading stands that a line is, from 1; 0 when it is none."""
    if len(content) > _LONGEST_HEADING or ends_sentence(content) or not HEADING.match(content):
        return 0
    if match := re.match(r"#+|\d+(?:\.\d+)*", content):
        return len(match[0]) if content[0] == "#" else _NUMBER_LEVEL + match[0].count(".")
    return next(level for pattern, level in _LEVELS if pattern.match(content))


def _is_of_list(i: int, levels: Sequence[int], contents: Sequence[str], gaps: Sequence[int]) -> bool:
    """Whether a numbered line is an item of a list, beside its like, and no heading."""
    if not levels[i] or contents[i][0] == "#":
        return False
    spread = contents[i][0].isdigit()
    above = i > 0 and levels[i - 1] == levels[i] and (spread or gaps[i] == 1)
    below = i + 1 < len(levels) and levels[i + 1] == levels[i] and (spread or gaps[i + 1] == 1)
    return above or below


def _is_plain_heading(content: str, following: str) -> bool:
    """A short line without punctuation over a paragraph."""
    return (
        len(content) <= (30 if re.search(r"[\u4e00-\u9fff]", content) else _LONGEST_HEADING)
        and not ends_sentence(content)
        and not re.search(r"[，。、；：:,;.!?！？（(]|^[-*+•\d]", content)
        and ends_sentence(following)
    )
