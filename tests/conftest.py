"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hashing_encoder import HashingEncoder
from hypothesis import HealthCheck, settings

import rag.library.library
from embeddings.encoder import SentenceTransformerEncoder
from embeddings.reader import CrossEncoderReader
from rag.text.analysis import Analyzer

# How long an example takes to make is the machine's affair.
EXAMPLES = int(os.environ.get("YINJU_TEST_EXAMPLES", "40"))
"""The examples of each property that does not say how many it needs; more of them with the environment variable."""

settings.register_profile(
    "yinju", max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("yinju")


def pytest_configure(config: pytest.Config) -> None:
    """Gives each of several workers one thread to compute with. With more threads than cores, they wait for each other."""
    if hasattr(config, "workerinput"):
        for name in ("OMP_NUM_THREADS", "RAYON_NUM_THREADS"):
            os.environ.setdefault(name, "1")


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


@pytest.fixture(scope="session")
def loaded() -> dict[object, Any]:
    """The models that tests have loaded so far."""
    return {}


@pytest.fixture
def shared_models(loaded: dict[object, Any], analyzer: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loads each model and the dictionaries once for all libraries that tests use in this process, one after the other."""

    def once(load: Callable[[Any], object], key: Callable[[Any], object]) -> property:
        def shared(model: object) -> object:
            known = (load, key(model))
            if known not in loaded:
                loaded[known] = load(model)
            return loaded[known]

        return property(shared)

    def folders(reader: Any) -> object:
        return reader._folder, reader._encoder_folder

    for cls, name, key in (
        (SentenceTransformerEncoder, "_model", lambda encoder: encoder._folder),
        (CrossEncoderReader, "_network", folders),
        (CrossEncoderReader, "_tokenizer", folders),
    ):
        monkeypatch.setattr(cls, name, once(vars(cls)[name].func, key))
    monkeypatch.setattr(rag.library.library, "Analyzer", lambda: analyzer)
