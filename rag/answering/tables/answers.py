"""Questions that need a whole table: the highest and lowest, how many, sums, averages, differences, and lists of rows.

Rules make a plan of the question (`rag.answering.tables.plans`), SQLite carries it out, and the answer names the operation and
over how many rows, and cites the rows. A question without a sure plan is answered as any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

from embeddings.encoder import Encoder
from rag.answering.citations import cite, marker
from rag.answering.composing import Statement
from rag.answering.tables import words as table_words
from rag.answering.tables.columns import shortest
from rag.answering.tables.plans import Operation, Plan, plan
from rag.documents import tables
from rag.documents.tables import Row
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.quantities import Quantity
from rag.types import Document, Language, SearchResult

GetDocument = Callable[[str], Document]

_MOST_CITED = 20
_MOST_TABLES = 3
_EXTREMES: dict[Language, dict[Operation, str]] = {
    "zh": {"highest": "最大", "lowest": "最小", "latest": "最晚", "earliest": "最早"},
    "en": {"highest": "highest", "lowest": "lowest", "latest": "latest", "earliest": "earliest"},
}
_CALCULATED: dict[Operation, dict[Language, str]] = {
    "sum": {"zh": "之和", "en": "sum"},
    "average": {"zh": "平均值", "en": "average"},
    "difference": {"zh": "之差", "en": "difference"},
}
_BETWEEN: dict[Language, str] = {"zh": "，", "en": ", "}
_APART: dict[Language, str] = {"zh": "；", "en": "; "}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What SQLite made of a plan: the rows that decide, in order, and the number, if one is worked out.

    `matching` is how many rows meet the conditions, `empty` how many of these have no value in the target column. A value that
    had to be rounded is not `exact`.
    """

    rows: tuple[int, ...]
    matching: int
    empty: int = 0
    value: Decimal | None = None
    exact: bool = True


@dataclass(frozen=True, slots=True)
class TableAnswer:
    """An answer that was worked out over a table, or one for each of several documents."""

    statements: tuple[Statement, ...]
    confidence: float


def answer(
    question: str,
    results: Sequence[SearchResult],
    language: Language,
    document: GetDocument,
    *,
    analyzer: Analyzer,
    encoder: Encoder,
) -> TableAnswer | None:
    """The answer that is worked out over a table of which a row was found; None when the question is not surely such a one.

    Tables of several documents that fit equally well are answered for each apart, under its title.

    Args:
        question: In Chinese or English.
        results: What the search found.
        language: That of the question.
        document: Gives the document of an id.
        analyzer: What makes the search terms.
        encoder: Finds headings that the question names in other words.
    """
    if not table_words.ASKS.search(analyzer.fold(question)):
        return None
    found = dict.fromkeys(result.chunk.document_id for result in results if tables.looks_like_row(result.chunk.text))
    plans = [
        (source, made)
        for source in map(document, found)
        for table in tables.find(source.text)
        if (made := plan(question, table, language, source.title, analyzer=analyzer, encoder=encoder))
    ]
    surest = max((made.sure for _, made in plans), default=0.0)
    worked_out = [(source, made, run(made)) for source, made in plans if made.sure == surest]
    answered = [(source, made, outcome) for source, made, outcome in worked_out if outcome is not None]
    if not answered or len(worked_out) > _MOST_TABLES:
        return None
    return TableAnswer(tuple(_statements(answered, language)), surest)


# -- working out --------------------------------------------------------------------------------------------------------


def run(made: Plan) -> Outcome | None:
    """Carries out a plan in SQLite, exactly: numbers go in as whole numbers of their smallest decimal.

    Returns:
        What came out; None when no row meets the conditions, or a number is beyond SQLite's whole numbers, or a sum over all rows
        is not what the table itself gives as its total.
    """
    decimals = {i: _decimals(made, i) for i in range(len(made.columns))}
    conditions, parameters = _conditions(made, decimals)
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            _fill(connection, made, decimals)
            return _worked_out(_Query(connection, made, conditions, parameters), decimals)
        except (OverflowError, sqlite3.OperationalError):  # of whole numbers
            return None


