from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from embeddings.errors import DimensionMismatchError, IndexDamagedError
from embeddings.vector_index import VectorIndex, with_spares


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


# -- inverted files ---------------------------------------------------------------------------------------------------

DIM = 16
LIMIT = 1000 * DIM


def clustered(count: int, seed: int = 0) -> np.ndarray:
    """Unit vectors around 50 centres."""
    rng = np.random.default_rng(seed)
    vectors = units(50, DIM)[rng.integers(0, 50, count)] + 0.15 * rng.standard_normal((count, DIM), dtype=np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = clustered(3000)


def stored(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vector of row 100 is the first; rows that are not there are left out."""
    rows = rows[rows < 100 + len(VECTORS)]
    return rows, VECTORS[rows - 100]


def build(count: int = len(VECTORS), limit: int = LIMIT) -> VectorIndex:
    return VectorIndex.build(DIM, np.arange(100, 100 + count), stored, limit)


def recall(index: VectorIndex, queries: np.ndarray, rows: np.ndarray, among: np.ndarray | None = None) -> float:
    """Counts how many of the 10 nearest rows are found."""
    held = rows if among is None else among
    expected = held[np.argsort(-(queries @ VECTORS[held - 100].T), axis=1)[:, :10]]
    _, found = index.search(queries, with_spares(10), among)
    return float(np.mean([len(set(a) & set(b)) / 10 for a, b in zip(expected.tolist(), found.tolist(), strict=True)]))


@pytest.fixture(scope="module")
def inverted() -> VectorIndex:
    return build()


def test_the_kind_fits_the_number_of_vectors(inverted) -> None:
    assert [build(count).lists for count in (0, 1, 1000)] == [0, 0, 0]
    assert build(1001).lists == 127  # 4 times the root
    assert inverted.lists == 219
    assert 1 <= inverted.probes < inverted.lists
    assert sorted(inverted.rows()) == list(range(100, 3100))
    assert sorted(build(1000).rows()) == list(range(100, 1100))


def test_the_kind_changes_only_when_the_size_has_changed_much(inverted) -> None:
    exact = build(900)
    assert [count for count in (0, 1000, 1001) if exact.suits(count, LIMIT)] == [0, 1000]
    assert [n for n in (0, 499, 500, 3000, 11_900, 12_100) if inverted.suits(n, LIMIT)] == [500, 3000, 11_900]


def test_an_inverted_file_finds_nearly_all_of_the_nearest(inverted) -> None:
    rows = np.arange(100, 3100)
    for queries in (clustered(200, seed=1), units(200, DIM, seed=2)):
        assert recall(inverted, queries, rows) >= 0.98
    assert inverted.recall(stored) >= 0.98
    inverted_without = build()
    inverted_without._index.nprobe = 1
    assert inverted_without.recall(stored) < 0.8


def test_scores_of_an_inverted_file_are_near_the_inner_products(inverted) -> None:
    scores, rows = inverted.search(VECTORS[:20], 5)
    np.testing.assert_allclose(scores, np.einsum("qd,qkd->qk", VECTORS[:20], VECTORS[rows - 100]), atol=0.02)
    assert (np.diff(scores, axis=1) <= 0).all()


@pytest.mark.parametrize("count", [1, 5, 40, 300, 1500, 2999])
def test_a_narrowed_search_of_an_inverted_file_finds_the_nearest_of_those(inverted, count) -> None:
    among = np.random.default_rng(count).choice(np.arange(100, 3100), count, replace=False)
    queries = units(40, DIM, seed=count)
    _, found = inverted.search(queries, 20, among)
    assert found.shape == (40, min(20, count))
    assert set(found.ravel().tolist()) - {-1} <= set(among.tolist())
    assert recall(inverted, queries, np.arange(100, 3100), np.sort(among)) >= 0.98 * min(10, count) / 10


def test_an_inverted_file_grows_and_shrinks(tmp_path) -> None:
    index = build(2000)
    assert index.remove([*range(100, 1100), 99_999]) == 1000
    index.add(range(2100, 3100), VECTORS[2000:])
    rows = np.arange(1100, 3100)
    assert sorted(index.rows()) == rows.tolist()
    _, found = index.search(VECTORS, 50)
    assert set(found.ravel().tolist()) <= set(rows.tolist())
    assert recall(index, clustered(200, seed=1), rows) >= 0.98
    index.save(tmp_path / "vectors.faiss")
    loaded = VectorIndex.load(tmp_path / "vectors.faiss")
    assert (loaded.dim, len(loaded), loaded.lists, loaded.probes) == (DIM, 2000, index.lists, index.probes)
    assert loaded.search(VECTORS[:50], 20)[1].tolist() == index.search(VECTORS[:50], 20)[1].tolist()
    loaded.remove(rows)
    assert (len(loaded), loaded.rows().tolist()) == (0, [])


def test_the_same_vectors_make_the_same_inverted_file(inverted) -> None:
    again = build()
    assert again.probes == inverted.probes
    assert again.search(VECTORS[:50], 20)[1].tolist() == inverted.search(VECTORS[:50], 20)[1].tolist()


def test_vectors_that_are_all_alike_can_be_clustered() -> None:
    one = units(1, DIM).repeat(1200, axis=0)
    index = VectorIndex.build(DIM, np.arange(1200), lambda rows: (rows, one[rows]), LIMIT)
    _, found = index.search(one[:1], 20)
    assert len(set(found[0].tolist()) - {-1}) == 20
    zeros = VectorIndex.build(DIM, np.arange(1200), lambda rows: (rows, 0 * one[rows]), LIMIT)
    assert len(zeros) == 1200
    assert 0 <= zeros.recall(lambda rows: (rows, 0 * one[rows])) <= 1


def test_rows_that_are_not_stored_any_more_are_left_out() -> None:
    index = VectorIndex.build(DIM, np.arange(2000, 4000), stored, LIMIT)
    assert sorted(index.rows()) == list(range(2000, 3100))


@pytest.mark.parametrize("kind", ["cut short", "without its last byte", "garbage after a true beginning"])
def test_a_damaged_inverted_file_is_refused(tmp_path, inverted, kind) -> None:
    path = tmp_path / "vectors.faiss"
    inverted.save(path)
    path.write_bytes(damaged(path.read_bytes())[kind])
    with pytest.raises(IndexDamagedError, match="rebuilt"):
        VectorIndex.load(path)
