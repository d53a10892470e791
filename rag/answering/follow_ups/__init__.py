"""Follow-up questions, completed from the turns before without a language model.

A follow-up is recognised by its form, and each form is completed in its own way:
    ellipsis     那省级的呢？ "And provincial ones?"    replaces the words of its kind in the question before
    pronoun      它何时开始？ "When does it start?"     is replaced by the topic of the question before
    bare         为什么？ "Why?" 哪年成立的？           follows the topic of the question before
    continuing   还有呢？ "Anything else?"              repeats the question before
Every other question stands alone and is left as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.answering.follow_ups.ellipsis import AUXILIARY, HAN, HAN_MEASURE, replaced
from rag.answering.reading import Reading, odds
from rag.text.analysis import Analyzer
from rag.text.language import language_of
from rag.text.questions import ENGLISH_ASKING as _EN_ASKING
from rag.text.questions import HAN_ASKING as _ZH_ASKING
from rag.types import Answer, Citation, SearchResult

TurnKind = Literal["new", "completed", "continue"]
"""Whether a question stands alone, was completed from the turns before, or asks for more of the last answer."""

_LAST_TURNS = 3
_SHORT_HAN = 12
_SHORT_WORDS = 7
# The least support for a sentence cited before to answer a follow-up, and its share of that of the best sentence.
_SUPPORTED = 0.5
_NEARLY_AS_WELL = 0.3

_ASKING = re.compile(rf"{_ZH_ASKING}|\b(?:{_EN_ASKING}|{AUXILIARY})", re.IGNORECASE)

# Words before a question that are not part of it.
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
    rf"([^，。！？?]{{1,24}})呢[？?。]*|({HAN}{{1,6}})[？?]+"
    r"|(?:and|but|or|(?:and )?(?:what|how) about) ([^,.!?]{1,60})[.?! ]*|([A-Za-z\d-]+(?: [A-Za-z\d-]+){0,2})\?+",
    re.IGNORECASE,
)
# How many zoos? How much more than in 2008?
_VERBLESS = re.compile(
    r"(?P<asking>how many|how much|which|what) (?P<part>[\w-]+(?: [\w-]+)?|(?:more|less|fewer) than [^?]{1,40})\?*", re.IGNORECASE
)

_ZH_PRONOUN = re.compile(
    rf"(?<![应因如从彼])[这那此该][些一]?[个份部项条种篇次届座家位]?(?P<noun>(?![样么里儿是时外]){HAN}{{2,6}})"
    r"|(?P<possessive>[它他她]们?的|其(?![中他它余次实间]))|(?<!其)[它他她]们?|[这那][里儿]|当地|[这那](?=是|时)"
)
_EN_PRONOUN = re.compile(
    r"\b(?:(?P<possessive>its|their|his|her(?= [a-z]))|(?P<place>there)(?=\W*$)"
    r"|it(?!['’]s| (?:true|possible|takes?)\b)|they|them|he|him|she|her"
    rf"|(?:this|that|these|those)(?=\W*$| (?:{AUXILIARY}|(?:compare|mean|work|happen|start|begin|end)\b))"
    r"|(?:this|that|these|those) (?P<noun>(?!year|month|week|time)[a-z][\w-]*))\b",
    re.IGNORECASE,
)
# Pronouns of persons, and questions after a person.
_PERSON = re.compile(r"[他她]的?|he|him|his|she|her", re.IGNORECASE)
_ASKED_WHO = re.compile(r"谁|^who (?!is|was)", re.IGNORECASE)
_NOUN_PHRASE = re.compile(r"\b(?:the|an?) [a-z]|(?<=[a-z,] )[A-Z]")
_DOCUMENT = re.compile(r"文件|文档|报告|文章|白皮书|(?:document|report|article|paper)s?", re.IGNORECASE)
# A pronoun in a later clause stands for words of an earlier one.
_CLAUSE = re.compile(r"[，,；;]|\b(?:and|but|if|when|because|while|before|after)\b|如果|并且|以及|但", re.IGNORECASE)

# A name in a short question says what it is about.
_NAME = re.compile(r"(?<!^)\b[A-Z]|[《“\"\d]")

# The topic of a question, and the words that only ask.
_HAPPENING = r"\b(?:\w{2,}[^\We]ed|set|held|built|made|begin|start|end|happen|take|come|last)\b"
_TOPICS = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?P<topic>[^？?]*?{HAN}[^？?]*?)(?:是|占|(?<!存)在|[由有从](?={_ZH_ASKING})|了|{_ZH_ASKING}).*",
        rf"(?:{_EN_ASKING} )?{AUXILIARY} (?P<topic>(?!there\b)(?:(?!{_HAPPENING})[^?])+?) {_HAPPENING}.*",
        rf"(?:what|who|where|how \w+) (?:is|are|was|were) (?P<topic>(?!there\b)(?:(?!\b{AUXILIARY})[^?])+?)(?: about| for)?\?*",
        rf"[^?]*\b(?P<topic>the (?:(?!\bthe\b|\b{AUXILIARY})[^?])+?)\?*",
    )
]
_ONLY_ASKS = re.compile(
    rf"[是有在从由]?{_ZH_ASKING}{HAN_MEASURE}|的?[？?]+\s*$"
    rf"|\b(?:(?:by|in|on|for|since|at|to|from) )?{_EN_ASKING} ?(?:{AUXILIARY} )?|\b(?:{AUXILIARY} there|do|does|did|has|have)\b ?|^{AUXILIARY} ",
    re.IGNORECASE,
)
# Questions without a subject, such as 哪年成立的？ and 怎么治理的？
_NO_SUBJECT = re.compile(rf"[是在从由]?{_ZH_ASKING}{HAN}{{1,8}}的[？?]*")
# Questions that begin with a verb: 涉及哪些水域？
_VERB_FIRST = re.compile(
    r"(?:主要|都|具体|总共|一共|共|还|又|分别)*(?:涉及|包括|包含|覆盖|涵盖|影响|适用|针对|持续|需要|要求|分布|占|花费?|耗资|花了|用了|得到|获得|遵循|采用|面向)"
    rf"了?.{{0,12}}?{_ZH_ASKING}.{{0,8}}"
)
# Words that mean little without a subject.
_OF_WHAT = """
    成立 设立 建立 建成 开始 结束 参加 参与 出席 举行 举办 召开 发布 发起 通过 提出 实施 生效 发生 代表 人 人数 数量 面积 规模 原因 目的 意思 结果 例子 国家 地点 日期
    大 长 高 时间 作用 意义 好处 内容 这样 举 举个 举例 例 详细 一点 begin start end happen next attend hold held found large big old high people reason purpose result example date country
