"""The passages of a document in its sections, and the sentences that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

from rag.answering.naming import Part
from rag.text import quantities
from rag.text.language import language_of
from rag.text.lines import BYLINE, ends_sentence
from rag.text.numerals import HAN_ONES
from rag.text.sentences import Span, after_lead, sentences
from rag.types import Document, Language

if TYPE_CHECKING:
    from embeddings.encoder import Vectors
    from rag.library.library import Library
    from rag.text.analysis import Analyzer
    from rag.types import Chunk

_FEWEST, _MOST = 3, 6
LEAST_ACROSS = 0.42
"""The least cosine of a text and a subject in the other language for the text to be about it.

In the seed documents, their subjects reach 0.44 and more, other subjects at most 0.30.
"""

# Passages whose cosine to a subject differs by less than this are alike about it.
_NEARLY = 0.03
_MAX_CHUNKS = 2000
# The sentences of each section that are compared. The first ones of its central passages say most of what it is about.
_MAX_COMPARED = 8
# A document without headings is taken in so many parts.
_PARTS = 4
# What counts beside the likeness to the section and the document, which are cosines: to be the first sentence of a passage, to give
# numbers; to refer back to a sentence that is not shown, and each time the usual length in excess.
_FIRST, _NUMBERS, _BACK, _LENGTH = 0.1, 0.08, 0.3, 0.1
_SHORTEST: dict[Language, int] = {"zh": 8, "en": 20}
# Above this length, a sentence is cut after a clause that stands alone.
_LONG: dict[Language, int] = {"zh": 60, "en": 160}
_SHORTEST_CLAUSE: dict[Language, int] = {"zh": 16, "en": 50}
_CLAUSE_END = re.compile(
    r"[；;](?=\s|[\u3400-\u9fff“《])|，|,(?= (?:which|with|including|and (?:the|it|they|is|was|has|have)|making|so that|as) )|——"
)
# What is cut off must not change what is left: an exception, a condition, a contrast, or the end of a quotation.
_CHANGES_MEANING = re.compile(
    r"但|却|除|不含|仅|只有|如果|否则|以外|之外|\b(?:but|however|except|unless|only|if|not|although|while)\b", re.IGNORECASE
)
_DEPENDENT = re.compile(
    r"^(?:在|为了?|随着|当|自|从|根据|按照|通过|针对|由于|因为?|虽然|尽管|如果|即使|除|作为|面对|围绕|近年来|目前|其中|同时|此外|与此|截至|[\d一二三四五六七八九十]+[年月日])"
    r"|^(?:In|On|At|As|By|For|From|With|Since|When|While|If|Although|Because|After|Before|During|Under|To)\b"
)
_REFERS_BACK = re.compile(
    r"^(?:[这那该此其他她它]|对此|因此|所以|同时|此外|另外|与此|然而|但|而且|并且|“)"
    r"|^[“\"]?(?:This|That|These|Those|It|They|He|She|His|Her|Their|However|But|And|Also|Therefore|Moreover|So|In addition)\b"
)
_HEADING_NUMBER = re.compile(
    rf"^(?:第[{HAN_ONES}十\d]+[章节条部分篇]+|[{HAN_ONES}十]+[、．.]|[（(][{HAN_ONES}十\d]+[)）]|\d+(?:\.\d+)*[.、．]?)\s*"
)
_DATELINE = re.compile(
    r"(?:[A-Z][\w ]{0,30}(?:Agency|Service|Press), [\w ,]{2,40}\d{1,2}(?:st|nd|rd|th)?\.? (?:\(Reporters? [^)]*\) )?)?"
    r"(?:[（(](?:记者|通讯员)[^）)]{1,30}[）)])?"
)
_QUESTION = re.compile(r"[？?][”」』\"'）)]*$")


@dataclass(frozen=True, slots=True)
class Section:
    """The chunks `first` to `last`, without `last`, under one heading, which is empty if there is none."""

    first: int
    last: int
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Passages:
    """The passages to summarise: chunks of a document in order, their vectors `(chunks, dim)`, and their sections."""

    document: Document
    chunks: list[Chunk]
    vectors: Vectors
    sections: list[Section]

    def within(self, section: Section) -> Passages:
        """Returns the passages of a section, in the sections that it has itself."""
        chunks = self.chunks[section.first : section.last]
        return Passages(self.document, chunks, self.vectors[section.first : section.last], _sections(chunks))

    def terms(self, section: Section, analyzer: Analyzer) -> set[str]:
        """Returns the terms of a section's text."""
        return set(analyzer.terms(" ".join(chunk.text for chunk in self.chunks[section.first : section.last])))


