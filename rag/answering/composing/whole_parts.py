"""Parts of a document that answer as a whole: how something is done is told by a paragraph or a section, not by one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.documents.chunking import headings
from rag.text.lines import ends_sentence
from rag.text.sentences import Span, sentences
from rag.types import Document

_ASKS_HOW = re.compile(
    r"怎样|怎么(?!会|回事)|如何|做了(?:什么|哪些)|(?:什么|哪些)(?:措施|办法|做法|举措|工作|行动|努力)"
    r"|\bhow (?:do|does|did|is|are|was|were|has|have)\b|\bwhat (?:is|was|has been|have been) (?:being )?done\b"
    r"|\bwhat (?:measures|steps|efforts|actions)\b|\bwhat (?:has|have|does|did) (?-i:(?![A-Z]\w+ (?:[A-Z]|done|do\b))).+ (?:done|do)\b",
    re.IGNORECASE,
)
_TELLING = 0.6
_MOST = 4
_OF_A_PARAGRAPH = 3
_SHORTEST = 8


def asks_how(question: str) -> bool:
    """Returns whether a question asks how something is done, or what is done for it."""
    return bool(_ASKS_HOW.search(question))


def whole_part(document: Document, start: int, end: int, coverage: Callable[[str], float]) -> list[Span]:
    """Returns the leading sentences of the section or the paragraphs around a sentence, if these are about the question.

    A section is if its heading says so, a paragraph if its first sentence does; the paragraphs beside it count if theirs do too.

    Args:
        document: The document.
        start: The start of the sentence.
        end: Its end.
        coverage: Returns the share of the question that a text names.

    Returns:
        The places of two to four sentences, in order; empty if neither is about the question.
    """
    above, stop = None, len(document.text)
    for heading in headings(document):
        if heading.start > start:
            stop = max(heading.start, end)
            break
        above = heading
    begin = document.text.find("\n", above.start) if above else 0
    if begin < 0:
        return []
    around = _paragraphs(document, begin, stop)
    if above and coverage(above.text) >= _TELLING:
        each = 1 if len(around) > 1 else _MOST
        return _several([span for paragraph in around for span in paragraph[:each]][:_MOST])
    own = next((place for place, paragraph in enumerate(around) if paragraph[0][0] <= start < paragraph[-1][1]), None)
    if own is None or not _is_about(document, around[own], coverage):
        return []
    first = last = own
    while first and _is_about(document, around[first - 1], coverage):
        first -= 1
    while last + 1 < len(around) and _is_about(document, around[last + 1], coverage):
        last += 1
    most = _MOST if first == last else _OF_A_PARAGRAPH
    return _several([span for paragraph in around[first : last + 1] for span in paragraph[:most]][:_MOST])


def _several(spans: list[Span]) -> list[Span]:
    return spans if len(spans) > 1 else []


def _paragraphs(document: Document, start: int, end: int) -> list[list[Span]]:
    """Returns the sentences of each paragraph in a stretch of a document; paragraphs without one are left out."""
    found: list[list[Span]] = []
    for match in re.finditer(r"[^\n]+", document.text[start:end]):
        spans = sentences(document.text, start + match.start(), start + match.end())
        whole = [(a, b) for a, b in spans if b - a >= _SHORTEST and ends_sentence(document.text[a:b])]
        if whole:
            found.append(whole)
    return found


def _is_about(document: Document, paragraph: list[Span], coverage: Callable[[str], float]) -> bool:
    return coverage(document.text[slice(*paragraph[0])]) >= _TELLING
