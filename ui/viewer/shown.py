"""One view of a document: which part of its text or which pages are shown, with what is marked, and the outline beside it."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, Any

from rag.documents.viewing import structure
from rag.serving.public import file_name
from ui import texts
from ui.rendering import both, page_unit
from ui.viewer import formatted
from ui.viewer.formatted import Mark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rag.documents.viewing.pdf_pages import Box
    from rag.documents.viewing.quotes import PageQuote
    from rag.documents.viewing.structure import Block
    from rag.types import Document

_MAX_PLACES = 50
_MAX_QUERY = 200
_MAX_HITS = 100
_MAX_OUTLINE = 1_000
_HIT_CONTEXT = 30
PAGES_A_PART = 100


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the page's script, checked.

    `places` are the quotes, each `(start, end)` in characters of the text, `at` the number of the one to show, `hit` a place that
    the search found, `part` the part to show, or -1 for the one with the quote or the hit. `as_text` asks for the text although the
    pages can be shown.
    """

    document_id: str
    places: tuple[tuple[int, int], ...] = ()
    at: int = 0
    hit: tuple[int, int] | None = None
    part: int = -1
    as_text: bool = False
    query: str = ""

    @classmethod
    def read(cls, values: Any) -> Request:
        """Reads the values of a request.

        Raises:
            KeyError, TypeError or ValueError: They are not those of a request.
        """
        hit = values.get("hit")
        return cls(
            str(values["id"]),
            tuple((int(start), int(end)) for start, end in values.get("places", ())[:_MAX_PLACES]),
            int(values.get("at") or 0),
            (int(hit[0]), int(hit[1])) if hit else None,
            int(values.get("part", -1)),
            bool(values.get("text")),
            str(values.get("query", ""))[:_MAX_QUERY].strip(),
        )

    @property
    def wanted(self) -> int:
        """Returns the offset to show: that of the hit or the quote, else 0."""
        if self.hit:
            return self.hit[0]
        return self.places[self.at][0] if 0 <= self.at < len(self.places) else 0

    @property
    def sought(self) -> tuple[tuple[int, int], ...]:
        """Returns the quotes, followed by the hit if there is one."""
        return (*self.places, *((self.hit,) if self.hit else ()))


@lru_cache(maxsize=4)
def blocks_of(document: Document) -> list[Block]:
    """Returns the blocks of a document, which are the same for each of its parts."""
    return structure.blocks(document)


def text_part(document: Document, request: Request) -> dict[str, Any]:
    """Shows a part of the text, and says which one of how many, and in which part each quote is."""
    blocks = blocks_of(document)
    parts = structure.parts(document, blocks)
    number = request.part if 0 <= request.part < len(parts) else _part_of(blocks, parts, request.wanted)
    first, last = parts[number]
    marks = [Mark(*request.hit, -1)] if request.hit else []
    marks += [Mark(start, end, place) for place, (start, end) in enumerate(request.places)]
    lang = "zh-Hans" if document.language == "zh" else "en"
    html = f'<div class="text" lang="{lang}">{formatted.part(document, blocks[first:last], marks)}</div>'
    quotes = [_part_of(blocks, parts, start) for start, _ in request.places]
    return {"html": html, "part": number, "parts": len(parts), "quotes": quotes}


