"""Outcomes as tables, JSON and a page; two runs compared."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from rich.console import Console

from rag.errors import QuestionSetError
from rag.evaluation import comparison
from rag.evaluation.figures import by_stage, counts, failed_at, figures, intervals
from rag.evaluation.measures.citing import CitationScores
from rag.evaluation.outcome import BestSentence, Hit, Outcome, from_dict, stage
from rag.evaluation.reports.page import page
from rag.evaluation.reports.sections import Sections
from rag.evaluation.reports.tables import tables
from rag.evaluation.reports.wording import ENGLISH
from rag.evaluation.run import to_dict

HOSTILE = "</p><script>alert(1)</script><img src=x onerror=alert(2)>"
RANKED = Outcome(
    "a", "zh->zh", "number", "多少？", True, 1, True, False, 1, 1, 1, 0.9, 0.1, "3个[1]", ("3个",),
    best_right=True, exact_match=1.0, f1=1.0, cited=CitationScores(1, 1, 1, 1), relevant={"c1": 1},
    rankings={"dense": ("c2", "c1"), "reranked": ("c1", "c2")}, hits=(Hit("c1", "t", "有3个。", 0.9), Hit("c2", "t", "别的。", 0.1)),
    gold=BestSentence(0.9, True, 1.0, 1.0),
)  # fmt: skip
REFUSED = replace(
    RANKED, id="b", rank=2, right=False, abstained=True, citations=0, citations_on_evidence=0, citations_exact=0, confidence=0.2,
    best_right=False, exact_match=0.0, f1=0.0, cited=CitationScores(), rankings={"dense": (), "reranked": ("c2", "c1")},
    gold=BestSentence(0.3, False, 0.0, 0.5),
)  # fmt: skip
UNANSWERABLE = replace(
    RANKED, id="c", pair="zh->none", kind="near_miss", answerable=False, rank=None, right=False, expected=(), relevant={},
    best_right=False, exact_match=None, f1=None, gold=None,
)  # fmt: skip


def test_figures_of_every_stage() -> None:
    found = figures([RANKED, REFUSED, UNANSWERABLE])
    assert (found.hit_at_1, found.hit_at_5, found.mrr) == (0.5, 1, 0.75)
    assert (found.right, found.exact_match, found.f1) == (0.5, 0.5, 0.5)
    assert (found.gold_right, found.gold_exact_match, found.gold_f1) == (0.5, 0.5, 0.75)
    assert (found.citation_recall, found.citation_precision, found.wrongly_answered) == (1, 1, 1)
    assert (found.refusal_precision, found.refusal_recall, found.auroc) == (0, 0, 0.25)
    assert by_stage([RANKED, REFUSED])["dense"]["mrr"] == 0.25
    of = counts([RANKED, REFUSED, UNANSWERABLE])
    assert (of["mrr"], of["right"], of["on_evidence"], of["exact"], of["wrongly_answered"]) == (2, 2, 1, 2, 1)


def test_a_question_without_accepted_answers_is_about_retrieval_alone() -> None:
    judged = replace(RANKED, expected=(), right=False, exact_match=None, f1=None, gold=None)
    found = figures([judged])
    assert (found.mrr, found.right, found.f1, found.aurc) == (1, None, None, None)
    assert stage(judged) is None


def test_intervals_of_the_main_figures() -> None:
    found = intervals([replace(RANKED, id=str(n), right=n % 2 == 0) for n in range(40)])
    low, high = found["right"] or (0, 0)
    assert 0.3 < low < 0.5 < high < 0.7
    assert found["mrr"] == (1, 1)
    assert found["wrongly_answered"] is None


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [
        (RANKED, None),
        (UNANSWERABLE, "refusal"),
        (REFUSED, "reading"),
        (replace(REFUSED, rank=None), "retrieval"),
        (replace(REFUSED, gold=BestSentence(0.3, True, 1.0, 1.0)), "refusal"),
        (replace(REFUSED, best_right=True), "refusal"),
        (replace(RANKED, right=False), "composing"),
        (replace(RANKED, right=False, best_right=False), "reading"),
        (replace(RANKED, right=False, rank=None), "retrieval"),
        (replace(RANKED, citations=2), "composing"),
        (replace(RANKED, citations=2, citations_on_evidence=0), "reading"),
        (replace(UNANSWERABLE, abstained=True), None),
    ],
)
def test_a_failure_names_its_stage(outcome: Outcome, failed: str | None) -> None:
    assert stage(outcome) == failed
    assert failed_at([outcome]) == {name: int(name == failed) for name in ("retrieval", "reading", "refusal", "composing")}


def test_json_gives_the_same_outcomes_back() -> None:
    outcomes = [RANKED, REFUSED, UNANSWERABLE]
    written = json.loads(json.dumps(to_dict(outcomes, {"seed": 1})))
    assert [from_dict(values) for values in written["outcomes"]] == outcomes
    assert [row["stage"] for row in written["outcomes"]] == [None, "reading", "refusal"]
    assert written["figures"]["zh->zh"]["n"] == 2
    assert written["counts"]["near_miss"]["wrongly_answered"] == 1
    assert written["about"] == {"seed": 1}
    with pytest.raises(QuestionSetError, match="not an outcome"):
        from_dict({"id": "a"})


def test_the_tables_show_figures_with_how_many_and_how_sure() -> None:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    for table in tables([RANKED, REFUSED, UNANSWERABLE]):
        console.print(table)
    shown = " ".join(console.export_text().split())
    assert "│ Reading alone: F1 │ 0.750 │ 2 │ │" in shown
    assert "│ Right │ 0.500 │ 2 │ 0.000 – 1.000 │" in shown
    assert "retrieval │ reading │ refusal │ composing" in shown.replace("┃", "│")
    assert "│ 0 │ 1 │ 1 │ 0 │" in shown


def test_the_page_stands_alone_and_shows_each_failure_with_what_was_found() -> None:
    shown = page([RANKED, REFUSED, UNANSWERABLE], {"questions": "set.jsonl", "n": 3, "models": {"encoder": "e:1"}})
    assert "<link" not in shown
    assert "<script" not in shown
    assert "http" not in shown.replace('charset="utf-8"', "")
    assert "prefers-color-scheme: dark" in shown
    assert shown.count("<svg") == 6
    assert shown.count('<li class="failure">') == 2
    assert '<li class="relevant">t: 有3个。 (0.900)</li>' in shown
    assert "models: encoder" in shown
    assert "<summary>Reading: the passage was found, but not its answer <b>1</b>" in shown


def test_the_risk_curve_goes_beyond_the_threshold_with_the_answers_that_were_withheld() -> None:
    answered = [replace(RANKED, id=str(n), confidence=0.9 - n / 10) for n in range(3)]
    # Surer than the answers, and yet refused: it still comes after them.
    withheld = replace(REFUSED, confidence=0.95, best_right=False)
    examined = Sections(ENGLISH).risk_coverage([*answered, withheld], 0.5)
    not_examined = Sections(ENGLISH).risk_coverage([replace(outcome, best_right=None) for outcome in (*answered, withheld)], 0.5)
    rows = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in examined.split("<tr>")[2:]]
    assert rows == [["75%", "0%", "Threshold 0.50"], ["50%", "0%", ""], ["75%", "0%", ""], ["100%", "25%", ""]]
    assert "100%</th>" not in not_examined
    assert "75%</th>" in not_examined


def test_a_hostile_set_is_only_text() -> None:
    hostile = replace(
        REFUSED, id=HOSTILE, pair=f"{HOSTILE}->zh", kind=HOSTILE, question=HOSTILE, answer=HOSTILE, expected=(HOSTILE,),
        hits=(Hit("c1", HOSTILE, HOSTILE, 0.1),), rankings={HOSTILE: ("c1",)},
    )  # fmt: skip
    shown = page([hostile], {"questions": HOSTILE, "settings": {HOSTILE: HOSTILE}})
    assert "<script" not in shown
    assert "<img" not in shown
    assert shown.count("&lt;script&gt;") >= 8


def test_a_page_of_nothing() -> None:
    assert "There is nothing to draw." in page([], {})


# -- comparing --------------------------------------------------------------------------------------------------------


def many(right: int, of: int) -> list[Outcome]:
    return [replace(RANKED, id=str(n), right=n < right, best_right=n < right, f1=float(n < right)) for n in range(of)]


def test_a_difference_is_told_from_chance() -> None:
    better = comparison.compare(many(20, 40), many(35, 40))
    assert better["right"]["test"] == "McNemar"
    assert better["right"]["p"] == pytest.approx(2 / 2**15)
    assert (better["right"]["a"], better["right"]["b"], better["right"]["difference"]) == (0.5, 0.875, 0.375)
    assert better["f1"]["test"] == "randomisation"
    assert better["f1"]["p"] < 0.001
    assert better["mrr"]["p"] == 1
    assert comparison.compare(many(20, 40), many(21, 40))["right"]["p"] == 1
    assert "wrongly_answered" not in better
    assert better["right"]["p_adjusted"] == pytest.approx(len(better) * 2 / 2**15)


def test_what_is_compared_is_what_each_report_says() -> None:
    cites_more = replace(RANKED, id="e", citations=3, citations_on_evidence=1)
    before, after = [RANKED, cites_more, REFUSED], [cites_more, replace(RANKED, id="e"), RANKED]
    on_evidence = comparison.compare(before, after)["on_evidence"]
    assert (on_evidence["a"], on_evidence["b"]) == (figures(before).on_evidence, figures(after).on_evidence) == (0.5, 0.6)
    assert on_evidence["n"] == 3


def test_the_questions_that_changed_come_worse_first() -> None:
    one = [RANKED, REFUSED, replace(RANKED, id="d")]
    other = [replace(RANKED, right=False), replace(RANKED, id="b"), replace(RANKED, id="d")]
    assert [(c.id, c.before, c.after) for c in comparison.changes(one, other)] == [
        ("a", "", "not right"),
        ("b", "wrongly refused", ""),
    ]


def test_only_questions_of_both_are_compared() -> None:
    one, other = comparison.paired([RANKED, REFUSED], [UNANSWERABLE, REFUSED])
    assert [o.id for o in one] == [o.id for o in other] == ["b"]
    with pytest.raises(QuestionSetError, match="no question in common"):
        comparison.paired([RANKED], [REFUSED])


def test_a_run_is_read_back_and_what_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(to_dict([RANKED, UNANSWERABLE])), encoding="utf-8")
    assert comparison.load(file) == [RANKED, UNANSWERABLE]
    for text in ("[]", "{", '{"outcomes": [{}]}', '{"outcomes": 3}'):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(QuestionSetError, match=r"a\.json is not what yinju eval --json writes"):
            comparison.load(file)
    with pytest.raises(QuestionSetError, match="cannot read"):
        comparison.load(tmp_path / "none.json")


def test_runs_from_before_there_were_stages_can_be_compared() -> None:
    old = {
        name: value
        for name, value in asdict(RANKED).items()
        if name not in ("rankings", "relevant", "gold", "hits", "cited", "f1")
    }
    assert figures([from_dict(old)]).mrr == 1
