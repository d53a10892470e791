"""The grammar of quantities and dates in Chinese and English, as regular expressions over the lexicon.

One grammar serves both languages: a bound, a number with its scale, a unit. Text that only looks like a quantity is a name and is
passed over: 第15次, COP15, Article 19, 8:30. So are inexact numbers, such as 数百 or 十几.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.text.months import ABBREVIATED_MONTH, MONTH
from rag.text.numerals import HAN_NUMERALS, HAN_ONES, ONES, TEENS, TENS
from rag.text.quantities.lexicon import (
    BOUNDS_AFTER,
    BOUNDS_BEFORE,
    FRACTIONS,
    HAN_SCALES,
    SCALES,
    TENFOLD_UNITS,
    UNIT_NAMES,
    UNITS_BEFORE_NUMBER,
)

# Full-width and traditional characters, each replaced by a single one, so that offsets stay the same.
FOLD = str.maketrans(
    "０１２３４５６７８９％．～＄￥−○\u00a0\u3000萬億兩餘約過紀畝噸頃歐鎊盧幣週個時間鐘錢歲攝釐",
    "0123456789%.~$¥-〇  万亿两余约过纪亩吨顷欧镑卢币周个时间钟钱岁摄厘",
)


def _any(names: Iterable[str]) -> str:
    """A pattern for any of the names, the longest first; Latin names end at a word's end, and ignore case if longer than 3 letters."""

    def one(name: str) -> str:
        pattern = rf"(?i:{re.escape(name)})" if len(name) > 3 else re.escape(name)
        return pattern + "(?![A-Za-z])" if re.search(r"[A-Za-z]$", name) else pattern

    return "|".join(map(one, sorted(names, key=len, reverse=True)))


YEAR = r"(?:1[5-9]\d\d|20\d\d|2100)"
BARE_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?![\d.,]|\s?[个张人名家所种次位处座件台册万亿千元米吨公亩余多%])")
"""A year that nothing marks as one, and no count: not 2030张."""

