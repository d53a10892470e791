"""The chat window: questions on the left, the sources of their answers on the right."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rag.errors import YinjuError
from rag.types import Done, Retrieved, TextDelta
from ui import rendering, texts
from ui.rendering import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import gradio as gr

    from rag.library import DocumentSummary
    from rag.types import Answer, Document, Event

logger = logging.getLogger("yinju")

_HERE = Path(__file__).parent
_SECONDS_BETWEEN_UPDATES = 0.05
_SECONDS_TO_FINISH = 1
_MOST_AT_ONCE = 8
_SEND = "() => document.getElementById('send').click()"
_HEADERS = [
    # Whatever may get into the page, the browser loads nothing for it from elsewhere and sends nothing there.
    ("Content-Security-Policy", "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"),
    ("X-Content-Type-Options", "nosniff"),
]
_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "sans-serif")


class Documents(Protocol):
    """What the window shows of a library."""

    def documents(self) -> Sequence[DocumentSummary]: ...

    def document(self, document_id: str, /) -> Document: ...


class Pipeline(Protocol):
    """What the window asks, such as `rag.pipeline.RagPipeline`."""

    @property
    def library(self) -> Documents: ...

    def stream(self, question: str, history: Sequence[Answer], /) -> Iterator[Event]: ...


@dataclass(slots=True)
class Chat:
    """What one visitor has asked so far. `times_cleared` tells an answer under way that its chat is over."""

    turns: tuple[Turn, ...] = ()
    times_cleared: int = 0


def serve(pipeline: Pipeline, host: str, port: int) -> None:
    """Serves the window at `http://host:port` until it is interrupted, and prints that address.

    Raises:
        YinjuError: The address cannot be listened on, such as when the port is in use.
    """
    # Gradio reads this when it is imported.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    with _listen(host, port) as listener:
        import gradio as gr
        import uvicorn
        from fastapi import FastAPI

        # Served here and not by `Blocks.launch`, which asks for its own address through whatever proxy is set.
        application = gr.mount_gradio_app(
            FastAPI(openapi_url=None),
            build(pipeline),
            path="/",
            theme=gr.themes.Base(font=_FONTS, font_mono=("ui-monospace", "monospace")),
            css_paths=_HERE / "style.css",
            favicon_path=str(_HERE / "favicon.svg"),
            footer_links=[],
            max_file_size="1b",
            run_history=False,
            show_error=False,
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            pwa=False,
        )
        # Below "critical", every page that is still open when the server stops is logged as an error.
        config = uvicorn.Config(application, log_level="critical", headers=_HEADERS, timeout_graceful_shutdown=_SECONDS_TO_FINISH)
        print(f"{texts.NAME.english}: http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise YinjuError(f"port {port} is already in use; choose another with --port") from None
        raise YinjuError(f"cannot listen on {host}:{port}: {error.strerror}; see --host and --port") from error


def build(pipeline: Pipeline) -> gr.Blocks:
    """The window for a pipeline. Each visitor has a chat of their own."""
    import gradio as gr

    library = pipeline.library
    lock = threading.Lock()
    present = {rendering.file_name(document.source) for document in library.documents()}
    tried = [example.question for example in texts.EXAMPLES if example.file_name in present]
    links = (_HERE / "links.js").read_text(encoding="utf-8")

    def html(value: Any, name: str) -> gr.HTML:
        return gr.HTML(value, elem_id=name, js_on_load=links, apply_default_css=False)

    blocks = gr.Blocks(title=str(texts.NAME), analytics_enabled=False, fill_width=True)
    with blocks:
        session: gr.State = gr.State(Chat())
        with gr.Row(elem_id="top"):
            html(f"<h1>{rendering.both(texts.NAME)}</h1><p>{rendering.both(texts.TAGLINE)}</p>", "name")
            documents = html("", "library")
            clear = gr.Button(str(texts.CLEAR), size="sm", elem_id="clear", scale=0)
        with gr.Row(elem_id="window"):
            with gr.Column(elem_id="left", scale=3, min_width=320):
                log = html(rendering.chat(()), "chat")
                with gr.Column(elem_id="examples", scale=0, visible=bool(tried)) as examples:
                    gr.HTML(f"<p>{rendering.both(texts.TRY)}</p>", apply_default_css=False)
                    tries = [gr.Button(example, size="sm") for example in tried]
                with gr.Row(elem_id="composer"):
                    question = gr.Textbox(
                        label=str(texts.QUESTION),
                        placeholder=str(texts.PLACEHOLDER),
                        show_label=False,
                        container=False,
                        autofocus=True,
                        lines=1,
                        max_lines=5,
                        scale=1,
                    )
                    send = gr.Button(str(texts.ASK), variant="primary", elem_id="send", scale=0)
            panel = html(rendering.panel(()), "panel")

        def shown(chat: Chat) -> dict[Any, Any]:
            return {
                session: chat,
                log: rendering.chat(chat.turns),
                panel: rendering.panel(chat.turns),
                examples: gr.Column(visible=bool(tried) and not chat.turns),
            }

        def ask(asked: str, chat: Chat) -> Iterator[dict[Any, Any]]:
            if not asked.strip():
                yield {session: chat}
                return
            earlier, times_cleared = chat.turns, chat.times_cleared
            yield {question: ""}
            for turn in answering(pipeline, asked.strip(), earlier, lock):
                if chat.times_cleared > times_cleared:
                    break
                chat.turns = (*earlier, turn)
                yield shown(chat)
            yield shown(chat)

        def forget(chat: Chat) -> dict[Any, Any]:
            chat.turns = ()
            chat.times_cleared += 1
            return shown(chat)

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        outputs = [session, log, panel, question, examples]
        # A question that is sent while another is being answered waits for it.
        gr.on(
            [question.submit, send.click],
            ask,
            [question, session],
            outputs,
            trigger_mode="always_last",
            concurrency_limit=_MOST_AT_ONCE,
            **quiet,
        )
        for example in tries:
            example.click(None, example, question, js="(text) => text", **quiet).then(None, js=_SEND, **quiet)
        clear.click(forget, session, outputs, queue=False, **quiet)
        blocks.load(lambda: rendering.library(library.documents()), None, documents, **quiet)
    return blocks


def answering(pipeline: Pipeline, question: str, earlier: Sequence[Turn], lock: threading.Lock) -> Iterator[Turn]:
    """The turn after the earlier ones as it grows, from the bare question to the whole of it, whatever goes wrong.

    Of all that share `lock`, one at a time works on its next piece: models need not stand several threads.
    """
    yield Turn(question, rendering.status(texts.SEARCHING))
    text, shown_at, number = "", 0.0, len(earlier) + 1
    try:
        events = pipeline.stream(question, [turn.given for turn in earlier if turn.given])
        while event := _next(events, lock):
            match event:
                case Retrieved():
                    yield Turn(question, rendering.status(texts.READING))
                case TextDelta(piece):
                    text += piece
                    if time.monotonic() - shown_at >= _SECONDS_BETWEEN_UPDATES:
                        yield Turn(question, rendering.unfinished(text))
                        shown_at = time.monotonic()
                case Done(answer):
                    yield Turn(
                        question,
                        rendering.answer_text(number, answer),
                        rendering.sources(number, answer, pipeline.library.document),
                        answer,
                    )
    except YinjuError as error:
        yield Turn(question, rendering.problem(str(error)))
    except Exception:
        logger.exception("could not answer")
        yield Turn(question, rendering.problem(str(texts.UNEXPECTED)))


def _next(events: Iterator[Event], lock: threading.Lock) -> Event | None:
    with lock:
        return next(events, None)
