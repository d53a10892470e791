"""A run as one HTML page that loads nothing from elsewhere. Pure functions. Texts from a set or a document are escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from rag import texts
from rag.evaluation.figures import MAIN, counts, figures, intervals
from rag.evaluation.outcome import Outcome
from rag.evaluation.reports import STYLE
from rag.evaluation.reports.charts import table
from rag.evaluation.reports.sections import Sections
from rag.evaluation.reports.tables import shown_figure, shown_interval
from rag.evaluation.reports.wording import ENGLISH

_PAGE_STYLE = Path(__file__).with_name("page.css")
_IN_GROUPS = ("n", *MAIN, "refusal_f1", "auroc", "aurc", "ece", "median_seconds")
_SECTIONS = Sections(ENGLISH)


def page(outcomes: Sequence[Outcome], about: Mapping[str, Any]) -> str:
    """Returns the page: figures with their intervals, charts, figures by group, and every failure with the passages found.

    Args:
        outcomes: The outcomes, examined.
        about: The settings, models and versions of the run; see `rag.evaluation.run.about`.
    """
    title = f"Evaluation of {about.get('questions', 'a question set')}"
    style = "".join(file.read_text(encoding="utf-8") for file in (_PAGE_STYLE, STYLE))
    parts = (
        _heading(title, about),
        _all_figures(outcomes),
        _charts(outcomes, about),
        _groups(outcomes),
        _SECTIONS.failures(outcomes, stages=True),
        _made_with(about),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f'<body id="evaluation">{"".join(parts)}</body>\n</html>\n'
    )


def _heading(title: str, about: Mapping[str, Any]) -> str:
    facts = [f"{about.get('n', 0)} questions", f"{about.get('documents', 0)} documents", str(about.get("date", ""))]
    return f'<h1>{escape(title)}</h1><p class="note">{escape(" · ".join(facts))}</p>'


def _all_figures(outcomes: Sequence[Outcome]) -> str:
    of_all, of, between = figures(outcomes), counts(outcomes), intervals(outcomes)
    rows = [
        [_SECTIONS.figure_head(name), shown_figure(name, of_all), str(of.get(name, of_all.n)), shown_interval(between.get(name))]
        for name in texts.FIGURES
        if name != "n"
    ]
    return f"<h2>All {of_all.n} questions</h2>{table(['', 'figure', 'n', '95% interval'], rows)}"


def _charts(outcomes: Sequence[Outcome], about: Mapping[str, Any]) -> str:
    settings = about.get("settings", {})
    threshold = settings.get("threshold") if isinstance(settings, Mapping) else None
    drawn = (
        _SECTIONS.by_pair(outcomes),
        _SECTIONS.by_stage(outcomes),
        _SECTIONS.risk_coverage(outcomes, threshold),
        _SECTIONS.calibration(outcomes),
        _SECTIONS.latency(outcomes),
    )
    return f'<div class="charts">{"".join(drawn)}</div>'


def _groups(outcomes: Sequence[Outcome]) -> str:
    heads, rows = _SECTIONS.group_rows(outcomes, _IN_GROUPS, shown_figure)
    return f"<h2>By languages and kind</h2>{table(heads, rows)}"


def _made_with(about: Mapping[str, Any]) -> str:
    rows = [[escape(key), escape(value)] for key, value in _flat(about)]
    return f"<h2>Made with</h2>{table(['', ''], rows)}"


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}: ")
        else:
            yield f"{before}{key}", str(value)
