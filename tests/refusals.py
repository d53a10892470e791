"""Expects errors of one line, and makes a disk full."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rag.errors import LibraryError


@contextmanager
def refused(*words: str, error: type[LibraryError] = LibraryError) -> Iterator[None]:
    """Expects an error of one line that contains these words."""
    with pytest.raises(error) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Makes the system report a full disk to this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