@dataclass(frozen=True, slots=True)
class Point:
    """A sentence of a section. `score` says how much of the section and the document it stands for."""

    start: int
    end: int
    section: int
    score: float
    vector: Vectors


def passages_of(library: Library, document_id: str) -> Passages:
    """Returns the passages of a document, with the vectors that the library stores."""
    document = library.document(document_id)
    direction = np.zeros(library.encoder.dim, np.float32)
    direction[0] = 1
    rows = [row for row, _ in library.search_vectors(direction, _MAX_CHUNKS, documents=[document_id])]
    vectors, results = library.vectors(rows), library.results(rows)
    known = sorted((row for row in rows if row in results and row in vectors), key=lambda row: results[row].chunk.start)
    chunks = [results[row].chunk for row in known]
    return Passages(document, chunks, np.array([vectors[row] for row in known], np.float32), _sections(chunks))


def _sections(chunks: Sequence[Chunk]) -> list[Section]:
    """Returns the runs of chunks under the same heading, at the first depth that has several; without headings, a few equal parts."""
    paths = [chunk.section.split(" > ") if chunk.section else [] for chunk in chunks]
    for depth in range(1, max(map(len, paths), default=0) + 1):
        sections, place = [], 0
        for key, run in groupby(tuple(path[:depth]) for path in paths):
            length = len(list(run))
            sections.append(Section(place, place + length, _heading(key[-1]) if key else ""))
            place += length
        if len({section.heading for section in sections if section.heading}) > 1:
            return sections
    parts = min(_PARTS, max(1, len(chunks)))
    bounds = [round(part * len(chunks) / parts) for part in range(parts + 1)]
    return [Section(first, last) for first, last in pairwise(bounds) if first < last]


def _heading(line: str) -> str:
    """Returns a heading on one line, without its number."""
    return " ".join(_HEADING_NUMBER.sub("", line).split())


def section_of(part: Part, passages: Passages, library: Library) -> Section | None:
    """Returns the section that is meant; None if there is none."""
    headed = [section for section in passages.sections if section.heading]
    if not part.subject:
        wanted = part.number - 1 if part.number > 0 else part.number
        return headed[wanted] if -len(headed) <= wanted < len(headed) else None
    analyzer = library.analyzer
    terms = set(analyzer.content_terms(part.subject))
    if not terms:
        return None
    by_heading = {section: len(terms & _headings(section, passages, analyzer)) for section in headed}
    best = max(headed, key=lambda section: by_heading[section], default=None)
    if best and 2 * by_heading[best] >= len(terms):
        return best
    if run := _run_about(terms, passages, analyzer):
        return Section(*run, part.subject)
    likeness = passages.vectors @ library.encoder.encode_query([part.subject])[0]
    if passages.document.language != language_of(part.subject):
        return _around_nearest(likeness, part.subject)
    near = [section for section in headed if terms & passages.terms(section, analyzer)]
    return max(near, key=lambda section: float(likeness[section.first : section.last].max()), default=None)


def _around_nearest(likeness: Vectors, heading: str) -> Section | None:
    """Returns the passage most similar to a subject in the other language, with its neighbours that are nearly as similar."""
    if not len(likeness) or likeness.max() < LEAST_ACROSS:
        return None
    best = int(likeness.argmax())
    near = likeness >= likeness[best] - _NEARLY
    first, last = best, best + 1
    while first and near[first - 1]:
        first -= 1
    while last < len(near) and near[last]:
        last += 1
    return Section(first, last, heading)


def _run_about(terms: set[str], passages: Passages, analyzer: Analyzer) -> Span | None:
    """Returns the longest run of passages of which each contains all of some terms; None without any."""
    contain = [terms <= set(analyzer.terms(chunk.text)) for chunk in passages.chunks]
    runs, place = [], 0
    for contains, run in groupby(contain):
        length = len(list(run))
        runs += [(place, place + length)] if contains else []
        place += length
    return max(runs, key=lambda run: run[1] - run[0], default=None)


