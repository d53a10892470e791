"""Rules for whole utterances whose words alone tell their intent. They decide alone where the classifier does not fit the encoder."""

from __future__ import annotations

import re
from typing import Literal

from rag.text.distinctions.document_kinds import ANY_DOCUMENT, SOME_DOCUMENT
from rag.text.questions import HAN_ASKING

Intent = Literal["greeting", "thanks", "farewell", "abilities", "library", "summary", "comparison", "wish"]
"""The meaning of an utterance that is no plain question to the documents."""

# These may stand around the words that matter. The whole utterance must match, so that a question is not taken for a greeting.
_AROUND_ZH = r"(?:请问|请|麻烦|那么?|嗯|啊|呀|哦|哈|吧|呢|吗|了|您|你|们|引据|老师|朋友|[\s，,。.！!？?~～])*"
_AROUND_EN = r"(?:ok|okay|and|so|oh|well|please|there|yinju|everyone|then|now|again|[\s,.!?~])*"
_DOCUMENT_ZH = r"(?:文件|文档|报告|文章|资料|材料|报道|白皮书)"
_THIS_ZH = rf"(?:(?:这|那|该|本|此)?(?:一|几|两|些)?(?:个|份|篇|本|些)?{_DOCUMENT_ZH}|全文|它|这|这个|内容)"
_TWO = r"(?:这|那)?(?:两|2)(?:个|份|篇)?(?:文件|文档|报告|文章|资料)?(?:之间)?"
_SUM_ZH = r"(?:总结|概括|归纳|概述|简述|简单介绍)"
_LANGUAGE_ZH = r"(?:中文|英文|英语|汉语)"
_CHINESE: dict[Intent, str] = {
    "greeting": r"(?:你好|您好|大家好|早上好|上午好|下午好|晚上好|早安|嗨|哈喽|在吗|在不在)",
    "thanks": r"(?:(?:好的?|非常|太|十分|真的)*(?:感谢|谢谢|多谢|谢啦|辛苦|麻烦)(?:你|您|啦|大家)*)",
    "farewell": r"(?:再见|拜拜|回头见|下次见|晚安)",
    "abilities": r"(?:你(?:都|还)?(?:能|会|可以)(?:做|干|帮我做|回答)?(?:些|点)?(?:什么|啥)(?:问题|事情?)?|你是(?:谁|什么|干什么的|做什么的)"
    r"|你有(?:什么|哪些)功能|(?:怎么|如何)(?:使用|用)(?:你|它|引据)?|介绍一下(?:你)?自己)",
    "library": r"(?:你|这里|库里|资料库里?|现在|一共|总共|目前)*(?:都)?(?:有|收了|包含|看过)(?:哪些|什么|多少|几份|几篇)(?:个|份|篇)?(?:文档|文件|资料|文章)"
    r"|(?:列出|显示|看看)(?:一下)?(?:所有|全部)?(?:的)?(?:文档|文件|资料)",
    "summary": rf"{_SUM_ZH}(?:一下)?(?:{_THIS_ZH})?(?:的(?:主要)?内容)?|{_THIS_ZH}的?(?:主要|大概|到底|都)*[讲说写谈](?:了|的是|的)(?:什么|些什么|啥)"
    rf"|{_THIS_ZH}的?(?:主要内容|大意|要点|主旨|摘要|概要|中心思想)(?:是什么|有哪些)?",
    "comparison": rf"{_TWO}(?:有(?:什么|哪些|何)(?:不同|区别|变化|差别|差异|出入)|的?(?:不同|区别|差别|差异)(?:在哪里?|是什么)?|比较一下|对比一下)"
    rf"|(?:比较|对比)(?:一下)?(?:{_TWO}|《[^《》]{{2,200}}》(?:和|与|跟|、)《[^《》]{{2,200}}》)",
    "wish": r"(?:再|说得?|讲得?|能不能|可以|回答)*(?:简短|简单|简洁|精简|短|详细|具体|长)(?:一?[点些])(?:说)?"
    r"|(?:列|写|改|分|整理)成(?:要点|列表|清单|几点|三点)|(?:我?只要|只看|只给我)(?:原文|引文|原句)(?:就行)?"
    r"|(?:再|能不能|可以)*(?:用|以)?[一两三二几]句话(?:再?说|[讲答]|回答)(?:一[下遍])?(?:就行|就好)?|(?:把(?:它|它们|这些))?分?[点条]列(?:出来?|一下)"
    r"|(?:用|以|改成)(?:要点|列表|清单|一二三)(?:的?形式)?(?:来?[说答讲写列](?:明|出)?)?"
    rf"|(?:再|能不能|可以)?(?:用|改用|换成){_LANGUAGE_ZH}(?:说|回答|再说一遍|写)?(?:一遍)?|(?:把它|把这个)?(?:翻译|翻|译)(?:成|为){_LANGUAGE_ZH}",
}
_DOCUMENTS_EN = r"(?:documents?|files?|papers?|reports?|articles?|texts?|sources?)"
_THIS_EN = rf"(?:(?:this|the|that)(?: {_DOCUMENTS_EN})?|it)"
_SUM_EN = r"(?:summari[sz]e|sum up|outline|recap)"
_SUMMARY_EN = r"(?:(?:an?|the) )?(?:(?:short|brief|quick) )?(?:summary|overview|outline)"
_ENGLISH: dict[Intent, str] = {
    "greeting": r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|greetings|how are you)",
    "thanks": r"(?:(?:many |great,? )?(?:thanks|thank you|thx|cheers)(?: a lot| very much| so much| a million| for (?:your|the) help)?)",
    "farewell": r"(?:bye|goodbye|bye bye|see you(?: later)?|good night)",
    "abilities": r"(?:what (?:can|do) you do|what are you|who are you|what can i ask(?: you)?|how (?:do|can) i use (?:you|this|it)"
    r"|how do(?:es)? (?:you|this|it) work|help(?: me)?|what is this|introduce yourself)",
    "library": rf"(?:(?:which|what|how many) {_DOCUMENTS_EN} (?:do you (?:have|hold|know|contain)|are (?:there|in (?:the|your) library|here)|have you (?:got|read))"
    rf"|(?:list|show)(?: me)?(?: all)?(?: the| your)? {_DOCUMENTS_EN}|what(?: is|'s) in (?:the|your) library|what have you got)",
    "summary": rf"(?:can you |could you )?(?:{_SUM_EN} {_THIS_EN}|(?:give me )?{_SUMMARY_EN}(?: of {_THIS_EN})?)(?: for me)?"
    rf"|what(?: is|'s) {_THIS_EN} about|what does {_THIS_EN} say|what are the (?:main|key) points(?: of {_THIS_EN})?",
    "comparison": rf"(?:what(?: has|'s|’s)? changed between (?:these|the|those)(?: two)?(?: {_DOCUMENTS_EN})?"
    rf"|(?:how do|what(?: is|'s| are) (?:the )?differen(?:t|ces?) between) (?:these|the|those) two(?: {_DOCUMENTS_EN})?(?: differ)?"
    rf"|compare (?:these|the|those)? ?two(?: {_DOCUMENTS_EN})?|compare (?:these|them)(?: {_DOCUMENTS_EN})?"
    r"|(?:compare|what(?: has|'s)? changed between) [“\"][^“”\"]{2,200}[”\"] (?:and|with|to) [“\"][^“”\"]{2,200}[”\"])",
    "wish": r"(?:can you |could you )?(?:make it |be |say it )?(?:a bit |a little )?(?:shorter|briefer|more concise|more detailed|longer|in more detail|more details?)"
    r"|(?:(?:list|put|show|give|write|say) (?:them|it|that|this|these|those)(?: to me| all)? )?(?:as|in|into) (?:bullets|(?:a few )?bullet points|a list|points|(?:one|a|two) sentences?)|(?:only|just) the (?:quotes|original|quotations|original text)"
    r"|(?:(?:please )?(?:keep|make|cut|limit) (?:it|that|this) (?:down )?to|in|just|only) (?:one|a|two|three|a few) (?:short )?(?:lines?|sentences?|points?)"
    r"|(?:can you |could you )?(?:shorten|condense|expand|lengthen) (?:it|that|this|the answer)"
    r"|(?:say (?:it|that) |answer )?in (?:English|Chinese)|(?:can you )?translate (?:it|this|that|the answer)(?: (?:in)?to (?:English|Chinese))?",
}
_PATTERNS: list[tuple[Intent, re.Pattern[str]]] = [
    (kind, re.compile(rf"{around}(?:{words}){around}", re.IGNORECASE))
    for patterns, around in ((_CHINESE, _AROUND_ZH), (_ENGLISH, _AROUND_EN))
    for kind, words in patterns.items()
]
# Orders to summarise something, and questions what it is about. Their route leaves what no document has in its name to the documents.
_SUMMARISE = re.compile(
    rf"(?:请|帮我|麻烦你?)*{_SUM_ZH}(?:一下)?(?!.*(?:{HAN_ASKING}|什么)).+|(?:please |can you |could you )?(?:{_SUM_EN}|give me {_SUMMARY_EN} of) .+"
    rf"|.{{2,60}}(?:主要|大致|大概)[讲说写谈](?:了|的是|的)?(?:些)?(?:什么|哪些|啥).{{0,6}}"
    rf"|.{{0,60}}(?:{_DOCUMENT_ZH}|{SOME_DOCUMENT}|新闻|网页)里?都?[讲说写谈](?:了|的是|的)(?:些)?(?:什么|哪些|啥).{{0,6}}"
    rf"|{_AROUND_EN}what(?: is| are|'s) .{{2,80}}? about\b.{{0,40}}|{_AROUND_EN}what does .{{2,80}}? (?:cover|deal with)\b.{{0,40}}",
    re.IGNORECASE,
)

