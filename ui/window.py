"""The window: its pages, the language and look that the reader chose, and the door for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from rag.errors import YinjuError
from ui import rendering, texts
from ui.chat_page import ChatPage
from ui.documents_page import DocumentsPage
from ui.evaluation_page import EvaluationPage
from ui.labels import Labels
from ui.parts import QUIET, html
from ui.settings_page import SettingsPage
from ui.unnamed import UnnamedGenerator

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.conversations import History
    from rag.pipeline import RagPipeline

_MOST_WAITING = 64
_MOST_AT_ONCE = 8
_MOST_THREADS = 48
_MOST_SESSIONS = 1000


def build(pipeline: RagPipeline, history: History, *, may_choose_generator: bool = True) -> gr.Blocks:
    """The window for a pipeline. Each visitor has conversations of their own, kept in `history`.

    `may_choose_generator` is whether visitors may name a language model, which this machine then loads or asks. Where they may not,
    they do not learn where the given one is either.
    """
    if pipeline.generator and not may_choose_generator:
        pipeline = pipeline.with_options(generator=UnnamedGenerator(pipeline.generator))
    labels = Labels()
    blocks = gr.Blocks(title=str(texts.NAME), analytics_enabled=False, fill_width=True)
    # Threads of their own for what the pages do, so that the pages themselves are served whatever waits there.
    blocks.max_threads = _MOST_THREADS
    blocks.state_session_capacity = _MOST_SESSIONS
    with blocks:
        language = gr.Textbox(visible=False)
        top = html(_header(), "top")
        with gr.Tabs(elem_id="pages"):
            chat_tab = labels.on(gr.Tab(id="chat", elem_id="chat-page"), label=texts.CHAT_TAB)
            documents_tab = labels.on(gr.Tab(id="documents"), label=texts.DOCUMENTS_TAB)
            evaluation_tab = labels.on(gr.Tab(id="evaluation"), label=texts.EVALUATION_TAB)
            with labels.on(gr.Tab(id="settings"), label=texts.SETTINGS_TAB):
                settings = SettingsPage(pipeline, labels, may_choose_generator)
            documents: gr.State = gr.State(None)
            with chat_tab:
                chat = ChatPage(pipeline, history, labels, [documents, settings.chosen], blocks)
            with documents_tab:
                DocumentsPage(pipeline.library, labels, documents, chat.scope, blocks)
            with evaluation_tab:
                EvaluationPage(pipeline, labels, settings.chosen)
        relabel: dict[str, Any] = {"fn": labels.updates, "inputs": [language], "outputs": labels.components}
        blocks.load(**relabel, js="() => [window.yinju.language()]", queue=False, **QUIET)
        top.select(**relabel, js="() => [window.yinju.switchLanguage()]", queue=False, **QUIET)
        gr.api(  # type: ignore[attr-defined]
            _answer(pipeline), api_name="answer", concurrency_limit=_MOST_AT_ONCE
        )
    blocks.queue(max_size=_MOST_WAITING, default_concurrency_limit=_MOST_AT_ONCE)
    return blocks


def _answer(pipeline: RagPipeline) -> Callable[[str], dict[str, Any]]:
    def answer(question: str) -> dict[str, Any]:
        """Answers one question: `rag.types.Answer` as JSON, for programs (gradio_client)."""
        try:
            return _without_folders(pipeline.answer(question).to_dict())
        except YinjuError as error:
            raise gr.Error(rendering.without_folders(str(error)), print_exception=False) from error

    return answer


def _without_folders(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer whose sources are file names and web addresses: where files lie on this machine is nobody's business."""
    for place in (*answer["citations"], *answer["results"]):
        place["source"] = rendering.public_source(place["source"])
    for citation in answer["citations"]:
        citation["copies"] = [rendering.public_source(source) for source in citation["copies"]]
    return answer


def _header() -> str:
    return (
        f'<h1>{rendering.both(texts.NAME)}</h1><p class="tagline">{rendering.both(texts.TAGLINE)}</p>'
        f'<button type="button" id="language" data-event="select" title="{texts.LANGUAGE}">'
        '<span class="words" lang="en">中文</span><span class="words" lang="zh-Hans">English</span></button>'
        f'<button type="button" id="theme" title="{texts.THEME}" aria-label="{texts.THEME}">◐</button>'
    )