@dataclass(frozen=True, slots=True)
class _Query:
    """The rows that meet the conditions of a plan. Names of columns are made of their numbers; what a cell says is a parameter."""

    connection: sqlite3.Connection
    made: Plan
    conditions: str
    parameters: Sequence[object]

    @property
    def value(self) -> str:
        """The column in SQL that is compared, summed or counted."""
        kind = {"latest": "d", "earliest": "d", "count": "t"}.get(self.made.operation, "n")
        return "NULL" if self.made.target is None else f"{kind}{self.made.target}"

    def rows(self, more: str = "", order: str = "row", parameters: Sequence[object] = ()) -> tuple[int, ...]:
        sql = f"SELECT row FROM cells WHERE {self.conditions}{more} ORDER BY {order}"
        return tuple(row for (row,) in self.connection.execute(sql, [*self.parameters, *parameters]))

    def number(self, sql: str) -> int:
        (number,) = self.connection.execute(f"SELECT {sql} FROM cells WHERE {self.conditions}", self.parameters).fetchone()
        return int(number)

    def extreme(self, direction: Literal["ASC", "DESC"]) -> tuple[int, ...]:
        """The rows of the so many highest or lowest values, and those of the same value as the last of them."""
        last, compare = ("min", ">=") if direction == "DESC" else ("max", "<=")
        bound = (
            f"SELECT {last}(v) FROM (SELECT {self.value} AS v FROM cells WHERE {self.conditions} AND {self.value} IS NOT NULL"
            f" ORDER BY v {direction} LIMIT ?)"
        )
        more = f" AND {self.value} IS NOT NULL AND {self.value} {compare} ({bound})"
        return self.rows(more, f"{self.value} {direction}, row", [*self.parameters, self.made.most])

    def different(self) -> tuple[int, ...]:
        """The first row of each different value."""
        sql = f"SELECT min(row) FROM cells WHERE {self.conditions} AND {self.value} <> '' GROUP BY {self.value} ORDER BY 1"
        return tuple(row for (row,) in self.connection.execute(sql, self.parameters))


def _worked_out(query: _Query, decimals: Mapping[int, int]) -> Outcome | None:
    made, matching = query.made, query.number("count(*)")
    if not matching:
        return None
    if made.target is None:
        return Outcome(query.rows(), matching, value=Decimal(matching))
    if made.operation == "count":
        rows = query.different()
        return Outcome(rows, matching, value=Decimal(len(rows))) if rows else None
    empty = matching - query.number(f"count({query.value})")
    if empty == matching:
        return None
    if made.operation in _EXTREMES["en"]:
        rows = query.extreme("DESC" if made.operation in ("highest", "latest") else "ASC")
        return Outcome(rows, matching, empty)
    return _calculated(query, decimals[made.target], matching, empty)


def _calculated(query: _Query, places: int, matching: int, empty: int) -> Outcome | None:
    """A sum, average or difference of numbers with so many decimals; None when it is not sure."""
    made = query.made
    rows = query.rows(f" AND {query.value} IS NOT NULL")
    aggregate = f"max({query.value}) - min({query.value})" if made.operation == "difference" else f"sum({query.value})"
    value, exact = Decimal(query.number(aggregate)).scaleb(-places), True
    if made.operation == "average":
        value, exact = _mean(value, len(rows), places)
    unsure = (made.operation == "difference" and len(rows) != 2) or (
        made.operation == "sum" and not made.filters and not _agrees(made, value)
    )
    return None if unsure else Outcome(rows, matching, empty, value, exact)


def _decimals(made: Plan, column: int) -> int:
    """How many decimals the numbers of a column and what they are compared with have at most."""
    numbers = [number for number in made.columns[column].numbers or () if number is not None]
    bounds = [bound for each in made.filters if each.column == column for bound in (each.low, each.high) if bound is not None]
    return max((max(0, -int(number.as_tuple().exponent)) for number in [*numbers, *bounds]), default=0)


