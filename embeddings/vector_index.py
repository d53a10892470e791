"""Vectors in, nearest row numbers out: an exact FAISS index by inner product."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from embeddings.errors import DimensionMismatchError, IndexDamagedError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from embeddings.encoder import Vectors

Rows = np.ndarray[Any, np.dtype[np.int64]]


class VectorIndex:
    """Unit vectors under row numbers of the caller's choosing."""

    def __init__(self, dim: int) -> None:
        import faiss

        self.dim = dim
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def rows(self) -> Rows:
        """The row numbers that are in the index, in no order."""
        import faiss

        return np.array(faiss.vector_to_array(self._index.id_map), np.int64)

    def add(self, rows: Sequence[int], vectors: Vectors) -> None:
        """Adds vectors `(len(rows), dim)` under new row numbers.

        Raises:
            DimensionMismatchError: The vectors do not have `dim` dimensions.
        """
        if len(rows):
            self._index.add_with_ids(self._checked(vectors), np.asarray(rows, np.int64))

    def remove(self, rows: Sequence[int]) -> int:
        """Removes rows, unknown ones included, and returns how many were there."""
        return int(self._index.remove_ids(np.asarray(rows, np.int64))) if len(rows) else 0

    def search(self, vectors: Vectors, top_k: int, among: Rows | None = None) -> tuple[Vectors, Rows]:
        """Finds each query's nearest rows by inner product, best first.

        Args:
            vectors: float32 `(queries, dim)`, unit length.
            top_k: At least 1; fewer come back from a smaller index.
            among: The rows to search, all of them in the index; every row when None.

        Returns:
            Scores and row numbers, both `(queries, min(top_k, rows searched))`.

        Raises:
            DimensionMismatchError: `vectors` is not `(…, dim)` of this index.
        """
        import faiss

        queries = self._checked(vectors)
        top_k = min(top_k, len(self) if among is None else len(among))
        if top_k == 0:
            return np.zeros((len(queries), 0), np.float32), np.zeros((len(queries), 0), np.int64)
        if among is None:
            scores, rows = self._index.search(queries, top_k)
        else:
            selected: Any = faiss.SearchParameters
            scores, rows = self._index.search(queries, top_k, params=selected(sel=faiss.IDSelectorBatch(among)))
        return scores, rows

    def save(self, path: Path) -> None:
        """Writes the index so that `path` holds either what it held before or all of this one."""
        import faiss

        partial = path.with_name(f"{path.name}.partial")
        try:
            with partial.open("wb") as file:
                file.write(faiss.serialize_index(self._index).tobytes())
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    @classmethod
    def load(cls, path: Path) -> VectorIndex:
        """Reads an index back.

        Raises:
            IndexDamagedError: The file is not a whole index.
        """
        import faiss

        try:
            loaded = faiss.deserialize_index(np.frombuffer(path.read_bytes(), np.uint8))
        except Exception as error:
            raise IndexDamagedError(f"the vector index {path} cannot be read; it is rebuilt from the library") from error
        if not isinstance(loaded, faiss.IndexIDMap2):
            raise IndexDamagedError(f"the vector index {path} is of another kind; it is rebuilt from the library")
        index = cls.__new__(cls)
        index.dim = loaded.d
        index._index = loaded
        return index

    def _checked(self, vectors: Vectors) -> Vectors:
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise DimensionMismatchError(f"vectors of shape {vectors.shape} do not fit an index of {self.dim} dimensions")
        return np.ascontiguousarray(vectors, np.float32)
