"""Greedy search: the most probable token, every time."""

from collections.abc import Sequence
from typing import Any

import torch

from tidemill.models.seq2seq.batch import SourceBatch
from tidemill.models.seq2seq.constraint import Constraint
from tidemill.models.seq2seq.following import Following
from tidemill.models.seq2seq.hypothesis import Hypothesis
from tidemill.models.seq2seq.model import Seq2Seq

__all__ = ["greedy"]


def greedy(
    network: Seq2Seq,
    batch: SourceBatch,
    *,
    constraints: Sequence[Constraint[Any] | None] | None = None,
    most_tokens: int | None = None,
) -> list[Hypothesis]:
    """Write a text for each input; inputs that are done cost nothing more.

    Args:
        network: Is asked; without dropout.
        batch: The inputs.
        constraints: What may be written, one an input, or None for those without.
        most_tokens: That may be written for each; by default as many as the config allows.

    Returns:
        One hypothesis for each input, in their order.

    Raises:
        InputError: A constraint allows nothing or tokens that are not there, or there are not
            as many as inputs.
        SettingError: ``most_tokens`` is out of range.
    """
    with torch.inference_mode():
        following = Following(network, batch, constraints, most_tokens=most_tokens)
        paths, live = following.first, list(range(len(following.first)))
        for _ in range(following.most_tokens):
            found = following.candidates([paths[place] for place in live])
            best = found.log_probabilities.max(dim=1)
            tokens = found.tokens_at(torch.arange(len(live)), best.indices).tolist()
            for place, token, own in zip(live, tokens, best.values.tolist(), strict=True):
                paths[place] = paths[place].extended(token, own, end=network.config.eos_token_id)
            going = [row for row, place in enumerate(live) if not paths[place].is_done]
            if not going:
                break
            if len(going) < len(live):
                following.select(going)
                live = [live[row] for row in going]
    return [path.hypothesis() for path in paths]
