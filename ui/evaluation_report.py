"""The results of an evaluation as HTML, in both languages. Pure functions. Texts from a document or a question are escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from rag.evaluation.figures import figures
from rag.evaluation.reports.charts import percent
from rag.evaluation.reports.sections import Sections
from rag.evaluation.reports.wording import Wording
from rag.texts import ALL_FIGURES, FIGURES
from ui import rendering, texts
from ui.rendering import both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.evaluation.figures import Figures
    from rag.evaluation.outcome import Outcome

WORDING = Wording(both, lambda words: zip(("zh-Hans", "en"), words, strict=True), str)
"""Writes a report in both languages, of which the page shows one."""

_SECTIONS = Sections(WORDING)
_SHOWN = (
    *("n", "hit_at_1", "hit_at_5", "hit_at_10", "mrr"),
    *("right", "on_evidence", "wrongly_answered", "wrongly_refused", "median_seconds", "p95_seconds"),
)
_TILES = tuple(name for name in _SHOWN if name not in ("hit_at_1", "hit_at_5", "mrr"))


def question_set(name: str, count: int) -> str:
    """Tells which questions the next evaluation asks.

    Args:
        name: The file of the visitor's own questions; empty for the seed questions.
        count: The number of questions.
    """
    words = both(texts.ASKS_OWN, name, count) if name else both(texts.ASKS_SEEDS, count)
    return f'<p class="note" role="status">{words} {both(texts.WITH_YOUR_SETTINGS)}</p>'


def ready(done: int = 0, total: int = 0) -> str:
    """Shows the preparations for the first question: `done` of `total` seed documents added, or none needed if `total` is 0."""
    return _progress(both(texts.ADDING_SEEDS, done, total) if total else both(texts.GETTING_READY), done / (total or 1))


def asking(done: int, total: int, seconds: float) -> str:
    """Shows how many questions are done, how many a minute, and the time left. `done` is at least 1."""
    rate, left = 60 * done / max(seconds, 1e-9), (total - done) * seconds / done
    return _progress(both(texts.ASKED, done, total, f"{rate:.3g}" if rate < 100 else f"{rate:.0f}", _minutes(left)), done / total)


def finished(done: int, total: int, seconds: float) -> str:
    """Tells that the evaluation is over, and whether every question was asked."""
    if not done:
        return f'<p class="note" role="status">{both(texts.STOPPED)}</p>'
    words = both(texts.ALL_ASKED, done, _minutes(seconds)) if done == total else both(texts.SOME_ASKED, done, total)
    return f'<p class="note" role="status">{words}</p>'


def problem(message: str) -> str:
    """Shows an error in one line."""
    return rendering.problem(message, texts.NOT_EVALUATED)


def report(outcomes: Sequence[Outcome], threshold: float) -> str:
    """Shows figures, charts and failures; empty without outcomes.

    Args:
        outcomes: The outcomes, which need not be examined.
        threshold: The confidence below which questions were refused.
    """
    if not outcomes:
        return ""
    missing = sum(outcome.answerable and outcome.pair.endswith("->none") for outcome in outcomes)
    note = f'<p class="note">{both(texts.NOT_IN_LIBRARY, missing)}</p>' if missing else ""
    charts = _SECTIONS.by_pair(outcomes) + _SECTIONS.risk_coverage(outcomes, threshold) + _SECTIONS.latency(outcomes)
    groups = _SECTIONS.folded_table(*_SECTIONS.group_rows(outcomes, _SHOWN, _figure), ALL_FIGURES)
    failures = _SECTIONS.failures(outcomes, action=_ask_in_chat)
    return f'{note}{_tiles(figures(outcomes))}<div class="charts">{charts}</div>{groups}{failures}'


def _progress(words: str, share: float) -> str:
    return f'<div class="progress"><p>{words}</p><progress max="1" value="{share:.3f}"></progress></div>'


def _minutes(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02d}"


def _figure(name: str, of_group: Figures) -> str:
    value = getattr(of_group, name)
    if name == "n":
        return str(value)
    if name.endswith("seconds"):
        return f"{value:.2f} s"
    return f"{value:.3f}" if name == "mrr" and value is not None else percent(value)


def _tiles(of_all: Figures) -> str:
    tiles = "".join(
        f'<div title="{escape(str(meaning))}"><dt>{both(words)}</dt><dd>{_figure(name, of_all)}</dd></div>'
        for name, (words, meaning) in ((name, FIGURES[name]) for name in _TILES)
    )
    return f'<dl class="tiles">{tiles}</dl>'


def _ask_in_chat(outcome: Outcome) -> str:
    return f'<button type="button" data-ask="{escape(outcome.question)}">{both(texts.ASK_IN_CHAT)}</button>'
