"""Splits a question that asks several things into parts that are complete in themselves.

全国有多少个自然保护地，占国土面积多少？   ->  全国有多少个自然保护地？ · 全国自然保护地，占国土面积多少？
省级和国家级自然保护区各有多少个？         ->  省级自然保护区有多少个？ · 国家级自然保护区有多少个？
How many sites are there, and who runs them?
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from rag.text.language import language_of
from rag.text.questions import HAN_AMOUNT_ASKED

_MAX_PARTS = 4
_QUOTED = re.compile(r"《[^《》]+》|“[^“”]+”|「[^「」]+」|\"[^\"]+\"")
_MAX_QUOTED = 100
_FIRST_PRIVATE = 0xE000
_HAN = re.compile(
    rf"什么(?:时[候间]|地方)?|为什么|为何|何[时地]|怎么样?|怎样|如何|哪[一些几]?[年天月日里儿个家位国省市些种类]?|谁|(?:{HAN_AMOUNT_ASKED})"
)
_HAN_ASKED = re.compile(
    rf"(?:分别|各)?(?:一共|总共|共)?(?:有|是|为|在|从|由|于|到|叫)?(?:{_HAN.pattern})[个种处名人项家座所条只头位份次届年天]?(?:开始)?"
)
_HAN_BREAK = re.compile(r"[，,；;、？?]\s*|(?:以及|并且|而且|还有)")
# 碳中和 does not end with a conjunction.
_HAN_AND = re.compile(r"(?:以及|[和与及、])(?=.)")
_EACH = re.compile(rf"^(?P<items>[^，,？?]+?)(?:各自?|分别)(?P<rest>(?:有|是|为|在|占|达|于|从|由)?.*(?:{_HAN.pattern}).*)$")
_ENGLISH = r"(?:how (?:many|much|long|high|large|big|old|far|often)|what|which|who|whom|whose|when|where|why|how)\b"
_ENGLISH_BREAK = re.compile(rf"\s*(?:,? and|,|;|\?)\s+(?=(?:(?:in|at|on|by|for|from|to|with) )?{_ENGLISH})", re.IGNORECASE)
_BARE = re.compile(rf"(?:(?:in|at|on|by|for|from|to|with) )?{_ENGLISH}(?: (?:year|country|city|place|date))?", re.IGNORECASE)
_PARALLEL = re.compile(
    rf"^(?P<asked>.*{_ENGLISH}.*?)\b(?P<preposition>of|for|in|by) (?P<one>[^,?]{{2,60}}?),? and (?P=preposition) (?P<other>[^,?]{{2,60}}?)(?P<rest> (?:is|are|was|were|do|does|did|has|have|had)\b.*)?$",
    re.IGNORECASE,
)
_EACH_EN = re.compile(
    r"^(?P<asked>(?:what|how|when|where|why|how (?:many|much) [\w -]+?)) (?P<verb>do|did|have|are|were) (?P<one>.{2,60}?),? and (?P<other>.{2,60}?) each (?P<rest>.+)$",
    re.IGNORECASE,
)
_SINGULAR = {"do": "does", "have": "has", "are": "is", "were": "was"}
_PRONOUN = re.compile(r"\b(?:they|them|it|these|those|he|she)\b", re.IGNORECASE)
_COUNTED = re.compile(
    r"^(?:how (?:many|much)|which|what) (?P<noun>.+?)(?= (?:is|are|was|were|do|does|did|has|have|had|can|will|took|take)\b)",
    re.IGNORECASE,
)
_THE = re.compile(
    r"\b(?P<the>the [\w-]+(?: [\w-]+){0,2}?)(?=[,?]|$| (?:in|on|at|of|is|are|was|were|has|have|had)\b)", re.IGNORECASE
)
_ENDS_ASKING = re.compile(r"\b(?:when|where|why|how|what|who)$", re.IGNORECASE)


class QuestionPart(NamedTuple):
    """A part of a question: complete in itself, with a label for its answer ("" for none), and a name for what it asks."""

    text: str
    label: str
    name: str


def split(question: str) -> list[QuestionPart]:
    """Returns the parts of a question, in order; empty for a question that asks one thing."""
    quoted = _QUOTED.findall(question)[:_MAX_QUOTED]
    # Quotations ask nothing; each is replaced by one character while the question is split.
    numbers = iter(range(len(quoted)))
    text = _QUOTED.sub(lambda _: chr(_FIRST_PRIVATE + next(numbers)), question, count=len(quoted)).strip().rstrip("？?。. ")
    back = {_FIRST_PRIVATE + number: quotation for number, quotation in enumerate(quoted)}
    parts = _chinese(text) if language_of(question) == "zh" else _english(text)
    return [QuestionPart(*(field.translate(back) for field in part)) for part in parts] if 1 < len(parts) <= _MAX_PARTS else []


def _chinese(text: str) -> list[QuestionPart]:
    if (each := _EACH.match(text)) and len(items := _items(each["items"])) > 1:
        return [QuestionPart(f"{item}{each['rest']}？", item, item) for item in items]
    segments = _asking_segments(text)
    if len(segments) < 2:
        return []
    first = segments[0]
    predicate = ""
    asked = list(_HAN.finditer(first))
    if asked and len(first) - asked[-1].end() <= 1:
        # 论坛什么时候、在哪里举行: the verb of the second part is that of the first.
        later = list(_HAN.finditer(segments[1]))
        predicate = segments[1][later[-1].end() :] if later and later[0].start() <= 1 else ""
    topic = _HAN_ASKED.sub("", first, count=1).strip("的要 ")
    parts = [QuestionPart(f"{first}{predicate}？", "", _name(first))]
    return parts + [
        QuestionPart(f"{topic}，{segment}？" if topic else f"{segment}？", "", _name(segment)) for segment in segments[1:]
    ]


def _asking_segments(text: str) -> list[str]:
    """Cuts a question so that each piece asks one thing."""
    pieces: list[str] = []
    pending = ""
    for piece in filter(None, (part.strip() for part in _cut(text))):
        if _HAN.search(piece):
            pieces += _cut_at_and(f"{pending}，{piece}" if pending else piece)
            pending = ""
        else:
            pending = f"{pending}，{piece}" if pending else piece
    if pending and pieces:
        pieces[-1] += f"，{pending}"
    return pieces


def _cut(text: str) -> list[str]:
    """Cuts at commas, but not inside quotes and titles."""
    pieces, start = [], 0
    for match in _HAN_BREAK.finditer(text):
        before = text[: match.start()]
        if all(before.count(a) <= before.count(b) for a, b in ("“”", "《》", "（）")):
            pieces.append(text[start : match.start()])
            start = match.end()
    return [*pieces, text[start:]]


def _cut_at_and(piece: str) -> list[str]:
    """Cuts 保存了多少作物资源和多少畜禽品种 at its 和."""
    asked = list(_HAN.finditer(piece))
    for one, other in pairwise(asked):
        joins = [match for match in _HAN_AND.finditer(piece, one.end(), other.end()) if 0 <= other.start() - match.end() <= 6]
        if joins:
            return [piece[: joins[-1].start()], *_cut_at_and(piece[joins[-1].end() :])]
    return [piece]


def _items(text: str) -> list[str]:
    """Returns the items of a list, each complete: 省级和国家级自然保护区 -> 省级自然保护区, 国家级自然保护区."""
    items = [item.strip() for item in _HAN_AND.split(text) if item.strip()]
    if len(items) < 2 or any(_HAN.search(item) for item in items):
        return []
    last, end = items[-1], items[0][-1]
    if end in last[:-1] and len(items[0]) < len(last):
        rest = last[last.index(end) + 1 :]
        items[:-1] = [item if item.endswith(rest) else item + rest for item in items[:-1]]
    elif (of := last.rfind("的")) > 0:
        items[:-1] = [item if "的" in item else item + last[of:] for item in items[:-1]]
    elif (of := items[0].find("的")) > 0 and "的" not in last:
        items[1:] = [items[0][: of + 1] + item for item in items[1:]]
    return items


def _name(segment: str) -> str:
    return _HAN_ASKED.sub("", segment).strip("的 ，") or segment


def _english(text: str) -> list[QuestionPart]:
    if match := _PARALLEL.match(text):
        halves = [f"{match['asked']}{match['preposition']} {match[name]}{match['rest'] or ''}?" for name in ("one", "other")]
        return [QuestionPart(half, match[name], match[name]) for half, name in zip(halves, ("one", "other"), strict=True)]
    if match := _EACH_EN.match(text):
        verb = _SINGULAR.get(match["verb"].lower(), match["verb"])
        return [
            QuestionPart(f"{match['asked']} {verb} {match[name]} {match['rest']}?", match[name], match[name])
            for name in ("one", "other")
        ]
    segments = [segment for segment in _ENGLISH_BREAK.split(text) if segment.strip()]
    if len(segments) < 2 or not re.match(_ENGLISH, segments[0], re.IGNORECASE):
        return []
    if _BARE.fullmatch(segments[0]):
        # When and where does it take place?
        segments[0] += re.sub(rf"^{_BARE.pattern}", "", segments[1], count=1, flags=re.IGNORECASE)
    first = segments[0]
    if _ENDS_ASKING.search(first):
        return []
    without = re.sub(rf"^{_ENGLISH} ?", "", first, count=1, flags=re.IGNORECASE)
    parts = [QuestionPart(f"{first}?", "", first)]
    for segment in segments[1:]:
        if _BARE.fullmatch(segment):
            text = f"{segment}: {without}?"
        else:
            topic = _topic(first, segment)
            complete = _PRONOUN.sub(topic, segment) if topic else segment
            text = f"{complete}{'' if not topic or topic in complete else f' ({topic})'}?"
        parts.append(QuestionPart(text[:1].upper() + text[1:], "", segment))
    return parts


def _topic(first: str, segment: str) -> str:
    """Returns the words of the first part that a pronoun in a later one stands for."""
    singular = re.search(r"\b(?:it|he|she)\b", segment, re.IGNORECASE)
    found = {match.lastgroup: match[0] for match in (_COUNTED.search(first), _THE.search(first)) if match}
    order = ("the", "noun") if singular else ("noun", "the")
    return next(
        (re.sub(r"^(?:how (?:many|much)|which|what) ", "", found[name], flags=re.IGNORECASE) for name in order if name in found),
        "",
    )
