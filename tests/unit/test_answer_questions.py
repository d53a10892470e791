"""The fixed questions of tests/benchmarks/answers: their form, and how answers to them are judged."""

from __future__ import annotations

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from benchmarks.answers.run import (
    DOCUMENTS,
    SHAPES,
    Half,
    Question,
    Want,
    ask,
    by_kind,
    calibration_error,
    contains,
    judge,
    read_questions,
    table,
)

from rag import Answer, Citation, RagPipeline
from rag.types import AnswerKind

KINDS = {
    *("number", "date", "person", "place", "fact", "list", "yes-no", "why", "how", "definition", "two-part", "near", "refuse"),
    *("summary", "library", "comparison", "across", "follow-up", "wish", "as typed"),
}
HALVES: tuple[Half, Half] = ("tune", "kept")
QUESTIONS = read_questions()


def text_of(name: str) -> str:
    """A document's text; HTML loses its tags, and the cells of a CSV file are apart, so that their numbers are."""
    text = (DOCUMENTS / name).read_text(encoding="utf-8")
    return text.replace(",", "\n") if name.endswith(".csv") else html.unescape(re.sub(r"<[^>]+>", " ", text))


TEXTS = {path.name: text_of(path.name) for path in DOCUMENTS.iterdir()}


def half(name: Half) -> list[Question]:
    return [each for each in QUESTIONS if each.half == name]


def pairs(text: str) -> set[str]:
    """The pairs of neighbouring letters and digits in a text."""
    letters = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).lower())
    return {letters[start : start + 2] for start in range(len(letters) - 1)}


# -- the set ----------------------------------------------------------------------------------------------------------


def test_every_kind_is_in_both_halves_in_about_equal_numbers() -> None:
    tune, kept = (Counter(each.kind for each in half(name)) for name in HALVES)
    assert set(tune) == set(kept) == KINDS
    assert min(tune.total(), kept.total()) >= 130
    assert min(tune["near"], kept["near"]) >= 25
    for kind in KINDS:
        assert min(tune[kind], kept[kind]) >= 0.6 * max(tune[kind], kept[kind]), kind


def test_the_halves_share_no_document() -> None:
    tune, kept = ({name for each in half(name_of_half) for name in each.sources} for name_of_half in HALVES)
    assert not tune & kept
    assert tune | kept == set(TEXTS)
    assert all(each.sources for each in QUESTIONS if each.kind != "library")


def test_the_halves_share_no_wording() -> None:
    tune, kept = ([(each, pairs(each.question)) for each in half(name)] for name in HALVES)
    alike = [(one.id, other.id) for one, ours in tune for other, theirs in kept if len(ours & theirs) > 0.7 * len(ours | theirs)]
    assert not alike


def test_questions_are_asked_once() -> None:
    assert len({each.id for each in QUESTIONS}) == len(QUESTIONS)
    assert len({(each.question, each.after, each.documents) for each in QUESTIONS}) == len(QUESTIONS)


def test_files_and_shapes_exist() -> None:
    for each in QUESTIONS:
        assert {*each.sources, *each.documents} <= set(TEXTS), each.id
        assert each.shape in {"", *SHAPES}, each.id


def test_the_set_has_what_its_kinds_promise() -> None:
    for each in QUESTIONS:
        assert (each.want == "near") == (each.kind == "near"), each.id
        assert (each.want == "refuse") == (each.kind == "refuse"), each.id
        assert (each.want == "reply") == (each.kind == "library"), each.id
        assert bool(each.after) == (each.kind in ("follow-up", "wish")), each.id
        assert bool(each.all) == (each.want != "refuse"), each.id


def test_what_is_wanted_is_in_the_documents() -> None:
    for each in QUESTIONS:
        if each.want == "answer" and not each.computed:
            text = "\n".join(TEXTS[name] for name in each.sources)
            missing = [alternatives for alternatives in each.all if not any(contains(text, phrase) for phrase in alternatives)]
            assert not missing, each.id


def test_near_misses_name_a_condition_of_the_question() -> None:
    for each in QUESTIONS:
        if each.want == "near":
            assert all(any(contains(each.question, name) for name in alternatives) for alternatives in each.all), each.id


def test_nothing_is_both_wanted_and_wrong() -> None:
    for each in QUESTIONS:
        wanted = [alternative.removeprefix("^") for alternatives in each.all for alternative in alternatives]
        assert not [(wrong, right) for wrong in each.none for right in wanted if contains(right, wrong)], each.id


# -- judging ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "phrase", "found"),
    [
        ("共138人。", "38", False),
        ("共 38 人。", "38", True),
        ("1,250 crowns", "250", False),
        ("in 2021, 38 people", "38", True),
        ("38.5%", "38", False),
        ("Ends at 38.", "38", True),
        ("十二件", "二件", False),
        ("有二件。", "二件", True),
        ("It is nothing new.", "No", False),
        ("No. It is not.", "No", True),
        ("Gao  Wen", "gao wen", True),
        ("2021 年 1 月", "2021年1月", True),
        ("subway", "way", False),
        ("“不是。”", "^不", True),
        ("这不是。", "^不", False),
        ("１０年", "10年", True),
    ],
)
def test_phrases_are_found_whole(text: str, phrase: str, found: bool) -> None:
    assert contains(text, phrase) is found


SENTENCE = "On the 17th, divers found 23 piles."


