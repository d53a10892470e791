"""Turns text into search terms, the same way for documents and questions.

Width and case are folded (NFKC), traditional characters become simplified, Han text is cut by jieba in search mode, Latin
words are stemmed, and a number is found in every way of writing it: 1.18万 is also 11800, 十年 is also 10, PPR-9087 is also
9087.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import platformdirs

from rag.text.language import language_of
from rag.text.months import MONTH_NUMBERS
from rag.text.numerals import ENGLISH_SCALES, HAN_NUMERALS, HAN_ONES, MAX_DIGITS, SCALES, han_number
from rag.text.questions import QUESTION_WORDS
from rag.text.scripts import to_simplified

_TOKEN = re.compile(
    r"(?P<han>[〇\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0002ebef]+)"
    r"|(?P<identifier>[a-z]+(?:[-_.]?\d+[a-z]*)+|\d+(?:[-_]?[a-z]+\d+)+|\d+[a-z]+(?=[^a-z\d]|$))"
    r"|(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"|(?P<word>[^\W\d_]+(?:['’][a-z]+)?)"
)
_SYLLABLE = re.compile(
    r"(?:zh|ch|sh|[bpmfdtnlgkhjqxrzcsyw])?(?:iang|iong|uang|ang|eng|ing|ong|ian|iao|uai|uan|ai|an|ao|ei|en|er|ia|ie|in|iu|ou|ua|ue|ui|un|uo|a|e|i|o|u|v)"
)
_SYLLABLES = re.compile(rf"(?:{_SYLLABLE.pattern})+")
_HAN_OR_NAME = re.compile(r"(?P<han>[\u3400-\u9fff]+)|(?P<name>[A-Z][a-z]+(?:[ -][A-Z][a-z]+)*)")
_HALF_CHARACTERS = re.compile("[\ud800-\udfff]")
# The time and memory of jieba grow with the square of the length of text without punctuation.
_MAX_RUN = 500
_SCALE = re.compile(rf"\s?(?:(万亿|[十百千万亿])|({'|'.join(ENGLISH_SCALES)})\b)")
# A single numeral is a number only before a measure word: 三个 is, 三江源 is not.
_HAN_NUMBER = re.compile(
    rf"[{HAN_NUMERALS}]{{2,}}|[{HAN_ONES[1:]}两十](?=[年月日个种项次条名家位份只头处类章届期轮倍成天周岁所座])"
)
_ORDINAL = re.compile(r"^\d+(?:st|nd|rd|th)$")
STOP_WORDS = QUESTION_WORDS | frozenset(
    """
    的 了 是 在 和 与 及 或 等 也 都 就 而 被 把 对 对于 关于 由 于 从 到 向 以 为 为了 因 因为 所以 但 但是 这 那 这个 那个 这些
    那些 之 其 其中 有 没有 没 不 会 能 可以 可 要 想 请 请问 问 吧 啊 呀 么 我 你 他 她 它 我们 你们 他们 它们 自己 一个 一下 一
    个 里 上 下 中 后 前 还 又 很 最 更 再 已 已经 曾 曾经 将 并 并且 以及 或者 根据 按照 通过 进行 告诉 介绍 说 说说 知道 分别
    具体 主要 方面 地 得 着 过 给 让 使 做 这份 该 此 各 每 第 占 达 达到 约 左右 文件 文中 文档
    a an the of in on at to for from by with about into over under as is are was were be been being am do does did done has have
    had having will would shall should can could may might must and or but nor not no so than then that this these those it its
    they them their he him his she her we us our you your i me my there here if any some each every all both between through
    during before after according also just only very more most such own same please tell give say says said mention mentioned
    describe explain list name
    """.split()
)
"""Question words and grammar: the words that do not say what a text is about."""


class Analyzer:
    """Turns text into terms. Its dictionaries are loaded on first use."""

    fingerprint = "4"
    """A version of the terms. It changes with them, so that older indexes are built again."""

    def terms(self, text: str) -> list[str]:
        """Returns every term of a text, in order, with repetitions and stop words."""
        return list(self._terms(self.fold(text)))

    def content_terms(self, text: str) -> list[str]:
        """Returns the terms of a text without stop words, each once, in order."""
        return list(dict.fromkeys(term for term in self.terms(text) if term not in self._stop_terms))

    def name_terms(self, text: str) -> list[str]:
        """Returns Chinese words as spelled in Latin letters, and English names that may be such words, each once.

        They match names across languages: 康富 and "Kang Fu", 乌东德 and "Wudongde". Each begins with "~", so that it never
        equals a term of `terms`.
        """
        names: list[str] = []
        for match in _HAN_OR_NAME.finditer(to_simplified(unicodedata.normalize("NFKC", _HALF_CHARACTERS.sub(" ", text)))):
            if match.lastgroup == "han":
                run = match.group()
                words = [word for piece in pieces(run) for word in self.jieba.cut(piece)]
                names += [spelled(word) for word in words if 2 <= len(word) <= 4 and word not in STOP_WORDS]
                # A name that is in no dictionary is often cut in two.
                names += [
                    spelled(one) + spelled(other)
                    for one, other in pairwise(words)
                    if len(one) + len(other) <= 4 and one + other not in STOP_WORDS
                ]
            else:
                parts = match.group().casefold().replace("-", " ").split()
                names += [part for part in parts if _SYLLABLES.fullmatch(part) and len(_SYLLABLE.findall(part)) > 1]
                names += [
                    one + other for one, other in pairwise(parts) if _SYLLABLES.fullmatch(one) and _SYLLABLES.fullmatch(other)
                ]
        return [f"~{name}" for name in dict.fromkeys(names)]

    def fold(self, text: str) -> str:
        """Folds width and case, and converts traditional characters to simplified ones."""
        folded = unicodedata.normalize("NFKC", _HALF_CHARACTERS.sub(" ", text)).casefold()
        return to_simplified(folded)

    def _terms(self, text: str) -> Iterator[str]:
        for match in _TOKEN.finditer(text):
            token = match.group()
            match match.lastgroup:
                case "han":
                    for piece in pieces(token):
                        yield from self.jieba.cut_for_search(piece)
                    yield from filter(None, (han_number(numeral.group()) for numeral in _HAN_NUMBER.finditer(token)))
                case "identifier":
                    yield from _identifier_terms(token)
                case "number":
                    yield from _number_terms(token, text[match.end() : match.end() + 12])
                case _:
                    word = re.sub(r"['’]s?$|['’][a-z]+$", "", token)
                    yield _stem(word) if word.isascii() else word
                    if word in MONTH_NUMBERS and word != "may":
                        yield f"{MONTH_NUMBERS[word]}月"

    @cached_property
    def _stop_terms(self) -> frozenset[str]:
        """The stop words and their terms."""
        return STOP_WORDS | {term for word in STOP_WORDS for term in self.terms(word)}

    @cached_property
    def jieba(self) -> Any:
        """The tokenizer of jieba, which cuts Han text into words."""
        import jieba

        jieba.setLogLevel("ERROR")
        tokenizer = jieba.Tokenizer()
        # jieba caches its parsed dictionary in a file. In the user's own folder, nobody else can replace it.
        tokenizer.tmp_dir = platformdirs.user_cache_dir("yinju", ensure_exists=True)
        tokenizer.initialize()
        return tokenizer


def query_terms(analyzer: Analyzer, question: str, language: str) -> list[str]:
    """Returns the terms to search documents in a language for.

    They are the content terms of the question, and for documents in another language also its names in Latin letters.
    """
    terms = analyzer.content_terms(question)
    return terms if language == language_of(question) else terms + analyzer.name_terms(question)


def pieces(run: str) -> Iterator[str]:
    """Yields a run of Chinese characters in pieces that are short enough for jieba."""
    for start in range(0, len(run), _MAX_RUN):
        yield run[start : start + _MAX_RUN]


def _identifier_terms(token: str) -> Iterator[str]:
    """COP15 -> cop15, cop, 15; PPR-9087 -> ppr9087, ppr, 9087; 9th -> 9."""
    if _ORDINAL.match(token):
        yield token[:-2]
        return
    yield re.sub(r"[-_.]", "", token)
    parts = re.findall(r"[a-z]+|\d+", token)
    if len(parts) > 1:
        yield from parts


def _number_terms(token: str, following: str) -> Iterator[str]:
    """1.18万 -> 1.18, 11800; 71.307 million -> 71.307, 71307000; 2,000 -> 2000."""
    digits = token.replace(",", "")
    if len(digits) > MAX_DIGITS:
        yield digits
        return
    yield _plain(Decimal(digits))
    scale = _SCALE.match(following)
    if scale:
        factor = SCALES[scale[1]] if scale[1] else ENGLISH_SCALES[scale[2]]
        yield _plain(Decimal(digits) * factor)
    if month := re.match(r"\s?月", following):
        yield f"{int(Decimal(digits))}{month.group().strip()}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


@lru_cache(maxsize=200_000)
def spelled(word: str) -> str:
    """Returns a Chinese word in pinyin, without tones and blanks."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(word))


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
