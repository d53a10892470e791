"""Rankings, refusals and significance, by hand and by law."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.evaluation.measures import abstention, ranking, significance


def test_rankings_by_hand() -> None:
    found = ranking.measure([["a", "b", "c"], ["x", "y", "a"], []], [{"a": 1, "c": 2}, {"a": 1, "elsewhere": 1}, {"a": 1}])
    assert found["mrr"].tolist() == pytest.approx([1, 1 / 3, 0])
    assert found["hit_at_1"].tolist() == [1, 0, 0]
    assert found["hit_at_5"].tolist() == [1, 1, 0]
    assert found["recall_at_1"].tolist() == [0.5, 0, 0]
    assert found["recall_at_5"].tolist() == [1, 0.5, 0]
    ideal = 2 + 1 / math.log2(3)
    assert found["ndcg_at_10"][0] == pytest.approx((1 + 2 / math.log2(4)) / ideal)
    assert found["ndcg_at_10"][1] == pytest.approx((1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_a_question_without_hits_or_without_relevant_passages_counts_as_0() -> None:
    found = ranking.measure([["a"], [], ["b"]], [{"a": 1}, {"a": 1}, {}])
    assert {name: values.mean() for name, values in found.items()} == pytest.approx(dict.fromkeys(ranking.MEASURES, 1 / 3))
    assert ranking.qrels_lines(["q 1"], [{}]) == "q_1 0 nowhere 1\n"


def test_many_questions_keep_their_order() -> None:
    count = 300
    found = ranking.measure([["a"] if n % 3 else ["b", "a"] for n in range(count)], [{"a": 1}] * count)
    assert found["mrr"].tolist() == [1.0 if n % 3 else 0.5 for n in range(count)]


def test_run_and_qrels_in_the_format_of_trec() -> None:
    assert ranking.run_lines(["q"], [["a", "b c"]]) == "q Q0 a 1 1.000000 yinju\nq Q0 b_c 2 0.500000 yinju\n"
    assert ranking.qrels_lines(["q"], [{"a": 2}]) == "q 0 a 2\n"


# -- refusing ---------------------------------------------------------------------------------------------------------


def test_refusals_by_hand() -> None:
    found = abstention.measure(
        answerable=np.array([True, True, True, False, False]),
        abstained=np.array([False, False, True, True, False]),
        confidence=np.array([0.9, 0.8, 0.3, 0.1, 0.6]),
        right=np.array([True, False, True, False, False]),
    )
    assert (found.refusal_precision, found.refusal_recall, found.refusal_f1) == (0.5, 0.5, 0.5)
    assert found.auroc == pytest.approx(5 / 6)
    # Surest first: right, wrong, wrong, right, wrong.
    assert found.aurc == pytest.approx((0 + 1 / 2 + 2 / 3 + 2 / 4 + 3 / 5) / 5)
    # Of the three that were answered.
    assert found.ece == pytest.approx((0.1 + 0.8 + 0.6) / 3)


def test_of_one_kind_alone_there_is_nothing_to_tell_apart() -> None:
    only = abstention.measure(np.array([True]), np.array([False]), np.array([0.5]), np.array([True]))
    assert only.auroc is only.refusal_precision is only.refusal_f1 is None
    assert only.aurc == 0


def test_confidence_that_is_kept_has_no_calibration_error() -> None:
    confidence = np.array([0.75] * 4 + [0.25] * 4)
    happened = np.array([True, True, True, False, True, False, False, False])
    assert abstention.calibration_error(confidence, happened) == pytest.approx(0)
    assert abstention.calibration_error(np.array([1.0, 1.0]), np.array([False, False])) == 1


# -- significance -----------------------------------------------------------------------------------------------------


def test_intervals_are_the_same_each_time_and_hold_the_figure() -> None:
    values = np.array([1.0] * 80 + [0.0] * 20)
    ones = np.ones(100)
    low, high = significance.interval(values, ones) or (0, 0)
    assert (low, high) == significance.interval(values, ones)
    # 0.8 and 1.96 standard errors of 0.04.
    assert low == pytest.approx(0.8 - 0.0784, abs=0.012)
    assert high == pytest.approx(0.8 + 0.0784, abs=0.012)


def test_questions_that_a_figure_is_not_about_do_not_count() -> None:
    values, ones = np.array([1.0, 0.0, 1.0, 1.0]), np.ones(4)
    padded = significance.interval(np.append(values, [0, 0]), np.append(ones, [0, 0]))
    assert padded == significance.interval(values, ones)
    assert significance.interval(np.zeros(3), np.zeros(3)) is None


@pytest.mark.parametrize(("lost", "won", "p"), [(0, 0, 1), (5, 5, 1), (0, 6, 2 / 64), (1, 9, 2 * 11 / 1024), (2000, 2100, 0.122)])
def test_mcnemar_by_hand(lost: int, won: int, p: float) -> None:
    assert significance.mcnemar(lost, won) == pytest.approx(p, abs=1e-3)
    assert significance.mcnemar(won, lost) == significance.mcnemar(lost, won)


def test_randomisation_agrees_with_all_ways_to_swap() -> None:
    one, other = (np.zeros(6), np.ones(6)), (np.ones(6), np.ones(6))
    assert significance.randomisation(one, other) == pytest.approx(2 / 64, abs=0.006)
    assert significance.randomisation(one, one) == 1


def test_randomisation_of_a_ratio_weighs_each_question_by_what_it_adds() -> None:
    one = np.array([1.0, 0.0, 3.0, 0.0, 2.0]), np.array([2.0, 1.0, 4.0, 0.0, 2.0])
    other = np.array([0.0, 1.0, 3.0, 1.0, 1.0]), np.array([1.0, 1.0, 3.0, 2.0, 1.0])

    def apart(swapped: tuple[int, ...]) -> float:
        shares = []
        for system in (0, 1):
            chosen = [(other if swap != system else one) for swap in swapped]
            above = sum(values[0][n] for n, values in enumerate(chosen))
            below = sum(values[1][n] for n, values in enumerate(chosen))
            shares.append(above / below)
        return abs(shares[0] - shares[1])

    ways = [apart(swapped) for swapped in product((0, 1), repeat=5)]
    expected = np.mean([way >= ways[0] - 1e-12 for way in ways])
    assert significance.randomisation(one, other) == pytest.approx(expected, abs=0.015)


VALUES = st.integers(0, 5).map(float)


@given(st.lists(st.tuples(VALUES, VALUES, VALUES, VALUES), min_size=1, max_size=20))
def test_which_run_is_which_does_not_matter(rows: list[tuple[float, float, float, float]]) -> None:
    above, more, below, less = map(np.array, zip(*rows, strict=True))
    one, other = (above, above + below), (more, more + less)
    p = significance.randomisation(one, other)
    assert 0 < p <= 1
    assert significance.randomisation(other, one) == p


def test_p_values_tested_together_by_hand() -> None:
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert significance.holm([0.5, 0.9]) == [1, 1]
    assert significance.holm([]) == []
