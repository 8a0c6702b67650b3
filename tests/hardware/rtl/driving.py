"""Units driven by vectors, clock after clock."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from amaranth.hdl import Value
from amaranth.sim import Simulator
from numpy.typing import NDArray

Bits = NDArray[Any]
"""Python's numbers where they are wider than numpy's."""


def driven(
    unit: Any,
    inputs: Mapping[str, NDArray[Any]],
    outputs: Sequence[str],
    *,
    constants: Mapping[str, int] | None = None,
    clocks: int | None = None,
) -> dict[str, Bits]:
    """What outputs are after each clock.

    Args:
        unit: A component.
        inputs: What is at a port before each clock, one after the other; then the last one rests.
        outputs: Ports that are recorded.
        constants: What is at other ports.
        clocks: How many; as many as there are inputs.
    """
    count = len(next(iter(inputs.values())))
    clocks = clocks or count
    seen: dict[str, list[int]] = {name: [] for name in outputs}
    values = [(Value.cast(getattr(unit, name)), given.tolist()) for name, given in inputs.items()]
    ports = {name: Value.cast(getattr(unit, name)) for name in outputs}

    async def bench(context: Any) -> None:
        for name, value in (constants or {}).items():
            context.set(getattr(unit, name), value)
        for clock in range(clocks):
            if clock < count:
                for port, given in values:
                    context.set(port, given[clock])
            await context.tick()
            for name, port in ports.items():
                seen[name].append(context.get(port))

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return {
        name: np.array(found, np.uint64 if len(ports[name]) <= 64 else object)
        for name, found in seen.items()
    }


def answers(
    unit: Any, inputs: Mapping[str, NDArray[Any]], output: str, *, latency: int | None = None
) -> Bits:
    """What a unit gives for each of its inputs, exactly its latency later."""
    count = len(next(iter(inputs.values())))
    late = unit.latency if latency is None else latency
    return driven(unit, inputs, [output], clocks=count + late - 1)[output][late - 1 :]
