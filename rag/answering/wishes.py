"""Wishes about the answer before: shorter, longer, as a list, only the quotes, in another language, translated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from rag import texts
from rag.answering.citations import cite, marker
from rag.answering.composing import Statement
from rag.answering.composing.lists import enumeration
from rag.answering.composing.wording import SEMICOLON, beside, one_line
from rag.answering.drafts import Request, Response
from rag.text import quantities
from rag.text.language import language_of
from rag.text.sentences import sentences
from rag.types import Answer, Citation, Document, Language

Wish = Literal["shorter", "longer", "list", "quotes", "language"]

_LANGUAGE: tuple[tuple[Language, re.Pattern[str]], ...] = (
    ("en", re.compile(r"英文|英语|英译|\bEnglish\b", re.IGNORECASE)),
    ("zh", re.compile(r"中文|汉语|汉译|华文|\bChinese\b", re.IGNORECASE)),
)
_WISHES_PATTERNS: tuple[tuple[Wish, str], ...] = (
    ("language", rf"翻译|翻成|译|{_LANGUAGE[0][1].pattern}|{_LANGUAGE[1][1].pattern}|\btranslat"),
    ("quotes", r"原文|原句|原话|引文|引用|\b(?:quot(?:es?|ations?)|original|exact words|verbatim|source text)\b"),
    ("list", r"要点|列表|清单|分[点条]|[逐几三]条|条目|列[成个一出]|\b(?:bullet(?:s|ed)?|list|points)\b"),
    (
        "longer",
        r"详|具体|展开|多说|细|扩展|太短|太笼统|不够|长一?[点些]|\b(?:longer|detail(?:s|ed)?|expand|elaborate|more depth|say more|more about it|too short|not enough)\b",
    ),
    (
        "shorter",
        r"简|短|精|浓缩|太长|有点长|啰嗦|太多|一句话|说重点|说人话|\b(?:short(?:er|en)?|brief(?:er|ly)?|concise|cut|fewer|less|too long|too much|wordy|tl;?dr|one sentence|simpler|condense)\b",
    ),
)
_WISHES = [(wish, re.compile(pattern, re.IGNORECASE)) for wish, pattern in _WISHES_PATTERNS]
_MARKER = re.compile(r"\[\d+\]")
_MAX_CONTEXT = 2
# Who says something, before what is said.
_SPEAKER = re.compile(
    r"[^，。：:“”]{2,20}(?:表示|指出|介绍|强调|认为|说)[，：:]\s*|[A-Z][^,.;:“”]{2,60}? (?:reported|said|announced|noted|stated|added|explained) that "
)
_PARTS = re.compile(r"(?<=[；;])\s*|(?<=[:：])\s*(?=[^；;]*[；;])")
_LEAST_PARTS = 3
_NAME = re.compile(r"《[^《》]{2,40}》|\b[A-Z][\w&.-]*(?: (?:(?:of|the|and|for|on) )*[A-Z][\w&.-]*)+|\b[A-Z]{2,}\d*\b")
_MAX_NAMES = 8


def grant(request: Request) -> Response | None:
    """Gives the answer before in the way that is wished; None if the utterance names no wish.

    The response has the query of the answer that it acts on, so that a follow-up after it is still about that.

    Raises:
        DocumentNotFoundError: A document that the answer cites was removed.
    """
    wish = next((wish for wish, pattern in _WISHES if pattern.search(request.question)), None)
    if wish is None:
        return None
    answer = request.last_answer
    if answer is None:
        return Response.of_text(texts.NOTHING_TO_CHANGE.in_language(request.language))
    statements, notes, generator = _changed(wish, answer, request)
    kind = answer.kind if answer.citations else "reply"
    return Response(tuple(statements), kind, answer.query, answer.confidence, answer.results, generator, tuple(notes))


def _changed(wish: Wish, answer: Answer, request: Request) -> tuple[list[Statement], list[str], str]:
    """Returns the statements, notes and generator of an answer that is changed as wished."""
    if not answer.citations:
        # A refusal cannot be said at more length, or with quotes.
        return [Statement(answer.text, ())], [], ""
    if wish == "language":
        return _in_language(_wanted_language(request.question, answer), answer, request)
    if wish == "shorter":
        return _shorter(answer), [], answer.generator
    if wish == "longer":
        return list(_longer(answer, request)), [], ""
    if wish == "list":
        return list(_as_list(answer)), [], answer.generator
    return list(_quotes(answer.citations)), [], ""


def _wanted_language(question: str, answer: Answer) -> Language:
    """Returns the language that a wish names; the one that the answer is not in if it names none."""
    named = [(match.start(), code) for code, pattern in _LANGUAGE for match in [pattern.search(question)] if match]
    return max(named)[1] if named else ("en" if answer.language == "zh" else "zh")


def _lines(answer: Answer) -> list[str]:
    return [line for line in answer.text.split("\n") if line.strip()]


def _numbers(text: str) -> set[int]:
    return {int(match[1:-1]) for match in _MARKER.findall(text)}


def _renumbered(text: str, citations: Sequence[Citation]) -> list[Statement]:
    """Returns a part of an answer's text with its citations numbered from 1 on."""
    given = sorted(_numbers(text))
    places = {number: place for place, number in enumerate(given, 1)}
    kept = tuple(replace(c, number=places[c.number]) for c in citations if c.number in places)
    text = _MARKER.sub(lambda match: marker(places[int(match[0][1:-1])]), text)
    return [Statement(text, kept)]


