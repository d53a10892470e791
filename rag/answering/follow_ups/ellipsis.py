"""Elliptic follow-ups: 那省级的呢？ and "And in 2022?" replace the words of their kind in the question before."""

from __future__ import annotations

import re

from rag.text.analysis import Analyzer
from rag.text.months import MONTHS
from rag.text.numerals import HAN_NUMERALS, ORDINAL_WORDS
from rag.text.questions import ENGLISH_ASKING, ENGLISH_AUXILIARY, HAN_ASKING

HAN = r"[\u3400-\u9fff]"
HAN_MEASURE = r"[个年月天种份条项只家位处座所届次倍棵类片]?"
"""A pattern for the measure word after a Chinese question word, if there is one."""
AUXILIARY = rf"{ENGLISH_AUXILIARY}\b"
_ORDINAL_EN = rf"(?:{'|'.join(ORDINAL_WORDS)}|last|final)"
_DAYS_EN = "monday|tuesday|wednesday|thursday|friday|saturday|sunday|weekday|weekend"
_PLACE = (
    r"(?:中国|北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古"
    r"|广西|西藏|宁夏|新疆|香港|澳门|东盟|欧盟|非洲|亚洲|欧洲|美洲|[美英法德韩泰]国|日本|俄罗斯|蒙古国?|印度(?:尼西亚)?|越南|老挝|缅甸|柬埔寨|马来西亚"
    rf"|新加坡|菲律宾|澳大利亚|新西兰|加拿大|巴西|南非|埃及|意大利|西班牙|荷兰|挪威|瑞典|瑞士)(?:{HAN}{{0,6}}?[省市县州村](?!级))*"
)
# Kinds of words that can replace each other: years, ordinals, levels, titles, places and names.
_KINDS = [
    re.compile(pattern)
    for pattern in (
        r"(?:19|20)\d{2}年?",
        rf"第(?:[{HAN_NUMERALS}]+|\d+)(?:[期届批次章条阶个名位项部节轮年回]|阶段|季度)?|首[期届批次]",
        rf"(?i:\b{_ORDINAL_EN}\b)",
        rf"(?i:\b{_ORDINAL_EN} (?!one\b)[a-z]+\b)",
        rf"(?i:\b(?:{'|'.join(MONTHS)})\b(?: \d{{4}})?)|(?<!\d)\d{{1,2}}月(?:份)?(?!\d)",
        rf"(?i:\b(?:{_DAYS_EN})s?\b)|(?:星期|周|週|礼拜)[一二三四五六日天末]",
        r"(?:国家|省|市|县|地方|世界)级",
        r"(?i:\b(?:national|provincial|municipal|local|regional|global)\b)",
        r"《[^《》]+》|“[^“”]+”",
        rf"{_PLACE}(?:[和与、]{_PLACE})*",
        rf"(?!(?i:{ENGLISH_ASKING}|{AUXILIARY}|in|by))\b[A-Z][A-Za-z\d-]*(?: (?:(?:of|in|county|province|city) )*[A-Z][A-Za-z\d-]*)*",
    )
]
# The part of a question that another subject can replace: 东盟地区的[红树林]占, 多少份[作物资源], how many [gardens] has.
_FOCUSES = [
    re.compile(r"的(?P<focus>[^的，]{2,8}?)(?=是|占|有|在|为|多[少大长高])"),
    re.compile(rf"(?:多少|几|哪些|什么){HAN_MEASURE}(?P<focus>(?!面积|资金|时间|比例|关系|合作){HAN}{{2,10}})(?=[？?]*$)"),
    re.compile(rf"\bof (?:the )?(?:world['’]s )?(?P<focus>[\w-]+(?: [\w-]+)?) (?={AUXILIARY})", re.IGNORECASE),
    re.compile(rf"^(?:how many|which) (?P<focus>[\w-]+(?: [\w-]+){{0,3}}?) (?={AUXILIARY})", re.IGNORECASE),
]

