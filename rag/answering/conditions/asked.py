"""The conditions of a question, as it writes them."""

from __future__ import annotations

import re
from functools import cached_property
from itertools import pairwise

from rag.answering.expectations import asks_verdict, expectation
from rag.text import quantities
from rag.text.analysis import STOP_WORDS
from rag.text.distinctions import contrasts, ordinals, ranks
from rag.text.language import language_of
from rag.text.names import NameFinder
from rag.text.quantities import Quantity

CODE = re.compile(r"(?<![A-Za-z\d])([A-Za-z]{1,6})[-‐–]?(\d{1,6})(?![A-Za-z\d])")
QUOTED = re.compile(r"《[^《》]+》|[“\"「『][^“”\"「」『』]+[”\"」』]")
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_NAME = r"(?:[A-Z][A-Za-z\dÀ-ɏ'’]*[A-Za-z])(?:-[A-Z][A-Za-z\dÀ-ɏ]+)*"
_CAPITALISED = re.compile(rf"(?<![A-Za-z\dÀ-ɏ]){_NAME}(?: {_NAME})*")
HAN = re.compile(r"[\u3400-\u9fff]+")
_NOT_A_NAME = frozenset(
    """
    i the a an who what when where which why how is are was were do does did has have had can could will would in on at of for and or but if
    january february march april may june july august september october november december monday tuesday wednesday thursday friday
    saturday sunday mr mrs ms dr chinese english yes no tell give list name please according
    """.split()
)
# A document of one country rarely names it, and these are no places of their own.
_GENERAL_PLACES = frozenset("中国 我国 全国 本国 全球 世界 国内 国外 地球 亚洲 本地 当地 国际 本市 本省 本县 各地 地方".split())
# What jieba's dictionary takes for places, too, though it names none.
_NO_PLACES = frozenset(
    """
    东西 南北 东西南北 城市 平原 外国 自治州 自治县 西南 东南 东北 西北 朝廷 太阳 海洋 湖泊 高原 山区 江湖 大街 王国 共和国 城镇 京城 山脉 大国 古城 海峡 河口 冰川
    内河 高山 大海 山坡 河谷 山河 江山 桥头堡 中路 河水 山洞 都城 江水 海关 山峰 内城 山寨 入口 路桥 都市 古都 重镇 三角洲 故城 城堡 深山 泉水 城垣 长河 池塘 台地
    海滨 海滩 海港 山林 山川 新村 深海 远洋 井口 台基 深谷 山岭 江流 海岛 深渊 河畔 河沟 港湾 冰山 山庄 山野 密林 山沟 沙洲 河滩 浅海 大坝 山丘 北坡 南坡 湖畔 海沟
    山村 古堡 海岭 山崖 盐湖 河川 大城市 列国 列岛 河港 火山岛 湖滨 陡坡 古国 火海 独木桥 山岳 山脚 故国 沿海地区 临海 瓮城 神山 深水港 咸水湖 福地 下坡 上坡 中立国
    入海口 无人区 山梁 大都市 山冈 拱桥 商港 山乡 峡湾 离岛 河渠 冰河 中心区 阴沟 邦联 城邑 番邦 平川 海疆 灌木林 东道国 塔楼 城根 高架桥 避风港 堰塞湖 大公国 旧都
    江畔 中区 横街 滨江 山峡 藩国 上口 廊桥 河滨 荒山 陂塘 旧国 旁路 山坞 新市镇 美食街 江源 海市 城中村 五大洲 圣庙 庄园 港口城市 普通高中 大饭店 中庭 岗临 深潭
    """.split()
)
# Parts of a place and what stands in it, such as streets, take the place of their own kind only.
_FEATURE = re.compile(r"[街路道巷寺庙峰桥楼塔宫站]$")
# 沙区, 山城 and the like are no names.
_PLACE = re.compile(r"(?:^|(?<=[年月日末底初在和与、，的]))[\u3400-\u9fff]{2,3}[省市县镇乡村](?=的|有|在|共|全|[\u3400-\u9fff])")
_GENERAL_PLACE = re.compile(
    r".*[级和与、个座]|[第一二三四五六七八九十两]|[全本该各每哪我这那几多某有新农]|城市|乡村|农村|[^市县]*(?:城[镇乡市]|[乡城]村)$"
)
_FIRST_TO_DO = re.compile(r"\bfirst (?:[\w-]+ ){1,4}(?:to [a-z]+|that|which|who)\b", re.IGNORECASE)
_KIND_OF_PLACE = re.compile(r"[\u3400-\u9fff][区地县市村乡镇城省]")


