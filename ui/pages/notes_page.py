"""The notebook beside the chat: keeps answers and quotes, and exports them and conversations."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.conversations import exporting
from rag.conversations.notes import MAX_SELECTED, Note, Notebook, of_answer, of_citation, of_quote_selection, of_selection
from rag.errors import DocumentNotFoundError, YinjuError
from ui import rendering
from ui.chat import Chat
from ui.parts import QUIET, html
from ui.security import owner_of
from ui.views.notebook import notebook

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.answering.references import Style
    from rag.conversations import History
    from rag.types import Answer
    from ui.chat import Documents


class NotesPart:
    """The notebook's component. Must be created inside a `gr.Blocks`."""

    def __init__(self, history: History, library: Documents, *, render: bool = True) -> None:
        """Builds the notebook.

        Args:
            history: Stores the conversations.
            library: Contains the documents that references describe.
            render: Puts the component on the page at once.
        """
        self._history, self._library, self._notebook = history, library, Notebook(history)
        self.shown = html(notebook((), ""), "notebook", server_functions=[self.exported], render=render)

    def connect(self, session: gr.State, *keepers: gr.HTML) -> None:
        """Keeps what is clicked in other parts of the page, and changes notes."""
        at_once: dict[str, Any] = {"queue": False, **QUIET}
        for keeper in keepers:
            keeper.select(self._keep, [session], self.shown, **at_once)
        self.shown.select(self._change, [session], self.shown, **at_once)
        self.shown.edit(self._edit, [session], self.shown, **at_once)

    def of(self, chat: Chat) -> str:
        """Returns the notebook of a visitor's conversation."""
        return notebook(self._notes(chat), chat.conversation)

    def _notes(self, chat: Chat) -> list[Note]:
        try:
            return self._notebook.notes(chat.owner, chat.conversation) if chat.conversation else []
        except YinjuError:
            return []

    def _keep(self, chat: Chat, event: gr.EventData) -> Any:
        turn, number = (str(event._data.get(name, "")) for name in ("turn", "citation"))
        if not (turn.isdecimal() and 1 <= int(turn) <= len(chat.turns)) or not chat.conversation:
            return gr.skip()
        answer = chat.turns[int(turn) - 1].given
        if answer is None:
            return gr.skip()
        selected = str(event._data.get("selected", ""))[:MAX_SELECTED].strip()
        cited = int(number) if number.isdecimal() else 0
        return self._try(chat, lambda: self._notebook.keep(chat.owner, chat.conversation, self._note(answer, cited, selected)))

    def _note(self, answer: Answer, number: int, selected: str) -> Note:
        """Returns a note of an answer, or of its quote with this number; only of what is selected in it, if anything is."""
        if not selected:
            return of_citation(answer, number) if number else of_answer(answer)
        if not number:
            return of_selection(answer, selected)
        document_id = next((citation.document_id for citation in answer.citations if citation.number == number), "")
        try:
            document = self._library.document(document_id)
        except DocumentNotFoundError:
            document = None
        return of_quote_selection(answer, number, selected, document)

    def _change(self, chat: Chat, event: gr.EventData) -> Any:
        note = _number(event)
        match str(event._data.get("do", "")):
            case "up":
                return self._try(chat, lambda: self._notebook.move(chat.owner, chat.conversation, note, -1))
            case "down":
                return self._try(chat, lambda: self._notebook.move(chat.owner, chat.conversation, note, 1))
            case "remove":
                return self._try(chat, lambda: self._notebook.remove(chat.owner, chat.conversation, note))
        return gr.skip()

    def _edit(self, chat: Chat, event: gr.EventData) -> Any:
        line = str(event._data.get("line", ""))
        return self._try(chat, lambda: self._notebook.edit(chat.owner, chat.conversation, _number(event), line))

    def _try(self, chat: Chat, change: Callable[[], object]) -> str:
        try:
            change()
        except YinjuError as error:
            gr.Warning(rendering.error(str(error)))
        return self.of(chat)

    @property
    def exported(self) -> Callable[[Any, gr.Request], dict[str, str]]:
        """Called by the page's script for a file."""

        def exported(wanted: Any, request: gr.Request) -> dict[str, str]:
            """Returns a conversation or its notes as a file in base64; empty if it is not the visitor's.

            `{"kind": "conversation" | "notes", "id": …, "visitor": …, "form": …, "style": …, "language": …}`
            """
            try:
                owner, conversation = owner_of(str(wanted["visitor"]), request), str(wanted["id"])
                title = self._history.title(owner, conversation)
                if wanted["kind"] == "notes":
                    entries = exporting.of_notes(self._notebook.notes(owner, conversation))
                else:
                    entries = exporting.of_answers(self._history.answers(owner, conversation))
                form = next(form for form in exporting.FORMS if form == wanted["form"])
                style: Style = "apa" if wanted["style"] == "apa" else "gbt7714"
                file = exporting.written(
                    title,
                    entries,
                    self._library.document,
                    form,
                    style=style,
                    language="zh" if wanted["language"] == "zh" else "en",
                )
            except (YinjuError, KeyError, TypeError, StopIteration):
                return {}
            return {"name": f"{title}.{form}", "data": base64.b64encode(file).decode()}

        return exported


def _number(event: gr.EventData) -> int:
    number = str(event._data.get("id", ""))
    return int(number) if number.isdecimal() and len(number) < 19 else 0
