"""Recognises questions that the tables of a document surely do not answer, though to a reader a row may look as if it did.

They join a row of one table with a heading of another, as the price of a town beside a list of goods, or they ask for a column of
a row that the table does not have, as the price of a hammer in a list of chisels and saws.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answering.table_answers import lookups, mentions, words
from rag.answering.table_answers.drafts import Draft
from rag.answering.table_answers.plans import BY_TERMS, NoPlanError
from rag.documents import tables
from rag.types import SearchResult

_MIN_STEM = 4


def joins_tables(draft: Draft, others: Sequence[frozenset[str]], results: Sequence[SearchResult]) -> bool:
    """Returns whether a question names a row of this table, and a column that only other tables of the document have.

    Args:
        draft: The question and the table.
        others: The search terms of the headings of each other table.
        results: The search results. A passage of prose that names both may answer.
    """
    try:
        mentions.take_values(draft)
    except NoPlanError:
        return False
    mentions.take_headings(draft)
    filtered = {each.column for each in draft.filters}
    if not draft.filters or any(link.columns - filtered for link in draft.links):
        return False
    lookups.take_asked(draft)
    wanted: set[str] = set()
    for start, end in draft.tokens():
        word = draft.remainder.text[start:end]
        terms = frozenset(draft.analyzer.terms(word))
        if draft.is_light(word) or draft.about.issuperset(terms):
            continue
        if mentions.columns_called(draft, list(terms)) or not any(terms <= headings for headings in others):
            return False
        wanted |= terms
    names = [value for each in draft.filters for value in each.values]
    return bool(wanted) and not any(_may_say(draft, result.chunk.text, names, wanted) for result in results)


def names_no_row(draft: Draft, text: str, results: Sequence[SearchResult]) -> bool:
    """Returns whether a question names a column of this table, and things that neither the document nor any passage mentions.

    Args:
        draft: The question and the table, in the same language.
        text: The text of the document.
        results: The search results.
    """
    try:
        mentions.take_values(draft)
    except NoPlanError:
        return False
    mentions.take_headings(draft)
    lookups.take_asked(draft)
    if not lookups.asks_for_cell(draft.remainder.text) or draft.remainder.search(words.PLURAL):
        return False
    unknown: set[str] = set()
    for start, end in draft.tokens():
        word = draft.remainder.text[start:end]
        terms = frozenset(draft.analyzer.terms(word))
        columns = mentions.columns_called(draft, list(terms))
        if columns:
            draft.link(start, end, *columns)
        elif not draft.is_light(word) and not draft.about.issuperset(terms):
            unknown |= {word, *terms}
    if draft.filters or not unknown or not any(link.columns and link.confidence == BY_TERMS for link in draft.links):
        return False
    said = draft.analyzer.fold("\n".join([text, *(result.chunk.text for result in results)]))
    # "Greek" beside Greece: a word may be named by another form of it.
    return not any(term in said or (term.isascii() and len(term) >= _MIN_STEM and term[:_MIN_STEM] in said) for term in unknown)


def lacks_label(draft: Draft, text: str, results: Sequence[SearchResult]) -> bool:
    """Returns whether a question asks for a measure of what a form describes, and neither the form nor any passage gives one.

    Args:
        draft: The question and the form, in the same language.
        text: The text of the document.
        results: The search results.
    """
    asked = lookups.take_asked(draft)
    concept = words.concepts(draft.analyzer).get(asked)
    if not concept or draft.called(asked) or not lookups.asks_for_cell(draft.remainder.text):
        return False
    left = [draft.remainder.text[start:end] for start, end in draft.tokens()]
    named = [frozenset(draft.analyzer.terms(word)) for word in left if not draft.is_light(word)]
    said = draft.analyzer.fold("\n".join([text, *(result.chunk.text for result in results)]))
    return bool(named) and all(map(draft.about.issuperset, named)) and not any(term in said for term in concept)


def _may_say(draft: Draft, text: str, names: Sequence[str], wanted: set[str]) -> bool:
    """Returns whether a passage of prose names the row and the column."""
    folded = draft.analyzer.fold(text)
    if tables.looks_like_row(text) or not all(name in folded for name in names):
        return False
    return bool(wanted.intersection(draft.analyzer.terms(text)))
