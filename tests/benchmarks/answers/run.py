"""Asks a fixed set of questions about fourteen made-up documents, and judges the answers: `python tests/benchmarks/answers/run.py`.

See the README beside this file for the form of the questions. Only the public API is used.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any, Literal

from rag import Answer, Library, RagPipeline

HERE = Path(__file__).parent
DOCUMENTS = HERE / "documents"
VALUE_KINDS = ("number", "date", "person", "place")
FACT_KINDS = (*VALUE_KINDS, "fact")

Half = Literal["tune", "kept"]
Want = Literal["answer", "refuse", "near", "reply"]
Verdict = Literal["right", "refused", "wrong"]

SAYS_NOT = re.compile(
    r"文档(中|里)?(没有|未|并未|并没有)(找到|提到|说|给出|涉及|回答)|没有提到|未提及|没有说明"
    r"|documents? (do|does) not|not (say|mention|state|give|hold)|no (document|mention)|does not (say|mention)|nothing about",
    re.IGNORECASE,
)
_MARKER = re.compile(r"\[\d+\]")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|\d+[.)、]|[（(]?[一二三四五六七八九十]+[）)、])", re.MULTILINE)
_CHINESE_DIGITS = "〇零一二两三四五六七八九十百千万亿"


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and the answer it should get.

    Every entry of `all` must be met by one of its alternatives, and no phrase of `none` may be in the answer. `sources` are the
    files with the answer, or with what is closest to it; empty for questions about the library. `documents` are the files that
    are searched, empty for all. `after` are the questions asked before it. `computed` answers are not in the documents word for
    word. `shape` names one of `SHAPES`, or is empty.
    """

    id: str
    half: Half
    kind: str
    question: str
    want: Want
    all: tuple[tuple[str, ...], ...]
    none: tuple[str, ...]
    right: str
    sources: tuple[str, ...]
    documents: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    computed: bool = False
    shape: str = ""

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Question:
        """Reads a line of `questions.jsonl`."""
        lists = {name: tuple(row.get(name, ())) for name in ("none", "sources", "after")}
        documents = () if row["documents"] == "all" else tuple(row["documents"])
        return cls(**{**row, **lists, "documents": documents, "all": tuple(map(tuple, row["all"]))})


