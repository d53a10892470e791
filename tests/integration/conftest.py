"""The seed documents with the bundled models, set up once for all tests that only ask."""

import multiprocessing
from collections.abc import Iterator
from multiprocessing.context import BaseContext
from pathlib import Path

import pytest

from rag.library.library import Library
from rag.pipeline import RagPipeline


@pytest.fixture(scope="session")
def seed_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RagPipeline]:
    with Library(tmp_path_factory.mktemp("seeds") / "library") as library:
        pipeline = RagPipeline(library)
        pipeline.add_seeds()
        yield pipeline


@pytest.fixture(scope="session")
def processes() -> BaseContext:
    """Starts processes from one that has everything imported, which is quick."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["faiss", "jieba", "opencc", "pypinyin", "snowballstemmer", "tantivy", "rag.library.library"])
    return context


@pytest.fixture
def home(tmp_path: Path, shared_models: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with the default library below it and no settings from outside."""
    for name in ("YINJU_LIBRARY", "YINJU_ENCODER", "YINJU_TOP_K", "YINJU_THRESHOLD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("YINJU_LIBRARY", str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    return tmp_path
