"""Summaries in the documents' own sentences: of a document, of a part of one, and of several documents in a line each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag import texts
from rag.answering.citations import cite, marker
from rag.answering.composing import Statement
from rag.answering.composing.wording import BRACKETED, COLON, COMMA, TITLED, beside
from rag.answering.drafts import Request, Response
from rag.answering.naming import Part, named_documents, part_of
from rag.answering.summarising.describing import known, written_date
from rag.answering.summarising.points import Passages, Point, Section, passages_of, points_of, section_of
from rag.text.distinctions.document_kinds import ANY_DOCUMENT, SOME_DOCUMENT
from rag.text.language import language_of
from rag.text.numerals import HAN_ONES, NUMBER_WORDS, ONES, TEENS, han_number
from rag.types import Document, Language

if TYPE_CHECKING:
    from rag.library.library import DocumentSummary

_MAX_DOCUMENTS = 12
_MAX_HEADING = 40
_MAX_SEARCHED = 8
_POINTS_ZH = re.compile(rf"(?P<n>[{HAN_ONES}两十]|\d{{1,2}})(?:个|大)?(?:点|条|句话?|个?要点|方面)")
_POINTS_EN = re.compile(
    rf"\b(?P<n>\d{{1,2}}|{'|'.join([*ONES, *TEENS])})\s+(?:(?:bullet|main|key|short)\s+)*(?:points?|bullets?|sentences?|lines?|items?)\b",
    re.IGNORECASE,
)
# Words of the wish for a summary. What is left of the utterance names the document.
_WISH = re.compile(
    r"请|麻烦你?|帮我|能不能|能否|可以|给我|给出|给个|来个|写[一个份]*|做个?|一下|简[要单短]|大[致概]|快速|了解|到底|告诉我|我[想要]|看看?|通读一遍|没时间看|用|成|把"
    r"|总结|概括|归纳|摘要|概要|概述|梗概|大意|主旨|要点|重点|提要|提炼|简述|简介|介绍|说说|中心思想|核心(?:内容|观点)|主要内容|[内思][容想]"
    r"|主要|[讲说写谈](?:的|了|到|些|一)*(?:是|什么|啥|哪些)+|[讲说写谈]了?|关于什么|是什么|什么|有哪些|哪些|意思|[一二三四五六七八九十两\d]+(?:点|句话?|条)|吧|吗|呢|的|里|中"
    r"|\b(?:please|can|could|would|will|you|i|me|my|we|us|give|get|need|want|like|to|have|had|d|know|tell|show|write|make|do|just|run|through|brief|walk|break|boil|down|into"
    r"|(?:a |the )?(?:short |brief |quick )*(?:summary|overview|outline|gist|digest|synopsis|recap|abstract|highlights|takeaways|essence|version|precis)"
    r"|summari[sz]e[sd]?|sum(?: up)?|up|condense|tl;?dr|main|key|most important|points?|ideas?|messages?|findings?|in short|in a nutshell|nutshell|briefly|basically|overall|broad|strokes|general"
    r"|what(?:'s|’s)?|whats|is|are|was|does|do|did|say(?:s|ing)?|cover(?:s|ed)?|discuss(?:es)?|talks?|deals?|contains?|made|about|with|whole|thing"
    r"|\d{1,2}(?!\d)|one|two|three|four|five|six|a few|few|bullets?|bullet|sentences?|lines?|items?|of|in|on|for|from|at|and|a|an|the|this|that|it|its|should|'s)\b",
    re.IGNORECASE,
)
_MARKS = re.compile(r"[，。！？、；：,.!?;:()（）“”\"'《》]")


def summarise(request: Request) -> Response | None:
    """Summarises the documents that a request names; None if it names no document that there is.

    A document gets a line with what is known of it, then three to six of its sentences or clauses in its order, from as many of its
    sections as there are, each cited. Several documents get a line each. Sentences are chosen by their vectors: near to the rest of
    their section and document and far from those chosen already.

    Raises:
        DocumentNotFoundError: A document was removed since the request was made.
    """
    part, rest = part_of(request.question)
    subject = _subject(rest)
    named = named_documents(subject, request)
    if named is None:
        return None
    if not named.documents:
        return Response.of_text(texts.NO_DOCUMENTS.in_language(request.language))
    if len(named.documents) == 1:
        return _of_one(named.documents[0], part, request)
    if not part:
        return _of_several(named.documents, request)
    return _of_part(part, named.documents, request)


def of_document(request: Request, document_id: str) -> Response:
    """Summarises the document with an id.

    Raises:
        DocumentNotFoundError: No document has this id.
    """
    document = request.library.document(document_id)
    return _of_one(document, None, request) or Response.of_text(
        texts.NOTHING_TO_SUMMARISE.in_language(request.language, document.title)
    )


def _subject(question: str) -> str:
    """Returns the words that name the document: those that are not of the wish for a summary."""
    points = _POINTS_EN.sub(" ", _POINTS_ZH.sub(" ", question))
    # 白皮书的主要内容 names the paper, and 这份内容 any document; the 谈 of 访谈 is no word of the wish.
    parts = re.split(rf"({SOME_DOCUMENT})", _keep_documents(points), flags=re.IGNORECASE)
    kept = (part if place % 2 else _WISH.sub(" ", part) for place, part in enumerate(parts))
    return " ".join(_MARKS.sub(" ", " ".join(kept)).split())


def _keep_documents(question: str) -> str:
    """Joins a demonstrative to its noun, so that "this document" is not taken for grammar."""
    question = re.sub("规定了(?:什么|哪些(?:内容)?)", " ", question)
    return re.sub(
        rf"(?:这|那|该|本|此)(?:一?[份个篇本部项则])?(?={ANY_DOCUMENT}|{SOME_DOCUMENT})", "", question, flags=re.IGNORECASE
    )


def wanted_points(question: str) -> int:
    """Returns the number of points that a question asks for, at most 8; 0 if it does not say."""
    if match := _POINTS_ZH.search(question):
        number = match["n"].replace("两", "二")
        return min(8, int(number) if number.isdigit() else int(han_number(number) or 0))
    if match := _POINTS_EN.search(question):
        word = match["n"].casefold()
        return min(8, int(word) if word.isdigit() else NUMBER_WORDS[word])
    return 0


def _of_one(summary: DocumentSummary | Document, part: Part | None, request: Request) -> Response | None:
    library, language = request.library, request.language
    passages = passages_of(library, summary.id)
    document = passages.document
    title = document.title
    if part:
        section = section_of(part, passages, library)
        if section is None:
            headed = sum(bool(section.heading) for section in passages.sections)
            return Response.of_text(texts.NO_PART_TO_SUMMARISE.in_language(language, title, headed)) if part.number else None
        title = " · ".join(filter(None, (title, section.heading)))
        passages = passages.within(section)
    points = points_of(passages, wanted_points(request.question), library)
    if not points:
        return Response.of_text(texts.NOTHING_TO_SUMMARISE.in_language(language, document.title))
    statements = [Statement(_opening(title, document, language, whole=part is None), ())]
    statements += _cited(passages, points, language)
    return Response(tuple(statements), "answer")


def _of_part(part: Part, summaries: Sequence[DocumentSummary], request: Request) -> Response | None:
    """Summarises the part with a subject of the document that says most of it; None without a subject or such a part."""
    if not part.subject:
        return None
    found = request.library.search(part.subject, _MAX_SEARCHED, [summary.id for summary in summaries])
    counts = Counter(result.chunk.document_id for result in found)
    named = sorted((summary for summary in summaries if counts[summary.id]), key=lambda summary: -counts[summary.id])
    # A document in the other language is only like the subject, so the others come first.
    named.sort(key=lambda summary: summary.language != language_of(part.subject))
    responses = (_of_one(summary, part, request) for summary in named)
    return next((response for response in responses if response), None)


def _of_several(summaries: Sequence[DocumentSummary], request: Request) -> Response:
    library, language = request.library, request.language
    shown = summaries[:_MAX_DOCUMENTS]
    statements = [Statement(texts.SEVERAL_SUMMARISED.in_language(language, len(summaries)), ())]
    number = 0
    for summary in shown:
        passages = passages_of(library, summary.id)
        document = passages.document
        dated = COMMA.in_language(language).join(filter(None, (document.publisher, written_date(document.published, language))))
        head = "\n- " + TITLED.in_language(language, document.title) + (BRACKETED.in_language(language, dated) if dated else "")
        points = points_of(replace(passages, sections=[Section(0, len(passages.chunks))]), 1, library)
        if not points:
            statements.append(Statement(head, ()))
            continue
        number += 1
        citation = cite(document, number, points[0].start, points[0].end, 1.0)
        quote = beside(citation.quote, document.language, language)
        statements.append(Statement(head + COLON.in_language(language) + quote + marker(number), (citation,)))
    if len(shown) < len(summaries):
        statements.append(Statement("\n" + texts.MORE_DOCUMENTS.in_language(language, len(summaries) - len(shown)), ()))
    return Response(tuple(statements), "answer")


def _opening(title: str, document: Document, language: Language, whole: bool) -> str:
    """Returns the first line: the title and, for a whole document, what is known of it."""
    text = TITLED.in_language(language, title)
    if whole and (described := known(document, language)):
        text += BRACKETED.in_language(language, described)
    if document.language != language:
        text += texts.POINTS_IN_ORIGINAL.in_language(language, texts.LANGUAGES[document.language].in_language(language))
    return text + COLON.in_language(language).rstrip()


def _cited(passages: Passages, points: Sequence[Point], language: Language) -> Iterator[Statement]:
    """Yields a line for each point, with its heading before it where the line above has another one."""
    own, before = passages.document.language, ""
    for number, point in enumerate(points, 1):
        citation = cite(passages.document, number, point.start, point.end, 1.0)
        heading = passages.sections[point.section].heading
        labelled = heading not in ("", before) and len(heading) <= _MAX_HEADING and not citation.quote.startswith(heading)
        label = heading + COLON.in_language(own) if labelled else ""
        before = heading
        yield Statement(f"\n- {label}{beside(citation.quote, own, language)}{marker(number)}", (citation,))
