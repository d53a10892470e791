"""The fact alone: the number, date, name or phrase of a sentence that answers, and the words around it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from rag.answering.agreement import Place
from rag.answering.composing.clauses import Terms, clauses
from rag.answering.composing.wording import BRACKETED
from rag.answering.expectations import Expectation
from rag.text import clock_times, quantities
from rag.text.distinctions import ordinals
from rag.text.quantities import Quantity
from rag.text.sentences import Span, after_lead
from rag.types import Language

SUPPORTED = 0.5
"""The support from which on a sentence is taken to answer the question."""

MEASURE_WORD = re.compile(
    "人次|[个种处名人项家座所条只头株棵位部份次届天篇册台辆张件户颗枚粒片根把双对副套幅首本卷章节段页句字级层栋幢间室匹尾羽扇艘架列支发朵束捆袋箱盒瓶杯碗盘桶罐筐笔例遍趟场期轮班队群批]"
)
"""The measure words that stand after a number and belong to it."""

# 大约有10米 is not 10 metres.
_APPROXIMATELY = re.compile(r"(大约|约|大概|将近|超过|不足|至少)(?:有|为|是|达到?)$")
_SURE_OF_PHRASE = 0.5
# For questions that a phrase may answer, but need not.
_SURE_OF_PERHAPS = 0.6
_SURE_AMONG_SEVERAL = 0.6
_LEAST_SHARE = 0.02
_LEAST_READ = 0.1
_SURE_WITHOUT_TERMS = 0.6
_WEIGHT_AROUND = 5.0
_WEIGHT_BESIDE = 4.0
_SEPARATOR = re.compile(r"[，,；;、：:。]|和|与|及|\band\b|\bor\b")
_FOR_WHOM = re.compile(r"\s?(?:[a-z]+ )?(?:for|per)\b")
_BETWEEN_DATES = re.compile(r"[、和与及]|,? and |, ")
_IN_YEAR = re.compile(r" (?:[a-z]+ )?(?:in|for|during) (?:the )?")
_QUOTATION = r"“[^“”]{2,60}”|《[^《》]{2,60}》|\"[^\"]{2,120}\""
_CAPITALISED = r"[A-Z][\w'’.-]*(?: (?:(?:of|the|de|la|van|von) )?[A-Z][\w'’-]*)*"
_IS = r"(?:是|为|叫|：|: |,? (?:is|was|reads) | )?"
_MAX_SHORT_ANSWER: dict[Language, int] = {"zh": 24, "en": 60}
_LATIN = re.compile(r"[A-Za-z][\w'’.-]*(?: [\w'’.-]+)*")
# The words of a Chinese question that the answer replaces, with a preposition before and a predicate after them.
_ASKED = re.compile(
    r"(?P<before>(?:从|自|在|由|于|[收接得拿看找见遇]?到|至|向|给|为|达到?|降[到至]|增加?[到至]|排|位居|占[^，,。？?]{0,10}?))"
    r"(?:哪一?个?(?:年代|世纪)|哪一?[年天月日里儿国省市]|哪一?[个家位座所条种](?:城市|国家|地方|地区|部门|单位|机构|公司|企业|组织|学校|大学|委员会|月份?|[人省市县区镇乡村国州岛])?|何[时地]|什么(?:时[候间]|地方)|谁|多少|第几|几)(?:(?<=多少)[个种处名人项家座所条只头位份次届件张台辆艘部篇株户]|(?<=几)[个种处名人项家座所条只头位份次届年天月日号件张台辆艘部篇株户])?"
    r"(?P<after>[\u3400-\u9fff]{0,10})[？?呢啊呀。]*$"
)
_ANY_QUESTION_WORD = re.compile(r"什么|多少|哪|谁|几|吗|怎|为何|如何")


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """A fact as it is shown, and its place in the sentence."""

    text: str
    start: int
    end: int


def short_answer(
    expected: Expectation,
    place: Place,
    language: Language,
    overlap: Terms,
    *,
    name: Callable[[str], str] = lambda _: "",
    whole_words: Callable[[str, int, int], Span] = lambda _, start, end: (start, end),
    years: Collection[int] = (),
    values: Terms = lambda _: frozenset(),
    predicate: Terms = lambda _: frozenset(),
    repeats: Callable[[str], bool] = lambda _: False,
    person: Callable[[str], str] = lambda _: "",
) -> ShortAnswer | None:
    """Returns the fact alone, a quantity also in the words of the question's language; None unless it is sure.

    Args:
        expected: What the question asks for.
        place: The sentence.
        language: The language of the question.
        overlap: Returns the terms of the question in a text.
        name: Writes a Chinese name in Latin letters; "" for anything else.
        whole_words: Widens a span of a text to whole words.
        years: The years that the question names.
        values: Returns the quantities of the question in a text.
        predicate: Returns the terms in a text of what the question says of its subject: 更新 of 什么时候更新过.
        repeats: Returns whether a text only repeats words of the question.
        person: Returns the name of a person with which a Chinese text begins; "" without one.
    """
    sentence = place.sentence
    if not (expected.phrase or expected.perhaps_phrase) or sentence.support < SUPPORTED:
        return None
    if expected.quantity == "time":
        return _time_of_day(place, overlap)
    if expected.quantity:
        return _quantity_asked(expected, place, language, overlap=overlap, years=years, values=values, predicate=predicate)
    if language == place.language and (named := _quoted_beside(expected, sentence.text, _quoted_from(sentence.text))):
        return named
    if expected.role and language == place.language and (held := _holder(expected.role, sentence.text, person)):
        return held
    return _phrase(expected, place, language, name=name, whole_words=whole_words, years=years, repeats=repeats)


def _quoted_from(text: str) -> int:
    """Returns where the quote of a sentence begins: after the dateline, so that a fact from before that would not be in it."""
    return after_lead(text, 0, len(text))


def _holder(role: str, text: str, person: Callable[[str], str]) -> ShortAnswer | None:
    """Returns the person who is named right after a role: 罗静宜 in 馆长罗静宜，副馆长陈亦川."""
    for length in range(len(role), 1, -1):
        for match in re.finditer(rf"(?<![副前原]){re.escape(role[-length:])}(?:[是为由叫：:]|一职由)?", text):
            if name := person(text[match.end() :]):
                return ShortAnswer(name, match.end(), match.end() + len(name))
    return None


def _time_of_day(place: Place, overlap: Terms) -> ShortAnswer | None:
    """Returns the time of day that the reader read, else the one in the clause with most of the question; None if there are several such."""
    sentence = place.sentence
    found = [span for span in clock_times.find(sentence.text) if span[0] >= _quoted_from(sentence.text)]
    begin, end = (offset - sentence.start for offset in sentence.answer)
    read = [span for span in found if span[0] < end and begin < span[1]]
    if len(read) != 1:
        around = {
            span: len(overlap(sentence.text[slice(*part)]))
            for part in clauses(sentence.text)
            for span in found
            if part[0] <= span[0] < part[1]
        }
        read = [span for span in found if around.get(span, 0) == max(around.values(), default=0)]
    return ShortAnswer(sentence.text[slice(*read[0])], *read[0]) if len(read) == 1 else None


def _quantity_asked(
    expected: Expectation,
    place: Place,
    language: Language,
    *,
    overlap: Terms,
    years: Collection[int],
    values: Terms,
    predicate: Terms,
) -> ShortAnswer | None:
    text = place.sentence.text
    found = quantities.find(text, place.language)
    accepted = [q for q in found if q.start >= _quoted_from(text) and expected.accepts(q, text)]
    accepted = _of_years(accepted, found, years, text) or accepted
    accepted = [q for q in accepted if predicate(_around(text, q))] or accepted
    # 十年禁渔从哪天开始？: the day whose clause has the ten years.
    if expected.quantity == "date":
        accepted = [q for q in accepted if values(_around(text, q))] or accepted
    accepted = [q for q in accepted if q.unit == expected.unit] or accepted if expected.unit else accepted
    # What the question says itself is no answer.
    accepted = [q for q in accepted if not values(q.written)]
    meant = quantity_meant(expected, accepted, place, overlap)
    if meant and language == place.language:
        meant = _whole_range(meant, found)
    if not meant:
        return None
    several = _coordinated(meant, found, text) if expected.quantity == "date" and language == place.language else None
    return several or _quantity(meant, place, language)


def _phrase(
    expected: Expectation,
    place: Place,
    language: Language,
    *,
    name: Callable[[str], str],
    whole_words: Callable[[str, int, int], Span],
    years: Collection[int],
    repeats: Callable[[str], bool],
) -> ShortAnswer | None:
    sentence = place.sentence
    begin, end = (offset - sentence.start for offset in sentence.answer)
    if begin < end:
        begin, end = _with_its_unit(sentence.text, *whole_words(sentence.text, begin, end))
    text = sentence.text[begin:end].strip()
    is_short = 0 < len(text) <= min(_MAX_SHORT_ANSWER[place.language], len(sentence.text) // 2)
    sure = _SURE_OF_PHRASE if expected.phrase else _SURE_OF_PERHAPS
    if begin < _quoted_from(sentence.text) or not is_short or sentence.likelihood < sure or repeats(text):
        return None
    if other := _of_other_year(sentence.text, begin, end, place.language, years):
        return _quantity(other, place, language)
    if language != place.language:
        text = _foreign(text, language, name)
    return ShortAnswer(text, begin, end) if text else None


def _quoted_beside(expected: Expectation, text: str, start: int) -> ShortAnswer | None:
    """Returns the words that stand beside what is asked for, in quotation marks, after a colon or as a name: 主题为“水”, under the theme "Water"."""
    if not expected.attribute:
        return None
    word = f"(?:(?i:{expected.attribute.pattern}))"
    beside = re.compile(
        rf"{word}{_IS}(?P<quoted>{_QUOTATION})|(?P<before>{_QUOTATION})的?{word}|{word}[:：]\s?(?P<after>[^，。；：:;,“”《》\n]{{2,40}})(?=[，。；;,]|$)"
        rf"|\b(?:named|called) (?P<name>{_CAPITALISED})"
    )
    for match in beside.finditer(text, start):
        if match["name"] and not re.search("named|called", expected.attribute.pattern):
            continue
        group = str(match.lastgroup)
        return ShortAnswer(match[group], *match.span(group))
    return None


def _with_its_unit(text: str, begin: int, end: int) -> Span:
    """Widens a span within an ordinal to all of it: season eight, 第八季."""
    for ordinal in ordinals.find(text):
        if ordinal.start <= begin and end <= ordinal.end:
            return ordinal.start, ordinal.end
    return begin, end


def answered_in(question: str, text: str) -> str:
    """Returns a fact in the words of a Chinese question, without its subject: 从哪天开始 and 2021年 make 从2021年开始.

    The fact alone is returned where the question does not allow it.
    """
    asked = _ASKED.search(question.strip())
    if not asked or _ANY_QUESTION_WORD.search(asked["before"] + asked["after"]):
        return text
    before = "" if text.startswith(asked["before"]) else asked["before"]
    return f"{before}{text}{asked['after']}"


def quantity_meant(expected: Expectation, accepted: list[Quantity], place: Place, overlap: Terms) -> Quantity | None:
    """Returns the quantity that answers; None if that is not sure.

    The measure word tells it, then the reader's probabilities and the terms of the question around each.

    Args:
        expected: What the question asks for.
        accepted: The quantities of the sentence that may answer.
        place: The sentence.
        overlap: Returns the terms of the question in a text.
    """
    if not accepted:
        return None
    sentence = place.sentence
    accepted = [q for q in accepted if expected.counts_such_things(q, sentence.text)] or accepted
    shares = np.array([sentence.share(sentence.start + q.start, sentence.start + q.end) for q in accepted])
    around = _distinctive([overlap(_around(sentence.text, q)) for q in accepted])
    beside = _distinctive([overlap(_beside(sentence.text, q)) for q in accepted])
    weights = (shares + _LEAST_SHARE) * np.exp(_WEIGHT_AROUND * around + _WEIGHT_BESIDE * beside)
    best = int(weights.argmax())
    sure = weights[best] / weights.sum() >= _SURE_AMONG_SEVERAL
    if len(accepted) > 1 and not around.any():
        sure = bool(shares[best] >= _SURE_WITHOUT_TERMS)
    # The reader may have another kind of answer in mind than the question asks for.
    return accepted[best] if sure and (shares[best] >= _LEAST_READ or around[best] >= 0.5) else None


def _of_years(accepted: list[Quantity], found: list[Quantity], years: Collection[int], text: str) -> list[Quantity]:
    """Returns the quantities that stand after a date of the given years, right before "in" and one, or before the first date if that is one."""
    dated = [(q.start, {date.year for date in q.dates if date.year}) for q in found if any(date.year for date in q.dates)]
    known = [(q.start, q.end) for q in found]
    dated += [
        (m.start(), {int(m[0])}) for m in quantities.BARE_YEAR.finditer(text) if not any(a <= m.start() < b for a, b in known)
    ]
    dated.sort(key=lambda item: item[0])
    if not years or len({year for _, own in dated for year in own}) < 2:
        return []

    def governing(quantity: Quantity) -> set[int]:
        for start, own in dated:
            if start > quantity.end and _IN_YEAR.fullmatch(text[quantity.end : start]):
                return own
        before = [own for start, own in dated if start < quantity.start]
        return before[-1] if before else dated[0][1]

    return [quantity for quantity in accepted if quantity.kind != "date" and governing(quantity) & set(years)]


def _of_other_year(text: str, begin: int, end: int, language: Language, years: Collection[int]) -> Quantity | None:
    """Returns the amount of the years asked for if that of another one was read, as 13.1 million of 14.2 million, against 13.1 million in 2023."""
    found = quantities.find(text, language)
    own = next((q for q in found if q.kind != "date" and q.start < end and begin < q.end), None)
    of_years = _of_years([q for q in found if own and q.kind == own.kind], found, years, text)
    return of_years[0] if len(of_years) == 1 and own not in of_years else None


def _distinctive(found: list[frozenset[str]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Returns the share of the terms around each quantity, those around few of them counting more."""
    counts = Counter(term for terms in found for term in terms)
    weights = np.array([sum(1 / counts[term] for term in terms) for terms in found], np.float64)
    total = sum(1 / count for count in counts.values())
    return weights / total if total else weights


