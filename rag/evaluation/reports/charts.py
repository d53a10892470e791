"""Charts as inline SVG, in the colours and the language of the page around them, each with its values as a table.

Pure functions: words are escaped before they are put in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Label = TypeVar("Label")
"""Words on a page, in one language or in several at once."""

_WIDTH = 360
_LABELS, _BAR, _GAP, _NUMBERS = 124, 14, 12, 44
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 20, 14, 26
_PLOT_HEIGHT = 176
_MOST_POINTS, _MOST_ROWS = 240, 12


class Group(NamedTuple, Generic[Label]):
    """What one group of bars shows: a share between 0 and 1 for each series, None where there is none."""

    name: Label
    shares: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Axis(Generic[Label]):
    """An axis from 0 to at least `last`; `show` writes a value of it."""

    name: Label
    last: float
    show: Callable[[float], str]

    def ticks(self) -> list[float]:
        """Round values at equal steps, 0 first and the end of the axis last."""
        ten = 10 ** math.floor(math.log10(self.last)) if self.last > 0 else 1.0
        end, steps = next((times * ten, steps) for times, steps in ((1, 5), (2, 4), (5, 5), (10, 5)) if self.last <= times * ten)
        return [end * step / steps for step in range(steps + 1)]


class Mark(NamedTuple, Generic[Label]):
    """A point that is named."""

    x: float
    y: float
    name: Label


def percent(share: float | None) -> str:
    """A share in whole percent; a dash when there is none."""
    return "–" if share is None else f"{share:.0%}"


class Charts(Generic[Label]):
    """Draws charts whose words are written in one way."""

    def __init__(
        self,
        html: Callable[[Label], str],
        lines: Callable[[Label], Iterable[tuple[str, str]]],
        nothing: Label,
        values: Label,
    ) -> None:
        """Says how words are written.

        Args:
            html: Words as HTML, escaped.
            lines: The same as texts, each with the code of its language; a page shows one of them.
            nothing: What stands where there is nothing to draw.
            values: What the table of a chart's values is called.
        """
        self._html, self._lines, self._nothing, self._values = html, lines, nothing, values

    def bars(self, heading: Label, meaning: Label, series: Sequence[Label], groups: Sequence[Group[Label]]) -> str:
        """Bars of shares, group below group, in each group one for each of at most three series."""
        if not groups:
            return self._figure(heading, meaning, self._nothing_drawn())
        step = len(series) * _BAR + _GAP
        room = _WIDTH - _LABELS - _NUMBERS
        parts = []
        for row, group in enumerate(groups):
            top = row * step + _GAP / 2
            parts.append(self._words(group.name, _LABELS - 10, top + len(series) * _BAR / 2 + 4, "end"))
            for number, share in enumerate(group.shares, 1):
                y = top + (number - 1) * _BAR
                long = room * min(1.0, max(0.0, share or 0.0))
                parts.append(f'<rect class="track" x="{_LABELS}" y="{y + 1:g}" width="{room}" height="{_BAR - 3}" rx="2"/>')
                parts.append(
                    f'<rect class="series-{number}-of-{len(series)}" x="{_LABELS}" y="{y + 1:g}" width="{long:.1f}" height="{_BAR - 3}" rx="2"/>'
                )
                parts.append(_text(percent(share), _LABELS + room + 6, y + 10, "start"))
        rows = [[self._html(group.name), *map(percent, group.shares)] for group in groups]
        legend = "".join(
            f'<li><i class="series-{number}-of-{len(series)}"></i>{self._html(name)}</li>'
            for number, name in enumerate(series, 1)
        )
        drawn = f'<ul class="legend">{legend}</ul>{_svg(heading, len(groups) * step, parts)}'
        return self._figure(heading, meaning, drawn + self.table(["", *map(self._html, series)], rows, self._values))

    def curve(
        self,
        heading: Label,
        meaning: Label,
        x: Axis[Label],
        y: Axis[Label],
        points: Sequence[tuple[float, float]],
        *,
        marks: Sequence[Mark[Label]],
        in_steps: bool = False,
    ) -> str:
        """A line through points, from left to right, with some of its places marked.

        Args:
            heading: What it is.
            meaning: How to read it.
            x: The axis below.
            y: The axis on the left.
            points: In the order of `x`, none of them negative.
            marks: What is named.
            in_steps: Whether the line stays level up to each point, as a share of things that are counted does.
        """
        if not points:
            return self._figure(heading, meaning, self._nothing_drawn())
        across, up = x.ticks(), y.ticks()
        wide, bottom = _WIDTH - _LEFT - _RIGHT, _TOP + _PLOT_HEIGHT

        def place(at: float, height: float) -> tuple[float, float]:
            return _LEFT + wide * at / across[-1], bottom - _PLOT_HEIGHT * height / up[-1]

        parts = []
        for value in up:
            _, at_height = place(0, value)
            parts.append(f'<path class="grid" d="M{_LEFT} {at_height:.1f}H{_LEFT + wide}"/>')
            parts.append(_text(y.show(value), _LEFT - 6, at_height + 4, "end"))
        parts += [_text(x.show(value), place(value, 0)[0], bottom + 17, "middle") for value in across]
        first, *others = (place(*point) for point in _some(points, _MOST_POINTS))
        line = "".join(f"H{a:.1f}V{b:.1f}" if in_steps else f"L{a:.1f} {b:.1f}" for a, b in others)
        parts.append(f'<path class="line" d="M{first[0]:.1f} {first[1]:.1f}{line}"/>')
        for mark in marks:
            a, b = place(mark.x, mark.y)
            parts.append(f'<circle class="mark" cx="{a:.1f}" cy="{b:.1f}" r="4.5"/>')
            # The line comes from below on the left, so what stands above it there, or below it on the right, is clear of it.
            if a > _LEFT + wide / 2:
                parts.append(self._words(mark.name, a - 8, max(13.0, b - 8), "end"))
            else:
                parts.append(self._words(mark.name, a + 9, b + (16 if b < bottom - 24 else -8), "start"))
        drawn = f'<p class="axis">{self._html(y.name)}</p>{_svg(heading, bottom + _BOTTOM, parts)}<p class="axis across">{self._html(x.name)}</p>'
        rows = [[x.show(mark.x), y.show(mark.y), self._html(mark.name)] for mark in marks]
        rows += [[x.show(a), y.show(b), ""] for a, b in _some(points, _MOST_ROWS)]
        return self._figure(
            heading, meaning, drawn + self.table([self._html(x.name), self._html(y.name), ""], rows, self._values)
        )

    def table(self, heads: Iterable[str], rows: Iterable[Iterable[str]], name: Label) -> str:
        """A table that is folded away under its name; heads and cells are HTML, and the first cell of a row is its head."""
        above = "".join(f'<th scope="col">{head}</th>' if head else "<td></td>" for head in heads)
        below = ""
        for first, *others in rows:
            below += f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'
        return (
            f'<details class="values"><summary>{self._html(name)}</summary><div class="across" tabindex="0">'
            f"<table><thead><tr>{above}</tr></thead><tbody>{below}</tbody></table></div></details>"
        )

    def _figure(self, heading: Label, meaning: Label, drawn: str) -> str:
        return (
            f'<figure class="chart"><figcaption><h3>{self._html(heading)}</h3><p class="note">{self._html(meaning)}</p></figcaption>'
            f"{drawn}</figure>"
        )

    def _nothing_drawn(self) -> str:
        return f'<p class="note">{self._html(self._nothing)}</p>'

    def _words(self, words: Label, x: float, y: float, anchor: str) -> str:
        return "".join(
            f'<text class="words" lang="{language}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
            for language, text in self._lines(words)
        )


def _svg(name: object, height: float, parts: Iterable[str]) -> str:
    return f'<svg role="img" viewBox="0 0 {_WIDTH} {height:g}"><title>{escape(str(name))}</title>{"".join(parts)}</svg>'


def _text(text: str, x: float, y: float, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _some(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most so many of the points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(number * (len(points) - 1) / (most - 1))] for number in range(most)]
