"""Every golden case: the graph has exactly the edges written down by hand."""

from pathlib import Path

import pytest

from tests.source.dataflow.golden_format import GoldenCase, read_golden
from tests.source.dataflow.labels import difference, labelled_edges
from tidemill.source.dataflow.extractor import data_flow
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse_fragment
from tidemill.source.units import Unit, units_of

GOLDEN = Path(__file__).parent / "golden"
CASES = [case for path in sorted(GOLDEN.glob("*.txt")) for case in read_golden(path)]


def chosen(units: tuple[Unit, ...], name: str | None) -> Unit:
    """Return the unit a case means: the named one, else the first outermost function."""
    if name is None:
        return next((unit for unit in units if unit.parent is None), units[-1])
    return next(unit for unit in units if name in (unit.name, unit.qualified_name))


@pytest.mark.claim("gcb.dataflow.ten-languages")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.language}-{case.name}")
def test_edges_are_exactly_those_written_by_hand(case: GoldenCase) -> None:
    tree = parse_fragment(case.code.encode(), LANGUAGES[case.language])
    units = units_of(tree)
    graph = data_flow(tree, chosen(units, case.unit), units)
    found = labelled_edges(graph)
    assert found == case.edges, f"line {case.line}\n{difference(case.edges, found)}"
    if case.free is not None:
        assert graph.free == tuple(sorted(case.free))


@pytest.mark.claim("gcb.dataflow.ten-languages")
def test_there_are_at_least_300_cases_over_ten_languages() -> None:
    assert len(CASES) >= 300
    assert len({case.language for case in CASES}) == 10
