"""Greetings, thanks and chat: which one an utterance is, and the question that is left without them."""

from __future__ import annotations

import re

from rag.answering.intents.rules import Intent
from rag.text.questions import ENGLISH_ASKING, HAN_ASKING

_THANKS = re.compile(
    r"谢|感谢|辛苦|有帮助|很有用|\b(?:thank|thanks|thx|cheers|appreciate|helped|helpful|useful)\b", re.IGNORECASE
)
_FAREWELL = re.compile(
    r"再见|拜拜|晚安|明天见|下次|回头|先这样|先聊到|\b(?:bye|goodbye|see you|good night|later|nice day|for today)\b",
    re.IGNORECASE,
)

_GREETING_ZH = r"(?:你好|您好|大家好|老师好|早上好|上午好|中午好|下午好|晚上好|早安|嗨|哈喽|嘿|引据)[呀啊哦]?"
_THANKS_ZH = (
    r"(?:(?:好的?|嗯|非常|太|十分|真的|先)*(?:感谢|谢谢|多谢|谢啦|辛苦)(?:了|你们?|您|啦|大家|老师)*|好的|明白了|知道了|原来如此)"
)
_GREETING_EN = (
    r"(?:hi|hello|hey|good (?:morning|afternoon|evening)|greetings|dear [\w ]{2,20})(?: (?:there|all|everyone|yinju|again))?"
)
_THANKS_EN = r"(?:(?:many |great,? |ok(?:ay)?,? )?(?:thanks|thank you|thx|cheers)(?: (?:a lot|very much|so much|in advance|again|for (?:your|the|that|this)[\w ]{0,20}))*|ok(?:ay)?|great|i see|got it|perfect)"
_BEFORE = re.compile(
    rf"\s*(?:(?:{_GREETING_ZH}|{_THANKS_ZH})[，,。.！!、~～\s]+|(?:{_GREETING_EN}|{_THANKS_EN})\s*(?:[,，.!;:—–-]+\s*(?:and |so )?|\n))+",
    re.IGNORECASE,
)
# 你好请问… has no comma.
_BEFORE_ASKING = re.compile(rf"\s*{_GREETING_ZH}(?=请问|我想)")
_AFTER = re.compile(
    rf"[，,。.；;！!？?\s]*(?<=[，,。.；;！!？?\s])(?:{_THANKS_ZH}|拜托了?|麻烦了?|(?:(?:and )?(?:{_THANKS_EN})|please))[\s。.！!~～]*\Z",
    re.IGNORECASE,
)
_POLITE_ZH = re.compile(
    r"^(?:请问|请教一下|请教|想问(?:一下|问)?|我(?:就)?想(?:问|知道|了解|请教)(?:一下|问)?|麻烦(?:你|您)?(?:告诉我|问|查)?(?:一下)?|能不能(?:告诉|跟)我(?:说)?(?:一下)?"
    r"|(?:你|您)?(?:能|可以|可否)告诉我(?:一下)?|帮我(?:查|看|找)(?:一?下|一查)?)[，,：:\s]*(?=.{4,})"
)
_POLITE_EN = re.compile(
    r"^(?:please,? )?(?:(?:can|could|would|will) you (?:please |kindly |perhaps )?(?:tell me|let me know|say)|(?:do|would) you (?:happen to )?know"
    r"|i(?: would|'d|’d) like to (?:know|ask)|i (?:want|wanted|need) to (?:know|ask)|i (?:am|was) wondering|i wonder|may i ask|tell me),? (?:you )?(?:if |whether )?(?=.{4,})",
    re.IGNORECASE,
)
# A sentence before the question that says something of the asker.
_OF_THE_ASKER = re.compile(
    r"\b(?:I|I'm|I’m|we|my|our|me|us)\b|我|咱|本人|\b(?:sorry|excuse me)\b|打扰|不好意思|抱歉", re.IGNORECASE
)
_ASKS = re.compile(rf"{HAN_ASKING}|[？?]|\b(?:at |in |on |by |from |for )?{ENGLISH_ASKING}", re.IGNORECASE)
_SENTENCE = re.compile(r"[^。！!？?.\n]+(?:[。！!？?\n]+|\.(?=\s|\Z)|\Z|\.)")
# In a long sentence, the asker's story goes before "I would like to know".
_STORY = re.compile(
    r"^.{20,}?\b(?:(?:i(?: would|'d|’d) like|i (?:want|need)) to (?:know|ask|find out)|i (?:am|was) wondering|i wonder|can you tell me|could you tell me"
    rf"|my question is)\b[,:]?\s+(?=(?:at |in |on |by |from |for )?{ENGLISH_ASKING}|if |whether )"
    r"|^.{10,}?(?:我?想(?:问|知道|请教|了解)(?:一下|问)?|请问)[，,：:]?(?=.{4,})",
    re.IGNORECASE | re.DOTALL,
)


def courtesy_of(utterance: str) -> Intent:
    """Returns which courtesy an utterance is."""
    if _FAREWELL.search(utterance):
        return "farewell"
    return "thanks" if _THANKS.search(utterance) else "greeting"


def without_courtesy(utterance: str) -> str:
    """Returns the question of an utterance without greetings, thanks and polite phrases around it.

    Sentences before it that are only about the asker are left out too. Anything without a question in it stays as it is.
    """
    question = _BEFORE_ASKING.sub("", _BEFORE.sub("", utterance, count=1), count=1)
    question = _AFTER.sub(lambda match: "？" if "？" in match[0] else "?" if "?" in match[0] else "", question, count=1)
    question = _without_asker(question.strip())
    for polite in (_POLITE_ZH, _POLITE_EN):
        question = polite.sub("", question, count=1)
    question = question.strip()
    return question if any(character.isalnum() for character in question) else utterance.strip()


def _without_asker(question: str) -> str:
    """Returns a question without the sentences before it that only say something of the asker."""
    parts = [match[0] for match in _SENTENCE.finditer(question)]
    first = next((place for place, part in enumerate(parts) if _ASKS.search(part)), 0)
    if first and all(_OF_THE_ASKER.search(part) for part in parts[:first]):
        question = "".join(parts[first:]).strip()
    return _STORY.sub("", question, count=1)
