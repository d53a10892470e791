"""Questions with what a good answer holds: one JSON object a line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import QuestionSetError
from rag.pipeline import SEEDS

SEED_QUESTIONS = SEEDS / "questions.jsonl"


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    `evidence` are quotes of the documents, each of which alone holds the answer; `answers` are strings one of which a
    right answer holds. Both are empty when the documents do not answer the question.
    """

    id: str
    lang: str
    kind: str
    question: str
    evidence: tuple[str, ...]
    answers: tuple[str, ...]
    answerable: bool


def read(file: Path, name: str = "") -> list[Question]:
    """Reads a question set.

    Args:
        file: The file.
        name: What errors call it; the path when empty.

    Raises:
        QuestionSetError: The file cannot be read, or a line is not a question; the text names the line.
    """
    name = name or str(file)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionSetError(f"cannot read the questions in {name}: {getattr(error, 'strerror', None) or error}") from error
    questions: list[Question] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            questions.append(_question(line, f"{name}, line {number}"))
    if not questions:
        raise QuestionSetError(f"{name} holds no questions")
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise QuestionSetError(f'{name}: the id "{question.id}" stands twice')
        seen.add(question.id)
    return questions


def _question(line: str, place: str) -> Question:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise QuestionSetError(f"{place}: not JSON ({getattr(error, 'msg', error)})") from error
    if not isinstance(row, dict):
        raise QuestionSetError(f"{place}: not a JSON object")
    question = Question(
        id=_text(row, "id", place),
        lang=_text(row, "lang", place),
        kind=_text(row, "kind", place),
        question=_text(row, "question", place),
        evidence=_texts(row, "evidence", place),
        answers=_texts(row, "answers", place),
        answerable=row.get("answerable", True),
    )
    if not isinstance(question.answerable, bool):
        raise QuestionSetError(f'{place}: "answerable" must be true or false')
    if question.answerable and not (question.evidence and question.answers):
        raise QuestionSetError(f'{place}: an answerable question needs "evidence" and "answers"')
    return question


def _text(row: dict[str, Any], key: str, place: str) -> str:
    value = row.get(key)
    if not _is_text(value):
        raise QuestionSetError(f'{place}: "{key}" must be a text')
    return str(value)


def _texts(row: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
    value = row.get(key, [])
    if not isinstance(value, list) or not all(map(_is_text, value)):
        raise QuestionSetError(f'{place}: "{key}" must be a list of texts')
    return tuple(value)


def _is_text(value: Any) -> bool:
    """Whether a value is a text with something in it; JSON can name characters that are none."""
    return isinstance(value, str) and bool(value.strip()) and not any("\ud800" <= character <= "\udfff" for character in value)
