"""Answers questions about a numbered part of a document, such as an article of a law: its text as it stands, or what punishes a breach of it.

The numbers are those that the document writes at the beginning of its lines: 第三条, Article 3, Section 2.3, § 5, or a bare 2.3.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath

from rag import texts
from rag.answering.citations import cite, marker
from rag.answering.composing import Statement
from rag.answering.composing.wording import framed
from rag.text.analysis import Analyzer
from rag.text.numerals import HAN_NUMERALS, han_number
from rag.text.questions import HAN_ASKING
from rag.text.scripts import to_simplified
from rag.text.sentences import Span, sentences
from rag.types import Document, Language, SearchResult

_CONFIDENCE = 0.95
_MAX_DOCUMENTS = 8
_MAX_SHOWN = 3
_MAX_LINES = 12
_MAX_NAME = 40

# The kinds of parts, from the widest to the narrowest, as they are written in Chinese and in English.
_HAN_KINDS = {"编": "part", "篇": "part", "部分": "part", "章": "chapter", "节": "section", "条": "article", "步": "step"}
_ENGLISH_KINDS = {
    "part": "part", "chapter": "chapter", "section": "section", "sec.": "section", "§": "section", "article": "article",
    "art.": "article", "clause": "clause", "rule": "rule", "regulation": "rule", "paragraph": "paragraph", "para.": "paragraph",
    "step": "step",
}  # fmt: skip
_ORDER = ("part", "chapter", "section", "article", "clause", "rule", "paragraph", "step")
# "Section 2.3", "clause 5" and "step 2" may be headed by their bare numbers.
_MAY_BE_BARE = frozenset(("section", "clause", "rule", "paragraph", "step"))

_NUMBER = rf"(?:\d{{1,4}}(?:\.\d{{1,3}}){{0,4}}|[{HAN_NUMERALS}]{{1,7}})"
_HAN_PART = rf"第\s?{_NUMBER}\s?(?:{'|'.join(_HAN_KINDS)})(?:之[{HAN_NUMERALS}])?"
_ENGLISH_KIND = r"(?:part|chapter|section|sec\.|§|article|art\.|clause|rule|regulation|paragraph|para\.|step)"
_ENGLISH_PART = rf"(?:\b|(?=§)){_ENGLISH_KIND}\s?\d{{1,4}}(?:\.\d{{1,3}}){{0,4}}(?![\d%])"
_PART = re.compile(rf"(?P<part>{_HAN_PART}|{_ENGLISH_PART})", re.IGNORECASE)
_LABEL = re.compile(rf"第\s?(?P<han>{_NUMBER})\s?(?P<kind>{'|'.join(_HAN_KINDS)})(?P<inserted>之[{HAN_NUMERALS}])?")
_ENGLISH_LABEL = re.compile(rf"(?P<kind>{_ENGLISH_KIND})\s?(?P<number>[\d.]*\d)", re.IGNORECASE)
# 第三条至第五条, Articles 3 to 5 and 第三条、第四条
_MENTIONS = re.compile(
    rf"第(?P<from>{_NUMBER})条?(?:至|到|[-—~～])第?(?P<to>{_NUMBER})条|第(?P<only>{_NUMBER})条"
    r"|\b(?P<kind>article|section|clause|rule|regulation|paragraph)s?\s(?P<english>\d[\d.]*(?:(?:\s?(?:to|[-–,])\s?|,?\s(?:and|or)\s)\d[\d.]*)*)",
    re.IGNORECASE,
)
_LINE_START = re.compile(
    rf"^(?P<marks>[#>*\s]{{0,12}})(?:(?P<part>{_HAN_PART}|{_ENGLISH_PART})|(?P<bare>\d{{1,3}}(?:\.\d{{1,3}}){{0,4}})[.、．)]?(?=[ \t\u3000]))",
    re.MULTILINE | re.IGNORECASE,
)

_HEADING = re.compile(r"^#{1,6}\s+(.+)$", re.MULTILINE)

_ASKS_ZH = (
    r"(?:的|中|里)?(?:具体|主要)?(?:规定|内容|条文|原文|全文)?"
    r"(?:是(?:什么|啥|怎样的)|(?:都|具体|主要)?(?:规定|讲|说|写|包括|要求)[了的]?(?:是)?(?:什么|啥|哪些)(?:内容|事项)?"
    r"|有(?:什么|哪些)(?:内容|规定)|(?:是)?(?:怎么|怎样|如何)(?:说|写|规定)的?|全文|原文|内容)?"
)
_CONTENT_ZH = re.compile(
    rf"(?:请问|请|麻烦)?(?:告诉我|给我看|列出|显示|引用|看看|查一下)?(?:一下)?(?P<name>[^，。？?第]{{0,{_MAX_NAME}}}?)(?:的|中|里)?{_PART.pattern}{_ASKS_ZH}[吗呢？?。\s]*"
)
_OF_NAME = rf"(?:\s(?:of|in|from)\s(?P<name>[^?]{{1,{_MAX_NAME * 2}}}?))?"
_CONTENT_EN = re.compile(
    rf"(?:please\s)?(?:(?:what (?:does|do)|what(?: is|'s|’s) (?:in|written in)?|what(?: are)? the (?:contents?|text|wording) of|what is the (?:contents?|text|wording) of"
    rf"|(?:show|give|tell|quote|read)(?: me)?(?: the (?:text|contents?|wording) of)?|(?:the )?(?:text|contents?|wording) of)\s?)?(?:the )?{_PART.pattern}{_OF_NAME}"
    r"(?:\s(?:say|state|provide|require|cover|contain|regulate|mean|set out|deal with|about|stipulate))*(?:\sabout)?[?.!\s]*",
    re.IGNORECASE,
)
_BREACH = re.compile(
    r"违反|触犯|不遵守|违背|\b(?:breach|violat|contraven|infring|fail(?:s|ing|ure)? to comply|not compl|break|offence under|offense under)\w*",
    re.IGNORECASE,
)
_PUNISHES = re.compile(
    r"处罚|罚款|罚多少|罚则|后果|责任|怎么罚|如何罚|怎么办|怎么处理|如何处理|会怎|被罚"
    r"|\b(?:penalt|fine[ds]?\b|punish|consequence|sanction|liab|what happens)\w*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """The text of a numbered part, or the statement that a document has no such part, which is no answer."""

    statements: tuple[Statement, ...]
    confidence: float
    is_answer: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    """A numbered part of a document, from the number at its beginning to the next part that is not within it."""

    kind: str
    number: str
    start: int
    end: int


def answer(
    question: str, results: Sequence[SearchResult], language: Language, document: Callable[[str], Document], analyzer: Analyzer
) -> PartAnswer | None:
    """Answers with the text of the part that the question names, or with what punishes a breach of it.

    Parts of several documents are each shown under the document's title, unless the question names one of the documents.

    Args:
        question: In Chinese or English.
        results: The search results; their documents are looked through.
        language: The language of the question.
        document: Returns the document with an id.
        analyzer: Makes the search terms.

    Returns:
        The answer; None when the question asks for something else, or no document has numbered parts of this kind.
    """
    question = to_simplified(question.strip())
    named = _PART.search(question)
    if not named:
        return None
    kind, number = _identity(named["part"])
    is_breach = bool(_BREACH.search(question) and _PUNISHES.search(question))
    content = None if is_breach else (_CONTENT_EN if question.isascii() else _CONTENT_ZH).fullmatch(question)
    name = (content["name"] or "") if content else ""
    if not (content or is_breach) or re.search(HAN_ASKING, name):
        return None
    identifiers = list(dict.fromkeys(result.chunk.document_id for result in results))[:_MAX_DOCUMENTS]
    found = [(source, own) for source in map(document, identifiers) if (own := _parts(source.text, kind))]
    found = _of_named_documents(name, found, analyzer, with_headings=kind == "step")
    if is_breach:
        shown = [(source, place) for source, own in found if (place := _punishing(source.text, own, number))]
    else:
        shown = [
            (source, (part.start, part.end))
            for source, own in found
            for part in _below_named_heading(source, [part for part in own if part.number == number], name, analyzer)
        ][:_MAX_SHOWN]
    if shown:
        return PartAnswer(tuple(_statements(shown, language)), _CONFIDENCE)
    if is_breach or kind == "step" or len(found) != 1 or len(found[0][1]) < 2:
        return None
    source, own = found[0]
    if any(_identity(match["part"]) == (kind, number) for match in _PART.finditer(to_simplified(source.text))):
        return None  # it may be there, within a line
    labels = [source.text[part.start : part.end] for part in (own[0], own[-1])]
    first, last = (match["part"] if (match := _PART.match(label)) else label.split()[0] for label in labels)
    text = texts.NO_SUCH_PART.in_language(language, source.title, named["part"], first, last)
    return PartAnswer((Statement(text, ()),), 1 - _CONFIDENCE, is_answer=False)


def _below_named_heading(source: Document, parts: Sequence[_Part], name: str, analyzer: Analyzer) -> Sequence[_Part]:
    """Returns those of several parts with the same number whose heading has most of the words that the question names.

    A numbered list may be anything, so a step must share one of these words with its heading or the title.
    """
    terms = set(analyzer.content_terms(name))
    titled = terms & set(analyzer.terms(f"{source.title} {PurePath(source.source).stem}"))
    shares = []
    for part in parts:
        above = [match[1] for match in _HEADING.finditer(source.text, 0, part.start)]
        shares.append(len(terms & set(analyzer.terms(above[-1]))) if above else 0)
    best = max(shares, default=0)
    if terms and not best and not titled and any(part.kind == "step" for part in parts):
        return []
    return [part for part, share in zip(parts, shares, strict=True) if share == best]


def _identity(label: str) -> tuple[str, str]:
    """Returns the kind and the number of a part from its label: 第十二条 and "Article 12" are the same."""
    if match := _LABEL.match(label):
        return _HAN_KINDS[match["kind"]], (han_number(match["han"]) or match["han"]) + (match["inserted"] or "")
    match = _ENGLISH_LABEL.match(label)
    assert match
    return _ENGLISH_KINDS[match["kind"].casefold()], match["number"]


def _parts(text: str, kind: str) -> list[_Part]:
    """Returns the parts of a kind in a text, in order; those with bare numbers if no others exist and the kind may have them."""
    text = to_simplified(text)
    starts = [
        (match.start("part"), match["marks"].count("#"), *_identity(match["part"]))
        for match in _LINE_START.finditer(text)
        if match["part"]
    ]
    if not any(own == kind for *_, own, _ in starts):
        if kind not in _MAY_BE_BARE:
            return []
        bare = [match for match in _LINE_START.finditer(text) if match["bare"]]
        starts = [(match.start("bare"), match["marks"].count("#"), kind, match["bare"]) for match in bare]
    headings = [match.start() for match in re.finditer(r"^#{1,6}\s", text, re.MULTILINE)]
    parts = []
    for place, (start, marks, own, number) in enumerate(starts):
        if own == kind:
            ends = (other for other, _, theirs, later in starts[place + 1 :] if not _is_within(theirs, later, own, number))
            of_headings = (at for at in headings if at > start and (not marks or len(_marks(text, at)) <= marks))
            end = min(chain(ends, of_headings), default=len(text))
            parts.append(_Part(own, number, start, start + len(text[start:end].rstrip(" \t\n#>*"))))
    return parts


def _is_within(kind: str, number: str, whole: str, of: str) -> bool:
    """Returns whether a part is within another that began before it: it is of a narrower kind, or 2.3.1 in 2.3."""
    return number.startswith(f"{of}.") if kind == whole else _ORDER.index(kind) > _ORDER.index(whole)


def _marks(text: str, at: int) -> str:
    match = re.compile("#*").match(text, at)
    return match[0] if match else ""


def _of_named_documents(
    name: str, found: list[tuple[Document, list[_Part]]], analyzer: Analyzer, *, with_headings: bool
) -> list[tuple[Document, list[_Part]]]:
    """Returns the documents whose titles, or headings, have most of the words by which the question names one; all if it names none."""
    terms = set(analyzer.content_terms(name))
    shares = []
    for source, _ in found:
        headings = " ".join(_HEADING.findall(source.text)) if with_headings else ""
        shares.append(len(terms & set(analyzer.terms(f"{source.title} {PurePath(source.source).stem} {headings}"))))
    best = max(shares, default=0)
    return [each for each, share in zip(found, shares, strict=True) if share == best and (best or not terms)]


def _punishing(text: str, parts: Sequence[_Part], number: str) -> Span | None:
    """Returns the part, or else the sentence, that says what follows from a breach of the part with this number."""
    folded = to_simplified(text)
    for start, end in sentences(folded):
        sentence = folded[start:end]
        if _BREACH.search(sentence) and number in _mentioned(sentence, parts[0].kind):
            around = next((part for part in parts if part.start <= start < part.end), None)
            if around is None:
                return start, end
            if around.number != number:
                return (around.start, around.end) if len(folded[around.start : around.end].splitlines()) == 1 else (start, end)
    return None


def _mentioned(sentence: str, kind: str) -> set[str]:
    """Returns the numbers of the parts of a kind that a sentence mentions, with all between the ends of a range."""
    numbers: set[str] = set()
    for match in _MENTIONS.finditer(sentence):
        if (_ENGLISH_KINDS[match["kind"].casefold()] if match["kind"] else "article") != kind:
            continue
        if match["from"]:
            numbers |= _between(han_number(match["from"]) or match["from"], han_number(match["to"]) or match["to"])
        elif match["only"]:
            numbers.add(han_number(match["only"]) or match["only"])
        else:
            listed = match["english"].rstrip(".")
            numbers |= {number.rstrip(".") for number in re.findall(r"\d[\d.]*", listed)}
            for first, last in re.findall(r"(\d+)\s?(?:to|[-–])\s?(\d+)", listed):
                numbers |= _between(first, last)
    return numbers


def _between(first: str, last: str) -> set[str]:
    if not (first.isdigit() and last.isdigit() and int(first) <= int(last) < int(first) + 1000):
        return {first, last}
    return {str(number) for number in range(int(first), int(last) + 1)}


def _statements(shown: Sequence[tuple[Document, Span]], language: Language) -> Iterator[Statement]:
    """Quotes the lines of each part, each with its own citation, below the document's title if there are several."""
    number = 0
    for place, (source, (start, end)) in enumerate(shown):
        lines = [match.span() for match in re.finditer(r"[^\s#>*](?:[^\n]*\S)?", source.text[start:end])]
        several = len(shown) > 1
        citations, written = [], []
        for begin, stop in lines[:_MAX_LINES]:
            number += 1
            citation = cite(source, number, start + begin, start + stop, _CONFIDENCE)
            citations.append(citation)
            written.append(framed(citation.quote, source.language, language, convert=True) + marker(number))
        if len(lines) > _MAX_LINES:
            written.append(texts.PART_GOES_ON.in_language(language))
        title = f"{source.title}\n" if several else ""
        yield Statement(("\n\n" if place else "") + title + "\n".join(written), tuple(citations))
