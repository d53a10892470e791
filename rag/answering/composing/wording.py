"""The words around quotes: refusals, labels, and how a quote in the other language is introduced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from rag.documents import naming
from rag.text import quantities
from rag.text.language import language_of
from rag.text.names import NameFinder
from rag.text.sentences import Span
from rag.texts import NO_DOCUMENTS, NO_MORE, NONE_CHOSEN, NOT_CALCULATED, NOT_MENTIONED, NOT_SAID, ORIGINAL, Words
from rag.types import Document, Language

NoAnswer = Literal["not said", "none chosen", "no documents", "no more", "not calculated"]
"""Why there is no answer: the documents searched do not say, no document was chosen, the library is empty, all was cited before, or a
table would have to be worked out in a way that is not certain."""

_LARGE_NUMBER = 10_000
_MAX_CONVERTED = 3
_MAX_TITLE = 40
_WORDS = re.compile(r"[\u3400-\u9fff]|[A-Za-z]{2,}")
_TELLING = 4
_FINAL = ' \n\t。.！!？?”"；;'

TITLED = Words("《{}》", "“{}”")
BRACKETED = Words("（{}）", " ({})")
COLON = Words("：", ": ")
COMMA = Words("，", ", ")
SEMICOLON = Words("；", "; ")
STOP = Words("。", ".")
_ELLIPSIS = Words("……", "…")


def refusal(language: Language, why: NoAnswer, absent: Sequence[str] = ()) -> str:
    """Returns the text of a refusal; `absent` are words of the question that no passage mentions."""
    if why == "not said" and absent:
        return NOT_MENTIONED.in_language(language, ("”“" if language == "zh" else "” or “").join(absent))
    words = {
        "not said": NOT_SAID,
        "none chosen": NONE_CHOSEN,
        "no documents": NO_DOCUMENTS,
        "no more": NO_MORE,
        "not calculated": NOT_CALCULATED,
    }
    return words[why].in_language(language)


def pieces(text: str) -> Iterator[str]:
    """Cuts a text into words and clauses, the steps in which it is shown."""
    yield from re.findall(r"\s*(?:[\u3400-\u9fff]{1,4}|[^\s\u3400-\u9fff]+)|\s+$", text)


def framed(quote: str, own: Language, language: Language, convert: bool, shown: str = "") -> str:
    """Puts the words around a quote: one in the other language is introduced as such.

    Args:
        quote: As it stands in the document.
        own: The language of the document. A quote with enough words may be in another one.
        language: The language of the question.
        convert: Whether the quantities of a quote in the other language follow in the words of the question's.
        shown: The part of the quote to show; the whole quote if it is empty.
    """
    own = language_of(quote) if len(_WORDS.findall(quote)) >= _TELLING else own
    text = one_line(shown or quote)
    if shown:
        bare = quote.strip(_FINAL)
        before = "" if bare.startswith(shown[:_TELLING]) else _ELLIPSIS.in_language(own)
        text = before + text + ("" if bare.endswith(shown[-_TELLING:]) else _ELLIPSIS.in_language(own))
        quote = shown
    if own == language:
        return f"“{text}”" if shown else text
    introduced = ORIGINAL.in_language(language, text)
    given = [
        (quantity.written, quantities.render(quantity, language))
        for quantity in quantities.find(quote, own)
        if quantity.kind != "number" or max(quantity.amounts) >= _LARGE_NUMBER
    ]
    equations = [f"{before} = {after}" for before, after in dict(given).items() if not _same_to_read(before, after)]
    if not (convert and equations):
        return introduced
    return introduced + BRACKETED.in_language(language, COMMA.in_language(language).join(equations[:_MAX_CONVERTED]))


def one_line(quote: str) -> str:
    """Returns a quote on one line."""
    return re.sub(r"\s*\n\s*", " ", quote)


def beside(quote: str, own: Language, language: Language) -> str:
    """Returns a quote on one line, in quotation marks if it is in another language than the text beside it."""
    return one_line(quote) if own == language else f"“{one_line(quote)}”"


def elided(text: str, spans: Sequence[Span], language: Language) -> str:
    """Returns the given places of a text, with an ellipsis where some of it is left out; empty without any."""
    return _ELLIPSIS.in_language(language).join(text[a:b] for a, b in spans)


def _same_to_read(before: str, after: str) -> bool:
    """Returns whether a quantity reads the same before and after conversion: 2020年 does not need 2020."""
    return re.sub(r"[年—–~-]", "", before) == re.sub(r"[年—–~-]", "", after)


def labels(places: Sequence[tuple[Document, str]], language: Language) -> list[str]:
    """Labels sentences with what tells them apart: their documents, and within a document their sections.

    Args:
        places: The document and the section of each sentence.
        language: The language of the question.
    """
    documents = list({document.id: document for document, _ in places}.values())
    names = dict(zip((document.id for document in documents), names_apart(documents), strict=True))
    made = []
    for document, section in places:
        sections = [other for source, other in places if source.id == document.id]
        made.append(label(" · ".join(filter(None, (names[document.id], _section_apart(section, sections)))), language))
    return made


def label(name: str, language: Language) -> str:
    """Returns a name as it stands before a quote; empty for no name."""
    return name + COLON.in_language(language) if name else ""


def names_apart(sources: Iterable[Document]) -> list[str]:
    """Names what tells documents apart: titles that differ in a number such as a year; else dates; else titles.

    Documents of the same title have the folder that tells them apart before it.

    A single document gets an empty name.
    """
    documents = list(sources)
    if len(documents) < 2:
        return [""] * len(documents)
    titles = [document.title for document in documents]
    folders = naming.folders_apart(titles, [document.source for document in documents])
    titles = [shortened(f"{folder}/{title}" if folder else title) for folder, title in zip(folders, titles, strict=True)]
    dates = [document.published for document in documents]
    numbers = {tuple(re.findall(r"\d+", document.title)) for document in documents}
    dated = all(dates) and len(set(dates)) == len(dates)
    return dates if dated and len(numbers) < len(documents) else titles


def _section_apart(section: str, sections: Sequence[str]) -> str:
    """Returns the headings above a sentence that are not above all the others of its document; empty without any."""
    paths = [other.split(" > ") for other in sections]
    shared = next((depth for depth, parts in enumerate(zip(*paths, strict=False)) if len(set(parts)) > 1), min(map(len, paths)))
    return shortened(" > ".join(section.split(" > ")[shared:]))


def shortened(title: str) -> str:
    """Returns a title of at most 40 characters and an ellipsis."""
    return naming.shortened(title, _MAX_TITLE)


def latin_name(han: str, names: NameFinder) -> str:
    """Writes a Chinese name of a person or place in Latin letters: 南宁 -> Nanning, 习近平 -> Xi Jinping; "" for anything else."""
    if not re.fullmatch(r"[\u3400-\u9fff]{2,6}", han):
        return ""
    from pypinyin import lazy_pinyin

    words = names.tagged(han)
    if not all(tag in ("ns", "nr", "nrt") for _, tag in words):
        return ""
    spelled = ["".join(lazy_pinyin(word)) for word, _ in words]
    if len(words) == 1 and words[0][1] != "ns" and 2 <= len(han) <= 3:
        surname, given = lazy_pinyin(han[0])[0], "".join(lazy_pinyin(han[1:]))
        return f"{surname.capitalize()} {given.capitalize()}"
    return " ".join(word.capitalize() for word in spelled)
