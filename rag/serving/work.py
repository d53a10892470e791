"""Runs the work of requests in threads, so that the server answers other requests all the while.

Answers, other reading and writing have threads of their own: many questions that wait for a language model's server block neither
searches nor documents that are being added.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from rag.serving.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

    from starlette.requests import Request

Kind = Literal["answer", "read", "write"]
_T = TypeVar("_T")
_THREADS: dict[Kind, int] = {"answer": 64, "read": 16, "write": 2}


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class _End:
    """Follows the last event."""


class Work:
    """The threads of a server."""

    def __init__(self, seconds: float = 120.0) -> None:
        """Starts no thread yet.

        Args:
            seconds: The most that a request may take, with the time that it waits for a thread.
        """
        self._seconds = seconds
        self._pools = {kind: ThreadPoolExecutor(most, f"yinju-{kind}") for kind, most in _THREADS.items()}
        # Ordered, to stop the oldest first; the values mean nothing.
        self._stops: OrderedDict[threading.Event, None] = OrderedDict()

    async def run(self, function: Callable[[], _T], kind: Kind = "read") -> _T:
        """Returns the result of a function. If the request ends before its turn comes, it is not called.

        Raises:
            ApiError: It takes too long. What has begun goes on.
        """
        future = asyncio.get_running_loop().run_in_executor(self._pools[kind], function)
        try:
            done, _ = await asyncio.wait([future], timeout=self._seconds)
        finally:
            future.cancel()
        if not done:
            raise self._too_slow(kind)
        return future.result()

    async def stream(self, begin: Callable[[threading.Event], Iterable[_T]]) -> AsyncGenerator[_T, None]:
        """Yields what an iterable gives, as it comes, which ends when the event that it is given is set.

        Args:
            begin: Returns the iterable. Both are used in a thread.

        Raises:
            ApiError: It takes too long, or the server ends.
            Exception: The iterable raised it.
        """
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[_T | _Failed | _End] = asyncio.Queue()
        stop = threading.Event()
        self._stops[stop] = None

        def tell(event: _T | _Failed | _End) -> None:
            # The loop is closed if the process ends.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(events.put_nowait, event)

        def work() -> None:
            try:
                if not stop.is_set():
                    for event in begin(stop):
                        tell(event)
                tell(_End())
            except Exception as error:
                tell(_Failed(error))

        future = self._pools["answer"].submit(work)
        end = loop.time() + self._seconds
        try:
            while True:
                event = await self._next(events, end - loop.time())
                if isinstance(event, _Failed):
                    raise event.error
                if isinstance(event, _End):
                    if stop.is_set():
                        raise ApiError(503, "the server is about to end; ask again in a moment", code="ending")
                    return
                yield event
        finally:
            stop.set()
            future.cancel()
            self._stops.pop(stop, None)

    async def _next(self, events: asyncio.Queue[_T], seconds: float) -> _T:
        try:
            return await asyncio.wait_for(events.get(), seconds)
        except TimeoutError:
            raise self._too_slow("answer") from None

    def stop(self) -> None:
        """Ends all answers in the making."""
        for stop in list(self._stops):
            stop.set()

    async def close(self) -> None:
        """Ends all answers, and waits for the work that has begun."""
        self.stop()
        for pool in self._pools.values():
            await asyncio.to_thread(pool.shutdown, wait=True, cancel_futures=True)

    def _too_slow(self, kind: Kind) -> ApiError:
        rest = "; what has begun goes on" if kind == "write" else "; ask for less, or try again later"
        return ApiError(504, f"this took longer than {self._seconds:g} s{rest}", code="timeout")


async def unless_gone(request: Request, work: Awaitable[_T]) -> _T:
    """Returns the result of some work, which is cancelled if the client closes the connection."""

    async def closed() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    working, watching = asyncio.ensure_future(work), asyncio.ensure_future(closed())
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ApiError(400, "the client closed the connection", code="closed")
        return working.result()
    finally:
        working.cancel()
        watching.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
