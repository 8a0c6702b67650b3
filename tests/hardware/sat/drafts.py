"""Machines, products and networks for the tests of SAT."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from hypothesis import reject
from hypothesis import strategies as st

from tidemill.core.errors import CapacityError
from tidemill.hardware.machine.constant import Value
from tidemill.hardware.machine.description import read_machine
from tidemill.hardware.sat.array import DATAFLOWS, Array, Dataflow, Mapping, mappings
from tidemill.hardware.sat.blocking import blocking
from tidemill.hardware.sat.engine import Buffers, Engine
from tidemill.hardware.sat.job import Job, job
from tidemill.hardware.sat.machine import SatMachine, sat_machine
from tidemill.hardware.sat.walk import Walk
from tidemill.hardware.workload.gemm import Gemm
from tidemill.hardware.workload.lowering import network
from tidemill.hardware.workload.network import Network
from tidemill.hardware.workload.networks import NETWORKS
from tidemill.models.products import ModelProducts, PointwiseWork, WeightProduct
from tidemill.sparsity.pattern import NMPattern

SAT = sat_machine(read_machine("sat-vcu1525"))
PATTERNS = (None, NMPattern(2, 4), NMPattern(2, 8), NMPattern(3, 8))


def machine(**changes: Value) -> SatMachine:
    """SAT with other constants, ``array__rows=8``."""
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return sat_machine(read_machine("sat-vcu1525").changed(named))


def layers(*products: WeightProduct, between: Sequence[PointwiseWork] = ()) -> Network:
    """A network of these layers on one example."""
    model = ModelProducts(kind="any", places=1, products=products, between=tuple(between))
    return network(model, name="any", batch=1)


def linear(
    name: str = "layer",
    inputs: int = 64,
    outputs: int = 128,
    *,
    first: bool = False,
    because: str = "",
) -> WeightProduct:
    """A linear layer of 96 tokens."""
    return WeightProduct(
        name=name, inputs=inputs, outputs=outputs, rows=96, is_first=first, dense_because=because
    )


@cache
def published(name: str) -> Network:
    """A published network with its usual batch."""
    found = NETWORKS[name]
    return network(found.products, name=name, batch=found.batch)


@st.composite
def arrays(draw: st.DrawFn) -> Array:
    return Array(
        rows=draw(st.sampled_from([1, 2, 4, 8])),
        columns=draw(st.sampled_from([1, 2, 4, 8])),
        accumulate_latency=draw(st.integers(1, 6)),
        multiply_latency=draw(st.integers(1, 3)),
    )


@st.composite
def engines(draw: st.DrawFn) -> Engine:
    """Small ones, so that small products are cut."""
    return Engine(
        array=draw(arrays()),
        buffers=Buffers(
            left=draw(st.sampled_from([512, 1024, 8192])),
            right=draw(st.sampled_from([512, 1024, 8192])),
            result=draw(st.sampled_from([4096, 16384])),
        ),
        partial_bytes=4,
        dram_bytes_per_cycle=draw(st.sampled_from([Fraction(1, 3), Fraction(3), Fraction(100)])),
    )


@st.composite
def jobs(draw: st.DrawFn, *, is_plain: bool = False) -> Job:
    """Products; the bytes of plain ones are those of their numbers, and never rounded."""
    gemm = Gemm(
        rows=draw(st.integers(1, 90)),
        contraction=8 * draw(st.integers(1, 30)),
        columns=draw(st.integers(1, 70)),
        count=draw(st.sampled_from([1, 1, 2, 7])),
        distinct=Fraction(1) if is_plain else draw(st.sampled_from([Fraction(1), Fraction(1, 9)])),
    )
    pattern = None if is_plain else draw(st.sampled_from(PATTERNS))
    return job(gemm, pattern, swapped=draw(st.booleans()))


@st.composite
def mapped(draw: st.DrawFn, array: Array, flows: Sequence[Dataflow] = DATAFLOWS) -> Mapping:
    ways = [
        way
        for flow in flows
        for is_wide in (True, False)
        for way in mappings(array, flow, interleave=is_wide)
    ]
    return draw(st.sampled_from(ways))


@st.composite
def walks(
    draw: st.DrawFn, flows: Sequence[Dataflow] = DATAFLOWS, *, is_plain: bool = False
) -> Walk:
    engine, own = draw(engines()), draw(jobs(is_plain=is_plain))
    mapping = draw(mapped(engine.array, flows))
    try:
        return Walk(own, mapping, blocking(own, mapping, engine), engine)
    except CapacityError:
        reject()
