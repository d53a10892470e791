"""Computes simple formulas of a sheet whose values were not saved: arithmetic over cells, and sums, averages and the like of ranges.

Nothing else is computed: a formula with any other function, another sheet or a text has no value here, and the caller says so.
"""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal, DecimalException, localcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_MAX_DEPTH = 60
# So many cells are read for all formulas of a sheet.
_MAX_STEPS = 10_000_000
_MAX_RANGE = 100_000
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_NEGATION = 5  # -2^2 is 4 in a sheet
_ERRORS = frozenset(("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#SPILL!", "#CALC!"))

Value = Decimal | str | None
_Range = list["Value"]


class NotComputedError(Exception):
    """A formula that is not simple, or that has no value."""


class Formulas:
    """Computes the formulas of one sheet, each once.

    `cells` has the values of the sheet by row and column from 1; a text that begins with "=" is a formula.
    """

    def __init__(self, cells: Mapping[tuple[int, int], object]) -> None:
        self._cells = cells
        self._values: dict[tuple[int, int], Value | NotComputedError] = {}
        self._steps = 0

    def value(self, row: int, column: int, depth: int = 0) -> Value:
        """Returns the value of a cell: a number, a text, or None for a blank cell.

        Raises:
            NotComputedError: The formula is not simple, or it depends on itself.
        """
        place = row, column
        if place not in self._values:
            content = self._cells.get(place)
            if not (isinstance(content, str) and content.startswith("=")):
                return _plain(content)
            self._values[place] = NotComputedError()  # also while it is computed: it may depend on itself
            try:
                self._values[place] = self._computed(content, depth)
            except (NotComputedError, DecimalException, ArithmeticError, IndexError, ValueError) as error:
                self._values[place] = NotComputedError(str(error))
        found = self._values[place]
        if isinstance(found, NotComputedError):
            raise NotComputedError
        return found

    def _computed(self, formula: str, depth: int) -> Decimal:
        from openpyxl.formula import Tokenizer

        self._steps += 1
        if depth > _MAX_DEPTH or self._steps > _MAX_STEPS or len(formula) > 2000:
            raise NotComputedError
        tokens = [token for token in Tokenizer(formula).items if token.type != "WHITE-SPACE"]
        parser = _Parser(tokens, lambda reference: self._referred(reference, depth + 1))
        with localcontext(prec=30):
            value = parser.expression(0)
            if parser.place != len(tokens):
                raise NotComputedError
            return _number(value)

    def _referred(self, reference: str, depth: int) -> _Range:
        match = _REFERENCE.fullmatch(reference)
        if not match:
            raise NotComputedError
        first, top = _column(match[1]), int(match[2])
        last, bottom = (_column(match[3]), int(match[4])) if match[3] else (first, top)
        size = (last - first + 1) * (bottom - top + 1)
        self._steps += size
        if size > _MAX_RANGE or self._steps > _MAX_STEPS:
            raise NotComputedError
        return [self.value(row, column, depth) for row in range(top, bottom + 1) for column in range(first, last + 1)]


