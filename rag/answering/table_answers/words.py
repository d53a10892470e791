"""The words that questions over whole tables use, in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from rag.text.analysis import STOP_WORDS, Analyzer
from rag.text.numerals import NUMBER_WORDS, ONES, han_number

Order = Literal["highest", "lowest", "latest", "earliest"]

_COMPARATIVE = "(?:higher|lower|larger|smaller|bigger|taller|longer|shorter|older|younger|heavier|lighter|deeper|wider)"
MEASURES = "个份家位名条项种台座件人笔所门本册辆部只张户处艘款幢栋类次间瓶箱盒袋"
"""Chinese measure words of things that are counted."""

# The words that ask for each operation. The first match is taken out of the question.
COUNT = re.compile(
    r"\bhow many\b|\btotal number of\b|\bthe number of\b|\bcount (?:of )?(?:the|all)\b"
    rf"|(?:一共|总共|共)?(?:有)?(?:多少|几)(?:个(?=人))?(?=(?P<measure>[{MEASURES}])|$)|(?:个数|份数|数目|总数)(?=是|有|为)"
)
WHICH_ONE = re.compile(rf"[哪几这该]一?[{MEASURES}]?")
SUM = re.compile(
    r"\b(?:in total|altogether|combined|(?:taken )?together|sum(?: total)?|total|add up to|added up)\b|一共|总共|合计|总计|共计|总和|之和|总额|加起来|总(?=[^体部是经理裁监])"
)
AVERAGE = re.compile(r"\b(?:on average|average|mean)\b(?: (?:number|amount) of\b)?|平均(?:值|数)?|均值")
DIFFERENCE = re.compile(
    r"\b(?:difference (?:in|between)|difference|differ)\b|\bhow (?:much|many)(?: (?:metres?|meters?|kilometres?|kilometers?|miles?|years?|kilos?|tonnes?|points?|degrees?|crowns|euros|dollars|kg|km|m))?"
    rf" (?:more|less|fewer|{_COMPARATIVE})\b"
    r"|\bby how (?:much|many)\b"
    r"|相差(?:多少)?|差(?:额|值|距|多少)|(?:[多高大长重]|[少低小短轻])[出产卖花付用收进]?了?多少"
)
LIST = re.compile(
    r"\blist (?:all |every |the )?|\b(?:show|give|name)(?: me)? (?:all|every)\b|列出(?:所有|全部)?(?:的)?|(?:都)?(?:有)?哪些|哪几[个份家位名条项种台座件笔所门]"
)
PLURAL = re.compile(
    r"\bwhat (?=[a-z]+s\b(?: of the \w+)? (?:are|were|have|had|do|did|cost|with|from|in)\b)"
    r"|\bwhich (?=(?!(?:is|was|has|does)\b)(?:people|[a-z]*[^\Wsui]s)\b)"
)
WHO = re.compile(r"\bwho\b(?! else)|谁|哪些人|什么人")
UNIT_PRICE = re.compile(r"\bunit (?=prices?\b|costs?\b)")
_NUMERAL = rf"(?:\d{{1,2}}|{'|'.join([*ONES[1:], 'ten'])})"
_HAN_NUMERAL = r"(?:\d{1,2}|[二两三四五六七八九十])"
SEVERAL = re.compile(
    rf"\b(?:top|bottom) (?P<a>{_NUMERAL})\b|\b(?P<b>{_NUMERAL}) (?=(?:highest|lowest|largest|smallest|biggest|greatest|latest|earliest|newest|oldest|most|least|cheapest|tallest|longest|shortest|heaviest|lightest|youngest))"
    rf"|\b(?:highest|lowest|largest|smallest|biggest|greatest|latest|earliest|newest|oldest|cheapest|tallest|longest|shortest|heaviest|lightest|youngest) (?P<c>{_NUMERAL})\b"
    rf"|(?P<d>前{_HAN_NUMERAL})[名个份家位条项种台座件笔大]?|(?<=的)(?P<e>{_HAN_NUMERAL})[名个份家位条项种台座件笔]"
)

NUMBER_BEFORE = re.compile(
    rf"(?:\ball )?(?:\bthe |\bthese )?\b(?P<a>{_NUMERAL})\s+$|(?:[全这]部?|所有)?(?P<b>{_HAN_NUMERAL})[{MEASURES}]?\s*$"
)


@dataclass(frozen=True, slots=True)
class Superlative:
    """Words for an extreme. `concept` is the kind of column that they imply, if any; `order` is one of numbers or of dates."""

    pattern: re.Pattern[str]
    order: Order
    concept: str = ""


_EXTREMES: tuple[tuple[str, Order, str], ...] = (
    (r"\b(?:most recent(?:ly)?|newest|latest)\b|最[晚新近迟]", "latest", ""),
    (r"\blast\b(?! (?:half|quarter|year|month|week|name|day))", "latest", ""),
    (r"\b(?:earliest|first)\b(?! (?:half|quarter|year|month|week|name|day))|最[早先]", "earliest", ""),
    (r"\b(?:most expensive|costliest|dearest)\b|最贵", "highest", "money"),
    (r"\bcheapest\b|最便宜", "lowest", "money"),
    (r"\b(?:tallest)\b", "highest", "height"),
    (r"\blongest\b|最长", "highest", "length"),
    (r"\bshortest\b|最短", "lowest", "length"),
    (r"\bheaviest\b|最重", "highest", "weight"),
    (r"\blightest\b|最轻", "lowest", "weight"),
    (r"\byoungest\b|最年轻", "lowest", "age"),
    (r"\boldest\b|最年长", "highest", "age"),
    (r"\bdeepest\b|最深", "highest", "depth"),
    (r"\b(?:highest|largest|biggest|greatest|maximum|most)\b|最[高大多]", "highest", ""),
    (r"\b(?:lowest|smallest|least|minimum|fewest)\b|最[低小少]", "lowest", ""),
)
SUPERLATIVES = tuple(Superlative(re.compile(pattern), order, concept) for pattern, order, concept in _EXTREMES)
# Which kind of column a comparison is about.
COMPARATIVES: Mapping[str, str] = {
    "longer": "length",
    "shorter": "length",
    "taller": "height",
    "higher": "height",
    "heavier": "weight",
    "lighter": "weight",
    "older": "age",
    "younger": "age",
    "deeper": "depth",
    "wider": "width",
}
WHICH = re.compile(rf"\bwhich\b|哪一?(?:[{MEASURES}]|(?=[省市县区]))")
ASKS = re.compile(
    "|".join(
        re.sub(r"\(\?P<\w+>", "(?:", pattern.pattern)
        for pattern in (
            COUNT,
            SUM,
            AVERAGE,
            DIFFERENCE,
            LIST,
            PLURAL,
            WHO,
            WHICH,
            *(superlative.pattern for superlative in SUPERLATIVES),
        )
    )
)
# Words that these rules cannot handle: negation, groups, ranks, other questions about the extreme row than its name, yes or no.
BEYOND = re.compile(
    r"\b(?:not|no|never|without|except|excluding|other than|neither|nor|per|each|every one|respectively|why|when|where|until|till"
    r"|second|third|fourth|fifth|median|percentage|percent|proportion|share of|ratio|twice|half|by (?:partner|region|year|month|department)"
    r"|if|would|should|how (?:often|long|far|come))\b|n't\b"
    r"|^(?:is|are|was|were|do|does|did|has|have|can|could|will)\b"
    r"|不(?!超过|少于|低于|高于|多于|大于|小于|足|到)|没有|未|除了|除[^以]*外|非|每|各|分别|第[二三四五六七八九十\d]|为什么|为何|怎么|如何|何时|什么时候|哪[年天月里]|吗|是否|比例|占比|百分之几|几成|倍|中位"
)
# Words left over that compare with something that is neither a date nor a number.
COMPARES = re.compile(
    r"\b(?:before|after|above|below|over|under|than|only|same|higher|lower|greater|smaller|larger|less|exceed(?:s|ed|ing)?|beyond)\b"
    r"|之前|以前|之后|以后|高于|低于|超过|大于|小于|不足|以上|以下|仅|(?<![哪几这那\s])只(?![个份家位])|只(?=[有是在能要])|相同|同样"
)
OR = re.compile(r"\bor\b|或")
JOINS = re.compile(r"[\s,，、;；&/]*(?:and|or|及|以及|和|与|或|或者)?\s*(?:the )?", re.IGNORECASE)
GREATER = re.compile(
    r"(?:(?:greater|higher|larger|bigger|longer|taller|older|heavier) than|after|大于|高于|长于|>)\s*(?:the year )?$|(?<!不)[大高长重]于\s*$"
)
LESS = re.compile(r"(?:(?:lower|smaller|shorter|younger|lighter|cheaper) than|小于|<)\s*$")
AT_MOST = re.compile(r"(?:不大于|<=|≤)\s*$")
AT_LEAST = re.compile(r"(?:不小于|>=|≥)\s*$")
BEFORE_DATE = re.compile(r"\b(?:before|prior to|earlier than)\s*$|早于\s*$")
AFTER_DATE = re.compile(r"\b(?:after|later than)\s*$|晚于\s*$")
SINCE_DATE = re.compile(r"\b(?:since|from)\s*$|自从?\s*$|从\s*$")
DATE_FOLLOWS = re.compile(r"(?P<before>之前|以前|前)|(?P<after>之后|以后|后)|(?P<since>起|以来|(?:and|or) (?:later|after)\b)")
# Other words for what columns are often called, in both languages. Where a heading says one of them, all of them mean it.
_CONCEPTS: Mapping[str, str] = {
    "money": "value amount price cost sum worth money fee charge total budget expense 金额 价值 价格 总价 单价 售价 款额 费用 价钱 成本 价款",
    "pay": "salary wage pay earnings 工资 薪资 薪水 月薪 年薪 薪酬",
    "revenue": "revenue sales turnover 收入 营收 销售额 营业额",
    "date": "date day dated 日期 时间",
    "year": "year 年份 年度",
    "signed": "signed signing conclude concluded 签订 签署 签约",
    "built": "built finished completed completion opened 建成 落成 竣工 建造",
    "bought": "bought purchased purchase acquired 购入 采购 购置 购买",
    "hired": "hired joined hire 入职 聘用",
    "contract": "contract agreement deal 合同 协议",
    "partner": "partner counterparty 合作方 合作伙伴 对方",
    "supplier": "supplier vendor 供应商 供货商",
    "customer": "customer client buyer 客户 顾客",
    "company": "company firm enterprise 公司 企业",
    "department": "department division unit 部门 科室",
    "person": "employee staff person worker member volunteer 员工 职员 职工 人员 姓名 志愿者",
    "leader": "leader lead manager manage managed head responsible charge 负责人 负责 组长 主管 经理 管理",
    "ship": "ship vessel boat 船 船名 船只 船舶 轮船",
    "line": "line route 线路 路线",
    "plot": "plot field parcel 地块 田块",
    "arrived": "arrived arrive arrival 到港 到达 抵达 到货",
    "publisher": "publisher press 出版社 出版",
    "school": "school college 学校 院校",
    "museum": "museum 博物馆 展馆",
    "team": "team group squad 小组 队伍 班组",
    "status": "status state 状态",
    "passengers": "passengers riders 乘客 客流 旅客",
    "visitors": "visitors guests attendance 游客 访客 参观人数",
    "name": "name title called 名称 姓名",
    "age": "age old 年龄 岁数",
    "height": "height tall elevation altitude 高度 身高 海拔",
    "length": "length long km kilometre kilometres 长度 全长 里程",
    "width": "width wide 宽度",
    "depth": "depth deep 深度",
    "weight": "weight heavy mass 重量 体重",
    "area": "area surface 面积",
    "population": "population inhabitants residents 人口",
    "quantity": "quantity count number units pieces stock qty 数量 库存 件数 台数 个数 册数 本数 箱数 盒数",
    "country": "country nation 国家",
    "city": "city town 城市",
    "region": "region area province 地区 区域 省份",
    "product": "product item article goods 产品 商品 货品",
    "project": "project 项目",
    "machine": "machine device equipment 设备 机器",
    "station": "station site 站点 车站",
    "book": "book 书名 图书 书籍",
    "student": "student pupil 学生",
    "score": "score mark grade 成绩 分数 得分",
    "distance": "distance 距离",
}
QUANTITIES = re.compile(r"数量|[台人个件份册本箱盒]数|库存|\b(?:quantity|qty|count|number|units|pieces|copies|stock)\b")
# Words that do not narrow down a question.
LIGHT = frozenset(
    """
    row rows entry entries record records table tables sheet file document list data altogether there exist carry hold contain include need use take show give find one ones
    make made come total overall whole entire together which what's item got get compared compare than between over under above below up down most
    exceed exceeds exceeded that currently now different distinct belong belongs conclude have had be been thank thanks please report reported recorded registered stated shown
    共 一共 总共 共有 总计 合计 有 个 份 家 位 名 条 项 种 台 座 件 笔 所 门 本 辆 部 只 张 户 处 艘 款 幢 栋 类 次 人 多少 几 行 记录 条目 表 表格 表中 表里 数据 列出 所有 全部 清单 名单 书单 everyone everybody anyone
    哪些 哪几 那些 是 为 共计 总 数 之 间 内 其 下列 以下 以上 情况 不同 属于 请 统计 一下 查 查询 查找 找出 给出 显示 里面 当中 之间 目前 现在 来 自 于 跟 同 与 和 所 超过 大于 小于 上
    了 过 比 要 会 得 做 来说
    """.split()
)
# Verbs that say only that a row has what its cells give. Their opposites, such as "left" or "cancelled", are not here.
VERBS = frozenset(
    """
    pay pays paid lie lies lay go goes went run runs ran call calls called work works worked serve serves served deliver delivers delivered
    supply supplies supplied place placed produce produces produced own owns owned teach teaches taught write writes wrote written
    carry carries carried live lives lived play plays played take takes took come comes came earn earns earned score scores scored
    receive receives received charge charges charged stay stays stayed weigh weighs weighed cost costs measure measures offer offers offered
    attend attends attended spend spends spent chosen ticked selected 选择 选 勾选 收 产 出产 位于 担任 上班 工作 就读 参加 拥有 使用 收获 完成 花费
    """.split()
)
# Verbs that ask for an amount of a kind, if no heading is named: "who spent the least".
VERBS_OF_CONCEPTS: Mapping[str, str] = {
    **dict.fromkeys(("spend", "spends", "spent", "cost", "costs", "花费"), "money"),
    **dict.fromkeys(("weigh", "weighs", "weighed"), "weight"),
    **dict.fromkeys(("earn", "earns", "earned"), "pay"),
}
AMOUNTS = frozenset("amount amounts value values figure figures 金额 数额 数值".split())
YES = frozenset(("yes", "true", "y", "x", "✓", "✔", "☑", "是", "√", "有"))
NO = frozenset(("no", "false", "n", "✗", "✘", "☐", "否", "×", "无"))
ROWS = frozenset("row rows entry entries record records 行 记录 条目 条".split())


def bounded(name: str) -> str:
    """Returns a pattern for a name that is not part of a longer word; a Latin name may be in the plural."""
    other = r"[^\W_\u3400-\u9fff]"
    before = rf"(?<!{other})" if re.match(other, name) else ""
    after = rf"(?!{other})" if re.search(rf"{other}$", name) else ""
    if re.search(r"[b-df-hj-np-tv-z]y$", name):
        return f"{before}{re.escape(name[:-1])}(?:y|ies){after}"
    return before + re.escape(name) + ("(?:e?s)?" if name[-1:].islower() else "") + after


def small_number(match: re.Match[str]) -> int:
    """Reads the number that `SEVERAL` matched, in digits or in words."""
    text = next(filter(None, match.groups())).removeprefix("前").replace("两", "二")
    if text.isdecimal():
        return max(1, int(text))
    return NUMBER_WORDS[text] if text.isascii() else int(han_number(text))


@lru_cache(maxsize=4)
def light_terms(analyzer: Analyzer) -> frozenset[str]:
    """Returns the words and terms that do not narrow down a question."""
    light = LIGHT | STOP_WORDS | frozenset(MEASURES)
    return frozenset(term for word in light for term in analyzer.terms(word)) | light


@lru_cache(maxsize=4)
def concepts(analyzer: Analyzer) -> dict[str, frozenset[str]]:
    """Returns the terms of each concept. Chinese words are not cut, so that 日期 does not match every 期."""
    return {
        name: frozenset(term for word in words.split() for term in (analyzer.terms(word) if word.isascii() else [word]))
        for name, words in _CONCEPTS.items()
    }


@lru_cache(maxsize=4)
def han_concepts(analyzer: Analyzer) -> frozenset[str]:
    """Returns the Chinese words of all concepts."""
    return frozenset(word for names in concepts(analyzer).values() for word in names if not word.isascii())


@lru_cache(maxsize=20_000)
def terms_of(analyzer: Analyzer, text: str) -> frozenset[str]:
    """Returns the different terms of a text."""
    return frozenset(analyzer.terms(text))