def page_part(
    document: Document,
    request: Request,
    sizes: Sequence[tuple[float, float]],
    found: Sequence[tuple[PageQuote, Sequence[Box]]],
    version: str,
) -> dict[str, Any]:
    """Shows pages of the file, as `text_part` does.

    Args:
        document: The document.
        request: What to show.
        sizes: The width and height of each page.
        found: The quotes of `request.sought` with their boxes, which are empty for those that are not on their page.
        version: Changes with the file, so that a browser does not take an old picture for the new one.
    """
    count = max(1, -(-len(sizes) // PAGES_A_PART))
    page = document.page_at(request.wanted) or 1
    number = request.part if 0 <= request.part < count else min((page - 1) // PAGES_A_PART, count - 1)
    first = number * PAGES_A_PART
    figures = ""
    for page_number, size in enumerate(sizes[first : first + PAGES_A_PART], first + 1):
        boxes = [(quote.place, box) for quote, own in found if quote.page == page_number for box in own]
        figures += _figure(f"{document.id}/{page_number}?{version}", page_number, size, boxes, len(request.places))
    now = len(request.places) if request.hit else request.at
    is_missing = any(quote.place == now for quote, _ in found) and not any(own for quote, own in found if quote.place == now)
    note = f'<p class="note" role="status">{both(texts.NOT_MARKED)}</p>' if is_missing else ""
    quotes = [((document.page_at(start) or 1) - 1) // PAGES_A_PART for start, _ in request.places]
    html = f'{note}<div class="drawn">{figures}</div>'
    return {"html": html, "part": number, "parts": count, "quotes": quotes, "page": page}


def _figure(address: str, number: int, size: tuple[float, float], boxes: Sequence[tuple[int, Box]], quotes: int) -> str:
    """Shows a page. Boxes of places from number `quotes` on are those of the hit."""
    marks = "".join(
        f"<mark{' class=hit' if place >= quotes else f' data-quote={place}'} "
        f'style="left:{left:.3%};top:{top:.3%};width:{width:.3%};height:{height:.3%}"></mark>'
        for place, (left, top, width, height) in boxes
    )
    label = " ".join(words.format(number) for words in texts.PAGE)
    return (
        f'<figure data-page="{number}" style="aspect-ratio:{size[0]:g}/{size[1]:g}">'
        f'<img loading="lazy" src="page/{escape(address)}" alt="{escape(label)}">{marks}'
        f"<figcaption>{both(texts.PAGE, number)}</figcaption></figure>"
    )


def outline(document: Document, by_page: bool) -> str:
    """Shows the headings of a document, or its pages, as buttons that lead to them. Empty if there are fewer than two."""
    blocks = blocks_of(document)
    parts = structure.parts(document, blocks)
    entries = structure.outline(document, blocks)
    if len(entries) < 2:
        return ""
    items = ""
    for entry in entries[:_MAX_OUTLINE]:
        page = entry.page or 1
        words = both(page_unit(document.source), page)
        shown = escape(entry.text) if entry.text else words
        number = f'<span class="number">{words}</span>' if entry.text and entry.page else ""
        part = (page - 1) // PAGES_A_PART if by_page else _part_of(blocks, parts, entry.start)
        target = f'data-page="{page}"' if by_page else f'data-at="{_block_at(blocks, entry.start).start}"'
        items += (
            f'<li style="--level:{entry.level - 1}"><button type="button" data-part="{part}" {target}>'
            f"<span>{shown}</span>{number}</button></li>"
        )
    return f"<ol>{items}</ol>"


def hits(document: Document, query: str) -> str:
    """Lists the places of a document that contain a text, ignoring case, as buttons that lead to them."""
    places = _find(document.text, query) if query else []
    items = ""
    for start in places[:_MAX_HITS]:
        end = start + len(query)
        before = document.text[max(0, start - _HIT_CONTEXT) : start].rpartition("\n")[2]
        after = document.text[end : end + _HIT_CONTEXT].partition("\n")[0]
        page = document.page_at(start)
        number = f'<span class="number">{both(page_unit(document.source), page)}</span>' if page else ""
        items += (
            f'<li><button type="button" data-hit="{start},{end}"><span>{escape(before)}'
            f"<b>{escape(document.text[start:end])}</b>{escape(after)}</span>{number}</button></li>"
        )
    count = both(texts.HITS, len(places)) if places else both(texts.NO_HITS)
    more = f" · {both(texts.FIRST_HITS, _MAX_HITS)}" if len(places) > _MAX_HITS else ""
    return f'<p class="note" role="status">{count}{more}</p><ol>{items}</ol>'


def heading(document: Document) -> str:
    """Shows the title and the facts of a document, which stay in place while it is read."""
    facts = (
        escape(file_name(document.source)),
        escape(document.author),
        escape(document.publisher),
        escape(document.published),
        both(texts.LANGUAGES[document.language]),
        both(texts.SLIDE_COUNT if page_unit(document.source) is texts.SLIDE else texts.PAGE_COUNT, len(document.pages))
        if document.pages
        else "",
    )
    return f'<h2>{escape(document.title)}</h2><p class="place">{" · ".join(filter(None, facts))}</p>'


def _find(text: str, query: str) -> list[int]:
    folded, wanted = text.lower(), query.lower()
    if len(folded) != len(text):  # some letters have a longer lower case, which would move the offsets
        folded = "".join(chain.from_iterable(c.lower() if len(c.lower()) == 1 else c for c in text))
    places, place = [], folded.find(wanted)
    while place >= 0:
        places.append(place)
        place = folded.find(wanted, place + len(wanted))
    return places


def _block_at(blocks: Sequence[Block], offset: int) -> Block:
    """Returns the last block that begins at or before an offset."""
    return blocks[max(0, bisect_right(blocks, offset, key=lambda block: block.start) - 1)]


def _part_of(blocks: Sequence[Block], parts: Sequence[tuple[int, int]], offset: int) -> int:
    place = bisect_right(blocks, offset, key=lambda block: block.start) - 1
    return max(0, bisect_right(parts, max(0, place), key=lambda part: part[0]) - 1)
