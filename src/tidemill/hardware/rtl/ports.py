"""A port of a module, as Amaranth declares it and as Verilog does."""

from dataclasses import dataclass

from amaranth.hdl import Shape
from amaranth.lib.wiring import Component, Out

__all__ = ["Port", "ports_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """Of a module.

    Attributes:
        name: Of the port.
        width: In bits.
        is_output: Or an input.
    """

    name: str
    width: int
    is_output: bool

    @property
    def direction(self) -> str:
        """As Verilog says it."""
        return "output" if self.is_output else "input"

    @property
    def wire(self) -> str:
        """A wire of this name and width, in Verilog."""
        # A vector even where it has one bit: parts of a scalar could not be selected.
        return f"wire [{self.width - 1}:0] {self.name}"


def ports_of(unit: Component) -> tuple[Port, ...]:
    """Return the ports of a unit, but for its clock and its reset.

    Args:
        unit: Of Amaranth.
    """
    return tuple(
        Port(name=name, width=Shape.cast(member.shape).width, is_output=member.flow is Out)
        for name, member in unit.signature.members.items()
    )
