"""Fits the weights of the bundled sentence reader and measures them: `python tests/benchmarks/fit_reader.py`.

The weights are fitted on `calibration/`, questions of other documents than the seeds, and measured by five-fold
cross-validation there and on the seed questions, which they have not seen.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from tqdm import tqdm

from rag.evaluation import question_set
from rag.evaluation.matching import FoldedDocument, places
from rag.library import Library
from rag.metadata import language_of
from rag.pipeline import SEEDS
from rag.reading import FEATURES, WEIGHTS, Passage, SentenceReader
from rag.retrieval import Retriever
from rag.settings import DEFAULTS

CALIBRATION = Path(__file__).parent / "calibration"


class Examples:
    """Every sentence of every candidate passage of every question, with whether it holds the evidence."""

    def __init__(self, documents: Path, questions: Path) -> None:
        self.questions = question_set.read(questions)
        rows, labels, groups, same = [], [], [], []
        with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
            library.add([documents])
            retriever = Retriever(library)
            reader = SentenceReader()
            folded = [FoldedDocument(library.document(summary.id)) for summary in library.documents()]
            for number, question in enumerate(tqdm(self.questions, desc=questions.name)):
                evidence = places(question.evidence, folded)
                passages = [Passage(result) for result in retriever.search(question.question)]
                for passage, features in zip(passages, reader.features(question.question, passages), strict=True):
                    chunk = passage.result.chunk
                    for (a, b), row in zip(passage.spans, features, strict=True):
                        rows.append(row)
                        labels.append(
                            any(
                                e.overlap(chunk.document_id, chunk.start + a, chunk.start + b)
                                >= 0.5 * min(e.end - e.start, b - a)
                                for e in evidence
                            )
                        )
                        groups.append(number)
                        same.append(passage.result.language == language_of(question.question))
        self.rows, self.labels, self.groups, self.same = np.array(rows), np.array(labels), np.array(groups), np.array(same)
        self.answerable = np.array([question.answerable for question in self.questions])
        self.near_miss = np.array([question.kind == "near_miss" for question in self.questions])

    def best(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best logit of each question, and whether that sentence holds the evidence."""
        best, right = np.full(len(self.questions), -20.0), np.zeros(len(self.questions), bool)
        for logit, label, group in zip(logits, self.labels, self.groups, strict=True):
            if logit > best[group]:
                best[group], right[group] = logit, label
        return best, right


def both(examples: Examples) -> np.ndarray:
    """The features twice over, for passages in the question's language and in another, so that one fit gives both models."""
    same = examples.same.astype(bool)[:, None]
    with_one = np.hstack([np.ones((len(examples.rows), 1)), examples.rows])
    return np.hstack([with_one * same, with_one * ~same])


def fit(columns: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The weights `(columns,)` of a logistic model, held back a little once all columns are brought to one scale."""
    scale = columns.std(axis=0) + 1e-9
    model = LogisticRegression(C=10.0, fit_intercept=False, max_iter=5000).fit(columns / scale, labels)
    return np.asarray(model.coef_[0] / scale)


def report(name: str, examples: Examples, logits: np.ndarray, threshold: float) -> None:
    """Prints how often the best sentence is right, and what a threshold on its logit does."""
    best, right = examples.best(logits)
    refused = best < threshold
    print(
        f"{name:12} best sentence right {right[examples.answerable].mean():.3f}  "
        f"AUROC {roc_auc_score(examples.answerable, best):.3f}  "
        f"wrongly refused {refused[examples.answerable].mean():.3f}  "
        f"rightly refused {refused[~examples.answerable].mean():.3f} (near misses {refused[examples.near_miss].mean():.3f})"
    )


def main() -> None:
    """Fits, measures, and writes the weights unless told not to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dry-run", action="store_true", help="measure, but leave the weights as they are")
    arguments = parser.parse_args()
    calibration = Examples(CALIBRATION / "documents", CALIBRATION / "questions.jsonl")
    seeds = Examples(SEEDS / "documents", SEEDS / "questions.jsonl")
    columns = both(calibration)
    held_out = np.zeros(len(columns))
    for train, test in GroupKFold(5).split(columns, groups=calibration.groups):
        held_out[test] = columns[test] @ fit(columns[train], calibration.labels[train])
    best, _ = calibration.best(held_out)
    confidence = LogisticRegression(C=100.0).fit(best[:, None], calibration.answerable)
    odds = DEFAULTS.threshold / (1 - DEFAULTS.threshold)
    threshold = float((np.log(odds) - confidence.intercept_[0]) / confidence.coef_[0, 0])
    model = fit(columns, calibration.labels)
    report("calibration", calibration, held_out, threshold)
    report("seeds", seeds, both(seeds) @ model, threshold)
    names = ("intercept", *FEATURES)
    # The calibration is folded into the weights: the support of the best sentence is the confidence.
    calibrated = confidence.coef_[0, 0] * model
    calibrated[[0, len(names)]] += confidence.intercept_[0]
    weights = [round(float(weight), 4) for weight in calibrated]
    values = {
        "same": dict(zip(names, weights[: len(names)], strict=True)),
        "other": dict(zip(names, weights[len(names) :], strict=True)),
    }
    print(json.dumps(values, indent=1))
    if not arguments.dry_run:
        WEIGHTS.parent.mkdir(parents=True, exist_ok=True)
        WEIGHTS.write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
