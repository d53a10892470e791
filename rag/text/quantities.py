"""Numbers, dates, money and measures: read in Chinese and English, and written in either by rule and exactly.

One grammar serves both languages: a bound, a number with its scale, a unit, each from a table below. What merely looks like
a quantity is a name and is passed over: 第15次, COP15, Article 19, 8:30. So is what is not exact, such as 数百 or 十几.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from rag.text.numerals import han_number
from rag.types import Language

Kind = Literal["number", "share", "date", "money", "measure", "duration"]


class Date(NamedTuple):
    """A day, month, year, decade or century; what is not named is 0 or empty.

    A decade or century is given by its first year: 1980 for the 1980s, 1900 for the 20th century. `period` is the part of
    the year, month, decade or century that is meant.
    """

    year: int = 0
    month: int = 0
    day: int = 0
    span: Literal["", "decade", "century"] = ""
    period: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, share, date or measure in a text: `text[start:end] == written`. Measure words are not of it.

    A date has `dates`, all else `amounts`: two for a range, otherwise one. `unit` is the first English name of a unit in the
    table of units, or the first Chinese one when it has none; it is empty for a plain number. `bound` is a key of the table
    of bounds, or empty.
    """

    start: int
    end: int
    written: str
    kind: Kind
    amounts: tuple[Decimal, ...] = ()
    dates: tuple[Date, ...] = ()
    unit: str = ""
    bound: str = ""

    @property
    def value(self) -> Hashable:
        """Equal for the same quantity however it is written; bounds do not count, and a quarter is 25%."""
        if self.kind == "share":
            return "share", tuple(Fraction(amount) / _PARTS[self.unit] for amount in self.amounts)
        return self.unit, self.amounts, self.dates

    def contains(self, other: Quantity) -> bool:
        """Whether another quantity is this one, or part of it: 2021 of 9 October 2021, 10 of 10 to 20."""
        if other.dates:
            return all(
                any(all(named in ("", 0, known) for named, known in zip(date, own, strict=True)) for own in self.dates)
                for date in other.dates
            )
        # A dollar of English text is mostly, and of Chinese text always, said to be someone's.
        same_unit = self.unit == other.unit or ("dollar" in (self.unit, other.unit) and self.unit[-6:] == other.unit[-6:])
        return self.value == other.value or (same_unit and set(other.amounts) <= set(self.amounts))


class _Unit(NamedTuple):
    """A unit's names, the first ones as they are written: in Chinese one, in English one for 1 and one for the rest.

    It has none in a language without a sure counterpart: a dollar may be anyone's, and a ton is not always 1,000 kilograms.
    """

    kind: Kind
    zh: str
    en: str
    before: str = ""


