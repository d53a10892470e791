"""Measures one system in this process: `measure.py NAME < task.json > measured.json`, which `compare.py` calls."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from measures import of_question
from systems import SYSTEMS, Found

from rag.evaluation.matching import FoldedDocument, holds, places
from rag.types import Document


def measure(name: str, documents: list[Document], questions: list[dict[str, Any]]) -> dict[str, Any]:
    """Indexes the documents, asks the questions, and gives a row of measures for each that the documents answer."""
    system = SYSTEMS[name]()
    started = time.perf_counter()
    system.index(documents)
    indexed = time.perf_counter() - started
    # What a first question alone takes is paid once.
    system.search(questions[0]["question"])
    asked = []
    for question in questions:
        started = time.perf_counter()
        found = system.search(question["question"])
        asked.append((found, getattr(system, "said", None), 1000 * (time.perf_counter() - started)))
    megabytes = most_megabytes()
    folded = [FoldedDocument(document) for document in documents]
    rows = [
        _row(question, found, system.handed_over(question["question"], found), folded)
        for question, (found, _, _) in zip(questions, asked, strict=True)
        if question["answerable"]
    ]
    milliseconds = sorted(taken for *_, taken in asked)
    return {
        "rows": rows,
        "said": [_of_answer(question, said, folded) for question, (_, said, _) in zip(questions, asked, strict=True) if said],
        "index seconds": indexed,
        "median ms": statistics.median(milliseconds),
        "p95 ms": milliseconds[-(-95 * len(milliseconds) // 100) - 1],
        "megabytes": megabytes,
    }


def most_megabytes() -> float:
    """The most memory that this process had; what `getrusage` says begins with what its parent had."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1000


def _row(question: dict[str, Any], found: list[Found], handed_over: str, documents: list[FoldedDocument]) -> dict[str, Any]:
    measured = of_question([passage.text for passage in found], handed_over, question["evidence"], question["answers"])
    languages = {document.language for document in documents if places(question["evidence"], [document])}
    own = question["lang"]
    pair = f"{own}->{own if own in languages else min(languages, default='none')}"
    return measured | {"pair": pair, "id": question["id"]}


def _of_answer(question: dict[str, Any], answer: Any, documents: list[FoldedDocument]) -> dict[str, Any]:
    """What a whole answer is worth, which only Yinju gives without a language model."""
    evidence = places(question["evidence"], documents)
    on_evidence = sum(
        any(
            2 * place.overlap(citation.document_id, citation.start, citation.end)
            >= min(place.end - place.start, citation.end - citation.start)
            for place in evidence
        )
        for citation in answer.citations
    )
    return {
        "answerable": question["answerable"],
        "refused": answer.abstained,
        "right": not answer.abstained and holds(answer.text, question["answers"]),
        "citations": len(answer.citations),
        "on evidence": on_evidence,
    }


def main() -> None:
    task = json.load(sys.stdin)
    documents = [Document(**document) for document in task["documents"]]
    with contextlib.redirect_stdout(sys.stderr):  # libraries print
        measured = measure(sys.argv[1], documents, task["questions"])
    json.dump(measured, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
