"""What two documents say differently: sentences on the same matter, side by side."""

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

_MOST_READ = 300
# Cosines. Of the pairs of the two Chinese seed documents that overlap, 8 of 10 above the first speak of the same matter, and
# none of 6 below it. What is above the second and has the same numbers says the same.
_SAME_MATTER = 0.8
_SAME_TEXT = 0.95
_QUOTED = re.compile(r"[《“\"]([^《》“”\"]{2,})[》”\"]")

_NO_DIFFERENCE = {
    "zh": "《{}》和《{}》没有在同一件事上说法不同的句子。",
    "en": "“{}” and “{}” have no sentences that say different things about the same matter.",
}


def compare(first: Document, second: Document, encoder: Encoder, most: int = 5) -> list[tuple[Span, Span]]:
    """Places in two documents that speak of the same matter and say different things of it.

    Sentences are paired that are nearest to each other both ways. Pairs with other numbers or dates come first, before those
    where only one names any and those that differ in words; among each the most alike. What says the same is left out.

    Args:
        first: Its first 300 sentences are read.
        second: The same.
        encoder: Tells how alike two sentences are.
        most: The most pairs.
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
    """Quotes pairs of sentences of two documents on the same matter; says in one sentence that there are none."""
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
    """The ids of the two documents that are meant; None when that cannot be told.

    Those that the question names, by their titles or quoted parts of these, in its order; else those that the last answer
    cites; else those of a library of two.
    """
    quoted = [name.casefold() for name in _QUOTED.findall(question)]
    if quoted:
        matching = [[document.id for document in documents if name in document.title.casefold()] for name in quoted]
        named = [ids[0] for ids in matching if len(ids) == 1]
        return (named[0], named[1]) if len(named) == len(quoted) == len(set(named)) == 2 else None
    titles = {document.id: question.casefold().find(document.title.casefold()) for document in documents if document.title}
    held = [document.id for document in documents]
    named = sorted((identifier for identifier, at in titles.items() if at >= 0), key=lambda identifier: titles[identifier])
    answered = [answer for answer in history if answer.kind != "reply"][-1:]
    cited = list(dict.fromkeys(citation.document_id for answer in answered for citation in answer.citations))
    for meant in (named, [identifier for identifier in cited if identifier in held], held):
        if len(meant) == 2:
            return meant[0], meant[1]
    return None


def _sentences(document: Document) -> list[Span]:
    """The first sentences of a document; headings are none."""
    return [span for span in sentences(document.text) if ends_sentence(document.text[span[0] : span[1]])][:_MOST_READ]


def _values(document: Document, span: Span) -> set[object]:
    """The numbers and dates that a sentence names."""
    return {quantity.value for quantity in quantities.find(document.text[span[0] : span[1]], document.language)}