_UNITS = (
    _Unit("share", "%", "%|%|percent|per cent", "百分之"),
    _Unit("measure", "个百分点", "percentage point|percentage points"),
    _Unit("money", "元|元人民币", "yuan|yuan|RMB|renminbi", "人民币|RMB|CNY"),
    _Unit("money", "美元", "US dollar|US dollars|U.S. dollars", "US$|USD"),
    _Unit("money", "欧元", "euro|euros", "€|EUR"),
    _Unit("money", "英镑", "pound sterling|pounds sterling|British pounds", "£"),
    _Unit("money", "日元", "yen|yen"),
    _Unit("money", "港元|港币", "Hong Kong dollar|Hong Kong dollars", "HK$"),
    _Unit("money", "卢布", "rouble|roubles|ruble|rubles"),
    _Unit("money", "块|块钱", ""),
    _Unit("money", "", "dollar|dollars", "$"),
    _Unit("money", "", "", "¥"),
    _Unit("duration", "年", "year|years"),
    _Unit("duration", "个月", "month|months"),
    _Unit("duration", "周|个星期|星期", "week|weeks"),
    _Unit("duration", "天|日", "day|days"),
    _Unit("duration", "小时|个小时", "hour|hours"),
    _Unit("duration", "分钟", "minute|minutes|min"),
    _Unit("duration", "秒|秒钟", "second|seconds"),
    _Unit("measure", "岁", "year old|years old|year-old|years-old"),
    _Unit("measure", "公顷", "hectare|hectares|ha"),
    _Unit("measure", "亩", "mu|mu"),
    _Unit("measure", "英亩", "acre|acres"),
    _Unit("measure", "平方公里|平方千米", "square kilometre|square kilometres|square kilometer|square kilometers|sq km|km²|km2"),
    _Unit("measure", "平方米", "square metre|square metres|square meter|square meters|m²|m2"),
    _Unit("measure", "立方米", "cubic metre|cubic metres|cubic meter|cubic meters|m³|m3"),
    _Unit("measure", "公里每小时|公里/小时", "kilometre per hour|kilometres per hour|kilometers per hour|km/h"),
    _Unit("measure", "英里每小时", "mile per hour|miles per hour|mph"),
    _Unit("measure", "公里|千米", "kilometre|kilometres|kilometer|kilometers|km"),
    _Unit("measure", "米", "metre|metres|meter|meters|m"),
    _Unit("measure", "厘米", "centimetre|centimetres|centimeter|centimeters|cm"),
    _Unit("measure", "毫米", "millimetre|millimetres|millimeter|millimeters|mm"),
    _Unit("measure", "英里", "mile|miles"),
    _Unit("measure", "英尺", "foot|feet|ft"),
    _Unit("measure", "吨", "tonne|tonnes|metric ton|metric tons|t"),
    _Unit("measure", "公斤|千克", "kilogram|kilograms|kg"),
    _Unit("measure", "克", "gram|grams|g"),
    _Unit("measure", "升", "litre|litres|liter|liters"),
    _Unit("measure", "摄氏度|℃|°C", "degree Celsius|degrees Celsius|°C"),
    _Unit("measure", "千瓦", "kilowatt|kilowatts|kW"),
    _Unit("measure", "兆瓦", "megawatt|megawatts|MW"),
    _Unit("measure", "千瓦时", "kilowatt-hour|kilowatt-hours|kWh"),
    _Unit("measure", "", "ton|tons"),
    _Unit("measure", "", "pound|pounds"),
    _Unit("measure", "", "degree|degrees"),
    _Unit("measure", "", "times|times"),
    _Unit("measure", "倍", ""),
    _Unit("measure", "度", ""),
    _Unit("measure", "斤", ""),
)
_NAMED = {(unit.en or unit.zh or unit.before).split("|")[0]: unit for unit in _UNITS}
_UNIT_NAMES = {alias: name for name, unit in _NAMED.items() for alias in f"{unit.zh}|{unit.en}".split("|") if alias}
_UNITS_BEFORE_NUMBER = {alias: name for name, unit in _NAMED.items() for alias in unit.before.split("|") if alias}
# 八成 is 80%, and three decades are 30 years.
_TENFOLD_UNITS = {"成": "%", "decade": "year", "decades": "year"}
_FRACTIONS = "half third quarter fifth sixth seventh eighth ninth tenth".split()
_PARTS = {"%": 100} | {name: parts for parts, name in enumerate(_FRACTIONS, 2)}


class _Bound(NamedTuple):
    """How a bound is written in each language, and all that means it before a number and after one."""

    zh: str
    en: str
    before: str
    after: str = ""


_BOUNDS = {
    "over": _Bound("{}以上", "over {}", "over|above|exceeding", "以上|及以上"),
    "more than": _Bound("超过{}", "more than {}", "超过|超|逾|多于|高于|more than", "多|余"),
    "at least": _Bound("至少{}", "at least {}", "至少|不少于|不低于|at least|no less than|not less than", " or more"),
    "at most": _Bound("至多{}", "at most {}", "至多|最多|不超过|at most|up to|no more than|not more than", "以内|之内"),
    "less than": _Bound("不足{}", "less than {}", "不足|不到|少于|低于|less than|fewer than|under|below", "以下"),
    "nearly": _Bound("将近{}", "nearly {}", "近|将近|接近|nearly|almost|close to"),
    "about": _Bound("约{}", "about {}", "约|大约|大概|about|around|approximately|roughly|some", "左右|上下"),
}
_BEFORE = {alias: name for name, bound in _BOUNDS.items() for alias in bound.before.split("|")}
_AFTER = {alias: name for name, bound in _BOUNDS.items() for alias in bound.after.split("|") if alias}

_HAN_SCALES = {"百": 2, "千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11, "万亿": 12}
_ENGLISH_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "mn": 6, "billion": 9, "bn": 9, "trillion": 12}
_SCALES = {name: Decimal(10**power) for name, power in (_HAN_SCALES | _ENGLISH_SCALES).items()} | {"": Decimal(1)}
_WRITTEN_SCALES: dict[Language, tuple[str, ...]] = {"zh": ("万亿", "亿", "万"), "en": ("trillion", "billion", "million")}
# 7130.7万 and 71.307 million are easily read; a number that needs more decimals is written out.
_MOST_DECIMALS = 3
# Longer ones are the numbers of accounts and the like, and would soon be more than a Decimal keeps.
_MOST_DIGITS = 18

