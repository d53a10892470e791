"""The chat page: conversations on the left, questions and answers in the middle, the sources of the answers on the right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import YinjuError
from rag.serving import public
from ui import rendering, texts
from ui.chat import Chat, Pipeline, answering
from ui.pages.column_page import DocumentsColumn
from ui.pages.notes_page import NotesPart
from ui.parts import QUIET, html
from ui.security import owner_of
from ui.views import chat_log
from ui.views.conversations import conversations
from ui.views.suggestions import examples as example_questions
from ui.views.suggestions import suggestions

if TYPE_CHECKING:
    from rag.conversations import History
    from ui.labels import Labels

_MAX_AT_ONCE = 8
_MAX_SUGGESTING = 2
_MAX_NOTE_LENGTH = 500
_MAX_SEARCH = 200
_CONVERSATIONS_A_PAGE = 100
_FOCUS = "() => window.yinju.focusQuestion()"
_FOCUS_UNLESS_ELSEWHERE = "() => window.yinju.focusQuestion({ unlessElsewhere: true })"
_ARRIVE = "() => [window.yinju.visitor(), window.yinju.conversation()]"

Updates = dict[Any, Any]


class ChatPage:
    """The page's components and event handlers. Must be created inside a `gr.Blocks`."""

    def __init__(
        self,
        pipeline: Pipeline,
        history: History,
        labels: Labels,
        chosen: list[gr.State],
        *,
        tab: gr.Tab,
        blocks: gr.Blocks,
        may_fetch: bool,
    ) -> None:
        """Builds the page.

        Args:
            pipeline: Answers the questions.
            history: Stores the conversations.
            labels: Takes the texts on components.
            chosen: The visitor's choices: the ids of the documents to search, None for all; and the pipeline with the visitor's
                settings, None for the given one.
            tab: The tab that the page is on.
            blocks: The window.
            may_fetch: Lets visitors add web pages by their addresses.
        """
        self._pipeline, self._history, self._tab = pipeline, history, tab
        self._build(labels, may_fetch)
        self._connect(blocks, chosen)

    def _build(self, labels: Labels, may_fetch: bool) -> None:
        self.session: gr.State = gr.State(Chat())
        # Filled in by the browser on loading: the visitor's id, and the conversation that was open.
        self._visitor = gr.Textbox(visible=False)
        self._opened = gr.Textbox(visible=False)
        with gr.Row(elem_id="window"):
            with gr.Column(elem_id="conversations", scale=0, min_width=200):
                self.column = DocumentsColumn(self._pipeline.library, may_fetch=may_fetch)
                self._new = labels.on(gr.Button(size="sm", elem_id="new"), value=texts.NEW)
                self._notes = NotesPart(self._history, self._pipeline.library, render=False)
                self._kept = html(conversations((), ""), "kept", server_functions=[self._notes.exported])
            with gr.Column(elem_id="left", scale=3, min_width=320):
                self._log = html(chat_log.chat(()), "chat")
                self.column.offer.render()
                self.column.arriving.render()
                self._suggestions = html("", "suggestions")
                self._editing = html("", "editing")
                self.scope = html("", "scope")
                with gr.Row(elem_id="composer"):
                    self._question = labels.on(
                        gr.Textbox(
                            show_label=False, container=False, autofocus=True, lines=1, max_lines=5, scale=1, elem_id="question"
                        ),
                        label=texts.QUESTION,
                        placeholder=texts.PLACEHOLDER,
                    )
                    self._send = labels.on(gr.Button(variant="primary", elem_id="send", scale=0), value=texts.ASK)
                    self._stop = labels.on(gr.Button(elem_id="stop", scale=0, visible=False), value=texts.STOP)
            self._panel = html(rendering.panel(()), "panel")
            self._notes.shown.render()

    def _connect(self, blocks: gr.Blocks, chosen: list[gr.State]) -> None:
        session, question, log, kept = self.session, self._question, self._log, self._kept
        outputs = [
            session,
            log,
            self._panel,
            question,
            self._suggestions,
            kept,
            self._editing,
            self._send,
            self._stop,
            self._notes.shown,
            self.column.arriving,
        ]
        self._notes.connect(session, log, self._panel)
        asking: dict[str, Any] = {"concurrency_limit": _MAX_AT_ONCE, "concurrency_id": "asking", **QUIET}
        suggesting: dict[str, Any] = {"concurrency_limit": _MAX_SUGGESTING, "concurrency_id": "suggesting", **QUIET}
        suggest: Any = {"fn": self._suggest, "inputs": [session], "outputs": [self._suggestions], **suggesting}
        # A question that is sent while another is answered waits for it.
        asked = gr.on(
            [question.submit, self._send.click],
            self._ask,
            [question, session, *chosen],
            outputs,
            trigger_mode="always_last",
            **asking,
        )
        asked.then(None, js=_FOCUS_UNLESS_ELSEWHERE, **QUIET)
        asked.then(**suggest)
        log.retry(self._retry, [session, *chosen], outputs, **asking).then(**suggest)
        log.edit(self._edit, [session], outputs, queue=False, **QUIET).then(None, js=_FOCUS, **QUIET)
        log.like(self._rate, [session], outputs, queue=False, **QUIET)
        self._editing.clear(self._cancel, [session], outputs, queue=False, **QUIET)
        self._stop.click(_stop, [session], None, queue=False, **QUIET)
        started = self._new.click(self._start_new, [session], outputs, queue=False, **QUIET)
        started.then(None, js=_FOCUS, **QUIET)
        started.then(**suggest)
        kept.select(self._open, [session], outputs, queue=False, **QUIET)
        kept.edit(self._rename, [session], outputs, queue=False, **QUIET)
        kept.input(self._turn_page, [session], outputs, queue=False, **QUIET)
        kept.delete(self._delete, [session], outputs, queue=False, **QUIET)
        kept.undo(self._undo, [session], outputs, queue=False, **QUIET)
        kept.like(self._pin, [session], outputs, queue=False, **QUIET)
        kept.submit(self._find, [session], outputs, queue=False, **QUIET)
        for came in self.column.connect(chosen[0], self.scope, self._tab, blocks):
            came.then(self._introduce, [self.column.arrived, session], outputs, **QUIET).then(**suggest)
        arrived = blocks.load(self._arrive, [self._visitor, self._opened, session], outputs, js=_ARRIVE, queue=False, **QUIET)
        arrived.then(None, js="() => { document.documentElement.dataset.arrived = true; }", **QUIET)
        arrived.then(**suggest)

    def _shown(self, chat: Chat) -> Updates:
        busy = bool(chat.turns) and not chat.turns[-1].finished
        return {
            self.session: chat,
            self._log: chat_log.chat(chat.turns, chat.conversation),
            self._panel: rendering.panel(chat.turns),
            self._suggestions: suggestions(chat.suggested, following=bool(chat.turns)),
            self._editing: rendering.editing(chat.editing),
            self._send: gr.Button(visible=not busy),
            self._stop: gr.Button(visible=busy),
        }

    def _with_list(self, chat: Chat) -> Updates:
        """Updates the page and the list of conversations."""
        total, listed = 0, []
        try:
            if chat.owner:
                total = self._history.count(chat.owner, chat.containing)
                chat.page = max(0, min(chat.page, (total - 1) // _CONVERSATIONS_A_PAGE))
                first = chat.page * _CONVERSATIONS_A_PAGE
                listed = self._history.conversations(chat.owner, first, _CONVERSATIONS_A_PAGE, chat.containing)
        except YinjuError as error:
            gr.Warning(rendering.error(str(error)))
        shown = conversations(
            listed,
            chat.conversation,
            chat.page * _CONVERSATIONS_A_PAGE,
            total,
            deleted=chat.deleted.conversation.title if chat.deleted else "",
            searched=bool(chat.containing),
        )
        return self._shown(chat) | {self._kept: shown, self._notes.shown: self._notes.of(chat)}

    # -- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, question: str, chat: Chat, documents: list[str] | None, adjusted: Pipeline | None) -> Iterator[Updates]:
        if not question.strip():
            yield {self.session: chat}
            return
        # What became of files and addresses has been read by now.
        yield {self._question: "", self.column.arriving: ""}
        if chat.editing:
            self._try(lambda: chat.cut(chat.editing, self._history))
            chat.editing = 0
        yield from self._answer(question.strip(), chat, documents, adjusted or self._pipeline)

    def _retry(
        self, chat: Chat, documents: list[str] | None, adjusted: Pipeline | None, event: gr.EventData
    ) -> Iterator[Updates]:
        number = _number(event, chat)
        if not number or not chat.turns[-1].finished:
            yield {self.session: chat}
            return
        question = chat.turns[number - 1].question
        self._try(lambda: chat.cut(number, self._history))
        yield from self._answer(question, chat, documents, adjusted or self._pipeline)

    def _answer(self, question: str, chat: Chat, documents: list[str] | None, pipeline: Pipeline) -> Iterator[Updates]:
        chat.forget_suggestions()
        earlier, times_changed = chat.turns, chat.times_changed
        chat.stop.clear()
        for turn in answering(pipeline, question, earlier, chat.stop, documents):
            if chat.times_changed > times_changed:
                # The last update of this answer may have come after the change, so the page is shown again.
                yield self._with_list(chat)
                return
            chat.turns = (*earlier, turn)
            if given := turn.given:
                self._try(lambda given=given: chat.keep(given, self._history))  # type: ignore[misc]
            yield self._with_list(chat) if turn.finished else self._shown(chat)

    def _edit(self, chat: Chat, event: gr.EventData) -> Updates:
        number = _number(event, chat)
        if not number or not chat.turns[-1].finished:
            return {self.session: chat}
        chat.editing = number
        return self._shown(chat) | {self._question: chat.turns[number - 1].question}

    def _cancel(self, chat: Chat) -> Updates:
        chat.editing = 0
        return self._shown(chat) | {self._question: ""}

    def _rate(self, chat: Chat, event: gr.EventData) -> Updates:
        number = _number(event, chat)
        if number and chat.turns[number - 1].given:
            liked = {"true": True, "false": False}.get(str(event._data.get("liked", "")).lower())
            note = str(event._data.get("note", ""))[:_MAX_NOTE_LENGTH].strip()
            self._try(lambda: chat.rate(number, liked, note, self._history))
        return self._shown(chat)

    # -- suggestions --------------------------------------------------------------------------------------------------

    def _introduce(self, documents: list[str], chat: Chat) -> Updates:
        """Begins a conversation with the summary of a document that came in."""
        if len(documents) == 1:
            self._try(lambda: chat.introduce(documents[0], self._pipeline, self._history))
        return self._with_list(chat)

    def _suggest(self, chat: Chat) -> Iterator[str]:
        """Shows the questions that can be asked next: examples at once, others when they have been tried."""
        examples = [] if chat.turns else self._examples()
        if not chat.turns and not chat.suggested:
            yield suggestions(examples, following=False)
        if not examples:
            chat.suggest(self._pipeline)
        else:
            chat.suggested = examples
        yield suggestions(chat.suggested, following=bool(chat.turns))

    def _examples(self) -> list[str]:
        try:
            return example_questions(public.file_name(each.source) for each in self._pipeline.library.documents())
        except YinjuError:
            return []

    # -- conversations ------------------------------------------------------------------------------------------------

    def _arrive(self, visitor: str, opened: str, chat: Chat, request: gr.Request) -> Updates:
        """Opens the conversation that the visitor left open."""
        chat.owner = owner_of(visitor, request)
        if opened and chat.owner:
            try:
                chat.open(opened, self._history, self._pipeline.library)
            except YinjuError:
                chat.start_new()
        return self._with_list(chat)

    def _start_new(self, chat: Chat) -> Updates:
        chat.start_new()
        return self._with_list(chat)

    def _open(self, chat: Chat, event: gr.EventData) -> Updates:
        self._try(lambda: chat.open(_id(event), self._history, self._pipeline.library))
        return self._with_list(chat)

    def _turn_page(self, chat: Chat, event: gr.EventData) -> Updates:
        chat.page += {"-1": -1, "1": 1}.get(str(event._data.get("step", "")), 0)
        return self._with_list(chat)

    def _rename(self, chat: Chat, event: gr.EventData) -> Updates:
        title = str(event._data.get("title", "")).strip()
        if title:
            self._try(lambda: self._history.rename(chat.owner, _id(event), title))
        return self._with_list(chat)

    def _delete(self, chat: Chat, event: gr.EventData) -> Updates:
        self._try(lambda: chat.delete(_id(event), self._history))
        return self._with_list(chat)

    def _undo(self, chat: Chat) -> Updates:
        self._try(lambda: chat.undo_delete(self._history))
        return self._with_list(chat)

    def _pin(self, chat: Chat, event: gr.EventData) -> Updates:
        self._try(lambda: self._history.pin(chat.owner, _id(event), bool(event._data.get("pinned"))))
        return self._with_list(chat)

    def _find(self, chat: Chat, event: gr.EventData) -> Updates:
        chat.containing, chat.page = str(event._data.get("containing", ""))[:_MAX_SEARCH].strip(), 0
        return self._with_list(chat)

    @staticmethod
    def _try(change: Callable[[], None]) -> None:
        """Makes a change. If it fails, shows the error and leaves the page as it is."""
        try:
            change()
        except YinjuError as error:
            gr.Warning(rendering.error(str(error)))


def _stop(chat: Chat) -> None:
    chat.stop.set()


def _number(event: gr.EventData, chat: Chat) -> int:
    """Returns the number of the turn that an event is about, 0 if there is no such turn."""
    number = str(event._data.get("turn", ""))
    return int(number) if number.isdecimal() and 1 <= int(number) <= len(chat.turns) else 0


def _id(event: gr.EventData) -> str:
    return str(event._data.get("id", ""))
