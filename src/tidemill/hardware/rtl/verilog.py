"""The hardware as files of Verilog, with a testbench that checks itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from amaranth.back import verilog
from amaranth.lib.wiring import Component

from tidemill.core.errors import MissingExtraError
from tidemill.hardware.rtl.design import RtlDesign
from tidemill.hardware.rtl.ports import Port, ports_of
from tidemill.hardware.rtl.sheet import data_sheet, read_me
from tidemill.hardware.rtl.sore import SoreLane
from tidemill.hardware.rtl.testbench import testbench
from tidemill.hardware.rtl.uspe import Uspe
from tidemill.hardware.rtl.wrapping import array_module, array_ports, lanes_module, lanes_ports
from tidemill.hardware.rtl.wuve import WuveLane

__all__ = ["LARGEST_TESTED", "exported"]

LARGEST_TESTED = 64
"""Elements of an array that gets a testbench without asking: a larger one takes minutes to run
through Amaranth's simulator."""

PRUNERS_SHARE = frozenset({"valid", "done"})
UPDATERS_SHARE = frozenset(
    {"valid", "momentum", "rate", "decay_kept", "decay_dropped", "valid_out"}
)


def exported(design: RtlDesign, *, with_testbench: bool | None = None) -> Mapping[str, str]:
    """Return the hardware's files, by their names; the same design gives the same texts.

    Args:
        design: Its parameters.
        with_testbench: Whether to make one; by default for arrays of up to 64 elements.

    Raises:
        MissingExtraError: There is no Yosys that Amaranth could write Verilog with.
    """
    if with_testbench is None:
        with_testbench = design.array.elements <= LARGEST_TESTED
    element = _unit(Uspe(design), "uspe")
    array = array_ports(design, element.ports)
    pruner = _unit(SoreLane(design.pattern), "sore_lane")
    made = WuveLane()
    updater = _unit(made, "wuve_lane")
    modules = {
        "uspe": element.ports,
        "stce": array,
        "sore": lanes_ports(pruner.ports, PRUNERS_SHARE, design.lanes),
        "sore_lane": pruner.ports,
        "wuve": lanes_ports(updater.ports, UPDATERS_SHARE, design.lanes),
        "wuve_lane": updater.ports,
    }
    sore = lanes_module("sore", pruner.ports, PRUNERS_SHARE, design.lanes)
    wuve = lanes_module("wuve", updater.ports, UPDATERS_SHARE, design.lanes)
    files = {
        "uspe.v": element.text,
        "stce.v": array_module(design, array),
        "sore.v": f"{pruner.text}\n{sore}",
        "wuve.v": f"{updater.text}\n{wuve}",
        "design.json": data_sheet(design, modules, update_latency=made.latency),
        "README.md": read_me(with_testbench=with_testbench),
    }
    return {**files, **testbench(design, array)} if with_testbench else files


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unit:
    """A unit of Amaranth, as Verilog."""

    text: str
    ports: tuple[Port, ...]


def _unit(unit: Component, name: str) -> _Unit:
    """Return a unit as Verilog, without the places in our source that it comes from."""
    try:
        text = verilog.convert(unit, name=name, emit_src=False, strip_internal_attrs=True)
    except verilog.YosysError as error:
        raise MissingExtraError("writing Verilog", extra="rtl") from error
    return _Unit(text=text, ports=ports_of(unit))
