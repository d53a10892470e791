"""Searches that go on beside the chat."""

from __future__ import annotations

from threading import Event, Thread

from ui import searches


def test_all_searches_are_told_to_end_and_waited_for() -> None:
    stop, begun, ended = Event(), Event(), Event()

    def search() -> None:
        with searches.going(stop):
            begun.set()
            stop.wait()
        ended.set()

    thread = Thread(target=search)
    thread.start()
    assert begun.wait(30)
    searches.end()
    assert stop.is_set()
    thread.join(30)
    assert ended.is_set()