class _Parser:
    """A parser by precedence over the tokens of one formula."""

    def __init__(self, tokens: Sequence[Any], referred: Callable[[str], _Range]) -> None:
        self._tokens = tokens
        self._referred = referred
        self.place = 0

    def expression(self, least: int) -> _Range:
        """Reads an expression of operators that bind at least so strongly."""
        left = self._operand()
        while (token := self._next()) is not None:
            if token.type == "OPERATOR-POSTFIX":
                self.place += 1
                left = [_number(left) / 100]
                continue
            strength = _PRECEDENCE.get(token.value, 0) if token.type == "OPERATOR-INFIX" else 0
            if token.type == "OPERATOR-INFIX" and not strength:
                raise NotComputedError
            if not strength or strength < least:
                break
            self.place += 1
            left = [_applied(token.value, _number(left), _number(self.expression(strength + 1)))]
        return left

    def _next(self) -> Any:
        return self._tokens[self.place] if self.place < len(self._tokens) else None

    def _take(self) -> Any:
        token = self._next()
        if token is None:
            raise NotComputedError
        self.place += 1
        return token

    def _operand(self) -> _Range:
        token = self._take()
        if token.type == "OPERATOR-PREFIX":
            number = _number(self.expression(_NEGATION))
            return [-number if token.value == "-" else number]
        if token.type == "OPERAND" and token.subtype == "NUMBER":
            return [Decimal(token.value)]
        if token.type == "OPERAND" and token.subtype == "RANGE":
            return self._referred(token.value)
        if token.type == "PAREN" and token.subtype == "OPEN":
            inner = self.expression(0)
            self._close("PAREN")
            return inner
        if token.type == "FUNC" and token.subtype == "OPEN":
            return [self._function(token.value[:-1].upper())]
        raise NotComputedError

    def _function(self, name: str) -> Decimal:
        arguments = list(self._arguments())
        if name in _OVER_RANGES:
            return _OVER_RANGES[name]([cell for argument in arguments for cell in argument if isinstance(cell, Decimal)])
        if name == "ABS" and len(arguments) == 1:
            return abs(_number(arguments[0]))
        if name == "ROUND" and len(arguments) == 2:
            return _number(arguments[0]).quantize(Decimal(1).scaleb(-int(_number(arguments[1]))), ROUND_HALF_UP)
        raise NotComputedError

    def _arguments(self) -> Iterator[_Range]:
        token = self._next()
        if token is not None and token.type == "FUNC" and token.subtype == "CLOSE":
            self.place += 1
            return
        while True:
            yield self.expression(0)
            token = self._take()
            if token.type == "FUNC" and token.subtype == "CLOSE":
                return
            if not (token.type == "SEP" and token.subtype == "ARG"):
                raise NotComputedError

    def _close(self, kind: str) -> None:
        token = self._take()
        if token.type != kind or token.subtype != "CLOSE":
            raise NotComputedError


def _average(numbers: Sequence[Decimal]) -> Decimal:
    return sum(numbers, Decimal(0)) / len(numbers)


_OVER_RANGES: Mapping[str, Callable[[Sequence[Decimal]], Decimal]] = {
    "SUM": lambda numbers: sum(numbers, Decimal(0)),
    "AVERAGE": _average,
    "MIN": lambda numbers: min(numbers, default=Decimal(0)),
    "MAX": lambda numbers: max(numbers, default=Decimal(0)),
    "COUNT": lambda numbers: Decimal(len(numbers)),
    "PRODUCT": lambda numbers: math.prod(numbers, start=Decimal(1)) if numbers else Decimal(0),
}


def _applied(operator: str, left: Decimal, right: Decimal) -> Decimal:
    if operator == "^":
        if abs(right) > 100 or right != right.to_integral_value():
            raise NotComputedError
        return left ** int(right)
    return {"+": Decimal.__add__, "-": Decimal.__sub__, "*": Decimal.__mul__, "/": Decimal.__truediv__}[operator](left, right)


def _number(value: _Range) -> Decimal:
    """Returns the only cell of a range as a number; a blank one counts as zero.

    Raises:
        NotComputedError: There are several cells, or a text.
    """
    if len(value) != 1 or isinstance(value[0], str):
        raise NotComputedError
    return Decimal(0) if value[0] is None else value[0]


def _plain(content: object) -> Value:
    """Returns the value of a cell without a formula.

    Raises:
        NotComputedError: It is a date, an error or an array formula, which are neither texts nor numbers.
    """
    if content is None or isinstance(content, bool):
        return None if content is None else str(content)
    if isinstance(content, (int, float)):
        return Decimal(str(content))
    if isinstance(content, str) and content not in _ERRORS:
        return content
    raise NotComputedError


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
