"""Conversations and feedback: what is kept, for whom, and what becomes of it."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sqlite3
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import files_no_larger_than, refused

import rag.conversations
from rag.cli.output import json_lines
from rag.conversations import Feedback, History
from rag.conversations.rated_questions import questions
from rag.errors import ConversationNotFoundError
from rag.evaluation.questions import question_set
from rag.evaluation.questions.question_set import Question
from rag.types import Answer, Chunk, Citation, SearchResult

LIKED, DISLIKED = Feedback(True), Feedback(False, "那是旧的数字")
RESULT = SearchResult(Chunk("d-0", "d", "共1.18万个。", 8, 16), "白皮书", "d.txt", "zh", 0.5, 1)


def answer(question: str, text: str = "共1.18万个。[1]", *quotes: str, **changes: object) -> Answer:
    cited = tuple(
        Citation(number, "d", "白皮书", "d.txt", None, 8, 16, quote, 0.8)
        for number, quote in enumerate(quotes or ("共1.18万个。",), 1)
    )
    return replace(Answer(question, question, text, "answer", cited, (RESULT,), 0.75, "zh"), **changes)


def refusal(question: str) -> Answer:
    return answer(question, "文档中没有找到这个问题的答案。", kind="refusal", citations=())


FIRST, SECOND, THIRD = answer("有多少个？"), refusal("冠军是谁？"), answer("还有呢？", query="一共还有多少个？")


@pytest.fixture
def history(quick_path: Path) -> History:
    return History(quick_path / "library")


def filled(history: History, *answers: Answer, owner: str = "ada") -> str:
    conversation = history.start(owner, answers[0].question if answers else "")
    assert [history.append(owner, conversation.id, given) for given in answers] == [*range(1, len(answers) + 1)]
    return conversation.id


# -- conversations ----------------------------------------------------------------------------------------------------


def test_nothing_is_made_by_reading(history: History) -> None:
    assert (history.conversations("ada"), history.rated()) == ([], [])
    for read_or_change in (history.answers, history.feedback, history.delete, history.to_markdown):
        with refused("was deleted", error=ConversationNotFoundError):
            read_or_change("ada", "x")
    with refused(error=ConversationNotFoundError):
        history.append("ada", "x", FIRST)
    assert not history.file.parent.exists()


def test_answers_come_back_as_they_were(history: History) -> None:
    conversation = filled(history, FIRST, SECOND, THIRD)
    assert history.answers("ada", conversation) == [FIRST, SECOND, THIRD]
    assert History(history.file.parent).answers("ada", conversation) == [FIRST, SECOND, THIRD]
    assert filled(history) != conversation


def titles(history: History) -> list[str]:
    return [conversation.title for conversation in history.conversations("ada")]


def test_conversations_are_listed_by_their_last_change(history: History) -> None:
    one, two, three = (history.start("ada", title) for title in ("one", "two", "three"))
    assert history.conversations("ada") == [three, two, one]
    history.append("ada", two.id, FIRST)
    history.append("ada", one.id, FIRST)
    assert titles(history) == ["one", "two", "three"]
    history.cut("ada", two.id, 1)
    assert titles(history) == ["two", "one", "three"]
    history.rename("ada", three.id, "  four\nfive ")
    history.rate("ada", one.id, 1, LIKED)
    assert titles(history) == ["two", "one", "four five"]
    history.delete("ada", two.id)
    assert titles(history) == ["one", "four five"]


def test_of_those_changed_at_once_the_later_made_comes_first(history: History) -> None:
    for title in ("one", "two", "three"):
        history.start("ada", title)
    with closing(sqlite3.connect(history.file)) as connection, connection:
        connection.execute("UPDATE conversations SET changed = '2026-01-01T00:00:00.000000+00:00'")
    assert titles(history) == ["three", "two", "one"]
    assert history.conversations("ada")[0].changed == "2026-01-01T00:00:00.000000+00:00"


def test_times_are_of_now_in_utc(history: History) -> None:
    before = datetime.now(UTC)
    changed = datetime.fromisoformat(history.start("ada", "one").changed)
    assert before <= changed <= datetime.now(UTC)
    assert changed.tzinfo == UTC


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        (" 有多少\n个？\t", "有多少 个？"),
        ("长" * 60, "长" * 60),
        ("长" * 61, "长" * 59 + "…"),
        ("word " * 12 + "word", "word " * 11 + "word…"),
        ("a " + "b" * 70, "a " + "b" * 57 + "…"),
        ("half \ud83d", "half ?"),
        (" ", ""),
    ],
)
def test_a_title_is_one_short_line(history: History, title: str, kept: str) -> None:
    assert history.start("ada", title).title == kept
    assert [c.title for c in history.conversations("ada")] == [kept]


@given(st.text())
def test_no_title_is_too_long(title: str) -> None:
    kept = rag.conversations._one_line(title)
    assert len(kept) <= 60
    assert len(kept.splitlines()) <= 1
    assert " ".join(title.encode("utf-8", "replace").decode().split()).startswith(kept.removesuffix("…"))


def test_no_owner_sees_or_changes_what_is_anothers(history: History) -> None:
    mine = filled(history, FIRST, SECOND)
    history.rate("ada", mine, 1, LIKED)
    assert history.conversations("bob") == []
    for wrong in (
        lambda: history.answers("bob", mine),
        lambda: history.feedback("bob", mine),
        lambda: history.to_markdown("bob", mine),
        lambda: history.append("bob", mine, THIRD),
        lambda: history.cut("bob", mine, 1),
        lambda: history.rename("bob", mine, "his"),
        lambda: history.delete("bob", mine),
        lambda: history.rate("bob", mine, 1, None),
        lambda: history.answers("", mine),
    ):
        with refused(error=ConversationNotFoundError):
            wrong()
    assert history.answers("ada", mine) == [FIRST, SECOND]
    assert history.feedback("ada", mine) == {1: LIKED}
    assert [c.title for c in history.conversations("ada")] == ["有多少个？"]


def test_deleting_takes_everything_along(history: History) -> None:
    gone, stays = filled(history, answer("secret?")), filled(history, SECOND)
    for conversation in (gone, stays):
        history.rate("ada", conversation, 1, LIKED)
    history.delete("ada", gone)
    with refused(error=ConversationNotFoundError):
        history.answers("ada", gone)
    assert history.rated() == [(SECOND, LIKED)]
    with closing(sqlite3.connect(history.file)) as connection:
        for table in ("conversations", "turns", "feedback"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (1,)
    assert b"secret" not in history.file.read_bytes()


numbers = st.integers(-1, 6)
changes = st.one_of(
    st.tuples(st.just("append"), st.sampled_from((FIRST, SECOND, THIRD))),
    st.tuples(st.just("cut"), numbers),
    st.tuples(st.just("rate"), numbers, st.none() | st.builds(Feedback, st.booleans(), st.text(max_size=5))),
)


@given(st.lists(changes, max_size=12))
def test_a_conversation_is_a_list_of_answers(steps: list[tuple]) -> None:
    """After any series of actions, the conversations are those that a list would contain."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        history = History(Path(folder))
        conversation, other = filled(history), filled(history, THIRD)
        history.rate("ada", other, 1, LIKED)
        expected: list[list] = []
        for name, *values in steps:
            match name:
                case "append":
                    expected.append([values[0], None])
                    assert history.append("ada", conversation, values[0]) == len(expected)
                case "cut":
                    history.cut("ada", conversation, values[0])
                    del expected[max(values[0], 1) - 1 :]
                case "rate" if 1 <= values[0] <= len(expected):
                    history.rate("ada", conversation, *values)
                    # A browser may send half a character.
                    note = values[1] and values[1].note.encode("utf-8", "replace").decode()
                    expected[values[0] - 1][1] = values[1] and replace(values[1], note=note)
                case "rate":
                    with refused("was deleted"):
                        history.rate("ada", conversation, *values)
            assert history.answers("ada", conversation) == [given for given, _ in expected]
            opinions = {number: opinion for number, (_, opinion) in enumerate(expected, 1) if opinion}
            assert history.feedback("ada", conversation) == opinions
        assert history.answers("ada", other) == [THIRD]
        assert history.feedback("ada", other) == {1: LIKED}


