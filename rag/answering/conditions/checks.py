"""Compares the conditions that need no dictionary: dates, ordinals, codes, words that exclude each other, counted things, amounts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from rag.answering.conditions.asked import CODE, YEAR, Asked
from rag.answering.conditions.condition import Condition, Scope
from rag.answering.expectations import UNIT_ASKED
from rag.text import quantities
from rag.text.distinctions import contrasts, ordinals
from rag.text.language import language_of
from rag.text.quantities import Quantity
from rag.types import Language

# A rule with a first or last day may also be so in another year.
_DEADLINE = re.compile(r"[年月日](?:之?[前后]|起|以[前后])|逾期|\b(?:before|after|until|by|from|since)\b", re.IGNORECASE)
_SEMICOLON = re.compile(r"[；;。]")
_BREAK = re.compile(r"[，,；;。:：]")
# The words after a noun are no part of it.
_OF_A_NAME = re.compile(r"(?![有是为在的共于达将已要能会可被把从到由和与及等不没中上下里])[\u3400-\u9fff]")
_CURRENCY = re.compile(
    r"多少[万亿]?(?P<han>欧元|美元|英镑|日元|港元|港币|人民币|卢布|韩元|瑞士法郎|加元|澳元)"
    r"|\bin (?P<english>euros|(?:us )?dollars|pounds|yuan|yen|francs|crowns|kronor|kroner|rubles|rupees)\b",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"(?P<han>[\u3400-\u9fff]{2,4})(?:说|表示|认为|指出|强调|提议)(?:了|过|的)?(?:什么|哪些|啥)"
    r"|\b[Ww]hat (?:did|does|has|is) (?P<english>(?:(?:[A-Z]\w+\.?|[A-Z]\.) )+[A-Z]\w+) (?:say|said|think|propose|suggest|argue|demand|ask for)"
)
_ROLE = re.compile(
    r"(?:^|[的、，])(?:第?[一二三四五六七八九十]?[大任届]|最大|首席|首任|现任)?(?P<is>[\u3400-\u9fff]{2,4}?)(?:是|为)(?:谁|哪一?位)"
    r"|哪一?位(?P<which>[\u3400-\u9fff]{2,3}?)(?:之手|[？?]|$)"
    r"|\b[Ww]ho (?:is|was|are|were) (?:the |its |their )(?:[\w-]+ ){0,2}?(?P<english>[a-z]{4,})(?= (?:of|in|at|for|on)\b|\?|$)"
)
# 生母 is met by 母周端妃.
_RELATIVE = re.compile(r"[父母夫妻兄弟姐妹祖孙]")
_STEM = 5
_HOW_MANY = re.compile(
    r"\b[Hh]ow many (?:[a-z-]+ ){0,2}?(?P<things>[a-z]{5,}s)(?= (?:does|do|did|is|are|was|were|has|have|can|will|had)\b)"
)
_THINGS_AFTER = re.compile(r"\s((?:[a-z-]+ )?[a-z]{3,}s)\b")
_GENERAL_NOUNS = frozenset(
    "people persons members visitors guests delegates participants others times kinds types things places items".split()
)
_COUNTED = re.compile(r"(?:多少|几)[\u3400-\u9fff]{1,5}?(?=[？?，,]|$)|(?:多少|几)[\u3400-\u9fff]{1,3}")


def dates(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the dates of the question that the sentence is not of.

    A sentence without a year is of that of its headings and title, else of the last one before it, else of its document's date.
    """
    own = _dated(scope.sentence, scope.language)
    headings, before = _dated(scope.headings, scope.language), _dated(scope.before, scope.language)
    published = [*_dated(scope.published, "en"), *_dated(scope.file_name, scope.language)]
    for date in asked.dates:
        if any(_overlap(date, other) for other in own) or (asked.asks_verdict and _DEADLINE.search(scope.sentence)):
            continue
        if others := _other_days(date, own):
            yield Condition("date", date.written, others[0].written)
            continue
        if dated := _with_year(own):
            # The year of a report is in its title, and its sentences may speak of other years besides.
            if len(asked.dates) > 1 and any(_overlap(date, other) for other in [*headings, *published]):
                continue
        else:
            dated = _with_year(headings) or _with_year([*reversed(before)]) or published
            if any(_overlap(date, other) for other in dated):
                continue
        year = _span(date)[0]
        if dated:
            yield Condition("date", date.written, dated[0].written)
        elif year and str(year) not in scope.document and YEAR.search(scope.document):
            # The document is of another year, and does not say of which the sentence is.
            yield Condition("date", date.written)


def _dated(text: str, language: Language) -> list[Quantity]:
    """Returns the dates of a text, also years that nothing marks as such."""
    found = [quantity for quantity in quantities.find(text, language) if quantity.kind == "date"]
    known = {str(date.year) for quantity in found for date in quantity.dates}
    return found + [
        q for year in quantities.BARE_YEAR.findall(text) if year not in known for q in quantities.find(f"{year}年", "zh")
    ]


