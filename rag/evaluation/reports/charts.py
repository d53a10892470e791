"""Charts as inline SVG, in the colours and languages of the page around them, each with its values as a table.

Pure functions. Texts are escaped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from rag import texts
from rag.texts import Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rag.evaluation.reports.wording import Wording

_WIDTH = 360
_LABELS, _BAR, _GAP, _NUMBERS = 124, 14, 12, 44
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 20, 14, 26
_PLOT_HEIGHT = 176
_MAX_POINTS, _MAX_ROWS = 240, 12


class Group(NamedTuple):
    """One group of bars: a share between 0 and 1 for each series, None if unknown."""

    name: Words
    shares: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from 0 to at least `last`; `show` formats a value."""

    name: Words
    last: float
    show: Callable[[float], str]

    def ticks(self) -> list[float]:
        """Returns round values at equal steps, from 0 to the end of the axis."""
        ten = 10 ** math.floor(math.log10(self.last)) if self.last > 0 else 1.0
        end, steps = next((times * ten, steps) for times, steps in ((1, 5), (2, 4), (5, 5), (10, 5)) if self.last <= times * ten)
        return [end * step / steps for step in range(steps + 1)]


class Mark(NamedTuple):
    """A point with a name."""

    x: float
    y: float
    name: Words


def percent(share: float | None) -> str:
    """Formats a share in whole percent, None as a dash."""
    return "–" if share is None else f"{share:.0%}"


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table that scrolls sideways. Heads and cells are HTML; the first cell of each row is its head."""
    above = "".join(f'<th scope="col">{head}</th>' if head else "<td></td>" for head in heads)
    below = ""
    for first, *others in rows:
        below += f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>'
    return f'<div class="across" tabindex="0"><table><thead><tr>{above}</tr></thead><tbody>{below}</tbody></table></div>'


class Charts:
    """Draws charts with the texts of a wording."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def bars(self, heading: Words, meaning: Words, series: Sequence[Words], groups: Sequence[Group]) -> str:
        """Draws groups of bars one below the other. Each group has a bar for each of at most three series."""
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
        rows = [[self._wording.html(group.name), *map(percent, group.shares)] for group in groups]
        legend = "".join(
            f'<li><i class="series-{number}-of-{len(series)}"></i>{self._wording.html(name)}</li>'
            for number, name in enumerate(series, 1)
        )
        drawn = f'<ul class="legend">{legend}</ul>{self._svg(heading, len(groups) * step, parts)}'
        return self._figure(heading, meaning, drawn + self.table(["", *map(self._wording.html, series)], rows, texts.VALUES))

    def curve(
        self,
        heading: Words,
        meaning: Words,
        x: Axis,
        y: Axis,
        points: Sequence[tuple[float, float]],
        *,
        marks: Sequence[Mark],
        in_steps: bool = False,
    ) -> str:
        """Draws a line through points from left to right, and marks some places.

        Args:
            heading: The title.
            meaning: One sentence on how to read the chart.
            x: The horizontal axis.
            y: The vertical axis.
            points: Pairs of non-negative numbers, ordered by `x`.
            marks: The points to mark, with their names.
            in_steps: Keeps the line level up to each point, as for a cumulative count.
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
        first, *others = (place(*point) for point in _some(points, _MAX_POINTS))
        line = "".join(f"H{a:.1f}V{b:.1f}" if in_steps else f"L{a:.1f} {b:.1f}" for a, b in others)
        parts.append(f'<path class="line" d="M{first[0]:.1f} {first[1]:.1f}{line}"/>')
        for mark in marks:
            a, b = place(mark.x, mark.y)
            parts.append(f'<circle class="mark" cx="{a:.1f}" cy="{b:.1f}" r="4.5"/>')
            # Lines run from bottom left to top right: a name goes to the left of its mark in the right half, else to the right.
            if a > _LEFT + wide / 2:
                parts.append(self._words(mark.name, a - 8, max(13.0, b - 8), "end"))
            else:
                parts.append(self._words(mark.name, a + 9, b + (16 if b < bottom - 24 else -8), "start"))
        drawn = f'<p class="axis">{self._wording.html(y.name)}</p>{self._svg(heading, bottom + _BOTTOM, parts)}<p class="axis across">{self._wording.html(x.name)}</p>'
        rows = [[x.show(mark.x), y.show(mark.y), self._wording.html(mark.name)] for mark in marks]
        rows += [[x.show(a), y.show(b), ""] for a, b in _some(points, _MAX_ROWS)]
        return self._figure(
            heading, meaning, drawn + self.table([self._wording.html(x.name), self._wording.html(y.name), ""], rows, texts.VALUES)
        )

    def table(self, heads: Iterable[str], rows: Iterable[Iterable[str]], name: Words) -> str:
        """Returns a table that opens when its name is clicked; see the function `table`."""
        return f'<details class="values"><summary>{self._wording.html(name)}</summary>{table(heads, rows)}</details>'

    def _svg(self, name: Words, height: float, parts: Iterable[str]) -> str:
        title = escape(self._wording.title(name))
        return f'<svg role="img" viewBox="0 0 {_WIDTH} {height:g}"><title>{title}</title>{"".join(parts)}</svg>'

    def _figure(self, heading: Words, meaning: Words, drawn: str) -> str:
        return (
            f'<figure class="chart"><figcaption><h3>{self._wording.html(heading)}</h3><p class="note">{self._wording.html(meaning)}</p></figcaption>'
            f"{drawn}</figure>"
        )

    def _nothing_drawn(self) -> str:
        return f'<p class="note">{self._wording.html(texts.NOTHING_TO_DRAW)}</p>'

    def _words(self, words: Words, x: float, y: float, anchor: str) -> str:
        return "".join(
            f'<text class="words" lang="{language}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
            for language, text in self._wording.lines(words)
        )


def _text(text: str, x: float, y: float, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _some(points: Sequence[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """Returns at most `most` points, evenly spaced, with the first and the last."""
    if len(points) <= most:
        return list(points)
    return [points[round(number * (len(points) - 1) / (most - 1))] for number in range(most)]