def test_markdown_shows_the_conversation_and_lets_nothing_act(history: History) -> None:
    conversation = history.start("ada", "# 有多少个？").id
    history.append("ada", conversation, FIRST)
    said = "[1]: http://evil\n===\n[1](http://evil) is true[1]"
    history.append("ada", conversation, answer("<b>why?</b>\n# now", said, "[1]: http://evil"))
    assert history.to_markdown("ada", conversation) == (
        "# \\# 有多少个？\n\n"
        "## 有多少个？\n\n"
        "共1.18万个。[1]\n\n"
        "1. 白皮书: “共1.18万个。” (characters 8–16)\n\n"
        "## \\<b\\>why?\\</b\\> \\# now\n\n"
        "\\[1\\]: http://evil\n\\===\n\\[1\\](http://evil) is true[1]\n\n"
        "1. 白皮书: “\\[1\\]: http://evil” (characters 8–16)\n"
    )
    assert history.to_markdown("ada", history.start("ada", "empty").id) == "# empty\n"


# -- feedback ---------------------------------------------------------------------------------------------------------


def test_feedback_of_all_owners_is_in_the_order_in_which_it_was_given(history: History) -> None:
    adas, bobs = filled(history, FIRST, SECOND), filled(history, THIRD, owner="bob")
    history.rate("ada", adas, 2, LIKED)
    history.rate("bob", bobs, 1, DISLIKED)
    history.rate("ada", adas, 1, LIKED)
    assert history.rated() == [(SECOND, LIKED), (THIRD, DISLIKED), (FIRST, LIKED)]
    history.rate("ada", adas, 2, DISLIKED)
    assert history.rated() == [(THIRD, DISLIKED), (FIRST, LIKED), (SECOND, DISLIKED)]
    history.rate("ada", adas, 2, None)
    history.cut("ada", adas, 1)
    assert history.rated() == [(THIRD, DISLIKED)]


