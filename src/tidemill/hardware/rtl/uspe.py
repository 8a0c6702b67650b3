"""The unified sparse processing element (USPE): one multiplier, one adder, both dataflows."""

from amaranth.hdl import Elaboratable, EnableInserter, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.fifo import SyncFIFO
from amaranth.lib.wiring import In, Out

from tidemill.hardware.rtl.adder import SingleAdder
from tidemill.hardware.rtl.design import MULTIPLY_LATENCY, SUM_BITS, VALUE_BITS, RtlDesign
from tidemill.hardware.rtl.multiplier import HalfMultiplier

__all__ = ["Uspe"]


class Uspe(wiring.Component):
    """An element of the array.

    From the west comes a group of M values of the left operand, from the north a value of the
    right operand and the index of its partner in the group. Both go on after a cycle. A dense
    product is one whose indices count from 0 to M - 1.

    With outputs stationary (``stationary`` low) as many sums as the adder has stages are in its
    pipeline, and come round just when they are added to again. A pass marked ``last`` puts them
    into a queue, from which they leave to the south behind those of the elements above.

    With weights stationary (``stationary`` high) the registers that pass the right operand on
    are the loading chain, moved by ``shift``; a group marked ``first`` takes over what it
    holds. Sums come from the north, and leave to the south an adder's latency later, so that
    groups have to reach a row that much later than the one above.

    While ``enable`` is low nothing moves: that is how the array waits for memory. Sums in the
    adder could not wait by themselves, for each has its own cycle of every so many.

    Args:
        design: Its parameters.
    """

    def __init__(self, design: RtlDesign) -> None:
        self.design = design
        super().__init__(
            {
                "enable": In(1),
                "stationary": In(1),
                "group": In(VALUE_BITS * design.group),
                "valid": In(1),
                "first": In(1),
                "last": In(1),
                "value": In(VALUE_BITS),
                "index": In(design.index_bits),
                "shift": In(1),
                "sum": In(SUM_BITS),
                "sum_valid": In(1),
                "group_east": Out(VALUE_BITS * design.group),
                "valid_east": Out(1),
                "first_east": Out(1),
                "last_east": Out(1),
                "value_south": Out(VALUE_BITS),
                "index_south": Out(design.index_bits),
                "sum_south": Out(SUM_BITS),
                "sum_valid_south": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:  # noqa: ARG002 - Amaranth hands it over
        """Build it."""
        return EnableInserter({"sync": self.enable})(self._made())

    def _made(self) -> Module:
        m = Module()
        m.submodules.multiplier = multiplier = HalfMultiplier()
        m.submodules.adder = adder = SingleAdder(self.design.accumulate_latency)
        self._pass_on(m)
        value, index = self._right_operand(m)
        m.d.comb += [
            multiplier.a.eq(self.group.word_select(index, VALUE_BITS)),
            multiplier.b.eq(value),
            # What does not count may be anything, and adds nothing.
            multiplier.void.eq(~self.valid),
        ]
        first, last, valid = (
            _later(m, signal, MULTIPLY_LATENCY, name)
            for signal, name in (
                (self.first, "first"),
                (self.last & self.valid, "last"),
                (self.valid, "valid"),
            )
        )
        own = Mux(first & valid, 0, adder.total)
        m.d.comb += [
            adder.a.eq(multiplier.product),
            adder.b.eq(Mux(self.stationary, self.sum, own)),
        ]
        latency = self.design.accumulate_latency
        self._leave(
            m,
            adder.total,
            done=_later(m, last, latency, "done"),
            passed=_later(m, valid, latency, "passed"),
        )
        return m

    def _pass_on(self, m: Module) -> None:
        m.d.sync += [
            self.group_east.eq(self.group),
            self.valid_east.eq(self.valid),
            self.first_east.eq(self.first),
            self.last_east.eq(self.last),
        ]
        with m.If(self.shift):
            m.d.sync += [self.value_south.eq(self.value), self.index_south.eq(self.index)]

    def _right_operand(self, m: Module) -> tuple[Signal, Signal]:
        """Return what is multiplied by: what passes by, or what stays."""
        kept = Signal(VALUE_BITS), Signal(self.design.index_bits)
        used = Signal(VALUE_BITS), Signal(self.design.index_bits)
        loaded = self.value_south, self.index_south
        passing = self.value, self.index
        for own, new, now, by in zip(kept, loaded, used, passing, strict=True):
            m.d.comb += now.eq(Mux(self.stationary, Mux(self.first, new, own), by))
            with m.If(self.first & self.valid):
                m.d.sync += own.eq(new)
        return used

    def _leave(self, m: Module, total: Signal, *, done: Signal, passed: Signal) -> None:
        """Send sums south: at once, or behind those that come from the north."""
        # A queue of one could not take a sum while its only one leaves.
        depth = max(2, self.design.accumulate_latency)
        m.submodules.results = results = SyncFIFO(width=SUM_BITS, depth=depth)
        relayed, is_relayed = Signal(SUM_BITS), Signal()
        m.d.comb += [
            results.w_data.eq(total),
            results.w_en.eq(done & ~self.stationary),
            results.r_en.eq(~self.sum_valid),
            self.sum_south.eq(Mux(self.stationary, total, relayed)),
            self.sum_valid_south.eq(Mux(self.stationary, passed, is_relayed)),
        ]
        m.d.sync += [
            relayed.eq(Mux(self.sum_valid, self.sum, results.r_data)),
            is_relayed.eq(self.sum_valid | results.r_rdy),
        ]


def _later(m: Module, signal: Signal, cycles: int, name: str) -> Signal:
    """Return a signal of one bit, so many cycles later."""
    for cycle in range(cycles):
        delayed = Signal(name=f"{name}_{cycle + 1}")
        m.d.sync += delayed.eq(signal)
        signal = delayed
    return signal