def _shorter(answer: Answer) -> list[Statement]:
    """Returns the first line, which answers, or the first half of the points of a list."""
    lines = _lines(answer)
    points = [line for line in lines if line.startswith("- ")]
    if len(points) > 1:
        head = lines[: lines.index(points[0])]
        # The first line may be the answer; else half of the points stay.
        kept = head if any(_numbers(line) for line in head) else [*head, *points[: (len(points) + 1) // 2]]
        return _renumbered("\n".join(kept), answer.citations)
    first = lines[0]
    if len(lines) > 1 and _numbers(first):
        return _renumbered(first, answer.citations)
    # The question is about the speaker, so what is said is enough.
    if speaker := _SPEAKER.match(first):
        return _renumbered(("" if language_of(first) == "zh" else "… ") + first[speaker.end() :], answer.citations)
    spans = list(sentences(first))
    cited = next((end for _, end in spans if _numbers(first[: _after_markers(first, end)])), len(first))
    return _renumbered(first[: _after_markers(first, cited)], answer.citations)


def _after_markers(text: str, end: int) -> int:
    """Returns the end of the markers that follow a sentence."""
    following = re.match(r"(?:\[\d+\])+", text[end:])
    return end + following.end() if following else end


def _longer(answer: Answer, request: Request) -> Iterator[Statement]:
    """Yields each cited place with the sentences around it, as they stand in the document, below the first line of the answer."""
    wider: list[Citation] = []
    numbers: dict[int, int] = {}
    for citation in answer.citations:
        document = request.library.document(citation.document_id)
        around = (
            shown
            for shown in wider
            if shown.document_id == document.id and shown.start <= citation.start and citation.end <= shown.end
        )
        if (same := next(around, None)) is None:
            same = cite(document, len(wider) + 1, *_widened(document, citation), citation.support)
            wider.append(same)
        numbers[citation.number] = same.number
    lines = _lines(answer)
    bare = _MARKER.sub("", lines[0])
    # A first line in other words than the quotes answers, and stays.
    stays = len(lines) > 1 and not any(bare in citation.quote for citation in answer.citations)
    if stays:
        own = sorted({numbers[number] for number in _numbers(lines[0]) if number in numbers})
        yield Statement(bare + marker(*own), tuple(wider))
    for each in wider:
        text = beside(each.quote, language_of(each.quote), answer.language) + marker(each.number)
        yield Statement(("\n\n" if each.number > 1 or stays else "") + text, () if stays else (each,))


def _widened(document: Document, citation: Citation) -> tuple[int, int]:
    """Returns the span of a citation with up to two sentences of its paragraph before and after it."""
    begin = document.text.rfind("\n", 0, citation.start) + 1
    stop = document.text.find("\n", citation.end)
    spans = list(sentences(document.text, begin, stop if stop >= 0 else len(document.text)))
    inside = [place for place, (start, end) in enumerate(spans) if start < citation.end and citation.start < end]
    if not inside:
        return citation.start, citation.end
    first, last = max(0, inside[0] - _MAX_CONTEXT), min(len(spans) - 1, inside[-1] + _MAX_CONTEXT)
    return spans[first][0], spans[last][1]


def _as_list(answer: Answer) -> Iterator[Statement]:
    """Yields a point for each sentence of the answer, with its markers and citations."""
    given: set[int] = set()
    first = True
    for line in _lines(answer):
        # The markers after a full stop belong to the sentence before them.
        ends = list(dict.fromkeys(_after_markers(line, end) for _, end in sentences(line))) or [len(line)]
        for start, until in pairwise([0, *ends[:-1], len(line)]):
            text = line[start:until].strip().removeprefix("- ")
            if not _MARKER.sub("", text).strip():
                continue
            new = tuple(c for c in answer.citations if c.number in _numbers(text) - given)
            given |= _numbers(text)
            for number, part in enumerate(_parts(text)):
                introduces = part.endswith((":", "："))
                yield Statement(("" if first else "\n") + (part if introduces else f"- {part}"), () if number else new)
                first = False


def _parts(text: str) -> list[str]:
    """Returns the parts of a sentence between its semicolons, or else the items that it lists, each with the sentence's markers.

    A sentence with fewer than three of either is one part.
    """
    markers = re.search(r"(?:\[\d+\])*$", text)
    body, end = (text[: markers.start()], markers[0]) if markers else (text, "")
    parts = [part.strip() for part in _PARTS.split(body) if part.strip()]
    if sum(not part.endswith((":", "：")) for part in parts) < _LEAST_PARTS:
        items = enumeration(body, 0, (0, len(body)))
        if not items or not (before := body[: body.find(items[0])].strip(" ，,、：:")):
            return [text]
        colon = "：" if language_of(body) == "zh" else ":"
        return [before + colon, *(item + end for item in items)]
    return [part if part.endswith((":", "：")) else part.rstrip("；;") + end for part in parts]


def _quotes(citations: Sequence[Citation]) -> Iterator[Statement]:
    for place, citation in enumerate(citations):
        yield Statement(("\n" if place else "") + f"- “{one_line(citation.quote)}”{marker(citation.number)}", (citation,))


def _in_language(language: Language, answer: Answer, request: Request) -> tuple[list[Statement], list[str], str]:
    """Returns the answer in a language: by the language model, or the parts that can be given exactly, and the original."""
    if all(language_of(citation.quote) == language for citation in answer.citations):
        return list(_quotes(answer.citations)), [], ""
    if request.translate:
        translated = request.translate(_MARKER.sub("", answer.text).strip(), language)
        if translated:
            markers = marker(*(citation.number for citation in answer.citations))
            note = texts.MACHINE_TRANSLATED.in_language(language)
            return [Statement(translated + markers, answer.citations)], [note], request.generator
        return list(_quotes(answer.citations)), [texts.TRANSLATION_FAILED.in_language(language)], ""
    exact = list(dict.fromkeys(part for citation in answer.citations for part in _exact(citation.quote, language)))
    joined = SEMICOLON.in_language(language).join(exact[:_MAX_NAMES])
    words = texts.NOT_TRANSLATED if exact else texts.NOTHING_TRANSLATED
    head = words.in_language(language, joined) if exact else words.in_language(language)
    quotes = [Statement("\n" + statement.text.lstrip("\n"), statement.citations) for statement in _quotes(answer.citations)]
    return [Statement(head, ()), *quotes], [], ""


def _exact(quote: str, language: Language) -> Iterator[str]:
    """Yields the quantities of a quote in the words of a language, and its names as they are written."""
    own = language_of(quote)
    for quantity in quantities.find(quote, own):
        rendered = quantities.render(quantity, language)
        yield f"{quantity.written} = {rendered}" if rendered != quantity.written else rendered
    yield from (match[0] for match in _NAME.finditer(quote))
