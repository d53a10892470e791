"""Typing errors in questions, corrected by the words of passages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rag.text.analysis import Analyzer
from rag.text.spelling import corrected

PASSAGES = [
    "長江十年禁漁：2021年1月1日起，將在長江幹流實行禁捕。\n生物多样性保护取得成效，红树林面积增加。",
    "The windmill on Heron Hill was built in 1791 by Caspar Lindqvist. Its sails measure 22 metres.",
]
KNOWN = set(
    "was built the windmill hill heron on its sails metres in by how high when who what are long hero hair deliver neutral stock stick will".split()
)


def are_words(words: Sequence[str]) -> list[bool]:
    return [word in KNOWN for word in words]


def is_in_library(word: str) -> bool:
    return word == "caspian"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("长江十年近渔从哪天开始？", "长江十年禁渔从哪天开始？"),
        ("长江十年禁渔从那天开始？", "长江十年禁渔从哪天开始？"),
        ("生物多洋性保护怎么样？", "生物多样性保护怎么样？"),
        ("长江渔禁是什么", "长江禁渔是什么"),
        ("長江十年近漁從哪天開始？", "長江十年禁渔從哪天開始？"),
        ("红素林有多大？", "红树林有多大？"),
        ("红数林有多大？", "红树林有多大？"),
        ("红树林面积是多绍", "红树林面积是多少"),
        ("Whne was the wimdmill on Heron Hill biult?", "When was the windmill on Heron Hill built?"),
        ("Who is Lindqvst?", "Who is Lindqvist?"),
        # Words that are in no passage.
        ("Who will dliver it, who is netural?", "Who will deliver it, who is neutral?"),
        ("how logn are its sials", "how long are its sails"),
    ],
)
def test_unknown_words_become_the_nearest_of_the_passages(typed: str, meant: str, analyzer: Analyzer) -> None:
    assert corrected(typed, PASSAGES, analyzer, are_words, is_in_library) == meant


@pytest.mark.parametrize(
    "question",
    [
        # Known words, whatever is near them.
        "Who was the hero on the hill?",
        # No second question word, and no word of grammar, is meant.
        "What is the wheat of the hill?",
        "What is the themme of the hill?",
        # Abbreviations, codes, addresses and quoted words.
        "What are WNDMILL and sials-7 and sials@hill.org?",
        "What is a “wimdmill”?",
        # Several words are one letter away.
        "Who was the stck on the hill?",
        "Who was on the caspian hill?",
        "What are the windmills?",
        # Two errors in a name, or one in a short name.
        "Who was Cospxr Lindkwist?",
        "Who was Hil?",
        "在那天发生了什么？",
        "那年呢？",
        "“近渔”是什么意思？",
        "长江干流的红树林有多少？",
        "生物多样性保护有什么意义？",
        # No word of a dictionary, and no word of the passages sounds the same.
        "要安置多少名退捕渔民？",
    ],
)
def test_other_questions_stay_as_they_are(question: str, analyzer: Analyzer) -> None:
    assert corrected(question, PASSAGES, analyzer, are_words, is_in_library) == question
