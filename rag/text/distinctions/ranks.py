"""Ranks of persons in Chinese and English: 副秘书长 and "Deputy Secretary-General" are the same rank, 秘书长 is another one."""

from __future__ import annotations

import re
from typing import NamedTuple

# The names of a rank in both languages, longest first where one contains another.
_RANKS = tuple(
    line.split("|")
    for line in """
秘书长|secretary-general|secretary general
总理|首相|prime minister|premier
部长|minister
主席|chairman|chairwoman|chairperson|chair
总统|president of the republic
总裁|会长|校长|president
院长|dean
局长|director-general|director general|commissioner
主任|director
馆长|curator|head librarian
省长|州长|governor
市长|mayor
县长|county head
书记|party secretary
总经理|general manager|managing director
经理|manager
总编辑|主编|editor-in-chief|chief editor
教授|professor
大使|ambassador
司长|处长|head of department|head of division
科长|section head
厂长|factory manager
站长|station master|stationmaster
队长|captain|team leader
组长|group leader
首席执行官|chief executive officer|ceo|chief executive
首席财务官|chief financial officer|cfo
秘书|secretary
""".strip().splitlines()
)
# The words before a rank that make another rank of it.
_MODIFIERS = tuple(
    line.split("|")
    for line in """
副|deputy|vice|associate
助理|assistant
代理|代|acting|interim
前|原|前任|former|ex
名誉|honorary
常务
候任|当选|designate|elect
高级|senior
初级|junior
""".strip().splitlines()
)
_RANK_OF = {name: number for number, names in enumerate(_RANKS) for name in names}
_MODIFIER_OF = {name: number for number, names in enumerate(_MODIFIERS) for name in names}


def _any(names: list[str]) -> str:
    return "|".join(map(re.escape, sorted(names, key=len, reverse=True)))


_HAN = [name for name in _RANK_OF if not name.isascii()]
_LATIN = [name for name in _RANK_OF if name.isascii()]
_HAN_MODIFIERS = [name for name in _MODIFIER_OF if not name.isascii()]
_LATIN_MODIFIERS = [name for name in _MODIFIER_OF if name.isascii()]
_RANK = re.compile(
    rf"(?P<han_modifiers>(?:{_any(_HAN_MODIFIERS)})*)(?P<han>{_any(_HAN)})"
    rf"|(?P<latin_modifiers>(?:\b(?:{_any(_LATIN_MODIFIERS)})[ -])*)\b(?P<latin>{_any(_LATIN)})s?\b(?!-(?:general|elect)\b)",
    re.IGNORECASE,
)
_ONE_MODIFIER = re.compile(f"{_any(_HAN_MODIFIERS)}|{_any(_LATIN_MODIFIERS)}", re.IGNORECASE)


class Rank(NamedTuple):
    """A rank as written at a place of a text. Two ranks are the same if `rank` and `modifiers` are equal."""

    start: int
    written: str
    rank: int
    modifiers: frozenset[int]


def find(text: str) -> list[Rank]:
    """Finds the ranks of a text, in order."""
    found = []
    for match in _RANK.finditer(text):
        modifiers = match["han_modifiers"] or match["latin_modifiers"] or ""
        kinds = frozenset(_MODIFIER_OF[word.lower()] for word in _ONE_MODIFIER.findall(modifiers))
        found.append(Rank(match.start(), match[0], _RANK_OF[(match["han"] or match["latin"]).lower()], kinds))
    return found


def aliases(rank: int) -> list[str]:
    """Returns the names of a rank in both languages, without modifiers."""
    return _RANKS[rank]
