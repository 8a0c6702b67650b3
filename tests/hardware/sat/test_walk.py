from dataclasses import replace
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given

from tests.hardware.sat.drafts import SAT, walks
from tidemill.hardware.sat.array import DATAFLOWS, Array, Mapping, mappings
from tidemill.hardware.sat.blocking import Blocking, blocking
from tidemill.hardware.sat.cycles import full_count
from tidemill.hardware.sat.engine import Buffers, Engine
from tidemill.hardware.sat.job import job
from tidemill.hardware.sat.simulation import Span, simulated, spans
from tidemill.hardware.sat.walk import Walk, WalkTime
from tidemill.hardware.workload.gemm import Gemm
from tidemill.sparsity.pattern import NMPattern

BOUNDLESS = Fraction(10**30)


def counted_step_by_step(walk: Walk) -> WalkTime:
    """What all steps take, none of them left out."""
    moving = walk.engine.dram_cycles
    steps = [walk.step(place) for place in walk.places()]
    cycles = moving(steps[0].fetched) + moving(steps[-1].written) + walk.head
    for number, step in enumerate(steps):
        is_last = number + 1 == len(steps)
        out = steps[number - 1].written if number else 0
        coming = 0 if is_last else steps[number + 1].fetched
        busy = step.compute + (walk.tail if is_last else 0)
        cycles += max(busy, moving(out + coming))
    return WalkTime(
        cycles=cycles,
        compute=walk.head + sum(step.compute for step in steps) + walk.tail,
        dram_bytes=sum(step.fetched + step.written for step in steps),
    )


@pytest.mark.claim("bdwp.sat.simulation")
@given(walk=walks())
def test_the_closed_form_is_what_the_event_simulation_takes(walk: Walk) -> None:
    assert walk.time().cycles == simulated(walk)


@pytest.mark.claim("bdwp.sat.simulation")
@pytest.mark.parametrize("dataflow", DATAFLOWS)
@pytest.mark.parametrize("pattern", [None, NMPattern(2, 8)], ids=["dense", "2:8"])
def test_the_closed_form_is_what_the_event_simulation_takes_on_the_declared_machine(
    dataflow: str, pattern: NMPattern | None
) -> None:
    own = job(Gemm(rows=9_001, contraction=2_304, columns=515, distinct=Fraction(1, 9)), pattern)
    for mapping in (way for flow in DATAFLOWS for way in mappings(SAT.engine.array, flow)):
        if mapping.dataflow == dataflow:
            walk = Walk(own, mapping, blocking(own, mapping, SAT.engine), SAT.engine)
            assert walk.time().cycles == simulated(walk)


@given(walk=walks())
def test_a_few_steps_of_each_kind_stand_for_all(walk: Walk) -> None:
    assert walk.time() == counted_step_by_step(walk)


@given(walk=walks())
def test_every_operand_and_result_is_moved_once_at_least(walk: Walk) -> None:
    own = walk.job
    shape = own.shape
    once = (
        own.left_bytes(shape.rows, own.contraction)
        + own.right_bytes(own.contraction, shape.columns)
        + own.written_bytes(shape.rows, shape.columns)
    )
    assert walk.time().dram_bytes >= shape.count * once
    assert walk.time().compute * walk.engine.array.elements >= shape.macs
    steps = [walk.step(place) for place in walk.places()]
    written = sum(step.written for step in steps)
    assert written == shape.count * own.written_bytes(shape.rows, shape.columns)
    if walk.counts[1:] == (1, 1, 1):
        assert walk.time().dram_bytes == shape.count * once


@given(walk=walks())
def test_without_a_limit_of_memory_only_the_first_fetch_and_the_last_write_are_waited_for(
    walk: Walk,
) -> None:
    engine = replace(walk.engine, dram_bytes_per_cycle=BOUNDLESS)
    found = Walk(walk.job, walk.mapping, walk.blocks, engine).time()
    assert found.cycles == found.compute + 1 + 1
    assert found.compute == walk.time().compute
    assert found.cycles <= walk.time().cycles


@given(walk=walks())
def test_memory_hides_behind_the_array_or_the_array_behind_memory(walk: Walk) -> None:
    found = walk.time()
    moved = walk.engine.dram_cycles(found.dram_bytes)
    assert found.cycles >= max(found.compute, moved)
    # Each step's share is rounded up to a whole cycle.
    steps = len(list(walk.places()))
    assert found.cycles <= found.compute + moved + steps + 2


@given(walk=walks())
def test_a_product_in_one_piece_keeps_the_array_as_long_as_its_count_says(walk: Walk) -> None:
    whole = Blocking(rows=10_000, contraction=walk.job.contraction, columns=10_000)
    uncut = Walk(walk.job, walk.mapping, whole, walk.engine)
    count = full_count(walk.job.shape, walk.engine.array, walk.mapping)
    assert uncut.time().compute == count.cycles
    assert simulated(uncut) == uncut.time().cycles


