"""Finds proper names: in Chinese by part of speech, in English by a capital letter that does not begin a sentence."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from rag.text.analysis import Analyzer, pieces

NAME_TAGS = frozenset(("nr", "nrt", "ns", "nt", "nz", "j"))
"""The part-of-speech tags that jieba gives to people, places, organisations, other names and abbreviations of names."""

_HAN = re.compile(r"[\u3400-\u9fff]+")
# Countries and cities as they are abbreviated in pairs: 中美, 京津, 沪宁.
_ABBREVIATED = "中美英法德俄日韩朝印越老缅泰柬马新菲蒙澳加欧非京津沪渝冀鲁豫苏浙皖闽赣湘鄂粤桂琼川黔滇陕甘宁青藏疆港台"
_PAIR = re.compile(rf"(?:(?<![\u3400-\u9fff])|(?<=[与和及由在是]))(?:[{_ABBREVIATED}]{{2}})(?=[\u3400-\u9fff])(?!中)")
# A run of characters that begins with one of the most frequent surnames.
_WHOLE_NAME = re.compile(
    r"[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛"
    r"闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲"
    r"翁冉骆蓝路游辛靳管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑"
    r"郎甄丛仲虞敖巩明佘池查麻苑迟邝][\u3400-\u9fff]{1,2}"
)
_MAX_LOOKED_AT = 12
_MAX_GIVEN_NAME = 2
_LATIN_WORD = re.compile(r"[A-Za-zÀ-ɏ][\wÀ-ɏ]*(?:[-'’.·][A-Za-zÀ-ɏ][\wÀ-ɏ]*)*")
_CAPITALISED = re.compile(r"(?<![.!?:\n“\"(] )(?<![.!?:\n“\"(])(?<!^)\b[A-Z][\w-]*(?:['’][A-Z]\w+)?")


class NameFinder:
    """Finds proper names. The part-of-speech model of jieba is loaded on first use."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer

    def names(self, text: str) -> list[str]:
        """Returns the names in a text, in order, each as `Analyzer.fold` writes it."""
        found = [(match.start(), match[0].casefold()) for match in _CAPITALISED.finditer(text)]
        for match in _HAN.finditer(text):
            found += [(match.start(), word) for word, tag in self.tagged(match[0]) if tag in NAME_TAGS and len(word) > 1]
        return [name for _, name in sorted(found, key=lambda item: item[0])]

    def pairs(self, text: str) -> list[str]:
        """Returns the abbreviated pairs of names in a text, such as 中法 and 中老, in order."""
        return [match[0] for match in _PAIR.finditer(self._analyzer.fold(text))]

    def ends_with_noun(self, text: str) -> bool:
        """Returns whether the last word of a Chinese text is a noun, or the whole text is a person's name."""
        runs = _HAN.findall(text)
        tags = [tag for run in runs for _, tag in self.tagged(run)]
        # The tagger takes phrases such as 拉开帷幕 for names of people.
        return bool(runs) and text.endswith(runs[-1]) and (set(tags) == {"nr"} or (tags[-1].startswith("n") and tags[-1] != "nr"))

    def leading_person(self, text: str) -> str:
        """Returns the name of a person with which a Chinese text begins; "" without one."""
        run = _HAN.match(text)
        words = self.tagged(run[0][:_MAX_LOOKED_AT]) if run else []
        if run and _WHOLE_NAME.fullmatch(self._analyzer.fold(run[0])):
            return run[0]
        if not words or words[0][1] not in ("nr", "nrt"):
            return ""
        # A name that is in no dictionary may be cut behind its first character.
        length = len(words[0][0])
        if length == 1 and len(words) > 1 and len(words[1][0]) <= _MAX_GIVEN_NAME:
            length += len(words[1][0])
        return text[:length] if length > 1 else ""

    def whole_words(self, text: str, start: int, end: int) -> tuple[int, int]:
        """Widens a span of a text to whole Latin words, which hyphens join, and to whole Chinese names."""
        for match in _LATIN_WORD.finditer(text):
            if match.start() < end and start < match.end():
                start, end = min(start, match.start()), max(end, match.end())
        for match in _HAN.finditer(text):
            if match.start() < end and start < match.end():
                at = match.start()
                for word, tag in self.tagged(match[0]):
                    if tag in NAME_TAGS and at < end and start < at + len(word):
                        start, end = min(start, at), max(end, at + len(word))
                    at += len(word)
        return start, end

    def tagged(self, han: str) -> list[tuple[str, str]]:
        """Returns the words of Han text in simplified characters, each with its part-of-speech tag."""
        return [(word.word, word.flag) for piece in pieces(self._analyzer.fold(han)) for word in self._tagger.cut(piece)]

    @cached_property
    def _tagger(self) -> Any:
        from jieba.posseg import POSTokenizer

        return POSTokenizer(self._analyzer.jieba)
