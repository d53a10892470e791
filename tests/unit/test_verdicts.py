"""Verdicts on questions that can be answered by yes or no."""

from __future__ import annotations

import pytest

from rag.answering.composing.verdicts import verdict, worded
from rag.answering.expectations import asks_verdict
from rag.text.analysis import Analyzer

ANALYZER = Analyzer()


def said(question: str, sentence: str) -> str:
    terms = ANALYZER.content_terms(question)

    def overlap(text: str) -> frozenset[str]:
        return frozenset(terms) & frozenset(ANALYZER.terms(text))

    def focus(text: str) -> int:
        return sum(place**2 for place, term in enumerate(terms, 1) if term in set(ANALYZER.terms(text)))

    found = verdict(question, sentence, overlap, focus)
    return found[0] if found else "unsure"


@pytest.mark.parametrize(
    ("question", "sentence", "expected"),
    [
        ("红线是不是无人区？", "红线不可逾越，但它既不是“无人区”，也不是“真空区”。", "no"),
        ("图书馆周一开放吗？", "图书馆周一闭馆，其余各日开放。", "no"),
        ("图书馆周二开放吗？", "图书馆周二开放。", "yes"),
        ("星期日供应晚餐吗？", "除星期日外，食堂每天供应晚餐。", "no"),
        ("星期三供应晚餐吗？", "除星期日外，食堂星期三供应晚餐。", "yes"),
        ("目标全部实现了吗？", "目前多数目标已实现。", "no"),
        ("宠物是否可以入园？", "宠物可以入园。", "yes"),
        ("宠物可以入园吗？", "禁止宠物入园。", "no"),
        ("夜间能不能批准施工？", "施工须经街道批准，夜间一律不予批准。", "no"),
        ("会议是按原计划在周一上午召开的吗？", "因停电，原定周一上午召开的会议改为周三下午召开。", "no"),
        ("会议改到周三下午了吗？", "因停电，原定周一上午召开的会议改为周三下午召开。", "yes"),
        ("持证的渔民可以用刺网吗？", "持证的渔民可以使用网目不小于六厘米的刺网。", "yes"),
        ("Is there a charge for parcels?", "Parcels travel as hand luggage: there is no charge for them.", "no"),
        ("Was the wish for a second bridge granted?", "The club had asked for a second bridge; this was not granted.", "no"),
        ("Was the race held on the original date?", "The race, originally set for May, was postponed to June.", "no"),
        ("保护名录内可以挖沙吗？", "第九条 在保护名录的控制线内，个人不得擅自挖沙。", "no"),
        ("Is Ada still the head of the club?", "She was the head of the club and founded it with Bo.", "unsure"),
        ("Is Ada the head of the club?", "Ada is the head of the club.", "yes"),
        ("Has the decline been curbed?", "The decline has been basically curbed.", "yes"),
        ("Are pets allowed in the hall?", "Pets are not allowed in the hall.", "no"),
        ("租户没有签字，可以强制他们搬走吗？", "未经租户签字同意，不得强制搬走。", "no"),
        ("图书馆周一不开放吗？", "图书馆周一不开放。", "yes"),
        ("图书馆周二不开放吗？", "图书馆周二开放。", "no"),
        ("没有押金可以借书吗？", "读者没有押金也可以借书。", "yes"),
        ("If a tenant has not signed, can he be moved?", "A tenant cannot be moved until he has signed.", "no"),
        ("Is heating included in the rent?", "Heating is included in the rent.", "yes"),
        ("Is the hall free on Sunday?", "Except on Sunday, the hall is free.", "no"),
        ("Is the ferry fast?", "The bakery opens at nine.", "unsure"),
    ],
)
def test_the_clause_that_the_question_asks_about_decides(question: str, sentence: str, expected: str) -> None:
    assert said(question, sentence) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("红线是不是无人区？", True),
        ("食堂收现金吗？", True),
        ("能不能带宠物？", True),
        ("主题是什么？", False),
        ("谁可以带宠物吗？", False),
        ("Are pets allowed?", True),
        ("Hello, do they take cards?", True),
        ("Is it red or blue?", False),
        ("Who is the keeper?", False),
    ],
)
def test_questions_that_a_verdict_answers(question: str, expected: bool) -> None:
    assert asks_verdict(question) is expected


def test_a_verdict_is_in_the_words_of_the_question() -> None:
    assert worded("no", "宠物可以入园吗？", "zh") == "不可以。"
    assert worded("yes", "有没有停车场？", "zh") == "有。"
    assert worded("no", "红线是不是无人区？", "zh") == "不是。"
    assert worded("no", "周一开门吗？", "zh") == "不开门。"
    assert worded("yes", "Are pets allowed?", "en") == "Yes. "
