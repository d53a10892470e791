"""Expectations: the form that the answer to a question takes.

A question that asks for a date, a number or a share is answered by a quantity of that kind; one that asks for a person, a place or a
thing, by a phrase; a yes-no question, by a verdict; any other, by sentences.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.text import clock_times, quantities
from rag.text.language import language_of
from rag.text.quantities import Quantity
from rag.text.quantities.lexicon import UNIT_NAMES
from rag.text.quantities.lexicon import kind_of as kind_of_unit
from rag.text.questions import ENGLISH_AUXILIARY, HAN_AMOUNT_ASKED, HAN_ASKING
from rag.types import Language

QuestionKind = Literal["quantity", "fact", "list", "open"]
QuantityKind = Literal["date", "time", "duration", "share", "money", "measure", "count"]

_ACCEPTED: dict[QuantityKind, tuple[str, ...]] = {
    "date": ("date",),
    "time": (),
    "duration": ("duration",),
    "share": ("share",),
    "money": ("money", "number"),
    "measure": ("measure", "duration", "number"),
    "count": ("number", "measure", "money"),
}
# In this order: the first kind of which a pattern matches is asked for. Each has one pattern for Chinese, one for English.
_PATTERNS: dict[QuantityKind, tuple[str, str]] = {
    "duration": (
        r"多久|多长时间|多少(?:年|个月|天|小时|分钟|周)(?!产)|几(?:年|个月|天|个?小时|周|个星期)(?!级)",
        r"\bhow long (?:is|are|was|were|does|do|did|will|has|have|must|can|may)\b|\bhow many (?:years|months|weeks|days|hours|minutes)\b",
    ),
    "time": (r"几点|哪个?时段", r"\b(?:at )?what time\b|\bhow (?:late|early)\b"),
    "date": (
        r"哪一?[年天月日]|何[年时]|什么时[候间]|几[月号]|哪个?(?:月份|季度|学期)|(?:时间|日期)(?:是|为|定在|[？?]|$)",
        rf"(?:^|[,;:.?] |\b(?:and|since|until|by) )when\b|\bwhen {ENGLISH_AUXILIARY}\b|\b(?:what|which) (?:date|day|month|year)\b",
    ),
    "share": (
        r"百分之几|百分比|占比|比例|占.{0,14}?(?:多少|几成)|[率比]\S{0,6}?(?:多少|多高|几)",
        (
            r"\b(?:what|which) (?:percentage|per cent|share|proportion|fraction)\b"
            r"|\bwhat (?:is|was|are|were) the (?:\w+ ){0,3}(?:rate|share|percentage|proportion)\b"
        ),
    ),
    "money": (
        (
            r"多少(?:钱|元|美元|欧元|万元|亿元|资金|经费|费用|投资)"
            r"|(?:费用|价格|票价|租金|金额|奖金|经费|预算|工资|薪水|补助|押金|罚款|定价)\S{0,6}?(?:多少|多高|几)"
        ),
        (
            r"\bhow much (?:money|(?:does|do|did|will|would) .+ (?:cost|pay|raise|spend|invest)"
            r"|(?:is|are|was|were) the (?:\w+ )*(?:fee|rent|price|cost|fine|deposit|budget|salary))"
            r"|\bwhat (?:(?:does|do|did) .+ cost\b|(?:is|are|was|were) the (?:\w+ )*(?:fee|rent|price|cost|fine|deposit|budget|salary)s?\b)"
        ),
    ),
    "measure": (
        r"多[大长高远重深宽厚]|面积|多少(?:公里|千米|米|亩|公顷|平方\S{1,2}|吨|公斤|克|升|度)",
        (
            r"\bhow far (?:is|are|was|were|away|apart|from|does|do|did|can|out|below|above)\b|\bhow (?:long|high|tall|deep|large|big|heavy|wide|thick|old|hot|fast)\b"
            r"|\bwhat (?:is|was) the (?:\w+ )*(?:area|size|height|length|depth|weight|capacity)\b"
        ),
    ),
    "count": (rf"{HAN_AMOUNT_ASKED}|数量|规模|总数", r"\bhow (?:many|much)\b|\b(?:what|which) (?:number|amount)\b"),
}
_QUANTITIES = [(kind, re.compile("|".join(patterns), re.IGNORECASE)) for kind, patterns in _PATTERNS.items()]
HAN_YES_NO = re.compile(
    r"(?:是不是|是否|有没有|能不能|可不可以|会不会|要不要|算不算|(?P<verb>[\u3400-\u9fff]{1,2})不(?P=verb)|吗|(?<![什怎那这多])么(?=[？?。]*$))"
)
_ENGLISH_YES_NO = re.compile(
    rf"{ENGLISH_AUXILIARY}(?:n['’]t)?\b(?!.*\bor\b)",
    re.IGNORECASE,
)
_OTHER_QUESTION = re.compile(r"什么|多少|哪|谁|几(?!乎)|怎|为何|如何|\b(?:what|which|who|when|where|why|how)\b", re.IGNORECASE)
# Questions that ask for another single fact; all others may need several sentences.
_FACT = re.compile(
    r"谁|哪[位个家国省市里儿一](?!些)|第几|何地|\b(?:who|whom|whose|where|which (?:country|province|city|company|organi[sz]ation))\b",
    re.IGNORECASE,
)
_ROLE = re.compile(r"(?P<role>[\u3400-\u9fff]{1,7}[长员席理管记人任师裁事])(?:是谁|是哪一?位|叫什么|由谁)")
# Questions that ask for several people.
_SEVERAL_PEOPLE = re.compile(r"有谁|都是谁|\bwho (?:are|were) (?!you\b|they\b|we\b)", re.IGNORECASE)
# Questions that ask for one thing, which a phrase may answer.
_THING = re.compile(
    r"(?:是|叫|为|叫做|称为)什么[？?]?$|^什么是|什么(?:主题|名字|名称|题目|口号)|\bwhat (?:is|was) (?:the |its |their )?(?:\w+ ){0,3}(?:name|theme|title|motto|slogan|subject|aim|role)\b",
    re.IGNORECASE,
)
# The noun of 哪一句格言？, which may stand before a colon or beside quotation marks.
_ASKED_NOUN = re.compile(r"哪一?[句条项首种](?P<noun>[\u3400-\u9fff]{2,3})[?？呢。 ]*$")
_ASKS_THING = re.compile(r"什么|何处|何种|哪|是[？?]?$|\b(?:what|which)\b", re.IGNORECASE)
# These are answered by a clause at least.
_ASKS_SENTENCE = re.compile(
    r"为什么|凭什么|怎么|怎样|如何|什么样|什么意思|[做说讲写谈提](?:了|过|到|到了)?(?:些)?什么|什么(?:关系|影响|作用|意义|看法|内容|情况|原因|要求|规定|区别|不同|变化|成就|成果|成效|问题|建议|观点|功能|特点)"
    r"|\b(?:why|how)\b|\bwhat (?:did|does|do|has|have|had|will|would) .*\b(?:say|said|do|done|mean|think|thought|argue|suggest|propose|write|report|contain|happen|find|found|conclude)\b"
    r"|\bwhat (?:happen|is (?:meant|a|an|the difference)\b|are the differences?)",
    re.IGNORECASE,
)
# What such a question asks for, in the words of both languages.
_ATTRIBUTES = tuple(
    (re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE))
    for english, chinese in (
        ("themes?|topics?", "主题|议题"),
        ("titles?|named?s?|called", "题目|标题|名称|名字|名为|叫做?|称为"),
        ("slogans?|mottos?", "口号|座右铭|标语"),
        ("aims?|goals?|purposes?|objectives?", "目标|目的|宗旨"),
        ("roles?", "作用|角色"),
    )
)
_NO_PLURALS = r"(?:was|is|has|does|this|its|as|class|process|address|status|causes|happens|makes|means|helps|leads)\b"
_PREPOSITIONS = "in|on|at|to|from|by|of|for|with|under|through|between|among"
# Questions that ask for several things.
_LIST = re.compile(
    r"哪些|哪几|哪[二三四五六七八九十两\d]|分别|什么(?:原则|措施|方面|领域)|几[大个项]|[二三四五六七八九十两\d][大个项][^，,]{1,12}?(?:是|有)什么"
    r"|\b(?:(?:what|which) (?:(?:two|three|four|five|six|seven|eight|nine|ten)\b|are|were|kinds|types|(?:kind|type)s? of \w+s\b)|list|in (?:what|which) (?:fields|areas))"
    # At the beginning, or after a preposition there: not "how to determine which sites are …", nor "what causes the …".
    rf"|(?:^|[,;] )(?:(?:{_PREPOSITIONS}) )?(?:what|which) (?:[a-z-]+ )?(?!{_NO_PLURALS})\w+s\b(?! (?:the|a|an|this|these|that|its|their|his|her)\b)",
    re.IGNORECASE,
)
_NOT_A_LIST = re.compile(r"\b(?:what|which) (?:does|is|was|has|this|address|process|class|status)\b", re.IGNORECASE)
# Sums in currencies that have no unit here; a number of another kind is rarely so large.
_SUM = re.compile(
    r"\s?(?:资金|经费|款|crowns?|pounds?|dollars?|francs?|marks|pence|cents?|kron\w+|rupees|pesos|shillings?)", re.IGNORECASE
)
_LARGE_SUM = 1000
# 4,350 bottles are no sum.
_THINGS = re.compile(r"[余多]?[个种处名人项家座所条只头株棵位份次届篇台辆件张户册本艘]| (?:[a-z]+ )?[a-z]{3,}s\b")
_AMOUNTS = "[万亿千百]|面积|资金|投资|经费|收入|支出|产值|产量|预算|时间|金额|费用|库存|比例|距离|重量"
# What is counted has no unit: people, pears, but not 多少产量.
_THINGS_ASKED = re.compile(
    rf"有多少(?!{_AMOUNTS}|{'|'.join(name for name in UNIT_NAMES if not name.isascii())})[\u3400-\u9fff]{{2}}"
    r"|(?:多少|几)(?:个|名|位|种|只|头|棵|株|家|所|座|条|项|处|本|册|件|台|辆|艘|张|户|人)|\bhow many (?!percent|times|degrees)[a-z]",
    re.IGNORECASE,
)
# 2016年以来 says since when something is so, and answers only questions that ask for a beginning.
_SINCE = re.compile(r"\s?(?:以来|来(?=[，,]))")
_SINCE_BEFORE = re.compile(r"\bsince (?:the )?$", re.IGNORECASE)
_ASKS_BEGINNING = re.compile(r"起|开始|自|从|以来|\b(?:since|begin|began|begun|start(?:s|ed)?|from)\b", re.IGNORECASE)
# The measure words for the same kind of things; any other may stand for any thing.
_COUNTED = tuple(frozenset(words) for words in ("人名位口", "种类", "只头匹尾羽", "次回届轮", "家所座", "公顷亩"))
_COUNTS = re.compile(r"[余多]?[个种处名人项家座所条只头株棵位份次届篇台辆件张户场期轮]")
_ASKED_MEASURE = re.compile(r"(?:多少|几)(?:个|多)?(?P<word>公顷|[\u3400-\u9fff])")
_MEASURES = {name for name, unit in UNIT_NAMES.items() if kind_of_unit(unit) == "measure"}
UNIT_ASKED = re.compile(
    rf"多少(?:万|亿)?(?P<han>{'|'.join(sorted((name for name in _MEASURES if not name.isascii()), key=len, reverse=True))})"
    rf"|\bhow many (?P<english>{'|'.join(sorted((name for name in _MEASURES if name.isalpha() and name.isascii() and name.islower()), key=len, reverse=True))})\b",
    re.IGNORECASE,
)
"""A pattern for a unit that a question asks for, in one of the groups `han` and `english`."""

_HAN_ASKS = re.compile(HAN_ASKING)
_PREDICATE = re.compile(
    r"(?:什么时[候间]|何时|哪一?[年天月日])(?:被|才|就|又|曾)?([\u3400-\u9fff]{2,}?)[了过的呢？?。 ]*$"
    r"|\b(?:when|which year|what year) (?:was|were|is|are) .+ (\w+ed|held|built|set up|begun|written|found)[?. ]*$",
    re.IGNORECASE,
)
_PEOPLE = re.compile(r"(?:多少|几)(?:个|名|位)?(?:人|代表|学生|员工|成员|专家|居民|游客|志愿者|读者|嘉宾)")


@dataclass(frozen=True, slots=True)
class Expectation:
    """The form of an answer.

    `phrase` says that a phrase answers, `perhaps_phrase` that one may. `quantity` is the kind of quantity asked for, None for other answers; `measure_words` are those of the things to count, `of_things` says that such are counted, `unit` is the
    unit that the question names (see `Quantity.unit`), and `beginning` says that the question asks since when something is so. `role` is the Chinese role whose holder is asked for. `attribute` finds the words, in both languages, for what "What is
    the theme of …?" asks for.
    """

    kind: QuestionKind
    quantity: QuantityKind | None = None
    phrase: bool = False
    perhaps_phrase: bool = False
    measure_words: frozenset[str] = frozenset()
    of_things: bool = False
    unit: str = ""
    beginning: bool = False
    attribute: re.Pattern[str] | None = None
    role: str = ""

    def accepts(self, quantity: Quantity, text: str) -> bool:
        """Returns whether a quantity of a text is of the kind asked for."""
        if self.quantity == "duration" and len(quantity.dates) == 2:
            return True
        if self.quantity is None or quantity.kind not in _ACCEPTED[self.quantity] or (self.of_things and quantity.unit):
            return False
        if self.quantity == "date" and not self.beginning and _is_beginning(quantity, text):
            return False
        if self.quantity == "measure" and quantity.kind == "number" and _COUNTS.match(text, quantity.end):
            return False
        if self.quantity == "money" and quantity.kind == "number":
            return bool(_SUM.match(text, quantity.end)) or (
                max(quantity.amounts) >= _LARGE_SUM and not _THINGS.match(text, quantity.end)
            )
        return self.quantity != "count" or not self.counts_other_things(quantity, text)

    def is_given_in(self, text: str, language: Language) -> bool:
        """Returns whether a text gives a quantity of the kind asked for."""
        if self.quantity == "time":
            return bool(clock_times.find(text))
        return any(self.accepts(quantity, text) for quantity in quantities.find(text, language))

    def counts_other_things(self, quantity: Quantity, text: str) -> bool:
        """Returns whether the measure word after a quantity shows that it counts other things than the question: 种, not 只."""
        following = text[quantity.end : quantity.end + 1]
        return bool(self.measure_words) and any(following in words for words in _COUNTED if words != self.measure_words)

    def counts_such_things(self, quantity: Quantity, text: str) -> bool:
        """Returns whether the measure word after a quantity is one of the question's: 775种 for 多少种动物, not 240多个."""
        return text[quantity.end : quantity.end + 1] in self.measure_words


