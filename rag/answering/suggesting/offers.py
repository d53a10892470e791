"""Summaries, suggested questions and references, as methods of a pipeline."""

from __future__ import annotations

from collections import OrderedDict
from threading import Event, Lock
from typing import TYPE_CHECKING, Protocol
from weakref import WeakKeyDictionary

from rag import texts
from rag.answering import suggesting, summarising
from rag.answering.drafts import Draft, Request
from rag.answering.references import Style, references
from rag.errors import DocumentNotFoundError
from rag.library.library import Library
from rag.types import Done, Language

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rag.types import Answer

_MAX_REMEMBERED = 256
_MAX_DOCUMENTS = 8


class _Remembered:
    """The questions that were suggested last, so that they are not asked again. Safe to use from several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[object, ...], list[str]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[object, ...]) -> list[str] | None:
        """Returns the questions of a key; None if there are none yet."""
        with self._lock:
            return self._known.get(key)

    def put(self, key: tuple[object, ...], questions: list[str]) -> None:
        """Keeps the questions of a key, and forgets the oldest if there are too many."""
        with self._lock:
            self._known[key] = questions
            while len(self._known) > _MAX_REMEMBERED:
                self._known.popitem(last=False)


_remembered: WeakKeyDictionary[Library, _Remembered] = WeakKeyDictionary()


class AnswersFrom(Protocol):
    """A pipeline that answers from a library."""

    @property
    def library(self) -> Library: ...

    def answer(self, question: str, history: Sequence[Answer] = (), documents: Collection[str] | None = None) -> Answer: ...


class Suggesting:
    """Gives a pipeline summaries, questions to ask, and references."""

    def summary(self: AnswersFrom, document_id: str, language: Language | None = None) -> Answer:
        """Summarises a document in its own sentences: what is known of it, and three to six points, each cited.

        Args:
            document_id: The document.
            language: The language of the first line; that of the document when None.

        Raises:
            DocumentNotFoundError: No document has this id.
        """
        document = self.library.document(document_id)
        language = language or document.language
        question = texts.SUMMARISE.in_language(language, document.title)
        response = summarising.of_document(Request(question, language, (), self.library, ()), document_id)
        *_, last = Draft(question, language, question).respond(response)
        assert isinstance(last, Done)
        return last.answer

    def references(self: AnswersFrom, answer: Answer, style: Style = "gbt7714") -> list[str]:
        """Returns a reference for each citation of an answer, in the style of GB/T 7714 ("gbt7714") or APA ("apa"), with its place."""
        return references(answer.citations, self.library.document, style)

    def suggestions(self: AnswersFrom, document_id: str = "", most: int = 4, stop: Event | None = None) -> list[str]:
        """Returns questions that a document answers well, or the library if no document is given.

        They are made from the documents' own sentences, in the language of each, and every one has been asked. This takes as long as
        some answers do; the result is remembered until the documents change.

        Args:
            document_id: A document; empty for the library.
            most: The most questions.
            stop: Once it is set, from any thread, those found so far are returned.

        Raises:
            DocumentNotFoundError: No document has this id.
        """
        library = self.library
        summaries = [each for each in library.documents() if document_id in ("", each.id)]
        if document_id and not summaries:
            raise DocumentNotFoundError(f"no document has the id {document_id}")
        key = (document_id, most, *((each.id, each.added, each.characters) for each in summaries))
        remembered = _remembered.setdefault(library, _Remembered())
        known = remembered.get(key)
        if known is not None:
            return known
        ask = suggesting.asking(lambda question, documents: self.answer(question, documents=documents), stop)
        newest = summaries[-_MAX_DOCUMENTS:][::-1]
        documents = [library.document(each.id) for each in newest]
        made = suggesting.of_document(documents[0], ask, most) if document_id else suggesting.of_library(documents, ask, most)
        found = list(made)
        if not (stop and stop.is_set()):
            remembered.put(key, found)
        return found

    def next_questions(
        self: AnswersFrom, answer: Answer, history: Sequence[Answer] = (), most: int = 3, stop: Event | None = None
    ) -> list[str]:
        """Returns questions that follow an answer: on what stands around its quotes; see `suggestions`. Empty for a refusal.

        Args:
            answer: The answer.
            history: The answers before it, whose questions are not suggested again.
            most: The most questions.
            stop: Once it is set, from any thread, those found so far are returned.
        """
        asked = {text for each in (*history, answer) for text in (each.question, each.query)}
        ask = suggesting.asking(lambda question, documents: self.answer(question, documents=documents), stop)
        return list(suggesting.after(answer, self.library.document, ask, asked, most))
