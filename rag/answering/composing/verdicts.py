"""Verdicts: whether a sentence answers a question by yes or by no."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from rag.answering.composing.clauses import Terms, clauses
from rag.answering.expectations import HAN_YES_NO
from rag.text.negation import NEGATION
from rag.text.questions import ENGLISH_AUXILIARY
from rag.text.sentences import Span
from rag.types import Language

Verdict = Literal["yes", "no"]

_ALL = re.compile(
    r"全部|所有|都(?!市)|完全|一切|每|任何|\b(?:all|every|entire(?:ly)?|fully|completely|always|any)\b", re.IGNORECASE
)
_NOT_ALL = re.compile(
    r"多数|大多|部分|基本|个别|一些|有的|并不|不意味|\b(?:most|some|partly|basically|not all|mainly|largely|several)\b",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(
    r"除(?:了)?(?P<han>[^，,。；]{1,30}?)(?:之?外|以外)|(?P<exempt>[^，,。；]{2,30}?)(?:不受此限|不在此限|不在此列|除外|例外)|\b(?:except(?:ing)?|other than|apart from|unless)\b(?: for| on| in)? (?P<english>[^,.;]{1,60})",
    re.IGNORECASE,
)
# Words that say the opposite of each other: a pattern for what a question names, and one for what denies it.
_OPPOSITES = tuple(
    (re.compile(affirms, re.IGNORECASE), re.compile(denies, re.IGNORECASE))
    for affirms, denies in (
        (
            r"允许|可以|能(?!力|源)|准许|\b(?:allow|permit|may|can)",
            r"禁止|严禁|不得|不准|禁(?=[止带入捕])|谢绝|\b(?:prohibit|forbid|ban|refus)",
        ),
        (r"开放|营业|开门|\bopen", r"闭馆|关闭|停业|关门|休馆|\bclos"),
        (r"免费|\bfree\b", r"收费|票价|\bcharge|\bfee\b"),
        (r"增[加长]|上升|提高|\b(?:increas|rise|rose|grow|grew)", r"减少|下降|降低|\b(?:decreas|declin|fall|fell|drop)"),
        (r"供应|提供|\b(?:serve|offer|provide)", r"停止供应|停供|暂停"),
        (r"必须|需要|须|\b(?:must|need|require)", r"无需|无须|不必|免于|自愿|\b(?:optional|voluntary|exempt)"),
    )
)
# A question that denies; the 无 of 无人区 does not.
_DENIES = re.compile(r"不(?![断同仅但])|没|未(?!来)|\b(?:not|never|no)\b|n['’]t\b", re.IGNORECASE)
# A bound does not deny: 不小于六厘米.
_BOUND = re.compile(r"不[小少低大高多早晚]于|不超过|\b(?:no|not) (?:less|more|fewer|later|earlier|greater) than\b", re.IGNORECASE)
# What had been planned is not so any more.
_CHANGED = re.compile(
    r"(?:原定|原计划|本应).*(?:改|推迟|延期|取消|提前)|\b(?:originally|had been|was to)\b.*\b(?:moved|postponed|cancelled|changed|brought forward)\b",
    re.IGNORECASE,
)
# What was so need not be so still.
_STILL = re.compile(r"仍|(?<![需要])还(?=[是在有能可])|现在|目前|\b(?:still|currently|now)\b", re.IGNORECASE)
_WAS = re.compile(r"曾|\b(?:was|were|had been|former(?:ly)?|until)\b", re.IGNORECASE)
# A clause that only says where or when is no rule: 在名录的范围内，不得….
_LEADS_IN = re.compile(r"(?:^|\s)(?:在|对|对于|因|按|按照|经|自|当)[^，]{1,40}(?:内|中|上|下|时|后|前|的|外)[，,]?\s*$")
_ASKS_CHANGE = re.compile(r"改|推迟|延期|取消|提前|\b(?:moved|postponed|cancelled|changed)\b", re.IGNORECASE)
# A clause that says what became of the one before it.
_OF_THE_CLAUSE_BEFORE = re.compile(
    r"(?:但|而|不过)?(?:此|该|这|对此)|(?:but |and |yet )?(?:this|that|these|it|they)\b", re.IGNORECASE
)
# What a question asks the existence of.
_EXISTENCE = re.compile(
    r"\b(?:is|are|was|were) there (?:(?:an?|any|no|some) )?(?P<thing>[\w' -]+?)(?= (?:on|in|at|for|to|of|with|from|during|after|before)\b|[?,.]|$)",
    re.IGNORECASE,
)
_BEGINS_TO_ASK = re.compile(rf"\s*{ENGLISH_AUXILIARY}\b", re.IGNORECASE)
_LEAST_COVERED = 0.5
_BESIDE = 2
_WORDS: dict[Verdict, dict[Language, str]] = {"yes": {"zh": "是。", "en": "Yes. "}, "no": {"zh": "不是。", "en": "No. "}}
_HAN_VERBS = (
    (re.compile(r"可以|可不可以|能不能|能否|允许"), {"yes": "可以。", "no": "不可以。"}),
    (re.compile(r"有没有|有[^，]{0,20}吗"), {"yes": "有。", "no": "没有。"}),
    (re.compile(r"需要|要不要|必须|须"), {"yes": "需要。", "no": "不需要。"}),
    (re.compile(r"会不会|会[^，]{0,20}吗"), {"yes": "会。", "no": "不会。"}),
)
# 周一开门吗？ is answered by 不开门, not by 不是.
_VERB_ASKED = re.compile(
    r"(?<![是不])(开门|开放|营业|免费|收费|收取?|提供|供应|外借|包括|包含|支持|参加|负责|属于)[^，,是]{0,8}吗[？?。 ]*$"
)


def verdict(question: str, sentence: str, overlap: Terms, focus: Callable[[str], int]) -> tuple[Verdict, Span] | None:
    """Tells whether a sentence that answers a question says yes or no.

    Args:
        question: One that can be answered by yes or no.
        sentence: The sentence, in the language of the question.
        overlap: Finds the terms of the question in a text.
        focus: Weighs the terms of the question in a text; those at its end, where it asks, the most.

    Returns:
        The verdict and the clause that says so; None unless it is sure.
    """
    everything = overlap(question)
    if not everything or len(overlap(sentence)) < _LEAST_COVERED * len(everything):
        return None
    if _STILL.search(question) and _WAS.search(sentence) and not _STILL.search(sentence):
        return None
    begin, end = _deciding(question, sentence, overlap, focus)
    clause = sentence[begin:end]
    bare = HAN_YES_NO.sub("", question)
    exceptions = [match["han"] or match["exempt"] or match["english"] or "" for match in _EXCEPTION.finditer(sentence)]
    rest = _without(_EXCEPTION.sub(" ", clause), bare)
    opposed = any(
        (affirms.search(bare) and denies.search(rest))
        or (denies.search(bare) and affirms.search(rest) and not denies.search(clause))
        for affirms, denies in _OPPOSITES
    )
    changed = bool(_CHANGED.search(sentence)) and not _ASKS_CHANGE.search(bare)
    denied = bool(NEGATION.search(_BOUND.sub(" ", rest))) or opposed or changed
    if exceptions:
        # The rule that something is an exception to may be in another clause.
        denied = denied or bool(NEGATION.search(_without(_EXCEPTION.sub(" ", sentence), bare)))
    # 星期三 and 星期日 share a term, but not the whole word.
    specific = {term for term in everything if not any(term != other and term in other for other in everything)}
    if any(overlap(exception) & specific for exception in exceptions):
        denied = not denied
    if _ALL.search(bare) and (_NOT_ALL.search(rest) or exceptions):
        denied = True
    asking = HAN_YES_NO.sub("", _asking(question))
    # 没有押金也可以 affirms 没有押金可以…吗？
    asks_denial = any(asking[match.start() : match.end() + _BESIDE] not in clause for match in _DENIES.finditer(asking))
    said: Verdict = "no" if denied != asks_denial else "yes"
    return said, (begin, end)


def _asking(question: str) -> str:
    """Returns the clause of a question that asks. In the others, a condition may deny: 没有签字 before 可以强制搬走吗."""
    parts = re.split(r"[，,；;]", question)
    asks = [part for part in parts if HAN_YES_NO.search(part) or _BEGINS_TO_ASK.match(part)]
    return re.split(r"\b(?:if|unless|when|although|even though)\b", asks[-1])[0] if asks else question


def _deciding(question: str, sentence: str, overlap: Terms, focus: Callable[[str], int]) -> Span:
    """Returns the clause of a sentence that answers: the one with most of the question in it, or one that says what became of that."""
    parts = clauses(sentence)
    texts = [sentence[slice(*part)] for part in parts]
    if (asked := _EXISTENCE.search(question)) and any(found := [len(overlap(asked["thing"]) & overlap(text)) for text in texts]):
        return parts[found.index(max(found))]
    weights = [focus(text) for text in texts]
    best = weights.index(max(weights))
    # A later clause that says the same of the case in question is the rule for that: 须经批准，候鸟保护期内一律不予批准.
    known = overlap(texts[best])
    special = [i for i in range(best + 1, len(parts)) if (terms := overlap(texts[i])) - known and terms & known]
    best = special[0] if special else best
    if best + 1 < len(parts) and _OF_THE_CLAUSE_BEFORE.match(texts[best + 1]) and NEGATION.search(texts[best + 1]):
        best += 1
    last = best
    while last + 1 < len(parts) and _LEADS_IN.search(sentence[parts[best][0] : parts[last][1]]):
        last += 1
    return parts[best][0], parts[last][1]


def worded(said: Verdict, question: str, language: Language) -> str:
    """Returns a verdict in the words of the question."""
    if language == "zh":
        for pattern, words in _HAN_VERBS:
            if pattern.search(question):
                return words[said]
        if verb := _VERB_ASKED.search(question):
            return f"{'不' if said == 'no' else ''}{verb[1]}。"
    return _WORDS[said][language]


def _without(clause: str, question: str) -> str:
    """Removes what a clause shares with the question: 无人区 in it does not deny."""
    for size in range(min(len(question), 12), 1, -1):
        for start in range(len(question) - size + 1):
            piece = question[start : start + size]
            if piece in clause and re.fullmatch(r"[\u3400-\u9fff]+", piece):
                clause = clause.replace(piece, " ")
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", question)} - {"not", "no", "never"}
    return re.sub(r"[A-Za-z]+", lambda word: " " if word[0].lower() in words else word[0], clause)
