"""The systolic array of SAT's tensor engine (STCE), and what it can be told to do."""

from dataclasses import dataclass
from typing import Literal

from typing_extensions import override

from tidemill.core.errors import SettingError

__all__ = ["DATAFLOWS", "Array", "Dataflow", "Mapping", "Shape", "mappings"]

Dataflow = Literal["os", "ws"]
"""Output-stationary: sums stay in place, and both operands pass by. Weight-stationary: the right
operand stays, the left one passes by, and sums travel down the columns."""

DATAFLOWS: tuple[Dataflow, ...] = ("os", "ws")

LARGEST_SIDE = 4_096
LONGEST_LATENCY = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """Unified sparse processing elements (USPEs) in rows and columns.

    Each multiplies, every cycle, the element of a group of its left operand that an index picks
    by a value of the right operand, and adds the product to a sum. Dense products pick one
    element after the other, so that both kinds take the same way.

    Attributes:
        rows: Of elements.
        columns: Of elements.
        accumulate_latency: Cycles from an addition's addends to its sum; a sum that every cycle
            adds to would wait for itself.
        multiply_latency: Cycles from factors to product.

    Raises:
        SettingError: One of them is out of its range.
    """

    rows: int
    columns: int
    accumulate_latency: int = 1
    multiply_latency: int = 1

    def __post_init__(self) -> None:
        for name, most in (
            ("rows", LARGEST_SIDE),
            ("columns", LARGEST_SIDE),
            ("accumulate_latency", LONGEST_LATENCY),
            ("multiply_latency", LONGEST_LATENCY),
        ):
            value = getattr(self, name)
            if not 1 <= value <= most:
                raise SettingError(f"an array with {name} {value}", hint=f"It is 1 to {most:,}.")

    @property
    def elements(self) -> int:
        """Multiply-accumulates of a cycle at most."""
        return self.rows * self.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A product as the array sees it: what sparsity drops is gone.

    Attributes:
        rows: Of the left operand and the result.
        depth: Multiply-accumulates of one result; N/M of the contraction where it is sparse.
        columns: Of the right operand and the result.
        count: Products of this shape, one after the other.
    """

    rows: int
    depth: int
    columns: int
    count: int = 1

    @property
    def macs(self) -> int:
        """Multiply-accumulates in all."""
        return self.count * self.rows * self.depth * self.columns


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Mapping:
    """How a product is laid over the array.

    With outputs stationary, an element may hold several sums, and works at them in turn while
    the others are in its adder: interleave mapping (arXiv 2309.13015; which way SAT interleaves
    is not known, here it may be over rows, columns, or both). One sum alone waits for the adder
    before every addition.

    Attributes:
        dataflow: What stays in place.
        down: Rows of the result that an element holds sums of; 1 with weights stationary.
        across: Columns of it; 1 with weights stationary.
    """

    dataflow: Dataflow
    down: int = 1
    across: int = 1

    @property
    def sums(self) -> int:
        """That an element works at in turn."""
        return self.down * self.across

    @override
    def __str__(self) -> str:
        return self.dataflow if self.sums == 1 else f"{self.dataflow} {self.down}x{self.across}"


def mappings(array: Array, dataflow: Dataflow, *, interleave: bool = True) -> tuple[Mapping, ...]:
    """Return the ways to lay a product over an array, the simplest first.

    Args:
        array: The array.
        dataflow: What stays in place.
        interleave: Whether an element may hold several sums.
    """
    if dataflow == "ws" or not interleave:
        return (Mapping(dataflow=dataflow),)
    # Ways that hold fewer sums than the adder has room for leave cycles unused.
    latency = array.accumulate_latency
    return tuple(
        Mapping(dataflow=dataflow, down=down, across=latency // down)
        for down in range(1, latency + 1)
        if latency // down > latency // (down + 1)
    )
