from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hardware.sat.drafts import arrays, mapped
from tidemill.hardware.sat.array import Array, Dataflow, Mapping, Shape
from tidemill.hardware.sat.cycles import full_count, ideal_cycles, pieces, tile_period, tiles
from tidemill.sparsity.pattern import NMPattern

OS, WS = Mapping(dataflow="os"), Mapping(dataflow="ws")
SIDES = st.integers(1, 300)
SHAPES = st.builds(
    Shape, rows=SIDES, depth=SIDES, columns=SIDES, count=st.sampled_from([1, 1, 2, 9])
)

# M x K x N.
SCALE_SIM_SHAPES = ((128, 256, 64), (1, 16, 1), (33, 48, 10), (100, 272, 65))

# Cycles that SCALE-Sim 3.0.0 (from the package index, with numpy 2.2.6) says of them: CALC mode,
# layer-wise sparsity, as benches/scalesim.py runs it; "Total Cycles" of its COMPUTE_REPORT.csv.
SCALE_SIM: dict[tuple[int, int, Dataflow, str], tuple[int, ...]] = {
    (32, 32, "os", "1:1"): (2543, 77, 219, 4007),
    (32, 32, "os", "2:4"): (1519, 69, 171, 2375),
    (32, 32, "os", "2:8"): (1007, 65, 147, 1559),
    (32, 32, "ws", "1:1"): (3551, 94, 253, 5237),
    (32, 32, "ws", "2:4"): (1775, 94, 126, 2909),
    (32, 32, "ws", "2:8"): (887, 94, 126, 1745),
    (8, 8, "os", "1:1"): (34559, 29, 619, 33461),
    (8, 8, "os", "2:4"): (18175, 21, 379, 17549),
    (8, 8, "os", "2:8"): (9983, 17, 259, 9593),
    (8, 8, "ws", "1:1"): (38399, 45, 659, 37331),
    (8, 8, "ws", "2:4"): (19199, 22, 329, 18665),
    (8, 8, "ws", "2:8"): (9599, 22, 219, 9881),
    (16, 4, "os", "1:1"): (35071, 33, 593, 34509),
    (16, 4, "os", "2:4"): (18687, 25, 377, 18325),
    (16, 4, "os", "2:8"): (10495, 21, 269, 10233),
    (16, 4, "ws", "1:1"): (41471, 34, 602, 38725),
    (16, 4, "ws", "2:4"): (20735, 34, 401, 20501),
    (16, 4, "ws", "2:8"): (10367, 34, 200, 11389),
}


@pytest.mark.claim("bdwp.sat.cycles")
@pytest.mark.parametrize("case", SCALE_SIM, ids=str)
def test_ideal_cycles_are_those_of_scale_sim(case: tuple[int, int, Dataflow, str]) -> None:
    rows, columns, dataflow, pattern = case
    array, kept = Array(rows=rows, columns=columns), NMPattern.parse(pattern).kept
    counted = [
        ideal_cycles(Shape(rows=m, depth=kept(k), columns=n), array, Mapping(dataflow=dataflow))
        for m, k, n in SCALE_SIM_SHAPES
    ]
    assert tuple(counted) == SCALE_SIM[case]


@given(shape=SHAPES, array=arrays())
def test_the_ideal_array_knows_no_latency_and_no_interleaving(shape: Shape, array: Array) -> None:
    quick = replace(array, accumulate_latency=1, multiply_latency=1)
    wide = Mapping(dataflow="os", down=2, across=3)
    assert ideal_cycles(shape, array, wide) == ideal_cycles(shape, quick, OS)
    assert ideal_cycles(shape, array, WS) == ideal_cycles(shape, quick, WS)
    one = replace(shape, count=1)
    assert ideal_cycles(shape, array, WS) == shape.count * ideal_cycles(one, array, WS)


# Worked out by hand. Operands enter through R + C registers at the edges, a product takes P,
# K additions take K L, and a column's S sums of R elements leave one a cycle.
@pytest.mark.parametrize(
    ("array", "shape", "cycles"),
    [
        # One element: 1 addition, 1 + 1 to come in, 1 to multiply, 1 to leave.
        (Array(rows=1, columns=1), (1, 1, 1), 5),
        # Three additions, one after the other: two cycles more.
        (Array(rows=1, columns=1), (1, 3, 1), 7),
        # Three additions of four cycles each: 12 + 1 + 1 + 1 + 1.
        (Array(rows=1, columns=1, accumulate_latency=4), (1, 3, 1), 16),
        # 2 x 2, one tile: 3 additions, 2 + 2 to come in, 1 to multiply, 2 to leave.
        (Array(rows=2, columns=2), (2, 3, 2), 10),
        # A second tile begins 3 cycles after the first.
        (Array(rows=2, columns=2), (4, 3, 2), 13),
        # With one addition a tile the second has to wait for the column: 2 cycles, not 1.
        (Array(rows=2, columns=2), (4, 1, 2), 10),
        # A row that is left over is a tile, too.
        (Array(rows=2, columns=2), (5, 3, 2), 16),
        # A slower multiplication moves the end alone.
        (Array(rows=2, columns=2, multiply_latency=3), (4, 3, 2), 15),
    ],
)
def test_cycles_with_outputs_stationary_by_hand(
    array: Array, shape: tuple[int, int, int], cycles: int
) -> None:
    own = Shape(rows=shape[0], depth=shape[1], columns=shape[2])
    assert full_count(own, array, OS).cycles == cycles


