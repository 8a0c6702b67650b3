"""The sparse online reduction engine (SORE) of SAT (arXiv 2309.13015): N of M as they come by."""

from collections.abc import Sequence
from itertools import pairwise

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib.data import ArrayLayout, StructLayout, View
from amaranth.lib.wiring import Component, In, Member, Out

from tidemill.core.errors import SettingError
from tidemill.hardware.rtl.pipeline import wire
from tidemill.sparsity.pattern import NMPattern

__all__ = ["Sore", "SoreLane"]


class SoreLane(Component):
    """Keeps the N largest of each M numbers, one number a clock.

    Groups follow each other without a gap. Magnitudes are compared by their bits: NaN is larger
    than infinity, subnormals count, and of equals the first stays.

    Kept numbers stand in the order they came in, so that a number that enters only shifts later
    ones, and each knows its rank, so that the least one is known without a search.

    Inputs: a float ``value``, taken while ``valid`` is high. Outputs, all good only in the one
    clock in which ``done`` is high, which is the one after a group's last number was taken:
    ``values`` and ``indices`` of the kept ones in rising order of index, the first one lowest,
    and ``mask``, whose bit i says that number i is kept.

    Args:
        pattern: N:M.
        width: Bits of a float.

    Attributes:
        pattern: N:M.
    """

    def __init__(self, pattern: NMPattern, width: int = 16) -> None:
        super().__init__(_ports(pattern, width))
        self.pattern: NMPattern = pattern
        self._entry = StructLayout(
            {
                "value": width,
                "index": _index_bits(pattern),
                "rank": range(pattern.n),
                "is_filled": 1,
            }
        )

    def elaborate(self, platform: object) -> Module:  # noqa: ARG002 - Amaranth hands it over
        """Return the lane's logic."""
        module = Module()
        place = Signal(range(self.pattern.m))
        kept = [
            Signal(self._entry, name=f"kept_{number}", reset_less=True)
            for number in range(self.pattern.n)
        ]
        is_last = place == self.pattern.m - 1
        module.d.sync += self.done.eq(self.valid & is_last)
        with module.If(self.valid):
            module.d.sync += place.eq(Mux(is_last, 0, place + 1))
        self._keep(module, kept, place)
        module.d.comb += self.mask.eq(
            Cat(
                Cat(entry.index == number for entry in kept).any()
                for number in range(self.pattern.m)
            )
        )
        for number, entry in enumerate(kept):
            module.d.comb += [
                self.values[number].eq(entry.value),
                self.indices[number].eq(entry.index),
            ]
        return module

    def _keep(self, module: Module, kept: Sequence[View], place: Value) -> None:
        """Let a number enter in the place of the least one; at first, in an empty place."""
        is_larger = [
            wire(
                module, ~entry.is_filled | (self.value[:-1] > entry.value[:-1]), f"larger_{number}"
            )
            for number, entry in enumerate(kept)
        ]
        is_least = [entry.rank == len(kept) - 1 for entry in kept]
        leaves = [larger & least for larger, least in zip(is_larger, is_least, strict=True)]
        is_first = place == 0
        with module.If(self.valid & (is_first | Cat(leaves).any())):
            module.d.sync += [kept[-1].value.eq(self.value), kept[-1].index.eq(place)]
            for number, (entry, later) in enumerate(pairwise(kept)):
                moves = wire(module, Cat(is_least[: number + 1]).any(), f"moves_{number}")
                with module.If(moves):
                    module.d.sync += entry.eq(later)
                stays, comes = entry.rank + is_larger[number], later.rank + is_larger[number + 1]
                module.d.sync += entry.rank.eq(Mux(moves, comes, stays))
            module.d.sync += [
                kept[-1].rank.eq(sum(~larger for larger in is_larger)),
                kept[-1].is_filled.eq(1),
            ]
        with module.If(self.valid & is_first):
            module.d.sync += _started(kept)


def _index_bits(pattern: NMPattern) -> int:
    """Return the bits of a place in a group; a dense one has places too."""
    return max(1, (pattern.m - 1).bit_length())


def _ports(pattern: NMPattern, width: int) -> dict[str, Member]:
    """Return the ports of a lane."""
    return {
        "value": In(width),
        "valid": In(1),
        "values": Out(ArrayLayout(width, pattern.n)),
        "indices": Out(ArrayLayout(_index_bits(pattern), pattern.n)),
        "mask": Out(pattern.m),
        "done": Out(1),
    }


def _started(kept: Sequence[View]) -> list[Value]:
    """Return how a group's first number leaves ranks: empty places are least, the first of all."""
    count = len(kept)
    ranks = [entry.rank.eq(count - 1 - number) for number, entry in enumerate(kept)]
    return ranks + [entry.is_filled.eq(number == count - 1) for number, entry in enumerate(kept)]


class Sore(Component):
    """Lanes side by side, which take a number each in the same clocks.

    Ports are those of `SoreLane`; ``value``, ``values``, ``indices`` and ``mask`` have one
    element for each lane.

    Args:
        pattern: N:M.
        lanes: How many.
        width: Bits of a float.

    Attributes:
        pattern: N:M.
        lanes: How many.

    Raises:
        SettingError: There is no lane.
    """

    def __init__(self, pattern: NMPattern, lanes: int = 32, width: int = 16) -> None:
        if lanes < 1:
            raise SettingError(f"{lanes} lanes of SORE", hint="Choose 1 or more.")
        own, shared = _ports(pattern, width), {"valid": In(1), "done": Out(1)}
        super().__init__(
            {
                name: shared.get(name, Member(port.flow, ArrayLayout(port.shape, lanes)))
                for name, port in own.items()
            }
        )
        self._width = width
        self.pattern: NMPattern = pattern
        self.lanes: int = lanes

    def elaborate(self, platform: object) -> Module:  # noqa: ARG002 - Amaranth hands it over
        """Return the lanes."""
        module = Module()
        units = [SoreLane(self.pattern, self._width) for _ in range(self.lanes)]
        for number, unit in enumerate(units):
            module.submodules[f"lane_{number}"] = unit
            module.d.comb += [
                unit.value.eq(self.value[number]),
                unit.valid.eq(self.valid),
                self.values[number].eq(unit.values),
                self.indices[number].eq(unit.indices),
                self.mask[number].eq(unit.mask),
            ]
        module.d.comb += self.done.eq(units[0].done)
        return module
