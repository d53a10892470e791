"""Comparing two documents: their differing sentences on the same matter, side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from rag.answering.citations import marker, quoted
from rag.answering.composing import Statement
from rag.answering.composing.wording import COLON, framed, label, names_apart, shortened
from rag.answering.direct import two_things
from rag.answering.drafts import last_answer
from rag.documents.file_names import units
from rag.text import quantities
from rag.text.distinctions import document_kinds
from rag.text.lines import ends_sentence
from rag.text.sentences import Span, sentences
from rag.texts import NO_DIFFERENCE
from rag.types import Answer, Document, Language

if TYPE_CHECKING:
    from embeddings.encoder import Encoder
    from rag.library.library import DocumentSummary

_MAX_READ = 300
# Cosines. In the two Chinese seed documents that overlap, 8 of 10 pairs above the first are about the same matter, and 0 of 6 below
# it. Sentences above the second with the same numbers say the same.
_SAME_MATTER = 0.8
_SAME_TEXT = 0.95
_QUOTED = re.compile(r"[《“\"]([^《》“”\"]{2,})[》”\"]")

_MIN_NAMED = 0.5
# The words around the names of two documents, and between them.
_AROUND = re.compile(
    r"^(?:请问?|麻烦)?(?:帮我)?(?:比较|对比)?(?:一下)?|(?:之间|两者|相比)?(?:都|各自)?的?(?:有(?:什么|何|哪些)|有没有)?(?:主要)?(?:不同|区别|差别|差异|异同|变化|出入|不一样|共同)"
    r"(?:点|之处|的?地方)?(?:吗|在哪里?|是什么)?[？?。]*$|(?:都|共同|均)有?(?:提到|提及|说到|谈到|涉及|写到).*$|\b(?:both )?mention.*$|^(?:which|what) [a-z]+ (?:do|are) (?:mentioned in )?(?:both )?|^(?:please )?(?:compare|contrast|what(?:['’]s| is| are)? (?:the )?(?:main )?differences? between"
    r"|what(?: has|['’]s)? changed between|how (?:do|does|did|is|are)) |\b(?:differ(?:ent)?(?: from each other)?|compare)[?.]*$",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"[和与跟同及、]|对比|\b(?:and|with|to|from|versus|vs\.?|compared (?:with|to)|different from|differ from)\b", re.IGNORECASE
)
_DOCUMENTS = r"文件|文档|报告|文章|资料|材料|documents?|files?|papers?|reports?|articles?|texts?|sources?"
_THESE_TWO = re.compile(
    rf"[两二2](?:个|份|篇|者|边|种说法)|[它他]们|这些|彼此|{_DOCUMENTS}|\b(?:two|both|them|these|those|each other)\b",
    re.IGNORECASE,
)
_TWO_OF_KIND = re.compile(
    r"[两二2](?:个|份|篇|场|次|届|种|部|家|座)(?!文件|文档|资料)(?P<zh>[\u3400-\u9fff]{2,6}?)(?=有|的|之间|都|哪|谁|[，,？?。]|$)"
    rf"|\b(?:the )?(?:two|both)(?: the)? (?!(?:{_DOCUMENTS})\b)(?P<en>[a-z]{{3,}}s)\b",
    re.IGNORECASE,
)
_TWO_IN_A_LANGUAGE = re.compile(
    rf"[两二2][个份篇](?:(?P<chinese>中文)|英文|英语)的?(?:{_DOCUMENTS})|\b(?:the )?(?:two|both)(?: the)? (?:(?P<chinese_en>Chinese)|English) (?:{_DOCUMENTS})\b",
    re.IGNORECASE,
)
# Events that documents are about, and the words of both languages for them.
_EVENTS = (("论坛", "forum"), ("会议", "meeting"))

_MAX_LABEL = 12
_LETTERS: dict[Language, tuple[str, str]] = {"zh": ("甲", "乙"), "en": ("A", "B")}


def compare(first: Document, second: Document, encoder: Encoder, most: int = 5) -> list[tuple[Span, Span]]:
    """Finds places in two documents that are about the same matter and say different things.

    Pairs sentences that are each other's nearest, and leaves out those that say the same. Pairs with different numbers or dates
    come first, then those where only one sentence has any, then those that differ in words; among each, the most similar first.

    Args:
        first: Its first 300 sentences are read.
        second: Its first 300 sentences are read.
        encoder: Encodes the sentences; their cosine is their similarity.
        most: The largest number of pairs.
    """
    spans = [_sentences(document) for document in (first, second)]
    if not all(spans):
        return []
    one, other = (
        encoder.encode_document([document.text[start:end] for start, end in places])
        for document, places in zip((first, second), spans, strict=True)
    )
    alike = one @ other.T
    there, back = alike.argmax(axis=1), alike.argmax(axis=0)
    found = []
    for row in np.flatnonzero(back[there] == np.arange(len(one))):
        likeness = float(alike[row, there[row]])
        mine, theirs = spans[0][row], spans[1][there[row]]
        values = [_values(first, mine), _values(second, theirs)]
        same = values[0] == values[1]
        if likeness >= _SAME_MATTER and not (same and likeness >= _SAME_TEXT):
            found.append(((same, not all(values), -likeness), mine, theirs))
    return [(mine, theirs) for _, mine, theirs in sorted(found)[:most]]


def side_by_side(
    first: Document, second: Document, pairs: Sequence[tuple[Span, Span]], language: Language
) -> Iterator[Statement]:
    """Quotes pairs of sentences of two documents on the same matter, or states in one sentence that there are no pairs."""
    if not pairs:
        yield Statement(NO_DIFFERENCE.in_language(language, shortened(first.title), shortened(second.title)), ())
    legend, names = named_shortly((first, second), language)
    if pairs and legend:
        yield Statement(legend + "\n", ())
    names = [label(name, language) for name in names]
    for number, spans in enumerate(pairs):
        citations = [
            quoted(document, 2 * number + place, start, end, 1.0)
            for place, (document, (start, end)) in enumerate(zip((first, second), spans, strict=True), 1)
        ]
        lines = [
            name + framed(citation.quote, document.language, language, convert=True) + marker(citation.number)
            for name, document, citation in zip(names, (first, second), citations, strict=True)
        ]
        yield Statement(("\n" if number else "") + "- " + "\n  ".join(lines), tuple(citations))


def named_shortly(documents: Sequence[Document], language: Language) -> tuple[str, list[str]]:
    """Returns names that tell two documents apart: letters for long ones, with a legend before them, which else is empty."""
    names = names_apart(documents)
    if max(map(len, names)) <= _MAX_LABEL:
        return "", names
    legend = (f"{letter}{COLON.in_language(language)}{name}" for letter, name in zip(_LETTERS[language], names, strict=True))
    return "\n".join(legend), list(_LETTERS[language])


def which_two(question: str, history: Sequence[Answer], documents: Sequence[DocumentSummary]) -> tuple[str, str] | None:
    """Finds the two documents that a question means.

    These are the two that the question names, in its order: by quoted parts of their titles, by whole titles, by words of their
    titles or file names, or as "the two forums". A question that only says "these two" means those that the last answer cites, else
    those of a library of two.

    Returns:
        Their ids; None when it cannot be told which documents are meant, or the question compares things within documents.
    """
    quoted_names = [name.casefold() for name in _QUOTED.findall(question)]
    if quoted_names:
        return _pair(_with_quoted_titles(quoted_names, documents))
    if whole := _pair(_with_titles_in(question, documents)):
        return whole
    things = two_things.parse(question)
    if things and things.aspect and not any(units(things.aspect) <= units(_name_of(document)) for document in documents):
        return None
    ways = (_of_language, _with_words_in_names, _of_one_kind)
    if named := next(filter(None, (_pair(way(question, documents)) for way in ways)), None):
        return named
    if not _THESE_TWO.search(question):
        return None
    known = [document.id for document in documents]
    last = last_answer(history)
    cited = list(dict.fromkeys(c.document_id for c in last.citations if c.document_id in known)) if last else []
    return _pair(cited) or _pair(known)


def _pair(identifiers: Sequence[str]) -> tuple[str, str] | None:
    return (identifiers[0], identifiers[1]) if len(identifiers) == 2 else None


def _with_quoted_titles(names: Sequence[str], documents: Sequence[DocumentSummary]) -> list[str]:
    """Returns the document of each quoted name; empty if a name fits none or several, or two names fit the same."""
    matching = [[document.id for document in documents if name in document.title.casefold()] for name in names]
    named = list(dict.fromkeys(ids[0] for ids in matching if len(ids) == 1))
    return named if len(named) == len(names) else []


def _with_titles_in(question: str, documents: Sequence[DocumentSummary]) -> list[str]:
    """Returns the documents whose whole titles are in the question, in its order."""
    found = ((question.casefold().find(document.title.casefold()), document.id) for document in documents if document.title)
    return [identifier for at, identifier in sorted(found, key=lambda place: place[0]) if at >= 0]


def _with_words_in_names(question: str, documents: Sequence[DocumentSummary]) -> list[str]:
    """Returns the document that each half of a question names by words of its title or file name; empty if that is not clear."""
    halves = _BETWEEN.split(_AROUND.sub("", question).strip(" ？?。.！!"), maxsplit=1)
    if len(halves) < 2:
        return []
    found = []
    for half in halves:
        own = _words(_translated(half))
        # Between two documents of a kind, the one that has the word itself, not its counterpart in the other language, or else the one
        # that has it in its title, not only in the name of its file.
        shares = {
            document.id: (
                len(own & _words(_name_of(document))) / max(1, len(own)),
                len(units(half) & units(document.title)),
                len(own & _words(_translated(document.title))),
            )
            for document in documents
        }
        best = [identifier for identifier, share in shares.items() if share == max(shares.values()) and share[0] >= _MIN_NAMED]
        found += best if len(best) == 1 else []
    return found if len(set(found)) == 2 else []


def _of_one_kind(question: str, documents: Sequence[DocumentSummary]) -> list[str]:
    """Returns the documents that "the two forums" means: those with the noun in their titles or file names."""
    if not (match := _TWO_OF_KIND.search(question)):
        return []
    noun = match["zh"] or match["en"]
    wanted = units(_translated(re.sub(r"(?<=\w{3})s$", "", noun)))
    return [document.id for document in documents if wanted and wanted <= units(_name_of(document))]


def _of_language(question: str, documents: Sequence[DocumentSummary]) -> list[str]:
    """Returns the documents that "the two Chinese documents" means."""
    match = _TWO_IN_A_LANGUAGE.search(question)
    if not match:
        return []
    wanted = "zh" if match["chinese"] or match["chinese_en"] else "en"
    return [document.id for document in documents if document.language == wanted]


def _words(name: str) -> set[str]:
    return units(name) | set(re.findall(r"\d{4}", name))


def _name_of(document: DocumentSummary) -> str:
    """Returns the title and the file name of a document, each plural also without its "s"."""
    name = f"{document.title} {PurePath(document.source).stem}".replace("-", " ").replace("_", " ")
    return f"{_translated(name)} {re.sub(r'(?<=[a-z]{3})s(?![a-z])', '', name)}"


def _translated(name: str) -> str:
    """Returns a name followed by the words of the other language for the kinds of documents and the events in it."""
    folded = name.casefold()
    events = [other for pair in _EVENTS for word, other in (pair, pair[::-1]) if word in folded]
    return " ".join((name, *document_kinds.translations(folded), *events))


def _sentences(document: Document) -> list[Span]:
    """Returns the first sentences of a document, without headings."""
    return [span for span in sentences(document.text) if ends_sentence(document.text[span[0] : span[1]])][:_MAX_READ]


def _values(document: Document, span: Span) -> set[object]:
    """Returns the numbers and dates in a sentence."""
    return {quantity.value for quantity in quantities.find(document.text[span[0] : span[1]], document.language)}
