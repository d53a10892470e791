"""The sentence that answers a question over a table, in Chinese and English: the result, the operation and the rows it covers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from rag.answering.composing.wording import COLON, COMMA, SEMICOLON
from rag.answering.table_answers.calculation import Outcome
from rag.answering.table_answers.columns import PARENTHESES, Column, shortest
from rag.answering.table_answers.plans import Operation, Plan
from rag.documents import tables
from rag.documents.tables import Row
from rag.text import quantities
from rag.text.quantities import Quantity
from rag.types import Language

_EXTREMES_ZH: dict[Operation, str] = {"highest": "最大", "lowest": "最小", "latest": "最晚", "earliest": "最早"}
_AGGREGATES_ZH: dict[Operation, str] = {"sum": "之和", "average": "平均值"}


def first_line(plan: Plan, outcome: Outcome, rows: Sequence[Row], language: Language) -> str:
    """Words an outcome in one line without markers.

    Args:
        plan: The plan that gave the outcome.
        outcome: The result.
        rows: The first of the outcome's rows: those that are cited.
        language: The language of the line.
    """
    notes = _notes_zh(plan, outcome, rows) if language == "zh" else _notes_en(plan, outcome, rows)
    shown, both = _result(plan, outcome, rows, language), SEMICOLON.in_language(language).join(notes)
    return f"{shown}（{both}）" if language == "zh" else f"{shown} ({both})"


def deciding_cells(plan: Plan, row: Row, language: Language) -> str:
    """Words what a row adds to the outcome: its name, the cell that is compared or calculated with, and those that conditions are on."""
    shown = [] if plan.target is None else [plan.target]
    if plan.operation in ("most", "fewest"):
        shown = [i for i, column in enumerate(plan.columns) if column.is_text and column.is_key][:1]
    shown += [each.column for each in plan.filters if each.column not in (plan.label, *shown)]
    name = _text(row, plan.label)
    columns = dict.fromkeys(i for i in shown if i != plan.label or not name)
    cells = [
        _with_unit(text, plan.columns[i], language) if i == plan.target else _labelled(plan, i, text, language)
        for i in columns
        if (text := _text(row, i))
    ]
    colon = COLON.in_language(language)
    return colon.join(filter(None, [name, SEMICOLON.in_language(language).join(cells)])) or "—"


def _labelled(plan: Plan, column: int, text: str, language: Language) -> str:
    heading = PARENTHESES.sub("", plan.columns[column].heading).strip()
    return COLON.in_language(language).join(filter(None, [heading, _with_unit(text, plan.columns[column], language)]))


def cells_of(plan: Plan, outcome: Outcome) -> list[str]:
    """Returns the texts that a lookup found, without those that stand for a missing value."""
    assert plan.target is not None
    texts = (_text(plan.table.rows[row], plan.target) for row in outcome.rows)
    return [text for text in texts if text and not tables.is_missing(text)]


def looked_up(plan: Plan, rows: Sequence[Row], markers: Sequence[str], language: Language) -> str:
    """Words the cells that a lookup found, each with its unit, the row and the column, and its marker."""
    assert plan.target is not None
    column = plan.columns[plan.target]
    # 否（需要发票）, not 否（是否需要发票）.
    heading = PARENTHESES.sub("", column.heading).strip().removeprefix("是否")
    shown = []
    for row, mark in zip(rows, markers, strict=True):
        value = _with_unit(_text(row, plan.target), column, language) or {"zh": "没有填写", "en": "not given"}[language]
        named = _named(plan, row)
        about = COMMA.in_language(language).join(filter(None, [*named, heading]))
        shown.append(f"{value}（{about}）{mark}" if language == "zh" else f"{value} ({about}){mark}")
    return SEMICOLON.in_language(language).join(shown)


def _named(plan: Plan, row: Row) -> list[str]:
    """Returns the cells that tell a row apart: those that the question names, and its name."""
    columns = [each.column for each in plan.filters if each.field == "text"]
    if len(plan.table.rows) > 1:
        columns.append(plan.label)
    return [text for i in sorted(set(columns) - {plan.target}) if (text := _text(row, i))]


def _with_unit(text: str, column: Column, language: Language) -> str:
    """Returns a number with the unit that its heading or the text above the table gives; any other text as it is."""
    unit = column.stated or next((m["within"] or m["unit"] or "" for m in PARENTHESES.finditer(column.heading)), "")
    is_unit = bool(unit) and len(unit) <= 24 and not any(character.isdigit() for character in unit)
    if tables.plain_number(text.strip("()（）")) is None or not is_unit:
        return text
    return f"{text}{unit}" if language == "zh" and not unit.isascii() else f"{text} {unit}"


def _notes_en(plan: Plan, outcome: Outcome, rows: Sequence[Row]) -> list[str]:
    notes = [_groups(plan, outcome, "en") or _operation_en(plan, outcome, rows)]
    if outcome.empty:
        notes.append(f"{_rows(outcome.empty)} without a value left out")
    if left := len(outcome.rows) - len(rows):
        notes.append(f"{_rows(left)} more not shown")
    return notes


def _groups(plan: Plan, outcome: Outcome, language: Language) -> str:
    """Words the operation that counts the rows of each value; empty for all others."""
    if plan.operation not in ("most", "fewest"):
        return ""
    heading, over = plan.columns[plan.label].heading, outcome.matching - outcome.empty
    conditions = _conditions(plan, language)
    if language == "en":
        condition = f" with “{conditions}”" if conditions else ""
        return f"{plan.operation} rows by “{heading}”, of {_rows(over)}{condition}; counted over the cited rows"
    condition = f"符合“{conditions}”的" if conditions else ""
    return f"{condition}共{over}行中按“{heading}”计行数{'最多' if plan.operation == 'most' else '最少'}；由所引各行数出"


def _operation_en(plan: Plan, outcome: Outcome, rows: Sequence[Row]) -> str:
    heading, total = _heading(plan, "en"), len(plan.table.rows)
    condition = f" with “{_conditions(plan, 'en')}”" if plan.filters else ""
    over = _rows(outcome.matching - outcome.empty)
    match plan.operation:
        case "highest" | "lowest" | "latest" | "earliest":
            return f"{f'{plan.limit} ' if plan.limit > 1 else ''}{plan.operation} {heading} of {over}{condition}"
        case "list":
            return f"{outcome.matching} of {_rows(total)}{condition}"
        case "count" if plan.target is not None:
            return f"different values of {heading} in {_rows(outcome.matching)}{condition}; counted over the cited rows"
        case "count":
            return (
                f"rows{condition}, of {total} in all; counted over the cited rows" if condition else "all rows; counted over them"
            )
        case "difference":
            names = " and ".join(_text(row, plan.label) for row in rows)
            return f"difference in {heading} between {names}; computed from the cited rows"
        case _:
            return f"{plan.operation} of {heading} over {over}{condition}; computed from the cited rows"


def _notes_zh(plan: Plan, outcome: Outcome, rows: Sequence[Row]) -> list[str]:
    notes = [_groups(plan, outcome, "zh") or _operation_zh(plan, outcome, rows)]
    if outcome.empty:
        notes.append(f"另有{outcome.empty}行没有数值")
    if left := len(outcome.rows) - len(rows):
        notes.append(f"另有{left}行未列出")
    return notes


def _operation_zh(plan: Plan, outcome: Outcome, rows: Sequence[Row]) -> str:
    heading, total = _heading(plan, "zh"), len(plan.table.rows)
    condition = f"符合“{_conditions(plan, 'zh')}”的" if plan.filters else ""
    over = outcome.matching - outcome.empty
    match plan.operation:
        case "highest" | "lowest" | "latest" | "earliest":
            several = f"的前{plan.limit}" if plan.limit > 1 else ""
            return f"{condition}共{over}行中{heading}{_EXTREMES_ZH[plan.operation]}{several}"
        case "list":
            return f"{condition}共{outcome.matching}行，全表{total}行"
        case "count" if plan.target is not None:
            return f"{condition}共{outcome.matching}行中{heading}的不同值；由所引各行数出"
        case "count":
            return f"{condition}行数，全表{total}行；由所引各行数出" if condition else "全表的行数；由所引各行数出"
        case "difference":
            return f"{'和'.join(_text(row, plan.label) for row in rows)}的{heading}之差；由所引各行算出"
        case _:
            return f"{condition or '共'}{over}行的{heading}{_AGGREGATES_ZH[plan.operation]}；由所引各行算出"


def _result(plan: Plan, outcome: Outcome, rows: Sequence[Row], language: Language) -> str:
    """Words the answer itself: the names of rows, with the values that decide, or a number."""
    names = [_text(row, plan.label) for row in rows]
    if plan.operation == "list":
        return COMMA.in_language(language).join(dict.fromkeys(filter(None, names)))
    if plan.operation == "count":
        return f"{outcome.value:f}"
    if plan.operation in ("most", "fewest"):
        return f"{COMMA.in_language(language).join(dict.fromkeys(names))}{COLON.in_language(language)}{outcome.value:f}"
    assert plan.target is not None
    if outcome.value is None:
        pairs = ((name, _text(row, plan.target)) for name, row in zip(names, rows, strict=True))
        return SEMICOLON.in_language(language).join(
            COMMA.in_language(language).join(dict.fromkeys(filter(None, pair))) for pair in pairs
        )
    about = "" if outcome.exact else "约" if language == "zh" else "about "
    return about + _amount(plan, plan.target, outcome.value, rows, language)


def _amount(plan: Plan, target: int, value: Decimal, rows: Sequence[Row], language: Language) -> str:
    """Writes a calculated number as the cells of its column are written."""
    column = plan.columns[target]
    texts = [_text(row, target) for row in rows]
    if not (column.before or column.after) and any(tables.plain_number(text) is None for text in texts):
        return quantities.render(Quantity(0, 0, f"{value:f}", "measure", (shortest(value),), unit=column.unit), language)
    digits = f"{abs(value):{',' if any(',' in text for text in texts) else ''}f}"
    return f"{'-' if value < 0 else ''}{column.before}{digits}{column.after}"


def _heading(plan: Plan, language: Language) -> str:
    """Quotes the heading of the target column, with a unit that is given only above the table."""
    if plan.target is None:
        return ""
    column = plan.columns[plan.target]
    return f"“{column.heading}{f'{COMMA.in_language(language)}{column.stated}' if column.stated else ''}”"


def _conditions(plan: Plan, language: Language) -> str:
    return SEMICOLON.in_language(language).join(each.shown for each in plan.filters)


def _rows(count: int) -> str:
    return f"{count} row" if count == 1 else f"{count} rows"


def _text(row: Row, column: int) -> str:
    cell = row.cells[column]
    return cell.text if cell else ""
