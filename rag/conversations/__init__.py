"""Keeps the conversations of the chat, with the feedback on answers, in a SQLite file beside the library's.

Deleting the file deletes nothing else.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import uuid
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag import private
from rag.errors import ConversationNotFoundError, LibraryError
from rag.library.sqlite_errors import SqliteErrors
from rag.types import Answer, as_markdown_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SCHEMA_VERSION = 2
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
# Since version 2. A reader of an older file has them empty, in memory.
_NOTES = """
CREATE{temporary} TABLE notes (
    row INTEGER PRIMARY KEY AUTOINCREMENT, conversation_id TEXT NOT NULL{reference}, place REAL NOT NULL, note TEXT NOT NULL
);
CREATE{temporary} TABLE pins (conversation_id TEXT PRIMARY KEY{reference})
"""
_WAIT_SECONDS = 10.0
_MAX_TITLE = 60
_PINNED = "SELECT 1 FROM pins p WHERE p.conversation_id = c.id"
_CONTAINING = (
    "owner = ? AND (? = '' OR instr(lower(title), ?) OR EXISTS "
    "(SELECT 1 FROM turns t WHERE t.conversation_id = c.id AND instr(lower(t.answer), ?) AND instr(lower(json_extract(t.answer, '$.question', '$.text')), ?)))"
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its answers. `changed` is the ISO time in UTC at which an answer was last added or removed."""

    id: str
    title: str
    changed: str
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """A deleted conversation, from which `History.restore` makes it again."""

    conversation: Conversation
    answers: tuple[Answer, ...]
    feedback: dict[int, Feedback]
    notes: tuple[str, ...]


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

    def conversations(self, owner: str, first: int = 0, most: int | None = None, containing: str = "") -> list[Conversation]:
        """Returns at most `most` of an owner's conversations, all when None, from place `first` on.

        Pinned ones come first, then those that were changed last. With `containing`, only those with this text in their title or in a
        question or answer, ignoring the case of Latin letters.
        """
        with self._transaction() as connection:
            rows = connection.execute(
                f"SELECT id, title, changed, EXISTS ({_PINNED}) AS pinned FROM conversations c WHERE {_CONTAINING} "
                "ORDER BY pinned DESC, changed DESC, row DESC LIMIT ? OFFSET ?",
                (*_terms(owner, containing), -1 if most is None else most, first),
            )
            return [Conversation(identity, title, changed, bool(pinned)) for identity, title, changed, pinned in rows]

    def count(self, owner: str, containing: str = "") -> int:
        """Returns the number of an owner's conversations, as `conversations` finds them."""
        with self._transaction() as connection:
            query = f"SELECT count(*) FROM conversations c WHERE {_CONTAINING}"
            (number,) = connection.execute(query, _terms(owner, containing)).fetchone()
            return int(number)

    def pin(self, owner: str, conversation_id: str, pinned: bool) -> None:
        """Puts a conversation before the others, or back among them."""
        with self.conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute("DELETE FROM pins WHERE conversation_id = ?", (conversation_id,))
            if pinned:
                connection.execute("INSERT INTO pins (conversation_id) VALUES (?)", (conversation_id,))

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
        with self.conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute("UPDATE conversations SET title = ? WHERE id = ?", (_one_line(title), conversation_id))

    def delete(self, owner: str, conversation_id: str) -> Deleted:
        """Deletes a conversation with its answers, their feedback and its notes; returns what `restore` needs."""
        with self.conversation(owner, conversation_id, to_write=True) as connection:
            query = f"SELECT id, title, changed, EXISTS ({_PINNED}) FROM conversations c WHERE id = ?"
            identity, title, changed, pinned = connection.execute(query, (conversation_id,)).fetchone()
            turns = _turns(connection, conversation_id)
            notes = connection.execute("SELECT note FROM notes WHERE conversation_id = ? ORDER BY place", (conversation_id,))
            deleted = Deleted(
                Conversation(identity, title, changed, bool(pinned)),
                tuple(turn.answer for turn in turns),
                {number: turn.feedback for number, turn in enumerate(turns, 1) if turn.feedback},
                tuple(note for (note,) in notes),
            )
            connection.execute("DELETE FROM conversations WHERE id = ?", (conversation_id,))
        return deleted

    def restore(self, owner: str, deleted: Deleted) -> Conversation:
        """Makes a deleted conversation again, under another id and as of now."""
        made = self.start(owner, deleted.conversation.title)
        for answer in deleted.answers:
            self.append(owner, made.id, answer)
        for number, feedback in deleted.feedback.items():
            self.rate(owner, made.id, number, feedback)
        with self.conversation(owner, made.id, to_write=True) as connection:
            connection.executemany(
                "INSERT INTO notes (conversation_id, place, note) VALUES (?, ?, ?)",
                [(made.id, place, note) for place, note in enumerate(deleted.notes)],
            )
        if deleted.conversation.pinned:
            self.pin(owner, made.id, pinned=True)
        return made

    def title(self, owner: str, conversation_id: str) -> str:
        """Returns the title of a conversation."""
        with self.conversation(owner, conversation_id) as connection:
            (title,) = connection.execute("SELECT title FROM conversations WHERE id = ?", (conversation_id,)).fetchone()
            return str(title)

    def to_markdown(self, owner: str, conversation_id: str) -> str:
        """Returns a conversation as Markdown: its title, and each question with its answer and numbered sources.

        Questions and the texts of documents are escaped, so that nothing in them is taken for Markdown.
        """
        title = self.title(owner, conversation_id)
        answers = self.answers(owner, conversation_id)
        parts = [f"## {as_markdown_text(answer.question)}\n\n{answer.to_markdown()}" for answer in answers]
        return "\n\n".join((f"# {as_markdown_text(title)}", *parts)) + "\n"

    # -- answers ------------------------------------------------------------------------------------------------------

    def answers(self, owner: str, conversation_id: str) -> list[Answer]:
        """Returns the answers of a conversation, in the order of their numbers."""
        with self.conversation(owner, conversation_id) as connection:
            return [turn.answer for turn in _turns(connection, conversation_id)]

    def append(self, owner: str, conversation_id: str, answer: Answer) -> int:
        """Adds an answer, and returns its number."""
        with self.conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute(
                "INSERT INTO turns (conversation_id, answer) VALUES (?, ?)", (conversation_id, _storable(answer.to_json()))
            )
            _mark_changed(connection, conversation_id)
            return len(_turns(connection, conversation_id))

    def cut(self, owner: str, conversation_id: str, number: int) -> None:
        """Deletes the answer with this number and all after it, with their feedback."""
        with self.conversation(owner, conversation_id, to_write=True) as connection:
            turns = _turns(connection, conversation_id)[max(number, 1) - 1 :]
            if turns:
                connection.execute("DELETE FROM turns WHERE conversation_id = ? AND row >= ?", (conversation_id, turns[0].row))
                _mark_changed(connection, conversation_id)

    # -- feedback -----------------------------------------------------------------------------------------------------

    def feedback(self, owner: str, conversation_id: str) -> dict[int, Feedback]:
        """Returns the feedback by the numbers of the answers. Answers without feedback are absent."""
        with self.conversation(owner, conversation_id) as connection:
            turns = _turns(connection, conversation_id)
        return {number: turn.feedback for number, turn in enumerate(turns, 1) if turn.feedback}

    def rate(self, owner: str, conversation_id: str, number: int, feedback: Feedback | None) -> None:
        """Sets the feedback on an answer; None removes it.

        Raises:
            LibraryError: There is no answer with that number.
        """
        with self.conversation(owner, conversation_id, to_write=True) as connection:
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
    def conversation(self, owner: str, conversation_id: str, *, to_write: bool = False) -> Iterator[sqlite3.Connection]:
        """Opens a transaction on one of the owner's conversations.

        Raises:
            ConversationNotFoundError: It is deleted or belongs to another owner.
        """
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
                self._prepare(connection, to_write)
                yield connection
                connection.execute("COMMIT")

    def _exists(self) -> bool:
        """Tells if anything was written. A file that could not be, for example on a full disk, is empty."""
        with self._errors.reported():
            try:
                return self.file.stat().st_size > 0
            except (FileNotFoundError, NotADirectoryError):
                return False

    def _prepare(self, connection: sqlite3.Connection, to_write: bool) -> None:
        """Creates the tables in a new file, adds those that an older file lacks, and refuses a file of a newer version."""
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > _SCHEMA_VERSION:
            raise LibraryError(f"{self.file} was written by a newer version of Yinju; use that one, or move the file away")
        if version == _SCHEMA_VERSION:
            return
        if not version:
            if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise LibraryError(self._errors.damaged("it has none of its tables"))
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
        kept = to_write or not version
        reference = " REFERENCES conversations(id) ON DELETE CASCADE" if kept else ""
        for statement in _NOTES.format(temporary="" if kept else " TEMPORARY", reference=reference).split(";"):
            connection.execute(statement)
        if kept:
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


def _terms(owner: str, containing: str) -> tuple[str, ...]:
    """Returns the values for `_CONTAINING`."""
    text = _storable(containing).strip()
    # As SQLite does, only Latin letters without marks are put in lower case.
    lowered = re.sub(r"[A-Z]+", lambda match: match[0].lower(), text)
    return owner, lowered, lowered, _in_json(lowered), _in_json(lowered)


def _in_json(text: str) -> str:
    """Returns a text as it is written within JSON."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


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
