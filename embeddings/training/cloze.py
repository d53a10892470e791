"""Makes questions from statements by replacing a date, a number or a name with a question word.

Chinese leaves the question word in the place of the answer, so 长江禁渔从2021年1月1日开始 becomes the natural question
长江禁渔从什么时候开始. English moves it to the front; here, it is at the front only if the answer begins the sentence, and stays in
place otherwise. After Lewis, Denoyer and Riedel (2019), "Unsupervised Question Answering by Cloze Translation".
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

_MEASURES = "个|名|人|家|位|次|种|项|件|条|所|座|辆|台|只|头|户|公里|千米|米|公顷|平方公里|平方米|吨|公斤|元|美元|亿元|万元|岁|年|天|小时|分钟|倍|届|册|篇"
_CHINESE = (
    ("哪一年", re.compile(r"(?<!\d)[12]\d{3}年(?!\d|代|度)")),
    ("什么时候", re.compile(r"(?<!\d)(?:[12]\d{3}年)?\d{1,2}月(?:\d{1,2}日)?")),
    ("百分之多少", re.compile(r"\d[\d.]*%|百分之[一二三四五六七八九十百零点\d.]+")),
    ("多少", re.compile(rf"(?<![第\d.,])(?![12]\d{{3}}年)\d[\d.,]*(?:多|余)?[万亿千百]{{0,2}}(?:多|余)?(?=(?:{_MEASURES}))")),
    ("几", re.compile(rf"(?<![第一二三四五六七八九十百千万])[一二三四五六七八九十两]{{1,3}}(?=(?:{_MEASURES}))")),
    ("哪部作品", re.compile(r"《[^》]{2,20}》")),
    ("什么", re.compile(r"“[^”]{2,15}”")),
)
_TAGS = {
    "nr": ("谁", "哪个人"),
    "nrt": ("谁",),
    "ns": ("哪里", "什么地方"),
    "nt": ("哪个机构", "什么机构"),
    "nz": ("什么",),
    "n": ("什么",),
}
_TAGGED_SHARE = 0.5
_ENGLISH = (
    ("when", re.compile(r"\b(?:January|February|March|April|May|June|July|August|September|October|November|December)(?: \d{1,2},?)? [12]\d{3}\b")),
    ("what year", re.compile(r"(?<=\bin )[12]\d{3}\b")),
    ("what percentage", re.compile(r"\b\d[\d.,]*(?: ?%| percent| per cent)")),
    ("how many", re.compile(r"\b\d[\d,.]*(?: (?:hundred|thousand|million|billion))?(?= [a-z]+s\b)")),
    ("how many", re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty)\b(?= [a-z]+s\b)")),
    ("what", re.compile(r"[\"“][^\"”]{3,40}[\"”]")),
    ("who or what", re.compile(r"\b(?:[A-Z][a-z]+(?: (?:of |the |de |van )?[A-Z][a-z]+){1,3})\b")),
)  # fmt: skip
_CHINESE_CLAUSE = re.compile(r"[，；。！？：,;]")
_SHORTEST_CHINESE, _SHORTEST_ENGLISH, _LONGEST_ENGLISH = 8, 30, 160
_LEADING = re.compile(r"^(?:但|但是|而|并|并且|同时|此外|另外|因此|其中|据悉|据了解|据介绍|记者|随后|目前|近日|日前)[，,]?")


@dataclass(frozen=True, slots=True)
class Cloze:
    """A question, and the offsets of its answer in the statement it was made from."""

    question: str
    start: int
    end: int


def ask(statement: str, language: str, generator: random.Random) -> Cloze | None:
    """Makes a question that the statement answers; None if the statement contains nothing to ask for."""
    candidates = list(_chinese_answers(statement, generator) if language == "zh" else _english_answers(statement))
    if not candidates:
        return None
    word, start, end = generator.choice(candidates)
    question = (
        _ask_chinese(statement, word, start, end, generator) if language == "zh" else _ask_english(statement, word, start, end)
    )
    return Cloze(question, start, end) if question else None


def _chinese_answers(statement: str, generator: random.Random) -> Iterator[tuple[str, int, int]]:
    for word, pattern in _CHINESE:
        for match in pattern.finditer(statement):
            yield word, match.start(), match.end()
    if generator.random() < _TAGGED_SHARE:
        import jieba.posseg

        at = 0
        for token in jieba.posseg.cut(statement, HMM=False):
            if len(token.word) > 1 and token.flag in _TAGS:
                yield generator.choice(_TAGS[token.flag]), at, at + len(token.word)
            at += len(token.word)


def _english_answers(statement: str) -> Iterator[tuple[str, int, int]]:
    for word, pattern in _ENGLISH:
        for match in pattern.finditer(statement):
            yield word, match.start(), match.end()


def _ask_chinese(statement: str, word: str, start: int, end: int, generator: random.Random) -> str:
    """Puts the question word into the clause around the answer, with the clause before it where that one is short."""
    cuts = [0, *(match.end() for match in _CHINESE_CLAUSE.finditer(statement)), len(statement)]
    first = max(i for i, cut in enumerate(cuts) if cut <= start)
    last = min(i for i, cut in enumerate(cuts) if cut >= end)
    if first > 0 and (cuts[last] - cuts[first] < 2 * _SHORTEST_CHINESE or generator.random() < 0.4):
        first -= 1
    begin, stop = cuts[first], cuts[last]
    clause = statement[begin:start] + word + statement[end:stop]
    clause = _LEADING.sub("", clause.strip()).strip('，；。！？：,;、 “”"')
    if len(clause) < _SHORTEST_CHINESE:
        return ""
    return clause + ("？" if generator.random() < 0.9 else "")


def _ask_english(statement: str, word: str, start: int, end: int) -> str:
    before, after = statement[:start].strip(), statement[end:].strip().rstrip(".;")
    if not before:
        front = "Who" if word == "who or what" else word.capitalize()
        question = f"{front} {after}"
    else:
        inside = "what" if word == "who or what" else word
        question = f"{before} {inside} {after}".strip()
        if len(question) > _LONGEST_ENGLISH:
            # Keep the text between the commas nearest to the answer.
            left = before.rfind(", ") + 1
            right = after.find(",")
            question = f"{before[left:].strip()} {inside} {after[:right] if right >= 0 else after}".strip()
    question = re.sub(r"\s+([,.;)])", r"\1", question)
    if not _SHORTEST_ENGLISH <= len(question) <= 2 * _LONGEST_ENGLISH:
        return ""
    return question + "?"
