"""Encodes chunks in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rag.documents.chunking import context
from rag.text.scripts import to_simplified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embeddings.encoder import Encoder, Vectors
    from rag.types import Chunk

_PASSAGES_AT_ONCE = 64


def encode(encoder: Encoder, passages: Sequence[tuple[str, Chunk]], on_batch: Callable[[int, int], None]) -> Vectors:
    """Encodes chunks, each below its document's title and its section's headings, in simplified Chinese.

    Args:
        encoder: Makes the vectors.
        passages: The title and the chunk of each.
        on_batch: Called after each batch with the range of `passages` that was encoded, its end excluded.

    Returns:
        float32 `(len(passages), encoder.dim)`, in order.
    """
    vectors = np.empty((len(passages), encoder.dim), np.float32)
    for start in range(0, len(passages), _PASSAGES_AT_ONCE):
        batch = passages[start : start + _PASSAGES_AT_ONCE]
        end = start + len(batch)
        texts = [to_simplified(context(title, chunk.section, chunk.text)) for title, chunk in batch]
        vectors[start:end] = encoder.encode_document(texts)
        on_batch(start, end)
    return vectors
