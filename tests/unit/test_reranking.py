"""Rerankers as readers: the support of every sentence, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from embeddings.errors import Stopped
from rag.answering.reranking import RerankerReader
from rag.errors import ModelError
from rag.types import Chunk, SearchResult


def result(name: str, text: str, start: int = 0, section: str = "") -> SearchResult:
    chunk = Chunk(f"{name}-{start}", name, text, start, start + len(text), section=section)
    return SearchResult(chunk, f"Title {name}", f"{name}.txt", "en", 0.0, 1)


ONE = result("one", "Fish swim. Birds fly.", 100, "Animals")
TWO = result("two", "Trees grow.")
HEADING = result("three", "Animals", section="Animals")


class Scores:
    """A reranker that scores a document by the first of the given words that is in it, and keeps what it was asked."""

    def __init__(self, given: dict[str, float]) -> None:
        self.given = given
        self.calls: list[tuple[str, list[str]]] = []

    def rank(self, query: str, documents: list[str]) -> Sequence[dict[str, Any]]:
        self.calls.append((query, documents))
        rows = [
            {"corpus_id": place, "score": score}
            for place, document in enumerate(documents)
            for word, score in self.given.items()
            if word in document
        ]
        return sorted(rows, key=lambda row: -row["score"])


def test_every_sentence_has_the_score_of_its_own() -> None:
    readings = RerankerReader(Scores({"Fish": 0.25, "Birds": 0.75, "Trees": 0.5})).read("?", [TWO, ONE, HEADING])
    assert [(reading.result, reading.support) for reading in readings] == [(ONE, 0.75), (TWO, 0.5)]
    fish, birds = readings[0].sentences
    assert (fish.text, fish.start, fish.end, fish.support) == ("Fish swim.", 100, 110, 0.25)
    assert (birds.text, birds.start, birds.end, birds.support) == ("Birds fly.", 111, 121, 0.75)
    # It does not say where in the sentence the answer is.
    assert {(s.answer[0] - s.start, s.answer[1] - s.start, s.likelihood) for s in (fish, birds)} == {(0, 0, 0.0)}


def test_a_sentence_is_ranked_below_its_title_and_headings() -> None:
    reranker = Scores({})
    RerankerReader(reranker).read("Who swims?", [ONE, TWO])
    texts = ["Title one\nAnimals\nFish swim.", "Title one\nAnimals\nBirds fly.", "Title two\nTrees grow."]
    assert reranker.calls == [("Who swims?", texts)]


def test_a_sentence_that_is_left_out_has_no_support() -> None:
    readings = RerankerReader(Scores({"Birds": 0.75})).read("?", [ONE, TWO])
    assert [sentence.support for reading in readings for sentence in reading.sentences] == [0.0, 0.75, 0.0]


def test_batches_give_the_same_readings() -> None:
    scores = {"Fish": 0.25, "Birds": 0.75, "Trees": 0.5}
    reranker = Scores(scores)
    assert RerankerReader(reranker, batch_size=2).read("?", [ONE, TWO]) == RerankerReader(Scores(scores)).read("?", [ONE, TWO])
    assert [len(documents) for _, documents in reranker.calls] == [2, 1]


def test_scores_are_turned_into_probabilities() -> None:
    (reading,) = RerankerReader(Scores({"Trees": 8.0}), lambda score: score / 10).read("?", [TWO])
    assert reading.support == 0.8


@pytest.mark.parametrize("score", [1.5, -0.1, float("nan")])
def test_a_score_that_is_no_probability_is_refused(score: float) -> None:
    with pytest.raises(ModelError, match="pass `probability`"):
        RerankerReader(Scores({"Trees": score})).read("?", [TWO])


@pytest.mark.parametrize("place", [-1, 1])
def test_a_place_that_is_none_of_the_documents_is_refused(place: int) -> None:
    class Misplaced:
        def rank(self, query: str, documents: list[str]) -> list[dict[str, float]]:
            return [{"corpus_id": place, "score": 0.5}]

    with pytest.raises(ModelError, match="corpus_id"):
        RerankerReader(Misplaced()).read("?", [TWO])


def test_it_stops_between_two_batches() -> None:
    stop = threading.Event()

    class Stopping(Scores):
        def rank(self, query: str, documents: list[str]) -> Sequence[dict[str, Any]]:
            stop.set()
            return super().rank(query, documents)

    reranker = Stopping({"Fish": 0.5})
    with pytest.raises(Stopped):
        RerankerReader(reranker, batch_size=1).read("?", [ONE, TWO], stop)
    assert len(reranker.calls) == 1


def test_nothing_is_read_of_no_passages() -> None:
    reranker = Scores({})
    assert RerankerReader(reranker).read("?", []) == []
    assert reranker.calls == []


@pytest.fixture
def tiny_cross_encoder(tmp_path: Path) -> Callable[[str], Any]:
    """Makes a real `CrossEncoder` with random weights that knows the words of a text."""

    def make(words: str) -> Any:
        import torch
        from sentence_transformers import CrossEncoder
        from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

        torch.manual_seed(0)
        vocabulary = tmp_path / "vocab.txt"
        tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys(words.casefold().split())]
        vocabulary.write_text("\n".join(tokens), encoding="utf-8")
        BertTokenizerFast(str(vocabulary)).save_pretrained(tmp_path / "model")
        config = BertConfig(
            vocab_size=len(tokens), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, num_labels=1
        )
        BertForSequenceClassification(config).save_pretrained(tmp_path / "model")
        return CrossEncoder(str(tmp_path / "model"), activation_fn=torch.nn.Sigmoid(), device="cpu")

    return make


def test_a_cross_encoder_of_sentence_transformers_is_a_reader(tiny_cross_encoder: Callable[[str], Any]) -> None:
    model = tiny_cross_encoder("what do birds fish trees fly swim grow title one two animals . ?")
    readings = RerankerReader(model).read("What do birds do?", [ONE, TWO])
    pairs = [
        ("What do birds do?", f"Title {name}\n{text}")
        for name, text in (("one", "Animals\nFish swim."), ("one", "Animals\nBirds fly."), ("two", "Trees grow."))
    ]
    expected = {pair[1].rpartition("\n")[2]: score for pair, score in zip(pairs, model.predict(pairs).tolist(), strict=True)}
    supports = {sentence.text: sentence.support for reading in readings for sentence in reading.sentences}
    assert supports == pytest.approx(expected, abs=1e-6)
    assert len(set(expected.values())) == 3
