"""Measures one system in this process: `measure.py NAME < task.json > measured.json`, which `compare.py` calls."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from measures import of_question
from systems import SYSTEMS, Yinju

from rag.evaluation.questions.question_set import Question
from rag.types import Document


def measure(name: str, documents: list[Document], questions: list[Question]) -> dict[str, Any]:
    """Indexes the documents, asks the questions, and gives a row of measures for each that the documents answer."""
    system = SYSTEMS[name]()
    started = time.perf_counter()
    system.index(documents)
    indexed = time.perf_counter() - started
    # What a first question alone takes is paid once.
    system.search(questions[0].question)
    found, said, milliseconds = [], [], []
    for question in questions:
        started = time.perf_counter()
        found.append(system.search(question.question))
        milliseconds.append(1000 * (time.perf_counter() - started))
        if isinstance(system, Yinju):
            said.append(system.said)
    megabytes = most_megabytes()
    milliseconds.sort()
    return {
        "rows": [
            {"id": question.id}
            | of_question(
                [passage.text for passage in passages],
                system.handed_over(question.question, passages),
                question.evidence,
                question.answers,
            )
            for question, passages in zip(questions, found, strict=True)
            if question.answerable
        ],
        "outcomes": [asdict(outcome) for outcome in system.outcomes(questions, said)] if isinstance(system, Yinju) else [],
        "index seconds": indexed,
        "median ms": statistics.median(milliseconds),
        "p95 ms": milliseconds[-(-95 * len(milliseconds) // 100) - 1],
        "megabytes": megabytes,
    }


def most_megabytes() -> float:
    """Returns the peak memory of this process. The value of `getrusage` includes that of the parent."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000


def main() -> None:
    task = json.load(sys.stdin)
    documents = [Document(**document) for document in task["documents"]]
    with contextlib.redirect_stdout(sys.stderr):  # libraries print
        measured = measure(sys.argv[1], documents, [Question(**question) for question in task["questions"]])
    json.dump(measured, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
