"""An answer: its first line, the evidence below it, and how sure it is and how long it took in a detail that opens."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from rag import texts as core
from rag.text.blocks import Block, Grid, Item, Items, Paragraph, blocks
from ui import chat_texts, texts
from ui.rendering import both, lang, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rag.texts import Words
    from rag.types import Answer

    Linked = Callable[[str], str]
    """Gives a piece of the answer as HTML, its markers as links."""

_MARKER = re.compile(r"( ?)\[(\d+)\]")
_MAX_SHORT_LEAD = {"zh": 48, "en": 120}
_NEAR = tuple(
    re.compile(re.escape(text.rstrip()).replace(r"\{\}", ".+?") + r"\s*", re.DOTALL)
    for words in (core.NEAR_INSTEAD, core.NEAR)
    for text in words
)


def face(number: int, answer: Answer) -> str:
    """Shows the answer to the question with this number. Markers of its citations are links to their cards; others stay text."""
    linked = _links(number, frozenset(citation.number for citation in answer.citations))
    lead, rest = _parts(answer)
    quiet = answer.kind == "near" or not answer.generator
    shown = _lead(lead, answer, linked) + "".join(_block(block, linked, evidence=quiet and bool(lead)) for block in rest)
    kind = "".join(f" {name}" for name in (("abstained",) if answer.abstained else ()) + (answer.kind,))
    completed = f'<p class="note">{both(texts.COMPLETED)}: {escape(answer.query)}</p>' if answer.query != answer.question else ""
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in answer.notes)
    facts = "" if answer.kind == "reply" else _facts(number, answer)
    return f'{completed}<div class="text{kind}" lang="{lang(answer.language)}">{shown}</div>{notes}{facts}'


def _links(number: int, cited: frozenset[int]) -> Linked:
    def link(marker: re.Match[str]) -> str:
        citation = int(marker[2])
        if citation not in cited:
            return marker[0]
        # A marker stays on the line of the sentence before it. Its brackets are hidden, but are part of copied text.
        before = "\N{NO-BREAK SPACE}" if marker[1] else "\N{WORD JOINER}"
        label = escape(f"{texts.SOURCES} {citation}")
        return f'{before}<a class="marker" href="#source-{number}-{citation}" aria-label="{label}"><i>[</i>{citation}<i>]</i></a>'

    # Escaping adds no brackets, so the markers are the same before and after it.
    return lambda text: _MARKER.sub(link, escape(text))


def _parts(answer: Answer) -> tuple[str, list[Block]]:
    """Returns the first line, and the blocks below it. There is no first line before a list or a table."""
    first, *rest = blocks(answer.text) or [Paragraph("")]
    if not isinstance(first, Paragraph):
        return "", [first, *rest]
    near = next(filter(None, (pattern.match(first.text) for pattern in _NEAR)), None) if answer.kind == "near" else None
    if near:
        lead, below = near[0].rstrip(), first.text[near.end() :]
    else:
        lead, _, below = first.text.partition("\n")
    return lead, [*([Paragraph(below)] if below else []), *rest]


def _lead(text: str, answer: Answer, linked: Linked) -> str:
    if not text:
        return ""
    # A whole sentence of a document is read, not glanced at, so it is not set as a headline.
    long = len(_MARKER.sub("", text)) > _MAX_SHORT_LEAD[answer.language] or answer.kind == "reply"
    return f'<p class="lead{" long" if long else ""}">{linked(text)}</p>'


def _block(block: Block, linked: Linked, *, evidence: bool) -> str:
    match block:
        case Paragraph(text):
            return f"<p{' class=evidence' if evidence else ''}>{linked(text)}</p>"
        case Items(items):
            return _list(items, linked)
        case Grid(headings, rows):
            head = "".join(f'<th scope="col">{linked(cell)}</th>' for cell in headings)
            body = "".join(f"<tr>{''.join(f'<td>{linked(cell)}</td>' for cell in row)}</tr>" for row in rows)
            return f'<div class="grid" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _list(items: Sequence[Item], linked: Linked) -> str:
    """Shows the items of a list, deeper ones as lists of their own inside the item before them."""
    depth, shown, place = items[0].depth, "", 0
    while place < len(items):
        stop = place + 1
        while stop < len(items) and items[stop].depth > depth:
            stop += 1
        item, inner = items[place], items[place + 1 : stop]
        value = f' value="{item.number}"' if item.number is not None else ""
        shown += f"<li{value}>{linked(item.text)}{_list(inner, linked) if inner else ''}</li>"
        place = stop
    tag = "ul" if items[0].number is None else "ol"
    return f"<{tag}>{shown}</{tag}>"


def _facts(number: int, answer: Answer) -> str:
    """Shows how sure the answer is in words; opened, also as a number, with what it means, and the times of the steps."""
    words = confidence_in_words(answer)
    writer = f'<p class="note">{both(chat_texts.WRITTEN_BY)} {escape(answer.generator)}</p>' if answer.generator else ""
    return (
        f'<details class="facts" data-keep="facts-{number}"><summary>{both(words)}</summary>'
        f'<p class="confidence">{both(texts.CONFIDENCE)} <b>{answer.confidence:.0%}</b> · {both(texts.CONFIDENCE_MEANS)}</p>'
        f"{steps(_times(answer.timings), None)}{writer}</details>"
    )


def confidence_in_words(answer: Answer) -> Words:
    """Returns how sure an answer is, in words."""
    scale = chat_texts.SURE_OF_ABSENCE if answer.abstained else chat_texts.SURE
    value = 1 - answer.confidence if answer.abstained else answer.confidence
    return next(words for least, words in scale if value >= least)


def _times(timings: Mapping[str, float]) -> list[tuple[Words, float]]:
    """Returns the steps of a finished answer with their seconds. The time after reading counts as writing."""
    taken = [(words, timings[name]) for name, words in texts.STEPS.items() if name in timings]
    if taken and "total" in timings:
        taken.append((texts.WRITTEN, max(0.0, timings["total"] - sum(seconds for _, seconds in taken))))
    return taken
