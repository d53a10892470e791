"""The one table from each intent to the way it is answered.

A new kind of utterance gets a line in `ROUTES`. A route returns None if it finds nothing to act on; the question then goes to the
documents, as every question without an intent does (`rag.pipeline`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from rag.answering import aspects, comparing, library_questions, summarising, wishes
from rag.answering.drafts import Request, Response
from rag.answering.intents import Intent, Understanding
from rag.answering.intents.replies import reply
from rag.errors import DocumentNotFoundError

Route = Callable[[Request], Response | None]


def _said(intent: Intent) -> Route:
    """Returns the route of an intent that always gets the same reply."""
    return lambda request: Response.of_text(reply(intent, request.language))


def _compare_aspect(request: Request) -> Response | None:
    """Shows what two documents say of the subject that a request names; None if it names no two documents or no subject."""
    statements = aspects.find(request.question, request.history, request.documents, request.language, request.library)
    return Response(statements, "answer") if statements else None


def _summarise(request: Request) -> Response | None:
    """Summarises; what two documents say of one subject is a comparison."""
    return _compare_aspect(request) or summarising.summarise(request)


def _compare(request: Request) -> Response | None:
    """Shows what two documents say of a subject, or their differing sentences, side by side."""
    if response := _compare_aspect(request):
        return response
    two = comparing.which_two(request.question, request.history, request.documents)
    if two is None:
        return None
    first, second = map(request.library.document, two)
    pairs = comparing.compare(first, second, request.library.encoder)
    statements = tuple(comparing.side_by_side(first, second, pairs, request.language))
    return Response(statements, "answer" if pairs else "reply")


ROUTES: Mapping[Intent, Route] = {
    "greeting": _said("greeting"),
    "thanks": _said("thanks"),
    "farewell": _said("farewell"),
    "abilities": _said("abilities"),
    "library": library_questions.answer,
    "summary": _summarise,
    "comparison": _compare,
    "wish": wishes.grant,
}


def respond(understanding: Understanding, request: Request) -> Response | None:
    """Answers a request by the route of its intent; None if the documents are to be searched."""
    intent = understanding.intent
    if intent is None:
        return None
    try:
        response = ROUTES[intent](replace(request, question=understanding.question))
    except DocumentNotFoundError:
        return None
    if response is None and intent == "comparison" and understanding.by_rule:
        return Response.of_text(reply("comparison", request.language))
    return response
