"""Serves the window: its address, its users, and the files that a page may load."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, cast

from rag.errors import YinjuError
from rag.evaluation.reports import STYLE as REPORT_STYLE
from rag.serving.listening import listen
from ui import chat_texts, texts
from ui.parts import script, style
from ui.rendering import both
from ui.security import LOOPBACK, AllowedHosts, Guard, Limits, Uploads, make_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from starlette.requests import HTTPConnection

    from rag.conversations import History
    from rag.pipeline import RagPipeline

_HERE = Path(__file__).parent
_SECONDS_TO_FINISH = 1
_TIMES_THE_LIMIT = 5
_MAX_WAITING_BYTES = 4_000_000_000
_SECONDS_BETWEEN_CLEANINGS = 300
_HEADERS = [
    # Even if a page contained foreign markup, the browser would load nothing from other hosts and send nothing to them.
    ("Content-Security-Policy", "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "sans-serif")


@dataclass(frozen=True, slots=True)
class Address:
    """The address and the users of the window.

    `users` are pairs of a name and a password; if there are any, visitors must sign in. `root_path` is the path under which a proxy
    serves the window, such as "/yinju", or its whole public address. `share` opens the window to the internet through Gradio's
    servers. `allow_hosts` are the host names under which a proxy serves the window.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    users: Sequence[tuple[str, str]] = ()
    root_path: str = ""
    share: bool = False
    allow_hosts: Sequence[str] = ()

    @property
    def is_private(self) -> bool:
        """True if only users of this machine can reach the window."""
        return self.host in LOOPBACK and not (self.users or self.root_path or self.share or self.allow_hosts)


