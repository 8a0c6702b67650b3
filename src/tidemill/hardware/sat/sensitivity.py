"""How much a result hangs on a constant: every assumed one, smaller and larger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tidemill.core.errors import TidemillError
from tidemill.hardware.machine.constant import Value
from tidemill.hardware.machine.description import MachineDescription
from tidemill.hardware.sat.machine import SatMachine, sat_machine

__all__ = ["Sensitivity", "sensitivities"]

FACTORS = (0.5, 2.0)
NO_NUMBER = ("energy.", "units.", "board.")
"""Constants that no time hangs on."""

SHARES = frozenset({"dram.efficiency"})


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
    """Yield what comes out when each constant that was not published is halved and doubled.

    Bandwidth is varied as well, published as it is: how much of it SAT uses is not known. Passes
    over elements are one more and one less.

    Args:
        described: The machine.
        result: What is computed of a machine.
    """
    for key, constant in described.constants.items():
        is_given = constant.status == "published" and key != "dram.bytes_per_second"
        if is_given or key.startswith(NO_NUMBER):
            continue
        tried = [_other(key, constant.value, factor) for factor in FACTORS]
        results = tuple((value, _result(described, key, value, result)) for value in tried)
        yield Sensitivity(key=key, value=constant.value, status=constant.status, results=results)


def _other(key: str, value: float | tuple[int, ...], factor: float) -> Value:
    if isinstance(value, tuple):
        by = 1 if factor > 1 else -1
        return tuple(max(0, one + by) for one in value)
    if key in SHARES:
        return min(1.0, value * factor)
    return max(1, int(value * factor))


def _result(
    described: MachineDescription,
    key: str,
    value: float | tuple[int, ...],
    result: Callable[[SatMachine], float],
) -> float | None:
    try:
        return result(sat_machine(described.changed({key: value})))
    except TidemillError:
        return None