def expectation(question: str) -> Expectation:
    """Returns the form of the answer to a question."""
    question = _asking_clause(question)
    quantity = (
        None
        if re.search("第几|哪几", question)
        else next((kind for kind, pattern in _QUANTITIES if pattern.search(question)), None)
    )
    if quantity:
        named = UNIT_ASKED.search(question)
        return Expectation(
            "quantity",
            quantity,
            phrase=True,
            measure_words=_measure_words(question),
            of_things=quantity == "count" and not named and bool(_THINGS_ASKED.search(question)),
            unit=UNIT_NAMES[(named["han"] or named["english"]).lower()] if named else "",
            beginning=bool(_ASKS_BEGINNING.search(question)),
        )
    if _SEVERAL_PEOPLE.search(question):
        return Expectation("list")
    if _FACT.search(question):
        role = _ROLE.search(question)
        return Expectation("fact", phrase=True, attribute=_attribute(question), role=role["role"] if role else "")
    if _LIST.search(question) and not _NOT_A_LIST.search(question):
        return Expectation("list")
    perhaps = bool(_ASKS_THING.search(question)) and not _ASKS_SENTENCE.search(question)
    return Expectation("open", phrase=bool(_THING.search(question)), perhaps_phrase=perhaps, attribute=_attribute(question))