def read_questions(path: Path = HERE / "questions.jsonl") -> list[Question]:
    """Reads the whole set, in order."""
    return [Question.from_dict(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


@cache
def _pattern(phrase: str) -> re.Pattern[str]:
    """Returns a pattern for a phrase, however it is spaced.

    A number is not matched within a longer one, a word of up to three letters only as a whole, and a longer one from its
    beginning. A phrase after `^` must open the text.
    """
    opening, wanted = phrase.startswith("^"), unicodedata.normalize("NFKC", phrase.removeprefix("^"))
    pattern = r"[\s_|]*".join(re.escape(character) for character in wanted if not character.isspace())
    if wanted[0].isdecimal():
        pattern = r"(?<!\d)(?<!\d[.,])" + pattern
    elif wanted[0] in _CHINESE_DIGITS:
        pattern = rf"(?<![{_CHINESE_DIGITS}])" + pattern
    elif wanted[0].isascii() and wanted[0].isalpha():
        pattern = r"(?<![a-z])" + pattern
    if wanted[-1].isdecimal():
        pattern += r"(?!\d|[.,]\d)"
    elif wanted.isascii() and wanted.isalpha() and len(wanted) <= 3:
        pattern += r"(?![a-z])"
    return re.compile(r"\A[\W_]*" + pattern if opening else pattern, re.IGNORECASE)


def contains(text: str, phrase: str) -> bool:
    """Returns whether a text contains a phrase; see `_pattern`."""
    return bool(_pattern(phrase).search(unicodedata.normalize("NFKC", text)))


def plain(text: str) -> str:
    """Returns an answer's text without the markers of its citations."""
    return _MARKER.sub("", text)


SHAPES: dict[str, Callable[[str, str], bool]] = {
    "shorter": lambda text, before: len(text) < len(before),
    "longer": lambda text, before: len(text) > len(before),
    "points": lambda text, before: len(_LIST_ITEM.findall(text)) >= 2,
}
"""Checks of an answer's text against the text before it, by name."""


def judge(question: Question, answer: Answer, before: str = "") -> Verdict:
    """Returns whether an answer is right, and if not, whether it is a refusal; `before` is the text of the answer before.

    A question that the documents do not answer wants a refusal. A near miss wants the condition named that is not met: `all`
    is the condition, and a refusal that does not name it counts as refused.

    A value must be in the first line, since the quote below it often contains others as well. For the same reason phrases of
    `none` are looked for in the first line, in lists everywhere; a whole sentence quoted there may contain them.
    """
    text = plain(answer.text).strip()
    first_line = text.partition("\n")[0]
    says_not = answer.abstained or bool(SAYS_NOT.search(text))
    if question.want in ("refuse", "near"):
        return "wrong" if not says_not else "right" if _meets(text, question) else "refused"
    if answer.abstained:
        return "refused"
    met = _meets(first_line if question.kind in VALUE_KINDS else text, question)
    in_shape = not question.shape or SHAPES[question.shape](text, plain(before).strip())
    return "right" if met and in_shape and not _is_misled(text, question, answer) else "wrong"


def _meets(text: str, question: Question) -> bool:
    return all(any(contains(text, each) for each in alternatives) for alternatives in question.all)


def _is_misled(text: str, question: Question, answer: Answer) -> bool:
    first_line = text.partition("\n")[0]
    quoted = any(first_line.strip('“”"…') in citation.quote for citation in answer.citations)
    if question.kind != "list" and quoted and _meets(first_line, question):
        return False
    return any(contains(text if question.kind == "list" else first_line, each) for each in question.none)


@dataclass(frozen=True, slots=True)
class Judged:
    """A question with its answer and the verdict on it."""

    question: Question
    answer: Answer
    verdict: Verdict

    def to_dict(self) -> dict[str, Any]:
        """Returns what is worth keeping, ready for JSON."""
        return {
            "id": self.question.id,
            "kind": self.question.kind,
            "question": self.question.question,
            "want": self.question.want,
            "verdict": self.verdict,
            "answer": self.answer.text,
            "answer_kind": self.answer.kind,
            "confidence": self.answer.confidence,
        }

    def __str__(self) -> str:
        """Describes a failure in a line."""
        did = "refused" if self.answer.abstained else "answered"
        question, text = self.question, self.answer.text[:140]
        return f"{question.id} {question.kind} | {did} {self.answer.confidence:.2f} | {question.question} | wanted {question.right} | {text!r}"


def ask(questions: Sequence[Question], pipeline: RagPipeline) -> Iterator[Judged]:
    """Asks each question after those that come before it, and judges its answer."""
    ids = {Path(document.source).name: document.id for document in pipeline.library.documents()}
    for question in questions:
        documents = [ids[name] for name in question.documents] or None
        history: list[Answer] = []
        for earlier in question.after:
            history.append(pipeline.answer(earlier, history, documents))
        answer = pipeline.answer(question.question, history, documents)
        yield Judged(question, answer, judge(question, answer, history[-1].text if history else ""))


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Returns the expected calibration error, over bins of equal width (Naeini et al., 2015); 0 for no answers."""
    members: dict[int, list[tuple[float, bool]]] = {}
    for confidence, is_right in zip(confidences, right, strict=True):
        members.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, is_right))
    gaps = (abs(sum(confidence - is_right for confidence, is_right in each)) for each in members.values())
    return sum(gaps) / max(1, len(confidences))


def figures(judged: Sequence[Judged]) -> dict[str, float]:
    """Counts the verdicts, and measures how long facts are and how far confidence is off, of what is answered from documents."""
    answered = [each for each in judged if each.answer.kind == "answer"]
    lengths = [len(plain(each.answer.text)) for each in answered if each.question.kind in FACT_KINDS]
    right = sum(each.verdict == "right" for each in judged)
    return {
        "n": len(judged),
        "right": right,
        "share right": round(right / max(1, len(judged)), 3),
        "wrongly refused": sum(each.verdict == "refused" for each in judged),
        "wrongly answered": sum(each.verdict == "wrong" for each in judged),
        "median length of facts": median(lengths) if lengths else 0,
        "calibration error": round(
            calibration_error([each.answer.confidence for each in answered], [each.verdict == "right" for each in answered]), 3
        ),
    }


def by_kind(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Returns the figures of each kind of question, and of all."""
    kinds = dict.fromkeys(each.question.kind for each in judged)
    parts = {kind: figures([each for each in judged if each.question.kind == kind]) for kind in kinds}
    return {**parts, "all": figures(judged)}


def table(parts: Mapping[str, Mapping[str, float]]) -> str:
    """Formats the verdicts by kind, and the other figures over all."""
    columns = ("n", "right", "share right", "wrongly refused", "wrongly answered")
    rows = [f"{kind:<12}" + "".join(f"{part[name]:>18}" for name in columns) for kind, part in parts.items()]
    overall = (f"{name}: {parts['all'][name]}" for name in ("median length of facts", "calibration error"))
    return "\n".join([f"{'kind':<12}" + "".join(f"{name:>18}" for name in columns), *rows, "", *overall])


def main() -> None:
    """Prints a line for each failure, and a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--half", choices=("tune", "kept", "all"), default="tune", help="the questions to ask (default: tune)")
    parser.add_argument("--kind", action="append", help="only questions of this kind; may be given several times")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures and every answer to FILE")
    options = parser.parse_args()
    questions = [
        question
        for question in read_questions()
        if options.half in ("all", question.half) and (not options.kind or question.kind in options.kind)
    ]
    judged = []
    with tempfile.TemporaryDirectory() as folder, Library(Path(folder) / "library") as library:
        failed = [result for result in library.add([DOCUMENTS]) if result.status != "added"]
        if failed:
            parser.error(f"{failed[0].source} was not added: {failed[0].reason}")
        for each in ask(questions, RagPipeline(library)):
            judged.append(each)
            if each.verdict != "right":
                print(each, flush=True)
    parts = by_kind(judged)
    print(table(parts))
    if options.json:
        content = {"figures": parts, "answers": [each.to_dict() for each in judged]}
        options.json.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
