"""Answers which names of a kind two documents share, as 两份文件都提到了哪些公约 asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag import texts
from rag.answering.citations import cite, marker
from rag.answering.composing import Statement
from rag.text.language import language_of
from rag.text.scripts import to_simplified
from rag.text.sentences import Span, sentences
from rag.types import Document, Language

_MAX_NAME = 16
_MAX_SHOWN = 12
_MENTION = "提到|提及|说到|谈到|涉及|写到|列出|讲到|引用"
_ASKS_ZH = re.compile(
    rf"(?:都|共同|均)(?:有)?(?:{_MENTION})过?了?(?:哪些|什么|哪几个|哪几项)(?P<kind>[\u3400-\u9fff]{{2,6}})[？?。]*$"
)
_MENTION_EN = "mention|name|cite|refer|list|contain|discuss"
_ASKS_EN = re.compile(
    r"(?:which|what) (?P<kind>[a-z]+?)s? (?:(?:do|does|did) (?=.*\b(?:both|two|and)\b).*"
    rf"\b(?:{_MENTION_EN})(?: to)?|(?:are|is|were) (?:{_MENTION_EN})e?d(?: to)? (?:in|by) (?:both|the two)\b.*)[?. ]*$",
    re.IGNORECASE,
)
_NOT_IN_A_NAME = re.compile(r"[^\u3400-\u9fffA-Za-z\d·—-]")
_LEADING = re.compile(r"^(?:[的和与及等在对向是了从由其各该这那将把被]|履行|加入|签署|批准|通过|遵守|根据|按照|执行|落实)+")
_ENGLISH_NAME = re.compile(r"\b[A-Z][\w’'-]*(?: (?:(?:of|on|for|the|and|to|in|against|with) )*[A-Z][\w’'-]*)*")


def kind_asked_for(question: str) -> str:
    """Returns the kind of the names that two documents are asked to share; empty for any other question."""
    match = _ASKS_ZH.search(to_simplified(question.strip())) or _ASKS_EN.fullmatch(question.strip())
    return match["kind"] if match else ""


def answer(kind: str, first: Document, second: Document, language: Language) -> tuple[Statement, ...] | None:
    """Lists the names of a kind that both documents contain, each with the sentence of its first mention in both.

    Args:
        kind: The noun with which a Chinese name ends, such as 公约, or that is in an English one, such as "convention".
        first: In the language of `kind`.
        second: Likewise.
        language: The language of the question.

    Returns:
        A statement for each name, or one that says that there are none; None if a document is in another language than the kind, or
        neither has a title of the kind, so that it may be no kind of names: 国际合作.
    """
    if any(document.language != language_of(kind) for document in (first, second)):
        return None
    shared = list(
        _shared_in_chinese(kind, first, second) if language_of(kind) == "zh" else _shared_in_english(kind, first, second)
    )
    if not shared and not any(_names_titled(kind, document) for document in (first, second)):
        return None
    if not shared:
        return (Statement(texts.NOTHING_SHARED.in_language(language, kind), ()),)
    statements = []
    for place, (name, *spans) in enumerate(shared[:_MAX_SHOWN]):
        citations = tuple(
            cite(document, 2 * place + number, *_sentence_at(document.text, span[0]), 1.0)
            for number, (document, span) in enumerate(zip((first, second), spans, strict=True), 1)
        )
        text = f"- {name}{marker(*(citation.number for citation in citations))}"
        statements.append(Statement(("\n" if place else "") + text, citations))
    return tuple(statements)


def _shared_in_chinese(kind: str, first: Document, second: Document) -> Iterator[tuple[str, Span, Span]]:
    """Yields the longest words that end with the kind and are in both texts, in the order of the first text."""
    one, other = to_simplified(first.text), to_simplified(second.text)
    seen: set[str] = set()
    for match in re.finditer(re.escape(kind), one):
        before = one[max(0, match.start() - _MAX_NAME) : match.start()]
        longest = _NOT_IN_A_NAME.split(before)[-1]
        name = next((longest[i:] + kind for i in range(len(longest)) if longest[i:] + kind in other), "")
        name = _LEADING.sub("", name)
        if len(name) >= len(kind) + 2 and name not in seen:
            seen.add(name)
            yield name, (match.end() - len(name), match.end()), _span(other, name)


def _shared_in_english(kind: str, first: Document, second: Document) -> Iterator[tuple[str, Span, Span]]:
    """Yields the capitalised names that contain the kind and are in both texts, in the order of the first text."""
    seen: set[str] = set()
    for match in _ENGLISH_NAME.finditer(first.text):
        name = re.sub(r"^(?:The|A|An|In|Under) ", "", match[0])
        folded = name.casefold()
        if kind.casefold() not in folded or len(name) <= len(kind) + 1 or folded in seen:
            continue
        if other := re.search(rf"\b{re.escape(name)}\b", second.text, re.IGNORECASE):
            seen.add(folded)
            yield name, match.span(), other.span()


def _names_titled(kind: str, document: Document) -> bool:
    """Returns whether a document has a title or a capitalised name of a kind."""
    if language_of(kind) == "zh":
        return re.search(rf"《[^《》]*{re.escape(kind)}》", to_simplified(document.text)) is not None
    return any(kind.casefold() in match[0].casefold().split()[1:] for match in _ENGLISH_NAME.finditer(document.text))


def _span(text: str, name: str) -> Span:
    start = text.index(name)
    return start, start + len(name)


def _sentence_at(text: str, place: int) -> Span:
    """Returns the sentence that contains a place."""
    line = text.rfind("\n", 0, place) + 1
    end = text.find("\n", place)
    spans: Sequence[Span] = list(sentences(text, line, len(text) if end < 0 else end))
    return next(span for span in spans if span[0] <= place < span[1])
