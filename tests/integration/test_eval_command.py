"""`yinju eval` with the bundled models, on sets of every format."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rag.cli import app

GREEN = "青湖基金成立于2003年，由陈明发起。基金每年为湖泊保护出资38万元。"
STATION = "北山观鸟站于2024年3月5日开放，站里能看到118种鸟。"


def yinju(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Status, output and errors of the command line."""
    sys.argv = ["yinju", *arguments]
    try:
        app.main()
        status = 0
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    return status, *capsys.readouterr()


def asked(identity: str, text: str, answer: str, context: str) -> dict[str, Any]:
    return {"id": identity, "question": text, "answers": [{"text": answer, "answer_start": context.index(answer)}]}


@pytest.fixture
def squad(home: Path) -> Path:
    articles = (
        (
            "青湖基金",
            GREEN,
            [asked("1", "青湖基金由谁发起？", "陈明", GREEN), asked("2", "青湖基金每年出资多少？", "38万元", GREEN)],
        ),
        ("观鸟站", STATION, [asked("3", "观鸟站能看到多少种鸟？", "118种", STATION)]),
    )
    data = [{"title": title, "paragraphs": [{"context": context, "qas": qas}]} for title, context, qas in articles]
    data[1]["paragraphs"][0]["qas"].append(  # type: ignore[index]
        {"id": "4", "question": "世界杯冠军是谁？", "answers": [], "is_impossible": True}
    )
    file = home / "squad.json"
    file.write_text(json.dumps({"data": data}, ensure_ascii=False), encoding="utf-8")
    return file


def test_a_set_that_brings_its_passages_is_asked_of_them(capsys: pytest.CaptureFixture[str], squad: Path, home: Path) -> None:
    arguments = ("--json", "a.json", "--html", "a.html", "--run", "a.run", "--qrels", "a.qrels")
    status, out, _ = yinju(capsys, "eval", "--questions", str(squad), *arguments)
    assert status == 0
    assert "Reading alone: F1" in out
    run = json.loads(Path("a.json").read_text(encoding="utf-8"))
    of_all = run["figures"]["all"]
    assert (of_all["n"], of_all["hit_at_1"], of_all["right"], of_all["gold_right"]) == (4, 1, 1, 1)
    assert (of_all["wrongly_answered"], of_all["exact"], run["counts"]["all"]["f1"]) == (0, 1, 3)
    assert list(run["retrieval"]) == ["dense", "lexical", "fused", "reranked"]
    about = run["about"]
    assert (about["format"], about["documents"], about["seed"]) == ("SQuAD", 2, 2026)
    assert about["models"]["encoder"].startswith("bundled:")
    assert len(about["models"]["reader"]) == 16
    assert about["peak_memory_bytes"] > 10**8
    assert not (home / "library").exists()
    assert "青湖基金由谁发起" not in Path("a.html").read_text(encoding="utf-8")  # Only what went wrong is shown.

    command = [sys.executable, "-m", "ir_measures", "a.qrels", "a.run", "RR nDCG@10 R@1 R@5 R@10 Success@1", "-p", "10"]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    values = {name: float(value) for name, value in (line.split("\t") for line in theirs.splitlines())}
    ours = {"RR": "mrr", "nDCG@10": "ndcg_at_10", "R@1": "recall_at_1", "R@5": "recall_at_5", "R@10": "recall_at_10"}
    assert values == pytest.approx({name: of_all[ours.get(name, "hit_at_1")] for name in values})
    assert len(values) == 6

    status, out, _ = yinju(capsys, "eval", "compare", "a.json", "a.json")
    assert (status, "0 of 4 questions changed" in out) == (0, True)


def test_questions_in_another_language_than_their_passages(capsys: pytest.CaptureFixture[str], squad: Path, home: Path) -> None:
    context = "The Qinghu fund was founded by Chen Ming in 2003."
    english = [
        {
            "title": "Fund",
            "paragraphs": [{"context": context, "qas": [asked("1", "Who founded the Qinghu fund?", "Chen Ming", context)]}],
        }
    ]
    Path("en.json").write_text(json.dumps({"data": english}), encoding="utf-8")
    status, out, _ = yinju(capsys, "eval", "--questions", "en.json", "--passages", str(squad), "--json", "x.json")
    assert (status, "en->zh" in out) == (0, True)
    (outcome,) = json.loads(Path("x.json").read_text(encoding="utf-8"))["outcomes"]
    assert (outcome["pair"], outcome["rank"], outcome["expected"]) == ("en->zh", 1, ["陈明", "Chen Ming"])


