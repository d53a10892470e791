"""The notebook of a conversation: answers and quotes that its reader keeps, each with a line of the reader's own."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError
from rag.types import Answer, Citation

if TYPE_CHECKING:
    import sqlite3

    from rag.conversations import History

MAX_NOTES = 500
MAX_LINE = 1000
_MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Note:
    """Something that a reader keeps.

    `question` is that of the answer it is from. `text` is the answer with its markers, or a quote without any. `line` is the reader's
    own, and may be empty. `id` is 0 until it is kept.
    """

    question: str
    text: str
    citations: tuple[Citation, ...]
    line: str = ""
    id: int = 0


def of_answer(answer: Answer) -> Note:
    """Returns a note of a whole answer."""
    return Note(answer.question, answer.text, answer.citations)


def of_citation(answer: Answer, number: int) -> Note:
    """Returns a note of the quote with this number.

    Raises:
        LibraryError: The answer has no such citation.
    """
    for citation in answer.citations:
        if citation.number == number:
            return Note(answer.question, citation.quote, (replace(citation, number=1),))
    raise LibraryError("this answer has no such quote; open the conversation again")


class Notebook:
    """The notes of all conversations, each seen by the owner of its conversation only.

    Every method raises `ConversationNotFoundError` if the conversation is deleted or belongs to another owner, and `LibraryError` if
    the file cannot be read or written.
    """

    def __init__(self, history: History) -> None:
        """Uses the file of the conversations."""
        self._history = history

    def notes(self, owner: str, conversation_id: str) -> list[Note]:
        """Returns the notes of a conversation, in their order."""
        with self._history.conversation(owner, conversation_id) as connection:
            return _notes(connection, conversation_id)

    def keep(self, owner: str, conversation_id: str, note: Note) -> Note:
        """Adds a note at the end, and returns it with its id. What is kept already is not kept twice.

        Raises:
            LibraryError: There are too many notes.
        """
        with self._history.conversation(owner, conversation_id, to_write=True) as connection:
            known = _notes(connection, conversation_id)
            for other in known:
                if replace(other, line="", id=0) == replace(note, line="", id=0):
                    return other
            if len(known) >= MAX_NOTES:
                raise LibraryError(f"a notebook has room for {MAX_NOTES} notes; remove some first")
            query = "SELECT coalesce(max(place), 0) + 1 FROM notes WHERE conversation_id = ?"
            (place,) = connection.execute(query, (conversation_id,)).fetchone()
            added = connection.execute(
                "INSERT INTO notes (conversation_id, place, note) VALUES (?, ?, ?)", (conversation_id, place, _written(note))
            )
            return replace(note, id=int(added.lastrowid or 0))

    def edit(self, owner: str, conversation_id: str, note_id: int, line: str) -> None:
        """Sets the reader's own line of a note, cut to 1,000 characters; a note that is gone is left alone."""
        with self._history.conversation(owner, conversation_id, to_write=True) as connection:
            for note in _notes(connection, conversation_id):
                if note.id == note_id:
                    changed = replace(note, line=" ".join(line.split())[:MAX_LINE])
                    connection.execute("UPDATE notes SET note = ? WHERE row = ?", (_written(changed), note_id))

    def move(self, owner: str, conversation_id: str, note_id: int, steps: int) -> None:
        """Moves a note by so many places, up where `steps` is negative, as far as there are any."""
        with self._history.conversation(owner, conversation_id, to_write=True) as connection:
            ids = [note.id for note in _notes(connection, conversation_id)]
            if note_id not in ids:
                return
            place = max(0, min(len(ids) - 1, ids.index(note_id) + steps))
            ids.remove(note_id)
            ids.insert(place, note_id)
            connection.executemany("UPDATE notes SET place = ? WHERE row = ?", list(enumerate(ids, 1)))

    def remove(self, owner: str, conversation_id: str, note_id: int) -> None:
        """Removes a note; one that is gone already is no error."""
        with self._history.conversation(owner, conversation_id, to_write=True) as connection:
            connection.execute("DELETE FROM notes WHERE conversation_id = ? AND row = ?", (conversation_id, note_id))


def _notes(connection: sqlite3.Connection, conversation_id: str) -> list[Note]:
    query = "SELECT row, note FROM notes WHERE conversation_id = ? ORDER BY place, row"
    return [replace(_read(json.loads(note)), id=row) for row, note in connection.execute(query, (conversation_id,))]


def _read(values: dict[str, Any]) -> Note:
    cited = [Citation(**{**each, "copies": tuple(each["copies"])}) for each in values["citations"]]
    return Note(values["question"], values["text"], tuple(cited), values["line"])


def _written(note: Note) -> str:
    kept = asdict(replace(note, text=note.text[:_MAX_TEXT]))
    return json.dumps(kept, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")
