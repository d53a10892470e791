"""Questions with what a good answer holds, from a file of any known format."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    right answer holds, and one of each group of `also` too. `relevant` are the passages of the set that a search should
    find, each with its grade, for a set that names them. `within` are the passages that alone are searched; all when empty.

    Of a question that the documents do not answer there are neither evidence nor answers. A set that only judges passages
    has questions without answers: of those, retrieval alone is measured.
    """

    id: str
    lang: str
    kind: str
    question: str
    evidence: tuple[str, ...]
    answers: tuple[str, ...]
    answerable: bool
    also: tuple[tuple[str, ...], ...] = ()
    relevant: tuple[tuple[str, int], ...] = ()
    within: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A text that a question set brings along; it becomes a document of a library of the set's own."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions, and the passages they are asked of: those of the user's library when there are none.

    `drafts` is how many lines were left out because nobody has corrected them yet.
    """

    format: str
    questions: tuple[Question, ...]
    passages: tuple[Passage, ...] = ()
    drafts: int = 0


def read(file: Path, name: str = "") -> list[Question]:
    """Reads a question set of our own format: one JSON object a line. Lines marked `"draft": true` are left out.

    Args:
        file: The file.
        name: What errors call it; the path when empty.

    Raises:
        QuestionSetError: The file cannot be read, or a line is not a question; the text names the line.
    """
    return list(parse(read_text(file, name), name or str(file)).questions)


def parse(text: str, name: str) -> QuestionSet:
    """The question set of a text in our own format; see `read`."""
    rows = list(json_lines(text, name))
    questions = [_question(row, place) for row, place in rows if row.get("draft") is not True]
    drafts = len(rows) - len(questions)
    if drafts and not questions:
        raise QuestionSetError(f'{name} holds only drafts; correct each line and take out its "draft"')
    return QuestionSet("lines", require_questions(questions, name), drafts=drafts)


def read_text(file: Path, name: str = "") -> str:
    """The text of a file of questions.

    Raises:
        QuestionSetError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or error
        raise QuestionSetError(f"cannot read the questions in {name or file}: {problem}") from error


def json_lines(text: str, name: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Each line's JSON object, with what errors call its place.

    Raises:
        QuestionSetError: A line is not a JSON object.
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            place = f"{name}, line {number}"
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise QuestionSetError(f"{place}: not JSON ({getattr(error, 'msg', error)})") from error
            if not isinstance(row, dict):
                raise QuestionSetError(f"{place}: not a JSON object")
            yield row, place


def require_questions(questions: list[Question], name: str) -> tuple[Question, ...]:
    """The questions, of which there is at least one and no two of the same id.

    Raises:
        QuestionSetError: It is not so.
    """
    if not questions:
        raise QuestionSetError(f"{name} holds no questions")
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise QuestionSetError(f'{name}: the id "{question.id}" stands twice')
        seen.add(question.id)
    return tuple(questions)


def text_of(row: dict[str, Any], key: str, place: str) -> str:
    """The text under a key of an object.

    Raises:
        QuestionSetError: There is none, or one without anything in it.
    """
    value = row.get(key)
    if not is_text(value):
        raise QuestionSetError(f'{place}: "{key}" must be a text')
    return str(value)


def texts_of(row: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
    """The list of texts under a key of an object; empty when it is not there.

    Raises:
        QuestionSetError: It is something else.
    """
    value = row.get(key, [])
    if not isinstance(value, list) or not all(map(is_text, value)):
        raise QuestionSetError(f'{place}: "{key}" must be a list of texts')
    return tuple(value)


def is_text(value: Any) -> bool:
    """Whether a value is a text with something in it; JSON can name characters that are none."""
    return isinstance(value, str) and bool(value.strip()) and not any("\ud800" <= character <= "\udfff" for character in value)


def _question(row: dict[str, Any], place: str) -> Question:
    question = Question(
        id=text_of(row, "id", place),
        lang=text_of(row, "lang", place),
        kind=text_of(row, "kind", place),
        question=text_of(row, "question", place),
        evidence=texts_of(row, "evidence", place),
        answers=texts_of(row, "answers", place),
        answerable=row.get("answerable", True),
    )
    if not isinstance(question.answerable, bool):
        raise QuestionSetError(f'{place}: "answerable" must be true or false')
    if question.answerable and not (question.evidence and question.answers):
        raise QuestionSetError(f'{place}: an answerable question needs "evidence" and "answers"')
    return question
