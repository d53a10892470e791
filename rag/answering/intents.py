"""Intents other than a question to the documents: greetings, thanks, Yinju's abilities, its documents, comparisons; and the replies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from rag.documents.naming import folders_apart
from rag.types import Language

if TYPE_CHECKING:
    from rag.library.library import DocumentSummary

Intent = Literal["greeting", "thanks", "farewell", "abilities", "documents", "comparison"]

_MAX_LISTED = 20
# These may stand around the words that matter. The whole utterance must match, so that a question is not taken for a greeting.
_AROUND_ZH = r"(?:请问|麻烦|那么?|嗯|啊|呀|哦|哈|吧|呢|吗|了|您|你|们|引据|老师|朋友|[\s，,。.！!？?~～])*"
_AROUND_EN = r"(?:ok|okay|and|so|oh|well|please|there|yinju|everyone|then|now|again|[\s,.!?~])*"
_TWO = r"(?:这|那)?(?:两|2)(?:个|份|篇)?(?:文件|文档|报告|文章|资料)?(?:之间)?"
_CHINESE: dict[Intent, str] = {
    "greeting": r"(?:你好|您好|大家好|早上好|上午好|下午好|晚上好|早安|嗨|哈喽|在吗|在不在)",
    "thanks": r"(?:(?:好的?|非常|太|十分|真的)*(?:感谢|谢谢|多谢|谢啦|辛苦|麻烦)(?:你|您|啦|大家)*)",
    "farewell": r"(?:再见|拜拜|回头见|下次见|晚安)",
    "abilities": r"(?:你(?:都|还)?(?:能|会|可以)(?:做|干|帮我做|回答)?(?:些|点)?(?:什么|啥)(?:问题|事情?)?|你是(?:谁|什么|干什么的|做什么的)"
    r"|你有(?:什么|哪些)功能|(?:怎么|如何)(?:使用|用)(?:你|它|引据)?|介绍一下(?:你)?自己)",
    "documents": r"(?:你|这里|库里|资料库里?|现在)*(?:都)?(?:有|收了|包含|看过)(?:哪些|什么|多少|几份|几篇)(?:个|份|篇)?(?:文档|文件|资料|文章)"
    r"|(?:列出|显示|看看)(?:一下)?(?:所有|全部)?(?:的)?(?:文档|文件|资料)",
    "comparison": rf"{_TWO}(?:有(?:什么|哪些|何)(?:不同|区别|变化|差别|差异|出入)|的?(?:不同|区别|差别|差异)(?:在哪里?|是什么)?|比较一下|对比一下)"
    rf"|(?:比较|对比)(?:一下)?(?:{_TWO}|《[^《》]{{2,200}}》(?:和|与|跟|、)《[^《》]{{2,200}}》)",
}
_DOCUMENTS_EN = r"(?:documents?|files?|papers?|reports?|articles?|texts?|sources?)"
_ENGLISH: dict[Intent, str] = {
    "greeting": r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|greetings|how are you)",
    "thanks": r"(?:(?:many |great,? )?(?:thanks|thank you|thx|cheers)(?: a lot| very much| so much| a million| for (?:your|the) help)?)",
    "farewell": r"(?:bye|goodbye|bye bye|see you(?: later)?|good night)",
    "abilities": r"(?:what (?:can|do) you do|what are you|who are you|what can i ask(?: you)?|how (?:do|can) i use (?:you|this|it)"
    r"|how do(?:es)? (?:you|this|it) work|help(?: me)?|what is this|introduce yourself)",
    "documents": rf"(?:(?:which|what|how many) {_DOCUMENTS_EN} (?:do you (?:have|hold|know|contain)|are (?:there|in (?:the|your) library|here)|have you (?:got|read))"
    rf"|(?:list|show)(?: me)?(?: all)?(?: the| your)? {_DOCUMENTS_EN}|what(?: is|'s) in (?:the|your) library)",
    "comparison": rf"(?:what(?: has|'s|’s)? changed between (?:these|the|those)(?: two)?(?: {_DOCUMENTS_EN})?"
    rf"|(?:how do|what(?: is|'s| are) (?:the )?differen(?:t|ces?) between) (?:these|the|those) two(?: {_DOCUMENTS_EN})?(?: differ)?"
    rf"|compare (?:these|the|those)? ?two(?: {_DOCUMENTS_EN})?|compare (?:these|them)(?: {_DOCUMENTS_EN})?"
    r"|(?:compare|what(?: has|'s)? changed between) [“\"][^“”\"]{2,200}[”\"] (?:and|with|to) [“\"][^“”\"]{2,200}[”\"])",
}
_PATTERNS: list[tuple[Intent, re.Pattern[str]]] = [
    (kind, re.compile(rf"{around}(?:{words}){around}", re.IGNORECASE))
    for patterns, around in ((_CHINESE, _AROUND_ZH), (_ENGLISH, _AROUND_EN))
    for kind, words in patterns.items()
]

_REPLIES: dict[Intent, dict[Language, str]] = {
    "greeting": {
        "zh": "你好！请就资料库里的文档提问，中文、英文都可以。",
        "en": "Hello! Ask about the documents in the library, in Chinese or English.",
    },
    "thanks": {
        "zh": "不客气。还想知道什么，请接着问。",
        "en": "You are welcome. Ask again if there is more you would like to know.",
    },
    "farewell": {"zh": "再见！", "en": "Goodbye!"},
    "abilities": {
        "zh": "我从资料库的文档里找答案，中文、英文都行，问的和文档不是一种语言也可以。每句话都标明出处；文档里没有的，我会说没有。"
        "可以问一个数字、日期或名字，问原因、做法，也可以接着上一个问题往下问，或者问“这两份文件有什么不同？”。",
        "en": "I find answers in the documents of the library, in Chinese and English and across the two. Every sentence cites the place it "
        "comes from, and I say so when the documents do not contain the answer. Ask for a number, a date or a name, for reasons or "
        "measures, follow up on the question before, or ask what changed between two documents.",
    },
    "comparison": {
        "zh": "请写出要比较的两份文档的标题，或标题的一部分，例如：比较《标题一》和《标题二》",
        "en": "Name the two documents by their titles or parts of these, for example: compare “first title” and “second title”",
    },
}
_COUNT: dict[Language, str] = {"zh": "资料库里有{}份文档：", "en": "The library contains {} documents:"}
_COUNT_ONE: dict[Language, str] = {"zh": "资料库里有1份文档：", "en": "The library contains one document:"}
_MORE: dict[Language, str] = {"zh": "……还有{}份", "en": "… and {} more"}
_NONE: dict[Language, str] = {
    "zh": "资料库里还没有文档。请先添加：yinju add 路径",
    "en": "There are no documents in the library yet. Add some with: yinju add PATH",
}


def intent_of(question: str) -> Intent | None:
    """Returns the intent of a whole utterance; None for a question to the documents."""
    utterance = question.strip().replace("’", "'")
    return next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(utterance)), None)


def reply(kind: Intent, language: Language, documents: Sequence[DocumentSummary]) -> str:
    """Returns the reply to an utterance.

    Args:
        kind: The intent of the utterance.
        language: The language of the reply.
        documents: The documents of the library.
    """
    return _listed(language, documents) if kind == "documents" else _REPLIES[kind][language]


def _listed(language: Language, documents: Sequence[DocumentSummary]) -> str:
    if not documents:
        return _NONE[language]
    lines = [(_COUNT if len(documents) > 1 else _COUNT_ONE)[language].format(len(documents))]
    folders = folders_apart([document.title for document in documents], [document.source for document in documents])
    lines += [
        "- " + " · ".join(filter(None, (document.title, folder, document.author, document.publisher, document.published)))
        for document, folder in zip(documents[:_MAX_LISTED], folders, strict=False)
    ]
    if len(documents) > _MAX_LISTED:
        lines.append(_MORE[language].format(len(documents) - _MAX_LISTED))
    return "\n".join(lines)
