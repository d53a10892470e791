from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from embeddings.errors import DimensionMismatchError, IndexDamagedError
from embeddings.vector_index import VectorIndex


def units(count: int, dim: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, dim))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def filled(rows: list[int], vectors: np.ndarray) -> VectorIndex:
    index = VectorIndex(vectors.shape[1])
    index.add(rows, vectors)
    return index


@st.composite
def operations(draw):
    """A dimension, and batches of rows to add and to remove."""
    dim = draw(st.integers(1, 8))
    numbers = draw(st.lists(st.integers(0, 2**20), max_size=40, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, len(numbers)), max_size=3)))
    removed = draw(st.lists(st.sampled_from(numbers), unique=True)) if numbers else []
    vectors = draw(hnp.arrays(np.float32, (len(numbers), dim), elements=st.floats(-1, 1, width=32)))
    queries = draw(hnp.arrays(np.float32, (draw(st.integers(1, 3)), dim), elements=st.floats(-1, 1, width=32)))
    return numbers, cuts, removed, vectors, queries


@given(operations(), st.integers(1, 50), st.data())
def test_it_finds_what_brute_force_finds(operation, top_k, data) -> None:
    numbers, cuts, removed, vectors, queries = operation
    index = VectorIndex(vectors.shape[1])
    for start, end in zip([0, *cuts], [*cuts, len(numbers)], strict=True):
        index.add(numbers[start:end], vectors[start:end])
    assert index.remove([*removed, 2**41]) == len(removed)
    rounded = vectors.astype(np.float16).astype(np.float32)
    stored = {number: vector for number, vector in zip(numbers, rounded, strict=True) if number not in removed}
    assert len(index) == len(stored)
    assert sorted(index.rows()) == sorted(stored)

    among = data.draw(st.none() | st.lists(st.sampled_from(sorted(stored)), unique=True)) if stored else None
    scores, rows = index.search(queries, top_k, None if among is None else np.array(among, np.int64))

    searched = list(stored if among is None else among)
    assert scores.shape == rows.shape == (len(queries), min(top_k, len(searched)))
    for query, row_scores, found in zip(queries, scores, rows, strict=True):
        expected = sorted((float(stored[row] @ query) for row in searched), reverse=True)[: len(found)]
        np.testing.assert_allclose(row_scores, expected, atol=1e-5)
        np.testing.assert_allclose([stored[row] @ query for row in found], row_scores, atol=1e-5)
        assert len(set(found.tolist())) == len(found)
        assert set(found.tolist()) <= set(searched)


def test_the_best_comes_first() -> None:
    index = filled([7, 3, 9], np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32))
    scores, rows = index.search(np.array([[0.8, 0.6]], np.float32), 3)
    assert rows.tolist() == [[3, 7, 9]]
    # Scored by vectors in half precision.
    np.testing.assert_allclose(scores, [[0.96, 0.8, 0.6]], atol=2**-11)


def test_no_row_is_searched_among_none() -> None:
    index = filled([1, 2], units(2, 4))
    scores, rows = index.search(units(3, 4), 5, np.empty(0, np.int64))
    assert scores.shape == rows.shape == (3, 0)


def test_an_empty_index_finds_nothing() -> None:
    scores, rows = VectorIndex(4).search(units(2, 4), 5)
    assert scores.shape == rows.shape == (2, 0)
    assert VectorIndex(4).rows().tolist() == []


def test_other_layouts_and_precisions_are_taken() -> None:
    vectors = units(6, 4).astype(np.float64)
    index = VectorIndex(4)
    index.add([1, 2, 3], np.asfortranarray(vectors)[::2])
    assert index.search(vectors[2:3], 1)[1].tolist() == [[2]]


@pytest.mark.parametrize("shape", [(2, 3), (2, 5), (4,), (1, 2, 4)])
def test_vectors_of_another_shape_are_refused(shape) -> None:
    index = filled([1], units(1, 4))
    vectors = np.zeros(shape, np.float32)
    with pytest.raises(DimensionMismatchError, match="4 dimensions"):
        index.add(range(2, 2 + shape[0]), vectors)
    with pytest.raises(DimensionMismatchError, match="4 dimensions"):
        index.search(vectors, 1)
    assert len(index) == 1


def test_what_is_saved_is_loaded(tmp_path) -> None:
    path, vectors = tmp_path / "vectors.faiss", units(20, 8)
    filled(list(range(100, 120)), vectors).save(path)
    loaded = VectorIndex.load(path)
    assert (loaded.dim, len(loaded)) == (8, 20)
    assert loaded.search(vectors, 1)[1].ravel().tolist() == list(range(100, 120))
    loaded.remove([100])
    loaded.add([500], units(1, 8, seed=1))
    loaded.save(path)
    assert sorted(VectorIndex.load(path).rows()) == [*range(101, 120), 500]
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.faiss"]


def test_an_empty_index_is_saved_too(tmp_path) -> None:
    VectorIndex(8).save(tmp_path / "vectors.faiss")
    loaded = VectorIndex.load(tmp_path / "vectors.faiss")
    assert (loaded.dim, len(loaded)) == (8, 0)


def test_failing_to_save_leaves_what_was_there(tmp_path, monkeypatch) -> None:
    path = tmp_path / "vectors.faiss"
    filled([1], units(1, 4)).save(path)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        filled([1, 2, 3], units(3, 4)).save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.faiss"]


def damaged(data: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "cut short": data[: len(data) // 2],
        "without its last byte": data[:-1],
        "garbage": bytes(range(256)) * 8,
        "text": "不是索引".encode() * 100,
        "garbage after a true beginning": data[:8] + b"\xff" * (len(data) - 8),
    }


@pytest.mark.parametrize("kind", damaged(b""))
def test_a_damaged_file_is_refused(tmp_path, kind) -> None:
    path = tmp_path / "vectors.faiss"
    filled([1, 2, 3], units(3, 4)).save(path)
    path.write_bytes(damaged(path.read_bytes())[kind])
    with pytest.raises(IndexDamagedError, match="rebuilt") as caught:
        VectorIndex.load(path)
    assert "\n" not in str(caught.value)


def test_an_index_of_another_kind_is_refused(tmp_path) -> None:
    import faiss

    path = tmp_path / "vectors.faiss"
    path.write_bytes(faiss.serialize_index(faiss.IndexFlatIP(4)).tobytes())
    with pytest.raises(IndexDamagedError, match="another kind"):
        VectorIndex.load(path)


def test_a_missing_file_is_damage_too(tmp_path) -> None:
    with pytest.raises(IndexDamagedError):
        VectorIndex.load(tmp_path / "none.faiss")
