"""The recipe, from open data to the bundled weights: `python -m embeddings.training.recipe --data FOLDER --out FOLDER`.

Every step writes its result to its own folder under `--out` and is not repeated. The recipe can be stopped at any point and continues
from the last checkpoint. It produces the folders `encoder` and `reader`, which replace those in `embeddings/bundled`, and
`figures.json`.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm
from transformers import AutoTokenizer

from embeddings.errors import ModelError, YinjuError
from embeddings.reader_network import ReaderNetwork
from embeddings.training import (
    alignment,
    calibration,
    distillation,
    network,
    pairs,
    parallel,
    reading,
    reading_data,
    retrieval,
    vocabulary,
)
from embeddings.training.batching import ParallelRows, TokenizedTexts
from embeddings.training.corpus import Corpus, Question
from embeddings.training.evaluate import evaluate, table
from embeddings.training.network import Student
from embeddings.training.switching import CodeSwitcher
from embeddings.training.teacher import Teacher, find_teacher

_SENTENCE_TOKENS = 256
_QUICKLY_MEASURED = 40
_REMINDERS = 30_000
"""Rows of parallel text that remind an existing encoder of both languages when its training continues."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of tokens of each stage, and the maximum number of rows of each file."""

    distillation: int = 12_000_000
    retrieval: int = 9_000_000
    reading: int = 14_000_000
    limit: int | None = None

    def scaled(self, factor: float) -> Plan:
        """Returns a plan with `factor` times the tokens in every stage."""
        return Plan(int(self.distillation * factor), int(self.retrieval * factor), int(self.reading * factor), self.limit)


QUICK = Plan(distillation=40_000, retrieval=40_000, reading=40_000, limit=200)


