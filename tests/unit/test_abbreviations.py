"""Questions after the full name of an abbreviation."""

from __future__ import annotations

import pytest

from rag.answering.direct.abbreviations import answer
from rag.types import Chunk, Document, Language, SearchResult

TEXT = (
    "茶山合作社（简称CSH）成立于2004年。本会由松岭登山协会（以下简称“登协”）主办。\n"
    "Since 1990 the Heron Hill Trust (HHT) maintains the mill with the Guild of Millers (GM).\n"
    "The Town Council (the TC) pays. Old Mill (ABC) is closed."
)
SOURCE = Document("d", "Notes", "d.txt", TEXT, "zh")
RESULT = SearchResult(Chunk("d-0", "d", TEXT, 0, len(TEXT)), "Notes", "d.txt", "zh", 1.0, 1)


def first_line(question: str) -> str:
    language: Language = "en" if question.isascii() else "zh"
    given = answer(question, [RESULT], language, lambda _: SOURCE)
    if given is None:
        return ""
    ((statement,), _) = given
    (citation,) = statement.citations
    assert TEXT[citation.start : citation.end] == citation.quote
    return statement.text.split("\n")[0]


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("What does HHT stand for?", "HHT stands for “Heron Hill Trust”.[1]"),
        ("What is the full name of the GM?", "GM stands for “Guild of Millers”.[1]"),
        ("CSH是什么的简称？", "CSH是“茶山合作社”的简称。[1]"),
        ("“登协”的全称是什么？", "登协是“松岭登山协会”的简称。[1]"),
        # Its letters are not those of the name before the bracket.
        ("What does ABC stand for?", ""),
        ("What does XYZ stand for?", ""),
        ("What does HHT do?", ""),
    ],
)
def test_the_name_before_the_bracket_is_the_answer(question: str, line: str) -> None:
    assert first_line(question) == line
