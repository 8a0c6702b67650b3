"""SAT's model: cycles against an independent simulator and our own RTL, and the headline.

    .venv/bin/python benches/sat.py --prepare
    .venv/bin/python benches/sat.py [--quick]

1. The ideal mode against SCALE-Sim 3.0.0, product by product, on a grid of shapes, patterns and
   dataflows; and the time of both for the same grid, of this process against that of its own.
2. The full mode against our RTL in Amaranth's simulator, every mode on arrays of 4 x 4 and 8 x 8,
   with random numbers; results must be those of numpy to the bit as well.
3. The event-level simulation against the closed form, on products with memory.
4. The average speed-up of 2:8 BDWP over dense training, whose machine is declared in
   machines/sat-vcu1525.toml and is not fitted, and the bandwidth that would give the published one.
"""

import argparse
import resource
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import scalesim

from report import Figure, show
from tidemill.hardware.machine.description import read_machine
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.operand import RightOperand, dense_operand, packed_operand
from tidemill.hardware.rtl.reference import dot_in_order
from tidemill.hardware.rtl.simulation import StceSimulator
from tidemill.hardware.sat.array import DATAFLOWS, Array, Mapping, Shape, mappings
from tidemill.hardware.sat.cycles import full_count, ideal_cycles
from tidemill.hardware.sat.job import job
from tidemill.hardware.sat.machine import sat_machine
from tidemill.hardware.sat.reproduction import PUBLISHED_SPEEDUP, SatReproduction, reproduce_sat
from tidemill.hardware.sat.scheduling import scheduled
from tidemill.hardware.sat.simulation import simulated
from tidemill.hardware.sat.walk import Walk
from tidemill.hardware.workload.gemm import Gemm
from tidemill.sparsity.pattern import NMPattern

SEED = 7
ROWS = (1, 16, 31, 64, 100, 257)
CONTRACTIONS = (16, 48, 64, 144, 256, 272)
COLUMNS = (1, 10, 32, 33, 64, 100)
ARRAYS = ((32, 32), (8, 8), (16, 4))
PATTERNS = ("", "2:4", "2:8")
RTL_SHAPES = ((5, 16, 9), (20, 48, 8), (41, 32, 21))
RTL_PATTERNS = (None, NMPattern(2, 4), NMPattern(2, 8), NMPattern(2, 16))
QUICK = 10

Shapes = list[tuple[int, int, int]]


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prepare", action="store_true", help="install SCALE-Sim, and end")
    parser.add_argument("--quick", action="store_true", help="a part of it, in under a minute")
    options = parser.parse_args()
    scalesim.prepare()
    if options.prepare:
        return
    figures = [
        *against_scalesim(quick=options.quick),
        *against_rtl(quick=options.quick),
        against_events(quick=options.quick),
        *headline(),
    ]
    show("sat", figures)