def question(want: Want = "answer", **changes: Any) -> Question:
    usual: dict[str, Any] = {"id": "q", "half": "tune", "kind": "fact", "question": "?", "all": (("23",),), "none": ("17",)}
    return Question(**{**usual, "want": want, "right": "23", "sources": (), **changes})


def answer(text: str, kind: AnswerKind = "answer", quote: str = "") -> Answer:
    cited = (Citation(1, "d", "D", "d.md", None, 0, len(quote), quote, 0.9),) if quote else ()
    return Answer("?", "?", text, kind, cited, (), 0.9, "en")


@pytest.mark.parametrize(
    ("asked", "given", "verdict"),
    [
        (question(), answer("23 piles.[1]"), "right"),
        (question(), answer("23 of 140, not 17.[1]"), "wrong"),
        (question(), answer("Many piles.[23]"), "wrong"),
        (question(), answer("23[1]\n\nOn the 17th, divers found 23 piles.[1]", quote=SENTENCE), "right"),
        (question(), answer("17[1]\n\nOn the 17th, divers found 23 piles.[1]", quote=SENTENCE), "wrong"),
        (question(), answer("On the 17th, divers found 23 piles.[1]", quote=SENTENCE), "right"),
        (question(), answer("From 17 to 23.[1]", quote=SENTENCE), "wrong"),
        (question(kind="number", none=()), answer("140[1]\n\n23 of 140.[1]"), "wrong"),
        (question(none=()), answer("Many[1]\n\n23 of 140.[1]"), "right"),
        (question(kind="list"), answer("- 23\n- 24", quote="23, 24"), "right"),
        (question(kind="list"), answer("- 23\n- 17", quote="- 23\n- 17"), "wrong"),
        (question(), answer("The documents do not contain this.", "refusal"), "refused"),
        (question("reply"), answer("23 documents.", "reply"), "right"),
        (question("refuse", all=()), answer("The documents do not mention it.", "refusal"), "right"),
        (question("refuse", all=()), answer("文档没有提到这一点。"), "right"),
        (question("refuse", all=()), answer("23 piles.[1]"), "wrong"),
        (question("near", all=(("2024",),)), answer("The documents do not mention 2024; in 2023 it was 17.[1]"), "right"),
        (question("near", all=(("2024",),)), answer("No answer was found.", "refusal"), "refused"),
        (question("near", all=(("2024",),)), answer("In 2024 it was 17.[1]"), "wrong"),
    ],
)
def test_answers_are_judged_by_what_is_wanted(asked: Question, given: Answer, verdict: str) -> None:
    assert judge(asked, given) == verdict


@pytest.mark.parametrize(
    ("shape", "before", "text", "verdict"),
    [
        ("shorter", "There are 23 piles.", "23.", "right"),
        ("shorter", "23.", "23.", "wrong"),
        ("longer", "23.", "There are 23 piles.", "right"),
        ("longer", "23.[1]", "23.[1][2]", "wrong"),
        ("points", "", "- 23 piles\n- two phases", "right"),
        ("points", "", "一、23根\n二、两期", "right"),
        ("points", "", "23 piles, two phases", "wrong"),
    ],
)
def test_wishes_are_judged_by_shape(shape: str, before: str, text: str, verdict: str) -> None:
    assert judge(question(shape=shape), answer(text), before) == verdict


class FakePipeline:
    """Answers with the question, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str], Collection[str] | None]] = []
        documents = [SimpleNamespace(source="/somewhere/a.md", id="id-a"), SimpleNamespace(source="/somewhere/b.md", id="id-b")]
        self.library = SimpleNamespace(documents=lambda: documents)

    def answer(self, question: str, history: Sequence[Answer] = (), documents: Collection[str] | None = None) -> Answer:
        self.asked.append((question, [each.text for each in history], documents))
        return answer(question)


def test_questions_are_asked_after_those_before_them_in_the_documents_they_name() -> None:
    pipeline = FakePipeline()
    follow_up = question(question="23?", after=("How many?", "Shorter"), documents=("b.md",))
    first, second = ask([follow_up, question(question="24?")], cast(RagPipeline, pipeline))
    assert pipeline.asked == [
        ("How many?", [], ["id-b"]),
        ("Shorter", ["How many?"], ["id-b"]),
        ("23?", ["How many?", "Shorter"], ["id-b"]),
        ("24?", [], None),
    ]
    assert (first.verdict, second.verdict) == ("right", "wrong")


def test_confidence_is_compared_with_the_share_that_is_right() -> None:
    assert calibration_error([], []) == 0
    assert calibration_error([0.95, 0.95, 0.15], [True, False, False]) == pytest.approx((2 * 0.45 + 0.15) / 3)
    assert calibration_error([1.0], [True]) == 0


def test_figures_count_verdicts_by_kind() -> None:
    questions = [question(question="23"), question(question="24, say"), question("refuse", kind="refuse", question="17", all=())]
    parts = by_kind(list(ask(questions, cast(RagPipeline, FakePipeline()))))
    assert list(parts) == ["fact", "refuse", "all"]
    assert parts["fact"] == {
        "n": 2,
        "right": 1,
        "share right": 0.5,
        "wrongly refused": 0,
        "wrongly answered": 1,
        "median length of facts": 4.5,
        "calibration error": 0.4,
    }
    assert (parts["all"]["n"], parts["all"]["right"], parts["all"]["wrongly answered"]) == (3, 1, 2)
    assert table(parts).splitlines()[1].split() == ["fact", "2", "1", "0.5", "0", "1"]
