"""Fits the weights of the bundled sentence reader and measures them: `python tests/benchmarks/fit_reader.py`.

The weights are fitted on `calibration/`, questions of other documents than the seeds, and measured by five-fold
cross-validation there and on the seed questions, which they have not seen. The threshold it proposes is the confidence below
which one in twenty of the answerable calibration questions lies; `risk_coverage.svg` draws what any other would do.
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

from rag.answering.reading import FEATURES, WEIGHTS, Passage, SentenceReader, features
from rag.answering.retrieval import HybridRetriever
from rag.evaluation import question_set
from rag.evaluation.abstention import risk_coverage
from rag.evaluation.matching import FoldedDocument, places
from rag.library.library import Library
from rag.pipeline import SEEDS
from rag.settings import DEFAULTS
from rag.text.language import language_of

CALIBRATION = Path(__file__).parent / "calibration"
RISK_COVERAGE = Path(__file__).parent / "risk_coverage.svg"
MOST_WRONGLY_REFUSED = 0.05


class Examples:
    """Every sentence of every candidate passage of every question, with whether it holds the evidence."""

    def __init__(self, documents: Path, questions: Path) -> None:
        self.questions = question_set.read(questions)
        rows, labels, groups, same = [], [], [], []
        with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
            library.add([documents])
            retriever = HybridRetriever()
            reader = SentenceReader()
            folded = [FoldedDocument(library.document(summary.id)) for summary in library.documents()]
            for number, question in enumerate(tqdm(self.questions, desc=questions.name)):
                evidence = places(question.evidence, folded)
                passages = [Passage(result) for result in retriever.retrieve(question.question, library)]
                for passage, read in zip(passages, reader.read_passages(question.question, passages), strict=True):
                    chunk = passage.result.chunk
                    for (a, b), row in zip(passage.spans, features(passage, read), strict=True):
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


def draw(curves: dict[str, tuple[np.ndarray, float]], file: Path) -> None:
    """Draws risk over coverage, a dot where the threshold lies, as SVG; `curves` are points and the coverage at the threshold."""
    colours = ("#1f6f5c", "#b5532a")
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 420 320" font-family="sans-serif" font-size="12">',
        '<rect width="420" height="320" fill="white"/>',
        *(
            f'<path d="M50 {270 - 220 * y} H370" stroke="#ddd"/><text x="44" y="{274 - 220 * y}" text-anchor="end">{y:.1f}</text>'
            for y in (0, 0.5, 1)
        ),
        *(f'<text x="{50 + 320 * x}" y="288" text-anchor="middle">{x:.1f}</text>' for x in (0, 0.5, 1)),
        '<text x="210" y="310" text-anchor="middle">coverage: share of questions answered</text>',
        '<text x="50" y="36">risk: share of the answers that is wrong</text>',
    ]
    for (name, (points, coverage)), colour, row in zip(curves.items(), colours, (0, 1), strict=True):
        line = " ".join(f"{50 + 320 * x:.1f},{270 - 220 * y:.1f}" for x, y in points)
        at = points[min(len(points) - 1, int(coverage * len(points)))]
        parts += [
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<circle cx="{50 + 320 * at[0]:.1f}" cy="{270 - 220 * at[1]:.1f}" r="5" fill="{colour}"/>',
            f'<text x="250" y="{36 + 16 * row}" fill="{colour}">{name}</text>',
        ]
    file.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


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
    best, right = calibration.best(held_out)
    confidence = LogisticRegression(C=100.0).fit(best[:, None], calibration.answerable)
    threshold = float(np.quantile(best[calibration.answerable], MOST_WRONGLY_REFUSED))
    model = fit(columns, calibration.labels)
    report("calibration", calibration, held_out, threshold)
    report("seeds", seeds, both(seeds) @ model, threshold)
    print(f"threshold: {confidence.predict_proba([[threshold]])[0, 1]:.3f}, now {DEFAULTS.threshold}")
    of_seeds, right_of_seeds = seeds.best(both(seeds) @ model)
    curves = {
        "calibration questions": (risk_coverage(best, right & calibration.answerable), float((best >= threshold).mean())),
        "seed questions": (risk_coverage(of_seeds, right_of_seeds & seeds.answerable), float((of_seeds >= threshold).mean())),
    }
    for name, (points, _) in curves.items():
        at = ", ".join(f"{points[int(share * len(points)) - 1, 1]:.3f} at {share:.1f}" for share in (0.25, 0.5, 0.75, 1.0))
        print(f"{name}: risk {at}; area {points[:, 1].mean():.3f}")
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
        draw(curves, RISK_COVERAGE)


if __name__ == "__main__":
    main()
