"""Runs the HTTP server until it is interrupted or told to end."""

from __future__ import annotations

import contextlib
import logging
import signal
from threading import Thread
from typing import TYPE_CHECKING

from rag.errors import SettingsError, YinjuError
from rag.serving.access.hosts import LOOPBACK
from rag.serving.app import create_app
from rag.serving.listening import listen

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag.pipeline import RagPipeline
    from rag.serving.app import Options

_SECONDS_TO_FINISH = 20


def serve(pipeline: RagPipeline, host: str, port: int, options: Options, on_ready: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM. Requests that have begun may finish, for at most 20 seconds.

    Args:
        pipeline: Answers the questions.
        host: The address to listen on.
        port: The port.
        options: Who may use the server, and how much.
        on_ready: Called with the address once the port is open.

    Raises:
        SettingsError: Others can reach the server, and it has no keys, or a package is missing.
        YinjuError: The port is in use, or the address is not of this machine.
    """
    if options.keys is None and host not in LOOPBACK:
        raise SettingsError(f"others can reach {host}, so the server needs keys; make one with: yinju serve --new-key NAME")
    application = create_app(pipeline, options)
    with listen(host, port) as listener:
        import uvicorn

        config = uvicorn.Config(
            application,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SECONDS_TO_FINISH,
        )
        # It warns of every header that a client writes badly.
        logging.getLogger("python_multipart").setLevel(logging.ERROR)
        server = uvicorn.Server(config)
        on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
        Thread(target=_warm_up, args=(pipeline,), daemon=True).start()
        # uvicorn raises the signal again after it has ended, which would end this process with an error.
        before = signal.signal(signal.SIGTERM, lambda *_: None)
        try:
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listener])
        finally:
            signal.signal(signal.SIGTERM, before)


def _warm_up(pipeline: RagPipeline) -> None:
    # The first question will report the error.
    with contextlib.suppress(YinjuError):
        pipeline.warm_up()
