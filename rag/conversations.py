"""The conversations of the chat and what readers thought of the answers, kept beside the library's documents.

They lie in a SQLite file of their own: whoever removes it loses only them.
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
from rag.types import Answer, as_markdown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SCHEMA_VERSION = 1
# The later row is the later made, also where the clock was turned back.
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
_LONGEST_TITLE = 60


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its answers. `changed` is when an answer last came or went, an ISO time in UTC."""

    id: str
    title: str
    changed: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader thought of an answer. `note` says why, and may be empty."""

    liked: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Turn:
    row: int
    answer: Answer
    feedback: Feedback | None


class History:
    """The conversations of all who use a library. Safe to use from several threads and processes.

    An owner is whoever a conversation is kept for, by a name that only the caller understands; none sees another's. Answers are
    numbered from 1. One that another version of Yinju wrote and this one cannot read is passed over and has no number.

    Every method raises `LibraryError` when the file cannot be read or written; the text says what to do. Those that take the id of
    a conversation raise `ConversationNotFoundError` when it is gone or is not the owner's.
    """

    def __init__(self, folder: Path) -> None:
        """Names the file in the folder of a library; it is made when the first conversation starts."""
        self.file = folder.expanduser().absolute() / "conversations.sqlite3"
        self._lock = threading.Lock()

    # -- conversations ------------------------------------------------------------------------------------------------

    def conversations(self, owner: str, first: int = 0, most: int | None = None) -> list[Conversation]:
        """An owner's conversations, the last changed first: at most `most` of them from number `first` on, all when None."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT id, title, changed FROM conversations WHERE owner = ? ORDER BY changed DESC, row DESC LIMIT ? OFFSET ?",
                (owner, -1 if most is None else most, first),
            )
            return [Conversation(*row) for row in rows]

    def count(self, owner: str) -> int:
        """The number of an owner's conversations."""
        with self._transaction() as connection:
            (number,) = connection.execute("SELECT count(*) FROM conversations WHERE owner = ?", (owner,)).fetchone()
            return int(number)

    def start(self, owner: str, title: str) -> Conversation:
        """Begins a conversation without answers. Its title is cut to one line of at most 60 characters."""
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
        """Forgets a conversation with its answers and their feedback."""
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))

    def to_markdown(self, owner: str, conversation_id: str) -> str:
        """A conversation below its title, each answer with its numbered sources below its question.

        What was asked and what documents say stands there as text and is never Markdown.
        """
        with self._conversation(owner, conversation_id) as connection:
            (title,) = connection.execute("SELECT title FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
            answers = [turn.answer for turn in _turns(connection, conversation_id)]
        parts = [f"## {as_markdown_text(answer.question)}\n\n{answer.to_markdown()}" for answer in answers]
        return "\n\n".join((f"# {as_markdown_text(title)}", *parts)) + "\n"

    # -- answers ------------------------------------------------------------------------------------------------------

    def answers(self, owner: str, conversation_id: str) -> list[Answer]:
        """The answers of a conversation, oldest first: each stands at its number."""
        with self._conversation(owner, conversation_id) as connection:
            return [turn.answer for turn in _turns(connection, conversation_id)]

    def append(self, owner: str, conversation_id: str, answer: Answer) -> int:
        """Keeps an answer after the others, and gives its number."""
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute(
                "INSERT INTO turns (conversation_id, answer) VALUES (?, ?)", (conversation_id, _storable(answer.to_json()))
            )
            _mark_changed(connection, conversation_id)
            return len(_turns(connection, conversation_id))

    def cut(self, owner: str, conversation_id: str, number: int) -> None:
        """Forgets the answer with this number and all after it, with their feedback."""
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            turns = _turns(connection, conversation_id)[max(number, 1) - 1 :]
            if turns:
                connection.execute("DELETE FROM turns WHERE conversation_id = ? AND row >= ?", (conversation_id, turns[0].row))
                _mark_changed(connection, conversation_id)

    # -- feedback -----------------------------------------------------------------------------------------------------

    def feedback(self, owner: str, conversation_id: str) -> dict[int, Feedback]:
        """What the reader thought of which answer, by their numbers; an answer without feedback is absent."""
        with self._conversation(owner, conversation_id) as connection:
            turns = _turns(connection, conversation_id)
        return {number: turn.feedback for number, turn in enumerate(turns, 1) if turn.feedback}

    def rate(self, owner: str, conversation_id: str, number: int, feedback: Feedback | None) -> None:
        """Keeps what the reader thinks of an answer, in place of what was thought before; None takes it back.

        Raises:
            LibraryError: There is no answer of that number.
        """
        with self._conversation(owner, conversation_id, to_write=True) as connection:
            turns = dict(enumerate(_turns(connection, conversation_id), 1))
            if number not in turns:
                raise LibraryError("this answer is not kept any more; open the conversation anew")
            connection.execute("DELETE FROM feedback WHERE turn = ?", (turns[number].row,))
            if feedback:
                connection.execute(
                    "INSERT INTO feedback (turn, liked, note) VALUES (?, ?, ?)",
                    (turns[number].row, feedback.liked, _storable(feedback.note)),
                )

    def rated(self) -> list[tuple[Answer, Feedback]]:
        """Every owner's answers that have feedback, by when that was given, oldest first."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT t.row, answer, liked, note FROM feedback f JOIN turns t ON t.row = f.turn ORDER BY f.row"
            )
            return [(turn.answer, turn.feedback) for turn in _readable(rows) if turn.feedback]

    # -- the file -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _conversation(self, owner: str, conversation_id: str, *, to_write: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction on a conversation that is the owner's."""
        # Where there is no file, none is made to find nothing in it.
        with self._transaction(to_write=to_write and self._exists()) as connection:
            found = connection.execute("SELECT 1 FROM conversations WHERE id = ? AND owner = ?", (conversation_id, owner))
            if not found.fetchone():
                raise ConversationNotFoundError("this conversation is not there any more; begin another")
            yield connection

    @contextmanager
    def _transaction(self, *, to_write: bool = False) -> Iterator[sqlite3.Connection]:
        """Everything inside happens, or nothing. Where there is no file, what is read is empty."""
        with self._lock, self._reported():
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
        """Whether anything was written; a file that could not be begun, on a full disk say, is empty."""
        with self._reported():
            try:
                return self.file.stat().st_size > 0
            except (FileNotFoundError, NotADirectoryError):
                return False

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Makes the tables in a file that is new, and refuses one that is not of this version."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _SCHEMA_VERSION:
            raise LibraryError(f"{self.file} was written by a newer version of Yinju; use that one, or move the file away")
        if version == _SCHEMA_VERSION:
            return
        if version or connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise LibraryError(self._damaged("it has none of its tables"))
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """Turns what SQLite and the file system report into errors in the user's terms."""
        try:
            yield
        except sqlite3.Error as error:
            raise LibraryError(self._explained(error)) from error
        except OSError as error:
            raise LibraryError(self._unusable(error.strerror or str(error))) from error

    def _explained(self, error: sqlite3.Error) -> str:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return (
                    f"the disk of {self.file} is full, or fails; the conversations that were kept are still there: "
                    "free some space and repeat"
                )
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                return self._unusable(str(error))
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                return f"another process is writing to {self.file}; try again when it is done"
        return self._damaged(str(error))

    def _unusable(self, why: str) -> str:
        return (
            f"the conversations in {self.file} cannot be read or written ({why}); "
            "check the folder's permissions, or choose another with --library"
        )

    def _damaged(self, why: str) -> str:
        return f"{self.file} is damaged or holds no conversations of Yinju ({why}); move it away: the documents do not need it"


def questions(rated: Iterable[tuple[Answer, Feedback]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What evaluations can ask, made of feedback: questions of `rag.evaluation.questions.question_set`, and others that wait for a person.

    A liked answer is a question whose evidence is what was cited; a right answer to it holds the same fact or one of the same
    quotes. A liked refusal is a question that the documents do not answer. What is right after a disliked answer is not known: it is
    of kind "to_check", with what was said and cited, and without the evidence and answers that a person has to fill in before the
    evaluation reads it. Follow-ups are asked as they were completed. Of liked answers for which nothing was searched, such as
    greetings and comparisons, no question is made.

    Args:
        rated: Answers with their feedback, oldest first; of one question the last counts.

    Returns:
        The questions and those to be checked, each in the order of `rated`. The id of a question is the same in every export.
    """
    last: dict[str, tuple[Answer, Feedback]] = {}
    for answer, feedback in rated:
        same = _compared(answer.asked)
        last.pop(same, None)
        last[same] = answer, feedback
    liked: list[dict[str, Any]] = []
    disliked: list[dict[str, Any]] = []
    for same, (answer, feedback) in last.items():
        question: dict[str, Any] = {
            "id": f"feedback-{hashlib.sha256(same.encode()).hexdigest()[:16]}",
            "lang": answer.language,
            "kind": "feedback" if feedback.liked else "to_check",
            "question": answer.asked,
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
    """The fact alone, where an answer in the documents' own sentences gives it before the sentence that holds it."""
    first, _, rest = answer.text.partition("\n\n")
    markers = re.search(r"(?:\[\d+\])+$", first)
    given = not answer.generator and markers and rest.partition("\n\n")[0].endswith(markers[0])
    return [first[: markers.start()]] if given and markers else []


def _compared(question: str) -> str:
    """A question without what does not tell it from another."""
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
    """A title in one line, cut between words where that leaves most of it."""
    line = " ".join(_storable(title).split())
    if len(line) <= _LONGEST_TITLE:
        return line
    whole_words = line[:_LONGEST_TITLE].rpartition(" ")[0]
    kept = whole_words if len(whole_words) > _LONGEST_TITLE // 2 else line[: _LONGEST_TITLE - 1]
    return f"{kept}…"


def _storable(text: str) -> str:
    """The text without halves of characters, which a browser may send and SQLite does not take."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