def _headings(section: Section, passages: Passages, analyzer: Analyzer) -> set[str]:
    """Returns the terms of the headings of a section and those below it."""
    paths = {chunk.section for chunk in passages.chunks[section.first : section.last]}
    return set(analyzer.terms(" ".join((section.heading, *paths))))


def points_of(passages: Passages, wanted: int, library: Library) -> list[Point]:
    """Chooses the sentences that stand for some passages, in their order; as many as are `wanted`, or 0 for three to six."""
    candidates = list(_candidates(passages, library))
    size = [sum(len(chunk.text) for chunk in passages.chunks[section.first : section.last]) for section in passages.sections]
    sections = sorted({point.section for point in candidates}, key=lambda section: -size[section])
    count = wanted or max(_FEWEST, min(_MOST, len(sections)))
    chosen: list[Point] = []
    # One for each section that matters, the longest first; then more of the longest ones.
    for section in sections * count:
        left = [point for point in candidates if point.section == section and point not in chosen]
        if left and len(chosen) < count:
            chosen.append(max(left, key=lambda point: point.score - _likeness(point, chosen)))
    return sorted(chosen, key=lambda point: point.start)


def _likeness(point: Point, chosen: Sequence[Point]) -> float:
    """Returns what a point loses for saying the same as one that is chosen."""
    return 0.5 * max((float(point.vector @ other.vector) for other in chosen), default=0.0)


def _candidates(passages: Passages, library: Library) -> Iterator[Point]:
    """Yields the sentences to choose from, a few of the central passages of each section."""
    document, vectors = passages.document, passages.vectors
    places: list[tuple[Span, int, Vectors, bool]] = []
    for number, section in enumerate(passages.sections):
        own = _unit(vectors[section.first : section.last].mean(axis=0))
        central = sorted(
            range(section.first, section.last),
            key=lambda place: (-float(vectors[place] @ own) - 0.2 * (place == section.first), place),
        )
        spans = [
            (span, not order) for place in central for order, span in enumerate(_sentences(document, passages.chunks[place]))
        ]
        places += [(span, number, own, is_first) for span, is_first in spans[:_MAX_COMPARED]]
    if not places:
        return
    center = _unit(vectors.mean(axis=0))
    encoded = library.encoder.encode_document([document.text[start:end] for (start, end), *_ in places])
    for ((start, end), number, own, is_first), vector in zip(places, encoded, strict=True):
        sentence = document.text[start:end]
        score = float(vector @ own) + float(vector @ center) + _FIRST * is_first - _BACK * bool(_REFERS_BACK.match(sentence))
        score += _NUMBERS * bool(quantities.find(sentence, document.language))
        score -= _LENGTH * max(0.0, len(sentence) / _LONG[document.language] - 1)
        yield Point(start, end, number, score, vector)


def _unit(vector: Vectors) -> Vectors:
    return np.asarray(vector / max(1e-12, float(np.linalg.norm(vector))), np.float32)


def _sentences(document: Document, chunk: Chunk) -> Iterator[Span]:
    """Yields the sentences of a chunk that can be points: no headings, questions, bylines or captions."""
    for begin, end in sentences(document.text, chunk.start, chunk.end):
        start = after_lead(document.text, begin, end)
        start += len(_DATELINE.match(document.text[start:end])[0])  # type: ignore[index]
        text = document.text[start:end]
        if len(text) < _SHORTEST[document.language] or not ends_sentence(text) or text.endswith((":", "：", "…")):
            continue
        if (
            _QUESTION.search(text)
            or BYLINE.match(text)
            or text[0] in "#(（|[【"
            or text.count("”") != text.count("“")
            or text.count('"') % 2
        ):
            continue
        yield _shortened(text, start, document.language)


def _shortened(text: str, start: int, language: Language) -> Span:
    """Returns the span of a sentence, or of its first clauses if it is long and these stand alone."""
    whole = start, start + len(text)
    if len(text) <= _LONG[language]:
        return whole
    for match in _CLAUSE_END.finditer(text, _SHORTEST_CLAUSE[language]):
        clause, rest = text[: match.start()], text[match.start() :]
        semicolon = match[0] in "；;"
        if _CHANGES_MEANING.search(rest) or (_DEPENDENT.match(clause) and not semicolon):
            continue
        balanced = all(clause.count(opening) == clause.count(closing) for opening, closing in ("“”", "《》", "（）", "()", "‘’"))
        if balanced and clause.count('"') % 2 == 0:
            return start, start + len(clause.rstrip())
    return whole