def _beside(text: str, quantity: Quantity) -> str:
    """Returns the words between the separators beside a quantity, even those of a list: 2030年前实现碳达峰 of two years."""
    before, after = text[: quantity.start], text[quantity.end :]
    start = max((match.end() for match in _SEPARATOR.finditer(before)), default=0)
    stop = _SEPARATOR.search(after)
    following = after[: stop.start()] if stop else after
    # In "320 crowns for adults and 90 for juniors", what stands before the first amount goes with both.
    return following if _FOR_WHOM.match(following) else f"{before[start:]} {following}"


def _around(text: str, quantity: Quantity) -> str:
    """Returns the clause of a quantity, and the next one if a date sets the time for it."""
    parts = clauses(text)
    own = next((i for i, (a, b) in enumerate(parts) if a <= quantity.start < b), 0)
    begins = not text[parts[own][0] : quantity.start].strip(" 自从到在")
    follows = own + 1 < len(parts) and quantity.kind == "date" and begins
    rest = text[quantity.end : parts[own][1]].strip(" ，,起底初前后;；以来")
    return text[parts[own][0] : parts[own + 1 if follows and not rest else own][1]]


def _whole_range(meant: Quantity, found: list[Quantity]) -> Quantity:
    """Returns a bound with the one right beside it: 一千元以上一万元以下 of either half."""
    for one, other in pairwise(found):
        if meant in (one, other) and one.end == other.start and one.kind == other.kind and one.bound and other.bound:
            return replace(one, end=other.end, written=one.written + other.written)
    return meant


