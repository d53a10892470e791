"""Question sets of other formats: what is read, and where errors say they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.errors import QuestionSetError
from rag.evaluation.questions.formats import Mix, load, some
from rag.evaluation.questions.question_set import Passage

CONTEXT = "青湖基金成立于2003年，由陈明发起。基金每年出资38万元。"
OWN = {"id": "a", "lang": "zh", "kind": "number", "question": "多少？", "evidence": ["有1个"], "answers": ["1个"]}


def squad(*questions: dict[str, Any], context: str = CONTEXT, title: str = "青湖_基金") -> dict[str, Any]:
    return {"version": "1.1", "data": [{"title": title, "paragraphs": [{"context": context, "qas": list(questions)}]}]}


def asked(**changes: Any) -> dict[str, Any]:
    usual = {"id": "q", "question": "青湖基金由谁发起？", "answers": [{"text": "陈明", "answer_start": 13}]}
    return {**usual, **changes}


def written(folder: Path, data: Any, name: str = "set.json") -> Path:
    file = folder / name
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
    file.write_text(text, encoding="utf-8")
    return file


def lines(folder: Path, *rows: dict[str, Any]) -> Path:
    return written(folder, "\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "set.jsonl")


def test_squad_gives_passages_and_the_sentence_that_holds_the_answer(tmp_path: Path) -> None:
    impossible = asked(id="none", question="青湖基金有多少员工？", answers=[], is_impossible=True)
    found = load(written(tmp_path, squad(asked(), asked(id="m", answers=[{"text": "38万元", "answer_start": 0}]), impossible)))
    assert found.format == "SQuAD"
    assert found.passages == (Passage("p0", "青湖 基金", CONTEXT),)
    first, wrong_offset, unanswerable = found.questions
    assert (first.answers, first.evidence) == (("陈明",), ("青湖基金成立于2003年，由陈明发起。",))
    assert (first.lang, first.kind, first.relevant) == ("zh", "fact", (("p0", 1),))
    assert wrong_offset.evidence == ("基金每年出资38万元。",)
    assert (unanswerable.answerable, unanswerable.relevant, unanswerable.answers) == (False, (), ())


def test_an_answer_over_two_sentences_is_evidence_as_a_whole(tmp_path: Path) -> None:
    answer = {"text": "由陈明发起。基金每年", "answer_start": 12}
    (question,) = load(written(tmp_path, squad(asked(answers=[answer])))).questions
    assert question.evidence == ("青湖基金成立于2003年，由陈明发起。基金每年",)


def test_the_first_release_of_cmrc_is_a_list(tmp_path: Path) -> None:
    data = [
        {
            "context_id": "C1",
            "context_text": CONTEXT,
            "title": "青湖",
            "qas": [{"query_id": "C1-Q1", "query_text": "由谁发起？", "answers": ["陈明", "由陈明"]}],
        }
    ]
    found = load(written(tmp_path, data))
    assert [(q.id, q.answers) for q in found.questions] == [("C1-Q1", ("陈明", "由陈明"))]
    assert found.passages[0].title == "青湖"


def test_passages_of_another_language_take_the_place_of_their_own(tmp_path: Path) -> None:
    english = squad(
        asked(question="Who founded the fund?", answers=[{"text": "Chen Ming", "answer_start": 24}]),
        context="The fund was founded by Chen Ming. It is small.",
        title="Fund",
    )
    found = load(written(tmp_path, english, "en.json"), parallel=written(tmp_path, squad(asked()), "zh.json"))
    (question,) = found.questions
    assert (question.question, question.lang) == ("Who founded the fund?", "en")
    assert question.evidence == ("青湖基金成立于2003年，由陈明发起。",)
    assert question.answers == ("陈明", "Chen Ming")
    assert found.passages == (Passage("p0", "青湖 基金", CONTEXT),)
    with pytest.raises(QuestionSetError, match=r'zh\.json does not contain question "other"'):
        load(written(tmp_path, squad(asked(id="other")), "en.json"), parallel=tmp_path / "zh.json")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"data": {}}, 'set.json: "data" must be a list'),
        ({"data": [1]}, "set.json: data[0]: not a JSON object"),
        ({"data": [{"paragraphs": [{"context": " ", "qas": []}]}]}, 'data[0].paragraphs[0]: "context" must be a text'),
        (squad(asked(question="")), 'data[0].paragraphs[0].qas[0]: "question" must be a text'),
        (squad(asked(id=None)), 'qas[0]: "id" must be a text'),
        (squad(asked(answers=[])), '"answers" is empty, and "is_impossible" is not true'),
        (squad(asked(answers=[{"text": "林红", "answer_start": 0}])), "qas[0].answers[0]: “林红” is not in the passage"),
        (squad(asked(answers=[{"answer_start": 0}])), 'qas[0].answers[0]: "text" must be a text'),
        (squad(asked(), asked()), 'the id "q" is used twice'),
        ({"data": []}, "contains no questions"),
        ("{", "line 1: not JSON"),
        ("[" * 100_000, "line 1: not JSON"),
        ('{"data": 1, ', "line 1: not JSON"),
    ],
)
def test_errors_name_the_path_inside_the_json(tmp_path: Path, data: Any, problem: str) -> None:
    with pytest.raises(QuestionSetError) as caught:
        load(written(tmp_path, data))
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


# -- BEIR -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    folder = tmp_path / "beir"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": "d1", "title": "Fund", "text": "About the fund."}, {"_id": "d2", "text": "About lakes."}]
    queries = [{"_id": "q1", "text": "what is the fund"}, {"_id": "q2", "text": "unjudged"}]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\nq2\td1\t1\n", encoding="utf-8")
    qrels = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq1\tgone\t1\n"
    (folder / "qrels" / "test.tsv").write_text(qrels, encoding="utf-8")
    return folder


def test_beir_gives_judged_queries_of_the_test_split(beir: Path) -> None:
    found = load(beir)
    assert found.passages == (Passage("d1", "Fund", "About the fund."), Passage("d2", "", "About lakes."))
    assert [(q.id, q.relevant, q.answers, q.answerable) for q in found.questions] == [("q1", (("d1", 2),), (), True)]


def test_passages_of_the_same_text_are_one(beir: Path) -> None:
    with (beir / "corpus.jsonl").open("a", encoding="utf-8") as corpus:
        corpus.write('\n{"_id": "d3", "text": "About the fund."}')
    (beir / "qrels" / "test.tsv").write_text("q1\td1\t1\nq1\td3\t2\nq2\td3\t1\n", encoding="utf-8")
    found = load(beir)
    assert [passage.id for passage in found.passages] == ["d1", "d2"]
    assert [question.relevant for question in found.questions] == [(("d1", 2),), (("d1", 1),)]


def test_errors_of_beir_name_the_line(beir: Path) -> None:
    (beir / "qrels" / "test.tsv").write_text("q1\td1\n", encoding="utf-8")
    with pytest.raises(QuestionSetError, match=r"test\.tsv, line 1: not a query"):
        load(beir)
    (beir / "queries.jsonl").write_text('{"_id": 1}', encoding="utf-8")
    (beir / "qrels" / "test.tsv").write_text("q1\td1\t1\n", encoding="utf-8")
    with pytest.raises(QuestionSetError, match=r'queries\.jsonl, line 1: "_id" must be a text'):
        load(beir)
    (beir / "corpus.jsonl").unlink()
    with pytest.raises(QuestionSetError, match="is not a BEIR folder"):
        load(beir)


# -- RGB --------------------------------------------------------------------------------------------------------------

RGB = {
    "id": 7,
    "query": "Who won?",
    "answer": [["Ada", "Ada L."], "2021"],
    "positive": [["good 1", "good 2"], ["good 3"]],
    "negative": [f"bad {number}" for number in range(6)],
}


def kinds(found: Any) -> list[str]:
    return [passage.text.split()[0] for passage in found.passages]


@pytest.mark.parametrize(("noise", "bad"), [(0.0, 0), (0.4, 2), (0.6, 3), (0.8, 4)])
def test_a_share_of_the_passages_does_not_answer(tmp_path: Path, noise: float, bad: int) -> None:
    found = load(lines(tmp_path, RGB), mix=Mix(noise))
    (question,) = found.questions
    positives = min(3, 5 - bad)
    assert kinds(found).count("good") == positives
    assert kinds(found).count("bad") / len(found.passages) == pytest.approx(noise, abs=0.01)
    assert (question.answers, question.also) == (("Ada", "Ada L."), (("2021",),))
    assert set(question.within) == {passage.id for passage in found.passages}
    texts = {passage.id: passage.text for passage in found.passages}
    assert sorted(texts[name].split()[0] for name, _ in question.relevant) == ["good"] * positives


def test_the_mix_is_the_same_each_time(tmp_path: Path) -> None:
    file = lines(tmp_path, RGB, {**RGB, "id": 8})
    assert load(file, mix=Mix(0.4)) == load(file, mix=Mix(0.4))
    assert load(file, mix=Mix(0.4)).passages != load(file, mix=Mix(0.4, seed=1)).passages


def test_rejection_gives_only_passages_that_do_not_answer(tmp_path: Path) -> None:
    found = load(lines(tmp_path, RGB), mix=Mix(reject=True))
    (question,) = found.questions
    assert kinds(found) == ["bad"] * 5
    assert (question.answerable, question.answers, question.also, question.relevant) == (False, (), (), ())


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"answer": []}, 'line 1: "answer" must be'),
        ({"answer": [3]}, 'line 1: "answer" must be a list of texts'),
        ({"negative": []}, 'line 1: "negative" is empty'),
        ({"positive": []}, 'line 1: "positive" is empty'),
        ({"query": 1}, 'line 1: "query" must be a text'),
    ],
)
def test_errors_of_rgb_name_the_line(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(QuestionSetError, match=problem):
        load(lines(tmp_path, {**RGB, **changes}), mix=Mix(0.4))


def test_only_rgb_can_be_mixed(tmp_path: Path) -> None:
    with pytest.raises(QuestionSetError, match="no passages to mix"):
        load(lines(tmp_path, OWN), mix=Mix(0.4))
    with pytest.raises(QuestionSetError, match="share of noise"):
        load(lines(tmp_path, RGB), mix=Mix(1.0))


# -- our own ----------------------------------------------------------------------------------------------------------


def test_our_own_lines_are_told_by_what_is_in_them(tmp_path: Path) -> None:
    found = load(lines(tmp_path, OWN, {**OWN, "id": "b"}))
    assert (found.format, [q.id for q in found.questions], found.passages) == ("lines", ["a", "b"], ())


def test_drafts_are_left_out_until_they_are_corrected(tmp_path: Path) -> None:
    found = load(lines(tmp_path, OWN, {"id": "b", "draft": True}, {**OWN, "id": "c", "draft": False}))
    assert ([q.id for q in found.questions], found.drafts) == (["a", "c"], 1)
    with pytest.raises(QuestionSetError, match="contains only drafts"):
        load(lines(tmp_path, {**OWN, "draft": True}))


def test_a_part_of_a_set_is_evenly_chosen(tmp_path: Path) -> None:
    found = load(lines(tmp_path, *({**OWN, "id": str(number)} for number in range(10))))
    assert [q.id for q in some(found, 4).questions] == ["0", "2", "5", "7"]
    assert some(found, 99) == found
