"""Finds lines to join: prose that was wrapped at a width, and sentences that continue on the next page."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from rag.text.lines import BYLINE, HEADING, LINE_END, LIST_ITEM, ROW, ends_sentence, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from rag.text.lines import Line

_HEAD_LINES = 12
_INNER_PUNCTUATION = re.compile(r"[，。、；,;“”（）《》]|[.!?]\s")
_INNER_SENTENCE_END = re.compile(r"[。！？]|[a-z)][.!?]\s")
_CONTINUES = re.compile(r"^(?:[\u3400-\u9fffa-z，。、；：）》”]|[0-9《“‘（(%](?P<after_chinese>))")
_NEVER_FIRST = "，。、；：！？）》”"
_CLAUSE_END = re.compile(r"[，。；,;]")
_CAPTION = re.compile(r"^(?:[图表注]\s*[\d:：]|附[件表录]|(?:资料|数据)?来源|(?:Figure|Fig\.|Table|Source|Note)\b)")
# A line with gaps between its cells, or a row as loaders write it.
_TABLE_ROW = re.compile(rf"\S(?:\t|\u3000| {{3}})|^{ROW.pattern}")
_COMPOUND = re.compile(r"(?<![a-z])[a-z]++(?:-[a-z]+)+", re.IGNORECASE)
_HALF_WORD = re.compile(r"[A-Za-z]+-$")
# Widths at which prose is wrapped, in columns, and the share of the width that a full line fills. It is smaller where lines
# break between words, not characters.
_MIN_WIDTH, _MAX_WIDTH = 36, 130
_MIN_NARROW, _MIN_NARROW_LINES = 24, 6
_FULL, _FULL_OF_WORDS = 0.8, 0.75
_LONG = 100
_MAX_HEADING = 30
_MANY_BREAKS = 3


class _Layout(NamedTuple):
    """The width at which prose was wrapped, in columns, or 0; the indent of most lines; whether pages break sentences off."""

    width: int = 0
    margin: int = 0
    broken: bool = False


class Joint(NamedTuple):
    """The separator between two lines, the number of characters removed before it (a hyphen), and the reason for the change."""

    separator: str
    dropped: int = 0
    reason: str = "layout"


def joints(lines: Sequence[Line], reasons: Sequence[str], source: str, prose: bool) -> Iterator[Joint]:
    """Yields the joints before the first kept line, between each two, and after the last.

    Args:
        lines: All lines of the source text.
        reasons: For each line why it is removed, or "" for one that is kept.
        source: The source text.
        prose: Whether lines may be joined. They are not where a line is a paragraph or a row.
    """
    yield Joint("")
    kept = [i for i, reason in enumerate(reasons) if not reason]
    layout = _layout([lines[i] for i in kept], source) if prose else _Layout()
    compounds = frozenset(_COMPOUND.findall(source.lower())) if layout.width else frozenset()
    head = next((number for number, i in enumerate(kept[:_HEAD_LINES]) if BYLINE.match(lines[i].text)), 0)
    for number, (i, following) in enumerate(pairwise(kept)):
        above, below = lines[i], lines[following]
        between = reasons[i + 1 : following]
        single = _line_ends(above, below, source) - between.count("rule") == 1
        ends_page = above.page != below.page or any(reason.startswith("page") for reason in between)
        at_place = layout._replace(broken=True) if ends_page else layout
        if not prose or not _runs_on(above, below, at_place, single or ends_page, number <= head):
            yield Joint("\n" if single else "\n\n")
        elif source[above.end] == "\u00ad":
            yield Joint("", 0, "broken line")
        else:
            yield _joint(above.text, below.text, compounds)
    if kept:
        yield Joint("")


def _line_ends(above: Line, below: Line, source: str) -> int:
    gap = source[above.end : below.start]
    return 1 if gap == "\n" else len(LINE_END.findall(gap))


def _layout(kept: Sequence[Line], source: str) -> _Layout:
    margin = Counter(line.indent for line in kept).most_common(1)[0][0] if kept else 0
    breaks = (0 for above, below in pairwise(kept) if _breaks_off(above.text, below.text, surely=True))
    return _Layout(_wrap_width(kept, source), margin, broken=sum(1 for _ in islice(breaks, _MANY_BREAKS)) == _MANY_BREAKS)


def _wrap_width(kept: Sequence[Line], source: str) -> int:
    """The width at which prose was wrapped, in columns; 0 if it was not, as in a poem or a list."""
    single = [(above, below) for above, below in pairwise(kept) if _line_ends(above, below, source) == 1]
    running = [(above.text, below.text) for above, below in single if not (ends_sentence(above.text) or _is_heading(above.text))]
    if len(running) < max(3, len(single) / 2):
        return 0
    widths = sorted(width(above) for above, _ in running)
    wrapped = widths[int(0.9 * (len(widths) - 1))]
    full = sum(_is_full(above, wrapped) for above, _ in running)
    # Lines of prose begin within a sentence or contain punctuation; those of poems, lists and tables mostly do not.
    prose = sum(below[0].islower() or (_ends_wide(above) and bool(_INNER_PUNCTUATION.search(above))) for above, below in running)
    is_prose = full >= 0.6 * len(running) and prose >= 0.5 * len(running)
    if wrapped < _MIN_WIDTH:
        # The lines of a narrow column are prose if nearly all of them are full, and there are many.
        is_prose = full >= 0.75 * len(running) and prose >= 0.6 * len(running) and len(running) >= _MIN_NARROW_LINES
    return wrapped if is_prose and _MIN_NARROW <= wrapped <= _MAX_WIDTH else 0


def _is_full(text: str, wrapped: int) -> bool:
    return (_FULL if _ends_wide(text) else _FULL_OF_WORDS) * wrapped <= width(text) <= 1.1 * wrapped


def _runs_on(above: Line, below: Line, layout: _Layout, touching: bool, in_head: bool) -> bool:
    """Returns whether a sentence or a wrapped paragraph continues from one line to the next."""
    if below.text[0] in _NEVER_FIRST:
        return not ends_sentence(above.text)
    if layout.width and touching:
        runs_on = _is_wrapped(above, below, layout) and not (in_head and _looks_like_title(above, below))
    else:
        runs_on = not in_head and _breaks_off(above.text, below.text, surely=not layout.broken)
    if not runs_on or _is_heading(above.text) or HEADING.match(below.text) or LIST_ITEM.match(below.text):
        return False
    return not (_TABLE_ROW.search(above.text) or _TABLE_ROW.search(below.text))


def _is_wrapped(above: Line, below: Line, layout: _Layout) -> bool:
    """Returns whether the line above is full and the one below does not begin a paragraph."""
    if not _is_full(above.text, layout.width):
        return False
    ended = ends_sentence(above.text)
    if below.indent > layout.margin + 1 and (ended or (below.indent > above.indent and not LIST_ITEM.match(above.text))):
        return False
    if not ended:
        return True
    # The paragraph ends here if the next word would have fitted on the line.
    first_word = 2 if _begins_wide(below.text) else 1 + len(below.text.split(maxsplit=1)[0])
    return above.page == below.page and width(above.text) + first_word > layout.width


def _is_heading(text: str) -> bool:
    """Returns whether the text is a heading, and not a numbered paragraph such as the article of a law."""
    return bool(HEADING.match(text)) and (len(text) <= _MAX_HEADING or not _CLAUSE_END.search(text))


def _looks_like_title(above: Line, below: Line) -> bool:
    return not (below.text[0].islower() or _INNER_PUNCTUATION.search(above.text))


def _breaks_off(above: str, below: str, surely: bool) -> bool:
    """Returns whether a paragraph ends within a sentence that the next one continues.

    `surely` requires more evidence, for texts whose pages do not regularly break sentences off.
    """
    continues = _CONTINUES.match(below)
    if ends_sentence(above) or len(above) < 20 or not continues or _CAPTION.match(above):
        return False
    if continues.lastgroup and not _is_wide(above[-1]):
        return False
    if not (_INNER_PUNCTUATION.search(above) and (ends_sentence(below) or len(below) >= 60)):
        return False
    # A heading may contain a comma too, but it is shorter, contains no whole sentence and leaves no quote or bracket open.
    is_open = (
        above.rfind("“") > above.rfind("”") or above.rfind("《") > above.rfind("》") or above.rfind("（") > above.rfind("）")
    )
    return not surely or is_open or width(above) >= _LONG or bool(_INNER_SENTENCE_END.search(above))


def _joint(above: str, below: str, compounds: Set[str]) -> Joint:
    if _ends_wide(above) or _begins_wide(below) or above[-1] == "—" or below[0] == "—":
        return Joint("", 0, "broken line")
    if not (below[0].islower() and (half := _HALF_WORD.search(above))):
        return Joint(" ", 0, "broken line")
    word = half.group() + below.split(maxsplit=1)[0].strip(".,;:!?)\"'”’")
    return Joint("", 0 if word.lower() in compounds else 1, "broken line")


def _ends_wide(text: str) -> bool:
    return _is_wide(text.rstrip("“”‘’—…")[-1:])


def _begins_wide(text: str) -> bool:
    return _is_wide(text.lstrip("“”‘’—…")[:1])


def _is_wide(character: str) -> bool:
    """Returns whether a character takes two columns, as Chinese ones do, so that no blank is needed beside it; true for none at all."""
    return not character or unicodedata.east_asian_width(character) in "WF"
