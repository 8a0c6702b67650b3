"""Code as the published implementation feeds it, so that released weights mean something.

Each leaf of the tree is tokenised alone, as a word after a space. Code is cut so that there is
room for data flow, and nodes fill what is left, in order of the text. A node whose tokens were
cut away stays, with nothing of its own to show; and no node attends itself
(GraphCodeBERT's reference, codesearch/run.py; what differs from the paper is in docs/papers).
"""

from collections.abc import Sequence

import numpy as np

from tidemill.models.config import FIRST_POSITION, EncoderConfig
from tidemill.models.inputs import Flow, GraphInput, Ints
from tidemill.models.tokenizer import Tokenizer
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.leaves import Leaf

__all__ = ["reference_input"]

SPECIALS = 2


def reference_input(
    leaves: Sequence[Leaf],
    graph: DataFlowGraph | None,
    tokenizer: Tokenizer,
    config: EncoderConfig,
) -> GraphInput:
    """Return ``<s> leaves </s>`` and the data flow over them.

    Args:
        leaves: Of the code.
        graph: Its data flow, with spans into the same text.
        tokenizer: RoBERTa's, byte-level and exact.
        config: ``max_tokens`` is the reference's ``code_length``, ``max_nodes`` its
            ``data_flow_length``; together they are the length of the input.
    """
    prefix = [b"" if place == 0 else b" " for place in range(len(leaves))]
    words = [
        (space + leaf.text).decode("utf-8", "replace")
        for space, leaf in zip(prefix, leaves, strict=True)
    ]
    pieces = [found.ids for found in tokenizer.encode(words)]
    bounds = np.concatenate(([0], np.cumsum([len(piece) for piece in pieces]))).astype(np.int32)
    nodes, edges = _linked(graph)
    spans = _leaf_spans(leaves, nodes)
    length = config.max_tokens + config.max_nodes
    room = length - SPECIALS - min(len(nodes), config.max_nodes)
    room = min(room, config.max_position_embeddings - FIRST_POSITION - SPECIALS)
    flat = np.concatenate([np.zeros(0, np.int32), *pieces])[:room]
    kept = length - SPECIALS - len(flat)
    return GraphInput(
        ids=np.concatenate([[config.bos_token_id], flat, [config.eos_token_id]], dtype=np.int32),
        code_start=1,
        flow=Flow(
            spans=_token_spans(spans[:kept], bounds, len(flat)),
            edges=edges[(edges < kept).all(axis=1)],
        ),
    )


def _linked(graph: DataFlowGraph | None) -> tuple[list[tuple[int, int]], Ints]:
    """Return the byte spans of nodes with an edge, and the edges between them."""
    if graph is None:
        return [], np.zeros((0, 2), np.int32)
    numbers = sorted({*graph.targets, *graph.sources})
    place = {number: found for found, number in enumerate(numbers)}
    edges = [
        (place[target], place[source])
        for target, source in zip(graph.targets, graph.sources, strict=True)
    ]
    spans = [(graph.starts[number], graph.ends[number]) for number in numbers]
    return spans, np.array(edges, np.int32).reshape(-1, 2)


def _leaf_spans(leaves: Sequence[Leaf], nodes: Sequence[tuple[int, int]]) -> Ints:
    """Return the first leaf of each node and the leaf after its last."""
    starts = np.array([leaf.start for leaf in leaves], np.int64)
    ends = np.array([leaf.end for leaf in leaves], np.int64)
    bytes_of = np.array(nodes, np.int64).reshape(-1, 2)
    first = np.searchsorted(ends, bytes_of[:, 0], side="right")
    last = np.searchsorted(starts, bytes_of[:, 1], side="left")
    return np.stack([first, np.maximum(first, last)], axis=1).astype(np.int32)


def _token_spans(spans: Ints, bounds: Ints, tokens: int) -> Ints:
    """Return token spans after ``<s>``; empty for nodes whose tokens are not all there."""
    found: Ints = bounds[spans] + np.int32(1)
    found[found[:, 1] > tokens + 1] = 0
    return found
