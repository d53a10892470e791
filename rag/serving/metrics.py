"""The counters of a server, in the format of Prometheus."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rag.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from rag.types import Answer

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """The counters of one server, in a registry of their own."""

    def __init__(self, documents: Callable[[], float]) -> None:
        """Sets up the counters.

        Args:
            documents: Returns the number of documents in the library.

        Raises:
            SettingsError: The package `prometheus-client` is not installed.
        """
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
        except ImportError:
            raise SettingsError("yinju serve needs another package; install it with: pip install 'yinju[serve]'") from None
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "yinju_requests", "Requests that were answered", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "yinju_request_seconds", "The time until an answer was complete", ["route"], buckets=_SECONDS, registry=self._registry
        )
        self._open = Gauge("yinju_requests_open", "Requests that are being answered", registry=self._registry)
        self._answers = Counter("yinju_answers", "Answers to questions", ["kind", "language"], registry=self._registry)
        Gauge("yinju_documents", "Documents in the library", registry=self._registry).set_function(documents)
        ProcessCollector(namespace="yinju", registry=self._registry)

    def answered(self, answer: Answer) -> None:
        """Counts an answer."""
        self._answers.labels(answer.kind, answer.language).inc()

    def text(self) -> tuple[bytes, str]:
        """Returns all counters, and the type of this content."""
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def counting(self, app: ASGIApp) -> ASGIApp:
        """Wraps an application, to count its requests by the path of their route; those without a route count as "other"."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            started, status = time.perf_counter(), 500

            async def noted(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            with self._open.track_inprogress():
                try:
                    await app(scope, receive, noted)
                finally:
                    route = getattr(scope.get("route"), "path", "other")
                    method = scope["method"] if scope["method"] in _METHODS else "other"
                    self._requests.labels(method, route, str(status)).inc()
                    self._seconds.labels(route).observe(time.perf_counter() - started)

        return counted


_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"))