# How long a summary is wished to be, in a sentence or clause of its own before or after the wish.
_COUNT_EN = r"(?:one|two|three|four|five|six|\d)"
_POINTS_EN = r"(?:short |bullet |key |main )*(?:points?|sentences?|lines?|bullets?)"
_LENGTH = re.compile(
    r"[，,。？?！! ]*(?:请|就|只要?|用|分|以|共)*[一二两三四五六七八九十\d]+(?:个?要?点|句话?|条|段)(?:来?(?:概括|总结|说明?|回答))?(?:就行|就好|即可|吧)?"
    rf"{_AROUND_ZH}$"
    rf"|[,.?!;]\s*(?:please,? )?(?:in |only |just |as |use )?(?:an? |{_COUNT_EN})\s*{_POINTS_EN}(?:,? (?:only|will do))?{_AROUND_EN}$"
    r"|^(?:请|麻烦你?|帮我)*(?:用|以|分)[一二两三四五六七八九十\d]+(?:个?要?点|句话?|条)来?(?=概括|总结|归纳|简述|概述)"
    rf"|^(?:in|with) {_COUNT_EN} {_POINTS_EN}[:,]? ",
    re.IGNORECASE,
)
# Questions what a document says, and orders to say it in some sentences.
_SAYS = re.compile(
    rf"{_AROUND_ZH}(?:帮我|给我)?用[一二两三四五六\d]句话(?:说说|讲讲|介绍|概括|总结|说明|说清楚)(?:一下)?.{{2,60}}"
    rf"|{_AROUND_ZH}[^，。？?]{{2,24}}?(?:[那这]一?个?|的)(?:部分|章节?|节|段)(?:里|中)?(?:主要|都|到底)*[讲说写谈](?:了|的是|的)(?:些)?(?:什么|啥|哪些(?:内容)?){_AROUND_ZH}"
    rf"|{_AROUND_ZH}(?:这|那|该|本|此)一?[份个篇部本项]?(?:{SOME_DOCUMENT}|{ANY_DOCUMENT})(?:里|中|的)?(?:主要|都|到底)*(?:规定|说明|讲述?|介绍|内容是|主要内容是)了?(?:些)?(?:什么|啥|哪些(?:内容)?){_AROUND_ZH}"
    rf"|{_AROUND_EN}what (?:does|do) (?:the|this|that|these) (?:[^?,]{{1,50}} )?(?:{SOME_DOCUMENT}|{ANY_DOCUMENT})(?: (?:on|about|of|for|from) [^?,]{{2,60}})? say{_AROUND_EN}",
    re.IGNORECASE,
)
# Which documents there are on a subject. If there are none, the question is searched like any other.
_WHICH = re.compile(
    rf"{_AROUND_ZH}有?(?:哪些|哪几[份个篇]|什么){ANY_DOCUMENT}(?:都|里)?(?:提到|提及|涉及|讲到?|谈到|写到|说到|有关|关于|是关于)了?[^？?\d]{{1,24}}?{_AROUND_ZH}"
    rf"|{_AROUND_ZH}(?:库里)?有(?:没有)?(?:哪些)?(?:关于|有关|跟|与|和).{{1,24}}?(?:有关|相关)?的(?:{ANY_DOCUMENT}|{SOME_DOCUMENT}){_AROUND_ZH}"
    rf"|{_AROUND_EN}(?:which|what) {ANY_DOCUMENT} (?:are|is|deal|mention|mentions|discuss|discusses|talk|talks|cover|covers|say something)(?: (?:about|on|with))? [^?\d]{{2,60}}?{_AROUND_EN}"
    rf"|(?:which|what) (?:[a-z]+ )?{SOME_DOCUMENT} (?:do you have|are there|have you got){_AROUND_EN}"
    rf"|{_AROUND_EN}(?:do you have|have you got|is there|are there) (?:anything|something|any {ANY_DOCUMENT}) (?:on|about) [^?\d]{{2,60}}?{_AROUND_EN}",
    re.IGNORECASE,
)

