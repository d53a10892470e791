"""The settings page: what the browser keeps, and language models that are tried before they are used."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace

import gradio as gr
import pytest
from html_page import Reader

from rag.errors import GeneratorError
from rag.language_models import finding, generators, trial
from rag.language_models.finding import FoundModel
from ui.labels import Labels
from ui.pages.settings_page import Kept, SettingsPage
from ui.views import models

QWEN = FoundModel("http://127.0.0.1:11434/v1", "qwen2.5:3b", "qwen2.5:3b", "server", 1_900_000_000)
OTHER = FoundModel("/models/<b>.gguf", "", "<b>.gguf", "file")


class FakeGenerator:
    """Answers in these pieces; raises those that are errors."""

    def __init__(self, name, *pieces):
        self.name, self.pieces, self.stopped = name, pieces, False

    def stream(self, messages, stop):
        try:
            for piece in self.pieces:
                if isinstance(piece, Exception):
                    raise piece
                yield piece
        finally:
            self.stopped = stop.is_set()


class FakeLibrary:
    encoder = SimpleNamespace(name="bundled")


@dataclass(frozen=True)
class FakePipeline:
    top_k: int = 10
    max_sentences: int = 4
    threshold: float = 0.45
    generator: object = None
    library: type = FakeLibrary

    def with_options(self, **options):
        if options.get("generator") == "none":
            options["generator"] = None
        return replace(self, **options)


class Window:
    """The page; what was shown last, by the name of each part."""

    def __init__(self, monkeypatch, *, may_choose=True, pipeline=None, **answers):
        self.made = []

        def generator(name, model="", **_):
            self.made.append((name, model))
            return FakeGenerator(model or name, *answers.get("pieces", ("ready",)))

        monkeypatch.setattr(generators, "generator", generator)
        monkeypatch.setattr(finding, "models", lambda: [QWEN, OTHER])
        with gr.Blocks() as blocks, gr.Tab() as tab:
            self.page = SettingsPage(pipeline or FakePipeline(), Labels(), may_choose, tab, blocks)

    def pick(self, name, model="", kept=""):
        event = SimpleNamespace(_data={"name": name, "model": model})
        *before, last = self.page._pick(None, kept, event)
        return before, last


def test_a_model_is_tried_and_then_used(monkeypatch):
    window = Window(monkeypatch)
    (trying,), last = window.pick(QWEN.name, QWEN.model, Kept(7, 3, 0.2).written())
    page = window.page
    assert "Trying it." in trying[page._said]
    assert window.made[0] == (QWEN.name, QWEN.model)
    assert last[page.chosen].generator.name == "qwen2.5:3b"
    assert Kept.read(last[page._kept], FakePipeline()) == Kept(7, 3, 0.2, QWEN.name, QWEN.model)
    assert "began to answer after 0.0 s" in last[page._said]
    assert Reader(last[page._found]).attributes("li")[1]["aria-current"] == "true"


def test_a_dead_server_is_said_at_once_and_not_used(monkeypatch):
    dead = GeneratorError("cannot reach http://127.0.0.1:9/v1; start the server, or check the URL")
    window = Window(monkeypatch, pieces=(dead,))
    _, last = window.pick("http://127.0.0.1:9/v1")
    said = Reader(last[window.page._said]).text
    assert "无法访问 http://127.0.0.1:9/v1；请启动服务器" in said
    assert "cannot reach http://127.0.0.1:9/v1; start the server" in said
    assert window.page.chosen not in last
    assert window.page._kept not in last


def test_without_a_model_nothing_is_tried(monkeypatch):
    window = Window(monkeypatch, pipeline=FakePipeline(generator=FakeGenerator("qwen")))
    before, last = window.pick("")
    assert (before, window.made) == ([], [])
    assert last[window.page.chosen].generator is None
    assert json.loads(last[window.page._kept])["generator"] == ""


def test_what_the_browser_has_kept_is_taken_up(monkeypatch):
    window = Window(monkeypatch)
    shown = window.page._restore(Kept(7, 3, 0.2, QWEN.name, QWEN.model).written())
    pipeline = shown[window.page.chosen]
    assert (pipeline.top_k, pipeline.max_sentences, pipeline.threshold, pipeline.generator.name) == (7, 3, 0.2, "qwen2.5:3b")
    assert [shown[slider] for slider in window.page._numbers] == [7, 3, 0.2]
    assert window.page._restore()[window.page.chosen] == FakePipeline()


def test_a_shared_window_uses_no_model_that_a_browser_names(monkeypatch):
    window = Window(monkeypatch, may_choose=False)
    shown = window.page._restore(Kept(7, 3, 0.2, QWEN.name).written())
    assert shown[window.page.chosen] == FakePipeline(7, 3, 0.2)
    assert window.made == []
    assert QWEN.name not in shown[window.page._kept]


@pytest.mark.parametrize(
    "kept",
    [
        "",
        "null",
        "[1]",
        "{}",
        '{"passages": 99, "sentences": 3, "threshold": 0.2}',
        '{"passages": "x", "sentences": 3, "threshold": 0.2}',
        '{"passages": 5, "sentences": 3, "threshold": NaN}',
        "[" * 100_000,
    ],
)
def test_anything_else_gives_the_defaults(kept):
    assert Kept.read(kept, FakePipeline()) == Kept(10, 4, 0.45)


def test_models_are_listed_with_their_facts():
    page = Reader(models.models([QWEN, OTHER], OTHER.name, ""))
    assert page.inside["h3"] == ["不用语言模型，直接引用原文 No language model: quote the documents", "qwen2.5:3b", "<b>.gguf"]
    assert "1.9 GB" in page.text
    assert "licence unknown" in page.text
    assert "/models" not in page.text
    assert [each.get("aria-current") for each in page.attributes("li")] == [None, None, "true"]
    assert "No language model was found" in Reader(models.models([], "", "")).text


def test_a_trial_ends_with_the_first_words():
    generator = FakeGenerator("m", " ", "ready", "set")
    assert trial.seconds_to_answer(generator) < 60
    assert generator.stopped
    with pytest.raises(GeneratorError, match="m answers nothing"):
        trial.seconds_to_answer(FakeGenerator("m", " "))
