"""Which documents, and which section of a document, an utterance names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, get_args

from rag.answering.drafts import Request
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.distinctions import document_kinds
from rag.text.distinctions.document_kinds import ANY_DOCUMENT, SOME_DOCUMENT
from rag.text.numerals import HAN_ONES, NUMBER_WORDS, ONES, ORDINAL_WORDS, ROMAN_NUMERALS, TEENS, han_number
from rag.types import Language

if TYPE_CHECKING:
    from rag.library.library import DocumentSummary

# Which of the documents: all, or the one just spoken of.
_ALL = re.compile(
    r"所有|全部|每[份篇个一]|各[份篇个]|这些|这[几两二三四五六七八九十]+[份篇个]|资料库"
    r"|\b(?:all|each|every|everything|these|those|the (?:documents|files|texts|papers|articles|sources|library)|your (?:documents|files))\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_MAX_ALIKE = 3
# So few characters beside the kind of a document may be a word of the wish that is not known.
_FEW = 2
_MAX_TEXT = 20_000
_NUMBER_EN = rf"(?:\d{{1,2}}|{'|'.join([*ONES, *TEENS])}|[ivx]{{1,4}})"
_PART = re.compile(
    rf"第(?P<zh>[{HAN_ONES}十]{{1,3}}|\d{{1,2}})(?:个?部分|部|章|节|篇)"
    rf"|(?P<last>最后一?(?:个?部分|章|节)|结论|\b(?:last|final) (?:part|section|chapter)|\bconclusions?\b)"
    rf"|\b(?:part|section|chapter) (?:no\. ?|number )?(?P<en>{_NUMBER_EN})\b|\b(?P<nth>{'|'.join(ORDINAL_WORDS)}) (?:part|section|chapter)\b",
    re.IGNORECASE,
)
_ABOUT_PART = re.compile(
    r"(?:关于|有关|讲)(?P<zh>[^，。？?]{1,20}?)的?(?:那|这)?[一个]{0,2}(?:部分|章节?|节|段|条款)"
    r"|(?P<before>[^，。？?的]{2,20}?)(?:的?[那这][一个]{0,2}|的)(?:部分|章节?|节|段)(?=[讲说写谈]|的?主要|都|$|[？?])|[“《](?P<named>[^”》]{1,30})[”》]这?一?(?:部分|章|节)"
    r"|\b(?:part|section|chapter|paragraphs?|passage) (?:about|on|of|dealing with|that deals with|called|titled) (?:the )?(?P<en>[^?.!]{2,60}?)(?: (?:say|cover|deal with|contain)s?)?(?=[?.!]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Named:
    """The documents that an utterance names; `all_of_them` if it names no particular one."""

    documents: tuple[DocumentSummary, ...]
    all_of_them: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a document that an utterance names: by its number, from 1 and -1 for the last, or else by its subject."""

    number: int = 0
    subject: str = ""


def part_of(question: str) -> tuple[Part | None, str]:
    """Returns the part that an utterance names, or None, and the utterance without it."""
    if match := _ABOUT_PART.search(question):
        subject = next(filter(None, match.groupdict().values())).strip()
        # In "the section on money of the plan", the plan is the document.
        subject, of, document = subject.partition(" of the ")
        return Part(subject=subject), question.replace(match[0], " ") + of + document
    if not (match := _PART.search(question)):
        return None, question
    rest = question.replace(match[0], " ")
    if match["last"]:
        return Part(-1), rest
    if match["zh"]:
        return Part(int(match["zh"]) if match["zh"].isdigit() else int(han_number(match["zh"]) or 0)), rest
    if match["nth"]:
        return Part(ORDINAL_WORDS[match["nth"].casefold()]), rest
    word = match["en"].casefold()
    number = int(word) if word.isdigit() else NUMBER_WORDS.get(word) or ROMAN_NUMERALS.get(word, 0)
    return (Part(number), rest) if number else (None, question)


def known_terms(text: str, analyzer: Analyzer) -> set[str]:
    """Returns the terms of a text, with the spellings of its Chinese names."""
    return {*analyzer.terms(text), *analyzer.name_terms(text)}


def is_spelled_in(term: str, known: set[str], analyzer: Analyzer) -> bool:
    """Returns whether the spelling of a Chinese name is among the known terms, as that of 康富 in Kang Fu."""
    return any(spelled in known for spelled in analyzer.name_terms(term))


