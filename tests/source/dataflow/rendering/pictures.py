"""Graphs for the tests of what shows them."""

from tidemill.source.dataflow.extractor import data_flow
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse
from tidemill.source.units import units_of

MEAN = b"""\
def mean_above(values, floor):
    total, count = 0, 0
    for value in values:
        if value > floor:
            total += value
            count = count + 1
    return total / count
"""


def graph_of(code: bytes) -> tuple[DataFlowGraph, tuple[int, int]]:
    """The graph of the first unit of a Python text, and where that stands."""
    tree = parse(code, LANGUAGES["python"])
    units = units_of(tree)
    return data_flow(tree, units[0], units), (units[0].start, units[0].end)
