"""The chat page: conversations on the left, questions and answers in the middle, the sources of the answers on the right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import YinjuError
from ui import rendering, texts
from ui.chat import Chat, Pipeline, answering
from ui.parts import QUIET, html
from ui.security import USER

if TYPE_CHECKING:
    from rag.conversations import History
    from ui.labels import Labels

_MAX_AT_ONCE = 8
_MAX_NOTE_LENGTH = 500
_CONVERSATIONS_A_PAGE = 100
_FOCUS = "() => { if (matchMedia('(hover: hover)').matches) document.querySelector('#question textarea').focus(); }"
_ARRIVE = "() => [window.yinju.visitor(), window.yinju.conversation()]"

Updates = dict[Any, Any]


class ChatPage:
    """The page's components and event handlers. Must be created inside a `gr.Blocks`."""

    def __init__(self, pipeline: Pipeline, history: History, labels: Labels, chosen: list[gr.State], blocks: gr.Blocks) -> None:
        """Builds the page.

        Args:
            pipeline: Answers the questions.
            history: Stores the conversations.
            labels: Takes the texts on components.
            chosen: The visitor's choices: the ids of the documents to search, None for all; and the pipeline with the visitor's
                settings, None for the given one.
            blocks: The window.
        """
        self._pipeline, self._history = pipeline, history
        present = {rendering.file_name(document.source) for document in pipeline.library.documents()}
        tried = [example.question for example in texts.EXAMPLES if example.file_name in present]
        self._has_examples = bool(tried)
        self._build(labels, tried)
        self._connect(blocks, chosen)

    def _build(self, labels: Labels, tried: list[str]) -> None:
        self.session: gr.State = gr.State(Chat())
        # Filled in by the browser on loading: the visitor's id, and the conversation that was open.
        self._visitor = gr.Textbox(visible=False)
        self._opened = gr.Textbox(visible=False)
        with gr.Row(elem_id="window"):
            with gr.Column(elem_id="conversations", scale=0, min_width=200):
                self._new = labels.on(gr.Button(size="sm", elem_id="new"), value=texts.NEW)
                self._kept = html(rendering.conversations((), ""), "kept", server_functions=[self._markdown(self._history)])
            with gr.Column(elem_id="left", scale=3, min_width=320):
                self._log = html(rendering.chat(()), "chat")
                with gr.Column(elem_id="examples", scale=0, visible=self._has_examples) as self._examples:
                    gr.HTML(f"<p>{rendering.both(texts.TRY)}</p>", apply_default_css=False)
                    self._tries = [gr.Button(example, size="sm") for example in tried]
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

    def _connect(self, blocks: gr.Blocks, chosen: list[gr.State]) -> None:
        session, question, log, kept = self.session, self._question, self._log, self._kept
        outputs = [
            session,
            log,
            self._panel,
            question,
            self._examples,
            kept,
            self._editing,
            self._send,
            self._stop,
        ]
        asking: dict[str, Any] = {"concurrency_limit": _MAX_AT_ONCE, "concurrency_id": "asking", **QUIET}
        # A question that is sent while another is answered waits for it.
        gr.on(
            [question.submit, self._send.click],
            self._ask,
            [question, session, *chosen],
            outputs,
            trigger_mode="always_last",
            **asking,
        ).then(None, js=_FOCUS, **QUIET)
        for example in self._tries:
            example.click(None, example, question, js="(text) => text", **QUIET).then(
                None, js="() => document.getElementById('send').click()", **QUIET
            )
        log.retry(self._retry, [session, *chosen], outputs, **asking)
        log.edit(self._edit, [session], outputs, queue=False, **QUIET).then(None, js=_FOCUS, **QUIET)
        log.like(self._rate, [session], outputs, queue=False, **QUIET)
        self._editing.clear(self._cancel, [session], outputs, queue=False, **QUIET)
        self._stop.click(_stop, [session], None, queue=False, **QUIET)
        self._new.click(self._start_new, [session], outputs, queue=False, **QUIET).then(None, js=_FOCUS, **QUIET)
        kept.select(self._open, [session], outputs, queue=False, **QUIET)
        kept.edit(self._rename, [session], outputs, queue=False, **QUIET)
        kept.input(self._turn_page, [session], outputs, queue=False, **QUIET)
        kept.delete(self._delete, [session], outputs, queue=False, **QUIET)
        blocks.load(self._arrive, [self._visitor, self._opened, session], outputs, js=_ARRIVE, queue=False, **QUIET).then(
            None, js="() => { document.documentElement.dataset.arrived = true; }", **QUIET
        )

    def _shown(self, chat: Chat) -> Updates:
        busy = bool(chat.turns) and not chat.turns[-1].finished
        return {
            self.session: chat,
            self._log: rendering.chat(chat.turns, chat.conversation),
            self._panel: rendering.panel(chat.turns),
            self._examples: gr.Column(visible=self._has_examples and not chat.turns),
            self._editing: rendering.editing(chat.editing),
            self._send: gr.Button(visible=not busy),
            self._stop: gr.Button(visible=busy),
        }

    def _with_list(self, chat: Chat) -> Updates:
        """Updates the page and the list of conversations."""
        total, conversations = 0, []
        try:
            if chat.owner:
                total = self._history.count(chat.owner)
                chat.page = max(0, min(chat.page, (total - 1) // _CONVERSATIONS_A_PAGE))
                first = chat.page * _CONVERSATIONS_A_PAGE
                conversations = self._history.conversations(chat.owner, first, _CONVERSATIONS_A_PAGE)
        except YinjuError as error:
            gr.Warning(rendering.error(str(error)))
        shown = rendering.conversations(conversations, chat.conversation, chat.page * _CONVERSATIONS_A_PAGE, total)
        return self._shown(chat) | {self._kept: shown}

    # -- asking -------------------------------------------------------------------------------------------------------

    def _ask(self, question: str, chat: Chat, documents: list[str] | None, adjusted: Pipeline | None) -> Iterator[Updates]:
        if not question.strip():
            yield {self.session: chat}
            return
        yield {self._question: ""}
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

    # -- conversations ------------------------------------------------------------------------------------------------

    def _arrive(self, visitor: str, opened: str, chat: Chat, request: gr.Request) -> Updates:
        """Opens the conversation that the visitor left open."""
        chat.owner = _owner(visitor, request)
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
        self._try(lambda: self._history.delete(chat.owner, _id(event)))
        if _id(event) == chat.conversation:
            chat.start_new()
        return self._with_list(chat)

    @staticmethod
    def _try(change: Callable[[], None]) -> None:
        """Makes a change. If it fails, shows the error and leaves the page as it is."""
        try:
            change()
        except YinjuError as error:
            gr.Warning(rendering.error(str(error)))

    # -- called by the page's script ----------------------------------------------------------------------------------

    @staticmethod
    def _markdown(history: History) -> Callable[[Any, gr.Request], str]:
        def markdown(wanted: Any, request: gr.Request) -> str:
            """Returns a conversation as Markdown: `{"id": …, "visitor": …}`; empty if it is not the visitor's."""
            try:
                return history.to_markdown(_owner(str(wanted["visitor"]), request), str(wanted["id"]))
            except (YinjuError, KeyError, TypeError):
                return ""

        return markdown


def _owner(visitor: str, request: Any) -> str:
    """Returns the owner of conversations: the signed-in user, else the id that the browser remembers, else empty."""
    # Gradio wraps the request of an event, but not that of a server function.
    request = getattr(request, "request", request)
    name = request.scope.get(USER)
    return f"user:{name}" if name else f"visitor:{visitor}" if visitor else ""


def _stop(chat: Chat) -> None:
    chat.stop.set()


def _number(event: gr.EventData, chat: Chat) -> int:
    """Returns the number of the turn that an event is about, 0 if there is no such turn."""
    number = str(event._data.get("turn", ""))
    return int(number) if number.isdecimal() and 1 <= int(number) <= len(chat.turns) else 0


def _id(event: gr.EventData) -> str:
    return str(event._data.get("id", ""))
