"""Follow-up questions: what is asked, completed from the turns before, without a language model.

A follow-up is known by its form, and each form is completed in its own way:
    ellipsis     那省级的呢？ "And provincial ones?"    takes the place of what is of its kind in the question before
    pronoun      它何时开始？ "When does it start?"     gives way to what the question before is about
    bare         为什么？ "Why?" 哪年成立的？           comes after what the question before is about
    continuing   还有呢？ "Anything else?"              is the question before
Every other question stands alone, and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.text.analysis import Analyzer
from rag.text.language import language_of
from rag.text.questions import ENGLISH_ASKING as _EN_ASKING
from rag.text.questions import HAN_ASKING as _ZH_ASKING
from rag.types import Answer

TurnKind = Literal["new", "completed", "continue"]
"""Whether a question stands alone, was completed from the turns before, or asks for more of what the last one asked for."""

_LAST_TURNS = 3

_HAN = r"[\u3400-\u9fff]"
_ZH_MEASURE = r"[个年月天种份条项只家位处座所届次倍棵类片]?"
_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)\b"
_ASKING = re.compile(rf"{_ZH_ASKING}|\b(?:{_EN_ASKING}|{_AUXILIARY})", re.IGNORECASE)

# What is said before a question and is not of it.
_LEAD = re.compile(
    r"(?:(?:谢谢你?|好的?|嗯|哦|明白了?|知道了|(?:thanks|thank you|ok(?:ay)?|great|i see|got it)\b)[，,。.！! ]+)*"
    r"(?:(?:那么?(?![个份部项条种篇次届座家位里儿边些是时])|而)[，, ]*)?",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(r"(?:and|so|but|then|or)\b,? *", re.IGNORECASE)
_CONTINUING = re.compile(
    r"(?:还有(?:别的|其[他它]的?|哪些|什么|更多)?|其[他它]的?|继续|然后|更多|详细(?:点|些|说说))[吗呢]?"
    r"|(?:and )?(?:(?:anything|what|who|where) else|(?:any|some|tell me) more|more|go on|continue|then)",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    rf"([^，。！？?]{{1,24}})呢[？?。]*|({_HAN}{{1,6}})[？?]+"
    r"|(?:and|but|or|(?:and )?(?:what|how) about) ([^,.!?]{1,60})[.?! ]*|([A-Za-z\d-]+(?: [A-Za-z\d-]+){0,2})\?+",
    re.IGNORECASE,
)
# How many zoos? How much more than in 2008?
_VERBLESS = re.compile(
    r"(?P<asking>how many|how much|which|what) (?P<part>[\w-]+(?: [\w-]+)?|(?:more|less|fewer) than [^?]{1,40})\?*", re.IGNORECASE
)

_PLACE = (
    r"(?:中国|北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古"
    r"|广西|西藏|宁夏|新疆|香港|澳门|东盟|欧盟|非洲|亚洲|欧洲|美洲|[美英法德韩泰]国|日本|俄罗斯|蒙古国?|印度(?:尼西亚)?|越南|老挝|缅甸|柬埔寨|马来西亚"
    rf"|新加坡|菲律宾|澳大利亚|新西兰|加拿大|巴西|南非|埃及|意大利|西班牙|荷兰|挪威|瑞典|瑞士)(?:{_HAN}{{0,6}}?[省市县州村](?!级))*"
)
# What can stand for each other: years, levels, titles, places and names.
_KINDS = [
    re.compile(pattern)
    for pattern in (
        r"(?:19|20)\d{2}年?",
        r"(?:国家|省|市|县|地方|世界)级",
        r"(?i:\b(?:national|provincial|municipal|local|regional|global)\b)",
        r"《[^《》]+》|“[^“”]+”",
        rf"{_PLACE}(?:[和与、]{_PLACE})*",
        rf"(?!(?i:{_EN_ASKING}|{_AUXILIARY}|in|by))\b[A-Z][A-Za-z\d-]*(?: (?:(?:of|in|county|province|city) )*[A-Z][A-Za-z\d-]*)*",
    )
]
# What a question asks of, where something else can be put: 东盟地区的[红树林]占, 多少份[作物资源], how many [gardens] has.
_FOCUSES = [
    re.compile(r"的(?P<focus>[^的，]{2,8}?)(?=是|占|有|在|为|多[少大长高])"),
    re.compile(rf"(?:多少|几|哪些|什么){_ZH_MEASURE}(?P<focus>(?!面积|资金|时间|比例|关系|合作){_HAN}{{2,10}})(?=[？?]*$)"),
    re.compile(rf"\bof (?:the )?(?:world['’]s )?(?P<focus>[\w-]+(?: [\w-]+)?) (?={_AUXILIARY})", re.IGNORECASE),
    re.compile(rf"^(?:how many|which) (?P<focus>[\w-]+(?: [\w-]+){{0,3}}?) (?={_AUXILIARY})", re.IGNORECASE),
]

_ZH_PRONOUN = re.compile(
    rf"(?<![应因如从彼])[这那此该][些一]?[个份部项条种篇次届座家位]?(?P<noun>(?![样么里儿是时外]){_HAN}{{2,6}})"
    r"|(?P<possessive>[它他她]们?的|其(?![中他它余次实间]))|(?<!其)[它他她]们?|[这那][里儿]|当地|[这那](?=是|时)"
)
_EN_PRONOUN = re.compile(
    r"\b(?:(?P<possessive>its|their|his|her(?= [a-z]))|(?P<place>there)(?=\W*$)"
    r"|it(?!['’]s| (?:true|possible|takes?)\b)|they|them|he|him|she|her"
    rf"|(?:this|that|these|those)(?=\W*$| (?:{_AUXILIARY}|(?:compare|mean|work|happen|start|begin|end)\b))"
    r"|(?:this|that|these|those) (?P<noun>(?!year|month|week|time)[a-z][\w-]*))\b",
    re.IGNORECASE,
)
# The one who was asked for is not who the question names.
_PERSON = re.compile(r"[他她]的?|he|him|his|she|her", re.IGNORECASE)
_ASKED_WHO = re.compile(r"谁|^who (?!is|was)", re.IGNORECASE)
_NOUN_PHRASE = re.compile(r"\b(?:the|an?) [a-z]|(?<=[a-z,] )[A-Z]")
_DOCUMENT = re.compile(r"文件|文档|报告|文章|白皮书|(?:document|report|article|paper)s?", re.IGNORECASE)
# After words of the question's own, a pronoun of its next clause stands for those.
_CLAUSE = re.compile(r"[，,；;]|\b(?:and|but|if|when|because|while|before|after)\b|如果|并且|以及|但", re.IGNORECASE)

# Where the topic of a question is, and what of a question only asks.
_HAPPENING = r"\b(?:\w{2,}[^\We]ed|set|held|built|made|begin|start|end|happen|take|come|last)\b"
_TOPICS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<topic>[^？?]*?{_HAN}[^？?]*?)(?:是|占|(?<!存)在|[由有从](?={_ZH_ASKING})|了|{_ZH_ASKING}).*",
        rf"(?:{_EN_ASKING} )?{_AUXILIARY} (?P<topic>(?!there\b)(?:(?!{_HAPPENING})[^?])+?) {_HAPPENING}.*",
        rf"(?:what|who|where|how \w+) (?:is|are|was|were) (?P<topic>(?!there\b)(?:(?!\b{_AUXILIARY})[^?])+?)(?: about| for)?\?*",
        rf"[^?]*\b(?P<topic>the (?:(?!\bthe\b|\b{_AUXILIARY})[^?])+?)\?*",
    )
]
_ONLY_ASKS = re.compile(
    rf"[是有在从由]?{_ZH_ASKING}{_ZH_MEASURE}|的?[？?]+\s*$"
    rf"|\b(?:(?:by|in|on|for|since|at|to|from) )?{_EN_ASKING} ?(?:{_AUXILIARY} )?|\b(?:{_AUXILIARY} there|do|does|did|has|have)\b ?|^{_AUXILIARY} ",
    re.IGNORECASE,
)
# 哪年成立的？ 怎么治理的？ are of something that was said before.
_NO_SUBJECT = re.compile(rf"[是在从由]?{_ZH_ASKING}{_HAN}{{1,8}}的[？?]*")
# Words that say little unless it is said of what.
_OF_WHAT = """
    成立 设立 建立 建成 开始 结束 参加 参与 出席 举行 举办 召开 发布 发起 通过 提出 实施 生效 发生 代表 人 人数 数量 面积 规模 原因 目的 意思 结果 例子 国家 地点 日期
    大 长 高 时间 作用 意义 好处 内容 这样 举 举个 举例 例 详细 一点 begin start end happen next attend hold held found large big old high people reason purpose result example date country
