"""What an encoder reads of one text: tokens, the variables in them, and their edges.

The input is ``[CLS] comment [SEP] code [SEP] variables`` (GraphCodeBERT, section 4.1). A
variable is a span of the tokens that it was read from, and an edge a pair of variables:
some tens of integers, from which the attention makes its mask.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tidemill.models.config import EncoderConfig
from tidemill.models.tokenizer import TokenSpans
from tidemill.source.dataflow.graph import DataFlowGraph

__all__ = ["NO_FLOW", "Flow", "GraphInput", "assembled", "flow_of", "within"]

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


def flow_of(tokens: TokenSpans, graph: DataFlowGraph) -> Flow:
    """Bring a graph from bytes to tokens.

    Nodes without an edge are left out (they say nothing that their tokens do not), and so
    is what lies behind the last token.

    Args:
        tokens: Of the text that the graph's spans point into, perhaps cut short.
        graph: The data flow.
    """
    targets = np.asarray(graph.targets, dtype=np.int32)
    sources = np.asarray(graph.sources, dtype=np.int32)
    linked = np.zeros(len(graph.starts), dtype=bool)
    linked[targets] = linked[sources] = True
    first = np.searchsorted(tokens.ends, np.asarray(graph.starts, np.int32), side="right")
    last = np.searchsorted(tokens.starts, np.asarray(graph.ends, np.int32), side="left")
    spans = np.stack([first, last], axis=1).astype(np.int32)
    edges = np.stack([targets, sources], axis=1)
    return _kept(Flow(spans=spans, edges=edges), np.flatnonzero(linked & (first < last)))


def within(flow: Flow, tokens: int, *, most: int) -> Flow:
    """Return what of a flow begins in the first tokens, and at most so many nodes of it.

    Args:
        flow: Nodes in order of the text.
        tokens: How many tokens are left of the text.
        most: Nodes that are kept: the first ones.
    """
    if not len(flow.spans) or (len(flow.spans) <= most and flow.spans[:, 1].max() <= tokens):
        return flow
    kept = _kept(flow, np.flatnonzero(flow.spans[:, 0] < tokens)[:most])
    return Flow(spans=np.minimum(kept.spans, np.int32(tokens)), edges=kept.edges)


def _kept(flow: Flow, places: NDArray[np.int64]) -> Flow:
    """Return a flow with some of its nodes, and the edges between those."""
    number = np.full(len(flow.spans), -1, dtype=np.int32)
    number[places] = np.arange(len(places), dtype=np.int32)
    edges = number[flow.edges]
    return Flow(spans=flow.spans[places], edges=edges[(edges >= 0).all(axis=1)])


def assembled(
    code: Ints, flow: Flow = NO_FLOW, *, config: EncoderConfig, comment: Ints | None = None
) -> GraphInput:
    """Return ``[CLS] comment [SEP] code [SEP] variables``, each part as far as it is there.

    A comment takes at most a third of the room, so that there is code beside it. A query
    is code without flow: ``[CLS] words [SEP]``.

    Args:
        code: Token ids, without specials.
        flow: Over these tokens; left out with the input mode ``tokens``.
        config: Says how much is read.
        comment: Token ids of the comment.
    """
    room = config.max_tokens - 2
    end = np.array([config.eos_token_id], np.int32)
    head: list[Ints] = [np.array([config.bos_token_id], np.int32)]
    if comment is not None and len(comment):
        words = comment[: (room - 1) // 3]
        head += [words, end]
        room -= len(words) + 1
    kept = code[:room]
    start = sum(map(len, head))
    nodes = config.max_nodes if config.input_mode == "graph" else 0
    flow = within(flow, len(kept), most=nodes)
    return GraphInput(
        ids=np.concatenate([*head, kept, end]),
        code_start=start,
        flow=Flow(spans=flow.spans + np.int32(start), edges=flow.edges),
    )
