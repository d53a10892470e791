"""The window: its pages, the reader's language and theme, and the API for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import YinjuError
from rag.serving.public import public_answer, without_folders
from rag.serving.unnamed import UnnamedGenerator
from ui import chat_texts, rendering, texts
from ui.labels import Labels
from ui.pages.chat_page import ChatPage
from ui.pages.documents_page import DocumentsPage
from ui.pages.evaluation_page import EvaluationPage
from ui.pages.settings_page import SettingsPage
from ui.parts import QUIET, html
from ui.viewer import viewer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.conversations import History
    from rag.pipeline import RagPipeline
    from ui.viewer.viewer import Pages

_MAX_WAITING = 64
_MAX_AT_ONCE = 8
_MAX_THREADS = 48
_MAX_SESSIONS = 1000


def build(pipeline: RagPipeline, history: History, pages: Pages, *, may_choose_generator: bool = True) -> gr.Blocks:
    """Builds the window.

    Args:
        pipeline: Answers the questions.
        history: Stores the conversations of each visitor.
        pages: Draws the pages of documents whose files are kept.
        may_choose_generator: Lets visitors name a language model, which this machine then loads or calls. If False, the name and
            errors of the given one do not reveal where it is. Lets them also add web pages, which this machine then requests.
    """
    if pipeline.generator and not may_choose_generator:
        pipeline = pipeline.with_options(generator=UnnamedGenerator(pipeline.generator))
    labels = Labels()
    blocks = gr.Blocks(title=str(texts.NAME), analytics_enabled=False, fill_width=True)
    # Event handlers get threads of their own, so that pages are served even while handlers wait.
    blocks.max_threads = _MAX_THREADS
    blocks.state_session_capacity = _MAX_SESSIONS
    with blocks:
        language = gr.Textbox(visible=False)
        top = html(_header(), "top")
        with gr.Tabs(elem_id="pages"):
            chat_tab = labels.on(gr.Tab(id="chat", elem_id="chat-page"), label=texts.CHAT_TAB)
            documents_tab = labels.on(gr.Tab(id="documents"), label=texts.DOCUMENTS_TAB)
            evaluation_tab = labels.on(gr.Tab(id="evaluation"), label=texts.EVALUATION_TAB)
            with labels.on(gr.Tab(id="settings"), label=texts.SETTINGS_TAB) as settings_tab:
                settings = SettingsPage(pipeline, labels, may_choose_generator, settings_tab, blocks)
            documents: gr.State = gr.State(None)
            with chat_tab:
                chosen = [documents, settings.chosen]
                chat = ChatPage(pipeline, history, labels, chosen, tab=chat_tab, blocks=blocks, may_fetch=may_choose_generator)
            with documents_tab:
                page = DocumentsPage(pipeline.library, labels, documents, chat.scope, blocks, may_keep_files=may_choose_generator)
                page.show_on(documents_tab)
            with evaluation_tab:
                EvaluationPage(pipeline, labels, settings.chosen)
        viewer.dialog(pipeline.library, pages)
        relabel: dict[str, Any] = {"fn": labels.updates, "inputs": [language], "outputs": labels.components}
        blocks.load(**relabel, js="() => [window.yinju.language()]", queue=False, **QUIET)
        top.select(**relabel, js="() => [window.yinju.switchLanguage()]", queue=False, **QUIET)
        gr.api(  # type: ignore[attr-defined]
            _answer(pipeline), api_name="answer", concurrency_limit=_MAX_AT_ONCE
        )
    blocks.queue(max_size=_MAX_WAITING, default_concurrency_limit=_MAX_AT_ONCE)
    return blocks


def _answer(pipeline: RagPipeline) -> Callable[[str], dict[str, Any]]:
    def answer(question: str) -> dict[str, Any]:
        """Answers one question: `rag.types.Answer` as JSON, for programs (gradio_client)."""
        try:
            return public_answer(pipeline.answer(question))
        except YinjuError as error:
            raise gr.Error(without_folders(str(error)), print_exception=False) from error

    return answer


def _header() -> str:
    return (
        f'<button type="button" id="side" title="{texts.SIDE}" aria-label="{texts.SIDE}">☰</button>'
        f'<h1>{rendering.both(texts.NAME)}</h1><p class="tagline">{rendering.both(texts.TAGLINE)}</p>'
        f'<button type="button" id="notes" data-notes>{rendering.both(chat_texts.NOTES)}</button>'
        f'<button type="button" id="language" data-event="select" title="{texts.LANGUAGE}">'
        '<span class="words" lang="en">中文</span><span class="words" lang="zh-Hans">English</span></button>'
        f'<button type="button" id="theme" title="{texts.THEME}" aria-label="{texts.THEME}">◐</button>'
    )