def named_documents(phrase: str, request: Request) -> Named | None:
    """Finds the documents that a phrase names.

    Args:
        phrase: What is left of an utterance without the words for what is wanted, such as "this document" or 论坛的报道.
        request: The request, with its history and documents.

    Returns:
        The document of the title, file name or publisher in the phrase; without one, the document just cited, the only one, or all.
        None if the phrase names a subject that no document has in its name, and no kind of document.
    """
    general = re.sub(rf"{ANY_DOCUMENT}|{_ALL.pattern}", " ", phrase, flags=re.IGNORECASE)
    # 报道 alone may be any document; in 康富那篇报道, the name tells which.
    terms = _telling(re.sub(SOME_DOCUMENT, " ", general, flags=re.IGNORECASE), request)
    kinds = document_kinds.find(phrase, loosely=True)
    if not terms and kinds and (of_kind := _of_kind(kinds, request)):
        return Named(of_kind)
    terms = terms or _telling(general, request)
    if not terms:
        return _unnamed(request)
    found = _by_name(terms, request)
    if not found and kinds and sum(map(len, terms)) <= _FEW:
        found = _of_kind(kinds, request)
    if found:
        return Named(found)
    if not re.search(rf"{SOME_DOCUMENT}|{ANY_DOCUMENT}", phrase, re.IGNORECASE):
        return None
    return _only(terms, request) if len(request.documents) == 1 else _by_subject(phrase, terms, request)


def _unnamed(request: Request) -> Named:
    """Returns the one document that the last answer cites, or else all."""
    cited = {citation.document_id for citation in request.last_answer.citations} if request.last_answer else set()
    of_history = tuple(document for document in request.documents if document.id in cited)
    if len(of_history) == 1 and not _ALL.search(request.question):
        return Named(of_history)
    return Named(tuple(request.documents), all_of_them=True)


def _of_kind(kinds: frozenset[int], request: Request) -> tuple[DocumentSummary, ...]:
    """Returns the documents whose title says that they are of some kinds; without any, those whose file name does."""
    for part in (lambda d: d.title, lambda d: PurePosixPath(d.source).stem):
        found = tuple(document for document in request.documents if kinds <= document_kinds.find(part(document), loosely=True))
        if found:
            return found
    return ()


def _telling(phrase: str, request: Request) -> list[str]:
    """Returns the terms of a phrase that tell one document from another."""
    return [term for term in request.library.analyzer.content_terms(phrase) if len(term) > 1 or term.isdigit()]


def _by_name(terms: Sequence[str], request: Request) -> tuple[DocumentSummary, ...]:
    """Returns the document whose title, file name, publisher or year contains most of the terms, or up to three that do so alike.

    A Chinese name is also found in its spelling, as 康富 in Kang Fu.
    """
    analyzer = request.library.analyzer
    names = [_name(document) for document in request.documents]
    known = [known_terms(name, analyzer) for name in names]
    matches = [[term in name or is_spelled_in(term, name, analyzer) for name in known] for term in terms]
    # A term that is in every name tells nothing.
    telling = [place for place, found in enumerate(matches) if not all(found)] or list(range(len(terms)))
    scores = [sum(len(terms[place]) for place in telling if matches[place][number]) for number in range(len(names))]
    best = max(scores, default=0)
    if not best or 2 * best < sum(len(terms[place]) for place in telling):
        return ()
    found = tuple(document for document, score in zip(request.documents, scores, strict=True) if score == best)
    return found if len(found) <= _MAX_ALIKE else ()


def _name(document: DocumentSummary) -> str:
    """Returns the title, the file name and the publisher of a document, and its date unless the title or file name has a year."""
    name = " ".join((document.title, PurePosixPath(document.source).stem))
    dates = quantities.find(document.published, "en") if document.published and not _YEAR.search(name) else []
    written = (quantities.render(date, language) for date in dates for language in get_args(Language))
    return " ".join((name, document.publisher, *written))


def _only(terms: Sequence[str], request: Request) -> Named | None:
    """Returns the only document if it contains most of the terms."""
    (document,) = request.documents
    text = set(request.library.analyzer.terms(request.library.document(document.id).text[:_MAX_TEXT]))
    return Named((document,)) if 2 * sum(term in text for term in terms) >= len(terms) else None


def _by_subject(phrase: str, terms: Sequence[str], request: Request) -> Named | None:
    """Returns the document of the passage nearest to a phrase if half of the nearest ones are from it; else None."""
    results = request.library.search(phrase, 6, [document.id for document in request.documents])
    if not results:
        return None
    ids = [result.chunk.document_id for result in results]
    first = ids[0]
    if 2 * ids.count(first) < len(ids):
        return None
    contained = set(request.library.analyzer.terms(" ".join(r.chunk.text for r in results if r.chunk.document_id == first)))
    if 2 * sum(term in contained for term in terms) < len(terms):
        return None
    return Named(tuple(document for document in request.documents if document.id == first))