def as_set(rows: list[dict], folder: Path) -> list[Question]:
    """The rows as `yinju eval` reads them from a file."""
    (folder / "set.jsonl").write_text(json_lines(rows), encoding="utf-8")
    return question_set.read(folder / "set.jsonl")


def test_liked_answers_are_questions(tmp_path: Path) -> None:
    short = answer(
        "有多少个？", "1.18万个[1][2]\n\n共1.18万个。[1][2]\n\n另有300个。[3]", "共1.18万个。", "计1.18万个。", "另有300个。"
    )
    said = answer("Why?", "Because.[1]\n\nIt is so.[1]", "It\u2028is so.", generator="a model", language="en")
    rated = [(short, LIKED), (SECOND, Feedback(True, "对")), (said, LIKED), (THIRD, LIKED)]
    liked, to_check = questions(rated)
    assert to_check == []
    assert [row["note"] for row in liked] == ["", "对", "", ""]
    quotes = ("共1.18万个。", "计1.18万个。", "另有300个。")
    assert [
        (q.lang, q.kind, q.question, q.evidence, q.answers, q.answerable) for q in as_set(liked, tmp_path)
    ] == [
        ("zh", "feedback", "有多少个？", quotes, ("1.18万个", *quotes), True),
        ("zh", "feedback", "冠军是谁？", (), (), False),
        ("en", "feedback", "Why?", ("It\u2028is so.",), ("It\u2028is so.",), True),
        ("zh", "feedback", "一共还有多少个？", ("共1.18万个。",), ("共1.18万个。",), True),
    ]  # fmt: skip


def test_what_was_not_searched_is_no_question() -> None:
    reply = answer("你好", "你好！", kind="reply", citations=(), results=())
    comparison = answer("这两份有什么不同？", results=())
    empty_library = replace(refusal("冠军是谁？"), results=())
    assert questions((given, LIKED) for given in (reply, comparison, empty_library)) == ([], [])


def test_a_disliked_answer_waits_for_a_person(tmp_path: Path) -> None:
    liked, to_check = questions([(FIRST, DISLIKED), (SECOND, DISLIKED)])
    assert liked == []
    assert [(row["kind"], row["note"], row["said"], row["cited"]) for row in to_check] == [
        ("to_check", "那是旧的数字", "共1.18万个。[1]", ["共1.18万个。"]),
        ("to_check", "那是旧的数字", "文档中没有找到这个问题的答案。", []),
    ]
    with pytest.raises(Exception, match='line 1: an answerable question needs "evidence" and "answers"'):
        as_set(to_check, tmp_path)
    to_check[0] |= {"evidence": ["共1.2万个。"], "answers": ["1.2万个"]}
    to_check[1] |= {"answerable": False}
    assert [(q.answers, q.answerable) for q in as_set(to_check, tmp_path)] == [(("1.2万个",), True), ((), False)]


