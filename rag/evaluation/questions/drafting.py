"""Proposes questions on documents, each with its evidence, for a person to correct.

Without a language model they are made by rule (`rag.answering.suggesting.templates`). A language model words the question itself; the
draft is kept only if its answer is in the sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Any

from rag.answering.suggesting.templates import Draft, by_template, spread, statements
from rag.documents import loaders, sandbox
from rag.documents.cleaning import clean
from rag.documents.loaders import Failure
from rag.documents.metadata import describe
from rag.errors import LoadError, QuestionSetError
from rag.evaluation.measures.matching import holds
from rag.evaluation.questions.question_set import json_lines, read_text, text_of, texts_of
from rag.language_models import injection
from rag.language_models.generators import Generator, Message
from rag.text import quantities
from rag.text.language import language_of
from rag.types import Document, Language

__all__ = ["Draft", "by_template", "from_feedback", "from_files", "is_feedback", "spread", "worded"]

_PROMPTS: dict[Language, str] = {
    "zh": "请根据下面这句话提一个问题，使这句话就是答案的依据。只写两行：第一行是问题，第二行是从这句话里原样抄出的简短答案。\n\n{}",
    "en": "Write one question that the sentence below answers. Write two lines only: the question, then the short answer, "
    "copied from the sentence word for word.\n\n{}",
}


def from_files(
    path: Path, most: int, max_file_bytes: int, generator: Generator | None = None
) -> Iterator[dict[str, Any] | Failure]:
    """Drafts questions on the documents of a file or folder; yields lines of a question set, and failures to read.

    Args:
        path: A file or a folder of documents.
        most: The maximum number of questions for each document, spread over it.
        max_file_bytes: The largest file that is read.
        generator: Words the questions; None uses templates.

    Raises:
        LoadError: There is no file of a known kind.
        GeneratorError: The language model fails.
    """
    for file in loaders.require_files([path.absolute()]):
        for loaded in _loaded(file, max_file_bytes):
            if isinstance(loaded, Failure):
                yield loaded
                continue
            document = describe(clean(loaded))
            found = worded(document, generator) if generator else by_template(document)
            yield from (draft.row() for draft in spread(list(found), most))


def from_feedback(file: Path) -> Iterator[dict[str, Any]]:
    """Drafts questions from the file that `yinju feedback export` wrote; yields lines of a question set.

    For a disliked answer, its citations are proposed as evidence, and the quantities in them as answers.

    Raises:
        QuestionSetError: The file cannot be read, or a line is not such feedback; the text names the line.
    """
    for row, place in json_lines(read_text(file), str(file)):
        text_of(row, "question", place)
        evidence = texts_of(row, "evidence", place) or texts_of(row, "cited", place)
        answers = texts_of(row, "answers", place) or tuple(
            dict.fromkeys(found.written for quote in evidence for found in quantities.find(quote, language_of(quote)))
        )
        yield {**row, "evidence": list(evidence), "answers": list(answers), "draft": True}


def is_feedback(file: Path) -> bool:
    """Tells whether `yinju feedback export` wrote a file."""
    if file.suffix != ".jsonl" or not file.is_file():
        return False
    try:
        first: Mapping[str, Any] = next((row for row, _ in json_lines(read_text(file), str(file))), {})
    except QuestionSetError:
        return False
    return first.get("kind") in ("feedback", "to_check")


def _loaded(file: Path, max_file_bytes: int) -> Iterator[Document | Failure]:
    try:
        yield from sandbox.shared().load(file, max_file_bytes)
    except LoadError as error:
        yield Failure(loaders.source_of(file), str(error))


def worded(document: Document, generator: Generator) -> Iterator[Draft]:
    """Drafts questions with a language model. Only those whose answer is in the sentence are kept.

    Raises:
        GeneratorError: The language model fails.
    """
    for sentence in statements(document):
        if injection.addressed_to_model(sentence):
            continue
        language = language_of(sentence)
        reply = "".join(generator.stream([Message("user", _PROMPTS[language].format(sentence))], Event()))
        question, _, answer = reply.strip().partition("\n")
        question, answer = question.strip(), answer.strip()
        if question.endswith(("?", "？")) and answer and holds(sentence, [answer]):
            yield Draft(language, "what", question, sentence, (answer,), document.source)
