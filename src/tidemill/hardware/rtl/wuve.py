"""One lane of the weight update vector engine (WUVE) of SAT (arXiv 2309.13015)."""

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import Component, In, Out

from tidemill.hardware.rtl.adder import SingleAdder
from tidemill.hardware.rtl.conversion import half_of, single_of
from tidemill.hardware.rtl.formats import HALF, SINGLE
from tidemill.hardware.rtl.multiplier import SingleMultiplier
from tidemill.hardware.rtl.pipeline import checked_latency, delayed, wire

__all__ = ["WuveLane"]


class WuveLane(Component):
    """Updates one weight a clock, by descent with momentum in mixed precision.

    With the decay of a kept or of a dropped weight, and every product and sum rounded to FP32::

        pull = single(gradient) + decay * weight
        velocity_out = momentum * velocity + pull
        weight_out = weight - rate * velocity_out
        half_out = half(weight_out)

    Inputs that change each clock: ``weight`` and ``velocity`` (FP32), ``gradient`` (FP16),
    ``kept`` and ``valid``. Constants, FP32, that rest while weights are on their way:
    ``momentum``, ``rate``, ``decay_kept``, ``decay_dropped``. The outputs, and ``valid_out`` with
    them, come ``latency`` clocks later.

    Args:
        multiplier_latency: Clocks of each of the three multipliers.
        adder_latency: Clocks of each of the three adders.

    Raises:
        SettingError: A latency is below 1.
    """

    def __init__(self, *, multiplier_latency: int = 3, adder_latency: int = 4) -> None:
        single = SINGLE.width
        constants = ("momentum", "rate", "decay_kept", "decay_dropped")
        super().__init__(
            {
                "weight": In(single),
                "velocity": In(single),
                "gradient": In(HALF.width),
                "kept": In(1),
                "valid": In(1),
                **dict.fromkeys(constants, In(single)),
                "weight_out": Out(single),
                "velocity_out": Out(single),
                "half_out": Out(HALF.width),
                "valid_out": Out(1),
            }
        )
        self._multiplies: int = checked_latency(multiplier_latency)
        self._adds: int = checked_latency(adder_latency)

    @property
    def latency(self) -> int:
        """Clocks from a weight to its update: two products, three sums, one conversion."""
        return 2 * self._multiplies + 3 * self._adds + 1

    def elaborate(self, platform: object) -> Module:  # noqa: ARG002 - Amaranth hands it over
        """Return the lane's logic."""
        module = Module()
        velocity = self._velocity(module)
        step = self._product(module, "step", velocity, self.rate)
        waited = delayed(module, self.weight, 2 * (self._multiplies + self._adds), "weight")
        weight = self._total(module, "descent", waited, Cat(step[:-1], ~step[-1]))
        until = self._multiplies + self._adds + 1
        module.d.comb += [
            self.weight_out.eq(delayed(module, weight, 1, "updated")),
            self.half_out.eq(delayed(module, half_of(module, weight), 1, "half")),
            self.velocity_out.eq(delayed(module, velocity, until, "velocity")),
            self.valid_out.eq(self._valid(module)),
        ]
        return module

    def _velocity(self, module: Module) -> Value:
        """Return the new velocity, a product and two sums after the inputs."""
        decay = wire(module, Mux(self.kept, self.decay_kept, self.decay_dropped), "decay")
        decayed = self._product(module, "decayed", self.weight, decay)
        gradient = delayed(module, single_of(module, self.gradient), self._multiplies, "gradient")
        pull = self._total(module, "pull", gradient, decayed)
        slowed = self._product(module, "slowed", self.velocity, self.momentum)
        return self._total(module, "moved", delayed(module, slowed, self._adds, "slowed"), pull)

    def _valid(self, module: Module) -> Value:
        """Return ``valid`` as late as the outputs; unlike them it is reset."""
        passed = Signal(self.latency)
        module.d.sync += passed.eq(Cat(self.valid, passed[:-1]))
        return passed[-1]

    def _product(self, module: Module, name: str, a: Value, b: Value) -> Value:
        """Return a product behind a multiplier of its own."""
        unit = SingleMultiplier(self._multiplies)
        module.submodules[name] = unit
        module.d.comb += [unit.a.eq(a), unit.b.eq(b)]
        product: Value = unit.product
        return product

    def _total(self, module: Module, name: str, a: Value, b: Value) -> Value:
        """Return a sum behind an adder of its own."""
        unit = SingleAdder(self._adds)
        module.submodules[name] = unit
        module.d.comb += [unit.a.eq(a), unit.b.eq(b)]
        total: Value = unit.total
        return total
