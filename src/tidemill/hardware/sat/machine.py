"""SAT as a machine: the constants of its file, checked and named."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import TypeVar, get_args

from tidemill.core.errors import InputError, SettingError
from tidemill.hardware.machine.constant import Constant
from tidemill.hardware.machine.description import MachineDescription
from tidemill.hardware.sat.array import Array
from tidemill.hardware.sat.engine import Buffers, Engine
from tidemill.models.products import PointwiseKind

__all__ = ["SHARES", "Board", "Energy", "SatMachine", "Units", "sat_machine"]

Number = TypeVar("Number", int, float)
KINDS = get_args(PointwiseKind)
UNITS = (
    "units.element_luts",
    "units.element_registers",
    "units.element_dsps",
    "units.pruner_luts",
    "units.pruner_registers",
    "units.updater_luts",
    "units.updater_registers",
    "units.updater_dsps",
)
KEYS = (
    "array.rows",
    "array.columns",
    "array.accumulate_latency",
    "array.multiply_latency",
    "clock.hertz",
    "numbers.operand_bytes",
    "numbers.partial_bytes",
    "dram.bytes_per_second",
    "dram.efficiency",
    "buffers.left_bytes",
    "buffers.right_bytes",
    "buffers.result_bytes",
    "sore.lanes",
    "wuve.lanes",
    "vector.lanes",
    "energy.multiply",
    "energy.accumulate",
    "energy.buffer_byte",
    "energy.dram_byte",
    *UNITS,
    "board.luts",
    "board.registers",
    "board.dsps",
    "board.memory_bytes",
)
PASSES = tuple(f"vector.{kind}" for kind in KINDS)
SHARES = frozenset({"dram.efficiency"})
SMALLEST_SHARE = 1e-6
MAY_BE_ZERO = frozenset(key for key in KEYS if key.startswith(("energy.", "units.")))
MAY_BE_FRACTIONS = SHARES | {key for key in KEYS if key.startswith("energy.")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Joules.

    Attributes:
        multiply: A product.
        accumulate: An addition.
        buffer_byte: A byte read from or written to a buffer.
        dram_byte: The same in memory.
    """

    multiply: float
    accumulate: float
    buffer_byte: float
    dram_byte: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """What each part of the machine takes of a chip.

    Attributes:
        element_luts: Look-up tables of a processing element.
        element_registers: Its flip-flops.
        element_dsps: Its multiplier blocks.
        pruner_luts: Of a lane of SORE.
        pruner_registers: The same.
        updater_luts: Of a lane of WUVE.
        updater_registers: The same.
        updater_dsps: The same.
    """

    element_luts: int
    element_registers: int
    element_dsps: int
    pruner_luts: int
    pruner_registers: int
    updater_luts: int
    updater_registers: int
    updater_dsps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What there is on the chip.

    Attributes:
        luts: Look-up tables.
        registers: Flip-flops.
        dsps: Multiplier blocks.
        memory_bytes: Of block RAM and UltraRAM.
    """

    luts: int
    registers: int
    dsps: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SatMachine:
    """The machine, ready to be computed with.

    Attributes:
        name: Of the machine.
        engine: What products run on.
        hertz: Cycles a second.
        operand_bytes: Of a number in products.
        pruning_lanes: Elements that SORE takes a cycle.
        update_lanes: Weights that WUVE takes a cycle.
        vector_lanes: Elements that work between products takes a cycle.
        passes: Times that each kind of it goes over its elements, forward and backward.
        energy: What things cost.
        units: What its parts take of a chip.
        board: What there is on the chip.
        constants: What all of that was read from.
    """

    name: str
    engine: Engine
    hertz: int
    operand_bytes: int
    pruning_lanes: int
    update_lanes: int
    vector_lanes: int
    passes: Mapping[str, tuple[int, int]]
    energy: Energy
    units: Units
    board: Board
    constants: Mapping[str, Constant] = field(repr=False)

    def seconds(self, cycles: int) -> float:
        """Return how long so many cycles are."""
        return cycles / self.hertz


def sat_machine(described: MachineDescription) -> SatMachine:
    """Return the machine that a file describes.

    Raises:
        InputError: It is none of this kind, lacks a constant, has one that is unknown, or
            could not be built.
    """
    if described.kind != "sat":
        raise InputError(
            f"a machine of kind {described.kind[:40]!r}", path=described.path, hint="Kinds: sat"
        )
    _check_keys(described)
    numbers = {key: _number(described, key) for key in KEYS}
    whole = {key: int(value) for key, value in numbers.items()}
    machine = SatMachine(
        name=described.name,
        engine=_engine(described, numbers),
        hertz=whole["clock.hertz"],
        operand_bytes=whole["numbers.operand_bytes"],
        pruning_lanes=whole["sore.lanes"],
        update_lanes=whole["wuve.lanes"],
        vector_lanes=whole["vector.lanes"],
        passes=MappingProxyType({kind: _passes(described, kind) for kind in KINDS}),
        energy=Energy(**_section(numbers, "energy")),
        units=Units(**_section(whole, "units")),
        board=Board(**_section(whole, "board")),
        constants=described.constants,
    )
    _check_room(described, machine)
    return machine


def _section(numbers: Mapping[str, Number], name: str) -> dict[str, Number]:
    section = f"{name}."
    return {
        key[len(section) :]: number for key, number in numbers.items() if key.startswith(section)
    }


def _check_keys(described: MachineDescription) -> None:
    known = {*KEYS, *PASSES}
    missing = sorted(known - set(described.constants))
    strangers = sorted(set(described.constants) - known)
    if strangers:
        raise described.error(strangers[0], "no constant of SAT", f"Known: {', '.join(KEYS)}")
    if missing:
        raise described.error(missing[0], "it is missing", "Every constant has its own entry.")


def _number(described: MachineDescription, key: str) -> float:
    value = described.constants[key].value
    if isinstance(value, tuple):
        raise described.error(key, "a list", "It is one number.")
    if value != int(value) and key not in MAY_BE_FRACTIONS:
        raise described.error(key, f"it is {value}", "It is a whole number.")
    if value == 0 and key not in MAY_BE_ZERO:
        raise described.error(key, "it is 0", "No machine works with none of it.")
    if key in SHARES and not SMALLEST_SHARE <= value <= 1:
        raise described.error(key, f"it is {value}", f"It is a share, {SMALLEST_SHARE} to 1.")
    return value


def _engine(described: MachineDescription, numbers: Mapping[str, float]) -> Engine:
    whole = {key: int(value) for key, value in numbers.items()}
    rate = Fraction(whole["dram.bytes_per_second"], whole["clock.hertz"])
    return Engine(
        array=_array(described, whole),
        buffers=Buffers(
            left=whole["buffers.left_bytes"],
            right=whole["buffers.right_bytes"],
            result=whole["buffers.result_bytes"],
        ),
        partial_bytes=whole["numbers.partial_bytes"],
        dram_bytes_per_cycle=rate * Fraction(str(numbers["dram.efficiency"])),
    )


def _array(described: MachineDescription, numbers: Mapping[str, int]) -> Array:
    sides = {key.partition(".")[2]: numbers[key] for key in KEYS if key.startswith("array.")}
    try:
        return Array(**sides)
    except SettingError as error:
        raise described.error("array", error.message, error.hint or "") from error


def _passes(described: MachineDescription, kind: str) -> tuple[int, int]:
    value = described.constants[f"vector.{kind}"].value
    if not isinstance(value, tuple) or len(value) != 2:
        raise described.error(f"vector.{kind}", "no two numbers", "Passes forward and backward.")
    return value[0], value[1]


def _check_room(described: MachineDescription, machine: SatMachine) -> None:
    """Refuse a machine that could not be built, or not work."""
    array, buffers = machine.engine.array, machine.engine.buffers
    taken = buffers.left + buffers.right + buffers.result
    if taken > machine.board.memory_bytes:
        raise described.error(
            "buffers",
            f"they take {taken:,} bytes of the chip's {machine.board.memory_bytes:,}",
            "Make them smaller, or take another chip.",
        )
    tile = 2 * array.elements * machine.engine.partial_bytes
    if tile > buffers.result:
        raise described.error(
            "array",
            f"one sum of each of its {array.elements:,} elements, twice, takes {tile:,} bytes,"
            f" and the buffer for results has {buffers.result:,}",
            "Make the array smaller, or buffers.result_bytes larger.",
        )
