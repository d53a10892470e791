"""The evaluation page: asks a question set through the pipeline of the chat, and shows the results."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from embeddings.errors import Stopped
from rag.errors import YinjuError
from rag.evaluation.questions import question_set
from rag.evaluation.questions.question_set import SEED_QUESTIONS
from rag.evaluation.run import fresh, outcomes
from rag.pipeline import SEEDS
from rag.types import Done
from ui import evaluation_report, texts
from ui.parts import QUIET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rag.evaluation.outcome import Outcome
    from rag.evaluation.questions.question_set import Question
    from rag.pipeline import RagPipeline
    from rag.types import Answer
    from ui.labels import Labels

logger = logging.getLogger("yinju")


Updates = dict[Any, Any]


class Evaluation:
    """One visitor's evaluation: the questions of the file `name`, or the seed questions if no file was chosen."""

    def __init__(self) -> None:
        self.name = ""
        self.questions: list[Question] = []
        self.stop = threading.Event()
        """Set to end the evaluation."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Evaluation:
        """Returns an evaluation of the seed questions, with which each visitor starts."""
        return Evaluation()


class EvaluationPage:
    """The page's components and event handlers. Must be created inside a `gr.Blocks`."""

    def __init__(self, pipeline: RagPipeline, labels: Labels, chosen: gr.State) -> None:
        """Builds the page.

        Args:
            pipeline: Answers the questions: a visitor's own from its library, the seed questions from a library of the seed documents.
            labels: Takes the texts on components.
            chosen: The pipeline with the visitor's settings, None for the given one.
        """
        self.pipeline = pipeline
        evaluation: gr.State = gr.State(Evaluation())
        with gr.Column(elem_id="evaluation"):
            self.asked = gr.HTML(self.describe(Evaluation()), apply_default_css=False)
            with gr.Row(elem_id="evaluate"):
                self.start = labels.on(gr.Button(variant="primary", scale=0), value=texts.EVALUATE)
                self.stop = labels.on(gr.Button(scale=0, visible=False, elem_id="stop-evaluation"), value=texts.STOP)
                upload = labels.on(gr.UploadButton(scale=0, file_types=[".jsonl"]), label=texts.OWN_QUESTIONS)
                self.back = labels.on(gr.Button(scale=0, visible=False), value=texts.SEED_QUESTIONS)
            self.state = gr.HTML("", apply_default_css=False)
            self.results = gr.HTML("", apply_default_css=False)
        choosing = [self.asked, self.back, self.state]
        running = [self.state, self.results, self.start, self.stop]
        at_once: dict[str, Any] = {"queue": False, **QUIET}
        upload.upload(self.choose, [evaluation, upload], choosing, **at_once)
        self.back.click(self.choose_seeds, evaluation, choosing, **at_once)
        self.stop.click(self.end, evaluation, None, **at_once)
        # One evaluation runs at a time. Visitors who wait for another see that, and can stop.
        self.start.click(self.begin, evaluation, running, **at_once).then(
            self.evaluate, [evaluation, chosen], running, concurrency_limit=1, **QUIET
        )

    @staticmethod
    def describe(evaluation: Evaluation) -> str:
        questions = evaluation.questions or question_set.read(SEED_QUESTIONS)
        return evaluation_report.question_set(evaluation.name, len(questions))

    def choose(self, evaluation: Evaluation, file: str) -> Updates:
        name = Path(file).name
        try:
            evaluation.questions = question_set.read(Path(file), name)
        except YinjuError as error:
            return {self.state: evaluation_report.problem(str(error))}
        finally:
            Path(file).unlink(missing_ok=True)
        evaluation.name = name
        return {self.asked: self.describe(evaluation), self.back: gr.Button(visible=True), self.state: ""}

    def choose_seeds(self, evaluation: Evaluation) -> Updates:
        evaluation.name, evaluation.questions = "", []
        return {self.asked: self.describe(evaluation), self.back: gr.Button(visible=False), self.state: ""}

    def begin(self, evaluation: Evaluation) -> Updates:
        evaluation.stop.clear()
        return {self.state: evaluation_report.ready(), self.results: "", **self._buttons(running=True)}

    @staticmethod
    def end(evaluation: Evaluation) -> None:
        evaluation.stop.set()

    def _buttons(self, running: bool) -> Updates:
        return {self.start: gr.Button(visible=not running), self.stop: gr.Button(visible=running)}

    def evaluate(self, evaluation: Evaluation, chosen: RagPipeline | None) -> Iterator[Updates]:
        """Asks the questions until it is done, stopped or failed, and shows the results."""
        pipeline, stop, own = chosen or self.pipeline, evaluation.stop, evaluation.questions
        questions = own or question_set.read(SEED_QUESTIONS)
        done: list[Outcome] = []
        began, problem = time.monotonic(), ""
        try:
            with nullcontext(pipeline) if own else fresh(pipeline) as asked:
                if not own:
                    yield from self._add_seeds(asked, stop)
                asked.warm_up()
                began = time.monotonic()
                for outcome in outcomes(asked, questions, partial(self._ask, asked, stop)):
                    done.append(outcome)
                    yield {self.state: evaluation_report.asking(len(done), len(questions), time.monotonic() - began)}
        except Stopped:
            pass
        except YinjuError as error:
            problem = evaluation_report.problem(str(error))
        except Exception:
            logger.exception("could not evaluate")
            problem = evaluation_report.problem(texts.UNEXPECTED.english)
        finished = evaluation_report.finished(len(done), len(questions), time.monotonic() - began)
        results = evaluation_report.report(done, pipeline.threshold)
        yield {self.state: problem + finished, self.results: results, **self._buttons(running=False)}

    def _add_seeds(self, pipeline: RagPipeline, stop: threading.Event) -> Iterator[Updates]:
        files = sorted((SEEDS / "documents").iterdir())
        for number, file in enumerate(files):
            yield {self.state: evaluation_report.ready(number, len(files))}
            if stop.is_set():
                raise Stopped
            pipeline.library.add([file])

    def _ask(self, pipeline: RagPipeline, stop: threading.Event, question: str) -> Answer:
        """Returns the answer that the chat would give.

        Raises:
            Stopped: `stop` was set.
        """
        for event in pipeline.stream(question, (), stop):
            if stop.is_set():
                break
            if isinstance(event, Done):
                return event.answer
        raise Stopped
