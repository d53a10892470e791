"""The settings page: numbers of passages and sentences, the threshold, and the language model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr

from embeddings import catalogue
from rag.errors import YinjuError
from rag.language_models import finding, generators, hub_generator, trial
from rag.pipeline import RagPipeline
from rag.serving.unnamed import public_name
from ui import rendering, texts
from ui.parts import QUIET, html
from ui.views import models

if TYPE_CHECKING:
    from rag.language_models.generators import Generator
    from ui.labels import Labels

_MEGABYTE = 1_000_000
_MAX_NAME = 1000
_SECONDS_SILENT, _SECONDS_IN_ALL = 30.0, 120.0
_RANGES = ((1, 30), (1, 12), (0, 1))
_KEEP = "(kept) => { window.yinju.remember('settings', kept); }"

Updates = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """A visitor's settings as the browser keeps them. `generator` is None for the pipeline's own, "" for none."""

    passages: int
    sentences: int
    threshold: float
    generator: str | None = None
    model: str = ""

    @classmethod
    def of(cls, pipeline: RagPipeline) -> Kept:
        """Returns the settings of a pipeline."""
        return cls(pipeline.top_k, pipeline.max_sentences, pipeline.threshold)

    @classmethod
    def read(cls, text: str, pipeline: RagPipeline) -> Kept:
        """Reads what a browser has kept; anything else gives the settings of the pipeline."""
        try:
            kept = cls(**json.loads(text))
            generator = None if kept.generator is None else str(kept.generator)[:_MAX_NAME]
            numbers = (int(kept.passages), int(kept.sentences), float(kept.threshold))
            in_range = all(least <= number <= most for number, (least, most) in zip(numbers, _RANGES, strict=True))
            return cls(*numbers, generator, str(kept.model)[:_MAX_NAME]) if in_range else cls.of(pipeline)
        except (TypeError, ValueError, RecursionError):
            return cls.of(pipeline)

    def written(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


class SettingsPage:
    """The page's components. A visitor's choices apply to that visitor only, whose browser keeps them."""

    def __init__(self, pipeline: RagPipeline, labels: Labels, may_choose_generator: bool, tab: gr.Tab, blocks: gr.Blocks) -> None:
        """Builds the page inside a `gr.Blocks`.

        Args:
            pipeline: Gives the defaults.
            labels: Takes the texts on components.
            may_choose_generator: Lets visitors name a model or a server, which this machine then loads or calls.
            tab: The tab that the page is on.
            blocks: The window.
        """
        self._pipeline, self._may_choose = pipeline, may_choose_generator
        self.chosen: gr.State = gr.State(None)
        """The pipeline with the visitor's settings, None for the given one."""
        with gr.Column(elem_id="settings"):
            gr.HTML(f"<h2>{rendering.both(texts.SEARCH_AND_ANSWER)}</h2>", apply_default_css=False)
            steps = (1, 1, 0.01)
            values = (pipeline.top_k, pipeline.max_sentences, pipeline.threshold)
            words = (
                (texts.PASSAGES, texts.PASSAGES_MEANS),
                (texts.SENTENCES, texts.SENTENCES_MEANS),
                (texts.THRESHOLD, texts.THRESHOLD_MEANS),
            )
            self._numbers = [
                labels.on(gr.Slider(*limits, value, step=step), label=label, info=info)
                for limits, value, step, (label, info) in zip(_RANGES, values, steps, words, strict=True)
            ]
            gr.HTML(f"<h2>{rendering.both(texts.GENERATOR)}</h2>", apply_default_css=False)
            self._found = html("", "models")
            self._name = labels.on(
                gr.Textbox(
                    public_name(pipeline.generator.name) if pipeline.generator else "",
                    interactive=may_choose_generator,
                    max_lines=1,
                    elem_id="generator",
                ),
                label=texts.GENERATOR_NAME,
                info=texts.GENERATOR_MEANS if may_choose_generator else texts.GENERATOR_FIXED,
            )
            use = labels.on(gr.Button(visible=may_choose_generator, elem_id="use-generator"), value=texts.USE)
            self._fetch_button = labels.on(gr.Button(visible=False, elem_id="fetch-generator"), value=texts.FETCH)
            self._said = gr.HTML(self._state(pipeline), elem_id="generator-state", apply_default_css=False)
            gr.HTML(_model(pipeline), apply_default_css=False)
            reset = labels.on(gr.Button(size="sm", elem_id="default-settings"), value=texts.DEFAULTS)
        # What the browser keeps; filled in by it when the page loads.
        self._kept = kept = gr.Textbox(visible=False)
        chosen, numbers = self.chosen, self._numbers
        at_once: dict[str, Any] = {"queue": False, **QUIET}
        keep: dict[str, Any] = {"fn": None, "inputs": [kept], "js": _KEEP, **QUIET}
        released = [slider.release for slider in numbers]
        gr.on(released, self._adjust, [chosen, kept, *numbers], [chosen, kept], **at_once).then(**keep)
        everything = [chosen, kept, self._said, self._name, *numbers]
        blocks.load(self._restore, [kept], everything, js="() => [window.yinju.settings()]", **at_once)
        reset.click(self._restore, None, everything, **at_once).then(**keep)
        outputs = [chosen, kept, self._said, self._fetch_button, self._found]
        if may_choose_generator:
            named = [chosen, kept, self._name]
            gr.on([use.click, self._name.submit], self._use, named, outputs, **QUIET).then(**keep)
            self._fetch_button.click(self._fetch, named, outputs, **QUIET).then(**keep)
            self._found.select(self._pick, [chosen, kept], [*outputs, self._name], **QUIET).then(**keep)
            self._found.input(self._look, [kept], [self._found], **QUIET)
            tab.select(self._look, [kept], [self._found], **QUIET)

    def _adjust(
        self, chosen: RagPipeline | None, kept: str, passages: float, sentences: float, threshold: float
    ) -> tuple[RagPipeline, str]:
        adjusted = (chosen or self._pipeline).with_options(
            top_k=int(passages), max_sentences=int(sentences), threshold=float(threshold)
        )
        before = Kept.read(kept, self._pipeline)
        now = Kept(int(passages), int(sentences), float(threshold), before.generator, before.model)
        return adjusted, now.written()

    def _restore(self, kept: str = "") -> Updates:
        """Takes up the settings that the browser has kept; the defaults without any."""
        now = Kept.read(kept, self._pipeline)
        pipeline = self._pipeline
        if now != Kept.of(pipeline):
            pipeline = pipeline.with_options(top_k=now.passages, max_sentences=now.sentences, threshold=now.threshold)
        name = public_name(self._pipeline.generator.name) if self._pipeline.generator else ""
        if self._may_choose and now.generator is not None:
            pipeline, name = self._with(pipeline, now.generator, now.model), now.generator
        else:
            now = Kept(now.passages, now.sentences, now.threshold)
        values = (now.passages, now.sentences, now.threshold)
        return {
            self.chosen: pipeline,
            self._kept: now.written(),
            self._said: self._state(pipeline),
            self._name: name,
            **dict(zip(self._numbers, values, strict=True)),
        }

    @staticmethod
    def _with(pipeline: RagPipeline, name: str, model: str = "") -> RagPipeline:
        generator: Generator | Literal["none"] = generators.generator(name, model) if name else "none"
        return pipeline.with_options(generator=generator)

    # -- the language model -------------------------------------------------------------------------------------------

    def _look(self, kept: str) -> Iterator[str]:
        """Lists the language models of this computer."""
        yield models.looking()
        yield self._listed(Kept.read(kept, self._pipeline))

    def _listed(self, now: Kept) -> str:
        name = now.generator
        if name is None:
            name = self._pipeline.generator.name if self._pipeline.generator else ""
        return models.models(finding.models(), name, now.model)

    def _pick(self, chosen: RagPipeline | None, kept: str, event: gr.EventData) -> Iterator[Updates]:
        """Tries a listed model and uses it."""
        name, model = (str(event._data.get(key, ""))[:_MAX_NAME] for key in ("name", "model"))
        for updates in self._tried(chosen, kept, name, model):
            yield updates | {self._name: name}

    def _use(self, chosen: RagPipeline | None, kept: str, name: str) -> Iterator[Updates]:
        """Tries a model that is on this machine and uses it; for another one, shows the size of the download."""
        name = name.strip()
        try:
            size = hub_generator.download_size(name) if name else 0
        except YinjuError as error:
            yield self._problem(error)
            return
        if size:
            words = rendering.both(texts.DOWNLOAD, f"{size / _MEGABYTE:,.0f}")
            yield {self._said: f'<p class="note">{words}</p>', self._fetch_button: gr.Button(visible=True)}
            return
        yield from self._tried(chosen, kept, name)

    def _fetch(self, chosen: RagPipeline | None, kept: str, name: str) -> Iterator[Updates]:
        yield {
            self._said: f'<p class="status">{rendering.both(texts.FETCHING)}</p>',
            self._fetch_button: gr.Button(visible=False),
        }
        try:
            hub_generator.download(name.strip())
        except YinjuError as error:
            yield self._problem(error) | {self._fetch_button: gr.Button(visible=True)}
            return
        yield from self._tried(chosen, kept, name.strip())

    def _tried(self, chosen: RagPipeline | None, kept: str, name: str, model: str = "") -> Iterator[Updates]:
        """Asks a model for a word, and uses it if it answers; says at once if it does not."""
        seconds = ""
        if name:
            yield {self._said: f'<p class="status" role="status">{rendering.both(texts.TRYING)}</p>'}
            tried = generators.generator(name, model, timeout=_SECONDS_SILENT, total_timeout=_SECONDS_IN_ALL)
            try:
                seconds = rendering.both(texts.TRIED, f"{trial.seconds_to_answer(tried):.1f}")
            except YinjuError as error:
                yield self._problem(error)
                return
        adjusted, before = self._with(chosen or self._pipeline, name, model), Kept.read(kept, self._pipeline)
        now = Kept(before.passages, before.sentences, before.threshold, name, model)
        yield {
            self.chosen: adjusted,
            self._kept: now.written(),
            self._said: self._state(adjusted, seconds),
            self._fetch_button: gr.Button(visible=False),
            self._found: self._listed(now),
        }

    def _problem(self, error: YinjuError) -> Updates:
        return {self._said: rendering.problem(str(error), texts.NOT_DONE), self._fetch_button: gr.Button(visible=False)}

    @staticmethod
    def _state(pipeline: RagPipeline, tried: str = "") -> str:
        if pipeline.generator is None:
            words = rendering.both(texts.EXTRACTED)
        elif name := public_name(pipeline.generator.name):
            words = rendering.both(texts.GENERATED_BY, name)
        else:
            words = rendering.both(texts.GENERATED_BY_SERVER)
        return f'<p class="note" role="status">{words} {tried}</p>'


def _model(pipeline: RagPipeline) -> str:
    """Describes the encoder, which belongs to the library and cannot be chosen by visitors."""
    spec = catalogue.find(pipeline.library.encoder.name)
    facts = f"{spec.dim} · {' / '.join(spec.languages)} · {spec.licence}" if spec else ""
    name = escape(pipeline.library.encoder.name)
    return (
        f"<h2>{rendering.both(texts.ENCODER)}</h2><p>{name}</p>"
        f'<p class="note">{escape(facts)}</p><p class="note">{rendering.both(texts.ENCODER_MEANS)}</p>'
    )
