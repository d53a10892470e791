"""What came of an evaluation as HTML. Pure functions: what comes from a document or a question is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from rag.evaluation.figures import figures, grouped
from rag.evaluation.measures.abstention import risk_coverage
from rag.evaluation.outcome import failure
from ui import charts, texts
from ui.charts import Axis, Group, Mark, percent
from ui.rendering import both, without_folders
from ui.texts import Words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.evaluation.figures import Figures
    from rag.evaluation.outcome import Outcome

_FEWEST_FOR_A_SHARE = 10
_LONGEST_NAME = 8
_RETRIEVAL = ("hit_at_1", "hit_at_5", "hit_at_10")
_ANSWERS = ("right", "on_evidence")
_TILES = ("n", "hit_at_10", *_ANSWERS, "wrongly_answered", "wrongly_refused", "median_seconds", "p95_seconds")


def asked_of(name: str, count: int) -> str:
    """What the next evaluation asks; `name` is the file of the visitor's own questions, empty for the seed questions."""
    words = both(texts.ASKS_OWN, name, count) if name else both(texts.ASKS_SEEDS, count)
    return f'<p class="note" role="status">{words} {both(texts.WITH_YOUR_SETTINGS)}</p>'


def ready(done: int = 0, total: int = 0) -> str:
    """What goes before the first question: how many of the seed documents are in, when there are any."""
    return _progress(both(texts.ADDING_SEEDS, done, total) if total else both(texts.GETTING_READY), done / (total or 1))


def asking(done: int, total: int, seconds: float) -> str:
    """How far the asking is, how fast it goes and how long it will still take; `done` is at least 1."""
    rate, left = 60 * done / max(seconds, 1e-9), (total - done) * seconds / done
    return _progress(both(texts.ASKED, done, total, f"{rate:.3g}" if rate < 100 else f"{rate:.0f}", _minutes(left)), done / total)


def finished(done: int, total: int, seconds: float) -> str:
    """That it is over, and whether all was asked."""
    if not done:
        return f'<p class="note" role="status">{both(texts.STOPPED)}</p>'
    words = both(texts.ALL_ASKED, done, _minutes(seconds)) if done == total else both(texts.SOME_ASKED, done, total)
    return f'<p class="note" role="status">{words}</p>'


def problem(message: str) -> str:
    """One line on what went wrong."""
    return f'<p class="problem" role="alert">{both(texts.NOT_EVALUATED)}: {escape(without_folders(message))}</p>'


def report(outcomes: Sequence[Outcome], threshold: float) -> str:
    """Figures, charts and failures; nothing when nothing was asked.

    `threshold` is the confidence below which nothing was answered.
    """
    if not outcomes:
        return ""
    missing = sum(outcome.answerable and outcome.pair.endswith("->none") for outcome in outcomes)
    note = f'<p class="note">{both(texts.NOT_IN_LIBRARY, missing)}</p>' if missing else ""
    drawn = _by_pair(outcomes) + _risk_coverage(outcomes, threshold) + _latency(outcomes)
    return f'{note}{_tiles(figures(outcomes))}<div class="charts">{drawn}</div>{_all_figures(outcomes)}{_failures(outcomes)}'


def _progress(words: str, share: float) -> str:
    return f'<div class="progress"><p>{words}</p><progress max="1" value="{share:.3f}"></progress></div>'


def _minutes(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02d}"


def _shown(name: str, of_group: Figures) -> str:
    """One of the figures by its name."""
    value = getattr(of_group, name)
    if name == "n":
        return str(value)
    if name.endswith("seconds"):
        return f"{value:.2f} s"
    return f"{value:.3f}" if name == "mrr" and value is not None else percent(value)


def _tiles(of_all: Figures) -> str:
    tiles = "".join(
        f'<div title="{escape(str(meaning))}"><dt>{both(words)}</dt><dd>{_shown(name, of_all)}</dd></div>'
        for name, (words, meaning) in texts.FIGURES.items()
        if name in _TILES
    )
    return f'<dl class="tiles">{tiles}</dl>'


# -- charts -----------------------------------------------------------------------------------------------------------


def _by_pair(outcomes: Sequence[Outcome]) -> str:
    """Two charts over the language pairs of the questions that have an answer."""
    answerable = grouped([outcome for outcome in outcomes if outcome.answerable])
    pairs = [(name, of_pair) for name, of_pair in answerable.items() if "->" in name]
    if len(pairs) > 1:
        pairs.insert(0, ("all", answerable["all"]))

    def drawn(heading: Words, names: Sequence[str]) -> str:
        groups = [Group(_name(pair), [getattr(of_pair, name) for name in names]) for pair, of_pair in pairs]
        return charts.bars(heading, texts.PAIRS_MEAN, [texts.FIGURES[name][0] for name in names], groups)

    return drawn(texts.FOUND_BY_PAIR, _RETRIEVAL) + drawn(texts.ANSWERS_BY_PAIR, _ANSWERS)


