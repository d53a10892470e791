"""Citations: exact places in documents, their markers, and the markers in a language model's text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from rag.errors import LibraryError
from rag.text.sentences import after_lead, sentences
from rag.types import Citation, Document

_NUMBER = r"[1-9１-９]\d{0,2}+"
_SEPARATOR = r"[,，、;；~～–-]"
_OPENING = r"[\[【［]"
_MARKER = rf"{_OPENING}[ \t]*+{_NUMBER}(?:[ \t]*+{_SEPARATOR}[ \t]*+{_NUMBER})*+[ \t]*+[\]】］]"
_HALF_MARKER = rf"{_OPENING}(?:[\d \t]|{_SEPARATOR})*+"
_TOKEN = re.compile(
    r"(?P<code>```(?s:.*?)```|`[^`\n]++`)"
    rf"|(?P<markers>[ \t]*+(?:{_MARKER}[ \t]*+)++)(?!(?:{_HALF_MARKER})?\Z)"
    # Only the rest of the text tells what this is.
    rf"|(?P<open>```(?s:.*)\Z|`(?:`|[^`\n]*+)\Z|[ \t]*+(?:{_MARKER}[ \t]*+)*+(?:{_HALF_MARKER})?\Z)"
    r"|(?P<prose>[^`\[【［ \t]++|(?s:.))"
)
_RANGE = re.compile(r"(\d+)(?:[ \t]*[~～–-][ \t]*(\d+))?")
_TIGHT = ".,;:!?%)。，、；：！？）”’」』》…\n"
# To end a sentence, `sentences` looks at the first word after it.
_NEXT_WORD = re.compile(r"\s*+(?P<word>[A-Za-z]++(?!\Z)|[^\sA-Za-z])")
_LIST_ITEM = re.compile(r"(?:(?:[-*+•]|\d{1,2}[.)]|#{1,6}|>)[ \t]+|\d{1,2}、[ \t]*)(?=\S)")


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence as the model wrote it, without its markers.

    `numbers` are its citations, in order, each once. `before` separates it from the sentence before: nothing, a blank, or line
    ends with the bullet or number of a list.
    """

    text: str
    numbers: tuple[int, ...]
    before: str


def marker(*numbers: int) -> str:
    """Returns the markers of citations as they appear in an answer: `[1]`, or `[1][2]` for several."""
    return "".join(f"[{number}]" for number in numbers)


def cite(document: Document, number: int, start: int, end: int, support: float) -> Citation:
    """Cites `document.text[start:end]`; the quote is copied from the stored text.

    Raises:
        LibraryError: The place is not in the document.
    """
    if not 0 <= start < end <= len(document.text):
        raise LibraryError(f"{document.title} has no place {start}-{end}; re-index the library with: yinju reindex")
    return Citation(
        number=number,
        document_id=document.id,
        title=document.title,
        source=document.source,
        page=document.page_at(start),
        start=start,
        end=end,
        quote=document.text[start:end],
        support=support,
        copies=document.copies,
    )


def quoted(document: Document, number: int, start: int, end: int, support: float) -> Citation:
    """Cites a sentence without the list number or the dateline before it."""
    return cite(document, number, after_lead(document.text, start, end), end, support)


def cited_sentences(pieces: Iterable[str]) -> Iterator[CitedSentence]:
    """Splits a text that comes in pieces into sentences; yields each once the first word after it is there.

    Markers are `[1]`, `[1][2]`, `[1, 2]` and `[1-3]`, in any of `[]`, `【】` and `［］`, with numbers from 1 to 999. Anything else in
    brackets is prose, and so is all code. A marker belongs to the sentence that it is in or after; at the beginning of a line,
    to the sentence after it in that line. The sentences do not depend on how the text is cut into pieces. Together, their
    `before` and `text` are the whole text without its markers, the blanks around those, and blanks at its end.
    """
    text, end = "", 0
    marks: list[tuple[int, tuple[int, ...]]] = []

    def sentence(start: int, stop: int, following: int) -> CitedSentence:
        """Returns the sentence `text[start:stop]` with its marks; the next one begins at `following`."""
        last_line = text.rfind("\n", stop, following)
        limit = following if last_line < 0 else last_line
        own = [numbers for place, numbers in marks if place <= limit]
        del marks[: len(own)]
        item = _LIST_ITEM.match(text, start, stop) if "\n" in text[end:start] or not end else None
        begin = item.end() if item else start
        return CitedSentence(text[begin:stop], tuple(dict.fromkeys(chain.from_iterable(own))), text[end:begin])

    for token in _tokens(pieces):
        if isinstance(token, tuple):
            marks.append((len(text), token))
            continue
        text += token
        while (span := next(sentences(text, end), None)) and (word := _NEXT_WORD.match(text, span[1])):
            yield sentence(*span, word.start("word"))
            end = span[1]
    if span:
        yield sentence(*span, len(text))


def _tokens(pieces: Iterable[str]) -> Iterator[str | tuple[int, ...]]:
    """Yields prose as text and markers as their numbers; keeps back the end while it may become a marker or code."""
    pending = ""
    begins_line = True
    # The end of the text is that of a line.
    for piece in chain(pieces, "\n"):
        pending += piece
        done = 0
        for match in _TOKEN.finditer(pending):
            token = match[0]
            if match["open"] is not None:
                break
            done = match.end()
            if match["markers"]:
                yield _numbers(token)
                blanks = token[: -len(token.lstrip(" \t"))] or token[len(token.rstrip(" \t")) :]
                token = "" if begins_line or pending[done] in _TIGHT else blanks
            else:
                begins_line = token.endswith("\n")
            yield token
        pending = pending[done:]
    yield pending


def _numbers(markers: str) -> tuple[int, ...]:
    """Returns every number of some markers, in order."""
    ranges = ((int(match[1]), int(match[2] or match[1])) for match in _RANGE.finditer(markers))
    return tuple(number for first, last in ranges for number in range(first, max(first, last) + 1))
