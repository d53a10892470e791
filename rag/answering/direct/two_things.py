"""Compares two things that a question names: what the documents say of each, side by side, and which is more if both are amounts of one kind.

    Which hall has the longer notice period, the North Hall or the South Hall?     那座塔和灯塔哪个更高？
    Compare the rent of the North Hall and the South Hall.                         比较甲区和乙区的票价
    Is the ferry dearer than the bus?                                              甲区的票价比乙区高吗？

Each thing is asked after by itself. A sentence counts only if it, its title or its headings name what tells the thing apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from rag import texts
from rag.answering.agreement import Place, answered_quantity
from rag.answering.citations import marker, quoted
from rag.answering.composing import Statement
from rag.answering.composing.short_answers import MEASURE_WORD, quantity_meant
from rag.answering.composing.wording import framed
from rag.answering.expectations import expectation
from rag.answering.reading import Reading
from rag.text import quantities
from rag.text.analysis import Analyzer
from rag.text.quantities import Quantity
from rag.text.quantities.lexicon import PARTS
from rag.text.sentences import after_lead
from rag.types import Document, Language

Sense = Literal["more", "less", ""]
"""Which of two values a question asks for; empty if for both."""

_Amount = tuple[str, tuple[Any, ...]]
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}

_MORE = (
    "longer|larger|bigger|higher|taller|wider|deeper|greater|more|heavier|later|further|farther|thicker|stronger|faster|richer|hotter|warmer"
    "|dearer|costlier|pricier|older"
)
_LESS = "shorter|smaller|lower|narrower|shallower|fewer|less|lighter|earlier|nearer|closer|thinner|weaker|slower|poorer|colder|cooler|cheaper|younger|newer"
_MEASURES = {
    "longer": "long", "shorter": "long", "larger": "large", "smaller": "large", "bigger": "big", "higher": "high", "lower": "high",
    "taller": "tall", "wider": "wide", "narrower": "wide", "deeper": "deep", "shallower": "deep", "heavier": "heavy",
    "lighter": "heavy", "older": "old", "younger": "old", "newer": "old", "further": "far", "farther": "far", "nearer": "far",
    "closer": "far", "faster": "fast", "slower": "fast", "thicker": "thick", "thinner": "thick", "dearer": "much", "costlier": "much",
    "pricier": "much", "cheaper": "much",
}  # fmt: skip
_COSTS = frozenset(("dearer", "costlier", "pricier", "cheaper"))
_IRREGULAR = {"has": "have", "had": "have", "does": "do", "goes": "go"}
_S = re.compile("(?<=[xz])es$|(?<=ss|sh|ch)es$|(?<!s)s$")
_BY_AGE = frozenset(("older", "younger", "newer", "老", "久"))
_COUNTED = frozenset(("more", "fewer", "less"))
_TIMES = frozenset(("earlier", "later"))
_HAN_MORE, _HAN_LESS = "长大高多贵晚重宽深远久老厚强快", "短小低少早轻窄浅近薄弱慢"
_HAN_MEASURES = {
    "短": "长", "小": "大", "低": "高", "少": "多", "便宜": "贵", "轻": "重", "窄": "宽", "浅": "深", "近": "远", "薄": "厚", "慢": "快",
    "弱": "强",
}  # fmt: skip
_HAN_ASKED_FOR = {"贵": "多少钱", "多": "有多少", "早": "是什么时候", "晚": "是什么时候"}

_DIGIT = re.compile(r"\d")
_THING = r"(?:the |an? )?[\w'’.-]+(?: (?!or\b|and\b|than\b)[\w'’.-]+){0,6}?"
_THING_ZH = r"[^，。？?、的和与跟比哪谁]{2,20}?"
_ADJECTIVE = rf"(?P<adjective>{_MORE}|{_LESS})"
_HAN_ADJECTIVE = rf"(?P<adjective>便宜|[{_HAN_MORE}{_HAN_LESS}])"
_BEGIN = r"(?:please )?"
_WHICH = r"which(?: of the two| one)?(?: [\w-]+)?"
_VERB = r"(?P<verb>(?!is\b|are\b|was\b|were\b)[a-z]+)"
_OR = rf"(?P<one>{_THING}),? or (?P<other>{_THING})[.?! ]*"
_PATTERNS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_BEGIN}compare the (?P<aspect>[\w'’ -]+?) (?:of|in|at|for|between) (?P<one>{_THING}) (?:and|with|to|against) (?P<other>{_THING})[.?! ]*",
        rf"{_BEGIN}what is the difference (?:in|of) (?:the )?(?P<aspect>[\w'’ -]+?) between (?P<one>{_THING}) and (?P<other>{_THING})[.?! ]*",
        rf"{_BEGIN}how (?:do|does|did) the (?P<aspect>[\w'’ -]+?) of (?P<one>{_THING}) (?:and|compare (?:with|to)) (?P<other>{_THING})(?: differ| compare)?[.?! ]*",
        rf"{_BEGIN}{_WHICH} {_VERB}(?: (?:a|the))? {_ADJECTIVE}(?: (?P<aspect>[\w'’ -]+?))?[,:—-]+ ?{_OR}",
        rf"{_BEGIN}{_WHICH} (?:is|are|was|were)(?: the)? {_ADJECTIVE}[,:—-]+ ?{_OR}",
        rf"(?P<isit>is|are|was|were) (?P<one>{_THING}) {_ADJECTIVE} than (?P<other>{_THING})[.?! ]*",
        rf"(?P<isit>does|do|did) (?P<one>{_THING}) {_VERB} (?:an? |the )?{_ADJECTIVE}(?: (?P<aspect>[\w'’ -]+?))? than (?P<other>{_THING})(?: does| do)?[.?! ]*",
        rf"(?:请|请问)?(?:比较|对比)(?:一下)?(?P<one>{_THING_ZH})(?:和|与|跟|同)(?P<other>{_THING_ZH})的(?P<aspect>[^，。？?的]{{1,12}})[。？? ]*",
        rf"(?:请问)?(?P<one>{_THING_ZH})(?:和|与|跟|同)(?P<other>{_THING_ZH})的(?P<aspect>[^，。？?的]{{1,12}}?)(?:有什么|有何|有哪些|有多大)?(?:不同|区别|差别|差异|不一样|差距)(?:吗|在哪里?|是什么)?[。？? ]*",
        rf"(?:请问)?(?P<one>{_THING_ZH})(?:和|与|跟|还是|同|、)(?P<other>{_THING_ZH})(?:相比)?[，,]?(?:的(?P<owned>[^，。？?的哪谁]{{1,10}}))?[，,]?(?:哪|谁)(?:一)?(?:个|家|座|条|份|边|种|处|所|项|位|里)?(?:的?(?P<aspect>[^，。？?的更比较]{{1,10}}?))?(?:更|比较|要|较)*{_HAN_ADJECTIVE}(?:一些|一点|些)?[呢。？? ]*",
        rf"(?:请问)?(?P<one>{_THING_ZH})(?:的(?P<aspect>[^，。？?的比]{{1,10}}))?比(?P<other>{_THING_ZH})(?:的[^，。？?的]{{1,10}}?)?(?:更|要|还)*{_HAN_ADJECTIVE}(?P<isit>吗|么)[。？? ]*",
        rf"(?:请问)?(?P<one>{_THING_ZH})(?:的(?P<aspect>[^，。？?的比]{{1,10}}))?比(?P<other>{_THING_ZH})(?:的[^，。？?的]{{1,10}}?)?{_HAN_ADJECTIVE}(?P<difference>出?了?(?:多少|几)\S{{0,3}}?|了还是[多少高低大小]了)[。？? ]*",
        rf"how much {_ADJECTIVE} (?:is|was|are|were) (?:the )?(?P<aspect>[\w'’ -]+?) in (?P<one>\d{{4}}) (?P<difference>than) (?:in )?(?P<other>\d{{4}})[.?! ]*",
        rf"how much {_ADJECTIVE} (?:is|was|are|were) (?P<one>{_THING}) (?P<difference>than) (?P<other>{_THING})[.?! ]*",
        rf"(?P<isit>is|was|are|were) (?:the )?(?P<aspect>[\w'’ -]+?) {_ADJECTIVE} in (?P<one>\d{{4}}) than (?:in )?(?P<other>\d{{4}})[.?! ]*",
    )
)


@dataclass(frozen=True, slots=True)
class TwoThings:
    """Two things to compare: the aspect that is asked for, which of both is, whether it is a yes-or-no question, and whether the difference is asked for."""

    one: str
    other: str
    aspect: str
    adjective: str
    is_yes_or_no: bool
    verb: str = ""
    asks_difference: bool = False

    @property
    def sense(self) -> Sense:
        """Returns whether the question asks for the larger or the smaller of two values."""
        if not self.adjective:
            return ""
        more = self.adjective in _MORE.split("|") or self.adjective in _HAN_MORE
        return "more" if more else "less"

    def wanted(self, kind: str) -> int:
        """Returns 1 or -1: the order of two values in which the first is the one asked for."""
        more = self.sense == "more"
        # The older of two things has the earlier date.
        return 1 if more != (kind == "date" and self.adjective in _BY_AGE) else -1

    def questions(self, language: Language) -> tuple[str, str]:
        """Returns the question after the aspect of each thing by itself."""
        return self._question(self.one, language), self._question(self.other, language)

    def _question(self, thing: str, language: Language) -> str:
        if language == "zh":
            measure = _HAN_MEASURES.get(self.adjective, self.adjective)
            asked_for = f"的{self.aspect}" if self.aspect else _HAN_ASKED_FOR.get(measure, f"有多{measure}")
            return f"{thing}{asked_for}{'是多少' if self.aspect and self.adjective else ''}？"
        if self.aspect:
            counted = self.adjective in _COUNTED
            if counted and self.verb:
                return f"How many {self.aspect} does {thing} {self.verb}?"
            return f"What was the {self.aspect} in {thing}?" if thing.isdecimal() else f"What is the {self.aspect} of {thing}?"
        if self.adjective in _COSTS:
            return f"How much does {thing} cost?"
        asked_for = "When" if self.adjective in _TIMES else f"How {_MEASURES.get(self.adjective, 'much')}"
        if self.verb:
            return f"{asked_for} does {thing} {self.verb}?"
        return f"{asked_for} {'was' if self.adjective in _TIMES else 'is'} {thing}?"


@dataclass(frozen=True, slots=True)
class _Value:
    """The statement of the documents about one thing: the sentence, and the value in it if it has one."""

    thing: str
    place: Place
    value: Quantity | None

    @property
    def amount(self) -> _Amount | None:
        """Returns the kind of the value and the numbers that order it; None without a value."""
        if not self.value:
            return None
        if self.value.dates:
            return "date", tuple((day.year, day.month, day.day) for day in self.value.dates[:1])
        if self.value.kind == "share":
            return "share", tuple(Fraction(amount) / PARTS[self.value.unit] for amount in self.value.amounts)
        if self.value.unit in _DAYS:
            return "duration", tuple(amount * _DAYS[self.value.unit] for amount in self.value.amounts)
        return self.value.unit, self.value.amounts


def parse(question: str) -> TwoThings | None:
    """Returns the two things that a question compares; None if it compares none."""
    match = next((match for pattern in _PATTERNS if (match := pattern.fullmatch(question.strip()))), None)
    if not match:
        return None
    groups = {name: text.strip(" .!") for name, text in match.groupdict().items() if text}
    if "difference" in groups and bool(_DIGIT.search(groups["one"])) != bool(_DIGIT.search(groups["other"])):
        return None  # 面积比2008年多多少？ names one thing only
    adjective = groups.get("adjective", "").lower()
    aspect = groups.get("aspect", groups.get("owned", ""))
    verb = groups.get("verb", "").lower()
    return TwoThings(
        groups["one"],
        groups["other"],
        aspect,
        adjective,
        "isit" in groups,
        _IRREGULAR.get(verb) or _S.sub("", verb),
        "difference" in groups,
    )


def answer(
    question: str,
    language: Language,
    read: Callable[[str], Sequence[Reading]],
    document: Callable[[str], Document],
    analyzer: Analyzer,
) -> tuple[tuple[Statement, ...], float] | None:
    """Compares the two things of a question.

    Args:
        question: In Chinese or English.
        language: The language of the question.
        read: Searches and reads for a question, the best passage first; returns nothing if it is not answered.
        document: Returns the document with an id.
        analyzer: Finds the words that tell the things apart.

    Returns:
        The answer and its confidence; None if the question compares no two things, or the documents say nothing of one of them.
    """
    things = parse(question)
    if not things:
        return None
    terms = [set(analyzer.content_terms(name)) for name in (things.one, things.other)]
    apart = (terms[0] - terms[1], terms[1] - terms[0])
    if not all(apart):
        return None
    found = []
    for name, query, own, foreign in zip((things.one, things.other), things.questions(language), apart, apart[::-1], strict=True):
        value = _value(name, query, read(query), (own, foreign), analyzer, needs_value=bool(things.sense))
        if not value:
            return None
        found.append(value)
    confidence = min(value.place.sentence.support for value in found)
    return (_statement(things, found, language, document),), confidence


def _value(
    thing: str,
    query: str,
    readings: Sequence[Reading],
    apart: tuple[set[str], set[str]],
    analyzer: Analyzer,
    *,
    needs_value: bool,
) -> _Value | None:
    """Returns what the best supported sentence about a thing says of it; None without any.

    `apart` are the words that tell the thing from the other one, and those of the other.
    """
    own, foreign = apart
    expected, terms = expectation(query), frozenset(analyzer.content_terms(query))

    def overlap(text: str) -> frozenset[str]:
        return terms & frozenset(analyzer.terms(text))

    ranked = sorted(((r, s) for r in readings for s in r.sentences), key=lambda place: -place[1].support)
    for reading, sentence in ranked:
        place = Place(reading, sentence)
        if readings[0].support > 2 * sentence.support:
            return None
        said = set(analyzer.terms(sentence.text))
        above = set(analyzer.terms(place.context))
        # Headings name the thing only if the sentence does not name the other one.
        if not (own <= said or (own <= said | above and not foreign <= said)):
            continue
        # The only number of a sentence about both things may be that of the other one, or of the difference.
        found = quantities.find(sentence.text, place.language)
        alone = None if foreign <= said else _only(found)
        accepted = [quantity for quantity in found if expected.accepts(quantity, sentence.text)]
        meant = quantity_meant(expected, accepted, place, overlap) if len(accepted) > 1 else None
        value = meant or answered_quantity(place) or alone
        if value and value.start < after_lead(sentence.text, 0, len(sentence.text)):
            value = None  # in the dateline, which is not quoted
        if value or not needs_value:
            return _Value(thing, place, value)
    return None


def _only(found: Iterable[Quantity]) -> Quantity | None:
    values = list(found)
    return values[0] if len(values) == 1 else None


def _statement(things: TwoThings, found: Sequence[_Value], language: Language, document: Callable[[str], Document]) -> Statement:
    """Writes the values on the first line, the one asked for first, and the sentences below."""
    order = _order(*(value.amount for value in found))
    difference = _difference(order, found[0], found[1], language) if things.asks_difference else ""
    wanted = things.wanted(found[0].amount[0] if found[0].amount else "")
    if things.sense and not (things.is_yes_or_no or things.asks_difference) and order == -wanted:
        found = found[::-1]
    citations = []
    for number, value in enumerate(found, 1):
        sentence = value.place.sentence
        citations.append(quoted(document(value.place.document_id), number, sentence.start, sentence.end, sentence.support))
    lines = [
        framed(citation.quote, value.place.language, language, convert=False) + marker(citation.number)
        for value, citation in zip(found, citations, strict=True)
    ]
    head = _head(things, found, order, wanted, language) if all(value.value for value in found) else ""
    head = f"{difference}{' ' if difference and language == 'en' else ''}{head}"
    body = "\n".join(f"- {line}" for line in lines)
    return Statement(f"{head}\n\n{body}" if head else body, tuple(citations))


def _head(things: TwoThings, found: Sequence[_Value], order: int | None, wanted: int, language: Language) -> str:
    """Writes the values of both things in one line, after the verdict if the question asks for one."""
    colon, semicolon, blank = ("：", "；", "") if language == "zh" else (": ", "; ", " ")
    facts = semicolon.join(
        f"{value.thing}{colon}{_written(value, language)}{marker(number)}" for number, value in enumerate(found, 1)
    )
    facts = facts[:1].upper() + facts[1:]
    if order is not None and things.is_yes_or_no:
        verdict = texts.YES_COMPARED if order == wanted else texts.NO_COMPARED
    elif order == 0 and things.sense:
        verdict = texts.BOTH_ALIKE
    else:
        return facts
    return f"{verdict.in_language(language)}{blank}{facts}"


def _difference(order: int | None, first: _Value, second: _Value, language: Language) -> str:
    """Writes how much the first of two exact amounts of one unit is above or below the second; "" if that is not certain."""
    one, other = first.value, second.value
    if not order or not one or not other or one.unit != other.unit or one.dates or one.bound or other.bound:
        return ""
    amount = abs(one.amounts[0] - other.amounts[0])
    written = quantities.render(replace(one, amounts=(amount,)), language) + _measure_word(first, language)
    words = texts.MORE_BY if order > 0 else texts.LESS_BY
    return words.in_language(language, written)


def _order(one: _Amount | None, other: _Amount | None) -> int | None:
    """Returns 1 if the first amount is the larger, -1 if the second is, 0 if they are equal; None if they cannot be compared."""
    if not one or not other or one[0] != other[0] or len(one[1]) != 1 or len(other[1]) != 1:
        return None
    return (one[1] > other[1]) - (one[1] < other[1])


def _written(value: _Value, language: Language) -> str:
    """Writes the value of a thing as its sentence does, or in the language of the question."""
    if not value.value:
        return ""
    written = value.value.written if value.place.language == language else quantities.render(value.value, language)
    return written + _measure_word(value, language)


def _measure_word(value: _Value, language: Language) -> str:
    """Returns the measure word after a Chinese number; "" for none."""
    if not value.value or value.value.unit or value.place.language != "zh" or language != "zh":
        return ""
    match = MEASURE_WORD.match(value.place.sentence.text, value.value.end)
    return match[0] if match else ""
