"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hashing_encoder import HashingEncoder
from hypothesis import HealthCheck, settings

from rag.text.analysis import Analyzer

# How long an example takes to make is the machine's affair.
settings.register_profile("yinju", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("yinju")


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """A folder like `tmp_path`, in memory where there is such a place: waiting for disks is most of what libraries do."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="yinju-test-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def analyzer() -> Analyzer:
    """One for all tests, since reading its dictionaries takes a while."""
    return Analyzer()


@pytest.fixture
def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra is not installed."""
    monkeypatch.setitem(sys.modules, "rapidocr", None)