# R cycles load the first weights; M rows follow each other; a sum passes R additions of L cycles
# and the C columns, and its product took P before, of which the first overlaps (- 1).
@pytest.mark.parametrize(
    ("array", "shape", "cycles"),
    [
        # 1 to load, 1 row, 1 addition, 1 column, 1 multiplication, 1 of them at once.
        (Array(rows=1, columns=1), (1, 1, 1), 4),
        # 2 + 3 rows + 2 additions + 2 columns + 1 - 1.
        (Array(rows=2, columns=2), (3, 2, 2), 9),
        # A second tile along K: the weights of the first are held R - 1 = 1 cycle longer in the
        # lower row, and the next take 2 + 1 to come, which is more than 3 rows and than the
        # R L + 1 = 3 after which its sums are back: 4 later.
        (Array(rows=2, columns=2), (3, 4, 2), 13),
        # The same with additions of 4: 8 + 1 until sums are back; 2 + 9 + 3 + 8 + 2.
        (Array(rows=2, columns=2, accumulate_latency=4), (3, 4, 2), 24),
        # A second tile along N needs no sums of the first: 1 x 4 + 2 + 1 = 7 later.
        (Array(rows=2, columns=2, accumulate_latency=4), (3, 2, 4), 22),
        # Many rows hide all of that: 20 later.
        (Array(rows=2, columns=2, accumulate_latency=4), (20, 4, 2), 52),
    ],
)
def test_cycles_with_weights_stationary_by_hand(
    array: Array, shape: tuple[int, int, int], cycles: int
) -> None:
    own = Shape(rows=shape[0], depth=shape[1], columns=shape[2])
    assert full_count(own, array, WS).cycles == cycles


def test_interleaved_sums_leave_together() -> None:
    array = Array(rows=2, columns=2, accumulate_latency=4)
    shape = Shape(rows=4, depth=3, columns=4)
    # One tile of 2 x 2 sums an element: 3 rounds of 4, 2 + 2 + 1, and 2 x 4 sums of a column.
    wide = Mapping(dataflow="os", down=2, across=2)
    assert full_count(shape, array, wide).cycles == 12 + 5 + 8
    # Four tiles of one: each 3 waits of 4, and the last drain of 2.
    assert full_count(shape, array, OS).cycles == 48 + 5 + 2


@pytest.mark.claim("bdwp.sat.interleave")
@pytest.mark.parametrize("latency", [1, 2, 4, 6])
def test_without_interleaving_every_sum_waits_for_the_adder(latency: int) -> None:
    array = Array(rows=4, columns=4, accumulate_latency=latency)
    shape = Shape(rows=48, depth=100_000, columns=48)
    least = shape.macs / array.elements
    alone = full_count(shape, array, OS)
    assert alone.cycles / least == pytest.approx(latency, rel=1e-3)
    in_turn = full_count(shape, array, Mapping(dataflow="os", down=1, across=latency))
    assert in_turn.cycles / least == pytest.approx(1, rel=1e-3)
    assert alone.terms["additions"] == (latency - 1) * shape.depth * tiles(shape, array, OS)
    assert in_turn.terms["additions"] == 0


@given(data=st.data(), shape=SHAPES, array=arrays())
def test_terms_are_all_that_lies_between_ideal_and_real(
    data: st.DataObject, shape: Shape, array: Array
) -> None:
    mapping = data.draw(mapped(array))
    found = full_count(shape, array, mapping)
    assert found.ideal == ideal_cycles(shape, array, mapping)
    assert found.cycles - found.ideal == sum(found.terms.values())
    assert found.cycles * array.elements >= shape.macs
    period = tile_period(shape, array, mapping)
    alone = full_count(replace(shape, count=1), array, mapping)
    more = tiles(shape, array, mapping) - tiles(replace(shape, count=1), array, mapping)
    assert found.cycles - alone.cycles == more * period


@given(data=st.data(), shape=SHAPES, array=arrays(), side=st.sampled_from(Shape.__slots__))
def test_larger_products_take_no_less(
    data: st.DataObject, shape: Shape, array: Array, side: str
) -> None:
    mapping = data.draw(mapped(array))
    larger = replace(shape, **{side: getattr(shape, side) + data.draw(SIDES)})
    assert full_count(larger, array, mapping).cycles >= full_count(shape, array, mapping).cycles


@given(length=SIDES, of=SIDES)
def test_pieces_cover_a_length_and_no_more(length: int, of: int) -> None:
    assert (pieces(length, of) - 1) * of < length <= pieces(length, of) * of
