"""The settings page: numbers of passages and sentences, the threshold, and the language model."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Literal

import gradio as gr

from embeddings import catalogue
from rag.errors import YinjuError
from rag.language_models import generators, hub_generator
from rag.serving.unnamed import public_name
from ui import rendering, texts
from ui.parts import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.language_models.generators import Generator
    from rag.pipeline import RagPipeline
    from ui.labels import Labels

_MEGABYTE = 1_000_000


class SettingsPage:
    """The page's components. A visitor's choices apply to that visitor until the page is reloaded."""

    def __init__(self, pipeline: RagPipeline, labels: Labels, may_choose_generator: bool) -> None:
        """Builds the page inside a `gr.Blocks`.

        Args:
            pipeline: Gives the defaults.
            labels: Takes the texts on components.
            may_choose_generator: Lets visitors name a model or a server, which this machine then loads or calls.
        """
        self._pipeline = pipeline
        self.chosen: gr.State = gr.State(None)
        """The pipeline with the visitor's settings, None for the given one."""
        with gr.Column(elem_id="settings"):
            gr.HTML(f"<h2>{rendering.both(texts.SEARCH_AND_ANSWER)}</h2>", apply_default_css=False)
            passages = labels.on(gr.Slider(1, 30, pipeline.top_k, step=1), label=texts.PASSAGES, info=texts.PASSAGES_MEANS)
            sentences = labels.on(
                gr.Slider(1, 12, pipeline.max_sentences, step=1), label=texts.SENTENCES, info=texts.SENTENCES_MEANS
            )
            threshold = labels.on(
                gr.Slider(0, 1, pipeline.threshold, step=0.01), label=texts.THRESHOLD, info=texts.THRESHOLD_MEANS
            )
            gr.HTML(f"<h2>{rendering.both(texts.GENERATOR)}</h2>", apply_default_css=False)
            name = labels.on(
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
            fetch = labels.on(gr.Button(visible=False, elem_id="fetch-generator"), value=texts.FETCH)
            state = gr.HTML(self._state(pipeline), elem_id="generator-state", apply_default_css=False)
            gr.HTML(_model(pipeline), apply_default_css=False)
        numbers = [passages, sentences, threshold]
        for slider in numbers:
            slider.release(self._adjust, [self.chosen, *numbers], self.chosen, queue=False, **QUIET)
        outputs = [self.chosen, state, fetch]
        if may_choose_generator:
            gr.on([use.click, name.submit], self._use, [self.chosen, name], outputs, **QUIET)
            fetch.click(self._fetch, [self.chosen, name], outputs, **QUIET)

    def _adjust(self, chosen: RagPipeline | None, passages: float, sentences: float, threshold: float) -> RagPipeline:
        return (chosen or self._pipeline).with_options(
            top_k=int(passages), max_sentences=int(sentences), threshold=float(threshold)
        )

    def _use(self, chosen: RagPipeline | None, name: str) -> tuple[RagPipeline | None, str, Any]:
        """Uses a generator that is on this machine; for another one, shows the size of the download."""
        name = name.strip()
        try:
            size = hub_generator.download_size(name) if name else 0
        except YinjuError as error:
            return chosen, rendering.problem(str(error), texts.NOT_DONE), gr.Button(visible=False)
        if size:
            words = rendering.both(texts.DOWNLOAD, f"{size / _MEGABYTE:,.0f}")
            return chosen, f'<p class="note">{words}</p>', gr.Button(visible=True)
        return self._taken(chosen, name)

    def _fetch(self, chosen: RagPipeline | None, name: str) -> Iterator[tuple[RagPipeline | None, str, Any]]:
        yield chosen, f'<p class="status">{rendering.both(texts.FETCHING)}</p>', gr.Button(visible=False)
        try:
            hub_generator.download(name.strip())
        except YinjuError as error:
            yield chosen, rendering.problem(str(error), texts.NOT_DONE), gr.Button(visible=True)
            return
        yield self._taken(chosen, name.strip())

    def _taken(self, chosen: RagPipeline | None, name: str) -> tuple[RagPipeline, str, Any]:
        generator: Generator | Literal["none"] = generators.generator(name) if name else "none"
        adjusted = (chosen or self._pipeline).with_options(generator=generator)
        return adjusted, self._state(adjusted), gr.Button(visible=False)

    @staticmethod
    def _state(pipeline: RagPipeline) -> str:
        if pipeline.generator is None:
            words = rendering.both(texts.EXTRACTED)
        elif name := public_name(pipeline.generator.name):
            words = rendering.both(texts.GENERATED_BY, name)
        else:
            words = rendering.both(texts.GENERATED_BY_SERVER)
        return f'<p class="note">{words}</p>'


def _model(pipeline: RagPipeline) -> str:
    """Describes the encoder, which belongs to the library and cannot be chosen by visitors."""
    spec = catalogue.find(pipeline.library.encoder.name)
    facts = f"{spec.dim} · {' / '.join(spec.languages)} · {spec.licence}" if spec else ""
    name = escape(pipeline.library.encoder.name)
    return (
        f"<h2>{rendering.both(texts.ENCODER)}</h2><p>{name}</p>"
        f'<p class="note">{escape(facts)}</p><p class="note">{rendering.both(texts.ENCODER_MEANS)}</p>'
    )