# Which of the documents is the longest, the newest or in English.
_MOST_ZH = r"最(?:长|短|新|早|旧|老|大|小|近)"
_OF_ALL = re.compile(
    rf"{_AROUND_ZH}哪一?[份篇个本]?{ANY_DOCUMENT}?(?:的?(?:篇幅|内容|字数|日期|时间))?是?{_MOST_ZH}的?{_AROUND_ZH}"
    rf"|{_AROUND_ZH}{_MOST_ZH}的(?:{ANY_DOCUMENT})?是?(?:哪一?[份篇个本]|什么){ANY_DOCUMENT}?{_AROUND_ZH}"
    rf"|{_AROUND_ZH}(?:19|20)\d\d年?的{ANY_DOCUMENT}(?:都|一共|共)*有(?:哪些|哪几[份篇个]|多少[份篇个]?|几[份篇个]){_AROUND_ZH}"
    rf"|{_AROUND_ZH}哪[一些几]?[份篇个本]?{ANY_DOCUMENT}?是{_LANGUAGE_ZH}(?:写)?的{_AROUND_ZH}",
    re.IGNORECASE,
)
# When a document that is named by its publisher or subject was published, and who wrote it: 新华社那篇是哪天发布的？
_OF_THAT = re.compile(
    r"[^，。？?]{2,20}[那这]一?[份篇本][^，。？?]{0,12}?的?(?:作者|(?:发布|发表|出版)?(?:日期|时间))(?:是(?:谁|什么时候|哪[天年一]+)?)?[？?。]*"
    r"|[^，。？?]{2,20}[那这]一?[份篇本][^，。？?]{0,12}?是?(?:什么时候|何时|哪[天年一]+|谁|哪家)(?:写|发|发表|发布|出版|登)?的[？?。]*"
)
# A question after the author or the day of the text on a subject. Its route leaves a text that no document's title names to the documents.
_ABOUT_TEXT_EN = r"the (?:text|article|document|paper|essay|piece)s? (?:on|about) .{2,80}"
_ABOUT_TEXT_ZH = r"(?:关于|有关)[^，。？?]{2,40}的(?:这|那)?[份篇]?(?:文章|文件|文档|文本|报告|报道)"
_OF_A_TEXT = re.compile(
    rf"who (?:is|are|was|were) the authors? of {_ABOUT_TEXT_EN}|who wrote {_ABOUT_TEXT_EN}|when was {_ABOUT_TEXT_EN} (?:written|published|dated)"
    rf"|{_ABOUT_TEXT_ZH}的?(?:作者是谁|是谁写的|是(?:什么时候|哪[天年一]+)(?:写|发表|发布)的)",
    re.IGNORECASE,
)


def intent_by_rule(utterance: str) -> Intent | None:
    """Returns the intent of a whole utterance; None for any other, and for a question to the documents."""
    utterance = utterance.strip().replace("’", "'")
    intent = next((kind for kind, pattern in _PATTERNS if pattern.fullmatch(utterance)), None)
    if intent is None and _OF_A_TEXT.fullmatch(utterance.rstrip("?？ ")):
        return "library"
    if intent is None and any(pattern.fullmatch(utterance) for pattern in (_WHICH, _OF_ALL, _OF_THAT)):
        return "library"
    bare = _LENGTH.sub("", utterance) or utterance
    return intent or ("summary" if any(pattern.fullmatch(bare) for pattern in (_SUMMARISE, _SAYS)) else None)
