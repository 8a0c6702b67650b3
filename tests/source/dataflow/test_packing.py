"""Packed graphs: nothing is lost, and damage is noticed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.source.dataflow.golden_format import GoldenCase
from tests.source.dataflow.snippets import CASES, case_name, flow_of
from tidemill.core.errors import StoreError
from tidemill.source.dataflow.graph import DataFlowGraph
from tidemill.source.dataflow.packing import pack, unpack

CODE = b"def f(a, b):\n    c = a + b\n    return print(c)\n"
HEADER_BYTES = 12


@pytest.mark.parametrize("case", CASES, ids=case_name)
def test_what_is_packed_comes_back(case: GoldenCase) -> None:
    flow = flow_of(case.code.encode(), case.language)
    for unit, graph in zip(flow.units, flow.graphs, strict=True):
        text = graph.text[unit.start : unit.end]
        found = unpack(pack(graph, unit.start), text)
        assert found.names == graph.names
        assert found.starts == tuple(start - unit.start for start in graph.starts)
        assert found.ends == tuple(end - unit.start for end in graph.ends)
        assert (found.edges, found.marks, found.free) == (graph.edges, graph.marks, graph.free)
        assert pack(found) == pack(graph, unit.start)


@st.composite
def made_graphs(draw: st.DrawFn) -> DataFlowGraph:
    """Make the columns of a graph, which need not mean anything."""
    nodes = draw(st.integers(0, 12))
    edges = draw(st.integers(0, 30)) if nodes else 0
    reach = draw(st.sampled_from([40, 65_535, 65_536, 5_000_000]))
    starts = draw(st.lists(st.integers(0, reach), min_size=nodes, max_size=nodes))
    lengths = draw(st.lists(st.integers(0, reach), min_size=nodes, max_size=nodes))
    ends_of_edges = st.lists(st.integers(0, max(nodes - 1, 0)), min_size=edges, max_size=edges)
    names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9)
    return DataFlowGraph(
        text=b"",
        starts=tuple(starts),
        ends=tuple(start + length for start, length in zip(starts, lengths, strict=True)),
        marks=draw(st.binary(min_size=nodes, max_size=nodes)),
        targets=tuple(draw(ends_of_edges)),
        sources=tuple(draw(ends_of_edges)),
        relations=draw(st.binary(min_size=edges, max_size=edges)),
        free=tuple(draw(st.lists(names, max_size=4))),
    )


@given(made_graphs())
def test_columns_come_back_whatever_they_hold(graph: DataFlowGraph) -> None:
    assert unpack(pack(graph), b"") == graph


@given(made_graphs(), st.data())
def test_a_packed_graph_cut_short_is_refused(graph: DataFlowGraph, data: st.DataObject) -> None:
    packed = pack(graph)
    size = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(StoreError, match=r"damaged|unknown version"):
        unpack(packed[:size], b"")
    with pytest.raises(StoreError, match="damaged"):
        unpack(packed + b"\0", b"")


def test_every_cut_is_refused() -> None:
    packed = pack(flow_of(CODE, "python").graphs[0])
    for size in range(len(packed)):
        with pytest.raises(StoreError, match="damaged"):
            unpack(packed[:size], CODE)


@pytest.mark.parametrize(("place", "value"), [(0, 2), (0, 255), (1, 3), (1, 0)])
def test_an_unknown_version_or_width_is_refused(place: int, value: int) -> None:
    packed = bytearray(pack(flow_of(CODE, "python").graphs[0]))
    packed[place] = value
    with pytest.raises(StoreError, match="unknown version"):
        unpack(bytes(packed), CODE)


def test_equal_texts_at_different_places_pack_equally() -> None:
    packed = []
    for before in (b"", b"import os\n\n\n", b"# x\n" * 30_000):
        flow = flow_of(before + CODE, "python")
        packed.append(pack(flow.graphs[0], flow.units[0].start))
    assert packed[0] == packed[1] == packed[2]


def test_far_offsets_take_the_wide_form() -> None:
    graph = flow_of(CODE, "python").graphs[0]
    shift = (1 << 16) - max(graph.starts)
    near = replace(graph, starts=tuple(start + shift - 1 for start in graph.starts))
    near = replace(near, ends=tuple(end + shift - 1 for end in graph.ends))
    far = replace(near, starts=tuple(start + 1 for start in near.starts))
    far = replace(far, ends=tuple(end + 1 for end in near.ends))
    assert [pack(one)[1] for one in (near, far)] == [2, 4]
    columns = 2 * len(graph.starts) + 2 * len(graph.targets)
    assert len(pack(far)) - len(pack(near)) == 2 * columns
    for one in (near, far):
        assert unpack(pack(one), b"") == replace(one, text=b"")


def test_an_empty_graph_takes_no_more_than_its_head() -> None:
    graph = flow_of(b"def f(): pass\n", "python").graphs[0]
    assert len(pack(graph)) == HEADER_BYTES
    assert unpack(pack(graph), b"def f(): pass") == replace(graph, text=b"def f(): pass")
