"""Answers as HTML. Pure functions: what comes from a document, a question or a model is escaped before it is put in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from rag.errors import DocumentNotFoundError
from ui import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rag.library import DocumentSummary
    from rag.types import Answer, Citation, Document, SearchResult
    from ui.texts import Words

    FindDocument = Callable[[str], Document]
    """Gives the document with an id, or raises `DocumentNotFoundError`."""

_MARKER = re.compile(r"( ?)\[(\d+)\]")
_MOST_CONTEXT = {"zh": 140, "en": 320}
_SNIPPET = 90
_RELATIVE_STAGES = ("lexical", "fused")
_DECIMALS = {"fused": 4}


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a chat, with its answer and its sources as HTML.

    `sources` is empty, and `given`, the answer itself, is None until there is one.
    """

    question: str
    answer: str
    sources: str = ""
    given: Answer | None = None


def both(words: Words, *values: object) -> str:
    """The words in both languages, each with its `lang`, and `values` put into their braces."""
    chinese, english = (escape(text.format(*values) if values else text) for text in words)
    return f'<span lang="zh-Hans">{chinese}</span> <span lang="en">{english}</span>'


def file_name(source: str) -> str:
    """The last part of a path or address, on any system; the folders before it are nobody's business."""
    return re.split(r"[\\/]", source.rstrip("\\/"))[-1] or source


# -- the chat ---------------------------------------------------------------------------------------------------------


def chat(turns: Sequence[Turn]) -> str:
    """The whole chat; a word of welcome when there is none yet."""
    shown = "".join(_turn(number, turn) for number, turn in enumerate(turns, start=1)) or (
        f'<div class="welcome"><h2>{both(texts.WELCOME)}</h2>'
        f'<p lang="zh-Hans">{texts.PROMISE.chinese}</p><p lang="en">{texts.PROMISE.english}</p></div>'
    )
    return f'<div class="log" role="log" tabindex="0">{shown}</div>'


def _turn(number: int, turn: Turn) -> str:
    return (
        f'<article class="turn" id="answer-{number}" tabindex="-1">'
        f'<p class="question">{escape(turn.question)}</p><div class="answer">{turn.answer}</div></article>'
    )


def status(words: Words) -> str:
    """What is being done, in place of an answer that has not begun."""
    return f'<p class="status">{both(words)}</p>'


def unfinished(text: str) -> str:
    """The text of an answer as far as it has come, its markers still plain text."""
    return f'<p class="text">{escape(text)}</p>'


def problem(message: str) -> str:
    """One line in place of an answer that could not be given."""
    return f'<p class="problem" role="alert">{both(texts.PROBLEM)}: {escape(message)}</p>'


def answer_text(number: int, answer: Answer) -> str:
    """The answer to the question with this number. Markers of its citations lead to their cards; others stay text."""
    cited = {citation.number for citation in answer.citations}

    def link(marker: re.Match[str]) -> str:
        citation = int(marker[2])
        if citation not in cited:
            return marker[0]
        # A marker stays on the line of the sentence before it; its brackets are there for whoever copies the text.
        before = "\N{NO-BREAK SPACE}" if marker[1] else "\N{WORD JOINER}"
        label = escape(f"{texts.SOURCES} {citation}")
        return f'{before}<a class="marker" href="#source-{number}-{citation}" aria-label="{label}"><i>[</i>{citation}<i>]</i></a>'

    # Escaping adds no brackets, so the markers are the same before and after it.
    text = _MARKER.sub(link, escape(answer.text))
    kind = "text abstained" if answer.abstained else "text"
    completed = f'<p class="note">{both(texts.COMPLETED)}: {escape(answer.asked)}</p>' if answer.asked != answer.question else ""
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in answer.notes)
    confidence = (
        f'<p class="confidence" title="{escape(str(texts.CONFIDENCE_MEANS))}">'
        f"{both(texts.CONFIDENCE)} {answer.confidence:.0%}</p>"
    )
    said = f'{completed}<p class="{kind}" lang="{_lang(answer.language)}">{text}</p>{notes}'
    return said if answer.kind == "reply" else said + confidence


# -- the sources ------------------------------------------------------------------------------------------------------


def panel(turns: Sequence[Turn]) -> str:
    """The sources of every answer of the chat; those of the last are shown, and the others when a marker leads to them."""
    sections = "".join(
        f'<section class="sources"{"" if number == len(turns) else " hidden"}>{turn.sources}</section>'
        for number, turn in enumerate(turns, start=1)
        if turn.sources
    )
    if turns and turns[-1].sources:
        return sections
    return (
        f'<section class="sources"><h2>{both(texts.SOURCES)}</h2><p class="note">{both(texts.NO_SOURCES)}</p></section>{sections}'
    )


def sources(number: int, answer: Answer, find_document: FindDocument) -> str:
    """What the answer to the question with this number rests on: its citations, or the nearest passages when it abstained.

    Empty for a reply that rests on no document.
    """
    if answer.kind == "reply":
        return ""
    if answer.abstained:
        heading = texts.NEAREST
        note = texts.ONLY_NEAREST if answer.results else texts.NOTHING_NEAR
        cards = "".join(map(_passage_card, answer.results))
    else:
        heading = texts.SOURCES
        note = None
        cards = "".join(_citation_card(number, citation, find_document) for citation in answer.citations)
    return (
        f'<h2>{both(heading)}</h2><p class="asked">{escape(answer.question)}</p>'
        + (f'<p class="note">{both(note)}</p>' if note else "")
        + cards
        + (_why(answer.results) if answer.results else "")
    )


