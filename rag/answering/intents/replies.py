"""Replies that need no document: to greetings, thanks and farewells, and to questions about Yinju."""

from __future__ import annotations

from rag.answering.intents.rules import Intent
from rag.types import Language

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
        "可以问一个数字、日期或名字，问原因、做法，也可以接着上一个问题往下问；可以说“总结这份文件”“有哪些文件？”“简短一点”，"
        "或者问“这两份文件有什么不同？”。",
        "en": "I find answers in the documents of the library, in Chinese and English and across the two. Every sentence cites the place it "
        "comes from, and I say so when the documents do not contain the answer. Ask for a number, a date or a name, for reasons or "
        "measures, follow up on the question before, ask for a summary, which documents there are or what changed between two documents, "
        "or wish for a shorter or longer answer.",
    },
    "comparison": {
        "zh": "请写出要比较的两份文档的标题，或标题的一部分，例如：比较《标题一》和《标题二》",
        "en": "Name the two documents by their titles or parts of these, for example: compare “first title” and “second title”",
    },
}


def reply(intent: Intent, language: Language) -> str:
    """Returns the reply to an utterance of an intent that needs no document, or the question back for a comparison without titles."""
    return _REPLIES[intent][language]