def test_of_one_question_the_latest_feedback_counts() -> None:
    same = [answer("How many are there?"), answer("how  many are there"), answer("Ｈow many are there？")]
    liked, to_check = questions([(same[0], LIKED), (FIRST, LIKED), (same[1], LIKED), (same[2], DISLIKED)])
    assert [row["question"] for row in liked] == ["有多少个？"]
    assert [row["question"] for row in to_check] == ["Ｈow many are there？"]
    (again,), _ = questions([(same[0], LIKED)])
    assert again["id"] == to_check[0]["id"] != liked[0]["id"]
    assert [len(rows) for rows in questions([(answer("What is C++?"), LIKED), (answer("What is C?"), LIKED)])] == [2, 0]


texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=20).filter(str.strip)
rated_answers = st.builds(
    lambda asked, text, quotes, kind, liked, note: (answer(asked, text, *quotes, kind=kind), Feedback(liked, note)),
    texts,
    texts,
    st.lists(texts, min_size=1, max_size=3),
    st.sampled_from(("answer", "refusal")),
    st.booleans(),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
)


@given(st.lists(rated_answers, min_size=1))
def test_every_export_is_a_question_set(rated: list[tuple[Answer, Feedback]]) -> None:
    liked, to_check = questions(rated)
    with tempfile.TemporaryDirectory() as folder:
        read = as_set(liked, Path(folder)) if liked else []
    assert [(q.id, q.question, list(q.evidence), list(q.answers)) for q in read] == [
        (row["id"], row["question"], row["evidence"], row["answers"]) for row in liked
    ]
    ids = [row["id"] for row in liked + to_check]
    assert len(ids) == len(set(ids))
    assert liked + to_check
    assert all(json.loads(line) == row for line, row in zip(json_lines(to_check).splitlines(), to_check, strict=True))


# -- the file ---------------------------------------------------------------------------------------------------------


def test_threads_and_processes_lose_nothing(history: History) -> None:
    conversation = filled(history)
    others = [history, History(history.file.parent), History(history.file.parent)]
    with ThreadPoolExecutor(6) as threads:
        given = [threads.submit(others[n % 3].append, "ada", conversation, answer(str(n))) for n in range(60)]
        numbers = [future.result() for future in given]
    assert sorted(numbers) == [*range(1, 61)]
    assert [history.answers("ada", conversation)[number - 1].question for number in numbers] == [str(n) for n in range(60)]


def test_a_file_is_made_once(history: History) -> None:
    folder = history.file.parent
    with ThreadPoolExecutor(8) as threads:
        made = [*threads.map(lambda n: History(folder).start("ada", str(n)), range(16))]
    assert {c.title for c in history.conversations("ada")} == {c.title for c in made} == {str(n) for n in range(16)}


def test_an_answer_of_another_version_is_passed_over(history: History) -> None:
    conversation = filled(history, FIRST, SECOND, THIRD)
    for number in (1, 2, 3):
        history.rate("ada", conversation, number, Feedback(True, str(number)))
    strange = json.dumps(json.loads(SECOND.to_json()) | {"mood": "sure"})
    with closing(sqlite3.connect(history.file)) as connection, connection:
        connection.execute("UPDATE turns SET answer = ? WHERE row = 2", (strange,))
    assert history.answers("ada", conversation) == [FIRST, THIRD]
    assert history.feedback("ada", conversation) == {1: Feedback(True, "1"), 2: Feedback(True, "3")}
    assert [given for given, _ in history.rated()] == [FIRST, THIRD]
    history.rate("ada", conversation, 2, None)
    assert history.append("ada", conversation, FIRST) == 3
    history.cut("ada", conversation, 2)
    assert history.answers("ada", conversation) == [FIRST]
    assert history.feedback("ada", conversation) == {1: Feedback(True, "1")}
    for damage in ("", "[]", '"x"', "{}", b"\x00\xff"):
        with closing(sqlite3.connect(history.file)) as connection, connection:
            connection.execute("UPDATE turns SET answer = ?", (damage,))
        assert history.answers("ada", conversation) == []


def test_the_file_can_be_removed_while_it_is_used(history: History) -> None:
    conversation = filled(history, FIRST)
    history.file.unlink()
    assert history.conversations("ada") == []
    with refused(error=ConversationNotFoundError):
        history.append("ada", conversation, SECOND)
    assert history.answers("ada", filled(history, SECOND)) == [SECOND]


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE others (own TEXT)")


def set_version(file: Path, version: int) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {version}")


def without_tables(file: Path) -> None:
    foreign(file)
    set_version(file, 1)


