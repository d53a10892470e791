"""Serves the window: where it listens, who may come in, and what a page may load."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from rag.errors import YinjuError
from ui import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rag.history import History
    from rag.pipeline import RagPipeline

_HERE = Path(__file__).parent
_SECONDS_TO_FINISH = 1
_TIMES_THE_LIMIT = 5
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_HEADERS = [
    # Whatever may get into the page, the browser loads nothing for it from elsewhere and sends nothing there.
    ("Content-Security-Policy", "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'self'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
]
_FONTS = ("system-ui", "PingFang SC", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", "Source Han Sans SC", "sans-serif")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the window is served.

    `users` are pairs of a name and a password; when there are any, all others are kept out. `root_path` is the path that a
    proxy in front puts before every address, such as "/yinju". `share` opens the window to the internet through Gradio's
    servers.
    """

    host: str = "127.0.0.1"
    port: int = 7860
    users: Sequence[tuple[str, str]] = ()
    root_path: str = ""
    share: bool = False


def serve(pipeline: RagPipeline, history: History, address: Address, max_file_bytes: int = 20_000_000) -> None:
    """Serves the window until it is interrupted, and prints its address.

    Args:
        pipeline: What is asked.
        history: Where conversations are kept.
        address: Where to serve it.
        max_file_bytes: The largest file that is taken.

    Raises:
        YinjuError: The address cannot be listened on, such as when the port is in use, or the window cannot be shared.
    """
    # Gradio reads this when it is imported.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    if address.share and not address.users:
        raise YinjuError("a window that is shared with the internet needs --auth NAME:PASSWORD")
    with _listen(address.host, address.port) as listener:
        import gradio as gr
        import uvicorn
        from fastapi import FastAPI

        from ui.window import build

        # Served here and not by `Blocks.launch`, which asks for its own address through whatever proxy is set.
        application = gr.mount_gradio_app(
            FastAPI(openapi_url=None),
            build(pipeline, history, may_choose_generator=address.host in _LOOPBACK),
            path="/",
            root_path=address.root_path or None,
            auth=_checker(address.users),
            theme=gr.themes.Base(font=_FONTS, font_mono=("ui-monospace", "monospace")),
            css_paths=sorted(_HERE.glob("*.css")),
            js=(_HERE / "window.js").read_text(encoding="utf-8"),
            favicon_path=str(_HERE / "favicon.svg"),
            footer_links=[],
            # Gradio refuses all files of an upload when one is too large; the library then names the one.
            max_file_size=_TIMES_THE_LIMIT * max_file_bytes,
            run_history=False,
            show_error=False,
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            pwa=False,
        )
        # Below "critical", every page that is still open when the server stops is logged as an error.
        config = uvicorn.Config(application, log_level="critical", headers=_HEADERS, timeout_graceful_shutdown=_SECONDS_TO_FINISH)
        shown = f"[{address.host}]" if ":" in address.host else address.host
        print(f"{texts.NAME.english}: http://{shown}:{address.port}", flush=True)
        if address.share:
            print(f"{texts.NAME.english}: {_share(address.port)}", flush=True)
        Thread(target=_warm_up, args=(pipeline,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listener])


def _warm_up(pipeline: RagPipeline) -> None:
    # What is wrong is said to the first question.
    with contextlib.suppress(YinjuError):
        pipeline.warm_up()


def _checker(users: Sequence[tuple[str, str]]) -> Callable[[str, str], bool] | None:
    """What says whether a name and a password belong together; None when everyone may come in."""
    if not users:
        return None
    import hmac

    known = dict(users)

    def check(name: str, password: str) -> bool:
        return name in known and hmac.compare_digest(known[name].encode(), password.encode())

    return check


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise YinjuError(f"port {port} is already in use; choose another with --port") from None
        raise YinjuError(f"cannot listen on {host}:{port}: {error.strerror}; see --host and --port") from error


def _share(port: int) -> Any:
    """Opens a tunnel through Gradio's servers and gives its address."""
    import secrets

    from gradio.networking import setup_tunnel

    try:
        return setup_tunnel("127.0.0.1", port, secrets.token_urlsafe(32), None, None)
    except Exception as error:
        raise YinjuError(f"cannot share the window: {error or 'no connection to the internet'}") from error
