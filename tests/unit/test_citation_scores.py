"""Citation recall and precision, and how often their judge says what people say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.evaluation.measures.citing import CitationScores, ContainmentJudge, score
from rag.language_models.checking import Evidence
from rag.text.analysis import Analyzer
from rag.types import Answer, Citation

LABELS = Path(__file__).with_name("citation_labels.jsonl")
ROWS = [json.loads(line) for line in LABELS.read_text(encoding="utf-8").splitlines()]
# Three in four, and no fewer: the labels were in view when the rules were made, and what they miss is in them too.
AGREED = 31


def answer(text: str, *quotes: str, generator: str = "a model") -> Answer:
    citations = tuple(Citation(n, "d", "t", "s", None, 0, len(quote), quote, 0.9) for n, quote in enumerate(quotes, 1))
    return Answer("?", "?", text, "answer", citations, (), 0.9, "en", generator)


def holds_words(statement: str, language: str, quotes: list[Evidence]) -> bool | None:
    """A judge by hand: every word of the statement stands in the quotes; it cannot tell of what is shouted."""
    if statement.isupper():
        return None
    there = " ".join(quote.text for quote in quotes).split()
    return bool(quotes) and all(word.strip(".") in there for word in statement.lower().split())


def test_the_judge_agrees_with_people(analyzer: Analyzer) -> None:
    judge = ContainmentJudge(analyzer)
    verdicts = [
        judge(row["statement"], row["language"], [Evidence(q["text"], q["language"]) for q in row["quotes"]]) for row in ROWS
    ]
    assert len(ROWS) == 40
    assert None not in verdicts
    agreed = sum(verdict == row["supported"] for verdict, row in zip(verdicts, ROWS, strict=True))
    assert agreed == AGREED
    wrong_numbers = [
        verdict
        for verdict, row in zip(verdicts, ROWS, strict=True)
        if not row["supported"] and any(mark in row["statement"] for mark in ("83万", "2023年3月", "5 May", "830,000", "25亿"))
    ]
    assert wrong_numbers == [False] * 5


@pytest.mark.parametrize(
    ("statement", "quote", "verdict"),
    [
        ("原文（英文）：“The plan was adopted.”", Evidence("The plan was adopted.", "en"), True),
        ("该计划获得通过。", Evidence("The plan was adopted.", "en"), None),
        ("该计划于2010年获得通过。", Evidence("The plan was adopted in 2011.", "en"), False),
        ("The Kang Fu fund pays for it.", Evidence("康富基金为此出资。", "zh"), True),
        ("2003年", Evidence("青湖基金成立于2003年。", "zh"), True),
        ("anything", None, False),
    ],
)
def test_quotations_and_other_languages(analyzer: Analyzer, statement: str, quote: Evidence | None, verdict: bool | None) -> None:
    language = "zh" if statement[0] > "\u3000" or statement[0].isdigit() else "en"
    assert ContainmentJudge(analyzer)(statement, language, [quote] if quote else []) is verdict  # type: ignore[arg-type]


def test_recall_and_precision_by_hand() -> None:
    said = answer("Red fox[1]. Blue fox[1][2]. Green fox[1]. Grey fox.", "red fox", "blue fox")
    # Supported: red by 1, blue by both, where 1 alone does not support it and 2 alone does, so that 1 is not needed.
    assert score(said, holds_words, {"d": "en"}) == CitationScores(statements=4, supported=2, citations=4, precise=2)


def test_citations_that_hold_a_statement_together_are_both_needed() -> None:
    said = answer("red blue[1][2].", "red", "blue")
    assert score(said, holds_words, {"d": "en"}) == CitationScores(statements=1, supported=1, citations=2, precise=2)


def test_what_cannot_be_told_does_not_count() -> None:
    said = answer("RED FOX[1]. Red fox[1].", "red fox")
    assert score(said, holds_words, {"d": "en"}) == CitationScores(1, 1, 1, 1, undecided=1)
    assert score(answer("red fox"), holds_words, {"d": "en"}) == CitationScores()


def test_a_statement_of_quotes_ends_with_its_markers_and_its_label_is_none() -> None:
    said = answer("5 foxes[1]\n\n- Title: There are 5 foxes. All are red.[1]", "There are 5 foxes. All are red.", generator="")
    seen: list[str] = []

    def judge(statement: str, language: str, quotes: list[Evidence]) -> bool:
        seen.append(statement)
        return bool(quotes)

    assert score(said, judge, {"d": "en"}).statements == 2
    assert list(dict.fromkeys(seen)) == ["5 foxes", "There are 5 foxes. All are red."]
