"""Edge prediction and node alignment: the data flow is to be told from the code.

GraphCodeBERT, section 4.3, equations 7 and 8: of 20 % of the nodes the edges (or the links
to their tokens) are taken from the attention, and predicted among as many pairs that are none.
Where the paper is silent: the node's own embedding is the mean of its tokens, which
would tell the answer of the alignment, so a chosen node is embedded as unknown there. How a
pair is scored: `PairHead`.
"""

from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from tidemill.models.batch import GraphBatch
from tidemill.training.chance import Chance
from tidemill.training.objectives.objective import Share
from tidemill.training.trainees.encoder import EncoderTrainee
from tidemill.training.trainees.trainee import Rows

__all__ = ["NODE_SHARE", "AlignmentObjective", "EdgeObjective", "balanced", "chosen_nodes"]

NODE_SHARE = 0.2


class EdgeObjective:
    """Which of two nodes' values comes from the other.

    Args:
        trainee: What is trained.
    """

    def __init__(self, trainee: EncoderTrainee) -> None:
        self._trainee = trainee

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the mean binary cross-entropy over edges and as many others (equation 7)."""
        batch, _ = self._trainee.batch(rows)
        nodes = chosen_nodes(batch, chance.torch("edges", "nodes"))
        touched = nodes[:, :, None] | nodes[:, None, :]
        alone = torch.eye(nodes.shape[1], dtype=torch.bool, device=nodes.device)
        hidden = self._trainee.encoder(replace(batch, flows=batch.flows & ~(touched & ~alone)))
        real = batch.is_node[:, :, None] & batch.is_node[:, None, :]
        candidates = touched & real & ~alone
        pairs, right = balanced(batch.flows, candidates, chance.torch("edges", "pairs"))
        targets, sources = hidden.nodes[pairs[0], pairs[1]], hidden.nodes[pairs[0], pairs[2]]
        return _told(self._trainee.heads.edges(targets, sources), right)


class AlignmentObjective:
    """Which token a node was read from.

    Args:
        trainee: What is trained.
    """

    def __init__(self, trainee: EncoderTrainee) -> None:
        self._trainee = trainee

    def share(self, rows: Rows, chance: Chance) -> Share:
        """Return the mean binary cross-entropy over links and as many others (equation 8)."""
        batch, inputs = self._trainee.batch(rows)
        nodes = chosen_nodes(batch, chance.torch("alignment", "nodes"))
        blind = replace(batch, covers=batch.covers & ~nodes[:, :, None], hidden_nodes=nodes)
        hidden = self._trainee.encoder(blind)
        starts = torch.tensor([entry.code_start for entry in inputs], device=nodes.device)
        place = torch.arange(batch.ids.shape[1], device=nodes.device)
        code = batch.is_token & ~batch.is_special & (place >= starts[:, None])
        candidates = nodes[:, :, None] & code[:, None, :]
        pairs, right = balanced(batch.covers, candidates, chance.torch("alignment", "pairs"))
        asked, tokens = hidden.nodes[pairs[0], pairs[1]], hidden.tokens[pairs[0], pairs[2]]
        return _told(self._trainee.heads.alignment(asked, tokens), right)


def chosen_nodes(batch: GraphBatch, generator: torch.Generator) -> Bool[Tensor, "batch nodes"]:
    """Choose 20 % of the nodes, and at least one of each text that has any."""
    draw = torch.rand(tuple(batch.is_node.shape), generator=generator).to(batch.ids.device)
    draw = draw.masked_fill(~batch.is_node, 2.0)
    if not draw.shape[1]:
        return batch.is_node
    least = draw.min(dim=1, keepdim=True).values.clamp(min=NODE_SHARE)
    return (draw <= least) & batch.is_node


def balanced(
    there: Bool[Tensor, "batch rows columns"],
    candidates: Bool[Tensor, "batch rows columns"],
    generator: torch.Generator,
) -> tuple[Int[Tensor, "3 pairs"], Float[Tensor, " pairs"]]:
    """Return the candidates that are there and, text by text, as many that are not.

    Args:
        there: What is to be told.
        candidates: What is asked about.
        generator: On the processor.
    """
    yes = there & candidates
    no = candidates & ~there
    draw = torch.rand(tuple(no.shape), generator=generator).to(no.device).masked_fill(~no, 2.0)
    order = draw.flatten(1).argsort(dim=1, stable=True).argsort(dim=1, stable=True)
    wanted = yes.flatten(1).sum(dim=1, keepdim=True)
    taken = (order < wanted).view_as(no) & no
    pairs = (yes | taken).nonzero().T
    return pairs, yes[pairs[0], pairs[1], pairs[2]].float()


def _told(scores: Float[Tensor, " pairs"], right: Float[Tensor, " pairs"]) -> Share:
    if not len(right):
        return Share(loss=scores.sum() * 0.0, accuracy=1.0)
    loss = functional.binary_cross_entropy_with_logits(scores, right)
    accuracy = ((scores > 0) == (right > 0)).float().mean().item()
    return Share(loss=loss, accuracy=accuracy)