_DIGITS = r"(?<![\d.°′])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
SCALE = rf"(?!千[瓦克米]|百分)(?:{_any(name for name in SCALES if name)})"
_NUMBER_IN_DIGITS = rf"{_DIGITS}(?:[ -]?{SCALE}(?:\d+(?:\.\d+)?{SCALE}){{0,2}})?"
_H = f"[{HAN_ONES}两]"
_UNDER_10000 = rf"(?:{_H}千)?(?:零?{_H}百)?(?:零?{_H}?十)?(?:零?{_H})?"
# Not 一百五 or 一万五, which are 150 and 15,000.
_HAN_NUMBER = (
    rf"(?<![第几数{HAN_NUMERALS}\d])(?=[{HAN_ONES}两十])(?:{_UNDER_10000}亿)?(?:{_UNDER_10000}万)?"
    rf"{_UNDER_10000}(?<![百千万亿]{_H})(?![几{HAN_NUMERALS}])|(?<![上下大小多一每])半|(?<=百分之)百"
)
_SMALL = rf"(?:(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(ONES)})\b)?|{'|'.join([*TEENS, *ONES])})\b"
_HUNDREDS = rf"(?:half an?|an?(?= (?:hundred|dozen|thousand|[mbtr]+illion)\b)|{_SMALL}(?: and a half)?)(?: (?:hundred|dozen)\b(?: (?:and )?{_SMALL})?)?"
_NUMBER_IN_WORDS = (
    rf"(?i:(?<![\w-])(?:{_HUNDREDS})(?: (?:thousand|million|billion|trillion)\b(?: {_HUNDREDS})?){{0,3}}"
    r"(?!-(?:fir|sec|thi|fou|fif|six|sev|eig|nin)))(?![A-Za-z])"
)
_NUMBER = f"(?:{_NUMBER_IN_DIGITS}|{_HAN_NUMBER}|{_NUMBER_IN_WORDS})"
MEASURE_WORD = r"(?:人次|[个种名人项处条家位份只头场部台座所辆列艘株棵颗批支张件户次倍])"
RANGE_SIGN = r"(?: ?(?:——?|[-–~]) ?|至|到| to | and )"
_FRACTION_WORDS = "|".join(FRACTIONS)
# 签约32个项目 are 32, not about 32.
_BEFORE_NUMBER = rf"(?:(?<![公条契节预合最附签违履续解守赴失毁邀特制A-Za-z])(?P<before>{_any(BOUNDS_BEFORE)}) ?)?"
_AFTER_NUMBER = rf"(?:{MEASURE_WORD}?(?P<after>{_any(BOUNDS_AFTER)})(?![种样个次项家边元数年]))?"
_NO_UNIT = r"年[代级度轻龄]|元[素旦件组宵]|天[然津气空]|周[期边]|日(?!之?内|以内|[元圆])|成[员立果为功交年人分本效绩就熟长]|克[隆拉朗]|度假|(?<=一)[度成]"
_UNIT_NAME = rf"(?!{_NO_UNIT})(?:{_any([*UNIT_NAMES, *TENFOLD_UNITS])})"
QUANTITY = re.compile(
    rf"{_BEFORE_NUMBER}(?P<sign>(?:(?<![\w%])|(?<=[至过少多足近约]))-|零下)?(?:(?P<symbol>{_any(UNITS_BEFORE_NUMBER)}) ?)?(?!{YEAR} ?年)(?P<number>{_NUMBER})"
    rf"(?:(?P<more>[多余](?!边|样)|个[多余](?={_UNIT_NAME}))(?P<scale>{_any(HAN_SCALES)})?|(?P<half>个半(?={_UNIT_NAME})))?"
    rf"(?:[ -]?(?P<unit>{_UNIT_NAME})(?P<half_unit>半)?)?+{_AFTER_NUMBER}"
    # Not part of a longer word, number or unit: 5G, 1.2.3, 2000 BC, 9°34′, 290 000, 5元/吨, 30 metres per second.
    r"(?!\d|[.,:/]\d|[A-Za-z²³/°′″]| per | \d{3}(?!\d)|[ -]?[A-Za-z]{1,4}[/²³]| (?:BCE?|CE|AD)\b)"
)
FRACTION = re.compile(
    rf"{_BEFORE_NUMBER}(?:(?P<parts>[{HAN_ONES[1:]}十])分之(?P<han>{_H})|(?P<half>一半|(?<!first )(?<!second )(?i:half)(?= of\b| the\b))"
    rf"|(?P<words>(?i:{'|'.join(ONES)}|an?(?= (?:{_FRACTION_WORDS}) of\b)))[ -](?P<name>(?i:{_FRACTION_WORDS}))s?(?![A-Za-z-])){_AFTER_NUMBER}"
)
_HAN_YEAR = rf"[一二][〇零{HAN_ONES}]{{3}}"
_HAN_DAY = f"(?:[二三]?十[{HAN_ONES}]?|[{HAN_ONES}])"
_MONTH_NAME = rf"(?:{MONTH}(?![A-Za-z])|(?:{ABBREVIATED_MONTH}|May)(?![A-Za-z])\.?)"
_MONTH = rf"(?P<name>{_MONTH_NAME})"
_PERIOD = r"(?i:(?:the )?(?P<period>end|beginning|first half|second half|early|mid)(?: of |[ -]))"
_PERIOD_OF_SPAN = r"(?i:(?:the )?(?P<period>early|mid|late)[ -])?"
_TIME_FOLLOWS = "|".join(
    rf"(?<=\b{word} )(?<!total of )"
    for word in "in since by from until till of before after during through between late last this next In Since By From Until Before After During Between".split()
)
_NO_YEAR = rf"(?![\d%A-Za-z]|[.,]\d|[ -]?(?:{_UNIT_NAME}|{SCALE})| (?:BCE?|CE|AD)\b)"
_ORDINAL = "(?:st|nd|rd|th)"
_DAYS = rf"(?P<day>\d{{1,2}}){_ORDINAL}?(?: ?[-–] ?(?P<last>\d{{1,2}}){_ORDINAL}?)?"
DATES = [
    re.compile(pattern)
    for pattern in (
        # 1980年代, 1980年代末
        r"(?<!\d)(?P<tens>(?:1[5-9]|20)[1-9]0) ?年代(?!表)(?P<period>初|中期|末)?",
        # 2021年10月8日, 二〇二一年, 9月15—16日, 1至6月, 2018年底
        (
            rf"(?<!\d)(?=(?:{YEAR}|{_HAN_YEAR}) ?年|(?:\d{{1,2}}|{_HAN_DAY})(?:{RANGE_SIGN}\d{{1,2}})? ?月)"
            rf"(?:(?P<year>{YEAR}|{_HAN_YEAR}) ?年)?"
            rf"(?: ?(?P<month>\d{{1,2}}|{_HAN_DAY})(?:{RANGE_SIGN}(?P<last_month>\d{{1,2}}))? ?月"
            rf"(?: ?(?P<day>\d{{1,2}}|{_HAN_DAY})(?:[日号]?{RANGE_SIGN}(?P<last>\d{{1,2}}))?(?:[日号]|(?={RANGE_SIGN}\d{{1,2}}月))|份)?)?"
            rf"(?:年?(?P<period>[底末]|初(?![步级中期])|中(?!\w)|[上下]半年))?"
        ),
        # 20世纪80年代末, 21世纪
        r"(?P<century>\d{1,2}|二?十[一九]?) ?世纪(?:(?P<decade>[1-9]0|[二三四五六七八九]十)年代)?(?P<period>初|中期|中叶|末)?",
        # 2021-10-08, 2021/10/8
        rf"(?P<year>{YEAR})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})(?!\d)",
        # October 8, 2021; March 9–10; 8th of October 2021; the end of July 2021
        rf"{_MONTH} {_DAYS}(?:,? (?P<year>{YEAR}))?(?!\w|[.,]\d)",
        rf"{_DAYS} (?:of )?{_MONTH}(?:,? (?P<year>{YEAR}))?(?!\d)",
        rf"(?:{_PERIOD})?{_MONTH},? (?P<year>{YEAR})(?!\d)",
        # the late 1980s, the early 21st century
        rf"{_PERIOD_OF_SPAN}(?P<tens>\d{{3}}0)s\b",
        rf"{_PERIOD_OF_SPAN}(?P<century>\d{{1,2}}){_ORDINAL}[ -]century",
        # January to June, since June, in 2018, mid-2018, (2018)
        rf"{_MONTH}(?={RANGE_SIGN}{_MONTH_NAME})",
        rf"(?:{_PERIOD}|{_TIME_FOLLOWS}|(?<=\bto )|(?<=[a-z][-–])){_MONTH}(?! \d)",
        rf"(?:{_PERIOD}|{_TIME_FOLLOWS})(?P<year>{YEAR}){_NO_YEAR}",
        rf"(?<=\()(?P<year>{YEAR})(?=[)–—,;-])",
    )
]
ENGLISH_DATE_ALONE = re.compile(rf"\A(?:{_MONTH}|(?P<year>{YEAR}))\Z")
_LABEL = "Article|Section|Chapter|Figure|Fig|Table|Page|Part|Annex|No|Vol|Target|Goal|Decree|Bill|COP"
NAME = re.compile(
    "|".join(
        (
            # 第15次, Article 19, no. 12, 目标14
            rf"第 ?[\d零〇{HAN_ONES}两十百千]+|(?:{_LABEL})s?\.? \d[\w.]*|nos?\. \d+|目标\d+",
            # (7) and 7. before an item of a list
            r"(?<=[(（])\d{1,2}[)）]|(?<![^\n])\d{1,2}[.、)）](?!\d)",
            # 8:30, 10时28分; 26日 without a month
            rf"\d{{1,2}}(?:[点时](?!间)(?:\d{{1,2}}分?)?|:\d\d)|(?:\d{{1,2}}|[{HAN_ONES}十]{{1,3}})[日号](?!之?内|以内|[元圆])",
            # 80年代, 5号, 1995/96, 007
            r"(?!(?:1[5-9]|20)[1-9]0 ?年代(?!表))\d+(?:年[代级]|[号版楼后]|/\d+)|0\d+",
        )
    )
)
# COP15, PPR-9087, 5G, 1.2.3, 290 000: tried last.
WORD = re.compile(r"\d{1,3}(?: \d{3})+(?!\d)|(?:(?<![A-Za-z])[A-Za-z]+[-_]?)?\d(?:[A-Za-z\d_-]|[.,:/]\d)*")
_FIRST_CHARACTERS = "".join(
    sorted({alias[0] for alias in [*BOUNDS_BEFORE, *UNITS_BEFORE_NUMBER] if not alias[0].isalpha() or not alias.isascii()})
)
CANDIDATE = re.compile(rf"[-\d第零半目{HAN_ONES}两十{_FIRST_CHARACTERS}]|(?<![A-Za-z])[A-Za-z]")
COUNTED = re.compile(rf"{MEASURE_WORD}|{RANGE_SIGN}{_NUMBER}")