# A year relative to that of the question before: the year after, 次年.
_RELATIVE_YEARS = tuple(
    (shift, re.compile(pattern, re.IGNORECASE))
    for shift, pattern in (
        (1, r"(?:in )?(?:the )?(?:(?:year after|following year|next year)(?: that)?)|(?:后一|第二|次|下一|来)年"),
        (-1, r"(?:in )?(?:the )?(?:(?:year before|previous year|preceding year)(?: that)?)|(?:前一|上一?|头一)年"),
    )
)
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d{2}(?!\d)")
_WITH_PREPOSITION = re.compile(
    r"(?P<preposition>for|on|in|at|from|to|by|with|during|under|after|before|between) .+", re.IGNORECASE
)
_MAX_PHRASE = 6


def replaced(before: str, part: str, analyzer: Analyzer) -> str:
    """Returns the question before with the part in place of words of its kind; empty when it has none.

    The kind is told by the form of the part (a year, an ordinal, a place), by its preposition, by the last word that it shares with
    words of the question (副站长 for 站长), or by what the question asks about.
    """
    if shifted := _of_relative_year(before, part):
        return shifted
    with_preposition = _WITH_PREPOSITION.fullmatch(part)
    part = re.sub(r"^(?:the|in) | ones?$|的$", "", part, flags=re.IGNORECASE)
    spans: list[tuple[int, int]] = []
    for kind in _KINDS:
        if (match := kind.match(part)) and 2 * len(match[0]) >= len(part):
            spans = [match.span() for match in kind.finditer(before)][-1:] or spans
    if not spans and with_preposition and (same := _phrase(before, with_preposition["preposition"])):
        return before[: same[0]] + with_preposition[0] + before[same[1] :]
    spans = spans or _with_same_ending(before, part, analyzer)
    if not spans and not any(kind.fullmatch(part) for kind in _KINDS):
        spans = [match.span("focus") for focus in _FOCUSES if (match := focus.search(before))]
    return before[: spans[0][0]] + part + before[spans[0][1] :] if spans else ""


def _of_relative_year(before: str, part: str) -> str:
    """Returns the question before with the year after or before its own; empty if the part does not ask for one."""
    shift = next((shift for shift, pattern in _RELATIVE_YEARS if pattern.fullmatch(part.strip())), 0)
    years = list(_YEAR.finditer(before))
    if not shift or not years:
        return ""
    last = years[-1]
    return before[: last.start()] + str(int(last[0]) + shift) + before[last.end() :]


def _phrase(before: str, preposition: str) -> tuple[int, int] | None:
    """Returns the span of the last short phrase of a question with a preposition, up to the end of its clause."""
    found = list(re.finditer(rf"\b{preposition} [^,;?]+", before, re.IGNORECASE))
    return found[-1].span() if found and len(found[-1][0].split()) <= _MAX_PHRASE else None


def _with_same_ending(before: str, part: str, analyzer: Analyzer) -> list[tuple[int, int]]:
    """Returns the span of the words of a Chinese question that end as the part does: 成人票 for 儿童票; empty without any."""
    if not re.fullmatch(rf"{HAN}{{2,}}", part):
        return []
    words = [(start, end) for _, start, end in analyzer.jieba.tokenize(before)]
    best, span = 0, (0, 0)
    for place, (begin, end) in enumerate(words):
        earlier = words[place - 1][0] if place else begin
        is_suffix = end - begin == 1 and re.fullmatch(rf"{HAN}+", before[earlier:begin])
        start = earlier if is_suffix else begin  # 成人 and 票
        word = before[start:end]
        shared = next((n for n in range(min(len(word), len(part)), 0, -1) if word[-n:] == part[-n:]), 0)
        if shared >= best and shared and word != part and not re.search(HAN_ASKING, word):
            best, span = shared, (start, end)
    return [span] if best else []
