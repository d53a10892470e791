"""Rules that find the cells and the columns that a question names."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TypeVar

from rag.answering.table_answers import words
from rag.answering.table_answers.columns import PARENTHESES
from rag.answering.table_answers.drafts import Draft
from rag.answering.table_answers.plans import BY_CONCEPT, BY_COSINE, BY_TERMS, NoPlanError

_MIN_COSINE = 0.75
_MIN_MARGIN = 0.2
_ENDINGS = ("er", "or", "r", "ed", "ing", "ion", "ment", "ur", "al", "anc")
_NUMBERED = re.compile(r"\s*[路号线]")
_DIRECTION = re.compile(r"\b(from|to)\s+(?:the\s+)?$")
# What headings add to the name of the thing: 书名, 合同编号.
_NAMING = re.compile(r"(?:名称|编号|代码|号码|名|号|份)$")
_YEAR = re.compile(r"(?:1[5-9]|20)\d\d年?")
_HAN = re.compile(r"[\u3400-\u9fff]")

Span = tuple[int, int]
_T = TypeVar("_T")


def take_values(draft: Draft) -> None:
    """Takes out the cells that the question names, the longest first, and filters by them.

    Raises:
        NoPlanError: Several columns contain a cell that the question names.
    """
    named: dict[int, list[str]] = {}
    remainder = draft.remainder
    headings = {draft.analyzer.fold(heading) for heading in draft.table.headings}
    mentioned = [
        value
        for value in draft.read.values
        if _may_be_in(value, remainder.text) and value not in headings and _is_unambiguous(draft, value)
    ]
    for value in sorted(mentioned, key=len, reverse=True):
        while _may_be_in(value, remainder.text) and (match := _mentioned(draft, value)):
            column = _only(draft.read.values[value])
            _check_direction(draft, match.start(), column)
            draft.value_places.append((*match.span(), column))
            remainder.take(*match.span())
            named.setdefault(column, []).append(value)
    for column, texts in named.items():
        draft.filter_text(column, texts)


def _may_be_in(value: str, text: str) -> bool:
    """Returns whether a text contains a value, perhaps in the plural: "ferries"."""
    return value in text or (value.endswith("y") and f"{value[:-1]}ies" in text)


def _mentioned(draft: Draft, value: str) -> re.Match[str] | None:
    """Finds a cell in what is left of the question. A number must stand beside what it counts: "line 14", 14路."""
    found = re.finditer(words.bounded(value), draft.remainder.text)
    if not value.isdecimal():
        return next(found, None)
    column = _only(draft.read.values[value])
    terms = draft.read.heading_terms[column][0]
    for match in found:
        before = re.search(r"([^\W\d_]+)\W*$", draft.remainder.text[: match.start()])
        after = draft.remainder.text[match.end() :]
        if (before and terms.intersection(draft.analyzer.terms(before[1]))) or _NUMBERED.match(after):
            return match
    return None


def _check_direction(draft: Draft, start: int, column: int) -> None:
    """Checks the preposition before a cell of a column that is called "From" or "To".

    Raises:
        NoPlanError: Another one, or none, stands there.
    """
    heading = draft.analyzer.fold(draft.table.headings[column])
    before = _DIRECTION.search(draft.remainder.text[:start])
    if heading in ("from", "to") and (before is None or before[1] != heading):
        raise NoPlanError


def take_headings(draft: Draft) -> None:
    """Takes out the headings that the question names in full, the longest first."""
    named: dict[str, set[int]] = {}
    for i, heading in enumerate(draft.table.headings):
        for name in {heading, PARENTHESES.sub("", heading).strip()}:
            folded = draft.analyzer.fold(name)
            # The levels of a heading in the other order: "staffed beds" for the heading "Beds staffed".
            levels = folded.split()
            if len(levels) == 2:
                between = " " if folded.isascii() else ""
                named.setdefault(between.join(reversed(levels)), set()).add(i)
            is_operation = words.SUM.fullmatch(folded) or words.AVERAGE.fullmatch(folded)
            if len(folded) > 1 and not is_operation and not folded.isdecimal():
                named.setdefault(folded, set()).add(i)
    for name in sorted(named, key=len, reverse=True):
        while match := re.search(words.bounded(name), draft.remainder.text):
            draft.link(*match.span(), named[name], BY_TERMS)
            draft.remainder.take(*match.span())


def take_number_of_rows(draft: Draft) -> None:
    """Takes out a number before the name of the rows that counts all of them: "the four counties", 四个县区."""
    count = len(draft.table.rows)
    for link in draft.links:
        match = words.NUMBER_BEFORE.search(draft.remainder.text, 0, link.start)
        if draft.read.naming_column in link.columns and match and words.small_number(match) == count:
            draft.remainder.take(*match.span())


def check_names(draft: Draft) -> None:
    """Checks that some word of the question is part of a cell, without asking the encoder.

    Raises:
        NoPlanError: None is.
    """
    spans = list(draft.tokens())
    texts = [draft.remainder.text[start:end] for start, end in spans]
    if not any(
        draft.read.cells_with(terms) for text in texts if not draft.is_light(text) and (terms := draft.analyzer.terms(text))
    ):
        raise NoPlanError


def take_rest(draft: Draft, *, is_lookup: bool = False, may_guess: bool = True) -> None:
    """Accounts for every word that is left: it names a column, a part of a cell or the table, or does not narrow anything down.

    `is_lookup` says that words without a capital may be parts of a cell too, `may_guess` whether the encoder may find the heading that a word is near to.

    Raises:
        NoPlanError: A word does none of these.
    """
    names: list[Span] = []
    unknown: list[Span] = []
    draft.remainder.search(words.UNIT_PRICE)
    _take_verbs(draft)
    for start, end in draft.tokens():
        word = draft.remainder.text[start:end]
        terms = draft.analyzer.terms(word)
        columns = columns_called(draft, terms)
        if columns and not (is_lookup and columns[1] < BY_TERMS and draft.about.issuperset(terms)):
            draft.link(start, end, *columns)
        elif draft.is_light(word) or (word in words.AMOUNTS and any(map(_YEAR.fullmatch, draft.table.headings))):
            # Under headings that are years, the cells are the amounts.
            continue
        elif (terms and draft.about.issuperset(terms)) or _is_said_above(draft, word):
            draft.link(start, end, (), BY_TERMS)
        elif draft.remainder.original[start].isupper() or not word.isascii() or (is_lookup and draft.read.cells_with(terms)):
            names.append((start, end))
        else:
            unknown.append((start, end))
    for start, end in [*_take_parts_of_cells(draft, names), *unknown]:
        if not may_guess or (column := _column_like(draft, draft.remainder.text[start:end])) is None:
            raise NoPlanError
        draft.link(start, end, [column], BY_COSINE)


def _take_verbs(draft: Draft) -> None:
    """Takes out the verbs that add nothing to the columns and cells which the question names; at least one must be named."""
    for start, end in list(draft.tokens()):
        word = draft.remainder.text[start:end]
        if word in words.VERBS and not columns_called(draft, draft.analyzer.terms(word)):
            draft.has_verb = True
            draft.implied = words.VERBS_OF_CONCEPTS.get(word, draft.implied)
            draft.lower_confidence(BY_CONCEPT)
            draft.remainder.take(start, end)


def _is_unambiguous(draft: Draft, value: str) -> bool:
    """Returns whether a question that contains a value can only mean the cell."""
    is_long = len(value) > (1 if _HAN.search(value) else 2)
    has_digit = not _HAN.search(value) and any(character.isdigit() for character in value)
    return (is_long or has_digit) and not draft.is_light(value)


def columns_called(draft: Draft, terms: Sequence[str]) -> tuple[frozenset[int], float] | None:
    """Finds the columns whose headings share a word, else those whose headings contain a synonym, with the confidence."""
    wanted = set(terms) - words.light_terms(draft.analyzer)
    if not wanted:
        return None
    headings = draft.read.heading_terms
    for part in (0, 1):
        # A longer Chinese word has the terms of its parts too, which other headings may share.
        full = frozenset(i for i, heading in enumerate(headings) if wanted <= heading[part])
        if found := full or frozenset(i for i, heading in enumerate(headings) if wanted & heading[part]):
            return found, BY_TERMS
    if found := frozenset(i for i, (outside, _) in enumerate(headings) if _is_derived(wanted, outside)):
        return found, BY_CONCEPT
    if found := frozenset(
        i for i, name in enumerate(draft.table.headings) if _NAMING.sub("", draft.analyzer.fold(name)) in wanted
    ):
        return found, BY_TERMS
    wanted |= {"".join(terms)}
    concepts = [names for names in words.concepts(draft.analyzer).values() if wanted & names]
    found = frozenset(i for i, (outside, _) in enumerate(headings) if any(concept & outside for concept in concepts))
    return (found, BY_CONCEPT) if found else None


def _is_said_above(draft: Draft, word: str) -> bool:
    """Returns whether a Chinese word is part of a longer one in the title or above the table."""
    return bool(_HAN.match(word)) and word in draft.above


def _is_derived(wanted: Collection[str], heading: Collection[str]) -> bool:
    """Returns whether a word of a heading is derived from one of the question, as "leader" is from "leads"."""
    return any(
        len(word) >= 4 and word.isascii() and name.startswith(word) and name[len(word) :] in _ENDINGS
        for word in wanted
        for name in heading
    )


def _take_parts_of_cells(draft: Draft, names: Sequence[Span]) -> list[Span]:
    """Filters by the one cell that contains all names of a group; returns the names that no cell contains.

    Raises:
        NoPlanError: Several cells contain a group, or its column has a filter already.
    """
    left: list[Span] = []
    for group in _neighbours(draft, names):
        terms = {term for start, end in group for term in draft.analyzer.terms(draft.remainder.text[start:end])}
        cells = draft.read.cells_with(terms)
        if not cells:
            left += group
            continue
        column, value = _only(cells)
        if any(each.column == column for each in draft.filters):
            raise NoPlanError
        draft.value_places.append((group[0][0], group[-1][1], column))
        draft.filter_text(column, [value])
        draft.lower_confidence(BY_CONCEPT)
    return left


def _neighbours(draft: Draft, names: Sequence[Span]) -> list[list[Span]]:
    """Groups names with nothing but punctuation between them."""
    groups: list[list[Span]] = []
    for span in names:
        if groups and not draft.remainder.original[groups[-1][-1][1] : span[0]].strip(" &.,'’-"):
            groups[-1].append(span)
        else:
            groups.append([span])
    return groups


def _column_like(draft: Draft, word: str) -> int | None:
    """Finds the column whose heading the encoder places near a word and clearly nearer than the second; None when unsure."""
    headings = [(i, heading) for i, heading in enumerate(draft.table.headings) if heading]
    if len(word) < 2 or len(headings) < 2:
        return None
    vectors = draft.encoder.encode_query([word, *(heading for _, heading in headings)])
    cosines = vectors[1:] @ vectors[0]
    second, first = sorted(range(len(headings)), key=lambda i: cosines[i])[-2:]
    is_sure = cosines[first] >= _MIN_COSINE and cosines[first] - cosines[second] >= _MIN_MARGIN
    return headings[first][0] if is_sure else None


def _only(items: Collection[_T]) -> _T:
    if len(items) != 1:
        raise NoPlanError
    (item,) = items
    return item
