"""Rules for conditions that are neither a cell nor a number: more than another row, below zero, and a tick in a column of yes and no."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from rag.answering.table_answers import words
from rag.answering.table_answers.drafts import Draft
from rag.answering.table_answers.plans import BY_CONCEPT, Filter, NoPlanError

_THAN = re.compile(r"比\s*$|\bthan\s+(?:(?:that|those) of\s+)?(?:in\s+|on\s+|at\s+)?(?:the\s+)?$")
_AFTER_ROW = re.compile(r"\s*的?(?:还|更|要)?(?:(?P<more>[多高大长重贵])|[少低小短轻])")
_BEFORE_THAN = re.compile(
    r"\b(?:(?P<more>more|higher|larger|bigger|greater|longer|taller|heavier|older|deeper|wider)"
    r"|less|fewer|lower|smaller|shorter|lighter|younger)\b(?=[^,;]{0,40}$)"
)
_NEGATIVE = re.compile(r"(?:为|是)负(?:数|值)?的?|\bnegative\b|\b(?:below|under) zero\b")
_POSITIVE = re.compile(r"(?:为|是)正(?:数|值)?的?|\bpositive\b|\babove zero\b")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A bound on a column of numbers: the number of another row, or zero if `row` is None. `word` compares: "longer"."""

    is_more: bool
    row: int | None = None
    word: str = ""


def take(draft: Draft) -> list[Comparison]:
    """Takes out the words that compare with another row or with zero; the cells of the question must be taken out already.

    Raises:
        NoPlanError: A cell stands in a comparison that names no other row.
    """
    compared = [(place, than) for place in draft.value_places if (than := _THAN.search(draft.remainder.text, 0, place[0]))]
    found = [_with_row(draft, place, than) for place, than in compared]
    for pattern, is_more in ((_NEGATIVE, False), (_POSITIVE, True)):
        if draft.remainder.search(pattern):
            found.append(Comparison(is_more))
    return found


def _with_row(draft: Draft, place: tuple[int, int, int], than: re.Match[str]) -> Comparison:
    """Takes out the comparison with the row that is named at a place."""
    _, end, column = place
    text = draft.remainder.text
    compared = _AFTER_ROW.match(text, end) if than[0].startswith("比") else _BEFORE_THAN.search(text, 0, than.start())
    named = [each for each in draft.filters if each.column == column]
    if not compared or len(named) != 1 or len(named[0].values) != 1 or not draft.columns[column].is_key:
        raise NoPlanError
    draft.filters.remove(named[0])
    draft.value_places.remove(place)
    draft.remainder.take(*than.span())
    draft.remainder.take(*compared.span())
    return Comparison(bool(compared["more"]), draft.columns[column].texts.index(named[0].values[0]), compared[0])


def filter_by(draft: Draft, comparison: Comparison) -> None:
    """Adds the condition that a comparison makes.

    Raises:
        NoPlanError: The column is not certain, or the other row has no number in it.
    """
    column = _column(draft, comparison)
    limit: Decimal | None = Decimal(0)
    written = "0"
    if comparison.row is not None:
        limit = (draft.columns[column].numbers or ())[comparison.row]
        cell = draft.table.rows[comparison.row].cells[column]
        written = cell.text if cell else ""
    if limit is None:
        raise NoPlanError
    low, high, sign = (limit, None, ">") if comparison.is_more else (None, limit, "<")
    shown = f"{draft.table.headings[column]}: {sign} {written}"
    draft.filters.append(Filter(column, "number", low=low, high=high, is_open=True, shown=shown))


def _column(draft: Draft, comparison: Comparison) -> int:
    """Returns the column of numbers that the question names, or the one that "longer" and the like are about."""
    able = {i for i, column in enumerate(draft.columns) if column.numbers is not None and not column.is_number_of_row}
    named = [link.columns & able for link in draft.links if link.columns & able]
    if named:
        found = set(frozenset.intersection(*named))
        found = found & draft.year_columns or found
    else:
        concept = words.COMPARATIVES.get(comparison.word, "")
        found = draft.called(concept) & able if concept else set()
        draft.lower_confidence(BY_CONCEPT)
    if len(found) != 1:
        raise NoPlanError
    return found.pop()


def filter_by_ticks(draft: Draft) -> None:
    """Filters by each column of yes and no whose heading the question names: "the organic varieties"."""
    filtered = {each.column for each in draft.filters}
    named = {i for link in draft.links if len(link.columns) == 1 for i in link.columns}
    for i in sorted(named - filtered):
        ticks = set(filter(None, draft.columns[i].texts))
        if draft.columns[i].is_text and ticks & words.YES and ticks <= words.YES | words.NO:
            draft.filter_text(i, sorted(ticks & words.YES))
