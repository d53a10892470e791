"""Questions to ask next: of a document, of a library, and after an answer.

They are made from the documents' own sentences, in the language of each. Every one is asked, and only those are offered whose answer
is sure and quotes the sentence that the question was made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rag.answering.suggesting.templates import Draft, by_template, spread
from rag.errors import DocumentNotFoundError

if TYPE_CHECKING:
    from threading import Event

    from rag.types import Answer, Document, Language

Ask = Callable[[str, Collection[str] | None], "Answer | None"]
"""Answers a question from the documents with these ids, or from all; None once the work is stopped."""

_SURE = 0.6
_MAX_LENGTH: dict[Language, int] = {"zh": 44, "en": 120}
# A question is tried for each that is wanted, and so many more.
_TRIES = 3
# Next questions come from so many characters before and after a quote.
_AROUND = 1500
# What a reader who has not read the sentence cannot know, and sentences that begin in the middle.
_UNCLEAR = re.compile(
    r"[这那此其他她它]|(?<!应)该|(?<![基成样日])本|上述|如下|以上|以下|同[年月日]|当[年月日时]|我[们国]|前者|后者|近?多长时间|[，,；;：:]"
    r"|^(?:但|而|并|且|也|还|又|则|即|因此|所以|同时|以及|共同|通过|随着|根据|为了?|对|将|把)"
    r"|\b(?:this|that|these|those|its?|they|their|them|he|she|his|her|we|our|here|there|above|below|following|such)\b",
    re.IGNORECASE,
)
# A year within a name, as in 2050年愿景, is no date to ask for.
_DATE_WORD = re.compile(r"哪一年|哪个月|哪一天|什么时候")
_DATE_WORD_IN_PLACE = re.compile(r"(?:^|[于在从自到至是])(?:哪一年|哪个月|哪一天|什么时候)(?![\d度初末底中])")
# After the date there has to be a subject; these words begin a predicate.
_NO_SUBJECT = re.compile(
    r"^(?:从|自|在|于)?(?:哪一年|哪个月|哪一天|什么时候)(?:起|以来|前|后)?(?:连续|在|由|对|被|将|已|共|又|还|再|先后|开始|通过|实施|制定|成立|建设|开展|提高|提出|推动|安排|发布|举行)"
)
_PASSIVE = re.compile(r"(?P<subject>.+?) (?P<be>was|were|is|are) (?P<verb>\w+) by whom(?P<rest>.*)\?")
_QUIZ = re.compile(r"(?P<subject>[^,;]{3,70}) (?P<verb>[a-z]+) (?P<asked>how (?:many|much) [^,;]+)\?")
_ENGLISH_QUESTION = re.compile(r"(?:When (?!was it)|How |By whom )")
_BASE_FORMS = {
    **{
        f"{verb}s": ("does", verb)
        for verb in "contain cover employ own protect include operate manage serve support produce cost receive".split()
    },
    **{
        verb: ("do", verb)
        for verb in "have contain cover employ own protect include operate manage serve support produce cost receive".split()
    },
    **{
        past: ("did", verb)
        for past, verb in (
            pair.split(":")
            for pair in "had:have built:build planted:plant created:create received:receive attracted:attract spent:spend invested:invest raised:raise opened:open restored:restore treated:treat trained:train sold:sell produced:produce covered:cover paid:pay".split()
        )
    },
    "has": ("does", "have"),
}
"""The auxiliary and the base form of verbs that often stand before a quantity, by the form in the sentence."""


def of_document(document: Document, ask: Ask, most: int) -> Iterator[str]:
    """Yields at most `most` questions that a document answers, spread over it."""
    yield from _answered(spread(_clear(document), most * _TRIES), ask, {document.id}, most)


def of_library(documents: Sequence[Document], ask: Ask, most: int) -> Iterator[str]:
    """Yields at most `most` questions that some documents answer, from as many of them as possible."""
    drafts = [spread(_clear(document), most) for document in documents]
    in_turn = [each[place] for place in range(most) for each in drafts if place < len(each)]
    yield from _answered(in_turn[: most * _TRIES], ask, None, most)


def after(answer: Answer, find: Callable[[str], Document], ask: Ask, asked: Collection[str], most: int) -> Iterator[str]:
    """Yields at most `most` questions on what stands around the quotes of an answer; none that is in `asked`.

    Only sentences that the answer does not quote give a question.
    """
    near: list[Draft] = []
    for document_id in dict.fromkeys(citation.document_id for citation in answer.citations):
        try:
            document = find(document_id)
        except DocumentNotFoundError:
            continue
        cited = [(each.start, each.end) for each in answer.citations if each.document_id == document_id]
        around = "\n".join(document.text[max(0, start - _AROUND) : end + _AROUND] for start, end in cited)
        near += [
            draft
            for draft in _clear(document)
            if draft.evidence in around and not any(_shares(draft.evidence, document.text[a:b]) for a, b in cited)
        ]
    new = [draft for draft in near if draft.question not in asked]
    yield from _answered(spread(new, most * _TRIES), ask, {each.document_id for each in answer.citations}, most)


def _answered(drafts: Iterable[Draft], ask: Ask, documents: Collection[str] | None, most: int) -> Iterator[str]:
    """Yields the questions that are answered well, until there are enough."""
    offered = 0
    for draft in drafts:
        if offered == most:
            return
        answer = ask(draft.question, documents)
        if answer is None:
            return
        if (
            answer.kind == "answer"
            and answer.confidence >= _SURE
            and any(_shares(draft.evidence, c.quote) for c in answer.citations)
        ):
            offered += 1
            yield draft.question


def _shares(evidence: str, quote: str) -> bool:
    """Tells whether a quote is of a sentence: one of the two may be a part of the other."""
    evidence, quote = ("".join(text.split()) for text in (evidence, quote))
    return evidence in quote or quote in evidence


def _clear(document: Document) -> list[Draft]:
    """Returns the questions on a document, in its order, that can be understood without the document and are not long."""
    found = []
    for draft in by_template(document):
        question = _in_order(draft.question) if draft.lang == "en" else draft.question
        if draft.lang == document.language and len(question) <= _MAX_LENGTH[draft.lang] and _is_clear(question, draft.lang):
            found.append(Draft(draft.lang, draft.kind, question, draft.evidence, draft.answers, draft.source))
    return found


def _is_clear(question: str, language: Language) -> bool:
    if _UNCLEAR.search(question):
        return False
    if language == "en":
        return bool(_ENGLISH_QUESTION.match(question))
    if _DATE_WORD.search(question):
        return bool(_DATE_WORD_IN_PLACE.search(question)) and not _NO_SUBJECT.search(question)
    return True


def _in_order(question: str) -> str:
    """Puts the question word first: "X was founded by whom?" becomes "By whom was X founded?"."""
    if turned := _PASSIVE.fullmatch(question):
        return f"By whom {turned['be']} {_within(turned['subject'])} {turned['verb']}{turned['rest']}?"
    if (turned := _QUIZ.fullmatch(question)) and turned["verb"] in _BASE_FORMS:
        auxiliary, verb = _BASE_FORMS[turned["verb"]]
        asked = turned["asked"][:1].upper() + turned["asked"][1:]
        return f"{asked} {auxiliary} {_within(turned['subject'])} {verb}?"
    return question


def _within(subject: str) -> str:
    """Returns a subject as it stands within a sentence."""
    return subject[:1].lower() + subject[1:] if re.match(r"(?:The|An?) ", subject) else subject


def asking(answer: Callable[[str, Collection[str] | None], Answer], stop: Event | None) -> Ask:
    """Returns a way to ask that gives up once `stop` is set."""
    return lambda question, documents: None if stop and stop.is_set() else answer(question, documents)