def _coordinated(meant: Quantity, found: list[Quantity], text: str) -> ShortAnswer | None:
    """Returns all dates of the list that contains one, as 2001年、2011年和2018年; None if it stands alone."""
    dates = [quantity for quantity in found if quantity.kind == "date"]
    first = last = dates.index(meant)
    while first and _BETWEEN_DATES.fullmatch(text[dates[first - 1].end : dates[first].start]):
        first -= 1
    while last + 1 < len(dates) and _BETWEEN_DATES.fullmatch(text[dates[last].end : dates[last + 1].start]):
        last += 1
    begin, end = dates[first].start, dates[last].end
    return ShortAnswer(text[begin:end], begin, end) if first < last else None


def _quantity(meant: Quantity, place: Place, language: Language) -> ShortAnswer:
    sentence, own = place.sentence, place.language
    text, end = meant.written, meant.end
    begin, stop = (offset - sentence.start for offset in sentence.answer)
    whole = sentence.text[begin:stop].strip()
    if language == own == "en" and begin == meant.start and len(whole) <= _MAX_SHORT_ANSWER[own]:
        return ShortAnswer(whole, begin, stop)
    if own == "zh" and meant.kind == "number" and (measured := MEASURE_WORD.match(sentence.text, meant.end)):
        text, end = text + measured[0], measured.end()
    if own == language == "zh" and (about := _APPROXIMATELY.search(sentence.text[: meant.start])):
        text = about[1] + text
    rendered = quantities.render(meant, language)
    if language != own and not text.startswith(rendered):
        text = rendered + BRACKETED.in_language(language, text)
    return ShortAnswer(text, meant.start, end)


def _foreign(text: str, language: Language, name: Callable[[str], str]) -> str:
    """Returns a phrase of the other language as it can be given exactly: a name in Latin letters; "" for anything else."""
    if language == "zh":
        return text if _LATIN.fullmatch(text) and any(word[0].isupper() for word in text.split()) else ""
    written = name(text)
    return written + BRACKETED.in_language(language, text) if written else ""