def _with_year(dates: list[Quantity]) -> list[Quantity]:
    return [quantity for quantity in dates if any(date.year for date in quantity.dates)]


def _other_days(date: Quantity, own: list[Quantity]) -> list[Quantity]:
    """Returns the days that a sentence names, if it names only days, without their year, and the question asks after a day."""
    days = [quantity for quantity in own if len(quantity.dates) == 1 and quantity.dates[0].day and not quantity.dates[0].year]
    asks_day = len(date.dates) == 1 and bool(date.dates[0].month and date.dates[0].day)
    return days if asks_day and len(days) == len(own) and all(day.dates[0].month for day in days) else []


def _overlap(one: Quantity, other: Quantity) -> bool:
    """Returns whether two dates or periods may be the same time."""
    spans = [_span(quantity) for quantity in (one, other)]
    if all(spans[i][0] for i in (0, 1)):
        first, last = max(span[0] for span in spans), min(span[1] for span in spans)
        if first > last:
            return False
    months = [{date.month for date in quantity.dates if date.month} for quantity in (one, other)]
    if len(one.dates) == len(other.dates) == 1 and all(months):
        days = [quantity.dates[0].day for quantity in (one, other)]
        return months[0] == months[1] and (not all(days) or days[0] == days[1])
    return all(span[0] for span in spans) or all(months)


def _span(quantity: Quantity) -> tuple[int, int]:
    """Returns the first and last year of a date or period; 0 for a date without a year."""
    years = [date.year for date in quantity.dates if date.year]
    if not years:
        return 0, 0
    longest = {"decade": 9, "century": 99}.get(quantity.dates[-1].span, 0)
    return min(years), max(years) + longest