def serve(pipeline: RagPipeline, history: History, address: Address, max_file_bytes: int = 20_000_000) -> None:
    """Serves the window until it is interrupted, and prints its address.

    Args:
        pipeline: Answers the questions.
        history: Stores the conversations.
        address: The address and the users.
        max_file_bytes: The largest file that may be uploaded.

    Raises:
        YinjuError: The port is in use or the address is not of this machine, or the window cannot be shared.
    """
    if address.share and not address.users:
        raise YinjuError("a window that is shared with the internet needs --auth NAME:PASSWORD")
    with listen(address.host, address.port) as listener:
        import uvicorn

        outside = [_share(address.port)] if address.share else []
        application = guarded(pipeline, history, address, max_file_bytes, outside)
        # Below "critical", every page that is still open when the server stops is logged as an error.
        config = uvicorn.Config(application, log_level="critical", headers=_HEADERS, timeout_graceful_shutdown=_SECONDS_TO_FINISH)
        shown = f"[{address.host}]" if ":" in address.host else address.host
        for url in (f"http://{shown}:{address.port}", *outside):
            print(f"{texts.NAME.english}: {url}", flush=True)
        Thread(target=_warm_up, args=(pipeline,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def guarded(
    pipeline: RagPipeline,
    history: History,
    address: Address,
    max_file_bytes: int = 20_000_000,
    outside: Sequence[str] = (),
) -> Guard:
    """Builds the window as an ASGI application.

    Args:
        pipeline: Answers the questions.
        history: Stores the conversations.
        address: The address and the users.
        max_file_bytes: The largest file that may be uploaded.
        outside: Further URLs of the window.
    """
    # Gradio reads the first variable when it is imported, and the second for each window.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_TEMP_DIR"] = str(_uploads_folder())
    import gradio as gr
    from fastapi import FastAPI
    from gradio.routes import App
    from starlette.middleware import Middleware
    from starlette.middleware.cors import CORSMiddleware
    from starlette.routing import Mount

    from ui.viewer import files
    from ui.viewer.viewer import Pages
    from ui.window import build

    uploads = Uploads(_uploads_folder(), _MAX_WAITING_BYTES)

    @contextlib.asynccontextmanager
    async def cleaning(_: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(_clean(uploads))
        yield
        task.cancel()

    pages = Pages(pipeline.library)
    blocks = build(pipeline, history, pages, may_choose_generator=address.is_private)
    # `Blocks.launch` would request its own address through the proxy of the environment, if there is one.
    # Without this, Gradio allows every origin.
    outer = FastAPI(openapi_url=None, lifespan=cleaning, middleware=[Middleware(CORSMiddleware, allow_origins=())])
    files.serve(outer, pipeline.library, pages)
    application = gr.mount_gradio_app(
        outer,
        blocks,
        path="/",
        root_path=address.root_path or None,
        auth=_checker(address.users),
        theme=gr.themes.Base(font=_FONTS, font_mono=("ui-monospace", "monospace")),
        css="".join(style(file) for file in (*sorted(_HERE.rglob("*.css")), REPORT_STYLE)),
        js=_script(),
        favicon_path=str(_HERE / "favicon.svg"),
        footer_links=[],
        # Gradio refuses a whole upload if one file is too large, so the limit here is higher; the library refuses the file itself.
        max_file_size=_TIMES_THE_LIMIT * max_file_bytes,
        run_history=False,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        enable_monitoring=False,
        pwa=False,
    )
    # `launch` would set this. Without it, Gradio trusts every path, as if this program had named it.
    blocks.has_launched = True
    (gradio_app,) = (cast(App, route.app) for route in application.routes if isinstance(route, Mount))

    def user_of(connection: HTTPConnection) -> str | None:
        tokens = [connection.cookies.get(f"{name}-{gradio_app.cookie_id}") for name in ("access-token", "access-token-unsecure")]
        return next((gradio_app.tokens[token] for token in tokens if token in gradio_app.tokens), None)

    return Guard(
        application,
        AllowedHosts(address.host, (*address.allow_hosts, *outside, *filter(_is_url, [address.root_path]))),
        uploads,
        user_of=user_of if address.users else None,
        limits=Limits(upload_bytes=max(Limits().upload_bytes, _TIMES_THE_LIMIT * max_file_bytes)),
    )


def _script() -> str:
    """Returns the script of the page, with its words for those of Gradio."""
    words = {of_gradio: {"zh": own.chinese, "en": own.english} for of_gradio, own in texts.GRADIO.items()}
    page, actions = (script(_HERE / name) for name in ("window.js", "actions.js"))
    return (
        page.replace("GRADIO_WORDS", json.dumps(words, ensure_ascii=False), 1)
        .replace("ACTIONS", actions, 1)
        .replace("KEEP_SELECTION", both(chat_texts.KEEP_SELECTION), 1)
    )


@cache
def _uploads_folder() -> Path:
    """Creates the folder for Gradio's uploads, and removes it on exit."""
    folder = make_folder(os.environ.get("GRADIO_TEMP_DIR"))
    atexit.register(Uploads(folder, 0).remove_all)
    return folder


async def _clean(uploads: Uploads) -> None:
    while True:
        await asyncio.sleep(_SECONDS_BETWEEN_CLEANINGS)
        await asyncio.to_thread(uploads.remove_old)


def _is_url(text: str) -> bool:
    return "://" in text


def _warm_up(pipeline: RagPipeline) -> None:
    # The first question will report the error.
    with contextlib.suppress(YinjuError):
        pipeline.warm_up()


def _checker(users: Sequence[tuple[str, str]]) -> Callable[[str, str], bool] | None:
    """Returns the check of names and passwords; None if visitors need not sign in."""
    if not users:
        return None
    import hmac

    known = dict(users)

    def check(name: str, password: str) -> bool:
        # An unknown name takes as long as a known one.
        same = hmac.compare_digest(known.get(name, "").encode(), password.encode("utf-8", "replace"))
        return same and name in known

    return check


def _share(port: int) -> str:
    """Opens a tunnel through Gradio's servers and returns its address."""
    import secrets

    from gradio.networking import setup_tunnel

    try:
        return str(setup_tunnel("127.0.0.1", port, secrets.token_urlsafe(32), None, None))
    except Exception as error:
        raise YinjuError(f"cannot share the window: {error or 'no connection to the internet'}") from error
