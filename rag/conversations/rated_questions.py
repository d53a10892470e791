"""Turns feedback on answers into questions of a question set."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rag.conversations import Feedback
    from rag.types import Answer


def questions(rated: Iterable[tuple[Answer, Feedback]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Turns feedback into questions of `rag.evaluation.questions.question_set`, and others that a person has to complete.

    A liked answer gives a question with the quotes as evidence; a right answer contains the same fact or one of the quotes. A liked
    refusal gives a question that the documents do not answer. For a disliked answer the right one is not known: its question is of
    kind "to_check", with the text and quotes of the answer, and a person has to fill in the evidence and answers before the
    evaluation can read it. Follow-ups are in their completed form. Liked answers without a search, such as greetings and
    comparisons, give no question.

    Args:
        rated: Answers with their feedback, oldest first. If a question was rated more than once, the last counts.

    Returns:
        The questions and those to be checked, each in the order of `rated`. The id of a question is the same in every export.
    """
    last: dict[str, tuple[Answer, Feedback]] = {}
    for answer, feedback in rated:
        same = _compared(answer.query)
        last.pop(same, None)
        last[same] = answer, feedback
    liked: list[dict[str, Any]] = []
    disliked: list[dict[str, Any]] = []
    for same, (answer, feedback) in last.items():
        question: dict[str, Any] = {
            "id": f"feedback-{hashlib.sha256(same.encode()).hexdigest()[:16]}",
            "lang": answer.language,
            "kind": "feedback" if feedback.liked else "to_check",
            "question": answer.query,
            "evidence": [],
            "answers": [],
            "answerable": not (feedback.liked and answer.abstained),
            "note": feedback.note,
        }
        quotes = [citation.quote for citation in answer.citations]
        if not feedback.liked:
            disliked.append(question | {"said": answer.text, "cited": quotes})
        elif answer.results and answer.abstained:
            liked.append(question)
        elif answer.results and quotes:
            liked.append(question | {"evidence": quotes, "answers": list(dict.fromkeys([*_fact(answer), *quotes]))})
    return liked, disliked


def _fact(answer: Answer) -> list[str]:
    """Returns the short answer that precedes its sentence, if the answer consists of the documents' own sentences and has one."""
    first, _, rest = answer.text.partition("\n\n")
    markers = re.search(r"(?:\[\d+\])+$", first)
    given = not answer.generator and markers and rest.partition("\n\n")[0].endswith(markers[0])
    return [first[: markers.start()]] if given and markers else []


def _compared(question: str) -> str:
    """Normalises a question, to compare it with others."""
    return " ".join(unicodedata.normalize("NFKC", question).casefold().split()).rstrip(" ?!.。")
