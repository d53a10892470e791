"""Answers as HTML. Pure functions. Texts from a document, a question or a model are escaped."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import escape
from string import Formatter
from typing import TYPE_CHECKING

from rag.errors import DocumentNotFoundError
from rag.serving.public import file_name, without_folders
from rag.texts import Words
from ui import error_texts, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rag.types import Answer, Citation, Document, SearchResult

    FindDocument = Callable[[str], Document]
    """Gives the document with an id, or raises `DocumentNotFoundError`."""

_PLURAL = re.compile(r"\A (document|passage|file|page|slide)s\b")
_MAX_CONTEXT = {"zh": 140, "en": 320}
_SNIPPET = 90
_NEAREST_SHOWN = 3
_RELATIVE_STAGES = ("lexical", "fused")
_DECIMALS = {"fused": 4}


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a chat, with its answer and its sources as HTML.

    Without an answer, `sources` is empty and `given`, the answer itself, None. `liked` and `note` are the reader's opinion.
    `finished` is False while the answer grows.
    """

    question: str
    answer: str
    sources: str = ""
    given: Answer | None = None
    liked: bool | None = None
    note: str = ""
    finished: bool = True


def both(words: Words, *values: object) -> str:
    """Returns the text in both languages, with `values` in its braces. The page shows one of them."""
    filled = (words.chinese.format(*values), _filled(words.english, values)) if values else words
    chinese, english = map(escape, filled)
    return f'<span class="words" lang="zh-Hans">{chinese}</span> <span class="words" lang="en">{english}</span>'


def _filled(english: str, values: Sequence[object]) -> str:
    """Puts values in their places in an English text; a noun after a 1 loses its plural."""
    places = iter(values)
    text = last = ""
    for literal, place, _, _ in Formatter().parse(english):
        text += _PLURAL.sub(r" \1", literal) if last == "1" else literal
        last = "" if place is None else str(next(places))
        text += last
    return text


def in_attributes(words: Words) -> str:
    """Returns attributes with the text in both languages, for a placeholder or an option, which the page's script fills in."""
    return f'data-zh="{escape(words.chinese)}" data-en="{escape(words.english)}"'


def error(message: str) -> str:
    """Returns an error of `rag` in both languages, without the folders of this machine."""
    public = without_folders(message)
    return both(Words(error_texts.chinese(public), public))


def page_unit(source: str) -> Words:
    """Returns the words for the number of a page of a document: slides have their own."""
    return texts.SLIDE if source.lower().endswith((".pptx", ".pptm")) else texts.PAGE


def size_of(size: int) -> str:
    """Returns a number of bytes in the unit that suits it, as both languages write it."""
    if size < 1_000_000:
        return f"{-(-size // 1000)} KB"
    return f"{size / 1e6:.3g} MB" if size < 999_500_000 else f"{size / 1e9:.1f} GB"


# -- the chat ---------------------------------------------------------------------------------------------------------


def steps(done: Sequence[tuple[Words, float]], doing: Words | None) -> str:
    """Shows the finished steps of an answer with their times in seconds, and the current step."""
    items = "".join(f"<li>{both(words)} <b>{seconds:.2f} s</b></li>" for words, seconds in done)
    under_way = f'<li class="doing">{both(doing)}</li>' if doing else ""
    return f'<ol class="steps{" status" if doing else ""}">{items}{under_way}</ol>'


def unfinished(text: str) -> str:
    """Shows the text of an answer so far, with markers as plain text."""
    return f'<div class="text growing"><p>{escape(text)}</p></div>'


def problem(message: str, words: Words = texts.PROBLEM) -> str:
    """Shows an error in place of an answer, or of what `words` say failed."""
    public = without_folders(message)
    both_said = Words(f"{words.chinese}：{error_texts.chinese(public)}", f"{words.english}: {public}")
    return f'<p class="problem" role="alert">{both(both_said)}</p>'


def stopped(text: str) -> str:
    """Shows the text of an answer that was stopped."""
    return (unfinished(text) if text else "") + f'<p class="note">{both(texts.STOPPED)}</p>'


def editing(number: int) -> str:
    """Tells that the question with this number is being edited; empty for 0."""
    if not number:
        return ""
    cancel = f'<button type="button" data-event="clear">{both(texts.CANCEL)}</button>'
    return f'<p class="note">{both(texts.EDITING, number)} {cancel}</p>'


# -- the sources ------------------------------------------------------------------------------------------------------


def panel(turns: Sequence[Turn]) -> str:
    """Shows the sources of the last answer. Those of earlier answers are hidden until a marker leads to them."""
    sections = "".join(
        f'<section class="sources" data-turn="{number}" tabindex="-1"{"" if number == len(turns) else " hidden"}>{turn.sources}</section>'
        for number, turn in enumerate(turns, start=1)
        if turn.sources
    )
    fold = f'<button type="button" class="fold" data-fold aria-label="{escape(str(texts.CLOSE))}">×</button>'
    if turns and turns[-1].sources:
        return f"{fold}{sections}"
    # The column is folded away while it has nothing to show.
    nothing = f'<h2>{both(texts.SOURCES)}</h2><p class="note">{both(texts.NO_SOURCES)}</p>'
    return f'{fold}<section class="sources nothing">{nothing}</section>{sections}'


