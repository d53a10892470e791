"""Kinds of documents in Chinese and English, by which a question may name one: 白皮书, "the position paper"."""

from __future__ import annotations

import re

# Each line names a kind. The names after the stroke often mean something else: a report may be any document, and minutes are also
# time. They count only where it is known that a text names documents. The first name of each language is its translation.
_KINDS = tuple(
    tuple(names.strip().split("|") if names.strip() else [] for names in line.split("/"))
    for line in """
白皮书|white paper / 白皮
立场文件|position paper / 立场
年报|年度报告|annual report /
纪要|会议纪要|会议记录|meeting minutes|minutes of / minutes
公报|bulletin|communique /
新闻稿|通稿|press release / 新闻|报道|侧记|news
问答|常见问题|faq|frequently asked questions /
采访|访谈|interview /
合同|contract /
协议|agreement /
规划|规划纲要|master plan /
行动计划|action plan /
条例|regulations / regulation
手册|handbook|manual /
指南|guide|guidelines /
倡议书|倡议|initiative /
论文|thesis /
/ 报告|report
/ 计划|方案|plan
/ 通知|notice
/ 租约|lease
/ 公约|convention
/ 规定|rules
""".strip().splitlines()
)
_LETTER = "[A-Za-z]"


def _pattern(names: list[str], plural: str) -> re.Pattern[str]:
    latin = (rf"(?<!{_LETTER}){name.replace(' ', '[ _-]')}{plural}(?!{_LETTER})" for name in names if name.isascii())
    return re.compile("|".join((*latin, *(name for name in names if not name.isascii()))) or r"(?!)", re.IGNORECASE)


_TELLING = tuple(_pattern(telling, "") for telling, _ in _KINDS)
_ANY = tuple(_pattern([*telling, *loose], "s?") for telling, loose in _KINDS)


_NAMES = sorted({name for kind in _KINDS for names in kind for name in names}, key=len, reverse=True)
_HAN_NAMES = "|".join(name for name in _NAMES if not name.isascii())
_LATIN_NAMES = "|".join(name.replace(" ", " ?") for name in _NAMES if name.isascii())
# Kinds that have no counterpart to find in the other language.
_OTHER_HAN = "报告|通讯|专访|演讲|讲话|致辞|规程|章程|办法|文书|简报|网页|页面|会议|稿子?|公告|声明|说明书?|须知|规则|年鉴|调查"
_OTHER_LATIN = (
    "contract|regulations?|rules?|polic(?:y|ies)|review|brochure|leaflet|pages?|web ?page|bulletin|newsletter|meeting|statement|speech"
    "|letter|essay|study|survey|guidelines|transcript|charter|declaration|briefing|fact ?sheet"
)
ANY_DOCUMENT = r"(?:文件|文档|文章|材料|资料|文本|全文|正文|内容|东西|PDF|\b(?:documents?|files?|texts?|papers?|articles?|sources?|pdf|everything)\b)"
"""A pattern for the words for a document of any kind, in both languages. Match it without regard to case."""

SOME_DOCUMENT = rf"(?:(?:{_HAN_NAMES}|{_OTHER_HAN})|\b(?:(?:{_LATIN_NAMES})s?|{_OTHER_LATIN})\b)"
"""A pattern for the words for documents of some kind, which a title need not contain. Match it without regard to case."""


def find(text: str, *, loosely: bool = False) -> frozenset[int]:
    """Returns the kinds of documents that a text names, as numbers that are the same in both languages.

    Args:
        text: A question, or the title or file name of a document.
        loosely: Whether the text surely names documents, so that "the report" counts too.
    """
    return frozenset(number for number, pattern in enumerate(_ANY if loosely else _TELLING) if pattern.search(text))


def translations(text: str) -> list[str]:
    """Returns the name in the other language of each kind of documents that a text names in one language only."""
    found = []
    for kind in sorted(find(text, loosely=True)):
        names = [name for group in _KINDS[kind] for name in group]
        is_han = any(not name.isascii() and name in text for name in names)
        found += [next(name for name in names if name.isascii() == is_han)]
    return found
