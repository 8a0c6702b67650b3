"""Data flow: where the value of each variable occurrence comes from."""

from tidemill.source.dataflow.extractor import Extractor, data_flow, pack_unit_graph
from tidemill.source.dataflow.graph import DataFlowGraph, Edge, Node
from tidemill.source.dataflow.packing import pack, unpack

__all__ = [
    "DataFlowGraph",
    "Edge",
    "Extractor",
    "Node",
    "data_flow",
    "pack",
    "pack_unit_graph",
    "unpack",
]