def test_noise_and_rejection(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    row = {
        "id": 0,
        "query": "青湖基金由谁发起？",
        "answer": "陈明",
        "positive": [GREEN, "陈明发起了青湖基金，规模不大。", "青湖基金是陈明在2003年发起的。"],
        "negative": [STATION, "湿地一律受到保护。", "森林公园有52座，都对公众开放。", "今年的雨水比往年多。", "会议在南宁举行。"],
    }
    Path("rgb.jsonl").write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")
    for options, pair, abstained in ((("--noise", "0.4"), "zh->zh", False), (("--reject",), "zh->none", True)):
        assert yinju(capsys, "eval", "--questions", "rgb.jsonl", *options, "--json", "r.json")[0] == 0
        (outcome,) = json.loads(Path("r.json").read_text(encoding="utf-8"))["outcomes"]
        assert (outcome["pair"], outcome["abstained"], len(outcome["rankings"]["reranked"])) == (pair, abstained, 5)


def test_beir_is_about_retrieval_alone(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder = home / "beir"
    (folder / "qrels").mkdir(parents=True)
    corpus = [{"_id": "g", "text": GREEN}, {"_id": "s", "text": STATION}]
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps(row) for row in corpus), encoding="utf-8")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "观鸟站能看到多少种鸟？"}), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\ts\t2\n", encoding="utf-8")
    assert yinju(capsys, "eval", "--questions", str(folder), "--json", "b.json")[0] == 0
    of_all = json.loads(Path("b.json").read_text(encoding="utf-8"))["figures"]["all"]
    assert (of_all["ndcg_at_10"], of_all["right"], of_all["f1"], of_all["aurc"]) == (1, None, None, None)


def test_drafts_are_written_once(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / "station.txt").write_text(STATION, encoding="utf-8")
    status, out, errors = yinju(capsys, "eval", "draft", "station.txt")
    assert (status, errors) == (0, f"{len(out.splitlines())} drafts to correct\n")
    assert json.loads(out.splitlines()[0])["evidence"] == [STATION]
    assert yinju(capsys, "eval", "draft", "station.txt", "--output", "mine.jsonl")[0] == 0
    status, _, errors = yinju(capsys, "eval", "draft", "station.txt", "--output", "mine.jsonl")
    assert (status, "mine.jsonl exists already" in errors) == (1, True)
    status, _, errors = yinju(capsys, "eval", "--questions", "mine.jsonl")
    assert (status, "contains only drafts" in errors) == (1, True)


def test_of_a_folder_with_a_broken_file_the_others_are_drafted(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder = home / "reports"
    folder.mkdir()
    (folder / "a.txt").write_text("", encoding="utf-8")
    (folder / "b.txt").write_text(STATION, encoding="utf-8")
    (folder / "c.jsonl").write_text(f"{json.dumps({'title': 't', 'text': STATION})}\n{{\n", encoding="utf-8")
    status, out, errors = yinju(capsys, "eval", "draft", "reports")
    assert status == 1
    assert {json.loads(line)["source"] for line in out.splitlines()} == {"b.txt", "c.jsonl#1"}
    named, broken, count = errors.splitlines()
    assert re.fullmatch(r"failed +\S+/a\.txt: the file is empty", named)
    assert re.fullmatch(r"failed +\S+/c\.jsonl#2: this line is not JSON", broken)
    assert count == f"{len(out.splitlines())} drafts to correct"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("eval", "draft", "."), "there is no file of a known kind there"),
        (("eval", "--questions", "none.jsonl"), "cannot read the questions"),
        (("eval", "--noise", "0.4"), "has no passages to mix"),
        (("eval", "compare", "none.json", "none.json"), "cannot read"),
        (("eval", "--json", "/nowhere/a.json", "--most", "1"), "cannot write /nowhere/a.json"),
    ],
)
def test_errors_are_one_line(capsys: pytest.CaptureFixture[str], home: Path, arguments: tuple[str, ...], problem: str) -> None:
    status, _, errors = yinju(capsys, *arguments)
    assert status == 1
    assert problem in errors.splitlines()[-1]
    assert "Traceback" not in errors
