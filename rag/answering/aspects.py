"""Compares what two documents say of one subject: 比较立场文件和白皮书对就地保护的说法, "How do the two reports differ on fees?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag import texts
from rag.answering import comparing
from rag.answering.citations import marker, quoted
from rag.answering.composing import Statement
from rag.answering.composing.wording import TITLED, framed, label, shortened
from rag.answering.summarising.points import LEAST_ACROSS
from rag.text.language import language_of
from rag.text.lines import ends_sentence
from rag.text.sentences import Span, after_lead, sentences
from rag.types import Answer, Document, Language

if TYPE_CHECKING:
    from rag.library.library import DocumentSummary, Library

_MAX_PASSAGES = 4
_MAX_SENTENCES = 40
_MOST = 2
# The share of the terms of the subject that a sentence with its headings must have, one more if it says the very words; and what a
# second sentence may lack of the best score.
_LEAST_TERMS = 0.5
_NEARLY = 0.06
_WEIGHT_OF_TERMS = 0.3

_ASKED = r"有(?:什么|何|哪些|没有)|(?:是)?怎么(?:说|讲|写|看|规定)?|如何|各?自?(?:说|讲|写)了?什么|分别"
_KIND = r"说法|内容|规定|看法|观点|态度|立场|描述|表述|论述|介绍|数据|措施|要求|不同|区别|差别|差异|异同|共同|相同|一致|一样"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:对于?|关于|在|就|针对)(?P<aspect>[^，。？?、]{{2,20}}?)(?:这?一?(?:个|方面|问题|点))?(?:上|方面|问题上|里|中)?的?(?:都|各自)?(?:{_ASKED}|{_KIND}).*$",
        r"(?:都|各自|分别|共同|均)(?:提到|提及|说到|谈到|讲到|写到|涉及)?过?了?(?:哪些|什么|怎样的)(?P<aspect>[^，。？?、]{2,16})[？?。]*$",
        r"\b(?:says?|said|writes?|states?|tells? us) (?:about|on|of|regarding) (?P<aspect>[^?.!]{2,60})[?.! ]*$",
        r"\b(?:differ|agree|disagree|compare) (?:on|about|in|regarding|over|as to) (?P<aspect>[^?.!]{2,60})[?.! ]*$",
        r"^(?:please )?compare .{4,80}? (?:on|about) (?P<aspect>[^?.!]{2,60})[?.! ]*$",
        r"(?:都|各自|分别)?(?:是怎么|怎么|如何|怎样)(?:说|讲|写|看待?|规定|描述|评价)(?:的)?(?P<aspect>[^，。？?、的]{2,16})的?[？?。]*$",
        r"\b(?:in terms of|with respect to|with regard to|regarding|concerning) (?P<aspect>[^?.!]{2,60})[?.! ]*$",
        r"^(?:which|what) (?P<aspect>[^?.!]{2,60}?) (?:do|does|did|are|is) (?=.*\b(?:both|two)\b).*(?:mention|discuss|cover|name|describe)\w*[?.! ]*$",
    )
)

_DANGLING = re.compile(
    r"[ ,]+(?:says?|said|on|about|in|regarding|over|in terms of|with respect to|with regard to)\s*[?.! ]*$", re.IGNORECASE
)


# What shows that two documents are meant: "two" and the like in the question, or a conjunction in what is left of it.
_COMPARES = re.compile(
    r"[两二2](?:个|份|篇|者|边|种)|比较|对比|(?:不同|区别|差别|差异|异同|共同点?|不一样)(?:之处|的?地方|点)?(?:吗|在哪里?|是什么)?[？?。 ]*$"
    r"|\b(?:two|both|compare|differ|agree|disagree)\b",
    re.IGNORECASE,
)
_JOINS = re.compile(r"[和与跟及、]|\band\b", re.IGNORECASE)


class Comparison(NamedTuple):
    """A question about what two documents say of one subject: the subject, and the rest of the question, which names the documents."""

    aspect: str
    rest: str


def parse(question: str) -> Comparison | None:
    """Returns the subject on which a question compares documents; None if it compares none, or names no subject."""
    question = question.strip()
    for pattern in _PATTERNS:
        if match := pattern.search(question):
            # In English, the documents may stand after the subject.
            start, end = match.span("aspect") if question.isascii() else match.span()
            rest = _DANGLING.sub("", f"{question[:start]} {question[end:]}".strip())
            if _COMPARES.search(question) or _JOINS.search(rest):
                return Comparison(match["aspect"].strip(), rest)
    return None


def find(
    question: str, history: Sequence[Answer], documents: Sequence[DocumentSummary], language: Language, library: Library
) -> tuple[Statement, ...] | None:
    """Answers a question about what two documents say of one subject.

    Args:
        question: Any question.
        history: The answers so far, for questions that name "these two".
        documents: Those that may be compared.
        language: The language of the question.
        library: Searches the documents.

    Returns:
        See `answer`; None also if the question names no two documents or no subject.

    Raises:
        DocumentNotFoundError: A document was removed since.
    """
    compared = parse(question)
    two = comparing.which_two(compared.rest, history, documents) if compared else None
    if not compared or not two:
        return None
    return answer(compared.aspect, library.document(two[0]), library.document(two[1]), language, library)


def answer(aspect: str, first: Document, second: Document, language: Language, library: Library) -> tuple[Statement, ...] | None:
    """Quotes what each of two documents says of a subject, or says that one of them does not mention it; None if neither does.

    Args:
        aspect: The subject.
        first: In either language.
        second: In either language.
        language: The language of the question.
        library: Searches the documents.
    """
    found = [_sentences_about(aspect, document, library) for document in (first, second)]
    if not any(found):
        return None
    legend, names = comparing.named_shortly((first, second), language)
    statements: list[Statement] = [Statement(legend + "\n", ())] if legend else []
    number = 0
    for document, name, spans in zip((first, second), names, found, strict=True):
        start = "\n- " if statements else "- "
        if not spans:
            title = name or TITLED.in_language(language, shortened(document.title))
            statements.append(Statement(start + texts.ASPECT_NOT_MENTIONED.in_language(language, title, aspect), ()))
            continue
        citations = []
        for place in spans:
            number += 1
            citations.append(quoted(document, number, *place, 1.0))
        quotes = (
            framed(citation.quote, document.language, language, convert=True) + marker(citation.number) for citation in citations
        )
        statements.append(Statement(start + label(name, language) + " ".join(quotes), tuple(citations)))
    return tuple(statements)


def _sentences_about(aspect: str, document: Document, library: Library) -> list[Span]:
    """Returns the sentences of a document that say most of a subject, at most two, in order; empty if none does."""
    analyzer, encoder = library.analyzer, library.encoder
    terms, folded = set(analyzer.content_terms(aspect)), analyzer.fold(aspect)
    across = document.language != language_of(aspect)
    places: list[tuple[Span, float]] = []
    for result in library.search(aspect, _MAX_PASSAGES, [document.id]):
        chunk = result.chunk
        above = set(analyzer.terms(chunk.section))
        for start, end in sentences(document.text, chunk.start, chunk.end):
            text = document.text[start:end]
            if ends_sentence(text):
                share = len(terms & (set(analyzer.terms(text)) | above)) / max(1, len(terms))
                share += folded in analyzer.fold(text)
                places.append(((after_lead(document.text, start, end), end), share))
    places = list(dict(places[:_MAX_SENTENCES]).items())
    if not across:
        places = [(span, share) for span, share in places if share >= _LEAST_TERMS]
    if not places:
        return []
    query = encoder.encode_query([aspect])[0]
    likeness = encoder.encode_document([document.text[start:end] for (start, end), _ in places]) @ query
    scores = likeness + _WEIGHT_OF_TERMS * np.array([share for _, share in places], np.float32)
    best = int(scores.argmax())
    if across and likeness[best] < LEAST_ACROSS:
        return []
    near = [
        place
        for place in np.argsort(-scores)
        if scores[place] >= scores[best] - _NEARLY and (across or places[place][1] >= places[best][1])
    ]
    return sorted(_apart([places[place][0] for place in near])[:_MOST])


def _apart(spans: Sequence[Span]) -> list[Span]:
    """Returns the spans that do not overlap an earlier one."""
    kept: list[Span] = []
    for span in spans:
        if all(span[1] <= start or end <= span[0] for start, end in kept):
            kept.append(span)
    return kept
