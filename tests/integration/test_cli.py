"""The command line, as a user types it."""

import json
import signal
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import rag.cli.app
from rag.conversations import Feedback, History
from rag.types import Answer


def yinju(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Runs a command in this process: exit status, output, errors."""
    old, sys.argv = sys.argv, ["yinju", *arguments]
    try:
        rag.cli.app.main()
        status = 0
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 0 if stop.code is None else 1
    finally:
        sys.argv = old
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def notes(home: Path) -> Path:
    folder = home / "notes"
    folder.mkdir()
    (folder / "委员会.txt").write_text(
        "委员会决定\n\n2024年3月5日，委员会决定在北山设立观鸟站，预算为38万元。", encoding="gb18030"
    )
    (folder / "station.md").write_text(
        "# Bird station\n\nThe station on North Hill opened in May 2025. It has **three** towers.", encoding="utf-8"
    )
    return folder


def test_add_list_ask_remove(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    status, out, _ = yinju(capsys, "add", str(notes))
    assert status == 0
    assert out.splitlines()[-1] == "2 added"
    assert yinju(capsys, "add", str(notes))[1].splitlines()[-1] == "2 unchanged"
    (notes / "station.md").write_text("# Bird station\n\nThe station on North Hill opened in June 2025.", encoding="utf-8")
    assert yinju(capsys, "add", str(notes))[1].splitlines()[-1] == "1 replaced, 1 unchanged"
    status, out, _ = yinju(capsys, "list")
    assert "委员会决定" in out
    assert "Bird station" in out
    assert out.splitlines()[-1] == "2 documents"
    status, out, _ = yinju(capsys, "ask", "观鸟站的预算是多少？", "--json")
    answer = json.loads(out)
    assert status == 0
    assert "38万元" in answer["citations"][0]["quote"]
    assert answer["citations"][0]["title"] == "委员会决定"
    assert yinju(capsys, "remove", "委员会.txt")[1] == "removed 委员会决定\n"
    assert yinju(capsys, "list")[1].splitlines()[-1] == "1 documents"


def test_a_question_to_some_documents(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    yinju(capsys, "add", str(notes))
    question = ("ask", "When did the station on North Hill open?")
    answer = json.loads(yinju(capsys, *question, "--json", "--document", "station.md")[1])
    assert {citation["title"] for citation in answer["citations"]} == {"Bird station"}
    answer = json.loads(yinju(capsys, *question, "--json", "--document", "委员会决定")[1])
    assert {result["title"] for result in answer["results"]} == {"委员会决定"}
    answer = json.loads(yinju(capsys, *question, "--json", "--document", "委员会.txt", "--document", "station.md")[1])
    assert {result["title"] for result in answer["results"]} == {"委员会决定", "Bird station"}
    status, _, errors = yinju(capsys, *question, "--document", "nothing")
    assert status == 1
    assert 'no document goes by "nothing"' in errors


def test_collections_and_filters_on_the_command_line(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    yinju(capsys, "add", str(notes / "station.md"), "--collection", "north")
    yinju(capsys, "add", str(notes), "--collection", "all")
    assert yinju(capsys, "collections")[1].split() == ["2", "documents", "all", "1", "documents", "north"]
    assert yinju(capsys, "list", "--collection", "north")[1].splitlines()[-1] == "1 documents"
    assert yinju(capsys, "list", "--language", "zh", "--source", "委员会")[1].splitlines()[-1] == "1 documents"
    question = ("ask", "When did the station on North Hill open?")
    assert "May 2025" in yinju(capsys, *question, "--collection", "north")[1]
    assert "May 2025" not in yinju(capsys, *question, "--language", "zh")[1]
    status, _, errors = yinju(capsys, *question, "--collection", "south")
    assert (status, errors) == (1, 'yinju: no collection is called "south"; there are: all, north\n')
    yinju(capsys, "collections", "--rename", "north", "hill", "--drop", "all")
    assert yinju(capsys, "collections")[1].split() == ["1", "documents", "hill"]
    assert yinju(capsys, "remove", "--collection", "hill")[1] == "removed 1 documents\n"
    assert yinju(capsys, "list")[1].splitlines()[-1] == "1 documents"
    assert yinju(capsys, "remove")[0] == 1


def test_details_are_changed_and_files_kept_on_the_command_line(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    assert yinju(capsys, "originals", "--keep")[1] == "files are kept: 0 files, 0.0 MB\n"
    yinju(capsys, "add", str(notes))
    assert yinju(capsys, "originals")[1] == "files are kept: 2 files, 0.0 MB\n"
    changed = yinju(capsys, "edit", "station.md", "--title", "The station", "--date", "2025-05", "--author", "Ada Lim")
    assert changed[:2] == (0, "The station  2025-05  Ada Lim\n")
    assert yinju(capsys, "edit", "The station", "--author", "")[1] == "The station  2025-05  -\n"
    status, _, errors = yinju(capsys, "edit", "The station", "--date", "May")
    assert (status, errors) == (1, 'yinju: "May" is not a date; write 2021, 2021-10 or 2021-10-09\n')
    assert yinju(capsys, "edit", "The station")[0] == 1
    assert yinju(capsys, "originals", "--keep", "--drop")[0] == 1
    assert yinju(capsys, "originals", "--drop")[1] == "files are not kept: 0 files, 0.0 MB\n"


def test_a_library_is_exported_and_imported(capsys: pytest.CaptureFixture[str], notes: Path, home: Path) -> None:
    yinju(capsys, "add", str(notes))
    file = home / "library.yinju"
    assert yinju(capsys, "export", str(file))[1] == f"2 documents in {file}\n"
    assert yinju(capsys, "export", str(file))[0] == 1
    status, out, _ = yinju(capsys, "import", str(file), "--library", str(home / "other"), "--collection", "theirs")
    assert (status, out.splitlines()[-1]) == (0, "2 added")
    assert yinju(capsys, "collections", "--library", str(home / "other"))[1].split() == ["2", "documents", "theirs"]


def test_what_became_of_each_file_is_written_down(capsys: pytest.CaptureFixture[str], notes: Path, home: Path) -> None:
    (notes / "broken.pdf").write_bytes(b"%PDF-1.7")
    status, _, _ = yinju(capsys, "add", str(notes), "--json", str(home / "report.json"))
    assert status == 1
    report = json.loads((home / "report.json").read_text(encoding="utf-8"))
    assert [(Path(each["source"]).name, each["status"]) for each in report] == [
        ("broken.pdf", "failed"),
        ("station.md", "added"),
        ("委员会.txt", "added"),
    ]
    assert "damaged" in report[0]["reason"]


def test_a_folder_is_watched_until_it_is_stopped(notes: Path, home: Path) -> None:
    command = [sys.executable, "-m", "rag.cli", "add", "--watch", str(notes), "--json", str(home / "report.json")]
    # Where it hangs, it says where, and ends.
    code = "import faulthandler; faulthandler.dump_traceback_later(580, exit=True); from rag.cli.app import main; main()"
    command[1:3] = ["-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watching:
        assert watching.stdout is not None
        said = iter(watching.stdout.readline, "")
        assert any("watching; stop with Ctrl-C" in line for line in said)
        (notes / "late.txt").write_text("The third tower was built in 2027.")
        assert any("1 added" in line for line in said)
        (notes / "station.md").unlink()
        assert any("1 removed" in line for line in said)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(600) == 0, watching.stdout.read()
    report = json.loads((home / "report.json").read_text(encoding="utf-8"))
    assert [(Path(each["source"]).name, each["status"]) for each in report[-2:]] == [
        ("late.txt", "added"),
        ("station.md", "removed"),
    ]


def test_one_bad_file_does_not_keep_the_others_out(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    (notes / "picture.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    (notes / "empty.txt").write_bytes(b" \n")
    status, out, errors = yinju(capsys, "add", str(notes))
    assert status == 1
    assert out.splitlines()[-1] == "2 added, 2 failed"
    failures = [line for line in errors.splitlines() if line.startswith("failed")]
    assert len(failures) == 2
    assert any("picture.txt" in line and "the picture is damaged" in line for line in failures)
    assert any("empty.txt" in line for line in failures)
    assert "Traceback" not in errors


def test_sync_removes_the_documents_of_deleted_files(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    assert yinju(capsys, "add", "--sync", str(notes))[1].splitlines()[-1] == "2 added"
    (notes / "station.md").unlink()
    status, out, _ = yinju(capsys, "add", "--sync", str(notes))
    assert (status, out.splitlines()[-1]) == (0, "1 removed")
    assert yinju(capsys, "list")[1].splitlines()[-1] == "1 documents"
    assert yinju(capsys, "add", "--sync", "--watch", str(notes))[0] != 0


def test_the_page_at_an_address_is_added(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    handler = partial(SimpleHTTPRequestHandler, directory=notes)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            address = f"http://127.0.0.1:{server.server_port}"
            status, _, errors = yinju(capsys, "add", f"{address}/station.md")
            assert (status, "repeat with --allow-private" in errors) == (1, True)
            pages = (f"{address}/station.md", f"{address}/none")
            status, out, errors = yinju(capsys, "add", "--allow-private", *pages, str(notes / "委员会.txt"))
        finally:
            server.shutdown()
            thread.join()
    assert status == 1
    assert f"added      {address}/station.md\n" in out
    assert out.splitlines()[-1] == "2 added, 1 failed"
    assert f"failed     {address}/none: the server answers 404 File not found\n" in errors
    assert "Bird station" in yinju(capsys, "show", f"{address}/station.md")[1]


def test_show_tells_what_cleaning_removed(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    page = home / "page.txt"
    page.write_text(
        "当前位置:首页 > 新闻 > 正文\n\n观鸟站开放\n\n2025-05-01 来源:北山日报\n\n观鸟站今天开放。\n\n分享到微信\n",
        encoding="utf-8",
    )
    yinju(capsys, "add", str(page))
    assert "分享到" not in yinju(capsys, "show", "page.txt")[1]
    removed = yinju(capsys, "show", "page.txt", "--removed")[1]
    assert "navigation" in removed
    assert "分享到微信" in removed


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("ask", " "), "the question is empty"),
        (("remove", "nothing"), "there is no library"),
        (("add", "missing.txt"), "missing.txt"),
        (("ask", "什么？", "--encoder", "/nowhere"), "is not a sentence-transformers folder"),
        (("eval", "--questions", "none.jsonl"), "cannot read the questions"),
        (("ask", "什么？", "--top-k", "0"), "top_k is 0, but must be between 1 and 1000"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_errors_are_one_line_and_a_status(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: tuple[str, ...], problem: str
) -> None:
    if arguments[0] == "ask" and arguments[1] == " ":
        (home / "a.txt").write_text("观鸟站今天开放。", encoding="utf-8")
        yinju(capsys, "add", "a.txt")
    status, _, errors = yinju(capsys, *arguments)
    assert status != 0
    assert problem in errors
    assert "Traceback" not in errors


def test_a_setting_nobody_knows_names_the_nearest(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / "yinju.toml").write_text("treshold = 0.3\n")
    status, _, errors = yinju(capsys, "list")
    assert status == 1
    assert 'unknown setting "treshold" (yinju.toml); did you mean "threshold"?' in errors


def test_doctor_finds_everything_in_place(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    yinju(capsys, "add", str(notes))
    status, out, _ = yinju(capsys, "doctor")
    assert status == 0
    assert "2 documents" in out
    assert "FAIL" not in out
    (notes.parent / "library" / "library.sqlite3").write_bytes(b"not a database")
    status, out, _ = yinju(capsys, "doctor")
    assert status == 1
    assert "FAIL  library" in out


def test_help_has_examples(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    status, out, _ = yinju(capsys, "--help")
    assert status == 0
    for command in ("add", "list", "remove", "ask", "chat", "eval", "doctor", "show", "reindex", "feedback"):
        assert command in out
    assert "yinju ask" in yinju(capsys, "ask", "--help")[1]


def test_the_command_line_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "rag.cli", "ask", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Ask a question. The answer is printed as it comes." in shown


def test_a_question_set_is_asked_and_written_down(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    questions = [
        {"id": "a", "lang": "zh", "kind": "number", "question": "观鸟站的预算是多少？", "evidence": ["预算为38万元"], "answers": ["38万元"], "answerable": True},
        {"id": "b", "lang": "zh", "kind": "off_topic", "question": "世界杯冠军是谁？", "evidence": [], "answers": [], "answerable": False},
    ]  # fmt: skip
    Path("set.jsonl").write_text("\n".join(json.dumps(question) for question in questions), encoding="utf-8")
    yinju(capsys, "add", str(notes))
    status, out, _ = yinju(capsys, "eval", "--questions", "set.jsonl", "--json", "figures.json")
    assert status == 0
    assert "zh->zh" in out
    figures = json.loads(Path("figures.json").read_text(encoding="utf-8"))
    assert [outcome["id"] for outcome in figures["outcomes"]] == ["a", "b"]
    assert figures["figures"]["zh->zh"]["recall_at_1"] == 1.0
    assert figures["figures"]["zh->zh"]["right"] == 1.0


def test_feedback_is_asked_as_questions(capsys: pytest.CaptureFixture[str], notes: Path) -> None:
    yinju(capsys, "add", str(notes))
    status, out, errors = yinju(capsys, "feedback", "export")
    assert (status, out, errors) == (0, "", "0 questions\n")
    history = History(notes.parent / "library")
    conversation = history.start("ada", "观鸟站").id
    for question, feedback in (
        ("观鸟站的预算是多少？", Feedback(True, "对")),
        ("世界杯冠军是谁？", Feedback(True)),
        ("When did the station on North Hill open?", Feedback(False, "it opened twice")),
        ("你好", Feedback(True)),
    ):
        answer = Answer.from_json(yinju(capsys, "ask", question, "--json")[1])
        history.rate("ada", conversation, history.append("ada", conversation, answer), feedback)
    status, _, errors = yinju(capsys, "feedback", "export", "--output", "liked.jsonl", "--disliked", "to-check.jsonl")
    assert (status, errors) == (0, "2 questions\n1 to be checked\n")
    liked = [json.loads(line) for line in Path("liked.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["question"], row["answerable"], row["note"]) for row in liked] == [
        ("观鸟站的预算是多少？", True, "对"),
        ("世界杯冠军是谁？", False, ""),
    ]
    assert liked[0]["evidence"] == ["2024年3月5日，委员会决定在北山设立观鸟站，预算为38万元。"]
    assert liked[0]["answers"] == ["38万元", *liked[0]["evidence"]]
    assert yinju(capsys, "eval", "--questions", "liked.jsonl", "--json", "figures.json")[0] == 0
    figures = json.loads(Path("figures.json").read_text(encoding="utf-8"))["figures"]["feedback"]
    assert [figures[name] for name in ("n", "recall_at_1", "right", "on_evidence", "wrongly_answered")] == [2, 1.0, 1.0, 1.0, 0.0]
    status, _, errors = yinju(capsys, "eval", "--questions", "to-check.jsonl")
    assert (status, "line 1" in errors) == (1, True)
    status, out, errors = yinju(capsys, "feedback", "export", "--disliked", "to-check.jsonl")
    assert (status, out) == (1, Path("liked.jsonl").read_text(encoding="utf-8"))
    assert "to-check.jsonl exists already" in errors
    assert "left out" in yinju(capsys, "feedback", "export")[2]


def test_the_default_library_is_filled_from_the_seeds_the_first_time(home: Path) -> None:
    rag._default_pipeline.cache_clear()
    try:
        answer = rag.answer("长江十年禁渔从哪天开始？")
        assert rag._default_pipeline().library.path == home / "library"
        rag._default_pipeline().library.close()
    finally:
        rag._default_pipeline.cache_clear()
    assert "2021年1月1日" in answer.citations[0].quote
    assert Path(answer.citations[0].source).name == "2020-un-biodiversity-summit-position-paper.zh.txt"
