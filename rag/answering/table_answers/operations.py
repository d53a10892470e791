"""Rules that find the operation of a question, the column that it works on, and the column that names the rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from rag.answering.table_answers import words
from rag.answering.table_answers.columns import may_be_years
from rag.answering.table_answers.drafts import Draft
from rag.answering.table_answers.plans import BY_CONCEPT, BY_TERMS, Filter, NoPlanError, Operation, Plan
from rag.answering.table_answers.words import Superlative

_SAME_MEASURES = ("册本", "人名位", "台辆架")
_ASKS_FOR_ROW = re.compile(r"\b(?:which|what|who)\b|哪(?:一)?[个份家位名条项种台座件人笔所门本辆部只张户处艘款幢栋类次]?|谁")


def extreme(draft: Draft, superlative: Superlative, word: str, limit: int) -> Plan:
    """Plans the highest, lowest, latest or earliest rows; `word` is the superlative as it is written."""
    order, concept = superlative.order, superlative.concept
    is_date = order in ("latest", "earliest")
    if concept == "age" and not draft.called(concept):
        order, is_date, concept = ("earliest" if order == "highest" else "latest"), True, ""
    if is_date and not any(column.dates is not None for column in draft.columns):
        raise NoPlanError
    if any(each.field == "text" and len(each.values) == 1 and draft.columns[each.column].is_key for each in draft.filters):
        # The filter leaves one row, which has no highest value: the question asks something else of it.
        raise NoPlanError
    # "the most contracts" asks for a number of contracts, which only a column of that name contains.
    must_be_named = word in ("most", "least", "fewest", "最多", "最少")
    if must_be_named and (group := _grouped(draft)) is not None:
        return _finish(draft, "most" if order == "highest" else "fewest", None, group)
    target = _target(draft, is_date=is_date, concept=concept, must_be_named=must_be_named)
    noun = _noun(draft, _ASKS_FOR_ROW, target)
    if must_be_named and noun is not None and not draft.columns[noun].is_key and draft.confidence < BY_TERMS:
        # "which person has the most expenses" asks for the person with the most rows, not for one row.
        raise NoPlanError
    return _finish(draft, order, target, noun, limit)


def _grouped(draft: Draft) -> int | None:
    """Returns the column of "which partner has the most contracts", whose values group the rows; None if no rows are counted by it."""
    group = _noun(draft, _ASKS_FOR_ROW, None)
    if group is None or draft.columns[group].is_key or draft.year_columns or _quantities(draft):
        return None
    counted = [link.columns for link in draft.links if group not in link.columns]
    names_rows = all(not columns or all(_names_rows(draft, i) for i in columns) for columns in counted)
    return group if counted and names_rows else None


def _names_rows(draft: Draft, column: int) -> bool:
    return column == draft.read.naming_column and draft.columns[column].is_key


def other_operation(draft: Draft, requested: Mapping[str, re.Match[str]], listed: re.Match[str] | None) -> Plan:
    """Plans any operation but an extreme.

    Args:
        draft: The question, of which every word is accounted for.
        requested: The operations whose words are in the question, with their places.
        listed: The words that ask for a list of rows.
    """
    match sorted(requested):
        case ["average"] if not listed:
            return _calculation(draft, "average")
        case ["difference"]:
            return _difference(draft, requested["difference"][0])
        case ["count"] | ["count", "sum"]:
            has_sum = "sum" in requested or requested["count"][0].startswith(("total", "总", "一共"))
            return _count(draft, requested["count"], has_sum=has_sum)
        case ["sum"] if not listed:
            return _calculation(draft, "sum")
        case [] if listed:
            return _list(draft, listed)
    raise NoPlanError


def _calculation(draft: Draft, operation: Literal["sum", "average"]) -> Plan:
    target = _target(draft, concept="" if _has_one_amount(draft) else draft.implied or "money")
    if operation == "sum" and draft.columns[target].is_share:
        raise NoPlanError
    return _finish(draft, operation, target, None)


def _difference(draft: Draft, asked: str) -> Plan:
    target = _target(draft, concept=words.COMPARATIVES.get(asked.rsplit(maxsplit=1)[-1], "") if asked.isascii() else "")
    named = [each for each in draft.filters if each.field == "text" and len(each.values) == 2]
    if len(named) != 1 or not draft.columns[named[0].column].is_key:
        raise NoPlanError
    return _finish(draft, "difference", target, named[0].column)


def _list(draft: Draft, listed: re.Match[str]) -> Plan:
    noun = _noun(draft, listed, None)
    if noun is None and not draft.filters and not draft.links:
        raise NoPlanError
    return _finish(draft, "list", None, noun)


def _count(draft: Draft, counted: re.Match[str], *, has_sum: bool) -> Plan:
    """Plans a count of rows or of different values, or the sum of a column that gives numbers of things."""
    if any(each.field == "text" and len(each.values) == 1 and draft.columns[each.column].is_key for each in draft.filters):
        # The row is named, so that the question asks for what it says, not for the number of rows.
        raise NoPlanError
    if (measured := _measured(draft, counted)) is not None:
        return _finish(draft, "sum", measured, None)
    noun, is_value = _counted(draft, counted)
    # "how many are in the North region": the rows of that region are counted.
    is_value = is_value or any(each.column == noun and each.field == "text" for each in draft.filters)
    if noun is None and has_sum and len(totals := _named_amounts(draft)) == 1:
        return _finish(draft, "sum", totals.pop(), None)
    if noun is not None and draft.columns[noun].numbers is not None:
        if not (has_sum or draft.filters) or draft.columns[noun].is_number_of_row or draft.columns[noun].is_share:
            raise NoPlanError
        return _finish(draft, "sum", noun, None)
    if (noun is None or is_value) and (quantities := _quantities(draft)):
        if not is_value or len(quantities) > 1:
            raise NoPlanError
        draft.lower_confidence(BY_CONCEPT)
        return _finish(draft, "sum", quantities[0], None)
    if noun is None or draft.columns[noun].is_key:
        return _finish(draft, "count", None, noun)
    return _finish(draft, "count", None, None) if is_value else _finish(draft, "count", noun, noun)


def _has_one_amount(draft: Draft) -> bool:
    """Returns whether the amounts of a table are all in one column, or the question names one."""
    amounts = {i for i, column in enumerate(draft.columns) if column.numbers is not None and not column.is_number_of_row}
    return len(amounts) < 2 or bool(draft.year_columns) or any(link.columns & amounts for link in draft.links)


def _named_amounts(draft: Draft) -> set[int]:
    """Returns the columns of amounts that the question names but does not filter by."""
    filtered = {each.column for each in draft.filters}
    named = {i for link in draft.links for i in link.columns} - filtered
    return {i for i in named if draft.columns[i].numbers is not None and not draft.columns[i].is_number_of_row}


def _quantities(draft: Draft) -> list[int]:
    """Returns the columns that say how many things a row stands for, so that the number of rows is another number."""
    return [
        i
        for i, column in enumerate(draft.columns)
        if column.numbers is not None and words.QUANTITIES.search(draft.analyzer.fold(column.heading))
    ]


def _measured(draft: Draft, counted: re.Match[str]) -> int | None:
    """Returns the column of the quantity that a Chinese measure word counts, as 册 in 多少册书 counts 册数; None if there is none."""
    measure = counted["measure"] if "measure" in counted.re.groupindex else None
    if not measure or draft.remainder.text[counted.start() : counted.end()].strip():
        return None
    same = next((group for group in _SAME_MEASURES if measure in group), measure)
    found = [
        i
        for i in _quantities(draft)
        if any(f"{one}数" in draft.table.headings[i] or one in draft.read.heading_terms[i][1] for one in same)
    ]
    return found[0] if len(found) == 1 else None


def _counted(draft: Draft, counted: re.Match[str]) -> tuple[int | None, bool]:
    """Returns the column that is counted, None for the rows, and whether the question names it by the value of a cell."""
    items = [(link.start, link.end, link.columns, False) for link in draft.links]
    items += [(start, end, frozenset([column]), True) for start, end, column in draft.value_places]
    items.sort(key=lambda item: item[:2])
    after = [item for item in items if item[0] >= counted.end() and draft.only_light(counted.end(), item[0])]
    word = next((draft.remainder.text[a:b] for a, b in draft.tokens() if a >= counted.end()), "")
    if after and word not in words.ROWS:
        _, end, columns, is_value = after[0]
        # "how many Brenner contracts": the noun follows the name.
        following = [
            item for item in items if item[0] >= end and not draft.remainder.original[end : item[0]].strip(" 的") and not item[3]
        ]
        if is_value and following:
            return _one(following[0][2]), False
        return _one(columns), is_value
    if not counted[0].isascii():
        # In Chinese the noun may come first, with conditions in between: 合同金额超过1万的有几份.
        conditions = {each.column for each in draft.filters}
        before = [item for item in items if item[1] <= counted.start() and not item[2] & conditions]
        if before:
            return _one(before[-1][2]), False
        if any(is_value for *_, is_value in items):
            return None, True
    if not draft.filters and word not in words.ROWS:
        raise NoPlanError
    return None, False


def _one(columns: frozenset[int]) -> int | None:
    """Returns the only column, or None when there are no columns: the word names the table itself."""
    if len(columns) > 1:
        raise NoPlanError
    return next(iter(columns), None)


def _target(draft: Draft, *, is_date: bool = False, concept: str = "", must_be_named: bool = False) -> int:
    """Returns the column of numbers, or of dates, that the question is about."""
    able = {
        i
        for i, column in enumerate(draft.columns)
        if (column.dates if is_date else column.numbers) is not None and (is_date or not column.is_number_of_row)
    }
    columns = _named_target(draft, able)
    if columns is None:
        if must_be_named and not draft.implied:
            raise NoPlanError
        concept = concept or draft.implied
        columns = _default_target(draft, able, is_date=is_date, concept=concept)
        draft.lower_confidence(BY_CONCEPT)
    if len(columns) != 1 or (draft.year_columns and not columns <= draft.year_columns):
        raise NoPlanError
    return columns.pop()


def _named_target(draft: Draft, able: set[int]) -> set[int] | None:
    """Returns the columns that fit every word that names a possible target; None when no word does."""
    filtered = {each.column for each in draft.filters}
    named = [link for link in draft.links if link.columns & able]
    wanted = [link for link in named if not link.columns & able <= filtered] or named
    if not wanted:
        return None
    columns = able.intersection(*(link.columns for link in wanted))
    if len(columns) > 1 and draft.year_columns & columns:
        columns &= draft.year_columns
    draft.lower_confidence(*(link.confidence for link in wanted))
    return columns


def _default_target(draft: Draft, able: set[int], *, is_date: bool, concept: str) -> set[int]:
    """Returns the possible targets of a question that names none: those of the concept, or all amounts."""
    if concept:
        return draft.called(concept) & able
    # Numbers that look like years may not be amounts.
    return able & draft.year_columns or {i for i in able if is_date or not may_be_years(draft.columns[i])}


def _noun(draft: Draft, words_that_ask: re.Pattern[str] | re.Match[str], target: int | None) -> int | None:
    """Returns the column that is named after the words that ask; None where the question does not name one."""
    match = words_that_ask if isinstance(words_that_ask, re.Match) else words_that_ask.search(draft.remainder.text)
    if match is None:
        return None
    first = min((link for link in draft.links if link.start >= match.end()), key=lambda link: link.start, default=None)
    if first is None or not draft.only_light(match.end(), first.start) or len(first.columns) != 1:
        return None
    (column,) = first.columns
    if any(each.column == column and len(each.values) == 1 for each in draft.filters):
        return None  # "everyone in the Birds team": all rows have the same team
    return column if column != target and draft.columns[column].is_text else None


def _are_joined(draft: Draft, named: Filter) -> bool:
    """Returns whether the values that the question names are beside each other: "with A and B", not "that A has with B"."""
    places = sorted(place[:2] for place in draft.value_places if place[2] == named.column)
    gaps = (draft.remainder.original[end:start] for (_, end), (start, _) in pairwise(places))
    return all(words.JOINS.fullmatch(gap) for gap in gaps)


def finish_lookup(draft: Draft, target: int) -> Plan:
    """Returns the plan to show the cells of a column in the rows that the question names.

    Raises:
        NoPlanError: The question names a column that it does not use.
    """
    return _finish(draft, "lookup", target, None)


def _finish(draft: Draft, operation: Operation, target: int | None, label: int | None, limit: int = 1) -> Plan:
    """Returns the plan, if it uses every column that the question names."""
    called = draft.read.naming_column if label is None else label
    asks_of_people = bool(draft.implied and draft.called("person"))
    if draft.has_verb and not draft.filters and not asks_of_people and not any(link.columns for link in draft.links):
        raise NoPlanError
    if operation != "difference" and any(len(each.values) > 1 and not _are_joined(draft, each) for each in draft.filters):
        raise NoPlanError
    # The names of the rows, and a date that every row has, do not narrow anything down.
    full = {i for i, column in enumerate(draft.columns) if column.dates is not None and None not in column.dates}
    used = {target, label, *(each.column for each in draft.filters), called, *full}
    if operation in ("most", "fewest"):
        used.add(draft.read.naming_column)
    if operation == "list":
        used |= {i for i, column in enumerate(draft.columns) if not column.is_text}
    if any(link.columns and not link.columns & used for link in draft.links):
        raise NoPlanError
    draft.lower_confidence(*(link.confidence for link in draft.links if link.columns))
    if draft.year_columns and not draft.year_columns & {target, *(each.column for each in draft.filters)}:
        raise NoPlanError
    return Plan(operation, draft.table, called, target, tuple(draft.filters), limit, draft.confidence, draft.columns)
