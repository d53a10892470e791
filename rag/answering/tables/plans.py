"""What a question asks of a table: a plan, made by rules over the question, the headings and the cells.

Every word of the question must be accounted for: by the operation, a heading, a cell, a date, a number, or by saying nothing.
When a word is left over, a column is not sure or a cell is not a number, there is no plan.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Literal

from embeddings.encoder import Encoder
from rag.answering.tables import words as table_words
from rag.answering.tables.columns import PARENTHESES, SCALE_IN_UNIT, Column, columns_of, day_number, has_amounts, may_be_years
from rag.answering.tables.words import Superlative
from rag.documents.tables import Table
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.quantities import Date, Quantity
from rag.types import Language

Operation = Literal["highest", "lowest", "latest", "earliest", "count", "sum", "average", "difference", "list"]
Field = Literal["text", "number", "date"]

BY_TERMS = 0.95
"""The confidence of an answer whose columns the question names in the words of the headings, or where there is only one."""
BY_CONCEPT = 0.85
"""That of one where a column is named by another word for the same, perhaps in the other language."""
BY_COSINE = 0.7
"""That of one where the encoder found a column."""

_SURE_COSINE = 0.75
_SURE_MARGIN = 0.2
_SIGNS = {"over": ">", "more than": ">", "at least": ">", "less than": "<", "at most": "<"}
_WITHOUT_BOUND = re.compile(r"(?:[A-Z]{2,3}\$?|[¥￥$€£])?\s?\d.*")
_BOUND_AFTER = re.compile(r"[及之]?[以之][上下内]| or more")
_UNSURE_BOUNDS = ("nearly", "about")
_WORD = re.compile(r"[\u3400-\u9fff]+|[^\W_]+(?:[-.'’&][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column: its text is one of `values`, or its number or date lies between `low` and `high`.

    None is no bound; both are included unless it `is_open`. `shown` is the condition in words.
    """

    column: int
    field: Field
    values: tuple[str, ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    is_open: bool = False
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is worked out over a table.

    `target` is the column of what is compared, summed or averaged; for a count that of the different values that are counted,
    or None for the rows. `label` is the column by which rows are called. `most` is how many rows an extreme has, apart from
    ties. `sure` is the confidence.
    """

    operation: Operation
    table: Table
    label: int
    target: int | None = None
    filters: tuple[Filter, ...] = ()
    most: int = 1
    sure: float = BY_TERMS
    columns: tuple[Column, ...] = field(default=(), repr=False)


@dataclass(slots=True)
class _Words:
    """What is left of a question: what is accounted for is blanked out, so that places stay."""

    text: str
    original: str
    language: Language

    def take(self, start: int, end: int) -> None:
        self.text = self.text[:start] + " " * (end - start) + self.text[end:]

    def search(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """The first match, which is taken out."""
        match = pattern.search(self.text)
        if match:
            self.take(*match.span())
        return match


@dataclass(frozen=True, slots=True)
class _Link:
    """A word of the question that names columns, and how surely."""

    start: int
    end: int
    columns: frozenset[int]
    sure: float


@dataclass(slots=True)
class _Draft:
    """A plan while it is made."""

    filters: list[Filter] = field(default_factory=list)
    links: list[_Link] = field(default_factory=list)
    sure: float = BY_TERMS


@dataclass(frozen=True, slots=True)
class _Bounds:
    """A date or number of the question at `[start:end]`, with the words that make it a bound.

    The `sign` is ">" for a lower bound, "<" for an upper one, and empty for what is neither.
    """

    quantity: Quantity
    start: int
    end: int
    sign: str = ""
    included: bool = True

    @property
    def shown(self) -> str:
        written = self.quantity.written
        if not self.sign:
            return written
        bare = _WITHOUT_BOUND.search(written)
        sign = {">": "≥", "<": "≤"}[self.sign] if self.included else self.sign
        return f"{sign} {_BOUND_AFTER.sub('', bare[0]).strip() if bare else written}"


class _NoPlanError(Exception):
    """The question cannot be answered surely over this table."""


def plan(question: str, table: Table, language: Language, title: str, *, analyzer: Analyzer, encoder: Encoder) -> Plan | None:
    """What a question asks of a table, with `title` that of its document; None when it is not sure."""
    try:
        return _Planner(question, table, language, title, analyzer=analyzer, encoder=encoder).plan()
    except _NoPlanError:
        return None


class _Planner:
    """Makes the plan of one question over one table."""

    def __init__(
        self, question: str, table: Table, language: Language, title: str, *, analyzer: Analyzer, encoder: Encoder
    ) -> None:
        self._table = table
        self._analyzer = analyzer
        self._encoder = encoder
        self._columns = columns_of(table, analyzer)
        self._about = frozenset(analyzer.terms(f"{title} {table.caption}"))
        folded = analyzer.fold(question)
        original = unicodedata.normalize("NFKC", question)
        self._words = _Words(folded, original if len(original) == len(folded) else folded, language)
        self._draft = _Draft()
        self._value_places: list[tuple[int, int, int]] = []
        self._years: frozenset[int] = frozenset()

    def plan(self) -> Plan:
        words = self._words
        plural = words.search(table_words.PLURAL)
        self._take_values()
        self._take_headings()
        several = words.search(table_words.SEVERAL)
        pending = self._take_quantities()
        if table_words.BEYOND.search(words.text):
            raise _NoPlanError
        listed = plural or words.search(table_words.LIST)
        superlative, place = self._take_superlative()
        asked = {
            operation: match
            for operation, pattern in (
                ("average", table_words.AVERAGE),
                ("difference", table_words.DIFFERENCE),
                ("count", table_words.COUNT),
                ("sum", table_words.SUM),
            )
            if (match := words.search(pattern))
        }
        left = words.text
        if self._take_superlative()[0] or ("difference" not in asked and table_words.COMPARES.search(left)):
            raise _NoPlanError
        if table_words.OR.search(left) and not any(len(each.values) > 1 for each in self._draft.filters):
            raise _NoPlanError
        self._take_rest()
        for bounds in pending:
            self._filter_by(bounds)
        if superlative and place and not asked:
            return self._extreme(superlative, place[0], table_words.small_number(several) if several else 1)
        if superlative or several:
            raise _NoPlanError
        return self._operation(asked, listed)

    def _operation(self, asked: Mapping[str, re.Match[str]], listed: re.Match[str] | None) -> Plan:
        """The plan of any operation but an extreme, by what is asked."""
        match sorted(asked):
            case ["average"] if not listed:
                return self._calculated("average")
            case ["difference"]:
                return self._difference()
            case ["count"] | ["count", "sum"]:
                return self._count(asked["count"], "sum" in asked)
            case ["sum"] if not listed:
                return self._calculated("sum")
            case [] if listed:
                return self._list(listed)
        raise _NoPlanError

    # -- what the words of the question are -----------------------------------------------------------------------------

    def _take_values(self) -> None:
        """Takes out the cells that the question names, the longest first, and makes filters of them."""
        named: dict[int, list[str]] = {}
        text_columns = [i for i, column in enumerate(self._columns) if column.numbers is None and column.dates is None]
        values: dict[str, set[int]] = {}
        headings = {self._analyzer.fold(heading) for heading in self._table.headings}
        for i in text_columns:
            for value in self._columns[i].texts:
                if value not in headings and self._is_telling(value):
                    values.setdefault(value, set()).add(i)
        for value in sorted(values, key=len, reverse=True):
            while value in self._words.text and (match := re.search(table_words.bounded(value), self._words.text)):
                if len(values[value]) > 1:
                    raise _NoPlanError
                (column,) = values[value]
                self._value_places.append((*match.span(), column))
                self._words.take(*match.span())
                named.setdefault(column, []).append(value)
        for column, texts in named.items():
            self._filter_text(column, texts)

    def _filter_text(self, column: int, values: Sequence[str]) -> None:
        texts = self._columns[column].texts
        written = [self._written(column, texts.index(value)) for value in dict.fromkeys(values)]
        heading = self._table.headings[column]
        shown = (f"{heading}: " if heading else "") + ", ".join(written)
        self._draft.filters.append(Filter(column, "text", tuple(dict.fromkeys(values)), shown=shown))

    def _written(self, column: int, row: int) -> str:
        cell = self._table.rows[row].cells[column]
        return cell.text if cell else ""

    def _is_telling(self, value: str) -> bool:
        """Whether the value, where it stands in a question, can only be meant as such."""
        if re.search(r"[\u3400-\u9fff]", value):
            return len(value) > 1 and not self._is_light(value)
        return (len(value) > 2 or any(character.isdigit() for character in value)) and not self._is_light(value)

    def _take_headings(self) -> None:
        """Takes out the headings that the question names in full, the longest first."""
        named: dict[str, set[int]] = {}
        for i, heading in enumerate(self._table.headings):
            for name in {heading, PARENTHESES.sub("", heading).strip()}:
                folded = self._analyzer.fold(name)
                is_operation = table_words.SUM.fullmatch(folded) or table_words.AVERAGE.fullmatch(folded)
                if len(folded) > 1 and not is_operation and not folded.isdecimal():
                    named.setdefault(folded, set()).add(i)
        for name in sorted(named, key=len, reverse=True):
            while match := re.search(table_words.bounded(name), self._words.text):
                self._link(*match.span(), named[name], BY_TERMS)
                self._words.take(*match.span())

    def _link(self, start: int, end: int, columns: Iterable[int], sure: float) -> None:
        self._draft.links.append(_Link(start, end, frozenset(columns), sure))

    def _take_quantities(self) -> list[_Bounds]:
        """Takes out dates and numbers, with the words that make them bounds."""
        words = self._words
        left = "".join(" " if folded == " " else own for folded, own in zip(words.text, words.original, strict=True))
        pending = []
        for quantity in quantities.find(left, words.language):
            if quantity.bound in _UNSURE_BOUNDS:
                raise _NoPlanError
            before, after = left[: quantity.start].lower(), left[quantity.end :].lower()
            bounds = _date_bounds(quantity, before, after) if quantity.kind == "date" else _number_bounds(quantity, before)
            words.take(bounds.start, bounds.end)
            pending.append(bounds)
        return pending

    def _take_superlative(self) -> tuple[Superlative | None, re.Match[str] | None]:
        for superlative in table_words.SUPERLATIVES:
            if match := self._words.search(superlative.pattern):
                return superlative, match
        return None, None

    def _take_rest(self) -> None:
        """Accounts for every word that is left; each names a column, a part of a cell, the table, or nothing.

        Raises:
            _NoPlanError: A word does none of that.
        """
        names: list[tuple[int, int]] = []
        unknown: list[tuple[int, int]] = []
        for start, end in self._tokens():
            word = self._words.text[start:end]
            terms = self._analyzer.terms(word)
            if columns := self._columns_called(terms):
                self._link(start, end, *columns)
            elif self._is_light(word):
                continue
            elif terms and self._about.issuperset(terms):
                self._link(start, end, (), BY_TERMS)
            elif self._words.original[start].isupper() or not word.isascii():
                names.append((start, end))
            else:
                unknown.append((start, end))
        for start, end in [*self._not_parts_of_cells(names), *unknown]:
            if (column := self._column_like(self._words.text[start:end])) is None:
                raise _NoPlanError
            self._link(start, end, [column], BY_COSINE)

    def _tokens(self) -> Iterator[tuple[int, int]]:
        for match in _WORD.finditer(self._words.text):
            if match[0].isascii() or not re.match(r"[\u3400-\u9fff]", match[0]):
                yield match.span()
                continue
            start = match.start()
            for word in self._analyzer.jieba.lcut(match[0]):
                yield start, start + len(word)
                start += len(word)

    def _is_light(self, word: str) -> bool:
        terms = self._analyzer.terms(word)
        return bool(table_words.WHICH_ONE.fullmatch(word)) or all(
            term in table_words.light_terms(self._analyzer) for term in terms
        )

    def _columns_called(self, terms: Sequence[str]) -> tuple[frozenset[int], float] | None:
        """The columns whose headings share a word, else those whose headings say the same in another, and how surely."""
        wanted = {term for term in terms if term not in table_words.light_terms(self._analyzer)}
        if not wanted:
            return None
        own = [self._heading_terms(i) for i in range(len(self._columns))]
        for level, sure in ((0, BY_TERMS), (1, BY_TERMS)):
            if found := frozenset(i for i, names in enumerate(own) if wanted & names[level]):
                return found, sure
        concepts = [names for names in table_words.concepts(self._analyzer).values() if wanted & names]
        found = frozenset(i for i, names in enumerate(own) if any(concept & names[0] for concept in concepts))
        return (found, BY_CONCEPT) if found else None

    def _heading_terms(self, column: int) -> tuple[frozenset[str], frozenset[str]]:
        """The terms of a heading, and those of the unit in brackets."""
        heading = self._table.headings[column]
        within = " ".join(match["within"] or match["unit"] or "" for match in PARENTHESES.finditer(heading))
        light = table_words.light_terms(self._analyzer)
        outside = frozenset(self._analyzer.terms(PARENTHESES.sub(" ", heading)))
        return outside - light or outside, frozenset(self._analyzer.terms(within)) - light

    def _not_parts_of_cells(self, names: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """The names that are part of no cell; the others filter by the one cell that has all of those beside each other."""
        groups: list[list[tuple[int, int]]] = []
        for span in names:
            if groups and not self._words.original[groups[-1][-1][1] : span[0]].strip(" &.,'’-"):
                groups[-1].append(span)
            else:
                groups.append([span])
        left: list[tuple[int, int]] = []
        for group in groups:
            terms = {term for start, end in group for term in self._analyzer.terms(self._words.text[start:end])}
            cells = {
                (i, value)
                for i, column in enumerate(self._columns)
                if column.numbers is None and column.dates is None
                for value in set(column.texts)
                if value and terms <= table_words.terms_of(self._analyzer, value)
            }
            if len(cells) > 1:
                raise _NoPlanError
            if cells:
                ((column, value),) = cells
                if any(each.column == column for each in self._draft.filters):
                    raise _NoPlanError
                self._value_places.append((group[0][0], group[-1][1], column))
                self._filter_text(column, [value])
                self._draft.sure = min(self._draft.sure, BY_CONCEPT)
            else:
                left += group
        return left

    def _column_like(self, word: str) -> int | None:
        """The column whose heading the encoder takes for the same as a word, clearly apart from the second; None when unsure."""
        headings = [(i, heading) for i, heading in enumerate(self._table.headings) if heading]
        if len(word) < 2 or len(headings) < 2:
            return None
        vectors = self._encoder.encode_query([word, *(heading for _, heading in headings)])
        cosines = vectors[1:] @ vectors[0]
        second, first = sorted(range(len(headings)), key=lambda i: cosines[i])[-2:]
        sure = cosines[first] >= _SURE_COSINE and cosines[first] - cosines[second] >= _SURE_MARGIN
        return headings[first][0] if sure else None

    # -- conditions -----------------------------------------------------------------------------------------------------

    def _filter_by(self, bounds: _Bounds) -> None:
        """Makes a filter of a date or a number.

        Raises:
            _NoPlanError: It is not sure of which column it is said.
        """
        quantity = bounds.quantity
        dated = quantity.kind == "date"
        column, low, high = self._days_of(quantity) if dated else self._amounts_of(quantity, bounded=bool(bounds.sign))
        if column is None:
            return
        if dated and not bounds.included:
            # After 2025 is after its last day, and before it before its first.
            low, high = high, low
        self._draft.filters.append(
            Filter(
                column,
                "date" if dated else "number",
                low=low if bounds.sign in ("", ">") else None,
                high=high if bounds.sign in ("", "<") else None,
                is_open=not bounds.included,
                shown=f"{self._table.headings[column]}: {bounds.shown}",
            )
        )

    def _days_of(self, quantity: Quantity) -> tuple[int | None, Decimal, Decimal]:
        """The column that a date is a condition on, None where the year is in headings, and the first and last day that it names."""
        year = quantity.dates[0].year
        dated = [i for i, column in enumerate(self._columns) if column.dates is not None]
        if not dated:
            self._years = frozenset(i for i, heading in enumerate(self._table.headings) if str(year) in heading)
            if quantity.dates == (Date(year),) and (self._years or str(year) in self._about):
                return None, Decimal(0), Decimal(0)
            raise _NoPlanError
        column = self._nearest(quantity, dated)
        first, last = day_number(quantity.dates[0], first=True), day_number(quantity.dates[-1], first=False)
        if first is None or last is None:
            raise _NoPlanError
        partial = {value % 10000 == 0 or value % 100 == 0 for value in self._columns[column].dates or () if value}
        whole_years = not (quantity.dates[0].month or quantity.dates[-1].month or quantity.dates[0].period)
        if not year or (True in partial and not whole_years):
            raise _NoPlanError
        return column, Decimal(first), Decimal(last)

    def _amounts_of(self, quantity: Quantity, *, bounded: bool) -> tuple[int, Decimal, Decimal]:
        """The column that a number is a condition on, and the least and the most that it names, in that column's unit."""
        share = quantity.kind == "share"
        numeric = [
            i
            for i, column in enumerate(self._columns)
            if column.numbers is not None and column.is_share == share and not self._is_number_of_row(i)
        ]
        if len(same_unit := [i for i in numeric if quantity.unit and self._columns[i].unit == quantity.unit]) == 1:
            numeric = same_unit
        elif quantity.unit == "year old":
            numeric = [i for i in numeric if i in self._called("age")]
        named = {i for link in self._draft.links for i in link.columns}
        if not (quantity.unit or bounded or len(quantity.amounts) > 1 or named & set(numeric)):
            raise _NoPlanError
        column_number = self._nearest(quantity, numeric)
        column = self._columns[column_number]
        if column.scale is None or (quantity.unit and column.unit and quantity.unit != column.unit and not share):
            raise _NoPlanError
        scaled = bool(SCALE_IN_UNIT.search(quantity.written)) or bool(quantity.unit)
        if column.scale != 1 and not scaled:
            raise _NoPlanError
        return column_number, quantity.amounts[0] / column.scale, quantity.amounts[-1] / column.scale

    def _nearest(self, quantity: Quantity, columns: Sequence[int]) -> int:
        """The one of some columns that the question names nearest to a quantity, or the only one there is."""
        named = [
            (min(abs(link.start - quantity.end), abs(quantity.start - link.end)), min(link.columns & set(columns)))
            for link in self._draft.links
            if len(link.columns & set(columns)) == 1
        ]
        if len(columns) == 1:
            return columns[0]
        if not named:
            raise _NoPlanError
        return min(named)[1]

    def _is_number_of_row(self, column: int) -> bool:
        """Whether a column counts the rows or gives years: numbers that are no amounts."""
        numbers = [number for number in self._columns[column].numbers or () if number is not None]
        return numbers == list(range(1, len(numbers) + 1)) or self._columns[column].dates is not None

    # -- operations -----------------------------------------------------------------------------------------------------

    def _extreme(self, superlative: Superlative, word: str, most: int) -> Plan:
        order, dated = superlative.order, superlative.order in ("latest", "earliest")
        concept = superlative.concept
        if concept == "age" and not self._called(concept):
            order, dated, concept = ("earliest" if order == "highest" else "latest"), True, ""
        if dated and not any(column.dates is not None for column in self._columns):
            raise _NoPlanError
        # "the most contracts" counts; only a column of that name says how many.
        amounts = word in ("most", "least", "fewest", "最多", "最少")
        if any(each.field == "text" and len(each.values) == 1 and self._is_key(each.column) for each in self._draft.filters):
            # One row has no highest: something else is asked of it.
            raise _NoPlanError
        target = self._target(dated=dated, concept=concept, explicit=amounts)
        label = self._noun(
            re.compile(r"\b(?:which|what|who)\b|哪(?:一)?[个份家位名条项种台座件人笔所门本辆部只张户处艘款幢栋类次]?|谁"), target
        )
        return self._made(order, target, label, most=most)

    def _calculated(self, operation: Literal["sum", "average"]) -> Plan:
        target = self._target()
        if operation == "sum" and self._columns[target].is_share:
            raise _NoPlanError
        return self._made(operation, target, None)

    def _difference(self) -> Plan:
        target = self._target()
        named = [each for each in self._draft.filters if each.field == "text" and len(each.values) == 2]
        if len(named) != 1 or not self._is_key(named[0].column):
            raise _NoPlanError
        return self._made("difference", target, named[0].column)

    def _count(self, counted: re.Match[str], summed: bool) -> Plan:
        noun, is_value = self._counted(counted)
        # "how many are in the North region": what is counted is the rows of that region.
        is_value = is_value or any(each.column == noun and each.field == "text" for each in self._draft.filters)
        numeric = noun is not None and self._columns[noun].numbers is not None
        if numeric and noun is not None:
            if not summed or self._is_number_of_row(noun) or self._columns[noun].is_share:
                raise _NoPlanError
            return self._made("sum", noun, None)
        has_quantities = any(
            table_words.QUANTITIES.search(self._analyzer.fold(column.heading)) and column.numbers is not None
            for column in self._columns
        )
        if has_quantities and (noun is None or is_value):
            raise _NoPlanError
        if noun is None or self._is_key(noun):
            return self._made("count", None, noun)
        if is_value:
            return self._made("count", None, None)
        return self._made("count", noun, noun)

    def _counted(self, counted: re.Match[str]) -> tuple[int | None, bool]:
        """The column of what is counted, None for the rows; and whether it is named by the value of a cell."""
        items = [(link.start, link.end, link.columns, False) for link in self._draft.links]
        items += [(start, end, frozenset([column]), True) for start, end, column in self._value_places]
        items.sort(key=lambda item: item[:2])
        after = [item for item in items if item[0] >= counted.end() and self._only_light(counted.end(), item[0])]
        word = next((self._words.text[a:b] for a, b in self._tokens() if a >= counted.end()), "")
        if after and word not in table_words.ROWS:
            _, end, columns, is_value = after[0]
            # "how many Brenner contracts": the noun follows the name.
            following = [item for item in items if item[0] >= end and self._only_light(end, item[0]) and not item[3]]
            if is_value and following:
                return self._one(following[0][2]), False
            return self._one(columns), is_value
        if not counted[0].isascii():
            # In Chinese the noun may come first, and conditions between: 合同金额超过1万的有几份.
            conditions = {each.column for each in self._draft.filters}
            before = [item for item in items if item[1] <= counted.start() and not item[2] & conditions]
            if before:
                return self._one(before[-1][2]), False
            if any(is_value for *_, is_value in items):
                return None, True
        if not self._draft.filters and word not in table_words.ROWS:
            raise _NoPlanError
        return None, False

    def _only_light(self, start: int, end: int) -> bool:
        return not any(start <= link.start < end for link in self._draft.links) and all(
            self._is_light(self._words.text[a:b]) for a, b in self._tokens() if start <= a < end
        )

    def _one(self, columns: frozenset[int]) -> int | None:
        """The only column of these; None for none, which is the table itself."""
        if len(columns) > 1:
            raise _NoPlanError
        return next(iter(columns), None)

    def _list(self, listed: re.Match[str]) -> Plan:
        noun = self._noun(listed, None)
        if noun is not None and self._columns[noun].numbers is not None:
            raise _NoPlanError
        if noun is None and not self._draft.filters and not self._draft.links:
            raise _NoPlanError
        return self._made("list", None, noun)

    def _target(self, *, dated: bool = False, concept: str = "", explicit: bool = False) -> int:
        """The column of numbers, or dates, that the question is about."""
        able = {
            i
            for i, column in enumerate(self._columns)
            if (column.dates if dated else column.numbers) is not None and (dated or not self._is_number_of_row(i))
        }
        taken = {each.column for each in self._draft.filters}
        named = [link for link in self._draft.links if link.columns & able]
        wanted = [link for link in named if not link.columns & able <= taken] or named
        if wanted:
            columns = able.intersection(*(link.columns for link in wanted))
            if len(columns) > 1 and self._years & columns:
                columns &= self._years
            if len(columns) != 1:
                raise _NoPlanError
            self._draft.sure = min([self._draft.sure, *(link.sure for link in wanted)])
        elif explicit:
            raise _NoPlanError
        elif concept:
            columns = self._called(concept) & able
            self._draft.sure = min(self._draft.sure, BY_CONCEPT)
        else:
            # Nothing names it: the only column of amounts is meant, and numbers that look like years may be none.
            columns = able & self._years or {i for i in able if dated or not may_be_years(self._columns[i])}
            self._draft.sure = min(self._draft.sure, BY_CONCEPT)
        if len(columns) != 1 or (self._years and not columns <= self._years):
            raise _NoPlanError
        return columns.pop()

    def _called(self, concept: str) -> set[int]:
        names = table_words.concepts(self._analyzer)[concept]
        return {i for i in range(len(self._columns)) if names & self._heading_terms(i)[0]}

    def _noun(self, asking: re.Pattern[str] | re.Match[str], target: int | None) -> int | None:
        """The column that is asked for: the one named after the words that ask; None where it is not said."""
        match = asking if isinstance(asking, re.Match) else asking.search(self._words.text)
        if match is None:
            return None
        names = sorted((link for link in self._draft.links if link.start >= match.end()), key=lambda link: link.start)
        first = next(iter(names), None)
        if first is None or not self._only_light(match.end(), first.start) or len(first.columns) != 1:
            return None
        (column,) = first.columns
        called = self._columns[column]
        return column if column != target and called.numbers is None and called.dates is None else None

    def _is_key(self, column: int) -> bool:
        """Whether a column calls every row by a name of its own."""
        texts = self._columns[column].texts
        return all(texts) and len(set(texts)) == len(texts)

    def _are_joined(self, named: Filter) -> bool:
        """Whether the values that the question names stand beside each other: "with A and B", not "that A has with B"."""
        places = sorted(place[:2] for place in self._value_places if place[2] == named.column)
        gaps = (self._words.original[end:start] for (_, end), (start, _) in pairwise(places))
        return all(table_words.JOINS.fullmatch(gap) for gap in gaps)

    def _made(self, operation: Operation, target: int | None, label: int | None, most: int = 1) -> Plan:
        """The plan, if every column that the question names has a part in it."""
        draft = self._draft
        # A column of which only some cells are amounts gives no names.
        keys = [
            i
            for i, column in enumerate(self._columns)
            if column.numbers is None and column.dates is None and not has_amounts(column) and self._is_key(i)
        ]
        called = label if label is not None else keys[0] if keys else 0
        # A name of the rows, and a date that all of them have, narrow nothing down.
        full = {i for i, column in enumerate(self._columns) if column.dates is not None and None not in column.dates}
        if operation != "difference" and any(len(each.values) > 1 and not self._are_joined(each) for each in draft.filters):
            raise _NoPlanError
        parts = {target, label, *(each.column for each in draft.filters), called, *full}
        if operation == "list":
            parts |= {i for i, column in enumerate(self._columns) if column.numbers is not None or column.dates is not None}
        for link in draft.links:
            if link.columns and not link.columns & parts:
                raise _NoPlanError
            if link.columns & parts:
                draft.sure = min(draft.sure, link.sure)
        if self._years and target not in self._years:
            raise _NoPlanError
        return Plan(operation, self._table, called, target, tuple(draft.filters), most, draft.sure, self._columns)


def _date_bounds(quantity: Quantity, before: str, after: str) -> _Bounds:
    """A date with the words around it that make it a bound."""
    for pattern, sign, included in (
        (table_words.BEFORE_DATE, "<", False),
        (table_words.AFTER_DATE, ">", False),
        (table_words.SINCE_DATE, "" if len(quantity.dates) > 1 else ">", True),
    ):
        if match := pattern.search(before):
            return _Bounds(quantity, match.start(), quantity.end, sign, included)
    if follows := table_words.DATE_FOLLOWS.match(after):
        sign, included = ("<" if follows["before"] else ">"), bool(follows["since"])
        return _Bounds(quantity, quantity.start, quantity.end + follows.end(), sign, included)
    return _Bounds(quantity, quantity.start, quantity.end)


def _number_bounds(quantity: Quantity, before: str) -> _Bounds:
    """A number with the words before it that make it a bound, besides those that it has itself."""
    for pattern, sign, included in (
        (table_words.GREATER, ">", False),
        (table_words.LESS, "<", False),
        (table_words.AT_MOST, "<", True),
        (table_words.AT_LEAST, ">", True),
    ):
        if match := pattern.search(before):
            return _Bounds(quantity, match.start(), quantity.end, sign, included)
    written = quantity.written
    sign = _SIGNS.get(quantity.bound, "")
    # 10000以上 includes 10000, "over 10,000" does not.
    included = quantity.bound in ("", "at least", "at most") or "以上" in written or "以下" in written
    return _Bounds(quantity, quantity.start, quantity.end, sign, included)
