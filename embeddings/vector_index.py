"""Finds nearest rows by inner product: a FAISS index of the kind that suits its size.

As long as it takes at most 10 ms, a query is compared with every vector. A larger index is an inverted file (IVF; Sivic and
Zisserman, 2003): k-means puts the vectors into lists, and a query is compared with those in the lists with the nearest centroids.
The number of lists to search is measured when the index is built, on queries made of its vectors.

The index stores rounded vectors, in half precision or in one byte per dimension, and scores by them, which makes it two to four times
smaller and faster. A caller that has the exact vectors asks for `with_spares(top_k)` rows and scores these again.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.errors import DimensionMismatchError, IndexDamagedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from embeddings.encoder import Vectors

Rows = np.ndarray[Any, np.dtype[np.int64]]

Stored = Callable[[Rows], "tuple[Rows, Vectors]"]
"""Returns those of the rows that exist, with their exact vectors `(rows, dim)`."""

EXACT_NUMBERS = 60_000_000
"""The most numbers, vectors times dimensions, with which every query is compared: 156,250 vectors of 384 dimensions."""

_RECALL = 0.995
_NEIGHBOURS = 10
_QUERIES = 256
_SUMMED = 4
_SAMPLE_PER_LIST = 40
_ITERATIONS = 8
_SEED = 20
_ROWS_AT_ONCE = 10_000


def with_spares(top_k: int) -> int:
    """Returns how many rows to ask for so that the best `top_k` by their exact vectors are among them."""
    return top_k + top_k // 4 + 10


class VectorIndex:
    """An index of unit vectors under row numbers that the caller chooses.

    A search among some of the rows takes one bit of memory for each number up to the largest.
    """

    def __init__(self, dim: int) -> None:
        """Creates an empty index that compares a query with every vector; `build` chooses the kind that suits the size."""
        import faiss

        self.dim = dim
        self._index: Any = faiss.IndexIDMap2(
            faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        )

    @classmethod
    def build(cls, dim: int, rows: Rows, stored: Stored, exact_numbers: int = EXACT_NUMBERS) -> VectorIndex:
        """Builds an index of the kind that suits the number of rows; the same one for the same rows.

        Args:
            dim: The dimensions of the vectors.
            rows: Ascending.
            stored: Returns their vectors; called with some thousand rows at a time.
            exact_numbers: See `EXACT_NUMBERS`.
        """
        index = cls(dim)
        clustered = len(rows) * dim > exact_numbers
        if clustered:
            index._train(rows, stored)
        for batch in _batches(rows):
            index.add(*stored(batch))
        if clustered:
            index._choose_probes(stored)
        return index

    def suits(self, count: int, exact_numbers: int = EXACT_NUMBERS) -> bool:
        """Tells if an index of this kind suits `count` vectors.

        Exact search does up to the limit. An inverted file does from half the limit, so that the kind does not change again and
        again at sizes around the limit, until the index has grown fourfold since it was built.
        """
        if not self.lists:
            return count * self.dim <= exact_numbers
        return 2 * count * self.dim >= exact_numbers and _lists_for(count) < 2 * self.lists

    @property
    def lists(self) -> int:
        """The number of lists of an inverted file; 0 if a query is compared with every vector."""
        return int(getattr(self._index, "nlist", 0))

    @property
    def probes(self) -> int:
        """The number of lists that are searched."""
        return int(getattr(self._index, "nprobe", 0))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self) -> Rows:
        """Returns the row numbers in the index, in no order."""
        import faiss

        if not self.lists:
            return np.array(faiss.vector_to_array(self._index.id_map), np.int64)
        inside = self._index.invlists
        filled = [(number, inside.list_size(number)) for number in range(self.lists) if inside.list_size(number)]
        parts = [faiss.rev_swig_ptr(inside.get_ids(number), size).copy() for number, size in filled]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def add(self, rows: Sequence[int] | Rows, vectors: Vectors) -> None:
        """Adds vectors `(len(rows), dim)` under new row numbers.

        Raises:
            DimensionMismatchError: The vectors do not have `dim` dimensions.
        """
        if len(rows):
            self._index.add_with_ids(self._checked(vectors), np.asarray(rows, np.int64))

    def remove(self, rows: Sequence[int] | Rows) -> int:
        """Removes rows, and returns how many there were; unknown rows are ignored."""
        return int(self._index.remove_ids(np.asarray(rows, np.int64))) if len(rows) else 0

    def search(self, vectors: Vectors, top_k: int, among: Rows | None = None) -> tuple[Vectors, Rows]:
        """Finds each query's nearest rows by inner product with the rounded vectors, best first.

        Args:
            vectors: float32 `(queries, dim)`, unit length.
            top_k: At least 1; a smaller index returns fewer.
            among: The rows to search, all of them in the index; all rows when None.

        Returns:
            Scores and row numbers, both `(queries, min(top_k, rows searched))`. If the lists that an inverted file
            searches contain fewer, the last row numbers are -1.

        Raises:
            DimensionMismatchError: `vectors` is not `(…, dim)` of this index.
        """
        import faiss

        queries = self._checked(vectors)
        searched = len(self) if among is None else len(among)
        top_k = min(top_k, searched)
        if top_k == 0:
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        options: dict[str, Any] = {}
        if among is not None:
            chosen = np.zeros(int(among.max()) + 1, bool)
            chosen[among] = True
            selector: Any = faiss.IDSelectorBitmap
            options["sel"] = selector(np.packbits(chosen, bitorder="little"))
        if self.lists:
            # The nearest of few rows are spread over more lists. As many vectors are compared as in a search of all rows.
            options["nprobe"] = min(self.lists, math.ceil(self.probes * len(self) / searched))
        parameters: Any = faiss.SearchParametersIVF if self.lists else faiss.SearchParameters
        with _one_thread() if len(queries) == 1 else nullcontext():
            scores, rows = self._index.search(queries, top_k, params=parameters(**options))
        return scores, rows

    def recall(self, stored: Stored) -> float:
        """Measures the share of the 10 nearest vectors that a search finds, on 256 queries made of its vectors."""
        queries = self._queries(stored)
        expected = self._neighbours(queries, stored)
        _, found = self.search(queries, with_spares(_NEIGHBOURS))
        hits = sum(len(set(nearest) & set(rows)) for nearest, rows in zip(expected.tolist(), found.tolist(), strict=True))
        return hits / max(1, expected.size)

    def _train(self, rows: Rows, stored: Stored) -> None:
        """Turns this into an empty inverted file for about as many rows, with lists by k-means on a sample of them."""
        import faiss

        lists = _lists_for(len(rows))
        _, sample = stored(_sample(rows, _SAMPLE_PER_LIST * lists))
        centroids: Any = faiss.IndexFlatIP(self.dim)
        inverted: Any = faiss.IndexIVFScalarQuantizer(
            centroids, self.dim, lists, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
        )
        inverted.cp.niter, inverted.cp.seed, inverted.cp.spherical = _ITERATIONS, _SEED, True
        inverted.cp.min_points_per_centroid = 1
        inverted.train(self._checked(sample))
        self._index = inverted

    def _choose_probes(self, stored: Stored) -> None:
        """Sets the number of lists to search, so that they contain nearly all nearest vectors of a sample of queries."""
        queries = self._queries(stored)
        neighbours = self._neighbours(queries, stored)
        distinct, places = np.unique(neighbours, return_inverse=True)
        centroids = self._index.quantizer
        list_of = centroids.search(stored(distinct)[1], 1)[1].ravel()[places].reshape(neighbours.shape)
        nearest_lists = centroids.search(queries, self.lists)[1]
        ranks = (nearest_lists[:, None, :] == list_of[:, :, None]).argmax(axis=2)
        self._index.nprobe = 1 + int(np.quantile(ranks, _RECALL, method="higher"))

    def _queries(self, stored: Stored) -> Vectors:
        """Makes unit vectors that relate to the vectors of the index as questions do to passages.

        A question is much farther from any passage than passages are from one another: stored vectors, even with some noise,
        need an eighth of the lists that questions need. Sums of a few of them need about as many.
        """
        _, sample = stored(_sample(self.rows(), _QUERIES * _SUMMED))
        places = np.random.default_rng(_SEED).integers(0, len(sample), (_QUERIES, _SUMMED))
        sums = sample[places].sum(axis=1)
        return self._checked(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9))

    def _neighbours(self, queries: Vectors, stored: Stored) -> Rows:
        """Finds the 10 nearest rows of each query by exact comparison, best first; a smaller index returns fewer."""
        best = np.empty((len(queries), 0), np.float32)
        nearest = np.empty((len(queries), 0), np.int64)
        for batch in _batches(np.sort(self.rows())):
            rows, vectors = stored(batch)
            scores = np.hstack([best, queries @ vectors.T])
            candidates = np.hstack([nearest, np.broadcast_to(rows, (len(queries), len(rows)))])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :_NEIGHBOURS]
            best, nearest = np.take_along_axis(scores, order, axis=1), np.take_along_axis(candidates, order, axis=1)
        return nearest

    def save(self, path: Path) -> None:
        """Writes the index, so that at any time `path` is either the complete old file or the complete new one."""
        import faiss

        partial = path.with_name(f"{path.name}.partial")
        try:
            with partial.open("wb") as file:
                file.write(faiss.serialize_index(self._index).data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> VectorIndex:
        """Reads an index back.

        Raises:
            IndexDamagedError: The file is missing or damaged.
        """
        import faiss

        try:
            loaded = faiss.deserialize_index(np.frombuffer(path.read_bytes(), np.uint8))
        except Exception as error:
            raise IndexDamagedError(f"the vector index {path} cannot be read; it is rebuilt from the library") from error
        if not isinstance(loaded, (faiss.IndexIDMap2, faiss.IndexIVF)):
            raise IndexDamagedError(f"the vector index {path} is of another kind; it is rebuilt from the library")
        index = cls.__new__(cls)
        index.dim = loaded.d
        index._index = loaded
        return index

    def _checked(self, vectors: Vectors) -> Vectors:
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise DimensionMismatchError(f"vectors of shape {vectors.shape} do not fit an index of {self.dim} dimensions")
        return np.ascontiguousarray(vectors, np.float32)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Lets FAISS use one thread: it divides queries among threads, not vectors, so one query would only wait for the others."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _lists_for(count: int) -> int:
    """Returns the number of lists for `count` vectors, with which searching centroids costs about as much as searching lists."""
    return max(1, round(4 * math.sqrt(count)))


def _sample(rows: Rows, size: int) -> Rows:
    """Returns a sample of the rows, ascending; the same one every time."""
    rows = np.sort(rows)
    return rows if len(rows) <= size else np.sort(np.random.default_rng(_SEED).choice(rows, size, replace=False))


def _batches(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[start : start + _ROWS_AT_ONCE]
