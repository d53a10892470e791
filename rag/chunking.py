"""Document -> chunks: whole sentences, within a paragraph where they fit, under the headings they stand under."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.cleaning import HEADING, ends_sentence
from rag.sentences import sentences, split_long
from rag.types import Chunk, Document

CountTokens = Callable[[Sequence[str]], list[int]]

_VERSION = 1
_LONGEST_HEADING = 60
_SECTION_SEPARATOR = " > "
_PLAIN_HEADING_LEVEL = 3


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    heading: str
    level: int


@dataclass(frozen=True, slots=True)
class _Unit:
    """A heading or a sentence, the least that a chunk is made of."""

    start: int
    end: int
    tokens: int


class Chunker:
    """Cuts documents into chunks of at most `chunk_tokens` tokens, as `count_tokens` counts them."""

    def __init__(self, count_tokens: CountTokens, chunk_tokens: int) -> None:
        self._count_tokens = count_tokens
        self._chunk_tokens = chunk_tokens
        self.fingerprint = f"{_VERSION}:{chunk_tokens}"

    def chunk(self, document: Document) -> list[Chunk]:
        """The chunks of a document, in order, without overlap; every character that is not blank is in one of them."""
        text = document.text
        chunks: list[Chunk] = []
        headings: list[_Line] = []
        pending: list[_Unit] = []
        body = False

        def flush() -> None:
            nonlocal body
            if pending:
                start, end = pending[0].start, pending[-1].end
                chunks.append(
                    Chunk(
                        id=f"{document.id}-{len(chunks)}",
                        document_id=document.id,
                        text=text[start:end],
                        start=start,
                        end=end,
                        page=document.page_at(start),
                        section=_SECTION_SEPARATOR.join(line.heading for line in headings),
                    )
                )
            pending.clear()
            body = False

        for line, units in self._paragraphs(document):
            if line.heading:
                if body:
                    flush()
                while headings and headings[-1].level >= line.level:
                    headings.pop()
                headings.append(line)
            total = sum(unit.tokens for unit in units)
            held = sum(unit.tokens for unit in pending)
            if body and (held + total > self._chunk_tokens or held > self._chunk_tokens / 2):
                flush()
                held = 0
            target = (held + total) / math.ceil((held + total) / self._chunk_tokens)
            for unit in units:
                held = sum(unit.tokens for unit in pending)
                if pending and (held + unit.tokens > self._chunk_tokens or (body and held + unit.tokens / 2 > target)):
                    flush()
                pending.append(unit)
                body = body or not line.heading
        flush()
        return chunks

    def _paragraphs(self, document: Document) -> Iterator[tuple[_Line, list[_Unit]]]:
        text = document.text
        lines = _lines(document)
        spans = [[(line.start, line.end)] if line.heading else list(sentences(text, line.start, line.end)) for line in lines]
        counts = iter(self._count_tokens([text[start:end] for line in spans for start, end in line]))
        for line, line_spans in zip(lines, spans, strict=True):
            units = []
            for start, end in line_spans:
                tokens = max(1, next(counts))
                if tokens <= self._chunk_tokens:
                    units.append(_Unit(start, end, tokens))
                    continue
                longest = max(1, int(0.9 * (end - start) * self._chunk_tokens / tokens))
                pieces = list(split_long(text, start, end, longest))
                sizes = self._count_tokens([text[a:b] for a, b in pieces])
                units += [_Unit(a, b, max(1, size)) for (a, b), size in zip(pieces, sizes, strict=True)]
            yield line, units


def context(title: str, section: str, text: str) -> str:
    """The text of a chunk with its title and headings before it, which is what is encoded and indexed."""
    inner = section.rsplit(_SECTION_SEPARATOR, 1)[-1]
    above = [part for part in (title, section) if part and not text.startswith(part)]
    if inner and inner in text[: len(inner) + 8]:
        above = [part for part in above if part != section]
    return "\n".join([*above, text])


def _lines(document: Document) -> list[_Line]:
    """The lines that are not blank, with those marked that are headings."""
    text = document.text
    spans = [(m.start(), m.end()) for m in re.finditer(r"[^\n]+", text) if m.group().strip()]
    numbered = sum(bool(HEADING.match(text[a:b])) and not ends_sentence(text[a:b]) and b - a <= _LONGEST_HEADING for a, b in spans)
    lines = []
    for i, (start, end) in enumerate(spans):
        content = text[start:end].strip()
        level = 0 if ends_sentence(content) or len(content) > _LONGEST_HEADING else _level(content)
        last = i + 1 == len(spans)
        alone = not last and (i == 0 or text[spans[i - 1][1] : start].count("\n") > 1)
        if not level and numbered < 2 and alone and _is_plain_heading(content, text[slice(*spans[i + 1])]):
            level = _PLAIN_HEADING_LEVEL
        heading = "" if content in document.title else re.sub(r"^#+\s*|\s*#+$", "", content)
        lines.append(_Line(start, end, heading if level else "", level))
    return lines


def _level(content: str) -> int:
    """How deep the heading stands that a line is, from 1; 0 when it is none."""
    if not HEADING.match(content):
        return 0
    if marks := re.match(r"#+", content):
        return len(marks.group())
    if content.startswith("第"):
        return {"编": 1, "篇": 1, "部": 1, "卷": 1, "章": 2, "节": 3}.get(re.sub(r"^第.*?([章节编篇部卷条]).*$", r"\1", content), 4)
    if re.match(r"[一二三四五六七八九十]", content):
        return 4
    if re.match(r"[（(]", content):
        return 5
    if numbers := re.match(r"\d+(?:\.\d+)*", content):
        return 6 + numbers.group().count(".")
    return 2


def _is_plain_heading(content: str, following: str) -> bool:
    """A short line without punctuation over a paragraph."""
    return (
        len(content) <= (30 if re.search(r"[\u4e00-\u9fff]", content) else _LONGEST_HEADING)
        and not ends_sentence(content)
        and not re.search(r"[，。、；：:,;.!?！？（(]|^[-*+•\d]", content)
        and ends_sentence(following.strip())
    )
