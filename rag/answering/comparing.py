"""Comparing two documents: their differing sentences on the same matter, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rag.answering.citations import marker, quoted
from rag.answering.composing import Statement
from rag.answering.composing.wording import framed, label, names_apart, shortened
from rag.text import quantities
from rag.text.lines import ends_sentence
from rag.text.sentences import Span, sentences
from rag.types import Answer, Document, Language

if TYPE_CHECKING:
    from embeddings.encoder import Encoder
    from rag.library.library import DocumentSummary

_MAX_READ = 300
# Cosines. In the two Chinese seed documents that overlap, 8 of 10 pairs above the first are about the same matter, and 0 of 6 below
# it. Sentences above the second with the same numbers say the same.
_SAME_MATTER = 0.8
_SAME_TEXT = 0.95
_QUOTED = re.compile(r"[《“\"]([^《》“”\"]{2,})[》”\"]")

_NO_DIFFERENCE = {
    "zh": "《{}》和《{}》没有在同一件事上说法不同的句子。",
    "en": "“{}” and “{}” have no sentences that say different things about the same matter.",
}


def compare(first: Document, second: Document, encoder: Encoder, most: int = 5) -> list[tuple[Span, Span]]:
    """Finds places in two documents that are about the same matter and say different things.

    Pairs sentences that are each other's nearest, and leaves out those that say the same. Pairs with different numbers or dates
    come first, then those where only one sentence has any, then those that differ in words; among each, the most similar first.

    Args:
        first: Its first 300 sentences are read.
        second: Its first 300 sentences are read.
        encoder: Encodes the sentences; their cosine is their similarity.
        most: The largest number of pairs.
    """
    spans = [_sentences(document) for document in (first, second)]
    if not all(spans):
        return []
    one, other = (
        encoder.encode_document([document.text[start:end] for start, end in places])
        for document, places in zip((first, second), spans, strict=True)
    )
    alike = one @ other.T
    there, back = alike.argmax(axis=1), alike.argmax(axis=0)
    found = []
    for row in np.flatnonzero(back[there] == np.arange(len(one))):
        likeness = float(alike[row, there[row]])
        mine, theirs = spans[0][row], spans[1][there[row]]
        values = [_values(first, mine), _values(second, theirs)]
        same = values[0] == values[1]
        if likeness >= _SAME_MATTER and not (same and likeness >= _SAME_TEXT):
            found.append(((same, not all(values), -likeness), mine, theirs))
    return [(mine, theirs) for _, mine, theirs in sorted(found)[:most]]


def side_by_side(
    first: Document, second: Document, pairs: Sequence[tuple[Span, Span]], language: Language
) -> Iterator[Statement]:
    """Quotes pairs of sentences of two documents on the same matter, or states in one sentence that there are no pairs."""
    if not pairs:
        yield Statement(_NO_DIFFERENCE[language].format(shortened(first.title), shortened(second.title)), ())
    names = [label(name, language) for name in names_apart([first, second])]
    for number, spans in enumerate(pairs):
        citations = [
            quoted(document, 2 * number + place, start, end, 1.0)
            for place, (document, (start, end)) in enumerate(zip((first, second), spans, strict=True), 1)
        ]
        lines = [
            name + framed(citation.quote, document.language, language, convert=True) + marker(citation.number)
            for name, document, citation in zip(names, (first, second), citations, strict=True)
        ]
        yield Statement(("\n" if number else "") + "- " + "\n  ".join(lines), tuple(citations))


def which_two(question: str, history: Sequence[Answer], documents: Sequence[DocumentSummary]) -> tuple[str, str] | None:
    """Finds the two documents that a question means.

    These are the two that the question names, by their titles or quoted parts of them, in its order; else the two that the last
    answer cites; else those of a library of two.

    Returns:
        Their ids; None when it cannot be told which documents are meant.
    """
    quoted_names = [name.casefold() for name in _QUOTED.findall(question)]
    if quoted_names:
        return _pair(_with_quoted_titles(quoted_names, documents))
    known = [document.id for document in documents]
    cited = [identifier for identifier in _last_cited(history) if identifier in known]
    return _pair(_with_titles_in(question, documents)) or _pair(cited) or _pair(known)


def _pair(identifiers: Sequence[str]) -> tuple[str, str] | None:
    return (identifiers[0], identifiers[1]) if len(identifiers) == 2 else None


def _with_quoted_titles(names: Sequence[str], documents: Sequence[DocumentSummary]) -> list[str]:
    """Returns the document of each quoted name; empty if a name fits none or several, or two names fit the same."""
    matching = [[document.id for document in documents if name in document.title.casefold()] for name in names]
    named = list(dict.fromkeys(ids[0] for ids in matching if len(ids) == 1))
    return named if len(named) == len(names) else []


def _with_titles_in(question: str, documents: Sequence[DocumentSummary]) -> list[str]:
    """Returns the documents whose whole titles are in the question, in its order."""
    found = ((question.casefold().find(document.title.casefold()), document.id) for document in documents if document.title)
    return [identifier for at, identifier in sorted(found, key=lambda place: place[0]) if at >= 0]


def _last_cited(history: Sequence[Answer]) -> list[str]:
    """Returns the documents that the last answer cites; replies to greetings and the like do not count."""
    last = next((answer for answer in reversed(history) if answer.kind != "reply"), None)
    return list(dict.fromkeys(citation.document_id for citation in last.citations)) if last else []


def _sentences(document: Document) -> list[Span]:
    """Returns the first sentences of a document, without headings."""
    return [span for span in sentences(document.text) if ends_sentence(document.text[span[0] : span[1]])][:_MAX_READ]


def _values(document: Document, span: Span) -> set[object]:
    """Returns the numbers and dates in a sentence."""
    return {quantity.value for quantity in quantities.find(document.text[span[0] : span[1]], document.language)}