def _citation_card(number: int, citation: Citation, find_document: FindDocument) -> str:
    try:
        document = find_document(citation.document_id)
    except DocumentNotFoundError:
        quoted, language = f"<mark>{escape(citation.quote)}</mark>", ""
        quoted += f'<span class="note">{both(texts.GONE)}</span>'
    else:
        quoted, language = quote_in_context(document, citation), _lang(document.language)
    return (
        f'<article class="card" id="source-{number}-{citation.number}" tabindex="-1"><header>'
        f'<a class="marker" href="#answer-{number}" title="{escape(str(texts.BACK))}">{citation.number}</a>'
        f"<h3>{escape(citation.title)}</h3></header>"
        f"{_place(citation.source, citation.page)}"
        f'<blockquote lang="{language}">{quoted}</blockquote>'
        f'<p class="support" title="{escape(str(texts.SUPPORT_MEANS))}">{both(texts.SUPPORT)} '
        f"{_bar(citation.support)} {citation.support:.0%}</p></article>"
    )


def quote_in_context(document: Document, citation: Citation) -> str:
    """The quote, marked, inside its paragraph; alone when the document does not hold it there."""
    text = document.text
    if text[citation.start : citation.end] != citation.quote:
        return f"<mark>{escape(citation.quote)}</mark>"
    line_start = text.rfind("\n", 0, citation.start) + 1
    line_end = text.find("\n", citation.end)
    before = text[line_start : citation.start].lstrip()
    after = text[citation.end : line_end if line_end >= 0 else None].rstrip()
    most = _MOST_CONTEXT[document.language]
    if len(before) > most:
        # A word that is cut is left out; text without spaces is cut anywhere.
        before = "…" + re.sub(r"^\w{1,15}\s", "", before[-most:], flags=re.ASCII)
    if len(after) > most:
        after = re.sub(r"\s\w{1,15}$", "", after[:most], flags=re.ASCII) + "…"
    return f"{escape(before)}<mark>{escape(citation.quote)}</mark>{escape(after)}"


def _passage_card(result: SearchResult) -> str:
    return (
        f'<article class="card"><header><h3>{escape(result.title)}</h3></header>{_place(result.source, result.chunk.page)}'
        f'<blockquote lang="{_lang(result.language)}">{escape(result.chunk.text.strip())}</blockquote>'
        f'<p class="support">{both(texts.SCORE)} {result.score:.2f}</p></article>'
    )


def _place(source: str, page: int | None) -> str:
    shown = f' · <span class="page">{both(texts.PAGE, page)}</span>' if page is not None else ""
    return f'<p class="place">{escape(file_name(source))}{shown}</p>'


# -- why these passages -----------------------------------------------------------------------------------------------


def _why(results: Sequence[SearchResult]) -> str:
    best = {stage: max((result.scores.get(stage, 0.0) for result in results), default=0.0) for stage in _RELATIVE_STAGES}
    rows = "".join(_scores(result, best) for result in results)
    return f'<details class="why"><summary>{both(texts.WHY)}</summary><ol>{rows}</ol></details>'


def _scores(result: SearchResult, best: dict[str, float]) -> str:
    """One passage's score at each stage. Scores without an upper end are drawn relative to the best."""
    stages = ""
    for stage, (name, meaning) in texts.STAGES.items():
        score = result.scores.get(stage)
        shown = _bar(score / (best.get(stage, 1.0) or 1.0)) if score is not None else _bar(0.0)
        number = f"{score:.{_DECIMALS.get(stage, 2)}f}" if score is not None else "—"
        stages += f'<dt title="{escape(str(meaning))}">{both(name)}</dt><dd>{shown}<span class="number">{number}</span></dd>'
    snippet = " ".join(result.chunk.text.split())
    snippet = snippet if len(snippet) <= _SNIPPET else snippet[:_SNIPPET].rstrip() + "…"
    return (
        f'<li value="{result.rank}"><p class="title">{escape(result.title)}</p>'
        f'<p class="snippet" lang="{_lang(result.language)}">{escape(snippet)}</p><dl>{stages}</dl></li>'
    )


def _bar(share: float) -> str:
    return f'<span class="bar" aria-hidden="true"><span style="width:{min(1.0, max(0.0, share)):.0%}"></span></span>'


def _lang(language: str) -> str:
    return "zh-Hans" if language == "zh" else "en"


# -- the library ------------------------------------------------------------------------------------------------------


def library(documents: Iterable[DocumentSummary]) -> str:
    """How many documents there are, which opens to show what they are."""
    listed = list(documents)
    if not listed:
        return f'<p class="note">{both(texts.NO_DOCUMENTS)}</p>'
    items = ""
    for document in listed:
        facts = filter(None, (file_name(document.source), document.publisher, document.published))
        items += f'<li><span>{escape(document.title)}</span><span class="place">{escape(" · ".join(facts))}</span></li>'
    return f"<details><summary>{len(listed)} {both(texts.DOCUMENTS)}</summary><ul>{items}</ul></details>"
