"""Near misses: the documents say something close, but not of what the question names."""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.agreement import Place
from rag.answering.citations import marker, quoted
from rag.answering.composing.base import Composition, GetDocument, Statement
from rag.answering.composing.clauses import excerpt
from rag.answering.composing.wording import elided, framed
from rag.answering.conditions import Condition
from rag.text.sentences import after_lead
from rag.texts import NEAR, NEAR_INSTEAD
from rag.types import Language


def near_miss(place: Place, unmet: Sequence[Condition], language: Language, document: GetDocument) -> Composition:
    """Names the condition that the closest sentence does not meet, and quotes what that sentence says.

    Args:
        place: The closest sentence.
        unmet: The conditions that it does not meet; at least one.
        language: The language of the question.
        document: Returns the document of an id.

    Raises:
        DocumentNotFoundError: The document was removed after the search.
    """
    source, sentence = document(place.document_id), place.sentence
    citation = quoted(source, 1, sentence.start, sentence.end, sentence.support)
    first = unmet[0]
    begins = after_lead(sentence.text, 0, len(sentence.text))
    answer = (sentence.answer[0] - sentence.start, sentence.answer[1] - sentence.start)
    wanted = [answer] if answer[1] > answer[0] else []
    if first.instead and (at := sentence.text.find(first.instead)) >= 0:
        wanted.append((at, at + len(first.instead)))
    shown = elided(sentence.text, excerpt(sentence.text, wanted, place.language, lambda _: frozenset(), begins), place.language)
    words = (
        NEAR_INSTEAD.in_language(language, first.text, first.instead) if first.instead else NEAR.in_language(language, first.text)
    )
    quote = framed(citation.quote, source.language, language, convert=True, shown=shown)
    if not shown and source.language == language:
        quote = f"“{quote}”"
    return Composition((Statement(f"{words}{quote}{marker(1)}", (citation,)),))