class Recipe:
    """Runs all steps in their order and keeps the data that several of them need."""

    def __init__(self, data: Path, out: Path, teacher: Path | None, plan: Plan, seed: int, *, start: Path | None = None) -> None:
        """Creates the output folder.

        Args:
            data: The data folder.
            out: The output folder.
            teacher: The teacher's folder; None for the installed package.
            plan: The amount of training.
            seed: Seed for every random choice.
            start: A folder with models to start from, in place of steps 1 to 4.
        """
        self.corpus = Corpus(data, plan.limit)
        self.out, self.plan, self.seed, self.start = out, plan, seed, start
        self._teacher_folder = teacher
        self._times: dict[str, float] = {}
        out.mkdir(parents=True, exist_ok=True)

    def run(self) -> None:
        """Runs every step that has no result yet."""
        out = self.out
        if self.start:
            self._step("start", out / "distillation" / "model.safetensors", self.take_start)
        else:
            self._step("vocabulary", out / "vocabulary" / "tokenizer.json", self.make_vocabulary)
            self._step("alignment", out / "alignment" / "vectors.safetensors", self.make_alignment)
            self._step("student", out / "student" / "model.safetensors", self.make_student)
            self._step("distillation", out / "distillation" / "model.safetensors", self.make_distillation)
        self._step("retrieval", out / "retrieval" / "model.safetensors", self.make_retrieval)
        self._step("encoder", out / "encoder" / "modules.json", self.make_encoder)
        self._step("reading", out / "reader" / "reader.safetensors", self.make_reader)
        self._step("calibration", out / "reader" / "reader.json", self.make_calibration)
        self._step("figures", out / "figures.json", self.make_figures)

    def take_start(self) -> None:
        """Takes an existing encoder in place of steps 1 to 4."""
        assert self.start
        if not (self.start / "reader" / "reader.safetensors").is_file():
            raise ModelError(f"there is no reader to start from in {self.start}: name a folder with encoder/ and reader/")
        network.import_encoder(self.start / "encoder", self.out / "vocabulary", self.out / "distillation")

    def make_vocabulary(self) -> None:
        """Step 1."""
        vocabulary.build(self.corpus, self.teacher.tokenizer, self.out / "vocabulary")

    def make_alignment(self) -> None:
        """Step 2."""
        alignment.align(len(self.tokenizer), self.rows, self.out / "alignment", self.seed)

    def make_student(self) -> None:
        """Step 3."""
        vectors = alignment.load(self.out / "alignment")
        network.graft(self.tokenizer, self.teacher.tokenizer, self.teacher.body, vectors, self.out / "student")

    def make_distillation(self) -> None:
        """Step 4."""
        student = Student.load(self.out / "student")

        def measure() -> dict[str, float]:
            return distillation.across_languages(student, self.across)

        stage = distillation.Distillation(student, self.rows)
        distillation.train(stage, measure, self.out / "distillation", self.seed, self.plan.distillation)

    def make_retrieval(self) -> None:
        """Step 5."""
        student = Student.load(self.out / "distillation")
        # An existing reader was made for the present word embeddings.
        student.body.get_input_embeddings().requires_grad_(self.start is None)
        data = retrieval.RetrievalData(self.tokenizer, pairs.read(self.corpus, self.switcher, self.seed))
        data.mine(Student.load(self.out / "distillation", for_use=True))
        groups = retrieval.held_out(self.tokenizer, self.questions)

        def measure() -> dict[str, float]:
            return retrieval.within_languages(student, groups) | distillation.across_languages(student, self.across)

        stage = retrieval.Retrieval(student, data, distillation.Distillation(student, self.rows))
        retrieval.train(stage, measure, self.out / "retrieval", self.seed, self.plan.retrieval)

    def make_encoder(self) -> None:
        """Writes the encoder in the format that ships."""
        network.save_sentence_transformer(Student.load(self.out / "retrieval"), self.tokenizer, self.out / "encoder")

    def make_reader(self) -> None:
        """Step 6."""
        torch.manual_seed(self.seed)
        held_out = reading.held_out_examples(self._question_sources(held_out=True), self.switcher)
        attention = network.attention()
        reader = (
            ReaderNetwork.load(self.start / "reader" / "reader.safetensors", self.out / "encoder", attention)
            if self.start
            else ReaderNetwork(self.out / "encoder", attention)
        )
        training = reading.ReaderTraining(reader, self.tokenizer, self._training_sources(), self.switcher)
        reading.train(training, held_out, self.out / "reading", self.seed, self.plan.reading)
        (self.out / "reader").mkdir(exist_ok=True)
        training.network.save(self.out / "reader" / "reader.safetensors")

    def make_calibration(self) -> None:
        """Step 7."""
        sources = self._question_sources(held_out=True)
        calibration.calibrate(self.out / "reader", self.out / "encoder", sources, self.switcher)

    def make_figures(self) -> None:
        """Measures the new models and prints the table."""
        most = _QUICKLY_MEASURED if self.plan.limit else None
        figures = evaluate(self.corpus, [self.out / "encoder"], [(self.out / "reader", self.out / "encoder")], most)
        print(table(figures))
        (self.out / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")

    @cached_property
    def teacher(self) -> Teacher:
        return Teacher(self._teacher_folder or find_teacher())

    @cached_property
    def tokenizer(self) -> Any:
        return AutoTokenizer.from_pretrained(self.out / "vocabulary", local_files_only=True)

    @cached_property
    def switcher(self) -> CodeSwitcher:
        return CodeSwitcher(self.corpus)

    @cached_property
    def questions(self) -> list[Question]:
        return self.corpus.questions()

    @cached_property
    def rows(self) -> ParallelRows:
        text = parallel.read(self.corpus, self.seed, _REMINDERS if self.start else None)
        return ParallelRows(
            TokenizedTexts(self.tokenizer, text.chinese, _SENTENCE_TOKENS, "tokenizing Chinese"),
            TokenizedTexts(self.tokenizer, text.english, _SENTENCE_TOKENS, "tokenizing English"),
            self.teacher.encode(text.english, self.out / "teacher.npy"),
        )

    @cached_property
    def across(self) -> distillation.DevelopmentSets:
        return {
            name: (
                TokenizedTexts(self.tokenizer, [chinese for chinese, _ in rows], _SENTENCE_TOKENS),
                TokenizedTexts(self.tokenizer, [english for _, english in rows], _SENTENCE_TOKENS),
            )
            for name, rows in self.corpus.development().items()
        }

    def _question_sources(self, held_out: bool) -> list[reading_data.Source]:
        """Returns questions with marked answers as sources; near misses are the nearest of their passages by the encoder."""
        chosen = [q for q in self.questions if (q.measured if held_out else q.answers and not q.held_out)]
        data = retrieval.RetrievalData(self.tokenizer, list(pairs.of_questions(chosen)))
        data.mine(Student.load(self.out / "retrieval", for_use=True))
        return [
            reading_data.of_question(question, [data.names[row] for row in negatives])
            for question, negatives in zip(chosen, data.negatives, strict=True)
        ]

    def _training_sources(self) -> list[reading_data.Source]:
        generator = random.Random(self.seed)
        return [
            *self._question_sources(held_out=False),
            *reading_data.of_articles(self.corpus, generator),
            *reading_data.of_translations(self.corpus, generator),
        ]

    def _step(self, name: str, result: Path, make: Callable[[], None]) -> None:
        if result.exists():
            tqdm.write(f"{name}: already done")
            return
        started = time.monotonic()
        tqdm.write(f"{name} …")
        make()
        self._times[name] = round(time.monotonic() - started, 1)
        tqdm.write(f"{name}: {self._times[name]} s")
        file = self.out / "times.json"
        times = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(times | {name: self._times[name]}, indent=1) + "\n")


def main() -> None:
    """Reads the arguments and runs the recipe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with parallel/, qa/, text/ and dev/")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the results of every step")
    parser.add_argument("--start", type=Path, help="a folder with encoder/ and reader/ to start from, instead of steps 1 to 4")
    parser.add_argument("--teacher", type=Path, help="another teacher's folder")
    parser.add_argument("--quick", action="store_true", help="run every step on a few rows, to check that it works")
    parser.add_argument("--scale", type=float, default=1.0, help="multiply the tokens of every stage by this factor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="empty --out first")
    arguments = parser.parse_args()
    if arguments.fresh:
        shutil.rmtree(arguments.out, ignore_errors=True)
    try:
        plan = QUICK if arguments.quick else Plan().scaled(arguments.scale)
        Recipe(arguments.data, arguments.out, arguments.teacher, plan, arguments.seed, start=arguments.start).run()
    except YinjuError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