_ONES = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = dict(zip([*_ONES, *_TEENS, *_TENS], [*range(1, 20), *range(20, 100, 10)], strict=True))
_HAN_NAMES = "零一二三四五六七八九十"
_MONTHS = "January February March April May June July August September October November December".split()
# How a period of a year or month is written, and then one of a decade or century.
_PERIODS: dict[str, dict[Language, tuple[str, str]]] = {
    "": {"zh": ("{}", "{}"), "en": ("{}", "{}")},
    "early": {"zh": ("{}初", "{}初"), "en": ("early {}", "the early {}")},
    "middle": {"zh": ("{}中", "{}中期"), "en": ("mid-{}", "the mid-{}")},
    "end": {"zh": ("{}底", "{}末"), "en": ("the end of {}", "the late {}")},
    "first half": {"zh": ("{}上半年", "{}"), "en": ("the first half of {}", "{}")},
    "second half": {"zh": ("{}下半年", "{}"), "en": ("the second half of {}", "{}")},
}
_PERIOD_NAMES = {"初": "early", "中": "middle", "中期": "middle", "mid": "middle", "底": "end", "末": "end", "late": "end"}
_PERIOD_NAMES |= {"中叶": "middle", "上半年": "first half", "下半年": "second half", "beginning": "early"}

# Full-width and traditional characters, each read as one other, so that offsets hold.
_FOLD = str.maketrans(
    "０１２３４５６７８９％．～＄￥−○\u00a0\u3000萬億兩餘約過紀畝噸頃歐鎊盧幣週個時間鐘錢歲攝釐",
    "0123456789%.~$¥-〇  万亿两余约过纪亩吨顷欧镑卢币周个时间钟钱岁摄厘",
)


def _any(names: Iterable[str]) -> str:
    """A pattern for any of the names, the longest first; Latin ones end where the word ends, long ones are in any case."""

    def one(name: str) -> str:
        pattern = rf"(?i:{re.escape(name)})" if len(name) > 3 else re.escape(name)
        return pattern + "(?![A-Za-z])" if re.search(r"[A-Za-z]$", name) else pattern

    return "|".join(map(one, sorted(names, key=len, reverse=True)))


