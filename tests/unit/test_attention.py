"""The attention without a softmax gives what the softmax gives."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embeddings.attention import attend


def expected(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scaling: float
) -> torch.Tensor:
    scores = query @ key.transpose(2, 3) * scaling
    if mask is not None:
        scores = scores.masked_fill(mask[:, None, None, :] == 0, -torch.inf)
    return (scores.softmax(-1) @ value).transpose(1, 2)


@given(
    texts=st.integers(1, 3),
    tokens=st.integers(1, 12),
    padding=st.integers(0, 11),
    scale=st.sampled_from([0.1, 1.0, 5.0]),
    seed=st.integers(0, 99),
)
def test_it_equals_the_softmax(texts: int, tokens: int, padding: int, scale: float, seed: int) -> None:
    torch.manual_seed(seed)
    query, key, value = (torch.randn(texts, 2, tokens, 4) for _ in range(3))
    mask = torch.ones(texts, tokens, dtype=torch.int64)
    mask[0, max(1, tokens - padding) :] = 0
    for given_mask in (mask, None):
        found, weights = attend(None, query, key, value, given_mask, scaling=scale)
        assert weights is None
        torch.testing.assert_close(found, expected(query, key, value, given_mask, scale), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("masked", [False, True])
def test_scores_that_overflow_are_no_trouble(masked: bool) -> None:
    query = key = torch.full((1, 1, 3, 4), 10.0)
    value = torch.arange(12.0).reshape(1, 1, 3, 4)
    mask = torch.tensor([[1, 1, 0]]) if masked else None
    found, _ = attend(None, query, key, value, mask, scaling=1.0)
    torch.testing.assert_close(found, expected(query, key, value, mask, 1.0))


def test_bfloat16_is_close() -> None:
    torch.manual_seed(1)
    query, key, value = (torch.randn(2, 12, 50, 32) for _ in range(3))
    found, _ = attend(None, *(part.bfloat16() for part in (query, key, value)), None, scaling=0.18)
    torch.testing.assert_close(found.float(), expected(query, key, value, None, 0.18), atol=0.02, rtol=0.05)
