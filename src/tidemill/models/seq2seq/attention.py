"""Attention of T5: scores are not scaled, and what is added to them says where places are."""

from typing import TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional
from typing_extensions import override

from tidemill.models.seq2seq.config import Seq2SeqConfig
from tidemill.models.seq2seq.joint import join_packed, outputs_of
from tidemill.models.tables import new_embedding

__all__ = [
    "REFUSAL",
    "CrossAttention",
    "KeysValues",
    "SelfAttention",
    "added_mask",
    "attended",
    "by_head",
    "side_by_side",
]

REFUSAL = -1e9
"""Added to the score of a place that must not be seen; unlike infinity, it leaves numbers behind
where nothing may be seen, and bfloat16 has it."""

FEW_QUERIES = 32
"""Up to here attention is faster written out.

Measured with torch 2.13 on two cores with AVX2, 4 heads of 64: one query over 64 keys of 32
sequences takes .12 and .14 ms, 4 queries over 256 keys of 16 sequences .4 and 7.9 ms, 256
queries over 256 keys of one 1.7 and .7 ms.
"""

KeysValues: TypeAlias = tuple[Tensor, Tensor]
"""Keys and values, each [batch, heads, places, head width]."""


class SelfAttention(nn.Module):
    """Every place looks at places of its own sequence.

    Args:
        config: The model's.
        has_bias: Whether it owns the table of distances, as the first layer does.
    """

    def __init__(self, config: Seq2SeqConfig, *, has_bias: bool) -> None:
        super().__init__()
        self.heads: int = config.num_heads
        self.q: nn.Linear = nn.Linear(config.d_model, config.inner_size, bias=False)
        self.k: nn.Linear = nn.Linear(config.d_model, config.inner_size, bias=False)
        self.v: nn.Linear = nn.Linear(config.d_model, config.inner_size, bias=False)
        self.o: nn.Linear = nn.Linear(config.inner_size, config.d_model, bias=False)
        self.joint: nn.Module | None = None
        if has_bias:
            self.relative_attention_bias: nn.Module = new_embedding(
                config.relative_attention_num_buckets, config.num_heads
            )

    @override
    def forward(
        self,
        hidden: Float[Tensor, "batch places width"],
        added: Float[Tensor, "#batch #heads places places"],
    ) -> Float[Tensor, "batch places width"]:
        """Return what each place has seen.

        Args:
            hidden: The places.
            added: What is added to the scores.
        """
        query, key, value = self.queries_keys_values(hidden)
        return self.answer(attended(query, (key, value), added))

    def queries_keys_values(
        self, hidden: Float[Tensor, "batch places width"]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the three of each place, by head."""
        query, key, value = outputs_of(self, ("q", "k", "v"), hidden)
        return by_head(query, self.heads), by_head(key, self.heads), by_head(value, self.heads)

    def answer(
        self, seen: Float[Tensor, "batch heads places head"]
    ) -> Float[Tensor, "batch places width"]:
        """Return what the heads have seen as one."""
        return self.o(side_by_side(seen))  # type: ignore[no-any-return]

    def join(self) -> None:
        """Make one product of queries, keys and values where they are packed."""
        join_packed(self, ("q", "k", "v"))


class CrossAttention(nn.Module):
    """Every place looks at the places of the encoder.

    Args:
        config: The model's.
    """

    def __init__(self, config: Seq2SeqConfig) -> None:
        super().__init__()
        self.heads: int = config.num_heads
        self.q: nn.Linear = nn.Linear(config.d_model, config.inner_size, bias=False)
        self.k: nn.Linear = nn.Linear(config.d_model, config.inner_size, bias=False)
        self.v: nn.Linear = nn.Linear(config.d_model, config.inner_size, bias=False)
        self.o: nn.Linear = nn.Linear(config.inner_size, config.d_model, bias=False)
        self.joint: nn.Module | None = None

    @override
    def forward(
        self,
        hidden: Float[Tensor, "batch places width"],
        source: KeysValues,
        added: Float[Tensor, "batch 1 1 source"] | None,
    ) -> Float[Tensor, "batch places width"]:
        """Return what each place has seen.

        Args:
            hidden: The decoder's places.
            source: From `keys_values`.
            added: What is added to the scores; None where all may be seen.
        """
        query = by_head(self.q(hidden), self.heads)
        return self.o(side_by_side(attended(query, source, added)))  # type: ignore[no-any-return]

    def keys_values(self, states: Float[Tensor, "batch source width"]) -> KeysValues:
        """Return those of the encoder's last states, by head."""
        key, value = outputs_of(self, ("k", "v"), states)
        return by_head(key, self.heads), by_head(value, self.heads)

    def join(self) -> None:
        """Make one product of keys and values where they are packed."""
        join_packed(self, ("k", "v"))


def by_head(
    places: Float[Tensor, "batch places inner"], heads: int
) -> Float[Tensor, "batch heads places head"]:
    """Return places in parts, one a head."""
    batch, count, _ = places.shape
    return places.view(batch, count, heads, -1).transpose(1, 2)


def side_by_side(
    parts: Float[Tensor, "batch heads places head"],
) -> Float[Tensor, "batch places inner"]:
    """Return parts as places again."""
    return parts.transpose(1, 2).flatten(2)


def added_mask(there: Bool[Tensor, "batch source"]) -> Float[Tensor, "batch 1 1 source"]:
    """Return what is added to scores so that padding is not seen."""
    return (~there[:, None, None]).float() * REFUSAL


def attended(query: Tensor, source: KeysValues, added: Tensor | None) -> Tensor:
    """Return the values that each query sees: softmax(Q K^T + added) V.

    On a processor it is made in fp32, also under autocast: the backward pass of bfloat16 is
    several times slower there.

    Args:
        query: [batch, heads, queries, head width].
        source: Keys and values.
        added: Added to the scores, or None.
    """
    if query.device.type == "cpu":
        with torch.autocast("cpu", enabled=False):
            key, value = source
            return _attended(query.float(), (key.float(), value.float()), added)
    return _attended(query, source, None if added is None else added.to(query.dtype))


def _attended(query: Tensor, source: KeysValues, added: Tensor | None) -> Tensor:
    key, value = source
    if query.shape[2] > FEW_QUERIES:
        return functional.scaled_dot_product_attention(
            query, key, value, attn_mask=added, scale=1.0
        )
    scores = query @ key.transpose(-1, -2)
    if added is not None:
        scores = scores + added
    return scores.softmax(dim=-1).to(value.dtype) @ value
