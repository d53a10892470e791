"""Measures how long answers from the seed documents take, and how soon one that is stopped ends: `python tests/benchmarks/warm_answer.py`.

The models are loaded before anything is timed. The aims, on two idle cores, are half a second an answer and a fifth of a second for
a stop.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from embeddings import number_format
from rag.evaluation.questions import question_set
from rag.library.library import Library
from rag.pipeline import RagPipeline


def seconds_of_answers(pipeline: RagPipeline, questions: list[str]) -> list[float]:
    """Measures the time of each answer."""
    taken = []
    for question in questions:
        started = time.perf_counter()
        pipeline.answer(question)
        taken.append(time.perf_counter() - started)
    return taken


def seconds_after_stops(pipeline: RagPipeline, questions: list[str], longest: float) -> list[float]:
    """Measures how long answers go on after a stop, each at a random moment within the first `longest` seconds."""
    chance = random.Random(0)
    taken = []
    for question in questions:
        stop = threading.Event()
        stopped: list[float] = []

        def end(stop: threading.Event = stop, stopped: list[float] = stopped) -> None:
            stopped.append(time.perf_counter())
            stop.set()

        timer = threading.Timer(chance.uniform(0, longest), end)
        timer.start()
        for _ in pipeline.stream(question, (), stop):
            pass
        ended = time.perf_counter()
        timer.join()
        if stopped[0] < ended:
            taken.append(ended - stopped[0])
    return taken


def described(what: str, seconds: list[float]) -> str:
    """Formats the median, the 95th percentile and the maximum, in milliseconds."""
    ordered = [1000 * each for each in sorted(seconds)]
    if not ordered:
        return f"{what:<12} none"
    late = ordered[int(0.95 * (len(ordered) - 1))]
    return f"{what:<12} median {median(ordered):.0f} ms, 95% within {late:.0f} ms, longest {ordered[-1]:.0f} ms ({len(ordered)} times)"


def main() -> None:
    """Prints a line for answers, and one for stops."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=50, help="how many of the seed questions are asked (default: 50)")
    options = parser.parse_args()
    questions = [question.question for question in question_set.read(question_set.SEED_QUESTIONS)][: options.questions]
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
        pipeline = RagPipeline(library)
        pipeline.add_seeds()
        pipeline.warm_up()
        answers = seconds_of_answers(pipeline, questions)
        speeds = number_format.speeds()
        print(f"a core multiplies at {speeds.float32:.0f} GFLOP/s in float32, {speeds.bfloat16:.0f} in bfloat16")
        print(described("answers", answers))
        print(described("stops", seconds_after_stops(pipeline, questions, median(answers))))


if __name__ == "__main__":
    main()
