"""Asks sixty questions about ten tables, and prints the share that is right and the wrong answers of more than 0.5 confidence.

    python tests/benchmarks/tables/run.py

Every question is asked of one library with all ten files. It is right if the answer contains one of the accepted strings of each
group, or if it is refused where the tables do not say.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import unicodedata
from pathlib import Path

from rag import Library, RagPipeline

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


def contains(text: str, accepted: str) -> bool:
    """Returns whether an answer contains a string; a number must not be part of another one."""
    text = unicodedata.normalize("NFKC", text).lower()
    accepted = unicodedata.normalize("NFKC", accepted).lower()
    if not accepted[-1].isdigit():
        return accepted in text
    return bool(re.search(rf"(?<![\d.,]){re.escape(accepted)}(?!\d|[.,]\d)", text))


def main() -> None:
    """Runs the questions."""
    from files import write_all

    questions = [json.loads(line) for line in (HERE / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
        library.add(write_all(Path(folder)))
        pipeline = RagPipeline(library)
        right = sure = 0
        for question in questions:
            answer = pipeline.answer(question["question"])
            groups = question["right"]
            first = answer.text.split("\n")[0]
            is_right = (
                answer.abstained
                if not groups
                else not answer.abstained and all(any(contains(first, accepted) for accepted in group) for group in groups)
            )
            right += is_right
            is_sure = not is_right and not answer.abstained and answer.confidence > 0.5
            sure += is_sure
            if not is_right:
                mark = "WRONG" if is_sure else "wrong" if not answer.abstained else "refused"
                print(f"{mark} {answer.confidence:.2f} | {question['question']} | {groups} | {answer.text[:120]!r}", flush=True)
    print(json.dumps({"questions": len(questions), "right": round(right / len(questions), 3), "wrong over 0.5": sure}))


if __name__ == "__main__":
    main()
