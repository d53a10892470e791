"""Fits the weights of the bundled sentence reader and measures them: `python tests/benchmarks/fit_reader.py`.

This script gathers the features; `embeddings/training/fitting.py` fits the weights. They are fitted on `calibration/`, questions
about other documents than the seeds, and measured by five-fold cross-validation there and on the seed questions, which they have
not seen. The proposed threshold is the confidence that one in twenty of the answerable calibration questions stays below.
`risk_coverage.svg` shows the effect of every other threshold.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from embeddings.training.fitting import best_sentences, described, fit_reader, reader_columns, write_weights
from rag.answering.reading import FEATURES, WEIGHTS, Passage, SentenceReader, features, terms_elsewhere
from rag.answering.retrieval import HybridRetriever
from rag.evaluation.measures.abstention import risk_coverage
from rag.evaluation.measures.matching import FoldedDocument, places
from rag.evaluation.questions import question_set
from rag.library.library import Library
from rag.pipeline import SEEDS
from rag.settings import DEFAULTS
from rag.text.language import language_of

CALIBRATION = Path(__file__).parent / "calibration"
RISK_COVERAGE = Path(__file__).parent / "risk_coverage.svg"
WRONGLY_REFUSED = 0.05


class Examples:
    """Every sentence of every candidate passage of every question, labelled by whether it contains the evidence."""

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
                results = retriever.retrieve(question.question, library)
                passages = [Passage(result, question.question) for result in results]
                language = language_of(question.question)
                elsewhere = terms_elsewhere(results, language)
                for passage, read in zip(passages, reader.read_passages(question.question, passages), strict=True):
                    chunk = passage.result.chunk
                    is_same = passage.result.language == language
                    rows_of_passage = features(passage, read, 0.0 if is_same else elsewhere)
                    for (a, b), row in zip(passage.spans, rows_of_passage, strict=True):
                        rows.append(row)
                        labels.append(
                            any(
                                e.overlap(chunk.document_id, chunk.start + a, chunk.start + b)
                                >= 0.5 * min(e.end - e.start, b - a)
                                for e in evidence
                            )
                        )
                        groups.append(number)
                        same.append(is_same)
        self.rows, self.labels = np.array(rows), np.array(labels, bool)
        self.groups, self.same = np.array(groups), np.array(same, bool)
        self.answerable = np.array([question.answerable for question in self.questions])
        self.near_miss = np.array([question.kind == "near_miss" for question in self.questions])

    def logits(self, model: np.ndarray) -> np.ndarray:
        """Returns the logit of each sentence, before calibration."""
        return reader_columns(self.rows, self.same) @ model

    def best(self, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns the best logit of each question, and whether that sentence contains the evidence."""
        return best_sentences(logits, self.labels, self.groups, len(self.questions))


def report(name: str, examples: Examples, logits: np.ndarray, threshold: float) -> None:
    """Prints how often the best sentence is right, and the effect of a threshold on its logit."""
    best, right = examples.best(logits)
    refused = best < threshold
    print(
        f"{name:12} best sentence right {right[examples.answerable].mean():.3f}  "
        f"AUROC {roc_auc_score(examples.answerable, best):.3f}  "
        f"wrongly refused {refused[examples.answerable].mean():.3f}  "
        f"rightly refused {refused[~examples.answerable].mean():.3f} (near misses {refused[examples.near_miss].mean():.3f})"
    )


def draw(curves: dict[str, tuple[np.ndarray, float]], file: Path) -> None:
    """Draws risk over coverage as SVG, with a dot at the threshold.

    Args:
        curves: By name, points `(questions, 2)` and the coverage at the threshold.
        file: The SVG file to write.
    """
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
    fit = fit_reader(
        calibration.rows,
        calibration.same,
        calibration.labels,
        calibration.groups,
        answerable=calibration.answerable,
        wrongly_refused=WRONGLY_REFUSED,
    )
    report("calibration", calibration, fit.held_out, fit.threshold)
    report("seeds", seeds, seeds.logits(fit.model), fit.threshold)
    print(f"threshold: {fit.confidence(fit.threshold):.3f}, now {DEFAULTS.threshold}")
    best, right = calibration.best(fit.held_out)
    seeds_best, seeds_right = seeds.best(seeds.logits(fit.model))
    curves = {
        "calibration questions": (risk_coverage(best, right & calibration.answerable), float((best >= fit.threshold).mean())),
        "seed questions": (
            risk_coverage(seeds_best, seeds_right & seeds.answerable),
            float((seeds_best >= fit.threshold).mean()),
        ),
    }
    for name, (points, _) in curves.items():
        at = ", ".join(f"{points[int(share * len(points)) - 1, 1]:.3f} at {share:.1f}" for share in (0.25, 0.5, 0.75, 1.0))
        print(f"{name}: risk {at}; area {points[:, 1].mean():.3f}")
    print(described(FEATURES, fit.weights()))
    if not arguments.dry_run:
        write_weights(WEIGHTS, FEATURES, fit.weights())
        draw(curves, RISK_COVERAGE)


if __name__ == "__main__":
    main()
