"""A data-flow graph as bytes: what the store keeps, so that experts can re-embed from it.

Spans count from the unit's first byte, so that equal texts have equal packed graphs
wherever they stand. Columns are little-endian integers of two or four bytes.
"""

import struct
import sys
from array import array

from tidemill.core.errors import StoreError
from tidemill.source.dataflow.graph import DataFlowGraph

__all__ = ["pack", "unpack"]

_HEADER = struct.Struct("<BBHII")
_VERSION = 1
_WIDTHS = {2: "H", 4: "I"}


def pack(graph: DataFlowGraph, start: int = 0) -> bytes:
    """Pack a graph, with spans counted from byte ``start``.

    Layout: version, bytes per integer, bytes of the free names, nodes, edges; then the
    columns starts, lengths, targets, sources; then marks, relations and the free names
    joined by line feeds.
    """
    starts = [place - start for place in graph.starts]
    lengths = [end - begin for begin, end in zip(graph.starts, graph.ends, strict=True)]
    width = 2 if max((*starts, *lengths, len(starts)), default=0) < 1 << 16 else 4
    columns = array(_WIDTHS[width], (*starts, *lengths, *graph.targets, *graph.sources))
    if sys.byteorder == "big":
        columns.byteswap()
    free = "\n".join(graph.free).encode()[: (1 << 16) - 1]
    header = _HEADER.pack(_VERSION, width, len(free), len(starts), len(graph.targets))
    return b"".join((header, columns.tobytes(), graph.marks, graph.relations, free))


def unpack(packed: bytes, text: bytes) -> DataFlowGraph:
    """Return the graph that was packed.

    Args:
        packed: From :func:`pack`.
        text: The unit's text, which the spans point into.

    Raises:
        StoreError: If the bytes are damaged or of a newer version.
    """
    version, width, free_bytes, nodes, edges = _read_header(packed)
    size = width * (2 * nodes + 2 * edges)
    body = packed[_HEADER.size :]
    if version != _VERSION or width not in _WIDTHS:
        raise StoreError(f"packed data-flow graph of unknown version {version}/{width}")
    if len(body) != size + nodes + edges + free_bytes:
        raise StoreError(f"packed data-flow graph of {len(packed)} bytes is damaged")
    columns = array(_WIDTHS[width], body[:size])
    if sys.byteorder == "big":
        columns.byteswap()
    starts, rest = columns[:nodes], columns[nodes:]
    marks, free = body[size : size + nodes], body[size + nodes + edges :].decode("utf-8", "ignore")
    return DataFlowGraph(
        text=text,
        starts=tuple(starts),
        ends=tuple(start + length for start, length in zip(starts, rest[:nodes], strict=True)),
        marks=marks,
        targets=tuple(rest[nodes : nodes + edges]),
        sources=tuple(rest[nodes + edges :]),
        relations=body[size + nodes : size + nodes + edges],
        free=tuple(free.split("\n")) if free else (),
    )


def _read_header(packed: bytes) -> tuple[int, int, int, int, int]:
    if len(packed) < _HEADER.size:
        raise StoreError(f"packed data-flow graph of {len(packed)} bytes is damaged")
    version, width, free_bytes, nodes, edges = _HEADER.unpack_from(packed)
    return version, width, free_bytes, nodes, edges