def with_a_name_that_is_not_utf_8(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET name = CAST(x'ff' AS TEXT), sql = 'x' WHERE name = 'feedback'")
        connection.commit()


def with_an_answer_that_is_not_utf_8(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE turns SET answer = CAST(x'ff' AS TEXT)")
        connection.commit()


def test_an_answer_that_is_not_utf_8_is_damage(history: History) -> None:
    conversation = filled(history, FIRST)
    with_an_answer_that_is_not_utf_8(history.file)
    with refused(str(history.file), "decoded as UTF-8"):
        history.answers("ada", conversation)


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (with_a_name_that_is_not_utf_8, "decoded as UTF-8"),
        (lambda file: file.write_bytes(b"not a database " * 100), "damaged"),
        (lambda file: file.write_bytes(file.read_bytes()[:5000]), "damaged"),
        (lambda file: file.write_bytes(file.read_bytes()[:100] + b"\xff" * (file.stat().st_size - 100)), "damaged"),
        (foreign, "damaged"),
        (without_tables, "damaged"),
        (lambda file: set_version(file, 0), "damaged"),
        (lambda file: set_version(file, 3), "newer version"),
        (lambda file: (file.unlink(), file.mkdir()), "permissions"),
    ],
)
def test_a_file_that_is_not_of_this_version_is_refused_and_left_alone(history: History, damage, problem: str) -> None:
    filled(history, *[FIRST] * 20)
    damage(history.file)
    before = history.file.read_bytes() if history.file.is_file() else b""
    for use in (lambda: history.conversations("ada"), lambda: history.start("ada", "one"), history.rated):
        with refused(str(history.file), problem):
            use()
    assert (history.file.read_bytes() if history.file.is_file() else b"") == before


def test_an_empty_file_is_begun(history: History) -> None:
    history.file.parent.mkdir()
    history.file.touch()
    assert history.conversations("ada") == []
    assert history.file.read_bytes() == b""
    assert history.answers("ada", filled(history, FIRST)) == [FIRST]


def test_a_busy_file_is_said_to_be_busy(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rag.conversations, "_WAIT_SECONDS", 0.05)
    conversation = filled(history, FIRST)
    with closing(sqlite3.connect(history.file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        assert history.answers("ada", conversation) == [FIRST]
        with refused("another process is writing"):
            history.append("ada", conversation, SECOND)
    assert history.append("ada", conversation, SECOND) == 2


def test_a_full_disk_loses_nothing(history: History) -> None:
    with files_no_larger_than(1000), refused("full", "free some space"):
        history.start("ada", "one")
    assert history.conversations("ada") == []
    conversation = filled(history, FIRST)
    with files_no_larger_than(100_000), refused("full", "free some space"):
        history.append("ada", conversation, answer("large?", "长" * 100_000))
    assert history.answers("ada", conversation) == [FIRST]
    assert history.append("ada", conversation, SECOND) == 2


@pytest.mark.parametrize("place", ["/proc/yinju", "{file}", "{file}/library", "/dev/null/library"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("a file")
    history = History(Path(place.format(file=tmp_path / "file")))
    assert history.conversations("ada") == []
    with refused("cannot be read or written", "--library"):
        history.start("ada", "one")


def read_as_nobody(folder: Path, conversation: str, line) -> None:
    """Reads and tries to change as one who may only read."""
    try:
        if os.getuid() == 0:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        history = History(folder)
        assert history.answers("ada", conversation) == [FIRST]
        for change in (lambda: history.start("ada", "one"), lambda: history.rate("ada", conversation, 1, LIKED)):
            with refused("cannot be read or written", "--library"):
                change()
        line.send("as expected")
    except BaseException as error:
        line.send(f"{type(error).__name__}: {error}")


def test_a_read_only_folder_is_read() -> None:
    context = multiprocessing.get_context("forkserver")
    line, other = context.Pipe()
    with tempfile.TemporaryDirectory() as outside:
        Path(outside).chmod(0o755)
        history = History(Path(outside) / "library")
        conversation = filled(history, FIRST)
        history.file.chmod(0o444)
        history.file.parent.chmod(0o555)
        process = context.Process(target=read_as_nobody, args=(history.file.parent, conversation, other))
        process.start()
        said = line.recv()
        process.join()
        history.file.parent.chmod(0o755)
        shutil.rmtree(history.file.parent)
    assert said == "as expected"