def sources(number: int, answer: Answer, find_document: FindDocument) -> str:
    """Shows the citations of the answer to the question with this number, or the nearest passages where there is none.

    Empty for a reply without documents.
    """
    if answer.kind == "reply" and not answer.citations:
        return ""
    if answer.kind == "refusal":
        heading = texts.NEAREST
        note = texts.ONLY_NEAREST if answer.results else texts.NOTHING_NEAR
        nearest = [_passage_card(result) for result in answer.results]
        cards = "".join(nearest[:_NEAREST_SHOWN])
        if rest := "".join(nearest[_NEAREST_SHOWN:]):
            cards += f'<details class="rest"><summary>{both(texts.MORE_PASSAGES)}</summary>{rest}</details>'
    else:
        heading = texts.SOURCES
        note = None
        cards = "".join(_citation_card(number, citation, answer.citations, find_document) for citation in answer.citations)
    return (
        f'<h2>{both(heading)}</h2><p class="asked">{escape(answer.question)}</p>'
        + (f'<p class="note">{both(note)}</p>' if note else "")
        + cards
        + (_why(answer.results) if answer.results else "")
    )


def _citation_card(number: int, citation: Citation, all_cited: Sequence[Citation], find_document: FindDocument) -> str:
    facts: tuple[str, ...] = ()
    opener = ""
    try:
        document = find_document(citation.document_id)
    except DocumentNotFoundError:
        quoted, language = f"<mark>{escape(citation.quote)}</mark>", ""
        quoted += f'<span class="note">{both(texts.GONE)}</span>'
    else:
        quoted, language = quote_in_context(document, citation), lang(document.language)
        facts = (escape(document.publisher), escape(document.published), both(texts.LANGUAGES[document.language]))
        opener = _opener(citation, all_cited)
    opener += (
        f'<button type="button" class="open" data-event="select" data-do="keep" data-turn="{number}" '
        f'data-citation="{citation.number}">{both(texts.KEEP_QUOTE)}</button>'
    )
    return (
        f'<article class="card" id="source-{number}-{citation.number}" tabindex="-1"><header>'
        f'<a class="marker" href="#answer-{number}" title="{escape(str(texts.BACK))}">{citation.number}</a>'
        f"<h3>{escape(citation.title)}</h3></header>"
        f"{_place(citation.source, citation.page, facts)}"
        f'<blockquote lang="{language}">{quoted}</blockquote>'
        f'<p class="support" title="{escape(str(texts.SUPPORT_MEANS))}">{both(texts.SUPPORT)} '
        f"{_bar(citation.support)} {citation.support:.0%}</p>{_copies(citation)}{opener}</article>"
    )


def _copies(citation: Citation) -> str:
    """Names the other documents with mostly the same text as the cited one."""
    names = ", ".join(escape(file_name(source)) for source in citation.copies)
    return f'<p class="note">{both(texts.ALSO_IN)} {names}</p>' if names else ""


def _opener(citation: Citation, all_cited: Sequence[Citation]) -> str:
    """Returns a button that opens the document at the quote, with the answer's other quotes of it."""
    places = sorted({(c.start, c.end) for c in all_cited if c.document_id == citation.document_id})
    request = {"id": citation.document_id, "places": places, "at": places.index((citation.start, citation.end))}
    return (
        f'<button type="button" class="open" data-document="{escape(json.dumps(request))}">{both(texts.OPEN_DOCUMENT)}</button>'
    )


def quote_in_context(document: Document, citation: Citation) -> str:
    """Shows the quote, marked, in its paragraph; alone if the document does not contain it there."""
    text = document.text
    if text[citation.start : citation.end] != citation.quote:
        return f"<mark>{escape(citation.quote)}</mark>"
    line_start = text.rfind("\n", 0, citation.start) + 1
    line_end = text.find("\n", citation.end)
    before = text[line_start : citation.start].lstrip()
    after = text[citation.end : line_end if line_end >= 0 else None].rstrip()
    most = _MAX_CONTEXT[document.language]
    if len(before) > most:
        # A word that is cut is left out; text without spaces is cut anywhere.
        before = "…" + re.sub(r"^\w{1,15}\s", "", before[-most:], flags=re.ASCII)
    if len(after) > most:
        after = re.sub(r"\s\w{1,15}$", "", after[:most], flags=re.ASCII) + "…"
    return f"{escape(before)}<mark>{escape(citation.quote)}</mark>{escape(after)}"


def _passage_card(result: SearchResult) -> str:
    return (
        f'<article class="card"><header><h3>{escape(result.title)}</h3></header>{_place(result.source, result.chunk.page)}'
        f'<blockquote lang="{lang(result.language)}">{escape(result.chunk.text.strip())}</blockquote>'
        f'<p class="support">{both(texts.SCORE)} {result.score:.2f}</p></article>'
    )


def _place(source: str, page: int | None, facts: Iterable[str] = ()) -> str:
    """Shows where a passage is from. `facts` are HTML; empty ones are left out."""
    shown = f'<span class="page">{both(page_unit(source), page)}</span>' if page is not None else ""
    return f'<p class="place">{" · ".join(filter(None, (escape(file_name(source)), shown, *facts)))}</p>'


# -- why these passages -----------------------------------------------------------------------------------------------


def _why(results: Sequence[SearchResult]) -> str:
    best = {stage: max((result.scores.get(stage, 0.0) for result in results), default=0.0) for stage in _RELATIVE_STAGES}
    rows = "".join(_scores(result, best) for result in results)
    return f'<details class="why"><summary>{both(texts.WHY)}</summary><ol>{rows}</ol></details>'


def _scores(result: SearchResult, best: dict[str, float]) -> str:
    """Shows the scores of a passage. Scores without an upper bound are drawn relative to the best."""
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
        f'<p class="snippet" lang="{lang(result.language)}">{escape(snippet)}</p><dl>{stages}</dl></li>'
    )


def _bar(share: float) -> str:
    return f'<span class="bar" aria-hidden="true"><span style="width:{min(1.0, max(0.0, share)):.0%}"></span></span>'


def lang(language: str) -> str:
    """Returns the `lang` attribute of a text in a language."""
    return "zh-Hans" if language == "zh" else "en"
