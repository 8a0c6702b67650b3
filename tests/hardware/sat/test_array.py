import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidemill.core.errors import SettingError
from tidemill.hardware.sat.array import Array, Mapping, Shape, mappings


@given(latency=st.integers(1, 64))
def test_ways_to_interleave_fill_the_adder_and_none_is_worse_than_another(latency: int) -> None:
    array = Array(rows=2, columns=2, accumulate_latency=latency)
    ways = [(way.down, way.across) for way in mappings(array, "os")]
    assert all(down * across <= latency for down, across in ways)
    for down in range(1, latency + 1):
        for across in range(1, latency // down + 1):
            held = [way for way in ways if way[0] >= down and way[1] >= across]
            assert held, (down, across)
            assert (down, across) not in ways or held == [(down, across)]


def test_ways_of_four_cycles() -> None:
    array = Array(rows=2, columns=2, accumulate_latency=4)
    assert [str(way) for way in mappings(array, "os")] == ["os 1x4", "os 2x2", "os 4x1"]
    assert {way.sums for way in mappings(array, "os")} == {4}


def test_nothing_interleaves_with_weights_stationary_or_where_it_is_not_wanted() -> None:
    array = Array(rows=2, columns=2, accumulate_latency=4)
    assert mappings(array, "ws") == (Mapping(dataflow="ws"),)
    assert mappings(array, "os", interleave=False) == (Mapping(dataflow="os"),)
    assert str(mappings(array, "os", interleave=False)[0]) == "os"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rows", 0),
        ("rows", 4_097),
        ("columns", -1),
        ("columns", 4_097),
        ("accumulate_latency", 0),
        ("accumulate_latency", 65),
        ("multiply_latency", 0),
        ("multiply_latency", 65),
    ],
)
def test_arrays_that_cannot_be(name: str, value: int) -> None:
    with pytest.raises(SettingError, match=f"an array with {name} {value}") as caught:
        Array(**({"rows": 2, "columns": 2} | {name: value}))
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("It is 1 to ")


def test_counts_of_elements_and_of_work() -> None:
    assert Array(rows=3, columns=5).elements == 15
    assert Shape(rows=2, depth=3, columns=5, count=7).macs == 210