def test_steps_by_hand() -> None:
    # 4 x 8 x 4 on 2 x 2, cut into 2 x 8 x 2: four steps, rows outermost.
    engine = Engine(
        array=Array(rows=2, columns=2),
        buffers=Buffers(left=64, right=64, result=32),
        partial_bytes=4,
        dram_bytes_per_cycle=Fraction(4),
    )
    walk = Walk(
        job(Gemm(rows=4, contraction=8, columns=4)),
        Mapping(dataflow="os"),
        Blocking(rows=2, contraction=8, columns=2),
        engine,
    )
    steps = [walk.step(place) for place in walk.places()]
    assert walk.counts == (1, 2, 2, 1)
    # Both operands; the right one; both, since the columns begin anew; the right one.
    assert [step.fetched for step in steps] == [64, 32, 64, 32]
    assert [step.written for step in steps] == [8, 8, 8, 8]
    assert [step.compute for step in steps] == [8, 8, 8, 8]
    # 16 to fetch; 32/4 = 8; (8 + 64)/4 = 18; (8 + 32)/4 = 10; the last computes 8, while 8 bytes
    # leave; then 2 + 2 + 2 + 1 of the last tile, and 2 to write.
    assert walk.time() == WalkTime(
        cycles=16 + 8 + 18 + 10 + 8 + 7 + 2, compute=32 + 7, dram_bytes=192 + 32
    )


def test_sums_of_a_contraction_in_slabs_are_written_once() -> None:
    walk = Walk(
        job(Gemm(rows=2, contraction=32, columns=2), NMPattern(2, 8)),
        Mapping(dataflow="os"),
        Blocking(rows=2, contraction=16, columns=2),
        replace(SAT.engine, array=Array(rows=2, columns=2, accumulate_latency=4)),
    )
    first, last = (walk.step(place) for place in walk.places())
    assert (first.written, last.written) == (0, 8)
    # 2 of 8 are kept: 4 additions of 4 cycles in each slab.
    assert (first.compute, last.compute) == (16, 16)
    # FP16 on the left; on the right 4 values and 3 bits each, for 2 columns.
    assert first.fetched == last.fetched == 2 * 16 * 2 + (2 * 4 * 2 + 3)


@given(walk=walks())
def test_no_unit_does_two_things_at_once(walk: Walk) -> None:
    last: dict[str, Span] = {}
    memory = 0
    for span in islice(spans(walk), 300):
        assert span.end > span.start >= 0
        if span.track in {"fetch", "write"}:
            assert span.start >= memory
            memory = span.end
        elif span.track != "load":
            assert span.track not in last or span.start >= last[span.track].end
        last[span.track] = span
    assert max(span.end for span in last.values()) <= walk.time().cycles


def test_the_steps_of_a_huge_product_are_not_held_at_once() -> None:
    own = job(Gemm(rows=1 << 60, contraction=1 << 31, columns=1 << 31))
    mapping = Mapping(dataflow="os")
    walk = Walk(own, mapping, blocking(own, mapping, SAT.engine), SAT.engine)
    assert next(iter(walk.places())) == (0, 0, 0, 0)
    assert walk.time().compute >= own.shape.macs // SAT.engine.array.elements


def test_the_last_write_waits_for_the_results_and_for_the_wires() -> None:
    # Weights stay on 4 x 1, and a row passes by: a second tile would wait for its weights longer
    # than the last one's results take, so that these are there before the tile's time is over.
    engine = Engine(
        array=Array(rows=4, columns=1),
        buffers=Buffers(left=512, right=512, result=64),
        partial_bytes=4,
        dram_bytes_per_cycle=Fraction(1, 4),
    )
    own = job(Gemm(rows=1, contraction=4, columns=2))
    walk = Walk(own, Mapping(dataflow="ws"), Blocking(rows=1, contraction=4, columns=1), engine)
    assert (walk.head, walk.tail) == (4, -2)
    # At a quarter of a byte a cycle: 64 to fetch both operands, 4 to load the first weights, 32
    # to fetch the others, 8 to write the first result beside the second tile, then 8 for its own.
    assert walk.time().cycles == simulated(walk) == 64 + 4 + 32 + 8 + 8
    # One product of them in one tile: 4 + 6 after the operands are there, and no load after it.
    alone = Walk(job(Gemm(rows=1, contraction=4, columns=1)), walk.mapping, walk.blocks, engine)
    assert [span.track for span in spans(alone)] == ["fetch", "load", "array", "write"]
    assert alone.time().compute == 4 + 6
