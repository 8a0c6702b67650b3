"""Relative positions: what attention adds for the distance of two places (T5, section 2.1)."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from tidemill.models.seq2seq.config import Seq2SeqConfig

__all__ = ["bias_backwards", "bias_between", "buckets_of"]


def buckets_of(
    distances: Int[Tensor, " distances"], config: Seq2SeqConfig, *, both_ways: bool
) -> Int[Tensor, " distances"]:
    """Return the class of each distance.

    Half of the classes are for one distance each, the others for ranges that grow
    logarithmically up to the furthest distance. The logarithms are made in fp32, and by
    Hugging Face's order of operations: weights were trained with the classes that it gives.

    Args:
        distances: Place of the key less place of the query, on the processor.
        config: How many classes there are, and where they end.
        both_ways: Whether keys after the query have classes of their own; otherwise theirs is 0.
    """
    count, furthest = config.relative_attention_num_buckets, config.relative_attention_max_distance
    first = torch.zeros_like(distances)
    if both_ways:
        count //= 2
        first = (distances > 0) * count
        far = distances.abs()
    else:
        far = (-distances).clamp(min=0)
    exact = count // 2
    ratio = torch.log(far.clamp(min=1).float() / exact) / math.log(furthest / exact)
    ranged = exact + (ratio * (count - exact)).long()
    return first + torch.where(far < exact, far, ranged.clamp(max=count - 1))


def bias_between(
    table: nn.Module, config: Seq2SeqConfig, places: int, *, both_ways: bool
) -> Float[Tensor, "1 heads places places"]:
    """Return what is added to the scores of all queries and keys of a sequence.

    Args:
        table: A row of heads for each class of distances.
        config: The model's.
        places: Length of the sequence.
        both_ways: As in `buckets_of`.
    """
    by_distance = _looked_up(table, torch.arange(1 - places, places), config, both_ways=both_ways)
    return by_distance.unfold(1, places, 1).flip(1)[None]


def bias_backwards(
    table: nn.Module, config: Seq2SeqConfig, places: int
) -> Float[Tensor, "heads places"]:
    """Return what is added for keys before a query, the furthest first and itself last.

    The last n columns are those of the query at place n - 1, for keys from the first on.

    Args:
        table: A row of heads for each class of distances.
        config: The model's.
        places: How far back it goes.
    """
    return _looked_up(table, torch.arange(1 - places, 1), config, both_ways=False)


def _looked_up(
    table: nn.Module, distances: Tensor, config: Seq2SeqConfig, *, both_ways: bool
) -> Float[Tensor, "heads distances"]:
    classes = buckets_of(distances, config, both_ways=both_ways)
    device = next((part.device for part in table.parameters()), classes.device)
    found: Tensor = table(classes.to(device))
    return found.T