_YEAR = r"(?:1[5-9]\d\d|20\d\d|2100)"
_DIGITS = r"(?<![\d.°′])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_SCALE = rf"(?!千[瓦克米]|百分)(?:{_any(name for name in _SCALES if name)})"
_NUMBER_IN_DIGITS = rf"{_DIGITS}(?:[ -]?{_SCALE}(?:\d+(?:\.\d+)?{_SCALE}){{0,2}})?"
_H = "[一二两三四五六七八九]"
_UNDER_10000 = rf"(?:{_H}千)?(?:零?{_H}百)?(?:零?{_H}?十)?(?:零?{_H})?"
# Not 一百五 or 一万五, which are 150 and 15,000.
_HAN_NUMBER = (
    rf"(?<![第几数零〇一二两三四五六七八九十百千万亿\d])(?=[一二两三四五六七八九十])(?:{_UNDER_10000}亿)?(?:{_UNDER_10000}万)?"
    rf"{_UNDER_10000}(?<![百千万亿]{_H})(?![几零〇一二两三四五六七八九十百千万亿])|(?<![上下大小多一每])半|(?<=百分之)百"
)
_SMALL = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES)})\b)?|{'|'.join([*_TEENS, *_ONES])})\b"
_HUNDREDS = rf"(?:half an?|an?(?= (?:hundred|dozen|thousand|[mbtr]+illion)\b)|{_SMALL}(?: and a half)?)(?: (?:hundred|dozen)\b(?: (?:and )?{_SMALL})?)?"
_NUMBER_IN_WORDS = (
    rf"(?i:(?<![\w-])(?:{_HUNDREDS})(?: (?:thousand|million|billion|trillion)\b(?: {_HUNDREDS})?){{0,3}}"
    r"(?!-(?:fir|sec|thi|fou|fif|six|sev|eig|nin)))(?![A-Za-z])"
)
_NUMBER = f"(?:{_NUMBER_IN_DIGITS}|{_HAN_NUMBER}|{_NUMBER_IN_WORDS})"
_MEASURE_WORD = r"(?:人次|[个种名人项处条家位份只头场部台座所辆列艘株棵颗批支张件户次倍])"
_RANGE_SIGN = r"(?: ?(?:——?|[-–~]) ?|至|到| to | and )"
_FRACTION_WORDS = "|".join(_FRACTIONS)
_BEFORE_NUMBER = rf"(?:(?<![公条契节预合最附A-Za-z])(?P<before>{_any(_BEFORE)}) ?)?"
_AFTER_NUMBER = rf"(?:{_MEASURE_WORD}?(?P<after>{_any(_AFTER)})(?![种样个次项家边元数年]))?"
_NO_UNIT = r"年[代级度轻龄]|元[素旦件组宵]|天[然津气空]|周[期边]|日(?!之?内|以内)|成[员立果为功交年人分本效绩就熟长]|克[隆拉]|度假|(?<=一)[度成]"
_UNIT_NAME = rf"(?!{_NO_UNIT})(?:{_any([*_UNIT_NAMES, *_TENFOLD_UNITS])})"
_QUANTITY = re.compile(
    rf"{_BEFORE_NUMBER}(?P<sign>(?:(?<![\w%])|(?<=[至过少多足近约]))-|零下)?(?:(?P<symbol>{_any(_UNITS_BEFORE_NUMBER)}) ?)?(?!{_YEAR} ?年)(?P<number>{_NUMBER})"
    rf"(?:(?P<more>[多余](?!边|样)|个[多余](?={_UNIT_NAME}))(?P<scale>{_any(_HAN_SCALES)})?|(?P<half>个半(?={_UNIT_NAME})))?"
    rf"(?:[ -]?(?P<unit>{_UNIT_NAME})(?P<half_unit>半)?)?+{_AFTER_NUMBER}"
    # Not a part of a longer word, number or unit: 5G, 1.2.3, 2000 BC, 9°34′, 290 000, 5元/吨, 30 metres per second.
    r"(?!\d|[.,:/]\d|[A-Za-z²³/°′″]| per | \d{3}(?!\d)|[ -]?[A-Za-z]{1,4}[/²³]| (?:BCE?|CE|AD)\b)"
)
_FRACTION = re.compile(
    rf"{_BEFORE_NUMBER}(?:(?P<parts>[二三四五六七八九十])分之(?P<han>{_H})|(?P<half>一半|(?<!first )(?<!second )(?i:half)(?= of\b| the\b))"
    rf"|(?P<words>(?i:{'|'.join(_ONES)}|an?(?= (?:{_FRACTION_WORDS}) of\b)))[ -](?P<name>(?i:{_FRACTION_WORDS}))s?(?![A-Za-z-])){_AFTER_NUMBER}"
)
_HAN_YEAR = r"[一二][〇零一二三四五六七八九]{3}"
_HAN_DAY = "(?:[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_MONTH_NAME = rf"(?:(?:{'|'.join(_MONTHS)})(?![A-Za-z])|(?:{'|'.join(name[:3] for name in _MONTHS)}|Sept)(?![A-Za-z])\.?)"
_MONTH = rf"(?P<name>{_MONTH_NAME})"
_PERIOD = r"(?i:(?:the )?(?P<period>end|beginning|first half|second half|early|mid)(?: of |[ -]))"
_PERIOD_OF_SPAN = r"(?i:(?:the )?(?P<period>early|mid|late)[ -])?"
_TIME_FOLLOWS = "|".join(
    rf"(?<=\b{word} )(?<!total of )"
    for word in "in since by from until till of before after during through between late last this next In Since By From Until Before After During Between".split()
)
_NO_YEAR = rf"(?![\d%A-Za-z]|[.,]\d|[ -]?(?:{_UNIT_NAME}|{_SCALE})| (?:BCE?|CE|AD)\b)"
_ORDINAL = "(?:st|nd|rd|th)"
_DAYS = rf"(?P<day>\d{{1,2}}){_ORDINAL}?(?: ?[-–] ?(?P<last>\d{{1,2}}){_ORDINAL}?)?"
_DATES = [
    re.compile(pattern)
    for pattern in (
        # 2021年10月8日, 二〇二一年, 9月15—16日, 1至6月, 2018年底
        (
            rf"(?<!\d)(?=(?:{_YEAR}|{_HAN_YEAR}) ?年|(?:\d{{1,2}}|{_HAN_DAY})(?:{_RANGE_SIGN}\d{{1,2}})? ?月)"
            rf"(?:(?P<year>{_YEAR}|{_HAN_YEAR}) ?年)?"
            rf"(?: ?(?P<month>\d{{1,2}}|{_HAN_DAY})(?:{_RANGE_SIGN}(?P<last_month>\d{{1,2}}))? ?月"
            rf"(?: ?(?P<day>\d{{1,2}}|{_HAN_DAY})(?:[日号]?{_RANGE_SIGN}(?P<last>\d{{1,2}}))?(?:[日号]|(?={_RANGE_SIGN}\d{{1,2}}月))|份)?)?"
            rf"(?:年?(?P<period>[底末]|初(?![步级中期])|中(?!\w)|[上下]半年))?"
        ),
        # 20世纪80年代末, 21世纪
        r"(?P<century>\d{1,2}|二?十[一九]?) ?世纪(?:(?P<decade>[1-9]0|[二三四五六七八九]十)年代)?(?P<period>初|中期|中叶|末)?",
        # 2021-10-08, 2021/10/8
        rf"(?P<year>{_YEAR})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?!\d)",
        # October 8, 2021; March 9–10; 8th of October 2021; the end of July 2021
        rf"{_MONTH} {_DAYS}(?:,? (?P<year>{_YEAR}))?(?!\w|[.,]\d)",
        rf"{_DAYS} (?:of )?{_MONTH}(?:,? (?P<year>{_YEAR}))?(?!\d)",
        rf"(?:{_PERIOD})?{_MONTH},? (?P<year>{_YEAR})(?!\d)",
        # the late 1980s, the early 21st century
        rf"{_PERIOD_OF_SPAN}(?P<tens>\d{{3}}0)s\b",
        rf"{_PERIOD_OF_SPAN}(?P<century>\d{{1,2}}){_ORDINAL}[ -]century",
        # January to June, since June, in 2018, mid-2018, (2018)
        rf"{_MONTH}(?={_RANGE_SIGN}{_MONTH_NAME})",
        rf"(?:{_PERIOD}|{_TIME_FOLLOWS}|(?<=\bto )|(?<=[a-z][-–])){_MONTH}(?! \d)",
        rf"(?:{_PERIOD}|{_TIME_FOLLOWS})(?P<year>{_YEAR}){_NO_YEAR}",
        rf"(?<=\()(?P<year>{_YEAR})(?=[)–—,;-])",
    )
]
_ENGLISH_DATE_ALONE = re.compile(rf"\A(?:{_MONTH}|(?P<year>{_YEAR}))\Z")
_LABEL = "Article|Section|Chapter|Figure|Fig|Table|Page|Part|Annex|No|Vol|Target|Goal|Decree|Bill|COP"
_NAME = re.compile(
    "|".join(
        (
            # 第15次, Article 19, no. 12, 目标14
            rf"第 ?[\d零〇一二两三四五六七八九十百千]+|(?:{_LABEL})s?\.? \d[\w.]*|nos?\. \d+|目标\d+",
            # (7) and 7. before an item of a list
            r"(?<=[(（])\d{1,2}[)）]|(?<![^\n])\d{1,2}[.、)）](?!\d)",
            # 8:30, 10时28分; 26日 of no month
            r"\d{1,2}(?:[点时](?!间)(?:\d{1,2}分?)?|:\d\d)|(?:\d{1,2}|[一二三四五六七八九十]{1,3})[日号](?!之?内|以内)",
            # 80年代, 5号, 1995/96, 007
            r"\d+(?:年[代级]|[号版楼后]|/\d+)|0\d+",
        )
    )
)
# COP15, PPR-9087, 5G, 1.2.3, 290 000: what is left where nothing else was read.
_WORD = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)|(?:(?<![A-Za-z])[A-Za-z]+[-_]?)?\d(?:[A-Za-z\d_-]|[.,:/]\d)*")
_FIRST_CHARACTERS = "".join(
    sorted({alias[0] for alias in [*_BEFORE, *_UNITS_BEFORE_NUMBER] if not alias[0].isalpha() or not alias.isascii()})
)
_CANDIDATE = re.compile(rf"[-\d第零半目一二两三四五六七八九十{_FIRST_CHARACTERS}]|(?<![A-Za-z])[A-Za-z]")
_COUNTED = re.compile(rf"{_MEASURE_WORD}|{_RANGE_SIGN}{_NUMBER}")


