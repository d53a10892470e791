"""Measures one system in this process: `measure.py NAME < task.json > measured.json`, which `compare.py` calls."""

from __future__ import annotations

import contextlib
import json
import resource
import statistics
import sys
import time
from typing import Any

from measures import of_question
from systems import SYSTEMS, System

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
    asked = [_ask(system, question) for question in questions]
    folded = [FoldedDocument(document) for document in documents]
    rows, said = [], []
    for question, (passages, answer, _) in zip(questions, asked, strict=True):
        if answer:
            said.append(_of_answer(question, answer, folded))
        if question["answerable"]:
            found = of_question(passages, system.handed_over, question["evidence"], question["answers"])
            languages = {document.language for document in folded if places(question["evidence"], [document])}
            pair = f"{question['lang']}->{question['lang'] if question['lang'] in languages else min(languages, default='none')}"
            rows.append(found | {"pair": pair, "id": question["id"]})
    milliseconds = sorted(1000 * seconds for *_, seconds in asked)
    return {
        "rows": rows,
        "said": said,
        "handed over": system.handed_over,
        "index seconds": indexed,
        "median ms": statistics.median(milliseconds),
        "p95 ms": milliseconds[-(-95 * len(milliseconds) // 100) - 1],
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
    }


def _ask(system: System, question: dict[str, Any]) -> tuple[list[str], Any, float]:
    started = time.perf_counter()
    found = system.search(question["question"])
    return [passage.text for passage in found], getattr(system, "said", None), time.perf_counter() - started


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
