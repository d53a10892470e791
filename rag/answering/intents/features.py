"""Kinds of utterances, and the features that a question's words give: what is asked for, cue words, length, and what is left."""

from __future__ import annotations

import math
import re
from typing import Literal

import numpy as np

from embeddings.encoder import Vectors
from rag.text.language import language_of
from rag.text.questions import ASKS_WHY, HAN_AMOUNT_ASKED

Kind = Literal[
    "number", "date", "person", "place", "fact", "list", "yes-no", "why", "how", "definition",
    "summary", "library", "wish", "courtesy", "abilities", "comparison",
]  # fmt: skip
"""A thing that is asked for. An utterance may be of several kinds, such as a comparison that asks for a number."""

_DOCUMENT_ZH = r"(?:文件|文档|文章|报告|报道|资料|材料|白皮书|文书|纪要|合同|手册|文本|全文|正文|PDF)"
_DOCUMENT_EN = r"\b(?:documents?|files?|papers?|reports?|articles?|texts?|sources?|minutes|handbook|manual|contract|pdf)\b"

_ASKED: dict[Kind, str] = {
    "number": rf"{HAN_AMOUNT_ASKED}|比例|占比|第几|\bhow (?:many|much|large|long|big|old|far|high|tall|wide|deep|often|fast)\b"
    r"|\b(?:what|which) (?:percent(?:age)?|share|proportion|number|amount|fraction)\b|\bat what (?:price|rate|age)\b",
    "date": r"何时|日期|什么时[候间]|哪一?[年天月日]|几[年月]几?[月日号]|何年|几点|\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|time)\b",
    "person": r"谁|哪[一]?位|何人|\b(?:who|whom|whose)\b|\bwhat (?:person|man|woman)\b",
    "place": r"哪里|哪儿|何地|何处|在哪|什么地方|哪[个座一]{1,2}?(?:国家?|省|市|城市|县|区|地区|岛|州|洲)"
    r"|\bwhere\b|\blocation of\b|\b(?:what|which) (?:country|city|town|state|province|region|continent|county|place|village)\b",
    "list": r"哪些|哪几|分别|列举|列出|什么(?:原则|措施|方面|领域)|几[大个项].*?是什么"
    r"|\b(?:what|which) (?:are|were) (?:the|some)\b|\b(?:what|which) (?:kinds|types|\w+s) (?:are|were|have|do|did)\b|\b(?:which|what) (?:countries|cities|members|species|partners|people|provinces)\b|^(?:please )?(?:list|name) (?!of)",
    "yes-no": r"吗[？?。 ]*$|([\u3400-\u9fff])不\1|是否|是不是|有没有|能不能|可不可以|会不会"
    r"|^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|must)\b(?! you\b)",
    "why": ASKS_WHY,
    "how": r"怎么(?!会)|怎样|如何|方法|步骤|流程|手续|^steps\b|\bin (?:what|which) way\b|\bhow (?:do|does|did|can|could|is|are|was|were|to|should|would|might)\b",
    "definition": r"^什么(?:是|叫)|(?:是?[什啥]么?意思|指的?是?什么|的定义|的含义|何谓)|(?:^|，)(?:[^，分]{1,12})是(?:什么|啥)[？?。 ]*$"
    r"|^(?:what (?:is|are|was) (?:an? )?[\w-]+(?: [\w-]+)?\??$|what does .{1,40} (?:mean|stand for)|define )|\b(?:definition|meaning) of\b",
}
ASKED: dict[Kind, re.Pattern[str]] = {kind: re.compile(pattern, re.IGNORECASE) for kind, pattern in _ASKED.items()}
"""Patterns of what a question to the documents asks for.

They are features of the classifier and decide nothing alone, so they may be wider than those of `rag.answering.expectations`, which
decide the form of an answer.
"""