def find(text: str, language: Language) -> list[Quantity]:
    """The quantities in a text, in order and not overlapping.

    Args:
        text: In either language, or both.
        language: That of the text: a text of nothing but 2018 or June is a date in English.
    """
    folded = text.translate(_FOLD)
    dates = (_ENGLISH_DATE_ALONE, *_DATES) if language == "en" else _DATES
    rules = [(_NAME, None), *((pattern, _date) for pattern in dates), (_FRACTION, _fraction), (_QUANTITY, _amount), (_WORD, None)]
    found: list[Quantity] = []
    position = 0
    while candidate := _CANDIDATE.search(folded, position):
        position = candidate.end()
        for pattern, read in rules:
            if match := pattern.match(folded, candidate.start()):
                position = match.end()
                if read and (quantity := read(match)):
                    if found and (joined := _joined(found[-1], quantity, folded)):
                        found[-1] = joined
                    else:
                        found.append(quantity)
                    position = quantity.end
                break
    return [
        replace(quantity, written=text[quantity.start : quantity.end]) for quantity in found if not _may_be_year(quantity, folded)
    ]


def render(quantity: Quantity, language: Language) -> str:
    """The quantity as a language writes it, nothing rounded; as it stands in the text when its unit has no counterpart."""
    if quantity.dates:
        return _written_dates(quantity.dates, language)
    bound = getattr(_BOUNDS[quantity.bound], language) if quantity.bound else "{}"
    if quantity.unit in _FRACTIONS:
        return bound.format(_written_fraction(int(quantity.amounts[0]), _PARTS[quantity.unit], language))
    text = _written_numbers(quantity.amounts, language)
    if quantity.unit:
        name, *names = getattr(_NAMED[quantity.unit], language).split("|")
        # 2000年 is a year: what lasts 2,000 years has no other way to be written in digits.
        if not name or (name == "年" and re.search(rf"(?<!\d){_YEAR}\Z", text)):
            return quantity.written
        if language == "en" and quantity.amounts[-1] != 1:
            name = names[0]
        if name == "%":
            text = text.replace("至", "%至")
        text += name if language == "zh" or name == "%" else f" {name}"
    return bound.format(text)


