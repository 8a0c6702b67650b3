"""Which golden cases show which claim: they exist, and their graphs are as written by hand."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.claims.markers import marked_tests
from tests.source.dataflow.labels import difference, labelled_edges
from tests.source.dataflow.snippets import CASES
from tests.source.dataflow.test_golden import chosen
from tidemill.source.dataflow.extractor import data_flow
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import parse_fragment
from tidemill.source.units import units_of

TABLE = Path(__file__).parent / "golden" / "claims.toml"
BY_NAME = {(case.language, case.name): case for case in CASES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing that a claim says, and the names of the golden cases that show it."""

    claim: str
    shows: str
    cases: tuple[tuple[str, str], ...]


def rows() -> tuple[Row, ...]:
    """Read the table."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(
        Row(
            claim=row["claim"],
            shows=row["shows"],
            cases=tuple(
                (language, name) for language, names in row["cases"].items() for name in names
            ),
        )
        for row in table["row"]
    )


ROWS = rows()
CLAIMS = sorted({row.claim for row in ROWS})


@pytest.mark.claim(
    "gcb.dataflow.figure-1",
    "gcb.dataflow.fields",
    "gcb.dataflow.literal-to-field",
    "gcb.dataflow.destructuring",
    "gcb.dataflow.branches",
    "gcb.dataflow.reachability",
    "gcb.dataflow.loops",
    "gcb.dataflow.iteration",
    "gcb.dataflow.exceptions",
    "gcb.dataflow.resources",
    "gcb.dataflow.caught",
    "gcb.dataflow.augmented",
    "gcb.dataflow.defaults",
    "gcb.dataflow.patterns",
    "gcb.dataflow.scopes",
    "gcb.dataflow.hoisting",
    "gcb.dataflow.closures",
    "gcb.dataflow.free-names",
    "gcb.dataflow.non-variables",
    "gcb.dataflow.interpolation",
    "gcb.dataflow.declarations",
    "gcb.dataflow.bare-methods",
    "gcb.dataflow.one-node",
)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.claim}: {row.shows}")
def test_the_cases_of_a_claim_have_the_edges_written_by_hand(row: Row) -> None:
    assert row.cases
    for language, name in row.cases:
        case = BY_NAME[language, name]
        assert case.edges
        tree = parse_fragment(case.code.encode(), LANGUAGES[language])
        units = units_of(tree)
        graph = data_flow(tree, chosen(units, case.unit), units)
        found = labelled_edges(graph)
        assert found == case.edges, f"{language}, {name}\n{difference(case.edges, found)}"
        if case.free is not None:
            assert graph.free == tuple(sorted(case.free))


@pytest.mark.claim("gcb.dataflow.figure-1")
def test_the_example_of_the_paper_has_its_eleven_occurrences() -> None:
    case = BY_NAME["python", "the paper's figure 1"]
    tree = parse_fragment(case.code.encode(), LANGUAGES["python"])
    units = units_of(tree)
    names = data_flow(tree, units[0], units).names
    assert names == ("a", "b", "x", "0", "b", "a", "x", "b", "x", "a", "x")


def test_the_table_and_the_marks_name_the_same_claims() -> None:
    path = Path(__file__).relative_to(Path(__file__).parents[3])
    name = test_the_cases_of_a_claim_have_the_edges_written_by_hand.__name__
    assert sorted(marked_tests()[f"{path}::{name}"]) == CLAIMS


def test_every_language_shows_something() -> None:
    assert {language for row in ROWS for language, _ in row.cases} == {
        case.language for case in CASES
    }


def test_no_case_shows_a_thing_twice() -> None:
    for row in ROWS:
        assert len(set(row.cases)) == len(row.cases)
