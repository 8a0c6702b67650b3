"""Registers after the stages of a unit."""

from typing import TypeVar

from amaranth import Module, Signal, Value
from amaranth.lib.data import View

from tidemill.core.errors import SettingError

__all__ = ["Pipeline", "checked_latency", "delayed", "wire"]

Data = TypeVar("Data", Value, View)


def checked_latency(latency: int) -> int:
    """Return a latency that a unit can have.

    Raises:
        SettingError: The unit's output would not be registered.
    """
    if latency < 1:
        raise SettingError(
            f"a latency of {latency} clocks", hint="A unit's output is registered: 1 or more."
        )
    return latency


def wire(module: Module, value: Value, name: str) -> Signal:
    """Return a signal that has an expression's value, so that it is computed once.

    Args:
        module: Where the expression is computed.
        value: The expression.
        name: Of the signal.
    """
    signal = Signal(value.shape(), name=name)
    module.d.comb += signal.eq(value)
    return signal


def delayed(module: Module, value: Data, clocks: int, name: str) -> Data:
    """Return what a value was some clocks ago.

    The registers have no reset, so that a long delay fits into shift registers.

    Args:
        module: Where the registers stand.
        value: What is delayed; a view stays one.
        clocks: 0 gives the value itself.
        name: Of the registers.
    """
    for clock in range(clocks):
        register = Signal(value.shape(), name=f"{name}_{clock + 1}", reset_less=True)
        module.d.sync += register.eq(value)
        value = register
    return value


class Pipeline:
    """The registers of a unit, as many in a row as its latency has clocks.

    With fewer clocks than stages, the first stages merge: registers stand after the last ones.
    With more, further registers follow the last stage, for a tool that moves them.

    Args:
        module: Where the registers stand.
        stages: Of the unit.
        latency: Clocks from the unit's inputs to its output.

    Raises:
        SettingError: The output would not be registered.
    """

    def __init__(self, module: Module, *, stages: int, latency: int) -> None:
        self._module = module
        self._stages = stages
        self._latency = checked_latency(latency)

    def registers(self, stage: int) -> int:
        """Return how many registers follow a stage.

        Args:
            stage: Counted from 1.
        """
        if stage == self._stages:
            return max(1, self._latency - self._stages + 1)
        return int(stage > self._stages - self._latency)

    def after(self, stage: int, value: Data) -> Data:
        """Return what a stage made, behind the registers that follow it.

        Args:
            stage: Counted from 1.
            value: What it made; a view stays one.
        """
        return delayed(self._module, value, self.registers(stage), f"stage_{stage}")
