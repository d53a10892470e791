"""Compares Yinju and its peers on the same documents and questions: `python tests/benchmarks/peers/compare.py`; see the README beside it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from measures import by_pair, mean_and_interval, paired, table
from systems import SYSTEMS

from embeddings.catalogue import BUNDLED
from rag.documents.cleaning import clean
from rag.documents.loaders import load, require_files
from rag.documents.metadata import describe
from rag.evaluation.figures import counts, figures
from rag.evaluation.measures import significance
from rag.evaluation.measures.matching import FoldedDocument, places
from rag.evaluation.outcome import Outcome, from_dict
from rag.evaluation.questions.question_set import SEED_QUESTIONS, Question, read
from rag.pipeline import SEEDS
from rag.types import Document

HELD_OUT = Path(__file__).parents[1] / "held_out_questions.jsonl"
PACKAGES = (
    "llama-index-core llama-index-embeddings-huggingface haystack-ai sentence-transformers-haystack txtai langchain-text-splitters "
    "rank-bm25 tantivy sentence-transformers torch"
).split()
# Nothing is fetched, and nobody is told.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "false",
}
PAIRED = ("hit@1", "hit@5", "in 1,000 ch.", "handed over")
RETRIEVAL = ("hit@1", "hit@5", "hit@10", "MRR", "in 1,000 ch.", "in 4,000 ch.")


def documents_of(folder: Path) -> list[Document]:
    """Returns the documents of a folder, cleaned, so that the reading of files is not compared."""
    found = [document for file in require_files([folder]) for document in load(file, 10**9)]
    failed = [each for each in found if not isinstance(each, Document)]
    if failed:
        raise SystemExit(f"{failed[0].reason}")
    return [describe(clean(document)) for document in found if isinstance(document, Document)]


def copy_of_encoder(folder: Path) -> None:
    """Writes the bundled encoder in single precision."""
    import torch
    from sentence_transformers import SentenceTransformer

    SentenceTransformer(str(BUNDLED / "encoder"), model_kwargs={"dtype": torch.float32}).save(str(folder))


def measured(name: str, documents: Sequence[Document], questions: Sequence[Question], encoder: Path) -> dict[str, Any]:
    """Measures a system in a process of its own."""
    plain = [{"id": d.id, "title": d.title, "source": d.source, "text": d.text, "language": d.language} for d in documents]
    task = json.dumps({"documents": plain, "questions": [asdict(question) for question in questions]})
    command = [sys.executable, str(Path(__file__).with_name("measure.py")), name]
    environment = os.environ | OFFLINE | {"PEERS_ENCODER": str(encoder)}
    done = subprocess.run(command, input=task, stdout=subprocess.PIPE, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed; the reason stands above")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def report(all_measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Returns tables in Markdown: all questions, by languages, and Yinju's answers."""
    heads = ["", *RETRIEVAL, "handed over", "characters", "index s", "ms", "p95 ms", "MB"]
    lines = []
    for name, found in all_measured.items():
        rows = found["rows"]
        lines.append(
            [
                name,
                *(mean_and_interval([row[measure] for row in rows]) for measure in RETRIEVAL),
                mean_and_interval([row["handed over"] for row in rows]),
                f"{sum(row['characters'] for row in rows) / len(rows):,.0f}",
                f"{found['index seconds']:.1f}",
                f"{found['median ms']:.0f}",
                f"{found['p95 ms']:.0f}",
                f"{found['megabytes']:,.0f}",
            ]
        )
    parts = [table(heads, lines)]
    pairs = by_pair(next(iter(all_measured.values()))["rows"], "hit@5")
    for measure in ("hit@5", "in 1,000 ch."):
        heads = [measure, *(f"{pair} (n = {number})" for pair, (_, number) in pairs.items())]
        lines = [
            [name, *(f"{mean:.3f}" for mean, _ in by_pair(found["rows"], measure).values())]
            for name, found in all_measured.items()
        ]
        parts.append(table(heads, lines))
    if "Yinju" in all_measured:
        parts.append(_pairs(all_measured))
    for name, found in all_measured.items():
        if found["outcomes"]:
            parts.append(_answers(name, [from_dict(outcome) for outcome in found["outcomes"]]))
    return "\n".join(parts)


def _pairs(all_measured: Mapping[str, Mapping[str, Any]]) -> str:
    """Counts the questions where only Yinju or only the other system is right. P-values of a column are adjusted after Holm."""
    ours = all_measured["Yinju"]["rows"]
    others = [name for name in all_measured if name != "Yinju"]
    columns = []
    for measure in PAIRED:
        found = [paired(ours, all_measured[name]["rows"], measure) for name in others]
        adjusted = significance.holm([p for _, _, p in found])
        columns.append([f"{won} : {lost}, p = {p:.3f}" for (won, lost, _), p in zip(found, adjusted, strict=True)])
    return table(["Yinju alone : the other alone", *PAIRED], [list(line) for line in zip(others, *columns, strict=True)])


def _answers(name: str, outcomes: Sequence[Outcome]) -> str:
    of_all, of = figures(outcomes), counts(outcomes)
    line = (
        f"{name} answers: {of_all.right:.3f} of {of['right']} contain an accepted string, {of_all.on_evidence:.3f} of {of['on_evidence']} "
        f"citations lie on the evidence, {of_all.wrongly_refused:.3f} are wrongly refused"
    )
    if of_all.wrongly_answered is not None:
        line += f"; of {of['wrongly_answered']} that the documents do not answer {1 - of_all.wrongly_answered:.3f} are refused"
    return f"{line}.\n"


def pair_of(question: Question, documents: Sequence[FoldedDocument]) -> str:
    """Returns the language of the question and that of its evidence; the question's own if both languages have evidence."""
    languages = sorted({document.language for document in documents if places(question.evidence, [document])})
    return f"{question.lang}->{question.lang if question.lang in languages else next(iter(languages), 'none')}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=Path, default=SEEDS / "documents", help="a file or folder")
    parser.add_argument("--questions", type=Path, action="append", help="question sets in our own format, asked together")
    parser.add_argument("--systems", nargs="+", choices=list(SYSTEMS), default=list(SYSTEMS), metavar="NAME")
    parser.add_argument("--json", type=Path, help="write all that was measured to this file")
    options = parser.parse_args()
    documents = documents_of(options.documents)
    questions = [question for file in options.questions or [SEED_QUESTIONS, HELD_OUT] for question in read(file)]
    characters = sum(len(document.text) for document in documents)
    print(
        f"{len(documents)} documents of {characters:,} characters, {len(questions)} questions, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {', '.join(f'{package} {version(package)}' for package in PACKAGES)}\n"
    )
    folded = [FoldedDocument(document) for document in documents]
    pairs = {question.id: pair_of(question, folded) for question in questions}
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        copy_of_encoder(Path(folder))
        for name in options.systems:
            print(f"{name} …", file=sys.stderr)
            found[name] = measured(name, documents, questions, Path(folder))
            found[name]["rows"] = [{**row, "pair": pairs[row["id"]]} for row in found[name]["rows"]]
    if options.json:
        options.json.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    print(report(found))


if __name__ == "__main__":
    main()