CUES: dict[str, re.Pattern[str]] = {
    cue: re.compile(pattern, re.IGNORECASE)
    for cue, pattern in {
        "document": rf"{_DOCUMENT_ZH}|{_DOCUMENT_EN}",
        "this document": rf"[这那该本](?:[一两几]?[份个篇本些])?{_DOCUMENT_ZH}|\b(?:this|these|the|that|those|your) {_DOCUMENT_EN}",
        "summary": r"总结|概括|归纳|摘要|概要|概述|梗概|大意|主旨|要点|重点|提要|提炼|简述|中心思想|主要内容"
        r"|\bsum(?:mary|maries|mari[sz]e|mari[sz]ed)?\b|\bsum up\b|overview|\bgist\b|outline|takeaways?|recap|highlights|main (?:points|ideas)"
        r"|key points|digest|synopsis|nutshell|tl;?dr",
        "says what": r"[讲说写谈](?:了|的是|的|些|到)*(?:什么|啥|些什么|哪些)|\babout\W*$|\bwhat (?:does|do|is) .{1,60} (?:say|saying|cover|deal with)",
        "library": r"资料库|知识库|文档库|库[里中]|你有|你这里|这里有|收录|上传|入库|导入|清单|目录|列表"
        r"|\blibrary\b|\byou (?:have|got)\b|\bhave you\b|\bupload|\badded\b|\binventory\b|\bavailable\b|\bcollection\b|\bdatabase\b",
        "metadata": r"作者|发布|出处|来源|出版|字数|多少字|页|篇幅|格式|\bauthor|\bwrote\b|\bwritten\b|publish|issued|\bpages?\b|\bwords\b|\bdate of\b",
        "new": r"最新|最近|新增|新的|新加|刚刚|\b(?:latest|newest|recent(?:ly)?|new|lately|oldest)\b",
        "in a language": r"[中英]文|英语|汉语|\b(?:English|Chinese)\b",
        "wish": r"[一好]?[点些](?![^吗吧好。！!？?]{2})|简短|简洁|精简|精炼|缩短|太长|太短|啰嗦|展开|细说|要点|分[点条]|列成|列表|原文|原句|引文"
        r"|\b(?:shorter|longer|briefer|briefly|concise|detail(?:s|ed)?|elaborate|expand|bullets?|points|quotes?|list|rephrase|simpler)\b",
        "translate": r"翻译|翻成|译成|[用换说]成?[中英][文语]|用英语|\btranslat|\b(?:in|into|to) (?:English|Chinese)\b",
        "courtesy": r"你好|您好|大家好|早上好|晚上好|嗨|哈喽|谢|辛苦|再见|拜拜|晚安|明白了|好的"
        r"|^(?:hi|hello|hey|good (?:morning|afternoon|evening|night))\b|\bthank|\bthx\b|\bcheers\b|\bbye\b|\bgoodbye\b|\bsee you\b",
        "you": r"你(?!好)|您(?!好)|引据|\b(?:you|your|yourself|yinju)\b",
        "compare": r"比较|对比|相比|不同|区别|差别|差异|异同|共同|一样|\bcompar|\bdiffer|\bchanged between\b|\bversus\b|\bvs\b|\bin common\b|\bboth\b|\bcontrast",
        "part": r"第[一二三四五六七八九十\d]+[部章节条篇]|部分|一节|\b(?:section|chapter|part) (?:\w+)|\bconclusions?\b|\bintroduction\b",
        "asks to": r"^(?:请|帮|麻烦|把|给我|能不能|可以)|\bplease\b|^(?:can|could|would|will) you\b|^(?:give|show|tell|make|list|write|put)\b",
        "question mark": r"[？?]",
        "named": r"《[^》]+》|“[^”]+”|\"[^\"]+\"",
        "all": r"所有|全部|这些|一共|总共|各份|\ball\b|\bevery\b|\beach\b|\bthese\b|\bin (?:all|total)\b",
    }.items()
}
"""Patterns of words that may show another kind of utterance; none of them decides alone."""

_FUNCTION_WORDS = re.compile(
    r"请问|请|麻烦|能不能|能否|可以|帮我|给我|一下|一个|一份|什么|哪些|哪个|哪|多少|几|是|的|了|吗|呢|吧|啊|呀|都|还|有|没有|在|和|与|我|它|这|那|些|里|中|上|把|用|成|为|主要|大概|到底"
    r"|\b(?:please|can|could|would|will|you|me|i|we|a|an|the|is|are|was|were|do|does|did|of|in|on|for|to|at|by|from|with|and|or|it|its|that|this"
    r"|these|those|there|here|what|which|who|when|where|how|give|show|tell|make|have|has|get|some|any|my|your|be|as|so|then|just|only|all|more|'s)\b",
    re.IGNORECASE,
)
_UNIT = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['’][a-z]+)?")
_LENGTHS = (3, 6, 10, 16, 28)
FEATURES = (
    *(f"asked {kind}" for kind in ASKED),
    *CUES,
    *(f"longer than {length}" for length in _LENGTHS),
    "other words",
    "no other words",
    "Chinese",
)
"""The names of the features, in the order of the columns."""


def other_words(question: str) -> int:
    """Counts the Chinese characters and English words of a question that are neither cues nor grammar."""
    for pattern in (*CUES.values(), *ASKED.values(), _FUNCTION_WORDS):
        question = pattern.sub(" ", question)
    return len(_UNIT.findall(question))


def features(question: str) -> Vectors:
    """Returns the features of a question, float32 `(len(FEATURES),)`, each between 0 and 1."""
    length, left = len(_UNIT.findall(question)), other_words(question)
    return np.array(
        [
            *(bool(pattern.search(question)) for pattern in ASKED.values()),
            *(bool(pattern.search(question)) for pattern in CUES.values()),
            *(length > limit for limit in _LENGTHS),
            min(1.0, math.log1p(left) / 3),
            left == 0,
            language_of(question) == "zh",
        ],
        np.float32,
    )


def kinds_by_rule(question: str) -> frozenset[Kind]:
    """Returns the kinds of a question to the documents by its words alone; "fact" if they tell nothing else."""
    found: set[Kind] = {kind for kind, pattern in ASKED.items() if pattern.search(question)}
    if CUES["compare"].search(question):
        found.add("comparison")
    return frozenset(found or {"fact"})
