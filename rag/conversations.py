"""Keeps the conversations of the chat, with the feedback on answers, in a SQLite file beside the library's.

Deleting the file deletes nothing else.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
import unicodedata
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag import private
from rag.errors import ConversationNotFoundError, LibraryError
from rag.library.sqlite_errors import SqliteErrors
from rag.types import Answer, as_markdown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SCHEMA_VERSION = 1
# Row numbers give the order, since the clock may be turned back.
_SCHEMA = """
CREATE TABLE conversations (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL, title TEXT NOT NULL, changed TEXT NOT NULL
);
CREATE INDEX conversations_by_owner ON conversations(owner);
CREATE TABLE turns (
    row INTEGER PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE, answer TEXT NOT NULL
);
CREATE INDEX turns_by_conversation ON turns(conversation_id);
CREATE TABLE feedback (
    row INTEGER PRIMARY KEY AUTOINCREMENT, turn INTEGER NOT NULL UNIQUE REFERENCES turns(row) ON DELETE CASCADE,
    liked INTEGER NOT NULL, note TEXT NOT NULL
);
"""
_WAIT_SECONDS = 10.0
_MAX_TITLE = 60


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its answers. `changed` is the ISO time in UTC at which an answer was last added or removed."""

    id: str
    title: str
    changed: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """A reader's opinion of an answer. `note` says why, and may be empty."""

    liked: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Turn:
    row: int
    answer: Answer
    feedback: Feedback | None


