"""The sentence reader, with a cross-encoder written by hand."""

from collections.abc import Sequence
from threading import Event

import numpy as np
import pytest

from embeddings.errors import Stopped
from embeddings.reader import CrossEncoderReader, PassageReading
from rag.answering.reading import FEATURES, Passage, SentenceReader, Weights, features
from rag.types import Chunk, SearchResult

SECTION = "二、采取措施 > （五）就地保护"
TEXT = "（五）就地保护\n\n截至2018年底，各类自然保护地总数已达1.18万个。占国土面积18%以上。"

READING = PassageReading(
    0.0,
    np.array([[0.5, 0.6], [0.3, 0.1], [0.2, 0.3]], np.float32),
    np.array([[0, 4], [4, 9], [9, 12]]),
)


class AnswerFinder(CrossEncoderReader):
    """Reads that a passage with the given words answers, and that the answer begins with them."""

    def __init__(self, words: str) -> None:
        self._words = words

    def read(self, question: str, passages: Sequence[str], stop: Event | None = None) -> list[PassageReading]:
        readings = []
        for passage in passages:
            places = np.zeros((len(passage), 2), np.float32)
            place = passage.find(self._words)
            places[max(0, place), 0] = places[max(0, place) + len(self._words) - 1, 1] = 1.0
            offsets = np.stack([np.arange(len(passage)), np.arange(1, len(passage) + 1)], axis=1)
            readings.append(PassageReading(3.0 if place >= 0 else -3.0, places, offsets))
        return readings


def weights(**given: float) -> Weights:
    row = np.array([given.get("intercept", 0.0), *(given.get(feature, 0.0) for feature in FEATURES)], np.float32)
    return Weights(row, row)


def result(text: str = TEXT, section: str = SECTION, **scores: float) -> SearchResult:
    return SearchResult(Chunk("d-0", "d", text, 100, 100 + len(text), None, section), "白皮书", "d.txt", "zh", 0.0, 1, scores)


def test_headings_are_no_sentences_and_places_are_those_of_the_document() -> None:
    reader = SentenceReader(AnswerFinder("1.18万"), weights(sentence_read=1.0))
    (reading,) = reader.read("有多少个自然保护地？", [result()])
    assert [sentence.text for sentence in reading.sentences] == [
        "截至2018年底，各类自然保护地总数已达1.18万个。",
        "占国土面积18%以上。",
    ]
    for sentence in reading.sentences:
        assert TEXT[sentence.start - 100 : sentence.end - 100] == sentence.text
    assert reading.support == reading.sentences[0].support > reading.sentences[1].support
    start, end = reading.sentences[0].answer
    assert (TEXT[start - 100 : end - 100], reading.sentences[0].likelihood) == ("1.18万", 1.0)


def test_passages_are_ordered_by_their_best_sentence() -> None:
    reader = SentenceReader(AnswerFinder("1.18万"), weights(passage_read=1.0))
    other = result("红线划定面积占比达到25%左右。")
    readings = reader.read("有多少个自然保护地？", [other, result()])
    assert [reading.result.chunk.text for reading in readings] == [TEXT, "红线划定面积占比达到25%左右。"]
    assert readings[0].support == pytest.approx(1 / (1 + np.exp(-3)))
    assert reader.read("有多少个自然保护地？", []) == []


def test_features_by_hand() -> None:
    passage = Passage(result(dense=0.4, coverage=0.7))
    (read,) = SentenceReader(AnswerFinder("1.18万"), weights()).read_passages("康富说的自然保护地有多少个？", [passage])
    named = [dict(zip(FEATURES, row, strict=True)) for row in features(passage, read, 0.2).tolist()]
    assert [row["passage_read"] for row in named] == [3.0, 3.0]
    assert [row["sentence_read"] for row in named] == pytest.approx([np.log(1.02), np.log(0.02)], abs=1e-5)
    assert [row["passage_similarity"] for row in named] == pytest.approx([0.4, 0.4])
    assert [row["passage_terms"] for row in named] == pytest.approx([0.7, 0.7])
    assert [row["terms_elsewhere"] for row in named] == pytest.approx([0.2, 0.2])


def test_a_share_is_of_the_tokens_inside() -> None:
    assert READING.share(0, 4) == pytest.approx(0.5)
    assert READING.share(4, 12) == pytest.approx(0.5)
    assert READING.share(2, 5) == pytest.approx(0.8)
    assert READING.share(12, 20) == 0.0


def test_the_likeliest_answer_lies_inside_and_does_not_end_before_it_begins() -> None:
    assert READING.answer(0, 12) == (0, 4, pytest.approx(0.5 * 0.6))
    assert READING.answer(4, 12) == (4, 12, pytest.approx(0.3 / 0.5 * 0.3 / 0.4))
    assert READING.answer(12, 20) == (12, 12, 0.0)


def test_reading_stops_when_told_to() -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        CrossEncoderReader().read("问？", ["答。"], stop)


def test_traditional_text_is_read_in_simplified_characters_and_quoted_as_it_stands() -> None:
    text = "雲溪圖書館週一閉館。軟體升級時自助借還機停用。"
    reader = SentenceReader(AnswerFinder("软件升级"), weights(sentence_read=1.0))
    (reading,) = reader.read("軟體何時停用？", [result(text, "")])
    best = max(reading.sentences, key=lambda sentence: sentence.support)
    assert best.text == "軟體升級時自助借還機停用。"
    assert text[best.answer[0] - 100 : best.answer[1] - 100] == "軟體升級"


def test_confidence_rises_with_support_and_is_lower_than_a_high_one() -> None:
    reader = SentenceReader()
    shown = [reader.confidence(support) for support in (0.0, 0.2, 0.5, 0.9, 0.99)]
    assert shown == sorted(shown)
    assert shown[0] == 0.0
    assert shown[3] < 0.9