def _fill(connection: sqlite3.Connection, made: Plan, decimals: Mapping[int, int]) -> None:
    used = sorted({made.target, *(each.column for each in made.filters)} - {None}, key=lambda i: i or 0)
    names = [f"{kind}{i}" for i in used for kind in "tnd"]
    connection.execute(f"CREATE TABLE cells (row INTEGER PRIMARY KEY{''.join(f', {name}' for name in names)})")
    rows = []
    for row in range(len(made.table.rows)):
        values: list[object] = [row]
        for i in used:
            assert i is not None
            column = made.columns[i]
            number = column.numbers[row] if column.numbers else None
            values += [
                column.texts[row],
                None if number is None else int(number.scaleb(decimals[i])),
                column.dates[row] if column.dates else None,
            ]
        rows.append(values)
    connection.executemany(f"INSERT INTO cells VALUES ({', '.join('?' * (1 + len(names)))})", rows)


def _conditions(made: Plan, decimals: Mapping[int, int]) -> tuple[str, list[object]]:
    """The conditions in SQL, and the parameters for them."""
    parts = ["1"]
    parameters: list[object] = []
    for each in made.filters:
        name = f"{each.field[0]}{each.column}"
        if each.field == "text":
            parts.append(f"{name} IN ({', '.join('?' * len(each.values))})")
            parameters += each.values
        for bound, sign in ((each.low, ">"), (each.high, "<")):
            if bound is not None:
                parts.append(f"{name} {sign}{'' if each.is_open else '='} ?")
                parameters.append(int(bound.scaleb(decimals[each.column] if each.field == "number" else 0)))
    return " AND ".join(parts), parameters


def _mean(total: Decimal, count: int, places: int) -> tuple[Decimal, bool]:
    """A sum divided by a count, rounded to two decimals more than the numbers have; and whether that is exact."""
    with localcontext(prec=60):
        mean = (total / count).quantize(Decimal(1).scaleb(-max(2, places + 2)), ROUND_HALF_EVEN)
        exact = mean * count == total
    return (shortest(mean) if exact else mean), exact


def _agrees(made: Plan, total: Decimal) -> bool:
    """Whether a sum over all rows is what the table gives as its total, if it does."""
    assert made.target is not None
    for row in made.table.totals:
        first = next(cell.text for cell in row.cells if cell)
        cell = row.cells[made.target]
        column = made.columns[made.target]
        text = cell.text.removeprefix(column.before).removesuffix(column.after) if cell else ""
        given = tables.plain_number(text)
        if table_words.SUM.search(first.lower()) and len(made.table.totals) == 1 and given is not None and given != total:
            return False
    return True


def _statements(answered: Sequence[tuple[Document, Plan, Outcome]], language: Language) -> Iterator[Statement]:
    """For each table the answer in one line, then the rows that decide, each with its citation."""
    number = 1
    for i, (source, made, outcome) in enumerate(answered):
        rows = [made.table.rows[row] for row in outcome.rows[:_MOST_CITED]]
        citations = tuple(cite(source, number + n, row.start, row.end, made.sure) for n, row in enumerate(rows))
        markers = [marker(citation.number) for citation in citations]
        label = (f"{source.title}：" if language == "zh" else f"{source.title}: ") if len(answered) > 1 else ""
        words = _in_chinese(made, outcome, rows) if language == "zh" else _in_english(made, outcome, rows)
        evidence = "".join(f"\n- {citation.quote}{mark}" for citation, mark in zip(citations, markers, strict=True))
        yield Statement(("\n\n" if i else "") + f"{label}{words}{''.join(markers)}\n{evidence}", citations)
        number += len(citations)


def _in_english(made: Plan, outcome: Outcome, rows: Sequence[Row]) -> str:
    heading, of = _heading(made, "en"), len(made.table.rows)
    condition = f" with “{_conditions_shown(made, 'en')}”" if made.filters else ""
    over = _rows(outcome.matching - outcome.empty)
    match made.operation:
        case "highest" | "lowest" | "latest" | "earliest":
            how = f"{f'{made.most} ' if made.most > 1 else ''}{made.operation} {heading} of {over}{condition}"
        case "list":
            how = f"{outcome.matching} of {_rows(of)}{condition}"
        case "count" if made.target is not None:
            how = f"different values of {heading} in {_rows(outcome.matching)}{condition}; counted over the cited rows"
        case "count":
            how = f"rows{condition}, of {of} in all; counted over the cited rows" if condition else "all rows; counted over them"
        case "difference":
            called = " and ".join(_text(row, made.label) for row in rows)
            how = f"difference in {heading} between {called}; computed from the cited rows"
        case _:
            how = f"{_CALCULATED[made.operation]['en']} of {heading} over {over}{condition}; computed from the cited rows"
    notes = [how]
    if outcome.empty:
        notes.append(f"{_rows(outcome.empty)} without a value left out")
    if left := len(outcome.rows) - len(rows):
        notes.append(f"{_rows(left)} more not shown")
    return f"{_said(made, outcome, rows, 'en')} ({'; '.join(notes)})"


