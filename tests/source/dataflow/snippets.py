"""The golden snippets as trees, units and graphs."""

from dataclasses import dataclass
from pathlib import Path

from tests.source.dataflow.golden_format import GoldenCase, read_golden
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import SyntaxTree, parse_fragment
from tidemill.source.units import Unit, units_of

__all__ = ["CASES", "Flow", "case_name", "flow_of", "shape_of"]

GOLDEN = Path(__file__).parent / "golden"
CASES = [case for path in sorted(GOLDEN.glob("*.txt")) for case in read_golden(path)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A text with all its units and their graphs, in the order of the units."""

    tree: SyntaxTree
    units: tuple[Unit, ...]
    graphs: tuple[DataFlowGraph, ...]


def case_name(case: GoldenCase) -> str:
    """Name a case in the report of a test."""
    return f"{case.language}-{case.name}"


def flow_of(code: bytes, language: str) -> Flow:
    """Return the graphs of all units of a text."""
    tree = parse_fragment(code, LANGUAGES[language])
    units = units_of(tree)
    extractor = Extractor(tree, units)
    return Flow(tree=tree, units=units, graphs=tuple(extractor.graph(unit) for unit in units))


def shape_of(graph: DataFlowGraph) -> tuple[bytes, tuple[int, ...], tuple[int, ...], bytes]:
    """Return what a graph is without its spans and names."""
    return graph.marks, graph.targets, graph.sources, graph.relations