def _asking_clause(question: str) -> str:
    """Returns the last clause of a Chinese question that has a word which asks: 核心区面积，管理中心有多少人？ asks after people."""
    if language_of(question) != "zh":
        return question
    return next((clause for clause in reversed(re.split("[，,；;]", question)) if _HAN_ASKS.search(clause)), question)


def _attribute(question: str) -> re.Pattern[str] | None:
    if noun := _ASKED_NOUN.search(question.strip()):
        return re.compile(noun["noun"])
    asked = _THING.search(question)
    return next((pattern for pattern in _ATTRIBUTES if asked and pattern.search(question)), None)


def kind_of(question: str) -> QuestionKind:
    """Tells apart questions that ask for a number or date, for another single fact, for several things, and open ones."""
    return expectation(question).kind


def _is_beginning(quantity: Quantity, text: str) -> bool:
    """Returns whether a date is only the beginning of a state, as in "since 1995"."""
    return bool(_SINCE.match(text, quantity.end) or _SINCE_BEFORE.search(text[: quantity.start]))


def _measure_words(question: str) -> frozenset[str]:
    if _PEOPLE.search(question):
        return _COUNTED[0]
    asked = _ASKED_MEASURE.search(question)
    return next((words for words in _COUNTED if asked and asked["word"][0] in words), frozenset())


def predicate_of(question: str) -> str:
    """Returns the predicate of a question for a date or number if it stands beside the question word: 更新过 in 什么时候更新过."""
    asked = _PREDICATE.search(question)
    return next((words for words in asked.groups() if words), "") if asked else ""


def asks_verdict(question: str) -> bool:
    """Returns whether a question can be answered by yes or no."""
    if language_of(question) == "zh":
        return bool(HAN_YES_NO.search(question)) and not _OTHER_QUESTION.search(HAN_YES_NO.sub("", question))
    last = re.split(r"(?<=[.,!]) ", question.strip())[-1]
    return bool(_ENGLISH_YES_NO.match(last))
