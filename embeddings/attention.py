"""Attention for processors with fast bfloat16 products: the softmax without its two extra passes over the scores.

A softmax reads the scores to find the largest, again for the exponentials and their sum, and again to divide. Here the
exponentials alone are taken, in place. Their sum comes out of the product with the values, to which a column of ones is
added, and only the far smaller result is divided. Padding has zeros for values and for ones. The result is the softmax's but
for rounding; should an exponential ever overflow, the softmax itself is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

NAME = "yinju_exponential"


def register() -> str:
    """Makes this attention known to transformers and gives the name to ask for it by.

    It is for encoders, which look both ways.
    """
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, _padding)
    return NAME


def attend(
    _module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, scaling: float, **_: Any
) -> tuple[Tensor, None]:
    """Softmax attention.

    Args:
        _module: The layer that asks; not used.
        query: `(texts, heads, tokens, dim)`, as are `key` and `value`.
        key: Likewise.
        value: Likewise.
        attention_mask: Which tokens are text and not padding, `(texts, tokens)`; all of them when None.
        scaling: What the scores are multiplied by.

    Returns:
        The attended values `(texts, tokens, heads, dim)`, and None for the weights, which are never made.
    """
    import torch

    texts, heads, tokens, dim = value.shape
    columns = torch.cat([value, value.new_ones(texts, heads, tokens, 1)], dim=-1)
    if attention_mask is not None:
        columns = columns * attention_mask[:, None, :, None].to(columns.dtype)
    scores = torch.matmul(query * scaling, key.transpose(2, 3))
    summed = torch.matmul(scores.exp_(), columns)
    if not bool(summed.isfinite().all()):
        scores = torch.matmul(query * scaling, key.transpose(2, 3))
        if attention_mask is not None:
            scores = scores.masked_fill(attention_mask[:, None, None, :] == 0, float("-inf"))
        return torch.matmul(scores.softmax(dim=-1), value).transpose(1, 2), None
    return (summed[..., :dim] / summed[..., dim:]).transpose(1, 2), None


def _padding(*, attention_mask: Tensor | None = None, **_: Any) -> Tensor | None:
    """The mask that `attend` takes: which tokens are text, instead of a matrix for every pair of them."""
    return attention_mask