def _risk_coverage(outcomes: Sequence[Outcome], threshold: float) -> str:
    answered = sum(not outcome.abstained for outcome in outcomes)
    # A refusal is no answer of which one could say whether it is right, so the curve ends where refusals begin.
    confidence = np.array([outcome.confidence if not outcome.abstained else -1.0 for outcome in outcomes])
    all_points = risk_coverage(confidence, np.array([outcome.right for outcome in outcomes])).tolist()
    first = min(_FEWEST_FOR_A_SHARE, answered // 2)
    points = [(coverage, risk) for coverage, risk in all_points[first:answered]]
    name = Words(f"{texts.THRESHOLD.chinese} {threshold:.2f}", f"{texts.THRESHOLD.english} {threshold:.2f}")
    return charts.curve(
        texts.RISK_COVERAGE,
        texts.RISK_COVERAGE_MEANS,
        Axis(texts.COVERAGE, 1.0, percent),
        Axis(texts.RISK, max([0.1, *(risk for _, risk in points)]), percent),
        points,
        marks=[Mark(*point, name) for point in points[-1:]],
    )


def _latency(outcomes: Sequence[Outcome]) -> str:
    of_all = figures(outcomes)
    seconds = sorted(outcome.seconds for outcome in outcomes)
    points = [(taken, number / len(seconds)) for number, taken in enumerate(seconds, 1)]
    marks = [
        Mark(of_all.median_seconds, 0.5, _filled(texts.MEDIAN_IS, f"{of_all.median_seconds:.2f}")),
        Mark(of_all.p95_seconds, 0.95, _filled(texts.P95_IS, f"{of_all.p95_seconds:.2f}")),
    ]
    across = Axis(texts.SECONDS, seconds[-1], lambda value: f"{value:.3g}")
    return charts.curve(
        texts.LATENCY, texts.LATENCY_MEANS, across, Axis(texts.WITHIN, 1.0, percent), points, marks=marks, in_steps=True
    )


def _filled(words: Words, value: str) -> Words:
    return Words(*(text.format(value) for text in words))


# -- tables and failures ----------------------------------------------------------------------------------------------


def _all_figures(outcomes: Sequence[Outcome]) -> str:
    heads = ["", *(f'<span title="{escape(str(meaning))}">{both(words)}</span>' for words, meaning in texts.FIGURES.values())]
    rows = [
        [both(_name(name)), *(_shown(figure, of_group) for figure in texts.FIGURES)]
        for name, of_group in grouped(outcomes).items()
    ]
    return charts.table(heads, rows, texts.ALL_FIGURES)


def _name(group: str) -> Words:
    """A group of `rag.evaluation.figures.grouped` in words."""
    if group == "all":
        return texts.EVERYTHING
    asked, arrow, found = group.partition("->")
    if not arrow:
        return texts.QUESTION_KINDS.get(group, Words(group, group))
    return Words(*(f"{_language(asked)[i]} → {_language(found)[i]}" for i in (0, 1)))


def _language(code: str) -> Words:
    if code == "none":
        return texts.NO_EVIDENCE
    return texts.LANGUAGES.get(code, Words(code[:_LONGEST_NAME], code[:_LONGEST_NAME]))


def _failures(outcomes: Sequence[Outcome]) -> str:
    shown = ""
    for kind, words in texts.FAILURES.items():
        of_kind = [outcome for outcome in outcomes if failure(outcome) == kind]
        if of_kind:
            items = "".join(map(_failure, of_kind))
            shown += f"<details><summary>{both(words)} <b>{len(of_kind)}</b></summary><ol>{items}</ol></details>"
    nothing = f'<p class="note">{both(texts.NOTHING_WENT_WRONG)}</p>'
    return f'<section class="failures"><h2>{both(texts.WHAT_WENT_WRONG)}</h2>{shown or nothing}</section>'


def _failure(outcome: Outcome) -> str:
    facts = [
        escape(outcome.id),
        both(_name(outcome.pair)),
        both(_name(outcome.kind)),
        f"{both(texts.CONFIDENCE)} {outcome.confidence:.0%}",
    ]
    if outcome.citations:
        facts.append(f"{both(texts.FIGURES['on_evidence'][0])} {outcome.citations_on_evidence} / {outcome.citations}")
    expected = (
        f'<p class="expected">{both(texts.EXPECTED)}: {escape(" / ".join(outcome.expected))}</p>' if outcome.expected else ""
    )
    return (
        f'<li><p class="asked">{escape(outcome.question)}</p><p class="answered">{escape(outcome.answer)}</p>{expected}'
        f'<p class="place">{" · ".join(facts)}</p>'
        f'<button type="button" data-ask="{escape(outcome.question)}">{both(texts.ASK_IN_CHAT)}</button></li>'
    )
