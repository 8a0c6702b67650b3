"""Inputs become one batch of tensors, and spans and edges become the attention's mask.

Nothing here is as large as positions times positions until the mask itself, which torch
makes in one go for the whole batch, on the device where it is needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Shaped
from numpy.typing import NDArray
from torch import Tensor

from tidemill.models.config import FIRST_POSITION, EncoderConfig
from tidemill.models.inputs import GraphInput

__all__ = ["GraphBatch", "batches", "collate"]

PLACES_AT_ONCE = 8_192
"""Tokens and nodes in one batch, padding included: about what a processor's caches like."""

REFERENCE_REFUSAL = -10_000.0
"""What the transformers of that time added to the score of a place that may not be attended."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphBatch:
    """Some inputs side by side: token places first, then node places.

    Attributes:
        ids: Token ids, filled up with padding.
        positions: Position id of each token.
        is_token: Where there is a token.
        is_special: Where there is ``[CLS]`` or ``[SEP]``, which attend everything.
        covers: Whether a node was read from a token.
        flows: Whether a node's value comes from another one; the diagonal stands for itself.
        is_node: Where there is a node.
        hidden_nodes: Nodes whose tokens must not show: they are embedded as unknown. None
            but in pre-training.
        reference: Whether the mask is the published implementation's: added to the scores,
            and without the diagonal, so that a node's row may be empty.
        is_full: Whether it is known that all places may attend all others: then nobody needs
            the mask.
    """

    ids: Int[Tensor, "batch tokens"]
    positions: Int[Tensor, "batch tokens"]
    is_token: Bool[Tensor, "batch tokens"]
    is_special: Bool[Tensor, "batch tokens"]
    covers: Bool[Tensor, "batch nodes tokens"]
    flows: Bool[Tensor, "batch nodes nodes"]
    is_node: Bool[Tensor, "batch nodes"]
    hidden_nodes: Bool[Tensor, "batch nodes"] | None = None
    reference: bool = False
    is_full: bool = False

    def mask(self) -> Shaped[Tensor, "batch 1 places places"]:
        """Return who may attend whom: equation 6 of GraphCodeBERT.

        Rows attend columns. Specials attend every token and node; tokens attend tokens
        (specials among them) and the nodes read from them; a node attends the nodes that
        its value comes from, itself, and the tokens it was read from. Padding attends
        itself, because a row of nothing has no softmax.
        """
        tokens = self.is_token.shape[1]
        places = tokens + self.is_node.shape[1]
        mask = self.ids.new_zeros((len(self.ids), places, places), dtype=torch.bool)
        mask[:, :tokens, :tokens] = self.is_token[:, None, :] & self.is_token[:, :, None]
        mask[:, :tokens, tokens:] = self.covers.transpose(1, 2) | (
            self.is_special[:, :, None] & self.is_node[:, None, :]
        )
        mask[:, tokens:, :tokens] = self.covers
        mask[:, tokens:, tokens:] = self.flows
        if self.reference:
            return (~mask[:, None]).float() * REFERENCE_REFUSAL
        mask.diagonal(dim1=1, dim2=2)[:] |= ~torch.cat([self.is_token, self.is_node], dim=1)
        return mask[:, None]

    def means(self) -> Float[Tensor, "batch nodes tokens"]:
        """Return the weights that average the tokens of each node."""
        count = self.covers.sum(dim=2, keepdim=True).clamp(min=1)
        return self.covers / count

    def to(self, device: torch.device) -> "GraphBatch":
        """Return the batch on another device."""
        parts = {name: getattr(self, name) for name in self.__slots__}
        moved: dict[str, Any] = {
            name: part.to(device) if isinstance(part, Tensor) else part
            for name, part in parts.items()
        }
        return GraphBatch(**moved)


def collate(inputs: Sequence[GraphInput], config: EncoderConfig) -> GraphBatch:
    """Put inputs side by side, no wider than the longest of them.

    Args:
        inputs: At least one.
        config: Says the ids of specials and padding.
    """
    lengths = np.array([len(entry.ids) for entry in inputs])[:, None]
    ids = np.full((len(inputs), lengths.max()), config.pad_token_id, dtype=np.int64)
    for row, entry in enumerate(inputs):
        ids[row, : len(entry.ids)] = entry.ids
    place = np.arange(ids.shape[1])
    is_token = place < lengths
    is_special = ((ids == config.bos_token_id) | (ids == config.eos_token_id)) & is_token
    covers, flows, is_node = _flow_of(inputs, place, config)
    return GraphBatch(
        ids=torch.from_numpy(ids),
        positions=torch.from_numpy(np.where(is_token, place + FIRST_POSITION, config.pad_token_id)),
        is_token=torch.from_numpy(is_token),
        is_special=torch.from_numpy(is_special),
        covers=torch.from_numpy(covers),
        flows=torch.from_numpy(flows),
        is_node=torch.from_numpy(is_node),
        reference=config.input_mode == "reference",
        is_full=not is_node.shape[1] and bool(is_token.all()),
    )


def batches(lengths: Sequence[int], most: int = PLACES_AT_ONCE) -> list[list[int]]:
    """Group texts of about one length, so that little is padding.

    Args:
        lengths: Of each text.
        most: Places in a batch, padding included; a longer text is alone.
    """
    found: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if not found or (len(found[-1]) + 1) * lengths[place] > most:
            found.append([])
        found[-1].append(place)
    return found


def _flow_of(
    inputs: Sequence[GraphInput], place: NDArray[np.int64], config: EncoderConfig
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which tokens nodes cover, what flows into them, and which of them are there."""
    counts = [len(entry.flow.spans) for entry in inputs]
    rows, nodes = len(inputs), max(counts)
    flows = np.zeros((rows, nodes, nodes), dtype=np.bool_)
    if not nodes:
        return np.zeros((rows, 0, len(place)), np.bool_), flows, np.zeros((rows, 0), np.bool_)
    spans = np.zeros((rows, nodes, 2), dtype=np.int64)
    for row, entry in enumerate(inputs):
        spans[row, : len(entry.flow.spans)] = entry.flow.spans
        flows[row][tuple(entry.flow.edges.T)] = True
    node = np.arange(nodes)
    is_node = node < np.array(counts)[:, None]
    if config.input_mode != "reference":
        flows[:, node, node] |= is_node
    return (spans[:, :, :1] <= place) & (place < spans[:, :, 1:]), flows, is_node