def _in_chinese(made: Plan, outcome: Outcome, rows: Sequence[Row]) -> str:
    heading, of = _heading(made, "zh"), len(made.table.rows)
    condition = f"符合“{_conditions_shown(made, 'zh')}”的" if made.filters else ""
    over = outcome.matching - outcome.empty
    match made.operation:
        case "highest" | "lowest" | "latest" | "earliest":
            several = f"的前{made.most}" if made.most > 1 else ""
            how = f"{condition}共{over}行中{heading}{_EXTREMES['zh'][made.operation]}{several}"
        case "list":
            how = f"{condition}共{outcome.matching}行，全表{of}行"
        case "count" if made.target is not None:
            how = f"{condition}共{outcome.matching}行中{heading}的不同值；由所引各行数出"
        case "count":
            how = f"{condition}行数，全表{of}行；由所引各行数出" if condition else "全表的行数；由所引各行数出"
        case "difference":
            how = f"{'和'.join(_text(row, made.label) for row in rows)}的{heading}之差；由所引各行算出"
        case _:
            how = f"{condition or '共'}{over}行的{heading}{_CALCULATED[made.operation]['zh']}；由所引各行算出"
    notes = [how]
    if outcome.empty:
        notes.append(f"另有{outcome.empty}行没有数值")
    if left := len(outcome.rows) - len(rows):
        notes.append(f"另有{left}行未列出")
    return f"{_said(made, outcome, rows, 'zh')}（{'；'.join(notes)}）"


def _said(made: Plan, outcome: Outcome, rows: Sequence[Row], language: Language) -> str:
    """The answer itself: what rows are called, with the values that decide, or a number."""
    called = [_text(row, made.label) for row in rows]
    if made.operation == "list":
        return _BETWEEN[language].join(dict.fromkeys(filter(None, called)))
    if made.operation in _EXTREMES["en"]:
        assert made.target is not None
        pairs = ((name, _text(row, made.target)) for name, row in zip(called, rows, strict=True))
        return _APART[language].join(_BETWEEN[language].join(dict.fromkeys(filter(None, pair))) for pair in pairs)
    assert outcome.value is not None
    if made.operation == "count":
        return f"{outcome.value:f}"
    about = "" if outcome.exact else "约" if language == "zh" else "about "
    return about + _amount(made, outcome.value, rows, language)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _text(row: Row, column: int) -> str:
    cell = row.cells[column]
    return cell.text if cell else ""


def _heading(made: Plan, language: Language) -> str:
    """The heading of the target column in quotation marks, with the unit that stands only above the table."""
    if made.target is None:
        return ""
    column = made.columns[made.target]
    return f"“{column.heading}{f'{_BETWEEN[language]}{column.stated}' if column.stated else ''}”"


def _conditions_shown(made: Plan, language: Language) -> str:
    return _APART[language].join(each.shown for each in made.filters)


def _amount(made: Plan, value: Decimal, rows: Sequence[Row], language: Language) -> str:
    """A number that was worked out, written as those of its column are."""
    assert made.target is not None
    column = made.columns[made.target]
    texts = [_text(row, made.target) for row in rows]
    if not (column.before or column.after) and any(tables.plain_number(text) is None for text in texts):
        return quantities.render(Quantity(0, 0, f"{value:f}", "measure", (shortest(value),), unit=column.unit), language)
    digits = f"{abs(value):{',' if any(',' in text for text in texts) else ''}f}"
    return f"{'-' if value < 0 else ''}{column.before}{digits}{column.after}"
