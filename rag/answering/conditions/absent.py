"""The words of a question that no passage mentions, which say more of a refusal than that there is no answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.text.analysis import Analyzer
from rag.text.language import language_of
from rag.text.names import NameFinder
from rag.types import SearchResult

_HAN = re.compile(r"[\u3400-\u9fff]+")
# English has no tagger here: the words after an article and the like, as far as a preposition or a verb of questions.
_NOUNS = re.compile(
    r"\b(?:an?|the|any|many|much|which|what|my|your|our|their|of|for|from|to|by)\s+((?:[A-Za-z'-]+\s+){0,2}[A-Za-z'-]+)"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{3,}")
# Words of many questions that name nothing a document would have to mention.
_GENERAL = frozenset(
    """
    问题 情况 方面 内容 时候 时间 地方 原因 结果 作用 意义 名字 名称 数量 总数 人数 数字 数据 单位 文件 文档 资料 文章 报告 比例 方式 方法 程度 具体 大概
    答案 信息 部分 样子 事情 东西 全部 目前
    much many long high large what which where when cost take tell give show find name number amount date year time place person people
    there does that this with from about into have were document documents exact exactly called
    across along around after before during between through under over against among until within without upon near
    """.split()
)
_MOST = 2


def absent_words(question: str, results: Sequence[SearchResult], analyzer: Analyzer, names: NameFinder) -> list[str]:
    """Returns the nouns of a question that neither the passages found in its language nor their titles contain, at most two.

    Args:
        question: In Chinese or English.
        results: The passages found.
        analyzer: The library's.
        names: Tags Chinese words.

    Returns:
        The words as the question writes them, in order; empty without passages in its language.
    """
    language = language_of(question)
    own = [result for result in results if result.language == language]
    if not own:
        return []
    found = "\n".join(f"{result.title}\n{result.chunk.section}\n{result.source}\n{result.chunk.text}" for result in own)
    known, folded = set(analyzer.terms(found)), analyzer.fold(found)
    if language == "zh":
        tagged = [pair for run in _HAN.findall(question) for pair in names.tagged(run)]
        words = [word for word, tag in tagged if tag.startswith("n") and len(word) > 1 and word not in folded]
    else:
        words = [word for nouns in _NOUNS.findall(question) for word in _WORD.findall(nouns)]
        words = [word for word in words if (terms := analyzer.content_terms(word)) and not known & set(terms)]
    return [word for word in dict.fromkeys(words) if word.casefold() not in _GENERAL][:_MOST]
