"""Questions with their evidence and accepted answers, and the format of our own question sets."""

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

    `evidence` contains quotes of the documents, each of which contains the answer. A right answer contains one of the strings of
    `answers`, and one of each group of `also`. `relevant` gives the passages that a search should find, with their grades, if the
    set names them. `within` gives the only passages to search; all if empty.

    A question that the documents do not answer has neither evidence nor answers. A set that only judges passages has questions
    without answers, for which only retrieval is measured.
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
    """A passage of a question set. It becomes a document in a library made for the set."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions and the passages to search; without passages, the user's library is searched.

    `drafts` is the number of lines that were left out because they are not corrected yet.
    """

    format: str
    questions: tuple[Question, ...]
    passages: tuple[Passage, ...] = ()
    drafts: int = 0


def read(file: Path, name: str = "") -> list[Question]:
    """Reads a question set of our own format: one JSON object a line. Lines marked `"draft": true` are left out.

    Args:
        file: The file.
        name: The name in error messages; the path if empty.

    Raises:
        QuestionSetError: The file cannot be read, or a line is not a question; the text names the line.
    """
    return list(parse(read_text(file, name), name or str(file)).questions)


def parse(text: str, name: str) -> QuestionSet:
    """Parses a text in our own format; see `read`."""
    rows = list(json_lines(text, name))
    questions = [_question(row, place) for row, place in rows if row.get("draft") is not True]
    drafts = len(rows) - len(questions)
    if drafts and not questions:
        raise QuestionSetError(f'{name} contains only drafts; correct each line and remove its "draft"')
    return QuestionSet("lines", require_questions(questions, name), drafts=drafts)


def read_text(file: Path, name: str = "") -> str:
    """Reads the text of a file of questions.

    Raises:
        QuestionSetError: It cannot be read.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        problem = getattr(error, "strerror", None) or error
        raise QuestionSetError(f"cannot read the questions in {name or file}: {problem}") from error


def json_lines(text: str, name: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yields the JSON object of each line, with its place for error messages.

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
    """Returns the questions after checking that there are some and that their ids are unique.

    Raises:
        QuestionSetError: There are no questions, or an id is used twice.
    """
    if not questions:
        raise QuestionSetError(f"{name} contains no questions")
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise QuestionSetError(f'{name}: the id "{question.id}" is used twice')
        seen.add(question.id)
    return tuple(questions)


def text_of(row: dict[str, Any], key: str, place: str) -> str:
    """Returns the text under a key of an object.

    Raises:
        QuestionSetError: The key is missing, or its value is not a text or is blank.
    """
    value = row.get(key)
    if not is_text(value):
        raise QuestionSetError(f'{place}: "{key}" must be a text')
    return str(value)


def texts_of(row: dict[str, Any], key: str, place: str) -> tuple[str, ...]:
    """Returns the list of texts under a key of an object; empty if the key is missing.

    Raises:
        QuestionSetError: The value is not a list of texts.
    """
    value = row.get(key, [])
    if not isinstance(value, list) or not all(map(is_text, value)):
        raise QuestionSetError(f'{place}: "{key}" must be a list of texts')
    return tuple(value)


def is_text(value: Any) -> bool:
    """Tells whether a value is a text that is not blank and has no lone surrogates, which JSON allows."""
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