"""


@dataclass(frozen=True, slots=True)
class Completion:
    """The query that a question asks for, and how the query was made.

    The kind is "continue" only for a question such as 还有呢？ or "Anything else?". A follow-up that is asked twice is
    "completed" both times: its words ask for the same answer, not for more.
    """

    query: str
    kind: TurnKind


def complete(question: str, history: Sequence[Answer], analyzer: Analyzer) -> Completion:
    """Completes a follow-up from the turns before; any other question stays as it is.

    Args:
        question: As it was typed.
        history: The answers so far, oldest first. Greetings and the like are no topic; of the others the last few count.
        analyzer: Tells which words are about something.
    """
    turns = [turn for turn in history if turn.kind != "reply"][-_LAST_TURNS:]
    core = _LEAD.sub("", question.strip(), count=1)
    if not turns or not core:
        return Completion(question, "new")
    before = _last_questions(turns[-1].asked)
    if _CONTINUING.fullmatch(core.rstrip("？?。.！! ")):
        return Completion(before, "continue")
    completed = _completed(question, core, before, turns, analyzer)
    return Completion(completed or question, "completed" if completed else "new")


def _completed(question: str, core: str, before: str, turns: Sequence[Answer], analyzer: Analyzer) -> str:
    """The completed question; empty when it stands alone."""
    if part := _part(core):
        return _replaced(before, part) or f"{before}{'' if before.endswith('？') else ' '}{question}"
    core = _CONNECTIVE.sub("", core, count=1)
    if (verbless := _VERBLESS.fullmatch(core)) and not re.search(rf"{_HAPPENING}|{_AUXILIARY}", verbless["part"]):
        alike = before.casefold().startswith(verbless["asking"].casefold())
        return (_replaced(before, verbless["part"]) if alike else "") or _after_topic(before, core)
    return _resolved(core, turns, analyzer) or _bare(before, core, analyzer)


def _last_questions(asked: str) -> str:
    """The last two questions of several, so that completed questions do not grow with every turn."""
    return "".join(re.findall(r"[^？?]+[？?]*", asked)[-2:]).strip() or asked


def _part(core: str) -> str:
    """What an elliptic question says anew; empty when the question is none."""
    match = _ELLIPSIS.fullmatch(core)
    part = next(filter(None, match.groups()), "").strip() if match else ""
    return "" if _ASKING.search(part) or _ZH_PRONOUN.match(part) else part


def _replaced(before: str, part: str) -> str:
    """The question before with the part in place of what is of its kind; empty when nothing is."""
    part = re.sub(r"^(?:the|in) | ones?$|的$", "", part, flags=re.IGNORECASE)
    spans: list[tuple[int, int]] = []
    for kind in _KINDS:
        if (match := kind.match(part)) and 2 * len(match[0]) >= len(part):
            spans = [match.span() for match in kind.finditer(before)][-1:] or spans
    spans = spans or [match.span("focus") for focus in _FOCUSES if (match := focus.search(before))]
    return before[: spans[0][0]] + part + before[spans[0][1] :] if spans else ""


def _resolved(core: str, turns: Sequence[Answer], analyzer: Analyzer) -> str:
    """The question with what its first pronoun stands for; empty when none stands for something of the turns before."""
    chinese = language_of(core) == "zh"
    for match in (_ZH_PRONOUN if chinese else _EN_PRONOUN).finditer(core):
        own, values = core[: match.start()], match.groupdict()
        if analyzer.content_terms(own) and (values["possessive"] or _CLAUSE.search(own)):
            continue
        noun, topic = _named(values["noun"], turns) if values["noun"] else ("", _topic(turns[-1].asked, analyzer))
        if _PERSON.fullmatch(match[0]) and _ASKED_WHO.search(turns[-1].asked):
            topic = ""
        if values["noun"] and not noun and (match[0].casefold().startswith("that ") or _has_subject(own, chinese, analyzer)):
            continue
        if not topic:
            return _after_topic(_last_questions(turns[-1].asked), core)
        end = match.start("noun") + len(noun) if noun else match.end()
        if chinese:
            owner = topic.rpartition("的")[0]
            if not noun and "们" not in match[0] and _says_much(owner, analyzer):
                topic = owner
            topic = topic.removeprefix("the ") + ("的" if values["possessive"] else "")
        else:
            topic = ("at " if values.get("place") else "") + topic + ("'s" if values["possessive"] else "")
        return own + topic + core[end:]
    return ""


def _named(following: str, turns: Sequence[Answer]) -> tuple[str, str]:
    """The noun that the words after "this" begin with, and what it names in the latest turn that has it; else both empty."""
    for turn in reversed(turns):
        for length in range(len(following), 1, -1):
            noun = following[:length]
            named = re.search(
                rf"《?[^\s的是了，。？?《“]*{noun}》?"
                if language_of(noun) == "zh"
                else rf"(?:\bthe )?(?:\b(?!the|an?\b|{_EN_ASKING}|{_AUXILIARY})[\w-]+ )*\b{noun}\b",
                turn.asked,
                re.IGNORECASE,
            )
            name = re.sub(rf".*{_ZH_ASKING}{_ZH_MEASURE}", "", named[0]) if named else ""
            if name not in ("", noun):
                return noun, name
            if _DOCUMENT.fullmatch(noun) and turn.citations:
                return noun, turn.citations[0].title
    return "", ""


def _topic(asked: str, analyzer: Analyzer) -> str:
    """The words of a question that name what it is about; empty when they cannot be told, or name nothing much."""
    topic = next((match["topic"].strip() for pattern in _TOPICS if (match := pattern.fullmatch(asked.strip()))), "")
    return topic if _says_much(topic, analyzer) else ""


def _has_subject(words: str, chinese: bool, analyzer: Analyzer) -> bool:
    """Whether the words before "these countries" or 这一理念 name something that those can stand for."""
    return _says_much(words, analyzer) if chinese else bool(_NOUN_PHRASE.search(words))


def _says_much(words: str, analyzer: Analyzer) -> bool:
    return not set(analyzer.content_terms(words)) <= set(analyzer.terms(_OF_WHAT))


def _bare(before: str, core: str, analyzer: Analyzer) -> str:
    """The question after what the one before is about, when it says nothing of its own; empty when it does."""
    if _says_much(core, analyzer) and not _NO_SUBJECT.fullmatch(core):
        return ""
    terms = analyzer.content_terms(core)
    if not terms and (rest := re.match(rf"(?:(?:when|where|why|how) |what (?=d))?({_AUXILIARY}.*)", before, re.IGNORECASE)):
        word = core.rstrip("?？. ")
        return f"{word[:1].upper()}{word[1:]} {rest[1][:1].lower()}{rest[1][1:]}"
    topic = _topic(before, analyzer)
    if not (terms and topic and language_of(core) == "zh"):
        return _after_topic(before, core)
    # Asked a second time, the topic ends as the question begins: 基金规模, 规模有多大.
    shared = next((length for length in range(min(len(topic), len(core)), 0, -1) if topic.endswith(core[:length])), 0)
    return topic + core[shared:]


def _after_topic(before: str, core: str) -> str:
    """The question after the one before without its question words."""
    about = _ONLY_ASKS.sub("", before).strip(" ，,：:？?")
    return f"{about}{'，' if language_of(before) == 'zh' else ': '}{core}"
