"""The sections of a report as HTML: charts, figures by group, and failures. Both the window and `yinju eval --html` show them.

Pure functions. Texts from a question set or a document are escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from rag import texts
from rag.evaluation.figures import by_stage, figures, grouped
from rag.evaluation.measures.abstention import risk_coverage
from rag.evaluation.outcome import failure, stage
from rag.evaluation.reports.charts import Axis, Charts, Group, Mark, percent
from rag.texts import Words

if TYPE_CHECKING:
    from rag.evaluation.figures import Figures
    from rag.evaluation.outcome import Outcome
    from rag.evaluation.reports.wording import Wording

_FEWEST_FOR_A_SHARE = 10
_CONFIDENCE_BINS = 5
_MAX_NAME = 8
_MAX_FAILURES = 500
_FOUND = ("hit_at_1", "hit_at_5", "hit_at_10")
_ANSWERS = ("right", "on_evidence")
_BY_STAGE = ("hit_at_1", "hit_at_5", "ndcg_at_10")


class Sections:
    """Writes the sections of a report in the languages of a wording."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._html = wording.html
        self._charts = Charts(wording)

    def by_pair(self, outcomes: Sequence[Outcome]) -> str:
        """Draws two charts of the answerable questions by language pair: passages found, and answers and citations."""
        answerable = grouped([outcome for outcome in outcomes if outcome.answerable])
        pairs = [(name, of_pair) for name, of_pair in answerable.items() if "->" in name]
        if len(pairs) > 1:
            pairs.insert(0, ("all", answerable["all"]))

        def drawn(heading: Words, names: Sequence[str]) -> str:
            groups = [Group(group_name(pair), [getattr(of_pair, name) for name in names]) for pair, of_pair in pairs]
            return self._charts.bars(heading, texts.PAIRS_MEAN, _names(names), groups)

        return drawn(texts.FOUND_BY_PAIR, _FOUND) + drawn(texts.ANSWERS_BY_PAIR, _ANSWERS)

    def by_stage(self, outcomes: Sequence[Outcome]) -> str:
        """Draws how well each stage of the search ranks the relevant passages. The outcomes must be examined."""
        groups = [
            Group(texts.SEARCH_STAGES.get(name, Words(name, name)), [values[each] for each in _BY_STAGE])
            for name, values in by_stage(outcomes).items()
        ]
        return self._charts.bars(texts.RETRIEVAL_BY_STAGE, texts.RETRIEVAL_BY_STAGE_MEANS, _names(_BY_STAGE), groups)

    def risk_coverage(self, outcomes: Sequence[Outcome], threshold: float | None) -> str:
        """Draws the share of wrong answers over the share of questions answered, the surest first.

        If the outcomes are examined, the curve goes on beyond the threshold, with the answers that were withheld. Otherwise it ends
        at the threshold.

        Args:
            outcomes: The outcomes. Answerable questions without accepted answers are left out.
            threshold: The confidence below which questions were refused; None if unknown.
        """
        judged = [outcome for outcome in outcomes if outcome.expected or not outcome.answerable]
        answered = sum(not outcome.abstained for outcome in judged)
        # Refusals come after all answers, whatever their confidence.
        order = np.array([outcome.confidence - outcome.abstained for outcome in judged])
        right = np.array([bool(outcome.best_right) if outcome.abstained else outcome.right for outcome in judged], dtype=bool)
        points = [(coverage, risk) for coverage, risk in risk_coverage(order, right).tolist()] if judged else []
        marks = [Mark(*points[answered - 1], _threshold(threshold))] if answered else []
        if not any(outcome.best_right is not None for outcome in judged):
            points = points[:answered]
        points = points[min(_FEWEST_FOR_A_SHARE, (answered or len(points)) // 2) :]
        return self._charts.curve(
            texts.RISK_COVERAGE,
            texts.RISK_COVERAGE_MEANS,
            Axis(texts.COVERAGE, 1.0, percent),
            Axis(texts.RISK, max([0.1, *(risk for _, risk in points)]), percent),
            points,
            marks=marks,
        )

    def calibration(self, outcomes: Sequence[Outcome]) -> str:
        """Draws the mean confidence and the share of answerable questions, for bins of confidence of equal width."""

        def bin_of(outcome: Outcome) -> int:
            return min(int(outcome.confidence * _CONFIDENCE_BINS), _CONFIDENCE_BINS - 1)

        width = 100 // _CONFIDENCE_BINS
        groups = []
        for number, members in groupby(sorted(outcomes, key=lambda outcome: outcome.confidence), key=bin_of):
            in_bin = list(members)
            name = f"{number * width}–{(number + 1) * width}% ({len(in_bin)})"
            shares = [float(np.mean([o.confidence for o in in_bin])), float(np.mean([o.answerable for o in in_bin]))]
            groups.append(Group(Words(name, name), shares))
        return self._charts.bars(texts.CALIBRATION, texts.CALIBRATION_MEANS, [texts.CONFIDENCE, texts.ANSWERABLE], groups)

    def latency(self, outcomes: Sequence[Outcome]) -> str:
        """Draws the share of the questions answered within each time, with the median and the 95th percentile."""
        seconds = sorted(outcome.seconds for outcome in outcomes)
        points = [(taken, number / len(seconds)) for number, taken in enumerate(seconds, 1)]
        of_all = figures(outcomes)
        marks = [
            Mark(of_all.median_seconds, 0.5, _filled(texts.MEDIAN_IS, f"{of_all.median_seconds:.2f}")),
            Mark(of_all.p95_seconds, 0.95, _filled(texts.P95_IS, f"{of_all.p95_seconds:.2f}")),
        ]
        across = Axis(texts.SECONDS, seconds[-1] if seconds else 1.0, lambda value: f"{value:.3g}")
        within = Axis(texts.WITHIN, 1.0, percent)
        return self._charts.curve(texts.LATENCY, texts.LATENCY_MEANS, across, within, points, marks=marks, in_steps=True)

    def group_rows(
        self, outcomes: Sequence[Outcome], names: Sequence[str], show: Callable[[str, Figures], str]
    ) -> tuple[list[str], list[list[str]]]:
        """Returns the heads and rows of a table of figures: one row for all outcomes, each language pair and each kind.

        Args:
            outcomes: The outcomes.
            names: The figures in the columns.
            show: Formats one of the figures.
        """
        heads = ["", *(self.figure_head(name) for name in names)]
        rows = [
            [self._html(group_name(group)), *(show(name, of_group) for name in names)]
            for group, of_group in grouped(outcomes).items()
        ]
        return heads, rows

    def figure_head(self, name: str) -> str:
        """Returns the name of a figure, with its meaning as a tooltip."""
        words, meaning = texts.FIGURES[name]
        return f'<span title="{escape(self._wording.title(meaning))}">{self._html(words)}</span>'

    def folded_table(self, heads: Sequence[str], rows: Sequence[Sequence[str]], name: Words) -> str:
        """Returns a table that opens when its name is clicked."""
        return self._charts.table(heads, rows, name)

    def failures(
        self, outcomes: Sequence[Outcome], *, stages: bool = False, action: Callable[[Outcome], str] = lambda _: ""
    ) -> str:
        """Lists the answers that are wrong, with what was expected and what was found.

        Args:
            outcomes: The outcomes.
            stages: Groups them by the stage that went wrong, for which they must be examined; by what is wrong otherwise.
            action: Returns HTML to put below each of them, such as a button.
        """
        reasons: Mapping[str, Words] = texts.FAILED_STAGES if stages else texts.FAILURES
        reason_of: Callable[[Outcome], str | None] = stage if stages else failure
        shown = ""
        for reason, words in reasons.items():
            failed = [outcome for outcome in outcomes if reason_of(outcome) == reason]
            if failed:
                items = "".join(self._failure(outcome) + action(outcome) + "</li>" for outcome in failed[:_MAX_FAILURES])
                more = self._html(texts.MORE_FAILURES, len(failed) - _MAX_FAILURES) if len(failed) > _MAX_FAILURES else ""
                shown += (
                    f"<details><summary>{self._html(words)} <b>{len(failed)}</b></summary><ol>{items}</ol>"
                    f"{more and f'<p>{more}</p>'}</details>"
                )
        nothing = f'<p class="note">{self._html(texts.NO_FAILURES)}</p>'
        return f'<section class="failures"><h2>{self._html(texts.FAILED_QUESTIONS)}</h2>{shown or nothing}</section>'

    def _failure(self, outcome: Outcome) -> str:
        """Returns a list item without its end."""
        wrong = failure(outcome)
        facts = [
            escape(outcome.id),
            self._html(group_name(outcome.pair)),
            self._html(group_name(outcome.kind)),
            self._html(texts.FAILURES[wrong]) if wrong else "",
            f"{self._html(texts.CONFIDENCE)} {outcome.confidence:.0%}",
        ]
        if outcome.citations:
            on_evidence = f"{outcome.citations_on_evidence} / {outcome.citations}"
            facts.append(f"{self._html(texts.FIGURES['on_evidence'][0])} {on_evidence}")
        expected = f"{self._html(texts.EXPECTED)}: {escape(' / '.join(outcome.expected))}" if outcome.expected else ""
        return (
            f'<li class="failure"><p class="asked">{escape(outcome.question)}</p><p class="answered">{escape(outcome.answer)}</p>'
            + (f'<p class="expected">{expected}</p>' if expected else "")
            + f'<p class="place">{" · ".join(filter(None, facts))}</p>{self._hits(outcome)}'
        )

    def _hits(self, outcome: Outcome) -> str:
        if not outcome.hits:
            return ""
        items = "".join(
            f'<li class="{"relevant" if hit.passage in outcome.relevant else "other"}">{escape(hit.title)}: {escape(hit.text)} '
            f"({hit.score:.3f})</li>"
            for hit in outcome.hits
        )
        return f'<details><summary>{self._html(texts.RETRIEVED)}</summary><ol class="hits">{items}</ol></details>'


def group_name(group: str) -> Words:
    """Returns the name of one of the groups of `rag.evaluation.figures.grouped` in both languages."""
    if group == "all":
        return texts.EVERYTHING
    asked, arrow, found = group.partition("->")
    if not arrow:
        return texts.QUESTION_KINDS.get(group, Words(group, group))
    return Words(*(f"{_language(asked)[i]} → {_language(found)[i]}" for i in (0, 1)))


def _language(code: str) -> Words:
    if code == "none":
        return texts.NO_EVIDENCE
    return texts.LANGUAGES.get(code, Words(code[:_MAX_NAME], code[:_MAX_NAME]))


def _names(figures: Sequence[str]) -> list[Words]:
    return [texts.FIGURES[name][0] for name in figures]


def _threshold(value: float | None) -> Words:
    return texts.THRESHOLD if value is None else Words(*(f"{text} {value:.2f}" for text in texts.THRESHOLD))


def _filled(words: Words, value: str) -> Words:
    return Words(*(text.format(value) for text in words))
