"""Fits the confidence of answers: `python tests/benchmarks/fit_confidence.py DATA`, with the folder of the training data.

The support of the best sentence says how likely it is that the documents answer a question. It is too high where they only speak of
the same subject. So questions of two kinds are asked, by the whole path: those of `calibration/`, and held-out questions of the open
sets, of which two fifths lose their passage while its neighbours stay. The scale and shift of the support's logit are fitted to
whether the sentence shown contains the answer (Platt, 1999), both kinds with equal weight, and measured by five-fold cross-validation.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from tqdm import tqdm

from embeddings.training.corpus import HELD_OUT_SETS, Corpus
from rag.answering.reading import CONFIDENCE, SentenceReader
from rag.evaluation.measures.abstention import calibration_error
from rag.evaluation.questions import question_set
from rag.library.library import Library
from rag.pipeline import RagPipeline

CALIBRATION = Path(__file__).parent / "calibration"
PER_SET = 40
KEPT = 3  # of five passages


class Asked(NamedTuple):
    """A question, and the strings of which an answer contains one; none if the library does not answer it."""

    question: str
    answers: tuple[str, ...]


class Uncalibrated(SentenceReader):
    """Shows the support itself."""

    def confidence(self, support: float) -> float:
        return support


def of_calibration() -> tuple[list[Path], list[Asked]]:
    """Returns the documents and questions of `calibration/`."""
    questions = question_set.read(CALIBRATION / "questions.jsonl")
    asked = [Asked(q.question, tuple(q.evidence) if q.answerable else ()) for q in questions]
    return [CALIBRATION / "documents"], asked


def of_open_sets(data: Path, folder: Path) -> tuple[list[Path], list[Asked]]:
    """Writes a document of neighbouring passages for some held-out passages of each open set; returns them with their questions."""
    chance, asked = random.Random(5), []
    by_set: dict[str, dict[str, list[Asked]]] = defaultdict(lambda: defaultdict(list))
    held_out = set()
    for question in Corpus(data).questions():
        if question.source in HELD_OUT_SETS and question.answers:
            by_set[question.source][question.passage].append(Asked(question.text, question.answers))
            held_out |= {question.passage} if question.held_out else set()
    for source, questions in by_set.items():
        passages = list(questions)
        places = [place for place, passage in enumerate(passages) if passage in held_out]
        for number, place in enumerate(chance.sample(places, min(PER_SET, len(places)))):
            kept = number % 5 < KEPT
            text = [passages[i] for i in range(max(0, place - 1), min(place + 3, len(passages))) if kept or i != place]
            (folder / f"{source}-{number}.txt").write_text("\n\n".join(text) + "\n", encoding="utf-8")
            own = questions[passages[place]]
            sample = chance.sample(own, min(3, len(own)))
            asked += sample if kept else [each._replace(answers=()) for each in sample]
    return [folder], asked


def outcomes(pipeline: RagPipeline, questions: Sequence[Asked]) -> Iterator[tuple[float, bool]]:
    """Yields the support of the best sentence of each question with some, and whether it contains the answer."""
    for question, answers in tqdm(questions):
        answer = pipeline.answer(question)
        if answer.kind in ("answer", "refusal") and 0 < answer.confidence < 1:
            shown = plain("".join(citation.quote for citation in answer.citations[:1]))
            yield answer.confidence, any(plain(each) in shown or (shown and shown in plain(each)) for each in answers)


def plain(text: str) -> str:
    """Returns the letters and digits of a text."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def logits(supports: Sequence[float]) -> np.ndarray:
    """Returns the logits of supports, as a column."""
    values = np.clip(supports, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(values / (1 - values)))[:, None]


def main() -> None:
    """Fits and measures the confidence, and writes it unless told not to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the training data")
    parser.add_argument("--dry-run", action="store_true", help="measure, but write nothing")
    options = parser.parse_args()
    found: list[list[tuple[float, bool]]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "passages"
        folder.mkdir()
        for number, (files, questions) in enumerate((of_calibration(), of_open_sets(options.data, folder))):
            with Library(Path(name) / f"library {number}") as library:
                library.add(files)
                # Every best sentence is shown, so that those below the threshold count too.
                found.append(list(outcomes(RagPipeline(library, reader=Uncalibrated(), threshold=0), questions)))
    rows = logits([support for part in found for support, _ in part])
    right = np.array([is_right for part in found for _, is_right in part])
    weights = np.concatenate([np.full(len(part), 1 / len(part)) for part in found]) * len(rows) / 2
    model = LogisticRegression(C=100.0)
    fitted = cross_val_predict(model, rows, right, params={"sample_weight": weights}, method="predict_proba")[:, 1]
    for part, (name, end) in zip(found, (("calibration", len(found[0])), ("open sets", len(rows))), strict=True):
        own = slice(end - len(part), end)
        before = calibration_error(np.array([support for support, _ in part]), right[own])
        print(
            f"{name:12} {len(part)} shown, right {right[own].mean():.3f}, calibration error {before:.3f} -> {calibration_error(fitted[own], right[own]):.3f}"
        )
    model.fit(rows, right, sample_weight=weights)
    confidence = {"intercept": round(float(model.intercept_[0]), 4), "support": round(float(model.coef_[0, 0]), 4)}
    print(confidence)
    if not options.dry_run:
        CONFIDENCE.write_text(json.dumps({"answer": confidence}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
