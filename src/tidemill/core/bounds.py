"""Numbers with a range: fields that say theirs, and the check of a whole object."""

from dataclasses import Field, field, fields
from typing import Any, ClassVar, Protocol

from tidemill.core.errors import SettingError

__all__ = ["Bounded", "between", "check_bounds", "count"]


class Bounded(Protocol):
    """A dataclass, all of whose fields are made by `between` or `count`."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def between(default: float, low: float, high: float) -> float:
    """Return a field of a dataclass that holds a number, with its range."""
    bounds: float = field(default=default, metadata={"low": low, "high": high})
    return bounds


def count(default: int, low: int, high: int) -> int:
    """Return a field of a dataclass that holds a whole number, with its range."""
    bounds: int = field(default=default, metadata={"low": low, "high": high})
    return bounds


def check_bounds(limits: Bounded) -> None:
    """Make sure that all fields are in their ranges.

    Args:
        limits: The object.

    Raises:
        SettingError: One is out of its range.
    """
    for item in fields(limits):
        low, high = item.metadata["low"], item.metadata["high"]
        value = getattr(limits, item.name)
        # Written so that NaN, which is in no order, is out of range too.
        if not low <= value <= high:
            raise SettingError(
                f"{item.name} = {value} is out of range", hint=f"Choose between {low} and {high}."
            )
