"""A product run through the array in Amaranth's simulator, every wire of every element."""

from collections.abc import Callable, Collection
from collections.abc import Mapping as Ports
from dataclasses import dataclass, field

import numpy as np
from amaranth.sim import Simulator, SimulatorContext
from numpy.typing import NDArray

from tidemill.core.errors import CapacityError
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.feeding import NO_SUM, Feed, feed
from tidemill.hardware.rtl.operand import RightOperand
from tidemill.hardware.rtl.stce import Stce
from tidemill.hardware.sat.array import Mapping

__all__ = ["SimulatedProduct", "StceSimulator", "Watch"]

PERIOD = 1e-6
LONGEST = 1_000_000
"""Cycles that a product may take here; a few hundred a second are simulated."""

Watch = Callable[[Ports[str, int], int, int], None]
"""Is told of each cycle: inputs by their port, sums that leave, and which of them are valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedProduct:
    """What came out.

    Attributes:
        result: FP32, [rows, columns].
        cycles: From the first input to the last sum, both counted.
    """

    result: NDArray[np.float32] = field(repr=False)
    cycles: int


class StceSimulator:
    """An array that products are run through.

    Args:
        design: Its parameters.
    """

    def __init__(self, design: RtlDesign) -> None:
        self.design = design
        self._array = Stce(design)
        self._simulator = Simulator(self._array)
        self._simulator.add_clock(PERIOD)
        self._waiting: Feed | None = None
        self._stalls: frozenset[int] = frozenset()
        self._watch: Watch | None = None
        self._done: SimulatedProduct | None = None
        self._has_run = False
        self._simulator.add_testbench(self._run_next)

    def product(
        self,
        left: NDArray[np.float16],
        right: RightOperand,
        mapping: Mapping,
        *,
        stalls: Collection[int] = (),
        watch: Watch | None = None,
    ) -> SimulatedProduct:
        """Run one product through the array, which is reset before.

        Args:
            left: [rows, contraction].
            right: What it is multiplied by.
            mapping: How it is laid over the array.
            stalls: Cycles in which the array stands still.
            watch: Looks on.

        Raises:
            SettingError: The sides do not fit.
            CapacityError: It would take too long here.
        """
        self._waiting = feed(self.design, left, right, mapping)
        self._stalls = frozenset(stalls)
        if self._waiting.cycles > LONGEST:
            raise CapacityError(
                f"{self._waiting.cycles:,} cycles to simulate",
                hint=f"Simulate products of up to {LONGEST:,} cycles.",
            )
        self._watch = watch
        if self._has_run:
            self._simulator.reset()
        self._has_run = True
        self._done = None
        self._simulator.run()
        return self._taken()

    def _taken(self) -> SimulatedProduct:
        if self._done is None:
            raise CapacityError("the array gave no answer", hint="This is an error of ours.")
        return self._done

    async def _run_next(self, context: SimulatorContext) -> None:
        given = self._waiting
        if given is None:
            return
        collected = _Collected(given)
        inputs: dict[str, int] = {}
        cycle = fed = 0
        while not collected.is_complete and fed < 2 * given.cycles:
            moves = cycle not in self._stalls
            if fed < given.cycles:
                inputs = self._inputs(given, fed, collected)
            self._put(context, inputs, moves=moves)
            sums = context.get(self._array.sum_south)
            valid = context.get(self._array.sum_valid_south)
            if moves:
                collected.take(sums, valid)
            if self._watch is not None:
                self._watch(inputs | {"enable": int(moves)}, sums, valid)
            await context.tick()
            cycle += 1
            fed += moves
        if collected.is_complete:
            self._done = SimulatedProduct(result=collected.result, cycles=cycle)

    def _put(self, context: SimulatorContext, inputs: Ports[str, int], *, moves: bool) -> None:
        for name, bits in inputs.items():
            context.set(getattr(self._array, name), bits)
        context.set(self._array.enable, moves)

    def _inputs(self, given: Feed, cycle: int, collected: "_Collected") -> dict[str, int]:
        return {
            "stationary": int(given.mapping.dataflow == "ws"),
            "group": _packed(given.groups[cycle]),
            "valid": _joined(given.valid[cycle], 1),
            "first": _joined(given.first[cycle], 1),
            "last": _joined(given.last[cycle], 1),
            "value": _packed(given.values[cycle]),
            "index": _joined(given.indices[cycle], self.design.index_bits),
            "shift": _joined(given.shift[cycle], 1),
            "sum": _packed(collected.sums(given.sums[cycle])),
        }


class _Collected:
    """Results, as far as they have left the array."""

    def __init__(self, given: Feed) -> None:
        self._given = given
        self._counts = [0] * given.words.shape[1]
        self.result = np.zeros((given.shape.rows, given.shape.columns), np.float32)

    @property
    def is_complete(self) -> bool:
        """Whether every word of every column has been seen."""
        return min(self._counts) >= len(self._given.words)

    def take(self, sums: int, valid: int) -> None:
        """Take what leaves the columns in a cycle."""
        for column, count in enumerate(self._counts):
            if not valid >> column & 1:
                continue
            self._counts[column] = count + 1
            row, place = (at[count, column] for at in (self._given.words, self._given.places))
            if row >= 0 and place >= 0:
                word = np.uint32(sums >> 32 * column & 0xFFFFFFFF)
                self.result[row, place] = word.view(np.float32)

    def sums(self, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the sums of these numbers, zero where nothing was added up before."""
        flat = self.result.reshape(-1)
        return np.where(numbers == NO_SUM, np.float32(0), flat[numbers])


def _packed(fields: NDArray[np.generic]) -> int:
    return int.from_bytes(fields.tobytes(), "little")


def _joined(fields: NDArray[np.generic], bits: int) -> int:
    joined = 0
    for number, one in enumerate(fields.tolist()):
        joined |= int(one) << number * bits
    return joined
