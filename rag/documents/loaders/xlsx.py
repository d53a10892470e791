"""Reads Excel workbooks: each sheet is a section, each row a line that keeps its headings."""

from __future__ import annotations

import logging
import re
import warnings
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.documents.loaders.base import document_id
from rag.documents.loaders.office import bounded, office_file, with_sheet_properties
from rag.documents.loaders.table_rows import Cell, Label, rows_as_lines
from rag.documents.loaders.xlsx_formulas import Formulas, NotComputedError
from rag.documents.loaders.xlsx_sheets import Sheet
from rag.errors import LoadError
from rag.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_log = logging.getLogger("yinju")
_MAX_UNPACKED = 500_000_000
_MAX_COLUMNS = 1000
_SPARSE = 0.1
_MAX_CELLS = 20_000_000
_MAX_FORMULA_CELLS = 500_000
_EXACT = 2**53
_NOT_COMPUTED = "not computed"
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[\$([^\]-]*)[^\]]*\]|_.|\*.|\[[^\]]*\]')
# Text, digits with or without groups of three, decimals, text.
_NUMBER_FORMAT = re.compile(r"(?P<before>[^#0?]*)(?P<groups>[#0?]+(?:,[#0?]{3})*)(?:\.(?P<decimals>[0#?]+))?(?P<after>[^#0?,.]*)")
_UNIT = re.compile(r"(?:[^\W\d_]|[-+ ()%/.°²³]|[^\x00-\x7f]|\$)*")


class XlsxLoader:
    """Reads the visible sheets. A formula has the value that it had when the workbook was saved.

    If the workbook was saved without values, simple formulas are computed; a warning names the first cell of the others, whose text
    is "not computed".
    """

    suffixes = (".xlsx", ".xlsm")

    def __call__(self, data: bytes, source: str) -> Document:
        with office_file(data, source, "an Excel file (.xlsx)", _MAX_UNPACKED) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions, which are not read
            import openpyxl

            workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            text = "".join(bounded(_text(workbook, file, source), source))
            known = Document(document_id(source), Path(source).stem, source, text)
            return with_sheet_properties(known, workbook.properties)


def _text(workbook: Any, file: Any, source: str) -> Iterator[str]:
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            continue
        sheet.reset_dimensions()  # the file may declare far larger ones
        parts = Sheet(workbook, sheet)
        computed = _computed(file, sheet.title, source) if parts.lacks_values else {}
        lines = rows_as_lines(_rows(sheet.iter_rows(), parts, computed, source), " ".join(sheet.title.split()))
        heading = f"# {' '.join(sheet.title.split())}\n\n"
        for line in lines:
            yield f"{heading}{line}\n"
            heading = ""
        yield "" if heading else "\n"


def _rows(
    rows: Iterable[tuple[Any, ...]], parts: Sheet, computed: Mapping[tuple[int, int], object], source: str
) -> Iterator[list[Cell]]:
    seen = 0
    for number, all_cells in enumerate(rows, 1):
        seen += len(all_cells)
        if seen > _MAX_CELLS:
            raise LoadError(f"{source}: a sheet has more than {_MAX_CELLS / 1e6:.0f} million cells; split the file")
        row: Sequence[Any] = all_cells
        if len(all_cells) > _MAX_COLUMNS:
            far = [cell for cell in all_cells[_MAX_COLUMNS:] if cell.value is not None]
            # Few cells far to the right stand beside each other. A row without many blanks is of a wide table.
            if len(far) < _SPARSE * len(all_cells):
                row = [*all_cells[:_MAX_COLUMNS], *far]
        cells: list[Cell] = []
        for column, cell in enumerate(row, 1):
            value = cell.value
            if value is None and computed:
                value = computed.get((number, column))
            text = "" if value is None else _shown(value, cell.number_format or "")
            cells.append(Label(text) if text and parts.is_bold(cell) else text)
        if covered := parts.covered.get(number):
            cells += [""] * (max(covered) - len(cells))
            cells = [covered.get(column, cell) for column, cell in enumerate(cells, 1)]
        yield cells


def _computed(file: Any, title: str, source: str) -> dict[tuple[int, int], object]:
    """Computes the formulas of a sheet that was saved without their values."""
    import openpyxl

    sheet = openpyxl.load_workbook(file, read_only=True, keep_links=False)[title]
    sheet.reset_dimensions()
    cells: dict[tuple[int, int], object] = {}
    for number, row in enumerate(sheet.iter_rows(), 1):
        for column, cell in enumerate(row, 1):
            if cell.value is not None and len(cells) < _MAX_FORMULA_CELLS:
                cells[number, column] = cell.value
    formulas = Formulas(cells)
    found: dict[tuple[int, int], object] = {}
    failed = ""
    for (row_number, column), content in cells.items():
        if isinstance(content, str) and not content.startswith("="):
            continue
        if isinstance(content, (bool, int, float, date, datetime, time, timedelta)):
            continue
        try:
            value = formulas.value(row_number, column)
            found[row_number, column] = float(value) if isinstance(value, Decimal) else value
        except NotComputedError:
            found[row_number, column] = _NOT_COMPUTED
            failed = failed or f"{title}!{openpyxl.utils.get_column_letter(column)}{row_number}"
    if failed:
        _log.warning(
            "%s: the formula in %s was saved without its value and is not simple; open the file in Excel and save it",
            source,
            failed,
        )
    return found


def _shown(value: object, number_format: str) -> str:
    """Returns a value as the sheet shows it, and dates in ISO format unless the sheet shows them in Chinese."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, (int, float)):
        return _number(value, number_format)
    if isinstance(value, (date, datetime)):
        return _date(value, number_format)
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    if isinstance(value, time):
        return value.isoformat("seconds" if value.second else "minutes")
    return str(value)


def _date(value: date, number_format: str) -> str:
    form = _LITERAL.sub(lambda match: match[1] or match[2] or "", number_format).lower()
    if "年" in form or "月" in form:
        parts = (("年", value.year), ("月", value.month), ("日", value.day))
        day = "".join(f"{number}{unit}" for unit, number in parts if unit in form)
    else:
        day = f"{value:%Y-%m-%d}" if "d" in form or "m" not in form else f"{value:%Y-%m}"
    if isinstance(value, datetime) and value.time() != time():
        return f"{day} {value.time().isoformat('seconds' if value.second else 'minutes')}"
    return day


def _number(value: float, number_format: str) -> str:
    form = _LITERAL.sub(lambda match: match[1] or match[2] or match[3] or "", number_format.partition(";")[0])
    match = _NUMBER_FORMAT.fullmatch(form)
    if not match or not all(_UNIT.fullmatch(match[name]) for name in ("before", "after")):
        return str(int(value)) if isinstance(value, int) or (value.is_integer() and abs(value) < _EXACT) else f"{value:.10g}"
    percent = "%" in match["before"] + match["after"]
    decimals = len(match["decimals"] or "")
    digits = f"{abs(value) * (100 if percent else 1):{',' if ',' in match['groups'] else ''}.{decimals}f}"
    whole, _, fraction = digits.partition(".")
    least = (match["decimals"] or "").count("0")
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    whole = whole.zfill(match["groups"].count("0")) + ("." if fraction else "")
    return f"{'-' if value < 0 else ''}{match['before']}{whole}{fraction}{match['after']}".strip()
