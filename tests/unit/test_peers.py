"""The measure of Yinju and its peers: whether evidence stands among the first passages, whatever their size."""

from __future__ import annotations

import pytest
from benchmarks.peers.measures import by_pair, is_within, mean_and_interval, of_question, paired, rank_of, table

EVIDENCE = "The station opened in March 2024."


@pytest.mark.parametrize(
    ("passages", "rank"),
    [
        (["It rained.", "Before. The station opened in March 2024. After."], 2),
        (["it ended here: THE STATION OPENED IN", "in March 2024. Then"], 1),
        (["opened in March 2024, it did"], 1),
        (["The station"], None),
        (["It rained.", "It shone."], None),
        ([], None),
    ],
)
def test_half_of_the_evidence_is_enough(passages: list[str], rank: int | None) -> None:
    assert rank_of(passages, [EVIDENCE]) == rank


def test_any_piece_of_evidence_counts_and_none_is_no_match() -> None:
    assert rank_of(["北山观鸟站于２０２４年开放"], [EVIDENCE, "观鸟站于2024年开放。"]) == 1
    assert rank_of(["anything"], []) is None
    assert rank_of(["anything"], ["…"]) is None


def test_a_large_passage_gains_nothing_within_a_budget() -> None:
    late = "x" * 80 + EVIDENCE
    assert rank_of([late], [EVIDENCE]) == 1
    assert not is_within([late], [EVIDENCE], 90)
    assert is_within([late], [EVIDENCE], 113)
    assert is_within(["y" * 40, EVIDENCE], [EVIDENCE], 73)
    assert not is_within(["y" * 40, EVIDENCE], [EVIDENCE], 45)


def test_a_question_by_hand() -> None:
    passages = ["It rained.", EVIDENCE, "It shone."]
    assert of_question(passages, "\n".join(passages[:2]), [EVIDENCE], ["2024"]) == {
        "hit@1": 0.0,
        "hit@5": 1.0,
        "hit@10": 1.0,
        "MRR": 0.5,
        "in 1,000 ch.": 1.0,
        "in 4,000 ch.": 1.0,
        "handed over": 1.0,
        "characters": 44.0,
    }
    of_one = of_question(passages, passages[0], [EVIDENCE], ["2024"])
    assert (of_one["handed over"], of_one["characters"]) == (0.0, 10.0)


def test_means_and_tables() -> None:
    rows = [{"pair": "en->zh", "hit@5": 1.0}, {"pair": "zh->zh", "hit@5": 0.0}, {"pair": "en->zh", "hit@5": 0.0}]
    assert by_pair(rows, "hit@5") == {"en->zh": (0.5, 2), "zh->zh": (0.0, 1)}
    assert mean_and_interval([1.0, 1.0, 1.0]) == "1.000 (1.00–1.00)"
    assert table(["", "a"], [["x", "1"]]) == "|  | a |\n| --- | ---: |\n| x | 1 |\n"


def test_systems_are_compared_question_by_question() -> None:
    one = [{"id": str(number), "hit@1": float(number < 6)} for number in range(8)]
    other = [{"id": str(number), "hit@1": float(number == 7)} for number in reversed(range(8))]
    assert paired(one, other, "hit@1") == (6, 1, pytest.approx(2 * 8 / 2**7))
    assert paired(one, one, "hit@1") == (0, 0, 1)
