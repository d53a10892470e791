from __future__ import annotations

import json
from dataclasses import replace

import gradio as gr
import pytest
from html_page import HOSTILE, Reader

from rag import texts as rag_texts
from rag.answering.reading import Passage, Reading, Sentence
from rag.evaluation.reports.charts import Axis, Charts, Group, Mark, percent
from rag.evaluation.run import Outcome
from rag.library.library import Library
from rag.pipeline import RagPipeline
from rag.texts import Words
from ui import evaluation_report, texts
from ui.labels import Labels
from ui.pages import evaluation_page
from ui.pages.evaluation_page import Evaluation, EvaluationPage

NAME = Words("名", "name")
charts = Charts(evaluation_report.WORDING)
OUTCOME = Outcome("a", "zh->zh", "number", "多少？", True, 1, True, False, 1, 1, 1, 0.9, 0.1, "3个[1]", ("3个",))


def places(path):
    """The places that the line of a chart goes through, in its own units."""
    return [tuple(map(float, step.split())) for step in path.removeprefix("M").split("L")]


# -- charts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "ticks"),
    [
        (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.13, [0, 0.05, 0.1, 0.15, 0.2]),
        (0.1, [0, 0.02, 0.04, 0.06, 0.08, 0.1]),
        (3.2, [0, 1, 2, 3, 4, 5]),
        (999.0, [0, 200, 400, 600, 800, 1000]),
        (0.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_an_axis_ends_at_a_round_value(last, ticks):
    assert Axis(NAME, last, str).ticks() == pytest.approx(ticks)


def test_a_bar_is_as_long_as_its_share_and_the_table_says_the_same():
    page = Reader(
        charts.bars(NAME, NAME, [Words("一", "one"), Words("二", "two")], [Group(NAME, [0.5, None]), Group(NAME, [1, 0])])
    )
    whole = float(next(rect["width"] for rect in page.attributes("rect") if rect["class"] == "track"))
    assert [float(rect["width"]) / whole for rect in page.attributes("rect") if rect["class"] != "track"] == [0.5, 0, 1, 0]
    assert [text for text in page.inside["text"] if text not in NAME] == ["50%", "–", "100%", "0%"]
    assert page.inside["td"] == ["", "50%", "–", "100%", "0%"]
    assert page.inside["title"] == ["名 name"]
    assert page.attributes("svg")[0]["role"] == "img"


def test_a_line_goes_through_its_points():
    x, y = Axis(NAME, 1.0, percent), Axis(NAME, 2.0, str)
    page = Reader(charts.curve(NAME, NAME, x, y, [(0.0, 0.0), (0.5, 2.0), (1.0, 1.0)], marks=[Mark(0.5, 2.0, NAME)]))
    (path,) = [path["d"] for path in page.attributes("path") if path["class"] == "line"]
    (left, bottom), (middle, top), (right, half) = places(path)
    assert middle == (left + right) / 2
    assert half == (top + bottom) / 2
    (circle,) = page.attributes("circle")
    assert (float(circle["cx"]), float(circle["cy"])) == (middle, top)
    assert page.inside["td"] == ["", "2.0", "名 name", "0.0", "", "2.0", "", "1.0", ""]


def test_a_line_in_steps_stays_level_up_to_each_point():
    axis = Axis(NAME, 1.0, percent)
    page = Reader(charts.curve(NAME, NAME, axis, axis, [(0.0, 0.5), (1.0, 1.0)], marks=(), in_steps=True))
    (path,) = [path["d"] for path in page.attributes("path") if path["class"] == "line"]
    assert path == "M40.0 102.0H340.0V14.0"


def test_many_points_are_thinned_and_their_ends_stay():
    axis = Axis(NAME, 1.0, percent)
    page = Reader(charts.curve(NAME, NAME, axis, axis, [(i / 9999, i / 9999) for i in range(10_000)], marks=()))
    (path,) = [path["d"] for path in page.attributes("path") if path["class"] == "line"]
    assert len(places(path)) == 240
    assert (places(path)[0], places(path)[-1]) == ((40, 190), (340, 14))
    assert (page.inside["td"][1], page.inside["td"][-2]) == ("0%", "100%")


def test_a_chart_of_nothing_says_so():
    axis = Axis(NAME, 0.0, percent)
    for chart in (charts.bars(NAME, NAME, [NAME], []), charts.curve(NAME, NAME, axis, axis, [], marks=())):
        assert rag_texts.NOTHING_TO_DRAW.english in chart
        assert "<svg" not in chart


# -- the report -------------------------------------------------------------------------------------------------------


def test_progress_tells_the_rate_and_the_time_left():
    page = Reader(evaluation_report.asking(30, 120, 60.0))
    assert page.inside["p"] == ["已问 30 / 120 · 每分钟 30 个 · 还需约 3:00 30 of 120 asked · 30 a minute · about 3:00 left"]
    assert page.attributes("progress") == [{"max": "1", "value": "0.250"}]
    assert "0.5 a minute" in evaluation_report.asking(1, 2, 120.0)


def test_the_end_tells_what_was_asked():
    assert "All 3 questions asked, in 1:05." in evaluation_report.finished(3, 3, 65.2)
    assert "Only 2 of 3 questions asked" in evaluation_report.finished(2, 3, 1.0)
    assert "Stopped." in evaluation_report.finished(0, 3, 1.0)


def outcomes():
    return [
        OUTCOME,
        replace(OUTCOME, id="b", pair="en->zh", rank=7, right=False, citations_on_evidence=0, seconds=0.3, confidence=0.8),
        replace(OUTCOME, id="c", rank=None, right=False, abstained=True, citations=0, citations_on_evidence=0, confidence=0.1),
        replace(OUTCOME, id="d", pair="zh->none", kind="near_miss", answerable=False, right=False, rank=None, expected=()),
    ]


def test_the_figures_of_all_stand_first():
    page = Reader(evaluation_report.report(outcomes(), 0.38))
    shown = dict(zip(page.inside["dt"], page.inside["dd"], strict=True))
    assert shown == {
        "题数 Questions": "4",
        "命中@10 hit@10": "67%",
        "答对 Right": "33%",
        "引用落在依据上 On the evidence": "50%",
        "误答 Wrongly answered": "100%",
        "误拒 Wrongly refused": "33%",
        "用时中位数 Median time": "0.10 s",
        "95% 用时 95% within": "0.30 s",
    }


def test_recall_and_answers_are_drawn_by_language_pair():
    recall, answers, *_ = evaluation_report.report(outcomes(), 0.38).split("<figure")[1:]
    recall, answers = Reader(f"<figure{recall}"), Reader(f"<figure{answers}")
    heads = ["全部 All", "英文 → 中文 English → Chinese", "中文 → 中文 Chinese → Chinese"]
    assert recall.inside["th"] == ["命中@1 hit@1", "命中@5 hit@5", "命中@10 hit@10", *heads]
    assert recall.inside["td"] == ["", "33%", "33%", "67%", "0%", "0%", "100%", "50%", "50%", "50%"]
    assert answers.inside["td"] == ["", "33%", "50%", "0%", "0%", "50%", "100%"]


def test_the_risk_curve_ends_where_refusals_begin():
    chart = evaluation_report.report(outcomes(), 0.38).split("<figure")[3]
    page = Reader(f"<figure{chart}")
    # Of four, the three surest were answered, two of them wrongly.
    assert page.inside["h3"] == ["风险与覆盖 Risk and coverage"]
    assert page.inside["tr"][1] == "75%67%门槛 0.38 Threshold 0.38"


def test_when_nothing_was_answered_there_is_no_risk():
    refused = [replace(outcomes()[2], id=name) for name in "ab"]
    assert rag_texts.NOTHING_TO_DRAW.english in evaluation_report.report(refused, 0.38).split("<figure")[3]


def test_the_time_chart_names_median_and_95th():
    timed = [replace(OUTCOME, id=str(number), seconds=number / 10) for number in range(1, 21)]
    chart = evaluation_report.report(timed, 0.38).split("<figure")[4]
    assert "median 1.05 s" in chart
    assert "95% 1.90 s" in chart


def test_questions_about_other_documents_are_told():
    elsewhere = [replace(OUTCOME, pair="zh->none", rank=None, right=False), replace(OUTCOME, id="b")]
    assert "nowhere in the library: 1." in evaluation_report.report(elsewhere, 0.38)
    assert "nowhere in the library" not in evaluation_report.report(outcomes(), 0.38)


def test_failures_stand_under_what_is_wrong_and_can_be_asked_in_the_chat():
    shown = [*outcomes(), replace(OUTCOME, id="e", question="两处？", citations=2)]
    page = Reader(evaluation_report.report(shown, 0.38))
    assert [text for text in page.inside["summary"] if text[-1].isdigit()] == [
        f"{rag_texts.FAILURES[kind]} 1" for kind in ("wrongly answered", "wrongly refused", "not right", "off the evidence")
    ]
    assert [button["data-ask"] for button in page.attributes("button")] == ["多少？", "多少？", "多少？", "两处？"]
    assert [text[:1] for text in page.inside["p"] if "把握 Confidence" in text] == ["d", "c", "b", "e"]
    assert page.inside["p"].count("应含 Expected: 3个") == 3
    assert "On the evidence 1 / 2" in page.text


def test_without_failures_it_says_so():
    page = evaluation_report.report([OUTCOME], 0.38)
    assert rag_texts.NO_FAILURES.english in page
    assert "data-ask" not in page


@pytest.mark.parametrize("page", [evaluation_report.problem(HOSTILE), evaluation_report.question_set(HOSTILE, 1)])
def test_a_hostile_name_is_only_text(page):
    assert HOSTILE in Reader(page).text
    assert {tag for tag, _ in Reader(page).tags} == {"p", "span"}


def test_a_hostile_question_set_is_only_text():
    hostile = replace(
        OUTCOME,
        **dict.fromkeys(("id", "kind", "question", "answer"), HOSTILE),
        pair=f"{HOSTILE}->zh",
        right=False,
        expected=(HOSTILE,),
    )
    page = Reader(evaluation_report.report([hostile], 0.38))
    assert page.text.count(HOSTILE) >= 4
    assert [button["data-ask"] for button in page.attributes("button")] == [HOSTILE]
    assert not {"script", "img", "a"} & set(page.inside)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]


# -- the page ---------------------------------------------------------------------------------------------------------


class ReaderOfNumbers:
    """Supports sentences that contain a digit; every use is counted."""

    def __init__(self):
        self.times = 0

    def read(self, question, results, stop=None):
        self.times += 1
        if "fail" in question:
            raise RuntimeError("the secret")
        readings = []
        for result in results:
            start, text = result.chunk.start, result.chunk.text
            found = []
            for a, b in Passage(result).spans:
                support = 0.9 if any(character.isdigit() for character in text[a:b]) else 0.1
                found.append(Sentence(start + a, start + b, text[a:b], support, (start + a, start + b), 0.0))
            readings.append(Reading(result, tuple(found), max((sentence.support for sentence in found), default=0.0)))
        return sorted(readings, key=lambda reading: -reading.support)


@pytest.fixture
def page(quick_path, encoder, analyzer, monkeypatch):
    """The page over a library of the visitor's, with seed documents and seed questions of the test's own."""
    (quick_path / "seeds" / "documents").mkdir(parents=True)
    for folder, name, text in (
        (quick_path, "own.txt", "自然保护地有118个，分布在各省。"),
        (quick_path / "seeds" / "documents", "a.txt", "森林公园有52座，都对公众开放。"),
        (quick_path / "seeds" / "documents", "b.txt", "湿地一律受到保护。"),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    seeds = question_set(quick_path / "seeds" / "questions.jsonl", ("seed", "森林公园有多少座？", "森林公园有52座", "52座"))
    monkeypatch.setattr(evaluation_page, "SEEDS", quick_path / "seeds")
    monkeypatch.setattr(evaluation_page, "SEED_QUESTIONS", seeds)
    with Library(quick_path / "library", encoder, analyzer=analyzer) as library, gr.Blocks():
        library.add([quick_path / "own.txt"])
        yield EvaluationPage(RagPipeline(library, ReaderOfNumbers()), Labels(), gr.State(None))


def question_set(file, *rows):
    keys = ("id", "question", "evidence", "answers")
    questions = ({"lang": "zh", "kind": "number", **dict(zip(keys, row, strict=True))} for row in rows)
    lines = [json.dumps({**row, "evidence": [row["evidence"]], "answers": [row["answers"]]}) for row in questions]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


def own(page, folder, *rows):
    evaluation = Evaluation()
    page.choose(evaluation, str(question_set(folder / "own.jsonl", *rows)))
    return evaluation


GOOD = ("good", "自然保护地有多少个？", "自然保护地有118个", "118个")


def test_the_seed_questions_are_asked_of_the_seed_documents_alone(page):
    *steps, last = page.evaluate(Evaluation(), None)
    states = [Reader(step[page.state]).text for step in steps]
    assert [text[:7] for text in states[:2]] == ["正在添加自带文", "正在添加自带文"]
    assert states[2].startswith("已问 1 / 1 · ")
    assert "All 1 questions asked" in last[page.state]
    shown = Reader(last[page.results])
    assert shown.inside["dd"][:4] == ["1", "100%", "100%", "100%"]
    assert [document.title for document in page.pipeline.library.documents()] == ["own"]


def test_own_questions_are_asked_of_the_visitors_library(page, tmp_path):
    elsewhere = ("elsewhere", "湖泊有多少个？", "湖泊有7个", "7个")
    *steps, last = page.evaluate(own(page, tmp_path, GOOD, elsewhere), None)
    assert [Reader(step[page.state]).text.split(" · ")[0] for step in steps] == ["已问 1 / 2", "已问 2 / 2"]
    shown = Reader(last[page.results])
    assert shown.inside["dd"][:4] == ["2", "50%", "50%", "50%"]
    assert "nowhere in the library: 1." in shown.text
    assert [button["data-ask"] for button in shown.attributes("button")] == ["湖泊有多少个？"]


def test_the_visitors_adjustments_count(page, tmp_path):
    *_, last = page.evaluate(own(page, tmp_path, GOOD), page.pipeline.with_options(threshold=1.0))
    shown = Reader(last[page.results])
    assert dict(zip(shown.inside["dt"], shown.inside["dd"], strict=True))["误拒 Wrongly refused"] == "100%"


def test_what_was_asked_before_a_stop_is_shown(page, tmp_path):
    evaluation = own(page, tmp_path, *((str(number), *GOOD[1:]) for number in range(3)))
    steps = page.evaluate(evaluation, None)
    next(steps)
    page.end(evaluation)
    (last,) = steps
    assert "Only 1 of 3 questions asked" in last[page.state]
    assert Reader(last[page.results]).inside["dd"][0] == "1"
    assert last[page.stop].visible is False
    assert page.pipeline.reader.times == 2  # One is the warming up.


def test_a_stop_ends_the_adding_of_seeds(page):
    evaluation = Evaluation()
    steps = page.evaluate(evaluation, None)
    next(steps)
    page.end(evaluation)
    (last,) = steps
    assert (Reader(last[page.state]).text, last[page.results]) == ("已停止。 Stopped.", "")


def test_a_question_that_cannot_be_asked_is_named(page, tmp_path):
    *_, last = page.evaluate(own(page, tmp_path, GOOD, ("odd", "？！", "自然", "自然")), None)
    assert 'Could not evaluate: question "odd": the question is empty' in Reader(last[page.state]).text
    assert Reader(last[page.results]).inside["dd"][0] == "1"


def test_an_unexpected_error_is_logged_and_not_shown(page, tmp_path, caplog):
    *_, last = page.evaluate(own(page, tmp_path, ("bad", "fail", "自然", "自然")), None)
    assert texts.UNEXPECTED.english in last[page.state]
    assert "secret" not in last[page.state]
    assert "the secret" in caplog.text


def test_a_question_set_that_cannot_be_read_is_one_line_and_changes_nothing(page, tmp_path):
    evaluation = own(page, tmp_path, GOOD)
    (tmp_path / "bad.jsonl").write_text('{"id": "a"}', encoding="utf-8")
    shown = page.choose(evaluation, str(tmp_path / "bad.jsonl"))
    assert Reader(shown[page.state]).text == (
        '没能完成评测：bad.jsonl，第 1 行：“lang”必须是文字 Could not evaluate: bad.jsonl, line 1: "lang" must be a text'
    )
    assert [question.id for question in evaluation.questions] == ["good"]
    assert "own.jsonl: 1 questions" in page.describe(evaluation)


def test_an_uploaded_question_set_does_not_stay_on_the_disk(page, tmp_path):
    assert own(page, tmp_path, GOOD).questions
    assert not (tmp_path / "own.jsonl").exists()
    (tmp_path / "own.jsonl").write_text("no", encoding="utf-8")
    page.choose(Evaluation(), str(tmp_path / "own.jsonl"))
    assert not (tmp_path / "own.jsonl").exists()


def test_the_seed_questions_can_be_chosen_again(page, tmp_path):
    evaluation = own(page, tmp_path, GOOD)
    shown = page.choose_seeds(evaluation)
    assert "The 1 seed questions" in shown[page.asked]
    assert shown[page.back].visible is False
    assert evaluation.questions == []
