"""Rules that find the one cell that a question asks for: a row by what it names, and a column by its heading or the question word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from rag.answering.table_answers import conditions, mentions, operations, words
from rag.answering.table_answers.drafts import Draft
from rag.answering.table_answers.plans import BY_CONCEPT, BY_TERMS, NoPlanError, Plan

Asked = Literal["person", "time", "place", "number", "height", "length", "age", "area", "depth", "width", "weight", ""]

_MEASURE_WORDS = "个份家位名条项种台座人件笔所门本辆部只张户处艘款幢栋类次元吨米页间"
_ASKED: tuple[tuple[Asked, re.Pattern[str]], ...] = (
    ("height", re.compile(r"\bhow (?:high|tall)\b|多高")),
    ("length", re.compile(r"\bhow long\b|多长")),
    ("age", re.compile(r"\bhow old\b|多大年[纪龄]")),
    ("area", re.compile(r"\bhow (?:large|big)\b|多大")),
    ("depth", re.compile(r"\bhow deep\b|多深")),
    ("width", re.compile(r"\bhow wide\b|多宽")),
    ("weight", re.compile(r"\bhow (?:heavy|much does \w+ weigh)\b|多重")),
    ("person", re.compile(r"\bwho(?:m|se)?\b|谁|哪一?位")),
    ("time", re.compile(r"\bwhen\b|\b(?:at |on )?what (?:time|date|day)\b|何时|什么时[候间]|几点钟?|哪一?[天年月日]")),
    ("place", re.compile(r"\bwhere\b|哪里|哪儿|何处|什么地方")),
    ("number", re.compile(rf"\bhow (?:many|much)\b|多少[{_MEASURE_WORDS}]?|几[{_MEASURE_WORDS}]")),
)
# The headings of columns that answer a question word, as search terms.
_HEADINGS: Mapping[Asked, str] = {
    "person": "manager leader head keeper owner chief director doctor teacher author editor contact chair captain boss officer employee staff name"
    " 负责人 组长 医生 医师 联系人 经理 主管 教师 老师 作者 主任 店长 队长 班主任 姓名 馆长 院长 校长",
    "time": "time hours hour date day start begin opening schedule when departure arrival 时间 日期 时段 门诊时间 营业时间 开放时间",
    "place": "place location room address site venue city town office where 地点 地址 位置 房间 诊室 教室 场地 城市 办公室",
    "number": "number quantity count qty units amount stock 数量 人数 台数 件数 个数 册数 本数 箱数 盒数 库存",
}
_MAX_ROWS = 5
# Words of questions that ask for more than a cell.
_BEYOND = re.compile(
    r"\b(?:not|no|never|without|except|excluding|other than|neither|nor|each|every|respectively|why|if|would|should|compared?|only|all|or"
    r"|how (?:do|does|did|can|to|come|often|far)|than|more|less|fewer|same|second|third|percentage|before|after|until|since)\b|n't\b"
    r"|[不没未除非每各吗最比总]|分别|为什么|为何|怎么|如何|是否|平均|合计|一共|哪些|哪几|或|之前|之后|以前|以后|以上|以下|超过"
)
_ALTERNATIVES = re.compile(
    r"(?:,|[:：]|，|是)\s*(?P<options>[^,，是:：]{1,40}(?:, ?[^,]{1,40}){0,4}(?: or |还是)[^,，?？]{1,40})[?？\s]*$"
)
_UNIT = "个?小时|[天日晚周月年次张本件间人页斤盒台辆份亩座场节课]|公斤|公里|平方米|hour|day|night|week|month|year|person|page|piece|kilo|ticket|visit"
_PRICE = re.compile(
    rf"(?:[每一](?P<before>{_UNIT}))?(?:是|要|得|需要?|收)?(?:多少钱|几块钱?|几元钱?|多少元)(?:[每一](?P<after>{_UNIT}))?"
    rf"|\bhow much\b(?=.*\b(?:per|an?|each) (?P<english>{_UNIT})\b)"
)
_PER_UNIT = re.compile(rf"[每/]\s?(?:{_UNIT})|\b(?:per|an?|each|/) ?(?:{_UNIT})\b")
_PRICED_VERB = re.compile(
    r"(?:(?<=^)|(?<=[请问想要我]))(?:租|借|用|坐|乘|住|买|使用)|(?:租|借|买|用|住|坐)(?=[ 要得]*$)|\b(?:to )?(?:rent|hire|use|buy|cost|costs)\b"
)
_PRICE_HEADING = re.compile(r"[价费租]|租金|票款|押金|\b(?:price|fee|fare|rent|rate|charge|cost)s?\b")
_YES_NO = re.compile(r"\s*(?:is|are|was|were|do|does|did|has|have|can|could|will|may|must)\b")


def plan(draft: Draft, *, is_form: bool) -> Plan:
    """Plans to show the cell that the question asks for; several cells when the rows differ only in what the question leaves open.

    Args:
        draft: The question and the table.
        is_form: Whether the table is a form with one value for each label, so that no row needs to be named.

    Raises:
        NoPlanError: The row or the column is not certain.
    """
    remainder = draft.remainder
    if _YES_NO.match(remainder.text):
        raise NoPlanError
    mentions.take_values(draft)
    _take_price(draft)
    mentions.take_headings(draft)
    asked = take_asked(draft)
    if is_form:
        _take_alternatives(draft)
    bounds = conditions.take_bounds(draft)
    if not asks_for_cell(remainder.text) or any(each.sign for each in bounds):
        raise NoPlanError
    if not (draft.filters or bounds or is_form):
        mentions.check_names(draft)
    mentions.take_rest(draft, is_lookup=True, may_guess=bool(draft.filters))
    for each in bounds:
        conditions.filter_by(draft, each)
    if not draft.filters and not is_form:
        raise NoPlanError
    target = _target(draft, asked)
    made = operations.finish_lookup(draft, target)
    if len(matching(made)) > _MAX_ROWS:
        raise NoPlanError
    return made


def _take_price(draft: Draft) -> None:
    """Takes out what asks for a price, and for what unit, if headings give it: 多少钱一小时 for 每小时费用, "how much a day" for "Rent per day"."""
    match = _PRICE.search(draft.remainder.text)
    if not match:
        return
    unit = match["before"] or match["after"] or match["english"] or ""
    headings = [draft.analyzer.fold(heading) for heading in draft.table.headings]
    prices = [i for i, heading in enumerate(headings) if _PRICE_HEADING.search(heading)]
    # 每小时费用 does not say what a page costs.
    columns = [i for i in prices if not (unit and _PER_UNIT.search(headings[i]))]
    of_unit = [i for i in prices if unit and re.search(rf"[每/]\s?{unit}|单价|\b(?:per|an?|each|/) ?{unit}\b", headings[i])]
    if of_unit or columns:
        draft.remainder.take(*match.span())
        draft.link(*match.span(), of_unit or columns, BY_CONCEPT)
        draft.remainder.search(_PRICED_VERB)


def _take_alternatives(draft: Draft) -> None:
    """Takes out the options at the end of a question, if one cell of the form has them all: "single or double?", 是单间还是双间."""
    match = _ALTERNATIVES.search(draft.remainder.text)
    if not match:
        return
    options = [option.strip() for option in re.split(r",| or |、|还是", match["options"]) if option.strip()]
    columns = [i for i, column in enumerate(draft.columns) if all(option in column.texts[0] for option in options)]
    if len(options) > 1 and len(columns) == 1:
        draft.link(*match.span("options"), columns, BY_TERMS)
        draft.remainder.take(*match.span())


def asks_for_cell(left: str) -> bool:
    """Returns whether no word that is left of a question asks for more than a cell, such as a superlative or a comparison."""
    operations_asked = (words.SUM, words.AVERAGE, words.DIFFERENCE, words.LIST, *(each.pattern for each in words.SUPERLATIVES))
    return not _BEYOND.search(left) and not any(pattern.search(left) for pattern in operations_asked)


def matching(made: Plan) -> list[int]:
    """Returns the rows that meet the conditions on texts."""
    texts = [each for each in made.filters if each.field == "text"]
    rows = range(len(made.table.rows))
    return [row for row in rows if all(made.columns[each.column].texts[row] in each.values for each in texts)]


def take_asked(draft: Draft) -> Asked:
    """Takes out the question word; returns the kind of thing that it asks for."""
    for asked, pattern in _ASKED:
        if draft.remainder.search(pattern):
            return asked
    return ""


def _target(draft: Draft, asked: Asked) -> int:
    """Returns the column that the question asks for.

    Raises:
        NoPlanError: It is not certain.
    """
    filtered = {each.column for each in draft.filters}
    links = [link for link in draft.links if link.columns and not link.columns & filtered]
    if links:
        best = max(link.confidence for link in links)
        links = [link for link in links if link.confidence == best]
        draft.lower_confidence(*(link.confidence for link in links))
        found = set(frozenset.intersection(*(link.columns for link in links)))
        if not found:
            # "the budget of the project": the column that names the rows is not asked for.
            rest = [link.columns for link in links if draft.read.naming_column not in link.columns]
            found = set(frozenset.intersection(*rest)) if rest else set()
        found = found & draft.year_columns if draft.year_columns and found & draft.year_columns else found
    else:
        found = _by_question_word(draft, asked) - filtered
        draft.lower_confidence(BY_CONCEPT)
    if len(found) != 1 or (draft.year_columns and not found <= draft.year_columns):
        raise NoPlanError
    (target,) = found
    _check_kind(draft, asked, target)
    return target


def _by_question_word(draft: Draft, asked: Asked) -> set[int]:
    """Returns the columns that a question word may ask for when no heading is named."""
    if draft.year_columns:
        return set(draft.year_columns)
    if not asked:
        return set()
    if asked not in _HEADINGS:
        return draft.called(asked)
    names = {term for name in _HEADINGS[asked].split() for term in (draft.analyzer.terms(name) if name.isascii() else [name])}
    called = {i for i, (outside, _) in enumerate(draft.read.heading_terms) if names & outside}
    if asked == "number":
        # "how many people": amounts of money and the like are not numbers of things.
        return {i for i in called if draft.columns[i].numbers is not None and not draft.columns[i].is_number_of_row}
    if asked == "time" and not called:
        called = {i for i, column in enumerate(draft.columns) if column.dates is not None}
    return called


def _check_kind(draft: Draft, asked: Asked, target: int) -> None:
    """Checks that a column can answer the question word.

    Raises:
        NoPlanError: "How many" would be answered by a text without a number, or "who" and "where" by a number.
    """
    column = draft.columns[target]
    has_digits = any(any(character.isdigit() for character in text) for text in column.texts)
    if (asked == "number" and not has_digits) or (asked == "person" and column.numbers is not None):
        raise NoPlanError