def ordinal_numbers(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the ordinals that the sentence has another one for, or that the document does not contain."""
    for ordinal in asked.ordinals:

        def alike(text: str, unit: str = ordinal.unit) -> list[ordinals.Ordinal]:
            return [other for other in ordinals.find(text) if not unit or not other.unit or other.unit == unit]

        if any(other.number == ordinal.number for text in scope.near for other in alike(text)):
            own = [(other.start, other.number, other.written) for other in alike(scope.sentence)]
            if instead := _of_another(own, ordinal.number, asked, scope):
                yield Condition("ordinal", ordinal.written, instead)
            continue
        if others := alike(scope.sentence) or alike(scope.headings):
            yield Condition("ordinal", ordinal.written, others[0].written)
        elif ordinal.number > 1 and scope.language == asked.language and ordinal.unit and not scope.has_ordinal(ordinal):
            yield Condition("ordinal", ordinal.written)


def codes(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the codes that the sentence has another number for, or that the document does not contain."""
    for written, letters, digits in asked.codes:
        there = [(match[0], match[1].casefold(), match[2].lstrip("0")) for text in scope.near for match in CODE.finditer(text)]
        if (letters, digits.lstrip("0")) in {(other[1], other[2]) for other in there}:
            continue
        instead = [other[0] for other in there if other[1] == letters]
        if instead or f"{letters}{digits}" not in scope.document:
            yield Condition("code", written, instead[0] if instead else "")


def contrasting_words(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the words that the sentence has an excluding one for: 市级 where it says 省级."""
    for word in asked.contrasts:
        named = {other.member for other in asked.contrasts if other.group == word.group}
        sentence, headings = (
            [other for other in contrasts.find(text) if other.group == word.group] for text in (scope.sentence, scope.headings)
        )
        if any(other.member == word.member for other in (*sentence, *headings)):
            places = [(one.start, one.member, one.written) for one in sentence]
            if other_written := _of_another(places, word.member, asked, scope):
                yield Condition("contrast", word.written, other_written)
            continue
        above = [] if word.group.startswith(contrasts.OF_SENTENCES) else headings
        for text, found in ((scope.sentence, sentence), (scope.headings, above)):
            if instead := [other for other in found if other.member not in named]:
                yield Condition("contrast", *_with_common_end(asked.bare, word, text, instead[0]))
                break


def _with_common_end(question: str, word: contrasts.Member, text: str, other: contrasts.Member) -> tuple[str, str]:
    """Returns two words with the Han characters that follow both: 大型水库 and 小型水库 for 大型 and 小型."""
    ends = question[word.start + len(word.written) :], text[other.start + len(other.written) :]
    alike = takewhile(lambda pair: pair[0] == pair[1] and _OF_A_NAME.match(pair[0]), zip(*ends, strict=False))
    end = "".join(one for one, _ in alike)
    return word.written + end, other.written + end


def _of_another(there: list[tuple[int, int, str]], wanted: int, asked: Asked, scope: Scope) -> str:
    """Returns the word that an amount is of, if that is not the wanted one: 8万元 of 一等奖8万元，二等奖两名.

    Args:
        there: The place, number and text of each word of a set in the sentence, in order.
        wanted: The number of the word of the question.
        asked: The question.
        scope: The sentence.
    """
    begin, end = scope.answer
    before = [(number, written) for start, number, written in there if start < begin]
    after = [start for start, number, _ in there if number == wanted and start >= end]
    if not asked.expected.quantity or not before or not after or wanted in {number for number, _ in before}:
        return ""
    # The sentence may say it of the wanted one as well.
    stop = _SEMICOLON.search(scope.sentence, after[0])
    until = stop.start() if stop else len(scope.sentence)
    own = [q for q in quantities.find(scope.sentence, scope.language) if after[0] < q.start < until]
    if any(asked.expected.accepts(quantity, scope.sentence) for quantity in own):
        return ""
    return before[-1][1] if _BREAK.search(scope.sentence, end, after[0]) else ""


def units(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds a count of other things than the question's: of species (种) where it asks after animals (只)."""
    if scope.language != asked.language or not asked.expected.measure_words:
        return
    found = [quantity for quantity in quantities.find(scope.sentence, scope.language) if quantity.kind == "number"]
    others = [quantity for quantity in found if asked.expected.counts_other_things(quantity, scope.sentence)]
    if found and len(others) == len(found) and (counted := _COUNTED.search(asked.bare)):
        yield Condition("unit", counted[0], scope.sentence[others[0].start : others[0].end + 1])


def counted(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the things that an English question counts, if the sentence counts others and its document does not mention them."""
    if not (things := _HOW_MANY.search(asked.bare)) or scope.language != asked.language:
        return
    name = things["things"]
    if name.casefold() in _GENERAL_NOUNS or name.casefold()[:_STEM] in scope.document:
        return
    found = [q for q in quantities.find(scope.sentence, scope.language) if asked.expected.accepts(q, scope.sentence)]
    others = [match for quantity in found if (match := _THINGS_AFTER.match(scope.sentence, quantity.end))]
    if found and len(others) == len(found):
        yield Condition("unit", name, others[0][1])


def measures(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the unit that the question asks for, if the sentence measures nothing: hectares where it counts birds."""
    if not (unit := UNIT_ASKED.search(asked.bare)) or scope.language != asked.language:
        return
    name = unit["han"] or unit["english"]
    found = quantities.find(scope.sentence, scope.language)
    if not any(quantity.kind == "measure" for quantity in found) and name.lower() not in "\n".join(scope.near).lower():
        yield Condition("unit", name)


def speakers(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the person whose words the question asks for, if the sentence and those before it are of others."""
    if speaker := _SPEAKER.search(asked.bare):
        name = speaker["han"] or speaker["english"].split()[-1]
        known = f"{scope.headings}\n{scope.before}\n{scope.sentence}"
        if scope.language == asked.language and name not in known:
            yield Condition("name", speaker["han"] or speaker["english"])


def roles(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the role of the person whom the question asks for, if the document does not mention it: 股东 of 最大的股东是谁？."""
    comparable = scope.language == language_of(scope.sentence) == asked.language
    if not comparable or not (role := _ROLE.search(asked.bare)):
        return
    name = role["is"] or role["which"] or role["english"]
    # 负责人 is met by 由周远负责, and "director" by "directed".
    stem = name[:2] if asked.language == "zh" else name.casefold()[:_STEM]
    if relative := _RELATIVE.search(name):
        stem = relative[0]
    if stem not in scope.document:
        yield Condition("name", name)


def currencies(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the currency that the question asks for an amount in, if the sentence has amounts but not of it: euros where it says crowns."""
    if not (currency := _CURRENCY.search(asked.bare)):
        return
    name = currency["han"] or currency["english"]
    found = [q for q in quantities.find(scope.sentence, scope.language) if q.kind in ("money", "number")]
    units = {quantity.unit for quantity in quantities.find(f"1{name}" if currency["han"] else f"1 {name}", asked.language)}
    known = any(name.lower().rstrip("s") in text.lower() for text in scope.near) or any(q.unit in units for q in found if q.unit)
    if found and not known:
        yield Condition("unit", name, found[-1].written)


def amounts(asked: Asked, scope: Scope) -> Iterator[Condition]:
    """Finds the amounts that the sentence has others in the same unit for: 9万吨 where it says 8.45万吨."""
    if asked.asks_verdict:
        return
    there = [quantity for text in scope.near for quantity in quantities.find(text, scope.language)]
    own = [quantity for quantity in quantities.find(scope.sentence, scope.language) if quantity.amounts]
    for amount in asked.amounts:
        others = [quantity for quantity in own if (quantity.kind, quantity.unit) == (amount.kind, amount.unit)]
        if others and not any(quantity.contains(amount) for quantity in there):
            yield Condition("amount", amount.written, others[0].written)