def _date(match: re.Match[str]) -> Quantity | None:
    """A date or a range of days; None when there is no such day, or when it may be a decade or a century."""
    part = {name: text for name, text in match.groupdict().items() if text}
    span: Literal["", "decade", "century"] = ""
    year = _integer(part.get("year", "0"))
    if "century" in part:
        span = "decade" if "decade" in part else "century"
        year = 100 * (_integer(part["century"]) - 1) + _integer(part.get("decade", "0"))
    elif "tens" in part:
        span, year = "decade", int(part["tens"])
        if year % 100 == 0:
            return None
    month = 1 + [name[:3] for name in _MONTHS].index(part["name"][:3]) if "name" in part else _integer(part.get("month", "0"))
    period = part.get("period", "").lower()
    first = Date(year, month, _integer(part.get("day", "0")), span, _PERIOD_NAMES.get(period, period))
    last = first._replace(day=int(part.get("last", first.day)), month=int(part.get("last_month", first.month)))
    dates = (first,) if last == first else (first, last)
    try:
        for day in dates:
            date(day.year or 2000, day.month or 1, day.day or 1)
    except ValueError:
        return None
    return Quantity(match.start(), match.end(), match[0], "date", dates=dates)


def _fraction(match: re.Match[str]) -> Quantity | None:
    """A share in parts: one third is 1 of the unit "third"."""
    if match["half"]:
        count, name = 1, "half"
    elif match["parts"]:
        count, name = _HAN_NAMES.index(match["han"]), _FRACTIONS[_HAN_NAMES.index(match["parts"]) - 2]
    else:
        count, name = _WORDS.get(match["words"].lower(), 1), match["name"].lower()
    if count >= _PARTS[name]:
        return None
    return Quantity(match.start(), match.end(), match[0], "share", (Decimal(count),), unit=name, bound=_bound(match))