class Asked:
    """The conditions of a question."""

    def __init__(self, question: str, names: NameFinder) -> None:
        self.question = question
        self.language = language_of(question)
        self._names = names
        # What stands in quotes is a title or a term, and its numbers are part of it.
        self.bare = QUOTED.sub(" ", question)
        self.expected = expectation(question)

    @cached_property
    def dates(self) -> list[Quantity]:
        found = [quantity for quantity in quantities.find(self.bare, self.language) if quantity.kind == "date"]
        known = {str(date.year) for quantity in found for date in quantity.dates}
        # 2023中国—东盟环境合作论坛: a year that nothing marks as one.
        found += [q for year in YEAR.findall(self.bare) if year not in known for q in quantities.find(f"{year}年", "zh")]
        return [quantity for quantity in found if any(date.year or date.month for date in quantity.dates)]

    @cached_property
    def amounts(self) -> list[Quantity]:
        """The exact amounts with a unit, such as 9万吨; not those that a bound leaves open."""
        found = quantities.find(self.bare, self.language)
        return [q for q in found if q.kind in ("measure", "money", "share") and not q.bound and len(q.amounts) == 1]

    @cached_property
    def asks_verdict(self) -> bool:
        """Returns whether the question can be answered by yes or no."""
        return asks_verdict(self.question)

    @cached_property
    def ordinals(self) -> list[ordinals.Ordinal]:
        # "The first town to do so" does not count towns.
        return [ordinal for ordinal in ordinals.find(self.bare) if not _FIRST_TO_DO.search(self.bare, ordinal.start)]

    @cached_property
    def codes(self) -> list[tuple[str, str, str]]:
        return [(match[0], match[1].casefold(), match[2]) for match in CODE.finditer(self.question)]

    @cached_property
    def ranks(self) -> list[ranks.Rank]:
        return ranks.find(self.bare)

    @cached_property
    def contrasts(self) -> list[contrasts.Member]:
        return contrasts.find(self.bare)

    @cached_property
    def folded(self) -> str:
        return "".join(word for run in HAN.findall(self.question) for word, _ in self._names.tagged(run))

    @cached_property
    def _tagged(self) -> list[tuple[str, str]]:
        return [pair for run in HAN.findall(self.bare) for pair in self._names.tagged(run)]

    @cached_property
    def places(self) -> list[str]:
        by_suffix = [name for name in _PLACE.findall(self.bare) if not _GENERAL_PLACE.match(name)]
        return list(dict.fromkeys([word for word, tag in self._tagged if is_place(word, tag)] + by_suffix))

    @cached_property
    def kinds_of_things(self) -> list[tuple[str, str]]:
        """The nouns with the word that says of which kind they are, folded: fashion and industry."""
        if self.language == "en":
            words = re.findall(r"[\w'’-]+", self.bare.casefold())
            return [
                (a, b)
                for a, b in pairwise(words)
                if len(a) > 3 < len(b) and not {a, b} & STOP_WORDS and a.isalpha() and b.isalpha()
            ]
        compounds = [(word[:2], word[2:]) for word, tag in self._tagged if len(word) == 4 and tag in ("n", "nz")]
        return compounds + [
            (a, b)
            for (a, kind), (b, thing) in pairwise(self._tagged)
            if len(a) == len(b) == 2 and kind in ("n", "vn", "b", "nz") and thing in ("n", "vn")
        ]

    @cached_property
    def pairs(self) -> list[str]:
        return self._names.pairs(self.bare)

    @cached_property
    def long_names(self) -> list[str]:
        """The names of several capitalised words, such as South Bank."""
        runs = [words[0] for words in _CAPITALISED.finditer(self.bare) if self.language == "zh" or words.start()]
        return [run for run in runs if len(run.split()) == 2 and not {lower(word) for word in run.split()} & _NOT_A_NAME]

    @cached_property
    def names(self) -> list[str]:
        """The names that the document must contain: places and organisations, and capitalised words."""
        han = self.places + [word for word, tag in self._tagged if tag == "nt"]
        runs = [words[0].split() for words in _CAPITALISED.finditer(self.bare) if self.language == "zh" or words.start()]
        # The document must contain the last name of a run: ASEAN in "Southeast Asia's ASEAN countries".
        latin = [word for run in runs if (word := lower(run[-1])) not in _NOT_A_NAME]
        return list(dict.fromkeys(han + latin))


def is_place(word: str, tag: str) -> bool:
    """Returns whether a word with a part-of-speech tag is the name of a place."""
    general = word in _GENERAL_PLACES or word in _NO_PLACES or _KIND_OF_PLACE.fullmatch(word)
    return tag == "ns" and len(word) > 1 and not general


def may_replace(other: str, place: str) -> bool:
    """Returns whether a place may stand in a sentence in the stead of another: a city in that of a city, but no street in that of a city."""
    return bool(_FEATURE.search(place)) == bool(_FEATURE.search(other))


def lower(word: str) -> str:
    """Returns a word in lower case, without a possessive ending or a verb joined to it: I'm."""
    return re.sub(r"['’](?:s|m|re|ve|ll|d)?$", "", word).casefold()
