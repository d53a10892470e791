"""Answers what an abbreviation stands for, from the place that introduces it: the Gull Rock Preservation Society (GRPS), 观测站（简称QMS）."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from rag import texts
from rag.answering.citations import marker, quoted
from rag.answering.composing import Statement
from rag.answering.composing.wording import framed
from rag.text.sentences import Span, sentences
from rag.types import Document, Language, SearchResult

_CONFIDENCE = 0.95
_SHORT = r"(?P<short>[A-Z][A-Za-z\d&.-]{1,9}|[“\"《]?[\u3400-\u9fff]{2,6}?[”\"》]?)"
_ASKS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"what (?:does|do|is) (?:the (?:abbreviation|acronym|letters) )?{_SHORT} (?:stand|short) for\W*",
        rf"what is {_SHORT} (?:an abbreviation|an acronym|the abbreviation) (?:of|for)\W*",
        rf"what is the (?:full|long) (?:name|form) of (?:the )?{_SHORT}\W*",
        rf"(?:请问)?{_SHORT}(?:是|代表)(?:什么|哪个(?:单位|机构|组织|词))的?(?:简称|缩写|略称)(?:是什么)?\W*",
        rf"(?:请问)?{_SHORT}的?(?:全称|全名)(?:是什么|叫什么|为何)?\W*",
    )
)
_ENGLISH_NAME = r"(?P<name>[A-Z][\w’'-]*(?:[ -](?:(?:of|the|for|and|on|in|de|&) )*[A-Z][\w’'-]*)*)"
_HAN_NAME = r"(?P<name>[\u3400-\u9fffA-Za-z\d·]{3,40})"


def answer(
    question: str, results: Sequence[SearchResult], language: Language, document: Callable[[str], Document]
) -> tuple[tuple[Statement, ...], float] | None:
    """Answers with the name that a passage gives before an abbreviation in brackets, and the sentence below it.

    Args:
        question: In Chinese or English.
        results: The search results.
        language: The language of the question.
        document: Returns the document with an id.

    Returns:
        The answer and its confidence; None when the question asks for something else, or no passage introduces the abbreviation.
    """
    asked = next((match for pattern in _ASKS if (match := pattern.fullmatch(question.strip()))), None)
    if not asked:
        return None
    short = asked["short"].strip('“”"《》')
    for result in results:
        text = result.chunk.text
        for start, end in sentences(text):
            if name := _introduced(text[start:end], short):
                source, shift = document(result.chunk.document_id), result.chunk.start
                citation = quoted(source, 1, shift + start, shift + end, _CONFIDENCE)
                first = texts.STANDS_FOR.in_language(language, short, text[start + name[0] : start + name[1]])
                quote = framed(citation.quote, source.language, language, convert=False)
                return (Statement(f"{first}{marker(1)}\n\n{quote}{marker(1)}", (citation,)),), _CONFIDENCE
    return None


def _introduced(sentence: str, short: str) -> Span | None:
    """Returns the place of the name that a sentence gives before an abbreviation in brackets; in English, its capitals must be those."""
    bracketed = rf"\s?[（(](?:(?:以下)?(?:简称|缩写)(?:为|是)?[：:]?|英文(?:简称|缩写)(?:为)?[：:]?|hereafter |abbreviated (?:as )?)?[“\"《]?{re.escape(short)}[”\"》]?[)）]"
    for match in re.finditer(rf"{_ENGLISH_NAME}{bracketed}", sentence):
        if place := _with_initials(sentence, match.span("name"), short):
            return place
    if not (introduced := re.search(rf"{_HAN_NAME}{bracketed}", sentence)):
        return None
    begin = introduced.start("name")
    # 由松岭登山协会（…）: the name begins after the words that lead to it.
    leads = [
        begin + lead.end() for lead in re.finditer("[由向是]", introduced["name"]) if len(introduced["name"]) - lead.end() > 2
    ]
    place = max(leads, default=begin), introduced.end("name")
    return place if re.search(r"[\u3400-\u9fff]", sentence[slice(*place)]) else None


def _with_initials(sentence: str, name: Span, short: str) -> Span | None:
    """Returns the last words of a name whose initials are the letters of an abbreviation, with or without small words between them."""
    letters = [letter for letter in short.casefold() if letter.isalnum()]
    for word in reversed(list(re.finditer(r"[A-Za-z][\w’']*", sentence[: name[1]]))):
        if word.start() < name[0]:
            break
        words = re.findall(r"[A-Za-z][\w’']*", sentence[word.start() : name[1]])
        capitals = [each[0].casefold() for each in words if each[0].isupper()]
        if letters in (capitals, [each[0].casefold() for each in words]):
            return word.start(), name[1]
    return None