def _amount(match: re.Match[str]) -> Quantity | None:
    """A number, share, money, measure or duration; None for a numeral that counts nothing."""
    text, symbol, name = match["number"], match["symbol"], match["unit"]
    number = _number(text)
    name = name and next(alias for alias in (name, name.lower()) if alias in _UNIT_NAMES or alias in _TENFOLD_UNITS)
    if number is None or (not text[0].isdigit() and not (symbol or name or match["more"] or _counts(match))):
        return None
    number = number * _SCALES[match["scale"] or ""] + (Decimal("0.5") if match["half"] or match["half_unit"] else 0)
    if symbol and name == "m":
        number *= _SCALES["million"]
    elif name in _TENFOLD_UNITS:
        number, name = number * 10, _TENFOLD_UNITS[name]
    unit = _UNITS_BEFORE_NUMBER[symbol] if symbol else _UNIT_NAMES[name] if name else ""
    start, bound = match.start(), _bound(match)
    # 近5年 are the last five years, not nearly five.
    if match["before"] == "近" and unit in ("year", "month", "week", "day"):
        start, bound = match.start("number"), ""
    number = -number if match["sign"] else number
    written = match.string[start : match.end()]
    return Quantity(start, match.end(), written, _NAMED[unit].kind if unit else "number", (number,), unit=unit, bound=bound)


def _bound(match: re.Match[str]) -> str:
    before, more, after = (match.groupdict().get(name) or "" for name in ("before", "more", "after"))
    return _BEFORE.get(before.lower()) or _AFTER.get(after.lower()) or ("more than" if more else "")


def _counts(match: re.Match[str]) -> bool:
    """Whether a numeral in words counts something: 三个 does and 三江源 does not; one and 一 are mostly articles."""
    follows = _COUNTED.match(match.string, match.end())
    if match["number"].lower() in ("一", "one", "半", "half a", "half an"):
        return bool(follows and re.match(_RANGE_SIGN, follows[0]))
    return bool(follows or match["number"].isascii() or match["number"][-1] in "万亿")


def _may_be_year(quantity: Quantity, text: str) -> bool:
    """Whether a number has four digits that nothing marks as a date or a count: 2023中国—东盟环境合作论坛."""
    if quantity.kind != "number" or quantity.written == text.strip() or not re.search(rf"(?<!\S){_YEAR}\Z", quantity.written):
        return False
    return not re.match(_MEASURE_WORD, text[quantity.end : quantity.end + 2])


def _integer(text: str) -> int:
    return int(text) if text.isdecimal() else int(han_number(text))


def _number(text: str) -> Decimal | None:
    """The value of a number in digits, in Chinese or in English; None when it has too many digits."""
    if text[0].isdigit():
        terms = re.findall(rf"([\d.,]+)[ -]?({_SCALE})?", text)
        total = sum((Decimal(digits.replace(",", "")) * _SCALES[scale.lower()] for digits, scale in terms), Decimal(0))
        return total if len(total.as_tuple().digits) <= _MOST_DIGITS and total < 10**_MOST_DIGITS else None
    if not text.isascii():
        return {"半": Decimal("0.5"), "百": Decimal(100)}.get(text) or Decimal(han_number(text))
    total = group = Decimal(0)
    for word in re.findall("[a-z]+", text.lower()):
        if word in _WORDS:
            group += _WORDS[word]
        elif word == "half":
            group += Decimal("0.5")
        elif word in ("a", "an"):
            group = group or Decimal(1)
        elif word in ("hundred", "dozen"):
            group *= 100 if word == "hundred" else 12
        elif word != "and":
            total, group = total + group * _SCALES[word], Decimal(0)
    return total + group


def _joined(left: Quantity, right: Quantity, text: str) -> Quantity | None:
    """The range from one quantity to the next, when that is what they are."""
    sign = text[left.end : right.start]
    before = text[max(0, left.start - 8) : left.start]
    if not re.fullmatch(_RANGE_SIGN, sign) or (sign == " and " and not before.endswith("between ")):
        return None
    if len(left.amounts + left.dates + right.amounts + right.dates) > 2:
        return None
    both = Quantity(left.start, right.end, text[left.start : right.end], right.kind, bound=left.bound or right.bound)
    dash = sign.strip() in ("-", "–", "—", "——")
    if dates := _date_range(left, right, years=dash and not re.match(_MEASURE_WORD, text[right.end : right.end + 2])):
        return replace(both, kind="date", dates=dates)
    if left.dates or right.dates:
        return None
    # 3 in "3 to 4 million years" goes without what 4 has.
    bare = left.written[-1].isdigit()
    unit = right.unit or (left.unit if left.kind == "money" else "")
    first, second = left.amounts[0], right.amounts[0]
    scale = re.search(_SCALE, right.written) if not re.search(_SCALE, left.written) and (bare or not left.unit) else None
    if scale and first * _SCALES[scale[0].lower()] < second:
        first *= _SCALES[scale[0].lower()]
    changes = before.endswith(("from ", "从", "由")) and not (bare and unit != left.unit) and first == left.amounts[0]
    if left.unit not in ("", unit) or first >= second or changes:
        return None
    return replace(both, kind=_NAMED[unit].kind if unit else "number", amounts=(first, second), unit=unit)


