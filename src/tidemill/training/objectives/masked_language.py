"""Masked language modelling over comment and code (GraphCodeBERT, section 4.3; BERT)."""

from dataclasses import replace

import torch
from jaxtyping import Bool, Int
from torch import Tensor
from torch.nn import functional

from tidemill.models.batch import GraphBatch
from tidemill.models.config import EncoderConfig
from tidemill.models.tokenizer import SPECIALS
from tidemill.training.chance import Chance
from tidemill.training.objectives.objective import Share
from tidemill.training.trainees.encoder import EncoderTrainee
from tidemill.training.trainees.trainee import Rows

__all__ = ["MASKED_SHARE", "MaskedLanguageObjective", "masked"]

MASKED_SHARE = 0.15
KEPT_FROM = 0.9
MASK_UNTIL = 0.8


class MaskedLanguageObjective:
    """15 % of the tokens are to be told from the others.

    Args:
        trainee: What is trained.
    """

    def __init__(self, trainee: EncoderTrainee) -> None:
        self._trainee = trainee

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the mean cross-entropy over the chosen tokens."""
        batch, _ = self._trainee.batch(rows)
        encoder = self._trainee.encoder
        ids, chosen = masked(batch, encoder.config, chance.torch("masked language"))
        changed = replace(batch, ids=ids)
        states = encoder(changed).tokens[chosen]
        scores = self._trainee.heads.language(
            states, encoder.embeddings.word_embeddings.get_parameter("weight")
        ).float()
        right = batch.ids[chosen]
        accuracy = (scores.argmax(dim=1) == right).float().mean().item()
        return Share(loss=functional.cross_entropy(scores, right), accuracy=accuracy)


def masked(
    batch: GraphBatch, config: EncoderConfig, generator: torch.Generator
) -> tuple[Int[Tensor, "batch tokens"], Bool[Tensor, "batch tokens"]]:
    """Return ids with some tokens hidden, and which were chosen.

    Of the chosen ones 80 % become the mask, 10 % another token, 10 % stay. Each text has at
    least one.

    Args:
        batch: As it is read.
        config: Says the mask's id and the vocabulary.
        generator: On the processor.
    """
    shape = tuple(batch.ids.shape)
    draw = torch.rand(shape, generator=generator).to(batch.ids.device)
    fate = torch.rand(shape, generator=generator).to(batch.ids.device)
    others = torch.randint(len(SPECIALS), config.vocab_size, shape, generator=generator)
    eligible = batch.is_token & ~batch.is_special
    draw = draw.masked_fill(~eligible, 2.0)
    least = draw.min(dim=1, keepdim=True).values.clamp(min=MASKED_SHARE)
    chosen = (draw <= least) & eligible
    replaced = torch.where(fate < MASK_UNTIL, config.mask_token_id, batch.ids)
    replaced = torch.where(
        (fate >= MASK_UNTIL) & (fate < KEPT_FROM), others.to(batch.ids.device), replaced
    )
    return torch.where(chosen, replaced, batch.ids), chosen
