from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hardware.sat.drafts import SAT, engines, jobs, published
from tidemill.core.errors import CapacityError
from tidemill.hardware.sat.array import DATAFLOWS, Array, Dataflow, Mapping, mappings
from tidemill.hardware.sat.blocking import blocking
from tidemill.hardware.sat.cycles import full_count, ideal_cycles
from tidemill.hardware.sat.engine import Buffers, Engine
from tidemill.hardware.sat.job import Job, job
from tidemill.hardware.sat.options import SatOptions
from tidemill.hardware.sat.scheduling import best_ideal, scheduled
from tidemill.hardware.sat.step import step_time
from tidemill.hardware.sat.walk import Walk
from tidemill.hardware.workload.gemm import Gemm
from tidemill.sparsity.pattern import NMPattern


def ways(own: Job, engine: Engine, flows: tuple[Dataflow, ...], *, interleave: bool) -> list[Walk]:
    """Every way of a product that fits."""
    found = []
    for flow in flows:
        for mapping in mappings(engine.array, flow, interleave=interleave):
            try:
                found.append(Walk(own, mapping, blocking(own, mapping, engine), engine))
            except CapacityError:
                continue
    return found


@pytest.mark.claim("bdwp.sat.schedule")
@given(
    own=jobs(),
    engine=engines(),
    flows=st.sampled_from([("os",), ("ws",), DATAFLOWS]),
    interleave=st.booleans(),
)
def test_the_fastest_way_is_taken_and_of_two_the_one_that_moves_less(
    own: Job, engine: Engine, flows: tuple[Dataflow, ...], interleave: bool
) -> None:
    known = ways(own, engine, flows, interleave=interleave)
    if not known:
        with pytest.raises(CapacityError):
            scheduled(own, engine, flows, interleave=interleave)
        return
    found = scheduled(own, engine, flows, interleave=interleave)
    best = min((way.time().cycles, way.time().dram_bytes) for way in known)
    assert (found.time.cycles, found.time.dram_bytes) == best
    assert found.mapping in {way.mapping for way in known}
    assert found.count == full_count(own.shape, engine.array, found.mapping)
    busy = found.time.cycles * engine.array.elements
    assert found.utilisation == own.shape.macs / busy <= 1


def test_of_two_ways_in_the_same_time_the_one_that_moves_less_is_taken() -> None:
    engine = Engine(
        array=Array(rows=1, columns=1, accumulate_latency=4),
        buffers=Buffers(left=512, right=512, result=1024),
        partial_bytes=4,
        dram_bytes_per_cycle=Fraction(1000),
    )
    own = job(Gemm(rows=2, contraction=64, columns=3))
    told = {
        str(way.mapping): (way.time().cycles, way.time().dram_bytes)
        for way in ways(own, engine, ("os",), interleave=True)
    }
    assert told["os 1x4"] == (521, 1036)
    assert told["os 2x2"] == (521, 652)
    assert str(scheduled(own, engine, ("os",)).mapping) == "os 2x2"


@pytest.mark.claim("bdwp.sat.schedule")
def test_schedule_picks_a_dataflow_per_layer_and_stage_by_predicted_utilisation() -> None:
    step = step_time(published("resnet18-64"), SAT, SatOptions())
    flows: dict[str, set[str]] = {}
    for part in step.parts:
        found = part.scheduled
        if found is None:
            continue
        flows.setdefault(part.layer, set()).add(found.mapping.dataflow)
        for flow in DATAFLOWS:
            alone = scheduled(found.job, SAT.engine, (flow,))
            assert found.utilisation >= alone.utilisation
            assert (found.mapping.dataflow == flow) == (found == alone)
    # Stages of one layer differ, and layers do.
    assert {"os", "ws"} in flows.values()
    assert len({frozenset(found) for found in flows.values()}) > 1


def test_nothing_is_run_to_choose_and_the_same_is_chosen_again() -> None:
    own = job(Gemm(rows=4096, contraction=576, columns=64), NMPattern(2, 8))
    assert scheduled(own, SAT.engine, DATAFLOWS) is scheduled(own, SAT.engine, DATAFLOWS)


def test_a_single_dataflow_is_kept_to() -> None:
    own = job(Gemm(rows=4096, contraction=576, columns=64), NMPattern(2, 8))
    for flow in DATAFLOWS:
        assert scheduled(own, SAT.engine, (flow,)).mapping.dataflow == flow
    alone = scheduled(own, SAT.engine, ("os",), interleave=False)
    assert alone.mapping == Mapping(dataflow="os")
    assert scheduled(own, SAT.engine, ("os",)).mapping.sums == 4


def test_what_fits_no_way_says_so() -> None:
    small = replace(SAT.engine, buffers=Buffers(left=8, right=8, result=8))
    own = job(Gemm(rows=64, contraction=64, columns=64))
    with pytest.raises(CapacityError, match="64 x 64 x 64 does not fit"):
        scheduled(own, small, DATAFLOWS)
    with pytest.raises(CapacityError, match="no dataflow is left"):
        scheduled(own, small, ())


def test_one_dataflow_that_does_not_fit_leaves_the_other() -> None:
    # Weights stationary hold a row of 32 sums at least; one tile of outputs takes 32 of them.
    engine = replace(SAT.engine, buffers=Buffers(left=1 << 20, right=1 << 20, result=512))
    own = job(Gemm(rows=64, contraction=64, columns=64))
    assert scheduled(own, engine, DATAFLOWS).mapping.dataflow == "ws"
    with pytest.raises(CapacityError):
        scheduled(own, engine, ("os",))


@given(own=jobs(), engine=engines())
def test_the_best_ideal_array_takes_the_better_dataflow(own: Job, engine: Engine) -> None:
    each = [ideal_cycles(own.shape, engine.array, Mapping(dataflow=flow)) for flow in DATAFLOWS]
    assert best_ideal(own, engine, DATAFLOWS) == min(each)
    assert [best_ideal(own, engine, (flow,)) for flow in DATAFLOWS] == each
