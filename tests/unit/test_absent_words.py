"""The words of a question that no passage mentions."""

from __future__ import annotations

import pytest

from rag.answering.conditions.absent import absent_words
from rag.text.analysis import Analyzer
from rag.text.names import NameFinder
from rag.types import Chunk, Language, SearchResult

ANALYZER = Analyzer()
NAMES = NameFinder(ANALYZER)


def result(text: str, language: Language) -> SearchResult:
    return SearchResult(Chunk("d-0", "d", text, 0, len(text)), "Harbour 港口", "harbour.txt", language, 0.0, 1)


@pytest.mark.parametrize(
    ("question", "text", "language", "absent"),
    [
        ("全县有多少所幼儿园？", "全县有小学57所。", "zh", ["幼儿园"]),
        ("全县有多少所小学？", "全县有小学57所。", "zh", []),
        ("全縣有多少所小學？", "全县有小学57所。", "zh", []),
        ("大概什么时间开门？", "博物馆九点开门。", "zh", []),
        ("What does it cost to take a scooter across?", "Bicycles cost 20 crowns.", "en", ["scooter"]),
        ("What does the ticket for bicycles cost?", "Tickets for a bicycle cost 20 crowns.", "en", []),
        ("How many lifeboats does the ferry carry?", "The ferry carries 180 people.", "en", ["lifeboats"]),
        ("How many lifeboats does the ferry carry?", "渡船可载180人。", "zh", []),
    ],
)
def test_nouns_that_no_passage_of_the_questions_language_contains(
    question: str, text: str, language: Language, absent: list[str]
) -> None:
    assert absent_words(question, [result(text, language)], ANALYZER, NAMES) == absent
