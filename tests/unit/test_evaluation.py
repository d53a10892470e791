"""Reading question sets, comparing texts, and the figures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hashing_encoder import HashingEncoder
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import QuestionSetError
from rag.evaluation.figures import figures, grouped
from rag.evaluation.measures.abstention import risk_coverage
from rag.evaluation.measures.matching import FoldedDocument, Place, fold, holds
from rag.evaluation.outcome import Outcome, failure
from rag.evaluation.questions.question_set import Passage, read
from rag.evaluation.run import add_passages, fresh
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.text.analysis import Analyzer
from rag.types import Document

QUESTION = {
    "id": "a",
    "lang": "zh",
    "kind": "number",
    "question": "多少？",
    "evidence": ["有1个"],
    "answers": ["1个"],
    "answerable": True,
}


def write(folder: Path, *lines: str) -> Path:
    file = folder / "questions.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def test_reads_questions(tmp_path: Path) -> None:
    unanswerable = {**QUESTION, "id": "b", "evidence": [], "answers": [], "answerable": False}
    questions = read(write(tmp_path, json.dumps(QUESTION), "", json.dumps(unanswerable)))
    assert [(q.id, q.evidence, q.answers, q.answerable) for q in questions] == [
        ("a", ("有1个",), ("1个",), True),
        ("b", (), (), False),
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 2: not JSON"),
        ("[]", "line 2: not a JSON object"),
        (json.dumps({**QUESTION, "id": "b", "question": " "}), 'line 2: "question" must be a text'),
        (json.dumps({**QUESTION, "id": "b", "evidence": "x"}), 'line 2: "evidence" must be a list'),
        (json.dumps({**QUESTION, "id": "b", "answerable": 1}), 'line 2: "answerable" must be true or false'),
        (json.dumps({**QUESTION, "id": "b", "answers": []}), 'line 2: an answerable question needs "evidence" and "answers"'),
        (json.dumps({**QUESTION, "id": "b", "answers": ["\ud800"]}), 'line 2: "answers" must be a list of texts'),
        ("1" * 5000, "line 2: not JSON"),
        ("[" * 100_000, "line 2: not JSON"),
        (json.dumps(QUESTION), 'the id "a" is used twice'),
    ],
)
def test_errors_name_the_line(tmp_path: Path, line: str, problem: str) -> None:
    with pytest.raises(QuestionSetError, match=problem) as caught:
        read(write(tmp_path, json.dumps(QUESTION), line))
    assert "\n" not in str(caught.value)


def test_errors_call_the_file_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError) as caught:
        read(write(tmp_path, "[]"), "mine.jsonl")
    assert str(caught.value) == "mine.jsonl, line 1: not a JSON object"


def test_a_file_that_is_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match="cannot read"):
        read(tmp_path / "none.jsonl")
    with pytest.raises(QuestionSetError, match="contains no questions"):
        read(write(tmp_path, "", " "))


def test_width_case_punctuation_and_white_space_do_not_count() -> None:
    assert fold("１.１８ 万个，ＣＯＰ15！") == "1.18万个cop15"
    assert fold("占国土面积 18％ 以上。") == "占国土面积18%以上"


def test_an_accepted_string_must_stand_whole() -> None:
    assert holds("是2008年投入的6倍。", ["6倍"])
    assert not holds("是2008年投入的16倍。", ["6倍"])
    assert not holds("共1.6倍。", ["6倍"])
    assert not holds("在2011年", ["201"])
    assert not holds("anything", ["，"])
    assert holds("It was 88.5 Billion yuan", ["88.5 billion"])


@given(st.text(min_size=1, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_quote_is_found_where_it_stands(quote: str, before: str, after: str) -> None:
    document = Document("d", "t", "s", f"{before}\n{quote}\n{after}")
    found = FoldedDocument(document).places(quote)
    if fold(quote):
        assert fold(quote) in [fold(document.text[place.start : place.end]) for place in found] or fold(quote) not in fold(
            document.text
        )
    else:
        assert found == []


def test_overlap() -> None:
    place = Place("d", 10, 20)
    assert place.overlap("d", 0, 100) == 10
    assert place.overlap("d", 15, 100) == 5
    assert place.overlap("d", 20, 30) == 0
    assert place.overlap("e", 10, 20) == 0


def outcome(**changes: object) -> Outcome:
    usual = Outcome("a", "zh->zh", "number", "?", True, 1, True, False, 2, 1, 2, 0.9, 0.1, "text", ("3个",))
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_figures_by_hand() -> None:
    outcomes = [
        outcome(),
        outcome(rank=4, right=False),
        outcome(rank=None, right=False, abstained=True, citations=0, citations_on_evidence=0, citations_exact=0),
        outcome(rank=7, citations=1, citations_on_evidence=1, citations_exact=1),
        outcome(
            answerable=False,
            pair="zh->none",
            kind="near_miss",
            rank=None,
            right=False,
            abstained=True,
            citations=0,
            citations_exact=0,
        ),
        outcome(answerable=False, pair="zh->none", kind="near_miss", rank=None, right=False, citations=1, citations_exact=0),
    ]
    found = figures(outcomes)
    assert (found.n, found.recall_at_1, found.recall_at_5, found.recall_at_10) == (6, 0.25, 0.5, 0.75)
    assert found.mrr == pytest.approx((1 + 1 / 4 + 1 / 7) / 4)
    assert (found.right, found.wrongly_refused, found.wrongly_answered) == (0.5, 0.25, 0.5)
    assert found.on_evidence == pytest.approx(3 / 5)
    assert found.exact == pytest.approx(5 / 6)


def test_a_group_without_questions_of_a_kind_has_no_share() -> None:
    found = figures([outcome(answerable=False, rank=None)])
    assert found.recall_at_1 is found.mrr is found.right is found.wrongly_refused is None
    assert found.wrongly_answered == 1.0


def test_groups() -> None:
    groups = grouped(
        [outcome(), outcome(pair="en->zh", kind="why"), outcome(answerable=False, pair="en->none", kind="off_topic")]
    )
    assert list(groups) == ["all", "en->none", "en->zh", "zh->zh", "number", "why", "off_topic"]
    assert [groups[name].n for name in groups] == [3, 1, 1, 1, 1, 1, 1]


def test_the_time_within_which_95_of_100_are_answered() -> None:
    assert figures([outcome(seconds=float(number)) for number in range(1, 101)]).p95_seconds == 95.0
    assert figures([outcome(seconds=float(number)) for number in range(1, 4)]).p95_seconds == 3.0
    assert figures([]).p95_seconds == 0.0


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"citations_on_evidence": 2}, None),
        ({}, "off the evidence"),
        ({"right": False}, "not right"),
        ({"right": False, "abstained": True}, "wrongly refused"),
        ({"right": False, "answerable": False}, "wrongly answered"),
        ({"right": False, "answerable": False, "abstained": True}, None),
    ],
)
def test_what_is_wrong_with_an_answer(changes: dict[str, object], wrong: str | None) -> None:
    assert failure(outcome(**changes)) == wrong


def test_risk_is_over_those_that_are_at_least_as_sure() -> None:
    points = risk_coverage(np.array([0.2, 0.9, 0.5, 0.7]), np.array([True, True, False, True]))
    assert points.tolist() == [[0.25, 0.0], [0.5, 0.0], [0.75, pytest.approx(1 / 3)], [1.0, 0.25]]


def test_a_fresh_library_is_made_as_the_other_is(quick_path: Path, encoder: HashingEncoder, analyzer: Analyzer) -> None:
    with Library(quick_path / "own", encoder, chunk_tokens=20, analyzer=analyzer) as library:
        library.add_document(Document("d", "t", "s", "观鸟站今天开放。"))
        pipeline = RagPipeline(library, threshold=0.9, top_k=3)
        with fresh(pipeline) as empty:
            assert len(empty.library) == 0
            assert (empty.library.chunk_tokens, empty.library.encoder) == (20, encoder)
            assert (empty.threshold, empty.top_k, empty.reader) == (0.9, 3, pipeline.reader)
            folder = empty.library.path
            add_passages(empty.library, [Passage("p1", "", "湿地受到保护。"), Passage("p2", "", "湿地受到保护。")])
            assert [document.source for document in empty.library.documents()] == ["p1"]
        assert not folder.exists()
        assert pipeline.library is library
        assert len(library) == 1