def _date_range(left: Quantity, right: Quantity, years: bool) -> tuple[Date, ...]:
    """The two dates of a range, each with the year that only one of them names; empty when it is none.

    `years` says whether two bare numbers may be years.
    """
    if not (left.dates or right.dates or years):
        return ()
    first = left.dates[0] if left.dates else _year(left.written)
    second = right.dates[0] if right.dates else _year(right.written, since=first.year)
    first, second = first._replace(year=first.year or second.year), second._replace(year=second.year or first.year)
    alike = [bool(part) for part in first[:4]] == [bool(part) for part in second[:4]]
    return (first, second) if alike and first[:3] < second[:3] else ()


def _year(written: str, since: int = 0) -> Date:
    """The year of a bare number, also of 21 in 2020–21; up to 12 that could be a month. An empty date when it is none."""
    if re.fullmatch(_YEAR, written):
        return Date(int(written))
    return Date(since - since % 100 + int(written)) if since and re.fullmatch(r"1[3-9]|[2-9]\d", written) else Date()


def _written_dates(dates: tuple[Date, ...], language: Language) -> str:
    """One date, or two without what they share."""
    if len(dates) == 1:
        return _written_date(dates[0], language)
    first, second = dates
    if language == "en":
        if not first.month:
            return f"{_written_date(first, language)}–{_written_date(second, language)}"
        first = first._replace(year=0) if first.year == second.year else first
        return f"{_written_date(first, language)} to {_written_date(second, language)}"
    if first == Date(first.year):
        return f"{first.year}—{_written_date(second, language)}"
    second = second._replace(year=0) if first.year == second.year and second.month else second
    return f"{_written_date(first, language)}—{_written_date(second, language)}"


def _written_date(day: Date, language: Language) -> str:
    if day.span:
        decade = day.span == "decade"
        if language == "zh":
            text = f"{day.year // 100 + 1}世纪" + (f"{day.year % 100}年代" if decade else "")
        else:
            text = f"{day.year}s" if decade else f"{_ordinal(day.year // 100 + 1)} century"
            text = text if decade or day.period else f"the {text}"
        return _PERIODS[day.period][language][1].format(text)
    if language == "zh":
        text = (
            (f"{day.year}年" if day.year else "") + (f"{day.month}月" if day.month else "") + (f"{day.day}日" if day.day else "")
        )
    else:
        month = _MONTHS[day.month - 1] if day.month else ""
        month_and_day = f"{month} {day.day}" if day.day else month
        text = (", " if day.day else " ").join(filter(None, (month_and_day, str(day.year or ""))))
    return _PERIODS[day.period][language][0].format(text)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _written_fraction(count: int, parts: int, language: Language) -> str:
    if language == "zh":
        return "一半" if parts == 2 else f"{_HAN_NAMES[parts]}分之{_HAN_NAMES[count]}"
    return f"{_ONES[count - 1]} {_FRACTIONS[parts - 2]}{'s' if count > 1 else ''}"


def _written_numbers(numbers: tuple[Decimal, ...], language: Language) -> str:
    """The numbers with the largest scale that gives all of them few decimals, joined as a range.

    From 10,000 on Chinese counts by 万, so 11,800 is 1.18万 as its newspapers write it.
    """
    for name in _WRITTEN_SCALES[language]:
        scaled = [number / _SCALES[name] for number in numbers]
        if all(abs(number) >= 1 and number == round(number, _MOST_DECIMALS) for number in scaled):
            break
    else:
        name, scaled = "", list(numbers)
    digits = [f"{number:,f}" if language == "en" else f"{number:f}" for number in map(_shortest, scaled)]
    # A dash between 1800 and 1900 would make years of them.
    return "–".join(digits) + (f" {name}" if name else "") if language == "en" else "至".join(digits) + name


def _shortest(number: Decimal) -> Decimal:
    """The same number without the zeros at the end of its decimals."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()