"""


@dataclass(frozen=True, slots=True)
class Completion:
    """The query of a question, and how it was made.

    `kind` is "continue" only for a question such as 还有呢？ or "Anything else?". The same follow-up asked twice is "completed" both
    times: it asks for the same answer, not for more.
    """

    query: str
    kind: TurnKind


def complete(question: str, history: Sequence[Answer], analyzer: Analyzer) -> Completion:
    """Completes a follow-up from the turns before; leaves any other question as it is.

    Args:
        question: As it was typed.
        history: The answers so far, oldest first. Only the last few count, and greetings and the like do not.
        analyzer: Finds the words that carry meaning.
    """
    turns = [turn for turn in history if turn.kind != "reply"][-_LAST_TURNS:]
    core = _LEAD.sub("", question.strip(), count=1)
    if not turns or not core:
        return Completion(question, "new")
    before = _last_questions(turns[-1].query)
    if _CONTINUING.fullmatch(core.rstrip("？?。.！! ")):
        return Completion(before, "continue")
    completed = _completed(question, core, before, turns, analyzer)
    return Completion(completed or question, "completed" if completed else "new")


def cited_before(query: str, history: Sequence[Answer]) -> list[Citation]:
    """Returns the citations of the earlier answers to a query."""
    return [citation for answer in history if answer.query == query for citation in answer.citations]


def without_cited(readings: Sequence[Reading], cited: Sequence[Citation]) -> list[Reading]:
    """Returns the readings without the sentences that were cited before, the best supported first."""
    if not cited:
        return list(readings)
    left = []
    for reading in readings:
        places = [(c.start, c.end) for c in cited if c.document_id == reading.result.chunk.document_id]
        kept = tuple(s for s in reading.sentences if not any(s.start < end and start < s.end for start, end in places))
        if kept:
            left.append(replace(reading, sentences=kept, support=max(sentence.support for sentence in kept)))
    return sorted(left, key=lambda reading: -reading.support)


def answer_before(question: str, completion: Completion, history: Sequence[Answer]) -> Answer | None:
    """Returns the answer whose cited sentences are read first for a question.

    It is the last one, for a follow-up and for a question so short that it may be one; None for all others. 那省级的呢？ asks for
    something else than was cited.
    """
    core = _LEAD.sub("", question.strip(), count=1)
    if _part(core) or _VERBLESS.fullmatch(core):
        return None
    last = next((turn for turn in reversed(history) if turn.kind != "reply"), None)
    query = completion.query
    length = sum(1 for _ in re.finditer(rf"{HAN}|[A-Za-z]+", query))
    is_short = length <= (_SHORT_HAN if language_of(query) == "zh" else _SHORT_WORDS) and not _NAME.search(query)
    may_follow = completion.kind == "completed" or (completion.kind == "new" and is_short)
    # One who asks the same again does not ask after the answer.
    is_other = last is not None and query not in (last.question, last.query)
    return last if last and last.citations and may_follow and is_other else None


def with_cited(results: Sequence[SearchResult], before: Answer | None, documents: Collection[str] | None) -> list[SearchResult]:
    """Returns search results and the passages that an answer before cites, if their documents may be searched."""
    known = {result.chunk.id for result in results}
    cited = [
        result
        for result in (before.results if before else ())
        if result.chunk.id not in known
        and (documents is None or result.chunk.document_id in documents)
        and any(_is_in(citation, result) for citation in (before.citations if before else ()))
    ]
    return [*results, *cited]


def cited_first(readings: Sequence[Reading], before: Answer | None) -> list[Reading]:
    """Returns the readings of the sentences that an answer before cites, if these answer nearly as well as the best; else all."""
    kept = []
    for reading in readings:
        places = [(c.start, c.end) for c in (before.citations if before else ()) if _is_in(c, reading.result)]
        own = tuple(s for s in reading.sentences if any(s.start < end and start < s.end for start, end in places))
        if own:
            kept.append(replace(reading, sentences=own, support=max(sentence.support for sentence in own)))
    kept.sort(key=lambda reading: -reading.support)
    # Odds, since all sentences of a passage that answers are close to 1.
    if not kept or kept[0].support < _SUPPORTED or odds(kept[0].support) < _NEARLY_AS_WELL * odds(readings[0].support):
        return list(readings)
    return kept


def _is_in(citation: Citation, result: SearchResult) -> bool:
    """Returns whether a passage contains the beginning of a quote."""
    chunk = result.chunk
    return citation.document_id == chunk.document_id and chunk.start <= citation.start < chunk.end


def _completed(question: str, core: str, before: str, turns: Sequence[Answer], analyzer: Analyzer) -> str:
    """Returns the completed question; empty when it stands alone."""
    if part := _part(core):
        return replaced(before, part, analyzer) or f"{before}{'' if before.endswith('？') else ' '}{question}"
    core = _CONNECTIVE.sub("", core, count=1)
    if (verbless := _VERBLESS.fullmatch(core)) and not re.search(rf"{_HAPPENING}|{AUXILIARY}", verbless["part"]):
        alike = before.casefold().startswith(verbless["asking"].casefold())
        return (replaced(before, verbless["part"], analyzer) if alike else "") or _after_topic(before, core)
    return _resolved(core, turns, analyzer) or _bare(before, core, analyzer)


def _last_questions(query: str) -> str:
    """Returns the last two questions of a query, so that completed questions do not grow with every turn."""
    return "".join(re.findall(r"[^？?]+[？?]*", query)[-2:]).strip() or query


def _part(core: str) -> str:
    """Returns the new part of an elliptic question; empty for any other question."""
    match = _ELLIPSIS.fullmatch(core)
    part = next(filter(None, match.groups()), "").strip() if match else ""
    return "" if _ASKING.search(part) or _ZH_PRONOUN.match(part) else part


def _resolved(core: str, turns: Sequence[Answer], analyzer: Analyzer) -> str:
    """Returns the question with its first pronoun replaced; empty when no pronoun refers to the turns before."""
    chinese = language_of(core) == "zh"
    for match in (_ZH_PRONOUN if chinese else _EN_PRONOUN).finditer(core):
        pronoun = _Pronoun.of(match)
        if pronoun.refers_to_own_clause(analyzer):
            continue
        noun, topic = pronoun.antecedent(turns, analyzer)
        if pronoun.noun and not noun and (pronoun.is_that or _has_subject(pronoun.before, chinese, analyzer)):
            continue
        if not topic:
            return _after_topic(_last_questions(turns[-1].query), core)
        end = match.start("noun") + len(noun) if noun else match.end()
        replacement = pronoun.in_chinese(topic, bool(noun), analyzer) if chinese else pronoun.in_english(topic)
        return pronoun.before + replacement + core[end:]
    return ""


@dataclass(frozen=True, slots=True)
class _Pronoun:
    """A pronoun of a question, with the words before it and the noun that follows it, as in "this fund"."""

    before: str
    text: str
    noun: str
    is_possessive: bool
    is_place: bool

    @classmethod
    def of(cls, match: re.Match[str]) -> _Pronoun:
        """Reads a match of `_ZH_PRONOUN` or `_EN_PRONOUN`."""
        groups = match.groupdict()
        before = match.string[: match.start()]
        return cls(before, match[0], groups["noun"] or "", bool(groups["possessive"]), bool(groups.get("place")))

    @property
    def is_that(self) -> bool:
        """Returns whether it is "that" with a noun, which may begin a clause."""
        return self.text.casefold().startswith("that ")

    def refers_to_own_clause(self, analyzer: Analyzer) -> bool:
        """Returns whether it stands for words of its own question: it is possessive, or in a later clause than they are."""
        return bool(analyzer.content_terms(self.before)) and (self.is_possessive or bool(_CLAUSE.search(self.before)))

    def antecedent(self, turns: Sequence[Answer], analyzer: Analyzer) -> tuple[str, str]:
        """Returns the noun that is named before and what it names, or no noun and the topic of the last turn; "" for unknown."""
        last = turns[-1].query
        # A person is not who the last question asks for.
        if _PERSON.fullmatch(self.text) and _ASKED_WHO.search(last):
            return "", ""
        return _named(self.noun, turns) if self.noun else ("", _topic(last, analyzer))

    def in_chinese(self, topic: str, is_named: bool, analyzer: Analyzer) -> str:
        """Returns the words that replace the pronoun. After 基金的规模, 它 stands for 基金."""
        owner = topic.rpartition("的")[0]
        if not is_named and "们" not in self.text and _says_much(owner, analyzer):
            topic = owner
        return topic.removeprefix("the ") + ("的" if self.is_possessive else "")

    def in_english(self, topic: str) -> str:
        """Returns the words that replace the pronoun."""
        return ("at " if self.is_place else "") + topic + ("'s" if self.is_possessive else "")


def _named(following: str, turns: Sequence[Answer]) -> tuple[str, str]:
    """Returns the noun at the beginning of the words after "this", and its name in the latest turn with it; else "" for both."""
    for turn in reversed(turns):
        for length in range(len(following), 1, -1):
            noun = following[:length]
            named = re.search(
                rf"《?[^\s的是了，。？?《“]*{noun}》?"
                if language_of(noun) == "zh"
                else rf"(?:\bthe )?(?:\b(?!the|an?\b|{_EN_ASKING}|{AUXILIARY})[\w-]+ )*\b{noun}\b",
                turn.query,
                re.IGNORECASE,
            )
            name = re.sub(rf".*{_ZH_ASKING}{HAN_MEASURE}", "", named[0]) if named else ""
            if name not in ("", noun):
                return noun, name
            if _DOCUMENT.fullmatch(noun) and turn.citations:
                return noun, turn.citations[0].title
    return "", ""


def _topic(query: str, analyzer: Analyzer) -> str:
    """Returns the words of a question that name its topic; empty when they cannot be found or mean little."""
    topic = next((match["topic"].strip() for pattern in _TOPICS if (match := pattern.fullmatch(query.strip()))), "")
    return topic if _says_much(topic, analyzer) else ""


def _has_subject(words: str, chinese: bool, analyzer: Analyzer) -> bool:
    """Returns whether the words before "these countries" or 这一理念 name something that these can stand for."""
    return _says_much(words, analyzer) if chinese else bool(_NOUN_PHRASE.search(words))


def _says_much(words: str, analyzer: Analyzer) -> bool:
    return not set(analyzer.content_terms(words)) <= set(analyzer.terms(_OF_WHAT))


def _bare(before: str, core: str, analyzer: Analyzer) -> str:
    """Returns the question after the topic of the one before; empty when it has a topic of its own."""
    if _says_much(core, analyzer) and not (_NO_SUBJECT.fullmatch(core) or _VERB_FIRST.fullmatch(core)):
        return ""
    terms = analyzer.content_terms(core)
    if not terms and (rest := re.match(rf"(?:(?:when|where|why|how) |what (?=d))?({AUXILIARY}.*)", before, re.IGNORECASE)):
        word = core.rstrip("?？. ")
        return f"{word[:1].upper()}{word[1:]} {rest[1][:1].lower()}{rest[1][1:]}"
    topic = _topic(before, analyzer)
    if not (terms and topic and language_of(core) == "zh"):
        return _after_topic(before, core)
    # The topic may end as the question begins: 基金规模, 规模有多大.
    shared = next((length for length in range(min(len(topic), len(core)), 0, -1) if topic.endswith(core[:length])), 0)
    return topic + core[shared:]


def _after_topic(before: str, core: str) -> str:
    """Returns the question after the one before without its question words."""
    about = _ONLY_ASKS.sub("", before).strip(" ，,：:？?")
    return f"{about}{'，' if language_of(before) == 'zh' else ': '}{core}"
