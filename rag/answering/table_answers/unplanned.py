"""Recognises questions that one row of a table cannot answer, and that no rule could turn into a plan.

A reader takes the row that is most like the question for the answer to "Which is the cheapest?" or "How many are there?".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answering.reading import Reading
from rag.answering.table_answers import words
from rag.documents import tables
from rag.text.analysis import Analyzer

_SHARE = re.compile(r"\b(?:percentage|proportion|share|fraction|ratio) of\b|比例|占比|百分之几|占[^，。？?]{0,14}(?:多少|几成)")
_WORKED_OUT = (
    words.SUM,
    words.AVERAGE,
    words.DIFFERENCE,
    words.LIST,
    words.PLURAL,
    _SHARE,
    *(superlative.pattern for superlative in words.SUPERLATIVES),
)


def asks_for_more_than(question: str, readings: Sequence[Reading], analyzer: Analyzer) -> bool:
    """Returns whether the best sentence is a row of a table, and the question asks for what only several rows give.

    A row with the same words, such as the total of a table, needs no calculation.

    Args:
        question: In Chinese or English, with no certain plan.
        readings: The reader's, best first.
        analyzer: Makes the search terms.
    """
    if not readings:
        return False
    best = max(readings[0].sentences, key=lambda sentence: sentence.support)
    if not tables.looks_like_row(best.text):
        return False
    folded, row = analyzer.fold(question), analyzer.fold(best.text)
    if any(
        match[0].strip() not in row and not pattern.search(row) for pattern in _WORKED_OUT for match in pattern.finditer(folded)
    ):
        return True
    counted = words.COUNT.search(folded)
    return bool(counted) and not _gives_number(row, analyzer.terms(folded), analyzer)


def _gives_number(row: str, terms: Sequence[str], analyzer: Analyzer) -> bool:
    """Returns whether a row has a number under a heading with a term of the question."""
    cells = (part.partition(": ") for part in row.split("; "))
    return any(
        any(character.isdigit() for character in value) and not set(terms).isdisjoint(analyzer.terms(heading))
        for heading, _, value in cells
    )