class History:
    """The conversations of all users of a library. Safe to use from several threads and processes.

    An owner is the name of a user, which only the caller understands; no owner sees another's conversations. Answers are
    numbered from 1. An answer of another version of Yinju that this one cannot read is left out and has no number.

    Every method raises `LibraryError` if the file cannot be read or written. Methods that take the id of a conversation raise
    `ConversationNotFoundError` if it is deleted or belongs to another owner.
    """

    def __init__(self, folder: Path) -> None:
        """Uses the file in the folder of a library. It is created when the first conversation starts."""
        self.file = folder.expanduser().absolute() / "conversations.sqlite3"
        self._errors = _ConversationErrors(self.file)
        self._lock = threading.Lock()

    # -- conversations ------------------------------------------------------------------------------------------------

    def conversations(self, owner: str, first: int = 0, most: int | None = None) -> list[Conversation]:
        """Returns at most `most` of an owner's conversations, all when None, the last changed first, from place `first` on."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id, title, changed FROM conversations WHERE owner = ? ORDER BY changed DESC, row DESC LIMIT ? OFFSET ?",
                (owner, -1 if most is None else most, first),
            )
            return [Conversation(*row) for row in rows]

    def count(self, owner: str) -> int:
        """Returns the number of an owner's conversations."""
        with self._transaction() as connection:
            (number,) = connection.execute("SELECT count(*) FROM conversations WHERE owner = ?", (owner,)).fetchone()
            return int(number)

    def start(self, owner: str, title: str) -> Conversation:
        """Starts a conversation without answers. Its title is cut to one line of at most 60 characters."""
        made = Conversation(uuid.uuid4().hex, _one_line(title), _now())
        with self._transaction(to_write=True) as connection:
            connection.execute(
                "INSERT INTO conversations (id, owner, title, changed) VALUES (?, ?, ?, ?)",
                (made.id, owner, made.title, made.changed),
            )
        return made

    def rename(self, owner: str, conversation_id: str, title: str) -> None:
        """Gives a conversation another title, cut as in `start`."""
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute("UPDATE conversations SET title = ? WHERE id = ?", (_one_line(title), conversation_id))

    def delete(self, owner: str, conversation_id: str) -> None:
        """Deletes a conversation with its answers and their feedback."""
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))

    def to_markdown(self, owner: str, conversation_id: str) -> str:
        """Returns a conversation as Markdown: its title, and each question with its answer and numbered sources.

        Questions and the texts of documents are escaped, so that nothing in them is taken for Markdown.
        """
        with self._conversation(owner, conversation_id) as connection:
            (title,) = connection.execute("SELECT title FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
            answers = [turn.answer for turn in _turns(connection, conversation_id)]
        parts = [f"## {as_markdown_text(answer.question)}\n\n{answer.to_markdown()}" for answer in answers]
        return "\n\n".join((f"# {as_markdown_text(title)}", *parts)) + "\n"

    # -- answers ------------------------------------------------------------------------------------------------------

    def answers(self, owner: str, conversation_id: str) -> list[Answer]:
        """Returns the answers of a conversation, in the order of their numbers."""
        with self._conversation(owner, conversation_id) as connection:
            return [turn.answer for turn in _turns(connection, conversation_id)]

    def append(self, owner: str, conversation_id: str, answer: Answer) -> int:
        """Adds an answer, and returns its number."""
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute(
                "INSERT INTO turns (conversation_id, answer) VALUES (?, ?)", (conversation_id, _storable(answer.to_json()))
            )
            _mark_changed(connection, conversation_id)
            return len(_turns(connection, conversation_id))

    def cut(self, owner: str, conversation_id: str, number: int) -> None:
        """Deletes the answer with this number and all after it, with their feedback."""
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            turns = _turns(connection, conversation_id)[max(number, 1) - 1 :]
            if turns:
                connection.execute("DELETE FROM turns WHERE conversation_id = ? AND row >= ?", (conversation_id, turns[0].row))
                _mark_changed(connection, conversation_id)

    # -- feedback -----------------------------------------------------------------------------------------------------

    def feedback(self, owner: str, conversation_id: str) -> dict[int, Feedback]:
        """Returns the feedback by the numbers of the answers. Answers without feedback are absent."""
        with self._conversation(owner, conversation_id) as connection:
            turns = _turns(connection, conversation_id)
        return {number: turn.feedback for number, turn in enumerate(turns, 1) if turn.feedback}

    def rate(self, owner: str, conversation_id: str, number: int, feedback: Feedback | None) -> None:
        """Sets the feedback on an answer; None removes it.

        Raises:
            LibraryError: There is no answer with that number.
        """
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            turns = dict(enumerate(_turns(connection, conversation_id), 1))
            if number not in turns:
                raise LibraryError("this answer was deleted; open the conversation again")
            connection.execute("DELETE FROM feedback WHERE turn = ?", (turns[number].row,))
            if feedback:
                connection.execute(
                    "INSERT INTO feedback (turn, liked, note) VALUES (?, ?, ?)",
                    (turns[number].row, feedback.liked, _storable(feedback.note)),
                )

    def rated(self) -> list[tuple[Answer, Feedback]]:
        """Returns the answers of all owners that have feedback, the oldest feedback first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT t.row, answer, liked, note FROM feedback f JOIN turns t ON t.row = f.turn ORDER BY f.row"
            )
            return [(turn.answer, turn.feedback) for turn in _readable(rows) if turn.feedback]

    # -- the file -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _conversation(self, owner: str, conversation_id: str, *, to_write: bool = False) -> Iterator[sqlite3.Connection]:
        """Opens a transaction on one of the owner's conversations."""
        # A missing file is not created only to find nothing in it.
        with self._transaction(to_write=to_write and self._exists()) as connection:
            found = connection.execute("SELECT 1 FROM conversations WHERE id = ? AND owner = ?", (conversation_id, owner))
            if not found.fetchone():
                raise ConversationNotFoundError("this conversation was deleted; start another")
            yield connection

    @contextmanager
    def _transaction(self, *, to_write: bool = False) -> Iterator[sqlite3.Connection]:
        """Commits all changes of the context, or none. Reads an empty database if there is no file."""
        with self._lock, self._errors.reported():
            if to_write:
                private.make_folder(self.file.parent)
                private.make_file(self.file)
            place = self.file if to_write or self._exists() else ":memory:"
            with closing(sqlite3.connect(place, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA secure_delete = ON")
                connection.execute("BEGIN IMMEDIATE" if to_write else "BEGIN")
                self._prepare(connection)
                yield connection
                connection.execute("COMMIT")

    def _exists(self) -> bool:
        """Tells if anything was written. A file that could not be, for example on a full disk, is empty."""
        with self._errors.reported():
            try:
                return self.file.stat().st_size > 0
            except (FileNotFoundError, NotADirectoryError):
                return False

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Creates the tables in a new file, and refuses a file of another version."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _SCHEMA_VERSION:
            raise LibraryError(f"{self.file} was written by a newer version of Yinju; use that one, or move the file away")
        if version == _SCHEMA_VERSION:
            return
        if version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise LibraryError(self._errors.damaged("it has none of its tables"))
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")


class _ConversationErrors(SqliteErrors):
    def __init__(self, file: Path) -> None:
        self._file = file

    def damaged(self, reason: str) -> str:
        return (
            f"{self._file} is damaged or does not contain conversations of Yinju ({reason}); "
            "move it away: the documents do not need it"
        )

    def disk_full(self) -> str:
        return (
            f"the disk of {self._file} is full, or fails; the conversations that were kept are still there: "
            "free some space and repeat"
        )

    def unusable(self, reason: str) -> str:
        return (
            f"the conversations in {self._file} cannot be read or written ({reason}); "
            "check the folder's permissions, or choose another with --library"
        )

    def busy(self) -> str:
        return f"another process is writing to {self._file}; try again when it is done"

    def other(self, reason: str) -> str:
        return self.damaged(reason)


def questions(rated: Iterable[tuple[Answer, Feedback]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Turns feedback into questions of `rag.evaluation.question_set`, and into others that a person has to complete.

    A liked answer gives a question with the quotes as evidence; a right answer contains the same fact or one of the quotes. A liked
    refusal gives a question that the documents do not answer. For a disliked answer the right one is not known: its question is of
    kind "to_check", with the text and quotes of the answer, and a person has to fill in the evidence and answers before the
    evaluation can read it. Follow-ups are in their completed form. Liked answers without a search, such as greetings and
    comparisons, give no question.

    Args:
        rated: Answers with their feedback, oldest first. If a question was rated more than once, the last counts.

    Returns:
        The questions and those to be checked, each in the order of `rated`. The id of a question is the same in every export.
    """
    last: dict[str, tuple[Answer, Feedback]] = {}
    for answer, feedback in rated:
        same = _compared(answer.query)
        last.pop(same, None)
        last[same] = answer, feedback
    liked: list[dict[str, Any]] = []
    disliked: list[dict[str, Any]] = []
    for same, (answer, feedback) in last.items():
        question: dict[str, Any] = {
            "id": f"feedback-{hashlib.sha256(same.encode()).hexdigest()[:16]}",
            "lang": answer.language,
            "kind": "feedback" if feedback.liked else "to_check",
            "question": answer.query,
            "evidence": [],
            "answers": [],
            "answerable": not (feedback.liked and answer.abstained),
            "note": feedback.note,
        }
        quotes = [citation.quote for citation in answer.citations]
        if not feedback.liked:
            disliked.append(question | {"said": answer.text, "cited": quotes})
        elif answer.results and answer.abstained:
            liked.append(question)
        elif answer.results and quotes:
            liked.append(question | {"evidence": quotes, "answers": list(dict.fromkeys([*_fact(answer), *quotes]))})
    return liked, disliked


def _fact(answer: Answer) -> list[str]:
    """Returns the short answer that precedes its sentence, if the answer consists of the documents' own sentences and has one."""
    first, _, rest = answer.text.partition("\n\n")
    markers = re.search(r"(?:\[\d+\])+$", first)
    given = not answer.generator and markers and rest.partition("\n\n")[0].endswith(markers[0])
    return [first[: markers.start()]] if given and markers else []


def _compared(question: str) -> str:
    """Normalises a question, to compare it with others."""
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split()).rstrip(" ?!.。")


def _turns(connection: sqlite3.Connection, conversation_id: str) -> list[_Turn]:
    rows = connection.execute(
        "SELECT t.row, answer, liked, note FROM turns t LEFT JOIN feedback f ON f.turn = t.row WHERE conversation_id = ?"
        " ORDER BY t.row",
        (conversation_id,),
    )
    return list(_readable(rows))


def _readable(rows: Iterable[tuple[int, str, int | None, str | None]]) -> Iterator[_Turn]:
    for row, text, liked, note in rows:
        try:
            answer = Answer.from_json(text)
        except (ValueError, TypeError, KeyError):
            continue
        yield _Turn(row, answer, None if liked is None else Feedback(bool(liked), note or ""))


def _mark_changed(connection: sqlite3.Connection, conversation_id: str) -> None:
    connection.execute("UPDATE conversations SET changed = ? WHERE id = ?", (_now(), conversation_id))


def _one_line(title: str) -> str:
    """Returns a title in one line, cut between words if that leaves most of it."""
    line = " ".join(_storable(title).split())
    if len(line) <= _MAX_TITLE:
        return line
    whole_words = line[:_MAX_TITLE].rpartition(" ")[0]
    kept = whole_words if len(whole_words) > _MAX_TITLE // 2 else line[: _MAX_TITLE - 1]
    return f"{kept}…"


def _storable(text: str) -> str:
    """Returns the text without lone surrogates, which a browser may send and SQLite refuses."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
