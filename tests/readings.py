"""Sentences and readings as a reader gives them, made by hand."""

from __future__ import annotations

from rag.answering.reading import Reading, Sentence
from rag.types import Chunk, Document, SearchResult


def sentence(whole: str, text: str, support: float = 0.9, answer: str = "", likelihood: float = 0.9) -> Sentence:
    """Returns the sentence `text` of a document, in which `answer` was found with some likelihood; 0 without an answer."""
    start = whole.index(text)
    place = start + text.index(answer)
    return Sentence(start, start + len(text), text, support, (place, place + len(answer)), likelihood if answer else 0.0)


def reading(source: Document, *sentences: Sentence, section: str = "", start: int = 0, end: int | None = None) -> Reading:
    """Returns the reading of a chunk from `start` to `end`, the whole document by default."""
    text = source.text[start:end]
    chunk = Chunk(f"{source.id}-{start}", source.id, text, start, start + len(text), section=section)
    result = SearchResult(chunk, source.title, source.source, source.language, 0.0, 1)
    return Reading(result, sentences, max(each.support for each in sentences))
