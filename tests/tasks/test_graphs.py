from collections.abc import Sequence
from pathlib import Path

import pytest

from tidemill.core.clock import FixedClock
from tidemill.core.errors import InputError
from tidemill.core.settings import Settings
from tidemill.source.dataflow.extractor import Extractor
from tidemill.source.language import LANGUAGES
from tidemill.source.parsing import SyntaxTree, parse
from tidemill.source.units import Unit, units_of
from tidemill.store.store import FOLDER, Store
from tidemill.tasks import graphs
from tidemill.tasks.graphs import Graphless, GraphLimits, UnitGraphs
from tidemill.tasks.indexing import IndexReport, index

TEXT = "def one(a):\n    return a\n\n\ndef two(b):\n    return b\n\n\ndef three(c):\n    return c\n"
LIMITS = GraphLimits(seconds=10, max_unit_bytes=1_000)


def graphs_of(clock: FixedClock, limits: GraphLimits = LIMITS) -> UnitGraphs:
    tree = parse(TEXT.encode(), LANGUAGES["python"])
    return UnitGraphs(tree, units_of(tree), limits=limits, clock=clock)


class Faulty:
    """An extractor with a fault in some units."""

    faults: dict[str, Exception]

    def __init__(self, tree: SyntaxTree, units: Sequence[Unit]) -> None:
        self._real = Extractor(tree, units)

    def packed(self, unit: Unit) -> bytes:
        if unit.name in self.faults:
            raise self.faults[unit.name]
        return self._real.packed(unit)


def indexed_with(
    root: Path, monkeypatch: pytest.MonkeyPatch, faults: dict[str, Exception]
) -> tuple[IndexReport, dict[str, bool]]:
    """Index one file with a faulty extractor; say which units got a graph."""
    (root / "a.py").write_text(TEXT)
    monkeypatch.setattr(Faulty, "faults", faults, raising=False)
    monkeypatch.setattr(graphs, "Extractor", Faulty)
    report = index([root], settings=Settings(workers=1))
    found = {}
    with Store(root / FOLDER) as store:
        assert store.verify().sound
        with store.snapshot() as snapshot:
            assert {hit.unit.name for hit in snapshot.search(["two"])} >= {"two"}
            for unit in snapshot.units("a.py"):
                body = snapshot.body(unit.body_hash)
                found[unit.name] = body is not None and bool(body.graph)
    return report, found


def test_a_failing_graph_costs_neither_unit_nor_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: dict[str, Exception] = {
        "two": KeyError("no such node"),
        "three": InputError("a data-flow graph of more than 9 edges"),
    }
    report, found = indexed_with(tmp_path, monkeypatch, faults)
    assert found == {"one": True, "two": False, "three": False, "<module>": True}
    assert (report.indexed, report.skipped, report.crashed) == (1, (), 0)
    assert report.unparsable == ()
    assert report.graphless == (
        Graphless(
            path="a.py", reason="graph failed: KeyError: 'no such node'", count=1, names=("two",)
        ),
        Graphless(
            path="a.py",
            reason="graph left out: a data-flow graph of more than 9 edges",
            count=1,
            names=("three",),
        ),
    )
    with Store(tmp_path / FOLDER) as store, store.snapshot() as snapshot:
        row = snapshot.file("a.py")
    assert row is not None
    assert row.reason == "; ".join(map(str, report.graphless))
    assert index([tmp_path], settings=Settings(workers=1)).unchanged == 1


def test_a_file_whose_tree_cannot_be_walked_stays_searchable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(Faulty, "__init__", broken)
    report, found = indexed_with(tmp_path, monkeypatch, {})
    assert not any(found.values())
    (entry,) = report.graphless
    assert (entry.reason, entry.count) == ("graph failed: RecursionError: too deep", 4)


def test_no_graph_is_begun_after_the_time_of_the_file(clock: FixedClock) -> None:
    made = graphs_of(clock)
    one, two, three, module = made.units
    assert made.packed(one)
    clock.advance(10.5)
    assert [made.packed(unit) for unit in (two, three, module)] == [b"", b"", b""]
    (entry,) = made.graphless("a.py")
    assert str(entry) == "graph left out: 10 s for this file were over (two, three, <module>)"


def test_long_units_are_left_out_and_the_names_of_many_are_cut(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graphs, "MOST_NAMES", 2)
    made = graphs_of(clock, GraphLimits(seconds=10, max_unit_bytes=5))
    assert not any(made.packed(unit) for unit in made.units)
    (entry,) = made.graphless("a.py")
    assert str(entry) == "graph left out: more than max_unit_bytes = 5 (one, two and 2 more)"
