"""What an encoder reads of one text: tokens, the variables in them, and their edges.

The input is ``[CLS] comment [SEP] code [SEP] variables`` (GraphCodeBERT, section 4.1). A
variable is a span of the tokens that it was read from, and an edge a pair of variables:
some tens of integers, from which the attention makes its mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.models.config import EncoderConfig
from tidemill.models.tokenizer import TokenSpans
from tidemill.source.dataflow.graph import DataFlowGraph

__all__ = ["NO_FLOW", "Flow", "GraphInput", "code_input", "flow_of", "pair_input", "text_input"]

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flow:
    """Data flow over the tokens of a text.

    Attributes:
        spans: (nodes, 2): first token of each node, and the token after its last.
        edges: (edges, 2): the node whose value comes from the second one.
    """

    spans: Ints
    edges: Ints


NO_FLOW = Flow(spans=np.zeros((0, 2), np.int32), edges=np.zeros((0, 2), np.int32))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphInput:
    """One text as an encoder reads it.

    Attributes:
        ids: (tokens,): ids with specials.
        code_start: Place of the first token of the code; what is before it is comment.
        flow: Its data flow; spans count from the first special.
    """

    ids: Ints
    code_start: int
    flow: Flow = NO_FLOW

    @property
    def nbytes(self) -> int:
        """Bytes that this input takes."""
        return self.ids.nbytes + self.flow.spans.nbytes + self.flow.edges.nbytes

    def __len__(self) -> int:
        return len(self.ids) + len(self.flow.spans)


def flow_of(tokens: TokenSpans, graph: DataFlowGraph, *, most: int) -> Flow:
    """Bring a graph from bytes to tokens.

    Nodes without an edge are left out (they say nothing that their tokens do not), and so
    is what lies behind the last token or beyond ``most`` nodes, in order of the text.

    Args:
        tokens: Of the text that the graph's spans point into, perhaps cut short.
        graph: The data flow.
        most: Nodes that are kept.
    """
    targets = np.asarray(graph.targets, dtype=np.int32)
    sources = np.asarray(graph.sources, dtype=np.int32)
    linked = np.zeros(len(graph.starts), dtype=bool)
    linked[targets] = linked[sources] = True
    first = np.searchsorted(tokens.ends, np.asarray(graph.starts, np.int32), side="right")
    last = np.searchsorted(tokens.starts, np.asarray(graph.ends, np.int32), side="left")
    kept = np.flatnonzero(linked & (first < last))[:most]
    number = np.full(len(linked), -1, dtype=np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    edges = np.stack([number[targets], number[sources]], axis=1)
    return Flow(
        spans=np.stack([first[kept], last[kept]], axis=1).astype(np.int32),
        edges=edges[(edges >= 0).all(axis=1)],
    )


def code_input(
    tokens: TokenSpans, graph: DataFlowGraph | None, config: EncoderConfig
) -> GraphInput:
    """Return ``[CLS] code [SEP] variables``: the code side of search and clones.

    Args:
        tokens: Of the code.
        graph: Its data flow, or None where there is none.
        config: Says how much is read; with the input mode ``tokens`` the graph is not.
    """
    return pair_input(None, tokens, graph, config)


def text_input(tokens: TokenSpans, config: EncoderConfig) -> GraphInput:
    """Return ``[CLS] words [SEP]``: the query side of search."""
    return pair_input(None, tokens, None, config)


def pair_input(
    comment: TokenSpans | None,
    code: TokenSpans,
    graph: DataFlowGraph | None,
    config: EncoderConfig,
) -> GraphInput:
    """Return ``[CLS] comment [SEP] code [SEP] variables``: what pre-training reads.

    A comment takes at most a third of the tokens, so that there is code beside it.
    """
    room = config.max_tokens - 2
    head: list[Ints] = [np.array([config.bos_token_id], np.int32)]
    if comment is not None and len(comment):
        words = comment.ids[: (room - 1) // 3]
        room -= len(words) + 1
        head += [words, np.array([config.eos_token_id], np.int32)]
    kept = _first(code, room)
    start = sum(map(len, head))
    ids = np.concatenate([*head, kept.ids, np.array([config.eos_token_id], np.int32)])
    flow = NO_FLOW
    if graph is not None and config.input_mode == "graph" and config.max_nodes:
        flow = flow_of(kept, graph, most=config.max_nodes)
        flow = Flow(spans=flow.spans + np.int32(start), edges=flow.edges)
    return GraphInput(ids=ids, code_start=start, flow=flow)


def _first(tokens: TokenSpans, count: int) -> TokenSpans:
    if len(tokens) <= count:
        return tokens
    return TokenSpans(
        ids=tokens.ids[:count], starts=tokens.starts[:count], ends=tokens.ends[:count]
    )


def total_bytes(inputs: Sequence[GraphInput]) -> int:
    """Return the bytes that inputs take together."""
    return sum(entry.nbytes for entry in inputs)
