"""Other wordings of a question, and the choice between them."""

from __future__ import annotations

import pytest
from hashing_encoder import HashingEncoder

from rag.answering.reading import Reading, Sentence
from rag.answering.rewording import best, cores_of
from rag.library.library import Library
from rag.types import Chunk, SearchResult

TEXT = "The windmill was built in 1791."
RESULT = SearchResult(Chunk("d-0", "d", TEXT, 0, len(TEXT)), "Windmill", "d.txt", "en", 1.0, 1)


@pytest.mark.parametrize(
    ("question", "cores"),
    [
        (
            (
                "Good morning, my husband and I will visit the windmill on Heron Hill with our two sons, who love old machines, and as we come "
                "by bicycle I would like to know when it opens on Sundays, many thanks!"
            ),
            ["when the windmill on Heron Hill opens on Sundays?", "when Heron Hill opens on Sundays?"],
        ),
        (
            (
                "I teach at a small school in the north. My pupils are eleven years old and they are writing about mills this month. "
                "Could you tell me how long the sails of the windmill are? Kind regards"
            ),
            ["how long the sails of the windmill are?"],
        ),
        (
            "您好，我们全家下周末打算去青岭博物馆看展览，孩子年纪小走不了太远，听说门口可以租小推车，想问一下那里几点开门，谢谢！",
            ["青岭博物馆几点开门？"],
        ),
        (
            "我是一名记者，正在写一篇关于《河道管理条例》的稿子，采访了很多人说法都不一样，所以请问罚款最高是多少？",
            ["河道管理条例罚款最高是多少？", "罚款最高是多少？"],
        ),
        ("When was the windmill on Heron Hill built, and by whom?", []),
        ("长江十年禁渔从哪天开始？", []),
        ("全面禁止非法野生动物交易、革除滥食野味陋习的那个决定，常务委员会是在哪一年的哪一天举行的会议上表决通过的？", []),
    ],
)
def test_a_long_question_is_reduced_to_what_it_asks(question: str, cores: list[str]) -> None:
    assert cores_of(question) == cores


@pytest.fixture
def library(tmp_path: object, encoder: HashingEncoder) -> Library:
    class Known(Library):
        """Its search finds nothing, so that only words of one token are known."""

        def search_terms(self, *_: object, **__: object) -> list[tuple[int, float]]:
            return []

    class Encoder(HashingEncoder):
        def count_tokens(self, texts: object) -> list[int]:
            return [1 if text in ("when", "was", "the", "built") else 2 for text in texts]  # type: ignore[attr-defined]

    return Known(str(tmp_path), Encoder())


def read(support: float) -> list[Reading]:
    return [Reading(RESULT, (Sentence(0, len(TEXT), TEXT, support, (0, 0), 1.0),), support)]


@pytest.mark.parametrize(
    ("before", "after", "is_taken"), [(0.1, 0.8, True), (0.6, 0.7, True), (0.7, 0.75, False), (0.0, 0.0, False)]
)
def test_a_correction_is_taken_if_it_is_read_clearly_better(
    before: float, after: float, is_taken: bool, library: Library
) -> None:
    asked = []

    def reread(query: str) -> list[Reading]:
        asked.append(query)
        return read(after) if after else []

    wording = best("When was the wimdmill built?", [RESULT], read(before), library, reread)
    assert asked == ["When was the windmill built?"]
    if is_taken:
        assert wording is not None
        assert wording.query == "When was the windmill built?"
        assert wording.note == "Did you mean “When was the windmill built?”? This answers that question."
    else:
        assert wording is None


def test_a_question_of_known_words_is_not_read_again(library: Library) -> None:
    def reread(query: str) -> list[Reading]:
        raise AssertionError(query)

    assert best("When was the windmill built?", [RESULT], read(0.1), library, reread) is None
