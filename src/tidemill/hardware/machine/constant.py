"""A number that a machine is made of, and where it is from."""

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["STATUSES", "Constant", "Status", "Value"]

Status = Literal["published", "reported", "recalled", "inferred", "assumed", "measured", "fitted"]
STATUSES: tuple[Status, ...] = get_args(Status)

Value = int | float | tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """One constant of a machine.

    Attributes:
        value: The number, or a few of them.
        unit: Of the number; empty for a count or a share.
        status: ``published`` in a paper or data sheet that was at hand, ``reported`` by a reader
            of one, ``recalled`` from one without looking it up, ``inferred`` from something
            known, ``assumed`` by us, ``measured`` on our RTL, or ``fitted`` to a result.
        source: Where it is from, in a sentence.
    """

    value: Value
    unit: str = ""
    status: Status
    source: str
