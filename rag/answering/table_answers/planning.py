"""Question and table -> plan, by rules over the question, the headings and the cells.

Every word of the question must be accounted for: it belongs to the operation, a heading, a cell, a date or a number, or does not
narrow anything down. If a word is left over, a column is uncertain or a cell is not a number, there is no plan.
"""

from __future__ import annotations

import re

from embeddings.encoder import Encoder
from rag.answering.table_answers import comparisons, conditions, lookups, mentions, operations, words
from rag.answering.table_answers.columns import ReadTable
from rag.answering.table_answers.drafts import Draft, Remainder
from rag.answering.table_answers.plans import NoPlanError, Plan
from rag.answering.table_answers.words import Superlative
from rag.text.analysis import Analyzer
from rag.types import Language

_OPERATIONS = (("average", words.AVERAGE), ("difference", words.DIFFERENCE), ("count", words.COUNT), ("sum", words.SUM))


def plan(question: str, read: ReadTable, language: Language, title: str, *, analyzer: Analyzer, encoder: Encoder) -> Plan | None:
    """Makes the plan that answers a question over a table.

    Args:
        question: In Chinese or English.
        read: The table.
        language: The language of the question.
        title: The title of the table's document.
        analyzer: Makes the search terms.
        encoder: Finds headings that the question names in other words.

    Returns:
        The plan; None when it is not certain.
    """
    folded = analyzer.fold(question)
    for make in ([] if read.is_form or not words.ASKS.search(folded) else [_plan]) + [_lookup]:
        try:
            return make(Draft(question, read, language, title, analyzer=analyzer, encoder=encoder))
        except NoPlanError:
            continue
    return None


def _lookup(draft: Draft) -> Plan:
    return lookups.plan(draft, is_form=draft.read.is_form)


def _plan(draft: Draft) -> Plan:
    remainder = draft.remainder
    plural = remainder.search(words.PLURAL)
    mentions.take_values(draft)
    mentions.take_headings(draft)
    mentions.take_number_of_rows(draft)
    several = remainder.search(words.SEVERAL)
    bounds = conditions.take_bounds(draft)
    if words.BEYOND.search(remainder.text):
        raise NoPlanError
    listed = plural or remainder.search(words.LIST) or _take_who(draft)
    superlative = _take_superlative(remainder)
    requested = {operation: match for operation, pattern in _OPERATIONS if (match := remainder.search(pattern))}
    compared = [] if "difference" in requested else comparisons.take(draft)
    if compared or any(each.sign for each in bounds):
        listed = listed or (None if superlative or requested else remainder.search(words.WHICH))
    _reject_what_no_rule_reads(draft, has_difference="difference" in requested)
    mentions.take_rest(draft)
    for bound in bounds:
        conditions.filter_by(draft, bound)
    for comparison in compared:
        comparisons.filter_by(draft, comparison)
    comparisons.filter_by_ticks(draft)
    if superlative and not requested:
        return operations.extreme(draft, *superlative, words.small_number(several) if several else 1)
    if superlative or several:
        raise NoPlanError
    return operations.other_operation(draft, requested, listed)


def _take_who(draft: Draft) -> re.Match[str] | None:
    """Takes out "who", if the rows are those of people, so that it asks for the names of all that meet the conditions."""
    naming = draft.read.naming_column
    return draft.remainder.search(words.WHO) if naming in draft.called("person") | draft.called("name") else None


def _take_superlative(remainder: Remainder) -> tuple[Superlative, str] | None:
    """Takes out a superlative; returns it with the words that express it."""
    for superlative in words.SUPERLATIVES:
        if match := remainder.search(superlative.pattern):
            return superlative, match[0]
    return None


def _reject_what_no_rule_reads(draft: Draft, *, has_difference: bool) -> None:
    """Checks that no second superlative, comparison or alternative is left of the question.

    Raises:
        NoPlanError: One is left.
    """
    # "under the flag of Greece" does not compare: the heading follows.
    left = re.sub(r"\bunder (?:the )?(?=\s{3})", "", draft.remainder.text)
    has_alternatives = any(len(each.values) > 1 for each in draft.filters)
    if (
        any(superlative.pattern.search(left) for superlative in words.SUPERLATIVES)
        or (words.COMPARES.search(left) and not has_difference)
        or (words.OR.search(left) and not has_alternatives)
    ):
        raise NoPlanError
