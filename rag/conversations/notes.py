"""The notebook of a conversation: answers and quotes that its reader keeps, each with a line of the reader's own."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from rag.errors import LibraryError
from rag.types import Answer, Citation

if TYPE_CHECKING:
    import sqlite3

    from rag.conversations import History
    from rag.types import Document

MAX_NOTES = 500
MAX_LINE = 1000
MAX_SELECTED = 5_000
_MAX_TEXT = 20_000
_MARKER = re.compile(r"\[(\d+)\]")
_MARKERS_AFTER = re.compile(r"(?:[ \u2060\u00a0]?\[\d+\])+")
_OPENING, _CLOSING = "“‘\"'(（《〈「『【", "。．.!！?？;；…”’\"')）》〉」』】%％"
# What is shown beside a quote on its card is at most this far from it.
_BESIDE = 400


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


def of_selection(answer: Answer, selected: str) -> Note:
    """Returns a note of the part of an answer that a reader has selected, with the citations that support it.

    Only letters and digits are compared, as a page shows marks of lists and tables in its own way. The note is the answer's own text.

    Raises:
        LibraryError: The answer does not contain this, or has no citation.
    """
    masked = _MARKER.sub(lambda marker: " " * len(marker[0]), answer.text)
    start, end = _place(masked, _MARKER.sub("", selected))
    if after := _MARKERS_AFTER.match(answer.text, end):
        end = after.end()
    text = answer.text[start:end]
    cited = {citation.number: citation for citation in answer.citations}
    inside = {int(number) for number in _MARKER.findall(text)} & cited.keys()
    last = max((marker.end() for marker in _MARKER.finditer(text)), default=0)
    if any(letter.isalnum() for letter in text[last:]):
        # The markers of a sentence are at its end, which was not selected.
        following = (int(number) for number in _MARKER.findall(answer.text[end:]))
        number = next((number for number in following if number in cited), None)
        if number is None and not inside:
            raise LibraryError("no source supports this part of the answer; select a sentence with a source")
        if number is not None:
            text = f"{text}{'' if answer.language == 'zh' else ' '}[{number}]"
            inside.add(number)
    return Note(answer.question, text, tuple(citation for number, citation in cited.items() if number in inside))


def of_quote_selection(answer: Answer, number: int, selected: str, document: Document | None) -> Note:
    """Returns a note of what a reader has selected in a quote or in the text beside it, cited at its own place.

    Args:
        answer: Contains the citation.
        number: The number of the citation.
        selected: The selected text.
        document: The cited document; None if it was removed, and then only the quote itself can be selected.

    Raises:
        LibraryError: The answer has no such citation, or there is no such text.
    """
    (citation,) = of_citation(answer, number).citations
    if document and document.text[citation.start : citation.end] == citation.quote:
        first = max(0, citation.start - _BESIDE)
        start, end = (first + place for place in _place(document.text[first : citation.end + _BESIDE], selected))
        cited = replace(citation, start=start, end=end, quote=document.text[start:end], page=document.page_at(start))
    else:
        start, end = _place(citation.quote, selected)
        cited = replace(citation, start=citation.start + start, end=citation.start + end, quote=citation.quote[start:end])
    return Note(answer.question, cited.quote, (cited,))


def _place(text: str, selected: str) -> tuple[int, int]:
    """Returns where a selection is in a text, with the punctuation around it."""
    letters = [(letter, place) for place, letter in enumerate(text) if letter.isalnum()]
    wanted = "".join(letter for letter in selected[:MAX_SELECTED] if letter.isalnum())
    found = "".join(letter for letter, _ in letters).find(wanted) if wanted else -1
    if found < 0:
        raise LibraryError("the selected text is not part of this answer; select text of one answer or quote")
    start, end = letters[found][1], letters[found + len(wanted) - 1][1] + 1
    while start and text[start - 1] in _OPENING:
        start -= 1
    while end < len(text) and text[end] in _CLOSING:
        end += 1
    return start, end


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
