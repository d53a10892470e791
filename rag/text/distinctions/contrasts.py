"""Words that exclude each other: a text about one member of a set does not answer a question about another."""

from __future__ import annotations

import re
from typing import NamedTuple

# The members of a set are separated by " / ", the names of a member in both languages by "|".
_SETS = """
国家级|national|national-level / 省级|provincial|province-level / 市级|municipal|city-level / 县级|county-level / 乡级|镇级|township-level / 村级|village-level / 世界级
就地|in-situ|in situ / 迁地|ex-situ|ex situ
上半年|first half / 下半年|second half
春季|spring / 夏季|summer / 秋季|autumn / 冬季|winter
进口|import|imports|imported / 出口|export|exports|exported
男性|男生|男子|men|male|boys / 女性|女生|女子|women|female|girls
成人|adult|adults / 儿童|child|children
工作日|weekday|weekdays / 周末|weekend|weekends
周一|星期一|monday / 周二|星期二|tuesday / 周三|星期三|wednesday / 周四|星期四|thursday / 周五|星期五|friday / 周六|星期六|saturday / 周日|星期日|星期天|sunday
国内|domestic / 国外|境外|foreign|overseas
城市|城镇|urban / 农村|乡村|rural
陆地|陆生|terrestrial / 海洋|海生|marine / 淡水|freshwater
线上|online / 线下|in-person|offline
早班|morning shift / 中班|middle shift / 晚班|夜班|night shift|evening shift
小学|primary school / 初中|junior high / 高中|senior high
单程|one-way|single ticket / 往返|round-trip|return ticket
公立|public / 私立|private
大型 / 中型 / 小型
一等奖|一等 / 二等奖|二等 / 三等奖|三等
最高|highest|maximum / 最低|lowest|minimum / 平均|average
计划|planned / 实际|actual
预算|budget / 决算
鸟类|bird|birds / 鱼类|fish|fishes / 哺乳动物|兽类|mammal|mammals / 昆虫|insect|insects / 爬行动物|reptile|reptiles / 两栖动物|amphibian|amphibians / 植物|plant|plants
"""


# These exclude each other only in a sentence: a report may have the end of an event in its title, and speak of its beginning.
_EVENTS = """
开幕 / 闭幕
开工|动工 / 竣工|完工
上任|就任 / 离任|卸任
"""
# These exclude each other only before the same word: the east quay and the west quay, 东岸 and 西岸.
_BEFORE_A_NOUN = """
north|northern / south|southern / east|eastern / west|western
upper / lower
inner / outer
left / right
old / new
"""
_SIDES = re.compile(r"(?P<side>[东西南北])(?P<noun>[侧岸段门楼馆翼线站])")


OF_SENTENCES = "of sentences"
"""The beginning of the groups whose words exclude each other only in a sentence."""


class Member(NamedTuple):
    """A member of a set of words that exclude each other, as written at a place of a text. Members of a set have the same group."""

    start: int
    written: str
    group: str
    member: int


def _pattern(name: str) -> str:
    return rf"\b{re.escape(name)}\b" if name.isascii() else re.escape(name)


_MEMBERS = {
    name: (f"{OF_SENTENCES} {group}" if line in _EVENTS else str(group), member)
    for group, line in enumerate((_SETS + _EVENTS.lstrip()).strip().splitlines())
    for member, names in enumerate(line.split(" / "))
    for name in names.split("|")
}
_ANY = re.compile("|".join(map(_pattern, sorted(_MEMBERS, key=len, reverse=True))), re.IGNORECASE)


_ADJECTIVES = {
    name: (line, member)
    for line in _BEFORE_A_NOUN.strip().splitlines()
    for member, names in enumerate(line.split(" / "))
    for name in names.split("|")
}
_DESCRIBED = re.compile(rf"\b(?P<adjective>{'|'.join(_ADJECTIVES)}) (?P<noun>[a-z]+)\b", re.IGNORECASE)


def find(text: str) -> list[Member]:
    """Finds the words of a text that exclude others, in order."""
    found = [Member(match.start(), match[0], *_MEMBERS[match[0].lower()]) for match in _ANY.finditer(text)]
    for match in _DESCRIBED.finditer(text):
        line, member = _ADJECTIVES[match["adjective"].lower()]
        found.append(Member(match.start(), match[0], f"{line} {match['noun'].lower()}", member))
    sides = _SIDES.finditer(text)
    found += [Member(match.start(), match[0], match["noun"], "东西南北".index(match["side"])) for match in sides]
    return sorted(found)
