"""The figures of the development table, on cases worked out by hand."""

import numpy as np
import pytest

from embeddings.training.calibration import expected_calibration_error
from embeddings.training.evaluate import bm25, exact_match, f1, fused, table


@pytest.mark.parametrize(
    ("prediction", "answers", "language", "em", "expected"),
    [
        ("the Eiffel Tower", ["Eiffel Tower"], "en", 1.0, 1.0),
        ("Eiffel Tower in Paris", ["Eiffel Tower"], "en", 0.0, 2 * 2 / (4 + 2)),
        ("Paris", ["London", "Paris, France"], "en", 0.0, 2 / 3),
        ("2021年1月1日", ["2021年1月1日。"], "zh", 1.0, 1.0),
        ("从2021年", ["2021年1月"], "zh", 0.0, 2 * 5 / (6 + 7)),
        ("", ["Paris"], "en", 0.0, 0.0),
    ],
)
def test_matching(prediction: str, answers: list[str], language: str, em: float, expected: float) -> None:
    assert exact_match(prediction, answers) == em
    assert f1(prediction, answers, language) == pytest.approx(expected)


def test_bm25_finds_words_in_both_languages() -> None:
    documents = [
        "长江十年禁渔从2021年开始。",
        "The fishing ban on the Yangtze started in 2021.",
        "自然保护地总数达1.18万个。",
        "Cats sleep.",
    ]
    scores = bm25(documents, ["长江什么时候开始禁渔？", "When do the bans on fishing start?", "dogs"])
    assert scores.shape == (3, 4)
    assert scores[:2].argmax(axis=1).tolist() == [0, 1]
    assert scores[2].max() == 0


def test_bm25_is_the_published_formula() -> None:
    scores = bm25(["apple apple pear", "pear"], ["apple"], k1=1.2, b=0.75)
    inverse = np.log(1 + (2 - 1 + 0.5) / (1 + 0.5))
    assert scores[0, 0] == pytest.approx(inverse * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)), rel=1e-5)
    assert scores[0, 1] == 0


def test_fusion_adds_reciprocal_ranks() -> None:
    left, right = np.array([[3.0, 2.0, 1.0]]), np.array([[1.0, 3.0, 2.0]])
    np.testing.assert_allclose(fused(left, right), [[1 / 61 + 1 / 63, 1 / 62 + 1 / 61, 1 / 63 + 1 / 62]], rtol=1e-6)


def test_calibration_error() -> None:
    assert expected_calibration_error(np.array([0.85] * 4), np.array([1.0, 1.0, 1.0, 0.0])) == pytest.approx(0.1)
    assert expected_calibration_error(np.array([0.0, 1.0]), np.array([0.0, 1.0])) == 0


def test_the_table_has_a_column_a_model() -> None:
    text = table({"recall@1 en->en": {"BM25": 0.9, "encoder": 0.95}, "F1": {"reader": 0.5}})
    assert text.splitlines() == [
        "| | BM25 | encoder | reader |",
        "|---|---|---|---|",
        "| recall@1 en->en | 0.900 | 0.950 | – |",
        "| F1 | – | – | 0.500 |",
    ]
