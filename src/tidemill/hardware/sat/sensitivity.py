"""How much a result hangs on a constant: every assumed one, smaller and larger."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tidemill.core.errors import TidemillError
from tidemill.hardware.machine.constant import Value
from tidemill.hardware.machine.description import MachineDescription
from tidemill.hardware.sat.machine import SHARES, SatMachine, sat_machine

__all__ = ["Sensitivity", "sensitivities"]

FACTORS = (0.5, 2.0)
GIVEN = frozenset({"published", "measured"})
NO_NUMBER = ("energy.", "units.", "board.")
"""Sections of constants that no time hangs on."""

SIDES = ("array.rows", "array.columns")
"""Varied together, too: an array is usually square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What comes out when a constant is another.

    Attributes:
        key: Of the constant.
        value: As it is.
        status: Of the constant.
        results: What comes out for each other value; None where no machine can be so.
    """

    key: str
    value: Value
    status: str
    results: tuple[tuple[Value, float | None], ...]


def sensitivities(
    described: MachineDescription, result: Callable[[SatMachine], float]
) -> Iterator[Sensitivity]:
    """Yield what comes out when each constant that is not known is halved and doubled.

    Not known is what was not published or measured. Bandwidth is varied as well: how much of it
    SAT uses is not known. Passes over elements are one more and one less.

    Args:
        described: The machine.
        result: What is computed of a machine.
    """
    for key, constant in described.constants.items():
        is_given = constant.status in GIVEN and key != "dram.bytes_per_second"
        if not is_given and not key.startswith(NO_NUMBER):
            yield _varied(described, (key,), result)
    yield _varied(described, SIDES, result)


def _varied(
    described: MachineDescription,
    keys: tuple[str, ...],
    result: Callable[[SatMachine], float],
) -> Sensitivity:
    results = []
    for factor in FACTORS:
        changes = {key: _other(key, described.constants[key].value, factor) for key in keys}
        results.append((next(iter(changes.values())), _result(described, changes, result)))
    constant = described.constants[keys[0]]
    return Sensitivity(
        key=" and ".join(keys),
        value=constant.value,
        status=constant.status,
        results=tuple(results),
    )


def _other(key: str, value: float | tuple[int, ...], factor: float) -> Value:
    if isinstance(value, tuple):
        by = 1 if factor > 1 else -1
        return tuple(max(0, one + by) for one in value)
    if key in SHARES:
        return min(1.0, value * factor)
    return max(1, int(value * factor))


def _result(
    described: MachineDescription,
    changes: Mapping[str, Value],
    result: Callable[[SatMachine], float],
) -> float | None:
    try:
        return result(sat_machine(described.changed(changes)))
    except TidemillError:
        return None
