from dataclasses import replace
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.hardware.sat.drafts import SAT, engines, jobs, mapped, walks
from tidemill.core.errors import CapacityError
from tidemill.hardware.sat.array import Array, Mapping
from tidemill.hardware.sat.blocking import Blocking, blocking
from tidemill.hardware.sat.cycles import pieces
from tidemill.hardware.sat.engine import Buffers, Engine
from tidemill.hardware.sat.job import job
from tidemill.hardware.sat.walk import Walk
from tidemill.hardware.workload.gemm import Gemm
from tidemill.sparsity.pattern import NMPattern

OS, WS = Mapping(dataflow="os"), Mapping(dataflow="ws")


def fits(walk: Walk, blocks: Blocking) -> bool:
    """Whether parts of a size fit into half of each buffer."""
    own, buffers = walk.job, walk.engine.buffers
    sums = blocks.rows * blocks.columns * walk.engine.partial_bytes
    return (
        2 * own.left_bytes(blocks.rows, blocks.contraction) <= buffers.left
        and 2 * own.right_bytes(blocks.contraction, blocks.columns) <= buffers.right
        and 2 * sums <= buffers.result
    )


@given(walk=walks())
def test_parts_fit_into_half_of_each_buffer_and_cover_the_product(walk: Walk) -> None:
    blocks, shape = walk.blocks, walk.job.shape
    assert fits(walk, blocks)
    covered = [[0, 0], [0, 0]]
    for many, outer, inner, slab in walk.places():
        sizes = walk.sizes((many, outer, inner, slab))
        assert min(sizes) >= 1
        if many == slab == 0:
            covered[0][0] += sizes[0] * sizes[2]
        if many == outer == inner == 0:
            covered[1][0] += sizes[1]
    assert covered[0][0] == shape.rows * shape.columns
    assert covered[1][0] == walk.job.contraction


@given(walk=walks())
def test_parts_end_where_tiles_and_groups_end(walk: Walk) -> None:
    blocks, array, own = walk.blocks, walk.engine.array, walk.job
    down = array.rows * walk.mapping.down if walk.mapping.dataflow == "os" else 1
    assert blocks.rows % down == 0
    assert blocks.columns % (array.columns * walk.mapping.across) == 0
    assert blocks.contraction == own.contraction or blocks.contraction % own.pattern.m == 0
    if blocks.contraction < own.contraction and walk.mapping.dataflow == "ws":
        assert own.kept(blocks.contraction) % array.rows == 0


@given(walk=walks())
def test_the_other_order_of_loops_moves_no_fewer_bytes(walk: Walk) -> None:
    other = replace(walk.blocks, outer="columns" if walk.blocks.outer == "rows" else "rows")
    turned = Walk(walk.job, walk.mapping, other, walk.engine)
    assert walk.time().dram_bytes <= turned.time().dram_bytes


@given(data=st.data(), walk=walks(flows=("os",), is_plain=True))
def test_no_other_cut_of_a_whole_contraction_moves_fewer_bytes(
    data: st.DataObject, walk: Walk
) -> None:
    """All cuts into whole tiles are candidates here, not just those that were looked at."""
    own, array, shape = walk.job, walk.engine.array, walk.job.shape
    assume(walk.blocks.contraction == own.contraction)
    down, across = array.rows * walk.mapping.down, array.columns * walk.mapping.across
    rows = down * data.draw(st.integers(1, pieces(shape.rows, down)))
    most = [
        columns
        for columns in range(across, shape.columns + across, across)
        if fits(walk, replace(walk.blocks, rows=rows, columns=columns))
    ]
    assume(most)
    orders: tuple[Literal["rows", "columns"], ...] = ("rows", "columns")
    for outer in orders:
        other = Blocking(rows=rows, contraction=own.contraction, columns=most[-1], outer=outer)
        turned = Walk(own, walk.mapping, other, walk.engine)
        assert walk.time().dram_bytes <= turned.time().dram_bytes


def test_what_fits_is_not_cut() -> None:
    own = job(Gemm(rows=256, contraction=512, columns=128), NMPattern(2, 8))
    for mapping in (OS, WS):
        blocks = blocking(own, mapping, SAT.engine)
        walk = Walk(own, mapping, blocks, SAT.engine)
        assert walk.counts == (1, 1, 1, 1)


def test_the_smaller_operand_is_fetched_once() -> None:
    engine = Engine(
        array=Array(rows=4, columns=4),
        buffers=Buffers(left=4096, right=4096, result=4096),
        partial_bytes=4,
        dram_bytes_per_cycle=Fraction(4),
    )
    # Half of 4096 bytes has 16 rows of 64 numbers, or 16 columns, so that neither operand fits.
    # Left once, right ten times: 20,480 + 10 x 4,096; right once, left twice: 4,096 + 2 x 20,480.
    tall = blocking(job(Gemm(rows=160, contraction=64, columns=32)), OS, engine)
    assert (tall.outer, tall.rows, tall.columns) == ("columns", 16, 16)
    wide = blocking(job(Gemm(rows=32, contraction=64, columns=160)), OS, engine)
    assert (wide.outer, wide.rows, wide.columns) == ("rows", 16, 16)


@given(data=st.data(), engine=engines())
def test_what_does_not_fit_says_what_to_do(data: st.DataObject, engine: Engine) -> None:
    mapping = data.draw(mapped(engine.array))
    small = replace(engine, buffers=Buffers(left=2, right=2, result=2))
    with pytest.raises(CapacityError, match="a single tile of it") as caught:
        blocking(data.draw(jobs()), mapping, small)
    assert caught.value.hint == "Make a buffer of the machine larger, or its array smaller."
    assert str(mapping) in caught.value.message


@pytest.mark.parametrize("side", ["left", "right", "result"])
@pytest.mark.parametrize("mapping", [OS, WS], ids=str)
def test_each_buffer_may_be_the_one_that_is_too_small(side: str, mapping: Mapping) -> None:
    own = job(Gemm(rows=64, contraction=64, columns=64))
    buffers = replace(SAT.engine.buffers, **{side: 64})
    with pytest.raises(CapacityError, match="64 x 64 x 64 does not fit"):
        blocking(own, mapping, replace(SAT.engine, buffers=buffers))


def test_a_contraction_that_is_too_long_comes_in_slabs() -> None:
    own = job(Gemm(rows=40, contraction=100_000, columns=40))
    summed = blocking(own, OS, SAT.engine)
    assert summed.contraction < own.contraction
    # Sums wait in the array, so that a part is a single tile.
    assert (summed.rows, summed.columns) == (32, 32)
    passed = blocking(own, WS, SAT.engine)
    assert passed.contraction % 32 == 0