def against_scalesim(*, quick: bool) -> Iterator[Figure]:
    """Compare the ideal mode."""
    shapes: Shapes = list(product(ROWS, CONTRACTIONS, COLUMNS))
    shapes = shapes[:: len(shapes) // QUICK] if quick else shapes
    wrong, theirs, ours, compared = 0, 0.0, 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        for (rows, columns), dataflow, pattern in product(
            ARRAYS[:1] if quick else ARRAYS, DATAFLOWS, PATTERNS
        ):
            grid = scalesim.Grid(
                rows=rows, columns=columns, dataflow=dataflow, pattern=pattern, shapes=shapes
            )
            said, taken = scalesim.simulate(grid, Path(folder) / "run")
            before = _processor_seconds()
            counted = ideal_grid(grid)
            ours += _processor_seconds() - before
            theirs += taken
            compared += len(said)
            wrong += sum(one != other for one, other in zip(said, counted, strict=True))
    print(f"{compared:,} products: {wrong} with other cycles than SCALE-Sim's")
    print(f"processor time: SCALE-Sim {theirs:.1f} s, ours {1000 * ours:.1f} ms\n")
    yield Figure(
        name=f"products of {compared:,} with other cycles than SCALE-Sim's",
        value=wrong,
        unit="products",
        peer=f"SCALE-Sim 3.0.0, {len(shapes)} shapes x dense, 2:4, 2:8 x os, ws",
        target="0",
        met=wrong == 0,
    )
    times = theirs / max(ours, 1e-6)
    yield Figure(
        name="times as fast as SCALE-Sim on the same grid",
        value=round(times),
        unit="x",
        peer=f"SCALE-Sim 3.0.0: {theirs:.1f} s of processor time",
        target=">= 1,000",
        met=times >= 1000,
    )


def ideal_grid(grid: scalesim.Grid) -> list[int]:
    """Return our cycles for a grid."""
    array = Array(rows=grid.rows, columns=grid.columns)
    mapping = Mapping(dataflow="os" if grid.dataflow == "os" else "ws")
    pattern = NMPattern.parse(grid.pattern or "1:1")
    return [
        ideal_cycles(
            Shape(rows=rows, depth=pattern.kept(contraction), columns=columns), array, mapping
        )
        for rows, contraction, columns in grid.shapes
    ]


def against_rtl(*, quick: bool) -> Iterator[Figure]:
    """Compare the full mode, and results to the bit."""
    for side in (4,) if quick else (4, 8):
        design = RtlDesign(rows=side, columns=side, pattern=NMPattern(2, 16))
        simulator = StceSimulator(design)
        runs = wrong = bits = cycles = 0
        for shape, pattern in product(RTL_SHAPES[: 1 if quick else None], RTL_PATTERNS):
            left, right, matrix = operands(shape, pattern, design)
            wanted = dot_in_order(left[:, None, :], matrix.T[None, :, :])
            for mapping in modes(design.array):
                found = simulator.product(left, right, mapping)
                own = Shape(rows=shape[0], depth=right.depth, columns=shape[2])
                runs += 1
                cycles += found.cycles
                wrong += found.cycles != full_count(own, design.array, mapping).cycles
                bits += not np.array_equal(found.result.view(np.uint32), wanted.view(np.uint32))
        print(f"{side} x {side}: {runs} runs, {cycles:,} cycles of RTL: {wrong} with other cycles,")
        print(f"       {bits} with another bit than numpy\n")
        for name, number in (("cycles", wrong), ("bits", bits)):
            yield Figure(
                name=f"runs of {runs} on {side} x {side} elements with other {name} than RTL",
                value=number,
                unit="runs",
                peer="our RTL in Amaranth's simulator; numpy for bits",
                target="0",
                met=number == 0,
            )


def operands(
    shape: tuple[int, int, int], pattern: NMPattern | None, design: RtlDesign
) -> tuple[np.ndarray, RightOperand, np.ndarray]:
    """Return random factors, and the right one as a whole matrix with what is dropped as 0."""
    random = np.random.default_rng(SEED)
    rows, contraction, columns = shape
    left = random.standard_normal((rows, contraction)).astype(np.float16)
    right = random.standard_normal((contraction, columns)).astype(np.float16)
    if pattern is None:
        return left, dense_operand(right, group=design.group), right
    order = random.random((columns, contraction // pattern.m, pattern.m)).argsort(axis=2)
    mask = (order < pattern.n).reshape(columns, contraction).T
    return left, packed_operand(right, mask, pattern), np.where(mask, right, np.float16(0))


def modes(array: Array) -> list[Mapping]:
    """Return every way to lay a product over an array."""
    ways = [mapping for flow in DATAFLOWS for mapping in mappings(array, flow)]
    return [*ways, Mapping(dataflow="os")]


def against_events(*, quick: bool) -> Figure:
    """Compare the closed form with the event-level simulation, memory and all."""
    engine = sat_machine(read_machine("sat-vcu1525")).engine
    random = np.random.default_rng(SEED)
    count, wrong = (20 if quick else 200), 0
    for _ in range(count):
        rows, groups, columns = (int(random.integers(1, most)) for most in (9000, 200, 900))
        pattern = RTL_PATTERNS[int(random.integers(3))]
        own = job(Gemm(rows=rows, contraction=16 * groups, columns=columns), pattern)
        for flow in DATAFLOWS:
            found = scheduled(own, engine, (flow,))
            wrong += simulated(Walk(own, found.mapping, found.blocks, engine)) != found.time.cycles
    print(f"{2 * count} products with memory: {wrong} with other cycles when simulated\n")
    return Figure(
        name=f"products of {2 * count} whose simulated cycles differ from the closed form's",
        value=wrong,
        unit="products",
        peer="our event-level simulation",
        target="0",
        met=wrong == 0,
    )


def headline() -> Iterator[Figure]:
    """Compute the average speed-up, as declared and fitted."""
    found = reproduce_sat(read_machine("sat-vcu1525"))
    print_models(found)
    yield Figure(
        name="average speed-up of 2:8 BDWP over dense, machine as declared",
        value=round(found.average, 3),
        unit="x",
        peer=f"published: {PUBLISHED_SPEEDUP}x",
        target="within 5 % of it",
        met=abs(found.difference) <= 0.05,
    )
    if found.fit is not None:
        yield Figure(
            name=f"{found.fit.key} that gives the published average (fitted)",
            value=round(found.fit.value / 1e9, 1),
            unit="GB/s",
            peer=f"declared: {found.fit.declared / 1e9:.1f} GB/s, the board's four banks",
        )


def print_models(found: SatReproduction) -> None:
    """Print a line for each model."""
    print("model         batch  2:4    2:8    2:16   ideal 2:8  MACs saved at 2:8")
    for model in found.models:
        speedups = "  ".join(f"{model.speedup(pattern):.2f}x" for pattern in model.sparse)
        ideal, saved = model.ideal_speedup(found.pattern), 100 * model.mac_cut(found.pattern)
        print(f"{model.name:12}  {model.batch:5}  {speedups}  {ideal:.2f}x      {saved:.1f} %")
    print()


def _processor_seconds() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


if __name__ == "__main__":
    main()
