"""A run as one HTML page that needs nothing from elsewhere. Pure functions: whatever a set or a document says is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from rag.evaluation.figures import MAIN, by_stage, counts, figures, grouped, intervals
from rag.evaluation.measures import abstention
from rag.evaluation.outcome import Outcome, failure, stage
from rag.evaluation.reports.charts import Axis, Charts, Group, Mark, percent
from rag.evaluation.reports.tables import NAMES, shown

_STYLE = Path(__file__).with_name("page.css")
_MOST_FAILURES = 500
_STAGES_MEAN = {
    "retrieval": "no passage that holds the answer was among those found",
    "reading": "it was found, and not understood",
    "refusal": "the threshold decided wrongly",
    "composing": "the right sentence was found, and something else was said too or instead",
}
_CHARTS: Charts[str] = Charts(escape, lambda words: [("en", words)], "There is nothing to draw.", "Values")


def page(outcomes: Sequence[Outcome], about: Mapping[str, Any]) -> str:
    """The page: figures with their intervals, charts, all groups, and every failure with what was retrieved.

    Args:
        outcomes: What came of the questions.
        about: What the run was made with; see `rag.evaluation.run.about`.
    """
    title = f"Evaluation of {about.get('questions', 'a question set')}"
    parts = (_heading(title, about), _main(outcomes), _drawn(outcomes), _all(outcomes), _failures(outcomes), _made_with(about))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE.read_text(encoding='utf-8')}</style></head>\n"
        f"<body>{''.join(parts)}</body>\n</html>\n"
    )


def _heading(title: str, about: Mapping[str, Any]) -> str:
    facts = [f"{about.get('n', 0)} questions", f"{about.get('documents', 0)} documents", str(about.get("date", ""))]
    return f'<h1>{escape(title)}</h1><p class="note">{escape(" · ".join(facts))}</p>'


def _main(outcomes: Sequence[Outcome]) -> str:
    of_all, of, between = figures(outcomes), counts(outcomes), intervals(outcomes)
    rows = []
    for name in NAMES:
        found = between.get(name)
        interval = f"{found[0]:.3f} – {found[1]:.3f}" if found else ""
        rows.append([escape(NAMES[name]), shown(getattr(of_all, name)), str(of.get(name, of_all.n)), interval])
    return f"<h2>All {of_all.n} questions</h2>{_table(['', 'figure', 'n', '95% interval'], rows)}"


def _drawn(outcomes: Sequence[Outcome]) -> str:
    drawn = [_by_pair(outcomes), _by_stage(outcomes), _risk_coverage(outcomes), _calibration(outcomes), _latency(outcomes)]
    return f'<div class="charts">{"".join(drawn)}</div>'


def _by_pair(outcomes: Sequence[Outcome]) -> str:
    names = ("hit_at_5", "right", "on_evidence")
    groups = [
        Group(f"{name} ({of_pair.n})", [getattr(of_pair, each) for each in names])
        for name, of_pair in grouped([outcome for outcome in outcomes if outcome.answerable]).items()
        if "->" in name
    ]
    return _CHARTS.bars("By languages", "Question -> documents, of the answerable.", [NAMES[name] for name in names], groups)


def _by_stage(outcomes: Sequence[Outcome]) -> str:
    groups = [Group(name, [v["hit_at_1"], v["hit_at_5"], v["ndcg_at_10"]]) for name, v in by_stage(outcomes).items()]
    series = [NAMES[name] for name in ("hit_at_1", "hit_at_5", "ndcg_at_10")]
    return _CHARTS.bars("Retrieval, stage by stage", "What each search alone, and each step, puts first.", series, groups)


def _risk_coverage(outcomes: Sequence[Outcome]) -> str:
    judged = [outcome for outcome in outcomes if outcome.expected or not outcome.answerable]
    right = np.array([o.right if not o.abstained else bool(o.best_right) for o in judged])
    points = abstention.risk_coverage(np.array([o.confidence for o in judged]), right).tolist() if judged else []
    answered = sum(not outcome.abstained for outcome in judged)
    marks = [Mark(points[answered - 1][0], points[answered - 1][1], "the threshold")] if answered else []
    # The first few are too few for a share.
    line = [(coverage, risk) for coverage, risk in points[min(9, len(points) // 2) :]]
    risk = Axis("share of the answers that is wrong", max([0.1, *(risk for _, risk in line)]), percent)
    meaning = "The surest answers first; beyond the threshold, what would have been said."
    return _CHARTS.curve(
        "Risk and coverage", meaning, Axis("share of the questions answered", 1.0, percent), risk, line, marks=marks
    )


def _calibration(outcomes: Sequence[Outcome]) -> str:
    groups = []
    for number, members in groupby(sorted(outcomes, key=lambda o: o.confidence), key=lambda o: min(int(o.confidence * 5), 4)):
        bin_ = list(members)
        shares = [float(np.mean([o.confidence for o in bin_])), float(np.mean([o.answerable for o in bin_]))]
        groups.append(Group(f"{number * 20}–{number * 20 + 20}% ({len(bin_)})", shares))
    meaning = "The confidence, and how often the documents did hold the answer."
    return _CHARTS.bars("Calibration", meaning, ["confidence", "answerable"], groups)


def _latency(outcomes: Sequence[Outcome]) -> str:
    seconds = sorted(outcome.seconds for outcome in outcomes)
    points = [(taken, number / len(seconds)) for number, taken in enumerate(seconds, 1)]
    of_all = figures(outcomes)
    marks = [Mark(of_all.median_seconds, 0.5, "median"), Mark(of_all.p95_seconds, 0.95, "95%")] if points else []
    across = Axis("seconds", seconds[-1] if seconds else 1.0, lambda value: f"{value:.3g}")
    up = Axis("share answered within", 1.0, percent)
    return _CHARTS.curve("Time", "How many questions are answered within a time.", across, up, points, marks=marks, in_steps=True)


def _all(outcomes: Sequence[Outcome]) -> str:
    names = [name for name in NAMES if name in MAIN or name in ("refusal_f1", "auroc", "aurc", "ece", "median_seconds")]
    heads = ["", "n", *(NAMES[name] for name in names)]
    rows = [
        [escape(name), str(of_group.n), *(shown(getattr(of_group, each)) for each in names)]
        for name, of_group in grouped(outcomes).items()
    ]
    return f"<h2>By languages and kind</h2>{_table(heads, rows)}"


def _failures(outcomes: Sequence[Outcome]) -> str:
    parts = ["<h2>What went wrong, and where</h2>"]
    for name, meaning in _STAGES_MEAN.items():
        wrong = [outcome for outcome in outcomes if stage(outcome) == name]
        if wrong:
            items = "".join(map(_failure, wrong[:_MOST_FAILURES]))
            more = f"<p>… and {len(wrong) - _MOST_FAILURES} more</p>" if len(wrong) > _MOST_FAILURES else ""
            summary = f"{name} <b>{len(wrong)}</b>: {escape(meaning)}"
            parts.append(f'<details><summary>{summary}</summary><ol class="failures">{items}</ol>{more}</details>')
    return "".join(parts) if len(parts) > 1 else parts[0] + '<p class="note">Nothing.</p>'


def _failure(outcome: Outcome) -> str:
    facts = [outcome.id, outcome.pair, outcome.kind, failure(outcome) or "", f"confidence {outcome.confidence:.0%}"]
    if outcome.citations:
        facts.append(f"{outcome.citations_on_evidence} of {outcome.citations} citations on the evidence")
    expected = f'<p class="note">expected: {escape(" / ".join(outcome.expected))}</p>' if outcome.expected else ""
    hits = "".join(
        f'<li class="{"relevant" if hit.passage in outcome.relevant else "other"}">{escape(hit.title)}: {escape(hit.text)} '
        f"({hit.score:.3f})</li>"
        for hit in outcome.hits
    )
    found = (
        f'<details><summary>What was retrieved; relevant passages are marked</summary><ol class="hits">{hits}</ol></details>'
        if hits
        else ""
    )
    return (
        f'<li class="failure"><p class="asked">{escape(outcome.question)}</p><p class="answered">{escape(outcome.answer)}</p>'
        f'{expected}<p class="note">{escape(" · ".join(facts))}</p>{found}</li>'
    )


def _made_with(about: Mapping[str, Any]) -> str:
    rows = [[escape(key), escape(value)] for key, value in _flat(about)]
    return f"<h2>Made with</h2>{_table(['', ''], rows)}"


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}: ")
        else:
            yield f"{before}{key}", str(value)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are HTML, the heads are text."""
    above = "".join(f'<th scope="col">{escape(head)}</th>' if head else "<td></td>" for head in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in others)}</tr>' for first, *others in rows
    )
    return f'<div class="across" tabindex="0"><table><thead><tr>{above}</tr></thead><tbody>{body}</tbody></table></div>'
