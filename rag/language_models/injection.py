"""Prompt injection: sentences of a document that address the model."""

from __future__ import annotations

import re
import unicodedata

# Where a clause begins that could be an order.
_ORDER = r"(?:^\W*|[^\w\s-] *|\b(?:please|now|then|always|just|you must|you should) )"
_ORDERS = (
    r"(?:instructions?|prompts?|(?:previous|prior|preceding|earlier|your) \w+|(?:all|everything|the) (?:above|before)|were told)"
)
_MODEL = r"(?:ais?|llms?|chatbots?|(?:ai |large )?(?:language models?|assistants?))"
_EARLIER_ZH = r"(?:以上|上述|上面|之前|此前|前面|先前|前述|所有|全部|一切|系统|原有|原来|你的|您的|其他|这些)"
_ORDERS_ZH = r"(?:指令|提示|指示|命令|设定|设置|规则|要求|约束|限制|内容|对话|资料)"
_MODEL_ZH = r"(?:ai|人工智能|大?语言模型|大模型|智能助手|聊天机器人)(?:助手|模型)?"
_ADDRESSED = re.compile(
    "|".join(
        [
            # Tokens of chat templates.
            r"<\|[^|<>]{1,40}\|>|<<sys>>|\[/?inst\]|</?(?:passages|system|assistant|user|think|s|(?:start|end)_of_turn)>",
            r"^\W*(?:system|assistant) ?:|#{2,} ?(?:system|assistant|instructions?)\b",
            # Orders that shall take the place of others.
            rf"{_ORDER}(?:ignore|disregard|forget|override)\b[^.!?]{{0,40}}?\b{_ORDERS}\b",
            r"\b(?:new|updated|hidden|special) instructions?(?: for \w+(?: \w+)?)?:",
            r"\b(?:do not|don't|never|stop) (?:follow|obey|cit|mention)(?:e|ing)?\b[^.!?]{0,20}? (?:instructions|prompt|passages|markers)\b",
            rf"(?<!不[得能可应要])(?<!切勿)(?:忽略|无视|忘[记掉]|覆盖)掉?[^,。;!?]{{0,8}}?{_EARLIER_ZH}[^,。;!?]{{0,8}}?{_ORDERS_ZH}",
            rf"(?:不要|不必|不用|不再|停止)(?:理[会睬]|管|遵[守循]|执行|引用|标注)[^,。;!?]{{0,8}}?(?:{_ORDERS_ZH}|来源|出处|编号)",
            r"(?:新的?|最新|隐藏)指令:|开发者指令",
            # Who the model shall be.
            r"\byou are (?:now|no longer) (?:an?|the|in|free|called|bound|not|under|my)\b|\bfrom now on,? (?:you|act|answer|reply)\b",
            rf"{_ORDER}(?:act as (?:if you|an? {_MODEL})|pretend (?:to be|that you|you))\b|\byou are an? (?:helpful )?{_MODEL}\b",
            rf"\b(?:note|message|attention|instructions?) (?:to|for) (?:the |any |all )?{_MODEL}\b",
            r"你现在是|你不再[是受]|你的?新?(?:身份|角色)是|(?:请你?|你[要将来]|你现在)扮演|从现在(?:开始|起),?(?:请?你|只)|假装(?:你|自己)是",
            rf"你是(?:一[个名])?{_MODEL_ZH}|作为(?:一[个名])?{_MODEL_ZH},你",
            rf"(?:致|告知|提醒|给|请)(?:所有|各位|任何)?(?:阅读本文的)?{_MODEL_ZH}(?:的?(?:指令|说明|提示)|:|,|注意)",
            # What it shall say.
            r"\bsystem prompts?\b|\b(?:reveal|print|repeat|output|show)(?: \w+)?(?: \w+)? your (?:\w+ )?(?:instructions|prompt)\b",
            rf"{_ORDER}(?:reply|respond|answer|output)(?: to \w+(?: \w+)?)? (?:only|exactly|nothing but|solely)\b",
            rf"{_ORDER}(?:only (?:reply|respond|answer|output)|say only)\b",
            r"系统提示(?=词|[:是如中的,。\"”]|$)|(?:透露|泄露|输出|复述|打印|重复|显示)出?你的\w{0,4}(?:指令|提示|设定|规则)",
            r"(?:请|务必|你必须|你[只要应])[只仅直接一律需能要]{1,3}(?:回答|回复|输出|返回|说)",
            r"(?:^|[,。;:!?])[只仅][需能要许准可]?(?:回答|回复|输出)(?![了过])",
        ]
    ),
    re.IGNORECASE,
)
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\U000e0000-\U000e007f]")


def addressed_to_model(sentence: str) -> bool:
    """Returns whether a sentence of a document gives orders to a model rather than information to readers.

    Knows the usual phrasings in Chinese and English, also in full-width characters or with invisible ones in between. It cannot
    know all of them: the model's answer is checked in any case.
    """
    return bool(_ADDRESSED.search(" ".join(unicodedata.normalize("NFKC", _INVISIBLE.sub("", sentence)).split())))
